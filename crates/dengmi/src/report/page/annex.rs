//! High-risk items in full, what mends each problem, the evidence, the law, and what this page is not.

use super::{anchor, cell, entry_anchor, link, risk_chip, row, section, table};
use crate::report::Input;
use crate::report::finding::{Problem, subject_name};
use crate::report::html::Html;
use crate::report::say::places;
use crate::texts::{fill, judge, list, same};
use dengmi_core::date::{date_text, instant_text};
use dengmi_core::{Fact, Text};
use dengmi_judge::determine::{RiskFinding, RiskState};
use dengmi_judge::law::{Confidence, Instrument};

/// Each item that is met: problem, state, mitigation, and what a person must decide.
pub(super) fn risks(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "risk-items", &report.risk_items, |html| {
        let mut found: Vec<_> = input
            .assessment
            .determinations()
            .flat_map(|determination| determination.risks.iter().map(move |risk| (determination, risk)))
            .collect();
        if found.is_empty() {
            html.say("p", "", &report.no_high_risks);
            return;
        }
        // Stable: within a state the standard's order stays.
        found.sort_by_key(|(_, risk)| std::cmp::Reverse(risk.state));
        let guide = input.law.high_risk(input.assessment.on);
        let heads =
            [&report.item, &report.subject, &report.problem, &report.state, &report.mitigation, &report.what_next];
        table(html, "risks", &heads, |html| {
            for (determination, risk) in found {
                let item = guide.and_then(|guide| guide.value.item(risk.item.as_str()));
                row(html, |html| {
                    cell(html, |html| {
                        html.plain(risk.item.as_str());
                        if let Some(item) = item {
                            html.plain(" ");
                            html.both(&item.text());
                            trust(html, input, item.confidence);
                        }
                    });
                    cell(html, |html| {
                        link(html, &anchor(&determination.indicator, &determination.subject), |html| {
                            html.plain(determination.indicator.as_str());
                            html.plain(" ");
                            html.both(&subject_name(input, &determination.subject));
                        });
                    });
                    cell(html, |html| html.both(&super::first::problem_text(input, risk.item.as_str(), &risk.problem)));
                    cell(html, |html| {
                        risk_chip(html, input.texts, risk.state);
                        if let Some(by) = &risk.ruled_by {
                            html.say("p", "note", &fill(&report.risk_ruled_by, &[("by", same(by))]));
                        }
                    });
                    cell(html, |html| html.both(&mitigation(input, risk)));
                    cell(html, |html| html.both(next(input, risk)));
                });
            }
        });
        for rule in guide.iter().flat_map(|guide| &guide.value.rule) {
            html.element("p", &[("class", "note")], |html| {
                html.both(&rule.text());
                trust(html, input, rule.confidence);
            });
        }
    });
}

fn mitigation(input: &Input<'_>, risk: &RiskFinding) -> Text {
    let report = &input.texts.report;
    let item = input.law.high_risk(input.assessment.on).and_then(|guide| guide.value.item(risk.item.as_str()));
    let Some(item) = item else { return report.none.clone() };
    match &risk.mitigation {
        Some(name) => {
            let listed = item.mitigation.iter().find(|listed| listed.id == *name);
            listed.map_or_else(|| same(name), |listed| listed.text())
        }
        None if !item.mitigable => report.not_mitigable.clone(),
        None => {
            let covers = |listed: &&dengmi_judge::law::MitigationRule| {
                listed.covers.as_ref().is_none_or(|covers| covers.contains(&risk.problem))
            };
            let possible = item.mitigation.iter().filter(covers).map(|listed| listed.text());
            fill(&report.possible_mitigation, &[("mitigations", list(possible))])
        }
    }
}

fn next<'i>(input: &'i Input<'_>, risk: &RiskFinding) -> &'i Text {
    input.texts.risks.next(risk.state)
}

/// A mark on what only one source or a recollection says.
fn trust(html: &mut Html, input: &Input<'_>, confidence: Confidence) {
    let word = match confidence {
        Confidence::Confirmed => return,
        Confidence::Single => "single",
        Confidence::Memory => "memory",
    };
    html.element("span", &[("class", "trust")], |html| {
        html.both(&judge::of(&input.texts.judge.confidence, &word));
    });
}

