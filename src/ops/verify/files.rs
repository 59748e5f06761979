//! Every recorded file is there, unchanged, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::check::Check;
use crate::domain::difference;
use crate::domain::digest::Digest;
use crate::domain::manifest::{FileRecord, Manifest};
use crate::domain::request::RunType;
use crate::domain::step::RunStatus;
use crate::store::{FileKind, RunDir, StoreError};

pub(super) fn inputs(run: &RunDir, manifest: &Manifest) -> Vec<Check> {
    // A migration adds an empty list to a manifest that never had one.
    let is_known = |snapshots: &&BTreeMap<_, _>| !snapshots.is_empty() || manifest.inputs_hash.is_some();
    let Some(snapshots) = manifest.input_snapshots.as_ref().filter(is_known) else {
        return vec![Check::skipped("inputs", "inputs/", "not recorded")];
    };
    let mut checks: Vec<Check> = snapshots
        .values()
        .map(|file| recorded(run, "inputs", &file.path, file.sha256, Some(file.bytes)))
        .collect();
    checks.extend(undeclared("inputs", run.input_files(), &paths(snapshots)));
    checks
}

/// The outputs of a completed run are the manifest's; before that they are those whose steps the log
/// says are completed, and a step that was interrupted may have left its own.
pub(super) fn outputs(run: &RunDir, manifest: &Manifest, logged: &BTreeMap<String, Digest>) -> Vec<Check> {
    let completed = manifest.status == RunStatus::Completed;
    let mut checks: Vec<Check> = manifest
        .artifacts
        .values()
        .map(|file| recorded(run, "outputs", &file.path, file.sha256, Some(file.bytes)))
        .collect();
    if completed {
        checks.extend(undeclared("outputs", run.output_files(), &paths(&manifest.artifacts)));
    } else {
        let steps = manifest.steps.iter().flatten().filter_map(|step| step.name.known());
        let steps = steps.map(|step| format!("outputs/{}", step.output()));
        let mut possible: BTreeSet<String> = steps.collect();
        if manifest.run_type == Some(RunType::Revision) {
            possible.insert(format!("outputs/{}", difference::FILE));
        }
        let listed = paths(&manifest.artifacts);
        let possible = possible.iter().map(String::as_str).chain(listed.iter().copied()).collect();
        let files = run.output_files().map(|mut files| {
            files.retain(|(_, kind)| *kind != FileKind::Temporary);
            files
        });
        checks.extend(undeclared("outputs", files, &possible));
        let rest = logged.iter().filter(|(path, _)| !listed.contains(path.as_str()));
        checks.extend(rest.map(|(path, digest)| recorded(run, "outputs", path, *digest, None)));
    }
    if checks.is_empty() {
        checks.push(Check::skipped("outputs", "outputs/", "no step has left one yet"));
    }
    checks
}

fn paths(files: &BTreeMap<String, FileRecord>) -> BTreeSet<&str> {
    files.values().map(|file| file.path.as_str()).collect()
}

fn recorded(run: &RunDir, check: &'static str, path: &str, digest: Digest, bytes: Option<u64>) -> Check {
    match run.hash_recorded(path, bytes) {
        Ok((Some(actual), _)) if actual == digest => Check::pass(check, path),
        Ok((Some(actual), _)) => {
            Check::fail(check, path, format!("changed: {digest} is recorded, it has {actual}"))
        }
        Ok((None, size)) => {
            let recorded = bytes.map_or_else(|| "fewer".to_owned(), |bytes| bytes.to_string());
            Check::fail(check, path, format!("changed: {recorded} bytes are recorded, it has {size}"))
        }
        Err(StoreError::NotFound { .. }) => Check::fail(check, path, "missing"),
        Err(error) => Check::fail(check, path, error),
    }
}

fn undeclared(
    check: &'static str,
    found: Result<Vec<(String, FileKind)>, StoreError>,
    declared: &BTreeSet<&str>,
) -> Vec<Check> {
    match found {
        Ok(files) => files
            .into_iter()
            .filter(|(path, _)| !declared.contains(path.as_str()))
            .map(|(path, _)| Check::fail(check, path, "it does not belong there: nothing declares it"))
            .collect(),
        Err(error) => vec![Check::fail(check, format!("{check}/"), error)],
    }
}
