//! One question as datagrams: what is sent, and what an answer to it says.

use super::choice::{Choice, Combination, Lists};
use super::share::share;
use crate::handshake::{Purpose, Secrets};
use dengmi_core::IkeKind;
use dengmi_parse::Limits;
use dengmi_parse::ike::{
    Attribute, AttributeType, Certificate, CertificateEncoding, Encapsulated, ExchangeType, Header, Identification,
    IkeVersion, KeyExchange, Message, Notify, NotifyType, Payload, PayloadType, Proposal, ProtocolIdentifier,
    SecurityAssociation, Transform, TransformType,
};
use dengmi_parse::tls::message::TooLong;

/// How often one question is repeated with a cookie. A responder that wants more keeps us busy.
const COOKIES: u8 = 2;
/// The one transform identifier of IKEv1's first phase: KEY_IKE (RFC 2407 4.4.2).
const KEY_IKE: u16 = 1;
/// Seconds, and how many of them: an eight-hour day, which responders take without asking back.
const LIFE_IN_SECONDS: u16 = 1;
const LIFE: u16 = 28_800;
/// Announces NAT traversal in IKEv1 (RFC 3947 3.1): the digest of that document's name.
const NAT_TRAVERSAL_VENDOR: [u8; 16] = *b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f";
/// Signature hashes that we could check, for a responder that lists its own in return (RFC 7427 4): SHA-1 to SHA2-512,
/// and what is signed as it is.
const SIGNATURE_HASHES: [u8; 10] = [0, 1, 0, 2, 0, 3, 0, 4, 0, 5];
/// Who asks, in the one mode that wants a name in clear. No such domain can exist (RFC 6761).
const NAME: &[u8] = b"assessment.invalid";
/// Vendor ids, and bytes of each, that are kept of one answer.
const VENDORS: usize = 32;
const VENDOR: usize = 64;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// IKE_SA_INIT of IKEv2: one proposal.
    Init {
        /// Values of each kind. None of integrity where the encryption guards it itself.
        lists: Lists,
        /// The key exchange method of the public value that is sent, one of those on offer.
        share: u16,
    },
    /// The first message of a first phase of IKEv1: transforms, of which one is chosen whole.
    Main {
        /// 1.0, or 1.1 in the profile of GM/T 0022.
        version: IkeVersion,
        /// The transforms in their order.
        transforms: Vec<Combination>,
        /// Aggressive mode: with a public value for this method, which all transforms name. `None`: main mode.
        aggressive: Option<u16>,
    },
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The responder chose.
    Chose(Combination),
    /// It takes the offer with a public value for another method (RFC 7296 1.3).
    WantsGroup(u16),
    /// It refused with this notification.
    Refused {
        /// The notification.
        notification: NotifyType,
        /// The version of the message that brought it.
        version: IkeVersion,
    },
    /// It answered with something that cannot be read as an answer.
    Undecodable,
    /// No answer. It never shrinks a list.
    Lost,
}

/// What else an answer told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Vendor ids, each cut to 64 bytes.
    pub vendor_ids: Vec<Vec<u8>>,
    /// Notifications of a state, by their words.
    pub announced: Vec<String>,
    /// NAT traversal was taken up.
    pub nat_traversal: bool,
    /// A cookie was demanded.
    pub cookie: bool,
    /// Certificates in clear: the responder's two in the profile of GM/T 0022.
    pub certificates: Vec<(CertificateEncoding, Vec<u8>)>,
}

/// What a datagram was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// No answer to this question: another exchange's, our own echo, or no IKE at all. Keep listening.
    NotOurs,
    /// The question has to be sent again as [`Exchange::datagram`] has it now, with the cookie that was demanded.
    Repeat,
    /// The answer.
    Answered(Answer, Signs),
}

/// One question on its way. The same seed gives the same datagrams.
#[derive(Clone, Debug)]
pub struct Exchange {
    offer: Offer,
    header: Header,
    payloads: Vec<(PayloadType, Vec<u8>)>,
    encapsulated: bool,
    cookies: u8,
    signs: Signs,
    datagram: Vec<u8>,
    /// Where an IKEv1 responder began something that it would keep for a while.
    begun: Option<[u8; 8]>,
    message_id: u32,
}

