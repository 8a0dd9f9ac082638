//! Is this random? The tests of GM/T 0005-2021 (and 2012) and NIST SP 800-22, their verdicts over many samples, health tests and
//! entropy estimates of SP 800-90B, and whether bytes look like ciphertext.
//!
//! No input and output, no clock: samples are values.

#![deny(clippy::indexing_slicing, clippy::string_slice)]

pub mod catalogue;
pub mod ciphertext;
mod complexity;
mod counting;
pub mod entropy;
mod fourier;
pub mod health;
pub mod input;
pub mod laboratory;
mod lanes;
pub mod nist;
mod pattern;
mod rank;
pub mod rules;
pub mod sample;
mod simd;
pub mod special;
mod spectrum;
mod universal;
pub mod verdict;

pub use catalogue::{Edition, Kind, NoTest, Test};
pub use ciphertext::{Judgement, looks_encrypted};
pub use laboratory::{Laboratory, Unfit, Value};
pub use sample::Sample;
pub use simd::Level;
