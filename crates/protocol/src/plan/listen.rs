//! What comes back for a hello, byte by byte, as an [`Answer`].

use super::{Answer, Chosen, Loss, Spoken};
use dengmi_parse::Limits;
use dengmi_parse::tls::{Handshake, Side, Then, Watcher};

/// First bytes that are waited for to tell a foreign protocol by.
const FIRST: usize = 8;

/// Reads what a server sends after one hello, up to the point where it has said all that it says in clear.
#[derive(Clone, Debug)]
pub struct Listener {
    watcher: Watcher,
    limits: Limits,
    kept: Vec<u8>,
    first: Vec<u8>,
    enough: bool,
}

/// How listening ended, when not by [`Listener::feed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The server closed or reset the connection.
    Closed,
    /// Time is up.
    Silent,
}

impl Listener {
    /// Listens for the answer to `hello`, a record with a ClientHello.
    pub fn new(hello: &[u8], limits: Limits) -> Listener {
        let mut watcher = Watcher::new();
        watcher.feed(Side::Client, hello, &limits);
        Listener { watcher, limits, kept: Vec::new(), first: Vec::new(), enough: false }
    }

    /// Takes the next bytes; true when no more are needed.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        if self.enough {
            return true;
        }
        let missing = FIRST.saturating_sub(self.first.len());
        self.first.extend(bytes.iter().take(missing));
        self.kept.extend_from_slice(bytes);
        let fed = self.watcher.feed(Side::Server, &self.kept, &self.limits);
        self.kept.drain(..fed.used.min(self.kept.len()));
        let handshake = self.watcher.handshake();
        let unknown = handshake.record_version.server.is_none() && self.first.len() < FIRST;
        let over = fed.then == Then::Enough && !unknown;
        self.enough = over || handshake.is_answered() || handshake.retry.is_some();
        self.enough
    }

    /// The answer, once [`Listener::feed`] said that it has enough, or when no more will come.
    pub fn answer(self, stopped: Option<Stopped>) -> Answer {
        let handshake = self.watcher.into_handshake();
        if let (Some(version), Some(suite)) = (handshake.version, handshake.suite) {
            let certificates = handshake.certificates.server.iter().flatten().map(|der| der.to_vec()).collect();
            return Answer::Chose(Box::new(Chosen {
                version,
                suite,
                group: handshake.group,
                scheme: handshake.scheme,
                certificates,
                client_certificate: handshake.client_auth,
                retry: handshake.retry.is_some() && handshake.server_hello.is_none(),
            }));
        }
        if let Some(alert) = fatal(&handshake) {
            return alert;
        }
        // Nothing wrong, as far as it came.
        let begun = handshake.record_version.server.is_some() || handshake.defects.is_empty();
        match stopped {
            Some(Stopped::Closed) if self.first.is_empty() => Answer::Closed,
            Some(Stopped::Silent) if begun => Answer::Lost(Loss::Silence),
            _ if begun => Answer::Undecodable,
            _ => Answer::NotTls(Spoken::of(&self.first)),
        }
    }
}

