//! `dengmi random SOURCE…`: whether bits are random, with the verdict on many samples.

mod noise;

use super::judge::width;
use super::listen;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::texts::Lang;
use crate::{On, now};
use clap::{Args, ValueEnum};
use dengmi_collect::random::{Cancel, Cut, Examined, NotRead, Source, Summary, examine};
use dengmi_core::date::date_text;
use dengmi_randomness::input::{Form, Order};
use dengmi_randomness::rules::{BUILT_IN, Note, Product, Read, Rules, Stage, Standard, Suite};
use dengmi_randomness::verdict::{BINS, FalseAlarm, Judged, Tally, false_alarm, false_alarm_at};
use dengmi_randomness::{Kind, NoTest, Test};
use noise::{Estimates, Health};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Samples that a page names as the worst.
const WORST: usize = 5;
/// Words that are sources and no files.
const SYSTEM: &str = "getrandom";

#[derive(Args)]
pub(crate) struct RandomArgs {
    /// Files, folders of samples, devices, `getrandom` for the system's generator, `-` for standard input
    #[arg(required_unless_present = "command", value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// A line of the shell whose output is a source; repeatable
    #[arg(long, value_name = "LINE")]
    command: Vec<String>,
    /// Bits of a sample; default 1000000, with --test the whole file
    #[arg(long, value_name = "N")]
    bits: Option<usize>,
    /// Samples of a source; default all, of a source without an end the standard's group
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    /// How bits are written
    #[arg(long, value_enum, default_value = "raw")]
    form: FormArg,
    /// Which bit of a byte is the first: the most or the least significant
    #[arg(long, value_enum, default_value = "msb")]
    order: OrderArg,
    /// Edition of GM/T 0005
    #[arg(long, value_enum, default_value = "2021", conflicts_with = "suite")]
    edition: EditionArg,
    /// Another suite: NIST SP 800-22 rev. 1a
    #[arg(long, value_enum)]
    suite: Option<SuiteArg>,
    /// Only this test, with its parameters (overlapping_1,m=2); repeatable
    #[arg(long, value_name = "NAME,m=N")]
    test: Vec<String>,
    /// Samples, lengths and alarm of a product class of GM/T 0062-2018 (A to E); wants --stage
    #[arg(long, value_name = "CLASS", requires = "stage", conflicts_with_all = ["suite", "test", "bits"])]
    product: Option<String>,
    /// The stage of the product
    #[arg(long, value_enum, requires = "product")]
    stage: Option<StageArg>,
    /// Estimate the min-entropy of the first sample as well (SP 800-90B 6.3.1 to 6.3.4)
    #[arg(long)]
    entropy: bool,
    /// Run the health tests of SP 800-90B 4.4 over the bytes of all samples, for a source that claims H bits of min-entropy a byte
    #[arg(long, value_name = "H")]
    health: Option<f64>,
    #[command(flatten)]
    on: On,
    /// One document with the values of every sample
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormArg {
    Raw,
    Bits,
    Hex,
}

#[derive(Clone, Copy, ValueEnum)]
enum OrderArg {
    Msb,
    Lsb,
}

#[derive(Clone, Copy, ValueEnum)]
enum EditionArg {
    #[value(name = "2021")]
    Of2021,
    #[value(name = "2012")]
    Of2012,
}

#[derive(Clone, Copy, ValueEnum)]
enum SuiteArg {
    Nist,
}

#[derive(Clone, Copy, ValueEnum)]
enum StageArg {
    Sample,
    Delivery,
    PowerOn,
    Periodic,
    SingleUse,
}

/// What is done with each source.
struct Plan<'a> {
    suite: &'a Suite,
    text: &'a Standard,
    product: Option<&'a Product>,
    tests: Vec<Test>,
    /// Single tests that the user chose.
    chosen: bool,
    bits: Option<usize>,
    /// Samples of a whole group.
    group: usize,
    /// What the page must say about how well the rules are known.
    notes: Vec<&'a Note>,
}

