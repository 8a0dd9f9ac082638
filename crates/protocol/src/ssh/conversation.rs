//! One connection, from the identification to the answer that it was made for.

use super::algorithm::{self, Agreement};
use super::exchange::{self, Agreed, OwnShare, Said};
use super::plan::{Ask, GroupSize, Until};
use super::protection::{Direction, NotOpened, Way};
use crate::certify::sha256;
use crate::handshake::{Purpose, Secrets};
use dengmi_core::Sha256Digest;
use dengmi_crypto::{CryptoError, Hash, VerifyError};
use dengmi_parse::ssh::{
    Banner, Chosen, Disconnect, DisconnectReason, ExchangeForm, ExchangeGroup, ExchangeReply, HostKey, KexInit,
    KeySignature, MessageNumber, UserauthFailure, string,
};
use dengmi_parse::tls::Sides;
use dengmi_parse::{Defect, DefectKind, Limit, Limits};

/// How we identify ourselves.
const BANNER: &[u8] = b"SSH-2.0-dengmi";

/// The services that are named (RFC 4253 10, RFC 4254).
const USERAUTH: &[u8] = b"ssh-userauth";
const CONNECTION: &[u8] = b"ssh-connection";

/// How a server identifies itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// The line without its end.
    pub line: Box<str>,
    /// `2.0`.
    pub version: Box<str>,
    /// `OpenSSH_9.2p1`.
    pub software: Box<str>,
    /// `CSSH`: the national profile.
    pub national: bool,
}

/// What one conversation brought. Fields that it did not come to are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// How the server identifies itself.
    pub identification: Option<Identification>,
    /// What the server can do.
    pub lists: Option<KexInit>,
    /// What both agree on.
    pub chosen: Option<Chosen>,
    /// Bits of the prime that the server gave in a group exchange.
    pub group_bits: Option<u32>,
    /// The host key that it showed.
    pub key: Option<ShownKey>,
    /// A packet of the server was opened under the new keys: the exchange is complete.
    pub protected: bool,
    /// How users may authenticate.
    pub authentication: Option<Authentication>,
    /// Why it ended before all was learned.
    pub stop: Option<Stop>,
}

/// A host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownKey {
    /// The name of its format: `ssh-rsa`.
    pub format: Box<str>,
    /// Its size; `None` where the format is not known.
    pub bits: Option<u32>,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// How it signed.
    pub signature: Box<str>,
    /// That the server holds it, or why that cannot be told.
    pub proof: Result<Proved, VerifyError>,
}

/// The server holds its key: made only where a signature over the exchange hash was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    _private: (),
}

/// How users may authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By these methods.
    Methods(Vec<Box<str>>),
    /// By nothing: the request of the method `none` was let pass. The connection was ended at once.
    None,
}

/// What cannot be completed here, though both sides named it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// Protocol 1, which has other messages throughout.
    #[error("the server speaks protocol {0} only")]
    Version(Box<str>),
    /// A cipher or an authentication code.
    #[error("{0} is not run here")]
    Protection(Box<str>),
    /// A field whose size or modulus is not computed with.
    #[error("a field of {0} bits is not computed with")]
    Field(u32),
}

