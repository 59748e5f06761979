//! `policy check`: which past runs would be decided otherwise under a policy, or not allowed.
//!
//! Nobody is asked anew: the recorded reviews are added up again. What a persona with other instructions
//! or rules would have found, no record says.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::made_under::{looked, manifest_of, walk};
use crate::domain::manifest::Manifest;
use crate::domain::policy::{Asked, Body, Tally, what_if};
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

/// Checks runs against `policy` and hands each, made into text by `show` in several threads, to `each`, in
/// the order of jobs and runs.
///
/// # Errors
/// [`OpsError`] when there is no store or a run that is named is not there or cannot be read.
pub fn check(
    workspace: &Workspace<'_>,
    policy: &Body,
    past: &Past,
    show: impl Fn(&Asked) -> String + Sync,
    each: &mut dyn FnMut(String),
) -> Result<CheckReport, OpsError> {
    let mut report = CheckReport::default();
    let references = match past {
        Past::Runs(references) => references,
        Past::All => return all(workspace, policy, show, each),
    };
    let runs = references.iter().map(|reference| reference.resolve(&workspace.store));
    let mut seen = BTreeSet::new();
    for (_, run) in runs.collect::<Result<Vec<_>, OpsError>>()? {
        // One that is named twice is one run.
        if !seen.insert((run.job().clone(), run.id().clone())) {
            continue;
        }
        let path = run.manifest_path();
        match view::manifest(&run).and_then(|manifest| ask(policy, &manifest, || Ok(run))) {
            Ok(asked) => {
                report.tally.add(asked.as_ref());
                if let Some(asked) = asked {
                    each(show(&asked));
                }
            }
            Err(error) => report.unreadable.push(Unreadable { path, problem: error.to_string() }),
        }
    }
    Ok(report)
}

fn all(
    workspace: &Workspace<'_>,
    policy: &Body,
    show: impl Fn(&Asked) -> String + Sync,
    each: &mut dyn FnMut(String),
) -> Result<CheckReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let mut report = CheckReport::default();
    let look = |found: Result<Here<'_>, StoreError>| {
        looked(found, |here| {
            let Some(manifest) = manifest_of(here)? else { return Ok(None) };
            let asked = ask(policy, &manifest, || here.open())?;
            let mut tally = Tally::default();
            tally.add(asked.as_ref());
            Ok(Some((tally, asked.map(|asked| show(&asked)))))
        })
    };
    let weigh = |found: &Result<(Tally, Option<String>), Unreadable>| {
        found.as_ref().map_or(0, |(_, shown)| shown.as_ref().map_or(0, String::len))
    };
    walk(workspace, &store).each(look, weigh, |found| {
        match found {
            Ok((tally, shown)) => {
                report.tally.join(&tally);
                shown.into_iter().for_each(&mut *each);
            }
            Err(broken) => report.unreadable.push(broken),
        }
        ControlFlow::Continue(())
    })?;
    report.interrupted = workspace.is_interrupted();
    if report.tally.checked + report.tally.skipped + report.unreadable.len() == 0 && !store.is_marked()? {
        return Err(StoreError::NoStore { path: store.path() }.into());
    }
    Ok(report)
}

/// What would have come of a run; none where it was not decided from recorded reviews.
fn ask(
    policy: &Body,
    manifest: &Manifest,
    open: impl FnOnce() -> Result<RunDir, StoreError>,
) -> Result<Option<Asked>, OpsError> {
    if manifest.status != RunStatus::Completed {
        return Ok(None);
    }
    let run = open()?;
    let Some((was, reviews)) = view::decided(&run, manifest)? else { return Ok(None) };
    let would = what_if(policy, &reviews, &manifest.answerers());
    Ok(Some(Asked { job: manifest.job_id.clone(), run: run.id().clone(), was, would }))
}
