//! How an indicator file composes predicates: `all`, `any`, `none`, `unless`. There is no rule language beyond that.
//!
//! ```toml
//! d = { all = ["enumeration-finished", "peer-authenticated"] }
//! k = { unless = "password-hash", all = ["product-compliant", …], instead = { all = ["password-derivation-sound"] } }
//! ```

use super::look::Look;
use super::predicate::{Predicate, find};
use super::truth::{Step, Truth};

/// A compiled expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// One predicate.
    One(&'static Predicate),
    /// The least of its parts.
    All(Vec<Expression>),
    /// The greatest of its parts.
    Any(Vec<Expression>),
    /// The negation of `any`.
    None(Vec<Expression>),
    /// `holds`, unless the exception is met: then `instead` counts.
    Unless(Box<[Expression; 3]>),
}

/// Why a table of an indicator file is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExpression {
    /// A name that no predicate bears.
    #[error("no predicate is called {0:?}")]
    Unknown(Box<str>),
    /// Not a name and not a table with one of the four words.
    #[error("expected a predicate's name, or a table with one of all, any, none (and unless with instead)")]
    Shape,
    /// An empty list holds of nothing.
    #[error("an empty list")]
    Empty,
}

impl Expression {
    /// Reads an expression out of an indicator file.
    pub fn read(value: &toml::Value) -> Result<Expression, NotAnExpression> {
        let table = match value {
            toml::Value::String(name) => {
                return find(name).map(Expression::One).ok_or_else(|| NotAnExpression::Unknown(name.as_str().into()));
            }
            toml::Value::Table(table) => table,
            _ => return Err(NotAnExpression::Shape),
        };
        let mut holds = None;
        for (word, make) in [
            ("all", Expression::All as fn(Vec<Expression>) -> Expression),
            ("any", Expression::Any),
            ("none", Expression::None),
        ] {
            if let Some(parts) = table.get(word) {
                let parts = parts.as_array().ok_or(NotAnExpression::Shape)?;
                if parts.is_empty() {
                    return Err(NotAnExpression::Empty);
                }
                let parts = parts.iter().map(Expression::read).collect::<Result<_, _>>()?;
                if holds.replace(make(parts)).is_some() {
                    return Err(NotAnExpression::Shape);
                }
            }
        }
        let holds = holds.ok_or(NotAnExpression::Shape)?;
        let known = |key: &String| ["all", "any", "none", "unless", "instead"].contains(&key.as_str());
        if !table.keys().all(known) {
            return Err(NotAnExpression::Shape);
        }
        match (table.get("unless"), table.get("instead")) {
            (None, None) => Ok(holds),
            (Some(exception), Some(instead)) => {
                Ok(Expression::Unless(Box::new([holds, Expression::read(exception)?, Expression::read(instead)?])))
            }
            _ => Err(NotAnExpression::Shape),
        }
    }

    /// What it comes to on this scene, and why. Every part is looked at, so that each fix can be named.
    pub fn hold(&self, look: &Look<'_>) -> Step {
        let step = |rule, truth, parts| Step {
            rule,
            truth,
            parts,
            used: vec![],
            components: vec![],
            missing: vec![],
            doubts: vec![],
        };
        let all = |parts: &[Expression]| parts.iter().map(|part| part.hold(look)).collect::<Vec<_>>();
        match self {
            Expression::One(predicate) => look.ask(predicate),
            Expression::All(parts) => {
                let parts = all(parts);
                step("all", parts.iter().map(|part| part.truth).min().unwrap_or(Truth::Yes), parts)
            }
            Expression::Any(parts) => {
                let parts = all(parts);
                step("any", parts.iter().map(|part| part.truth).max().unwrap_or(Truth::No), parts)
            }
            Expression::None(parts) => {
                let parts = all(parts);
                step("none", parts.iter().map(|part| part.truth).max().unwrap_or(Truth::No).negated(), parts)
            }
            Expression::Unless(three) => {
                let [holds, exception, instead] = &**three;
                let exception = exception.hold(look);
                match exception.truth {
                    Truth::No => holds.hold(look),
                    Truth::Yes => {
                        let instead = instead.hold(look);
                        step("unless", instead.truth, vec![exception, instead])
                    }
                    Truth::Unknown => {
                        let (holds, instead) = (holds.hold(look), instead.hold(look));
                        let truth = if holds.truth == instead.truth { holds.truth } else { Truth::Unknown };
                        step("unless", truth, vec![exception, holds, instead])
                    }
                }
            }
        }
    }

    /// The predicates it names.
    pub fn predicates(&self) -> Vec<&'static Predicate> {
        match self {
            Expression::One(predicate) => vec![predicate],
            Expression::All(parts) | Expression::Any(parts) | Expression::None(parts) => {
                parts.iter().flat_map(Expression::predicates).collect()
            }
            Expression::Unless(three) => three.iter().flat_map(Expression::predicates).collect(),
        }
    }
}
