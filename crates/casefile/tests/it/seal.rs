use crate::{append, fresh, ours, sql};
use dengmi_casefile::{
    Algorithm, BLOCK, Case, Damage, Entry, Seal, SealDamage, Signer, Verdict, seal, seal_path, verify, wait,
};
use dengmi_core::EntryNumber;
use std::{collections::BTreeMap, fs, path::Path};

fn broken(path: &Path) -> dengmi_casefile::Broken {
    match verify(path).unwrap() {
        Verdict::Broken(broken) => broken,
        Verdict::Verified(_) => panic!("the damage was not found"),
    }
}

fn verified(path: &Path) -> Box<dengmi_casefile::Verified> {
    match verify(path).unwrap() {
        Verdict::Verified(verified) => verified,
        Verdict::Broken(broken) => panic!("{broken}"),
    }
}

/// A small case with everything in it: entries, a unit in batches and a void one, an artifact.
fn small() -> (tempfile::TempDir, std::path::PathBuf, Seal) {
    let (folder, path, case) = fresh();
    for number in 0..40 {
        append(&case, &format!("192.0.2.{number}:443"), &format!(r#"{{"number":{number},"text":"等·密"}}"#));
    }
    wait(case.artifact(&[7; 9000][..], "x.bin")).unwrap();
    let mut unit = case.begin("unit").unwrap().unwrap();
    wait(unit.append(Entry { kind: 1, subject: None, fact: None, body: b"in a unit" })).unwrap();
    wait(unit.done()).unwrap();
    drop(case);
    let seal = seal(&path, "law of the day", &[]).unwrap();
    (folder, path, seal)
}

#[test]
fn a_sealed_case_is_one_file_that_verifies() {
    let (folder, path, seal) = small();
    let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["portal.case", "portal.case.seal"]);
    let before = fs::read(&path).unwrap();
    let verified = verified(&path);
    assert_eq!(verified.seal(), &seal);
    assert_eq!(ours(verified.case()).len(), 41);
    let head = verified.case().head().unwrap();
    assert_eq!((head.count, head.link), (43, seal.sealed.head));
    assert_eq!((seal.sealed.entries, &*seal.sealed.law), (43, "law of the day"));
    drop(verified);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "reading leaves nothing behind");
}

/// Every byte of the file, each through the digest of its block.
#[test]
fn every_flipped_byte_is_seen_by_its_block() {
    let (_folder, path, seal) = small();
    let mut bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len() as u64, seal.sealed.size);
    for at in 0..bytes.len() {
        let block = at / BLOCK * BLOCK..(at / BLOCK + 1) * BLOCK;
        bytes[at] ^= 1 << (at % 8);
        assert!(!seal.covers(at / BLOCK, &bytes[block.clone()]), "byte {at}");
        bytes[at] ^= 1 << (at % 8);
        if at % BLOCK == 0 {
            assert!(seal.covers(at / BLOCK, &bytes[block]));
        }
    }
    assert!(!seal.covers(bytes.len() / BLOCK, &[]), "there is no such block");
}

#[test]
fn sampled_flips_through_verify_name_a_block() {
    let (_folder, path, _) = small();
    let whole = fs::read(&path).unwrap();
    let mut entries_named = 0;
    for sample in 0..200 {
        // The first hundred bytes are SQLite's own header; the rest is spread over the file.
        let at = if sample < 20 { sample * 5 } else { (sample * 7919 + 13) * 31 % whole.len() };
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (sample % 8);
        fs::write(&path, &bytes).unwrap();
        let broken = broken(&path);
        assert!(broken.damage.contains(&Damage::Block((at / BLOCK) as u64)), "byte {at}: {broken}");
        match broken.entries().next() {
            Some(_) => entries_named += 1,
            None => assert!(broken.to_string().contains("outside any entry"), "byte {at}: {broken}"),
        }
    }
    assert!(entries_named > 20, "{entries_named}");
}

/// One flip in each field of an entry, found in the file by its content, names that entry and no other.
#[test]
fn a_flip_in_any_field_names_the_entry() {
    let (_folder, path, case) = fresh();
    for number in 1..=9_u8 {
        let body = [b"body of entry ".as_slice(), &[b'0' + number]].concat();
        let subject = format!("subject {number}");
        wait(case.append(Entry { kind: 0x1234, subject: Some(&subject), fact: Some(0x2345), body: &body })).unwrap();
    }
    let links: BTreeMap<_, _> =
        case.entries().map(|entry| entry.unwrap()).map(|entry| (entry.number.0, entry.link)).collect();
    drop(case);
    seal(&path, "law", &[]).unwrap();
    let whole = fs::read(&path).unwrap();
    let find = |wanted: &[u8]| {
        let places: Vec<_> = (0..whole.len() - wanted.len()).filter(|at| whole[*at..].starts_with(wanted)).collect();
        assert_eq!(places.len(), 1, "{wanted:?}");
        places[0]
    };
    for number in 1..=9_u8 {
        // In the row stand, one behind the other: kind, subject, fact, body, link.
        let row = [&[0x12, 0x34], format!("subject {number}").as_bytes(), &[0x23, 0x45]].concat();
        let row = find(&row);
        let body = find(&[b"body of entry ".as_slice(), &[b'0' + number]].concat());
        let link = find(&links[&number.into()].0);
        // Before the row: its length, its number, the length of its header and the six types.
        let number_at = row - 8;
        assert_eq!(whole[number_at], number);
        for (field, at) in [
            ("number", number_at),
            ("type of the kind", row - 5),
            ("type of the body", row - 2),
            ("kind", row + 1),
            ("subject", row + 2),
            ("last of the subject", row + 10),
            ("fact", row + 12),
            ("body", body),
            ("last of the body", body + 14),
            ("link", link),
            ("last of the link", link + 31),
        ] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(&path, &bytes).unwrap();
            let broken = broken(&path);
            let named: Vec<_> = broken.entries().collect();
            assert_eq!(named, [EntryNumber(number.into())], "{field} of entry {number}: {broken}");
        }
    }
}

