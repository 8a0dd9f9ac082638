//! What a reader sees first: who, the result, the worst problems with their fix, risks, counts, and what is still open.

use super::{anchor, cell, chip, link, risk_chip, row, section, table};
use crate::report::finding::{Problem, subject_name};
use crate::report::html::Html;
use crate::report::say::{level, places, range};
use crate::report::{Input, chart};
use crate::texts::{fill, judge, list, pair, same};
use dengmi_core::Text;
use dengmi_core::date::{date_text, instant_text};
use dengmi_judge::assess::Question;
use dengmi_judge::determine::{Answerer, Outcome, RiskFinding, RiskState};
use num_traits::{ToPrimitive, Zero};
use std::collections::BTreeSet;

/// Who, what, when, by which law.
pub(super) fn head(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    let about = &input.system.system;
    html.element("header", &[], |html| {
        html.element("div", &[("class", "bar")], |html| {
            html.element("span", &[("class", "brand")], |html| {
                html.element("b", &[], |html| html.plain("等·密"));
                html.plain(" ");
                html.both(&report.title);
            });
            html.element("span", &[("class", "languages")], |html| {
                html.markup("<label for=\"lang-zh\">中文</label><label for=\"lang-en\">English</label>");
            });
        });
        html.element("h1", &[], |html| html.plain(&about.name));
        html.say("p", "self", &report.self_assessment);
        html.element("dl", &[("class", "facts")], |html| {
            let mut fact = |label: &Text, value: &Text, class: &str| {
                html.element("div", &[("class", class)], |html| {
                    html.say("dt", "", label);
                    html.say("dd", "", value);
                });
            };
            let assessment = input.assessment;
            let stated = input.system.grade.filed.filter(|filed| *filed != assessment.level);
            let level_text = match stated {
                Some(filed) => {
                    fill(&report.level_above, &[("level", level(assessment.level)), ("filed", level(filed))])
                }
                None => level(assessment.level),
            };
            fact(&report.operator, &same(&about.operator), "");
            fact(&report.level, &level_text, "");
            fact(&report.assessed_on, &same(&date_text(assessment.on)), "");
            let assessor = about.assessor.as_deref().map_or_else(|| report.not_named.clone(), same);
            fact(&report.assessor, &assessor, "");
            fact(&report.edition, &fill(&report.edition_value, &[("edition", same(&assessment.edition))]), "");
            let made = pair(
                format!("{}（{}）", instant_text(input.generated_at), input.tool),
                format!("{} ({})", instant_text(input.generated_at), input.tool),
            );
            fact(&report.generated, &made, "");
            fact(&report.law_digest, &same(input.law_digest), "wide");
            if let Some(case) = &input.case {
                let sealed = if case.sealed { &report.case_sealed } else { &report.case_unsealed };
                let values = [
                    ("file", same(&case.file)),
                    ("entries", same(&case.entries.to_string())),
                    ("link", same(&case.link.to_string())),
                    ("sealed", sealed.clone()),
                ];
                fact(&report.case, &fill(&report.case_value, &values), "wide");
            }
        });
    });
}

/// The total or its interval, the layers, and what the evidence would give.
pub(super) fn result(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    html.element("section", &[("id", "result"), ("class", "cards")], |html| {
        html.element("div", &[("class", "card")], |html| {
            let rules = input.law.scoring(input.assessment.on).map(|scoring| &scoring.value);
            match &input.assessment.score {
                Ok(score) => {
                    let open = score.total.settled().is_none();
                    html.say("h2", "", if open { &report.total_interval } else { &report.total });
                    html.element("p", &[("class", "total")], |html| {
                        html.plain(&range(score.total));
                        html.element("small", &[], |html| html.both(&report.marks_unit));
                    });
                    let scale = rules.and_then(|rules| rules.total.scale.exact().to_integer().to_i64()).unwrap_or(100);
                    let threshold = rules.map(|rules| rules.conclusion.threshold.exact());
                    chart::total(html, score.total, scale, threshold, &report.total);
                    if open {
                        html.say("p", "note", &report.interval_note);
                    }
                }
                Err(_) => {
                    html.say("h2", "", &report.total);
                    html.say("p", "refusal", &input.refusal());
                }
            }
            html.say("h3", "", &report.would_give);
            html.element("p", &[("class", "conclusion")], |html| {
                for conclusion in &input.assessment.conclusion {
                    let word = rules.map_or_else(|| same(""), |rules| conclusion.word(&rules.conclusion).clone());
                    chip(html, &format!("conclusion-{}", crate::texts::word(conclusion)), &word);
                }
            });
            let why = why_open(input);
            if !why.is_empty() {
                html.element("ul", &[("class", "why")], |html| why.iter().for_each(|text| html.say("li", "", text)));
            }
        });
        html.element("div", &[("class", "card")], |html| {
            html.say("h2", "", &report.layers);
            chart::layers(html, input);
            html.say("p", "note", &report.layers_note);
        });
    });
}

