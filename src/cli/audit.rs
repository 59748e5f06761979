//! `consensus audit`

use super::args::AuditArgs;
use super::output::Output;
use super::{Answer, CommandError, signal};
use crate::ops::{self, AuditOptions, Workspace};
use crate::report::audit;

pub(super) fn audit(
    workspace: Workspace<'_>,
    args: &AuditArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let expected = args.expect.clone().unwrap_or_default();
    let report = ops::audit(&workspace, &AuditOptions { job: args.job.clone(), expected })?;
    let (runs, warnings, unreadable) = (report.runs, &report.warnings, &report.unreadable);
    output.answer(|| audit::json(runs, warnings, unreadable), || audit::text(runs, warnings, unreadable))?;
    match unreadable.len() {
        0 if args.strict && !warnings.is_empty() => Ok(Answer::No),
        0 => Ok(Answer::Yes),
        broken => Err(CommandError::unreadable(broken)),
    }
}