#[test]
fn a_flip_in_an_artifact_names_its_entry() {
    let (_folder, path, _) = small();
    let mut bytes = fs::read(&path).unwrap();
    let at = (0..bytes.len()).rfind(|at| bytes[*at..].starts_with(&[7; 1000])).unwrap();
    bytes[at + 500] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(broken(&path).entries().collect::<Vec<_>>(), [EntryNumber(41)]);
}

#[test]
fn a_longer_or_shorter_file_is_found() {
    let (_folder, path, seal) = small();
    let whole = fs::read(&path).unwrap();
    for bytes in [&whole[..whole.len() - 1], &whole[..whole.len() - BLOCK], &[], &[whole.as_slice(), &[0]].concat()] {
        fs::write(&path, bytes).unwrap();
        let damage = broken(&path).damage;
        assert_eq!(damage[0], Damage::Size { sealed: seal.sealed.size, found: bytes.len() as u64 });
    }
}

/// Every byte of the seal itself.
#[test]
fn a_flip_in_the_seal_is_found() {
    let (_folder, path, _) = small();
    let whole = fs::read(seal_path(&path)).unwrap();
    // Every byte of what comes before and after the list of blocks, some of the list.
    let list = 200..whole.len() - 900;
    for at in (0..whole.len()).filter(|at| !list.contains(at) || at % 61 == 0) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 7);
        fs::write(seal_path(&path), &bytes).unwrap();
        let damage = broken(&path).damage;
        assert!(matches!(damage[0], Damage::Seal(_)) && damage.len() == 1, "byte {at}: {damage:?}");
    }
    fs::remove_file(seal_path(&path)).unwrap();
    assert!(broken(&path).is_only_unsealed());
}

/// Whoever seals a rewritten case again, without keys, is still caught by the chain when it was not rewritten too.
#[test]
fn a_new_seal_does_not_heal_the_chain() {
    let (_folder, path, _) = small();
    fs::remove_file(seal_path(&path)).unwrap();
    sql(&path, "DROP TRIGGER entry_kept; UPDATE entry SET body = x'00' WHERE number = 5").unwrap();
    seal(&path, "law", &[]).unwrap();
    let damage = broken(&path).damage;
    assert!(damage.contains(&Damage::Entry(EntryNumber(5))), "{damage:?}");
}

#[test]
fn signatures_hold_or_the_seal_is_damaged() {
    let (_folder, path, case) = fresh();
    append(&case, "a", "1");
    drop(case);
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let sm2 = sm2::SecretKey::from_slice(&[2; 32]).unwrap();
    let made = seal(&path, "law", &[Signer::Ed25519(&ed25519), Signer::Sm2(&sm2)]).unwrap();
    let algorithms: Vec<_> = made.signatures.iter().map(|signature| signature.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Ed25519, Algorithm::Sm2Sm3]);
    assert_eq!(made.signatures[0].public_key, hex::encode(ed25519.verifying_key().to_bytes()));
    assert_eq!(verified(&path).seal().signatures, made.signatures);

    // Who changes a signed seal can make its own digest right again, but not the signatures.
    for forged in 0..3 {
        let mut seal = made.clone();
        match forged {
            0 => seal.sealed.law = "another law".into(),
            1 => seal.signatures[0].signature.replace_range(..2, "00"),
            _ => seal.signatures[1].public_key = made.signatures[0].public_key.clone(),
        }
        let mut value = serde_json::to_value(&seal).unwrap();
        value.as_object_mut().unwrap().remove("sm3");
        let digest = <sm3::Sm3 as sm3::Digest>::digest(dengmi_core::canonical::bytes(&value).unwrap());
        value["sm3"] = format!("sm3:{}", hex::encode(digest)).into();
        let text = dengmi_core::canonical::text(&value).unwrap() + "\n";
        fs::write(seal_path(&path), text).unwrap();
        let damage = broken(&path).damage;
        assert!(matches!(damage[..], [Damage::Seal(SealDamage::Signature(_))]), "{forged}: {damage:?}");
    }
}

#[test]
fn a_newer_seal_is_named_as_one() {
    let (_folder, path, _) = small();
    let text = fs::read_to_string(seal_path(&path)).unwrap().replace("dengmi-seal-1", "dengmi-seal-2");
    fs::write(seal_path(&path), text).unwrap();
    assert_eq!(broken(&path).damage, [Damage::Seal(SealDamage::Format("dengmi-seal-2".into()))]);
}

/// What is left open is void in the sealed case, and the log of a stranger beside it is not read.
#[test]
fn sealing_ends_everything() {
    let (folder, path, case) = fresh();
    let mut unit = case.begin("cut").unwrap().unwrap();
    for _ in 0..50 {
        wait(unit.append(Entry { kind: 7, subject: None, fact: None, body: &[b'.'; 100_000] })).unwrap();
    }
    append(&case, "a", "kept");
    fs::copy(folder.path().join("portal.case-wal"), folder.path().join("stolen")).unwrap();
    drop((unit, case));
    seal(&path, "law", &[]).unwrap();
    fs::rename(folder.path().join("stolen"), folder.path().join("portal.case-wal")).unwrap();
    assert_eq!(ours(verified(&path).case()), ["kept"]);
    assert_eq!(ours(&Case::open_read(&path).unwrap()), ["kept"]);
}
