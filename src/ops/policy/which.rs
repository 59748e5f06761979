//! What policy was in force when a run was made.

use crate::domain::ids::IdError;
use crate::domain::policy::{AttemptPolicy, WhichReport};
use crate::domain::view::AttemptView;
use crate::ops::{OpsError, RunRef, Workspace, view};
use crate::store::{Sealed, Series, Store};

/// What was in force for each attempt of the run, and what superseded it since.
///
/// # Errors
/// [`OpsError`] when the run is not there or cannot be read.
pub fn which(workspace: &Workspace<'_>, reference: &RunRef) -> Result<WhichReport, OpsError> {
    let (store, run) = reference.resolve(&workspace.store)?;
    let completed_under = view::manifest(&run)?.policy;
    let attempts = view::attempts(&run)?;
    let attempts = attempts.into_iter().map(|attempt| of_attempt(&store, attempt));
    Ok(WhichReport { path: run.path().into(), completed_under, attempts: attempts.collect() })
}

fn of_attempt(store: &Store, attempt: AttemptView) -> AttemptPolicy {
    let found = attempt.policy.name.parse().map_err(|error: IdError| error.to_string()).and_then(|name| {
        let sealed = store.records(Series::Policy(&name)).map_err(|error| error.to_string())?;
        let at = |number: u64| sealed.iter().find(|sealed| sealed.record.number == number);
        let read = |sealed: &Sealed| super::version(&name, &sealed.record).map_err(|error| error.to_string());
        let version = at(attempt.policy.version).map(read).transpose()?;
        let next = at(attempt.policy.version + 1).map(read).transpose()?;
        Ok((version, next, sealed.last().map_or(0, |last| last.record.number)))
    });
    let problem = match &found {
        Err(problem) => Some(problem.clone()),
        Ok((None, ..)) => Some("the store has no such version".to_owned()),
        Ok((Some(version), ..)) if version.reference != attempt.policy => {
            let digest = version.reference.digest;
            Some(format!("the store's version of that number is another one, {digest}"))
        }
        Ok(_) => None,
    };
    match found {
        Ok((version, next, newest)) if problem.is_none() => {
            AttemptPolicy { attempt, version, superseded: next.map(|next| (next, newest)), problem }
        }
        _ => AttemptPolicy { attempt, version: None, superseded: None, problem },
    }
}
