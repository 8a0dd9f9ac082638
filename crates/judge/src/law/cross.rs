//! What only the whole pack can show: references resolve, figures add up, every clause is covered.

use super::{
    Baseline, Confidence, Dated, Grading, Group, HighRisk, Indicator, Law, Modal, Scoring,
    defect::Fault,
    document::Step::{self, Key, Nth},
    load::Loader,
};
use crate::determine::{JUDGING_KEYS, Judging, Measure};
use dengmi_core::Exact;
use std::collections::{BTreeMap, BTreeSet};

const LEVELS: u8 = 5;

/// From, and below; `None` is no upper bound.
type Span = (u32, Option<u32>);

pub(super) fn check(law: &Law, loader: &mut Loader<'_>) {
    instruments(law, loader);
    for baseline in &law.baselines {
        indicators(law, baseline, loader);
        counts(baseline, loader);
        coverage(baseline, loader);
    }
    for scoring in &law.scoring {
        scores(law, scoring, loader);
    }
    for high_risk in &law.high_risk {
        items(law, high_risk, loader);
    }
    for grading in &law.grading {
        matrix(law, grading, loader);
    }
    algorithms(law, loader);
    for (number, obligation) in numbered(&law.obligations) {
        let file = format!("{}/obligations.toml", obligation.instrument);
        levels(&file, &[Key("obligation"), Nth(number), Key("levels")], &obligation.levels, loader);
    }
    for (number, clause) in numbered(&law.clauses) {
        let file = format!("{}/clauses.toml", clause.instrument);
        levels(&file, &[Key("clause"), Nth(number), Key("level")], &[clause.level], loader);
    }
}

/// Rows with their number in their own file.
fn numbered<T>(rows: &[Dated<T>]) -> impl Iterator<Item = (usize, &Dated<T>)> {
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().map(move |row| {
        let number = next.entry(&row.instrument).or_default();
        *number += 1;
        (*number - 1, row)
    })
}

fn levels(file: &str, path: &[Step], levels: &[u8], loader: &mut Loader<'_>) {
    for level in levels.iter().filter(|level| !(1..=LEVELS).contains(level)) {
        loader.report(file, path, Fault::Level(*level, LEVELS));
    }
}

fn unresolved(what: &'static str, name: &str, hint: &'static str) -> Fault {
    Fault::Unresolved { what, name: name.into(), hint }
}

/// Reports each name that is there before.
fn once<'n>(file: &str, list: &'static str, names: impl Iterator<Item = &'n str>, loader: &mut Loader<'_>) {
    let mut known = BTreeSet::new();
    for (number, name) in names.enumerate() {
        if !known.insert(name) {
            loader.report(file, &[Key(list), Nth(number), Key("id")], Fault::Twice(name.into()));
        }
    }
}

fn instruments(law: &Law, loader: &mut Loader<'_>) {
    for instrument in &law.instruments {
        let Some(name) = &instrument.replaced_by else { continue };
        let file = format!("{}/instrument.toml", instrument.id);
        match (law.instrument(name), instrument.to) {
            (Some(successor), Some(to)) if successor.from == to => {}
            (Some(_), Some(to)) => {
                loader.report(&file, &[Key("replaced_by")], Fault::Successor { successor: name.clone(), to });
            }
            (_, None) => {
                let fault = unresolved("instrument", name, ", and a date as to");
                loader.report(&file, &[Key("replaced_by")], fault);
            }
            (None, _) => loader.report(&file, &[Key("replaced_by")], unresolved("instrument", name, "")),
        }
    }
}

