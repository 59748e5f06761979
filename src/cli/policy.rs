//! `consensus policy`

use std::path::Path;

use super::args::{ChangeArgs, Policy, reference};
use super::output::Output;
use super::stream::Stream;
use super::{Answer, CommandError, signal, verify};
use crate::config::Author;
use crate::domain::ids::PolicyName;
use crate::domain::json::Value;
use crate::domain::policy::{Asked, Body, TEMPLATES, VersionName, diff};
use crate::domain::view::RunRow;
use crate::ops::policy::{self as verb, ApplyOptions, NewBody, Past};
use crate::ops::{OpsError, Workspace};
use crate::report::{policy as report, what_if};

pub(super) fn policy(
    workspace: Workspace<'_>,
    command: &Policy,
    in_force: &VersionName,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    match command {
        Policy::List => {
            let (policies, damaged) = verb::policies(&workspace)?;
            let json = || report::list_json(&policies, in_force, &damaged);
            with_unreadable(output, damaged.len(), json, || report::list(&policies, in_force, &damaged))
        }
        Policy::Show { policy } => {
            let shown = verb::show(&workspace, policy.as_ref().unwrap_or(in_force))?;
            output.answer(|| report::shown_json(&shown), || report::shown(&shown))
        }
        Policy::Apply { file, name, change } => {
            let body = NewBody::Given(Box::new(verb::load(file)?));
            apply(workspace, name.as_ref().unwrap_or(&in_force.policy), body, change, output)
        }
        Policy::Log { name, verify: false, .. } => {
            let (entries, broken) = verb::log(&workspace, name.as_ref().unwrap_or(&in_force.policy))?;
            let text = || report::log(&entries, &broken, Output::width());
            with_unreadable(output, broken.len(), || report::log_json(&entries, &broken), text)
        }
        Policy::Log { name, head, .. } => {
            let name = name.as_ref().unwrap_or(&in_force.policy);
            verify::policy(&workspace, name, *head, output)
        }
        Policy::Diff { old, new } => {
            let [old, new] = [old, new].map(|wanted| verb::show(&workspace, wanted));
            let (old, new) = (old?.version, new?.version);
            let changes = diff(&old.body, &new.body);
            output.answer(
                || report::diff_json(&old, &new, &changes),
                || report::diff(&old.reference, &new.reference, &changes, Output::width()),
            )?;
            Ok(if changes.is_empty() { Answer::Yes } else { Answer::No })
        }
        Policy::Rollback { name, to, change } => apply(workspace, name, NewBody::Of(*to), change, output),
        Policy::Which { run } => {
            let found = verb::which(&workspace, &reference(run)?)?;
            output.answer(|| report::which_json(&found), || report::which(&found))?;
            let is_shown = found.attempts.iter().all(|attempt| attempt.problem.is_none());
            Ok(if is_shown { Answer::Yes } else { Answer::No })
        }
        Policy::Runs { policy } => runs(&workspace, policy, output),
        Policy::Template { kind } => {
            let text = TEMPLATES.iter().find(|(name, _)| name == kind).map_or("", |(_, text)| text);
            output.answer(|| crate::report::json::text("template", text), || text.to_owned())
        }
        Policy::Check { file, words, all } => check(&workspace, file.as_deref(), words, *all, output),
    }
}

/// As [`Output::answer`], where so many things could not be read.
fn with_unreadable(
    output: &Output,
    count: usize,
    json: impl FnOnce() -> Value,
    text: impl FnOnce() -> String,
) -> Result<Answer, CommandError> {
    match count {
        0 => output.answer(json, text),
        count if output.is_json() => Err(output.failed(&json(), CommandError::unreadable(count))),
        count => output.answer(json, text).and(Err(CommandError::unreadable(count))),
    }
}

