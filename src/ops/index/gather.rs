//! What is known of one run, gathered from its files as rows.

use std::collections::BTreeMap;

use crate::domain::difference;
use crate::domain::event::Log;
use crate::domain::facts::{Cell, Facts};
use crate::domain::filter::Listed;
use crate::domain::identity::inputs_hash;
use crate::domain::json::{self, Value};
use crate::domain::manifest::StepName;
use crate::domain::request::Request;
use crate::domain::review::{Basis, PersonaReview};
use crate::domain::step::{RunStatus, Step};
use crate::domain::view::RunView;
use crate::ops::{OpsError, view};
use crate::store::{RunDir, StoreError};

/// Everything that the index says of a run, and whether that can still change.
pub(super) fn facts(run: &RunDir) -> Result<(Facts, bool), OpsError> {
    let logs = view::logs(run)?;
    let whole = view::of(run, &logs)?;
    let models = input(run, "model.json")?;
    let request = input(run, "request.json")?.and_then(|text| json::from_slice(text.as_bytes()).ok());
    let gathered = Gathered { run, view: &whole, logs: &logs, times: view::times(&logs), models, request };
    let rows = [
        vec![gathered.run_row()?],
        gathered.proposal()?,
        gathered.reviews(),
        gathered.decision(),
        gathered.steps(),
        gathered.findings(),
        gathered.migrations(),
    ];
    let is_open = whole.manifest.status != RunStatus::Completed;
    let ids = (run.job().clone(), run.id().clone());
    let by = whole.attempts.first().map(|attempt| attempt.by.clone());
    let listed = Listed::of(ids.clone(), whole.manifest.clone(), whole.created_at.clone(), by);
    Ok((Facts { job: ids.0, run: ids.1, listed, rows }, is_open))
}

struct Gathered<'a> {
    run: &'a RunDir,
    view: &'a RunView,
    logs: &'a [(u32, Log)],
    times: BTreeMap<Step, view::Times>,
    /// The text of `inputs/model.json`.
    models: Option<String>,
    request: Option<Request>,
}

