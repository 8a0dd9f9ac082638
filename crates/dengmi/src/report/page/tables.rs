//! The list of subjects, the applicability of every unit, and the matrix of all results.

use super::{anchor, cell, link, marks, outcome_chip, row, section, table};
use crate::report::Input;
use crate::report::finding::subject_name;
use crate::report::html::Html;
use crate::report::say::{modal_word, sentences};
use crate::texts::{fill, judge, list, same};
use dengmi_core::date::date_text;
use dengmi_core::system::{MANAGEMENT, ScopeDecision, SubjectKind};
use dengmi_core::{SubjectId, Text};
use dengmi_judge::assess::{Determination, NONE_LISTED, Unit};
use dengmi_judge::determine::{Applicability, Outcome};
use std::collections::BTreeSet;

/// 测评对象清单: who confirmed it, what is in it, what was left out, and what was seen that belongs to nothing.
pub(super) fn subjects(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "subjects", &report.subject_list, |html| {
        let confirmation = &input.system.subjects;
        match &input.assessment.confirmed {
            Some(by) => {
                let on = confirmation.on.map_or_else(|| report.not_named.clone(), |day| same(&date_text(day)));
                html.say("p", "confirmed", &fill(&report.confirmed, &[("by", same(by)), ("on", on)]));
            }
            None => html.say("p", "provisional", &report.provisional),
        }
        let heads = [&report.subject, &report.kind, &report.where_named, &report.units, &report.observed];
        table(html, "subjects", &heads, |html| {
            for named in input.system.subjects() {
                let ours: Vec<&Determination> = input
                    .assessment
                    .determinations()
                    .filter(|found| found.subject == named.id && is_of(found, named.kind, input))
                    .collect();
                if ours.is_empty() {
                    continue;
                }
                row(html, |html| {
                    cell(html, |html| html.both(&subject_name(input, &named.id)));
                    cell(html, |html| html.both(&judge::of(&input.texts.judge.subject, &named.kind)));
                    cell(html, |html| {
                        if named.id.as_str() != MANAGEMENT {
                            html.both(&fill(&report.line_of_file, &[("line", same(&named.line.to_string()))]));
                        }
                    });
                    cell(html, |html| {
                        for (index, determination) in ours.iter().enumerate() {
                            if index > 0 {
                                html.plain(" ");
                            }
                            let at = anchor(&determination.indicator, &determination.subject);
                            link(html, &at, |html| html.plain(determination.indicator.as_str()));
                        }
                    });
                    let ends: BTreeSet<&str> =
                        ours.iter().flat_map(|found| &found.observed).map(|end| end.as_str()).collect();
                    cell(html, |html| html.plain(&ends.into_iter().collect::<Vec<_>>().join(", ")));
                });
            }
        });
        let left_out: Vec<Text> = input
            .system
            .scope
            .iter()
            .filter(|scope| scope.decision == ScopeDecision::NotASubject)
            .map(|scope| {
                let subject = scope.subject.as_ref().map_or_else(|| same(""), |subject| same(subject.get_ref()));
                let values =
                    [("unit", same(scope.unit.get_ref())), ("subject", subject), ("decision", input.decision(scope))];
                fill(&report.left_out, &values)
            })
            .collect();
        if !left_out.is_empty() {
            html.say("h3", "", &report.left_out_heading);
            html.element("ul", &[], |html| left_out.iter().for_each(|text| html.say("li", "", text)));
        }
        let none: Vec<&Unit> = input
            .assessment
            .units
            .iter()
            .filter(|unit| unit.outcome != Outcome::NotApplicable)
            .filter(|unit| unit.subjects.iter().any(|found| found.subject.as_str() == NONE_LISTED))
            .collect();
        if !none.is_empty() {
            let names = list(none.into_iter().map(|unit| input.unit_name(unit)));
            html.say("p", "provisional", &fill(&report.units_without_subject, &[("units", names)]));
        }
        if !input.assessment.unlisted.is_empty() {
            html.say("h3", "", &report.unlisted);
            html.say("p", "note", &report.unlisted_note);
            html.element("ul", &[("class", "plain")], |html| {
                for observed in &input.assessment.unlisted {
                    html.element("li", &[], |html| html.element("code", &[], |html| html.plain(observed.as_str())));
                }
            });
        }
    });
}

