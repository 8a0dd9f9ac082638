//! From bytes to a checked [`Register`].

use super::rows::is_sector;
use super::{
    Body, Contradiction, Duty, Event, Finding, Head, Instrument, InstrumentKind, Register, Renumbering, SectorNote,
};
use crate::law::defect::Fault;
use crate::law::document::{Document, Step};
use crate::law::{Form, LawDefect, Pack};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

struct Loader<'p> {
    documents: BTreeMap<&'p str, Document<'p>>,
    defects: Vec<LawDefect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DutyFile {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    duty: Vec<Duty>,
}

/// A file beside the folders: rows and their sources.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows<T> {
    #[expect(dead_code, reason = "checked by being read")]
    schema: Form,
    #[serde(default)]
    sources: BTreeMap<Box<str>, Box<str>>,
    #[serde(alias = "body", alias = "event", alias = "sector", alias = "finding", alias = "contradiction")]
    row: Vec<T>,
}

/// Where a duty stands.
struct Place {
    file: String,
    number: usize,
}

impl Place {
    fn path(&self, key: &'static str) -> [Step; 3] {
        [Step::Key("duty"), Step::Nth(self.number), Step::Key(key)]
    }
}

pub(super) fn load(pack: &Pack) -> Result<Register, Vec<LawDefect>> {
    let mut loader = Loader { documents: BTreeMap::new(), defects: Vec::new() };
    let mut folders = BTreeSet::new();
    for (path, bytes) in pack.files() {
        loader.open(path, bytes);
        folders.extend(path.split_once('/').map(|(folder, _)| folder));
    }
    let head = loader.read::<Head>("register.toml");
    if head.is_none() && loader.defects.is_empty() {
        let fault = Fault::Unresolved { what: "file", name: "register.toml".into(), hint: "" };
        loader.report("register.toml", &[], fault);
    }
    let mut instruments = Vec::new();
    let mut duties = Vec::new();
    let mut places = Vec::new();
    let mut renumbering = BTreeMap::new();
    for folder in folders {
        let file = format!("{folder}/instrument.toml");
        let Some(instrument) = loader.read::<Instrument>(&file) else {
            if !loader.documents.contains_key(&*file) {
                loader.report(&file, &[], Fault::NoInstrument);
            }
            continue;
        };
        for name in ["instrument.toml", "duties.toml", "renumbering.toml"] {
            loader.check_data(&format!("{folder}/{name}"), &instrument.sources);
        }
        let file = format!("{folder}/duties.toml");
        for (number, mut duty) in loader.read::<DutyFile>(&file).into_iter().flat_map(|file| file.duty).enumerate() {
            duty.instrument = instrument.id.clone();
            duties.push(duty);
            places.push(Place { file: file.clone(), number });
        }
        if let Some(found) = loader.read::<Renumbering>(&format!("{folder}/renumbering.toml")) {
            renumbering.insert(instrument.id.clone(), found);
        }
        loader.instrument(folder, &instrument);
        instruments.push(instrument);
    }
    let Some(head) = head else { return Err(loader.defects) };
    let register = Register {
        head,
        instruments,
        duties,
        bodies: loader.rows::<Body>("bodies.toml"),
        events: loader.rows::<Event>("events.toml"),
        sectors: loader.rows::<SectorNote>("sectors.toml"),
        findings: loader.rows::<Finding>("findings.toml"),
        contradictions: loader.rows::<Contradiction>("contradictions.toml"),
        renumbering,
    };
    loader.references(&register);
    loader.duties(&register, &places);
    if loader.defects.is_empty() {
        return Ok(register);
    }
    loader.defects.sort_by(|one, two| (&one.file, one.line).cmp(&(&two.file, two.line)));
    Err(loader.defects)
}

fn unresolved(what: &'static str, name: &str) -> Fault {
    Fault::Unresolved { what, name: name.into(), hint: "" }
}

