//! The JSON forms, for programs. Each says its version; a member is only ever added within one.
//!
//! What a run did not record is the text `unknown`, so that nobody takes it for a value.

use serde::Serialize;

use crate::domain::json::{Value, to_value};
use crate::domain::view::{RunRow, RunView, Unreadable, Verified, VersionLine};

/// The version of these forms.
pub const FORMAT_VERSION: u64 = 1;

pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn number(value: u64) -> Value {
    Value::Number(value.to_string())
}

fn or_unknown<T: Serialize>(value: Option<&T>) -> Value {
    value.map_or_else(|| "unknown".into(), to_value)
}

/// One run, whole. `replayed` says whether it was there already, where it was just asked for.
#[must_use]
pub fn run(view: &RunView, replayed: Option<bool>) -> Value {
    let manifest = &view.manifest;
    let whole = object([
        ("format_version", number(FORMAT_VERSION)),
        ("job_id", to_value(&manifest.job_id)),
        ("run_id", to_value(&manifest.run_id)),
        ("path", to_value(&view.path)),
        ("status", to_value(&manifest.status)),
        ("created_at", or_unknown(view.created_at.as_ref())),
        ("inputs_hash", or_unknown(manifest.inputs_hash.as_ref())),
        ("manifest_version", to_value(&manifest.schema_version)),
        ("schema_version", or_unknown(manifest.data_schema_version.as_ref())),
        ("prompt_set_version", or_unknown(manifest.prompt_set_version.as_ref())),
        ("run_type", or_unknown(manifest.run_type.as_ref())),
        ("parent_run_id", to_value(&manifest.parent_run_id)),
        ("revision", to_value(&view.revision)),
        ("policy", to_value(&manifest.policy)),
        ("steps", to_value(&manifest.steps)),
        ("error", to_value(&manifest.error)),
        ("decision", to_value(&view.decision)),
        ("reviews", to_value(&view.reviews)),
        ("proposal", to_value(&view.proposal)),
        ("attempts", to_value(&view.attempts)),
    ]);
    match replayed {
        Some(replayed) => whole.with("replayed", Value::Bool(replayed)),
        // Only where a run is looked at, its versions were looked up.
        None => whole.with("versions", to_value(&view.versions)),
    }
}

/// A list of runs.
#[must_use]
pub fn list(versions: &[&VersionLine], total: usize, unreadable: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("versions", to_value(&versions)),
        ("total", number(total as u64)),
        ("unreadable", to_value(&unreadable)),
    ])
}

/// One run in a list.
#[must_use]
pub fn row(row: &RunRow) -> Value {
    to_value(row).with("created_at", or_unknown(row.created_at.as_ref()))
}

/// The runs made under a version: the members beside their list.
#[must_use]
pub fn runs_of(policy: &str, version: u64, count: usize, unreadable: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("policy", policy.into()),
        ("version", number(version)),
        ("total", number(count as u64)),
        ("unreadable", to_value(&unreadable)),
    ])
}

/// A text under a name.
#[must_use]
pub fn text(name: &str, text: &str) -> Value {
    member(name, text.into())
}

/// A value under a name.
#[must_use]
pub fn member(name: &str, value: Value) -> Value {
    object([("format_version", number(FORMAT_VERSION)), (name, value)])
}

/// What was checked of one run or policy.
#[must_use]
pub fn verified(verified: &Verified) -> Value {
    to_value(verified).with("holds", Value::Bool(verified.holds()))
}

/// How a verification came out in all.
#[must_use]
pub fn verified_in_all(count: usize, failed: usize, head_found: Option<bool>, holds: bool) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("count", number(count as u64)),
        ("failed", number(failed as u64)),
        ("head_found", to_value(&head_found)),
        ("holds", Value::Bool(holds)),
    ])
}

/// An error; `partial` is the run as far as it is there.
#[must_use]
pub fn error(
    code: &str,
    message: &str,
    hint: Option<&str>,
    run_id: Option<&str>,
    partial: Option<&RunView>,
) -> Value {
    let mut members = vec![
        ("code".to_owned(), code.into()),
        ("message".to_owned(), message.into()),
        ("hint".to_owned(), hint.map_or(Value::Null, Value::from)),
    ];
    members.extend(run_id.map(|id| ("run_id".to_owned(), id.into())));
    members.extend(partial.map(|view| ("partial".to_owned(), run(view, None))));
    object([("error", Value::Object(members))])
}