/// Why a question cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// No public value can be made for the method.
    #[error("no public value for key exchange method {0}")]
    Method(u16),
    /// The offer does not fit its length fields.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

impl Exchange {
    /// Writes the question. `seed` comes from the operating system's random source and is used once; `encapsulated` is for
    /// UDP port 4500, where IKE shares the port with ESP (RFC 3948).
    ///
    /// # Errors
    /// [`NotWritten`]: the offer is none that a plan makes.
    pub fn new(offer: Offer, seed: [u8; 32], encapsulated: bool) -> Result<Exchange, NotWritten> {
        let mut secrets = Secrets::from_seed(seed);
        let mut spi: [u8; 8] = secrets.array(Purpose::SessionId);
        // Never zero, and never taken for the four bytes that tell IKE from ESP.
        spi.iter_mut().take(1).for_each(|byte| *byte |= 0x80);
        let nonce: [u8; 32] = secrets.array(Purpose::HelloRandom);
        let message_id = u32::from_be_bytes(secrets.array(Purpose::SessionId)) | 1;
        let mut value = |method: u16| share(method, &mut secrets).ok_or(NotWritten::Method(method));
        let (header, payloads) = match &offer {
            Offer::Init { lists, share } => {
                let header = Header::first(IkeVersion::V2_0, ExchangeType::IKE_SA_INIT, spi);
                let data = value(*share)?;
                (header, init_payloads(lists, *share, &data, &nonce, &mut secrets)?)
            }
            Offer::Main { version, transforms, aggressive } => {
                let exchange = match aggressive {
                    None => ExchangeType::IDENTITY_PROTECTION,
                    Some(_) => ExchangeType::AGGRESSIVE,
                };
                let mut payloads = vec![(PayloadType::SECURITY_ASSOCIATION_1, transforms_body(*version, transforms)?)];
                if let Some(method) = aggressive {
                    let mut name = Vec::new();
                    Identification { kind: Identification::DOMAIN_NAME, data: NAME }.write(&mut name);
                    payloads.push((PayloadType::KEY_EXCHANGE_1, value(*method)?));
                    payloads.push((PayloadType::NONCE_1, nonce.to_vec()));
                    payloads.push((PayloadType::IDENTIFICATION_1, name));
                }
                payloads.push((PayloadType::VENDOR_ID_1, NAT_TRAVERSAL_VENDOR.to_vec()));
                (Header::first(*version, exchange, spi), payloads)
            }
        };
        let mut exchange = Exchange {
            offer,
            header,
            payloads,
            encapsulated,
            cookies: 0,
            signs: Signs::default(),
            datagram: Vec::new(),
            begun: None,
            message_id,
        };
        exchange.datagram = exchange.written()?;
        Ok(exchange)
    }

    /// What is asked.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The datagram to send, and to send again when no answer comes.
    pub fn datagram(&self) -> &[u8] {
        &self.datagram
    }

