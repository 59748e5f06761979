//! Gathering what is known of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::OpsError;
use crate::domain::budget::{Account, Amount};
use crate::domain::decision::{Decision, Label};
use crate::domain::difference::{self, Change};
use crate::domain::event::{Event, Log};
use crate::domain::exchange::INTERRUPTED;
use crate::domain::json;
use crate::domain::manifest::{Document, Manifest};
use crate::domain::panel::Panel;
use crate::domain::request::{Request, RunType};
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;
use crate::domain::view::{AttemptView, RevisionView, RunView};
use crate::provider::CallFailure;
use crate::store::{RunDir, StoreError};

/// The run's manifest.
pub(super) fn manifest(run: &RunDir) -> Result<Manifest, OpsError> {
    let bytes = recorded(run, "manifest.json", run.manifest())?;
    Manifest::read(&bytes).map_err(|source| OpsError::Manifest { path: run.manifest_path(), source })
}

/// The run's manifest with everything that its file says.
pub(super) fn document(run: &RunDir) -> Result<Document, OpsError> {
    let bytes = recorded(run, "manifest.json", run.manifest())?;
    Document::read(&bytes).map_err(|source| OpsError::Manifest { path: run.manifest_path(), source })
}

pub(super) fn corrupt(run: &RunDir, file: &str, problem: impl std::fmt::Display) -> OpsError {
    OpsError::Corrupt { path: run.path().join(file), problem: problem.to_string() }
}

/// What a run must have: that it is missing is damage.
fn recorded<T>(run: &RunDir, file: &str, read: Result<T, StoreError>) -> Result<T, OpsError> {
    read.map_err(|error| match error {
        StoreError::NotFound { .. } => corrupt(run, file, "it is missing"),
        error => error.into(),
    })
}

/// When the run's first event was; none where that is not recorded or cannot be read.
pub(super) fn created_at(run: &RunDir) -> Option<String> {
    Some(Log::read(&run.first_log_line().ok()?).ok()?.entries.first()?.at.clone())
}

/// Everything about a run. Outputs are shown only when they are what the manifest says.
pub(super) fn load(run: &RunDir) -> Result<RunView, OpsError> {
    of(run, &logs(run)?)
}

/// As [`load`], where the run's logs were read.
pub(super) fn of(run: &RunDir, logs: &[(u32, Log)]) -> Result<RunView, OpsError> {
    let manifest = manifest(run)?;
    let attempts: Vec<AttemptView> = logs.iter().filter_map(|(number, log)| attempt(*number, log)).collect();
    let outputs = Outputs { run, manifest: &manifest };
    let proposal = outputs.read(&Step::Expand)?;
    let decision = outputs.decision()?;
    let mut reviews = Vec::new();
    for step in outputs.reviewers()? {
        reviews.extend(outputs.read(&step)?);
    }
    Ok(RunView {
        path: PathBuf::from(run.path()),
        created_at: attempts.first().map(|attempt: &AttemptView| attempt.started_at.clone()),
        attempts,
        proposal,
        reviews,
        decision,
        revision: revision(&outputs)?,
        manifest,
        versions: Vec::new(),
    })
}

/// The document as it was handed in; none where that is not recorded.
pub(super) fn idea(run: &RunDir) -> Result<Option<String>, OpsError> {
    let mut names = run.input_files()?.into_iter();
    let Some(name) = names.find_map(|(path, _)| path.strip_prefix("inputs/idea.").map(str::to_owned)) else {
        return Ok(None);
    };
    Ok(Some(String::from_utf8_lossy(&run.input(&format!("idea.{name}"))?).into_owned()))
}

/// What the run asks for.
pub(super) fn request(run: &RunDir) -> Result<Request, OpsError> {
    let bytes = recorded(run, "inputs/request.json", run.input("request.json"))?;
    json::from_slice(&bytes).map_err(|error| corrupt(run, "inputs/request.json", error))
}

/// What the run says of what it revises, where it is a revision.
fn revision(outputs: &Outputs<'_>) -> Result<Option<RevisionView>, OpsError> {
    let (run, manifest) = (outputs.run, outputs.manifest);
    let Some(parent) =
        manifest.parent_run_id.clone().filter(|_| manifest.run_type == Some(RunType::Revision))
    else {
        return Ok(None);
    };
    let notes = request(run)?.revision.and_then(|revision| revision.notes);
    let change = outputs.bytes(difference::FILE)?.map(|bytes| Change::of(&bytes)).transpose();
    let file = format!("outputs/{}", difference::FILE);
    let change = change.map_err(|error| corrupt(run, &file, error))?;
    Ok(Some(RevisionView { parent, notes, change }))
}

/// The logs of the run's attempts, oldest first.
pub(super) fn logs(run: &RunDir) -> Result<Vec<(u32, Log)>, OpsError> {
    let numbers = run.attempts()?.into_iter();
    numbers.map(|number| Ok((number, recorded(run, "attempts/", run.log(number))?))).collect()
}

/// The run's attempts, oldest first.
pub(super) fn attempts(run: &RunDir) -> Result<Vec<AttemptView>, OpsError> {
    Ok(logs(run)?.iter().filter_map(|(number, log)| attempt(*number, log)).collect())
}