impl Gathered<'_> {
    fn ids(&self) -> [Cell; 2] {
        [Cell::Text(self.run.id().to_string()), Cell::Text(self.run.job().to_string())]
    }

    fn run_row(&self) -> Result<Vec<Cell>, OpsError> {
        let (manifest, attempts) = (&self.view.manifest, &self.view.attempts);
        let last =
            self.logs.iter().rev().find_map(|(_, log)| log.entries.last()).map(|entry| entry.at.clone());
        let first = attempts.first();
        let models = manifest.steps.iter().flatten().filter(|step| is_review(&step.name));
        let models: Vec<_> = models.filter_map(|step| step.step_metadata.as_ref()).collect();
        let mut names: Vec<&str> = models.iter().filter_map(|metadata| metadata.model.as_deref()).collect();
        names.dedup();
        let temperature = models.iter().find_map(|metadata| metadata.temperature);
        let completed = last.clone().filter(|_| manifest.status == RunStatus::Completed);
        let policy = manifest.policy.as_ref().or_else(|| attempts.last().map(|attempt| &attempt.policy));
        let (calls, spent) = attempts.iter().fold((0, (0u64, 0u64)), |(calls, (tokens, money)), attempt| {
            let tokens = tokens.saturating_add(attempt.spent.tokens);
            (calls + attempt.calls, (tokens, money.saturating_add(attempt.spent.usd_micros)))
        });
        let [id, job] = self.ids();
        Ok(vec![
            id,
            job,
            Cell::text(first.map(|attempt| attempt.by.clone())),
            Cell::text(self.view.created_at.clone()),
            Cell::text(last),
            Cell::text(first.map(|attempt| attempt.started_at.clone())),
            Cell::text(completed),
            Cell::Text(manifest.status.to_string()),
            Cell::text(word(manifest.run_type.as_ref())),
            Cell::text(manifest.parent_run_id.as_ref().map(ToString::to_string)),
            Cell::text(self.idea()?),
            Cell::text(self.context()?),
            Cell::text(self.models.clone()),
            Cell::text(Some(names.join(", ")).filter(|names| !names.is_empty())),
            Cell::real(temperature.map(|temperature| temperature.to_string())),
            Cell::text(manifest.data_schema_version.clone()),
            Cell::text(manifest.prompt_set_version.clone()),
            Cell::text(policy.map(|policy| policy.name.clone())),
            Cell::count(policy.map(|policy| policy.version)),
            Cell::real(manifest.decision.as_ref().map(|decision| decision.weighted_confidence.to_string())),
            Cell::text(manifest.decision.as_ref().map(|decision| decision.label.to_string())),
            Cell::count(Some(attempts.len().saturating_sub(1) as u64)),
            Cell::text(policy.map(|policy| policy.name.clone())),
            Cell::Text(manifest.schema_version.clone()),
            Cell::Text(format!("{}/{}", self.run.job(), self.run.id())),
            Cell::count(self.request.as_ref().map(|request| request.sample.into())),
            Cell::text(self.question()),
            Cell::count(Some(calls as u64)),
            Cell::count(Some(spent.0)),
            Cell::count(Some(spent.1)),
        ])
    }

    fn snapshots(&self) -> impl Iterator<Item = &str> {
        self.view.manifest.input_snapshots.iter().flat_map(|files| files.keys()).map(String::as_str)
    }

    /// What all samples of one question have in common: the digest of their inputs but the request, which says
    /// which sample it is. None where it is not recorded.
    fn question(&self) -> Option<String> {
        let files = self.view.manifest.input_snapshots.as_ref().filter(|files| !files.is_empty())?;
        let shared = files.iter().filter(|(name, _)| *name != "request.json");
        let hash = inputs_hash(shared.map(|(name, file)| (name.as_str(), file.sha256)));
        Some(hash.hex()[..32].to_owned())
    }

    fn idea(&self) -> Result<Option<String>, OpsError> {
        match self.snapshots().find(|name| name.starts_with("idea.")) {
            Some(name) => input(self.run, name),
            None => Ok(None),
        }
    }

    /// The context files as an object of texts by name; none where there are none.
    fn context(&self) -> Result<Option<String>, OpsError> {
        let mut members = Vec::new();
        for name in self.snapshots() {
            if let Some(short) = name.strip_prefix("context/") {
                members.extend(input(self.run, name)?.map(|text| (short.to_owned(), Value::String(text))));
            }
        }
        Ok((!members.is_empty()).then(|| json::canonical(&Value::Object(members))))
    }

    fn proposal(&self) -> Result<Vec<Vec<Cell>>, OpsError> {
        let Some(proposal) = &self.view.proposal else { return Ok(Vec::new()) };
        let [id, job] = self.ids();
        let notes = self.view.revision.as_ref().and_then(|revision| revision.notes.clone());
        // Only a run that is whole keeps what differs from its parent.
        let kept = self.view.manifest.artifacts.contains_key(difference::FILE);
        let diff = if kept { Some(self.run.output(difference::FILE)?) } else { None };
        let diff = diff.and_then(|bytes| Value::parse(&bytes).ok());
        let fields = diff.and_then(|diff| diff.get("proposal").map(json::canonical));
        let version = self.view.manifest.prompt_set_version.clone();
        let whole = Cell::Text(json::to_line(proposal));
        Ok(vec![vec![id, job, whole, Cell::text(fields), Cell::text(version), Cell::text(notes)]])
    }

    fn reviews(&self) -> Vec<Vec<Cell>> {
        let models = self.models.as_ref().and_then(|text| Value::parse(text.as_bytes()).ok());
        let parameters = |step: &Step| {
            let of_step = models.as_ref()?.get("steps")?.get(&step.to_string())?;
            Some(json::canonical(of_step))
        };
        let row = |review: &PersonaReview| {
            let [id, job] = self.ids();
            let step = Step::Review(review.persona_id.clone());
            let critical = review.blocking_issues.iter().any(|issue| issue.security_critical == Some(true));
            vec![
                id,
                job,
                Cell::Text(review.persona_id.to_string()),
                Cell::Text(review.persona_name.to_string()),
                Cell::Text(json::to_line(review)),
                Cell::real(Some(review.confidence_score.to_string())),
                Cell::flag(Some(!review.blocking_issues.is_empty())),
                Cell::flag(Some(critical)),
                Cell::text(parameters(&step)),
                Cell::text(self.times.get(&step).and_then(|times| times.completed.clone())),
            ]
        };
        self.view.reviews.iter().map(row).collect()
    }

    fn decision(&self) -> Vec<Vec<Cell>> {
        let row = |decision: &crate::domain::decision::Decision| {
            let [id, job] = self.ids();
            vec![
                id,
                job,
                Cell::Text(json::to_line(decision)),
                Cell::real(Some(decision.weighted_confidence.to_string())),
                Cell::Text(decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
                Cell::text(self.times.get(&Step::Aggregate).and_then(|times| times.completed.clone())),
            ]
        };
        self.view.decision.iter().map(row).collect()
    }

    fn steps(&self) -> Vec<Vec<Cell>> {
        let error = self.view.manifest.error.as_ref();
        let row = |(order, step): (usize, &crate::domain::manifest::StepRecord)| {
            let [id, job] = self.ids();
            let times = if let StepName::Known(step) = &step.name { self.times.get(step) } else { None };
            let failed = times.and_then(|times| times.failed.clone());
            let failed = failed.or_else(|| {
                error.filter(|error| error.step.as_ref() == Some(&step.name)).map(|error| error.code.clone())
            });
            vec![
                id,
                job,
                Cell::Text(step.name.to_string()),
                Cell::count(Some(order as u64)),
                Cell::text(word(Some(&step.status))),
                Cell::text(times.and_then(|times| times.started.clone())),
                Cell::text(times.and_then(|times| times.completed.clone())),
                Cell::text(failed),
                Cell::text(step.step_metadata.as_ref().map(json::to_line)),
            ]
        };
        self.view.manifest.steps.iter().flatten().enumerate().map(row).collect()
    }

    fn findings(&self) -> Vec<Vec<Cell>> {
        let finding = |persona: &PersonaReview,
                       kind: &str,
                       text: String,
                       critical: Option<bool>,
                       basis: Option<&Basis>| {
            let [id, job] = self.ids();
            let line = basis.and_then(|basis| basis.evidence.iter().find(|evidence| evidence.is_here()));
            vec![
                id,
                job,
                Cell::Text(persona.persona_id.to_string()),
                Cell::Text(kind.to_owned()),
                Cell::Text(text),
                Cell::flag(critical),
                Cell::text(basis.and_then(|basis| basis.rule_id.clone())),
                Cell::count(line.map(|evidence| evidence.start_line.into())),
            ]
        };
        let of_review = |review: &PersonaReview| {
            let blocking = review.blocking_issues.iter().map(|issue| {
                finding(
                    review,
                    "blocking_issue",
                    issue.text.to_string(),
                    issue.security_critical,
                    Some(&issue.basis),
                )
            });
            let concerns = review.concerns.iter().map(|concern| {
                finding(review, "concern", concern.text.to_string(), None, Some(&concern.basis))
            });
            let recommendations = review
                .recommendations
                .iter()
                .map(|text| finding(review, "recommendation", text.to_string(), None, None));
            blocking.chain(concerns).chain(recommendations).collect::<Vec<_>>()
        };
        self.view.reviews.iter().flat_map(of_review).collect()
    }

    fn migrations(&self) -> Vec<Vec<Cell>> {
        let row = |entry: &Value| {
            let [id, job] = self.ids();
            let member = |name: &str| Cell::text(entry.get(name).and_then(Value::as_str));
            vec![id, job, member("from_version"), member("to_version"), member("applied_at")]
        };
        self.view.manifest.migration_history.iter().map(row).collect()
    }
}

/// The text of an input; none where it is not there.
fn input(run: &RunDir, name: &str) -> Result<Option<String>, OpsError> {
    match run.input(name) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_review(name: &StepName) -> bool {
    matches!(name, StepName::Known(Step::Review(_)))
}

/// The word that a value is written as.
fn word<T: serde::Serialize>(value: Option<&T>) -> Option<String> {
    let line = json::to_line(value?);
    line.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_words() {
        assert_eq!(word(Some(&RunStatus::Completed)).as_deref(), Some("completed"));
        assert_eq!(word::<RunStatus>(None), None);
    }
}
