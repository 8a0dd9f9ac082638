//! From failing predicates to what mends them, and which problems are the worst.

use super::Input;
use crate::texts::{Remedy, fill, fill_one, list, pair, same};
use dengmi_core::registry::{self, Family, SshEntry, SuiteEntry};
use dengmi_core::{Exact, IndicatorId, StatedValue, SubjectId, Text};
use dengmi_judge::assess::{Determination, NONE_LISTED, Unit};
use dengmi_judge::determine::{Outcome, RiskState, Rules, Step, Truth, Weighed, Word};
use dengmi_judge::score::Score;
use num_traits::Zero;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One determination that is not what it should be, with what mends it.
pub(crate) struct Finding<'a> {
    /// The unit.
    pub(crate) unit: &'a Unit,
    /// The determination.
    pub(crate) determination: &'a Determination,
    /// What mends it, the first thing first. Never empty.
    pub(crate) remedies: Vec<Mending>,
    /// Marks of the total that it surely costs.
    pub(crate) marks: Exact,
}

/// A remedy with its places filled for one determination.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Mending {
    /// Its name in `remediation.toml`.
    pub(crate) remedy: &'static str,
    /// What is wrong.
    pub(crate) problem: Text,
    /// What to do.
    pub(crate) fix: Text,
    /// Step by step.
    pub(crate) steps: Vec<Text>,
    /// A configuration to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) example: Option<String>,
}

/// Findings that the same first remedy mends.
pub(crate) struct Problem<'a> {
    /// The worst state of a high-risk item among them.
    pub(crate) state: RiskState,
    /// Marks of the total that they surely cost together.
    pub(crate) marks: Exact,
    /// The findings, the worst first. Never empty.
    pub(crate) findings: Vec<Finding<'a>>,
}

impl Problem<'_> {
    /// The remedy that they share, filled for the worst of them.
    pub(crate) fn mending(&self) -> Option<&Mending> {
        self.findings.first().and_then(|finding| finding.remedies.first())
    }

    /// Whom it concerns, the worst first, each once.
    pub(crate) fn subjects(&self) -> Vec<&SubjectId> {
        let mut subjects: Vec<&SubjectId> = Vec::new();
        for finding in &self.findings {
            if !subjects.contains(&&finding.determination.subject) {
                subjects.push(&finding.determination.subject);
            }
        }
        subjects
    }

    /// Which units it concerns, each once.
    pub(crate) fn indicators(&self) -> Vec<&IndicatorId> {
        let mut indicators: Vec<&IndicatorId> = Vec::new();
        for finding in &self.findings {
            if !indicators.contains(&&finding.unit.indicator) {
                indicators.push(&finding.unit.indicator);
            }
        }
        indicators
    }
}

/// Every problem, the worst first: open high risks, then candidates, then by the marks that they cost.
pub(crate) fn problems<'a>(input: &Input<'a>) -> Vec<Problem<'a>> {
    let mut groups: BTreeMap<&'static str, Vec<Finding<'a>>> = BTreeMap::new();
    for finding in findings(input) {
        let Some(first) = finding.remedies.first() else { continue };
        groups.entry(first.remedy).or_default().push(finding);
    }
    let mut problems: Vec<Problem<'a>> = groups
        .into_values()
        .map(|mut findings| {
            findings.sort_by_key(|finding| Reverse((state(finding.determination), finding.marks)));
            let worst = findings.iter().map(|finding| state(finding.determination)).max().unwrap_or(RiskState::None);
            Problem { state: worst, marks: findings.iter().map(|finding| finding.marks).sum(), findings }
        })
        .collect();
    // Mitigated problems lose marks like any other: beyond open and candidate the state does not order.
    let rank = |problem: &Problem<'_>| match problem.state {
        RiskState::Open => 2,
        RiskState::Candidate => 1,
        RiskState::Mitigated | RiskState::None => 0,
    };
    problems.sort_by_key(|problem| Reverse((rank(problem), problem.marks)));
    problems
}

