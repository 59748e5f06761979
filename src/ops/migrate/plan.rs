//! What would be done, manifest by manifest, without doing it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::super::walk::{Here, Walk, no_runs};
use super::super::{OpsError, Workspace};
use super::{ApplyReport, Change, Failure, Rewrite, Selection};
use crate::store::{RunDir, StoreError};

/// A manifest and what would become of it.
#[derive(Debug)]
pub struct Planned {
    /// Where it lies.
    pub path: PathBuf,
    /// What it would become.
    pub change: Change,
}

/// Plans `rewrite` and hands what would change to `each`, made by `show` in several threads, in the order
/// of jobs and runs.
///
/// # Errors
/// [`OpsError`] when there is no store, or what is named is not there.
pub fn plan(
    workspace: &Workspace<'_>,
    rewrite: &Rewrite,
    selection: &Selection,
    show: impl Fn(Planned) -> String + Sync,
    each: &mut dyn FnMut(String),
) -> Result<ApplyReport, OpsError> {
    let (store, one) = selection.manifests.open(workspace)?;
    let mut report = ApplyReport::default();
    let mut add = |planned: Result<Option<String>, Failure>| {
        report.total += 1;
        match planned {
            Ok(None) => report.current += 1,
            Ok(Some(shown)) => {
                report.changed += 1;
                each(shown);
            }
            Err(failure) => {
                report.failures.push(failure);
                if selection.fail_fast {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    };
    if let Some(run) = one {
        let path = run.manifest_path();
        let _ = add(look(workspace, rewrite, &path, &run.manifest()?, Ok(run), &show));
        return match report.failures.pop() {
            Some(failure) => Err(*failure.error),
            None if report.current > 0 && matches!(rewrite, Rewrite::Restore) => {
                Err(OpsError::NothingToRestore { path })
            }
            None => Ok(report),
        };
    }
    let walk = Walk::of(&store, selection.manifests.job(), selection.threads, workspace);
    let looked = |found: Result<Here<'_>, StoreError>| match found {
        Ok(here) => {
            let read = here.manifest()?;
            Some(read.map_err(OpsError::from).map_or_else(
                |error| Err(Failure { path: here.path(), error: Box::new(error) }),
                |bytes| look(workspace, rewrite, &here.path(), &bytes, here.open(), &show),
            ))
        }
        Err(error) => Some(Err(Failure { path: error.path().to_owned(), error: Box::new(error.into()) })),
    };
    let weigh = |planned: &Result<Option<String>, Failure>| {
        planned.as_ref().map_or(0, |shown| shown.as_ref().map_or(0, String::len))
    };
    walk.each(looked, weigh, add)?;
    report.interrupted = workspace.is_interrupted();
    if report.total == 0 && !report.interrupted {
        no_runs(&store, selection.manifests.job())?;
    }
    Ok(report)
}

fn look(
    workspace: &Workspace<'_>,
    rewrite: &Rewrite,
    path: &Path,
    bytes: &[u8],
    run: Result<RunDir, StoreError>,
    show: &impl Fn(Planned) -> String,
) -> Result<Option<String>, Failure> {
    let change = run.map_err(OpsError::from).and_then(|run| rewrite.plan(&run, bytes, workspace.clock));
    match change {
        Ok(change) => Ok(change.map(|change| show(Planned { path: path.to_owned(), change }))),
        Err(error) => Err(Failure { path: path.to_owned(), error: Box::new(error) }),
    }
}