/// What a source has come to so far.
struct Group {
    tallies: Vec<Tally>,
    unfit: Vec<Option<String>>,
    /// P-values of all statistics.
    values: [u64; BINS],
    worst: Vec<Sample>,
    failed_samples: usize,
    bits: usize,
}

/// A sample that failed something.
struct Sample {
    number: usize,
    failed: Vec<usize>,
    least: f64,
}

pub(crate) fn run(args: &RandomArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let rules = built_in_rules()?;
    let day = date_text(args.on.day(now().date(), voice)?);
    let plan = plan(args, &rules, &day, voice)?;
    let mut sources: Vec<Source> = args.sources.iter().map(|path| source(path)).collect();
    sources.extend(args.command.iter().cloned().map(Source::Command));
    if let Some(claimed) = args.health.filter(|claimed| !(*claimed > 0.0 && *claimed <= 8.0)) {
        return Err(crate::wrong_value("--health", "expected-entropy", &claimed.to_string(), voice));
    }
    let cancel = Cancel::default();
    listen(&cancel)?;
    let mut groups = Vec::new();
    // The document begins with its first sample: what fails before leaves stdout empty.
    let mut separator: &[u8] = b"{\"samples\":[";
    let mut cancelled = None;
    for source in &sources {
        let endless = source.is_endless();
        if endless && plan.bits.is_none() {
            return Err(Failure::usage(voice.text("random-endless", &[("source", &name(source))])));
        }
        let samples = args.samples.or((endless || plan.product.is_some()).then_some(plan.group));
        let cut = Cut { bits: plan.bits, samples, form: form(args.form), order: order(args.order), keep: None };
        let mut group = Group::new(plan.tests.len());
        let mut failure = None;
        let mut values = Vec::new();
        let mut estimates = None;
        let mut health = args.health.map(Health::new);
        let mut tell = |sample: Examined| {
            if args.entropy && estimates.is_none() {
                estimates = Some(Estimates::of(&sample.sample));
            }
            if let Some(health) = &mut health {
                health.take(&sample.sample);
            }
            group.add(&sample, plan.suite.alpha);
            if args.json && failure.is_none() {
                let line = sample_json(source, &sample, &plan.tests).to_string();
                failure = out.bytes(separator).and_then(|()| out.bytes(line.as_bytes())).err();
                separator = b",";
                if failure.is_some() {
                    cancel.cancel();
                }
            }
            if values.is_empty() {
                values = sample.values;
            }
        };
        let summary = examine(source, cut, plan.suite.formulas, &plan.tests, &cancel, &mut tell);
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let summary = summary.map_err(|error| not_read(&error, voice))?;
        if summary.cancelled {
            cancelled = Some(summary.samples.to_string());
        } else if summary.samples == 0 {
            return Err(too_short(source, &plan, &summary, voice));
        }
        if args.json {
            let mut json = group_json(source, &plan, &group, &summary);
            if let Some(map) = json.as_object_mut() {
                map.extend(estimates.as_ref().map(|estimates| ("entropy".to_owned(), estimates.json())));
                map.extend(health.as_ref().map(|health| ("health".to_owned(), health.json())));
            }
            groups.push(json);
        } else if summary.samples > 0 {
            page(source, &plan, &group, &summary, &values, voice, out)?;
            if let Some(estimates) = &estimates {
                estimates.page(voice, out)?;
            }
            if let Some(health) = &health {
                health.page(voice, out)?;
            }
        }
        if cancelled.is_some() {
            break;
        }
    }
    if args.json {
        let rest = json!({
            "groups": groups,
            "text": plan.text.number,
            "suite": plan.suite.id,
            "alpha": plan.suite.alpha,
            "on": day,
            "cancelled": cancelled.is_some(),
        });
        let rest = rest.to_string();
        if separator != b"," {
            out.bytes(separator)?;
        }
        out.bytes(b"],")?;
        out.line(rest.strip_prefix('{').unwrap_or_default())?;
    }
    if let Some(samples) = cancelled {
        return Err(Failure::not_finished(voice.text("random-cancelled", &[("samples", &samples)])));
    }
    Ok(Exit::Done)
}

