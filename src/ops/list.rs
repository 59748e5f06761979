//! `list`: the runs of a store, newest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::view::{created_at, manifest};
use super::{OpsError, Workspace};
use crate::domain::ids::JobId;
use crate::domain::view::{RunRow, Unreadable};
use crate::store::{RunDir, Store, StoreError};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Only this job's runs.
    pub job: Option<JobId>,
    /// Only so many, the newest.
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct ListReport {
    /// The runs, newest first; one whose age is not known comes last; ties by run id.
    pub runs: Vec<RunRow>,
    /// How many there are, the ones beyond the limit included.
    pub total: usize,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Lists the runs of the store.
///
/// # Errors
/// [`OpsError`] when there is no store, or the system refuses.
pub fn list(workspace: &Workspace<'_>, options: &ListOptions) -> Result<ListReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let jobs = options.job.clone().map_or_else(|| store.jobs(), |job| Ok(vec![job]))?;
    let limit = options.limit.unwrap_or(usize::MAX);
    let mut report = ListReport::default();
    // The newest `limit` rows seen so far, the oldest of them on top.
    let mut newest = BinaryHeap::new();
    for job in jobs {
        let ids = store.run_ids(&job).unwrap_or_else(|error| {
            report
                .unreadable
                .push(Unreadable { path: store.path().join(job.as_str()), problem: error.to_string() });
            Vec::new()
        });
        for id in ids {
            let run = store.recorded(&job, &id).map_err(OpsError::from);
            match run.and_then(|run| run.map(|run| row(&run)).transpose()) {
                Ok(Some(row)) => newest.push(Reverse(Ranked(row))),
                Ok(None) => continue,
                Err(error) => {
                    let path = store.path().join(job.as_str()).join(id.as_str());
                    report.unreadable.push(Unreadable { path, problem: error.to_string() });
                }
            }
            report.total += 1;
            if newest.len() > limit {
                newest.pop();
            }
        }
    }
    if report.total == 0 && report.unreadable.is_empty() {
        nothing_there(&store, options)?;
    }
    let mut runs: Vec<RunRow> = newest.into_iter().map(|Reverse(Ranked(row))| row).collect();
    runs.sort_by(|a, b| rank(b).cmp(&rank(a)));
    Ok(ListReport { runs, ..report })
}

/// No runs are an answer only where there could be some.
fn nothing_there(store: &Store, options: &ListOptions) -> Result<(), OpsError> {
    match &options.job {
        _ if !store.is_marked()? => Err(StoreError::NoStore { path: store.path() }.into()),
        Some(job) => Err(OpsError::NoSuchJob { job: job.clone(), store: store.path() }),
        None => Ok(()),
    }
}

pub(super) fn row(run: &RunDir) -> Result<RunRow, OpsError> {
    let manifest = manifest(run)?;
    Ok(RunRow {
        job_id: run.job().clone(),
        run_id: run.id().clone(),
        created_at: created_at(run),
        status: manifest.status,
        decision: manifest.decision.as_ref().map(|decision| decision.label),
        weighted_confidence: manifest.decision.as_ref().map(|decision| decision.weighted_confidence),
        manifest_version: manifest.schema_version,
        policy: manifest.policy,
    })
}

fn rank(row: &RunRow) -> (&Option<String>, &str, &str) {
    (&row.created_at, row.run_id.as_str(), row.job_id.as_str())
}

/// A row in the order of its age.
struct Ranked(RunRow);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        rank(&self.0).cmp(&rank(&other.0))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