/// Why the conclusion is what it is, and what keeps it open.
fn why_open(input: &Input<'_>) -> Vec<Text> {
    let report = &input.texts.report;
    let open = &input.assessment.open;
    let mut lines = Vec::new();
    let mut add = |count: usize, text: &Text| {
        if count > 0 {
            lines.push(fill(text, &[("count", same(&count.to_string()))]));
        }
    };
    add(open.open_high_risks, &report.because_open_risks);
    add(open.candidates, &report.because_candidates);
    add(open.unassessed, &report.because_unassessed);
    add(open.rulings, &report.because_rulings);
    add(open.confirmations, &report.because_confirmations);
    if !open.subjects_confirmed {
        lines.push(report.because_provisional.clone());
    }
    lines
}

/// The three worst problems and their fix.
pub(super) fn worst(html: &mut Html, input: &Input<'_>, problems: &[Problem<'_>]) {
    let report = &input.texts.report;
    section(html, "worst", &report.worst, |html| {
        if problems.is_empty() {
            html.say("p", "", &report.no_problem);
            return;
        }
        html.element("ol", &[("class", "worst")], |html| {
            for problem in problems.iter().take(3) {
                let (Some(mending), Some(worst)) = (problem.mending(), problem.findings.first()) else { continue };
                html.element("li", &[("class", "problem")], |html| {
                    html.element("div", &[("class", "what")], |html| {
                        html.element("p", &[("class", "chips")], |html| {
                            if problem.state > RiskState::None {
                                let text = judge::of(&input.texts.judge.risk, &problem.state);
                                let item = worst.determination.risks.iter().find(|risk| risk.state == problem.state);
                                let item = item.map_or("", |risk| risk.item.as_str());
                                let label = pair(format!("{} {item}", text.zh), format!("{} {item}", text.en));
                                chip(html, &format!("risk-{}", crate::texts::word(&problem.state)), &label);
                            }
                            if !problem.marks.is_zero() {
                                let marks = [("marks", same(&places(problem.marks, 2)))];
                                chip(html, "plain", &fill(&report.costs, &marks));
                            }
                        });
                        html.say("h3", "", &mending.problem);
                        let more = problem.subjects().len().saturating_sub(1);
                        if more > 0 {
                            let others =
                                list(problem.subjects().into_iter().skip(1).map(|name| subject_name(input, name)));
                            html.say("p", "note", &fill(&report.also_concerns, &[("subjects", others)]));
                        }
                        html.element("p", &[("class", "note")], |html| {
                            html.both(&report.see);
                            for finding in &problem.findings {
                                html.plain(" ");
                                let at = anchor(&finding.unit.indicator, &finding.determination.subject);
                                link(html, &at, |html| {
                                    if more == 0 {
                                        return html.both(&input.unit_name(finding.unit));
                                    }
                                    html.plain(finding.unit.indicator.as_str());
                                    html.plain(" ");
                                    html.both(&subject_name(input, &finding.determination.subject));
                                });
                            }
                        });
                    });
                    html.element("div", &[("class", "fix")], |html| {
                        html.element("p", &[("class", "short")], |html| {
                            html.element("b", &[], |html| html.both(&report.fix));
                            html.both(&mending.fix);
                        });
                        html.element("ol", &[], |html| mending.steps.iter().for_each(|step| html.say("li", "", step)));
                        if let Some(example) = &mending.example {
                            html.element("details", &[], |html| {
                                html.say("summary", "", &report.example);
                                html.element("pre", &[], |html| html.plain(example));
                            });
                        }
                    });
                });
            }
        });
        let rest = problems.len().saturating_sub(3);
        if rest > 0 {
            html.element("p", &[("class", "note")], |html| {
                let count = [("count", same(&rest.to_string()))];
                link(html, "remedies", |html| html.both(&fill(&report.more_problems, &count)));
            });
        }
    });
}

