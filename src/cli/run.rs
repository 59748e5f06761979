//! `consensus run`

use std::path::Path;

use super::args::{AskingArgs, ModelArgs, ReviewArgs, ReviseArgs, RunArgs, reference};
use super::log::Line;
use super::output::Output;
use super::progress::ProgressLine;
use super::{Answer, CommandError, signal};
use crate::config::{Author, Settings};
use crate::domain::audit::RunVersions;
use crate::domain::json::to_value;
use crate::ops::{
    self, AskingOptions, ContextFile, Document, Edit, OpsError, RevisionOptions, RunReport, Source,
    SourceKind, Terms, Workspace,
};
use crate::report::terminal::{self, Detail};
use crate::report::{estimated, json};

pub(super) fn run(
    workspace: Workspace<'_>,
    args: &RunArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, CommandError> {
    let kind = match (&args.file, &args.text) {
        (Some(file), _) if file == Path::new("-") => SourceKind::Stdin,
        (Some(file), _) => SourceKind::File(file.clone()),
        (None, text) => SourceKind::Text(text.clone().unwrap_or_default()),
    };
    let document = Document {
        source: Source::read(&kind).map_err(OpsError::from)?,
        context: ContextFile::read_all(&args.review.context).map_err(OpsError::from)?,
        job: args.job.clone(),
        revising: None,
    };
    let terms = terms(&args.review, settings);
    review(workspace, (&document, &terms), &args.review, args.file.as_deref(), output)
}

/// `consensus revise`
pub(super) fn revise(
    workspace: &Workspace<'_>,
    args: &ReviseArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, CommandError> {
    let edit = match (&args.idea, &args.proposal) {
        (None, Some(file)) => Edit::Proposal(file.clone()),
        (file, _) => {
            let file = file.clone().unwrap_or_default();
            let kind = if file == Path::new("-") { SourceKind::Stdin } else { SourceKind::File(file) };
            Edit::Idea(Source::read(&kind).map_err(OpsError::from)?)
        }
    };
    let options = RevisionOptions {
        run: reference(&args.run)?,
        edit,
        notes: args.notes.as_ref().map(|notes| notes.trim().to_owned()).filter(|notes| !notes.is_empty()),
        rerun: args.rerun.clone(),
        context: ContextFile::read_all(&args.review.context).map_err(OpsError::from)?,
    };
    let revising = ops::revising(workspace, &options)?;
    let workspace = Workspace { store: revising.store().to_owned(), clock: workspace.clock, ..*workspace };
    let (document, terms) = (revising.document(), terms(&args.review, settings));
    review(workspace, (&document, &terms), &args.review, args.idea.as_deref(), output)
}

/// How it is reviewed.
pub(super) fn terms(args: &ReviewArgs, settings: &Settings) -> Terms {
    Terms {
        sample: args.sample,
        policy: settings.policy.value.clone(),
        rules: settings.rule_files(),
        asking: asking(&args.asking, settings),
    }
}

/// Reviews a document; findings point at the lines of `shown`, where the user named one.
fn review(
    workspace: Workspace<'_>,
    (document, terms): (&Document, &Terms),
    args: &ReviewArgs,
    shown: Option<&Path>,
    output: &Output,
) -> Result<Answer, CommandError> {
    let author = Author::ask();
    if args.estimate {
        let estimate = ops::estimate(&workspace, document, terms)?;
        return output.answer(|| estimated::json(&estimate), || estimated::text(&estimate));
    }
    let interrupted = signal::interrupted();
    let workspace = Workspace {
        author: &|| author.label(),
        interrupted: &interrupted,
        no_wait: args.no_wait,
        ..workspace
    };
    let progress = ProgressLine::new();
    let result = ops::run(&workspace, document, terms, &|step| progress.observe(&step, output));
    progress.finish();
    let report = result?;
    log(&report, output);
    if output.is_json() {
        output.object(&json::run(&report.view, Some(report.replayed)))?;
    } else {
        let document = shown.filter(|file| *file != Path::new("-")).map(|file| file.display().to_string());
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

/// How the run ended.
fn log(report: &RunReport, output: &Output) {
    let manifest = &report.view.manifest;
    let run = RunVersions::of(&manifest.job_id, &manifest.run_id, manifest);
    let mut line = Line::completed(&run, report.replayed);
    if let Some(decision) = &manifest.decision {
        line.more.push(("decision", decision.label.to_string().into()));
        line.more.push(("overall_weighted_confidence", to_value(&decision.weighted_confidence)));
    }
    output.log(&line);
}

fn asking(args: &AskingArgs, settings: &Settings) -> AskingOptions {
    AskingOptions {
        answers: args.answers.clone(),
        parallel: args.parallel,
        allow_secrets: args.allow_secrets,
        budget_tokens: args.budget_tokens,
        budget_usd_micros: args.budget_usd,
        record: args.record.clone(),
        ..models(&args.model, settings)
    }
}

/// Which models are asked, and how.
pub(super) fn models(args: &ModelArgs, settings: &Settings) -> AskingOptions {
    AskingOptions {
        provider: args.provider.map(Into::into),
        model: args.model.clone(),
        expand_model: args.expand_model.clone(),
        review_model: args.review_model.clone(),
        temperature: args.temperature,
        max_output_tokens: args.max_output_tokens,
        prompt_set: settings.prompt_set.value.clone(),
        connections: settings.connections.clone(),
        base_url_is_flag: args.base_url.is_some(),
        offline: args.offline,
        ..AskingOptions::default()
    }
}
