//! Random sources into a case: what was read is kept, or its digest, beside what the tests make of it.

use super::hex;
use crate::TOOL;
use crate::commands::random::not_read;
use crate::describe::Description;
use crate::failure::{Failure, Outcome};
use crate::now;
use crate::out::Voice;
use crate::record;
use dengmi_casefile::{Appender, INSIDE_LIMIT};
use dengmi_collect::random::{Cancel, Cut, Source, examine};
use dengmi_core::system::{BitOrder, Random, RandomForm};
use dengmi_core::{
    Fact, Method, Observation, ObservedId, Place, RandomBytes, RandomStatistic, RandomTests, Reach, SubjectId, Where,
};
use dengmi_crypto::Hash;
use dengmi_randomness::Test;
use dengmi_randomness::input::{Form, Order};
use dengmi_randomness::rules::{Rules, Suite};
use dengmi_randomness::verdict::{Tally, false_alarm};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// Bits of a sample when the description says nothing.
const BITS: usize = 1_000_000;

/// One entry of the description.
pub(super) struct Sampled<'a> {
    random: &'a Random,
    source: Source,
    bits: usize,
    suite: &'a Suite,
    text: &'a str,
    tests: Vec<Test>,
}

/// The sources that a description names. Files must be there and stay in its folder, and samples have a length that the standard
/// has tests for.
pub(super) fn named<'a>(description: &'a Description, rules: &'a Rules, voice: &Voice) -> Outcome<Vec<Sampled<'a>>> {
    let folder = description.real_folder(voice)?;
    let mut all = Vec::new();
    for random in &description.system.collect.random {
        let name = &**random.source.get_ref();
        let place = format!("{}:{}", description.path.display(), description.system.line(&random.source));
        let wrong = |problem: String| Failure::usage(format!("{place}: {problem}"));
        let source = match name {
            "getrandom" => Source::System,
            _ if random.is_endless() => Source::Path(name.into()),
            _ => {
                let path = description.folder().join(name);
                if !path.is_file() && !path.is_dir() {
                    return Err(wrong(voice.text("random-source-missing", &[("file", name)])));
                }
                let inside = |path: &Path| fs::canonicalize(path).is_ok_and(|real| real.starts_with(&folder));
                let source = Source::Path(path.clone());
                let files = source.files().map_err(|error| Failure::file(&path, &error, voice))?;
                if let Some(outside) = [path].iter().chain(&files).find(|path| !inside(path)) {
                    let file = outside.display().to_string();
                    return Err(wrong(voice.text("document-outside", &[("file", &file)])));
                }
                source
            }
        };
        let bits = random.bits.map_or(BITS, NonZeroUsize::get);
        let missing = || Failure::not_finished("law/randomness: 2021");
        let suite = rules.suite("2021").ok_or_else(missing)?;
        let text = rules.text(&suite.text).ok_or_else(missing)?;
        let length = suite.length(bits).ok_or_else(|| {
            let least = suite.lengths.first().map_or(0, |length| length.bits).to_string();
            let values = [("bits", &*bits.to_string()), ("least", &least), ("text", &text.number)];
            wrong(voice.text("random-no-length", &values))
        })?;
        all.push(Sampled { random, source, bits, suite, text: &text.number, tests: length.tests() });
    }
    Ok(all)
}