fn source(path: &Path) -> Source {
    match path.as_os_str() {
        word if word == "-" => Source::Stdin,
        word if word == SYSTEM => Source::System,
        _ => Source::Path(path.to_path_buf()),
    }
}

fn name(source: &Source) -> String {
    match source {
        Source::Path(path) => path.display().to_string(),
        Source::Stdin => "-".to_owned(),
        Source::System => SYSTEM.to_owned(),
        Source::Command(line) => line.clone(),
    }
}

fn form(form: FormArg) -> Form {
    match form {
        FormArg::Raw => Form::Raw,
        FormArg::Bits => Form::Bits,
        FormArg::Hex => Form::Hex,
    }
}

fn order(order: OrderArg) -> Order {
    match order {
        OrderArg::Msb => Order::MostFirst,
        OrderArg::Lsb => Order::LeastFirst,
    }
}

fn plan<'a>(args: &RandomArgs, rules: &'a Rules, day: &str, voice: &Voice) -> Outcome<Plan<'a>> {
    let id = match (args.suite, args.edition) {
        (Some(SuiteArg::Nist), _) => "nist",
        (None, EditionArg::Of2021) => "2021",
        (None, EditionArg::Of2012) => "2012",
    };
    let missing = || Failure::not_finished(format!("law/randomness: {id}"));
    let suite = rules.suite(id).ok_or_else(missing)?;
    let text = rules.text(&suite.text).ok_or_else(missing)?;
    let product = match (&args.product, args.stage) {
        (Some(class), Some(stage)) => Some(product(rules, class, stage, voice)?),
        _ => None,
    };
    if args.bits == Some(0) || args.samples == Some(0) {
        let option = if args.bits == Some(0) { "--bits" } else { "--samples" };
        return Err(crate::wrong_value(option, "expected-count", "0", voice));
    }
    let chosen: Vec<Test> =
        args.test.iter().map(|test| test.parse().map_err(|error| no_test(&error, voice))).collect::<Outcome<_>>()?;
    let standard = suite.lengths.last().filter(|_| suite.lengths.len() == 1);
    let usual = standard.map_or(1_000_000, |length| length.bits);
    let bits = match product {
        Some(product) => Some(product.bits),
        None if chosen.is_empty() => Some(args.bits.unwrap_or(usual)),
        None => args.bits,
    };
    let mut notes: Vec<&Note> = Vec::new();
    let own = product.and_then(|product| product.tests.clone());
    let tests = match own {
        Some(tests) => tests,
        None if !chosen.is_empty() => chosen.clone(),
        None => {
            let length = bits.and_then(|bits| suite.length(bits)).ok_or_else(|| {
                let least = suite.lengths.first().map_or(0, |length| length.bits).to_string();
                let bits = bits.unwrap_or_default().to_string();
                let values = [("bits", &*bits), ("least", &least), ("text", &text.number)];
                Failure::usage(voice.text("random-no-length", &values)).hint(voice.text("hint-random-test", &[]))
            })?;
            notes.extend(&length.note);
            length.tests()
        }
    };
    if let Some(product) = product {
        notes.extend(rules.text("gm-t-0062-2018").and_then(|text| text.note.as_ref()));
        notes.extend(&product.note);
    }
    notes.extend(&text.note);
    // A text that nobody here has read is no ground for a verdict, and the reader must know that it is in force.
    let unread = rules
        .texts
        .iter()
        .filter(|other| other.read == Read::NotRead && other.replaced_by.is_none() && other.in_force(day));
    notes.extend(unread.filter_map(|other| other.note.as_ref()).filter(|_| id != "nist"));
    let group = product.map_or(suite.group, |product| product.samples);
    Ok(Plan { suite, text, product, tests, chosen: !chosen.is_empty(), bits, group, notes })
}

