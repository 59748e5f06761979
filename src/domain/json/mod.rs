//! JSON, strictly: what is read is exactly what was written, and what is hashed has one form.
//!
//! - [`Value`] keeps numbers as text, so nothing is rounded, and refuses what other readers let
//!   pass in silence: duplicate keys, a byte order mark, lone surrogates, nesting beyond 128.
//! - [`canonical()`] is the form that is hashed (RFC 8785).
//! - [`pretty()`] is the form of new files that people read.

mod canonical;
mod edit;
mod parse;
mod pretty;
mod value;

pub use canonical::canonical;
pub use edit::ObjectText;
pub use parse::JsonError;
pub use pretty::pretty;
pub use value::{Value, from_canonical, from_checked, from_slice, from_value, to_line, to_value};

use serde::Serialize;

use super::digest::Digest;

/// Nesting deeper than this is refused.
pub const MAX_DEPTH: u32 = 128;

/// The digest of a value's canonical form.
#[must_use]
pub fn digest(value: &Value) -> Digest {
    Digest::of(canonical(value).as_bytes())
}

/// Whether two values say the same, whatever the order of their members.
#[must_use]
pub fn is_alike<T: Serialize>(one: &T, other: &T) -> bool {
    canonical(&to_value(one)) == canonical(&to_value(other))
}

/// The order of keys in RFC 8785: by UTF-16 code units. It differs from the order of UTF-8 bytes:
/// U+1F600 (a surrogate pair) comes before U+FB33.
fn key_order(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

/// The members of an object in canonical order.
fn sorted(members: &[(String, Value)]) -> Vec<&(String, Value)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| key_order(&a.0, &b.0));
    sorted
}

/// Appends `text` as a JSON string with the fewest escapes (RFC 8785, section 3.2.2.2).
fn push_string(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    let mut rest = text;
    // All that is escaped are single bytes.
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            12 => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests;