/// Every problem with its steps.
pub(super) fn remedies(html: &mut Html, input: &Input<'_>, problems: &[Problem<'_>]) {
    let report = &input.texts.report;
    section(html, "remedies", &report.remedies, |html| {
        if problems.is_empty() {
            html.say("p", "", &report.no_problem);
            return;
        }
        html.say("p", "note", &report.remedies_note);
        html.element("ol", &[("class", "remedies")], |html| {
            for problem in problems {
                let Some(mending) = problem.mending() else { continue };
                html.element("li", &[], |html| {
                    html.element("h3", &[], |html| {
                        html.both(&mending.problem);
                        html.plain(" ");
                        if problem.state > RiskState::None {
                            risk_chip(html, input.texts, problem.state);
                        }
                    });
                    html.element("p", &[("class", "note")], |html| {
                        let marks = [("marks", same(&places(problem.marks, 2)))];
                        html.both(&fill(&report.costs, &marks));
                        html.plain(" · ");
                        html.both(&report.concerns);
                        for finding in &problem.findings {
                            html.plain(" ");
                            let at = anchor(&finding.unit.indicator, &finding.determination.subject);
                            link(html, &at, |html| {
                                html.plain(finding.unit.indicator.as_str());
                                html.plain(" ");
                                html.both(&subject_name(input, &finding.determination.subject));
                            });
                        }
                    });
                    html.say("p", "short", &mending.fix);
                    html.element("ol", &[], |html| mending.steps.iter().for_each(|step| html.say("li", "", step)));
                    if let Some(example) = &mending.example {
                        html.element("pre", &[], |html| html.plain(example));
                    }
                    further(html, input, problem);
                });
            }
        });
    });
}

/// What the findings of a problem need besides, each once.
fn further(html: &mut Html, input: &Input<'_>, problem: &Problem<'_>) {
    let first = problem.mending().map(|mending| mending.remedy);
    let mut seen: Vec<&str> = first.into_iter().collect();
    let mut more = Vec::new();
    for mending in problem.findings.iter().flat_map(|finding| &finding.remedies) {
        if !seen.contains(&mending.remedy) {
            seen.push(mending.remedy);
            more.push(mending);
        }
    }
    if more.is_empty() {
        return;
    }
    html.say("p", "", &input.texts.report.further);
    html.element("ul", &[], |html| {
        for mending in more {
            html.element("li", &[], |html| {
                html.say("b", "", &mending.problem);
                html.say("p", "", &mending.fix);
                html.element("ol", &[], |html| mending.steps.iter().for_each(|step| html.say("li", "", step)));
            });
        }
    });
}

/// The entries that verdicts cite and the documents, with digests.
pub(super) fn evidence(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "evidence", &report.evidence, |html| {
        html.say("p", "note", &report.evidence_note);
        let heads = [
            &report.entry,
            &report.kind,
            &report.observed,
            &report.said,
            &report.obtained,
            &report.when,
            &report.artifact,
        ];
        table(html, "evidence", &heads, |html| {
            for (entry, observation) in input.evidence {
                html.element("tr", &[("id", &entry_anchor(*entry))], |html| {
                    cell(html, |html| html.plain(&entry.to_string()));
                    cell(html, |html| html.plain(observation.fact.kind()));
                    cell(html, |html| html.plain(observation.observed.as_str()));
                    cell(html, |html| html.both(&input.summary(observation)));
                    cell(html, |html| {
                        html.both(&judge::of(&input.texts.judge.method, &observation.method));
                        html.plain(" · ");
                        html.both(&judge::of(&input.texts.judge.reach, &observation.reach));
                        html.plain(" · ");
                        html.plain(&observation.tool);
                    });
                    cell(html, |html| html.plain(&instant_text(observation.at)));
                    cell(html, |html| {
                        if let Some(place) = &observation.place {
                            digest(html, &place.artifact.to_string());
                            let what = place.what.as_deref().unwrap_or_default();
                            html.plain(&format!(" {what} {}", place.at));
                        }
                        match &observation.fact {
                            Fact::HandedIn(document) => match document.artifact {
                                Some(name) => digest(html, &name.to_string()),
                                None => html.both(&report.not_read),
                            },
                            Fact::Described(described) => digest(html, &described.artifact.to_string()),
                            _ => {}
                        }
                    });
                });
            }
        });
    });
}

fn digest(html: &mut Html, text: &str) {
    html.element("code", &[("class", "digest")], |html| html.plain(text));
}

