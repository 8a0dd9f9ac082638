//! 取证现场的形成: from the description, statements and observations to the facts of one unit on one subject.

use super::evidence::Evidence;
use crate::determine::{Scene, Source, Word};
use dengmi_core::registry::{self, IkeClass};
use dengmi_core::system::{
    Device, DeviceKind, Key, PeerOwner, PlanState, Product, Reuse, ReusedConclusion, RoomOwner, ScopeDecision, Spot,
    SubjectKind,
};
use dengmi_core::{
    Accepts, Asked, Certificate, Chain, Coverage, Date, EntryNumber, Fact, Field, IkeAccepts, IkeKind, IkeTransform,
    Method, Observation, Protocol, Reach, Session, SshAccepts, SshDirections, SshHostKey, StatedValue, Suite, Upgraded,
    Version, date, method_word,
};
use std::collections::BTreeMap;
use time::macros::date;

/// The day from which a product's certificate must come from the national body, and that body (FAQ 2).
pub(super) struct IssuerRule {
    pub(super) from: Option<Date>,
}

/// Since when the rule holds where the law's pack names no day.
const NATIONAL_BODY: &str = "商用密码检测认证中心";

/// Gathers the facts of one unit on one subject.
pub(super) struct Gather<'a> {
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) issuer: IssuerRule,
    pub(super) indicator: &'a str,
    pub(super) subject: &'a str,
    /// The line that names the subject.
    pub(super) line: Option<u32>,
    pub(super) scene: Scene,
}

impl<'a> Gather<'a> {
    /// The facts.
    pub(super) fn scene(mut self, kind: SubjectKind) -> Scene {
        self.scope();
        self.statements(self.subject);
        self.mitigations();
        match kind {
            SubjectKind::Room => self.room(),
            SubjectKind::Channel => self.channel(),
            SubjectKind::AccessPath => self.access_path(),
            SubjectKind::Boundary => self.device(true),
            SubjectKind::DeviceClass => self.device(false),
            SubjectKind::UserClass => self.user(),
            SubjectKind::AccessControlInformation => self.protected(None),
            SubjectKind::Label => self.label(),
            SubjectKind::DataKind => self.data(),
            SubjectKind::BusinessAct => self.action(),
            SubjectKind::Management => self.management(),
        }
        self.scene
    }

    fn described(&self, at: Option<&Spot>, method: Method) -> Source {
        let line = at.map(|spot| self.evidence.system.line(spot));
        Source { entry: self.evidence.described, line, method }
    }

    fn word(&mut self, word: Word, text: &str, source: Source) {
        self.scene.add(word, StatedValue::Word(text.into()), source);
    }

    fn words(&mut self, word: Word, list: Vec<Box<str>>, source: Source) {
        self.scene.add(word, StatedValue::Words(list), source);
    }

    fn truth(&mut self, word: Word, truth: bool, source: Source) {
        self.scene.add(word, StatedValue::Truth(truth), source);
    }

    // ------------------------------------------------------------ what people said and decided

    fn scope(&mut self) {
        let system = self.evidence.system;
        for scope in &system.scope {
            let for_us = scope.subject.as_ref().is_none_or(|subject| &**subject.get_ref() == self.subject);
            if &**scope.unit.get_ref() != self.indicator || !for_us {
                continue;
            }
            let source = self.described(Some(&scope.unit), Method::DocumentReview);
            let decision = match scope.decision {
                ScopeDecision::Included => "included",
                ScopeDecision::Excluded => "excluded",
                ScopeDecision::NotApplicable => "not-applicable",
                ScopeDecision::NotASubject => continue,
            };
            self.word(Word::OwnerDecision, decision, source);
            let on_paper = scope.artifact.is_some();
            self.truth(Word::OwnerArtifact, on_paper, source);
            self.truth(Word::ArgumentArtifact, on_paper, source);
            if scope.accepted_by.is_some() {
                self.truth(Word::AssessorAccepts, true, source);
            }
        }
    }

    /// What was said about the subject itself, with the methods by which a mechanism was seen at work.
    fn statements(&mut self, about: &str) {
        let methods = self.said(about, |_| true);
        for (method, source) in methods {
            self.words(Word::Evidence, vec![method_word(method).into()], source);
        }
    }

    /// What was said about a product or a key that the subject rests on. One name may also be a device's.
    fn statements_of_product(&mut self, about: &str) {
        self.said(about, Word::is_of_a_product);
    }

    fn said(&mut self, about: &str, wanted: impl Fn(Word) -> bool) -> Vec<(Method, Source)> {
        let mut methods = Vec::new();
        for said in self.evidence.said_about(about) {
            let statement = &said.statement;
            if statement.unit.as_ref().is_some_and(|unit| unit.as_str() != self.indicator) {
                continue;
            }
            if let Some(word) = Word::read(&statement.kind).filter(|word| wanted(*word)) {
                let source = Source { entry: Some(said.entry), line: None, method: said.method };
                self.scene.add(word, list_words(word, statement.value.clone()), source);
                if word.shows_effect() {
                    methods.push((said.method, source));
                }
            }
        }
        methods
    }

    /// Listed mitigations that a person tested, as the facts that the guide's mitigations ask for.
    fn mitigations(&mut self) {
        let system = self.evidence.system;
        for mitigation in &system.mitigation {
            if &**mitigation.subject.get_ref() != self.subject {
                continue;
            }
            let words: &[Word] = match &*mitigation.mitigation {
                "biometric" | "identification" => &[Word::Biometric],
                "guarded" => &[Word::GuardedEntrance],
                "out-of-band" => &[Word::OutOfBand],
                "vpn" => &[Word::ManagementThroughVpn],
                "access-and-backup" => &[Word::CompliantAuthentication, Word::RegularBackup],
                // The others follow from verdicts of this very case.
                _ => &[],
            };
            let source = self.described(Some(&mitigation.item), mitigation.method);
            for word in words {
                self.truth(*word, mitigation.works, source);
            }
        }
    }

