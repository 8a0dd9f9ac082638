//! A sample: bits in order, the first one the most significant bit of the first byte.

/// Words behind the last bit, so that reading across a border needs no question.
const SPARE_WORDS: usize = 2;

/// Bits to be tested. Bit 0 is the most significant bit of byte 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    bits: usize,
    /// The first bit at the top of the first word; zeros behind the last.
    words: Vec<u64>,
}

impl Sample {
    /// The first `bits` bits of the bytes, or all there are.
    pub fn new(bytes: &[u8], bits: usize) -> Sample {
        let bits = bits.min(bytes.len().saturating_mul(8));
        let (whole, rest) = bytes.get(..bits.div_ceil(8)).unwrap_or_default().as_chunks::<8>();
        let mut words: Vec<u64> = Vec::with_capacity(whole.len() + 1 + SPARE_WORDS);
        words.extend(whole.iter().map(|chunk| u64::from_be_bytes(*chunk)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        words.push(u64::from_be_bytes(last));
        words.truncate(bits.div_ceil(64));
        if let (Some(last), 1..) = (words.last_mut(), bits % 64) {
            *last &= top(bits % 64);
        }
        words.extend([0; SPARE_WORDS]);
        Sample { bits, words }
    }

    /// All bits of the bytes.
    pub fn whole(bytes: &[u8]) -> Sample {
        Sample::new(bytes, usize::MAX)
    }

    /// How many bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The whole bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.truncate(self.bits / 8);
        bytes
    }

    /// The bits, one a byte, 0 or 1.
    pub fn bit_values(&self) -> Vec<u8> {
        (0..self.bits).map(|at| (self.word_at(at) >> 63) as u8).collect()
    }

    /// The bits in words, the first one at the top, with words of zeros behind.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// 64 bits from here on; zeros behind the end.
    #[inline(always)]
    pub(crate) fn word_at(&self, bit: usize) -> u64 {
        word_at(&self.words, bit)
    }
}

/// 64 bits from here on; zeros behind the end.
#[inline(always)]
pub(crate) fn word_at(words: &[u64], bit: usize) -> u64 {
    let at = bit / 64;
    let word = |at: usize| words.get(at).copied().unwrap_or(0);
    funnel(word(at), word(at + 1), (bit % 64) as u32)
}

/// 64 bits of two words, `shift` (below 64) bits behind the first one's start.
#[inline(always)]
pub(crate) fn funnel(first: u64, second: u64, shift: u32) -> u64 {
    first.wrapping_shl(shift) | (second >> 1).wrapping_shr(63 - shift)
}

/// The top `count` bits set; all of them from 64 on.
#[inline(always)]
pub(crate) fn top(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { !(u64::MAX >> count) }
}
