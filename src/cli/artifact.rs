//! `consensus version`, `item`, `lineage` and `approved`

use super::args::{
    ApprovedArgs, DecideArgs, ItemArgs, ItemCommand, LineageArgs, SaidArgs, SettleArgs, VersionArgs,
    VersionCommand, reference,
};
use super::output::Output;
use super::{Answer, CommandError, whole};
use crate::config::Author;
use crate::domain::artifact::{ArtifactRef, Decision};
use crate::domain::ids::Cycle;
use crate::domain::json::Value;
use crate::domain::policy::VersionName;
use crate::ops::artifact::{self as verb, ArtifactError, Change, ItemInput, NewVersion};
use crate::ops::{OpsError, Workspace};
use crate::report::artifact as report;

pub(super) fn version(
    workspace: Workspace<'_>,
    args: &VersionArgs,
    policy: &VersionName,
    output: &Output,
) -> Result<Answer, CommandError> {
    let cycle = args.cycle.as_ref();
    match &args.command {
        VersionCommand::New { artifact, from_run, items, said } => {
            if let Some(number) = artifact.version {
                let hint = "name it without `@N`; the next number is taken";
                return Err(CommandError::usage(
                    format!("version {number} cannot be chosen"),
                    hint.to_owned(),
                ));
            }
            let options = NewVersion {
                name: artifact.name(cycle),
                run: from_run.as_deref().map(reference).transpose()?,
                items: items.as_deref().map(verb::read_items).transpose()?.unwrap_or_default(),
                note: said.note.clone(),
                by: said.by.clone(),
            };
            let made = authored(workspace, said.no_wait, |workspace| verb::make(workspace, &options))?;
            output.answer(|| report::made_json(&made), || report::made(&made, Output::width()))?;
            if made.shown.version.from_run.is_none() && made.new == 0 && !output.is_json() {
                output.hint("it is of no run and has no new items: `item add` adds some, `version withdraw` gives the draft up");
            }
            Ok(Answer::Yes)
        }
        VersionCommand::List { job, open } => {
            let (lines, broken) = verb::versions(&workspace, job.as_ref(), *open)?;
            output.answer(|| report::versions_json(&lines, &broken), || report::versions(&lines, &broken))?;
            whole(broken.len())
        }
        VersionCommand::Show { version } => {
            let shown = verb::show(&workspace, &version.name(cycle), version.version)?;
            output.answer(|| report::shown_json(&shown), || report::shown(&shown, Output::width()))
        }
        VersionCommand::Log { version } => {
            let entries = verb::events(&workspace, &version.name(cycle), version.version)?;
            output.answer(|| report::log_json(&entries), || report::log(&entries))
        }
        VersionCommand::Diff { old, new } => {
            let (old_name, new_name) = (old.name(cycle), new.name(cycle));
            let found = verb::difference(&workspace, (&old_name, old.version), (&new_name, new.version))?;
            output.answer(|| report::diff_json(&found), || report::diff(&found, Output::width()))?;
            Ok(if found.items.is_empty() { Answer::Yes } else { Answer::No })
        }
        VersionCommand::Submit(args) => settle(workspace, args, cycle, Change::Submit, output),
        VersionCommand::Withdraw(args) => settle(workspace, args, cycle, Change::Withdraw, output),
        VersionCommand::Approve(args) => {
            settle(workspace, args, cycle, Change::Approve(policy.clone()), output)
        }
        VersionCommand::Reject(args) => settle(workspace, args, cycle, Change::Reject, output),
    }
}

