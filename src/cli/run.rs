//! `consensus run`

use std::path::Path;

use super::args::RunArgs;
use super::output::Output;
use super::progress::ProgressLine;
use super::{Answer, CommandError, signal};
use crate::config::Author;
use crate::domain::policy::VersionName;
use crate::ops::{self, ContextFile, OpsError, RunOptions, Source, SourceKind, Workspace};
use crate::report::json;
use crate::report::terminal::{self, Detail};

pub(super) fn run(
    workspace: Workspace<'_>,
    args: &RunArgs,
    policy: VersionName,
    output: &Output,
) -> Result<Answer, CommandError> {
    let author = Author::ask();
    let options = options(args, policy)?;
    let interrupted = signal::interrupted();
    let workspace = Workspace {
        author: &|| author.label(),
        interrupted: &interrupted,
        no_wait: args.no_wait,
        ..workspace
    };
    let progress = ProgressLine::new();
    let result = ops::run(&workspace, &options, &|step| progress.observe(step));
    progress.finish();
    let report = result?;
    if output.is_json() {
        output.object(&json::run(&report.view, Some(report.replayed)))?;
    } else {
        output.text(&terminal::run(&report.view, report.replayed, Detail::Outcome, Output::width()))?;
    }
    let decision = report.view.decision.as_ref().map(|decision| decision.decision);
    match args.fail_on.zip(decision) {
        Some((gate, decision)) if gate.fails(decision) => {
            output.note(&format!("gate failed: the decision is {decision}, with --fail-on {gate}"));
            Ok(Answer::No)
        }
        _ => Ok(Answer::Yes),
    }
}

fn options(args: &RunArgs, policy: VersionName) -> Result<RunOptions, CommandError> {
    let kind = match (&args.file, &args.text) {
        (Some(file), _) if file == Path::new("-") => SourceKind::Stdin,
        (Some(file), _) => SourceKind::File(file.clone()),
        (None, text) => SourceKind::Text(text.clone().unwrap_or_default()),
    };
    let source = Source::read(&kind).map_err(OpsError::from)?;
    let context = ContextFile::read_all(&args.context).map_err(OpsError::from)?;
    Ok(RunOptions { source, context, job: args.job.clone(), sample: args.sample, policy })
}
