//! What `policy check` shows: the runs that would have come out otherwise.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use super::style::{DIM, RED, YELLOW, of_label, styled};
use super::terminal::wrap;
use crate::domain::digest::Digest;
use crate::domain::json::{Value, to_value};
use crate::domain::policy::{Asked, Tally};
use crate::domain::view::Unreadable;

/// One run that would have come out otherwise; empty for any other.
#[must_use]
pub fn asked(found: &Asked, width: usize) -> String {
    if !found.differs() {
        return String::new();
    }
    let was = styled(of_label(found.was), format!("{:<7}", found.was.to_string()));
    let would = match found.would.would {
        Some(label) => styled(of_label(label), format!("{:<7}", label.to_string())),
        None => styled(YELLOW, "no decision"),
    };
    let mut out = format!("{was} → {would}  {}/{}\n", found.job, found.run);
    let reasons = found.would.not_allowed.iter().map(|reason| format!("not allowed: {reason}"));
    let why = found
        .would
        .reasons
        .iter()
        .filter(|_| found.would.would != Some(found.was))
        .map(|reason| safe(reason));
    for reason in reasons.map(|reason| safe(&reason)).chain(why) {
        for line in wrap(width, "    ", "    ", &reason) {
            let _ = writeln!(out, "{}", styled(DIM, line));
        }
    }
    out
}

/// One run, for programs.
#[must_use]
pub fn asked_json(found: &Asked) -> Value {
    object([
        ("job_id", to_value(&found.job)),
        ("run_id", to_value(&found.run)),
        ("was", to_value(&found.was)),
        ("differs", Value::Bool(found.differs())),
        ("would_be", to_value(&found.would.would)),
        ("reasons", to_value(&found.would.reasons)),
        ("not_counted", to_value(&found.would.not_counted)),
        ("not_allowed", to_value(&found.would.not_allowed)),
    ])
}

/// How all came out.
#[must_use]
pub fn tally(tally: &Tally, unreadable: &[Unreadable]) -> String {
    let Tally { checked, same, stricter, milder, undecided, not_allowed, skipped } = *tally;
    let mut out = format!("{checked} checked: {same} as they were");
    let others = [
        (stricter, "decided more strictly"),
        (milder, "decided more mildly"),
        (undecided, "without a decision"),
        (not_allowed, "not allowed"),
    ];
    for (count, what) in others {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out.push('\n');
    if skipped > 0 {
        let _ = writeln!(out, "{}", styled(DIM, format!("{skipped} without recorded reviews were skipped")));
    }
    for broken in unreadable {
        let _ = writeln!(out, "{} {}", styled(RED, "unreadable"), safe(&broken.problem));
    }
    out
}

/// As [`tally`], for programs: the members beside the list of runs.
#[must_use]
pub fn tally_json(policy: &Digest, tally: &Tally, unreadable: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("policy_digest", policy.to_string().into()),
        ("checked", number(tally.checked as u64)),
        ("same", number(tally.same as u64)),
        ("stricter", number(tally.stricter as u64)),
        ("milder", number(tally.milder as u64)),
        ("undecided", number(tally.undecided as u64)),
        ("not_allowed", number(tally.not_allowed as u64)),
        ("skipped", number(tally.skipped as u64)),
        ("unreadable", to_value(&unreadable)),
    ])
}