/// Why a conversation ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// No identification of SSH came.
    #[error("not SSH: {0}")]
    NotSsh(Defect),
    /// The server ended it with words.
    #[error("the server ended the connection: {} {}", .0.reason, .0.description)]
    Disconnected(Disconnect),
    /// It closed without a word.
    #[error("the server closed the connection")]
    Closed,
    /// Nothing came in the time allowed.
    #[error("no answer in time")]
    Silent,
    /// There is no name in one of its lists that is also in ours.
    #[error("no {0} in common")]
    NothingInCommon(&'static str),
    /// Agreed on, and not to be completed.
    #[error("{0}")]
    Unsupported(#[from] Unsupported),
    /// A message that cannot be read.
    #[error("{number}: {defect}")]
    Malformed {
        /// Which.
        number: MessageNumber,
        /// What is wrong with it.
        defect: Defect,
    },
    /// A message where it has no place.
    #[error("{0} out of place")]
    Unexpected(MessageNumber),
    /// A packet that does not open.
    #[error("{0}")]
    NotOpened(#[from] NotOpened),
    /// The share or the field of the server is none.
    #[error("{0}")]
    Exchange(CryptoError),
    /// The signature over the exchange hash is not one of the host key.
    #[error("signature over the exchange hash: {0}")]
    Signature(VerifyError),
    /// More bytes than an exchange of keys can need.
    #[error("{0}")]
    TooMuch(Defect),
}

impl Stop {
    /// Whether it is an answer: the server was asked, and would not. Silence and a broken packet are none.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Stop::Disconnected(_) | Stop::Closed)
    }
}

/// What comes next.
enum State {
    /// The server's identification.
    Banner,
    /// Its lists.
    Lists,
    /// The field of a group exchange.
    Field,
    /// Its share, key and signature.
    Reply,
    /// The end of its messages in clear.
    NewKeys,
    /// That it takes requests to authenticate.
    Service,
    /// What it answers to ours.
    Userauth,
    /// Nothing: all was learned, or it stopped.
    Over,
}

/// A conversation under way.
pub struct Conversation {
    ask: Ask,
    secrets: Secrets,
    limits: Limits,
    state: State,
    incoming: Vec<u8>,
    /// Bytes that came, in all.
    came: usize,
    /// The next packet is a wrong guess of the server's (RFC 4253 7).
    skip: bool,
    sending: Direction,
    receiving: Direction,
    banner: Vec<u8>,
    own_kexinit: Vec<u8>,
    kexinit: Vec<u8>,
    agreement: Option<(Agreement, Hash)>,
    field: Option<(Vec<u8>, Vec<u8>)>,
    share: Option<OwnShare>,
    agreed: Option<Agreed>,
    learned: Learned,
}

impl Conversation {
    /// Begins: the identification is appended to `out`.
    pub fn start(ask: Ask, secrets: Secrets, out: &mut Vec<u8>) -> Conversation {
        out.extend_from_slice(BANNER);
        out.extend_from_slice(b"\r\n");
        Conversation {
            ask,
            secrets,
            limits: Limits::DEFAULT,
            state: State::Banner,
            incoming: Vec::new(),
            came: 0,
            skip: false,
            sending: Direction::default(),
            receiving: Direction::default(),
            banner: Vec::new(),
            own_kexinit: Vec::new(),
            kexinit: Vec::new(),
            agreement: None,
            field: None,
            share: None,
            agreed: None,
            learned: Learned::default(),
        }
    }

    /// Takes what came and appends what is due. True: it is over, and what is in `out` are the last words.
    pub fn step(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        self.came = self.came.saturating_add(bytes.len());
        if self.came > self.limits.handshake {
            let what = DefectKind::Limit { limit: Limit::Handshake, most: self.limits.handshake, found: self.came };
            self.stop(Stop::TooMuch(Defect { at: 0, what }), out);
        }
        self.incoming.extend_from_slice(bytes);
        while !self.is_over() {
            match self.take(out) {
                Ok(true) => {}
                Ok(false) => break,
                Err(stop) => self.stop(stop, out),
            }
        }
        self.is_over()
    }

    /// What was learned. `because` says why nothing more will come, where the conversation is not over.
    pub fn finish(mut self, because: Stop) -> Learned {
        if !self.is_over() {
            self.learned.stop = Some(because);
        }
        self.learned
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn stop(&mut self, stop: Stop, out: &mut Vec<u8>) {
        let reason = match &stop {
            Stop::Disconnected(_) | Stop::Closed | Stop::NotSsh(_) => None,
            Stop::NothingInCommon(_) | Stop::Exchange(_) | Stop::Signature(_) => {
                Some(DisconnectReason::KEY_EXCHANGE_FAILED)
            }
            Stop::Unsupported(_) | Stop::Silent => Some(DisconnectReason::BY_APPLICATION),
            Stop::NotOpened(_) => Some(DisconnectReason::MAC_ERROR),
            Stop::Malformed { .. } | Stop::Unexpected(_) | Stop::TooMuch(_) => Some(DisconnectReason::PROTOCOL_ERROR),
        };
        self.learned.stop = Some(stop);
        self.leave(reason, out);
    }

    /// Says the last words, where the server speaks protocol 2.
    fn leave(&mut self, reason: Option<DisconnectReason>, out: &mut Vec<u8>) {
        if let Some(reason) = reason.filter(|_| !self.own_kexinit.is_empty()) {
            let words = Disconnect { reason, description: "".into() };
            // Where even that cannot be sealed the connection just ends.
            let _ = self.send(&words.write(), out);
        }
        self.state = State::Over;
        self.incoming = Vec::new();
    }

    fn send(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let secrets = &mut self.secrets;
        self.sending.seal(payload, |padding| secrets.fill(Purpose::Padding, padding), out).map_err(Stop::Exchange)
    }

    /// Takes the line or packet at the front. False: it is not all there.
    fn take(&mut self, out: &mut Vec<u8>) -> Result<bool, Stop> {
        if matches!(self.state, State::Banner) {
            return self.identification(out);
        }
        let Some(payload) = self.receiving.open(&mut self.incoming, &self.limits)? else { return Ok(false) };
        self.learned.protected |= matches!(self.state, State::Service | State::Userauth);
        let number = MessageNumber(payload.first().copied().unwrap_or_default());
        if std::mem::take(&mut self.skip) {
            return Ok(true);
        }
        let malformed = |defect| Stop::Malformed { number, defect };
        match number {
            MessageNumber::IGNORE | MessageNumber::DEBUG | MessageNumber::UNIMPLEMENTED => return Ok(true),
            // It may come once the keys are on, and says nothing that is asked for here.
            MessageNumber::EXT_INFO if matches!(self.state, State::Service | State::Userauth) => return Ok(true),
            MessageNumber::DISCONNECT => {
                let words = Disconnect::read(&payload, &self.limits).map_err(malformed)?;
                return Err(Stop::Disconnected(words.value));
            }
            _ => {}
        }
        match (&self.state, number) {
            (State::Lists, MessageNumber::KEXINIT) => self.lists(payload, out)?,
            (State::Field, MessageNumber::KEX_DH_GEX_GROUP) => self.group(&payload, out)?,
            (State::Reply, MessageNumber::KEX_REPLY | MessageNumber::KEX_DH_GEX_REPLY) => self.reply(&payload, out)?,
            (State::NewKeys, MessageNumber::NEWKEYS) => self.new_keys(out)?,
            (State::Service, MessageNumber::SERVICE_ACCEPT) => {
                let Until::Authentication(user) = &self.ask.until else { return Err(Stop::Unexpected(number)) };
                let mut request = vec![MessageNumber::USERAUTH_REQUEST.0];
                [user.as_bytes(), CONNECTION, b"none"].iter().for_each(|text| string(&mut request, text));
                self.send(&request, out)?;
                self.state = State::Userauth;
            }
            (State::Userauth, MessageNumber::USERAUTH_BANNER) => {}
            (State::Userauth, MessageNumber::USERAUTH_FAILURE) => {
                let failure = UserauthFailure::read(&payload, &self.limits).map_err(malformed)?.value;
                self.learned.authentication = Some(Authentication::Methods(failure.methods));
                self.leave(Some(DisconnectReason::BY_APPLICATION), out);
            }
            (State::Userauth, MessageNumber::USERAUTH_SUCCESS) => {
                self.learned.authentication = Some(Authentication::None);
                self.leave(Some(DisconnectReason::BY_APPLICATION), out);
            }
            _ => return Err(Stop::Unexpected(number)),
        }
        Ok(true)
    }

    fn identification(&mut self, out: &mut Vec<u8>) -> Result<bool, Stop> {
        let Some(reading) = Banner::next(&self.incoming, true, &self.limits).map_err(Stop::NotSsh)? else {
            return Ok(false);
        };
        let banner = reading.value;
        self.learned.identification = Some(Identification {
            line: String::from_utf8_lossy(banner.line).into(),
            version: banner.version.clone(),
            software: banner.software.clone(),
            national: banner.national,
        });
        if !banner.is_version_2() {
            return Err(Unsupported::Version(banner.version).into());
        }
        self.banner = banner.line.to_vec();
        let size = banner.size();
        self.incoming.drain(..size.min(self.incoming.len()));
        self.own_kexinit = self.offer().write();
        let kexinit = self.own_kexinit.clone();
        self.send(&kexinit, out)?;
        self.state = State::Lists;
        Ok(true)
    }

    /// Our own lists.
    fn offer(&mut self) -> KexInit {
        let both = |names: Vec<Box<str>>| Sides { client: names.clone(), server: names };
        KexInit {
            cookie: self.secrets.array(Purpose::HelloRandom),
            key_exchange: self.ask.key_exchange.clone(),
            host_key: self.ask.host_key.clone(),
            cipher: both(algorithm::ciphers().map(Box::from).collect()),
            mac: both(algorithm::macs().map(Box::from).collect()),
            compression: both(vec!["none".into()]),
            language: Sides::default(),
            first_packet_follows: false,
        }
    }

    fn lists(&mut self, payload: Vec<u8>, out: &mut Vec<u8>) -> Result<(), Stop> {
        let read = |payload: &[u8], limits| {
            KexInit::read(payload, limits)
                .map(|reading| reading.value)
                .map_err(|defect| Stop::Malformed { number: MessageNumber::KEXINIT, defect })
        };
        let lists = read(&payload, &self.limits)?;
        let own = read(&self.own_kexinit, &self.limits)?;
        self.kexinit = payload;
        let chosen = Chosen::of(&own, &lists);
        self.skip = lists.first_packet_follows && Chosen::guessed_wrong(&own, &lists);
        self.learned.lists = Some(lists);
        self.learned.chosen = Some(chosen.clone());
        let aead = |cipher: &Option<Box<str>>| cipher.as_deref().is_some_and(Chosen::is_aead);
        let has_mac = |cipher, mac: &Option<Box<str>>| aead(cipher) || mac.is_some();
        for (has, what) in [
            (chosen.key_exchange.is_some(), "key exchange"),
            (chosen.host_key.is_some(), "host key algorithm"),
            (chosen.cipher.client.is_some() && chosen.cipher.server.is_some(), "cipher"),
            (
                has_mac(&chosen.cipher.client, &chosen.mac.client)
                    && has_mac(&chosen.cipher.server, &chosen.mac.server),
                "message authentication code",
            ),
            (chosen.compression.client.is_some() && chosen.compression.server.is_some(), "compression"),
        ] {
            if !has {
                return Err(Stop::NothingInCommon(what));
            }
        }
        let agreement = chosen.key_exchange.as_deref().and_then(algorithm::exchange);
        let Some((kind, _)) = agreement else { return Err(Stop::NothingInCommon("key exchange")) };
        self.agreement = agreement;
        let share = OwnShare::draw(kind, &mut self.secrets.source(Purpose::Share)).map_err(Stop::Exchange)?;
        match share {
            Some(share) => self.send_share(MessageNumber::KEX_INIT, share, out),
            None => {
                let mut request = vec![MessageNumber::KEX_DH_GEX_REQUEST.0];
                self.ask.group.write(&mut request);
                self.send(&request, out)?;
                self.state = State::Field;
                Ok(())
            }
        }
    }

    fn send_share(&mut self, number: MessageNumber, share: OwnShare, out: &mut Vec<u8>) -> Result<(), Stop> {
        let mut message = vec![number.0];
        share.write(&mut message);
        self.share = Some(share);
        self.send(&message, out)?;
        self.state = State::Reply;
        Ok(())
    }

    fn group(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let number = MessageNumber::KEX_DH_GEX_GROUP;
        let group =
            ExchangeGroup::read(payload, &self.limits).map_err(|defect| Stop::Malformed { number, defect })?.value;
        let bits = u32::try_from(group.bits()).unwrap_or(u32::MAX);
        self.learned.group_bits = Some(bits);
        if self.ask.until == Until::Group {
            self.leave(Some(DisconnectReason::BY_APPLICATION), out);
            return Ok(());
        }
        let share = OwnShare::over(group.prime, group.generator, &mut self.secrets.source(Purpose::Share));
        let share = share.map_err(|error| match error {
            CryptoError::Unsupported => Unsupported::Field(bits).into(),
            other => Stop::Exchange(other),
        })?;
        self.field = Some((group.prime.to_vec(), group.generator.to_vec()));
        self.send_share(MessageNumber::KEX_DH_GEX_INIT, share, out)
    }

    fn reply(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let form = if self.field.is_some() { ExchangeForm::GroupExchange } else { ExchangeForm::Plain };
        let number = form.reply();
        let malformed = |defect| Stop::Malformed { number, defect };
        let reply = ExchangeReply::read(payload, form, &self.limits).map_err(malformed)?.value;
        let key = reply.read_host_key(&self.limits).map_err(malformed)?.value;
        let signed = reply.read_signature(&self.limits).map_err(malformed)?.value;
        let (Some(own), Some((_, hash))) = (&self.share, self.agreement) else {
            return Err(Stop::Unexpected(number));
        };
        let said = Said {
            banners: [BANNER, &self.banner],
            kexinits: [&self.own_kexinit, &self.kexinit],
            host_key: reply.host_key,
            field: self.field.as_ref().map(|(prime, generator)| (self.ask.group, &prime[..], &generator[..])),
            own,
            share: reply.share,
        };
        let agreed = Agreed::compute(hash, &said).map_err(Stop::Exchange)?;
        let shown = shown(&key, &signed, reply.host_key, &agreed);
        let proof = shown.proof;
        self.learned.key = Some(shown);
        if let Err(error @ (VerifyError::Wrong | VerifyError::Malformed)) = proof {
            return Err(Stop::Signature(error));
        }
        if !matches!(self.ask.until, Until::Authentication(_)) {
            self.leave(Some(DisconnectReason::BY_APPLICATION), out);
            return Ok(());
        }
        // Told in clear, while that is still possible.
        if let Some(name) = self.learned.chosen.as_ref().and_then(algorithm::not_run) {
            return Err(Unsupported::Protection(name.into()).into());
        }
        self.send(&[MessageNumber::NEWKEYS.0], out)?;
        let chosen = self.learned.chosen.clone().unwrap_or_default();
        self.sending.protect(Way::ToServer, &chosen, &agreed).map_err(Stop::Exchange)?;
        self.agreed = Some(agreed);
        self.state = State::NewKeys;
        Ok(())
    }

    fn new_keys(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        let (Some(agreed), Some(chosen)) = (&self.agreed, &self.learned.chosen) else {
            return Err(Stop::Unexpected(MessageNumber::NEWKEYS));
        };
        self.receiving.protect(Way::ToClient, chosen, agreed).map_err(Stop::Exchange)?;
        let mut request = vec![MessageNumber::SERVICE_REQUEST.0];
        string(&mut request, USERAUTH);
        self.send(&request, out)?;
        self.state = State::Service;
        Ok(())
    }
}

fn shown(key: &HostKey<'_>, signed: &KeySignature<'_>, bytes: &[u8], agreed: &Agreed) -> ShownKey {
    ShownKey {
        format: key.format.clone(),
        bits: key.bits().and_then(|bits| u32::try_from(bits).ok()),
        sha256: sha256(bytes),
        signature: signed.algorithm.clone(),
        proof: exchange::verify(key, signed, &agreed.digest).map(|()| Proved { _private: () }),
    }
}

impl GroupSize {
    /// Appends the three sizes as they stand in the request and in the hash (RFC 4419 3).
    pub(super) fn write(self, out: &mut Vec<u8>) {
        [self.least, self.wanted, self.most].iter().for_each(|bits| out.extend(bits.to_be_bytes()));
    }
}
