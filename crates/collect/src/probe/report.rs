//! What a visit comes to: artifacts, observations, and a line for people.

use super::Approach;
use super::exchange::line;
use super::ike::IkeVisit;
use super::ssh::SshVisit;
use super::visit::{Handshake, Visit};
use super::{Finished, Options, Output, Summary, Unreachable};
use crate::names::{exchange, version_number};
use dengmi_core::registry::{self, KeyExchange};
use dengmi_core::{
    Certificate, Completion, Coverage, Fact, Field, KeyProof, KeyRole, Method, Observation, Place, Protocol, Reach,
    Session, Sha256Digest, Upgraded, Version, Where,
};
use dengmi_protocol::certify::{Asked, Certifier, Layout, Purpose, ServiceName, sha256};
use dengmi_protocol::handshake::{Learned, PeerMisbehaved, Stop};
use dengmi_protocol::plan::{Loss, Spoken};
use dengmi_protocol::upgrade::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// Tells everything that is known of an endpoint.
pub(super) fn tell(
    visit: &Visit,
    options: &Options,
    certifier: &mut Certifier,
    summary: &mut Summary,
    out: &mut impl FnMut(Output),
) {
    let mut teller = Teller { visit, options, certifier, out, told: BTreeSet::new() };
    teller.said();
    teller.quic();
    teller.ssh();
    teller.ike();
    let complete = teller.accepts() && visit.unreachable.is_none() && !visit.cut;
    teller.certificates_in_clear();
    visit.handshakes.iter().for_each(|handshake| teller.handshake(handshake));
    let leads_to_tls = teller.web();
    teller.coverage(complete);
    out(Output::Finished(Finished {
        target: visit.target.clone(),
        unreachable: visit.unreachable,
        findings: visit.plan.findings(),
        leads_to_tls,
        connections: visit.connections(),
        cut: visit.cut,
    }));
    summary.endpoints += 1;
    summary.unreachable += u64::from(visit.unreachable.is_some());
    summary.complete += u64::from(complete);
    summary.connections += u64::from(visit.connections());
    summary.handshakes += visit.handshakes.iter().filter(|handshake| handshake.result.is_ok()).count() as u64;
    summary.lost += u64::from(visit.lost());
}

struct Teller<'a, F> {
    visit: &'a Visit,
    options: &'a Options,
    certifier: &'a mut Certifier,
    out: &'a mut F,
    /// Certificates that were told already, each once for each part it plays.
    told: BTreeSet<(Sha256Digest, Option<KeyRole>, Option<u32>)>,
}

