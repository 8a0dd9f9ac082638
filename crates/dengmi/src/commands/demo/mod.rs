//! `dengmi demo`: a made-up hospital on loopback, assessed live.

mod hospital;

use super::assess::{outcome, road};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, writable};
use clap::Args;
use hospital::Hospital;
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::{Path, PathBuf};

static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/hospital");

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// The folder for description, case and report; a free name beside it is taken when it exists
    #[arg(short, long, value_name = "DIR", default_value = "dengmi-demo")]
    out: PathBuf,
    #[command(flatten)]
    on: On,
    /// The judgement as one JSON document on stdout
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &DemoArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let folder = free(&args.out);
    let hospital =
        Hospital::open().map_err(|error| Failure::not_finished(voice.text("demo-no-loopback", &[("why", &error)])))?;
    let ends: Vec<String> = hospital
        .services
        .iter()
        .map(|service| format!("  {}  {}", service.address, voice.text(service.what, &[])))
        .collect();
    voice.say("demo-touches", &[("ends", &ends.join("\n")), ("folder", &folder.display().to_string())]);
    put_example(&EXAMPLE, &folder, &hospital, voice)?;
    let system = writable(&folder.join("system.toml"), true, voice)?;
    let judged = road(&system, &folder, false, &args.on, voice);
    hospital.close();
    let judged = judged?;
    if args.json {
        out.bytes(&dengmi_core::canonical::bytes(&judged.assessment).map_err(Failure::not_finished)?)?;
        out.line("")?;
    } else {
        outcome(&judged, &folder, voice, out)?;
    }
    Ok(Exit::Done)
}

/// The folder, or `NAME-2`, `NAME-3` … when it is taken: a second run overwrites nothing.
fn free(wanted: &Path) -> PathBuf {
    let name = wanted.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let numbered = (2..=u32::MAX).map(|number| wanted.with_file_name(format!("{name}-{number}")));
    std::iter::once(wanted.to_path_buf()).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| wanted.into())
}

/// Unpacks the example, the services' real ports in the place of those in the file.
fn put_example(example: &Dir<'_>, folder: &Path, hospital: &Hospital, voice: &Voice) -> Outcome<()> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error, voice))?;
    for file in example.files() {
        let path = folder.join(file.path());
        let text = file.contents_utf8().filter(|_| file.path() == Path::new("system.toml"));
        let bytes = match text {
            Some(text) => hospital.with_ports(text).into_bytes(),
            None => file.contents().to_vec(),
        };
        fs::write(&path, bytes).map_err(|error| Failure::file(&path, &error, voice))?;
    }
    for inner in example.dirs() {
        let path = folder.join(inner.path());
        fs::create_dir_all(&path).map_err(|error| Failure::file(&path, &error, voice))?;
        put_example(inner, folder, hospital, voice)?;
    }
    Ok(())
}
