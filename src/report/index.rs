//! What `index` says.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use crate::domain::json::{Value, to_value};
use crate::domain::view::IndexReport;

/// For people.
#[must_use]
pub fn text(report: &IndexReport) -> String {
    let IndexReport { runs, read, removed, unreadable, .. } = report;
    let mut out = format!("{runs} runs, {read} of them read, {removed} taken out\n");
    for one in unreadable {
        let _ = writeln!(out, "{}: {}", safe(&one.path.display().to_string()), safe(&one.problem));
    }
    out
}

/// For programs.
#[must_use]
pub fn json(report: &IndexReport) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("runs", number(report.runs as u64)),
        ("read", number(report.read as u64)),
        ("removed", number(report.removed as u64)),
        ("unreadable", to_value(&report.unreadable)),
        ("is_temporary", Value::Bool(report.is_temporary)),
    ])
}
