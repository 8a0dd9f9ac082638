//! `dengmi score --table`: the scorer alone, on a table as assessors keep it in a spreadsheet.

use super::{Compensation, Conclusion, Range, Refusal, Score, Scored, object, score};
use crate::law::{Baseline, CompensationRule, Group, Indicator, Law, Scoring};
use dengmi_core::{Decimal, Exact, IndicatorId, SubjectId};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A table to score.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// 等级, 1 to 4.
    pub level: u8,
    /// The edition of the rules, such as `2023`.
    pub edition: Box<str>,
    /// Objects of technical units.
    #[serde(default)]
    pub objects: Vec<ObjectRow>,
    /// Management units.
    #[serde(default)]
    pub management: Vec<ManagementRow>,
    /// 整体测评.
    #[serde(default)]
    pub compensations: Vec<CompensationRow>,
    /// High risks left open after mitigation.
    #[serde(default)]
    pub open_high_risks: usize,
}

/// One object of a technical unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRow {
    /// 测评指标.
    pub indicator: IndicatorId,
    /// 测评对象.
    pub subject: SubjectId,
    /// 密码使用有效性.
    #[serde(default)]
    pub d: Option<Mark>,
    /// 密码算法/技术合规性; not looked at where D fails.
    #[serde(default)]
    pub a: Option<Mark>,
    /// 密钥管理安全性; not looked at where D fails.
    #[serde(default)]
    pub k: Option<Mark>,
    /// Ra; needed where A fails.
    #[serde(default)]
    pub ra: Option<Decimal>,
    /// Rk; needed where K fails.
    #[serde(default)]
    pub rk: Option<Decimal>,
    /// 不适用.
    #[serde(default)]
    pub na: bool,
    /// Why it does not apply.
    #[serde(default)]
    pub reason: Option<Box<str>>,
}

/// D, A or K.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// √
    Pass,
    /// ×
    Fail,
    /// /
    NotLookedAt,
}

/// One management unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagementRow {
    /// 测评指标.
    pub indicator: IndicatorId,
    /// Its conformity.
    pub result: ManagementResult,
    /// Why it does not apply.
    #[serde(default)]
    pub reason: Option<Box<str>>,
}

/// Conformity of a management unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagementResult {
    /// 符合.
    Conform,
    /// 部分符合.
    Partly,
    /// 不符合.
    NotConform,
    /// 不适用.
    NotApplicable,
}

/// One compensation: all channels that carry the datum, and the object that they help.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompensationRow {
    /// Indicator and subject of each channel.
    pub from: Vec<(IndicatorId, SubjectId)>,
    /// Indicator and subject of the object that is compensated.
    pub to: (IndicatorId, SubjectId),
}

/// The scores of a table, and how they came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Units that apply.
    pub units: BTreeMap<IndicatorId, Decimal>,
    /// Layers that apply.
    pub layers: BTreeMap<Box<str>, Decimal>,
    /// 总分.
    pub total: Decimal,
    /// 测评结论, the Chinese word of the rules.
    pub conclusion: Box<str>,
    /// The conclusion as a word of ours.
    #[serde(skip)]
    pub concluded: Conclusion,
    /// How each number was made.
    #[serde(skip)]
    pub path: Score,
    /// What is allowed but worth a look.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// A row of a table, counted from 0 as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// The table itself.
    Table,
    /// `objects[n]`
    Object(usize),
    /// `management[n]`
    Management(usize),
    /// `compensations[n]`
    Compensation(usize),
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Table => formatter.write_str("table"),
            Row::Object(number) => write!(formatter, "objects[{number}]"),
            Row::Management(number) => write!(formatter, "management[{number}]"),
            Row::Compensation(number) => write!(formatter, "compensations[{number}]"),
        }
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{row}: {fault}")]
pub struct TableError {
    /// Where.
    pub row: Row,
    /// What, and what was expected.
    pub fault: TableFault,
}

