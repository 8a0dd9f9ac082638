//! 法律义务: what the law of the day asks, what the case shows of it, and how it pulls.

use super::super::Input;
use super::super::html::Html;
use super::{cell, chip, row, section, table};
use crate::duties::{Memo, because, citation, days, enforcers, shares_picture};
use crate::texts::{fill, list, pair, same};
use dengmi_core::Text;
use dengmi_core::date::{date_text, read_date};
use dengmi_judge::duties::{DataTension, Holder, Shown, share_over_time};
use dengmi_judge::register::{Area, Duty};

/// The first day of the chart: the year in which the law on encryption began.
const FIRST: &str = "1999-01-01";

pub(super) fn all(html: &mut Html, input: &Input<'_>) {
    let Some(memo) = input.duties else { return };
    let report = &input.texts.report;
    section(html, "duties", &report.duties, |html| {
        html.say("p", "note", &report.duties_note);
        let head = &memo.source.register.head;
        let values = [
            ("version", same(&head.version)),
            ("as-of", same(&date_text(head.as_of))),
            ("digest", same(&memo.source.digest.to_string())),
        ];
        html.say("p", "note", &fill(&report.duties_register, &values));
        if let Ok(first) = read_date(FIRST) {
            let shares = share_over_time(
                &memo.source.register,
                &memo.facts,
                &memo.jurisdictions,
                [first.min(memo.duties.on), memo.duties.on],
            );
            html.say("h3", "", &report.duties_chart);
            shares_picture(html, &shares, memo.duties.on, &report.duties_chart, &input.texts.duties);
        }
        for area in Area::ALL {
            let here: Vec<&Duty> = memo.duties.apply.iter().filter(|duty| duty.area == area).copied().collect();
            if here.is_empty() {
                continue;
            }
            html.say("h3", "", &input.texts.duties.of("area", &area));
            table(html, "duties", &[&report.duty, &report.duty_where, &report.duty_shown], |html| {
                here.iter().for_each(|duty| one(html, input, memo, duty));
            });
        }
        questions(html, input, memo);
        tensions(html, input, memo);
        contradictions(html, input, memo);
        if !memo.duties.undated.is_empty() {
            html.say("h3", "", &report.duties_undated);
            html.element("ul", &[], |html| {
                for duty in &memo.duties.undated {
                    html.element("li", &[], |html| cited(html, memo, duty));
                }
            });
        }
    });
}

/// A duty in one line: its words and its place.
fn cited(html: &mut Html, memo: &Memo<'_>, duty: &Duty) {
    html.both(&duty.text());
    html.plain(" ");
    html.element("small", &[], |html| html.both(&citation(&memo.source.register, duty)));
}

fn one(html: &mut Html, input: &Input<'_>, memo: &Memo<'_>, duty: &Duty) {
    let texts = &input.texts.duties;
    let register = &memo.source.register;
    row(html, |html| {
        cell(html, |html| {
            chip(html, "strength", &texts.of("strength", &duty.strength));
            html.plain(" ");
            chip(html, "pull", &texts.of("pull", &duty.pull));
            html.plain(" ");
            if let Some(place) = memo.place(duty) {
                chip(html, "place", &texts.of("jurisdiction", &place));
                html.plain(" ");
            }
            html.both(&duty.text());
            html.say("p", "note", &join(&duty.subject, &duty.condition));
        });
        cell(html, |html| {
            html.both(&citation(register, duty));
            html.plain(" ");
            html.element("small", &[], |html| html.plain(&duty.id));
            html.say("p", "note", &enforcers(register, duty));
            let (zh, en) = (days(duty, crate::texts::Lang::Zh), days(duty, crate::texts::Lang::En));
            let certainty = texts.of("certainty", &duty.confidence);
            let trust = &input.texts.report.confidence;
            html.say(
                "p",
                "note",
                &pair(
                    format!("{zh}；{}：{}", trust.zh, certainty.zh),
                    format!("{en}; {}: {}", trust.en.to_lowercase(), certainty.en),
                ),
            );
        });
        cell(html, |html| {
            let proof = memo.proof(duty);
            let class = match proof.shown {
                Shown::Shown => "good",
                Shown::Contradicted => "bad",
                Shown::NotShown => "open",
            };
            chip(html, class, &texts.of("shown", &proof.shown));
            let grounds = list(proof.because.iter().map(|ground| because(input.texts, ground)));
            html.say("p", "note", &grounds);
        });
    });
}

