//! 法规: the law as data. A pack of files comes in as bytes; a checked [`Law`] answers for a day.
//!
//! A pack has one folder an instrument. Each folder has an `instrument.toml` and whichever of these it needs:
//!
//! | file | what it holds |
//! |---|---|
//! | `structure.toml`, `indicators/*.md` | layers, sections, product grades; one indicator a file |
//! | `scoring.toml` | one edition of the quantification rules |
//! | `high-risk.toml` | one edition of the high-risk guide |
//! | `grading.toml` | one edition of the grading guide |
//! | `practice.toml` | dated rules of practice |
//! | `algorithms.toml` | which algorithm or technique complies |
//! | `obligations.toml` | what a level brings |
//! | `clauses.toml` | clauses of other baselines that touch cryptography |
//!
//! Nothing loads that [`check`] objects to: a law with a gap, an overlap or a reference to nothing decides nothing.

mod baseline;
mod chain;
mod cross;
mod datum;
pub(crate) mod defect;
pub(crate) mod document;
mod grading;
mod high_risk;
mod instrument;
mod load;
mod rows;
mod scoring;

pub use baseline::{
    Baseline, Coverage, General, Group, Indicator, Layer, LayerId, Modal, ModalRule, ProductGrade, Property, Section,
    Structure, Unscored,
};
pub use datum::{Confidence, Dated, Form, InForce};
pub(crate) use datum::{day, some_day};
pub use defect::{Fault, LawDefect};
pub use grading::{Answer, Cell, Difference, FinalRule, Grading, LevelName, Step, Variant};
pub use high_risk::{HighRisk, HighRiskItem, HighRiskRule, KeyHazard, MitigationRule, Problem, ProblemOf};
pub use instrument::{Instrument, InstrumentKind};
pub use rows::{Algorithm, Clause, Compliant, Function, KeyBits, NamedRisk, Obligation, PracticeRule};
pub use scoring::{
    CompensationPair, CompensationRule, ConclusionRule, LayerRule, ObjectRule, RaBand, RkRule, Scoring, TotalRule,
    UnitRule,
};

use dengmi_core::Date;
use std::collections::BTreeMap;

/// The files of a pack: path below `law/` with `/` between folders, and bytes. The caller brings them; nothing is embedded here.
#[derive(Clone, Debug, Default)]
pub struct Pack(BTreeMap<Box<str>, Box<[u8]>>);

impl Pack {
    /// Adds a file, or puts it in the place of the one with this path.
    pub fn insert(&mut self, path: &str, bytes: &[u8]) {
        self.0.insert(path.into(), bytes.into());
    }

    /// The bytes of a file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(|bytes| &**bytes)
    }

    /// All files in the order of their paths: what a digest of the law runs over.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (&**path, &**bytes))
    }
}

impl<P: AsRef<str>, B: AsRef<[u8]>> FromIterator<(P, B)> for Pack {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        Pack(files.into_iter().map(|(path, bytes)| (path.as_ref().into(), bytes.as_ref().into())).collect())
    }
}

/// A checked pack of law. Every question is asked for a day.
#[derive(Clone, Debug, Default)]
pub struct Law {
    instruments: Vec<Instrument>,
    baselines: Vec<Dated<Baseline>>,
    scoring: Vec<Dated<Scoring>>,
    high_risk: Vec<Dated<HighRisk>>,
    grading: Vec<Dated<Grading>>,
    practice: Vec<Dated<PracticeRule>>,
    algorithms: Vec<Dated<Algorithm>>,
    obligations: Vec<Dated<Obligation>>,
    clauses: Vec<Dated<Clause>>,
}

/// Everything that is wrong with a pack: an empty list is a clean pack.
pub fn check(pack: &Pack) -> Vec<LawDefect> {
    Law::load(pack).err().unwrap_or_default()
}

