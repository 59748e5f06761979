//! `consensus list`

use super::args::ListArgs;
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops::{self, ListOptions, Workspace};
use crate::report::{json, terminal};

pub(super) fn list(
    workspace: &Workspace<'_>,
    args: &ListArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let report = ops::list(workspace, &ListOptions { job: args.job.clone(), limit: args.limit })?;
    if output.is_json() {
        output.object(&json::list(&report.runs, report.total, &report.unreadable))?;
    } else {
        output.text(&terminal::list(&report.runs, report.total, &report.unreadable))?;
    }
    match report.unreadable.len() {
        0 => Ok(Answer::Yes),
        broken => Err(CommandError::unreadable(broken)),
    }
}
