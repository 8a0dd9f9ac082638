//! `law pack`, `law trust`, `law update`: a register from a signed file, and everything that must not become one.

use crate::{Run, finish, program};
use dengmi_crypto::rand_core::UnwrapErr;
use dengmi_crypto::{PrivateKey, SignatureScheme};
use dengmi_parse::{Limits, certificate::read_pem};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// As `openssl pkey -pubout -outform DER | openssl dgst -sm3` prints them.
const ED25519: &str = "2388be4a1b9ebfe89156920d206b5d12c09a821e6d4e16b598274daff8f9a5b8";
const SM2: &str = "ddd2ffb3b77471287c3d435ab1019819ffec996f2c6b52fc196f4be22449af5b";
const OLD: &str = "Monitor and record network state and security events";
const NEW: &str = "Watch the network and write down what happens";

fn vector(name: &str) -> String {
    format!("{ROOT}/vectors/certificates/{name}")
}

/// A site without a network: its folder `home`, and a later register in `register`.
struct Site(TempDir);

impl Site {
    fn new() -> Site {
        let site = Site(tempfile::tempdir().unwrap());
        copy(Path::new(&format!("{ROOT}/law/register")), &site.path("register"));
        site.edit("register/register.toml", "version = \"2026.11\"", "version = \"2026.12\"");
        site.edit("register/cn-csl-2025/duties.toml", OLD, NEW);
        site
    }