/// Every determination that is partly or not conform, in the standard's order.
fn findings<'a>(input: &Input<'a>) -> Vec<Finding<'a>> {
    let rules = Rules::of(input.law, input.assessment.on);
    let mut all = Vec::new();
    for unit in &input.assessment.units {
        for determination in &unit.subjects {
            let bad = matches!(determination.counted.outcome, Outcome::NotConform | Outcome::Partly);
            if bad || state(determination) == RiskState::Open {
                let remedies = Mender { input, unit, determination, rules: rules.as_ref() }.mend();
                let marks = marks_lost(input, unit, determination);
                all.push(Finding { unit, determination, remedies, marks });
            }
        }
    }
    all
}

/// The worst state of a high-risk item on a determination.
pub(crate) fn state(determination: &Determination) -> RiskState {
    determination.risks.iter().map(|risk| risk.state).max().unwrap_or(RiskState::None)
}

/// Marks of the total that an object of a unit is worth in all.
pub(crate) fn marks_of_object(score: &Score, unit: &Unit) -> Exact {
    let Some(of_unit) = score.units.get(&unit.indicator) else { return Exact::zero() };
    let objects = of_unit.objects.iter().filter(|object| object.counted.is_some()).count();
    let Some(layer) = score.layers.get(&unit.layer) else { return Exact::zero() };
    let group = score.groups.iter().find(|group| group.parts.iter().any(|part| part.name == unit.layer));
    let Some(group) = group else { return Exact::zero() };
    let part_of = |parts: &[dengmi_judge::score::Part], name: &str| {
        let all: Exact = parts.iter().map(|part| part.weight.exact()).sum();
        let ours = parts.iter().find(|part| &*part.name == name).map_or_else(Exact::zero, |part| part.weight.exact());
        if all.is_zero() { all } else { ours / all }
    };
    let Ok(objects) = i128::try_from(objects) else { return Exact::zero() };
    if objects == 0 {
        return Exact::zero();
    }
    group.share.exact() * part_of(&group.parts, &unit.layer) * part_of(&layer.parts, unit.indicator.as_str())
        / Exact::from_integer(objects)
}

fn marks_lost(input: &Input<'_>, unit: &Unit, determination: &Determination) -> Exact {
    let Ok(score) = &input.assessment.score else { return Exact::zero() };
    let object = score
        .units
        .get(&unit.indicator)
        .and_then(|of_unit| of_unit.objects.iter().find(|object| object.subject == determination.subject));
    let Some(counted) = object.and_then(|object| object.counted) else { return Exact::zero() };
    marks_of_object(score, unit) * (Exact::from_integer(1) - counted.high.exact())
}

/// Chooses and fills the remedies of one determination.
struct Mender<'i, 'a> {
    input: &'i Input<'a>,
    unit: &'i Unit,
    determination: &'i Determination,
    rules: Option<&'i Rules>,
}

