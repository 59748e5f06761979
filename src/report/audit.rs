//! What `audit` says.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use crate::domain::audit::Warning;
use crate::domain::json::{Value, to_value};
use crate::domain::view::Unreadable;

/// A warning, for people.
#[must_use]
pub fn warning(Warning { run, code, versions }: &Warning) -> String {
    let versions: Vec<String> = versions
        .iter()
        .map(|(version, steps)| format!("{} ({})", safe(version), safe(&steps.join(", "))))
        .collect();
    format!("{}/{}  {code}: {}\n", run.job_id, run.run_id, versions.join("; "))
}

/// What stands below so many warnings, for people.
#[must_use]
pub fn text(runs: usize, count: usize, unreadable: &[Unreadable]) -> String {
    let mut out = String::new();
    for one in unreadable {
        let _ = writeln!(out, "{}: {}", safe(&one.path.display().to_string()), safe(&one.problem));
    }
    let broken = unreadable.len();
    let unread = if broken == 0 { String::new() } else { format!(", {broken} cannot be read") };
    let warned = if count == 1 { "1 warning".to_owned() } else { format!("{count} warnings") };
    let looked_at = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
    let _ = writeln!(out, "{looked_at}, {warned}{unread}");
    out
}

/// What stands beside the warnings, for programs.
#[must_use]
pub fn json(runs: usize, unreadable: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("runs", number(runs as u64)),
        ("unreadable", to_value(&unreadable)),
    ])
}
