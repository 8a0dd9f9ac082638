//! Collectors: from the real thing to observations. A collector knows no clause; it says what it saw and how far it looked.

#![forbid(unsafe_code)]

pub mod algorithm;
pub mod capture;
pub mod certificate;
pub mod desk;
mod names;
pub mod probe;
pub mod random;