impl Mender<'_, '_> {
    fn mend(&self) -> Vec<Mending> {
        let mut names: Vec<&'static str> = Vec::new();
        let mut add = |name: &'static str| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        match &self.determination.verdict.weighed {
            Weighed::Technical { d, a, k } => {
                failing(d).into_iter().filter_map(|rule| self.remedy_of(rule)).for_each(&mut add);
                if a.as_ref().is_some_and(|a| a.truth == Truth::No) {
                    self.algorithms().into_iter().for_each(&mut add);
                }
                let of_k = k.iter().flat_map(failing);
                of_k.filter_map(|rule| self.remedy_of(rule)).for_each(&mut add);
            }
            Weighed::Management { written, lived } => {
                // What is not written cannot be lived yet.
                let rules = if written.truth == Truth::No { failing(written) } else { failing(lived) };
                rules.into_iter().filter_map(|rule| self.remedy_of(rule)).for_each(&mut add);
            }
            Weighed::Nothing if self.determination.counted.outcome == Outcome::NotConform => add("platform-result"),
            Weighed::Nothing => {}
        }
        if self.determination.risks.iter().any(|risk| risk.state == RiskState::Open && &*risk.problem == "self-made")
            && !names.contains(&"replace-own-design")
        {
            names.insert(0, "replace-own-design");
        }
        if names.is_empty() {
            names.push("as-ruled");
        }
        names.into_iter().filter_map(|name| self.fill(name)).collect()
    }

    /// The remedy of a failing predicate.
    fn remedy_of(&self, rule: &str) -> Option<&'static str> {
        let indicator = self.unit.indicator.as_str();
        Some(match rule {
            "peer-authenticated" | "records-have-integrity" | "records-are-encrypted" if self.in_clear() => {
                "protect-channel"
            }
            "peer-authenticated" | "records-have-integrity" | "records-are-encrypted" => "drop-null-suites",
            "mutual-at-level-4" => "mutual",
            "management-is-protected" => "protect-management",
            "identity-by-cryptography" => match indicator {
                "PHY-ID" => "door",
                "DEV-ID" => "device-login",
                "NET-ACCESS" => "access-devices",
                _ => "application-login",
            },
            "integrity-by-cryptography" => match indicator {
                "PHY-LOG" | "PHY-CCTV" => "keyed-records",
                "DEV-EXE" => "signed-executables",
                "APP-TINT" => "keyed-messages",
                "APP-SINT" | "APP-ACL" | "APP-LABEL" => "keyed-storage",
                _ => "keyed-device-data",
            },
            "confidentiality-by-cryptography" if indicator == "APP-TCONF" => "encrypt-messages",
            "confidentiality-by-cryptography" | "encrypted-at-a-fitting-layer" => "encrypt-storage",
            "signed-by-the-signer" => "personal-signature",
            "secret-key-takes-part" => "secret-key",
            "change-is-noticed" => "verify-values",
            "verified-in-operation" => "signed-executables",
            "not-self-made-without-proof" => "replace-own-design",
            "product-compliant" => "certified-product",
            "client-product-compliant" => "client-product",
            "version-as-tested" => "tested-version",
            "function-tested" => "tested-function",
            "policy-followed" => "security-policy",
            "grade-sufficient" => "higher-grade",
            "key-management-sound" => "key-management",
            "no-key-hazard" => "key-hazard",
            "password-derivation-sound" => "password-derivation",
            "documents-exist" => "write-it",
            "published" => "publish-it",
            "practised" => "practise-it",
            "recorded" => "record-it",
            "reporting-prepared" => "reporting-form",
            "plan-exists" => "make-plan",
            "plan-passed" => "pass-plan",
            "assessed-before-operation" => "assess-before",
            "assessment-passed" => "pass-assessment",
            // `device-is-certified-product` and `trial-and-ruled` are one of several ways; their lack is mended by the others.
            _ => return None,
        })
    }

    /// The remedies of A: what is urgent before what is foreign.
    fn algorithms(&self) -> Vec<&'static str> {
        if !self.is_channel() {
            return vec!["sm-algorithm"];
        }
        let mut names = Vec::new();
        if !self.weak_protocols().is_empty() {
            names.push("drop-weak-versions");
        }
        let protocols: Vec<String> =
            self.words(Word::Protocol).iter().filter_map(|name| registry_protocol(name)).collect();
        let speaks = |starts: &[&str]| protocols.iter().any(|id| starts.iter().any(|start| id.starts_with(start)));
        let negotiates = [("sm-secure-shell", speaks(&["ssh", "cssh"])), ("sm-ipsec", speaks(&["ike", "ipsec"]))];
        let suites = negotiates.iter().all(|(_, speaks)| !speaks) || speaks(&["tls", "ssl", "tlcp", "dtls"]);
        if self.parts().iter().any(|part| part.weak) {
            names.push(if suites { "drop-weak-suites" } else { "drop-weak-algorithms" });
        }
        names.extend(suites.then_some("sm-channel"));
        names.extend(negotiates.into_iter().filter(|(_, speaks)| *speaks).map(|(remedy, _)| remedy));
        names
    }

    /// The names of what is accepted: suites, and what SSH and IKE negotiate part by part.
    fn accepted(&self) -> Vec<Box<str>> {
        let words = [Word::Suites, Word::Cipher, Word::MessageAuthentication, Word::KeyExchange, Word::ProofOfIdentity];
        words.into_iter().flat_map(|word| self.words(word)).collect()
    }

    fn is_channel(&self) -> bool {
        !self.words(Word::Protocol).is_empty()
    }

    fn in_clear(&self) -> bool {
        self.words(Word::Protocol).iter().any(|name| registry_protocol(name).is_none())
    }

    /// Protocols that are accepted and whose defects are known.
    fn weak_protocols(&self) -> Vec<Box<str>> {
        let weak = |name: &str| registry_protocol(name).is_some_and(|id| self.is_weak(&id));
        self.words(Word::Protocol).into_iter().filter(|name| weak(name)).collect()
    }

    /// Whether the high-risk guide concerns a component.
    fn is_weak(&self, id: &str) -> bool {
        self.rules.and_then(|rules| rules.verdict(id)).is_some_and(|verdict| verdict.risk.is_some())
    }

    /// The algorithms that the judge weighed and that do not comply, with the suites they come from.
    fn parts(&self) -> Vec<Part> {
        let suites: Vec<Box<str>> = self.accepted();
        let mut parts: Vec<Part> = Vec::new();
        for (id, complies) in self.determination.steps().into_iter().flat_map(|step| &step.components) {
            let name = component_name(id);
            if *complies != Truth::No || registry_protocol(id).is_some() || parts.iter().any(|part| *part.name == *name)
            {
                continue;
            }
            let is_ours = |part: &str| component_name(part) == name;
            let serves = |suite: &str| {
                let of_ssh = ["kex", "host key", "cipher", "mac"].map(|kind| registry::ssh_name(kind, suite));
                // The hash inside the name of a key exchange is not weighed.
                let counts = |kind: &str, id: &str| {
                    kind != "kex" || registry::algorithm(id).is_none_or(|entry| entry.kind != "hash")
                };
                let of_entry = |entry: &'static SshEntry| entry.algorithms.iter().filter(|id| counts(entry.kind, id));
                let named = of_ssh.into_iter().flatten().flat_map(of_entry);
                let suite_parts = registry::suite_named(suite)
                    .map(|entry| [entry.encryption, entry.integrity(), entry.authentication.algorithm()]);
                is_ours(suite)
                    || named.copied().any(is_ours)
                    || suite_parts.into_iter().flatten().flatten().any(is_ours)
            };
            parts.push(Part {
                name: name.into(),
                weak: self.is_weak(id),
                suites: suites.iter().filter(|suite| serves(suite)).cloned().collect(),
            });
        }
        parts
    }

    /// The values of a word that any step of this determination used.
    fn words(&self, word: Word) -> Vec<Box<str>> {
        match self.value(word) {
            Some(StatedValue::Words(list)) => list.clone(),
            Some(StatedValue::Word(one)) => vec![one.clone()],
            _ => Vec::new(),
        }
    }

    fn value(&self, word: Word) -> Option<&StatedValue> {
        let steps = self.determination.steps();
        steps.into_iter().flat_map(|step| &step.used).find(|used| used.word == word.text())?.value.as_ref()
    }

    fn fill(&self, name: &'static str) -> Option<Mending> {
        let remedy: &Remedy = self.input.texts.remedies.get(name)?;
        let values = self.values(name);
        Some(Mending {
            remedy: name,
            problem: fill(&remedy.problem, &values),
            fix: fill(&remedy.fix, &values),
            steps: remedy.steps.iter().map(|step| fill(step, &values)).collect(),
            example: remedy.example.as_ref().map(|example| {
                let value = |place: &str| values.iter().find(|(key, _)| *key == place).map(|(_, value)| &*value.zh);
                fill_one(example.trim_matches('\n'), value)
            }),
        })
    }

    fn values(&self, remedy: &str) -> Vec<(&'static str, Text)> {
        let texts = self.input.texts;
        let judge = &texts.judge;
        let none = || texts.report.none.clone();
        let names = |list: Vec<Box<str>>| match list.is_empty() {
            true => none(),
            false => same(&list.join(", ")),
        };
        let shown = |list: Vec<Box<str>>| match list.is_empty() {
            true => none(),
            false => judge.value(&StatedValue::Words(list)),
        };
        let parts = self.parts();
        let suites = self.words(Word::Suites);
        let entries =
            || suites.iter().filter_map(|name| registry::suite_named(name).map(|entry| (name.clone(), entry)));
        let kept: Vec<Box<str>> = entries().filter(|(_, entry)| is_sm(entry)).map(|(name, _)| name).collect();
        let drop: Vec<Box<str>> = match remedy {
            "drop-weak-suites" | "drop-weak-algorithms" => {
                let weak = parts.iter().filter(|part| part.weak).flat_map(|part| part.suites.clone());
                let mut list: Vec<Box<str>> = weak.collect();
                list.sort_unstable();
                list.dedup();
                list
            }
            "drop-null-suites" => {
                let nothing = self.accepted().into_iter().filter(|name| ["none", "null"].contains(&&**name));
                entries().filter(|(_, entry)| protects_nothing(entry)).map(|(name, _)| name).chain(nothing).collect()
            }
            _ => entries().filter(|(_, entry)| !is_sm(entry)).map(|(name, _)| name).collect(),
        };
        let keep: Vec<Box<str>> = match kept.is_empty() {
            true => suites.iter().filter(|name| !drop.contains(name)).cloned().collect(),
            false => kept,
        };
        let algorithms: Vec<Box<str>> = parts
            .iter()
            .filter(|part| !remedy.starts_with("drop-weak") || part.weak)
            .map(|part| part.name.clone())
            .collect();
        let protocols = match remedy {
            "drop-weak-versions" => self.weak_protocols(),
            "protect-channel" | "protect-management" => {
                self.words(Word::Protocol).into_iter().filter(|name| registry_protocol(name).is_none()).collect()
            }
            _ => self.words(Word::Protocol),
        };
        let place = match remedy {
            "key-management" => self.value(Word::KeyPlace).or_else(|| self.value(Word::KeyLifeCycle)),
            _ => self.value(Word::WeakestMember).or_else(|| self.value(Word::Mechanism)),
        };
        let ends: Vec<Box<str>> = self.determination.observed.iter().map(|end| end.as_str().into()).collect();
        let port = ends.first().and_then(|end| end.rsplit_once(':')).map(|(_, port)| port);
        let port = port.filter(|port| port.parse::<u16>().is_ok()).unwrap_or("443");
        let unit = self.input.law.baseline(self.input.assessment.on);
        let unit = unit.and_then(|baseline| baseline.indicator(self.unit.indicator.as_str()));
        let needed = self.rules.map_or(0, |rules| {
            let level = usize::from(self.input.assessment.level).checked_sub(1);
            level.and_then(|place| rules.product_grade.get(place)).copied().unwrap_or(0)
        });
        vec![
            ("subject", self.subject()),
            ("unit", unit.map_or_else(|| same(self.unit.indicator.as_str()), |unit| unit.text())),
            ("clause", same(&self.unit.clause)),
            ("ends", names(ends.clone())),
            ("port", same(port)),
            ("name", same(&self.server_name())),
            ("protocols", shown(protocols)),
            ("drop", names(drop)),
            ("keep", names(keep)),
            ("keys", names(self.words(Word::CertificateKey))),
            ("algorithms", names(algorithms)),
            ("grade", self.value(Word::ProductGrade).map_or_else(none, |value| judge.value(value))),
            ("needed", same(&needed.to_string())),
            ("hazards", self.hazards()),
            ("product", self.value(Word::ProductCertificate).map_or_else(none, |value| judge.value(value))),
            ("kind", self.product_kind()),
            ("place", place.map_or_else(none, |value| judge.value(value))),
        ]
    }

    fn subject(&self) -> Text {
        subject_name(self.input, &self.determination.subject)
    }

    /// A name that is safe to put into a configuration: what is no host name becomes a name for examples.
    fn server_name(&self) -> String {
        let subject = self.determination.subject.as_str();
        let channel = self.input.system.channel.iter().find(|channel| **channel.id.get_ref() == *subject);
        let name = channel.and_then(|channel| channel.server_name.as_deref()).unwrap_or_default();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
        if plain && !name.is_empty() { name.into() } else { "service.example".into() }
    }

    fn hazards(&self) -> Text {
        let named = self.words(Word::KeyHazards);
        let guide = self.input.law.high_risk(self.input.assessment.on);
        let mut texts: Vec<Text> = named
            .iter()
            .map(|id| {
                let hazard = guide.and_then(|guide| guide.key_hazard(id));
                hazard.map_or_else(
                    || same(id),
                    |hazard| pair(format!("{id} {}", hazard.zh), format!("{id} {}", hazard.en)),
                )
            })
            .collect();
        if self.value(Word::ChainChecked) == Some(&StatedValue::Truth(false)) {
            texts.push(self.input.texts.report.chain_not_checked.clone());
        }
        if texts.is_empty() { self.input.texts.report.none.clone() } else { list(texts) }
    }

    /// Which kind of product usually serves the unit.
    fn product_kind(&self) -> Text {
        let report = &self.input.texts.report;
        match self.unit.indicator.as_str() {
            "PHY-ID" => report.product_door.clone(),
            "PHY-LOG" | "PHY-CCTV" => report.product_card.clone(),
            "NET-ID" | "NET-INT" | "NET-CONF" | "NET-ACCESS" | "DEV-CHAN" => report.product_gateway.clone(),
            "DEV-ID" | "APP-ID" | "APP-NR" => report.product_token.clone(),
            _ => report.product_hsm.clone(),
        }
    }
}

