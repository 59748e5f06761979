//! `list`: the runs of a store, newest first.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::artifact;
use super::newest::{Newest, rank};
use super::view::{attempts, created_at, manifest};
use super::walk::{Here, Walk, no_runs, threads};
use super::{OpsError, RunRef, Workspace};
use crate::domain::filter::{Listed, RunFilter};
use crate::domain::ids::{JobId, RunId};
use crate::domain::json;
use crate::domain::view::{RunRow, Unreadable, VersionLine};
use crate::index::{Index, Listings};
use crate::store::{RunDir, Store, StoreError};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Only this job's runs.
    pub job: Option<JobId>,
    /// Only these.
    pub filter: RunFilter,
    /// Only those whose findings are in a version that is open.
    pub needs_decision: bool,
    /// Only those that come after this run.
    pub after: Option<RunRef>,
    /// Only so many, the newest.
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct ListReport {
    /// The runs.
    pub runs: Newest,
    /// The versions that hold the findings of runs, listed or not.
    pub versions: Vec<VersionLine>,
    /// How many are wanted, the ones beyond the limit included.
    pub total: usize,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Lists the runs of the store: from the index, as far as it is there and up to date, and from the files otherwise.
///
/// # Errors
/// [`OpsError`] when there is no store, or the system refuses.
pub fn list(workspace: &Workspace<'_>, options: &ListOptions) -> Result<ListReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let limit = options.limit.unwrap_or(usize::MAX);
    let after = options.after.as_ref().map(|after| row(&after.resolve(&workspace.store)?.1)).transpose()?;
    let mut report = ListReport { runs: Newest::of(limit), ..ListReport::default() };
    let versions = versions(&store, options, &mut report)?;
    let open = versions.iter().filter(|version| version.status.is_open());
    let open: HashSet<_> = open.filter_map(VersionLine::run).map(owned).collect();
    let index = store.index_path().and_then(|path| Index::as_it_is(&path).ok());
    let mut seen = 0;
    let mut put = Ok(());
    let walk = Walk::of(&store, options.job.as_ref(), threads(), workspace);
    walk.each_knowing(
        |range| index.as_ref().and_then(|index| index.listed(range).ok()).unwrap_or_default(),
        |known, here| look(known, here, &options.filter),
        |_| 0,
        |found| {
            seen += 1;
            match found {
                Ok(run) => {
                    let is_after = |row: &RunRow| after.as_ref().is_none_or(|after| rank(row) < rank(after));
                    if let Some(row) = run.filter(|row| {
                        is_after(row)
                            && (!options.needs_decision || open.contains(&owned((&row.job_id, &row.run_id))))
                    }) {
                        put = report.runs.put(row);
                        report.total += 1;
                    }
                }
                Err(unreadable) => {
                    report.unreadable.push(unreadable);
                    report.total += 1;
                }
            }
            if put.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    )?;
    put?;
    if workspace.is_interrupted() {
        return Err(OpsError::Stopped);
    }
    if seen == 0 {
        no_runs(&store, options.job.as_ref())?;
    }
    Ok(ListReport { versions, ..report })
}

fn owned((job, run): (&JobId, &RunId)) -> (JobId, RunId) {
    (job.clone(), run.clone())
}

/// The versions of runs; those of a job whose versions cannot be read are told of as such.
fn versions(
    store: &Store,
    options: &ListOptions,
    report: &mut ListReport,
) -> Result<Vec<VersionLine>, OpsError> {
    let (mut lines, broken) = artifact::readable(store, options.job.as_ref())?;
    report.total += broken.len();
    report.unreadable.extend(broken);
    lines.retain(|line| line.from_run.is_some());
    Ok(lines)
}

/// A run's row, where it is wanted; none where there is no run.
fn look(
    known: &Listings,
    here: Result<Here<'_>, StoreError>,
    filter: &RunFilter,
) -> Option<Result<Option<RunRow>, Unreadable>> {
    let unreadable = |path, problem: String| Some(Err(Unreadable { path, problem }));
    let here = match here {
        Ok(here) => here,
        Err(error) => return unreadable(error.path().to_owned(), error.to_string()),
    };
    let chosen = |run: Listed| Some(Ok(filter.wants(&run).then_some(run.row)));
    let (job, run) = here.ids();
    if let Some((stamp, listed)) = known.get(&(job.to_string(), run.to_string()))
        && here.stamp().is_ok_and(|now| now.as_ref() == Some(stamp))
        && let Ok(listed) = json::from_slice(listed.as_bytes())
    {
        return chosen(listed);
    }
    let read = here
        .open()
        .map_err(OpsError::from)
        .and_then(|run| if run.is_run()? { listed(&run, filter).map(Some) } else { Ok(None) });
    match read {
        Ok(Some(run)) => chosen(run),
        Ok(None) => None,
        Err(error) => unreadable(here.path(), error.to_string()),
    }
}

fn listed(run: &RunDir, filter: &RunFilter) -> Result<Listed, OpsError> {
    let (created_at, by) = made(run, filter.asks_who());
    Ok(Listed::of((run.job().clone(), run.id().clone()), manifest(run)?, created_at, by))
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
    Ok(listed(run, &RunFilter::default())?.row)
}
