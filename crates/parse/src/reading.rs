//! What every reader shares: limits, defects, and a cursor that cannot run past the end.

use std::fmt;

/// What a reader of a finished thing returns: as much as could be read, or the one defect that left nothing to give.
pub type Read<T> = Result<Reading<T>, Defect>;

/// A value, what was wrong with its bytes, and how many bytes behind it were not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    /// What was read.
    pub value: T,
    /// What was wrong, in the order of discovery. Evidence, not an error.
    pub defects: Vec<Defect>,
    /// Bytes left behind the value.
    pub rest: usize,
}

impl<T> Reading<T> {
    /// The same reading with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: change(self.value), defects: self.defects, rest: self.rest }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {what}")]
pub struct Defect {
    /// Offset from the first byte that was given to the reader.
    pub at: usize,
    /// What is wrong there.
    pub what: DefectKind,
}

/// The ways in which bytes can be wrong. Numbers are kept as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// The bytes end before the thing they announce.
    Short {
        /// Bytes that were announced or needed.
        wanted: usize,
        /// Bytes that are there.
        left: usize,
    },
    /// Bytes behind the end of a thing, inside what holds it.
    Trailing {
        /// How many.
        left: usize,
    },
    /// A list whose length is no multiple of its element's.
    Uneven {
        /// Length of the list in bytes.
        length: usize,
        /// Length of an element in bytes.
        element: usize,
    },
    /// A list that must hold something holds nothing.
    Empty,
    /// A session id, random or signature field longer than its standard allows.
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// More than a limit of ours allows; what is above it was not read.
    Limit {
        /// Which limit.
        limit: Limit,
        /// Its value.
        most: usize,
        /// What the bytes hold or announce.
        found: usize,
    },
    /// Not the start of a TLS, TLCP or SSL 2.0 record.
    NotTls {
        /// The first byte.
        first: u8,
    },
    /// A version of IKE that does not exist, as on the wire.
    IkeVersion(u8),
    /// An IKE header whose length is less than its own.
    MessageLength(u32),
    /// A payload, proposal or transform of IKE whose length is less than that of its header.
    PayloadLength(u16),
    /// A proposal or transform of IKE that says that another follows where none does, or the other way round.
    Sequel(u8),
    /// Another count than the one that was announced.
    Counted {
        /// What was announced.
        announced: usize,
        /// What is there.
        found: usize,
    },
    /// Not the identification line of an SSH connection (RFC 4253 4.2).
    NotSsh,
    /// A line that ends without a carriage return (RFC 4253 4.2).
    LineEnd,
    /// A binary packet of SSH whose length cannot be that of one (RFC 4253 6).
    PacketLength(u32),
    /// A binary packet of SSH with less padding than four bytes, or more than the packet holds.
    Padding(u8),
    /// A packet of QUIC without the bit that all have (RFC 9000 17.2).
    FixedBit,
    /// Bits of an opened packet of QUIC that are not zero (RFC 9000 17.2).
    ReservedBits(u8),
    /// Packets of different connections in one datagram (RFC 9000 12.2).
    ConnectionIdsDiffer,
    /// A frame of QUIC where its type has no place.
    UnexpectedFrame(u64),
    /// An acknowledgement of packets with numbers below zero (RFC 9000 19.3.1).
    AckRange,
    /// A piece of a stream beyond the end that every stream has (RFC 9000 19.6).
    BeyondStream,
    /// A byte of a stream that differs from the one that came before.
    CopiesDiffer,
    /// The same transport parameter twice (RFC 9000 7.4).
    RepeatedParameter(u64),
    /// A record of a content type that does not exist.
    ContentType(u8),
    /// A record whose version differs from that of its connection.
    RecordVersion(u16),
    /// A record that cannot hold what it says: an empty one of handshake messages, a ChangeCipherSpec of another length
    /// than one.
    RecordLength(usize),
    /// A record of a known content type where it has no place.
    UnexpectedRecord(u8),
    /// A ChangeCipherSpec inside a handshake message.
    KeysInsideMessage,
    /// Bytes that came before with other values.
    Overlap,
    /// A handshake message where its type has no place.
    UnexpectedMessage(u8),
    /// The same extension twice in one list.
    RepeatedExtension(u16),
    /// A type of curve description other than "named curve".
    CurveType(u8),
    /// Not text where text is due.
    NotText,
    /// Another DER tag than the one that is due (X.690 8.1.2).
    Tag {
        /// The tag that is due.
        wanted: u8,
        /// The tag that is there.
        found: u8,
    },
    /// A tag of several bytes, an indefinite length, or one of more than four bytes: never in DER.
    NotDer,
    /// A length or an integer in more bytes than it needs (X.690 10.1, 8.3.2).
    NotMinimal,
    /// A boolean other than 00 and FF (X.690 11.1).
    Boolean(u8),
    /// A bit string whose count of unused bits is not possible, or not zero where whole bytes are due.
    UnusedBits(u8),
    /// A certificate's version number that does not exist, as on the wire: 2 is version 3.
    CertificateVersion(u8),
    /// Extensions, which only version 3 has, in a certificate of an older version.
    ExtensionsBeforeVersion3,
    /// A serial number that is zero or negative (RFC 5280 4.1.2.2).
    SerialNotPositive,
    /// Not a time of X.509, or one that does not exist.
    NotTime,
    /// A validity that ends before it starts.
    ValidityReversed,
    /// The signature algorithm inside the signed part differs from the one outside (RFC 5280 4.1.1.2).
    SignatureAlgorithmsDiffer,
    /// An extension that is marked critical and is not known here.
    UnknownCriticalExtension(Box<str>),
    /// The same certificate extension twice (RFC 5280 4.2).
    RepeatedCertificateExtension(Box<str>),
    /// A public key whose bytes cannot be a key of its algorithm or curve.
    PublicKey,
    /// Not base64 between the lines of a PEM block.
    NotBase64,
    /// A PEM block without its end line.
    PemEnd,
    /// No PEM block and no DER of the kind that is wanted.
    NothingFound,
    /// Not the start of a pcap or pcapng file.
    NotCapture([u8; 4]),
    /// A version of pcap or pcapng that is not known, its major number.
    CaptureVersion(u16),
    /// A section of pcapng whose byte order is neither of the two.
    ByteOrder([u8; 4]),
    /// A block of pcapng that cannot have so many bytes.
    BlockLength(u32),
    /// A block of pcapng that has another length at its end than at its start.
    BlockEnd {
        /// The length at the start.
        start: u32,
        /// The length at the end.
        end: u32,
    },
    /// A packet of an interface that was not described before it.
    Interface(u32),
    /// A link type that is not read here.
    LinkType(u16),
    /// An address family of a loopback interface that is not one of IP.
    AddressFamily(u32),
    /// Another version of IP or of 802.11 than the one that is due.
    HeaderVersion(u8),
    /// A header whose length field says less than the header has, or more than the packet.
    HeaderLength(usize),
    /// A packet whose length field says less than its header has.
    TotalLength(usize),
    /// A frame that was marked as damaged when it was captured.
    CheckSequence,
    /// A fragment that cannot be where it says: not the last and no multiple of eight bytes, or behind the end.
    FragmentPlace {
        /// Its offset in bytes.
        offset: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// A fragment that overlaps another and differs from it.
    FragmentsDiffer {
        /// The first byte that differs, from the datagram's start.
        offset: usize,
    },
    /// Not a message of the protocol that was spoken before.
    Foreign,
}

impl fmt::Display for DefectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        use DefectKind as D;
        match self {
            D::Short { wanted, left } => write!(out, "needs {wanted} bytes, {left} are left"),
            D::Trailing { left } => write!(out, "{left} bytes behind the end"),
            D::Uneven { length, element } => write!(out, "a list of {length} bytes cannot hold elements of {element}"),
            D::Empty => write!(out, "an empty list where something is due"),
            D::TooLong { found, most } => write!(out, "{found} bytes where at most {most} are allowed"),
            D::Limit { limit, most, found } => write!(out, "{limit}: {found} where the limit is {most}"),
            D::NotTls { first } => write!(out, "not a record: starts with {first:#04x}"),
            D::IkeVersion(version) => write!(out, "version {version:#04x} of IKE"),
            D::MessageLength(length) => write!(out, "a message cannot have {length} bytes"),
            D::PayloadLength(length) => write!(out, "a payload cannot have {length} bytes"),
            D::Sequel(marker) => write!(out, "the mark of what follows is {marker}, which it does not"),
            D::Counted { announced, found } => write!(out, "{announced} are announced, {found} are there"),
            D::NotSsh => out.write_str("not an identification of SSH"),
            D::LineEnd => out.write_str("a line without a carriage return at its end"),
            D::PacketLength(length) => write!(out, "a packet cannot have {length} bytes"),
            D::Padding(length) => write!(out, "{length} bytes of padding"),
            D::FixedBit => out.write_str("the bit that all packets have is not set"),
            D::ReservedBits(bits) => write!(out, "reserved bits {bits:#04x} are not zero"),
            D::ConnectionIdsDiffer => out.write_str("packets of different connections in one datagram"),
            D::UnexpectedFrame(number) => write!(out, "frame of type {number:#04x} out of place"),
            D::AckRange => out.write_str("acknowledged packets with numbers below zero"),
            D::BeyondStream => out.write_str("a piece beyond the end of a stream"),
            D::CopiesDiffer => out.write_str("a byte that differs from its first copy"),
            D::RepeatedParameter(number) => write!(out, "transport parameter {number} is there twice"),
            D::ContentType(number) => write!(out, "unknown content type {number}"),
            D::RecordVersion(version) => write!(out, "record version {version:#06x} differs from the connection's"),
            D::RecordLength(length) => write!(out, "a record of {length} bytes cannot hold what it says it holds"),
            D::UnexpectedRecord(number) => write!(out, "record of content type {number} out of place"),
            D::KeysInsideMessage => out.write_str("keys change inside a handshake message"),
            D::Overlap => out.write_str("came before with other bytes"),
            D::UnexpectedMessage(number) => write!(out, "handshake message {number} out of place"),
            D::RepeatedExtension(number) => write!(out, "extension {number} is there twice"),
            D::CurveType(number) => write!(out, "curve description of type {number} instead of a named curve"),
            D::NotText => out.write_str("not text"),
            D::Tag { wanted, found } => write!(out, "DER tag {found:#04x} where {wanted:#04x} is due"),
            D::NotDer => out.write_str("a tag or length that DER does not have"),
            D::NotMinimal => out.write_str("more bytes than the value needs"),
            D::Boolean(byte) => write!(out, "a boolean of {byte:#04x}"),
            D::UnusedBits(count) => write!(out, "{count} unused bits in a bit string"),
            D::CertificateVersion(number) => write!(out, "certificate version number {number}"),
            D::ExtensionsBeforeVersion3 => out.write_str("extensions in a certificate older than version 3"),
            D::SerialNotPositive => out.write_str("a serial number that is not positive"),
            D::NotTime => out.write_str("not a time"),
            D::ValidityReversed => out.write_str("the validity ends before it starts"),
            D::SignatureAlgorithmsDiffer => out.write_str("the signature algorithms inside and outside differ"),
            D::UnknownCriticalExtension(oid) => write!(out, "unknown critical extension {oid}"),
            D::RepeatedCertificateExtension(oid) => write!(out, "extension {oid} is there twice"),
            D::PublicKey => out.write_str("bytes that cannot be a public key of their algorithm"),
            D::NotBase64 => out.write_str("not base64"),
            D::PemEnd => out.write_str("a PEM block without its end"),
            D::Foreign => out.write_str("not a message of this protocol"),
            D::NothingFound => out.write_str("nothing of the kind that is wanted"),
            D::NotCapture([a, b, c, d]) => write!(out, "not a capture file: starts with {a:02x}{b:02x}{c:02x}{d:02x}"),
            D::CaptureVersion(major) => write!(out, "version {major} of the capture format"),
            D::ByteOrder([a, b, c, d]) => write!(out, "a byte order of {a:02x}{b:02x}{c:02x}{d:02x}"),
            D::BlockLength(length) => write!(out, "a block cannot have {length} bytes"),
            D::BlockEnd { start, end } => write!(out, "a block of {start} bytes that ends as one of {end}"),
            D::Interface(number) => write!(out, "interface {number} is not described"),
            D::LinkType(number) => write!(out, "link type {number} is not known"),
            D::AddressFamily(number) => write!(out, "address family {number} is not one of IP"),
            D::HeaderVersion(version) => write!(out, "a header of version {version}"),
            D::HeaderLength(length) => write!(out, "a header cannot have {length} bytes"),
            D::TotalLength(length) => write!(out, "a packet of {length} bytes cannot hold its header"),
            D::CheckSequence => out.write_str("the frame was damaged when it was captured"),
            D::FragmentPlace { offset, length } => write!(out, "a fragment of {length} bytes cannot stand at {offset}"),
            D::FragmentsDiffer { offset } => write!(out, "overlapping fragments differ at byte {offset}"),
        }
    }
}

