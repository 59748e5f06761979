//! `show`: everything about one run.

use super::{OpsError, RunRef, Workspace, view};
use crate::domain::view::RunView;

/// Everything about the run that `reference` names.
///
/// # Errors
/// [`OpsError`] when it is not there or cannot be read.
pub fn show(workspace: &Workspace<'_>, reference: &RunRef) -> Result<RunView, OpsError> {
    let (_, run) = reference.resolve(&workspace.store)?;
    view::load(&run)
}
