//! What is inside a session whose own client logged its secrets.

use super::flow::Flow;
use super::talk::{Outcome, Speaker, Talk};
use dengmi_core::{Field, Session};
use dengmi_parse::Limits;
use dengmi_parse::tls::{KeyLog, Side};
use dengmi_protocol::handshake::{Opener, Opening};
use std::sync::Arc;

/// The application data of one session, followed like a talk in clear.
pub(super) struct Inside {
    opener: Opener,
    talk: Talk,
    over: bool,
}

impl Inside {
    pub(super) fn new(log: Arc<KeyLog>, packet: u64) -> Inside {
        Inside { opener: Opener::new(log), talk: Talk::new(packet, None), over: false }
    }

    /// Bytes that it holds, at most.
    pub(super) fn held(&self) -> usize {
        self.opener.held().saturating_add(self.talk.held())
    }

    /// The bytes that come next from this end, as captured.
    pub(super) fn feed(&mut self, end: usize, bytes: &[u8], flow: &mut Flow, limits: &Limits) -> Outcome {
        let client = flow.client_end();
        let side = if end == client { Side::Client } else { Side::Server };
        let mut opened = Vec::new();
        self.opener.feed(side, bytes, limits, &mut |side, data| opened.push((side, data.to_vec())));
        for (side, data) in opened {
            let end = if side == Side::Client { client } else { 1 - client.min(1) };
            self.over = self.over || self.talk.feed(end, &data, flow, limits) == Outcome::Enough;
        }
        match self.opener.state() {
            Opening::Waiting | Opening::Open if !self.over => Outcome::Need,
            _ => Outcome::Enough,
        }
    }

    /// Whether the log has secrets of it, and if so whether they opened anything.
    pub(super) fn opened(&self) -> Option<bool> {
        match self.opener.state() {
            Opening::Open => Some(self.speaks().is_some()),
            Opening::Failed(_) => Some(false),
            Opening::Waiting | Opening::NotLogged => None,
        }
    }

    /// What is spoken inside, once something was said.
    pub(super) fn speaks(&self) -> Option<&'static str> {
        match &self.talk.speaker {
            Speaker::Plain(watcher) => Some(watcher.told().protocol.name()),
            Speaker::Named(spoken) => Some(spoken.name()),
            Speaker::Tls(_) | Speaker::Dtls(_) => Some("TLS"),
            Speaker::Ssh(_) => Some("SSH"),
            Speaker::Quic(_) => Some("QUIC"),
            Speaker::Ike(_) => Some("IKE"),
            Speaker::Unknown => self.talk.sample(0).iter().any(|said| !said.is_empty()).then_some("unknown"),
        }
    }

    /// Adds what was found to its session.
    pub(super) fn tell(&self, session: &mut Session) {
        if let Opening::Failed(reason) = self.opener.state() {
            session.hidden.insert("app_protocol".into(), reason.to_string().into());
        }
        let Some(name) = self.speaks() else { return };
        session.opened_with = Some("key log".into());
        session.app_protocol = Field::Seen(name.into());
        if let Speaker::Plain(watcher) = &self.talk.speaker {
            let inside = super::session::plain(watcher.told());
            (session.auth, session.contains) = (inside.auth, inside.contains);
        }
    }
}