fn product<'a>(rules: &'a Rules, class: &str, stage: StageArg, voice: &Voice) -> Outcome<&'a Product> {
    let (wanted, word) = match stage {
        StageArg::Sample => (Stage::Sample, "sample"),
        StageArg::Delivery => (Stage::Delivery, "delivery"),
        StageArg::PowerOn => (Stage::PowerOn, "power-on"),
        StageArg::Periodic => (Stage::Periodic, "periodic"),
        StageArg::SingleUse => (Stage::SingleUse, "single-use"),
    };
    let class = class.to_uppercase();
    rules.products.iter().find(|row| row.stage == wanted && row.classes.contains(&class)).ok_or_else(|| {
        let values = [("class", &*class), ("stage", word)];
        Failure::usage(voice.text("random-no-product", &values)).hint(voice.text("hint-random-product", &[]))
    })
}

fn no_test(error: &NoTest, voice: &Voice) -> Failure {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    match error {
        NoTest::Unknown(found) => {
            let hint = voice.text("hint-random-names", &[("names", &names.join(" "))]);
            Failure::usage(voice.text("random-no-test", &[("name", found)])).hint(hint)
        }
        NoTest::NoParameter { name, found } => {
            let kind = Kind::ALL.iter().find(|kind| kind.name() == *name);
            let known: Vec<&str> =
                kind.map(|kind| kind.parameters().iter().map(|known| known.name).collect()).unwrap_or_default();
            let values = [("name", *name), ("found", found), ("known", &known.join(" "))];
            Failure::usage(voice.text("random-no-parameter", &values)).hint(voice.text("hint-random-test", &[]))
        }
        NoTest::Missing { name, parameter } => {
            let values = [("name", *name), ("parameter", *parameter)];
            Failure::usage(voice.text("random-parameter-missing", &values)).hint(voice.text("hint-random-test", &[]))
        }
        NoTest::Value { name, parameter, found, expected } => {
            let values = [("name", *name), ("parameter", *parameter), ("found", found), ("expected", expected)];
            Failure::usage(voice.text("random-parameter-value", &values)).hint(voice.text("hint-random-test", &[]))
        }
    }
}

/// The rules that the program was built with.
pub(super) fn built_in_rules() -> Outcome<Rules> {
    Rules::read(BUILT_IN).map_err(|error| Failure::not_finished(format!("law/randomness: {error}")))
}

pub(super) fn not_read(error: &NotRead, voice: &Voice) -> Failure {
    match error {
        NotRead::Io { name, error } => Failure::file(name.as_ref().as_ref(), error, voice),
        NotRead::Wrong { name, wrong } => {
            let found = char::from(wrong.found).escape_default().to_string();
            let (line, column) = (wrong.line.to_string(), wrong.column.to_string());
            let expected =
                voice.text(if wrong.form == Form::Hex { "random-expected-hex" } else { "random-expected-bits" }, &[]);
            let values =
                [("file", &**name), ("line", &line), ("column", &column), ("expected", &expected), ("found", &found)];
            Failure::usage(voice.text("random-wrong-letter", &values)).hint(voice.text("hint-random-form", &[]))
        }
        NotRead::Command { name, status } => {
            Failure::not_finished(voice.text("random-command-failed", &[("line", name), ("status", status)]))
        }
        NotRead::TooLong { name, most } => {
            let most = most.to_string();
            Failure::usage(voice.text("random-too-long", &[("file", name), ("most", &most)]))
                .hint(voice.text("hint-random-short", &[]))
        }
    }
}

fn too_short(source: &Source, plan: &Plan<'_>, summary: &Summary, voice: &Voice) -> Failure {
    let (bits, found) = (plan.bits.unwrap_or(1).to_string(), summary.left_over.to_string());
    let values = [("source", &*name(source)), ("bits", &bits), ("found", &found)];
    Failure::usage(voice.text("random-too-short", &values)).hint(voice.text("hint-random-short", &[]))
}

impl Group {
    fn new(tests: usize) -> Group {
        Group {
            tallies: vec![Tally::default(); tests],
            unfit: vec![None; tests],
            values: [0; BINS],
            worst: Vec::new(),
            failed_samples: 0,
            bits: 0,
        }
    }