    // ------------------------------------------------------------ products and keys

    /// The keys that serve this unit on this subject.
    fn keys(&self) -> &'a [&'a Key] {
        self.evidence.index.keys(self.indicator, self.subject)
    }

    /// K's facts: the product, the keys and the plan. `named` is the product that the subject names itself, else the one that
    /// keeps a key; the functions that are used of it are those of the keys.
    fn protected(&mut self, named: Option<&Spot>) {
        let system = self.evidence.system;
        let keys = self.keys();
        let kept =
            keys.iter().filter_map(|key| key.kept_in.as_ref()).find(|place| system.product(place.get_ref()).is_some());
        let functions: Vec<Box<str>> = keys.iter().filter_map(|key| key.algorithm.clone()).collect();
        self.kept_by(named.or(kept), &functions, keys);
    }

    /// As [`Gather::protected`] for a channel: the product is its own, and what is used of it are the protocols.
    fn channel_product(&mut self, named: Option<&Spot>) {
        self.kept_by(named, &self.protocols_in_use(), self.keys());
    }

    fn kept_by(&mut self, named: Option<&Spot>, functions: &[Box<str>], keys: &[&Key]) {
        let product = named.and_then(|name| self.evidence.system.product(name.get_ref()));
        match product {
            Some(product) => {
                self.product(product, functions);
                self.statements_of_product(product.id.get_ref());
            }
            None if self.scene.get(Word::ProductCertificate).is_none() => {
                let at = self.place_of_subject();
                self.word(Word::ProductCertificate, "none", at);
            }
            None => {}
        }
        self.key_facts(keys);
    }

    fn product(&mut self, product: &Product, functions: &[Box<str>]) {
        let source = self.described(Some(&product.id), Method::DocumentReview);
        let issuer_from = self.issuer.from.unwrap_or(date!(2025 - 07 - 01));
        let certificate = match (&product.certificate, product.contract, product.valid) {
            (None, ..) => Some("none"),
            (Some(_), Some(contract), Some([from, to])) => {
                let accepted =
                    product.issuer.as_deref().map(|issuer| contract <= issuer_from || issuer.contains(NATIONAL_BODY));
                match accepted {
                    _ if contract < from || contract > to => Some("expired-at-purchase"),
                    Some(false) => Some("issuer-not-accepted"),
                    Some(true) => Some("valid-at-purchase"),
                    None if contract <= issuer_from => Some("valid-at-purchase"),
                    None => None,
                }
            }
            _ => None,
        };
        self.word(Word::ProductCertificate, certificate.unwrap_or("unknown"), source);
        if let Some(grade) = product.grade {
            self.scene.add(Word::ProductGrade, StatedValue::Number(grade.into()), source);
        }
        if let (Some(tested), Some(deployed)) = (&product.tested_version, &product.deployed_version) {
            self.truth(Word::ProductVersionMatches, tested == deployed, source);
        }
        if let Some(followed) = product.policy_followed {
            self.truth(Word::ProductPolicyFollowed, followed, source);
        }
        if let Some(tested) = &product.functions_tested
            && !functions.is_empty()
        {
            let covered = |used: &str| tested.iter().any(|function| covers(function, used));
            self.truth(Word::ProductFunctionTested, functions.iter().all(|used| covered(used)), source);
        }
    }

    fn key_facts(&mut self, keys: &[&Key]) {
        let system = self.evidence.system;
        for key in keys {
            let source = self.described(Some(&key.id), Method::DocumentReview);
            if let Some(place) = &key.kept_in {
                let place = match system.product(place.get_ref()) {
                    Some(product) if product.certificate.is_some() => "certified-product",
                    Some(_) => "uncertified-product",
                    None => place.get_ref(),
                };
                // Of several keys the worst place counts.
                let worse = self
                    .scene
                    .get(Word::KeyPlace)
                    .is_none_or(|known| known.value == Some(StatedValue::Word("certified-product".into())));
                if worse {
                    self.scene.remove(Word::KeyPlace);
                    self.word(Word::KeyPlace, place, source);
                }
            }
            if !key.hazards.is_empty() {
                let hazards = key.hazards.iter().map(|hazard| hazard.get_ref().clone()).collect();
                self.words(Word::KeyHazards, hazards, source);
            }
            self.statements_of_product(key.id.get_ref());
        }
        let plan = &system.plan;
        let source = self.described(plan.artifact.as_ref(), Method::DocumentReview);
        match plan.state {
            Some(PlanState::Reviewed | PlanState::Assessed | PlanState::Renovation)
                if !keys.is_empty() && keys.iter().all(|key| key.as_planned == Some(true)) =>
            {
                self.word(Word::Plan, "reviewed-consistent", source);
            }
            Some(PlanState::None) => self.word(Word::Plan, "none", source),
            Some(_) => self.word(Word::Plan, "silent", source),
            None => {}
        }
    }

    fn place_of_subject(&self) -> Source {
        Source { entry: self.evidence.described, line: self.line, method: Method::DocumentReview }
    }

    // ------------------------------------------------------------ kinds of subjects

    fn room(&mut self) {
        let Some(room) = self.evidence.index.rooms.get(self.subject).copied() else { return };
        let source = self.described(Some(&room.id), Method::Interview);
        if room.owner == Some(RoomOwner::Cloud) {
            self.word(Word::OwnedBy, "cloud-platform", source);
        }
        self.reuse(room.reuse.as_ref());
        self.protected(None);
    }

    fn reuse(&mut self, report: Option<&Spot>) {
        let system = self.evidence.system;
        let Some(report) = report else { return };
        let Some(reuse) = system.reuse.iter().find(|reuse| reuse.id.get_ref() == report.get_ref()) else { return };
        let unit = reuse.units.iter().find(|unit| &**unit.unit.get_ref() == self.indicator);
        // What the report does not speak of is judged here.
        let Some(unit) = unit else { return };
        let source = self.described(Some(&unit.unit), Method::DocumentReview);
        self.truth(Word::Reuse, true, source);
        self.word(Word::PlatformUnitOutcome, &unit.outcome, source);
        self.platform(reuse, source);
    }

    fn platform(&mut self, reuse: &Reuse, source: Source) {
        if let Some(level) = reuse.level {
            self.scene.add(Word::PlatformLevel, StatedValue::Number(level.into()), source);
        }
        if let Some(conclusion) = reuse.conclusion {
            let word = match conclusion {
                ReusedConclusion::Compliant => "compliant",
                ReusedConclusion::BasicallyCompliant => "basically-compliant",
                ReusedConclusion::NonCompliant => "non-compliant",
            };
            self.word(Word::PlatformConclusion, word, source);
        }
        if let Some(current) = reuse.current {
            self.truth(Word::PlatformReportCurrent, current, source);
        }
    }

    fn channel(&mut self) {
        let Some(channel) = self.evidence.index.channels.get(self.subject).copied() else { return };
        let source = self.described(Some(&channel.id), Method::Interview);
        if let Some(limited) = channel.clients_limited {
            self.truth(Word::ClientsLimited, limited, source);
        }
        self.truth(Word::CarriesImportantData, !channel.carries.is_empty(), source);
        if channel.peer_owner == Some(PeerOwner::Other) {
            self.word(Word::PeerOwnedBy, "other", source);
        }
        self.ends(&channel.ends, true);
        self.channel_product(channel.product.as_ref());
    }

    fn protocols_in_use(&self) -> Vec<Box<str>> {
        match self.scene.get(Word::Protocol).and_then(|known| known.value.clone()) {
            Some(StatedValue::Words(list)) => list,
            Some(StatedValue::Word(one)) => vec![one],
            _ => Vec::new(),
        }
    }

    fn access_path(&mut self) {
        let Some(channel) = self.evidence.index.channels.get(self.subject).copied() else { return };
        self.protected(channel.product.as_ref());
    }

    fn device(&mut self, boundary: bool) {
        let Some(device) = self.evidence.index.devices.get(self.subject).copied() else { return };
        let source = self.described(Some(&device.id), Method::Interview);
        let kind = match device.kind {
            DeviceKind::GeneralServer => "general server",
            DeviceKind::CertifiedProduct => "certified product",
            DeviceKind::Network => "network device",
            DeviceKind::Security => "security device",
            DeviceKind::Database => "database",
            DeviceKind::Terminal => "terminal",
        };
        self.word(Word::Device, kind, source);
        if !boundary {
            self.scene.add(
                Word::Members,
                StatedValue::Number(i64::try_from(device.members.len()).unwrap_or(i64::MAX)),
                source,
            );
        }
        match self.indicator {
            "DEV-ID" => self.device_login(device, source),
            "DEV-CHAN" => self.device_management(device, source),
            _ => {
                if let Some(labels) = device.labels {
                    self.truth(Word::LabelsUsed, labels, source);
                }
                self.whole_machine(device);
            }
        }
    }

    /// The rule for whole machines: a certified product's own data are covered by its test, when it is deployed as tested.
    fn whole_machine(&mut self, device: &Device) {
        let source = self.described(Some(&device.id), Method::DocumentReview);
        let certified = device.kind == DeviceKind::CertifiedProduct;
        self.truth(Word::DeviceIsCertifiedProduct, certified, source);
        if !certified {
            return self.protected(None);
        }
        let product = device.product.as_ref().and_then(|name| self.evidence.system.product(name.get_ref()));
        let Some(product) = product else { return self.protected(None) };
        let at = self.described(Some(&product.id), Method::DocumentReview);
        self.product(product, &[]);
        self.statements_of_product(product.id.get_ref());
        self.truth(Word::ProductFunctionTested, true, at);
        if product.certificate.is_some() {
            self.word(Word::KeyPlace, "certified-product", at);
        }
        if product.policy_followed == Some(true) {
            self.word(Word::KeyLifeCycle, "sound", at);
        }
    }

    fn device_login(&mut self, device: &Device, source: Source) {
        let product = device.login.iter().find_map(|login| self.evidence.system.product(login));
        let weak = device.login.iter().find_map(|login| weak_login(login));
        if let Some(weak) = weak {
            self.word(Word::Mechanism, weak, source);
            self.words(Word::Evidence, vec!["interview".into()], source);
        }
        if device.login.iter().any(|login| login.contains("via bastion") || login.contains("堡垒机")) {
            self.truth(Word::ViaBastion, true, source);
        }
        for end in &device.management_ends {
            for (entry, observation) in self.evidence.of(end.get_ref()) {
                if let (Reach::Seen, Fact::SshAccepts(accepts)) = (observation.reach, &observation.fact)
                    && let Some(methods) = accepts.authentication.seen()
                {
                    let source = Source { entry: Some(*entry), line: None, method: observation.method };
                    self.words(Word::LoginMethods, methods.clone(), source);
                }
            }
        }
        self.protected(product.map(|product| &product.id));
    }

    fn device_management(&mut self, device: &Device, source: Source) {
        if let Some(hops) = &device.management {
            match hops.is_empty() {
                true => self.truth(Word::RemoteManagement, false, source),
                false => self.truth(Word::RemoteManagement, true, source),
            }
        }
        self.ends(&device.management_ends, false);
        self.channel_product(device.management_product.as_ref());
    }

    fn user(&mut self) {
        let system = self.evidence.system;
        let Some(user) = self.evidence.index.users.get(self.subject).copied() else { return };
        let source = self.described(Some(&user.id), Method::Interview);
        self.reuse(user.reuse.as_ref());
        let by_login = || user.login.as_deref().and_then(|login| system.product(login)).map(|product| &product.id);
        let product = user.product.as_ref().or_else(by_login);
        if let Some(weak) = user.login.as_deref().and_then(weak_login) {
            self.word(Word::Mechanism, weak, source);
            self.words(Word::Evidence, vec!["interview".into()], source);
        }
        self.protected(product);
    }

    fn label(&mut self) {
        let Some(application) = self.evidence.index.applications.get(self.subject).copied() else { return };
        if let Some(labels) = application.labels {
            let source = self.described(Some(&application.id), Method::Interview);
            self.truth(Word::LabelsUsed, labels, source);
        }
        self.protected(None);
    }

    fn data(&mut self) {
        let Some(data) = self.evidence.index.data.get(self.subject).copied() else { return };
        let source = self.described(Some(&data.id), Method::DocumentReview);
        if let Some(kind) = &data.kind {
            self.word(Word::DataKind, kind, source);
        }
        if ["APP-TCONF", "APP-TINT"].contains(&self.indicator) {
            let carrying = self.evidence.index.carrying(self.subject);
            let channels: Vec<Box<str>> = carrying.iter().map(|channel| (*channel).into()).collect();
            if !channels.is_empty() {
                self.words(Word::Channels, channels, source);
            }
        }
        self.protected(data.product.as_ref());
    }

    fn action(&mut self) {
        let Some(action) = self.evidence.index.actions.get(self.subject).copied() else { return };
        if let Some(liability) = action.legal_liability {
            let source = self.described(Some(&action.id), Method::DocumentReview);
            self.truth(Word::LegalLiability, liability, source);
        }
        self.protected(action.product.as_ref());
    }

    fn management(&mut self) {
        let system = self.evidence.system;
        let about = &system.system;
        let head = Source { entry: self.evidence.described, line: Some(1), method: Method::DocumentReview };
        for (word, day) in [(Word::LiveSince, about.live_since), (Word::Relaunched, about.relaunched)] {
            if let Some(day) = day {
                self.word(word, &date::date_text(day), head);
            }
        }
        self.truth(Word::TrialOperation, about.trial, head);
        let plan = &system.plan;
        if let Some(state) = plan.state {
            let source = self.described(plan.artifact.as_ref(), Method::DocumentReview);
            let word = match state {
                PlanState::None => "none",
                PlanState::Draft => "draft",
                PlanState::Reviewed => "reviewed",
                PlanState::Assessed => "assessed",
                PlanState::Renovation => "renovation",
            };
            self.word(Word::Plan, word, source);
            if state == PlanState::Renovation {
                self.truth(Word::PlanAssessed, true, source);
            }
        }
        let Some(shown) = system.management.iter().find(|shown| &**shown.unit.get_ref() == self.indicator) else {
            return;
        };
        let source = self.described(Some(&shown.unit), Method::DocumentReview);
        // A list that is empty says: asked, and nothing was shown.
        for (word, list) in [(Word::Documents, &shown.documents), (Word::Records, &shown.records)] {
            if let Some(list) = list {
                self.truth(word, !list.is_empty(), source);
            }
        }
        for (word, said) in [(Word::Published, shown.published), (Word::Practised, shown.practised)] {
            if let Some(said) = said {
                self.truth(word, said, source);
            }
        }
    }

    // ------------------------------------------------------------ what was seen on the wire

    /// All ends of a channel together: what any of them accepts counts. `asked` tells a channel from a management service,
    /// where a single path is the whole channel.
    fn ends(&mut self, ends: &[Spot], asked: bool) {
        let mut complete = !ends.is_empty();
        let mut unreached = None;
        let (mut mutual, mut certificates, mut signatures) = (None, None, None);
        let (mut whole, mut partly) = (None, None);
        let mut lost = Vec::new();
        for end in ends {
            let all = self.evidence.of(end.get_ref());
            let (mut finished, mut broken_off, mut coverage) = (None, false, None);
            for (entry, observation) in all {
                let source = Source { entry: Some(*entry), line: None, method: observation.method };
                if is_lost(observation, all) {
                    broken_off |= leaves_lists_open(observation);
                    lost.extend(open_words(observation, all).into_iter().map(|word| (word, source)));
                }
                if !observation.reach.supports_a_verdict() {
                    unreached.get_or_insert((observation.reach, source));
                    continue;
                }
                self.words(Word::Evidence, vec![method_word(observation.method).into()], source);
                let seen = observation.reach == Reach::Seen;
                match &observation.fact {
                    Fact::Coverage(fact) => {
                        if fact.complete && seen {
                            finished.get_or_insert(source);
                        }
                        coverage = Some(source);
                        self.speaks(fact, all, source);
                    }
                    Fact::Accepts(fact) if seen => self.accepts(fact, source),
                    Fact::SshAccepts(fact) if seen => {
                        // Its lists are whole as soon as they came, whatever else was lost.
                        if !leaves_lists_open(observation) {
                            finished = Some(source);
                        }
                        self.ssh_accepts(fact, source);
                    }
                    Fact::IkeAccepts(fact) if seen => self.ike_accepts(fact, source),
                    Fact::Upgraded(fact) if seen => self.upgraded(fact, source),
                    Fact::Features(fact) if seen => {
                        let fields: Vec<Box<str>> =
                            fact.dh_bits.iter().map(|bits| format!("DH-{bits}").into()).collect();
                        if !fields.is_empty() {
                            self.words(Word::KeyExchange, fields, source);
                        }
                        if let Some(asked) = fact.client_certificate {
                            worst(&mut mutual, asked, source);
                        }
                    }
                    Fact::Certificate(fact) if is_leaf(fact) => self.certificate(fact, &mut certificates, source),
                    Fact::Session(protocol, fact) => {
                        self.session(*protocol, fact, all, source);
                        let sent = fact.certificate.seen().into_iter().flatten();
                        for leaf in sent.filter(|one| is_leaf(one) && one.sent_by.as_deref() != Some("client")) {
                            self.certificate(leaf, &mut certificates, source);
                        }
                        if let Some(holds) = fact.signature_holds.seen() {
                            worst(&mut signatures, *holds, source);
                        }
                        if let Some(asked) = fact.client_auth.seen() {
                            // One-way counts when any session was one-way.
                            worst(&mut mutual, *asked, source);
                        }
                    }
                    _ => {}
                }
            }
            match finished.filter(|_| !broken_off) {
                Some(source) => whole = Some(source),
                None => {
                    complete = false;
                    partly = coverage.or(finished).or(partly);
                }
            }
        }
        if let Some((both, source)) = mutual {
            self.word(Word::Authentication, if both { "mutual" } else { "one-way" }, source);
        }
        if let Some((valid, source)) = certificates {
            self.truth(Word::CertificateValid, valid, source);
        }
        if let Some((hold, source)) = signatures {
            self.truth(Word::SignatureHolds, hold, source);
        }
        for (word, source) in lost {
            self.scene.lose(word, source);
        }
        if let Some(source) = partly.or(whole).or(unreached.map(|(_, source)| source)) {
            if asked || !complete {
                self.truth(Word::EnumerationComplete, complete, source);
            }
            if let (false, Some((reach, source))) = (complete, unreached) {
                let word = serde_word(reach);
                self.word(Word::Reach, &word, source);
            }
        }
    }

    /// What an end speaks, where no other fact says more of it.
    fn speaks(&mut self, coverage: &Coverage, all: &[(EntryNumber, Observation)], source: Source) {
        let seen = |told: fn(&Fact) -> bool| all.iter().any(|(_, one)| one.reach == Reach::Seen && told(&one.fact));
        let over_tls = coverage.speaks.iter().any(|name| ["TLS", "DTLS", "TLCP", "QUIC"].contains(&&**name));
        for name in &coverage.speaks {
            match &**name {
                "TLS" | "DTLS" | "TLCP" | "QUIC" => {}
                "SSH" if seen(|fact| matches!(fact, Fact::SshAccepts(_) | Fact::Session(Protocol::Ssh, _))) => {}
                "IKE" if seen(|fact| matches!(fact, Fact::IkeAccepts(_) | Fact::Session(Protocol::Ike, _))) => {}
                "HTTP" => self.words(Word::Protocol, vec!["plain HTTP".into()], source),
                "SSH" | "IKE" => self.words(Word::Protocol, vec![name.clone()], source),
                _ if seen(|fact| matches!(fact, Fact::Upgraded(_))) => {}
                // It goes over to TLS; what it does before that, nobody has seen.
                _ if over_tls => self.word(Word::Protocol, "unknown", source),
                _ => self.words(Word::Protocol, vec![name.clone()], source),
            }
        }
    }

    /// What can be done in clear, before TLS or without it.
    fn upgraded(&mut self, upgraded: &Upgraded, source: Source) {
        let unreadable = upgraded.refusal.as_deref().is_some_and(|refusal| refusal.starts_with("unreadable"));
        let in_clear = match (upgraded.tls_required, upgraded.login_in_clear) {
            _ if unreadable => None,
            (Some(required), _) => Some(!required),
            (None, Some(true)) => Some(true),
            (None, _) => (!upgraded.offered).then_some(true),
        };
        match in_clear {
            Some(true) => {
                let protocol = format!("plain {}", upgraded.protocol.to_uppercase()).into();
                self.words(Word::Protocol, vec![protocol], source);
            }
            Some(false) => {}
            None => self.word(Word::Protocol, "unknown", source),
        }
    }

    fn ssh_accepts(&mut self, accepts: &SshAccepts, source: Source) {
        let protocol = match accepts.national_profile {
            true => "CSSH".into(),
            false => format!("SSH {}", accepts.version).into(),
        };
        self.words(Word::Protocol, vec![protocol], source);
        if let Some(lists) = &accepts.lists {
            let both = |lists: &SshDirections| -> Vec<Box<str>> {
                let mut all: Vec<Box<str>> = lists.to_server.iter().chain(&lists.to_client).cloned().collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            let (ciphers, codes) = (both(&lists.cipher), both(&lists.mac));
            let exchanges = lists.key_exchange.iter().filter(|name| !is_a_signal(name)).cloned().collect();
            self.ssh_parts(exchanges, lists.host_key.clone(), ciphers, codes, source);
        }
        let keys: Vec<Box<str>> = accepts.host_keys.iter().map(host_key).collect();
        if !keys.is_empty() {
            self.words(Word::HostKey, keys, source);
        }
        if let Some(bits) = accepts.group_exchange.seen().and_then(|given| given.smallest_bits) {
            self.words(Word::KeyExchange, vec![format!("DH-{bits}").into()], source);
        }
    }

    fn ssh_parts(
        &mut self,
        exchanges: Vec<Box<str>>,
        host_keys: Vec<Box<str>>,
        ciphers: Vec<Box<str>>,
        codes: Vec<Box<str>>,
        source: Source,
    ) {
        // A code is not used with a cipher that authenticates (RFC 5647 5.1); with others it is all that authenticates.
        let (mut authenticating, others): (Vec<Box<str>>, Vec<_>) =
            ciphers.iter().cloned().partition(|name| authenticates(name));
        if !others.is_empty() {
            authenticating.extend(codes);
        }
        for (word, names) in [
            (Word::KeyExchange, exchanges),
            (Word::ProofOfIdentity, host_keys),
            (Word::Cipher, ciphers),
            (Word::MessageAuthentication, authenticating),
        ] {
            if !names.is_empty() {
                self.words(word, names, source);
            }
        }
    }

    fn ike_accepts(&mut self, accepts: &IkeAccepts, source: Source) {
        let national = accepts.profile.is_some();
        let protocol = match &accepts.profile {
            Some(profile) => format!("IKEv{} ({profile})", accepts.version),
            None => format!("IKEv{}", accepts.version),
        };
        self.words(Word::Protocol, vec![protocol.into()], source);
        let mut told: BTreeMap<Word, Vec<Box<str>>> = BTreeMap::new();
        let keyed = |hash: &str| {
            registry::algorithm(&format!("hmac-{}", hash.to_ascii_lowercase())).map(|entry| entry.name.into())
        };
        let lists = accepts.transforms.iter().flat_map(|(kind, list)| list.iter().map(move |one| (*kind, one)));
        for (kind, transform) in lists {
            let entry =
                ike_class(accepts.version, national, kind).and_then(|class| registry::ike(class, transform.number));
            let name = ike_name(entry, transform);
            match kind {
                IkeKind::Encryption => {
                    if entry.is_some_and(|entry| entry.aead) {
                        told.entry(Word::MessageAuthentication).or_default().push(name.clone());
                    }
                    told.entry(Word::Cipher).or_default().push(name);
                }
                IkeKind::Group => told.entry(Word::KeyExchange).or_default().push(name),
                IkeKind::Integrity => told.entry(Word::MessageAuthentication).or_default().push(name),
                // The hash of IKEv1 is used with a key, for integrity as for the proof by a shared key (RFC 2409 4 and 5).
                IkeKind::Hash => {
                    told.entry(Word::MessageAuthentication).or_default().push(keyed(&name).unwrap_or(name))
                }
                IkeKind::Authentication => {
                    let name = entry.map_or(name, |entry| entry.name.into());
                    told.entry(Word::ProofOfIdentity).or_default().push(name);
                }
                // In the profile of GM/T 0022 it signs and wraps the secrets of both sides.
                IkeKind::Asymmetric => {
                    told.entry(Word::KeyExchange).or_default().push(name.clone());
                    told.entry(Word::ProofOfIdentity).or_default().push(name);
                }
                // Of the function that derives keys no rule says anything; it is shown beside the verdict.
                IkeKind::Prf => {}
            }
        }
        // Who proves that it has the shared key does so by the keyed hash.
        let shared = |name: &str| name.replace('-', "").to_ascii_lowercase().contains("preshared");
        if told.get(&Word::ProofOfIdentity).is_some_and(|ways| ways.iter().any(|name| shared(name))) {
            let codes = told.get(&Word::MessageAuthentication).cloned().unwrap_or_default();
            told.entry(Word::ProofOfIdentity).or_default().extend(codes);
        }
        for (word, names) in told {
            self.words(word, names, source);
        }
    }

    fn accepts(&mut self, accepts: &Accepts, source: Source) {
        if accepts.suites.is_empty() {
            return;
        }
        let name = match accepts.protocol {
            Protocol::Tlcp => "TLCP".into(),
            _ => registry::version(accepts.version).map_or_else(|| accepts.version.number(), |entry| entry.name.into()),
        };
        self.words(Word::Protocol, vec![name.into()], source);
        let named = |suite: &Suite| match registry::suite(*suite) {
            Some(entry) => Box::from(entry.name),
            None => suite.number().into(),
        };
        let suites = match accepts.version {
            // Two bytes do not tell one kind of SSL 2.0 from another.
            Version::SSL_2_0 => accepts.suite_names.clone(),
            _ => accepts.suites.iter().map(named).collect(),
        };
        self.words(Word::Suites, suites, source);
    }

    fn certificate(&mut self, certificate: &Certificate, all_hold: &mut Option<(bool, Source)>, source: Source) {
        // One certificate that does not hold outweighs those that do.
        if let Some(holds) = holds(certificate) {
            worst(all_hold, holds, source);
        }
        let key = match &*certificate.key_alg {
            "RSA" | "DSA" => format!("{}-{}", certificate.key_alg, certificate.key_bits).into(),
            "ECDSA" => format!("EC-{}", certificate.key_bits).into(),
            other => Box::from(other),
        };
        self.words(Word::CertificateKey, vec![key], source);
        if let Some(hash) = hash_of(&certificate.sig_alg) {
            self.words(Word::CertificateHash, vec![hash.into()], source);
        }
    }

    fn session(&mut self, protocol: Protocol, session: &Session, all: &[(EntryNumber, Observation)], source: Source) {
        // A session of IKE does not say in which profile its numbers are meant; what the responder accepts does.
        let told = protocol == Protocol::Ike
            && all.iter().any(|(_, one)| one.reach == Reach::Seen && matches!(one.fact, Fact::IkeAccepts(_)));
        if let Some(name) = protocol_name(protocol, session).filter(|_| !told) {
            self.words(Word::Protocol, vec![name], source);
        }
        match protocol {
            Protocol::Tls | Protocol::Tlcp | Protocol::Quic | Protocol::Wapi => {
                if let Some(suite) = session.cipher_suite.seen() {
                    self.words(Word::Suites, vec![suite.clone()], source);
                }
            }
            Protocol::Ssh => {
                let of = |field: &Field<Box<str>>| field.seen().cloned().into_iter().collect::<Vec<_>>();
                let code = of(&session.mac).into_iter().filter(|name| !name.starts_with("implicit")).collect();
                let (exchange, key) = (of(&session.key_exchange), of(&session.host_key_alg));
                self.ssh_parts(exchange, key, of(&session.cipher), code, source);
            }
            Protocol::Ike | Protocol::Named | Protocol::Plain => {}
        }
    }
}

