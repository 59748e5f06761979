//! `consensus run`

use std::path::Path;

use super::args::{ProviderName, RunArgs};
use super::output::Output;
use super::progress::ProgressLine;
use super::{Answer, CommandError, signal};
use crate::config::Author;
use crate::domain::policy::VersionName;
use crate::ops::{self, Asked, ContextFile, OpsError, RuleFiles, RunOptions, Source, SourceKind, Workspace};
use crate::report::json;
use crate::report::terminal::{self, Detail};

pub(super) fn run(
    workspace: Workspace<'_>,
    args: &RunArgs,
    policy: VersionName,
    rules: RuleFiles,
    output: &Output,
) -> Result<Answer, CommandError> {
    let author = Author::ask();
    let options = options(args, policy, rules)?;
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
        let document = args.file.as_deref().filter(|file| *file != Path::new("-"));
        let document = document.map(|file| file.display().to_string());
        let shown = terminal::run(
            &report.view,
            report.replayed,
            Detail::Outcome,
            document.as_deref(),
            Output::width(),
        );
        output.text(&shown)?;
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

fn options(args: &RunArgs, policy: VersionName, rules: RuleFiles) -> Result<RunOptions, CommandError> {
    let kind = match (&args.file, &args.text) {
        (Some(file), _) if file == Path::new("-") => SourceKind::Stdin,
        (Some(file), _) => SourceKind::File(file.clone()),
        (None, text) => SourceKind::Text(text.clone().unwrap_or_default()),
    };
    let source = Source::read(&kind).map_err(OpsError::from)?;
    let context = ContextFile::read_all(&args.context).map_err(OpsError::from)?;
    let provider = args.provider.map(|name| match name {
        ProviderName::Rules => Asked::Rules,
        ProviderName::File => Asked::File,
    });
    let (job, sample, answers) = (args.job.clone(), args.sample, args.answers.clone());
    Ok(RunOptions { source, context, job, sample, policy, rules, provider, answers })
}