/// How much a reader takes before it stops. Every field has a test at its value and one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record's fragment. 2^14 and 2048 for protection (RFC 5246 6.2.3); TLS 1.3 allows less.
    pub record: usize,
    /// Bytes of one handshake message's body.
    pub message: usize,
    /// Handshake bytes of one direction.
    pub handshake: usize,
    /// Extensions in one list.
    pub extensions: usize,
    /// Certificates in one list.
    pub certificates: usize,
    /// Names of accepted authorities in a CertificateRequest.
    pub authorities: usize,
    /// Bytes of one certificate.
    pub certificate: usize,
    /// Elements of one list inside a certificate: names, parts of a name, usages, addresses.
    pub elements: usize,
    /// Payloads of one IKE message.
    pub payloads: usize,
    /// Proposals in one SA payload.
    pub proposals: usize,
    /// Transforms in one SA payload.
    pub transforms: usize,
    /// Attributes of one transform.
    pub attributes: usize,
    /// Names in one list of an SSH message.
    pub names: usize,
    /// Packets of QUIC in one datagram.
    pub packets: usize,
    /// Versions in one Version Negotiation packet of QUIC.
    pub versions: usize,
    /// Frames in one packet of QUIC; those of padding in a row count as one.
    pub frames: usize,
    /// Ranges of one acknowledgement of QUIC.
    pub ranges: usize,
    /// Pieces of a stream that wait for what is before them.
    pub pieces: usize,
    /// Transport parameters of QUIC of one side.
    pub parameters: usize,
    /// Certificates in one file.
    pub bundle: usize,
    /// Bytes captured of one packet.
    pub packet: usize,
    /// Bytes of one block of a capture file.
    pub block: usize,
    /// Interfaces of one section of a capture file.
    pub interfaces: usize,
    /// Tags, tunnels and extension headers of one packet.
    pub nesting: usize,
    /// Datagrams of IP that are put together from fragments at a time.
    pub datagrams: usize,
    /// Bytes of fragments kept at a time.
    pub fragments: usize,
    /// Alerts kept of one connection.
    pub alerts: usize,
    /// Bytes of each side of a conversation in clear that are looked at.
    pub plain: usize,
    /// Bytes of one line or packet of a conversation in clear that must be read whole.
    pub line: usize,
    /// Bytes of the head of one message of HTTP, SIP or RTSP.
    pub head: usize,
    /// Defects kept of one thing; the last one kept says that there were more.
    pub defects: usize,
}

