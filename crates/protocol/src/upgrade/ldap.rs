//! LDAP (RFC 4511 4.14): one request, one response, in BER.

use super::part::{Fault, LINE, Part};
use super::prologue::Turn;
use dengmi_parse::{Defect, Reader};

/// The name of the operation.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const OCTET_STRING: u8 = 0x04;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const REQUEST_NAME: u8 = 0x80;

/// `resultCode` of success (RFC 4511 4.1.9).
const SUCCESS: u32 = 0;

/// What a response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The message that it answers; 0 for a notice, which ends the connection (RFC 4511 4.4.1).
    pub message: u32,
    /// The result: 0 is success, 2 that the operation is not known.
    pub result: u32,
    /// What the server says about it.
    pub text: &'a [u8],
}

/// The next message, which must be an ExtendedResponse.
pub fn response(bytes: &[u8]) -> Part<Response<'_>> {
    message(bytes).then(|message| read_response(message).map_err(|_| Fault::Foreign))
}

/// Whether the client's next message asks for TLS.
pub(super) fn request(bytes: &[u8]) -> Part<bool> {
    message(bytes).map(|message| {
        let name = |mut message: Reader<'_>| {
            element(&mut message, INTEGER)?;
            let mut operation = element(&mut message, EXTENDED_REQUEST)?;
            Ok::<_, Defect>(element(&mut operation, REQUEST_NAME)?.rest() == START_TLS)
        };
        name(message).unwrap_or(false)
    })
}

/// The inside of an LDAPMessage (RFC 4511 4.1.1).
fn message(bytes: &[u8]) -> Part<Reader<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.peek().is_some_and(|tag| tag != SEQUENCE) {
        return Part::Broken(Fault::Foreign);
    }
    let length = reader.u8().and_then(|_| length(&mut reader));
    match length {
        // The header is not complete.
        Err(_) if bytes.len() < HEADER => Part::More,
        Err(_) | Ok(None) => Part::Broken(Fault::Foreign),
        Ok(Some(length)) => {
            let used = reader.at().saturating_add(length);
            match reader.take(length) {
                _ if used > LINE => Part::Broken(Fault::LongMessage),
                Ok(inside) => Part::Whole { value: Reader::new(inside), used },
                Err(_) => Part::More,
            }
        }
    }
}

/// Bytes of a tag and the longest length.
const HEADER: usize = 6;

/// A definite length (X.690 8.1.3); `None` for another. Active Directory writes all in four bytes.
fn length(reader: &mut Reader<'_>) -> Result<Option<usize>, Defect> {
    Ok(match reader.u8()? {
        short @ ..=0x7f => Some(usize::from(short)),
        long @ 0x81..=0x84 => {
            let bytes = reader.take(usize::from(long & 0x7f))?;
            Some(bytes.iter().fold(0usize, |length, &byte| (length << 8) | usize::from(byte)))
        }
        _ => None,
    })
}

fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Defect> {
    let wrong = reader.short(1);
    if reader.u8()? != tag {
        return Err(wrong);
    }
    let length = length(reader)?.ok_or(wrong)?;
    Ok(Reader::new(reader.take(length)?))
}

fn read_response(mut message: Reader<'_>) -> Result<Response<'_>, Defect> {
    let id = number(&mut message, INTEGER)?;
    let mut operation = element(&mut message, EXTENDED_RESPONSE)?;
    let result = number(&mut operation, ENUMERATED)?;
    element(&mut operation, OCTET_STRING)?;
    let text = element(&mut operation, OCTET_STRING)?.rest();
    Ok(Response { message: id, result, text })
}

fn number(reader: &mut Reader<'_>, tag: u8) -> Result<u32, Defect> {
    let mut content = element(reader, tag)?;
    let wrong = content.short(1);
    let bytes = content.rest();
    let fits = !bytes.is_empty() && bytes.len() <= 4;
    fits.then(|| bytes.iter().fold(0u32, |number, &byte| (number << 8) | u32::from(byte))).ok_or(wrong)
}

pub(super) fn ask(out: &mut Vec<u8>) {
    // Message 1, an ExtendedRequest that has a name and no value.
    out.extend_from_slice(&[SEQUENCE, 29, INTEGER, 1, 1, EXTENDED_REQUEST, 24, REQUEST_NAME, 22]);
    out.extend_from_slice(START_TLS);
}

pub(super) fn hear(bytes: &[u8]) -> Part<Turn> {
    response(bytes).map(|response| match response.result {
        SUCCESS if response.message == 1 => Turn::Ready,
        result => Turn::refused(&[b"result ", result.to_string().as_bytes(), b": ", response.text].concat()),
    })
}
