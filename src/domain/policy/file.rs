//! Policies as TOML, for people: read with the line of whatever is wrong, and written so that what is
//! written reads as the same policy.
//!
//! What a file leaves out is as in the built-in policy; `personas` and `limits.prices` are taken whole.
//! Numbers keep their digits: they are never read as binary fractions.

use std::fmt::Write as _;

use super::Body;
use crate::domain::json::{Value, from_value, to_value};
use crate::domain::refusal::Refusal;
use crate::domain::text::is_hidden;
use crate::domain::written::{FileRefusal, Written};

/// Tables that are taken whole.
const WHOLE: [&str; 1] = ["limits.prices"];

/// Reads a policy; `check` may refuse it for what only others know.
///
/// # Errors
/// The first [`FileRefusal`].
pub fn read(text: &str, check: impl Fn(&Body) -> Result<(), Refusal>) -> Result<Body, FileRefusal> {
    let Written { value, lines } = Written::parse(text)?;
    if value.members().is_empty() {
        let problem = "it says nothing; the built-in policy is `consensus policy rollback default --to 1`";
        return Err(FileRefusal { line: None, refusal: Refusal::new("empty_file", "", problem) });
    }
    let merged = overlay(to_value(&Body::default()), value, "");
    let body = from_value::<Body>(&merged)
        .map_err(Refusal::of_shape)
        .and_then(|body| no_list_for_a_table(&merged, &to_value(&body), "").map(|()| body))
        .and_then(|body| body.validate().and_then(|()| check(&body)).map(|()| body));
    body.map_err(|refusal| {
        // What is too low there may be what the file says, and not what it leaves out.
        let said = refusal.field != "panel.thresholds.revise" || lines.has(&refusal.field);
        let line = lines.of(if said { &refusal.field } else { "panel.thresholds.approve" });
        FileRefusal { line, refusal }
    })
}

/// A list would be read as the fields of a table, by their order.
fn no_list_for_a_table(given: &Value, read: &Value, field: &str) -> Result<(), Refusal> {
    match (given, read) {
        (Value::Array(_), Value::Object(_)) => {
            Err(Refusal::new("wrong_type", field, "it takes a table; this is a list"))
        }
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).enumerate().try_for_each(|(index, (given, read))| {
                no_list_for_a_table(given, read, &format!("{field}[{index}]"))
            })
        }
        (given, Value::Object(members)) => members.iter().try_for_each(|(name, read)| {
            let Some(given) = given.get(name) else { return Ok(()) };
            let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            no_list_for_a_table(given, read, &field)
        }),
        _ => Ok(()),
    }
}

/// `file` where it says something, else `base`.
fn overlay(base: Value, file: Value, field: &str) -> Value {
    let (Value::Object(mut base), Value::Object(file)) = (base, file.clone()) else { return file };
    for (name, value) in file {
        let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
        match base.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) if !WHOLE.contains(&field.as_str()) => {
                *old = overlay(std::mem::replace(old, Value::Null), value, &field);
            }
            Some((_, old)) => *old = value,
            None => base.push((name, value)),
        }
    }
    Value::Object(base)
}

/// A policy as TOML, every field of it.
#[must_use]
pub fn write(body: &Body) -> String {
    let mut out = String::new();
    table(&mut out, "", &to_value(body));
    out.trim_start().to_owned()
}