/// One name may be a subject of several kinds, such as a device and a boundary: the unit's own kind tells which.
fn is_of(determination: &Determination, kind: SubjectKind, input: &Input<'_>) -> bool {
    let baseline = input.law.baseline(input.assessment.on);
    let indicator = baseline.and_then(|baseline| baseline.value.indicator(determination.indicator.as_str()));
    indicator.is_some_and(|indicator| indicator.subject == kind)
}

/// 适用性: every unit of the level, with the reason where it is not simply judged.
pub(super) fn applicability(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "applicability", &report.applicability, |html| {
        html.say("p", "note", &report.applicability_note);
        let heads = [&report.unit, &report.clause, &report.modal, &report.subjects, &report.decision, &report.reason];
        table(html, "applicability", &heads, |html| {
            for unit in &input.assessment.units {
                // Subjects of one unit that are treated alike share a row.
                let mut groups: Vec<(Text, Text, Vec<&SubjectId>)> = Vec::new();
                for determination in &unit.subjects {
                    let applicability = &determination.verdict.applicability;
                    let decision = input.applicability(applicability);
                    let reason = reason(input, unit, determination);
                    match groups.iter_mut().find(|group| group.0 == decision && group.1 == reason) {
                        Some(group) => group.2.push(&determination.subject),
                        None => groups.push((decision, reason, vec![&determination.subject])),
                    }
                }
                for (decision, reason, subjects) in groups {
                    row(html, |html| {
                        cell(html, |html| html.both(&input.unit_name(unit)));
                        cell(html, |html| html.plain(&unit.clause));
                        cell(html, |html| {
                            html.both(&judge::of(&input.texts.judge.modal, &modal_word(unit.modal)));
                        });
                        cell(html, |html| html.both(&list(subjects.iter().map(|name| subject_name(input, name)))));
                        cell(html, |html| html.both(&decision));
                        cell(html, |html| html.both(&reason));
                    });
                }
            }
        });
    });
}

/// Why a unit is treated as it is.
pub(super) fn reason(input: &Input<'_>, unit: &Unit, determination: &Determination) -> Text {
    let mut texts = input.decisions(unit.indicator.as_str(), Some(determination.subject.as_str()));
    match &determination.verdict.applicability {
        Applicability::NoObject { because } | Applicability::Open { because: Some(because) } => {
            texts.push(input.reason(because).sentence);
        }
        Applicability::Reused => texts.extend(reused(input, determination)),
        Applicability::Open { because: None } => {
            let missing = determination.verdict.missing.iter().map(|word| input.texts.judge.label(word.text()));
            texts.push(fill(&input.texts.report.waits_for, &[("facts", list(missing))]));
        }
        Applicability::Applies | Applicability::NoSuchUnit | Applicability::Excluded | Applicability::Argued => {}
    }
    sentences(texts)
}

/// The report that a reused result was taken from.
fn reused(input: &Input<'_>, determination: &Determination) -> Option<Text> {
    let system = input.system;
    let room = system.room.iter().find(|room| **room.id.get_ref() == *determination.subject.as_str());
    let users = system.application.iter().flat_map(|application| {
        application.users.iter().map(move |user| (dengmi_core::system::user_class(application, user), user))
    });
    let user = users.into_iter().find(|(name, _)| name == determination.subject.as_str());
    let name = room.and_then(|room| room.reuse.as_ref()).or(user.and_then(|(_, user)| user.reuse.as_ref()))?;
    let reuse = system.reuse.iter().find(|reuse| reuse.id.get_ref() == name.get_ref())?;
    let none = || input.texts.report.not_named.clone();
    let values = [
        ("report", same(&reuse.report)),
        ("level", reuse.level.map_or_else(none, crate::report::say::level)),
        ("on", reuse.on.map_or_else(none, |day| same(&date_text(day)))),
    ];
    Some(fill(&input.texts.report.reused_from, &values))
}