    fn add(&mut self, sample: &Examined, alpha: f64) {
        self.bits = sample.bits;
        let mut failed = Vec::new();
        let mut least = 1.0_f64;
        let places = self.tallies.iter_mut().zip(&mut self.unfit);
        for (at, ((tally, unfit), value)) in places.zip(&sample.values).enumerate() {
            match value {
                Ok(value) => {
                    tally.add(*value, alpha);
                    let bin = ((value.p * BINS as f64) as usize).min(BINS - 1);
                    self.values.iter_mut().skip(bin).take(1).for_each(|count| *count += 1);
                    least = least.min(value.p);
                    if value.p < alpha {
                        failed.push(at);
                    }
                }
                Err(why) => *unfit = Some(why.to_string()),
            }
        }
        if !failed.is_empty() {
            self.failed_samples += 1;
            self.worst.push(Sample { number: sample.number, failed, least });
            let rank = |sample: &Sample| (usize::MAX - sample.failed.len(), sample.least.to_bits());
            self.worst.sort_by_key(rank);
            self.worst.truncate(WORST);
        }
    }

    /// The verdict on each statistic that has a value.
    fn judged(&self, plan: &Plan<'_>) -> Vec<(Judged, &Tally)> {
        let alarm = plan.product.and_then(|product| product.alarm);
        self.tallies
            .iter()
            .map(|tally| {
                let mut judged = tally.judge(plan.suite.alpha, plan.suite.uniformity.filter(|_| alarm.is_none()));
                if let Some(alarm) = alarm {
                    judged.needed = (tally.samples + 1).saturating_sub(alarm as u64);
                    judged.enough = tally.passed >= judged.needed;
                }
                (judged, tally)
            })
            .collect()
    }

    fn passes(&self, plan: &Plan<'_>) -> bool {
        let mut judged = self.judged(plan).into_iter().filter(|(_, tally)| tally.samples > 0).peekable();
        judged.peek().is_some() && judged.all(|(judged, _)| judged.passes())
    }

    fn alarm(&self, plan: &Plan<'_>, samples: usize) -> FalseAlarm {
        let statistics = self.tallies.iter().filter(|tally| tally.samples > 0).count();
        match plan.product.and_then(|product| product.alarm) {
            Some(alarm) => false_alarm_at(samples as u64, alarm as u64, statistics, plan.suite.alpha),
            None => false_alarm(samples as u64, statistics, plan.suite.alpha, plan.suite.uniformity),
        }
    }
}

fn test_json(test: &Test) -> Map<String, Value> {
    let parameters: Map<String, Value> =
        test.parameters().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let mut map = Map::new();
    map.insert("id".to_owned(), test.kind().name().into());
    map.insert("params".to_owned(), parameters.into());
    map
}

fn sample_json(source: &Source, sample: &Examined, tests: &[Test]) -> Value {
    let tests: Vec<Value> = tests
        .iter()
        .zip(&sample.values)
        .map(|(test, value)| {
            let mut map = test_json(test);
            match value {
                Ok(value) => map.extend([("p".to_owned(), value.p.into()), ("q".to_owned(), value.q.into())]),
                Err(why) => map.extend([("unfit".to_owned(), why.to_string().into())]),
            }
            map.into()
        })
        .collect();
    json!({ "source": name(source), "number": sample.number, "bits": sample.bits, "tests": tests })
}