fn table(out: &mut String, path: &str, value: &Value) {
    let is_tables = |value: &Value| value.items().iter().any(|item| matches!(item, Value::Object(_)));
    let is_empty = |value: &Value| matches!(value, Value::Object(members) if members.is_empty());
    for (name, value) in value.members() {
        match value {
            Value::Null => drop(writeln!(out, "# {} is not set", key(name))),
            value if is_empty(value) => drop(writeln!(out, "# {} is empty", key(name))),
            Value::Object(_) => {}
            value if is_tables(value) => {}
            value => drop(writeln!(out, "{} = {}", key(name), inline(value))),
        }
    }
    for (name, value) in value.members() {
        let path = if path.is_empty() { key(name) } else { format!("{path}.{}", key(name)) };
        if matches!(value, Value::Object(_)) && !is_empty(value) {
            let has_scalars = value
                .members()
                .iter()
                .any(|(_, value)| !matches!(value, Value::Object(_)) && !is_tables(value));
            if has_scalars {
                let _ = writeln!(out, "\n[{path}]");
            }
            table(out, &path, value);
        } else if is_tables(value) {
            for item in value.items() {
                let _ = writeln!(out, "\n[[{path}]]");
                table(out, &path, item);
            }
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.clone(),
        Value::Null | Value::Object(_) => String::new(),
    }
}

/// Text over several lines stands as it is; any other on one line, hidden characters as escapes.
fn quoted(text: &str) -> String {
    let is_plain = !text.chars().any(|letter| is_hidden(letter) && letter != '\n');
    if is_plain && text.contains('\n') { toml::Value::from(text).to_string() } else { on_one_line(text) }
}

fn on_one_line(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if is_hidden(letter) => drop(write!(out, "\\U{:08x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out + "\""
}

fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { on_one_line(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<usize>, &'static str, String) {
        let FileRefusal { line, refusal } = read(text, |_| Ok(())).unwrap_err();
        (line, refusal.code, refusal.field)
    }

    #[test]
    fn what_is_written_reads_as_the_same_policy() {
        assert_eq!(read(&write(&Body::default()), |_| Ok(())).unwrap(), Body::default());
        assert_eq!(read("[limits]", |_| Ok(())).unwrap(), Body::default());
        assert_eq!(refused("# nothing\n"), (None, "empty_file", String::new()));
    }

    #[test]
    fn text_of_every_kind_survives() {
        let mut body = Body::default();
        let odd = "a \"b\" \\ c\u{200b}\u{202e}\u{85}\u{7f}\u{e0041} d\t'e";
        for text in [odd, "one\ntwo \"\"\" three\n  four", "\u{feff}x\ny\u{1b}"] {
            body.panel.personas[0].instructions = crate::domain::text::Text::new(text).unwrap();
            body.limits.allowed_models = vec![text.to_owned()];
            body.limits.prices = [(
                text.to_owned(),
                super::super::Price {
                    input_usd_micros: u64::MAX,
                    output_usd_micros: 0,
                    nature_cost: Some(1),
                },
            )]
            .into();
            let written = write(&body);
            assert_eq!(read(&written, |_| Ok(())).unwrap(), body, "{written}");
            assert!(!written.chars().any(|letter| is_hidden(letter) && letter != '\n'), "{written}");
        }
    }

    #[test]
    fn a_list_is_no_table() {
        for (text, place) in [
            ("[panel]\nthresholds = [0.9, 0.5, 0.6]", "panel.thresholds"),
            ("limits = [true]", "limits"),
            ("[panel]\nexpansion = []", "panel.expansion"),
            ("[limits]\nprices = {m = [1, 2]}", "limits.prices.m"),
            ("[panel]\npersonas = [[\"a\", \"A\", 1, 0.2, \"x\"]]", "panel.personas[0]"),
        ] {
            let (_, code, field) = refused(text);
            assert_eq!((code, field.as_str()), ("wrong_type", place), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let body =
            read("[panel.thresholds]\napprove = 0.800_000_000_000_000_000_01\nrevise = 6e-1\n", |_| Ok(()))
                .unwrap();
        assert_eq!(body.panel.thresholds.approve.to_string(), "0.80000000000000000001");
        assert_eq!(body.panel.thresholds.revise.to_string(), "0.6");
        assert_eq!(
            read("[limits]\nbudget_tokens = 0x1_0", |_| Ok(())).unwrap().limits.budget_tokens,
            Some(16)
        );
    }

    #[test]
    fn each_refusal_has_its_line_its_code_and_its_field() {
        let field = |line, code, field: &str| (Some(line), code, field.to_owned());
        assert_eq!(refused("[panel\n"), field(1, "bad_toml", ""));
        assert_eq!(refused("\n[panel]\nmethods = 1"), field(3, "unknown_field", "panel.methods"));
        assert_eq!(refused("[panel]\nmethod = \"vote\""), field(2, "unknown_value", "panel.method"));
        assert_eq!(refused("[limits]\n\nallow_network = 1"), field(3, "wrong_type", "limits.allow_network"));
        assert_eq!(refused("[limits]\nbudget_tokens = -1"), field(2, "out_of_range", "limits.budget_tokens"));
        assert_eq!(
            refused("[limits]\nbudget_tokens = 1979-05-27"),
            field(2, "wrong_type", "limits.budget_tokens")
        );
        assert_eq!(refused("[panel]\nquorum = 6"), field(2, "quorum_range", "panel.quorum"));
        assert_eq!(
            refused("[panel.thresholds]\napprove = 0.5"),
            field(2, "thresholds_order", "panel.thresholds.revise")
        );
        assert_eq!(
            refused("[[panel.personas]]\nid = \"a\"\nname = \"A\"\nweight = 0.5\ninstructions = \"x\""),
            field(4, "weights_sum", "panel.personas[].weight")
        );
        assert_eq!(
            refused("[[panel.personas]]\nid = \"A\"\nname = \"A\"\nweight = 1\ninstructions = \"x\""),
            field(2, "bad_id", "panel.personas[0].id")
        );
        assert_eq!(
            refused("[[panel.personas]]\nid = \"a\"\nname = \" \"\nweight = 1\ninstructions = \"x\""),
            field(3, "blank", "panel.personas[0].name")
        );
        assert_eq!(
            refused("[[panel.personas]]\nid = \"a\""),
            field(1, "missing_field", "panel.personas[0].name")
        );
        assert_eq!(
            refused("[panel.thresholds]\nrerun = 0.00001234567890123456789012"),
            field(2, "too_precise", "panel.thresholds.rerun")
        );
        assert_eq!(
            refused("[panel.thresholds]\nrerun = nan"),
            field(2, "wrong_type", "panel.thresholds.rerun")
        );
    }
}
