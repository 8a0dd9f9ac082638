//! The one file with `unsafe`: each kernel is compiled three times from the same source, so that all results are equal, and
//! the best that the processor has is taken at run time.

#![allow(unsafe_code)]

use crate::{complexity, counting, rank, spectrum};

/// Instructions that this processor has. Only [`Level::best`] and [`Level::all`] make one: that is what the calls below stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The fastest.
    pub fn best() -> Level {
        Level::all().last().copied().unwrap_or(Level(Kind::Portable))
    }

    /// All that this processor has, the slowest first.
    pub fn all() -> Vec<Level> {
        let mut all = vec![Level(Kind::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt")
            {
                all.push(Level(Kind::Avx2));
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vpopcntdq")
                {
                    all.push(Level(Kind::Avx512));
                }
            }
        }
        all
    }
}

macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $narrow:expr, $wide:expr) => {
        $(#[$doc])*
        pub(crate) fn $name(level: Level, $($argument: $type),*) -> $result {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
                fn avx2($($argument: $type),*) -> $result {
                    $narrow($($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2,bmi1,bmi2,popcnt")]
                fn avx512($($argument: $type),*) -> $result {
                    $wide($($argument),*)
                }
                match level.0 {
                    // SAFETY: a level is made only when the processor has said that it knows all features named above.
                    Kind::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    Kind::Avx2 => return unsafe { avx2($($argument),*) },
                    Kind::Portable => {}
                }
            }
            let _ = level;
            $narrow($($argument),*)
        }
    };
}

kernel! {
    /// Ones in the words.
    ones(words: &[u64]) -> u64, counting::ones, counting::ones
}
kernel! {
    /// Positions that differ from the one `distance` further on.
    differences(words: &[u64], bits: usize, distance: usize) -> u64, counting::differences, counting::differences
}
kernel! {
    /// The sequence added to itself, shifted.
    fold(words: &mut [u64], distance: usize) -> (), counting::fold, counting::fold
}
kernel! {
    /// The walk of ±1.
    walk(words: &[u64], bits: usize) -> counting::Walk, counting::walk, counting::walk
}
kernel! {
    /// Ones of the binary derivative.
    derivative(words: &[u64], bits: usize, order: u32) -> u64, counting::derivative, counting::derivative
}
kernel! {
    /// Runs of at least each length, of zeros and of ones.
    runs_at_least(words: &[u64], bits: usize, at_least: &mut [[u64; 2]]) -> (), counting::runs_at_least, counting::runs_at_least
}
kernel! {
    /// Longest runs of blocks.
    longest_runs(words: &[u64], bits: usize, block: usize, polarity: bool, first: u32, classes: &mut [u64]) -> (),
    counting::longest_runs, counting::longest_runs
}
kernel! {
    /// Ranks of 32 × 32 matrices: how many have rank 32, 31, less.
    ranks(words: &[u64], matrices: usize) -> [u64; 3], rank::ranks::<8>, rank::ranks::<16>
}
kernel! {
    /// Linear complexities of blocks.
    complexities(blocks: complexity::Blocks<'_>) -> complexity::Profile, complexity::profile::<4>, complexity::profile::<8>
}
kernel! {
    /// Powers below a threshold, near it, and the largest.
    powers(spectrum: &[realfft::num_complex::Complex<f32>], low: f32, high: f32) -> spectrum::Powers, spectrum::powers, spectrum::powers
}