fn group_json(source: &Source, plan: &Plan<'_>, group: &Group, summary: &Summary) -> Value {
    let statistics: Vec<Value> = plan
        .tests
        .iter()
        .zip(group.judged(plan))
        .zip(&group.unfit)
        .map(|((test, (judged, tally)), unfit)| {
            let mut map = test_json(test);
            map.extend([
                ("samples".to_owned(), tally.samples.into()),
                ("passed".to_owned(), tally.passed.into()),
                ("needed".to_owned(), judged.needed.into()),
                ("bins".to_owned(), tally.bins.to_vec().into()),
                ("uniformity".to_owned(), judged.uniformity.into()),
                ("passes".to_owned(), (tally.samples > 0 && judged.passes()).into()),
            ]);
            if let Some(unfit) = unfit {
                map.insert("unfit".to_owned(), unfit.as_str().into());
            }
            map.into()
        })
        .collect();
    let alarm = group.alarm(plan, summary.samples);
    let worst: Vec<Value> = group
        .worst
        .iter()
        .map(|sample| {
            let failed: Vec<String> =
                sample.failed.iter().filter_map(|at| plan.tests.get(*at)).map(Test::to_string).collect();
            json!({ "number": sample.number, "failed": failed, "least_p": sample.least })
        })
        .collect();
    json!({
        "source": name(source),
        "samples": summary.samples,
        "group": plan.group,
        "left_over_bits": summary.left_over,
        "statistics": statistics,
        "worst": worst,
        "p_bins": group.values,
        "passes": group.passes(plan),
        "false_alarm": {
            "statistic_passing": alarm.passing, "statistic_uniformity": alarm.uniformity, "whole": alarm.whole
        },
    })
}

/// Ten bars of a histogram, the mean at half height.
fn bars(bins: &[u64; BINS]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let all: u64 = bins.iter().sum();
    let height = |count: u64| (count * BINS as u64 * 4).checked_div(all).unwrap_or(0).min(7);
    bins.iter().filter_map(|count| BARS.get(height(*count) as usize)).collect()
}

/// The report page of a source.
fn page(
    source: &Source,
    plan: &Plan<'_>,
    group: &Group,
    summary: &Summary,
    values: &[Result<dengmi_randomness::Value, dengmi_randomness::Unfit>],
    voice: &Voice,
    out: &mut Out,
) -> Outcome<()> {
    out.line(name(source).escape_debug().to_string())?;
    let (samples, bits) = (summary.samples.to_string(), group.bits.to_string());
    let known = voice.text(
        match plan.text.read {
            Read::Read => "random-read",
            Read::ThroughImplementations => "random-implementations",
            Read::NotRead => "random-not-read",
        },
        &[],
    );
    let confidence = plan.product.map_or(plan.suite.confidence, |product| product.confidence).word();
    let title = if voice.lang == Lang::Zh { &plan.text.zh } else { &plan.text.en };
    let values_of = [
        ("samples", &*samples),
        ("bits", &bits),
        ("text", &plan.text.number),
        ("title", title),
        ("known", &known),
        ("confidence", confidence),
    ];
    out.line(voice.text("random-heading", &values_of))?;
    let one = summary.samples == 1;
    let judged = group.judged(plan);
    let rows: Vec<(String, &Test)> = plan.tests.iter().map(|test| (statistic(test, voice), test)).collect();
    let wide = rows.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
    for (at, ((called, _), (judged, tally))) in rows.iter().zip(&judged).enumerate() {
        let pad = " ".repeat(wide - width(called) + 2);
        let mark = |passes: bool| voice.text(if passes { "random-pass" } else { "random-fail" }, &[]);
        let line = if let (0, Some(Some(unfit))) = (tally.samples, group.unfit.get(at)) {
            voice.text("random-unfit", &[("why", unfit)])
        } else if let (true, Some(Ok(value))) = (one, values.get(at)) {
            format!("P {:.6}  Q {:.6}  {}", value.p, value.q, mark(value.p >= plan.suite.alpha))
        } else {
            let uniformity = judged.uniformity.map_or_else(|| "-".to_owned(), |uniformity| format!("{uniformity:.6}"));
            let figures = format!("{}/{} ≥ {}", tally.passed, tally.samples, judged.needed);
            format!("{figures:<18}{}  {uniformity}  {}", bars(&tally.bins), mark(judged.passes()))
        };
        out.line(format!("  {called}{pad}{line}"))?;
    }
    out.line(format!("{}  {}", voice.text("random-values", &[]), bars(&group.values)))?;
    for sample in &group.worst {
        let failed: Vec<String> =
            sample.failed.iter().filter_map(|at| plan.tests.get(*at)).map(Test::to_string).collect();
        let number = sample.number.to_string();
        let least = format!("{:.6}", sample.least);
        let values = [("number", &*number), ("failed", &failed.join(" ")), ("least", &least)];
        out.line(voice.text("random-worst", &values))?;
    }
    if !(one && plan.chosen) {
        verdict(plan, group, summary, voice, out)?;
    }
    if summary.left_over > 0 {
        let (left, files) = (summary.left_over.to_string(), summary.files.to_string());
        voice.say("random-left-over", &[("bits", &left), ("files", &files)]);
    }
    for note in &plan.notes {
        voice.warn(if voice.lang == Lang::Zh { &note.zh } else { &note.en });
    }
    Ok(())
}

