//! The form of new files that people read: keys sorted, two spaces, raw Unicode, a newline at the
//! end. Numbers stand as they are.

use super::{Value, push_string, sorted};

/// A value as such a file.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value, 0);
    out.push('\n');
    out
}

fn push(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => push_string(out, text),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(members) if members.is_empty() => out.push_str("{}"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                next_line(out, index, depth + 1);
                push(out, item, depth + 1);
            }
            new_line(out, depth);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, member)) in sorted(members).into_iter().enumerate() {
                next_line(out, index, depth + 1);
                push_string(out, key);
                out.push_str(": ");
                push(out, member, depth + 1);
            }
            new_line(out, depth);
            out.push('}');
        }
    }
}

fn next_line(out: &mut String, index: usize, depth: usize) {
    if index > 0 {
        out.push(',');
    }
    new_line(out, depth);
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}
