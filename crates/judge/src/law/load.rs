//! From bytes to a checked [`Law`].

use super::{
    Baseline, Dated, InForce, Indicator, Instrument, Law, LawDefect, Pack,
    baseline::Structure,
    chain::Chains,
    cross,
    defect::Fault,
    document::{Document, Step},
    rows::{AlgorithmFile, ClauseFile, ObligationFile, PracticeFile},
};
use dengmi_core::{Date, Text};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Where a defect of something loaded is shown.
pub(super) type At<'p> = (&'p str, Vec<Step>);

/// The documents of a pack by path, and what is wrong so far.
pub(super) struct Loader<'p> {
    documents: BTreeMap<&'p str, Document<'p>>,
    /// The paragraphs of the indicators.
    texts: BTreeMap<&'p str, Text>,
    pub(super) defects: Vec<LawDefect>,
}

pub(super) fn load(pack: &Pack) -> Result<Law, Vec<LawDefect>> {
    let mut loader = Loader { documents: BTreeMap::new(), texts: BTreeMap::new(), defects: Vec::new() };
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, bytes) in pack.files() {
        if loader.open(path, bytes)
            && let Some((folder, _)) = path.split_once('/')
        {
            folders.entry(folder).or_default().push(path);
        }
    }
    let mut law = Law::default();
    let mut chains = Chains::default();
    for (folder, files) in folders {
        loader.folder(folder, &files, &mut law, &mut chains);
    }
    chains.walk(|at: &At<'_>, fault| loader.report(at.0, &at.1, fault));
    law.scoring.sort_by_key(|dated| dated.in_force.from);
    cross::check(&law, &mut loader);
    if loader.defects.is_empty() {
        return Ok(law);
    }
    loader.defects.sort_by(|one, two| (&one.file, one.line).cmp(&(&two.file, two.line)));
    Err(loader.defects)
}

impl<'p> Loader<'p> {
    pub(super) fn report(&mut self, file: &str, path: &[Step], fault: Fault) {
        let defect = match self.documents.get(file) {
            Some(document) => document.defect(path, fault),
            None => LawDefect { file: file.into(), line: 1, clause: "".into(), fault },
        };
        self.defects.push(defect);
    }

    /// Parses a file of law. `false`: there is nothing to read in it, for a reason or for a defect.
    fn open(&mut self, path: &'p str, bytes: &'p [u8]) -> bool {
        if path.rsplit('/').next() == Some("README.md") {
            return false;
        }
        let name = path.split_once('/').map_or("", |(_, name)| name);
        match std::str::from_utf8(bytes).map_err(|_| Fault::NotText).and_then(|text| self.toml(path, name, text)) {
            Ok((text, lines_before)) => match Document::parse(path, text, lines_before) {
                Ok(document) => self.documents.insert(path, document).is_none(),
                Err(defect) => {
                    self.defects.push(defect);
                    // Its folder is still to be looked at.
                    true
                }
            },
            Err(fault) => {
                self.report(path, &[], fault);
                true
            }
        }
    }

    /// The TOML in a file, and how many lines stand before it; the paragraphs of an indicator are put aside.
    fn toml(&mut self, path: &'p str, name: &str, text: &'p str) -> Result<(&'p str, u32), Fault> {
        match name {
            "instrument.toml" | "structure.toml" | "scoring.toml" | "high-risk.toml" | "grading.toml"
            | "practice.toml" | "algorithms.toml" | "obligations.toml" | "clauses.toml" => Ok((text, 0)),
            name if name.starts_with("indicators/") && name.ends_with(".md") => {
                let front = text.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n"));
                let (front, body) = front.ok_or(Fault::NoFrontMatter)?;
                let paragraph = |heading| section(body, heading).ok_or(Fault::NoParagraph(heading));
                let text = Text { zh: paragraph("中文")?.into(), en: paragraph("English")?.into() };
                self.texts.insert(path, text);
                Ok((front, 1))
            }
            _ => Err(Fault::UnknownFile(
                "instrument.toml, structure.toml, indicators/*.md, scoring.toml, high-risk.toml, grading.toml, \
                 practice.toml, algorithms.toml, obligations.toml or clauses.toml",
            )),
        }
    }

