//! How fast a casefile takes and gives back observations, and in how much memory.
//!
//! `cargo bench -p dengmi-benches --bench casefile -- [OBSERVATIONS]`; a million without the argument. Aim: appended in less than 15 s,
//! memory flat. The folder is the system's temporary one (`TMPDIR`): put it on the disk that is to be measured.

use dengmi_casefile::{Case, CaseError, Entry, Verdict, diff, seal, verify, wait};
use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::Instant,
};

/// Bytes of one observation: a session without its certificates, as JSON.
const BODY: usize = 472;
/// Endpoints that the observations are spread over.
const SUBJECTS: u64 = 20_000;

struct Row {
    what: &'static str,
    wall: f64,
    cpu: f64,
    peak: u64,
    count: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let (units, batches) = (folder.path().join("units.case"), folder.path().join("batches.case"));
    let mut rows = vec![
        measure("append in one long unit", count, || in_a_unit(&units, count))?,
        measure("append in batches of 1000", count, || in_batches(&batches, count))?,
        measure("append one by one, acknowledged", count / 1000, || {
            one_by_one(&folder.path().join("single.case"), count / 1000)
        })?,
        measure("read in order", count, || {
            let entries = Case::open(&batches)?.entries();
            expect(count, entries.filter(Result::is_ok).count())
        })?,
        measure("read by subject", count, || {
            let entries = Case::open(&batches)?.by_subject();
            expect(count, entries.filter(Result::is_ok).count())
        })?,
        measure("compare two cases", count, || {
            let difference = diff(&*Case::open(&units)?, &*Case::open(&batches)?)?;
            expect(0, difference.only_first.len() + difference.only_second.len())
        })?,
    ];
    rows.push(measure("seal", count, || seal(&batches, "law", &[]).map(drop))?);
    rows.push(measure("verify", count, || match verify(&batches)? {
        Verdict::Verified(_) => Ok(()),
        Verdict::Broken(broken) => Err(CaseError::Damaged { path: batches.clone(), what: broken.to_string() }),
    })?);
    print(&rows, fs::metadata(&batches)?.len())?;
    Ok(())
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

fn measure(what: &'static str, count: u64, run: impl FnOnce() -> Result<(), CaseError>) -> Result<Row, CaseError> {
    // The peak so far is forgotten, so that each row has its own; where that is not possible it includes what came before.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (start, cpu) = (Instant::now(), cpu_seconds());
    run()?;
    Ok(Row { what, count, wall: start.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu, peak: peak_kib() })
}

/// User and system time of this process in seconds; 0 where there is no `/proc`.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces: fields 14 and 15 of the whole, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Most memory that was resident at a time, in KiB; 0 where there is no `/proc`.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn print(rows: &[Row], size: u64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<34}{:>12}{:>10}{:>10}{:>12}{:>12}", "", "entries", "wall s", "CPU s", "peak MiB", "entries/s")?;
    for Row { what, wall, cpu, peak, count } in rows {
        let (peak, rate) = (*peak as f64 / 1024.0, *count as f64 / wall);
        writeln!(out, "{what:<34}{count:>12}{wall:>10.2}{cpu:>10.2}{peak:>12.1}{rate:>12.0}")?;
    }
    writeln!(out, "{:.0} MiB a case", size as f64 / 1_048_576.0)?;
    for Row { what, wall, cpu, peak, count } in rows {
        writeln!(
            out,
            r#"{{"bench":"casefile","what":"{what}","entries":{count},"wall_s":{wall:.3},"cpu_s":{cpu:.2},"peak_kib":{peak}}}"#
        )?;
    }
    Ok(())
}
