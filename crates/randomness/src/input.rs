//! Bits as people hand them in: raw bytes, the letters 0 and 1, hexadecimal digits.

use crate::sample::Sample;
use thiserror::Error;

/// How bits are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Bytes as they are.
    #[default]
    Raw,
    /// The letters `0` and `1`; white space is passed over.
    Bits,
    /// Hexadecimal digits; white space is passed over.
    Hex,
}

/// Which bit of a byte is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The most significant one.
    #[default]
    MostFirst,
    /// The least significant one.
    LeastFirst,
}

/// A letter that is no bit and no digit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column}: expected {}, found byte 0x{found:02x}", if *.form == Form::Hex { "hexadecimal digits" } else { "0 or 1" })]
pub struct Wrong {
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// The byte.
    pub found: u8,
    /// What was being read.
    pub form: Form,
}

/// Takes what comes in pieces and gives samples.
#[derive(Clone, Debug)]
pub struct Decoder {
    form: Form,
    order: Order,
    /// Bits or bytes that have not been given yet, by the form; those before `given` have been.
    waiting: Vec<u8>,
    given: usize,
    /// The first digit of a byte.
    half: Option<u8>,
    line: u64,
    column: u64,
}

impl Decoder {
    /// For this form; the order concerns bytes, raw or as digits.
    pub fn new(form: Form, order: Order) -> Decoder {
        Decoder { form, order, waiting: Vec::new(), given: 0, half: None, line: 1, column: 1 }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// The first letter that does not belong. What came before it can still be taken.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        self.waiting.drain(..self.given);
        self.given = 0;
        if self.form == Form::Raw {
            match self.order {
                Order::MostFirst => self.waiting.extend_from_slice(bytes),
                Order::LeastFirst => self.waiting.extend(bytes.iter().map(|byte| byte.reverse_bits())),
            }
            return Ok(());
        }
        for byte in bytes {
            match byte {
                b'\n' => (self.line, self.column) = (self.line + 1, 0),
                b' ' | b'\t' | b'\r' => {}
                _ => self.letter(*byte)?,
            }
            self.column += 1;
        }
        Ok(())
    }

    fn letter(&mut self, letter: u8) -> Result<(), Wrong> {
        let radix = if self.form == Form::Hex { 16 } else { 2 };
        let digit = char::from(letter).to_digit(radix);
        let wrong = Wrong { line: self.line, column: self.column, found: letter, form: self.form };
        let digit = digit.and_then(|digit| u8::try_from(digit).ok()).ok_or(wrong)?;
        match (self.form, self.half.take()) {
            (Form::Hex, None) => self.half = Some(digit),
            (Form::Hex, Some(high)) => {
                let byte = high << 4 | digit;
                self.waiting.push(if self.order == Order::MostFirst { byte } else { byte.reverse_bits() });
            }
            _ => self.waiting.push(digit),
        }
        Ok(())
    }

    /// Bits that wait to be taken.
    pub fn bits(&self) -> usize {
        let left = self.waiting.len().saturating_sub(self.given);
        match self.form {
            Form::Bits => left,
            // Half a byte is four bits, at the end of a text only: `finish`.
            Form::Raw | Form::Hex => left.saturating_mul(8),
        }
    }

    /// At the end: a single digit is four bits.
    pub fn finish(&mut self) -> usize {
        let half = self.half.take().map(|high| high << 4);
        self.waiting.extend(half);
        self.bits() - if half.is_some() { 4 } else { 0 }
    }

    /// The next sample of so many bits, if they are there. Raw bytes and digits: each sample begins at a byte.
    pub fn take(&mut self, bits: usize) -> Option<Sample> {
        if bits == 0 || bits > self.bits() {
            return None;
        }
        let units = if self.form == Form::Bits { bits } else { bits.div_ceil(8) };
        let taken = self.waiting.get(self.given..self.given + units)?;
        let sample = if self.form == Form::Bits {
            let packed: Vec<u8> = taken
                .chunks(8)
                .map(|bits| bits.iter().zip((0..8).rev()).fold(0, |byte, (bit, place)| byte | bit << place))
                .collect();
            Sample::new(&packed, bits)
        } else {
            Sample::new(taken, bits)
        };
        self.given += units;
        Some(sample)
    }
}