/// Whether the certificate is the service's own, not an issuer's.
fn is_leaf(certificate: &Certificate) -> bool {
    matches!((certificate.role, certificate.position), (Some(_), _) | (None, Some(0)))
}

/// Whether a certificate holds on the day. `None`: nobody checked, or its root is not known here.
fn holds(certificate: &Certificate) -> Option<bool> {
    let checked = certificate.checked.as_ref()?;
    let chain_fails = matches!(checked.chain, Chain::Broken | Chain::SelfSigned);
    if !checked.in_validity || chain_fails || checked.name_matches == Some(false) {
        return Some(false);
    }
    (checked.chain == Chain::Trusted).then_some(true)
}

/// The name under which a session's protocol is judged; a session says the bare number of its version. `None`: not seen.
fn protocol_name(protocol: Protocol, session: &Session) -> Option<Box<str>> {
    let version = session.version.seen().map(|version| &**version);
    Some(match protocol {
        Protocol::Tls => match version? {
            version if session.protocol.seen().is_some_and(|name| &**name == "DTLS") => {
                format!("DTLS {version}").into()
            }
            version @ ("2.0" | "3.0") => format!("SSL {version}").into(),
            version if version.starts_with(|first: char| first.is_ascii_digit()) => format!("TLS {version}").into(),
            named => named.into(),
        },
        Protocol::Tlcp => "TLCP".into(),
        Protocol::Ssh => format!("SSH {}", version.unwrap_or("2.0")).into(),
        Protocol::Ike => match version {
            Some("1.1") => "IKEv1 (GM/T 0022)".into(),
            Some(version) => format!("IKEv{}", version.split('.').next().unwrap_or(version)).into(),
            None => "IKE".into(),
        },
        // QUIC is secured by TLS 1.3 and nothing else (RFC 9001).
        Protocol::Quic => "TLS 1.3".into(),
        Protocol::Wapi => "WAPI".into(),
        Protocol::Named => session.protocol.seen().map_or("unknown".into(), Clone::clone),
        Protocol::Plain => {
            let name =
                session.app_protocol.seen().map_or("plain".into(), |name| format!("plain {}", name.to_uppercase()));
            name.into()
        }
    })
}