/// What was decided, and the reviews that it was decided from; none where these are not recorded.
pub(super) fn decided(
    run: &RunDir,
    manifest: &Manifest,
) -> Result<Option<(Label, Vec<PersonaReview>)>, OpsError> {
    let outputs = Outputs { run, manifest };
    let personas =
        manifest.artifacts.keys().filter_map(|name| name.strip_prefix("reviews/")?.strip_suffix(".json"));
    let mut reviews = Vec::new();
    for persona in personas.filter_map(|id| id.parse().ok()) {
        reviews.extend(outputs.read(&Step::Review(persona))?);
    }
    let label = outputs.decision()?.map(|decision| decision.decision);
    Ok(label.filter(|_| !reviews.is_empty()).map(|label| (label, reviews)))
}

/// When a step began and ended, in the newest attempt that began it.
#[derive(Default)]
pub(super) struct Times {
    pub(super) started: Option<String>,
    pub(super) completed: Option<String>,
    pub(super) failed: Option<String>,
}

/// When each step began and ended, as the logs say.
pub(super) fn times(logs: &[(u32, Log)]) -> BTreeMap<Step, Times> {
    let mut times: BTreeMap<Step, Times> = BTreeMap::new();
    for entry in logs.iter().flat_map(|(_, log)| &log.entries) {
        let at = || Some(entry.at.clone());
        match &entry.event {
            Event::StepStarted { step } => {
                times.insert(step.clone(), Times { started: at(), ..Times::default() });
            }
            Event::StepCompleted { step, .. } => times.entry(step.clone()).or_default().completed = at(),
            Event::StepFailed { step, code } => {
                times.entry(step.clone()).or_default().failed = Some(code.clone());
            }
            _ => {}
        }
    }
    times
}

fn attempt(number: u32, log: &Log) -> Option<AttemptView> {
    let (first, last) = (log.entries.first()?, log.entries.last()?);
    let Event::AttemptStarted { by, tool, policy, replayed, .. } = &first.event else { return None };
    let status = log.ended();
    let count = |wanted: fn(&Event) -> bool| log.entries.iter().filter(|entry| wanted(&entry.event)).count();
    Some(AttemptView {
        attempt: number,
        by: by.clone(),
        tool_version: tool.version.clone(),
        policy: policy.clone(),
        started_at: first.at.clone(),
        ended_at: status.map(|_| last.at.clone()),
        status,
        calls: count(|event| matches!(event, Event::CallReserved { .. })).saturating_sub(count(is_unsent)),
        spent: Account::after([log]).spent(),
        is_at_most: is_at_most(log),
        replayed: *replayed,
    })
}

/// Whether a request came to nothing before it was sent: what may have been sent counts as spent.
fn is_unsent(event: &Event) -> bool {
    let Event::CallSettled { outcome, spent, .. } = event else { return false };
    *spent == Amount::default() && [CallFailure::Connection.code(), INTERRUPTED].contains(&outcome.as_str())
}

/// Whether what the log counts as spent is not all known: a request was never settled, or the server did not say
/// what the answer took.
fn is_at_most(log: &Log) -> bool {
    let count = |wanted: fn(&Event) -> bool| log.entries.iter().filter(|entry| wanted(&entry.event)).count();
    let reserved = count(|event| matches!(event, Event::CallReserved { .. }));
    let settled = count(|event| matches!(event, Event::CallSettled { .. }));
    let unknown =
        |event: &Event| matches!(event, Event::CallSettled { usage: None, spent, .. } if spent.tokens > 0);
    reserved > settled || count(unknown) > 0
}

struct Outputs<'a> {
    run: &'a RunDir,
    manifest: &'a Manifest,
}

impl Outputs<'_> {
    /// The decision, which is the one that the manifest states.
    fn decision(&self) -> Result<Option<Decision>, OpsError> {
        let decision: Option<Decision> = self.read(&Step::Aggregate)?;
        let label = decision.as_ref().map(|decision| decision.decision);
        match &self.manifest.decision {
            Some(stated) if Some(stated.label) != label => {
                let problem = format!("it says {}, its decision.json does not", stated.label);
                Err(corrupt(self.run, "manifest.json", problem))
            }
            _ => Ok(decision),
        }
    }

    /// Whether the outputs are of steps that are recorded; else another tool wrote them, in other shapes, whatever
    /// the manifest was migrated to.
    fn are_ours(&self) -> bool {
        self.manifest.steps.is_some()
    }

    /// The review steps, in panel order.
    fn reviewers(&self) -> Result<Vec<Step>, OpsError> {
        if !self.are_ours() {
            return Ok(Vec::new());
        }
        let bytes = match self.run.input("panel.json") {
            Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
            bytes => bytes?,
        };
        let panel: Panel =
            json::from_slice(&bytes).map_err(|error| corrupt(self.run, "inputs/panel.json", error))?;
        Ok(panel.personas.into_iter().map(|persona| Step::Review(persona.id)).collect())
    }

    /// What a step left behind, where the manifest lists it.
    fn read<T: DeserializeOwned>(&self, step: &Step) -> Result<Option<T>, OpsError> {
        let name = step.output();
        let Some(bytes) = self.bytes(&name)? else { return Ok(None) };
        let corrupt = |error| corrupt(self.run, &format!("outputs/{name}"), error);
        json::from_checked(&bytes).map(Some).map_err(corrupt)
    }

    /// The bytes of an output, where the manifest lists it.
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, OpsError> {
        let Some(record) = self.manifest.artifacts.get(name).filter(|_| self.are_ours()) else {
            return Ok(None);
        };
        let file = format!("outputs/{name}");
        let bytes = recorded(self.run, &file, self.run.output(name))?;
        if crate::domain::digest::Digest::of(&bytes) != record.sha256 {
            return Err(corrupt(self.run, &file, "it is not what the manifest recorded"));
        }
        Ok(Some(bytes))
    }
}
