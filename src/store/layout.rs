//! Where things lie. No other module spells a path of the store.

use crate::domain::ids::{JobId, RunId};

/// The store's own files; no job id begins with a dot.
pub(super) const OWN: &str = ".consensus";
/// The store's format, in [`OWN`].
pub(super) const STORE_FILE: &str = "store.json";
/// Runs being built, in [`OWN`].
pub(super) const TMP: &str = ".consensus/tmp";
/// What a run is.
pub(super) const MANIFEST: &str = "manifest.json";
/// The snapshots of a run's inputs.
pub(super) const INPUTS: &str = "inputs";
/// What a run's steps left behind.
pub(super) const OUTPUTS: &str = "outputs";
/// Evidence of each execution.
pub(super) const ATTEMPTS: &str = "attempts";
/// The policy that an attempt ran under.
pub(super) const ATTEMPT_POLICY: &str = "policy.json";
/// The log of an attempt.
pub(super) const EVENTS: &str = "events.jsonl";

/// The directory, under [`OWN`], of the policies.
pub(super) const POLICIES: &str = "policies";

/// The directory, under [`OWN`], of a policy's versions.
pub(super) fn policy(name: &str) -> String {
    format!("{POLICIES}/{name}")
}

/// The file of numbered record `number`.
pub(super) fn record(number: u64) -> String {
    format!("{number:06}.json")
}

/// The number of a record's file.
pub(super) fn record_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".json")?.parse().ok()?;
    (record(number) == name).then_some(number)
}

/// The directory of attempt `number`.
pub(super) fn attempt(number: u32) -> String {
    format!("{number:04}")
}

/// The number of an attempt's directory.
pub(super) fn attempt_number(name: &str) -> Option<u32> {
    let number = name.parse().ok()?;
    (number > 0 && attempt(number) == name).then_some(number)
}

/// The directory in which a run is built. Its name follows from the run, so whoever builds that run
/// next finds what a dead process left there.
pub(super) fn building(job: &JobId, run: &RunId) -> String {
    format!("{job}.{run}")
}

/// The temporary of `name`, in the same directory.
pub(super) fn temporary(name: &str) -> String {
    format!(".{name}.tmp")
}

/// Whether a name is a temporary's.
pub(super) fn is_temporary(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| name.strip_suffix(".tmp").is_some())
}
