//! Makes Tongsuo's `openssl` program from the source that `tongsuo-src` carries: about four minutes of processor time, once a
//! target folder. Needs perl, make and a C compiler.
#![allow(clippy::print_stdout, reason = "cargo reads a build script's directives from stdout")]

use std::{env, error::Error, fs, path::Path, path::PathBuf, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var("OUT_DIR")?).join("tongsuo");
    let program = folder.join("apps/openssl");
    if !program.exists() {
        fs::create_dir_all(&folder)?;
        let platform = match env::var("CARGO_CFG_TARGET_ARCH")?.as_str() {
            "x86_64" => "linux-x86_64",
            "aarch64" => "linux-aarch64",
            other => return Err(format!("no Tongsuo platform is known here for {other}; add a row to build.rs").into()),
        };
        let configure = tongsuo_src::source_dir().join("Configure");
        let configure = configure.to_str().ok_or("the path of Tongsuo's source is not text")?;
        let options = ["no-shared", "no-module", "no-tests", "no-comp", "enable-ntls"];
        // Both folders must not exist: the program shall read no configuration of the machine.
        let nowhere = ["--prefix=/nonexistent", "--openssldir=/nonexistent"];
        run(&folder, "perl", &[&[configure, platform], &options[..], &nowhere[..]].concat())?;
        run(&folder, "make", &["-s", "build_generated"])?;
        let jobs = format!("-j{}", env::var("NUM_JOBS").unwrap_or_else(|_| "2".into()));
        run(&folder, "make", &["-s", &jobs, "apps/openssl"])?;
    }
    println!("cargo:rustc-env=TONGSUO_OPENSSL={}", program.display());
    Ok(())
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        // Cargo's job server does not speak to this make: with it the C build runs on one job.
        .env_remove("MAKEFLAGS")
        .env_remove("CARGO_MAKEFLAGS")
        .status()
        .map_err(|error| format!("{program}: {error}; Tongsuo's build needs perl, make and a C compiler"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} {arguments:?} ended with {status}").into()) }
}