/// Units × subjects: technical layers by subject, management by unit.
pub(super) fn matrix(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "matrix", &report.matrix, |html| {
        html.say("p", "note", &report.matrix_note);
        let (mut management, mut technical): (Vec<&Unit>, Vec<Vec<&Unit>>) = (Vec::new(), Vec::new());
        for layer in input.layers() {
            let units: Vec<&Unit> = input.assessment.units.iter().filter(|unit| unit.layer == layer.id).collect();
            if units.iter().any(|unit| unit.technical) {
                technical.push(units);
            } else {
                management.extend(units);
            }
        }
        for units in technical {
            let Some(first) = units.first() else { continue };
            html.say("h3", "", &input.layer_name(&first.layer));
            let mut subjects: Vec<&SubjectId> = Vec::new();
            for determination in units.iter().flat_map(|unit| &unit.subjects) {
                if !subjects.contains(&&determination.subject) {
                    subjects.push(&determination.subject);
                }
            }
            let names: Vec<Text> = units.iter().map(|unit| input.unit_name(unit)).collect();
            let heads: Vec<&Text> = std::iter::once(&report.subject).chain(&names).collect();
            table(html, "matrix", &heads, |html| {
                for subject in subjects {
                    row(html, |html| {
                        html.element("th", &[("scope", "row")], |html| html.both(&subject_name(input, subject)));
                        for unit in &units {
                            let found = unit.subjects.iter().find(|found| found.subject == *subject);
                            cell(html, |html| {
                                if let Some(determination) = found {
                                    result(html, input, unit, determination);
                                }
                            });
                        }
                    });
                }
                row(html, |html| {
                    html.element("th", &[("scope", "row")], |html| html.both(&report.whole_unit));
                    for unit in &units {
                        cell(html, |html| {
                            outcome_chip(html, input.texts, unit.outcome);
                            let scored =
                                input.assessment.score.as_ref().ok().and_then(|score| score.units.get(&unit.indicator));
                            if let Some(scored) = scored.and_then(|scored| scored.score) {
                                html.element("small", &[], |html| html.plain(&crate::report::say::range(scored)));
                            }
                        });
                    }
                });
            });
        }
        if !management.is_empty() {
            html.say("h3", "", &judge::of(&input.texts.judge.group, &"management"));
            let heads = [&report.layer, &report.unit, &report.clause, &report.result, &report.score];
            table(html, "management", &heads, |html| {
                for unit in management {
                    for determination in &unit.subjects {
                        row(html, |html| {
                            cell(html, |html| html.both(&input.layer_name(&unit.layer)));
                            let at = anchor(&unit.indicator, &determination.subject);
                            cell(html, |html| link(html, &at, |html| html.both(&input.unit_name(unit))));
                            cell(html, |html| html.plain(&unit.clause));
                            cell(html, |html| outcome_chip(html, input.texts, determination.counted.outcome));
                            let score = super::score_text(input.texts, determination.counted.score);
                            cell(html, |html| html.both(&score));
                        });
                    }
                }
            });
        }
    });
}

fn result(html: &mut Html, input: &Input<'_>, unit: &Unit, determination: &Determination) {
    let counted = determination.counted;
    let class = format!("cell {}", crate::texts::word(&counted.outcome));
    let at = format!("#{}", anchor(&unit.indicator, &determination.subject));
    html.element("a", &[("class", &class), ("href", &at)], |html| {
        html.both(&input.outcome(counted.outcome));
        marks(html, input.texts, [counted.d, counted.a, counted.k]);
        if determination.ruling.is_some() {
            html.say("small", "", &input.texts.report.ruled_short);
        }
    });
}
