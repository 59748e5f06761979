//! `consensus list`

use super::args::{ListArgs, reference};
use super::output::Output;
use super::{Answer, CommandError};
use crate::domain::filter::RunFilter;
use crate::ops::{self, ListOptions, Workspace};
use crate::report::{json, terminal};

pub(super) fn list(
    workspace: &Workspace<'_>,
    args: &ListArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let filter = RunFilter {
        status: args.status.map(Into::into),
        decision: args.decision.map(Into::into),
        schema_version: args.schema_version.clone(),
        manifest_version: args.manifest_version.clone(),
        prompt_set: args.prompt_set.clone(),
        policy: args.policy.clone(),
        model: args.model.clone(),
        by: args.by.clone(),
        since: args.since.clone(),
        until: args.until.clone(),
        min_confidence: args.min_confidence,
    };
    let after = args.after.as_deref().map(reference).transpose()?;
    let report =
        ops::list(workspace, &ListOptions { job: args.job.clone(), filter, after, limit: args.limit })?;
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
