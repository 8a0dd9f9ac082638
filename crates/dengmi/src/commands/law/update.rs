//! `dengmi law pack | trust | update`: the register as a signed file, for sites without a network.

use crate::duties::Source;
use crate::failure::{Exit, Failure, Outcome};
use crate::law::home::{Home, write_whole};
use crate::law::key::{Key, SigningKey};
use crate::law::pack::MOST_FILES;
use crate::law::signed::{Signed, digits, signature_path};
use crate::law::{self, pack};
use crate::out::{Out, Voice};
use clap::Args;
use dengmi_core::Sm3Digest;
use dengmi_core::date::date_text;
use dengmi_judge::law::Pack;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct PackArgs {
    /// The folder of a register, such as law/register
    folder: PathBuf,
    /// The pack to write; the signatures go to FILE.sig
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// A private key that signs it: unencrypted PKCS#8 in PEM, Ed25519 or SM2; repeatable
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// Replace a pack that is there
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct TrustArgs {
    /// A public key (PEM), Ed25519 or SM2; of a certificate only the key counts
    key: Option<PathBuf>,
    /// Show which keys are trusted
    #[arg(long)]
    list: bool,
    /// Trust a key no more
    #[arg(long, value_name = "FINGERPRINT")]
    remove: Option<Sm3Digest>,
}

#[derive(Args)]
pub(super) struct UpdateArgs {
    /// A pack; its signatures lie beside it as FILE.sig
    #[arg(required_unless_present = "reset")]
    file: Option<PathBuf>,
    /// Accept a version that is not later than the one in use
    #[arg(long)]
    older: bool,
    /// Go back to the register that the program was built with
    #[arg(long, conflicts_with_all = ["file", "older"])]
    reset: bool,
}

pub(super) fn pack(args: &PackArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let mut keys = Vec::new();
    for path in &args.key {
        let file = fs::read(path).map_err(|error| Failure::file(path, &error, voice))?;
        let none = || Failure::usage(voice.text("key-none-private", &[("file", &path.display().to_string())]));
        keys.push(SigningKey::read(&file).ok_or_else(|| none().hint(voice.text("hint-key-none-private", &[])))?);
    }
    let signatures = signature_path(&args.out);
    for path in [&args.out, &signatures] {
        crate::writable(path, args.force, voice)?;
    }
    let mut found = Pack::default();
    add(&args.folder, "", &mut found, voice)?;
    let (register, digest) = law::checked(&found, voice)?;
    let bytes = pack::write(&found).map_err(|fault| Failure::usage(fault.said(voice)))?;
    let signed = Signed::sign(bytes, &keys)?;
    write_whole(&signatures, &signed.signatures, voice)?;
    write_whole(&args.out, &signed.pack, voice)?;
    let (version, as_of) = (&*register.head.version, date_text(register.head.as_of));
    out.line(voice.text("law-register", &[("version", version), ("as-of", &as_of), ("digest", &digest.to_string())]))?;
    signed_by(keys.iter().map(|key| &key.public.fingerprint), voice, out)?;
    Ok(Exit::Done)
}

/// Every file below a folder; what does not belong into a register is found when it is checked.
fn add(folder: &Path, prefix: &str, pack: &mut Pack, voice: &Voice) -> Outcome<()> {
    let fault = |error| Failure::file(folder, &error, voice);
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let (place, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str() else {
            return Err(Failure::usage(voice.text("pack-path", &[("path", &place.display().to_string())])));
        };
        let path = format!("{prefix}{name}");
        if place.is_dir() {
            add(&place, &format!("{path}/"), pack, voice)?;
        } else if pack.files().count() >= MOST_FILES {
            return Err(Failure::usage(pack::NotAPack::TooMany(MOST_FILES + 1).said(voice)));
        } else {
            pack.insert(&path, &fs::read(&place).map_err(|error| Failure::file(&place, &error, voice))?);
        }
    }
    Ok(())
}

fn signed_by<'a>(keys: impl Iterator<Item = &'a Sm3Digest>, voice: &Voice, out: &mut Out) -> Outcome<()> {
    for key in keys {
        out.line(voice.text("law-signed-by", &[("key", &digits(key))]))?;
    }
    Ok(())
}

fn home(voice: &Voice) -> Outcome<Home> {
    Home::find().ok_or_else(|| Failure::not_finished(voice.text("no-home", &[])))
}

pub(super) fn trust(args: &TrustArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let home = home(voice)?;
    let line = |key: &Key| format!("{}  {}", digits(&key.fingerprint), crate::texts::word(&key.algorithm));
    if let Some(fingerprint) = &args.remove {
        let key = digits(fingerprint);
        if !home.remove_key(fingerprint, voice)? {
            return Err(Failure::usage(voice.text("key-not-trusted", &[("key", &key)])));
        }
        voice.say("key-removed", &[("key", &key)]);
    } else if let Some(path) = &args.key {
        let file = fs::read(path).map_err(|error| Failure::file(path, &error, voice))?;
        let key = Key::read(&file).map_err(|fault| {
            let problem = voice.text(fault.text(), &[("file", &path.display().to_string())]);
            Failure::usage(problem).hint(voice.text("hint-key", &[]))
        })?;
        out.line(line(&key))?;
        let place = home.trust(&key, voice)?;
        voice.say("key-trusted", &[("file", &place.display().to_string())]);
    } else {
        let keys = home.keys(voice)?;
        for key in &keys {
            out.line(line(key))?;
        }
        if keys.is_empty() {
            voice.say("key-none-trusted", &[]);
        }
    }
    Ok(Exit::Done)
}

pub(super) fn update(args: &UpdateArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let home = home(voice)?;
    let Some(file) = &args.file else {
        home.reset(voice)?;
        let (register, digest) = law::register()?;
        let (version, as_of) = (&*register.head.version, date_text(register.head.as_of));
        let values = [("version", version), ("as-of", &as_of), ("digest", &digest.to_string())];
        voice.say("law-reset", &[]);
        out.line(voice.text("law-register", &values))?;
        return Ok(Exit::Done);
    };
    let signed = Signed::read(file, voice)?;
    let new = law::open(&signed, &home, voice)?;
    let before = Source::load(voice)?;
    let (from, to) = (&*before.register.head.version, &*new.register.head.version);
    if !args.older && !law::is_later(to, from) {
        let problem = voice.text("law-not-later", &[("installed", from), ("version", to)]);
        return Err(Failure::usage(problem).hint(voice.text("hint-older", &[])));
    }
    home.install(&signed, voice)?;
    let values = [
        ("before", from),
        ("version", to),
        ("as-of", &*date_text(new.register.head.as_of)),
        ("count-before", &*before.register.duties.len().to_string()),
        ("count", &*new.register.duties.len().to_string()),
        ("digest-before", &*before.digest.to_string()),
        ("digest", &*new.digest.to_string()),
    ];
    out.line(voice.text("law-updated", &values))?;
    signed_by(new.signers.iter(), voice, out)?;
    Ok(Exit::Done)
}
