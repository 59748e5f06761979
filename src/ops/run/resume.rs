//! Going on with a run that is there: what it is, and which of its steps are done.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Left;
use super::plan::Plan;
use crate::domain::budget::Account;
use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Log};
use crate::domain::exchange::{Exchange, exchange_file};
use crate::domain::manifest::MANIFEST_VERSION;
use crate::domain::step::{RunStatus, Step};
use crate::ops::{OpsError, verify, view};
use crate::provider::model::Recording;
use crate::store::{RunDir, Store, StoreError};

/// What the steps that earlier attempts finished left behind, by its name under `outputs/`.
pub(super) type Done = BTreeMap<String, Vec<u8>>;

/// Whether the run is completed.
///
/// # Errors
/// [`OpsError::Corrupt`] when what stands in the run's place is not the run that the plan makes.
pub(super) fn is_completed(run: &RunDir, plan: &Plan) -> Result<bool, OpsError> {
    let manifest = view::manifest(run)?;
    if manifest.inputs_hash != Some(plan.inputs_hash) {
        let found = manifest.inputs_hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string());
        let problem = format!("`inputs_hash` is {found}, but these inputs have {}", plan.inputs_hash);
        return Err(view::corrupt(run, "manifest.json", problem));
    }
    Ok(manifest.status == RunStatus::Completed)
}

/// An unfinished run as it was left.
pub(super) struct Unfinished {
    /// The steps that are done.
    pub(super) done: Done,
    /// The bytes of its manifest.
    pub(super) manifest: Vec<u8>,
    /// The number of the attempt that follows.
    pub(super) next_attempt: u32,
    /// The end of the newest attempt's log.
    pub(super) head: Option<Digest>,
    /// What was spent, and what of it was never used.
    pub(super) left: Left,
}

/// What earlier attempts left behind. Nothing is built upon a run that does not verify: what is wrong
/// with it would be covered up.
///
/// # Errors
/// [`OpsError::Corrupt`] naming the first check that fails.
pub(super) fn read(store: &Store, run: &RunDir, plan: &Plan) -> Result<Unfinished, OpsError> {
    let manifest = run.manifest()?;
    let version = view::manifest(run)?.schema_version;
    if version != MANIFEST_VERSION {
        let problem = format!("it has version {version}; only version {MANIFEST_VERSION} is written");
        return Err(view::corrupt(run, "manifest.json", problem));
    }
    if let Some(check) = verify::checks(store, run).into_iter().find(Check::failed) {
        return Err(view::corrupt(run, &check.subject, check.detail));
    }
    // The inputs' hash is the plan's, and the files are what it was made of.
    let (mut recorded, mut names, mut logs) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for attempt in run.attempts()? {
        let log = run.log(attempt)?;
        for (step, outputs) in log.completed().filter(|(step, _)| plan.steps.contains(step)) {
            recorded.insert(step.clone());
            names.extend(outputs.keys().cloned());
        }
        logs.push((attempt, log));
    }
    let head = logs.last().and_then(|(_, log)| log.digests.last().copied());
    let last = logs.last().map_or(0, |(attempt, _)| *attempt);
    let left = Left {
        account: Account::after(logs.iter().map(|(_, log)| log)),
        unused: unused(run, &logs, &recorded)?,
    };
    let done = names.into_iter().map(|name| run.output(&name).map(|bytes| (name, bytes)));
    Ok(Unfinished {
        done: done.collect::<Result<_, StoreError>>()?,
        manifest,
        next_attempt: last + 1,
        head,
        left,
    })
}

/// The answers of steps that neither came to their end nor failed in the newest attempt that began them: their
/// process died, or was told to stop, before it used them.
fn unused(run: &RunDir, logs: &[(u32, Log)], completed: &BTreeSet<Step>) -> Result<Recording, OpsError> {
    let mut newest: BTreeMap<&Step, (u32, Vec<u32>)> = BTreeMap::new();
    for (attempt, log) in logs {
        for entry in &log.entries {
            match &entry.event {
                Event::StepStarted { step } => drop(newest.insert(step, (*attempt, Vec::new()))),
                Event::StepFailed { step, .. } => drop(newest.remove(step)),
                Event::CallReserved { step, call, .. } | Event::CallReplayed { step, call, .. } => {
                    newest.entry(step).or_insert((*attempt, Vec::new())).1.push(*call);
                }
                _ => {}
            }
        }
    }
    let mut unused = Vec::new();
    for (step, (attempt, calls)) in newest.into_iter().filter(|(step, _)| !completed.contains(step)) {
        for call in calls {
            let name = exchange_file(step, call);
            let file = format!("attempts/{attempt:04}/exchanges/{name}");
            // Its process may have died before it came back, or just before it said so.
            let bytes = match run.exchange(attempt, &name) {
                Err(StoreError::NotFound { .. }) => continue,
                bytes => bytes?,
            };
            let exchange = Exchange::read(&bytes);
            unused.push(exchange.map_err(|error| view::corrupt(run, &file, error))?);
        }
    }
    Ok(Recording::of(unused))
}
