//! Reading `system.toml`: syntax, then names. All faults at once, each where it stands.

use super::{MANAGEMENT, Spot, System, Tables, user_class};
use crate::Date;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One fault of a file that a user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in characters.
    pub column: u32,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What can be wrong with a `system.toml`. Texts are made by the program, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not TOML, or a value of another type; the message is the TOML reader's.
    Shape(Box<str>),
    /// A key that no table of this kind has.
    UnknownKey {
        /// The key as written.
        name: Box<str>,
        /// The nearest key that exists.
        nearest: Option<Box<str>>,
        /// All that exist.
        known: Vec<Box<str>>,
    },
    /// A key that a table of this kind needs.
    MissingKey(Box<str>),
    /// A name is used twice.
    Twice {
        /// The name.
        name: Box<str>,
        /// The line that had it first.
        first: u32,
    },
    /// A name is used that nothing bears.
    Unknown {
        /// What sort of thing was looked for.
        what: Thing,
        /// The name as written.
        name: Box<str>,
        /// The nearest name that exists.
        nearest: Option<Box<str>>,
        /// All that exist.
        known: Vec<Box<str>>,
    },
    /// A value outside its range.
    Range {
        /// What is accepted.
        expected: Expected,
        /// What was found.
        found: Box<str>,
    },
}

/// What a name in a description can be the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// `[[application]]`
    Application,
    /// `[[data]]`
    Data,
    /// `[[device]]`
    Device,
    /// An end that is looked at.
    End,
    /// A fact that a statement can state.
    Fact,
    /// An item of the high-risk guide.
    HighRiskItem,
    /// 测评指标.
    Indicator,
    /// `[[product]]`
    Product,
    /// `[[product]]`, or a place of a key outside of one.
    ProductOrPlace,
    /// `[[reuse]]`
    Reuse,
    /// `[[room]]`
    Room,
    /// 测评对象.
    Subject,
    /// What a statement can be about.
    SubjectProductOrKey,
}

/// What would have been accepted in the place of a value outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `INDICATOR SUBJECT`, what a key serves.
    IndicatorAndSubject,
    /// 受侵害客体: `citizens`, `public` or `national`.
    HarmedObject,
    /// 侵害程度: `general`, `severe` or `especially-severe`.
    Degree,
    /// 1 to 5.
    Level,
    /// A cryptography level that is not below the filed one (FAQ 1.1).
    NotBelowFiled,
    /// 1 to 4.
    ProductGrade,
    /// A first day that is not after the last.
    OrderedDays,
    /// A day that is not after that of the assessment.
    NotInTheFuture,
    /// `ADDRESS:PORT`
    Address,
    /// `HOST:PORT`, or `SCHEME://HOST`
    Endpoint,
    /// A document beside the description or below: a relative path without `..`, so that a description that came from somewhere
    /// else cannot put a machine's other files into a case.
    PathInside,
    /// Where random bits may come from.
    RandomSource,
}

/// The names that a description may use beside its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vocabulary<'a> {
    /// Indicators of the law's pack.
    pub indicators: &'a [&'a str],
    /// Facts that a statement can state.
    pub facts: &'a [&'a str],
    /// High-risk items.
    pub items: &'a [&'a str],
}

/// Reads a description.
///
/// # Errors
///
/// Every fault, in the order of the file; a file that is not TOML of the right shape has one.
pub fn read(text: &str, vocabulary: &Vocabulary<'_>, today: Option<Date>) -> Result<System, Vec<Fault>> {
    let lines: Vec<usize> = std::iter::once(0)
        .chain(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1))
        .collect();
    let tables: Tables = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = place(text, &lines, at);
        vec![Fault { line, column, kind: shape(error.message()) }]
    })?;
    let system = System { tables, lines };
    let mut check = Check { text, system: &system, faults: Vec::new() };
    check.names(vocabulary);
    check.ranges(today);
    let mut faults = check.faults;
    faults.sort_by_key(|fault| (fault.line, fault.column));
    // Two things of one kind with one name are two things with one name.
    faults.dedup();
    if faults.is_empty() { Ok(system) } else { Err(faults) }
}

/// What a message of the TOML reader says about a key, where it does: ``unknown field `a`, expected `b` or `c` ``.
fn shape(message: &str) -> FaultKind {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(name) if message.starts_with("unknown field") => {
            let known: Vec<Box<str>> = quoted.map(Box::from).collect();
            FaultKind::UnknownKey { name: name.into(), nearest: nearest(&known, name), known }
        }
        Some(name) if message.starts_with("missing field") => FaultKind::MissingKey(name.into()),
        _ => FaultKind::Shape(message.into()),
    }
}