impl<'p> Loader<'p> {
    fn open(&mut self, path: &'p str, bytes: &'p [u8]) {
        let known = match path.split_once('/') {
            None => matches!(
                path,
                "register.toml"
                    | "bodies.toml"
                    | "events.toml"
                    | "sectors.toml"
                    | "findings.toml"
                    | "contradictions.toml"
            ),
            Some((_, name)) => matches!(name, "instrument.toml" | "duties.toml" | "renumbering.toml"),
        };
        let text = if known {
            std::str::from_utf8(bytes).map_err(|_| Fault::NotText)
        } else {
            Err(Fault::UnknownFile(
                "register.toml, bodies.toml, events.toml, sectors.toml, findings.toml or contradictions.toml beside \
                 the folders, and instrument.toml, duties.toml or renumbering.toml",
            ))
        };
        match text.map(|text| Document::parse(path, text, 0)) {
            Ok(Ok(document)) => {
                self.documents.insert(path, document);
            }
            Ok(Err(defect)) => self.defects.push(defect),
            Err(fault) => self.report(path, &[], fault),
        }
    }

    fn report(&mut self, file: &str, path: &[Step], fault: Fault) {
        let defect = match self.documents.get(file) {
            Some(document) => document.defect(path, fault),
            None => LawDefect { file: file.into(), line: 1, clause: "".into(), fault },
        };
        self.defects.push(defect);
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

    fn check_data(&mut self, path: &str, sources: &BTreeMap<Box<str>, Box<str>>) {
        if let Some(document) = self.documents.get(path) {
            document.check_data(&|name| sources.contains_key(name), &mut self.defects);
        }
    }

    fn rows<T: DeserializeOwned>(&mut self, path: &str) -> Vec<T> {
        let Some(rows) = self.read::<Rows<T>>(path) else { return Vec::new() };
        self.check_data(path, &rows.sources);
        rows.row
    }

    fn instrument(&mut self, folder: &str, instrument: &Instrument) {
        let file = format!("{folder}/instrument.toml");
        if &*instrument.id != folder {
            let fault = Fault::Misnamed { found: instrument.id.clone(), expected: folder.into() };
            self.report(&file, &[Step::Key("id")], fault);
        }
        if instrument.timeline.is_empty() || !instrument.timeline.is_sorted_by(|first, second| first.from < second.from)
        {
            self.report(&file, &[Step::Key("timeline")], Fault::Timeline);
        }
        for (number, _) in instrument.sectors.iter().enumerate().filter(|(_, word)| !is_sector(word)) {
            let fault = unresolved("sector", instrument.sectors.get(number).map_or("", |word| word));
            self.report(&file, &[Step::Key("sectors"), Step::Nth(number)], fault);
        }
        if instrument.kind == InstrumentKind::Draft && instrument.binding {
            self.report(&file, &[Step::Key("binding")], Fault::DraftBinds);
        }
    }

    /// Every name leads somewhere.
    fn references(&mut self, register: &Register) {
        let mut wrong = Vec::new();
        let mut sought = |file: &str, path: Vec<Step>, what: &'static str, name: &str, there: bool| {
            if !there {
                wrong.push((file.to_owned(), path, unresolved(what, name)));
            }
        };
        let duties: BTreeSet<&str> = register.duties.iter().map(|duty| &*duty.id).collect();
        for instrument in &register.instruments {
            if let Some(name) = &instrument.superseded_by {
                let file = format!("{}/instrument.toml", instrument.id);
                let there = register.instrument(name).is_some();
                sought(&file, vec![Step::Key("superseded_by")], "instrument", name, there);
            }
        }
        for (id, renumbering) in &register.renumbering {
            let there = register.instrument(&renumbering.predecessor).is_some();
            let file = format!("{id}/renumbering.toml");
            sought(&file, vec![Step::Key("predecessor")], "instrument", &renumbering.predecessor, there);
        }
        let row = |list, number, key, nth| vec![Step::Key(list), Step::Nth(number), Step::Key(key), Step::Nth(nth)];
        for (number, event) in register.events.iter().enumerate() {
            for (nth, name) in event.instruments.iter().enumerate() {
                let path = row("event", number, "instruments", nth);
                sought("events.toml", path, "instrument", name, register.instrument(name).is_some());
            }
        }
        for (number, sector) in register.sectors.iter().enumerate() {
            for (nth, name) in sector.instruments.iter().enumerate() {
                let path = row("sector", number, "instruments", nth);
                sought("sectors.toml", path, "instrument", name, register.instrument(name).is_some());
            }
        }
        for (number, finding) in register.findings.iter().enumerate() {
            for (nth, name) in finding.instruments.iter().enumerate() {
                let path = row("finding", number, "instruments", nth);
                sought("findings.toml", path, "instrument", name, register.instrument(name).is_some());
            }
            for (nth, name) in finding.duties.iter().enumerate() {
                let path = row("finding", number, "duties", nth);
                sought("findings.toml", path, "duty", name, duties.contains(&**name));
            }
        }
        for (number, row) in register.contradictions.iter().enumerate() {
            let path = vec![Step::Key("contradiction"), Step::Nth(number), Step::Key("one")];
            sought("contradictions.toml", path, "duty", &row.one, duties.contains(&*row.one));
            for (nth, name) in row.others.iter().enumerate() {
                let path = vec![Step::Key("contradiction"), Step::Nth(number), Step::Key("others"), Step::Nth(nth)];
                sought("contradictions.toml", path, "duty", name, duties.contains(&**name));
            }
        }
        for (file, path, fault) in wrong {
            self.report(&file, &path, fault);
        }
    }

