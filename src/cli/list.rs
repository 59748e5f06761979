//! `consensus list`

use super::args::{ListArgs, reference};
use super::output::Output;
use super::{Answer, CommandError, whole};
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
    let is_filtered = filter != RunFilter::default() || args.needs_decision || after.is_some();
    let options = ListOptions {
        job: args.job.clone(),
        filter,
        needs_decision: args.needs_decision,
        after,
        limit: args.limit,
    };
    let report = ops::list(workspace, &options)?;
    if output.is_json() {
        output.object(&json::list(&report.runs, &report.versions, report.total, &report.unreadable))?;
    } else {
        let (runs, versions, unreadable) = (&report.runs, &report.versions, &report.unreadable);
        output.text(&terminal::list(runs, versions, report.total, unreadable, is_filtered))?;
    }
    whole(report.unreadable.len())
}
