//! Each determination with its chain: outcome ← D, A, K ← predicate ← fact ← entry, line or place; clause and score path.

use super::{anchor, chip, entry_anchor, link, marks, outcome_chip, risk_chip, section};
use crate::report::Input;
use crate::report::finding::{Finding, Problem, subject_name};
use crate::report::html::Html;
use crate::report::say::{Reason, spans, told};
use crate::texts::{fill, judge, list, pair, same};
use dengmi_core::date::date_text;
use dengmi_core::{EntryNumber, Text};
use dengmi_judge::assess::{Determination, Unit};
use dengmi_judge::determine::{Applicability, Mark, Outcome, RiskState, Source, Step, Truth, Weighed};

/// Every determination of every unit.
pub(super) fn all(html: &mut Html, input: &Input<'_>, problems: &[Problem<'_>]) {
    let report = &input.texts.report;
    section(html, "determinations", &report.determinations, |html| {
        html.say("p", "note", &report.determinations_note);
        let mut layer = "";
        for unit in &input.assessment.units {
            if *unit.layer != *layer {
                layer = &unit.layer;
                html.say("h3", "layer", &input.layer_name(layer));
            }
            html.element("div", &[("class", "unit")], |html| {
                html.element("h4", &[], |html| {
                    html.both(&input.unit_name(unit));
                    html.plain(" ");
                    outcome_chip(html, input.texts, unit.outcome);
                });
                html.say("p", "note", &input.clause(unit));
                if let Some(indicator) = input.indicator(unit) {
                    html.element("details", &[("class", "asks")], |html| {
                        html.say("summary", "", &report.what_is_asked);
                        html.say("p", "", &indicator.asks);
                    });
                }
                for determination in &unit.subjects {
                    one(html, input, unit, determination, problems);
                }
            });
        }
    });
}

fn one(html: &mut Html, input: &Input<'_>, unit: &Unit, determination: &Determination, problems: &[Problem<'_>]) {
    let report = &input.texts.report;
    let counted = determination.counted;
    let at = anchor(&unit.indicator, &determination.subject);
    let class = format!("determination {}", crate::texts::word(&counted.outcome));
    html.element("details", &[("id", &at), ("class", &class)], |html| {
        html.element("summary", &[], |html| {
            html.element("b", &[], |html| html.both(&subject_name(input, &determination.subject)));
            html.plain(" ");
            outcome_chip(html, input.texts, counted.outcome);
            if unit.technical {
                marks(html, input.texts, [counted.d, counted.a, counted.k]);
            }
            html.element("span", &[("class", "score")], |html| {
                html.both(&super::score_text(input.texts, counted.score));
            });
            let worst = determination.risks.iter().map(|risk| risk.state).max();
            if let Some(state) = worst.filter(|state| *state > RiskState::None) {
                risk_chip(html, input.texts, state);
            }
            if let Some(severity) = determination.severity {
                let text = judge::of(&input.texts.judge.severity, &severity);
                chip(html, "plain", &fill(&report.finding, &[("severity", text)]));
            }
        });
        html.element("div", &[("class", "body")], |html| {
            applicability(html, input, unit, determination);
            ruling(html, input, unit, determination);
            weighed(html, input, determination);
            if !determination.verdict.doubts.is_empty() {
                html.say("h5", "", &report.doubts);
                html.element("ul", &[], |html| {
                    for (doubt, bind) in &determination.verdict.doubts {
                        html.say("li", "", &input.doubt(doubt, *bind));
                    }
                });
            }
            if !determination.beside.is_empty() {
                html.say("h5", "", &report.beside);
                html.element("ul", &[], |html| {
                    for beside in &determination.beside {
                        html.element("li", &[], |html| {
                            html.plain(&told(beside));
                            html.plain(" ");
                            sources(html, input, std::slice::from_ref(&beside.source));
                        });
                    }
                });
            }
            if !determination.verdict.missing.is_empty() {
                html.say("h5", "", &report.missing_facts);
                let words = determination.verdict.missing.iter().map(|word| input.texts.judge.label(word.text()));
                html.say("p", "", &list(words));
            }
            html.say("h5", "", &report.score_path);
            html.element("ul", &[("class", "path")], |html| {
                input.score_path(unit, determination).iter().for_each(|line| html.say("li", "", line));
            });
            let finding = problems
                .iter()
                .flat_map(|problem| &problem.findings)
                .find(|finding| std::ptr::eq(finding.determination, determination));
            if let Some(finding) = finding {
                fixes(html, input, finding);
            }
        });
    });
}

fn applicability(html: &mut Html, input: &Input<'_>, unit: &Unit, determination: &Determination) {
    let verdict = &determination.verdict;
    if verdict.applicability == Applicability::Applies {
        return;
    }
    let why = super::tables::reason(input, unit, determination);
    let why = if why.zh.is_empty() { why } else { pair(format!("。{}", why.zh), format!(". {}", why.en)) };
    let values = [("what", input.applicability(&verdict.applicability)), ("reason", why)];
    html.say("p", "", &fill(&input.texts.report.applicability_line, &values));
    if let Applicability::NoObject { because } | Applicability::Open { because: Some(because) } = &verdict.applicability
    {
        html.element("ul", &[("class", "chain")], |html| reason(html, input, &input.reason(because)));
    }
}

