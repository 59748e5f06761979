//! `consensus audit`

use super::args::AuditArgs;
use super::log::Line;
use super::output::Output;
use super::{Answer, CommandError, signal, whole};
use crate::config::LogLevel;
use crate::domain::json::to_value;
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
    for warning in warnings {
        let message = format!("the run's versions do not agree: {}", warning.code);
        let mut line = Line::about(Some(&warning.run), LogLevel::Warn, "schema_validation_error", message);
        line.more.push(("code", warning.code.into()));
        line.more.push(("versions", to_value(&warning.versions)));
        output.log(&line);
    }
    output.answer(|| audit::json(runs, warnings, unreadable), || audit::text(runs, warnings, unreadable))?;
    match unreadable.len() {
        0 if args.strict && !warnings.is_empty() => Ok(Answer::No),
        broken => whole(broken),
    }
}
