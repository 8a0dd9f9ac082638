//! Many bits side by side: what a register holds, written so that the compiler makes one of it.

use std::ops::{BitAnd, BitOr, BitXor, Not};

/// `N` words that go through the same steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub(crate) struct Lanes<const N: usize>(pub(crate) [u64; N]);

impl<const N: usize> Lanes<N> {
    pub(crate) const ZERO: Lanes<N> = Lanes([0; N]);
    pub(crate) const ONES: Lanes<N> = Lanes([u64::MAX; N]);

    #[inline(always)]
    fn zip(mut self, other: Lanes<N>, of: impl Fn(u64, u64) -> u64) -> Lanes<N> {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word = of(*word, other));
        self
    }

    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        self.0.iter().fold(0, |all, word| all | word) != 0
    }
}

impl<const N: usize> BitXor for Lanes<N> {
    type Output = Lanes<N>;
    #[inline(always)]
    fn bitxor(self, other: Lanes<N>) -> Lanes<N> {
        self.zip(other, |one, other| one ^ other)
    }
}

impl<const N: usize> BitAnd for Lanes<N> {
    type Output = Lanes<N>;
    #[inline(always)]
    fn bitand(self, other: Lanes<N>) -> Lanes<N> {
        self.zip(other, |one, other| one & other)
    }
}

impl<const N: usize> BitOr for Lanes<N> {
    type Output = Lanes<N>;
    #[inline(always)]
    fn bitor(self, other: Lanes<N>) -> Lanes<N> {
        self.zip(other, |one, other| one | other)
    }
}

impl<const N: usize> Not for Lanes<N> {
    type Output = Lanes<N>;
    #[inline(always)]
    fn not(self) -> Lanes<N> {
        self ^ Lanes::ONES
    }
}
