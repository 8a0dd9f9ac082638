//! The memo as one JSON document, and a duty as a line.

use super::{Memo, citation, enforcers, reason};
use crate::texts::{Lang, Texts, word};
use dengmi_core::Text;
use dengmi_core::date::date_text;
use dengmi_judge::duties::{ChangeKind, Holder, KeyFact, Missing, Proof};
use dengmi_judge::register::{Area, Certainty, Duty, Pull, Register, Strength};
use serde::Serialize;

/// A duty, whichever system: a line of `dengmi law duties --json`.
#[derive(Serialize)]
pub(crate) struct DutyLine<'a> {
    id: &'a str,
    citation: Citation,
    instrument: &'a str,
    jurisdiction: String,
    /// The number of the article, where a source shows it.
    article: Option<&'a str>,
    area: Area,
    strength: Strength,
    pull: Pull,
    zh: &'a str,
    en: &'a str,
    subject: &'a Text,
    condition: &'a Text,
    enforcers: Text,
    binding: bool,
    draft: bool,
    from: Option<String>,
    /// The last day on which it is in force.
    last: Option<String>,
    confidence: Certainty,
}

/// On a command line one language; in a report both.
#[derive(Serialize)]
#[serde(untagged)]
enum Citation {
    One(Box<str>),
    Both(Text),
}

impl Citation {
    fn of(register: &Register, duty: &Duty, lang: Option<Lang>) -> Citation {
        let cited = citation(register, duty);
        match lang {
            Some(lang) => Citation::One(lang.of(&cited).into()),
            None => Citation::Both(cited),
        }
    }
}

/// `lang`: the language of the citation; none: both.
pub(crate) fn duty_line<'a>(register: &Register, duty: &'a Duty, lang: Option<Lang>) -> DutyLine<'a> {
    let jurisdiction = register.instrument(&duty.instrument).map(|instrument| word(&instrument.jurisdiction));
    DutyLine {
        id: &duty.id,
        citation: Citation::of(register, duty, lang),
        instrument: &duty.instrument,
        jurisdiction: jurisdiction.unwrap_or_default(),
        article: duty.confirmed_article(),
        area: duty.area,
        strength: duty.strength,
        pull: duty.pull,
        zh: &duty.zh,
        en: &duty.en,
        subject: &duty.subject,
        condition: &duty.condition,
        enforcers: enforcers(register, duty),
        binding: duty.binding,
        draft: duty.draft,
        from: duty.from.map(date_text),
        last: duty.to.and_then(|day| day.previous_day()).map(date_text),
        confidence: duty.confidence,
    }
}

#[derive(Serialize)]
pub(crate) struct Document<'a> {
    system: &'a str,
    operator: &'a str,
    on: String,
    level: Option<u8>,
    jurisdictions: Vec<String>,
    register: Pack<'a>,
    duties: Vec<Applying<'a>>,
    depend: Vec<Depending<'a>>,
    /// How many that are in force that day are not for this system.
    others: usize,
    undated: Vec<DutyLine<'a>>,
    questions: Vec<Question<'a>>,
    tension: Vec<Tension<'a>>,
    contradictions: Vec<Contradiction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared<'a>>,
}

#[derive(Serialize)]
struct Pack<'a> {
    version: &'a str,
    as_of: String,
    sm3: String,
}

#[derive(Serialize)]
struct Applying<'a> {
    #[serde(flatten)]
    duty: DutyLine<'a>,
    evidence: &'a [Text],
    proof: Proof,
}

#[derive(Serialize)]
struct Depending<'a> {
    #[serde(flatten)]
    duty: DutyLine<'a>,
    missing: &'a [Missing],
}

#[derive(Serialize)]
struct Question<'a> {
    missing: Missing,
    key: &'static str,
    question: Text,
    settles: Vec<&'a str>,
}

#[derive(Serialize)]
struct Tension<'a> {
    data: &'a str,
    protection: Vec<&'a str>,
    access: Vec<&'a str>,
    keys: &'a [KeyFact],
    holder: Holder,
    places: &'a [Box<str>],
}

#[derive(Serialize)]
struct Contradiction<'a> {
    id: &'a str,
    zh: &'a str,
    en: &'a str,
    one: &'a str,
    others: &'a [Box<str>],
}

#[derive(Serialize)]
struct Compared<'a> {
    with: String,
    duties: Vec<&'a str>,
    depend: Vec<&'a str>,
    changes: Vec<Changed<'a>>,
}

#[derive(Serialize)]
struct Changed<'a> {
    change: ChangeKind,
    id: &'a str,
    citation: Citation,
    reason: Text,
    depends: bool,
}

/// The whole memo. `lang`: the language of citations; none: both.
pub(crate) fn document<'a>(memo: &'a Memo<'a>, texts: &Texts, lang: Option<Lang>) -> Document<'a> {
    let (register, duties) = (&memo.source.register, &memo.duties);
    let line = |duty: &'a Duty| duty_line(register, duty, lang);
    let ids = |duties: &[&'a Duty]| duties.iter().map(|duty| &*duty.id).collect::<Vec<_>>();
    Document {
        system: &memo.system.system.name,
        operator: &memo.system.system.operator,
        on: date_text(duties.on),
        level: memo.facts.level,
        jurisdictions: memo.jurisdictions.iter().map(word).collect(),
        register: Pack {
            version: &register.head.version,
            as_of: date_text(register.head.as_of),
            sm3: memo.source.digest.to_string(),
        },
        duties: duties
            .apply
            .iter()
            .map(|duty| Applying { duty: line(duty), evidence: &duty.evidence, proof: memo.proof(duty) })
            .collect(),
        depend: duties.depend.iter().map(|(duty, missing)| Depending { duty: line(duty), missing }).collect(),
        others: duties.others,
        undated: duties.undated.iter().map(|duty| line(duty)).collect(),
        questions: duties
            .questions()
            .into_iter()
            .map(|(missing, waiting)| Question {
                missing,
                key: missing.key(),
                question: texts.duties.of("question", &missing),
                settles: ids(&waiting),
            })
            .collect(),
        tension: memo
            .tension
            .iter()
            .map(|row| Tension {
                data: row.data.id.get_ref(),
                protection: ids(&row.protection),
                access: ids(&row.access),
                keys: &row.keys,
                holder: row.holder,
                places: &row.data.places,
            })
            .collect(),
        contradictions: memo
            .contradictions
            .iter()
            .map(|row| Contradiction { id: &row.id, zh: &row.zh, en: &row.en, one: &row.one, others: &row.others })
            .collect(),
        compared: memo.compared.as_ref().map(|(other, changes)| Compared {
            with: date_text(other.on),
            duties: ids(&other.apply),
            depend: other.depend.iter().map(|(duty, _)| &*duty.id).collect(),
            changes: changes
                .iter()
                .map(|change| Changed {
                    change: change.kind,
                    id: &change.duty.id,
                    citation: Citation::of(register, change.duty, lang),
                    reason: reason(texts, register, change.duty, &change.cause),
                    depends: change.open,
                })
                .collect(),
        }),
    }
}
