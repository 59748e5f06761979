//! `audit`: whether the versions that each run records agree.

use std::ops::ControlFlow;

use super::walk::{Walk, no_runs, threads};
use super::{OpsError, Workspace};
use crate::domain::audit::{self, Expected, Warning};
use crate::domain::ids::JobId;
use crate::domain::manifest::Manifest;
use crate::domain::view::Unreadable;
use crate::store::Store;

/// Which runs, and what is expected of them.
#[derive(Debug, Clone, Default)]
pub struct AuditOptions {
    /// Only this job's runs.
    pub job: Option<JobId>,
    /// The versions that are expected.
    pub expected: Expected,
}

/// What was found.
#[derive(Debug, Default)]
pub struct AuditReport {
    /// How many runs were looked at.
    pub runs: usize,
    /// How much does not agree.
    pub warnings: usize,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Looks at the versions of every run, and hands what does not agree to `each`, in the order of jobs and runs.
///
/// # Errors
/// [`OpsError`] where there is no store, no such job, or the user wants to stop.
pub fn audit(
    workspace: &Workspace<'_>,
    options: &AuditOptions,
    each: &mut dyn FnMut(Warning),
) -> Result<AuditReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let walk = Walk::of(&store, options.job.as_ref(), threads(), workspace);
    let mut report = AuditReport::default();
    walk.each(
        |here| {
            let unreadable = |path, problem: String| Err(Unreadable { path, problem });
            let here = match here {
                Ok(here) => here,
                Err(error) => return Some(unreadable(error.path().to_owned(), error.to_string())),
            };
            let (job, run) = here.ids();
            let bytes = match here.manifest()? {
                Ok(bytes) => bytes,
                Err(error) => return Some(unreadable(here.path(), error.to_string())),
            };
            Some(match Manifest::read(&bytes) {
                Ok(manifest) => Ok(audit::audit(&job, &run, &manifest, &options.expected)),
                Err(error) => unreadable(here.path(), error.to_string()),
            })
        },
        |_| 0,
        |found| {
            report.runs += 1;
            match found {
                Ok(warnings) => {
                    report.warnings += warnings.len();
                    warnings.into_iter().for_each(&mut *each);
                }
                Err(unreadable) => report.unreadable.push(unreadable),
            }
            ControlFlow::Continue(())
        },
    )?;
    if workspace.is_interrupted() {
        return Err(OpsError::Stopped);
    }
    if report.runs == 0 {
        no_runs(&store, options.job.as_ref())?;
    }
    Ok(report)
}
