//! All duties of many systems on one day.
//!
//! `cargo bench -p dengmi-benches --bench duties -- [SYSTEMS]`; 10,000 without the argument. Aim: 10,000 in less than 5 s.

use dengmi_core::date::read_date;
use dengmi_core::system::{Jurisdiction, System, Vocabulary, read};
use dengmi_judge::duties::{Facts, duties};
use dengmi_judge::law::Pack;
use dengmi_judge::register::Register;
use std::{error::Error, fs, path::Path};

#[path = "../measure.rs"]
mod measure;

use measure::measure;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> Outcome<()> {
    // Cargo adds `--bench`.
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let mut pack = Pack::default();
    gather(Path::new(ROOT).join("law/register").as_path(), "", &mut pack)?;
    let systems: Vec<System> = (0..64).map(system).collect::<Outcome<_>>()?;
    let on = read_date("2026-11-22")?;
    let register = Register::load(&pack).map_err(|defects| format!("{defects:?}"))?;
    let rows = [
        measure("the register, read and checked", || {
            Register::load(&pack).map(|_| 1).map_err(|defects| format!("{defects:?}"))
        })?,
        measure("systems to their duties", || -> Result<u64, String> {
            let mut found = 0;
            for system in systems.iter().cycle().take(count) {
                let facts = Facts { system, level: system.grade.filed };
                let duties = duties(&register, &facts, &[Jurisdiction::China], on);
                found += duties.apply.len() + duties.questions().len();
            }
            if found == 0 {
                Err("nothing was found".into())
            } else {
                u64::try_from(count).map_err(|error| error.to_string())
            }
        })?,
    ];
    measure::print(&rows, "systems")?;
    Ok(())
}

/// Sixty-four kinds of systems: each bit states or leaves out a fact.
fn system(number: u32) -> Outcome<System> {
    let on = |bit: u32, text: &'static str| if number & (1 << bit) == 0 { "" } else { text };
    let text = format!(
        "[system]\nname = \"s{number}\"\noperator = \"o\"\n[grade]\nfiled = {}\n[conditions]\n{}{}{}{}{}{}",
        number % 4 + 1,
        on(0, "roles = [\"internet-service-provider\"]\n"),
        on(1, "sectors = [\"finance\", \"telecom\"]\n"),
        on(2, "data = [\"personal-information\", \"important\"]\n"),
        on(3, "critical_infrastructure = { designated = true, since = 2022-01-01 }\n"),
        on(4, "cryptography_required = true\n"),
        on(5, "uses = [\"tlcp\"]\ncross_border = true\n"),
    );
    read(&text, &Vocabulary::default(), None).map_err(|faults| format!("{faults:?}").into())
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
