//! The write-ahead log, cut where a power cut may cut it.

use crate::{append, assert_whole, entry, fresh, ours};
use dengmi_casefile::{Case, wait};
use std::{fs, path::PathBuf};

/// A cut at `length` bytes of the log must leave a valid prefix that has every entry acknowledged before the log was that long.
#[test]
fn every_acknowledged_append_survives_a_cut_log() {
    let (folder, path, case) = fresh();
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let length = || fs::metadata(&log).unwrap().len();
    // Pairs: length of the log when it was acknowledged, how many of our entries there were then.
    let mut acknowledged = vec![(length(), 0)];
    let mut count = 0;
    for turn in 0..12 {
        match turn % 3 {
            0 => drop(append(&case, "single", &"s".repeat(turn * 300))),
            1 => drop(wait(case.append_all(&[entry("pair", "left"), entry("pair", "right")])).unwrap()),
            _ => {
                let mut unit = case.begin(&format!("unit {turn}")).unwrap().unwrap();
                wait(unit.append(entry("unit", "in a unit"))).unwrap();
                wait(unit.done()).unwrap();
            }
        }
        count += if turn % 3 == 1 { 2 } else { 1 };
        acknowledged.push((length(), count));
    }
    let wanted = ours(&case);
    assert_eq!(wanted.len(), count);
    assert!(acknowledged.is_sorted_by(|a, b| a.0 < b.0), "one generation of the log: {acknowledged:?}");
    let (file, frames) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    drop(case);

    let copy = folder.path().join("copy.case");
    let (mut cuts, mut prefixes) = (0, std::collections::BTreeSet::new());
    for cut in (acknowledged[0].0 as usize..=frames.len()).step_by(512).chain([frames.len()]) {
        fs::write(&copy, &file).unwrap();
        fs::write(folder.path().join("copy.case-wal"), &frames[..cut]).unwrap();
        let least = acknowledged.iter().rev().find(|(length, _)| *length <= cut as u64).unwrap().1;
        let case = Case::open(&copy).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let found = ours(&case);
        assert!(found.len() >= least, "cut at {cut}: {} of {least}", found.len());
        assert_eq!(found, wanted[..found.len()], "cut at {cut}");
        drop(case);
        if cuts % 16 == 0 {
            assert_whole(&copy);
        }
        (cuts, _) = (cuts + 1, prefixes.insert(found.len()));
    }
    assert!(cuts > 100 && prefixes.len() == acknowledged.len(), "{cuts} cuts, {prefixes:?}");
}
