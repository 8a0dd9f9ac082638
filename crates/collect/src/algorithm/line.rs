//! The words of the line protocol.

use std::collections::BTreeMap;
use std::fmt;

/// Values by name.
pub type Fields = BTreeMap<String, Vec<u8>>;

/// One question: an operation and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `sm4-cbc-encrypt`.
    pub operation: String,
    /// Such as `key`.
    pub fields: Fields,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was computed.
    Ok(Fields),
    /// A signature fits, a key is one.
    Valid,
    /// The input is refused.
    Invalid,
    /// The product does not have this.
    Unsupported,
}

impl Request {
    /// Reads a line without its end; `None` when it is no request.
    pub fn read(line: &str) -> Option<Request> {
        let (operation, fields) = parted(line)?;
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (!operation.is_empty() && operation.bytes().all(named)).then_some(())?;
        Some(Request { operation: operation.into(), fields: read_fields(fields)? })
    }
}

impl Answer {
    /// Reads a line without its end; `None` when it is no answer.
    pub fn read(line: &str) -> Option<Answer> {
        match parted(line)? {
            ("ok", fields) => read_fields(fields).map(Answer::Ok),
            ("valid", "") => Some(Answer::Valid),
            ("invalid", "") => Some(Answer::Invalid),
            ("unsupported", "") => Some(Answer::Unsupported),
            _ => None,
        }
    }
}

/// The first word and the rest; a space at the end is a word that is missing.
fn parted(line: &str) -> Option<(&str, &str)> {
    (!line.ends_with(' ')).then(|| line.split_once(' ').unwrap_or((line, "")))
}

fn read_fields(text: &str) -> Option<Fields> {
    let mut fields = Fields::new();
    for word in text.split(' ').filter(|_| !text.is_empty()) {
        let (name, value) = word.split_once('=').filter(|(name, _)| !name.is_empty())?;
        let value = hex::decode(value).ok().filter(|_| !value.bytes().any(|byte| byte.is_ascii_uppercase()))?;
        if fields.insert(name.into(), value).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn write_fields(fields: &Fields, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fields.iter().try_for_each(|(name, value)| write!(f, " {name}={}", hex::encode(value)))
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        write_fields(&self.fields, f)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Ok(fields) => {
                f.write_str("ok")?;
                write_fields(fields, f)
            }
            Answer::Valid => f.write_str("valid"),
            Answer::Invalid => f.write_str("invalid"),
            Answer::Unsupported => f.write_str("unsupported"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for line in ["ok", "ok output=", "ok output=00ff tag=01", "valid", "invalid", "unsupported"] {
            assert_eq!(Answer::read(line).map(|answer| answer.to_string()).as_deref(), Some(line));
        }
        for line in [
            "",
            "OK",
            "ok ",
            "ok  output=00",
            "ok output=0",
            "ok output=0G",
            "ok output=FF",
            "ok =00",
            "ok output=00 output=00",
            "ok output=00 ",
            "valid yes",
            "error",
            "ok output",
        ] {
            assert_eq!(Answer::read(line), None, "{line:?}");
        }
        for line in ["sm3-hash input=", "sm4-cbc-encrypt input=00 iv=01 key=02", "x"] {
            assert_eq!(Request::read(line).map(|request| request.to_string()).as_deref(), Some(line));
        }
        for line in ["", " ", "SM3 input=", "sm3-hash input", "sm3-hash  input="] {
            assert_eq!(Request::read(line), None, "{line:?}");
        }
    }
}
