//! `consensus batch`

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::args::BatchArgs;
use super::log::Line;
use super::output::Output;
use super::run::terms;
use super::stream::Stream;
use super::{Answer, CommandError, signal};
use crate::config::{Author, Settings};
use crate::domain::batch::{Estimates, Reviewed, Tally};
use crate::domain::budget::Amount;
use crate::domain::decision::Label;
use crate::domain::json::{Value, to_line};
use crate::ops::{
    self, BatchEvent, BatchOptions, Documents, OpsError, Pace, Terms, Workspace, documents_at, documents_from,
};
use crate::report::batch;

pub(super) fn batch(
    workspace: Workspace<'_>,
    args: &BatchArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, CommandError> {
    let author = Author::ask();
    let terms = terms(&args.review, settings);
    if args.review.estimate {
        return estimate(&workspace, args, &terms, output);
    }
    let interrupted = signal::interrupted();
    let workspace = Workspace {
        author: &|| author.label(),
        interrupted: &interrupted,
        no_wait: args.review.no_wait,
        ..workspace
    };
    let pace = Pace {
        at_once: None,
        requests: args.requests_per_minute.map(Into::into),
        tokens: args.tokens_per_minute.map(Into::into),
    };
    let options = BatchOptions { terms, jobs: args.jobs, pace };
    let bar = output.bar();
    bar.begin("documents", || {
        can_be_counted(args).then(|| documents(args).ok().map(Iterator::count)).flatten()
    });
    let (begun, mut entries) = (Instant::now(), documents(args)?);
    let told = Told { output, state: Mutex::new(State::new(output)) };
    let result = ops::batch(&workspace, &options, &mut entries, &|event| told.tell(event));
    bar.finish();
    let State { stream, tally, exit, problem } =
        told.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let why = match result {
        Ok(why) => why,
        Err(error) if stream.count() > 0 => return Err(stream.cut_short(error.into())),
        Err(error) => return Err(error.into()),
    };
    let seconds = begun.elapsed().as_secs_f64();
    if !output.is_json() && !output.logs_json() {
        output.note(&batch::summary(&tally, why.is_some(), seconds));
    }
    let error = match why {
        Some(OpsError::Interrupted) => Some(CommandError::interrupted()),
        Some(why) => Some(why.into()),
        None if exit > 0 => Some(CommandError::some_failed("documents", tally.failed, exit)),
        None => None,
    };
    problem.map_or(Ok(()), Err)?;
    stream.finish(&batch::summary_json(&tally), "", error)?;
    let fails = |(label, count): &(&Label, &usize)| {
        **count > 0 && args.review.fail_on.is_some_and(|gate| gate.fails(**label))
    };
    let failing: Vec<String> =
        tally.decisions.iter().rev().filter(fails).map(|(label, count)| format!("{count} {label}")).collect();
    let Some(gate) = args.review.fail_on.filter(|_| !failing.is_empty()) else { return Ok(Answer::Yes) };
    output.note(&format!("gate failed: {}, with --fail-on {gate}", failing.join(", ")));
    Ok(Answer::No)
}

/// What all of them may take; what cannot be read is said, and left out.
fn estimate(
    workspace: &Workspace<'_>,
    args: &BatchArgs,
    terms: &Terms,
    output: &Output,
) -> Result<Answer, CommandError> {
    let (mut estimates, mut exit) = (Estimates::none(), 0);
    for named in documents(args)? {
        let estimate = named.map_err(|none| none.error).and_then(|entry| {
            let document = entry.read()?;
            ops::estimate(workspace, &document, terms)
        });
        match estimate {
            Ok(estimate) => estimates.add(&estimate),
            Err(error) => {
                let error = CommandError::from(error);
                estimates.failed += 1;
                exit = exit.max(error.exit());
                output.aside(&error);
            }
        }
    }
    let error = (exit > 0).then(|| CommandError::some_failed("documents", estimates.failed, exit));
    match error {
        Some(error) if output.is_json() => Err(output.failed(&batch::estimated_json(&estimates), error)),
        error => {
            output.answer(|| batch::estimated_json(&estimates), || batch::estimated(&estimates))?;
            error.map_or(Ok(Answer::Yes), Err)
        }
    }
}

/// Whether the documents can be listed twice: what is piped in cannot.
fn can_be_counted(args: &BatchArgs) -> bool {
    args.from.as_deref().is_none_or(Path::is_file)
}

/// The documents that the flags name, of this shard.
fn documents(args: &BatchArgs) -> Result<Documents, OpsError> {
    let context = args.review.context.clone();
    let all = match &args.from {
        Some(path) => documents_from(path, context)?,
        None => documents_at(args.paths.clone(), context),
    };
    let Some(shard) = args.shard else { return Ok(all) };
    Ok(Box::new(all.filter(move |named| {
        let name = match named {
            Ok(entry) => &entry.key,
            Err(none) => &none.shown,
        };
        shard.holds(name)
    })))
}

/// What is told as it comes.
struct Told<'a> {
    output: &'a Output,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    stream: Stream<'a>,
    tally: Tally,
    /// The greatest exit status of what failed.
    exit: u8,
    /// Why a line could not be printed; it does not steer the work.
    problem: Option<CommandError>,
}

impl<'a> State<'a> {
    fn new(output: &'a Output) -> Self {
        Self { stream: Stream::new(output, "documents"), tally: Tally::default(), exit: 0, problem: None }
    }
}

impl Told<'_> {
    fn tell(&self, event: BatchEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            BatchEvent::Warned(document, text) => {
                if !self.output.logs_json() {
                    let text = format!("{document}: warning: {text}");
                    self.output.note(&text);
                }
                return;
            }
            BatchEvent::Reviewed(reviewed) => {
                self.output.log(&line(&reviewed));
                state.tally.add(&reviewed);
                self.print(&mut state, &batch::reviewed(&reviewed));
            }
            BatchEvent::Failed(document, error, took) => {
                let error = CommandError::from(error);
                state.exit = state.exit.max(error.exit());
                state.tally.failed += 1;
                self.came_to_nothing(&mut state, document, &error, took);
            }
            BatchEvent::Unfinished(document, error, took) => {
                state.tally.unfinished += 1;
                self.came_to_nothing(&mut state, document, &CommandError::telling(error), took);
            }
        }
        self.output.bar().inc();
    }

    fn came_to_nothing(
        &self,
        state: &mut State<'_>,
        document: &str,
        error: &CommandError,
        (calls, spent): (usize, Amount),
    ) {
        state.tally.spend(calls, spent);
        self.print(state, &batch::failed(document, &error.json(), calls, spent));
    }

    fn print(&self, state: &mut State<'_>, value: &Value) {
        if self.output.is_json() {
            return state.stream.push(value);
        }
        let printed = self.output.raw(&(to_line(value) + "\n"));
        state.problem = state.problem.take().or(printed.err());
    }
}

/// How a document of the batch came out, as a line of the log.
fn line(reviewed: &Reviewed) -> Line<'_> {
    let mut line = Line::completed(&reviewed.run, reviewed.replayed);
    line.more.extend(reviewed.decision.map(|decision| ("decision", decision.to_string().into())));
    line
}
