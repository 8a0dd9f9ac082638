//! Linear complexity of many blocks at a time, by the algorithm of Berlekamp and Massey.
//!
//! One bit of a register is one block. The connection polynomials C and the shifted polynomials x^k·B lie coefficient by
//! coefficient: what differs between blocks (is there a discrepancy, does the length change) is a mask, and the shift of x^k·B
//! by one a step is a shift of the place where it begins. A step costs seven logical operations for each coefficient of 64 N
//! blocks, the sum for the next discrepancy included. Lengths are counters whose digits lie in registers as well.

use crate::lanes::Lanes;
use crate::sample::word_at;

/// Lengths have at most so many binary digits: the longest block is 2^16 − 2.
const DIGITS: usize = 16;
/// Steps between two looks at the shortest and longest lengths, which bound the degrees.
const LOOK: usize = 16;

/// Blocks of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blocks<'a> {
    pub(crate) words: &'a [u64],
    /// Bits of a block.
    pub(crate) length: usize,
    /// Where the first one begins, and how far it is from one to the next.
    pub(crate) start: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

/// Linear complexities of blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Of the first ⌊length/2⌋ bits of each block.
    pub(crate) half: Vec<u16>,
    /// Of the whole blocks.
    pub(crate) whole: Vec<u16>,
}

/// The complexities of all blocks.
#[inline(always)]
pub(crate) fn profile<const N: usize>(blocks: Blocks<'_>) -> Profile {
    let length = blocks.length;
    let mut profile = Profile::default();
    let mut work = Work::<N> {
        // Future bits first, then past ones, then zeros: a step reads from its place on.
        reversed: vec![Lanes::ZERO; 2 * length + LOOK + 3],
        connection: vec![Lanes::ZERO; length + LOOK + 2],
        shifted: vec![Lanes::ZERO; 2 * length + LOOK + 3],
    };
    let at_once = 64 * N;
    for from in (0..blocks.count).step_by(at_once) {
        let here = at_once.min(blocks.count - from);
        work.load(Blocks { start: blocks.start + from * blocks.stride, count: here, ..blocks });
        let (half, whole) = work.run(length);
        numbers(&half, here, &mut profile.half);
        numbers(&whole, here, &mut profile.whole);
    }
    profile
}

struct Work<const N: usize> {
    reversed: Vec<Lanes<N>>,
    connection: Vec<Lanes<N>>,
    shifted: Vec<Lanes<N>>,
}

type Digits<const N: usize> = [Lanes<N>; DIGITS];

impl<const N: usize> Work<N> {
    /// Lays the blocks across the registers: bit `b` of word `w` is block 64 w + b.
    #[inline(always)]
    fn load(&mut self, blocks: Blocks<'_>) {
        let length = blocks.length;
        for lane in 0..N {
            for chunk in (0..length).step_by(64) {
                let mut square = [0_u64; 64];
                for (row, block) in square.iter_mut().zip(64 * lane..) {
                    if block < blocks.count {
                        *row = word_at(blocks.words, blocks.start + block * blocks.stride + chunk);
                    }
                }
                transpose(&mut square);
                let places = self.reversed.get_mut(..=length - chunk).unwrap_or_default();
                for (place, column) in places.iter_mut().skip(1).rev().zip(square) {
                    if let Some(word) = place.0.get_mut(lane) {
                        *word = column;
                    }
                }
            }
        }
    }