/// The places that a remedy can name.
#[cfg(test)]
pub(super) const PLACES: [&str; 17] = [
    "subject",
    "unit",
    "clause",
    "ends",
    "port",
    "name",
    "protocols",
    "drop",
    "keep",
    "keys",
    "algorithms",
    "grade",
    "needed",
    "hazards",
    "product",
    "kind",
    "place",
];

/// A part that does not comply.
struct Part {
    name: Box<str>,
    weak: bool,
    suites: Vec<Box<str>>,
}

/// What a component is called: the registry's name where it knows one.
pub(super) fn component_name(id: &str) -> &str {
    registry::algorithm(id).map_or(id, |entry| entry.name)
}

/// Every suite of ours: SM4 or ZUC, with a certificate of SM2 or SM9 where the suite names one.
fn is_sm(entry: &SuiteEntry) -> bool {
    let identity =
        entry.family == Family::Tls13 || entry.authentication.algorithm().is_some_and(|id| id.starts_with("sm"));
    identity && entry.encryption.is_some_and(|id| id.starts_with("sm4") || id == "zuc")
}

fn protects_nothing(entry: &SuiteEntry) -> bool {
    entry.encryption.is_none()
        || entry.integrity().is_none()
        || entry.authentication == dengmi_core::registry::Authentication::Anonymous
}