    /// Takes a datagram from the responder's address.
    pub fn hear(&mut self, datagram: &[u8], limits: &Limits) -> Heard {
        if datagram == self.datagram {
            return Heard::NotOurs;
        }
        let message = if self.encapsulated {
            match Encapsulated::read(datagram, limits).map(|reading| reading.value) {
                Ok(Encapsulated::Ike(message)) => message,
                _ => return Heard::NotOurs,
            }
        } else {
            match Message::read(datagram, limits) {
                Ok(reading) => reading.value,
                Err(_) => return Heard::NotOurs,
            }
        };
        let header = message.header;
        let is_answer = header.initiator == self.header.initiator
            && (header.version.major() == 1 || header.is_response())
            && !header.is_encrypted();
        if !is_answer {
            return Heard::NotOurs;
        }
        let notifications = self.take_signs(&message, limits);
        let answer = match &self.offer {
            Offer::Init { .. } => {
                let cookie = notifications.iter().find(|said| said.kind == NotifyType::COOKIE);
                if let Some(cookie) = cookie.filter(|cookie| !cookie.data.is_empty()) {
                    self.signs.cookie = true;
                    if self.cookies < COOKIES && self.return_cookie(cookie.data).is_ok() {
                        self.cookies = self.cookies.saturating_add(1);
                        return Heard::Repeat;
                    }
                }
                let chosen =
                    (header.exchange == ExchangeType::IKE_SA_INIT).then(|| chosen_init(&message, limits)).flatten();
                let wanted = notifications.iter().find_map(Notify::wanted_method);
                chosen.map(Answer::Chose).or(wanted.map(Answer::WantsGroup))
            }
            Offer::Main { .. } => {
                let chosen = (header.exchange == self.header.exchange).then(|| chosen_main(&message, limits)).flatten();
                if chosen.is_some() {
                    self.begun = Some(header.responder);
                }
                chosen.map(Answer::Chose)
            }
        };
        let refused = || {
            let unanswered_cookie = self.signs.cookie.then_some(NotifyType::COOKIE);
            let error =
                notifications.iter().map(|said| said.kind).find(|kind| kind.is_error()).or(unanswered_cookie)?;
            Some(Answer::Refused { notification: error, version: header.version })
        };
        let answer = answer.or_else(refused).unwrap_or(Answer::Undecodable);
        Heard::Answered(answer, std::mem::take(&mut self.signs))
    }

    /// What tells an IKEv1 responder that nothing follows, so that it need not wait: a notification that its choice is not
    /// taken up (RFC 2408 3.14). `None`: it has begun nothing. IKEv2 has no such message outside its protection.
    pub fn farewell(&self) -> Option<Vec<u8>> {
        let responder = self.begun?;
        let spi = [self.header.initiator, responder].concat();
        let kind = NotifyType::NO_PROPOSAL_CHOSEN;
        let mut body = Vec::new();
        let said = Notify { protocol: ProtocolIdentifier::IKE, spi: &spi, kind, data: &[] };
        said.write(self.header.version, &mut body).ok()?;
        let exchange = ExchangeType::INFORMATIONAL_1;
        let header = Header { responder, exchange, message_id: self.message_id, ..self.header };
        let payloads = vec![Payload::new(PayloadType::NOTIFY_1, &body)];
        let mut out = self.marker();
        Message { header, payloads, encrypted: None }.write(&mut out).ok()?;
        Some(out)
    }

    fn marker(&self) -> Vec<u8> {
        if self.encapsulated { Encapsulated::NON_ESP_MARKER.to_vec() } else { Vec::new() }
    }

    fn written(&self) -> Result<Vec<u8>, TooLong> {
        let payloads = self.payloads.iter().map(|(kind, body)| Payload::new(*kind, body)).collect();
        let mut out = self.marker();
        Message { header: self.header, payloads, encrypted: None }.write(&mut out)?;
        Ok(out)
    }

    /// The same question with the cookie before everything else (RFC 7296 2.6).
    fn return_cookie(&mut self, cookie: &[u8]) -> Result<(), TooLong> {
        let mut body = Vec::new();
        let kind = NotifyType::COOKIE;
        Notify { protocol: ProtocolIdentifier(0), spi: &[], kind, data: cookie }.write(IkeVersion::V2_0, &mut body)?;
        if self.cookies > 0 && !self.payloads.is_empty() {
            self.payloads.remove(0);
        }
        self.payloads.insert(0, (PayloadType::NOTIFY, body));
        self.datagram = self.written()?;
        Ok(())
    }