/// Line and byte column, both counted from 1.
pub(super) fn position(lines: &[usize], at: usize) -> (u32, usize) {
    let index = lines.partition_point(|start| *start <= at).saturating_sub(1);
    let start = lines.get(index).copied().unwrap_or(0);
    (u32::try_from(index + 1).unwrap_or(u32::MAX), at - start)
}

fn place(text: &str, lines: &[usize], at: usize) -> (u32, u32) {
    let (line, bytes) = position(lines, at);
    let column = text.get(at - bytes..at).map_or(bytes, |before| before.chars().count());
    (line, u32::try_from(column + 1).unwrap_or(u32::MAX))
}

struct Check<'a> {
    text: &'a str,
    system: &'a System,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, spot: &Spot, kind: FaultKind) {
        let (line, column) = place(self.text, &self.system.lines, spot.span().start);
        self.faults.push(Fault { line, column, kind });
    }

    fn names(&mut self, vocabulary: &Vocabulary<'_>) {
        let system = self.system;
        let rooms = self.unique(system.room.iter().map(|room| &room.id));
        self.unique(system.channel.iter().map(|channel| &channel.id));
        let devices = self.unique(system.device.iter().map(|device| &device.id));
        let applications = self.unique(system.application.iter().map(|application| &application.id));
        let data = self.unique(system.data.iter().map(|data| &data.id));
        self.unique(system.action.iter().map(|action| &action.id));
        let products = self.unique(system.product.iter().map(|product| &product.id));
        let keys = self.unique(system.key.iter().map(|key| &key.id));
        let services = self.unique(system.service.iter().map(|service| &service.id));
        let reports = self.unique(system.reuse.iter().map(|reuse| &reuse.id));
        for application in &system.application {
            self.unique(application.users.iter().map(|user| &user.id));
        }
        // A statement's `about` must name one thing only.
        let everything = system.room.iter().map(|room| &room.id);
        let everything = everything.chain(system.channel.iter().map(|channel| &channel.id));
        let everything = everything.chain(system.device.iter().map(|device| &device.id));
        let everything = everything.chain(system.application.iter().map(|application| &application.id));
        let everything = everything.chain(system.data.iter().map(|data| &data.id));
        let everything = everything.chain(system.action.iter().map(|action| &action.id));
        let mut subjects = self.unique(everything);
        for application in &system.application {
            subjects.extend(application.users.iter().map(|user| Box::from(user_class(application, user))));
        }
        subjects.push(MANAGEMENT.into());
        let mut abouts = subjects.clone();
        for more in [&products, &keys, &services] {
            abouts.extend(more.iter().filter(|name| !subjects.contains(name)).cloned());
        }
        let boxed = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect::<Vec<Box<str>>>();
        let units = boxed(vocabulary.indicators);
        let facts = boxed(vocabulary.facts);
        let items = boxed(vocabulary.items);

        for room in &system.room {
            self.known(Thing::Reuse, &reports, room.reuse.as_ref());
        }
        for channel in &system.channel {
            self.known(Thing::Product, &products, channel.product.as_ref());
            self.known(Thing::Device, &devices, channel.boundary.as_ref());
            self.known(Thing::Data, &data, &channel.carries);
            self.ends(&channel.ends);
        }
        for device in &system.device {
            self.known(Thing::Product, &products, device.product.iter().chain(&device.management_product));
            self.known(Thing::Room, &rooms, device.room.as_ref());
            self.ends(&device.management_ends);
        }
        for user in system.application.iter().flat_map(|application| &application.users) {
            self.known(Thing::Product, &products, user.product.as_ref());
            self.known(Thing::Reuse, &reports, user.reuse.as_ref());
        }
        for kind in &system.data {
            self.known(Thing::Application, &applications, Some(&kind.application));
            self.known(Thing::Product, &products, kind.product.as_ref());
        }
        for action in &system.action {
            self.known(Thing::Application, &applications, Some(&action.application));
            self.known(Thing::Product, &products, action.product.as_ref());
        }
        let places: Vec<Box<str>> =
            products.iter().cloned().chain(KEY_PLACES.iter().map(|place| Box::from(*place))).collect();
        for key in &system.key {
            self.known(Thing::ProductOrPlace, &places, key.made_in.iter().chain(&key.kept_in));
            for serves in &key.serves {
                let Some((unit, subject)) = serves.get_ref().split_once(' ') else {
                    self.fault(
                        serves,
                        FaultKind::Range { expected: Expected::IndicatorAndSubject, found: serves.get_ref().clone() },
                    );
                    continue;
                };
                self.known_text(Thing::Indicator, &units, serves, unit);
                self.known_text(Thing::Subject, &subjects, serves, subject);
            }
        }
        for reuse in &system.reuse {
            self.known(Thing::Indicator, &units, reuse.units.iter().map(|unit| &unit.unit));
        }
        for scope in &system.scope {
            self.known(Thing::Indicator, &units, Some(&scope.unit));
            self.known(Thing::Subject, &subjects, scope.subject.as_ref());
        }
        for statement in &system.statement {
            self.known(Thing::SubjectProductOrKey, &abouts, Some(&statement.about));
            self.known(Thing::Indicator, &units, statement.unit.as_ref());
            self.known(Thing::Fact, &facts, Some(&statement.kind));
        }
        for management in &system.management {
            self.known(Thing::Indicator, &units, Some(&management.unit));
        }
        let ends: Vec<Box<str>> = system.ends().map(|(end, _)| end.get_ref().clone()).collect();
        for seen in system.collect.capture.iter().flat_map(|recorded| &recorded.seen) {
            self.known(Thing::End, &ends, Some(&seen.end));
            if seen.address.get_ref().parse::<SocketAddr>().is_err() {
                let found = seen.address.get_ref().clone();
                self.fault(&seen.address, FaultKind::Range { expected: Expected::Address, found });
            }
        }
        for random in &system.collect.random {
            self.known(Thing::SubjectProductOrKey, &abouts, Some(&random.about));
        }
        self.unique(system.management.iter().map(|management| &management.unit));
        for ruling in &system.ruling {
            self.known(Thing::Indicator, &units, Some(&ruling.unit));
            self.known(Thing::Subject, &subjects, Some(&ruling.subject));
            self.known(Thing::HighRiskItem, &items, ruling.item.as_ref());
        }
        for mitigation in &system.mitigation {
            self.known(Thing::Subject, &subjects, Some(&mitigation.subject));
            self.known(Thing::HighRiskItem, &items, Some(&mitigation.item));
        }
    }

    fn ranges(&mut self, today: Option<Date>) {
        let grade = &self.system.grade;
        let (filed, level) = (grade.filed, grade.cryptography_level);
        let wrong_level = |level: Option<u8>| level.filter(|level| !(1..=5).contains(level));
        let harms = grade.business_information.iter().chain(&grade.system_service);
        for harm in harms {
            if !["citizens", "public", "national"].contains(&&**harm.object.get_ref()) {
                self.fault(
                    &harm.object,
                    FaultKind::Range { expected: Expected::HarmedObject, found: harm.object.get_ref().clone() },
                );
            }
            if !["general", "severe", "especially-severe"].contains(&&**harm.degree.get_ref()) {
                self.fault(
                    &harm.degree,
                    FaultKind::Range { expected: Expected::Degree, found: harm.degree.get_ref().clone() },
                );
            }
        }
        if let Some(wrong) = wrong_level(filed).or(wrong_level(level)) {
            self.at_word("[grade]", FaultKind::Range { expected: Expected::Level, found: wrong.to_string().into() });
        }
        if let (Some(filed), Some(level)) = (filed, level)
            && level < filed
        {
            let found = level.to_string().into();
            self.at_word("cryptography_level", FaultKind::Range { expected: Expected::NotBelowFiled, found });
        }
        for product in &self.system.product {
            if let Some(grade) = product.grade.filter(|grade| !(1..=4).contains(grade)) {
                self.fault(
                    &product.id,
                    FaultKind::Range { expected: Expected::ProductGrade, found: grade.to_string().into() },
                );
            }
            if let Some([from, to]) = product.valid
                && to < from
            {
                let found = format!("{from} to {to}").into();
                self.fault(&product.id, FaultKind::Range { expected: Expected::OrderedDays, found });
            }
        }
        let captures = self.system.collect.capture.iter().map(|recorded| &recorded.file);
        for document in self.system.documents().into_iter().chain(captures) {
            if !inside(document.get_ref()) {
                let found = document.get_ref().clone();
                self.fault(document, FaultKind::Range { expected: Expected::PathInside, found });
            }
        }
        for random in &self.system.collect.random {
            let source = random.source.get_ref();
            if !random.is_endless() && !inside(source) {
                let found = source.clone();
                self.fault(&random.source, FaultKind::Range { expected: Expected::RandomSource, found });
            }
        }
        for statement in &self.system.statement {
            if today.is_some_and(|today| statement.on > today) {
                let found = statement.on.to_string().into();
                self.fault(&statement.about, FaultKind::Range { expected: Expected::NotInTheFuture, found });
            }
        }
        let records = &self.system.records;
        let assessed =
            || [&records.graded_assessments, &records.cryptography_assessments].into_iter().flatten().flatten();
        let days =
            records.filed_on.into_iter().chain(assessed().flat_map(|one| [Some(one.on), one.filed_on]).flatten());
        let late = days.filter(|day| today.is_some_and(|today| *day > today)).max();
        let early = assessed().find(|one| one.filed_on.is_some_and(|filed| filed < one.on)).map(|one| one.on);
        for (day, expected) in [(late, Expected::NotInTheFuture), (early, Expected::OrderedDays)] {
            if let Some(day) = day {
                self.at_word("[records]", FaultKind::Range { expected, found: day.to_string().into() });
            }
        }
    }

    fn at_word(&mut self, word: &str, kind: FaultKind) {
        let (line, column) = place(self.text, &self.system.lines, self.text.find(word).unwrap_or(0));
        self.faults.push(Fault { line, column, kind });
    }

    fn ends<'s>(&mut self, ends: impl IntoIterator<Item = &'s Spot>) {
        for end in ends {
            let scheme_and_host = end.get_ref().split_once("://");
            let host = scheme_and_host.map_or(&**end.get_ref(), |(_, host)| host);
            let fits = match host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
                Some((host, port)) => !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0),
                // A protocol has a usual port.
                None => scheme_and_host.is_some() && !host.is_empty(),
            };
            if !fits {
                self.fault(end, FaultKind::Range { expected: Expected::Endpoint, found: end.get_ref().clone() });
            }
        }
    }

    fn unique<'s>(&mut self, names: impl Iterator<Item = &'s Spot>) -> Vec<Box<str>> {
        let mut seen: BTreeMap<Box<str>, u32> = BTreeMap::new();
        let mut order = Vec::new();
        for name in names {
            let line = position(&self.system.lines, name.span().start).0;
            if let Some(first) = seen.get(name.get_ref()) {
                let first = *first;
                self.fault(name, FaultKind::Twice { name: name.get_ref().clone(), first });
            } else {
                seen.insert(name.get_ref().clone(), line);
                order.push(name.get_ref().clone());
            }
        }
        order
    }

    fn known<'s>(&mut self, what: Thing, known: &[Box<str>], names: impl IntoIterator<Item = &'s Spot>) {
        for name in names {
            self.known_text(what, known, name, name.get_ref());
        }
    }

    fn known_text(&mut self, what: Thing, known: &[Box<str>], at: &Spot, name: &str) {
        if !known.iter().any(|candidate| &**candidate == name) {
            self.fault(
                at,
                FaultKind::Unknown { what, name: name.into(), nearest: nearest(known, name), known: known.to_vec() },
            );
        }
    }
}