impl Limits {
    /// What honest peers and files never reach.
    pub const DEFAULT: Limits = Limits {
        record: (1 << 14) + 2048,
        message: 1 << 16,
        handshake: 1 << 17,
        extensions: 128,
        certificates: 32,
        authorities: 1024,
        certificate: 1 << 16,
        elements: 1024,
        payloads: 128,
        proposals: 256,
        transforms: 1024,
        attributes: 64,
        names: 256,
        packets: 64,
        versions: 256,
        frames: 1024,
        ranges: 256,
        pieces: 1024,
        parameters: 128,
        bundle: 4096,
        packet: 1 << 18,
        block: 1 << 24,
        interfaces: 4096,
        nesting: 8,
        datagrams: 4096,
        fragments: 1 << 24,
        alerts: 16,
        plain: 1 << 16,
        line: 1 << 13,
        head: 1 << 14,
        defects: 64,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}

/// The name of one field of [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::record`]
    Record,
    /// [`Limits::message`]
    Message,
    /// [`Limits::handshake`]
    Handshake,
    /// [`Limits::extensions`]
    Extensions,
    /// [`Limits::certificates`]
    Certificates,
    /// [`Limits::authorities`]
    Authorities,
    /// [`Limits::certificate`]
    Certificate,
    /// [`Limits::elements`]
    Elements,
    /// [`Limits::payloads`]
    Payloads,
    /// [`Limits::proposals`]
    Proposals,
    /// [`Limits::transforms`]
    Transforms,
    /// [`Limits::attributes`]
    Attributes,
    /// [`Limits::names`]
    Names,
    /// [`Limits::packets`]
    Packets,
    /// [`Limits::versions`]
    Versions,
    /// [`Limits::frames`]
    Frames,
    /// [`Limits::ranges`]
    Ranges,
    /// [`Limits::pieces`]
    Pieces,
    /// [`Limits::parameters`]
    Parameters,
    /// [`Limits::bundle`]
    Bundle,
    /// [`Limits::packet`]
    Packet,
    /// [`Limits::block`]
    Block,
    /// [`Limits::interfaces`]
    Interfaces,
    /// [`Limits::nesting`]
    Nesting,
    /// [`Limits::datagrams`]
    Datagrams,
    /// [`Limits::fragments`]
    Fragments,
    /// [`Limits::alerts`]
    Alerts,
    /// [`Limits::plain`]
    Plain,
    /// [`Limits::line`]
    Line,
    /// [`Limits::head`]
    Head,
    /// [`Limits::defects`]
    Defects,
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Limit::Record => "bytes of a record",
            Limit::Message => "bytes of a handshake message",
            Limit::Handshake => "handshake bytes of one direction",
            Limit::Extensions => "extensions",
            Limit::Certificates => "certificates",
            Limit::Authorities => "names of authorities",
            Limit::Certificate => "bytes of a certificate",
            Limit::Elements => "elements of a list in a certificate",
            Limit::Payloads => "payloads",
            Limit::Proposals => "proposals",
            Limit::Transforms => "transforms",
            Limit::Attributes => "attributes",
            Limit::Names => "names of a list",
            Limit::Packets => "packets in a datagram",
            Limit::Versions => "versions",
            Limit::Frames => "frames of a packet",
            Limit::Ranges => "ranges of an acknowledgement",
            Limit::Pieces => "pieces behind a gap",
            Limit::Parameters => "transport parameters",
            Limit::Bundle => "certificates in a file",
            Limit::Packet => "bytes of a packet",
            Limit::Block => "bytes of a block",
            Limit::Interfaces => "interfaces",
            Limit::Nesting => "headers inside headers",
            Limit::Datagrams => "datagrams in fragments",
            Limit::Fragments => "bytes of fragments",
            Limit::Alerts => "alerts",
            Limit::Plain => "bytes of one side in clear",
            Limit::Line => "bytes of a line or packet in clear",
            Limit::Head => "bytes of a head",
            Limit::Defects => "defects",
        })
    }
}

