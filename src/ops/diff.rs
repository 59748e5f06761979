//! `diff`: what differs between two runs.

use super::{OpsError, RunRef, Workspace, view};
use crate::domain::difference::{Difference, Reviewed};

/// What differs from the run that `old` names to the one that `new` names.
///
/// # Errors
/// [`OpsError`] when one is not there or cannot be read.
pub fn diff(workspace: &Workspace<'_>, old: &RunRef, new: &RunRef) -> Result<Difference, OpsError> {
    let read = |reference: &RunRef| {
        let (_, run) = reference.resolve(&workspace.store)?;
        Ok::<_, OpsError>((view::load(&run)?, view::idea(&run)?))
    };
    let (old, new) = (read(old)?, read(new)?);
    Ok(Difference::of(&Reviewed::of(&old.0, old.1.as_deref()), &Reviewed::of(&new.0, new.1.as_deref())))
}