/// A ruling stands beside what the machine found, never instead of it.
fn ruling(html: &mut Html, input: &Input<'_>, unit: &Unit, determination: &Determination) {
    let Some(ruled) = &determination.ruling else { return };
    let report = &input.texts.report;
    let verdict = &determination.verdict;
    html.element("div", &[("class", "ruling")], |html| {
        let line = ruled.source.line.map_or_else(|| report.not_named.clone(), |line| same(&line.to_string()));
        let values = [("by", same(&ruled.by)), ("on", same(&date_text(ruled.on))), ("line", line)];
        html.say("h5", "", &fill(&report.ruling, &values));
        html.element("p", &[], |html| html.plain(&ruled.reason));
        html.element("p", &[], |html| {
            html.both(&report.machine_says);
            html.plain(" ");
            outcome_chip(html, input.texts, verdict.outcome);
            if unit.technical {
                marks(html, input.texts, [verdict.d, verdict.a, verdict.k]);
            }
            html.both(&super::score_text(input.texts, verdict.score));
        });
        html.element("p", &[], |html| {
            html.both(&report.counted);
            html.plain(" ");
            outcome_chip(html, input.texts, determination.counted.outcome);
            if unit.technical {
                marks(html, input.texts, [determination.counted.d, determination.counted.a, determination.counted.k]);
            }
            html.both(&super::score_text(input.texts, determination.counted.score));
        });
    });
}

fn weighed(html: &mut Html, input: &Input<'_>, determination: &Determination) {
    let report = &input.texts.report;
    let verdict = &determination.verdict;
    match &verdict.weighed {
        Weighed::Nothing => {}
        Weighed::Technical { d, a, k } => {
            dimension(html, input, &report.dimension_d, verdict.d, Some(d));
            dimension(html, input, &report.dimension_a, verdict.a, a.as_ref());
            dimension(html, input, &report.dimension_k, verdict.k, k.as_ref());
        }
        Weighed::Management { written, lived } => {
            dimension(html, input, &report.dimension_written, written.truth.into(), Some(written));
            dimension(html, input, &report.dimension_lived, lived.truth.into(), Some(lived));
        }
    }
}

fn dimension(html: &mut Html, input: &Input<'_>, name: &Text, mark: Mark, step: Option<&Step>) {
    html.element("div", &[("class", "dimension")], |html| {
        html.element("h5", &[], |html| {
            html.element("span", &[("class", &format!("mark {}", crate::texts::word(&mark)))], |html| {
                html.both(&input.mark(mark));
            });
            html.plain(" ");
            html.both(name);
        });
        match step {
            Some(step) => html.element("ul", &[("class", "chain")], |html| {
                let whole = input.reason(step);
                // The outermost `all` says nothing that its parts do not say.
                if step.rule == "all" {
                    whole.parts.iter().for_each(|part| reason(html, input, part));
                } else {
                    reason(html, input, &whole);
                }
            }),
            None => html.say("p", "note", &input.texts.report.not_looked_at),
        }
    });
}

/// One line of the chain, its facts and its parts.
pub(super) fn reason(html: &mut Html, input: &Input<'_>, reason_of: &Reason<'_>) {
    let class = match reason_of.truth {
        Truth::Yes => "yes",
        Truth::No => "no",
        Truth::Unknown => "unknown",
    };
    html.element("li", &[("class", class)], |html| {
        html.both(&reason_of.sentence);
        if !reason_of.missing.is_empty() {
            html.say(
                "div",
                "fact",
                &fill(&input.texts.report.waits_for, &[("facts", list(reason_of.missing.clone()))]),
            );
        }
        for fact in &reason_of.facts {
            html.element("div", &[("class", "fact")], |html| {
                html.say("span", "label", &fact.label);
                html.plain(" ");
                html.say("b", "", &fact.value);
                sources(html, input, fact.sources);
            });
        }
        reason_of.doubts.iter().for_each(|doubt| html.say("div", "doubt", doubt));
        if !reason_of.parts.is_empty() {
            html.element("ul", &[], |html| reason_of.parts.iter().for_each(|part| reason(html, input, part)));
        }
    });
}

fn sources(html: &mut Html, input: &Input<'_>, sources: &[Source]) {
    for (entries, text) in input.sources(sources) {
        html.element("span", &[("class", "source")], |html| {
            html.plain("← ");
            for (first, last) in spans(&entries) {
                entry(html, input, first);
                if last > first {
                    html.plain("–");
                    entry(html, input, last);
                }
                html.plain(" ");
            }
            html.both(&text);
        });
    }
}

/// The number of an entry, a link where the index below has it.
fn entry(html: &mut Html, input: &Input<'_>, number: EntryNumber) {
    let text = number.to_string();
    if input.evidence.contains_key(&number) {
        link(html, &entry_anchor(number), |html| html.plain(&text));
    } else {
        html.plain(&text);
    }
}

fn fixes(html: &mut Html, input: &Input<'_>, finding: &Finding<'_>) {
    html.say("h5", "", &input.texts.report.remedy);
    if finding.determination.counted.outcome == Outcome::Conform {
        return;
    }
    html.element("ol", &[("class", "fixes")], |html| {
        for mending in &finding.remedies {
            html.element("li", &[], |html| {
                html.say("b", "", &mending.problem);
                html.say("p", "", &mending.fix);
            });
        }
    });
}