/// Collects defects up to [`Limits::defects`].
#[derive(Debug)]
pub(crate) struct Defects {
    found: Vec<Defect>,
    most: usize,
}

impl Defects {
    pub(crate) fn new(limits: &Limits) -> Self {
        Defects { found: Vec::new(), most: limits.defects }
    }

    pub(crate) fn note(&mut self, at: usize, what: DefectKind) {
        self.push(Defect { at, what });
    }

    pub(crate) fn push(&mut self, defect: Defect) {
        keep_defect(&mut self.found, defect.clone(), self.most, |most| Defect {
            at: defect.at,
            what: DefectKind::Limit { limit: Limit::Defects, most, found: most.saturating_add(1) },
        });
    }

    /// The reading of `value`, with `reader` standing behind its last byte.
    pub(crate) fn reading<T>(self, value: T, reader: &Reader<'_>) -> Reading<T> {
        Reading { value, defects: self.found, rest: reader.left() }
    }

    /// The reading of `value` that should have used all bytes: what `reader` has left is a defect.
    pub(crate) fn whole<T>(mut self, value: T, reader: &Reader<'_>) -> Reading<T> {
        if !reader.is_empty() {
            self.note(reader.at(), DefectKind::Trailing { left: reader.left() });
        }
        self.reading(value, reader)
    }
}

