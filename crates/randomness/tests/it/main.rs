//! Tests of the room: cases of the standard, special functions, a plain oracle, equal results of all instructions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at what it did not expect, and prints its tables"
)]

mod ciphertext;
mod input;
mod levels;
mod noise;
mod oracle;
mod special;
mod vectors;
mod verdict;

use std::path::{Path, PathBuf};

/// A file of `vectors/randomness`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/randomness").join(name)
}

fn table(name: &str) -> toml::Table {
    std::fs::read_to_string(file(name)).unwrap().parse().unwrap()
}

fn number(value: &toml::Value) -> f64 {
    value.as_float().or_else(|| value.as_integer().map(|number| number as f64)).unwrap()
}

/// SM3(be32(first)) ‖ SM3(be32(first + 1)) ‖ …, cut to so many bits.
fn sm3_counter(first: u32, bits: usize) -> Vec<u8> {
    use sm3::{Digest, Sm3};
    let blocks = bits.div_ceil(256) as u32;
    (first..first + blocks).flat_map(|number| Sm3::digest(number.to_be_bytes())).collect()
}

/// xorshift64*: samples that are the same in each run.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.next().to_be_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