/// The worse of what is known and one more, with what says so.
fn worst(known: &mut Option<(bool, Source)>, good: bool, source: Source) {
    if known.is_none_or(|(before, _)| before) {
        *known = Some((good, source));
    }
}

/// Names in a list of key exchanges that are none: what a side can do besides (RFC 8308, strict key exchange).
fn is_a_signal(name: &str) -> bool {
    name.starts_with("ext-info-") || name.starts_with("kex-strict-")
}

/// Whether a cipher of SSH authenticates by itself.
fn authenticates(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["gcm", "ccm", "poly1305"].iter().any(|mode| lower.contains(mode))
}

/// `RSA-3072`, `EC-256`, `Ed25519`, or the name of its format where that is not known.
fn host_key(key: &SshHostKey) -> Box<str> {
    let ids = registry::ssh_name("host key", &key.kind).map_or(&[][..], |entry| entry.algorithms);
    let mut keys = ids.iter().filter_map(|id| registry::algorithm(id)).filter(|entry| entry.kind != "hash").rev();
    match (keys.next(), key.bits) {
        // The last is the most exact one: a curve behind its family.
        (Some(entry), Some(bits)) if ["rsa", "dsa"].contains(&entry.family) => format!("{}-{bits}", entry.name).into(),
        (Some(entry), _) => entry.name.into(),
        (None, _) => key.kind.clone(),
    }
}

