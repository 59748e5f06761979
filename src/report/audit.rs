//! What `audit` says.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use crate::domain::audit::Warning;
use crate::domain::json::{Value, to_value};
use crate::domain::view::Unreadable;

/// For people.
#[must_use]
pub fn text(runs: usize, warnings: &[Warning], unreadable: &[Unreadable]) -> String {
    let mut out = String::new();
    for Warning { run, code, versions } in warnings {
        let versions: Vec<String> = versions
            .iter()
            .map(|(version, steps)| format!("{} ({})", safe(version), safe(&steps.join(", "))))
            .collect();
        let _ = writeln!(out, "{}/{}  {code}: {}", run.job_id, run.run_id, versions.join("; "));
    }
    for one in unreadable {
        let _ = writeln!(out, "{}: {}", safe(&one.path.display().to_string()), safe(&one.problem));
    }
    let (count, broken) = (warnings.len(), unreadable.len());
    let unread = if broken == 0 { String::new() } else { format!(", {broken} cannot be read") };
    let warned = if count == 1 { "1 warning".to_owned() } else { format!("{count} warnings") };
    let looked_at = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
    let _ = writeln!(out, "{looked_at}, {warned}{unread}");
    out
}

/// For programs.
#[must_use]
pub fn json(runs: usize, warnings: &[Warning], unreadable: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("runs", number(runs as u64)),
        ("warnings", to_value(&warnings)),
        ("unreadable", to_value(&unreadable)),
    ])
}
