//! `consensus migrate` and `consensus backfill`

use std::num::NonZeroUsize;
use std::thread;

use super::args::{Backfill, BackfillArgs, ManyArgs, MigrateArgs, reference};
use super::output::Output;
use super::stream::Stream;
use super::{Answer, CommandError, signal};
use crate::domain::json::Value;
use crate::domain::migration::{Registry, Versions};
use crate::ops::{
    self, ApplyReport, Failure, Manifests, OpsError, Planned, Rewrite, Selection, Survey, Workspace,
};
use crate::report::migration::{self, Distribution, Failed, Totals, Words};

const MIGRATE: Words = Words { done: "Migrated", planned: "Would migrate", current: "Already current" };
const RESTORE: Words = Words { done: "Restored", planned: "Would restore", current: "Nothing to restore" };
const BACKFILL: Words = Words { done: "Recorded", planned: "Would record", current: "Nothing to record" };

pub(super) fn migrate(
    workspace: Workspace<'_>,
    args: &MigrateArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let registry = Registry::built_in();
    if args.graph {
        return graph(&registry, output);
    }
    let target = ops::target(&registry, args.target_version.as_ref())?;
    let selection = selection(manifests(args)?, &args.many);
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, no_wait: args.many.no_wait, ..workspace };
    if args.list_versions || args.check {
        let look = if args.check { ops::check_migration } else { ops::survey };
        let survey = look(&workspace, &registry, &target, &selection)?;
        return surveyed(survey, &registry, args.check, output);
    }
    if let Some(assumed) = &args.assume_version {
        ops::target(&registry, Some(assumed))?;
    }
    let (words, rewrite) = if args.restore {
        (RESTORE, Rewrite::Restore)
    } else {
        let assumed = args.assume_version.clone();
        (MIGRATE, Rewrite::Migrate { registry, target, assumed })
    };
    done(&workspace, &Task { words, rewrite, selection, dry_run: args.dry_run }, output)
}

pub(super) fn backfill(
    workspace: Workspace<'_>,
    args: &BackfillArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let registry = Registry::built_in();
    let (rewrite, scope) = match &args.what {
        Backfill::Inputs(scope) => (Rewrite::BackfillInputs { registry }, scope),
        Backfill::Versions { schema_version, prompt_set_version, scope } => {
            let versions =
                Versions { schema: schema_version.clone(), prompt_set: prompt_set_version.clone() };
            (Rewrite::BackfillVersions { registry, versions }, scope)
        }
    };
    let manifests = match (&scope.run, &scope.job) {
        (Some(run), _) => Manifests::Run(reference(run)?),
        (None, Some(job)) => Manifests::Job(job.clone()),
        (None, None) => Manifests::All,
    };
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, no_wait: scope.many.no_wait, ..workspace };
    let selection = selection(manifests, &scope.many);
    done(&workspace, &Task { words: BACKFILL, rewrite, selection, dry_run: scope.dry_run }, output)
}

fn graph(registry: &Registry, output: &Output) -> Result<Answer, CommandError> {
    output.answer(|| migration::graph_json(registry), || migration::graph(registry))
}

fn manifests(args: &MigrateArgs) -> Result<Manifests, CommandError> {
    Ok(match (&args.run, &args.job, &args.manifest) {
        (Some(run), ..) => Manifests::Run(reference(run)?),
        (_, Some(job), _) => Manifests::Job(job.clone()),
        (_, _, Some(path)) => Manifests::Path(path.clone()),
        _ => Manifests::All,
    })
}

fn selection(manifests: Manifests, many: &ManyArgs) -> Selection {
    let threads = many.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    Selection { manifests, threads, fail_fast: many.fail_fast }
}

fn surveyed(
    survey: Survey,
    registry: &Registry,
    check: bool,
    output: &Output,
) -> Result<Answer, CommandError> {
    let versions = survey.versions.iter().map(|(version, count)| (version.to_string(), *count));
    let others = survey.others().into_iter().filter(|(_, count)| *count > 0);
    let rows = versions.chain(others.map(|(name, count)| (name.to_owned(), count))).collect();
    let (failed, exit) = failed(survey.problems);
    let latest = registry.latest().unwrap_or_else(|| survey.target.clone()).to_string();
    let distribution = Distribution {
        total: survey.total,
        rows,
        latest,
        target: survey.target.to_string(),
        behind: survey.behind,
        problems: &failed,
    };
    let error = match exit {
        _ if survey.interrupted => Some(OpsError::Stopped.into()),
        Some(exit) if check => Some(CommandError::some_failed("manifests", failed.len(), exit)),
        _ => None,
    };
    let json = output.is_json().then(|| migration::distribution_json(&distribution));
    match (json, error) {
        (Some(json), Some(error)) => return Err(output.failed(&json, error)),
        (Some(json), None) => output.object(&json)?,
        (None, error) => {
            output.text(&migration::distribution(&distribution))?;
            error.map_or(Ok(()), Err)?;
        }
    }
    Ok(if check && survey.behind > 0 { Answer::No } else { Answer::Yes })
}