fn ike_class(version: u8, national: bool, kind: IkeKind) -> Option<IkeClass> {
    Some(match (kind, version, national) {
        (IkeKind::Encryption, _, true) => IkeClass::EncryptionGmt0022,
        (IkeKind::Hash, _, true) => IkeClass::HashGmt0022,
        (IkeKind::Authentication, _, true) => IkeClass::AuthenticationGmt0022,
        (IkeKind::Asymmetric, _, _) => IkeClass::AsymmetricGmt0022,
        (IkeKind::Encryption, 2, false) => IkeClass::Encryption2,
        (IkeKind::Encryption, 1, false) => IkeClass::Encryption1,
        (IkeKind::Hash, 1, false) => IkeClass::Hash1,
        (IkeKind::Authentication, 1, false) => IkeClass::Authentication1,
        (IkeKind::Integrity, 2, false) => IkeClass::Integrity,
        (IkeKind::Group, _, _) => IkeClass::KeyExchange,
        _ => return None,
    })
}

/// The algorithm that a transform stands for by the registry's name; where it knows none, what the transform is called.
fn ike_name(entry: Option<&registry::IkeEntry>, transform: &IkeTransform) -> Box<str> {
    let algorithm = entry.and_then(|entry| {
        let place = match transform.key_bits {
            Some(bits) => entry.key_bits.iter().position(|known| *known == bits)?,
            None => 0,
        };
        registry::algorithm(entry.algorithms.get(place)?)
    });
    match (algorithm, transform.key_bits) {
        (Some(algorithm), _) => algorithm.name.into(),
        (None, Some(bits)) => format!("{}-{bits}", transform.name).into(),
        (None, None) => transform.name.clone(),
    }
}

