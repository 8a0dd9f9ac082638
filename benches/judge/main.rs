//! How many determinations a second, and in how much memory.
//!
//! `cargo bench -p dengmi-benches --bench judge -- [DETERMINATIONS]`; a million without the argument. Aim: 10^6 in less than 10 s.
//! One assessment is held at a time, so memory does not grow with the count; it does with the size of a system, because every
//! determination keeps its reasons: the last two rows show by how much. All descriptions stay in memory throughout.

use dengmi_core::system::{System, Vocabulary, read};
use dengmi_core::{
    Accepts, Asked, Coverage, Date, EntryNumber, Fact, Method, Observation, Order, Protocol, Reach, Statement, Suite,
    UtcDateTime, Version, date::read_date, registry,
};
use dengmi_judge::assess::{Evidence, assess};
use dengmi_judge::determine::{Judging, Rules, Scene, Source, Word, judge, risks};
use dengmi_judge::law::{Law, Modal, Pack};
use std::{collections::BTreeMap, error::Error, fs, path::Path, sync::Arc};

#[path = "../measure.rs"]
mod measure;

use measure::measure;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// 等级.
const LEVEL: u8 = 3;

fn main() -> Outcome<()> {
    // Cargo adds `--bench`.
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let on = read_date("2026-11-22")?;
    let law = law()?;
    let scenes = scenes(&law, on)?;
    let described = |text: &str| Assessed::read(&law, on, text);
    let hospital = described(&fs::read_to_string(format!("{ROOT}/examples/hospital/system.toml"))?)?;
    let (town, city) = (described(&invented(300))?, described(&invented(3_000))?);
    let rows = [
        measure("facts of the cases to a verdict", || verdicts(&scenes, &law, on, count))?,
        measure("the hospital, whole assessments", || hospital.again_and_again(&law, on, count))?,
        measure("systems of 4,800 determinations", || town.again_and_again(&law, on, count))?,
        measure("systems of 48,000 determinations", || city.again_and_again(&law, on, count))?,
    ];
    measure::print(&rows, "determinations")?;
    Ok(())
}

fn law() -> Outcome<Law> {
    let mut pack = Pack::default();
    gather(Path::new(ROOT).join("law/assessment").as_path(), "", &mut pack)?;
    Law::load(&pack).map_err(|defects| defects.iter().map(|defect| format!("{defect}\n")).collect::<String>().into())
}

fn gather(folder: &Path, prefix: &str, pack: &mut Pack) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        match path.is_dir() {
            true => gather(&path, &format!("{name}/"), pack)?,
            false => pack.insert(&name, &fs::read(&path)?),
        }
    }
    Ok(())
}

/// The facts of every case, with the indicator that they are for.
fn scenes(law: &Law, on: Date) -> Outcome<Vec<(Judging, Modal, Scene)>> {
    #[derive(serde::Deserialize)]
    struct File {
        case: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        indicator: Box<str>,
        #[serde(default)]
        facts: BTreeMap<Box<str>, dengmi_core::StatedValue>,
    }
    let file: File = toml::from_str(&fs::read_to_string(format!("{ROOT}/cases/judging.toml"))?)?;
    let baseline = law.baseline(on).ok_or("no law on that day")?;
    let one = |case: Case| {
        let indicator = baseline.indicator(&case.indicator).ok_or("no such indicator")?;
        let mut scene = Scene::default();
        for (fact, value) in case.facts {
            let source = Source { entry: None, line: None, method: Method::ToolTest };
            scene.add(Word::read(&fact).ok_or("no such fact")?, value, source);
        }
        Ok((Judging::of(indicator)?, indicator.modal_at(LEVEL), scene))
    };
    file.case.into_iter().map(one).collect()
}

fn verdicts(scenes: &[(Judging, Modal, Scene)], law: &Law, on: Date, count: u64) -> Outcome<u64> {
    let rules = Rules::of(law, on).ok_or("no law on that day")?;
    let mut found = 0;
    for (judging, modal, scene) in scenes.iter().cycle().take(usize::try_from(count)?) {
        let verdict = judge(judging, *modal, LEVEL, scene, &rules);
        found += risks(judging, LEVEL, scene, &rules, &verdict).len();
    }
    // Some of the cases meet an item of the guide.
    if found == 0 { Err("nothing was found".into()) } else { Ok(count) }
}

/// A description with its observations.
struct Assessed {
    system: System,
    observations: Vec<(EntryNumber, Observation)>,
}