fn indicators(law: &Law, baseline: &Dated<Baseline>, loader: &mut Loader<'_>) {
    let mut orders = BTreeSet::new();
    for indicator in &baseline.indicators {
        let file = format!("{}/indicators/{}.md", baseline.instrument, indicator.id.as_str().to_ascii_lowercase());
        if baseline.layer(&indicator.layer).is_none() {
            loader.report(&file, &[Key("layer")], unresolved("layer", &indicator.layer, ""));
        }
        if !orders.insert(indicator.order) {
            loader.report(&file, &[Key("order")], Fault::Twice(indicator.order.to_string().into()));
        }
        for (level, ((modal, weight), clause)) in
            (1..).zip(indicator.modal.iter().zip(&indicator.weight).zip(&indicator.clause))
        {
            let nothing = [*modal == Modal::None, weight.exact() == zero(), clause.is_empty()];
            if nothing.contains(&true) && nothing.contains(&false) {
                loader.report(&file, &[Key("modal")], Fault::Existence(level));
            }
            if weight.exact() < zero() || weight.exact() > Exact::from_integer(1) {
                let fault = Fault::Figure { what: "the weight", found: *weight, expected: "0 to 1".into() };
                loader.report(&file, &[Key("weight")], fault);
            }
        }
        judging(baseline, indicator, &file, loader);
        for (number, id) in indicator.high_risk.iter().enumerate() {
            let names = |guide: &Dated<HighRisk>| {
                guide.item(id.as_str()).is_some_and(|item| item.indicators.contains(&indicator.id))
            };
            if !law.high_risk.iter().any(names) {
                let fault = unresolved("high-risk item", id.as_str(), " and names this indicator");
                loader.report(&file, &[Key("high_risk"), Nth(number)], fault);
            }
        }
    }
}

/// The `[judge]` table compiles and weighs what its layer asks for.
fn judging(baseline: &Baseline, indicator: &Indicator, file: &str, loader: &mut Loader<'_>) {
    let layer = baseline.layer(&indicator.layer).map(|layer| layer.group);
    match (Judging::of(indicator), layer) {
        (Err(wrong), _) => {
            let key = JUDGING_KEYS.iter().find(|key| wrong.key.split('.').next() == Some(**key));
            let place = std::iter::once("judge").chain(key.copied()).map(Key).collect::<Vec<_>>();
            loader.report(file, &place, Fault::Judging(wrong));
        }
        (Ok(judging), Some(group)) => {
            let weighs = match judging.measure {
                Measure::Technical { .. } => Group::Technical,
                Measure::Management { .. } => Group::Management,
            };
            if weighs != group {
                loader.report(file, &[Key("judge")], Fault::JudgedAsOther);
            }
        }
        (Ok(_), None) => {}
    }
}

fn counts(baseline: &Dated<Baseline>, loader: &mut Loader<'_>) {
    let file = format!("{}/structure.toml", baseline.instrument);
    for (number, level) in baseline.structure.levels.iter().enumerate() {
        let found = baseline.indicators_at(*level).count();
        let expected = baseline.structure.indicators.get(number).copied().unwrap_or_default();
        if found != expected {
            loader.report(&file, &[Key("indicators"), Nth(number)], Fault::Count { level: *level, found, expected });
        }
    }
    once(&file, "layer", baseline.structure.layer.iter().map(|layer| &*layer.id), loader);
    once(&file, "general", baseline.structure.general.iter().map(|general| &*general.id), loader);
}