/// High risks by their state, in one line each.
pub(super) fn risks(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "high-risks", &report.high_risks, |html| {
        let any = input.assessment.determinations().any(|determination| !determination.risks.is_empty());
        if !any {
            html.say("p", "", &report.no_high_risks);
            return;
        }
        html.element("div", &[("class", "states")], |html| {
            for wanted in [RiskState::Open, RiskState::Candidate, RiskState::Mitigated, RiskState::None] {
                let found: Vec<_> = input
                    .assessment
                    .determinations()
                    .flat_map(|determination| determination.risks.iter().map(move |risk| (determination, risk)))
                    .filter(|(_, risk)| risk.state == wanted)
                    .collect();
                if found.is_empty() {
                    continue;
                }
                html.element("div", &[("class", "state")], |html| {
                    html.element("h3", &[], |html| {
                        risk_chip(html, input.texts, wanted);
                        html.plain(&format!(" {}", found.len()));
                    });
                    html.say("p", "note", input.texts.risks.means(wanted));
                    html.element("ul", &[], |html| {
                        // What the same problem of the same item concerns stands together.
                        let mut said = BTreeSet::new();
                        for (_, risk) in &found {
                            let alike = |other: &RiskFinding| other.item == risk.item && other.problem == risk.problem;
                            if !said.insert((&risk.item, &risk.problem)) {
                                continue;
                            }
                            html.element("li", &[], |html| {
                                html.element("b", &[], |html| html.plain(risk.item.as_str()));
                                html.plain(" ");
                                html.both(&problem_text(input, risk.item.as_str(), &risk.problem));
                                for (determination, _) in found.iter().filter(|(_, other)| alike(other)) {
                                    html.plain(" ");
                                    let at = anchor(&determination.indicator, &determination.subject);
                                    link(html, &at, |html| {
                                        html.plain(determination.indicator.as_str());
                                        html.plain(" ");
                                        html.both(&subject_name(input, &determination.subject));
                                    });
                                }
                            });
                        }
                    });
                });
            }
        });
    });
}

/// What the guide says of a problem.
pub(super) fn problem_text(input: &Input<'_>, item: &str, problem: &str) -> Text {
    let item = input.law.high_risk(input.assessment.on).and_then(|guide| guide.value.item(item));
    let found = item.and_then(|item| item.problem.iter().find(|listed| &*listed.id == problem));
    found.map_or_else(|| fill(&input.texts.risks.unlisted, &[("problem", same(problem))]), |found| found.text())
}

/// How many determinations have which outcome.
pub(super) fn counts(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "counts", &report.counts, |html| {
        html.element("ul", &[("class", "counts")], |html| {
            for outcome in [
                Outcome::Conform,
                Outcome::Partly,
                Outcome::NotConform,
                Outcome::NotApplicable,
                Outcome::Unassessed,
                Outcome::NeedsRuling,
            ] {
                let of_outcome = |found: Outcome| found == outcome;
                let determinations =
                    input.assessment.determinations().filter(|found| of_outcome(found.counted.outcome)).count();
                let units = input.assessment.units.iter().filter(|unit| of_outcome(unit.outcome)).count();
                html.element("li", &[("class", &crate::texts::word(&outcome))], |html| {
                    html.element("b", &[], |html| html.plain(&determinations.to_string()));
                    html.both(&input.outcome(outcome));
                    html.say("small", "", &fill(&report.units_count, &[("count", same(&units.to_string()))]));
                });
            }
        });
        let all = [
            ("determinations", same(&input.assessment.determinations().count().to_string())),
            ("units", same(&input.assessment.units.len().to_string())),
        ];
        html.say("p", "note", &fill(&report.counts_note, &all));
    });
}