    fn read<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        match self.documents.get(path)?.read() {
            Ok(value) => Some(value),
            Err(defect) => {
                self.defects.push(defect);
                None
            }
        }
    }

    fn folder(&mut self, folder: &str, files: &[&'p str], law: &mut Law, chains: &mut Chains<At<'p>>) {
        let own = files.iter().copied().find(|path| path.ends_with("/instrument.toml"));
        let Some((file, instrument)) = own.and_then(|file| Some((file, self.read::<Instrument>(file)?))) else {
            return self.report(&format!("{folder}/instrument.toml"), &[], Fault::NoInstrument);
        };
        self.instrument(folder, file, &instrument);
        for path in files {
            if let Some(document) = self.documents.get(path) {
                document.check_data(&|name| instrument.sources.contains_key(name), &mut self.defects);
            }
        }
        let whole = instrument.in_force();
        chains.add(
            format!("editions of {}", instrument.series),
            &*instrument.id,
            whole,
            (file, vec![Step::Key("from")]),
        );

        let mut structure = None;
        let mut indicators = Vec::new();
        for path in files.iter().copied() {
            match path.strip_prefix(folder).unwrap_or(path) {
                "/structure.toml" => structure = self.read::<Structure>(path).map(|structure| (path, structure)),
                "/scoring.toml" => {
                    let found = self.read(path);
                    law.scoring.extend(found.map(|value| self.dated(&instrument, path, vec![], (None, None), value)));
                    chains.add("scoring", &*instrument.id, whole, (path, vec![]));
                }
                "/high-risk.toml" => {
                    let found = self.read(path);
                    law.high_risk.extend(found.map(|value| self.dated(&instrument, path, vec![], (None, None), value)));
                    chains.add("high risk", &*instrument.id, whole, (path, vec![]));
                }
                "/grading.toml" => {
                    if let Some(value) = self.read::<super::Grading>(path) {
                        let dated = self.dated(&instrument, path, vec![], (value.from, value.to), value);
                        chains.add("grading", &*instrument.id, dated.in_force, (path, vec![Step::Key("to")]));
                        law.grading.push(dated);
                    }
                }
                "/practice.toml" => {
                    let rules = self.read::<PracticeFile>(path).map_or_else(Vec::new, |file| file.rule);
                    for (rule, at) in self.rows(&instrument, path, "rule", rules, |rule| (rule.from, rule.to)) {
                        chains.add(format!("practice on {}", rule.topic), &*rule.id, rule.in_force, (path, at));
                        law.practice.push(rule);
                    }
                }
                "/algorithms.toml" => {
                    let rows = self.read::<AlgorithmFile>(path).map_or_else(Vec::new, |file| file.algorithm);
                    for (row, at) in self.rows(&instrument, path, "algorithm", rows, |row| (row.from, row.to)) {
                        chains.add(format!("algorithm {}", row.id), &*row.id, row.in_force, (path, at));
                        law.algorithms.push(row);
                    }
                }
                "/obligations.toml" => {
                    let rows = self.read::<ObligationFile>(path).map_or_else(Vec::new, |file| file.obligation);
                    for (row, at) in self.rows(&instrument, path, "obligation", rows, |row| (row.from, row.to)) {
                        for level in &row.levels {
                            let chain = format!("{} at level {level}", row.topic);
                            chains.add(chain, &*row.id, row.in_force, (path, at.clone()));
                        }
                        law.obligations.push(row);
                    }
                }
                "/clauses.toml" => {
                    let clauses = self.read::<ClauseFile>(path).map_or_else(Vec::new, |file| file.clause);
                    let clauses = self.rows(&instrument, path, "clause", clauses, |_| (None, None));
                    law.clauses.extend(clauses.into_iter().map(|(clause, _)| clause));
                }
                name if name.starts_with("/indicators/") => {
                    if let Some(mut indicator) = self.read::<Indicator>(path) {
                        let stem = name.trim_start_matches("/indicators/").trim_end_matches(".md");
                        if indicator.id.as_str().to_ascii_lowercase() != stem {
                            let found = indicator.id.as_str().into();
                            let expected = stem.to_ascii_uppercase().into();
                            self.report(path, &[Step::Key("id")], Fault::Misnamed { found, expected });
                        }
                        if let Some(text) = self.texts.get(path) {
                            indicator.asks = text.clone();
                        }
                        indicators.push(indicator);
                    }
                }
                _ => {}
            }
        }
        match structure {
            Some((path, structure)) => {
                indicators.sort_by_key(|indicator| indicator.order);
                let value = Baseline { structure, indicators };
                law.baselines.push(self.dated(&instrument, path, vec![], (None, None), value));
                chains.add("baseline", &*instrument.id, whole, (path, vec![]));
            }
            None if !indicators.is_empty() => {
                let fault =
                    Fault::Unresolved { what: "file", name: "structure.toml".into(), hint: " beside indicators/" };
                self.report(file, &[], fault);
            }
            None => {}
        }
        law.instruments.push(instrument);
    }

    fn instrument(&mut self, folder: &str, file: &str, instrument: &Instrument) {
        if &*instrument.id != folder {
            let fault = Fault::Misnamed { found: instrument.id.clone(), expected: folder.into() };
            self.report(file, &[Step::Key("id")], fault);
        }
        if let Some(to) = instrument.to
            && to <= instrument.from
        {
            self.report(file, &[Step::Key("to")], Fault::DateOrder { from: instrument.from, to });
        }
        if instrument.from < instrument.published {
            let fault = Fault::DateOrder { from: instrument.published, to: instrument.from };
            self.report(file, &[Step::Key("from")], fault);
        }
    }

    /// The rows of a list with their days and places.
    fn rows<T>(
        &mut self,
        instrument: &Instrument,
        file: &str,
        list: &'static str,
        rows: Vec<T>,
        days: impl Fn(&T) -> (Option<Date>, Option<Date>),
    ) -> Vec<(Dated<T>, Vec<Step>)> {
        let place = |number| vec![Step::Key(list), Step::Nth(number)];
        let dated = |(number, row)| (self.dated(instrument, file, place(number), days(&row), row), place(number));
        rows.into_iter().enumerate().map(dated).collect()
    }

    /// A value with its instrument's days, or its own within them.
    fn dated<T>(
        &mut self,
        instrument: &Instrument,
        file: &str,
        at: Vec<Step>,
        own: (Option<Date>, Option<Date>),
        value: T,
    ) -> Dated<T> {
        let in_force = InForce { from: own.0.unwrap_or(instrument.from), to: own.1.or(instrument.to) };
        if let Some(to) = in_force.to
            && to <= in_force.from
        {
            self.report(file, &at, Fault::DateOrder { from: in_force.from, to });
        }
        let late = instrument.to.is_some_and(|end| in_force.to.is_none_or(|to| end < to));
        if in_force.from < instrument.from || late {
            self.report(file, &at, Fault::OutsideInstrument);
        }
        Dated { instrument: instrument.id.clone(), in_force, value }
    }
}

/// The text under a heading of second rank, without it.
fn section<'t>(body: &'t str, heading: &str) -> Option<&'t str> {
    body.split("\n## ").map(|part| part.strip_prefix("## ").unwrap_or(part)).find_map(|part| {
        let (title, text) = part.split_once('\n')?;
        (title.trim() == heading && !text.trim().is_empty()).then(|| text.trim())
    })
}