    /// Keeps what stands beside the choice; gives the notifications.
    fn take_signs<'a>(&mut self, message: &Message<'a>, limits: &Limits) -> Vec<Notify<'a>> {
        let version = message.header.version;
        let (mut notifications, signs) = (Vec::new(), &mut self.signs);
        for payload in &message.payloads {
            match payload.kind {
                PayloadType::VENDOR_ID | PayloadType::VENDOR_ID_1 => {
                    signs.nat_traversal |= payload.body == NAT_TRAVERSAL_VENDOR;
                    let id = payload.body.get(..VENDOR).unwrap_or(payload.body).to_vec();
                    if signs.vendor_ids.len() < VENDORS && !signs.vendor_ids.contains(&id) {
                        signs.vendor_ids.push(id);
                    }
                }
                PayloadType::NOTIFY | PayloadType::NOTIFY_1 => {
                    let Ok(reading) = Notify::read(payload.body, version, limits) else { continue };
                    let kind = reading.value.kind;
                    signs.nat_traversal |=
                        matches!(kind, NotifyType::NAT_DETECTION_SOURCE_IP | NotifyType::NAT_DETECTION_DESTINATION_IP);
                    if !kind.is_error() && kind != NotifyType::COOKIE {
                        let word = kind.word(version);
                        if signs.announced.len() < VENDORS && !signs.announced.contains(&word) {
                            signs.announced.push(word);
                        }
                    }
                    notifications.push(reading.value);
                }
                PayloadType::CERTIFICATE | PayloadType::CERTIFICATE_1 => {
                    if let Ok(reading) = Certificate::read(payload.body, limits)
                        && signs.certificates.len() < limits.certificates
                    {
                        signs.certificates.push((reading.value.encoding, reading.value.data.to_vec()));
                    }
                }
                _ => {}
            }
        }
        notifications
    }
}

fn init_payloads(
    lists: &Lists,
    method: u16,
    data: &[u8],
    nonce: &[u8],
    secrets: &mut Secrets,
) -> Result<Vec<(PayloadType, Vec<u8>)>, TooLong> {
    let version = IkeVersion::V2_0;
    let (mut association, mut key_exchange) = (Vec::new(), Vec::new());
    let transforms = [IkeKind::Encryption, IkeKind::Prf, IkeKind::Integrity, IkeKind::Group]
        .iter()
        .flat_map(|kind| lists.get(kind).into_iter().flatten().map(|choice| init_transform(*kind, *choice)))
        .collect();
    let proposal = Proposal { number: 1, protocol: ProtocolIdentifier::IKE, spi: &[], transforms };
    SecurityAssociation { proposals: vec![proposal] }.write(version, &mut association)?;
    KeyExchange { method: Some(method), data }.write(&mut key_exchange);
    let mut payloads = vec![
        (PayloadType::SECURITY_ASSOCIATION, association),
        (PayloadType::KEY_EXCHANGE, key_exchange),
        (PayloadType::NONCE, nonce.to_vec()),
    ];
    // Digests that match no address make the responder see a translation, which is what we want it to say.
    let digests: [u8; 40] = secrets.array(Purpose::SessionId);
    let (source, destination) = digests.split_at(20);
    for (kind, data) in [
        (NotifyType::NAT_DETECTION_SOURCE_IP, source),
        (NotifyType::NAT_DETECTION_DESTINATION_IP, destination),
        (NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[][..]),
        (NotifyType::SIGNATURE_HASH_ALGORITHMS, &SIGNATURE_HASHES[..]),
    ] {
        let mut body = Vec::new();
        Notify { protocol: ProtocolIdentifier(0), spi: &[], kind, data }.write(version, &mut body)?;
        payloads.push((PayloadType::NOTIFY, body));
    }
    Ok(payloads)
}

fn init_transform(kind: IkeKind, choice: Choice) -> Transform<'static> {
    let number = match kind {
        IkeKind::Encryption => TransformType::ENCRYPTION,
        IkeKind::Prf => TransformType::PSEUDORANDOM_FUNCTION,
        IkeKind::Integrity => TransformType::INTEGRITY,
        _ => TransformType::KEY_EXCHANGE_METHOD,
    };
    let length = choice.key_bits.map(|bits| Attribute::short(AttributeType::KEY_LENGTH, bits));
    Transform { number: number.0, identifier: choice.number, attributes: length.into_iter().collect() }
}

