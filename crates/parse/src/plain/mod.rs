//! STUB
use crate::Limits;
use crate::tls::Side;
use crate::tls::Sides;
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Transport {
    Stream,
    Datagrams,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Spoken {
    Tls,
    Dtls,
    Ssh,
    Quic,
    Ike,
    Http,
}
impl Spoken {
    pub fn name(self) -> &'static str {
        "x"
    }
    pub fn encrypts(self) -> Option<bool> {
        None
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recognised {
    Is(Spoken),
    More,
    Unknown,
}
pub fn recognise(f: &Sides<&[u8]>, o: Transport) -> Recognised {
    if o == Transport::Datagrams {
        let c = f.client;
        if c.first().is_some_and(|b| b & 0xc0 == 0xc0) {
            return Recognised::Is(Spoken::Quic);
        }
        if c.first() == Some(&22) {
            return Recognised::Is(Spoken::Dtls);
        }
        if c.len() > 27 {
            return Recognised::Is(Spoken::Ike);
        }
        return Recognised::Unknown;
    }
    if f.client.starts_with(&[22, 3])
        || f.client.starts_with(&[22, 1])
        || f.client.starts_with(&[23, 1])
        || f.server.starts_with(&[22, 3])
    {
        return Recognised::Is(Spoken::Tls);
    }
    if f.client.starts_with(b"SSH-") || f.server.starts_with(b"SSH-") {
        return Recognised::Is(Spoken::Ssh);
    }
    Recognised::More
}
#[derive(Clone, Debug, Default)]
pub struct Watcher;
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    Need,
    Enough,
    Upgrade,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed {
    pub used: usize,
    pub then: Then,
}
pub struct Told {
    pub protocol: Spoken,
    pub version: Option<Box<str>>,
    pub auth: Option<Box<str>>,
    pub contains: Vec<Box<str>>,
    pub starttls: Option<Box<str>>,
}
static T: Told = Told { protocol: Spoken::Http, version: None, auth: None, contains: Vec::new(), starttls: None };
impl Watcher {
    pub fn new(_: Spoken) -> Option<Watcher> {
        None
    }
    pub fn feed(&mut self, _: Side, b: &[u8], _: &Limits) -> Fed {
        Fed { used: b.len(), then: Then::Enough }
    }
    pub fn told(&self) -> &Told {
        &T
    }
}