/// Where a key can lie outside a product.
pub(super) const KEY_PLACES: [&str; 5] =
    ["software", "software-keystore", "configuration-file", "source-code", "database"];

/// The known name that is most like a name, if one is like it at all.
fn nearest(known: &[Box<str>], name: &str) -> Option<Box<str>> {
    let (away, near) =
        known.iter().map(|candidate| (distance(candidate, name), candidate)).min_by_key(|(away, _)| *away)?;
    let letters = name.chars().count();
    (away <= 1 + letters / 3 && away < letters).then(|| near.clone())
}

/// Whether a path stays in its folder, on every system: a backslash or a drive leads out on some.
fn inside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    !path.is_empty()
        && !drive
        && !path.starts_with('/')
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| part != "..")
}

/// Levenshtein distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (column, other) in right.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or(usize::MAX);
            let cost = (diagonal + usize::from(character != *other)).min(above + 1).min(before + 1);
            if let Some(cell) = row.get_mut(column) {
                *cell = before;
            }
            diagonal = above;
            before = cost;
        }
        if let Some(cell) = row.last_mut() {
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[system]\nname = \"示例\"\noperator = \"示例医院\"\n";

    fn faults(rest: &str) -> Vec<Fault> {
        let vocabulary = Vocabulary { indicators: &["NET-ID", "APP-ID"], facts: &["mechanism"], items: &["HR-7.1"] };
        read(&format!("{HEAD}{rest}"), &vocabulary, None).err().unwrap_or_default()
    }

    #[test]
    fn names_resolve_or_are_pointed_at() {
        let fault = &faults(
            "[[channel]]\nid = \"portal\"\nproduct = \"vpn-gv\"\n[[product]]\nid = \"vpn-gw\"\nkind = \"网关\"\n",
        )[0];
        assert_eq!((fault.line, fault.column), (6, 11));
        assert!(
            matches!(&fault.kind, FaultKind::Unknown { what: Thing::Product, nearest: Some(near), .. } if &**near == "vpn-gw"),
            "{fault:?}"
        );

        let twice = Fault { line: 7, column: 6, kind: FaultKind::Twice { name: "a".into(), first: 5 } };
        assert_eq!(faults("[[room]]\nid = \"a\"\n[[room]]\nid = \"a\"\n"), [twice]);

        let fault = &faults("[[key]]\nid = \"k\"\nserves = [\"NET-IDD portal\"]\n")[0];
        assert!(
            matches!(&fault.kind, FaultKind::Unknown { what: Thing::Indicator, nearest: Some(near), .. } if &**near == "NET-ID"),
            "{fault:?}"
        );
    }

    #[test]
    fn shapes_and_ranges_are_pointed_at() {
        for (rest, line, part) in [
            ("colour = 1\n", 4, "UnknownKey"),
            ("[[chanel]]\nid = \"a\"\n", 4, "nearest: Some(\"channel\")"),
            ("[[room]]\nid = \"a\"\nbeauty = 1\n", 6, "nearest: None, known: [\"id\""),
            ("[[channel]]\npopulation = \"patients\"\n", 4, "MissingKey(\"id\")"),
            ("[[room]]\nid = 7\n", 5, "Shape(\"invalid type"),
            ("[[room\n", 4, "Shape("),
            ("[grade]\nfiled = 6\n", 4, "Level"),
            ("[grade]\nfiled = 3\ncryptography_level = 2\n", 6, "NotBelowFiled"),
            ("[[channel]]\nid = \"p\"\nends = [\"host\"]\n", 6, "Endpoint"),
            ("[[channel]]\nid = \"p\"\nends = [\"[2001:db8::1]\"]\n", 6, "Endpoint"),
            ("[[channel]]\nid = \"p\"\nends = [\"ssh://\"]\n", 6, "Endpoint"),
            ("[[channel]]\nid = \"p\"\nends = [\"ssh://host:0\"]\n", 6, "Endpoint"),
            ("[grade]\nsystem_service = [{ object = \"me\", degree = \"general\" }]\n", 5, "HarmedObject"),
            ("[[product]]\nid = \"p\"\nkind = \"k\"\ncontract = 2026-02-30\n", 7, ""),
        ] {
            let faults = faults(rest);
            let fault = faults.first().unwrap_or_else(|| panic!("no fault in {rest:?}"));
            assert_eq!(fault.line, line, "{fault:?}");
            assert!(format!("{fault:?}").contains(part), "{fault:?}");
        }
    }

    #[test]
    fn a_protocol_that_is_named_has_its_usual_port() {
        let ends = "[\"ssh://host\", \"ike://[2001:db8::1]\", \"tls://host:8443\", \"[2001:db8::1]:443\"]";
        assert_eq!(faults(&format!("[[channel]]\nid = \"p\"\nends = {ends}\n")), []);
    }

    #[test]
    fn documents_stay_in_the_folder_of_the_description() {
        for (path, stays) in [
            ("docs/plan.md", true),
            ("./docs/方案 1.md", true),
            ("..plan/a..b.md", true),
            ("../plan.md", false),
            ("docs/../../plan.md", false),
            ("docs/..", false),
            ("/etc/shadow", false),
            ("", false),
            ("docs/10:30.md", true),
            ("C:/plan.md", false),
            ("C:plan.md", false),
            ("docs\\..\\..\\plan.md", false),
            ("\\\\host\\share", false),
        ] {
            for (before, after, column) in [
                ("[plan]\nstate = \"assessed\"\nartifact = ", "\n", 12),
                ("[[management]]\nunit = \"NET-ID\"\nrecords = [\"a\", ", "]\n", 17),
            ] {
                let found = faults(&format!("{before}{path:?}{after}"));
                let expected = FaultKind::Range { expected: Expected::PathInside, found: path.into() };
                let expected = Fault { line: 6, column, kind: expected };
                assert_eq!(found, if stays { vec![] } else { vec![expected] }, "{path:?}");
            }
        }
    }

    #[test]
    fn distances() {
        for (left, right, expected) in [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("密评", "密码", 1)] {
            assert_eq!(distance(left, right), expected);
        }
    }
}