    /// Lengths after half of the bits and after all.
    #[inline(always)]
    fn run(&mut self, length: usize) -> (Digits<N>, Digits<N>) {
        let digits = (usize::BITS - (length + 1).leading_zeros()) as usize;
        self.connection.fill(Lanes::ZERO);
        self.shifted.fill(Lanes::ZERO);
        if let (Some(c), Some(t)) = (self.connection.first_mut(), self.shifted.get_mut(length + 1)) {
            (*c, *t) = (Lanes::ONES, Lanes::ONES);
        }
        let mut lengths = [Lanes::ZERO; DIGITS];
        let mut half = lengths;
        let (mut shortest, mut longest) = (0, 0);
        let mut discrepancy = self.reversed.get(length).copied().unwrap_or(Lanes::ZERO);
        for step in 0..length {
            if step == length / 2 {
                half = lengths;
            }
            if step % LOOK == 0 {
                (shortest, longest) = range(lengths.get(..digits).unwrap_or_default());
            }
            // deg C ≤ L, deg x^k·B ≤ step + 1 − L, and L grows at most to step + 1 − L.
            let width = longest.max(step + 1 - shortest) + 1;
            let used = lengths.get_mut(..digits).unwrap_or_default();
            let grow = discrepancy & at_most(used, step / 2);
            subtract_where(used, step + 1, grow);
            let mut next = Lanes::ZERO;
            let shifted = self.shifted.get_mut(length - step..).unwrap_or_default();
            let past = self.reversed.get(length - 1 - step..).unwrap_or_default();
            for ((c, t), s) in self.connection.iter_mut().zip(shifted).zip(past).take(width) {
                let (old, place) = (*c, *t);
                let new = old ^ (discrepancy & place);
                *c = new;
                *t = place ^ (grow & (place ^ old));
                next = next ^ (new & *s);
            }
            discrepancy = next;
        }
        (half, lengths)
    }
}

/// Where a number of these digits (the least first) is at most `bound`.
#[inline(always)]
fn at_most<const N: usize>(digits: &[Lanes<N>], bound: usize) -> Lanes<N> {
    let mut greater = Lanes::ZERO;
    let mut equal = Lanes::ONES;
    for (place, digit) in digits.iter().enumerate().rev() {
        if bound >> place & 1 == 1 {
            equal = equal & *digit;
        } else {
            greater = greater | (equal & *digit);
            equal = equal & !*digit;
        }
    }
    !greater
}

/// number ← from − number, where the mask says so.
#[inline(always)]
fn subtract_where<const N: usize>(digits: &mut [Lanes<N>], from: usize, mask: Lanes<N>) {
    let mut borrow = Lanes::ZERO;
    for (place, digit) in digits.iter_mut().enumerate() {
        let old = *digit;
        let (difference, next) =
            if from >> place & 1 == 1 { (!(old ^ borrow), old & borrow) } else { (old ^ borrow, old | borrow) };
        *digit = old ^ (mask & (difference ^ old));
        borrow = next;
    }
}

/// The smallest and the greatest number.
#[inline(always)]
fn range<const N: usize>(digits: &[Lanes<N>]) -> (usize, usize) {
    let (mut low, mut high) = (Lanes::ONES, Lanes::ONES);
    let (mut smallest, mut greatest) = (0, 0);
    for (place, digit) in digits.iter().enumerate().rev() {
        let without = low & !*digit;
        if without.any() {
            low = without;
        } else {
            smallest |= 1 << place;
        }
        let with = high & *digit;
        if with.any() {
            high = with;
            greatest |= 1 << place;
        }
    }
    (smallest, greatest)
}

/// The first `count` numbers of these digits.
fn numbers<const N: usize>(digits: &Digits<N>, count: usize, to: &mut Vec<u16>) {
    to.extend((0..count).map(|block| {
        let bit = |digit: &Lanes<N>| digit.0.get(block / 64).map_or(0, |word| word << (block % 64) >> 63) as u16;
        (0..).zip(digits).fold(0, |number, (place, digit)| number | bit(digit) << place)
    }));
}

/// Rows become columns; the first column is the top bit.
#[inline(always)]
fn transpose(square: &mut [u64; 64]) {
    for (size, mask) in [
        (32, 0x0000_0000_ffff_ffff_u64),
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        for rows in square.chunks_exact_mut(2 * size) {
            let (upper, lower) = rows.split_at_mut(size);
            for (one, other) in upper.iter_mut().zip(lower) {
                let swap = (*one ^ (*other >> size)) & mask;
                *one ^= swap;
                *other ^= swap << size;
            }
        }
    }
}
