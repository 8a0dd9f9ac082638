//! The `[judge]` table of an indicator file, compiled once.

use super::expression::{Expression, NotAnExpression};
use super::predicate::Predicate;
use crate::law::{Function, Indicator};
use dengmi_core::IndicatorId;

/// How one indicator is judged.
#[derive(Clone, Debug)]
pub struct Judging {
    /// The indicator.
    pub indicator: IndicatorId,
    /// What it asks cryptography for.
    pub function: Function,
    /// When there is no such object: not applicable.
    pub absent_when: Option<Expression>,
    /// What is weighed.
    pub measure: Measure,
    /// Listed mitigations of its item that a predicate can show, by their name in the guide.
    pub mitigated: Vec<(Box<str>, Expression)>,
    /// When D fails: only then is the risk open at once; otherwise a person decides. None: always.
    pub open_when: Option<Expression>,
}

/// 测评方式: the two kinds of units.
#[derive(Clone, Debug)]
pub enum Measure {
    /// 技术: D, A and K, each with an expression of its own.
    Technical {
        /// 密码使用有效性.
        d: Expression,
        /// 密码算法/技术合规性.
        a: Expression,
        /// 密钥管理安全性.
        k: Expression,
    },
    /// 管理: is it there at all, and is it lived.
    Management {
        /// Without it: not conform.
        written: Expression,
        /// Without it: partly at most.
        lived: Expression,
    },
}

/// Why a `[judge]` table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("indicator {indicator}: {key}: {fault}")]
pub struct NotAJudging {
    /// Which indicator.
    pub indicator: IndicatorId,
    /// Which key of the table.
    pub key: Box<str>,
    /// What is wrong.
    pub fault: JudgingFault,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgingFault {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// Nothing asks for it.
    #[error("unknown key")]
    Unknown,
    /// It does not compile.
    #[error(transparent)]
    Expression(#[from] NotAnExpression),
    /// It names no function.
    #[error("expected identity, integrity, confidentiality, channel or non-repudiation")]
    Function,
}

/// The keys of a `[judge]` table.
pub(crate) const KEYS: &[&str] =
    &["function", "absent_when", "d", "a", "k", "written", "lived", "mitigated", "open_when"];

impl Judging {
    /// Compiles the table of an indicator.
    pub fn of(indicator: &Indicator) -> Result<Judging, NotAJudging> {
        let wrong = |key: &str, fault| NotAJudging { indicator: indicator.id.clone(), key: key.into(), fault };
        let table = indicator.judge.as_ref().ok_or_else(|| wrong("[judge]", JudgingFault::Missing))?;
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(wrong(key, JudgingFault::Unknown));
        }
        let optional = |key: &str| {
            let read = |value| Expression::read(value).map_err(|fault| wrong(key, fault.into()));
            table.get(key).map(read).transpose()
        };
        let needed = |key: &str| optional(key)?.ok_or_else(|| wrong(key, JudgingFault::Missing));
        let measure = if table.contains_key("written") {
            Measure::Management { written: needed("written")?, lived: needed("lived")? }
        } else {
            Measure::Technical { d: needed("d")?, a: needed("a")?, k: needed("k")? }
        };
        let function = match (table.get("function").and_then(toml::Value::as_str), &measure) {
            (Some("identity"), _) => Function::Identity,
            (Some("integrity"), _) => Function::Integrity,
            (Some("confidentiality"), _) => Function::Confidentiality,
            (Some("channel"), _) => Function::Channel,
            (Some("non-repudiation"), _) => Function::NonRepudiation,
            // A management unit asks cryptography for nothing by itself.
            (None, Measure::Management { .. }) => Function::Integrity,
            _ => return Err(wrong("function", JudgingFault::Function)),
        };
        let mut mitigated = Vec::new();
        if let Some(value) = table.get("mitigated") {
            let entries = value.as_table().ok_or_else(|| wrong("mitigated", NotAnExpression::Shape.into()))?;
            for (name, value) in entries {
                let expression =
                    Expression::read(value).map_err(|fault| wrong(&format!("mitigated.{name}"), fault.into()))?;
                mitigated.push((name.as_str().into(), expression));
            }
        }
        Ok(Judging {
            indicator: indicator.id.clone(),
            function,
            absent_when: optional("absent_when")?,
            measure,
            mitigated,
            open_when: optional("open_when")?,
        })
    }

    /// Every predicate that it asks.
    pub fn predicates(&self) -> Vec<&'static Predicate> {
        let measured = match &self.measure {
            Measure::Technical { d, a, k } => vec![d, a, k],
            Measure::Management { written, lived } => vec![written, lived],
        };
        let others =
            self.absent_when.iter().chain(&self.open_when).chain(self.mitigated.iter().map(|(_, shown)| shown));
        measured.into_iter().chain(others).flat_map(Expression::predicates).collect()
    }
}