fn apply(
    workspace: Workspace<'_>,
    name: &PolicyName,
    body: NewBody,
    change: &ChangeArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let author = Author::ask();
    let workspace = Workspace { author: &|| author.label(), no_wait: change.no_wait, ..workspace };
    let ChangeArgs { note, by, dry_run, .. } = change.clone();
    let options = ApplyOptions { name: name.clone(), body, note, by, dry_run };
    let applied = verb::apply(&workspace, &options)?;
    output
        .answer(|| report::applied_json(&applied, dry_run), || report::applied(&applied, Output::width()))?;
    if let Some(refusal) = applied.unavailable.filter(|_| !output.is_json()) {
        output.hint(&format!("`run` refuses it as it is: {refusal}"));
    }
    Ok(Answer::Yes)
}

fn runs(workspace: &Workspace<'_>, wanted: &VersionName, output: &Output) -> Result<Answer, CommandError> {
    let mut stream = Stream::new(output, "runs");
    let mut each = |row: RunRow| {
        if output.is_json() {
            stream.push(&crate::report::json::row(&row));
        } else {
            stream.push_shown(&report::run(&row));
        }
    };
    let (number, unreadable) = match verb::runs(workspace, wanted, &mut each) {
        Err(error) if stream.count() > 0 => return Err(stream.cut_short(error.into())),
        found => found?,
    };
    let count = stream.count();
    let rest = crate::report::json::runs_of(wanted.policy.as_str(), number, count, &unreadable);
    let text = report::runs_of(wanted.policy.as_str(), number, count, &unreadable);
    let broken = unreadable.len();
    let error = (broken > 0).then(|| CommandError::unreadable(broken));
    stream.finish(&rest, &text, error)?;
    Ok(Answer::Yes)
}

fn check(
    workspace: &Workspace<'_>,
    file: Option<&Path>,
    words: &[String],
    all: bool,
    output: &Output,
) -> Result<Answer, CommandError> {
    let (body, words) = body(workspace, file, words)?;
    let past = match (all, words) {
        (true, []) => Past::All,
        (false, [_, ..]) => {
            Past::Runs(words.iter().map(|word| reference(word)).collect::<Result<_, OpsError>>()?)
        }
        (true, _) => return Err(usage("--all goes without runs", "name runs, or take --all")),
        (false, []) => return Err(usage("no runs are named", "name runs, or take --all for every one")),
    };
    let mut stream = Stream::new(output, "runs");
    let width = Output::width();
    let show = |asked: &Asked| {
        if output.is_json() {
            Stream::item(&what_if::asked_json(asked))
        } else {
            what_if::asked(asked, width)
        }
    };
    let found = verb::check(workspace, &body, &past, show, &mut |shown| stream.push_shown(&shown));
    let found = match found {
        Err(error) if stream.count() > 0 => return Err(stream.cut_short(error.into())),
        found => found?,
    };
    let error = match found.unreadable.len() {
        _ if found.interrupted => Some(OpsError::Stopped.into()),
        0 => None,
        broken => Some(CommandError::unreadable(broken)),
    };
    let rest = what_if::tally_json(&body.digest(), &found.tally, &found.unreadable);
    stream.finish(&rest, &what_if::tally(&found.tally, &found.unreadable), error)?;
    Ok(if found.tally.is_same() { Answer::Yes } else { Answer::No })
}

/// The policy to check, and the words that are left: the first one names it where no file does.
fn body<'a>(
    workspace: &Workspace<'_>,
    file: Option<&Path>,
    words: &'a [String],
) -> Result<(Body, &'a [String]), CommandError> {
    if let Some(file) = file {
        if let Some(version) =
            words.first().filter(|word| word.parse().is_ok_and(|name: VersionName| name.version.is_some()))
        {
            return Err(usage(
                &format!("with --file no version is named, and `{version}` is one"),
                "take one of them",
            ));
        }
        return Ok((verb::load(file)?, words));
    }
    let Some((first, rest)) = words.split_first() else {
        return Err(usage("no policy is named", "name it with -f FILE, or as NAME@N"));
    };
    let wanted: VersionName = first.parse().map_err(|error| {
        let hint = "the policy comes first: -f FILE, or NAME@N; then runs, or --all";
        CommandError::from(OpsError::BadVersionName(error)).hinted(hint)
    })?;
    Ok((verb::show(workspace, &wanted)?.version.body, rest))
}

fn usage(message: &str, hint: &str) -> CommandError {
    CommandError::usage(message.to_owned(), hint.to_owned())
}
