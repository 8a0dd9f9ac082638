//! How a verdict is made: applicability, then D, A and K, then what follows. A pure function of facts and of the law of a day.

mod cases;
mod component;
mod expression;
mod judging;
mod look;
mod predicate;
mod risk;
mod rules;
mod scene;
mod truth;
mod unit;
mod word;

pub use crate::law::Function;
pub use cases::{CaseFault, CaseReport, CaseResult, Got, run as run_cases};
pub use component::{Component, Components};
pub use expression::{Expression, NotAnExpression};
pub(crate) use judging::KEYS as JUDGING_KEYS;
pub use judging::{Judging, JudgingFault, Measure, NotAJudging};
pub use look::Look;
pub use predicate::{ALL as PREDICATES, ASKED_BY_THE_RISK_STEP, Predicate};
pub use risk::{RiskFinding, RiskState, risks};
pub use rules::Rules;
pub use scene::{Known, Scene, Source};
pub use truth::{Bind, Doubt, Step, Truth, Used};
pub use unit::{Applicability, Mark, Outcome, Verdict, Weighed, judge, resolve};
pub use word::{Answerer, Word};
