//! A revision builds on what its parent put out, and carries the reviews that stand.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::domain::check::Check;
use crate::domain::json;
use crate::domain::manifest::Manifest;
use crate::domain::panel::Panel;
use crate::domain::request::Request;
use crate::domain::review::PersonaReview;
use crate::domain::revision::{Parent, Revised};
use crate::domain::step::Step;
use crate::ops::run::{PARENT, PROPOSAL};
use crate::ops::view;
use crate::store::{RunDir, Store, StoreError};

const NAME: &str = "revision";

/// No check where the run is no revision.
pub(super) fn verify(store: &Store, run: &RunDir, manifest: &Manifest) -> Vec<Check> {
    let Some(parent) = &manifest.parent_run_id else { return Vec::new() };
    let snapshots = manifest.input_snapshots.iter().flatten();
    let kept: Vec<_> =
        snapshots.filter_map(|(name, file)| Some((name.strip_prefix(PARENT)?, file.sha256))).collect();
    if kept.is_empty() {
        return vec![Check::skipped(NAME, format!("inputs/{PARENT}"), "not recorded")];
    }
    // That the parent is not there is said elsewhere.
    let theirs = store.run(&manifest.job_id, parent).ok().flatten().and_then(|run| view::manifest(&run).ok());
    let differs = theirs.and_then(|theirs| {
        let is_theirs =
            |name: &str, digest| theirs.artifacts.get(name).is_some_and(|file| file.sha256 == digest);
        let (name, _) = kept.iter().find(|(name, digest)| !is_theirs(name, *digest))?;
        Some(format!("`{name}` is not what `{parent}` put out"))
    });
    let carried = match carried(run, manifest) {
        Ok(problem) | Err(problem) => problem,
    };
    vec![
        Check::unless(differs, NAME, format!("inputs/{PARENT}")),
        Check::unless(carried, NAME, "outputs/reviews/"),
    ]
}

/// The first review that is carried and should not be, or the other way round.
fn carried(run: &RunDir, manifest: &Manifest) -> Result<Option<String>, Option<String>> {
    let request: Request = read(run.input("request.json"), "inputs/request.json")?;
    let Some(revision) = request.revision else {
        return Ok(Some("inputs/request.json says nothing of a revision".to_owned()));
    };
    let panel: Panel = read(run.input("panel.json"), "inputs/panel.json")?;
    let (mut reviews, mut parent) = (BTreeMap::new(), request.parent_run_id);
    let parent = parent.take().ok_or_else(|| Some("inputs/request.json names no parent".to_owned()))?;
    for name in manifest.input_snapshots.iter().flat_map(BTreeMap::keys) {
        if name.strip_prefix(PARENT).is_some_and(|name| name.starts_with("reviews/")) {
            let review: PersonaReview = read(run.input(name), name)?;
            reviews.insert(review.persona_id.clone(), review);
        }
    }
    let from = |name: String| run.input(&format!("{PARENT}{name}"));
    let parent = Parent {
        run: parent,
        proposal: read(from(Step::Expand.output()), "the parent's proposal")?,
        reviews,
        decision: read(from(Step::Aggregate.output()), "the parent's decision")?,
    };
    let is_there = |step: &Step| manifest.artifacts.contains_key(&step.output());
    if !is_there(&Step::Expand) {
        return Ok(None);
    }
    let proposal = read(run.output(&Step::Expand.output()), "outputs/proposal.json")?;
    let given = match run.input(PROPOSAL) {
        Err(StoreError::NotFound { .. }) => None,
        bytes => Some(read(bytes, "inputs/proposal.json")?),
    };
    if given.as_ref().is_some_and(|given| *given != proposal) {
        return Ok(Some("outputs/proposal.json is not the one that was handed in".to_owned()));
    }
    let revised = Revised { revision, parent, proposal: given };
    for persona in &panel.personas {
        let step = Step::Review(persona.id.clone());
        if !is_there(&step) {
            continue;
        }
        let review: PersonaReview = read(run.output(&step.output()), &step.output())?;
        let problem = match revised.carried(persona, &proposal) {
            Some(carried) if carried != review => "should be the parent's",
            None if review.carried_from().is_some() => "should not be carried",
            _ => continue,
        };
        return Ok(Some(format!("the review of `{}` {problem}", persona.id)));
    }
    Ok(None)
}

fn read<T: DeserializeOwned>(bytes: Result<Vec<u8>, StoreError>, name: &str) -> Result<T, Option<String>> {
    let bytes = bytes.map_err(|error| Some(error.to_string()))?;
    json::from_slice(&bytes).map_err(|error| Some(format!("{name}: {error}")))
}
