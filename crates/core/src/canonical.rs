//! The one writer of what is hashed: JSON with sorted keys, no spaces, no floats, integers and strings only.

use serde::Serialize;
use serde_json::Value;

/// Why a value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum NotCanonical {
    /// A float: two programs may print it differently.
    #[error("a float has no canonical form: {0}")]
    Float(String),
    /// The value refuses to be JSON at all, such as a map whose keys are no strings.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

/// The canonical bytes of a value. Equal values give equal bytes.
pub fn bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::with_capacity(256);
    write(&serde_json::to_value(value)?, &mut out)?;
    Ok(out)
}

/// As [`bytes`], as text.
pub fn text<T: Serialize + ?Sized>(value: &T) -> Result<String, NotCanonical> {
    bytes(value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if number.is_f64() => return Err(NotCanonical::Float(number.to_string())),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => write_all(b'[', items, b']', out, write)?,
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            write_all(b'{', sorted, b'}', out, |(key, value), out| {
                write_text(key, out);
                out.push(b':');
                write(value, out)
            })?;
        }
    }
    Ok(())
}

fn write_all<T>(
    open: u8,
    items: impl IntoIterator<Item = T>,
    close: u8,
    out: &mut Vec<u8>,
    mut one: impl FnMut(T, &mut Vec<u8>) -> Result<(), NotCanonical>,
) -> Result<(), NotCanonical> {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        one(item, out)?;
    }
    out.push(close);
    Ok(())
}

/// The escapes that RFC 8785 keeps: the shortest form, everything else as UTF-8.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            control if control < ' ' => out.extend_from_slice(format!("\\u{:04x}", u32::from(control)).as_bytes()),
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_text_is_short() {
        let value = json!({"b": [1, null, true], "a": {"密": "等·密\n\u{1}\"", "A": -5}});
        assert_eq!(text(&value).unwrap(), "{\"a\":{\"A\":-5,\"密\":\"等·密\\n\\u0001\\\"\"},\"b\":[1,null,true]}");
    }

    #[test]
    fn floats_are_refused() {
        assert!(matches!(text(&json!([0.5])), Err(NotCanonical::Float(_))));
    }
}
