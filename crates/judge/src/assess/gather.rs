//! 取证现场的形成: from the description, statements and observations to the facts of one unit on one subject.

use super::evidence::Evidence;
use crate::determine::{Scene, Source, Word};
use dengmi_core::system::{
    Device, DeviceKind, Key, PeerOwner, PlanState, Product, Reuse, ReusedConclusion, RoomOwner, ScopeDecision, Spot,
    SubjectKind,
};
use dengmi_core::{
    Accepts, Asked, Certificate, Chain, Coverage, Date, EntryNumber, Fact, Method, Observation, Protocol, Reach,
    Session, StatedValue, Suite, Version, date, method_word, registry,
};
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
        let mut mutual: Option<(bool, Source)> = None;
        let (mut coverage, mut certificates) = (None, None);
        let mut lost = Vec::new();
        for end in ends {
            let all = self.evidence.of(end.get_ref());
            let (mut finished, mut broken_off) = (false, false);
            for (entry, observation) in all {
                let source = Source { entry: Some(*entry), line: None, method: observation.method };
                if is_lost(observation, all) {
                    broken_off |= matches!(&observation.fact, Fact::Accepts(_));
                    lost.extend(open_words(&observation.fact).iter().map(|word| (*word, source)));
                }
                if !observation.reach.supports_a_verdict() {
                    unreached.get_or_insert((observation.reach, source));
                    continue;
                }
                self.words(Word::Evidence, vec![method_word(observation.method).into()], source);
                match &observation.fact {
                    Fact::Coverage(fact) => {
                        finished |= fact.complete && observation.reach == Reach::Seen;
                        coverage = Some(source);
                        self.speaks(fact, source);
                    }
                    Fact::Accepts(fact) if observation.reach == Reach::Seen => self.accepts(fact, source),
                    Fact::Certificate(fact) if is_leaf(fact) => {
                        self.certificate(fact, source);
                        // One certificate that does not hold outweighs those that do.
                        if let Some(one) = holds(fact) {
                            let valid = certificates.is_none_or(|(valid, _): (bool, _)| valid) && one;
                            certificates = Some((valid, source));
                        }
                    }
                    Fact::Session(protocol, fact) => {
                        self.session(*protocol, fact, source);
                        if let Some(asked) = fact.client_auth.seen() {
                            // One-way counts when any session was one-way.
                            let both = mutual.is_none_or(|(both, _)| both) && *asked;
                            mutual = Some((both, source));
                        }
                    }
                    _ => {}
                }
            }
            complete &= finished && !broken_off;
        }
        if let Some((both, source)) = mutual {
            self.word(Word::Authentication, if both { "mutual" } else { "one-way" }, source);
        }
        if let Some((valid, source)) = certificates {
            self.truth(Word::CertificateValid, valid, source);
        }
        for (word, source) in lost {
            self.scene.lose(word, source);
        }
        if let Some(source) = coverage.or(unreached.map(|(_, source)| source)) {
            if asked || !complete {
                self.truth(Word::EnumerationComplete, complete, source);
            }
            if let (false, Some((reach, source))) = (complete, unreached) {
                let word = serde_word(reach);
                self.word(Word::Reach, &word, source);
            }
        }
    }

    fn speaks(&mut self, coverage: &Coverage, source: Source) {
        let clear: Vec<Box<str>> = coverage
            .speaks
            .iter()
            .filter(|name| !["TLS", "TLCP"].contains(&&***name))
            .map(|name| if &**name == "HTTP" { "plain HTTP".into() } else { name.clone() })
            .collect();
        if !clear.is_empty() {
            self.words(Word::Protocol, clear, source);
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

    fn certificate(&mut self, certificate: &Certificate, source: Source) {
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

    fn session(&mut self, protocol: Protocol, session: &Session, source: Source) {
        if let Some(name) = protocol_name(protocol, session) {
            self.words(Word::Protocol, vec![name], source);
        }
        if let Some(suite) = session.cipher_suite.seen().filter(|_| protocol != Protocol::Plain) {
            self.words(Word::Suites, vec![suite.clone()], source);
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
            version @ ("2.0" | "3.0") => format!("SSL {version}").into(),
            version if version.starts_with(|first: char| first.is_ascii_digit()) => format!("TLS {version}").into(),
            named => named.into(),
        },
        Protocol::Tlcp => "TLCP".into(),
        Protocol::Ssh => format!("SSH {}", version.unwrap_or("2.0")).into(),
        Protocol::Ike => "IKE".into(),
        // QUIC is secured by TLS 1.3 and nothing else (RFC 9001).
        Protocol::Quic => "TLS 1.3".into(),
        Protocol::Wapi => "WAPI".into(),
        Protocol::Plain => {
            let name =
                session.app_protocol.seen().map_or("plain".into(), |name| format!("plain {}", name.to_uppercase()));
            name.into()
        }
    })
}

/// Whether an observation brought no answer, and no other one in the case answers the same question.
fn is_lost(observation: &Observation, all: &[(EntryNumber, Observation)]) -> bool {
    let answers = |one: &Observation| {
        let partly = matches!(&one.fact, Fact::Accepts(accepts) if accepts.asked == Asked::Partly);
        one.reach.supports_a_verdict() && !partly
    };
    !answers(observation)
        && !all.iter().any(|(_, other)| answers(other) && same_question(&other.fact, &observation.fact))
}

fn same_question(one: &Fact, other: &Fact) -> bool {
    match (one, other) {
        (Fact::Accepts(one), Fact::Accepts(other)) => (one.protocol, one.version) == (other.protocol, other.version),
        (Fact::Certificate(one), Fact::Certificate(other)) => one.sha256 == other.sha256,
        (Fact::Session(protocol, one), Fact::Session(of, other)) => protocol == of && one.version == other.version,
        _ => false,
    }
}

/// What stays unknown when a look at this brought nothing. Lists of suites are told by the coverage.
fn open_words(fact: &Fact) -> &'static [Word] {
    match fact {
        Fact::Certificate(certificate) if !is_leaf(certificate) => &[],
        Fact::Certificate(_) => &[Word::CertificateKey, Word::CertificateHash, Word::CertificateValid],
        Fact::Session(..) => &[Word::Authentication],
        _ => &[],
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
    let is_list = matches!(
        word,
        Word::Protocol
            | Word::Suites
            | Word::Algorithm
            | Word::CertificateKey
            | Word::CertificateHash
            | Word::KeyHazards
            | Word::Channels
            | Word::ChannelScores
            | Word::Evidence
    );
    match value {
        StatedValue::Word(one) if is_list && &*one != "unknown" => StatedValue::Words(vec![one]),
        value => value,
    }
}

fn serde_word(reach: Reach) -> String {
    serde_json::to_value(reach).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
