//! How often the judgement on ciphertext errs, on a set that is generated here.
//!
//! Ciphertext: bytes of xorshift64*, which no count of patterns tells from a cipher's. Text: the files of this repository. Compressed:
//! the same, by raw deflate at its best level, cut out of the middle. Table: `cargo test -p dengmi-randomness ciphertext -- --nocapture`.

use crate::Stream;
use dengmi_randomness::ciphertext::{Judgement, looks_encrypted};
use std::io::Write as _;
use std::path::Path;

/// Texts of the repository, Chinese and English.
fn text() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = vec![root.join("law"), root.join("crates/judge/src"), root.join("crates/parse/src")];
    let mut text = Vec::new();
    while let Some(folder) = open.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                open.push(path);
            } else if text.len() < 3 << 20 {
                text.extend(std::fs::read(path).unwrap());
            }
        }
    }
    assert!(text.len() > 1 << 20, "{} bytes of text", text.len());
    text
}

/// Share of fragments that are judged so.
fn share(data: &[u8], size: usize, count: usize, wanted: Judgement) -> f64 {
    let step = (data.len() - size) / count;
    let hits = (0..count).filter(|at| looks_encrypted(&data[at * step..at * step + size]) == wanted).count();
    hits as f64 / count as f64
}

#[test]
fn error_rates() {
    let text = text();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&text).unwrap();
    let deflated = encoder.finish().unwrap();
    let random = Stream(11).bytes(8 << 20);
    println!("{:>7} {:>22} {:>20} {:>20}", "bytes", "random: encrypted", "text: encrypted", "deflate: encrypted");
    for (size, count, wrong_deflate) in
        [(16, 4000, 1.0), (32, 4000, 1.0), (256, 4000, 1.0), (1024, 2000, 0.92), (8192, 500, 0.55), (65536, 100, 0.2)]
    {
        let right = share(&random, size, count, Judgement::Encrypted);
        let plain = share(&text, size, count, Judgement::Encrypted);
        let packed = share(&deflated, size, count.min(deflated.len() / 64), Judgement::Encrypted);
        println!("{size:>7} {right:>22.4} {plain:>20.4} {packed:>20.4}");
        assert!(right >= 0.975, "{size}: {right}");
        assert!(plain <= 0.02, "{size}: {plain}");
        assert!(packed <= wrong_deflate, "{size}: {packed}");
    }
}

#[test]
fn what_each_kind_looks_like() {
    let noise = Stream(5).bytes(600);
    let hex: String = noise.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    for (bytes, expected) in [
        (&noise[..15], Judgement::TooShort),
        (&noise[..16], Judgement::Encrypted),
        (&noise[..600], Judgement::Encrypted),
        (hex.as_bytes(), Judgement::Encoded),
        (b"{SM4}qUVw+2mZpD0cXr9GkA71sQ==", Judgement::Encoded),
        (b"pzbJT3W1x_0vK-9sQmLrYg", Judgement::Encoded),
        (b"The quick brown fox jumps over it", Judgement::Text),
        ("姓名：张三，住址：北京市海淀区".as_bytes(), Judgement::Text),
        // The first of these characters in GB 18030.
        (b"\xd0\xd5\xc3\xfb\xa3\xba\xd5\xc5\xc8\xfd\xa3\xac\xd7\xa1\xd6\xb7\xa3\xba\xb1\xb1\xbe\xa9", Judgement::Text),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x4a\x06\0\0", Judgement::Compressed),
        (&[0_u8; 64], Judgement::Structured),
        (&[1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0], Judgement::Structured),
    ] {
        assert_eq!(looks_encrypted(bytes), expected, "{bytes:02x?}");
    }
}