/// The law's id of a protocol that encrypts; `None` for one in clear.
fn registry_protocol(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let starts = ["tls", "ssl", "tlcp", "dtls", "ssh", "cssh", "ipsec", "ike", "wapi", "wireguard", "quic", "unknown"];
    if !starts.iter().any(|start| lower.starts_with(start)) {
        return None;
    }
    if lower.starts_with("tlcp") {
        return Some("tlcp".into());
    }
    // As the judge names them: 1.99 says that protocol 2 is there beside protocol 1.
    if lower.starts_with("ssh 1.") && lower != "ssh 1.99" {
        return Some("ssh-1".into());
    }
    Some(lower.replace(' ', "-").replace("ssl-2.0", "ssl-2").replace("ssl-3.0", "ssl-3"))
}

/// The predicates that make a combination fail. Of `unless` the exception itself is no failure.
fn failing(step: &Step) -> Vec<&str> {
    match step.rule {
        _ if step.truth != Truth::No => Vec::new(),
        "unless" => step.parts.iter().skip(1).flat_map(failing).collect(),
        _ if step.parts.is_empty() => vec![step.rule],
        _ => step.parts.iter().flat_map(failing).collect(),
    }
}

/// What a subject is called: the names that the judge made up get a text.
pub(crate) fn subject_name(input: &Input<'_>, subject: &SubjectId) -> Text {
    match subject.as_str() {
        NONE_LISTED => input.texts.report.none_listed.clone(),
        dengmi_core::system::MANAGEMENT => input.texts.report.management_subject.clone(),
        name => same(name),
    }
}
