//! The judge's reasons as sentences of both languages. The page and the terminal print the same ones.

use super::Input;
use super::finding::{component_name, marks_of_object, subject_name};
use crate::texts::{fill, join, judge, list, pair, same};
use dengmi_core::date::date_text;
use dengmi_core::system::{Scope, ScopeDecision};
use dengmi_core::{Decimal, EntryNumber, Exact, Fact, Observation, Text, Where, round_half_up};
use dengmi_judge::assess::{Beside, Determination, Unit};
use dengmi_judge::determine::{Applicability, Bind, Mark, Outcome, Source, Step, Truth, Used, Weighed};
use dengmi_judge::law::{Confidence, Group, Indicator, Layer};
use dengmi_judge::score::{Range, Refusal};
use std::collections::BTreeSet;

/// One line of a chain of reasons, with what it stands on.
pub(super) struct Reason<'a> {
    /// What it came to.
    pub(super) truth: Truth,
    /// Said in a sentence.
    pub(super) sentence: Text,
    /// The facts that were looked at.
    pub(super) facts: Vec<FactLine<'a>>,
    /// Facts that would decide it.
    pub(super) missing: Vec<Text>,
    /// What a person must look at.
    pub(super) doubts: Vec<Text>,
    /// The parts of a combination.
    pub(super) parts: Vec<Reason<'a>>,
}

/// A fact and what says so.
pub(super) struct FactLine<'a> {
    /// What it is called.
    pub(super) label: Text,
    /// Its value.
    pub(super) value: Text,
    /// What says so.
    pub(super) sources: &'a [Source],
}

/// What an observation tells beside the verdict: `version: TLS 1.2; compression: no`.
pub(super) fn told(beside: &Beside) -> String {
    let pairs: Vec<String> = beside.told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    pairs.join("; ")
}