/// Whether an observation brought no answer, or not all, and no other one in the case answers the same question.
fn is_lost(observation: &Observation, all: &[(EntryNumber, Observation)]) -> bool {
    let answers = |one: &Observation| {
        let asked = match &one.fact {
            Fact::Accepts(accepts) => accepts.asked,
            Fact::SshAccepts(accepts) => accepts.asked,
            Fact::IkeAccepts(accepts) => accepts.asked,
            _ => Asked::Registry,
        };
        one.reach.supports_a_verdict() && asked != Asked::Partly
    };
    !answers(observation)
        && !all.iter().any(|(_, other)| answers(other) && same_question(&other.fact, &observation.fact))
}

fn same_question(one: &Fact, other: &Fact) -> bool {
    match (one, other) {
        (Fact::Accepts(one), Fact::Accepts(other)) => (one.protocol, one.version) == (other.protocol, other.version),
        (Fact::SshAccepts(_), Fact::SshAccepts(_)) | (Fact::Upgraded(_), Fact::Upgraded(_)) => true,
        (Fact::IkeAccepts(one), Fact::IkeAccepts(other)) => {
            (one.version, &one.profile) == (other.version, &other.profile)
        }
        (Fact::Features(one), Fact::Features(other)) => one.version == other.version,
        (Fact::Certificate(one), Fact::Certificate(other)) => one.sha256 == other.sha256,
        (Fact::Session(protocol, one), Fact::Session(of, other)) => protocol == of && one.version == other.version,
        _ => false,
    }
}