/// The kinds of faults of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// An edition that the law does not have.
    #[error("unknown edition {found:?}; expected one of {expected}")]
    Edition {
        /// What stands there.
        found: Box<str>,
        /// What would do.
        expected: Box<str>,
    },
    /// A level without indicators.
    #[error("level {0} has no indicators; expected 1 to 4")]
    Level(u8),
    /// An indicator that nobody knows.
    #[error("unknown indicator {found:?}{hint}")]
    Indicator {
        /// What stands there.
        found: Box<str>,
        /// The nearest name, as a question.
        hint: Box<str>,
    },
    /// An indicator that the level does not have.
    #[error("level {level} has no unit {indicator}; it must not be listed, not even as not applicable")]
    NoSuchUnit {
        /// The indicator.
        indicator: IndicatorId,
        /// 等级.
        level: u8,
    },
    /// A technical indicator under management, or the other way round.
    #[error("{0} is not an indicator of this group; technical ones stand under objects, the others under management")]
    Group(IndicatorId),
    /// The same object or unit twice.
    #[error("{0} is there twice; expected each object of a unit once")]
    Twice(Box<str>),
    /// D, A or K is not there.
    #[error("{0} is missing; expected \"pass\" or \"fail\"")]
    Missing(&'static str),
    /// A or K not looked at though D passes.
    #[error("{0} is not looked at though d passes; expected \"pass\" or \"fail\"")]
    NotLookedAt(&'static str),
    /// A correction parameter is not there.
    #[error("{mark} is \"fail\" without {parameter}; expected {parameter} to be {expected}")]
    NoParameter {
        /// `a` or `k`.
        mark: &'static str,
        /// `ra` or `rk`.
        parameter: &'static str,
        /// The values that the rules know.
        expected: Box<str>,
    },
    /// A correction parameter that the rules do not know at this level.
    #[error("{parameter} is {found} at level {level}; expected {expected}")]
    Parameter {
        /// `ra` or `rk`.
        parameter: &'static str,
        /// What stands there.
        found: Decimal,
        /// 等级.
        level: u8,
        /// The values that the rules know.
        expected: Box<str>,
    },
    /// Rk above 1 though K passes.
    #[error("rk is {0} though k passes; expected \"1\" or nothing, since only a failed k is raised")]
    RaisedWithoutFailure(Decimal),
    /// The edition has no figure for compensation.
    #[error("edition {0} gives no figure for compensation; expected none")]
    NoCompensation(Box<str>),
    /// A compensation without channels.
    #[error("from is empty; expected every channel that carries the datum")]
    NoChannel,
    /// Two indicators that do not compensate each other.
    #[error("{from} does not compensate {to}; expected one of the pairs {pairs}, either way")]
    Pair {
        /// The indicator that should compensate.
        from: IndicatorId,
        /// The one that is compensated.
        to: IndicatorId,
        /// The pairs of the rules.
        pairs: Box<str>,
    },
    /// A compensation that names an object that the table does not have, or that does not apply.
    #[error("{0} {1} is not among the objects of the table that apply; expected one that is")]
    Object(IndicatorId, SubjectId),
    /// A compensated object that compensates another.
    #[error("{0} {1} is compensated by {2} and compensates here; expected no chain, each starts from own scores")]
    Chain(IndicatorId, SubjectId, Row),
    /// What the rules leave undefined.
    #[error("{0}")]
    Refused(Refusal),
}

/// Something that is allowed and that a reader should look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// 不适用 without its argument.
    #[error("{0}: not applicable without a reason; an assessment must argue it")]
    NoReason(Row),
    /// A parameter that changes nothing.
    #[error("{0}: {1} has no effect here")]
    NoEffect(Row, &'static str),
    /// A compensation whose objects are all outside the table.
    #[error("{0}: names no object of this table and has no effect")]
    Elsewhere(Row),
    /// Units of the level that the table leaves out.
    #[error("{} units of this level are not in the table and were left out: {}", .0.len(), listed(.0.iter()))]
    LeftOut(Vec<IndicatorId>),
}

fn listed<T: fmt::Display>(names: impl Iterator<Item = T>) -> String {
    names.map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// Scores a table.
///
/// # Errors
///
/// Every illegal row, or what the rules leave undefined (a group in which nothing applies).
pub fn table(law: &Law, table: &Table) -> Result<Answer, Vec<TableError>> {
    let edition_fault = || TableFault::Edition {
        found: table.edition.clone(),
        expected: listed(law.scoring_editions().iter().map(|rules| format!("{:?}", rules.edition))).into(),
    };
    let whole = |fault| vec![TableError { row: Row::Table, fault }];
    let rules = law.scoring_edition(&table.edition).ok_or_else(|| whole(edition_fault()))?;
    let baseline = law.baseline(rules.in_force.from).ok_or_else(|| whole(edition_fault()))?;
    if baseline.indicators_at(table.level).next().is_none() {
        return Err(whole(TableFault::Level(table.level)));
    }
    let mut reader = Reader { table, rules, baseline, errors: Vec::new(), warnings: Vec::new() };
    let mut objects = reader.objects();
    objects.extend(reader.management());
    let compensations = reader.compensations(&objects);
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    reader.left_out(&objects);
    let warnings = reader.warnings;
    let path = score(rules, baseline, table.level, &objects, &compensations)
        .map_err(|refusal| whole(TableFault::Refused(refusal)))?;
    // Every mark of a table is known, so every range is a point.
    let total = path.total.low;
    let concluded = Conclusion::of(&rules.conclusion, total, table.open_high_risks > 0);
    Ok(Answer {
        units: path.units.iter().filter_map(|(id, unit)| Some((id.clone(), unit.score?.low))).collect(),
        layers: path.layers.iter().filter_map(|(id, layer)| Some((id.clone(), layer.score?.low))).collect(),
        total,
        conclusion: concluded.word(&rules.conclusion).zh.clone(),
        concluded,
        path,
        warnings,
    })
}

struct Reader<'t> {
    table: &'t Table,
    rules: &'t Scoring,
    baseline: &'t Baseline,
    errors: Vec<TableError>,
    warnings: Vec<Warning>,
}

impl<'t> Reader<'t> {
    fn objects(&mut self) -> Vec<Scored> {
        let mut known = BTreeSet::new();
        let mut objects = Vec::new();
        for (number, row) in self.table.objects.iter().enumerate() {
            let at = Row::Object(number);
            if !known.insert((&row.indicator, &row.subject)) {
                self.error(at, TableFault::Twice(format!("{} {}", row.indicator, row.subject).into()));
            }
            if self.indicator(at, &row.indicator, Group::Technical).is_none() {
                continue;
            }
            let own = if row.na {
                if row.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                    self.warnings.push(Warning::NoReason(at));
                }
                None
            } else {
                match self.marks(at, row) {
                    Ok(own) => Some(own),
                    Err(fault) => {
                        self.error(at, fault);
                        continue;
                    }
                }
            };
            objects.push(Scored {
                indicator: row.indicator.clone(),
                subject: row.subject.clone(),
                own,
                may_not_apply: false,
            });
        }
        objects
    }

    fn marks(&mut self, at: Row, row: &ObjectRow) -> Result<Range, TableFault> {
        let pass = |name, mark| match mark {
            Some(Mark::Pass) => Ok(true),
            Some(Mark::Fail) => Ok(false),
            Some(Mark::NotLookedAt) => Err(TableFault::NotLookedAt(name)),
            None => Err(TableFault::Missing(name)),
        };
        let one = Exact::from_integer(1);
        if row.d == Some(Mark::NotLookedAt) {
            return Err(TableFault::Missing("d"));
        }
        if !pass("d", row.d)? {
            return Ok(object(self.rules, [Some(false), None, None], (one, one), (one, one)));
        }
        let (a, k) = (pass("a", row.a)?, pass("k", row.k)?);
        let ra = self.ra(at, row, a)?;
        let rk = self.rk(at, row, k)?;
        Ok(object(self.rules, [Some(true), Some(a), Some(k)], (ra, ra), (rk, rk)))
    }

    fn ra(&mut self, at: Row, row: &ObjectRow, a: bool) -> Result<Exact, TableFault> {
        let one = Exact::from_integer(1);
        let allowed: Vec<Decimal> = self.rules.ra.iter().map(|band| band.value).collect();
        let expected = || choice(&allowed);
        match row.ra {
            Some(found) if !allowed.is_empty() && !allowed.iter().any(|value| value.exact() == found.exact()) => {
                Err(TableFault::Parameter { parameter: "ra", found, level: self.table.level, expected: expected() })
            }
            Some(found) if a || allowed.is_empty() => {
                if found.exact() != one {
                    self.warnings.push(Warning::NoEffect(at, "ra"));
                }
                Ok(one)
            }
            Some(found) => Ok(found.exact()),
            None if a || allowed.is_empty() => Ok(one),
            None => Err(TableFault::NoParameter { mark: "a", parameter: "ra", expected: expected() }),
        }
    }

    fn rk(&mut self, at: Row, row: &ObjectRow, k: bool) -> Result<Exact, TableFault> {
        let one = Exact::from_integer(1);
        let level = self.table.level;
        let Some(rule) = self.rules.rk(level) else {
            if row.rk.is_some_and(|found| found.exact() != one) {
                self.warnings.push(Warning::NoEffect(at, "rk"));
            }
            return Ok(one);
        };
        let allowed: Vec<Decimal> = [Some(rule.default), rule.raised].into_iter().flatten().collect();
        let expected = || choice(&allowed);
        match row.rk {
            Some(found) if !allowed.iter().any(|value| value.exact() == found.exact()) => {
                Err(TableFault::Parameter { parameter: "rk", found, level, expected: expected() })
            }
            Some(found) if k && found.exact() != rule.default.exact() => Err(TableFault::RaisedWithoutFailure(found)),
            Some(found) => Ok(found.exact()),
            None if k => Ok(one),
            None => Err(TableFault::NoParameter { mark: "k", parameter: "rk", expected: expected() }),
        }
    }

    fn management(&mut self) -> Vec<Scored> {
        let mut known = BTreeSet::new();
        let mut units = Vec::new();
        for (number, row) in self.table.management.iter().enumerate() {
            let at = Row::Management(number);
            if !known.insert(&row.indicator) {
                self.error(at, TableFault::Twice(row.indicator.as_str().into()));
            }
            if self.indicator(at, &row.indicator, Group::Management).is_none() {
                continue;
            }
            let rule = &self.rules.unit;
            let own = match row.result {
                ManagementResult::Conform => Some(Range::point(rule.conform)),
                ManagementResult::Partly => Some(Range::point(rule.partly)),
                ManagementResult::NotConform => Some(Range::point(rule.not_conform)),
                ManagementResult::NotApplicable => {
                    if row.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                        self.warnings.push(Warning::NoReason(at));
                    }
                    None
                }
            };
            let subject = SubjectId::from(row.indicator.as_str());
            units.push(Scored { indicator: row.indicator.clone(), subject, own, may_not_apply: false });
        }
        units
    }

    fn compensations(&mut self, objects: &[Scored]) -> Vec<Compensation> {
        let applies: BTreeMap<(&IndicatorId, &SubjectId), bool> =
            objects.iter().map(|object| ((&object.indicator, &object.subject), object.own.is_some())).collect();
        let compensated: BTreeMap<&(IndicatorId, SubjectId), usize> =
            self.table.compensations.iter().enumerate().map(|(number, row)| (&row.to, number)).collect();
        let mut compensations = Vec::new();
        for (number, row) in self.table.compensations.iter().enumerate() {
            let at = Row::Compensation(number);
            let Some(rule) = &self.rules.compensation else {
                self.error(at, TableFault::NoCompensation(self.rules.edition.clone()));
                continue;
            };
            if row.from.is_empty() {
                self.error(at, TableFault::NoChannel);
            }
            if compensated.get(&row.to) != Some(&number) {
                self.error(at, TableFault::Twice(format!("the compensation of {} {}", row.to.0, row.to.1).into()));
            }
            for (from, subject) in &row.from {
                if !rule.pair.iter().any(|pair| {
                    (&pair.network, &pair.application) == (from, &row.to.0)
                        || (&pair.application, &pair.network) == (from, &row.to.0)
                }) {
                    let fault = TableFault::Pair { from: from.clone(), to: row.to.0.clone(), pairs: pairs(rule) };
                    self.error(at, fault);
                }
                if let Some(other) = compensated.get(&(from.clone(), subject.clone())) {
                    let fault = TableFault::Chain(from.clone(), subject.clone(), Row::Compensation(*other));
                    self.error(at, fault);
                }
            }
            let named = || row.from.iter().chain([&row.to]);
            if named().all(|(indicator, subject)| !applies.contains_key(&(indicator, subject))) {
                self.warnings.push(Warning::Elsewhere(at));
                continue;
            }
            for (indicator, subject) in named() {
                if applies.get(&(indicator, subject)) != Some(&true) {
                    self.error(at, TableFault::Object(indicator.clone(), subject.clone()));
                }
            }
            compensations.push(Compensation { from: row.from.clone(), to: row.to.clone() });
        }
        compensations
    }

    fn left_out(&mut self, objects: &[Scored]) {
        let listed: BTreeSet<&IndicatorId> = objects.iter().map(|object| &object.indicator).collect();
        let level = self.table.level;
        let all = self.baseline.indicators_at(level).map(|indicator| &indicator.id);
        let missing: Vec<IndicatorId> = all.filter(|id| !listed.contains(id)).cloned().collect();
        if !missing.is_empty() {
            self.warnings.push(Warning::LeftOut(missing));
        }
    }

    /// The indicator, if it belongs to this group and to the table's level.
    fn indicator(&mut self, at: Row, id: &IndicatorId, group: Group) -> Option<&'t Indicator> {
        let Some(indicator) = self.baseline.indicator(id.as_str()) else {
            let hint =
                nearest(self.baseline, id.as_str()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.error(at, TableFault::Indicator { found: id.as_str().into(), hint: hint.into() });
            return None;
        };
        let level = self.table.level;
        if !indicator.exists_at(level) {
            self.error(at, TableFault::NoSuchUnit { indicator: id.clone(), level });
            return None;
        }
        if self.baseline.layer(&indicator.layer).is_none_or(|layer| layer.group != group) {
            self.error(at, TableFault::Group(id.clone()));
            return None;
        }
        Some(indicator)
    }

    fn error(&mut self, row: Row, fault: TableFault) {
        self.errors.push(TableError { row, fault });
    }
}

fn choice(values: &[Decimal]) -> Box<str> {
    values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(" or ").into()
}

fn pairs(rule: &CompensationRule) -> Box<str> {
    listed(rule.pair.iter().map(|pair| format!("{} with {}", pair.network, pair.application))).into()
}

/// The known indicator that shares most letters at head and tail with a name, if it is near at all.
fn nearest<'b>(baseline: &'b Baseline, name: &str) -> Option<&'b IndicatorId> {
    let name = name.trim().to_ascii_uppercase().replace('_', "-");
    let likeness = |id: &IndicatorId| {
        let head = id.as_str().bytes().zip(name.bytes()).take_while(|(one, two)| one == two).count();
        let tail = id.as_str().bytes().rev().zip(name.bytes().rev()).take_while(|(one, two)| one == two).count();
        head + tail
    };
    let ids = baseline.indicators.iter().map(|indicator| &indicator.id);
    ids.max_by_key(|id| likeness(id)).filter(|id| likeness(id) >= 3)
}
