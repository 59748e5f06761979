//! `policy check`: which past runs would be decided otherwise under a policy, or not allowed.
//!
//! Nobody is asked anew: the recorded reviews are added up again. What a persona with other instructions
//! or rules would have found, no record says.

use std::ops::ControlFlow;

use super::made_under::{looked, walk};
use crate::domain::manifest::{Document, Manifest};
use crate::domain::policy::{Asked, Body, Otherwise, Tally, what_if};
use crate::domain::step::RunStatus;
use crate::domain::view::Unreadable;
use crate::ops::walk::Here;
use crate::ops::{OpsError, RunRef, Workspace, view};
use crate::store::{RunDir, Store, StoreError};

/// Which runs to check.
#[derive(Debug, Clone)]
pub enum Past {
    /// These.
    Runs(Vec<RunRef>),
    /// Every run of the store.
    All,
}

/// How the runs would have come out.
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// Counted.
    pub tally: Tally,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Whether the user stopped it before all were seen.
    pub interrupted: bool,
}

/// Checks runs against `policy` and hands those that would have come out otherwise to `each`, in the order
/// of jobs and runs.
///
/// # Errors
/// [`OpsError`] when there is no store or a run that is named is not there or cannot be read.
pub fn check(
    workspace: &Workspace<'_>,
    policy: &Body,
    past: &Past,
    each: &mut dyn FnMut(Otherwise),
) -> Result<CheckReport, OpsError> {
    let mut report = CheckReport::default();
    let references = match past {
        Past::Runs(references) => references,
        Past::All => return all(workspace, policy, each),
    };
    for reference in references {
        let (_, run) = reference.resolve(&workspace.store)?;
        let manifest = view::manifest(&run)?.manifest;
        report.tally.add(otherwise(policy, &manifest, || Ok(run))?).into_iter().for_each(&mut *each);
    }
    Ok(report)
}

fn all(
    workspace: &Workspace<'_>,
    policy: &Body,
    each: &mut dyn FnMut(Otherwise),
) -> Result<CheckReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let mut report = CheckReport::default();
    let look = |found: Result<Here<'_>, StoreError>| {
        looked(found, |here| {
            let Some(bytes) = here.manifest() else { return Ok(None) };
            let manifest = Document::read(&bytes?)
                .map_err(|source| OpsError::Manifest { path: here.path(), source })?
                .manifest;
            otherwise(policy, &manifest, || here.open()).map(Some)
        })
    };
    walk(workspace, &store)?.each(
        look,
        |_| 0,
        |found| {
            match found {
                Ok(found) => report.tally.add(found).into_iter().for_each(&mut *each),
                Err(broken) => report.unreadable.push(broken),
            }
            ControlFlow::Continue(())
        },
    );
    report.interrupted = workspace.is_interrupted();
    if report.tally.checked + report.tally.skipped + report.unreadable.len() == 0 && !store.is_marked()? {
        return Err(StoreError::NoStore { path: store.path() }.into());
    }
    Ok(report)
}

/// What would have come of a run; none where it was not decided from recorded reviews.
fn otherwise(
    policy: &Body,
    manifest: &Manifest,
    open: impl FnOnce() -> Result<RunDir, StoreError>,
) -> Result<Option<Otherwise>, OpsError> {
    if manifest.status != RunStatus::Completed {
        return Ok(None);
    }
    let run = open()?;
    let Some((was, reviews)) = view::decided(&run, manifest)? else { return Ok(None) };
    let would = what_if(policy, &reviews, &asked(manifest));
    Ok(Some(Otherwise { job: manifest.job_id.clone(), run: run.id().clone(), was, would }))
}

/// Who answered, each once, as the manifest has it.
fn asked(manifest: &Manifest) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for metadata in manifest.steps.iter().flatten().filter_map(|step| step.step_metadata.as_ref()) {
        let (Some(provider), Some(model)) = (&metadata.provider, &metadata.model) else { continue };
        let one = Asked { provider: provider.clone(), model: model.clone() };
        if !asked.contains(&one) {
            asked.push(one);
        }
    }
    asked
}