/// Whether the lists of what is accepted are not whole.
fn leaves_lists_open(observation: &Observation) -> bool {
    let unseen = !observation.reach.supports_a_verdict();
    match &observation.fact {
        Fact::Accepts(accepts) => unseen || accepts.asked == Asked::Partly,
        Fact::IkeAccepts(accepts) => unseen || accepts.asked == Asked::Partly,
        // Who speaks nothing but protocol 1 has no such lists.
        Fact::SshAccepts(accepts) => {
            let only_1 = !accepts.national_profile && accepts.version.starts_with("1.") && &*accepts.version != "1.99";
            unseen || (accepts.lists.is_none() && !only_1)
        }
        _ => false,
    }
}

const NEGOTIATED: [Word; 5] =
    [Word::KeyExchange, Word::ProofOfIdentity, Word::HostKey, Word::Cipher, Word::MessageAuthentication];

/// What stays unknown when a look at this brought nothing, or not all. Lists of suites are told by the coverage.
fn open_words(observation: &Observation, all: &[(EntryNumber, Observation)]) -> Vec<Word> {
    let lists_are_told = || {
        let told = |one: &Observation| matches!(one.fact, Fact::SshAccepts(_)) && !leaves_lists_open(one);
        all.iter().any(|(_, one)| told(one))
    };
    match &observation.fact {
        Fact::Certificate(certificate) if !is_leaf(certificate) => vec![],
        Fact::Certificate(_) => vec![Word::CertificateKey, Word::CertificateHash, Word::CertificateValid],
        Fact::Session(Protocol::Ssh, _) if !lists_are_told() => [&NEGOTIATED[..], &[Word::Authentication]].concat(),
        Fact::Session(..) => vec![Word::Authentication],
        Fact::Features(_) => vec![Word::KeyExchange, Word::Authentication],
        Fact::Upgraded(_) => vec![Word::Protocol],
        Fact::IkeAccepts(_) => NEGOTIATED.to_vec(),
        Fact::SshAccepts(_) if leaves_lists_open(observation) => NEGOTIATED.to_vec(),
        Fact::SshAccepts(accepts) => [("host_keys", Word::HostKey), ("group_exchange", Word::KeyExchange)]
            .into_iter()
            .filter(|(field, _)| accepts.hidden.contains_key(*field))
            .map(|(_, word)| word)
            .collect(),
        _ => vec![],
    }
}

