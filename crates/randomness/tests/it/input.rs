//! Forms of input, in pieces of any size.

use crate::Stream;
use dengmi_randomness::Sample;
use dengmi_randomness::input::{Decoder, Form, Order, Wrong};

/// All samples of this text, fed in pieces of so many bytes.
fn samples(form: Form, order: Order, text: &[u8], piece: usize, bits: usize) -> Result<(Vec<Sample>, usize), Wrong> {
    let mut decoder = Decoder::new(form, order);
    let mut samples = Vec::new();
    for piece in text.chunks(piece) {
        decoder.feed(piece)?;
        while let Some(sample) = decoder.take(bits) {
            samples.push(sample);
        }
    }
    Ok((samples, decoder.finish()))
}

#[test]
fn all_forms_mean_the_same_bits() {
    let bytes = Stream(3).bytes(100);
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}\n")).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
    let turned: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
    let turned_hex: String = turned.iter().map(|byte| format!("{byte:02X}")).collect();
    let expected: Vec<Sample> = bytes.chunks_exact(32).map(Sample::whole).collect();
    for (form, order, text) in [
        (Form::Raw, Order::MostFirst, &bytes[..]),
        (Form::Raw, Order::LeastFirst, &turned),
        (Form::Bits, Order::MostFirst, bits.as_bytes()),
        (Form::Hex, Order::MostFirst, hex.as_bytes()),
        (Form::Hex, Order::LeastFirst, turned_hex.as_bytes()),
    ] {
        for piece in [1, 3, 64, 1000] {
            let found = samples(form, order, text, piece, 256).unwrap();
            assert_eq!(found, (expected.clone(), 32), "{form:?} {order:?} in pieces of {piece}");
        }
    }
}

#[test]
fn samples_that_end_inside_a_byte() {
    // Letters go on at the next bit, bytes at the next byte.
    let (found, left) = samples(Form::Bits, Order::MostFirst, b"110 0110 11", 2, 3).unwrap();
    assert_eq!(found, [0b1100_0000, 0b0110_0000, 0b0110_0000].map(|byte| Sample::new(&[byte], 3)));
    assert_eq!(left, 0);
    let (found, left) = samples(Form::Raw, Order::MostFirst, &[0xc0, 0x60, 0xff], 2, 9).unwrap();
    assert_eq!((found, left), (vec![Sample::new(&[0xc0, 0x60], 9)], 8));
    // A single digit at the end is four bits.
    let mut decoder = Decoder::new(Form::Hex, Order::MostFirst);
    decoder.feed(b"a5c").unwrap();
    assert_eq!((decoder.bits(), decoder.finish()), (8, 12));
    assert_eq!(decoder.take(12), Some(Sample::new(&[0xa5, 0xc0], 12)));
    assert_eq!(decoder.take(0), None);
}

#[test]
fn a_wrong_letter_has_its_place() {
    for (form, text, line, column, found) in [
        (Form::Bits, &b"01\n 2"[..], 2, 2, b'2'),
        (Form::Bits, b"\xef\xbb\xbf01", 1, 1, 0xef),
        (Form::Hex, b"a5 g", 1, 4, b'g'),
    ] {
        for piece in [1, 100] {
            let wrong = samples(form, Order::MostFirst, text, piece, 8).unwrap_err();
            assert_eq!(wrong, Wrong { line, column, found, form });
        }
    }
}
