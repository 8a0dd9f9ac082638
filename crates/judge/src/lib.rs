//! Law on a day, grading, determinations and exact scores.
//!
//! Nothing here touches a disk, a socket or a clock: law comes in as bytes, facts as words, and a verdict can be recomputed
//! in ten years from the sealed case alone.

#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic, clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod assess;
pub mod determine;
pub mod duties;
pub mod grade;
pub mod law;
pub mod register;
pub mod score;