/// The alert that ended it: the last one, a warning too when nothing else came.
fn fatal(handshake: &Handshake) -> Option<Answer> {
    let sent = handshake.alerts.iter().rev().find(|sent| sent.from == Side::Server)?;
    Some(Answer::Refused(sent.alert.description))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Offer, Style, hello};
    use dengmi_core::{Group, Suite, Version};
    use dengmi_parse::tls::message::{Certificates, ServerHello, ServerHelloDone};
    use dengmi_parse::tls::{AlertDescription, ContentType, Record};

    fn record(content: ContentType, version: Version, fragment: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Record { content, version, fragment }.write(&mut out).unwrap();
        out
    }

    fn flight(certificate: &[u8]) -> Vec<u8> {
        let mut messages = Vec::new();
        let hello = ServerHello {
            version: Version::TLS_1_2,
            random: [1; 32],
            session_id: &[],
            suite: Suite(0x009c),
            compression: 0,
            extensions: None,
        };
        hello.write(&mut messages).unwrap();
        Certificates::list([certificate]).write(&mut messages).unwrap();
        ServerHelloDone.write(&mut messages).unwrap();
        messages.chunks(1 << 14).flat_map(|part| record(ContentType::HANDSHAKE, Version::TLS_1_2, part)).collect()
    }

    fn listener() -> Listener {
        let offer = Offer {
            version: Version::TLS_1_2,
            suites: vec![Suite(0x009c)],
            groups: vec![Group(0x0017)],
            schemes: vec![],
            style: Style::Full,
            server_name: None,
        };
        Listener::new(&hello(&offer, [0; 32]).unwrap(), Limits::default())
    }

    fn check(bytes: &[u8], stopped: Option<Stopped>, expected: &Answer) {
        for size in [1, 7, 1 << 20] {
            let mut listener = listener();
            let enough = bytes.chunks(size).any(|part| listener.feed(part));
            assert_eq!(enough, stopped.is_none(), "{bytes:02x?}");
            assert_eq!(listener.answer(stopped), *expected);
        }
    }

    fn chosen(certificates: &[&[u8]], client_certificate: Option<bool>) -> Answer {
        Answer::Chose(Box::new(Chosen {
            version: Version::TLS_1_2,
            suite: Suite(0x009c),
            group: None,
            scheme: None,
            certificates: certificates.iter().map(|der| der.to_vec()).collect(),
            client_certificate,
            retry: false,
        }))
    }

    #[test]
    fn every_way_to_answer_is_told_apart() {
        let whole = flight(&[0x30, 0]);
        check(&whole, None, &chosen(&[&[0x30, 0]], Some(false)));
        let cut = whole.len() - 1;
        check(&whole[..cut], Some(Stopped::Closed), &Answer::Undecodable);
        let alert = record(ContentType::ALERT, Version::TLS_1_2, &[2, 70]);
        check(&alert, None, &Answer::Refused(AlertDescription::PROTOCOL_VERSION));
        check(&alert[..6], Some(Stopped::Closed), &Answer::Undecodable);
        check(&alert[..6], Some(Stopped::Silent), &Answer::Lost(Loss::Silence));
        let warning = record(ContentType::ALERT, Version::TLS_1_2, &[1, 112]);
        check(&[&warning[..], &whole].concat(), None, &chosen(&[&[0x30, 0]], Some(false)));
        check(&warning, Some(Stopped::Closed), &Answer::Refused(AlertDescription::UNRECOGNIZED_NAME));
        check(b"", Some(Stopped::Closed), &Answer::Closed);
        check(b"", Some(Stopped::Silent), &Answer::Lost(Loss::Silence));
        check(b"HTTP/1.1 400 Bad Request\r\n", None, &Answer::NotTls(Spoken::Http));
        check(b"SSH-2.0-OpenSSH_9.2\r\n", None, &Answer::NotTls(Spoken::Ssh));
        check(&[0xff; 64], None, &Answer::NotTls(Spoken::Unknown));
        check(&[0x16, 0xff, 1, 2, 3], Some(Stopped::Silent), &Answer::NotTls(Spoken::Unknown));
        check(b"SSH", Some(Stopped::Closed), &Answer::NotTls(Spoken::Unknown));
    }

    #[test]
    fn a_certificate_of_sixteen_mebibytes_ends_the_listening_and_hides_nothing_before_it() {
        let mut listener = listener();
        let huge = flight(&vec![0x30; (1 << 24) - 16]);
        let fed = huge.chunks(1 << 12).take_while(|part| !listener.feed(part)).count();
        assert!(fed < 16, "stops at the message's header, after {fed} parts");
        assert_eq!(listener.answer(None), chosen(&[], None));
    }
}
