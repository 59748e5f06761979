//! What policy was in force when a run was made.

use crate::domain::policy::{AttemptPolicy, WhichReport};
use crate::domain::view::AttemptView;
use crate::ops::{OpsError, RunRef, Workspace, view};
use crate::store::{Sealed, Series, Store};

/// What was in force for each attempt of the run, and what superseded it since.
///
/// # Errors
/// [`OpsError`] when the run is not there or cannot be read, or a policy is damaged.
pub fn which(workspace: &Workspace<'_>, reference: &RunRef) -> Result<WhichReport, OpsError> {
    let (store, run) = reference.resolve(&workspace.store)?;
    let completed_under = view::manifest(&run)?.manifest.policy;
    let attempts = view::attempts(&run)?;
    let attempts = attempts.into_iter().map(|attempt| of_attempt(&store, attempt));
    Ok(WhichReport {
        path: run.path().into(),
        completed_under,
        attempts: attempts.collect::<Result<_, _>>()?,
    })
}

fn of_attempt(store: &Store, attempt: AttemptView) -> Result<AttemptPolicy, OpsError> {
    let Ok(name) = attempt.policy.name.parse() else {
        return Ok(AttemptPolicy { attempt, version: None, superseded: None });
    };
    let sealed = store.records(Series::Policy(&name))?;
    let at = |number: u64| sealed.iter().find(|sealed| sealed.record.number == number);
    let read = |sealed: &Sealed| super::version(&name, &sealed.record);
    let version = at(attempt.policy.version).map(read).transpose()?;
    // A version of that number with another body is another policy.
    let version = version.filter(|version| version.reference == attempt.policy);
    let next = at(attempt.policy.version + 1).map(read).transpose()?.filter(|_| version.is_some());
    let newest = sealed.last().map_or(0, |last| last.record.number);
    Ok(AttemptPolicy { attempt, version, superseded: next.map(|next| (next, newest)) })
}