fn transforms_body(version: IkeVersion, combinations: &[Combination]) -> Result<Vec<u8>, TooLong> {
    let transforms = combinations.iter().zip(1..=u8::MAX).map(|(combination, number)| {
        let mut attributes = Vec::new();
        for (kind, choice) in combination {
            if let Some(attribute) = attribute_of(*kind) {
                attributes.push(Attribute::short(attribute, choice.number));
            }
            attributes.extend(choice.key_bits.map(|bits| Attribute::short(AttributeType::KEY_LENGTH, bits)));
        }
        attributes.push(Attribute::short(AttributeType::LIFE_TYPE, LIFE_IN_SECONDS));
        attributes.push(Attribute::short(AttributeType::LIFE_DURATION, LIFE));
        Transform { number, identifier: KEY_IKE, attributes }
    });
    let transforms: Vec<_> = transforms.collect();
    if transforms.len() < combinations.len() {
        return Err(TooLong { length: combinations.len(), width: 1 });
    }
    let proposal = Proposal { number: 1, protocol: ProtocolIdentifier::IKE, spi: &[], transforms };
    let mut body = Vec::new();
    SecurityAssociation { proposals: vec![proposal] }.write(version, &mut body)?;
    Ok(body)
}

/// The attribute of IKEv1 that chooses a kind.
fn attribute_of(kind: IkeKind) -> Option<AttributeType> {
    Some(match kind {
        IkeKind::Encryption => AttributeType::ENCRYPTION_ALGORITHM,
        IkeKind::Hash => AttributeType::HASH_ALGORITHM,
        IkeKind::Authentication => AttributeType::AUTHENTICATION_METHOD,
        IkeKind::Group => AttributeType::GROUP_DESCRIPTION,
        IkeKind::Asymmetric => AttributeType::ASYMMETRIC_ALGORITHM,
        IkeKind::Prf | IkeKind::Integrity => return None,
    })
}

/// The one proposal that a responder of IKEv2 chose, one transform a type.
fn chosen_init(message: &Message<'_>, limits: &Limits) -> Option<Combination> {
    let body = message.bodies(PayloadType::SECURITY_ASSOCIATION).next()?;
    let association = SecurityAssociation::read(body, message.header.version, limits).ok()?.value;
    let [proposal] = association.proposals.as_slice() else { return None };
    let mut chosen = Combination::new();
    for transform in &proposal.transforms {
        let kind = match transform.kind() {
            TransformType::ENCRYPTION => IkeKind::Encryption,
            TransformType::PSEUDORANDOM_FUNCTION => IkeKind::Prf,
            TransformType::INTEGRITY => IkeKind::Integrity,
            TransformType::KEY_EXCHANGE_METHOD => IkeKind::Group,
            _ => continue,
        };
        let key_bits = transform.attribute(AttributeType::KEY_LENGTH);
        // Integrity "none" is how some spell an AEAD (RFC 7296 3.3.3).
        if kind == IkeKind::Integrity && transform.identifier == 0 {
            continue;
        }
        if chosen.insert(kind, Choice { number: transform.identifier, key_bits }).is_some() {
            return None;
        }
    }
    (!chosen.is_empty()).then_some(chosen)
}

/// The one transform that a responder of IKEv1 chose.
fn chosen_main(message: &Message<'_>, limits: &Limits) -> Option<Combination> {
    let body = message.bodies(PayloadType::SECURITY_ASSOCIATION_1).next()?;
    let association = SecurityAssociation::read(body, message.header.version, limits).ok()?.value;
    let [proposal] = association.proposals.as_slice() else { return None };
    let [transform] = proposal.transforms.as_slice() else { return None };
    let mut chosen = Combination::new();
    for kind in [IkeKind::Encryption, IkeKind::Hash, IkeKind::Authentication, IkeKind::Group, IkeKind::Asymmetric] {
        if let Some(number) = attribute_of(kind).and_then(|attribute| transform.attribute(attribute)) {
            let key_bits = transform.attribute(AttributeType::KEY_LENGTH).filter(|_| kind == IkeKind::Encryption);
            chosen.insert(kind, Choice { number, key_bits });
        }
    }
    (!chosen.is_empty()).then_some(chosen)
}
