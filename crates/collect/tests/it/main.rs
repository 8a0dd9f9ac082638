//! Collectors against files and services.

// Clippy's settings for tests reach `#[test]` functions only, not the functions beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod capture;
mod certificate;
mod probe;
mod tshark;
