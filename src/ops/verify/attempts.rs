//! The attempts' logs are whole chains, and their policies are the versions that they name.

use std::collections::BTreeMap;

use super::exchanges;
use super::policies::Policies;
use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::event::Log;
use crate::domain::manifest::{Document, Manifest, backups};
use crate::domain::policy::PolicyRef;
use crate::domain::step::RunStatus;
use crate::store::{RunDir, Sealed};

/// What the logs of a run say.
#[derive(Default)]
pub(super) struct Attempts {
    pub(super) checks: Vec<Check>,
    /// The digest of every line, in order: the last one is the head.
    pub(super) heads: Vec<Digest>,
    /// The outputs of completed steps by their path under the run; the newest attempt's word counts.
    pub(super) completed: BTreeMap<String, Digest>,
    /// The manifests that can be in place after the newest attempt.
    manifests: Vec<Digest>,
}

pub(super) fn verify(policies: &Policies<'_>, run: &RunDir, manifest: &Manifest) -> Attempts {
    let mut found = Attempts::default();
    let numbers = match run.attempts() {
        Ok(numbers) => numbers,
        Err(error) => {
            found.checks.push(Check::fail("events", "attempts/", error));
            return found;
        }
    };
    if numbers.is_empty() {
        found.checks.push(none_there(manifest));
    }
    for (expected, number) in (1..).zip(&numbers) {
        if *number != expected {
            let problem = format!("{number:04} is there without it");
            found.checks.push(Check::fail("events", format!("attempts/{expected:04}"), problem));
            break;
        }
    }
    let last = numbers.last().copied();
    let mut ended = None;
    for number in numbers {
        let subject = format!("attempts/{number:04}/events.jsonl");
        match run.log(number) {
            Ok(log) => {
                let place = (number, found.heads.last().copied());
                found.checks.push(events(&log, subject, manifest, Some(number) == last, place));
                found.checks.push(policy(policies, run, number, log.policy()));
                found.checks.extend(exchanges::verify(run, number, &log));
                ended = log.ended().or(ended);
                found.take(&log);
            }
            Err(error) => found.checks.push(Check::fail("events", subject, error)),
        }
    }
    if manifest.status == RunStatus::Completed && last.is_some() {
        found.checks.push(completion(&found.completed, ended, manifest));
    }
    found
}

impl Attempts {
    fn take(&mut self, log: &Log) {
        self.heads.extend(&log.digests);
        self.manifests = log.manifests().collect();
        for (_, outputs) in log.completed() {
            let paths = outputs.iter().map(|(name, digest)| (format!("outputs/{name}"), *digest));
            self.completed.extend(paths);
        }
    }

    /// The manifest is the one that the newest attempt found or left behind; one that was migrated since
    /// has that one as the backup of its first migration.
    pub(super) fn seal(&self, bytes: &[u8], document: &Document) -> Check {
        let (check, subject) = ("events", "manifest.json");
        if self.heads.is_empty() {
            return Check::skipped(check, subject, "not recorded");
        }
        let sealed = if document.manifest.migration_history.is_empty() {
            Ok(Digest::of(bytes))
        } else {
            first_backup(document)
        };
        let problem = match sealed {
            Ok(sealed) if self.manifests.contains(&sealed) => None,
            Ok(_) => Some("it is not the manifest that the log recorded".to_owned()),
            Err(problem) => Some(problem),
        };
        Check::unless(problem, check, subject)
    }
}

/// The digest of the manifest that the first migration kept; it was checked that it is the recorded one.
fn first_backup(document: &Document) -> Result<Digest, String> {
    match backups(&document.value).next() {
        Some((0, backup)) => backup.map(|backup| backup.digest).map_err(|error| error.to_string()),
        _ => Err("its first migration is none of this program".to_owned()),
    }
}

/// Runs of other tools have no attempts; a run of this program always has one.
fn none_there(manifest: &Manifest) -> Check {
    if manifest.policy.is_some() || manifest.run_type.is_some() {
        Check::fail("events", "attempts/", "missing")
    } else {
        Check::skipped("events", "attempts/", "not recorded")
    }
}

/// The log is a whole chain that stands in its `place`: its number, and the end of the one before.
fn events(
    log: &Log,
    subject: String,
    manifest: &Manifest,
    newest: bool,
    place: (u32, Option<Digest>),
) -> Check {
    let cut_allowed = newest && manifest.status != RunStatus::Completed;
    let problem = if log.entries.is_empty() {
        Some("it has no whole line")
    } else if log.policy().is_none() {
        Some("its first line is no attempt_started")
    } else if log.place() != Some(place) {
        Some("it does not follow the attempt before it")
    } else if log.torn && !cut_allowed {
        Some("its last line is cut off")
    } else {
        None
    };
    Check::unless(problem, "events", subject)
}

/// A completed run's log ends with its completion, and tells of each of its outputs.
fn completion(logged: &BTreeMap<String, Digest>, ended: Option<RunStatus>, manifest: &Manifest) -> Check {
    let differs = manifest.artifacts.values().find(|file| logged.get(&file.path) != Some(&file.sha256));
    let problem = if ended == Some(RunStatus::Completed) {
        differs.map(|file| format!("the manifest's `{}` is not the one that the log recorded", file.path))
    } else {
        Some("the manifest says completed, no log does".to_owned())
    };
    Check::unless(problem, "events", "completion")
}

/// The attempt's copy is the version that its log names, byte for byte.
fn policy(policies: &Policies<'_>, run: &RunDir, number: u32, named: Option<&PolicyRef>) -> Check {
    let subject = format!("attempts/{number:04}/policy.json");
    let Some(named) = named else { return Check::skipped("policy", subject, "the log does not name it") };
    let copy = match run.attempt_policy(number) {
        Ok(copy) => copy,
        Err(error) => return Check::fail("policy", subject, error),
    };
    let versions = policies.versions(&named.name);
    let versions = match versions.as_ref() {
        Ok(versions) => versions,
        Err(problem) => return Check::fail("policy", subject, problem),
    };
    let version = versions.iter().find(|sealed| sealed.record.number == named.version);
    let problem = match version {
        None => Some(format!("policy `{}` has no version {}", named.name, named.version)),
        Some(Sealed { record, bytes }) => {
            let body = crate::domain::policy::PolicyVersion::of(record).map(|version| version.reference);
            match body {
                Err(error) => Some(error.to_string()),
                Ok(reference) if reference != *named => Some("the log names another body".to_owned()),
                Ok(_) if *bytes != copy => {
                    Some(format!("it is not version {} of policy `{}`", named.version, named.name))
                }
                Ok(_) => None,
            }
        }
    };
    Check::unless(problem, "policy", subject)
}
