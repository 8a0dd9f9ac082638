//! The chain of reasons as text, for the terminal.

use super::Input;
use super::finding::{problems, subject_name};
use super::say::{Reason, range, spans, told};
use crate::texts::{Lang, fill, judge, list, same};
use dengmi_core::Text;
use dengmi_core::date::date_text;
use dengmi_judge::assess::{Determination, Unit};
use dengmi_judge::determine::{Applicability, Mark, Step, Truth, Weighed};
use std::fmt::Write;

/// Why a unit came out as it did: all its subjects, or one. Clause with its days, D, A and K with their facts and sources, the
/// ruling beside the machine's verdict, the path of the score, and what mends it.
///
/// # Errors
///
/// A text that says which indicators or subjects there are, when the asked one is not among them.
pub(crate) fn why_text(input: &Input<'_>, indicator: &str, subject: Option<&str>, lang: Lang) -> Result<String, Text> {
    let report = &input.texts.report;
    let unit = input.assessment.units.iter().find(|unit| unit.indicator.as_str().eq_ignore_ascii_case(indicator));
    let Some(unit) = unit else {
        let all = input.assessment.units.iter().map(|unit| same(unit.indicator.as_str()));
        let values = [
            ("level", super::say::level(input.assessment.level)),
            ("indicator", same(indicator)),
            ("indicators", list(all)),
        ];
        return Err(fill(&report.no_such_indicator, &values));
    };
    let asked: Vec<&Determination> =
        unit.subjects.iter().filter(|found| subject.is_none_or(|subject| found.subject.as_str() == subject)).collect();
    if asked.is_empty() {
        let all = unit.subjects.iter().map(|found| same(found.subject.as_str()));
        let values = [
            ("indicator", same(unit.indicator.as_str())),
            ("subject", same(subject.unwrap_or_default())),
            ("subjects", list(all)),
        ];
        return Err(fill(&report.no_such_determination, &values));
    }
    let mut text = Chain { out: String::new(), lang, input };
    text.line(0, &input.unit_name(unit));
    text.line(0, &input.clause(unit));
    for determination in asked {
        text.determination(unit, determination);
    }
    Ok(text.out)
}

struct Chain<'i, 'a> {
    out: String,
    lang: Lang,
    input: &'i Input<'a>,
}

impl Chain<'_, '_> {
    fn line(&mut self, depth: usize, text: &Text) {
        self.raw(depth, self.lang.of(text).to_owned());
    }

    /// Names come from files of the user: what could steer a terminal is not printed.
    fn raw(&mut self, depth: usize, text: String) {
        let shown: String = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        // Writing to a String does not fail.
        let _ = writeln!(self.out, "{:indent$}{shown}", "", indent = depth * 2);
    }

