//! Every message of a handshake: `read` takes the body, `write` appends the whole message with its header.
//!
//! Reading tells what is there and what is wrong with it; nothing is judged. Writing refuses only what its length
//! fields cannot hold. Where TLS and TLCP differ, [`super::Dialect`] is asked.

mod certificate;
mod exchange;
mod extension;
mod finish;
mod hello;

pub use certificate::{CertificateEntry, CertificateRequest, Certificates};
pub use exchange::{
    CertificateVerify, ClientKeyExchange, CurvePoint, DhParameters, ServerKeyExchange, Signature, SignedParameters,
};
pub use extension::{Extension, Extensions, KeyShareEntry};
pub use finish::{Alert, EncryptedExtensions, Finished, NewSessionTicket, ServerHelloDone, TicketDetails};
pub use hello::{
    ClientHello, HELLO_RETRY_REQUEST_RANDOM, HelloVerifyRequest, ServerHello, Ssl2ClientHello, Ssl2ServerHello,
};

use super::HandshakeType;

/// Something that does not fit the length field it has to go into. Only what is written can be too long, never what
/// was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes do not fit a length field of {width} bytes")]
pub struct TooLong {
    /// Bytes that were to be written.
    pub length: usize,
    /// Bytes of the length field.
    pub width: usize,
}

/// Appends a whole handshake message: type, length, and the body that `body` writes (RFC 8446 4).
///
/// # Errors
/// [`TooLong`] when the body, or a part of it, does not fit its length field; `out` is then of no use.
pub fn write_message(
    out: &mut Vec<u8>,
    kind: HandshakeType,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    out.push(kind.0);
    vector::<3>(out, body)
}

/// Appends what `fill` writes behind its length in `WIDTH` bytes.
fn vector<const WIDTH: usize>(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    let start = out.len();
    out.extend([0; WIDTH]);
    fill(out)?;
    let length = out.len() - start - WIDTH;
    let too_long = TooLong { length, width: WIDTH };
    let number = u64::try_from(length).map_err(|_| too_long)?.to_be_bytes();
    let (high, low) = number.split_last_chunk::<WIDTH>().ok_or(too_long)?;
    if high.iter().any(|&byte| byte != 0) {
        return Err(too_long);
    }
    if let Some(field) = out.get_mut(start..start + WIDTH) {
        field.copy_from_slice(low);
    }
    Ok(())
}

/// Appends `bytes` behind their length in `WIDTH` bytes.
fn vector_of<const WIDTH: usize>(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLong> {
    vector::<WIDTH>(out, |out| {
        out.extend_from_slice(bytes);
        Ok(())
    })
}

/// Appends numbers of two bytes.
fn numbers(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u16>) {
    numbers.into_iter().for_each(|number| out.extend(number.to_be_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_field_takes_what_it_can_hold_and_not_one_more() {
        for (length, expected) in [(255, Ok(())), (256, Err(TooLong { length: 256, width: 1 }))] {
            assert_eq!(vector_of::<1>(&mut Vec::new(), &vec![0; length]), expected);
        }
        for (length, expected) in [(65_535, Ok(())), (65_536, Err(TooLong { length: 65_536, width: 2 }))] {
            assert_eq!(vector_of::<2>(&mut Vec::new(), &vec![0; length]), expected);
        }
        let mut out = vec![9];
        vector_of::<3>(&mut out, &[7; 258]).unwrap();
        assert_eq!(out[..4], [9, 0, 1, 2]);
    }
}