impl Input<'_> {
    pub(super) fn indicator(&self, unit: &Unit) -> Option<&Indicator> {
        self.law.baseline(self.assessment.on)?.value.indicator(unit.indicator.as_str())
    }

    /// What a unit is called: `NET-ID 身份鉴别`.
    pub(super) fn unit_name(&self, unit: &Unit) -> Text {
        let name = |text: &str| format!("{} {text}", unit.indicator);
        match self.indicator(unit) {
            Some(indicator) => pair(name(&indicator.zh), name(&indicator.en)),
            None => same(unit.indicator.as_str()),
        }
    }

    /// Layers in the standard's order.
    pub(super) fn layers(&self) -> Vec<&Layer> {
        let baseline = self.law.baseline(self.assessment.on);
        let mut layers: Vec<&Layer> = baseline.iter().flat_map(|baseline| &baseline.value.structure.layer).collect();
        layers.sort_by_key(|layer| layer.order);
        layers
    }

    /// What a unit or layer on the score's path is called.
    pub(super) fn layer_name(&self, id: &str) -> Text {
        self.layers().into_iter().find(|layer| &*layer.id == id).map_or_else(|| same(id), Layer::text)
    }

    /// The clause with the instrument and its days.
    pub(super) fn clause(&self, unit: &Unit) -> Text {
        let baseline = self.law.baseline(self.assessment.on);
        let instrument = baseline.and_then(|baseline| self.law.instrument(&baseline.instrument));
        let modal = judge::of(&self.texts.judge.modal, &modal_word(unit.modal));
        let number = instrument.map_or_else(String::new, |instrument| instrument.number.to_string());
        let from = instrument.map_or_else(String::new, |instrument| date_text(instrument.from));
        let to = instrument.and_then(|instrument| instrument.to);
        let to = to.map_or_else(|| self.texts.report.still_in_force.clone(), |day| same(&date_text(day)));
        let values = [
            ("number", same(&number)),
            ("clause", same(&unit.clause)),
            ("modal", modal),
            ("from", same(&from)),
            ("to", to),
            ("weight", same(&self.weight(unit))),
        ];
        fill(&self.texts.report.clause_line, &values)
    }

    fn weight(&self, unit: &Unit) -> String {
        let weight = self.indicator(unit).and_then(|indicator| indicator.weight_at(self.assessment.level));
        weight.map_or_else(String::new, |weight| weight.to_string())
    }

    /// How far the law's own data on a unit is to be trusted, where it is less than two sources.
    pub(super) fn doubtful_law(&self, unit: &Unit) -> Option<Text> {
        let indicator = self.indicator(unit)?;
        let weak = indicator.confidence != Confidence::Confirmed;
        // What the data say of other levels does not concern this judgement.
        let ours = |field: &str| match field.contains("_l1_l2_l4") {
            true => self.assessment.level != 3,
            false => field != "level_3" || self.assessment.level == 3,
        };
        let fields = indicator.confidence_by_field.iter().filter(|(field, _)| ours(field));
        let fields = fields.filter(|(_, word)| !word.starts_with("confirmed"));
        let fields: Vec<String> = fields.map(|(field, word)| format!("{field}: {word}")).collect();
        if !weak && fields.is_empty() {
            return None;
        }
        Some(same(&fields.join("; ")))
    }

    pub(super) fn outcome(&self, outcome: Outcome) -> Text {
        judge::of(&self.texts.judge.outcome, &outcome)
    }

    pub(super) fn mark(&self, mark: Mark) -> Text {
        judge::of(&self.texts.judge.mark, &mark)
    }

    /// Whether and why a unit applies to a subject.
    pub(super) fn applicability(&self, applicability: &Applicability) -> Text {
        let word = match applicability {
            Applicability::Applies => "applies",
            Applicability::NoSuchUnit => "no-such-unit",
            Applicability::Excluded => "excluded",
            Applicability::Argued => "argued",
            Applicability::NoObject { .. } => "no-object",
            Applicability::Reused => "reused",
            Applicability::Open { .. } => "open",
        };
        judge::of(&self.texts.judge.applicability, &word)
    }

    /// The decisions of `system.toml` on a unit and subject, in words.
    pub(super) fn decisions(&self, indicator: &str, subject: Option<&str>) -> Vec<Text> {
        let ours = |scope: &&Scope| {
            **scope.unit.get_ref() == *indicator
                && scope.decision != ScopeDecision::NotASubject
                && scope
                    .subject
                    .as_ref()
                    .is_none_or(|named| subject.is_none_or(|subject| **named.get_ref() == *subject))
        };
        self.system.scope.iter().filter(ours).map(|scope| self.decision(scope)).collect()
    }

    /// One decision in words: who, why, on which paper, on which line.
    pub(super) fn decision(&self, scope: &Scope) -> Text {
        let report = &self.texts.report;
        let accepted = match &scope.accepted_by {
            Some(by) => fill(&report.accepted_by, &[("by", same(by))]),
            None => same(""),
        };
        let paper = match &scope.artifact {
            Some(path) => fill(&report.on_paper, &[("path", same(path.get_ref()))]),
            None => report.no_paper.clone(),
        };
        let line = self.system.line(&scope.unit).to_string();
        let values = [
            ("by", same(&scope.by)),
            ("reason", same(&scope.reason)),
            ("accepted", accepted),
            ("paper", paper),
            ("line", same(&line)),
        ];
        fill(&report.decision_line, &values)
    }

    /// What the facts of a reused result say.
    pub(super) fn reason<'s>(&self, step: &'s Step) -> Reason<'s> {
        let judge = &self.texts.judge;
        let sentence = match judge.predicate.get(step.rule) {
            Some(text) => match step.truth {
                Truth::Yes => text.yes.clone(),
                Truth::No => text.no.clone(),
                Truth::Unknown => text.unknown.clone(),
            },
            None => judge.combination.get(step.rule).cloned().unwrap_or_else(|| same(step.rule)),
        };
        let sentence = match self.components(step) {
            Some(components) => {
                pair(format!("{}：{}", sentence.zh, components.zh), format!("{}: {}", sentence.en, components.en))
            }
            None => sentence,
        };
        Reason {
            truth: step.truth,
            sentence,
            facts: step.used.iter().map(|used| self.fact(used)).collect(),
            missing: match step.truth {
                Truth::Unknown => step.missing.iter().map(|word| judge.label(word.text())).collect(),
                Truth::Yes | Truth::No => Vec::new(),
            },
            doubts: step.doubts.iter().map(|(doubt, bind)| self.doubt(doubt, *bind)).collect(),
            parts: step.parts.iter().map(|part| self.reason(part)).collect(),
        }
    }

    /// The components that a step weighed, by name, each with its mark: `TLS 1.2 ×, RSA-2048 ×, SM3 √`.
    fn components(&self, step: &Step) -> Option<Text> {
        let mut said: Vec<Text> = Vec::new();
        for (id, complies) in &step.components {
            let (name, mark) = (component_name(id), self.mark(Mark::from(*complies)));
            let text = pair(format!("{name} {}", mark.zh), format!("{name} {}", mark.en));
            if !said.contains(&text) {
                said.push(text);
            }
        }
        (!said.is_empty()).then(|| list(said))
    }

    fn fact<'s>(&self, used: &'s Used) -> FactLine<'s> {
        let judge = &self.texts.judge;
        let value = used.value.as_ref().map_or_else(|| self.texts.report.sources_disagree.clone(), |v| judge.value(v));
        FactLine { label: judge.label(used.word), value, sources: &used.sources }
    }

    pub(super) fn doubt(&self, doubt: &dengmi_judge::determine::Doubt, bind: Bind) -> Text {
        let (what, how) = (judge::of(&self.texts.judge.doubt, doubt), judge::of(&self.texts.judge.bind, &bind));
        pair(format!("{}（{}）", what.zh, how.zh), format!("{} ({})", what.en, how.en))
    }

    /// What a source says of itself, without its number: kind, thing, method.
    pub(super) fn source(&self, source: &Source) -> Text {
        let method = judge::of(&self.texts.judge.method, &source.method);
        if let Some(line) = source.line {
            return fill(&self.texts.report.source_line, &[("line", same(&line.to_string())), ("method", method)]);
        }
        match source.entry.and_then(|entry| self.evidence.get(&entry)) {
            Some(observation) => {
                let values = [
                    ("kind", same(observation.fact.kind())),
                    ("observed", same(observation.observed.as_str())),
                    ("method", method),
                ];
                fill(&self.texts.report.source_entry, &values)
            }
            None => method,
        }
    }

    /// Sources in few words: those of one kind, thing and method stand together with their entries, and those of one capture
    /// with their first packets.
    pub(super) fn sources(&self, sources: &[Source]) -> Vec<(Vec<EntryNumber>, Text)> {
        /// Sources that say the same of themselves.
        struct Alike<'s> {
            text: Text,
            file: Option<&'s str>,
            entries: BTreeSet<EntryNumber>,
            packets: BTreeSet<u64>,
        }
        let mut said: Vec<Alike<'_>> = Vec::new();
        for source in sources {
            let text = self.source(source);
            let (file, packet) = self.packet(source).unzip();
            let known = said.iter_mut().find(|alike| alike.file == file && alike.text == text);
            let (entry, packet) = (source.entry.into_iter(), packet.into_iter());
            match known {
                Some(alike) => {
                    alike.entries.extend(entry);
                    alike.packets.extend(packet);
                }
                None => said.push(Alike { text, file, entries: entry.collect(), packets: packet.collect() }),
            }
        }
        let whole = said.into_iter().map(|alike| {
            let entries = alike.entries.into_iter().collect();
            let Some(file) = alike.file else { return (entries, alike.text) };
            let more = if alike.packets.len() > PACKETS { " …" } else { "" };
            let numbers: Vec<String> = alike.packets.iter().take(PACKETS).map(u64::to_string).collect();
            let packets = numbers.join(", ") + more;
            let values = [("source", alike.text), ("file", same(file)), ("packets", same(&packets))];
            (entries, fill(&self.texts.report.source_packets, &values))
        });
        whole.collect()
    }

    /// The capture and the packet that a source points at.
    fn packet(&self, source: &Source) -> Option<(&str, u64)> {
        let place = self.evidence.get(&source.entry?)?.place.as_deref()?;
        match place.at {
            Where::Packet(number) => Some((place.what.as_deref().unwrap_or_default(), number)),
            _ => None,
        }
    }

    /// How one number came about, line by line: object, whole-system step, unit, layer, marks.
    pub(super) fn score_path(&self, unit: &Unit, determination: &Determination) -> Vec<Text> {
        let report = &self.texts.report;
        let Ok(score) = &self.assessment.score else { return vec![self.refusal()] };
        let mut lines = Vec::new();
        if let (Some(own), Weighed::Technical { .. }) = (determination.counted.score, &determination.verdict.weighed) {
            let values = [("score", same(&range(own))), ("formula", self.formula(determination))];
            lines.push(fill(&report.path_object, &values));
        } else if let Some(own) = determination.counted.score {
            lines.push(fill(&report.path_result, &[("score", same(&range(own)))]));
        } else {
            lines.push(report.path_not_counted.clone());
        }
        let Some(of_unit) = score.units.get(&unit.indicator) else { return lines };
        let object = of_unit.objects.iter().find(|object| object.subject == determination.subject);
        if let Some(object) = object
            && let Some(step) = &object.compensation
        {
            let from = step.from.iter().map(|(indicator, subject, own)| {
                let subject = subject_name(self, subject);
                let text = |subject: &str| format!("{indicator} {subject} {}", range(*own));
                pair(text(&subject.zh), text(&subject.en))
            });
            let values = [
                ("from", list(from)),
                ("lowest", same(&range(step.lowest))),
                ("offered", same(&range(step.offered))),
                ("counted", same(&object.counted.map_or_else(String::new, range))),
            ];
            lines.push(fill(&report.path_compensation, &values));
        }
        let applying = of_unit.objects.iter().filter(|object| object.counted.is_some()).count();
        let Some(of_layer) = score.layers.get(&unit.layer) else { return lines };
        let or_none = |score: Option<Range>| score.map_or_else(|| report.none.clone(), |score| same(&range(score)));
        let values = [
            ("count", same(&applying.to_string())),
            ("unit", or_none(of_unit.score)),
            ("weight", same(&of_unit.weight.to_string())),
            ("layer", self.layer_name(&unit.layer)),
            ("score", or_none(of_layer.score)),
            ("marks", same(&places(marks_of_object(score, unit), 2))),
        ];
        lines.push(fill(&report.path_unit, &values));
        lines
    }

    /// The rules' figure for the marks that count, with Ra and Rk where the edition has them.
    fn formula(&self, determination: &Determination) -> Text {
        let report = &self.texts.report;
        let Some(rules) = self.law.scoring(self.assessment.on) else { return same("") };
        let (figures, verdict, counted) = (&rules.value.object, &determination.verdict, determination.counted);
        let ra = if rules.value.ra.is_empty() { String::new() } else { format!(" × Ra {}", ends(verdict.ra)) };
        let rk = if rules.value.rk.is_empty() { String::new() } else { format!(" × Rk {}", ends(verdict.rk)) };
        match [counted.d, counted.a, counted.k] {
            [Mark::Fail, ..] => fill(&report.path_d_fails, &[("figure", same(&figures.d_fails.to_string()))]),
            [Mark::Pass, Mark::Pass, Mark::Pass] => {
                fill(&report.path_all_pass, &[("figure", same(&figures.all_pass.to_string()))])
            }
            [Mark::Pass, Mark::Fail, Mark::Pass] => same(&format!("{}{ra}", figures.a_fails)),
            [Mark::Pass, Mark::Pass, Mark::Fail] => same(&format!("{}{rk}", figures.k_fails)),
            [Mark::Pass, Mark::Fail, Mark::Fail] => same(&format!("{}{ra}{rk}", figures.both_fail)),
            _ => report.path_open.clone(),
        }
    }

    /// Why there is no total.
    pub(super) fn refusal(&self) -> Text {
        let report = &self.texts.report;
        match &self.assessment.score {
            Ok(_) => same(""),
            Err(Refusal::GroupNotApplicable(group)) => {
                let word = match group {
                    Some(Group::Technical) => "technical",
                    Some(Group::Management) => "management",
                    None => "all",
                };
                fill(&report.refusal_group, &[("group", judge::of(&self.texts.judge.group, &word))])
            }
            Err(Refusal::NoCompensation(edition)) => fill(&report.refusal_compensation, &[("edition", same(edition))]),
            Err(refusal @ (Refusal::NoSuchUnit { .. } | Refusal::CompensationObject { .. })) => {
                fill(&report.refusal_other, &[("fault", same(&refusal.to_string()))])
            }
        }
    }

    /// What an entry says, in a few words.
    pub(super) fn summary(&self, observation: &Observation) -> Text {
        let report = &self.texts.report;
        let judge = &self.texts.judge;
        match &observation.fact {
            Fact::Session(_, session) => {
                let seen = [session.version.seen(), session.cipher_suite.seen()].into_iter().flatten();
                let told = seen.map(|name| &**name).collect::<Vec<_>>().join(" ");
                match session.alike {
                    Some(count) => {
                        fill(&report.session_alike, &[("told", same(&told)), ("count", same(&count.to_string()))])
                    }
                    None => same(&told),
                }
            }
            Fact::Accepts(accepts) => {
                let version = dengmi_core::registry::version(accepts.version)
                    .map_or_else(|| accepts.version.number(), |entry| entry.name.into());
                let names = accepts.suite_names.join(", ");
                same(&if names.is_empty() { version } else { format!("{version}: {names}") })
            }
            Fact::Upgraded(upgraded) => {
                let software = upgraded.software.as_deref().unwrap_or_default();
                same(&format!("{} {software}", upgraded.protocol))
            }
            Fact::WirelessNetwork(network) => {
                let name = network.ssid.as_deref().unwrap_or(&network.bssid);
                same(&format!("{name}: {}", network.protection.join(" ")))
            }
            Fact::WebPage(page) => {
                let header =
                    page.strict_transport.as_deref().map(|header| format!(" Strict-Transport-Security: {header}"));
                same(&format!("HTTP {}{}", page.status, header.unwrap_or_default()))
            }
            Fact::RandomTests(tests) => {
                let failing = tests.failing();
                let told = if failing.is_empty() { "✓".to_owned() } else { format!("✗ {}", failing.join(" ")) };
                same(&format!("{}: {} × {} bit, {}, {told}", tests.source, tests.samples, tests.bits, tests.text))
            }
            Fact::QuicAccepts(accepts) => same(&accepts.versions.join(", ")),
            Fact::Features(features) => {
                let told: Vec<_> = features.told().iter().map(|(name, value)| format!("{name} {value}")).collect();
                same(&told.join(", "))
            }
            Fact::Coverage(coverage) => {
                let values = [
                    ("speaks", same(&coverage.speaks.join(", "))),
                    ("connections", same(&coverage.connections.to_string())),
                    ("lost", same(&coverage.lost.to_string())),
                ];
                fill(if coverage.complete { &report.coverage_complete } else { &report.coverage_partial }, &values)
            }
            Fact::Certificate(certificate) => {
                let key = format!("{} {}", certificate.key_alg, certificate.key_bits);
                let until = certificate.not_after.get(..10).unwrap_or(&certificate.not_after);
                same(&format!("{} · {key} · {} · → {until}", certificate.subject, certificate.sig_alg))
            }
            Fact::KeyProof(proof) => same(&proof.by),
            Fact::IkeAccepts(accepts) => {
                let names = accepts.transforms.values().flatten().map(|transform| &*transform.name);
                let names = names.collect::<Vec<_>>().join(", ");
                same(format!("IKEv{} {names}", accepts.version).trim_end())
            }
            Fact::SshAccepts(accepts) => same(&accepts.banner),
            Fact::Statement(statement) => {
                let (label, value) = (judge.label(&statement.kind), judge.value(&statement.value));
                let said = |label: &str, value: &str| {
                    format!("{label}: {value} ({}, {})", statement.by, date_text(statement.on))
                };
                pair(said(&label.zh, &value.zh), said(&label.en, &value.en))
            }
            Fact::Described(described) => same(&described.name),
            Fact::HandedIn(document) => same(&document.path),
            Fact::Foreign(..) => report.foreign.clone(),
        }
    }
}

