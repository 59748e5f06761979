//! `version new`: the first version, or the next one with what was decided carried.

use std::collections::HashSet;

use super::items::numbered;
use super::look::shown;
use super::{ArtifactError, ItemInput, folded, happen, history, now};
use crate::domain::artifact::{
    Artifact, ArtifactName, Decision, Event, Finding, Made, Source, findings, matched,
};
use crate::domain::ids::{ItemId, PersonaId, RunId};
use crate::domain::manifest::StepName;
use crate::domain::step::{RunStatus, Step};
use crate::ops::{OpsError, RunRef, Workspace, view};
use crate::store::Store;

/// Which version to make.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// Of what.
    pub name: ArtifactName,
    /// The run whose findings are its items.
    pub run: Option<RunRef>,
    /// Its items.
    pub items: Vec<ItemInput>,
    /// What it is about.
    pub note: Option<String>,
    /// Who makes it; the workspace's author where it is none.
    pub by: Option<String>,
}

/// Makes a version.
///
/// # Errors
/// [`OpsError::Artifact`] where a version is open, or the run cannot be taken; what the store says.
pub fn make(workspace: &Workspace<'_>, options: &NewVersion) -> Result<Made, OpsError> {
    let found = options.run.as_ref().map(|run| found(workspace, options, run)).transpose()?;
    // A store is made only for what is handed in; a run has one.
    let store =
        if found.is_some() { Store::open(&workspace.store)? } else { Store::create(&workspace.store)? };
    let lock = store.lock(&workspace.wait())?;
    let history = history(&store, &options.name)?;
    let mut artifact = folded(&options.name, &history.entries)?;
    let (from_run, found) = found.map_or((None, Vec::new()), |(run, found)| (Some(run), found));
    let (kept, inputs) = sorted(&artifact, found);
    let items = numbered(&artifact, inputs.into_iter().chain(options.items.clone()).collect());
    let (new, again) = (items.len(), kept.len());
    let version = artifact.newest().map_or(1, |newest| newest.version + 1);
    let event = Event::New { version, from_run, note: options.note.clone(), kept, items };
    let now = now(workspace, options.by.as_deref());
    happen(&lock, &options.name, (history.last.as_ref(), &mut artifact), now, event)?;
    let shown = shown(&options.name, &artifact);
    let carried = shown.items.len() - new - again;
    Ok(Made { new, carried, again, left: artifact.left(), shown })
}

/// Of findings those that were items before and are not carried anyway, and the others as new items.
fn sorted(artifact: &Artifact, found: Vec<(Finding, ItemInput)>) -> (Vec<ItemId>, Vec<ItemInput>) {
    let (findings, inputs): (Vec<Finding>, Vec<ItemInput>) = found.into_iter().unzip();
    let (mut kept, mut new, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (known, input) in matched(artifact, &findings).into_iter().zip(inputs) {
        match known {
            None => new.push(input),
            Some(id) if artifact.item(&id).is_some_and(|item| item.decision == Decision::Approved) => {}
            Some(id) if seen.insert(id.clone()) => kept.push(id),
            Some(_) => {}
        }
    }
    (kept, new)
}

/// The findings of a run, each with the item that it would be.
fn found(
    workspace: &Workspace<'_>,
    options: &NewVersion,
    run: &RunRef,
) -> Result<(RunId, Vec<(Finding, ItemInput)>), OpsError> {
    let (_, dir) = run.resolve(&workspace.store)?;
    if *dir.job() != options.name.job {
        let (run, job) = (dir.id().clone(), dir.job().clone());
        return Err(ArtifactError::AnotherJob { run, job, wanted: options.name.job.clone() }.into());
    }
    let logs = view::logs(&dir)?;
    let whole = view::of(&dir, &logs)?;
    if whole.manifest.status != RunStatus::Completed {
        return Err(ArtifactError::NotCompleted(dir.id().clone()).into());
    }
    let times = view::times(&logs);
    let item = |finding: Finding| {
        let step = finding.persona.parse::<PersonaId>().ok().map(Step::Review);
        let metadata = whole.manifest.steps.iter().flatten().find_map(|record| match (&record.name, &step) {
            (StepName::Known(name), Some(step)) if name == step => record.step_metadata.as_ref(),
            _ => None,
        });
        let provider = metadata.and_then(|metadata| metadata.provider.as_deref());
        let source = match provider {
            _ if finding.is_rule => Source::Rules,
            None | Some("rules") => Source::Rules,
            Some("file") => Source::Manual,
            Some(_) => Source::Llm,
        };
        let model = metadata.and_then(|metadata| metadata.model.as_deref());
        let by =
            model.map_or_else(|| finding.persona.clone(), |model| format!("{} ({model})", finding.persona));
        let at = step.and_then(|step| times.get(&step)?.completed.clone());
        let input = ItemInput {
            item_id: None,
            kind: Some(Finding::kind().to_owned()),
            data: finding.data.clone(),
            source: Some(source),
            recommended_by: Some(by),
            recommended_at: at,
        };
        (finding, input)
    };
    Ok((dir.id().clone(), findings(&whole.reviews).into_iter().map(item).collect()))
}
