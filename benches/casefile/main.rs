//! How fast a casefile takes and gives back observations, and in how much memory.
//!
//! `cargo bench -p dengmi-benches --bench casefile -- [OBSERVATIONS]`; a million without the argument. Aim: appended in less than 15 s,
//! memory flat. The folder is the system's temporary one (`TMPDIR`): put it on the disk that is to be measured.

use dengmi_casefile::{Case, CaseError, Entry, Verdict, diff, seal, verify, wait};
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

#[path = "../measure.rs"]
mod measure;

use measure::{Row, measure};

/// Bytes of one observation: a session without its certificates, as JSON.
const BODY: usize = 472;
/// Endpoints that the observations are spread over.
const SUBJECTS: u64 = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let (units, batches) = (folder.path().join("units.case"), folder.path().join("batches.case"));
    let mut rows = vec![
        timed("append in one long unit", count, || in_a_unit(&units, count))?,
        timed("append in batches of 1000", count, || in_batches(&batches, count))?,
        timed("append one by one, acknowledged", count / 1000, || {
            one_by_one(&folder.path().join("single.case"), count / 1000)
        })?,
        timed("read in order", count, || {
            let entries = Case::open(&batches)?.entries();
            expect(count, entries.filter(Result::is_ok).count())
        })?,
        timed("read by subject", count, || {
            let entries = Case::open(&batches)?.by_subject();
            expect(count, entries.filter(Result::is_ok).count())
        })?,
        timed("compare two cases", count, || {
            let difference = diff(&*Case::open(&units)?, &*Case::open(&batches)?)?;
            expect(0, difference.only_first.len() + difference.only_second.len())
        })?,
    ];
    rows.push(timed("seal", count, || seal(&batches, "law", &[]).map(drop))?);
    rows.push(timed("verify", count, || match verify(&batches)? {
        Verdict::Verified(_) => Ok(()),
        Verdict::Broken(broken) => Err(CaseError::Damaged { path: batches.clone(), what: broken.to_string() }),
    })?);
    measure::print(&rows, "entries")?;
    let size = fs::metadata(&batches)?.len() as f64 / 1_048_576.0;
    writeln!(io::stdout(), "{size:.0} MiB a case")?;
    Ok(())
}

fn timed(what: &'static str, count: u64, run: impl FnOnce() -> Result<(), CaseError>) -> Result<Row, CaseError> {
    measure(what, || run().map(|()| count))
}

fn expect(wanted: u64, found: usize) -> Result<(), CaseError> {
    if found as u64 == wanted {
        Ok(())
    } else {
        Err(CaseError::Damaged { path: "".into(), what: format!("{found} of {wanted}") })
    }
}

/// Subject and body of observation `number`, written into buffers that are used again.
fn observation(number: u64, subject: &mut String, body: &mut String) -> std::fmt::Result {
    use std::fmt::Write;
    // Endpoints come in no order, as from a sweep with many connections.
    let endpoint = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % SUBJECTS;
    subject.clear();
    write!(subject, "10.{}.{}.{}:443", endpoint >> 16, endpoint >> 8 & 255, endpoint & 255)?;
    body.clear();
    write!(body, r#"{{"at":"2026-11-22T09:00:00Z","kind":"tls.session","number":{number},"padding":""#)?;
    while body.len() < BODY - 2 {
        body.push('.');
    }
    body.push_str("\"}");
    Ok(())
}

fn each(count: u64, mut append: impl FnMut(Entry<'_>) -> Result<(), CaseError>) -> Result<(), CaseError> {
    let (mut subject, mut body) = (String::new(), String::new());
    for number in 0..count {
        // Writing into a `String` does not fail.
        let _ = observation(number, &mut subject, &mut body);
        append(Entry { kind: 1, subject: Some(&subject), fact: Some((number % 12) as u16), body: body.as_bytes() })?;
    }
    Ok(())
}

fn in_a_unit(path: &Path, count: u64) -> Result<(), CaseError> {
    let case = Case::create(path, b"{}")?;
    let Some(mut unit) = case.begin("capture")? else { return Ok(()) };
    each(count, |entry| wait(unit.append(entry)))?;
    wait(unit.done())
}

fn in_batches(path: &Path, count: u64) -> Result<(), CaseError> {
    const BATCH: u64 = 1000;
    let case = Case::create(path, b"{}")?;
    for from in (0..count).step_by(BATCH as usize) {
        let observations: Vec<_> = (from..count.min(from + BATCH))
            .map(|number| {
                let (mut subject, mut body) = (String::new(), String::new());
                let _ = observation(number, &mut subject, &mut body);
                (subject, body, (number % 12) as u16)
            })
            .collect();
        let entries: Vec<_> = observations
            .iter()
            .map(|(subject, body, fact)| Entry {
                kind: 1,
                subject: Some(subject),
                fact: Some(*fact),
                body: body.as_bytes(),
            })
            .collect();
        wait(case.append_all(&entries))?;
    }
    Ok(())
}

fn one_by_one(path: &Path, count: u64) -> Result<(), CaseError> {
    let case = Case::create(path, b"{}")?;
    each(count, |entry| wait(case.append(entry)).map(drop))
}