/// `SM4` covers `SM4-CBC`; `TLCP` covers `TLCP` and nothing else.
fn covers(tested: &str, used: &str) -> bool {
    let (tested, used) = (tested.to_ascii_lowercase(), used.to_ascii_lowercase());
    used == tested || used.strip_prefix(&*tested).is_some_and(|rest| rest.starts_with('-'))
}

/// What a description alone can say of a log-in: only that it is no cryptography. That it is one, somebody must see.
fn weak_login(login: &str) -> Option<&'static str> {
    let lower = login.to_lowercase();
    if lower.contains("sms") || lower.contains("短信") {
        Some("sms-code")
    } else if lower.contains("password") || lower.contains("口令") || lower.contains("密码") {
        Some("password")
    } else {
        None
    }
}

/// The hash of a signature algorithm's name.
fn hash_of(signature: &str) -> Option<&'static str> {
    let lower = signature.to_ascii_lowercase().replace('-', "");
    [
        ("sm3", "SM3"),
        ("md5", "MD5"),
        ("sha1", "SHA-1"),
        ("sha224", "SHA-224"),
        ("sha256", "SHA-256"),
        ("sha384", "SHA-384"),
        ("sha512", "SHA-512"),
    ]
    .into_iter()
    .find(|(part, _)| lower.contains(part))
    .map(|(_, name)| name)
}

/// Words that hold lists take a single word as a list of one.
fn list_words(word: Word, value: StatedValue) -> StatedValue {
    match value {
        StatedValue::Word(one) if word.is_a_list() && &*one != "unknown" => StatedValue::Words(vec![one]),
        value => value,
    }
}

fn serde_word(reach: Reach) -> String {
    serde_json::to_value(reach).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
