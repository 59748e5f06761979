//! What `config show` shows: each setting, its value and where it comes from.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use super::style::{DIM, styled};
use crate::domain::json::Value;

/// A setting as it is shown.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

/// For people.
#[must_use]
pub fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.value.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for Row { name, value, origin } in rows {
        let _ = writeln!(out, "{name:<18}  {:<width$}  {}", safe(value), styled(DIM, safe(origin)));
    }
    out
}

/// For programs.
#[must_use]
pub fn json(rows: &[Row]) -> Value {
    let setting = |row: &Row| {
        let members = object([("value", row.value.as_str().into()), ("origin", row.origin.as_str().into())]);
        (row.name.clone(), members)
    };
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("settings", Value::Object(rows.iter().map(setting).collect())),
    ])
}
