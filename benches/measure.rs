//! Wall time, processor time and peak memory of one piece of work, as a table and as JSON.

use std::{
    fs,
    io::{self, Write},
    time::Instant,
};

/// One measured piece of work.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) count: u64,
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) peak: u64,
}

/// Runs it once; it says how much it did.
pub(crate) fn measure<E>(what: &'static str, run: impl FnOnce() -> Result<u64, E>) -> Result<Row, E> {
    // The peak so far is forgotten, so that each row has its own; where that is not possible it includes what came before.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let count = run()?;
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

/// A table, then one JSON line a row. `counted` is what was counted: `entries`, `determinations`.
pub(crate) fn print(rows: &[Row], counted: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let rate = format!("{counted}/s");
    writeln!(out, "{:<34}{counted:>16}{:>10}{:>10}{:>12}{rate:>18}", "", "wall s", "CPU s", "peak MiB")?;
    for Row { what, wall, cpu, peak, count } in rows {
        let (peak, rate) = (*peak as f64 / 1024.0, *count as f64 / wall);
        writeln!(out, "{what:<34}{count:>16}{wall:>10.2}{cpu:>10.2}{peak:>12.1}{rate:>18.0}")?;
    }
    for Row { what, wall, cpu, peak, count } in rows {
        writeln!(
            out,
            r#"{{"what":"{what}","{counted}":{count},"wall_s":{wall:.3},"cpu_s":{cpu:.2},"peak_kib":{peak}}}"#
        )?;
    }
    Ok(())
}