    /// With a pack of that register, signed by the Ed25519 key, which is trusted.
    fn with_pack() -> Site {
        let site = Site::new();
        site.law("pack register -o later.pack --key ED25519.key", 0);
        site.law("trust ED25519.crt", 0);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.path(name), text.replace(from, to)).unwrap();
    }

    /// `dengmi law …` at this site; `ED25519` and `SM2` stand for the test keys.
    fn law(&self, line: &str, exit: i32) -> Run {
        let line = line.replace("ED25519.", &vector("ec/ed25519.")).replace("SM2.", &vector("sm2/single."));
        let words = ["law"].into_iter().chain(line.split(' '));
        let run = finish(program(self.0.path(), words).env("DENGMI_HOME", self.path("home")));
        assert_eq!(run.exit, Some(exit), "law {line}: {run:?}");
        run
    }

    /// Whether the duties that are printed are those of the later register.
    fn uses_the_later(&self) -> bool {
        let out = self.law("duties --on 2026-11-22 --json", 0).out;
        assert!(out.contains(OLD) != out.contains(NEW));
        out.contains(NEW)
    }

    /// A pack of any bytes with a right signature.
    fn sign(&self, bytes: &[u8]) {
        let pem = fs::read(vector("ec/ed25519.key")).unwrap();
        let key = PrivateKey::from_pkcs8(&read_pem(&pem, &Limits::default()).unwrap().value[0].bytes).unwrap();
        let message = [b"dengmi law pack 1\n", bytes].concat();
        let signature = key.sign(SignatureScheme::Ed25519, &message, &mut UnwrapErr(getrandom::SysRng)).unwrap();
        let line =
            format!(r#"{{"algorithm":"ed25519","key":"{ED25519}","signature":"{}"}}"#, hex::encode(signature)) + "\n";
        fs::write(self.path("made.pack"), bytes).unwrap();
        fs::write(self.path("made.pack.sig"), line).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_signed_register_takes_the_place_of_the_built_in_one_until_it_is_reset() {
    for (name, fingerprint) in [("ED25519", ED25519), ("SM2", SM2)] {
        let site = Site::new();
        assert!(!site.uses_the_later());
        let packed = site.law(&format!("pack register --out later.pack --key {name}.key"), 0);
        assert!(packed.out.contains("2026.12") && packed.out.contains(fingerprint), "{packed:?}");
        assert!(site.law(&format!("trust {name}.crt"), 0).out.starts_with(fingerprint));
        let run = site.law("update later.pack", 0);
        let digest = packed.out.split_whitespace().find(|word| word.starts_with("sm3:")).unwrap();
        for part in ["2026.11 → 2026.12", "duties ", digest, fingerprint] {
            assert!(run.out.contains(part), "no {part} in {run:?}");
        }
        assert!(site.uses_the_later());
        assert!(site.law("list", 0).out.contains(digest));

        // A run that was killed before its last step: both files lie there, and nothing says that they are in use.
        fs::remove_file(site.path("home/register/current")).unwrap();
        assert!(!site.uses_the_later());
        site.law("update later.pack", 0);

        let reset = site.law("update --reset", 0);
        assert!(reset.out.contains("2026.11") && !site.path("home/register").exists(), "{reset:?}");
        assert!(!site.uses_the_later());
        site.law("update --reset", 0);
    }
}

#[test]
fn one_trusted_signature_suffices_and_none_of_a_trusted_key_may_be_wrong() {
    let site = Site::new();
    site.law("pack register -o later.pack --key ED25519.key --key SM2.key", 0);
    let signed = fs::read_to_string(site.path("later.pack.sig")).unwrap();
    let (first, second) = signed.trim_end().split_once('\n').unwrap();

    let run = site.law("update later.pack", 2);
    assert!(run.err.contains(ED25519) && run.err.contains(SM2) && run.err.contains("dengmi law trust"), "{run:?}");
    site.law("trust SM2.crt", 0);
    site.law("update later.pack", 0);
    site.law("trust ED25519.crt", 0);
    site.law("update later.pack --older", 0);

    // The signature of one key under the name of the other.
    let signature = |line: &str| line.split('"').nth(11).unwrap().to_owned();
    let wrong = second.replace(&signature(second), &signature(first));
    assert_ne!(wrong, second);
    fs::write(site.path("later.pack.sig"), format!("{first}\n{wrong}\n")).unwrap();
    assert!(site.law("update later.pack --older", 4).err.contains(SM2));
    site.law(&format!("trust --remove {SM2}"), 0);
    site.law("update later.pack --older", 0);
    let as_the_other_kind = first.replace("\"ed25519\"", "\"sm2\"");
    fs::write(site.path("later.pack.sig"), as_the_other_kind).unwrap();
    site.law("update later.pack --older", 4);

    fs::write(site.path("later.pack.sig"), "").unwrap();
    assert!(site.law("update later.pack --older", 2).err.contains("not signed"));
    fs::remove_file(site.path("later.pack.sig")).unwrap();
    assert!(site.law("update later.pack --older", 2).err.contains("not signed"));
    fs::write(site.path("later.pack.sig"), signed.repeat(9)).unwrap();
    site.law("update later.pack --older", 4);
}

#[test]
fn a_flipped_byte_is_found_on_the_way_and_where_it_is_installed() {
    let site = Site::with_pack();
    let flip = |path: &Path, at: usize| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let pack = fs::read(site.path("later.pack")).unwrap();
    let signature = fs::read(site.path("later.pack.sig")).unwrap();
    let digit = signature.windows(12).position(|window| window == b"\"signature\":").unwrap() + 20;
    for (name, at) in [("later.pack", 0), ("later.pack", pack.len() / 2), ("later.pack", pack.len() - 1)]
        .into_iter()
        .chain([("later.pack.sig", 0), ("later.pack.sig", digit)])
    {
        flip(&site.path(name), at);
        site.law("update later.pack", 4);
        flip(&site.path(name), at);
    }
    assert!(!site.uses_the_later());
    site.law("update later.pack", 0);

    let current = fs::read_to_string(site.path("home/register/current")).unwrap();
    let installed = site.path(&format!("home/register/{}.pack", current.trim_end()));
    assert_eq!(fs::read(&installed).unwrap(), pack);
    for (path, at) in [(installed.clone(), 1000), (installed.with_extension("pack.sig"), digit)] {
        flip(&path, at);
        let run = site.law("duties", 4);
        assert!(run.out.is_empty() && run.err.contains("dengmi law update --reset"), "{run:?}");
        // What needs no register goes on.
        site.law("trust --list", 0);
        flip(&path, at);
    }
    assert!(site.uses_the_later());
    fs::write(site.path("home/register/current"), "../../etc/passwd\n").unwrap();
    assert!(site.law("duties", 3).err.contains("dengmi law update --reset"));
    fs::write(site.path("home/register/current"), format!("{ED25519}\n")).unwrap();
    assert!(site.law("duties", 3).err.contains("dengmi law update --reset"));
    site.law("update --reset", 0);
    assert!(!site.uses_the_later());
}

#[test]
fn a_key_that_is_trusted_no_more_stops_its_register() {
    let site = Site::with_pack();
    site.law("update later.pack", 0);
    site.law(&format!("trust --remove {ED25519}"), 0);
    let run = site.law("duties", 3);
    assert!(run.err.contains(ED25519) && run.err.contains("dengmi law update --reset"), "{run:?}");
    let run = site.law("trust --list", 0);
    assert!(run.out.is_empty() && run.err.contains("no key is trusted"), "{run:?}");
    assert!(site.law(&format!("trust --remove {ED25519}"), 2).err.contains("not among the trusted keys"));
    // A key under the name of another is none.
    site.law("trust SM2.crt", 0);
    let key = |fingerprint: &str| site.path(&format!("home/keys/{fingerprint}.pem"));
    fs::copy(key(SM2), key(ED25519)).unwrap();
    assert!(site.law("duties", 3).err.contains("its name says"));
    site.law("trust ED25519.crt", 0);
    assert!(site.uses_the_later());
    assert_eq!(site.law("trust --list", 0).out, format!("{ED25519}  ed25519\n{SM2}  sm2\n"));
}

#[test]
fn an_older_version_is_refused_unless_it_is_wanted() {
    let site = Site::with_pack();
    site.law("update later.pack", 0);
    let run = site.law("update later.pack", 2);
    assert!(run.err.contains("2026.12 is not later than 2026.12") && run.err.contains("--older"), "{run:?}");
    site.edit("register/register.toml", "2026.12", "2026.9");
    site.law("pack register -o older.pack --key ED25519.key", 0);
    assert!(site.law("update older.pack", 2).err.contains("2026.9 is not later than 2026.12"));
    site.law("update older.pack --older", 0);
    let run = site.law("duties --json", 0);
    assert!(run.err.contains("2026.9 is older than 2026.11") && run.out.contains(NEW), "{}", run.err);
    site.law("update later.pack", 0);
}

#[test]
fn what_is_no_clean_register_is_refused_even_signed() {
    let site = Site::with_pack();
    let pack = fs::read_to_string(site.path("later.pack")).unwrap();
    let many: Vec<String> = (0..2001).map(|at| format!("\"{at:04}\":\"\"")).collect();
    for (bytes, part) in [
        (pack.replacen("{\"files\":{\"", "{\"files\":{\"../", 1).into_bytes(), "leads out of its folder"),
        (b"{\"files\":{\"/etc/passwd\":\"\"},\"schema\":1}".to_vec(), "leads out of its folder"),
        (format!("{{\"files\":{{{}}},\"schema\":1}}", many.join(",")).into_bytes(), "2001 files"),
        (b"{\"files\":{\"a\":\"\xff\"},\"schema\":1}".to_vec(), "this is no pack"),
        (b"[".repeat(1 << 20), "this is no pack"),
        (format!("{pack}\n").into_bytes(), "no canonical JSON"),
        (vec![b' '; (16 << 20) + 1], "larger than"),
        (b"{\"files\":{},\"schema\":1}".to_vec(), "register.toml"),
        (b"{\"files\":{\"a/evil.sh\":\"\"},\"schema\":1}".to_vec(), "a/evil.sh"),
        (pack.replace("csl25-mlps\\\"", "csl25-logs\\\"").into_bytes(), "csl25-logs"),
    ] {
        site.sign(&bytes);
        let run = site.law("update made.pack", 2);
        assert!(run.err.contains(part), "no {part} in {}", run.err);
    }
    assert!(!site.uses_the_later());
    site.sign(pack.as_bytes());
    site.law("update made.pack", 0);
    assert!(site.law("update none.pack", 2).err.contains("none.pack does not exist"));
    site.law("update", 2);
    site.law("update made.pack --reset", 2);
}

#[test]
fn only_a_clean_folder_is_packed_and_nothing_is_replaced_unasked() {
    let site = Site::with_pack();
    assert!(site.law("pack register -o later.pack --key ED25519.key", 2).err.contains("exists already"));
    site.law("pack register -o later.pack --key ED25519.key --force", 0);
    for (key, part) in [("ED25519.crt", "no unencrypted PKCS#8"), ("none.key", "does not exist")] {
        assert!(site.law(&format!("pack register -o new.pack --key {key}"), 2).err.contains(part));
    }
    site.law(&format!("pack register -o new.pack --key {}", vector("ec/p256.key")), 2);
    site.law("pack register -o new.pack", 2);
    site.law("pack none -o new.pack --key ED25519.key", 2);
    fs::write(site.path("register/cn-csl-2025/notes.txt"), "").unwrap();
    assert!(site.law("pack register -o new.pack --key ED25519.key", 2).err.contains("notes.txt"));
    assert!(!site.path("new.pack").exists() && !site.path("new.pack.sig").exists());
}

#[test]
fn only_public_keys_of_the_two_kinds_are_trusted() {
    let site = Site::new();
    for (file, part) in [
        (vector("ec/ed25519.key"), "private key"),
        (vector("rsa/rsa2048.crt"), "no public key or certificate"),
        (vector("ec/p256.crt"), "no public key or certificate"),
        ("none.pem".to_owned(), "does not exist"),
    ] {
        let run = site.law(&format!("trust {file}"), 2);
        assert!(run.out.is_empty() && run.err.contains(part), "{run:?}");
    }
    assert!(!site.path("home").exists());
    site.law("trust", 2);
    site.law("trust --remove 1234", 2);
    // What was kept is itself a key that can be handed on.
    site.law("trust SM2.crt", 0);
    let kept = site.path(&format!("home/keys/{SM2}.pem"));
    assert!(fs::read_to_string(&kept).unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    site.law(&format!("trust {}", kept.display()), 0);
}