/// What the group comes to, and how often a perfect source would fail here.
fn verdict(plan: &Plan<'_>, group: &Group, summary: &Summary, voice: &Voice, out: &mut Out) -> Outcome<()> {
    let key = match (group.passes(plan), plan.product.is_some_and(|product| product.alarm.is_some())) {
        (true, false) => "random-passes",
        (false, false) => "random-fails",
        (true, true) => "random-no-alarm",
        (false, true) => "random-alarm",
    };
    let clauses = [&*plan.suite.clauses.passing, &*plan.suite.clauses.uniformity].join(" ");
    let clauses = clauses.trim();
    let failing = group.judged(plan).iter().filter(|(judged, tally)| tally.samples > 0 && !judged.passes()).count();
    let number = if plan.product.is_some() { "GM/T 0062-2018" } else { &plan.text.number };
    let text =
        if clauses.is_empty() || plan.product.is_some() { number.to_owned() } else { format!("{number} {clauses}") };
    out.line(voice.text(key, &[("text", &text), ("failing", &failing.to_string())]))?;
    let alarm = group.alarm(plan, summary.samples);
    let percent = |part: f64| format!("{:.2}", 100.0 * part);
    let statistics = group.tallies.iter().filter(|tally| tally.samples > 0).count().to_string();
    let (whole, each) = (percent(alarm.whole), percent(alarm.passing));
    let values = [("whole", &*whole), ("each", &each), ("statistics", &statistics)];
    out.line(voice.text("random-false-alarm", &values))?;
    if summary.samples < plan.group {
        let (samples, wanted) = (summary.samples.to_string(), plan.group.to_string());
        voice.warn(&voice.text("random-few", &[("samples", &samples), ("group", &wanted)]));
    }
    Ok(())
}

/// A statistic with its parameters, as the page names it.
fn statistic(test: &Test, voice: &Voice) -> String {
    let name = voice.text(
        match test.kind() {
            Kind::Monobit => "random-monobit",
            Kind::BlockFrequency => "random-block-frequency",
            Kind::Poker => "random-poker",
            Kind::Overlapping1 => "random-overlapping-1",
            Kind::Overlapping2 => "random-overlapping-2",
            Kind::Runs => "random-runs",
            Kind::RunsDistribution => "random-runs-distribution",
            Kind::LongestRun1 => "random-longest-run-1",
            Kind::LongestRun0 => "random-longest-run-0",
            Kind::BinaryDerivative => "random-derivative",
            Kind::Autocorrelation => "random-autocorrelation",
            Kind::MatrixRank => "random-rank",
            Kind::CusumForward => "random-cusum-forward",
            Kind::CusumBackward => "random-cusum-backward",
            Kind::ApproximateEntropy => "random-entropy",
            Kind::LinearComplexity => "random-complexity",
            Kind::Maurer => "random-maurer",
            Kind::Dft => "random-dft",
            Kind::NonOverlappingTemplate => "random-template",
            Kind::OverlappingTemplate => "random-overlapping-template",
            Kind::RandomExcursions => "random-excursions",
            Kind::RandomExcursionsVariant => "random-excursions-variant",
        },
        &[],
    );
    let parameters: Vec<String> = test.parameters().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{name} {}", parameters.join(" ")).trim_end().to_owned()
}