impl Law {
    /// Reads and checks a pack.
    ///
    /// # Errors
    ///
    /// Every defect of the pack, in the order of its files.
    pub fn load(pack: &Pack) -> Result<Law, Vec<LawDefect>> {
        load::load(pack)
    }

    /// All instruments, in force or not, in the order of their ids.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// One instrument.
    pub fn instrument(&self, id: &str) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| &*instrument.id == id)
    }

    /// 密码应用基本要求 in force on a day.
    pub fn baseline(&self, on: Date) -> Option<&Dated<Baseline>> {
        in_force(&self.baselines, on).next()
    }

    /// The indicators of a level on a day, in the standard's order; none before the first baseline.
    pub fn indicators(&self, level: u8, on: Date) -> impl Iterator<Item = &Indicator> {
        self.baseline(on).into_iter().flat_map(move |baseline| baseline.indicators_at(level))
    }

    /// 量化评估规则 in force on a day.
    pub fn scoring(&self, on: Date) -> Option<&Dated<Scoring>> {
        in_force(&self.scoring, on).next()
    }

    /// 量化评估规则 of an edition such as `2023`.
    pub fn scoring_edition(&self, edition: &str) -> Option<&Dated<Scoring>> {
        self.scoring.iter().find(|scoring| &*scoring.edition == edition)
    }

    /// The editions of the quantification rules, the latest last.
    pub fn scoring_editions(&self) -> &[Dated<Scoring>] {
        &self.scoring
    }

    /// 高风险判定指引 in force on a day.
    pub fn high_risk(&self, on: Date) -> Option<&Dated<HighRisk>> {
        in_force(&self.high_risk, on).next()
    }

    /// 定级指南 in force on a day.
    pub fn grading(&self, on: Date) -> Option<&Dated<Grading>> {
        in_force(&self.grading, on).next()
    }

    /// 测评实践: every rule in force on a day.
    pub fn practice(&self, on: Date) -> impl Iterator<Item = &Dated<PracticeRule>> {
        in_force(&self.practice, on)
    }

    /// The rule of practice on one topic, such as `certified-vpn-foreign-tls`. `None`: what was practised that day is not known.
    pub fn practice_on(&self, topic: &str, on: Date) -> Option<&Dated<PracticeRule>> {
        self.practice(on).find(|rule| &*rule.topic == topic)
    }

    /// Every algorithm and technique in the table of a day.
    pub fn algorithms(&self, on: Date) -> impl Iterator<Item = &Dated<Algorithm>> {
        in_force(&self.algorithms, on)
    }

    /// One algorithm. `None`: the table does not know it, a person decides.
    pub fn algorithm(&self, id: &str, on: Date) -> Option<&Dated<Algorithm>> {
        self.algorithms(on).find(|algorithm| &*algorithm.id == id)
    }

    /// The algorithm of a family whose strength follows the key length, such as `rsa` with 2048 bits.
    pub fn algorithm_of_size(&self, family: &str, key_bits: u32, on: Date) -> Option<&Dated<Algorithm>> {
        self.algorithms(on).find(|algorithm| {
            algorithm.family.as_deref() == Some(family)
                && algorithm
                    .key_bits
                    .is_some_and(|bits| bits.at_least <= key_bits && bits.below.is_none_or(|below| key_bits < below))
        })
    }

    /// What a level brings on a day.
    pub fn obligations(&self, level: u8, on: Date) -> impl Iterator<Item = &Dated<Obligation>> {
        in_force(&self.obligations, on).filter(move |obligation| obligation.levels.contains(&level))
    }

    /// Clauses of other baselines that touch cryptography.
    pub fn clauses(&self, on: Date) -> impl Iterator<Item = &Dated<Clause>> {
        in_force(&self.clauses, on)
    }
}

fn in_force<T>(all: &[Dated<T>], on: Date) -> impl Iterator<Item = &Dated<T>> {
    all.iter().filter(move |dated| dated.in_force.covers(on))
}
