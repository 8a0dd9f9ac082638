//! The one file with `unsafe`: each kernel is compiled three times from the same source, so that all results are equal, and
//! the best that the processor has is taken at run time.

#![allow(unsafe_code)]

use crate::fourier::{self, Grid, LANES, Numbers, Powers};
use crate::{complexity, counting, rank};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

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
                && is_x86_feature_detected!("fma")
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
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
                fn avx2($($argument: $type),*) -> $result {
                    $narrow($($argument),*)
                }
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2,fma,bmi1,bmi2,popcnt")]
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
    // Written with registers of 256 bits: wider ones bring nothing, and each copy takes long to compile.
    ($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty, portable $portable:expr, avx2 $avx2:expr) => {
        $(#[$doc])*
        pub(crate) fn $name(level: Level, $($argument: $type),*) -> $result {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
                fn avx2($($argument: $type),*) -> $result {
                    $avx2($($argument),*)
                }
                if level.0 != Kind::Portable {
                    // SAFETY: a level is made only when the processor has said that it knows all features named above.
                    return unsafe { avx2($($argument),*) };
                }
            }
            let _ = level;
            $portable($($argument),*)
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
    /// The transforms of all columns of a sequence.
    columns(grid: &mut Grid, words: &[u64]) -> (),
    portable fourier::columns::<[f32; LANES]>, avx2 fourier::columns::<Avx>
}
kernel! {
    /// The transforms of all rows, and their powers by two bounds.
    powers(grid: &mut Grid, low: f32, high: f32, most: usize) -> Powers,
    portable fourier::powers::<[f32; LANES]>, avx2 fourier::powers::<Avx>
}

/// Eight numbers in a register of 256 bits. Only the two kernels above make one, where AVX2 and FMA are there: the calls below
/// stand on that.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx(__m256);

#[cfg(target_arch = "x86_64")]
impl Numbers for Avx {
    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Avx {
        // SAFETY: the instruction is there; it reads eight numbers, from any address.
        Avx(unsafe { _mm256_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn all(of: f32) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_set1_ps(of) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        // SAFETY: the instruction is there; it writes eight numbers, to any address.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn subtract(self, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn times(self, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn plus(self, one: Avx, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_fmadd_ps(one.0, other.0, self.0) })
    }

    #[inline(always)]
    fn minus(self, one: Avx, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_fnmadd_ps(one.0, other.0, self.0) })
    }

    #[inline(always)]
    fn larger(self, other: Avx) -> Avx {
        // SAFETY: the instruction is there.
        Avx(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn below(self, bound: f32) -> u8 {
        // SAFETY: the instructions are there.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, _mm256_set1_ps(bound))) as u8 }
    }

    #[inline(always)]
    fn transpose([a, b, c, d, e, f, g, h]: [Avx; LANES]) -> [Avx; LANES] {
        // SAFETY: the instructions are there.
        let pairs =
            |one: Avx, other: Avx| unsafe { (_mm256_unpacklo_ps(one.0, other.0), _mm256_unpackhi_ps(one.0, other.0)) };
        // SAFETY: as above.
        let fours = |one: __m256, other: __m256| unsafe {
            (_mm256_shuffle_ps::<0b01_00_01_00>(one, other), _mm256_shuffle_ps::<0b11_10_11_10>(one, other))
        };
        // SAFETY: as above.
        let eights = |one: __m256, other: __m256| unsafe {
            (Avx(_mm256_permute2f128_ps::<0x20>(one, other)), Avx(_mm256_permute2f128_ps::<0x31>(one, other)))
        };
        let ((ab, ab_high), (cd, cd_high), (ef, ef_high), (gh, gh_high)) =
            (pairs(a, b), pairs(c, d), pairs(e, f), pairs(g, h));
        let ((a, b), (c, d), (e, f), (g, h)) =
            (fours(ab, cd), fours(ab_high, cd_high), fours(ef, gh), fours(ef_high, gh_high));
        let ((a, e), (b, f), (c, g), (d, h)) = (eights(a, e), eights(b, f), eights(c, g), eights(d, h));
        [a, b, c, d, e, f, g, h]
    }
}