    fn determination(&mut self, unit: &Unit, determination: &Determination) {
        let (input, lang) = (self.input, self.lang);
        let counted = determination.counted;
        let name = subject_name(input, &determination.subject);
        let score = counted.score.map_or_else(|| lang.of(&input.texts.report.none).to_owned(), range);
        let signs = if unit.technical {
            let sign = |mark: Mark| lang.of(&input.mark(mark)).to_owned();
            format!("  D {} A {} K {}", sign(counted.d), sign(counted.a), sign(counted.k))
        } else {
            String::new()
        };
        self.out.push('\n');
        self.raw(0, format!("{}: {}{signs}  {score}", lang.of(&name), lang.of(&input.outcome(counted.outcome))));
        for risk in &determination.risks {
            let state = judge::of(&input.texts.judge.risk, &risk.state);
            self.raw(1, format!("{} {} ({})", risk.item, lang.of(&state), risk.problem));
        }
        let verdict = &determination.verdict;
        if verdict.applicability != Applicability::Applies {
            self.line(1, &input.applicability(&verdict.applicability));
            for decision in input.decisions(unit.indicator.as_str(), Some(determination.subject.as_str())) {
                self.line(2, &decision);
            }
            if let Applicability::NoObject { because } | Applicability::Open { because: Some(because) } =
                &verdict.applicability
            {
                self.reason(2, &input.reason(because));
            }
        }
        self.ruling(determination);
        let report = &input.texts.report;
        match &verdict.weighed {
            Weighed::Nothing => {}
            Weighed::Technical { d, a, k } => {
                self.dimension(&report.dimension_d, verdict.d, Some(d));
                self.dimension(&report.dimension_a, verdict.a, a.as_ref());
                self.dimension(&report.dimension_k, verdict.k, k.as_ref());
            }
            Weighed::Management { written, lived } => {
                self.dimension(&report.dimension_written, written.truth.into(), Some(written));
                self.dimension(&report.dimension_lived, lived.truth.into(), Some(lived));
            }
        }
        if !determination.beside.is_empty() {
            self.line(1, &report.beside);
            for beside in &determination.beside {
                let entry = beside.source.entry.map_or_else(String::new, |entry| entry.to_string());
                let said = format!("{}  ← {entry} {}", told(beside), lang.of(&input.source(&beside.source)));
                self.raw(2, said.trim().to_owned());
            }
        }
        if !verdict.missing.is_empty() {
            let words = verdict.missing.iter().map(|word| input.texts.judge.label(word.text()));
            self.line(1, &fill(&report.waits_for, &[("facts", list(words))]));
        }
        self.line(1, &report.score_path);
        for line in input.score_path(unit, determination) {
            self.line(2, &line);
        }
        for problem in problems(input) {
            for finding in problem.findings.iter().filter(|found| std::ptr::eq(found.determination, determination)) {
                self.line(1, &report.remedy);
                for mending in &finding.remedies {
                    self.line(2, &mending.fix);
                }
            }
        }
    }

    fn ruling(&mut self, determination: &Determination) {
        let Some(ruled) = &determination.ruling else { return };
        let (input, lang) = (self.input, self.lang);
        let report = &input.texts.report;
        let line = ruled.source.line.map_or_else(|| report.not_named.clone(), |line| same(&line.to_string()));
        let values = [("by", same(&ruled.by)), ("on", same(&date_text(ruled.on))), ("line", line)];
        self.line(1, &fill(&report.ruling, &values));
        self.raw(2, ruled.reason.to_string());
        let machine = input.outcome(determination.verdict.outcome);
        self.raw(2, format!("{} {}", lang.of(&report.machine_says), lang.of(&machine)));
    }

    fn dimension(&mut self, name: &Text, mark: Mark, step: Option<&Step>) {
        let (input, lang) = (self.input, self.lang);
        self.raw(1, format!("{} {}", lang.of(&input.mark(mark)), lang.of(name)));
        match step {
            Some(step) if step.rule == "all" => {
                for part in &step.parts {
                    self.reason(2, &input.reason(part));
                }
            }
            Some(step) => self.reason(2, &input.reason(step)),
            None => self.line(2, &input.texts.report.not_looked_at),
        }
    }

    fn reason(&mut self, depth: usize, reason: &Reason<'_>) {
        let (input, lang) = (self.input, self.lang);
        let sign = match reason.truth {
            Truth::Yes => Mark::Pass,
            Truth::No => Mark::Fail,
            Truth::Unknown => Mark::Unknown,
        };
        self.raw(depth, format!("{} {}", lang.of(&input.mark(sign)), lang.of(&reason.sentence)));
        if !reason.missing.is_empty() {
            let facts = list(reason.missing.clone());
            self.line(depth + 1, &fill(&input.texts.report.waits_for, &[("facts", facts)]));
        }
        for fact in &reason.facts {
            let said = input.sources(fact.sources).into_iter().map(|(entries, text)| {
                let numbers: Vec<String> = spans(&entries)
                    .into_iter()
                    .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}–{last}") })
                    .collect();
                format!("{} {}", numbers.join(", "), lang.of(&text))
            });
            let said: Vec<String> = said.map(|text| text.trim().to_owned()).collect();
            let (label, value) = (lang.of(&fact.label), lang.of(&fact.value));
            self.raw(depth + 1, format!("{label}: {value}  ← {}", said.join("; ")));
        }
        for doubt in &reason.doubts {
            self.line(depth + 1, doubt);
        }
        for part in &reason.parts {
            self.reason(depth + 1, part);
        }
    }
}