/// What nobody has assessed or ruled on yet, unit by unit.
pub(super) fn unassessed(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    let open = |outcome: Outcome| matches!(outcome, Outcome::Unassessed | Outcome::NeedsRuling);
    section(html, "unassessed", &report.unassessed, |html| {
        if !input.assessment.determinations().any(|determination| open(determination.counted.outcome)) {
            html.say("p", "", &report.nothing_unassessed);
            return;
        }
        html.say("p", "note", &report.unassessed_note);
        let heads = [&report.unit, &report.subjects, &report.missing_facts];
        table(html, "open-units", &heads, |html| {
            for unit in &input.assessment.units {
                let ours: Vec<_> = unit.subjects.iter().filter(|found| open(found.counted.outcome)).collect();
                if ours.is_empty() {
                    continue;
                }
                row(html, |html| {
                    cell(html, |html| html.both(&input.unit_name(unit)));
                    cell(html, |html| {
                        for (index, determination) in ours.iter().enumerate() {
                            if index > 0 {
                                html.plain(" · ");
                            }
                            let at = anchor(&unit.indicator, &determination.subject);
                            link(html, &at, |html| html.both(&subject_name(input, &determination.subject)));
                            if determination.counted.outcome == Outcome::NeedsRuling {
                                html.plain(" ");
                                chip(html, "needs-ruling", &input.outcome(Outcome::NeedsRuling));
                            }
                        }
                    });
                    let mut words: Vec<_> = ours.iter().flat_map(|found| &found.verdict.missing).copied().collect();
                    words.sort_unstable();
                    words.dedup();
                    let mut texts: Vec<Text> =
                        words.into_iter().map(|word| input.texts.judge.label(word.text())).collect();
                    let ruling = ours.iter().filter(|found| found.counted.outcome == Outcome::NeedsRuling);
                    texts.extend(
                        ruling.flat_map(|found| &found.verdict.doubts).map(|(doubt, bind)| input.doubt(doubt, *bind)),
                    );
                    texts.dedup();
                    cell(html, |html| html.both(&list(texts)));
                });
            }
        });
    });
}

/// What somebody must answer, by who can, the question that opens most first.
pub(super) fn questions(html: &mut Html, input: &Input<'_>) {
    let report = &input.texts.report;
    section(html, "questions", &report.questions, |html| {
        if input.assessment.questions.is_empty() {
            html.say("p", "", &report.no_questions);
            return;
        }
        html.say("p", "note", &report.questions_note);
        for answerer in [Answerer::Operator, Answerer::Assessor, Answerer::Vendor] {
            let mut ours: Vec<&Question> =
                input.assessment.questions.iter().filter(|question| question.answerer == answerer).collect();
            if ours.is_empty() {
                continue;
            }
            ours.sort_by(|one, two| two.about.len().cmp(&one.about.len()).then(one.word.cmp(&two.word)));
            html.element("h3", &[], |html| {
                html.both(&judge::of(&input.texts.judge.answerer, &answerer));
                html.both(&fill(&report.questions_count, &[("count", same(&ours.len().to_string()))]));
            });
            html.element("ol", &[("class", "questions")], |html| {
                for question in ours {
                    html.element("li", &[], |html| {
                        let word = question.word.text();
                        let text = input.texts.judge.word.get(word);
                        html.say("p", "ask", &text.map_or_else(|| same(word), |text| text.question.clone()));
                        html.element("p", &[("class", "about")], |html| {
                            html.element("code", &[], |html| html.plain(word));
                            for (indicator, subject) in &question.about {
                                html.plain(" ");
                                link(html, &anchor(indicator, subject), |html| {
                                    html.plain(indicator.as_str());
                                    html.plain(" ");
                                    html.both(&subject_name(input, subject));
                                });
                            }
                        });
                    });
                }
            });
        }
    });
}