/// Keeps `item` while fewer than `most` are kept; then one last item that says there were more; then nothing.
pub(crate) fn keep_defect<T>(kept: &mut Vec<T>, item: T, most: usize, more: impl FnOnce(usize) -> T) {
    if kept.len() < most {
        kept.push(item);
    } else if kept.len() == most {
        kept.push(more(most));
    }
}

/// A cursor over bytes that remembers where in the whole it stands.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`, offset 0.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader::starting(bytes, 0)
    }

    /// Starts at the first of `bytes`, which is byte `at` of the whole that defects speak of.
    pub fn starting(bytes: &'a [u8], at: usize) -> Self {
        Reader { left: bytes, at }
    }

    /// Offset of the next byte in the whole.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The next byte, without taking it.
    pub fn peek(&self) -> Option<u8> {
        self.left.first().copied()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.left;
        self.advance(rest.len(), &[]);
        rest
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`]; nothing is taken then. So for all the following.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Defect> {
        let Some((taken, left)) = self.left.split_at_checked(count) else { return Err(self.short(count)) };
        self.advance(count, left);
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Defect> {
        let Some((taken, left)) = self.left.split_first_chunk::<N>() else { return Err(self.short(N)) };
        let taken = *taken;
        self.advance(N, left);
        Ok(taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn u8(&mut self) -> Result<u8, Defect> {
        self.array().map(|[byte]| byte)
    }

    /// A big-endian integer of two bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn u16(&mut self) -> Result<u16, Defect> {
        self.array().map(u16::from_be_bytes)
    }

    /// A big-endian integer of three bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn u24(&mut self) -> Result<u32, Defect> {
        self.array().map(|[high, middle, low]| u32::from_be_bytes([0, high, middle, low]))
    }

    /// A big-endian integer of four bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn u32(&mut self) -> Result<u32, Defect> {
        self.array().map(u32::from_be_bytes)
    }

    /// What stands behind a length of one byte.
    ///
    /// # Errors
    /// [`DefectKind::Short`]; so for the next three.
    pub fn vector8(&mut self) -> Result<Reader<'a>, Defect> {
        let mut ahead = self.clone();
        let length = usize::from(ahead.u8()?);
        self.vector(ahead, length)
    }

    /// What stands behind a length of two bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn vector16(&mut self) -> Result<Reader<'a>, Defect> {
        let mut ahead = self.clone();
        let length = usize::from(ahead.u16()?);
        self.vector(ahead, length)
    }

    /// What stands behind a length of three bytes.
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn vector24(&mut self) -> Result<Reader<'a>, Defect> {
        let mut ahead = self.clone();
        let length = usize::try_from(ahead.u24()?).unwrap_or(usize::MAX);
        self.vector(ahead, length)
    }

    /// What stands behind a length of four bytes: a `string` of SSH (RFC 4251 5).
    ///
    /// # Errors
    /// [`DefectKind::Short`].
    pub fn vector32(&mut self) -> Result<Reader<'a>, Defect> {
        let mut ahead = self.clone();
        let length = usize::try_from(ahead.u32()?).unwrap_or(usize::MAX);
        self.vector(ahead, length)
    }

    fn vector(&mut self, mut ahead: Reader<'a>, length: usize) -> Result<Reader<'a>, Defect> {
        let at = ahead.at;
        let inner = ahead.take(length)?;
        *self = ahead;
        Ok(Reader::starting(inner, at))
    }

    fn advance(&mut self, count: usize, left: &'a [u8]) {
        // A slice is shorter than isize::MAX, so this never saturates in practice.
        self.at = self.at.saturating_add(count);
        self.left = left;
    }

    /// The defect of `wanted` bytes that are not there.
    pub fn short(&self, wanted: usize) -> Defect {
        Defect { at: self.at, what: DefectKind::Short { wanted, left: self.left.len() } }
    }
}

/// A big-endian number without its leading zeros.
pub(crate) fn without_zeros(bytes: &[u8]) -> &[u8] {
    bytes.iter().position(|&byte| byte != 0).and_then(|start| bytes.get(start..)).unwrap_or_default()
}

/// Bits of a big-endian number.
pub(crate) fn bit_length(bytes: &[u8]) -> usize {
    let significant = without_zeros(bytes);
    let unused = significant.first().map_or(0, |byte| byte.leading_zeros());
    significant.len().saturating_mul(8).saturating_sub(usize::try_from(unused).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_vectors_move_the_cursor_and_know_where_they_are() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 3, 0, 0, 0, 4, 2, 9, 8, 0, 1, 7, 0, 0, 1, 6]);
        assert_eq!((reader.u8(), reader.u16(), reader.u24(), reader.u32()), (Ok(1), Ok(2), Ok(3), Ok(4)));
        let mut inner = reader.vector8().unwrap();
        assert_eq!((inner.at(), inner.rest()), (11, &[9, 8][..]));
        assert_eq!(reader.vector16().unwrap().rest(), &[7]);
        assert_eq!(reader.vector24().unwrap().rest(), &[6]);
        assert!(reader.is_empty());
    }

    #[test]
    fn a_short_read_takes_nothing() {
        let mut reader = Reader::starting(&[0, 5, 1], 10);
        let expected = Defect { at: 12, what: DefectKind::Short { wanted: 5, left: 1 } };
        assert_eq!(reader.vector16().unwrap_err(), expected);
        assert_eq!((reader.at(), reader.left()), (10, 3));
        assert_eq!(expected.to_string(), "byte 12: needs 5 bytes, 1 are left");
    }

    #[test]
    fn the_last_defect_kept_says_that_there_were_more() {
        let limits = Limits { defects: 2, ..Limits::default() };
        let kept = |count: usize| {
            let mut defects = Defects::new(&limits);
            (0..count).for_each(|at| defects.note(at, DefectKind::Empty));
            defects.found
        };
        assert_eq!(kept(2).len(), 2);
        let more = Defect { at: 2, what: DefectKind::Limit { limit: Limit::Defects, most: 2, found: 3 } };
        assert_eq!(kept(3).last(), Some(&more));
        assert_eq!(kept(9), kept(3));
    }
}