    fn duties(&mut self, register: &Register, places: &[Place]) {
        let mut known = BTreeSet::new();
        for (duty, place) in register.duties.iter().zip(places) {
            if !known.insert(&*duty.id) {
                self.report(&place.file, &place.path("id"), Fault::Twice(duty.id.clone()));
            }
            if duty.article.is_some() != (duty.article_basis != super::ArticleBasis::Unknown) {
                self.report(&place.file, &place.path("article_basis"), Fault::ArticleBasis);
            }
            if duty.draft && (duty.binding || duty.from.is_some()) {
                self.report(&place.file, &place.path("draft"), Fault::DraftBinds);
            }
            if let Some((from, to)) = duty.from.zip(duty.to)
                && to <= from
            {
                self.report(&place.file, &place.path("to"), Fault::DateOrder { from, to });
            }
            for name in duty.enforcers.iter().filter(|name| !register.head.enforcers.contains_key(*name)) {
                self.report(&place.file, &place.path("enforcers"), unresolved("enforcer", name));
            }
            for name in duty.sectors.iter().filter(|name| !is_sector(name)) {
                self.report(&place.file, &place.path("sectors"), unresolved("sector", name));
            }
            self.life(register, duty, place);
            let Some(name) = &duty.successor else { continue };
            match (register.duty(name), duty.to) {
                (Some(successor), Some(to)) if successor.from == Some(to) => {}
                (Some(_), Some(to)) => {
                    let fault = Fault::Successor { successor: name.clone(), to };
                    self.report(&place.file, &place.path("successor"), fault);
                }
                _ => self.report(&place.file, &place.path("successor"), unresolved("duty with a last day", name)),
            }
        }
    }

    /// A duty is in force only while its instrument is.
    fn life(&mut self, register: &Register, duty: &Duty, place: &Place) {
        let (Some(from), Some(instrument)) = (duty.from, register.instrument(&duty.instrument)) else { return };
        let changes = instrument.timeline.iter().map(|status| status.from);
        let days = std::iter::once(from).chain(changes.filter(|day| from < *day && duty.to.is_none_or(|to| *day < to)));
        for day in days {
            let status = instrument.status(day);
            if !status.is_some_and(super::Status::is_in_force) {
                self.report(&place.file, &place.path("from"), Fault::NotInForce { day, status });
                return;
            }
        }
    }
}