/// Packets of one capture that are named where several say one thing.
const PACKETS: usize = 4;

/// 可、宜、应 as a key of the texts.
pub(super) fn modal_word(modal: dengmi_judge::law::Modal) -> &'static str {
    use dengmi_judge::law::Modal;
    match modal {
        Modal::None => "none",
        Modal::May => "may",
        Modal::Should => "should",
        Modal::Shall => "shall",
    }
}

/// A settled value, or the interval; never a single number for what is open.
pub(super) fn range(range: Range) -> String {
    match range.settled() {
        Some(value) => value.to_string(),
        None => format!("{}–{}", range.low, range.high),
    }
}

fn ends((low, high): (Exact, Exact)) -> String {
    if low == high { places(low, 1) } else { format!("{}–{}", places(low, 1), places(high, 1)) }
}

/// An exact number for people.
pub(super) fn places(value: Exact, places: u8) -> String {
    let rounded: Decimal = round_half_up(value, places);
    rounded.to_string()
}

/// `第三级` and `level 3`.
pub(super) fn level(level: u8) -> Text {
    let names = ["一", "二", "三", "四", "五"];
    let zh = usize::from(level).checked_sub(1).and_then(|place| names.get(place)).copied();
    pair(zh.map_or_else(|| level.to_string(), |zh| format!("第{zh}级")), format!("level {level}"))
}

/// Numbers of entries as people write them: `#3–#17, #20`.
pub(super) fn spans(entries: &[EntryNumber]) -> Vec<(EntryNumber, EntryNumber)> {
    let mut spans: Vec<(EntryNumber, EntryNumber)> = Vec::new();
    for entry in entries {
        match spans.last_mut() {
            Some((_, last)) if entry.0 == last.0.saturating_add(1) => *last = *entry,
            _ => spans.push((*entry, *entry)),
        }
    }
    spans
}

/// Sentences one after the other.
pub(super) fn sentences(texts: impl IntoIterator<Item = Text>) -> Text {
    join(texts, "；", "; ")
}
