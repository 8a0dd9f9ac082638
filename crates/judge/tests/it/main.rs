//! Integration tests of the judge: one binary.

mod cases;
mod grade;
mod law;
mod score;