impl<F: FnMut(Output)> Teller<'_, F> {
    fn observe(&mut self, reach: Reach, place: Option<Place>, fact: Fact) {
        (self.out)(Output::Observation(Box::new(Observation {
            observed: self.visit.target.observed(),
            subject: None,
            reach,
            method: Method::ToolTest,
            at: (self.options.clock)(),
            tool: self.options.tool.clone(),
            place: place.map(Box::new),
            fact,
        })));
    }

    /// The version as it stands on the wire: hellos of DTLS are planned as those of TLS.
    fn on_wire(&self, version: Version) -> Version {
        if self.is_datagrams() { version.over_datagrams() } else { version }
    }

    fn is_datagrams(&self) -> bool {
        self.visit.target.approach() == Approach::Dtls
    }

    fn is_quic(&self) -> bool {
        self.visit.target.approach() == Approach::Quic
    }

    /// The family of a version at this endpoint, as people write it.
    fn family(&self, version: Version) -> &'static str {
        match version {
            _ if self.is_datagrams() => "DTLS",
            _ if self.is_quic() => "QUIC",
            Version::TLCP => "TLCP",
            _ => "TLS",
        }
    }

    fn artifact(&mut self, what: String, bytes: Vec<u8>) -> Place {
        let name = sha256(&bytes);
        let what: Box<str> = what.into();
        (self.out)(Output::Artifact { name, what: what.clone(), bytes });
        Place { artifact: name, what: Some(what), at: Where::Whole }
    }

    /// What each version accepts; true when nothing is missing.
    fn accepts(&mut self) -> bool {
        if self.visit.unreachable.is_some() {
            return false;
        }
        if let Some(ike) = &self.visit.ike {
            return ike.known().iter().all(|known| known.complete);
        }
        if let Some(ssh) = self.visit.ssh.as_ref().filter(|ssh| ssh.speaks()) {
            return ssh.is_complete();
        }
        if let Some((_, said)) = &self.visit.said
            && said.refusal.is_some()
        {
            // No version can be asked where there is no TLS; that is an answer, unless it cannot be read.
            return said.is_readable();
        }
        let mut complete = true;
        for mut known in self.visit.plan.known() {
            complete &= known.complete;
            let version = known.accepts.version;
            if version == Version::TLS_1_3 && known.reach == Reach::Seen {
                known.accepts.schemes.clone_from(&self.visit.schemes);
            }
            let dialogue = self.visit.dialogues.iter().find(|(of, text)| *of == version && !text.is_empty());
            let place = dialogue.map(|(_, text)| {
                let name = version_name(self.on_wire(version));
                let what = format!("{} hellos of {name} and what came back", self.visit.target);
                self.artifact(what, text.clone().into_bytes())
            });
            known.accepts.version = self.on_wire(version);
            if self.is_quic() {
                known.accepts.protocol = Protocol::Quic;
            }
            self.observe(known.reach, place.clone(), Fact::Accepts(Box::new(known.accepts)));
            if known.reach == Reach::Seen && version != Version::SSL_2_0 {
                let mut features = known.features;
                let told = self.visit.features.iter().filter(|told| told.version == version);
                told.for_each(|told| features.learn(told.clone()));
                features.version = self.on_wire(version);
                self.observe(Reach::Seen, place, Fact::Features(Box::new(features)));
            }
        }
        complete
    }

    fn quic(&mut self) {
        let named = self.visit.quic.clone().filter(|quic| self.visit.plan.answered() || !quic.versions.is_empty());
        if let Some(quic) = named {
            self.observe(Reach::Seen, None, Fact::QuicAccepts(Box::new(quic)));
        }
    }

    fn ike(&mut self) {
        let Some(ike) = &self.visit.ike else { return };
        for (reach, accepts, dialogue) in ike.accepts() {
            let place = dialogue.map(|text| {
                let what = format!("{} datagrams of IKEv{}", self.visit.target, accepts.version);
                self.artifact(what, text.as_bytes().to_vec())
            });
            self.observe(reach, place, Fact::IkeAccepts(Box::new(accepts)));
        }
        for session in ike.sessions() {
            self.observe(Reach::Seen, None, Fact::Session(Protocol::Ike, Box::new(session)));
        }
    }

    fn ssh(&mut self) {
        let Some(ssh) = &self.visit.ssh else { return };
        let Some(accepts) = ssh.accepts() else { return };
        let text = ssh.dialogues().join("\n");
        let place = self.artifact(format!("{} conversations of SSH", self.visit.target), text.into_bytes());
        self.observe(Reach::Seen, Some(place.clone()), Fact::SshAccepts(Box::new(accepts)));
        if let Some(session) = ssh.session() {
            self.observe(Reach::Seen, Some(place), Fact::Session(Protocol::Ssh, Box::new(session)));
        }
    }

    /// What was said in clear before TLS; a log-in that is offered there is a session in clear.
    fn said(&mut self) {
        let Some((upgrade, said)) = &self.visit.said else { return };
        let mut text = String::new();
        said.dialogue.iter().for_each(|(sent, bytes)| line(&mut text, *sent, bytes));
        let place = self.artifact(format!("{} before TLS", self.visit.target), text.into_bytes());
        let greeted = &said.greeted;
        let upgraded = Upgraded {
            protocol: upgrade.word().into(),
            offered: said.refusal.is_none(),
            refusal: said.refusal.as_ref().map(refusal),
            software: greeted.software.clone(),
            login_in_clear: greeted.login_in_clear,
            mechanisms: greeted.mechanisms.clone(),
            tls_required: greeted.tls_required,
            injected: said.injected,
        };
        let in_clear = !upgraded.offered || greeted.login_in_clear == Some(true);
        self.observe(Reach::Seen, Some(place.clone()), Fact::Upgraded(Box::new(upgraded)));
        if in_clear && said.is_readable() && greeted.tls_required != Some(true) {
            self.in_clear(place, upgrade.word().to_uppercase(), None);
        }
    }

    /// A session of a protocol in clear.
    fn in_clear(&mut self, place: Place, protocol: String, version: Option<Box<str>>) {
        let address = self.visit.address;
        let session = Session {
            server: address.map(|address| address.ip().to_string().into()),
            server_port: address.map(|address| address.port()),
            transport: Some("tcp".into()),
            protocol: Field::Seen(protocol.clone().into()),
            version: Field::from(version),
            certificate: Field::Absent,
            client_auth: Field::Seen(false),
            encrypted: Field::Seen(false),
            app_protocol: Field::Seen(protocol.into()),
            ..Session::default()
        };
        self.observe(Reach::Seen, Some(place), Fact::Session(Protocol::Plain, Box::new(session)));
    }

    fn certificates_in_clear(&mut self) {
        for met in self.visit.plan.certificates() {
            self.certificates(&met.list, met.version);
        }
    }

    /// Tells the certificates of a list, each once, and gives what stands in a session.
    fn certificates(&mut self, list: &[Vec<u8>], version: Version) -> Vec<Certificate> {
        let ders: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        let name = self.service_name();
        let layout = if version == Version::TLCP { Layout::Pair } else { Layout::Chain };
        let asked = Asked { on: self.options.on, name: name.as_ref(), layout, purpose: Purpose::Server };
        let certified = self.certifier.certify(&ders, &asked);
        let mut certificates = Vec::new();
        for (position, (der, certified)) in list.iter().zip(certified).enumerate() {
            let digest = sha256(der);
            let (reach, certificate) = match certified {
                Ok(certified) => (Reach::Seen, certified.certificate),
                Err(_) => {
                    let unread = Certificate {
                        sha256: hexadecimal(&digest.0).into(),
                        position: u32::try_from(position).ok(),
                        ..Certificate::default()
                    };
                    (Reach::Undecodable, unread)
                }
            };
            if self.told.insert((digest, certificate.role, certificate.position)) {
                let place = self.artifact(format!("{} certificate {position}", self.visit.target), der.clone());
                self.observe(reach, Some(place), Fact::Certificate(Box::new(certificate.clone())));
            }
            certificates.push(certificate);
        }
        certificates
    }

    fn service_name(&self) -> Option<ServiceName> {
        let name = self.visit.server_name.as_deref().map(String::from);
        name.unwrap_or_else(|| self.visit.target.host.to_string()).parse().ok()
    }

    fn handshake(&mut self, handshake: &Handshake) {
        let (learned, complete) = match &handshake.result {
            Ok(proof) => (proof.learned(), true),
            Err(stopped) => (&stopped.learned, false),
        };
        let name = version_name(self.on_wire(handshake.version));
        let what = format!("{} handshake of {name}", self.visit.target);
        let place = self.artifact(what, handshake.dialogue.clone().into_bytes());
        for proof in &learned.proofs {
            let proof = KeyProof { version: self.on_wire(proof.version), ..proof.clone() };
            self.observe(Reach::Seen, Some(place.clone()), Fact::KeyProof(Box::new(proof)));
        }
        let certificates = self.certificates(&learned.certificates, handshake.version);
        let reach = match handshake.loss {
            _ if complete || learned.suite.is_some() => Reach::Seen,
            Some(Loss::Silence | Loss::NoConnection) => Reach::Unanswered,
            _ => Reach::Refused,
        };
        let mut session = self.session(handshake.version, learned, complete, certificates);
        if let Err(stopped) = &handshake.result
            && let Stop::Misbehaved(PeerMisbehaved::Signature(_)) = &stopped.reason
        {
            session.signature_holds = Field::Seen(false);
        }
        let protocol = if handshake.version == Version::TLCP { Protocol::Tlcp } else { Protocol::Tls };
        self.observe(reach, Some(place), Fact::Session(protocol, Box::new(session)));
    }

    fn session(&self, version: Version, learned: &Learned, complete: bool, certificates: Vec<Certificate>) -> Session {
        let mut hidden = BTreeMap::new();
        let mut unless = |seen: bool, field: &str| {
            if !seen {
                hidden.insert(Box::from(field), Box::from("the handshake ended before"));
            }
        };
        unless(!certificates.is_empty(), "certificate");
        unless(learned.client_certificate_asked.is_some(), "client_auth");
        let suite = learned.suite.and_then(registry::suite);
        let address = self.visit.address;
        let signature = match (version, learned.scheme) {
            // TLCP signs with SM2 and SM3 in its ECC suites, without saying so.
            (Version::TLCP, _) => Field::Hidden,
            (_, scheme) => Field::from(scheme.map(|scheme| scheme.to_string().into())),
        };
        let transport = if self.is_datagrams() { "udp" } else { "tcp" };
        Session {
            server: address.map(|address| address.ip().to_string().into()),
            server_port: address.map(|address| address.port()),
            transport: Some(transport.into()),
            protocol: Field::Seen(self.family(version).into()),
            version: Field::Seen(version_number(self.on_wire(version)).into()),
            cipher_suite: Field::from(learned.suite.map(|suite| suite.to_string().into())),
            cipher_suite_code: Field::from(learned.suite),
            // The suites of TLS 1.3 leave it to the group, which a handshake that ended early has not shown.
            key_exchange: Field::from(
                suite
                    .filter(|entry| entry.key_exchange != KeyExchange::Tls13 || learned.group.is_some())
                    .map(|entry| exchange(entry, learned.group).into()),
            ),
            group: match learned.group {
                Some(group) => Field::Seen(group.to_string().into()),
                None if complete => Field::Absent,
                None => Field::Hidden,
            },
            signature,
            certificate: if certificates.is_empty() { Field::Hidden } else { Field::Seen(certificates) },
            client_auth: Field::from(learned.client_certificate_asked),
            resumed: if complete { Field::Seen(false) } else { Field::Hidden },
            handshake: if complete { Completion::Complete } else { Completion::Failed },
            encrypted: match suite {
                Some(entry) if complete => Field::Seen(entry.encryption.is_some()),
                _ => Field::Hidden,
            },
            sni: match (&self.visit.server_name, version) {
                (Some(name), version) if version != Version::TLCP => Field::Seen((&**name).into()),
                _ => Field::Absent,
            },
            hidden,
            ..Session::default()
        }
    }

    /// What a request for `/` brought; says of a port in clear whether it leads to TLS.
    fn web(&mut self) -> Option<bool> {
        let answer = self.visit.web.as_ref()?;
        let (version, page) = answer.page.as_ref()?;
        let place = self.artifact(format!("{} answer to GET /", self.visit.target), answer.bytes.clone());
        if !page.encrypted {
            self.in_clear(place.clone(), "HTTP".into(), Some(version.clone()));
        }
        self.observe(Reach::Seen, Some(place), Fact::WebPage(Box::new(page.clone())));
        (!page.encrypted).then(|| page.leads_to_tls())
    }

    fn coverage(&mut self, complete: bool) {
        let visit = self.visit;
        let mut speaks: Vec<Box<str>> = Vec::new();
        for known in visit.plan.known().filter(|known| known.reach == Reach::Seen) {
            let word = self.family(known.accepts.version);
            if !speaks.iter().any(|spoken| &**spoken == word) {
                speaks.push(word.into());
            }
        }
        let seen = |ike: &IkeVisit| ike.known().iter().any(|known| known.reach == Reach::Seen);
        if visit.ike.as_ref().is_some_and(seen) {
            speaks.push("IKE".into());
        }
        if visit.ssh.as_ref().is_some_and(SshVisit::speaks) {
            speaks.push(Spoken::Ssh.word().into());
        }
        if let Some((upgrade, said)) = &visit.said
            && said.is_readable()
        {
            speaks.push(upgrade.word().to_uppercase().into());
        }
        let named = visit.quic.as_ref().is_some_and(|quic| !quic.versions.is_empty());
        if named && speaks.is_empty() {
            speaks.push("QUIC".into());
        }
        let page = visit.web.as_ref().and_then(|answer| answer.page.as_ref());
        if page.is_some_and(|(_, page)| !page.encrypted) {
            speaks.push(Spoken::Http.word().into());
        } else if speaks.is_empty() && visit.plan.answered_in_tls() {
            // Alerts only: it speaks the family, and accepts nothing that is known here.
            speaks.push(self.family(Version::TLS_1_3).into());
        } else if speaks.is_empty() && visit.plan.answered() {
            let told = visit.plan.spoken().iter().filter(|&&spoken| spoken != Spoken::Unknown);
            speaks.extend(told.map(|spoken| Box::from(spoken.word())));
            if speaks.is_empty() {
                speaks.push(Spoken::Unknown.word().into());
            }
        }
        let reach = match visit.unreachable {
            Some(Unreachable::Refused) => Reach::Refused,
            Some(Unreachable::NoAnswer | Unreachable::NoAddress) => Reach::Unanswered,
            None if visit.plan.answered() || !speaks.is_empty() => Reach::Seen,
            None => Reach::Unanswered,
        };
        let coverage = Coverage { complete, speaks, connections: visit.connections(), lost: visit.lost() };
        self.observe(reach, None, Fact::Coverage(Box::new(coverage)));
    }
}

/// Why there is no TLS, in a few words.
fn refusal(refusal: &Refusal) -> Box<str> {
    match refusal {
        Refusal::NotOffered => "not offered".into(),
        Refusal::Reply(reply) => reply.clone(),
        Refusal::Unreadable { start, .. } => format!("unreadable: {start}").into(),
    }
}

/// `TLS 1.2`, `TLCP 1.1`, or the number.
fn version_name(version: Version) -> String {
    registry::version(version).map_or_else(|| version.number(), |entry| entry.name.into())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
