//! The page: one file without a script and without a network. The language switch is a pair of radio buttons that the style
//! sheet reads, so that it works from a disk, on paper and under a policy that forbids everything else.

mod annex;
mod determinations;
mod duties;
mod first;
mod tables;

use super::finding::problems;
use super::html::Html;
use super::say::range;
use super::{Input, chart};
use crate::texts::{Lang, Texts, same};
use dengmi_core::{EntryNumber, IndicatorId, SubjectId, Text};
use dengmi_judge::determine::{Mark, Outcome, RiskState};
use dengmi_judge::score::Range;

const STYLE: &str = include_str!("../../../templates/report.css");

/// The report as a page. `lang` is the language that it opens in; both are in it. Equal input gives equal bytes.
pub(crate) fn report_html(input: &Input<'_>, lang: Lang) -> String {
    let mut html = Html::new();
    let report = &input.texts.report;
    html.markup("<!DOCTYPE html>\n");
    html.open("html", &[("lang", lang.code())]);
    html.element("head", &[], |html| {
        html.markup("<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        html.markup(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        );
        html.element("title", &[], |html| {
            html.plain(&input.system.system.name);
            html.plain(" · ");
            html.plain(lang.of(&report.title));
        });
        html.open("style", &[]);
        html.markup(STYLE);
        html.close("style");
    });
    html.element("body", &[], |html| {
        for (code, id) in [("zh", "lang-zh"), ("en", "lang-en")] {
            let mut attributes =
                vec![("type", "radio"), ("name", "lang"), ("id", id), ("class", "switch"), ("aria-label", code)];
            if code == lang.code() {
                attributes.push(("checked", ""));
            }
            html.open("input", &attributes);
        }
        chart::patterns(html);
        html.element("main", &[], |html| {
            let problems = problems(input);
            first::head(html, input);
            first::result(html, input);
            first::worst(html, input, &problems);
            first::risks(html, input);
            first::counts(html, input);
            first::unassessed(html, input);
            first::questions(html, input);
            tables::subjects(html, input);
            tables::applicability(html, input);
            tables::matrix(html, input);
            determinations::all(html, input, &problems);
            duties::all(html, input);
            annex::risks(html, input);
            annex::remedies(html, input, &problems);
            annex::evidence(html, input);
            annex::law(html, input);
            annex::disclaimer(html, input);
        });
    });
    html.markup("</html>\n");
    html.finish()
}

/// A section with its heading.
fn section(html: &mut Html, id: &'static str, heading: &Text, inner: impl FnOnce(&mut Html)) {
    html.element("section", &[("id", id)], |html| {
        html.say("h2", "", heading);
        inner(html);
    });
}

/// A table that scrolls on its own when the window is narrow.
fn table(html: &mut Html, class: &str, head: &[&Text], rows: impl FnOnce(&mut Html)) {
    html.element("div", &[("class", "scroll")], |html| {
        html.element("table", &[("class", class)], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for text in head {
                        html.say("th", "", text);
                    }
                });
            });
            html.element("tbody", &[], rows);
        });
    });
}

fn row(html: &mut Html, cells: impl FnOnce(&mut Html)) {
    html.element("tr", &[], cells);
}

fn cell(html: &mut Html, inner: impl FnOnce(&mut Html)) {
    html.element("td", &[], inner);
}

/// The anchor of one determination. Names come from files of the user: what is not a plain letter or digit is written in hex,
/// so that two names never share an anchor.
pub(super) fn anchor(indicator: &IndicatorId, subject: &SubjectId) -> String {
    let mut anchor = String::from("d-");
    for part in [indicator.as_str(), ".", subject.as_str()] {
        for character in part.chars() {
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => anchor.push(character),
                other => anchor.push_str(&format!("_{:x}_", u32::from(other))),
            }
        }
    }
    anchor
}

fn link(html: &mut Html, anchor: &str, inner: impl FnOnce(&mut Html)) {
    html.element("a", &[("href", &format!("#{anchor}"))], inner);
}

fn entry_anchor(entry: EntryNumber) -> String {
    format!("e{}", entry.0)
}

/// A chip whose colour says the result; the words say it too.
fn chip(html: &mut Html, class: &str, text: &Text) {
    html.say("span", &format!("chip {class}"), text);
}

fn outcome_chip(html: &mut Html, texts: &Texts, outcome: Outcome) {
    let word = crate::texts::word(&outcome);
    chip(html, &word, &crate::texts::judge::of(&texts.judge.outcome, &outcome));
}

fn risk_chip(html: &mut Html, texts: &Texts, state: RiskState) {
    let word = crate::texts::word(&state);
    chip(html, &format!("risk-{word}"), &crate::texts::judge::of(&texts.judge.risk, &state));
}

/// D, A and K as three signs.
fn marks(html: &mut Html, texts: &Texts, marks: [Mark; 3]) {
    html.element("span", &[("class", "marks")], |html| {
        for (name, mark) in ["D", "A", "K"].into_iter().zip(marks) {
            let word = crate::texts::word(&mark);
            html.element("span", &[("class", &format!("mark {word}"))], |html| {
                html.element("i", &[], |html| html.plain(name));
                html.both(&crate::texts::judge::of(&texts.judge.mark, &mark));
            });
        }
    });
}

fn score_text(texts: &Texts, score: Option<Range>) -> Text {
    score.map_or_else(|| texts.report.none.clone(), |score| same(&range(score)))
}