pub(super) fn item(
    workspace: Workspace<'_>,
    args: &ItemArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let cycle = args.cycle.as_ref();
    match &args.command {
        ItemCommand::List { version, pending } => {
            let mut shown = verb::show(&workspace, &version.name(cycle), version.version)?;
            if *pending {
                shown.items.retain(|item| item.decision == Decision::Pending);
            }
            let none = if *pending { "nothing is undecided\n" } else { "it has no items\n" };
            let text = || match shown.items.len() {
                0 => none.to_owned(),
                _ => report::items(&shown.items, Output::width()),
            };
            output.answer(|| report::shown_json(&shown), text)
        }
        ItemCommand::Show { version, item } => {
            let shown = verb::show(&workspace, &version.name(cycle), version.version)?;
            let item = verb::item(&shown, item)?;
            output.answer(|| report::item_json(item), || report::item(item))
        }
        ItemCommand::Add { version, data, id, kind, source, by } => {
            let input = ItemInput {
                item_id: id.clone(),
                kind: Some(kind.clone()),
                data: object(data)?,
                source: Some((*source).into()),
                recommended_by: by.clone(),
                recommended_at: None,
            };
            let said = SaidArgs { note: None, by: by.clone(), no_wait: false };
            change(workspace, (version, cycle), Change::Add(vec![input]), &said, output)
        }
        ItemCommand::Approve(args) => decide(workspace, args, cycle, Decision::Approved, output),
        ItemCommand::Reject(args) => decide(workspace, args, cycle, Decision::Rejected, output),
        ItemCommand::Modify { version, item, data, source, said } => {
            let change_to = Change::Modify(item.clone(), object(data)?, (*source).into());
            change(workspace, (version, cycle), change_to, said, output)
        }
    }
}

pub(super) fn lineage(
    workspace: &Workspace<'_>,
    args: &LineageArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let name = args.version.name(args.cycle.as_ref());
    let (version, passages) = verb::lineage(workspace, &name, args.version.version, &args.item)?;
    output
        .answer(|| report::lineage_json(&name, version, &args.item, &passages), || report::lineage(&passages))
}

pub(super) fn approved(
    workspace: &Workspace<'_>,
    args: &ApprovedArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let (lines, broken) = verb::approved(workspace, args.job.as_ref())?;
    output.answer(|| report::approved_json(&lines, &broken), || report::approved(&lines, &broken))?;
    whole(broken.len())
}

fn decide(
    workspace: Workspace<'_>,
    args: &DecideArgs,
    cycle: Option<&Cycle>,
    decision: Decision,
    output: &Output,
) -> Result<Answer, CommandError> {
    let items = if args.all { None } else { Some(args.items.clone()) };
    change(
        workspace,
        (&args.version, cycle),
        Change::Decide(items, decision, args.overrule),
        &args.said,
        output,
    )
}

fn settle(
    workspace: Workspace<'_>,
    args: &SettleArgs,
    cycle: Option<&Cycle>,
    how: Change,
    output: &Output,
) -> Result<Answer, CommandError> {
    change(workspace, (&args.version, cycle), how, &args.said, output)
}

fn change(
    workspace: Workspace<'_>,
    (version, cycle): (&ArtifactRef, Option<&Cycle>),
    how: Change,
    said: &SaidArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let name = version.name(cycle);
    let words = (said.note.as_deref(), said.by.as_deref());
    let done = authored(workspace, said.no_wait, |workspace| {
        verb::change(workspace, (&name, version.version), how, words)
    })?;
    output.answer(|| report::done_json(&done), || report::done(&done))
}

/// Does something in a workspace that knows who acts.
fn authored<T>(
    workspace: Workspace<'_>,
    no_wait: bool,
    work: impl FnOnce(&Workspace<'_>) -> Result<T, OpsError>,
) -> Result<T, OpsError> {
    let author = Author::ask();
    work(&Workspace { author: &|| author.label(), no_wait, ..workspace })
}

fn object(text: &str) -> Result<Value, OpsError> {
    match Value::parse(text.as_bytes()) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => {
            Err(ArtifactError::Data("it takes a JSON object, such as {\"sample\": 7}".to_owned()).into())
        }
        Err(error) => Err(ArtifactError::Data(error.to_string()).into()),
    }
}
