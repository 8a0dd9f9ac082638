//! Integration tests of the judge: one binary.

mod cases;
mod law;
mod score;