/// What failed, as it is shown, and the greatest of the exit statuses.
fn failed(failures: Vec<Failure>) -> (Vec<Failed>, Option<u8>) {
    let mut exit = None;
    let rows = failures.into_iter().map(|Failure { path, error }| {
        let error = CommandError::from(*error);
        exit = exit.max(Some(error.exit()));
        Failed { path, code: error.code, message: error.message, hint: error.hint }
    });
    (rows.collect(), exit)
}

/// What is to be done to which manifests.
struct Task {
    words: Words,
    rewrite: Rewrite,
    selection: Selection,
    dry_run: bool,
}

fn done(workspace: &Workspace<'_>, task: &Task, output: &Output) -> Result<Answer, CommandError> {
    let mut stream = Stream::new(output, "manifests");
    let is_json = output.is_json();
    let mut further = 0;
    let report = if task.dry_run {
        let show = |planned: Planned| {
            if is_json { Stream::item(&item(&planned, true)) } else { shown(&planned) }
        };
        ops::plan(workspace, &task.rewrite, &task.selection, show, &mut |shown: String| {
            stream.push_shown(&shown);
        })
    } else {
        let mut each = |planned: Planned| {
            further += usize::from(planned.change.more_to_restore);
            if is_json {
                stream.push(&item(&planned, false));
            } else if let Some(note) = note(&planned) {
                let path = crate::report::safe(&planned.path.display().to_string());
                stream.push_shown(&format!("{path}: {note}\n"));
            }
        };
        ops::apply(workspace, &task.rewrite, &task.selection, &mut each)
    };
    let report = match report {
        Err(error) if stream.count() > 0 => return Err(stream.cut_short(error.into())),
        report => report?,
    };
    if !is_json && !report.interrupted {
        next(&report, further, task, output);
    }
    ended(report, task, stream, output)
}

/// What can be done now, on standard error.
fn next(report: &ApplyReport, further: usize, task: &Task, output: &Output) {
    let beyond = match &task.rewrite {
        Rewrite::Migrate { registry, target, .. } => registry.latest().is_some_and(|latest| *target < latest),
        _ => false,
    };
    if beyond && report.current > 0 {
        output.hint("manifests beyond that version count as current; `--restore` goes back");
    }
    if task.dry_run || report.changed == 0 {
        return;
    }
    match task.rewrite {
        Rewrite::Restore if further > 0 => {
            output.hint(&format!("{further} of them can go back by one more change; run it again for that"));
        }
        Rewrite::Restore => {}
        Rewrite::Migrate { .. } | Rewrite::BackfillInputs { .. } | Rewrite::BackfillVersions { .. } => output.hint(
            "the bytes before are kept beside each manifest; `consensus migrate --restore` goes back to them",
        ),
    }
}

fn ended(
    report: ApplyReport,
    task: &Task,
    stream: Stream<'_>,
    output: &Output,
) -> Result<Answer, CommandError> {
    let ApplyReport { total, changed, current, failures, interrupted, stopped } = report;
    let (failed, exit) = failed(failures);
    let totals = Totals { total, changed, current, failed: failed.len() };
    let error = match exit {
        _ if interrupted && task.dry_run => Some(OpsError::Stopped.into()),
        _ if interrupted => Some(CommandError::interrupted()),
        Some(exit) => Some(CommandError::some_failed("manifests", failed.len(), exit)),
        None => None,
    };
    let target = match &task.rewrite {
        Rewrite::Migrate { target, .. } => Some(target.to_string()),
        Rewrite::Restore | Rewrite::BackfillInputs { .. } | Rewrite::BackfillVersions { .. } => None,
    };
    let json = migration::summary_json(target.as_deref(), totals, &failed, task.dry_run);
    let text = migration::summary(task.words, totals, &failed, task.dry_run);
    let finished = stream.finish(&json, &text, error);
    if let Some(reason) = stopped.filter(|_| !output.is_json()) {
        output.note(&format!("stopped before the rest: {reason}"));
    }
    finished.map(|()| Answer::Yes)
}

fn versions(planned: &Planned) -> Vec<String> {
    let mut versions: Vec<String> = planned.change.versions.iter().map(ToString::to_string).collect();
    versions.dedup();
    versions
}

fn item(planned: &Planned, diff: bool) -> Value {
    let change = &planned.change;
    let sides = diff.then_some([&change.before[..], &change.after[..]]);
    migration::planned_json(&planned.path, &versions(planned), &change.changes, change.id_agrees, sides)
}

fn shown(planned: &Planned) -> String {
    let change = &planned.change;
    // The diff of a text on one line shows that line twice, and not what was added to it.
    let is_one_line = change.before.split(|byte| *byte == b'\n').nth(2).is_none();
    let words = change.changes.iter().flatten().filter(|_| is_one_line).cloned();
    let notes: Vec<String> = note(planned).into_iter().chain(words).collect();
    migration::planned(&planned.path, &versions(planned), &notes, &change.before, &change.after)
}

/// What is said of one manifest in words.
fn note(planned: &Planned) -> Option<String> {
    planned.change.id_agrees.map(|agrees| {
        let follows = if agrees { "follows" } else { "does not follow" };
        format!("the run's id {follows} from its inputs")
    })
}