/// 依据: every instrument in force on the day, how far it is to be trusted, and what of it is not confirmed.
pub(super) fn law(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    let on = input.assessment.on;
    section(html, "law", &report.law, |html| {
        let values = [("digest", same(input.law_digest)), ("on", same(&date_text(on)))];
        html.say("p", "note", &fill(&report.law_note, &values));
        let heads = [
            &report.instrument,
            &report.number,
            &report.in_force,
            &report.last_checked,
            &report.confidence,
            &report.sources,
        ];
        let used: Vec<&Instrument> =
            input.law.instruments().iter().filter(|instrument| instrument.in_force().covers(on)).collect();
        table(html, "law", &heads, |html| {
            for instrument in &used {
                row(html, |html| {
                    cell(html, |html| {
                        html.both(&instrument.text());
                        if let Some(note) = &instrument.note {
                            html.say("p", "note", note);
                        }
                    });
                    cell(html, |html| html.plain(&instrument.number));
                    let to = instrument.to.map_or_else(|| report.still_in_force.clone(), |day| same(&date_text(day)));
                    cell(html, |html| {
                        html.plain(&date_text(instrument.from));
                        html.plain(" – ");
                        html.both(&to);
                    });
                    cell(html, |html| html.plain(&date_text(instrument.last_checked)));
                    cell(html, |html| html.both(&confidence(input, instrument.confidence)));
                    cell(html, |html| html.plain(&instrument.source.join(", ")));
                });
            }
        });
        unconfirmed(html, input);
        html.element("details", &[], |html| {
            html.say("summary", "", &report.source_keys);
            html.element("ul", &[("class", "plain")], |html| {
                for instrument in &used {
                    for (key, text) in &instrument.sources {
                        html.element("li", &[], |html| {
                            html.element("b", &[], |html| html.plain(&format!("{} {key}", instrument.id)));
                            html.plain(" ");
                            html.plain(text);
                        });
                    }
                }
            });
        });
        html.say("h3", "", &report.rounding);
        let scoring = input.law.scoring(on);
        if let Some(scoring) = scoring {
            let rules = &scoring.value;
            let values = [
                ("object", same(&rules.object.places.to_string())),
                ("unit", same(&rules.unit.places.to_string())),
                ("layer", same(&rules.layer.places.to_string())),
                ("total", same(&rules.total.places.to_string())),
            ];
            html.say("p", "", &fill(&report.rounding_note, &values));
            html.element("ul", &[], |html| {
                for text in [rules.object.text(), rules.unit.text(), rules.layer.text(), rules.total.text()] {
                    html.say("li", "", &text);
                }
                if let Some(compensation) = &rules.compensation {
                    html.say("li", "", &compensation.text());
                }
                html.say("li", "", &rules.conclusion.text());
            });
        }
    });
}

fn confidence(input: &Input<'_>, confidence: Confidence) -> Text {
    let word = match confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::Single => "single",
        Confidence::Memory => "memory",
    };
    judge::of(&input.texts.judge.confidence, &word)
}

/// What in the law's data rests on one source or on a recollection.
fn unconfirmed(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    let on = input.assessment.on;
    html.say("h3", "", &report.unconfirmed);
    html.say("p", "note", &report.unconfirmed_note);
    let heads = [&report.datum, &report.confidence];
    table(html, "unconfirmed", &heads, |html| {
        let mut line = |name: &Text, trust: &Text| {
            row(html, |html| {
                cell(html, |html| html.both(name));
                cell(html, |html| html.both(trust));
            });
        };
        // Units of which the same is in doubt share a line.
        let mut units: Vec<(Text, Vec<Text>)> = Vec::new();
        for unit in &input.assessment.units {
            let Some(fields) = input.doubtful_law(unit) else { continue };
            match units.iter_mut().find(|(other, _)| *other == fields) {
                Some((_, names)) => names.push(same(unit.indicator.as_str())),
                None => units.push((fields, vec![same(unit.indicator.as_str())])),
            }
        }
        for (fields, names) in units {
            line(&list(names), &fields);
        }
        let named = |id: &str, text: Text| crate::texts::pair(format!("{id} {}", text.zh), format!("{id} {}", text.en));
        if let Some(scoring) = input.law.scoring(on) {
            let rules = &scoring.value;
            for (id, text, fields, trust) in [
                ("total", rules.total.text(), &rules.total.confidence_by_field, rules.total.confidence),
                (
                    "conclusion",
                    rules.conclusion.text(),
                    &rules.conclusion.confidence_by_field,
                    rules.conclusion.confidence,
                ),
            ] {
                if trust != Confidence::Confirmed || !fields.is_empty() {
                    let fields: Vec<String> = fields.iter().map(|(field, word)| format!("{field}: {word}")).collect();
                    line(&named(id, text), &same(&fields.join("; ")));
                }
            }
            for pair in rules.compensation.iter().flat_map(|rule| &rule.pair) {
                if pair.confidence != Confidence::Confirmed {
                    line(&named(pair.network.as_str(), pair.text()), &confidence(input, pair.confidence));
                }
            }
        }
        let guide = input.law.high_risk(on);
        for item in guide.iter().flat_map(|guide| &guide.value.item) {
            if item.confidence != Confidence::Confirmed {
                line(&named(item.id.as_str(), item.text()), &confidence(input, item.confidence));
            }
        }
        for rule in input.law.practice(on).filter(|rule| rule.confidence != Confidence::Confirmed) {
            line(&named(&rule.id, rule.text()), &confidence(input, rule.confidence));
        }
        for row in input.law.algorithms(on).filter(|row| row.confidence != Confidence::Confirmed) {
            line(&named(&row.id, row.text()), &confidence(input, row.confidence));
        }
    });
}

/// What this page is not.
pub(super) fn disclaimer(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "disclaimer", &report.disclaimer, |html| {
        html.element("ul", &[], |html| {
            for text in [
                &report.disclaimer_qualified,
                &report.disclaimer_interval,
                &report.disclaimer_products,
                &report.disclaimer_law,
                &report.disclaimer_observes,
            ] {
                html.say("li", "", text);
            }
        });
        html.element("p", &[("class", "note")], |html| {
            html.plain(input.tool);
            html.plain(" · ");
            html.plain(&instant_text(input.generated_at));
        });
    });
}
