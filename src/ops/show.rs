//! `show`: everything about one run.

use super::{OpsError, RunRef, Workspace, artifact, view};
use crate::domain::view::RunView;

/// Everything about the run that `reference` names.
///
/// # Errors
/// [`OpsError`] when it is not there or cannot be read.
pub fn show(workspace: &Workspace<'_>, reference: &RunRef) -> Result<RunView, OpsError> {
    let (store, run) = reference.resolve(&workspace.store)?;
    let mut versions = artifact::summaries(&store, Some(run.job()))?;
    versions.retain(|version| version.from_run.as_ref() == Some(run.id()));
    Ok(RunView { versions, ..view::load(&run)? })
}
