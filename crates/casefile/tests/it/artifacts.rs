use crate::{assert_whole, fresh};
use dengmi_casefile::{Artifact, Case, Damage, INSIDE_LIMIT, Verdict, kind, seal, verify, wait};
use dengmi_core::Sha256Digest;
use std::fs;

/// Bytes of which no two KiB are equal.
fn bytes(length: u64) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    for (number, part) in bytes.chunks_mut(1024).enumerate() {
        let number = number.to_be_bytes();
        let length = number.len().min(part.len());
        part[..length].copy_from_slice(&number[number.len() - length..]);
    }
    bytes
}

#[test]
fn digests_are_those_of_the_standards() {
    let (_folder, _path, case) = fresh();
    let artifact = wait(case.artifact(&b"abc"[..], "abc.txt")).unwrap();
    // FIPS 180-4 example and GB/T 32905-2016 A.1.
    assert_eq!(artifact.sha256.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(artifact.sm3.to_string(), "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    assert_eq!((artifact.size, &*artifact.media, artifact.beside), (3, "abc.txt", false));
}

#[test]
fn each_content_is_kept_once() {
    let (_folder, path, case) = fresh();
    let first = wait(case.artifact(&b"same"[..], "a.der")).unwrap();
    assert_eq!(wait(case.artifact(&b"same"[..], "b.der")).unwrap(), first);
    let together = [case.clone(), case.clone()]
        .map(|case| std::thread::spawn(move || wait(case.artifact(&bytes(1000)[..], "c")).unwrap()));
    let [left, right] = together.map(|thread| thread.join().unwrap());
    assert_eq!(left, right);
    assert_eq!(case.head().unwrap().count, 2);
    let told: Vec<_> =
        case.of_kind(kind::ARTIFACT, None).map(|entry| Artifact::read(&entry.unwrap()).unwrap()).collect();
    assert_eq!(told, [first, left]);
    drop(case);
    assert_whole(&path);
}

#[test]
fn sizes_around_chunk_and_limit() {
    let (folder, path, case) = fresh();
    let mut kept = Vec::new();
    for size in [0, 1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, INSIDE_LIMIT, INSIDE_LIMIT + 1] {
        let content = bytes(size);
        let artifact = wait(case.artifact(&content[..], "x")).unwrap();
        assert_eq!((artifact.size, artifact.beside), (size, size > INSIDE_LIMIT));
        kept.push((artifact, content));
    }
    // As a file: the large one is there already, another one gets a second name.
    let file = folder.path().join("capture.pcap");
    let large = [bytes(INSIDE_LIMIT + 1), vec![1]].concat();
    fs::write(&file, &large).unwrap();
    let artifact = wait(case.artifact_file(&file, "capture.pcap")).unwrap();
    assert!(artifact.beside);
    kept.push((artifact, large));
    assert_eq!(fs::read_dir(path.with_file_name("portal.case.files")).unwrap().count(), 2);
    drop(case);
    assert_whole(&path);
    seal(&path, "law", &[]).unwrap();
    fs::remove_file(file).unwrap();

    let Verdict::Verified(verified) = verify(&path).unwrap() else { panic!("not whole") };
    for (artifact, content) in kept {
        let case = verified.case();
        assert_eq!(case.artifact(artifact.sha256).unwrap().as_ref(), Some(&artifact));
        assert!(case.artifact_bytes(&artifact, 0..u64::MAX).unwrap() == content, "{artifact:?}");
        for (from, to) in [(0, 0), (3, 9), (262_100, 262_200), (524_000, 1_000_000), (artifact.size, u64::MAX)] {
            let wanted = content.get(from as usize..(to as usize).min(content.len())).unwrap_or_default();
            assert!(case.artifact_bytes(&artifact, from..to).unwrap() == wanted, "{artifact:?} {from}..{to}");
        }
    }
    assert_eq!(verified.case().artifact(Sha256Digest([0; 32])).unwrap(), None);
}

#[test]
fn a_changed_file_beside_is_found() {
    let (_folder, path, case) = fresh();
    let artifact = wait(case.artifact(&bytes(INSIDE_LIMIT + 9)[..], "x")).unwrap();
    drop(case);
    let name = artifact.sha256.to_string();
    let beside = path.with_file_name("portal.case.files").join(name.strip_prefix("sha256:").unwrap());
    let whole = fs::read(&beside).unwrap();
    let flip = || fs::write(&beside, [&whole[..9], &[whole[9] ^ 1], &whole[10..]].concat()).unwrap();
    let check = |wanted: Damage| match verify(&path).unwrap() {
        Verdict::Broken(broken) => assert!(broken.damage.contains(&wanted), "{broken}"),
        Verdict::Verified(_) => panic!("not found: {wanted}"),
    };
    flip();
    check(Damage::Artifact { entry: artifact.entry, sha256: artifact.sha256 });
    seal(&path, "law", &[]).expect_err("what is damaged is not sealed");
    fs::write(&beside, &whole).unwrap();
    seal(&path, "law", &[]).unwrap();
    assert!(matches!(verify(&path).unwrap(), Verdict::Verified(_)));
    flip();
    check(Damage::File(artifact.sha256));
    fs::write(&beside, &whole[1..]).unwrap();
    check(Damage::File(artifact.sha256));
    fs::remove_file(&beside).unwrap();
    check(Damage::File(artifact.sha256));
}

#[test]
fn a_reader_that_fails_leaves_nothing() {
    struct Failing(u64);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = (buffer.len() as u64).min(self.0);
            self.0 -= length;
            if length == 0 { Err(std::io::Error::other("pulled out")) } else { Ok(length as usize) }
        }
    }
    let (_folder, path, case) = fresh();
    for length in [10, INSIDE_LIMIT + 10] {
        wait(case.artifact(Failing(length), "x")).unwrap_err();
    }
    assert_eq!(case.head().unwrap().count, 0);
    drop(case);
    drop(Case::open(&path).unwrap());
    assert_eq!(fs::read_dir(path.with_file_name("portal.case.files")).unwrap().count(), 0, "swept");
}
