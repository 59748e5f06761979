//! What `doctor` says.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use super::style::{DIM, GREEN, RED, styled};
use crate::domain::check::{Check, Outcome};
use crate::domain::json::{Value, to_value};

/// For people.
#[must_use]
pub fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for Check { check, subject, outcome, detail } in checks {
        let mark = match outcome {
            Outcome::Pass => styled(GREEN, "ok  "),
            Outcome::Fail => styled(RED, "FAIL"),
            Outcome::Skipped => styled(DIM, "-   "),
        };
        let line = format!("{mark}  {check:<8}  {:<width$}  {}", safe(subject), safe(detail));
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// For programs.
#[must_use]
pub fn json(checks: &[Check]) -> Value {
    let holds = !checks.iter().any(Check::failed);
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("checks", to_value(&checks)),
        ("holds", Value::Bool(holds)),
    ])
}
