//! Where things lie. No other module spells a path of the store.

use crate::domain::artifact::ArtifactName;
use crate::domain::ids::{JobId, PolicyName, RunId};

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
/// The raw requests and answers of an attempt.
pub(super) const EXCHANGES: &str = "exchanges";
/// The log of an attempt.
pub(super) const EVENTS: &str = "events.jsonl";

/// What can be deleted and is made again, under [`OWN`].
pub(super) const CACHE: &str = "cache";
/// What marks [`CACHE`] for git, and for backups (<https://bford.info/cachedir/>).
pub(super) const CACHE_MARKS: [(&str, &str); 2] =
    [(".gitignore", "*\n"), ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")];
/// The index of the store, in [`CACHE`].
pub(super) const INDEX: &str = "index.sqlite";

/// The directory, under [`OWN`], of the policies.
pub(super) const POLICIES: &str = "policies";

/// The directory, under [`OWN`], of a policy's versions.
pub(super) fn policy(name: &PolicyName) -> String {
    format!("{POLICIES}/{name}")
}

/// The directory, under [`OWN`], of versioned artifacts: by cycle, job and phase.
pub(super) const VERSIONS: &str = "versions";
/// Stands where an artifact has no cycle.
pub(super) const NO_CYCLE: &str = "-";

/// The directory, under [`OWN`], of an artifact's events.
pub(super) fn artifact(name: &ArtifactName) -> String {
    let cycle = name.cycle.as_ref().map_or(NO_CYCLE, |cycle| cycle.as_str());
    format!("{VERSIONS}/{cycle}/{}/{}", name.job, name.phase)
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

/// The directory in which a process makes runs aside: its `number`th. No job has such a name.
pub(super) fn aside(process: u32, number: u32) -> String {
    format!(".aside.{process}.{number}")
}

/// The temporary of `name`, in the same directory.
pub(super) fn temporary(name: &str) -> String {
    format!(".{name}.tmp")
}

/// Whether a name is a temporary's.
pub(super) fn is_temporary(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| name.strip_suffix(".tmp").is_some())
}

/// What a manifest's bytes are kept as when it is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The bytes before a migration: `manifest.json.backup`, then `manifest.json.backup.2` and so on.
    Backup,
    /// The bytes before going back: `manifest.json.restored.1` and so on.
    Restored,
}

impl Kept {
    /// The name of the file with this number, from 1.
    pub(super) fn name(self, number: u64) -> String {
        match self {
            Self::Backup if number == 1 => format!("{MANIFEST}.backup"),
            Self::Backup => format!("{MANIFEST}.backup.{number}"),
            Self::Restored => format!("{MANIFEST}.restored.{number}"),
        }
    }

    /// The number of the file with this name.
    pub(super) fn number(self, name: &str) -> Option<u64> {
        let rest = name.strip_prefix(self.name(1).trim_end_matches(".1"))?;
        let number = match rest.strip_prefix('.') {
            Some(number) => number.parse().ok()?,
            None if rest.is_empty() => 1,
            None => return None,
        };
        (self.name(number) == name).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_files_are_numbered() {
        for (kept, names) in [
            (Kept::Backup, ["manifest.json.backup", "manifest.json.backup.2"]),
            (Kept::Restored, ["manifest.json.restored.1", "manifest.json.restored.2"]),
        ] {
            for (name, number) in names.iter().zip(1..) {
                assert_eq!(kept.name(number), *name);
                assert_eq!(kept.number(name), Some(number));
            }
        }
        for other in [
            "manifest.json",
            "manifest.json.backup.",
            "manifest.json.backup.02",
            "manifest.json.backup.1",
            "x",
        ] {
            assert_eq!(Kept::Backup.number(other), None, "{other}");
        }
        assert_eq!(Kept::Restored.number("manifest.json.restored"), None);
    }
}