/// Every item of every section is an indicator's clause or listed as unscored, and nothing names an item that is none.
fn coverage(baseline: &Dated<Baseline>, loader: &mut Loader<'_>) {
    let structure = &baseline.structure;
    let file = format!("{}/structure.toml", baseline.instrument);
    let mut claims: BTreeMap<&str, usize> = BTreeMap::new();
    let clauses: BTreeSet<String> = structure.section.iter().flat_map(|section| section.clauses()).collect();
    for (number, unscored) in structure.unscored.iter().enumerate() {
        *claims.entry(&unscored.clause).or_default() += 1;
        if !clauses.contains(&*unscored.clause) {
            let fault = Fault::NoSuchClause(unscored.clause.clone());
            loader.report(&file, &[Key("unscored"), Nth(number)], fault);
        }
        if baseline.layer(&unscored.layer).is_none() {
            loader.report(
                &file,
                &[Key("unscored"), Nth(number), Key("layer")],
                unresolved("layer", &unscored.layer, ""),
            );
        }
    }
    for indicator in &baseline.indicators {
        let own = format!("{}/indicators/{}.md", baseline.instrument, indicator.id.as_str().to_ascii_lowercase());
        for (number, clause) in indicator.clause.iter().enumerate().filter(|(_, clause)| !clause.is_empty()) {
            *claims.entry(clause).or_default() += 1;
            if !clauses.contains(&**clause) {
                loader.report(&own, &[Key("clause"), Nth(number)], Fault::NoSuchClause(clause.clone()));
            }
        }
    }
    for (number, section) in structure.section.iter().enumerate() {
        for clause in section.clauses() {
            let fault = match claims.get(&*clause) {
                Some(1) => continue,
                None => Fault::Uncovered(clause.into()),
                Some(_) => Fault::CoveredTwice(clause.into()),
            };
            loader.report(&file, &[Key("section"), Nth(number)], fault);
        }
    }
    for level in &structure.levels {
        for layer in &structure.layer {
            let sections =
                structure.section.iter().filter(|section| section.level == *level && section.layer == layer.id);
            if sections.count() != 1 {
                let fault = unresolved("single section of this level and layer", &format!("{level} {}", layer.id), "");
                loader.report(&file, &[Key("section")], fault);
            }
        }
        if baseline.product_grade(*level).is_none() {
            let fault = unresolved("product grade of level", &level.to_string(), "");
            loader.report(&file, &[Key("product_grade")], fault);
        }
    }
}

fn scores(law: &Law, scoring: &Dated<Scoring>, loader: &mut Loader<'_>) {
    let file = format!("{}/scoring.toml", scoring.instrument);
    for baseline in &law.baselines {
        let layers: BTreeSet<&str> = baseline.structure.layer.iter().map(|layer| &*layer.id).collect();
        let weights: BTreeSet<&str> = scoring.total.weight.keys().map(|layer| &**layer).collect();
        for layer in layers.symmetric_difference(&weights) {
            let fault = unresolved("layer with a weight", layer, ", and a weight for each layer");
            loader.report(&file, &[Key("total"), Key("weight")], fault);
        }
        let sum = |group: Option<Group>| -> Exact {
            let in_group = |layer: &&super::Layer| group.is_none_or(|group| layer.group == group);
            let weight = |layer: &super::Layer| scoring.total.weight.get(&layer.id).map(|weight| weight.exact());
            baseline.structure.layer.iter().filter(in_group).filter_map(weight).sum()
        };
        let shares = [
            ("the sum of the layers' weights", sum(None), Some(scoring.total.scale)),
            ("the sum of the technical weights", sum(Some(Group::Technical)), scoring.total.technical_share),
            ("the sum of the management weights", sum(Some(Group::Management)), scoring.total.management_share),
        ];
        for (what, found, expected) in shares {
            if let Some(expected) = expected.filter(|expected| expected.exact() != found) {
                let found = dengmi_core::round_half_up(found, 4);
                let fault = Fault::Figure { what, found, expected: expected.to_string().into() };
                loader.report(&file, &[Key("total"), Key("weight")], fault);
            }
        }
    }
    let bands: Vec<Span> = scoring.ra.iter().map(|band| (band.at_least.into(), band.below.map(u32::from))).collect();
    if !bands.is_empty() && !follow_each_other(bands) {
        loader.report(&file, &[Key("ra")], Fault::Ranges("ra".into()));
    }
    for rule in &scoring.rk {
        levels(&file, &[Key("rk")], &[rule.level], loader);
    }
    for (number, pair) in scoring.compensation.iter().flat_map(|rule| &rule.pair).enumerate() {
        let at = [Key("compensation"), Key("pair"), Nth(number)];
        for (id, layer) in [(&pair.network, "network"), (&pair.application, "application")] {
            let fits = |baseline: &Dated<Baseline>| {
                baseline.indicator(id.as_str()).is_some_and(|found| &*found.layer == layer)
            };
            if !law.baselines.iter().any(fits) {
                loader.report(&file, &at, unresolved("indicator", id.as_str(), " in the layer it is named for"));
            }
        }
    }
    let object = &scoring.object;
    let figures =
        [object.all_pass, object.a_fails, object.k_fails, object.both_fail, object.d_fails, scoring.unit.partly];
    for found in figures.into_iter().filter(|figure| figure.exact() < zero() || figure.exact() > Exact::from_integer(1))
    {
        let fault = Fault::Figure { what: "a score", found, expected: "0 to 1".into() };
        loader.report(&file, &[Key("object")], fault);
    }
}