impl Assessed {
    fn read(law: &Law, on: Date, text: &str) -> Outcome<Assessed> {
        let facts: Vec<&str> = Word::ALL.iter().map(|word| word.text()).collect();
        let indicators: Vec<&str> = law.indicators(LEVEL, on).map(|indicator| indicator.id.as_str()).collect();
        let vocabulary = Vocabulary { indicators: &indicators, facts: &facts, items: &[] };
        let system = read(text, &vocabulary, None).map_err(|faults| format!("{faults:?}"))?;
        let stated = system.statement.iter().map(|stated| {
            let statement = Statement {
                about: stated.about.get_ref().clone(),
                unit: stated.unit.as_ref().map(|unit| unit.get_ref().clone().into()),
                kind: stated.kind.get_ref().clone(),
                value: stated.value.clone(),
                by: stated.by.clone(),
                on: stated.on,
            };
            observation(stated.about.get_ref(), stated.method, Fact::Statement(Box::new(statement)))
        });
        let probed = system.channel.iter().flat_map(|channel| &channel.ends).flat_map(|end| probed(end.get_ref()));
        let observations = (2..).map(EntryNumber).zip(stated.chain(probed)).collect();
        Ok(Assessed { system, observations })
    }

    /// Until so many determinations were made. Evidence is sorted anew each time, as for a case that was just read.
    fn again_and_again(&self, law: &Law, on: Date, count: u64) -> Outcome<u64> {
        let mut made = 0;
        while made < count {
            let evidence = Evidence::new(&self.system, Some(EntryNumber(1)), self.observations.iter().cloned());
            let assessment = assess(law, &evidence, LEVEL, on)?;
            made += u64::try_from(assessment.determinations().count())?;
            assessment.score?;
        }
        Ok(made)
    }
}

/// A service that accepts one TLCP and one TLS suite.
fn probed(end: &str) -> Vec<Observation> {
    let accepts = |protocol, version, name: &str| {
        let code = registry::suite_named(name).and_then(|entry| u16::try_from(entry.code).ok()).unwrap_or_default();
        Fact::Accepts(Box::new(Accepts {
            protocol,
            version,
            suites: vec![Suite(code)],
            suite_names: vec![name.into()],
            groups: vec![],
            schemes: vec![],
            asked: Asked::Registry,
            order: Order::Servers,
            ended_by: None,
        }))
    };
    let coverage = Coverage { complete: true, speaks: vec!["TLCP".into(), "TLS".into()], connections: 60, lost: 0 };
    [
        accepts(Protocol::Tlcp, Version::TLCP, "ECC_SM4_GCM_SM3"),
        accepts(Protocol::Tls, Version::TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        Fact::Coverage(Box::new(coverage)),
    ]
    .map(|fact| observation(end, Method::ToolTest, fact))
    .into()
}

fn observation(observed: &str, method: Method, fact: Fact) -> Observation {
    Observation {
        observed: observed.into(),
        subject: None,
        reach: Reach::Seen,
        method,
        at: UtcDateTime::UNIX_EPOCH,
        tool: Arc::from("bench"),
        place: None,
        fact,
    }
}

/// A system with so many rooms, channels, devices and kinds of data, and a fact about each.
fn invented(size: usize) -> String {
    let mut text = String::from("system = { name = \"s\", operator = \"o\" }\ngrade = { filed = 3 }\n");
    text += "[[product]]\nid = \"p\"\nkind = \"k\"\n[[application]]\nid = \"a\"\nlabels = false\n";
    for number in 0..size {
        text += &format!(
            r#"
[[room]]
id = "r{number}"
[[channel]]
id = "c{number}"
ends = ["n{number}:443"]
carries = ["d{number}"]
product = "p"
[[device]]
id = "v{number}"
kind = "general-server"
members = ["m{number}"]
labels = false
[[data]]
id = "d{number}"
application = "a"
needs = ["TCONF", "TINT", "SCONF", "SINT"]
[[key]]
id = "k{number}"
algorithm = "SM4"
kept_in = "p"
serves = ["APP-SCONF d{number}"]
[[statement]]
about = "r{number}"
kind = "mechanism"
value = "mac"
method = "code-review"
by = "b"
on = 2026-11-22
[[statement]]
about = "d{number}"
kind = "mechanism"
value = "encryption"
method = "tool-test"
by = "b"
on = 2026-11-22
"#
        );
    }
    text
}
