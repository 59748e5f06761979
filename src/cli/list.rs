//! `consensus list`

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::args::{ListArgs, reference};
use super::output::Output;
use super::stream::Stream;
use super::{Answer, CommandError, signal, whole};
use crate::domain::filter::RunFilter;
use crate::domain::view::VersionLine;
use crate::ops::{self, ListOptions, ListReport, OpsError, Workspace};
use crate::report::json;
use crate::report::terminal::{self, List, SHORT};

pub(super) fn list(
    workspace: Workspace<'_>,
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
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let report = ops::list(&workspace, &options)?;
    shown(report, is_filtered, &interrupted, output)
}

/// Prints each run as it comes, so that a large store needs no memory.
fn shown(
    report: ListReport,
    is_filtered: bool,
    interrupted: &AtomicBool,
    output: &Output,
) -> Result<Answer, CommandError> {
    let ListReport { runs, versions, total, unreadable } = report;
    let mut stream = Stream::new(output, "runs");
    let mut held: HashMap<_, Vec<&VersionLine>> = HashMap::new();
    for version in &versions {
        held.entry(version.run()).or_default().push(version);
    }
    let held = &held;
    let list = List { widest_job: runs.widest_job(), alike: runs.alike(SHORT)?.into_iter().collect() };
    let (mut count, mut versions) = (0, Vec::new());
    runs.each(&mut |row| {
        let of_run = held.get(&Some((&row.job_id, &row.run_id))).map_or(&[][..], Vec::as_slice);
        if output.is_json() {
            stream.push(&json::row(&row));
            versions.extend(of_run);
        } else {
            let above = if count == 0 { list.head() } else { String::new() };
            stream.push_shown(&(above + &list.run(&row, of_run)));
        }
        count += 1;
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if interrupted.load(Ordering::Relaxed) {
        return Err(stream.cut_short(OpsError::Stopped.into()));
    }
    let broken = unreadable.len();
    stream.finish(
        &json::list(&versions, total, &unreadable),
        &terminal::list_end(count, total, &unreadable, is_filtered),
        None,
    )?;
    whole(broken)
}
