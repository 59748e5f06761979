//! The canonical form, RFC 8785 (JCS): what is hashed.
//!
//! One thing differs from a canonicaliser that goes through doubles: a number whose value a double
//! does not hold exactly as it prints back (`9007199254740993`, `0.1000000000000000055`) stays as it
//! was written, so that no two documents with different values share a hash.

use super::super::decimal::Plain;
use super::{Value, push_string, sorted};

/// Every whole number of so many digits is one that a double holds.
const SHORT: usize = 15;

/// The canonical form of a value.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value);
    out
}

fn push(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => push_number(out, text),
        Value::String(text) => push_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, member)) in sorted(members).into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_string(out, key);
                out.push(':');
                push(out, member);
            }
            out.push('}');
        }
    }
}

/// As ECMAScript prints the nearest double where that loses nothing; else as written.
fn push_number(out: &mut String, text: &str) {
    // Whole numbers that a double holds print back as they are.
    if text.len() <= SHORT && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return out.push_str(text);
    }
    let mut buffer = ryu_js::Buffer::new();
    let double = text.parse::<f64>().ok().filter(|double| double.is_finite());
    match double.map(|double| buffer.format_finite(double)) {
        Some(printed) if Plain::parse(printed) == Plain::parse(text) => out.push_str(printed),
        _ => out.push_str(text),
    }
}
