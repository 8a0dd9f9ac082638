//! 定级: from the answers on impact to the level, and what that level brings on the day. The answers are the operator's;
//! nothing here looks at what was observed, so a scan can never make a grade.

use crate::law::{Confidence, Dated, Grading, Law};
use dengmi_core::{Date, Text};
use serde::Serialize;
use std::collections::BTreeMap;

/// One answer: who is harmed, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Harm {
    /// 受侵害的客体: `citizens`, `public` or `national`.
    pub object: Box<str>,
    /// 侵害程度: `general`, `severe` or `especially-severe`.
    pub degree: Box<str>,
}

/// What is said about a system's grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What harm follows when its information is attacked (业务信息安全).
    pub business: Vec<Harm>,
    /// What harm follows when its service is attacked (系统服务安全).
    pub service: Vec<Harm>,
    /// 备案等级.
    pub filed: Option<u8>,
    /// 密码应用等级, where it is chosen above the filed level.
    pub cryptography: Option<u8>,
}

/// A text of the law with where it stands and how far to trust it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// The instrument.
    pub instrument: Box<str>,
    /// The text.
    pub text: Text,
    /// Keys of the instrument's sources.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Confidence,
    /// Fields that are trusted differently.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub confidence_by_field: BTreeMap<Box<str>, Box<str>>,
}

/// One answer with its cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The answer.
    pub harm: Harm,
    /// 等级 of the cell.
    pub level: u8,
    /// Whether this answer gives the highest level of its side.
    pub decides: bool,
    /// The cell.
    pub cell: Cited,
    /// What a reader must know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// What another document says in this cell. It is shown, it decides nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<OtherLevel>,
}

/// The level that another document gives a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherLevel {
    /// The other document.
    pub document: Box<str>,
    /// Its level.
    pub level: u8,
    /// What it is.
    pub cited: Cited,
}

/// 业务信息安全 or 系统服务安全.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// 业务信息安全 (S).
    Business,
    /// 系统服务安全 (A).
    Service,
}

/// The level of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideLevel {
    /// The highest level of its answers.
    pub level: u8,
    /// Every answer, in the order it was given.
    pub reasons: Vec<Reason>,
}

/// What follows from the answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Derived {
    /// 业务信息安全保护等级.
    pub business: SideLevel,
    /// 系统服务安全保护等级.
    pub service: SideLevel,
    /// The higher of both.
    pub level: u8,
    /// Both in one, such as `S3A2G3`; `None` where the edition has no such form.
    pub notation: Option<String>,
    /// How both make one, and how far the notation is to be trusted.
    pub rule: Cited,
}

/// How the filed level stands to the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filed {
    /// No level is filed: what follows from the answers is a proposal.
    NotFiled,
    /// There are no answers to compare with.
    NoAnswers,
    /// The same level.
    Agrees,
    /// The filed level is lower than the answers give: a question to the operator.
    Below,
    /// The filed level is higher than the answers give.
    Above,
}

/// Something that the level brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brings {
    /// Its name.
    pub id: Box<str>,
    /// `filing`, `assessment` …
    pub topic: Box<str>,
    /// `false` is 未定: no national rule that could be confirmed fixes it.
    pub settled: bool,
    /// What it says.
    pub cited: Cited,
}

/// A step on the way to the final level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirms {
    /// Its place.
    pub order: u8,
    /// Who does it.
    pub who: Text,
    /// What is done.
    pub cited: Cited,
}

/// 密码应用等级.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CryptographyLevel {
    /// The chosen level, or that of the system.
    pub level: u8,
    /// Whether the baseline has units of its own at this level.
    pub has_units: bool,
    /// The rule of practice in force; `None`: what was practised that day is not known.
    pub rule: Option<Cited>,
}

/// 定级结果. A proposal until the steps have confirmed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Graded {
    /// The grading guide that was used.
    pub guide: Box<str>,
    /// What follows from the answers.
    pub derived: Option<Derived>,
    /// The filed level, otherwise the derived one.
    pub level: u8,
    /// The level's name.
    pub name: Option<Cited>,
    /// How the filed level stands to the answers.
    pub filed: Filed,
    /// What the level brings on the day: filing, assessment and what goes with them.
    pub brings: Vec<Brings>,
    /// Who confirms the level.
    pub confirms: Vec<Confirms>,
    /// 密码应用等级.
    pub cryptography: CryptographyLevel,
}

/// Why there is no grade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GradeError {
    /// No guide on that day.
    #[error("no grading guide is in force on {0}; expected a later day")]
    NoGuide(Date),
    /// Nothing to go by.
    #[error("neither a filed level nor answers on impact; expected one of them")]
    NothingSaid,
    /// Only one side is answered.
    #[error("no answer for {}; expected at least one harmed object and degree for each side", side_words(*.0))]
    NoAnswer(Side),
    /// An object or degree that the guide does not know.
    #[error("unknown {what} {found:?} for {}, answer {number}; expected one of {expected}", side_words(*.side))]
    Unknown {
        /// `object` or `degree`.
        what: &'static str,
        /// What stands there.
        found: Box<str>,
        /// The side.
        side: Side,
        /// Which answer of the side, counted from 1.
        number: usize,
        /// What would do.
        expected: Box<str>,
    },
    /// A level that is none.
    #[error("{what} level {found} is out of range; expected 1 to 5")]
    Level {
        /// `filed` or `cryptography`.
        what: &'static str,
        /// What stands there.
        found: u8,
    },
    /// A cryptography level below the system's.
    #[error(
        "cryptography level {cryptography} is below level {level} of the system; expected the same or a higher one"
    )]
    CryptographyBelow {
        /// 密码应用等级.
        cryptography: u8,
        /// 等级 of the system.
        level: u8,
    },
}