/// Whether the ranges cover everything from 0 on, each once.
fn follow_each_other(mut ranges: Vec<Span>) -> bool {
    ranges.sort_unstable();
    let mut next = Some(0);
    for (from, below) in ranges {
        if next != Some(from) || below.is_some_and(|below| below <= from) {
            return false;
        }
        next = below;
    }
    next.is_none()
}

fn items(law: &Law, guide: &Dated<HighRisk>, loader: &mut Loader<'_>) {
    let file = format!("{}/high-risk.toml", guide.instrument);
    once(&file, "item", guide.item.iter().map(|item| item.id.as_str()), loader);
    once(&file, "key_hazard", guide.key_hazard.iter().map(|hazard| &*hazard.id), loader);
    once(&file, "rule", guide.rule.iter().map(|rule| &*rule.id), loader);
    for (number, item) in guide.item.iter().enumerate() {
        let at = |key| [Key("item"), Nth(number), Key(key)];
        levels(&file, &at("levels"), &item.levels, loader);
        if item.mitigable == item.mitigation.is_empty() {
            loader.report(&file, &at("mitigable"), Fault::Mitigable);
        }
        for mitigation in &item.mitigation {
            for name in mitigation.covers.iter().flatten() {
                if !item.problem.iter().any(|problem| problem.id == *name) {
                    loader.report(&file, &at("mitigation"), unresolved("problem of this item", name, ""));
                }
            }
        }
        let mut problems = BTreeSet::new();
        for problem in &item.problem {
            if !problems.insert(&problem.id) {
                loader.report(&file, &at("problem"), Fault::Twice(problem.id.clone()));
            }
        }
        for baseline in &law.baselines {
            if &*item.layer != "general" && baseline.layer(&item.layer).is_none() {
                loader.report(&file, &at("layer"), unresolved("layer", &item.layer, ""));
            }
            for id in &item.indicators {
                let found = baseline.indicator(id.as_str()).filter(|indicator| {
                    indicator.layer == item.layer
                        && indicator.high_risk.contains(&item.id)
                        && item.levels.iter().all(|level| indicator.exists_at(*level))
                });
                if found.is_none() {
                    let hint = " in the item's layer, at each of its levels, and lists the item under high_risk";
                    loader.report(&file, &at("indicators"), unresolved("indicator", id.as_str(), hint));
                }
            }
        }
    }
    for (number, hazard) in guide.key_hazard.iter().enumerate() {
        if !problem_exists(guide, hazard.triggers.item.as_str(), &hazard.triggers.problem) {
            let fault = unresolved("problem", &hazard.triggers.problem, " in the item that it triggers");
            loader.report(&file, &[Key("key_hazard"), Nth(number), Key("triggers")], fault);
        }
    }
}

fn problem_exists(guide: &HighRisk, item: &str, problem: &str) -> bool {
    guide.item(item).is_some_and(|item| item.problem.iter().any(|known| &*known.id == problem))
}