/// Tests all sources into the case. `false`: ended early.
pub(super) async fn read(
    case: &Appender,
    folder: &Path,
    sampled: &[Sampled<'_>],
    cancel: &Cancel,
    voice: &Voice,
) -> Outcome<bool> {
    for sampled in sampled {
        if cancel.is_cancelled() || !sampled.read(case, folder, cancel, voice).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Sampled<'_> {
    /// One entry of the description: a unit of work.
    async fn read(&self, case: &Appender, folder: &Path, cancel: &Cancel, voice: &Voice) -> Outcome<bool> {
        let Random { source: name, about, form, order, samples, .. } = self.random;
        let (name, about) = (&**name.get_ref(), &**about.get_ref());
        let (form, form_word) = match form {
            RandomForm::Raw => (Form::Raw, "raw"),
            RandomForm::Bits => (Form::Bits, "bits"),
            RandomForm::Hex => (Form::Hex, "hex"),
        };
        let (order, order_word) = match order {
            BitOrder::Msb => (Order::MostFirst, "msb"),
            BitOrder::Lsb => (Order::LeastFirst, "lsb"),
        };
        let samples = samples.map(NonZeroUsize::get).or(self.random.is_endless().then_some(self.suite.group));
        let settings = format!("{name}\n{about}\n{} {samples:?} {form_word} {order_word}", self.bits);
        let key = format!("random {} {TOOL}", hex(&Hash::Sha256.digest(settings.as_bytes())));
        let Some(mut unit) = case.begin(&key)? else { return Ok(true) };
        voice.say("random-testing", &[("source", name)]);

        let (alpha, uniformity) = (self.suite.alpha, self.suite.uniformity);
        let mut tallies = vec![Tally::default(); self.tests.len()];
        let mut first = Vec::new();
        let keep = usize::try_from(INSIDE_LIMIT).ok();
        let cut = Cut { bits: Some(self.bits), samples, form, order, keep };
        let summary = examine(&self.source, cut, self.suite.formulas, &self.tests, cancel, &mut |sample| {
            for (tally, value) in tallies.iter_mut().zip(&sample.values) {
                value.iter().for_each(|value| tally.add(*value, alpha));
            }
            if first.is_empty() {
                first = sample.values;
            }
        });
        let summary = summary.map_err(|error| not_read(&error, voice))?;
        if summary.cancelled {
            return Ok(false);
        }
        if summary.samples == 0 {
            let (bits, found) = (self.bits.to_string(), summary.left_over.to_string());
            let values = [("source", name), ("bits", &*bits), ("found", &found)];
            return Err(Failure::usage(voice.text("random-too-short", &values)));
        }
        let mut read = Vec::new();
        for piece in summary.read {
            let path = Path::new(&*piece.name);
            let name: Box<str> = path.strip_prefix(folder).unwrap_or(path).display().to_string().into();
            if let Some(bytes) = &piece.bytes {
                let media = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                case.artifact(&bytes[..], &media).await?;
            }
            read.push(RandomBytes { name, size: piece.size, sha256: piece.sha256, kept: piece.bytes.is_some() });
        }
        let place = match &read[..] {
            [only] if only.kept => {
                Some(Place { artifact: only.sha256, what: Some(only.name.clone()), at: Where::Whole })
            }
            _ => None,
        };
        let digits = |value: f64| format!("{value:.6}").into_boxed_str();
        let one = summary.samples == 1;
        let statistic = |((test, tally), first): ((&Test, &Tally), &Result<dengmi_randomness::Value, _>)| {
            let judged = tally.judge(alpha, uniformity);
            (tally.samples > 0).then(|| RandomStatistic {
                name: test.to_string().into(),
                passed: tally.passed,
                needed: judged.needed,
                q: tally.bins.to_vec(),
                p: first.as_ref().ok().filter(|_| one).map(|value| digits(value.p)),
                uniformity: judged.uniformity.map(digits),
                passes: judged.passes(),
            })
        };
        let statistics: Vec<RandomStatistic> =
            self.tests.iter().zip(&tallies).zip(&first).filter_map(statistic).collect();
        let perfect = false_alarm(summary.samples as u64, statistics.len(), alpha, uniformity);
        let tests = RandomTests {
            source: name.into(),
            text: self.text.into(),
            alpha: alpha.to_string().into(),
            bits: self.bits as u64,
            samples: summary.samples as u64,
            group: self.suite.group as u64,
            left_over: summary.left_over as u64,
            form: form_word.into(),
            order: order_word.into(),
            false_alarm: format!("{:.4}", perfect.whole).into(),
            passes: !statistics.is_empty() && statistics.iter().all(|statistic| statistic.passes),
            statistics,
            read,
        };
        let observation = Observation {
            observed: ObservedId::from(about),
            subject: Some(SubjectId::from(about)),
            reach: Reach::Seen,
            method: Method::ToolTest,
            at: now(),
            tool: TOOL.into(),
            place: place.map(Box::new),
            fact: Fact::RandomTests(Box::new(tests)),
        };
        record::observe_in(&mut unit, &observation).await?;
        unit.done().await?;
        Ok(true)
    }
}