fn side_words(side: Side) -> &'static str {
    match side {
        Side::Business => "business information",
        Side::Service => "system service",
    }
}

/// A datum with the place it stands in. A macro, since every datum is a struct of its own.
macro_rules! cited {
    ($instrument:expr, $datum:expr) => {
        Cited {
            instrument: $instrument.clone(),
            text: $datum.text(),
            source: $datum.source.clone(),
            confidence: $datum.confidence,
            confidence_by_field: $datum.confidence_by_field.clone(),
        }
    };
}

/// Grades a system by the guide of the day.
///
/// # Errors
///
/// Every answer that the guide does not know, or a level that cannot be.
pub fn grade(law: &Law, on: Date, answers: &Answers) -> Result<Graded, Vec<GradeError>> {
    let guide = law.grading(on).ok_or_else(|| vec![GradeError::NoGuide(on)])?;
    let mut errors = Vec::new();
    for (what, level) in [("filed", answers.filed), ("cryptography", answers.cryptography)] {
        if let Some(found) = level.filter(|level| !(1..=5).contains(level)) {
            errors.push(GradeError::Level { what, found });
        }
    }
    let derived = derive(guide, answers, &mut errors);
    let level = match (answers.filed, &derived) {
        (Some(filed), _) => filed,
        (None, Some(derived)) => derived.level,
        (None, None) => {
            if errors.is_empty() {
                errors.push(GradeError::NothingSaid);
            }
            return Err(errors);
        }
    };
    let cryptography = answers.cryptography.unwrap_or(level);
    if cryptography < level {
        errors.push(GradeError::CryptographyBelow { cryptography, level });
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let filed = match (answers.filed, derived.as_ref().map(|derived| derived.level)) {
        (None, _) => Filed::NotFiled,
        (Some(_), None) => Filed::NoAnswers,
        (Some(filed), Some(derived)) if filed < derived => Filed::Below,
        (Some(filed), Some(derived)) if filed > derived => Filed::Above,
        (Some(_), Some(_)) => Filed::Agrees,
    };
    let brings = law.obligations(level, on).map(|obligation| Brings {
        id: obligation.id.clone(),
        topic: obligation.topic.clone(),
        settled: obligation.settled,
        cited: cited!(obligation.instrument, obligation),
    });
    let steps = guide.step.iter().filter(|step| step.levels.contains(&level));
    let mut confirms: Vec<Confirms> = steps
        .map(|step| Confirms { order: step.order, who: step.who.clone(), cited: cited!(guide.instrument, step) })
        .collect();
    confirms.sort_by_key(|step| step.order);
    Ok(Graded {
        guide: guide.instrument.clone(),
        derived,
        level,
        name: guide.level.iter().find(|name| name.level == level).map(|name| cited!(guide.instrument, name)),
        filed,
        brings: brings.collect(),
        confirms,
        cryptography: CryptographyLevel {
            level: cryptography,
            has_units: law.baseline(on).is_some_and(|baseline| baseline.structure.levels.contains(&cryptography)),
            rule: law.practice_on("cryptography-level", on).map(|rule| cited!(rule.instrument, rule)),
        },
    })
}

fn derive(guide: &Dated<Grading>, answers: &Answers, errors: &mut Vec<GradeError>) -> Option<Derived> {
    if answers.business.is_empty() && answers.service.is_empty() {
        return None;
    }
    let business = side(guide, Side::Business, &answers.business, errors);
    let service = side(guide, Side::Service, &answers.service, errors);
    let (business, service) = (business?, service?);
    let level = business.level.max(service.level);
    let notation = guide.final_rule.notation.as_ref().map(|form| {
        form.replace("{business}", &business.level.to_string())
            .replace("{service}", &service.level.to_string())
            .replace("{final}", &level.to_string())
    });
    Some(Derived { level, notation, rule: cited!(guide.instrument, guide.final_rule), business, service })
}

fn side(guide: &Dated<Grading>, side: Side, harms: &[Harm], errors: &mut Vec<GradeError>) -> Option<SideLevel> {
    if harms.is_empty() {
        errors.push(GradeError::NoAnswer(side));
        return None;
    }
    let mut reasons = Vec::new();
    for (number, harm) in (1..).zip(harms) {
        for (what, found, known) in [("object", &harm.object, &guide.object), ("degree", &harm.degree, &guide.degree)] {
            if !known.iter().any(|answer| answer.id == *found) {
                let expected = known.iter().map(|answer| &*answer.id).collect::<Vec<_>>().join(", ").into();
                errors.push(GradeError::Unknown { what, found: found.clone(), side, number, expected });
            }
        }
        let Some(cell) = guide.cell(&harm.object, &harm.degree) else { continue };
        let others = guide.variant.iter().filter(|other| other.object == cell.object && other.degree == cell.degree);
        reasons.push(Reason {
            harm: harm.clone(),
            level: cell.level,
            decides: false,
            cell: cited!(guide.instrument, cell),
            note: cell.note.clone(),
            variants: others
                .map(|other| OtherLevel {
                    document: other.id.clone(),
                    level: other.level,
                    cited: cited!(guide.instrument, other),
                })
                .collect(),
        });
    }
    let level = reasons.iter().map(|reason| reason.level).max()?;
    for reason in &mut reasons {
        reason.decides = reason.level == level;
    }
    // An answer that is not understood may have been the highest one.
    (reasons.len() == harms.len()).then_some(SideLevel { level, reasons })
}
