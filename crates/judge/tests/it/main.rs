//! Integration tests of the judge: one binary.

mod cases;
mod example;
mod grade;
mod hospital;
mod law;
mod negotiated;
mod properties;
mod register;
mod score;