fn join(subject: &Text, condition: &Text) -> Text {
    pair(format!("{}；{}", subject.zh, condition.zh), format!("{}; {}", subject.en, condition.en))
}

fn questions(html: &mut Html, input: &Input<'_>, memo: &Memo<'_>) {
    let questions = memo.duties.questions();
    if questions.is_empty() {
        return;
    }
    html.say("h3", "", &input.texts.report.duties_open);
    html.element("ul", &[("class", "questions")], |html| {
        for (missing, waiting) in questions {
            html.element("li", &[], |html| {
                html.both(&input.texts.duties.of("question", &missing));
                html.element("ul", &[], |html| {
                    for duty in waiting {
                        html.element("li", &[], |html| cited(html, memo, duty));
                    }
                });
            });
        }
    });
}

fn tensions(html: &mut Html, input: &Input<'_>, memo: &Memo<'_>) {
    let report = &input.texts.report;
    if memo.tension.is_empty() {
        return;
    }
    html.say("h3", "", &report.duties_tension);
    html.say("p", "note", &report.duties_tension_note);
    for data in &memo.tension {
        html.element("h4", &[], |html| html.plain(data.data.id.get_ref()));
        facts(html, input, memo, data);
        table(html, "tension", &[&report.tension_protection, &report.tension_access], |html| {
            row(html, |html| {
                for (head, duties) in
                    [(&report.tension_protection, &data.protection), (&report.tension_access, &data.access)]
                {
                    cell(html, |html| {
                        // On a narrow screen the columns lie below each other, without a head.
                        html.say("p", "cell-head", head);
                        html.element("ul", &[], |html| {
                            for duty in duties {
                                html.element("li", &[], |html| {
                                    cited(html, memo, duty);
                                    html.say("p", "note", &join(&duty.subject, &duty.condition));
                                });
                            }
                        });
                    });
                }
            });
        });
    }
}

/// Who holds keys, and where the data are.
fn facts(html: &mut Html, input: &Input<'_>, memo: &Memo<'_>, data: &DataTension<'_, '_>) {
    use dengmi_judge::duties::Place;
    let report = &input.texts.report;
    let keys = list(data.keys.iter().map(|key| match &key.place {
        Place::Product(place) | Place::Software(place) => same(&format!("{} ({place})", key.key)),
        Place::NotStated => same(&key.key),
    }));
    let held = if data.holder == Holder::Operator { &report.tension_held } else { &report.tension_unheld };
    html.element("p", &[("class", "note")], |html| {
        html.both(&report.tension_keys);
        html.plain(": ");
        html.both(&keys);
        html.plain(if data.keys.is_empty() { "" } else { "; " });
        html.both(held);
    });
    let stored = memo.system.records.stored_in.iter().flatten().map(crate::texts::word);
    let places: Vec<String> = data.data.places.iter().map(ToString::to_string).chain(stored).collect();
    if !places.is_empty() {
        html.element("p", &[("class", "note")], |html| {
            html.both(&report.tension_places);
            html.plain(": ");
            html.plain(&places.join(", "));
        });
    }
}

fn contradictions(html: &mut Html, input: &Input<'_>, memo: &Memo<'_>) {
    if memo.contradictions.is_empty() {
        return;
    }
    html.say("h3", "", &input.texts.report.duties_contradictions);
    html.element("ul", &[], |html| {
        for found in &memo.contradictions {
            html.element("li", &[], |html| html.both(&pair(&*found.zh, &*found.en)));
        }
    });
}
