//! `list`: the runs of a store, newest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::view::{attempts, created_at, manifest};
use super::walk::no_runs;
use super::{OpsError, RunRef, Workspace};
use crate::domain::filter::RunFilter;
use crate::domain::ids::JobId;
use crate::domain::manifest::Manifest;
use crate::domain::view::{RunRow, Unreadable};
use crate::store::{RunDir, Store};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Only this job's runs.
    pub job: Option<JobId>,
    /// Only these.
    pub filter: RunFilter,
    /// Only those that come after this run.
    pub after: Option<RunRef>,
    /// Only so many, the newest.
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct ListReport {
    /// The runs, newest first; one whose age is not known comes last; ties by run id.
    pub runs: Vec<RunRow>,
    /// How many are wanted, the ones beyond the limit included.
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
    let after = options.after.as_ref().map(|after| row(&after.resolve(&workspace.store)?.1)).transpose()?;
    let mut seen = 0;
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
            match run.and_then(|run| run.map(|run| wanted(&run, &options.filter)).transpose()) {
                Ok(Some(found)) => {
                    seen += 1;
                    let is_after = |row: &RunRow| after.as_ref().is_none_or(|after| rank(row) < rank(after));
                    let Some(row) = found.filter(is_after) else { continue };
                    newest.push(Reverse(Ranked(row)));
                }
                Ok(None) => continue,
                Err(error) => {
                    let path = store.path().join(job.as_str()).join(id.as_str());
                    report.unreadable.push(Unreadable { path, problem: error.to_string() });
                    seen += 1;
                }
            }
            report.total += 1;
            if newest.len() > limit {
                newest.pop();
            }
        }
    }
    if seen == 0 && report.unreadable.is_empty() {
        no_runs(&store, options.job.as_ref())?;
    }
    let mut runs: Vec<RunRow> = newest.into_iter().map(|Reverse(Ranked(row))| row).collect();
    runs.sort_by(|a, b| rank(b).cmp(&rank(a)));
    Ok(ListReport { runs, ..report })
}

/// The run's row, where it is wanted.
fn wanted(run: &RunDir, filter: &RunFilter) -> Result<Option<RunRow>, OpsError> {
    let manifest = manifest(run)?;
    let (created_at, by) = made(run, filter.asks_who());
    let is_wanted = filter.wants(&manifest, created_at.as_deref(), by.as_deref());
    Ok(is_wanted.then(|| row_of(run, manifest, created_at)))
}

/// When a run was made and, where that is asked, by whom.
fn made(run: &RunDir, asks_who: bool) -> (Option<String>, Option<String>) {
    if !asks_who {
        return (created_at(run), None);
    }
    let first = attempts(run).ok().and_then(|attempts| attempts.into_iter().next());
    first.map_or((None, None), |first| (Some(first.started_at), Some(first.by)))
}

pub(super) fn row(run: &RunDir) -> Result<RunRow, OpsError> {
    Ok(row_of(run, manifest(run)?, created_at(run)))
}

fn row_of(run: &RunDir, manifest: Manifest, created_at: Option<String>) -> RunRow {
    RunRow {
        job_id: run.job().clone(),
        run_id: run.id().clone(),
        created_at,
        status: manifest.status,
        decision: manifest.decision.as_ref().map(|decision| decision.label),
        weighted_confidence: manifest.decision.as_ref().map(|decision| decision.weighted_confidence),
        manifest_version: manifest.schema_version,
        policy: manifest.policy,
    }
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