fn matrix(law: &Law, grading: &Dated<Grading>, loader: &mut Loader<'_>) {
    let file = format!("{}/grading.toml", grading.instrument);
    for object in &grading.object {
        for degree in &grading.degree {
            let cells = grading.cell.iter().filter(|cell| cell.object == object.id && cell.degree == degree.id);
            let found = cells.count();
            if found != 1 {
                let fault = Fault::Cell { object: object.id.clone(), degree: degree.id.clone(), found };
                loader.report(&file, &[Key("cell")], fault);
            }
        }
    }
    let known = |object: &str, degree: &str| {
        grading.object.iter().any(|known| &*known.id == object)
            && grading.degree.iter().any(|known| &*known.id == degree)
    };
    let cells = grading.cell.iter().map(|cell| (&*cell.object, &*cell.degree, cell.level));
    let variants = grading.variant.iter().map(|cell| (&*cell.object, &*cell.degree, cell.level));
    for (list, (number, (object, degree, level))) in
        cells.enumerate().map(|cell| ("cell", cell)).chain(variants.enumerate().map(|cell| ("variant", cell)))
    {
        let at = [Key(list), Nth(number)];
        levels(&file, &at, &[level], loader);
        if !known(object, degree) {
            loader.report(&file, &at, unresolved("object and degree", &format!("{object} × {degree}"), ""));
        }
    }
    for level in 1..=LEVELS {
        if grading.level.iter().filter(|name| name.level == level).count() != 1 {
            loader.report(&file, &[Key("level")], unresolved("single name of level", &level.to_string(), ""));
        }
    }
    for (number, step) in grading.step.iter().enumerate() {
        levels(&file, &[Key("step"), Nth(number), Key("levels")], &step.levels, loader);
    }
    for (number, difference) in grading.difference.iter().enumerate() {
        if law.instrument(&difference.from_edition).is_none() {
            let fault = unresolved("instrument", &difference.from_edition, "");
            loader.report(&file, &[Key("difference"), Nth(number)], fault);
        }
    }
}

fn algorithms(law: &Law, loader: &mut Loader<'_>) {
    let mut families: BTreeMap<(&str, &str), Vec<Span>> = BTreeMap::new();
    for (number, algorithm) in numbered(&law.algorithms) {
        let file = format!("{}/algorithms.toml", algorithm.instrument);
        let at = |key| [Key("algorithm"), Nth(number), Key(key)];
        if let Some(risk) = &algorithm.high_risk
            && !law.high_risk.iter().any(|guide| problem_exists(guide, risk.item.as_str(), &risk.problem))
        {
            loader.report(&file, &at("high_risk"), unresolved("problem", &risk.problem, " in the item that it names"));
        }
        if algorithm.confidence == Confidence::Memory && algorithm.high_risk.as_ref().is_some_and(|risk| risk.named) {
            loader.report(&file, &at("high_risk"), Fault::MemoryDecides);
        }
        if let Some(band) = &algorithm.band
            && !law.scoring.iter().any(|scoring| scoring.ra(band).is_some())
        {
            loader.report(&file, &at("band"), unresolved("band of strength", band, " in a scoring.toml"));
        }
        match (&algorithm.family, algorithm.key_bits) {
            (Some(family), Some(bits)) => {
                families.entry((&algorithm.instrument, family)).or_default().push((bits.at_least, bits.below));
            }
            (None, None) => {}
            _ => loader.report(&file, &at("family"), unresolved("key_bits of family", &algorithm.id, ", both or none")),
        }
    }
    for ((instrument, family), ranges) in families {
        if !follow_each_other(ranges) {
            let file = format!("{instrument}/algorithms.toml");
            loader.report(&file, &[Key("algorithm")], Fault::Ranges(format!("family {family}").into()));
        }
    }
}

fn zero() -> Exact {
    Exact::from_integer(0)
}
