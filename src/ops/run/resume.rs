//! Going on with a run that is there: what it is, and which of its steps are done.

use std::collections::BTreeMap;

use super::plan::Plan;
use crate::domain::digest::Digest;
use crate::domain::manifest::MANIFEST_VERSION;
use crate::domain::step::{RunStatus, Step};
use crate::ops::{OpsError, view};
use crate::store::{RunDir, StoreError};

/// The steps that earlier attempts finished, each with its output's bytes.
pub(super) type Done = BTreeMap<Step, Vec<u8>>;

/// Whether the run is completed.
///
/// # Errors
/// [`OpsError::Corrupt`] when what stands in the run's place is not the run that the plan makes.
pub(super) fn is_completed(run: &RunDir, plan: &Plan) -> Result<bool, OpsError> {
    let manifest = match view::manifest(run) {
        Err(OpsError::Store(StoreError::NotFound { .. })) => {
            return Err(view::corrupt(run, "manifest.json", "it is missing, though the run is there"));
        }
        manifest => manifest?.manifest,
    };
    if manifest.inputs_hash != Some(plan.inputs_hash) {
        let found = manifest.inputs_hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string());
        let problem = format!("`inputs_hash` is {found}, but these inputs have {}", plan.inputs_hash);
        return Err(view::corrupt(run, "manifest.json", problem));
    }
    Ok(manifest.status == RunStatus::Completed)
}

/// What earlier attempts finished, after checking that the inputs still are what they were.
///
/// # Errors
/// [`OpsError::Corrupt`] when an input, a log or an output was changed.
pub(super) fn finished_steps(run: &RunDir, plan: &Plan) -> Result<Done, OpsError> {
    let version = view::manifest(run)?.manifest.schema_version;
    if version != MANIFEST_VERSION {
        let problem = format!("it has version {version}; only version {MANIFEST_VERSION} is written");
        return Err(view::corrupt(run, "manifest.json", problem));
    }
    for (name, bytes) in &plan.inputs {
        if run.input(name)? != *bytes {
            return Err(view::corrupt(run, &format!("inputs/{name}"), "it is not what was recorded"));
        }
    }
    let mut recorded: BTreeMap<Step, Digest> = BTreeMap::new();
    for attempt in run.attempts()? {
        for (step, outputs) in run.log(attempt)?.completed() {
            recorded.extend(outputs.get(&step.output()).map(|digest| (step.clone(), *digest)));
        }
    }
    let mut done = Done::new();
    for (step, digest) in recorded {
        match run.output(&step.output()) {
            Ok(bytes) if Digest::of(&bytes) == digest => drop(done.insert(step, bytes)),
            Ok(_) => {
                let file = format!("outputs/{}", step.output());
                let problem =
                    format!("it is not what `{step}` recorded; move it away to have that step done again");
                return Err(view::corrupt(run, &file, problem));
            }
            // Somebody removed it, so it is done again.
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}
