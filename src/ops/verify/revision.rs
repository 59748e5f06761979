//! A revision builds on what its parent put out, carries the reviews that stand, and keeps what differs.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::domain::check::Check;
use crate::domain::decision::Decision;
use crate::domain::difference::{self, Difference};
use crate::domain::json::{self, Value};
use crate::domain::manifest::Manifest;
use crate::domain::proposal::Proposal;
use crate::domain::review::PersonaReview;
use crate::domain::revision::{Parent, Revised};
use crate::domain::step::Step;
use crate::ops::OpsError;
use crate::ops::run::{HowAsked, PARENT, difference_of, edited, input};
use crate::ops::view;
use crate::store::{RunDir, Store};

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
    let subjects = [format!("inputs/{PARENT}"), "outputs/reviews/".to_owned(), difference_file()];
    // That it is not there, or what is wrong with it, is said elsewhere.
    let Some(theirs) = store.run(&manifest.job_id, parent).ok().flatten() else {
        return subjects.map(|subject| Check::skipped(NAME, subject, "the parent is not there")).into();
    };
    let differs = view::manifest(&theirs).ok().and_then(|theirs| {
        let is_theirs =
            |name: &str, digest| theirs.artifacts.get(name).is_some_and(|file| file.sha256 == digest);
        let (name, _) = kept.iter().find(|(name, digest)| !is_theirs(name, *digest))?;
        Some(format!("`{name}` is not what `{parent}` put out"))
    });
    let [at_parent, at_reviews, at_difference] = subjects;
    let mut checks = vec![Check::unless(differs, NAME, at_parent)];
    match Revision::read(run, &theirs, manifest) {
        Err(problem) => checks.push(Check::fail(NAME, at_reviews, problem)),
        Ok(None) => checks.push(Check::skipped(NAME, at_reviews, "there is no proposal yet")),
        Ok(Some(revision)) => {
            checks.push(Check::unless(revision.carried(), NAME, at_reviews));
            checks.extend(revision.decided.is_some().then(|| {
                let problem = revision.difference(run, manifest);
                Check::unless(problem.unwrap_or_else(|error| Some(error.to_string())), NAME, at_difference)
            }));
        }
    }
    checks
}

fn difference_file() -> String {
    format!("outputs/{}", difference::FILE)
}

/// A revision, as its files and those of its parent say.
struct Revision {
    before: HowAsked,
    now: HowAsked,
    revised: Revised,
    proposal: Proposal,
    reviews: Vec<PersonaReview>,
    decided: Option<Decision>,
}

impl Revision {
    /// None where there is no proposal yet.
    fn read(run: &RunDir, parent: &RunDir, manifest: &Manifest) -> Result<Option<Self>, OpsError> {
        let request = view::request(run)?;
        let corrupt = |problem| view::corrupt(run, "inputs/request.json", problem);
        let revision = request.revision.ok_or_else(|| corrupt("it says nothing of a revision"))?;
        if request.parent_run_id.as_ref() != Some(parent.id()) {
            return Err(corrupt("it names another parent"));
        }
        let kept = |step: &Step| format!("{PARENT}{}", step.output());
        let mut theirs = BTreeMap::new();
        for name in manifest.input_snapshots.iter().flat_map(BTreeMap::keys) {
            if name.strip_prefix(PARENT).is_some_and(|name| name.starts_with("reviews/")) {
                let review: PersonaReview = input(run, name)?;
                theirs.insert(review.persona_id.clone(), review);
            }
        }
        let kept = Parent {
            run: parent.id().clone(),
            proposal: input(run, &kept(&Step::Expand))?,
            reviews: theirs,
            decision: input(run, &kept(&Step::Aggregate))?,
        };
        let revised = Revised { revision, parent: kept, proposal: edited(run)? };
        let Some(proposal) = output(run, manifest, &Step::Expand)? else { return Ok(None) };
        let now = HowAsked::read(run)?;
        let mut reviews = Vec::new();
        for persona in &now.panel().personas {
            reviews.extend(output(run, manifest, &Step::Review(persona.id.clone()))?);
        }
        let decided = output(run, manifest, &Step::Aggregate)?;
        Ok(Some(Self { before: HowAsked::read(parent)?, now, revised, proposal, reviews, decided }))
    }

    /// The first thing that is carried and should not be, or the other way round.
    fn carried(&self) -> Option<String> {
        let Self { before, now, revised, proposal, .. } = self;
        let revision = &revised.revision;
        if revised.proposal.as_ref().is_some_and(|edited| !json::is_alike(edited, proposal)) {
            return Some("outputs/proposal.json is not the one that was handed in".to_owned());
        }
        let differs = revised.proposal.is_none() && !difference::is_same(&before.idea, &now.idea);
        if differs != revision.document_differs {
            return Some("inputs/request.json is wrong about the document".to_owned());
        }
        let may = revised.parent.may_carry((&revision.rerun, differs), &before.asked(), &now.asked());
        if may != revision.may_carry {
            return Some("inputs/request.json is wrong about whose review may be carried".to_owned());
        }
        self.reviews.iter().find_map(|review| {
            let persona = now.panel().persona(&review.persona_id)?;
            let problem = match revised.carried(persona, proposal) {
                Some(carried) if !json::is_alike(&carried, review) => "should be the parent's",
                None if review.carried_from().is_some() => "should not be carried",
                _ => return None,
            };
            Some(format!("the review of `{}` {problem}", persona.id))
        })
    }

    /// What is wrong with the kept difference. How a text is laid out as a diff is not looked at: that may be told
    /// otherwise one day.
    fn difference(&self, run: &RunDir, manifest: &Manifest) -> Result<Option<String>, OpsError> {
        if !manifest.artifacts.contains_key(difference::FILE) {
            return Ok(Some("missing".to_owned()));
        }
        let bytes = run.output(difference::FILE)?;
        let stored = Value::parse(&bytes).map_err(|error| view::corrupt(run, &difference_file(), error))?;
        let Some(decision) = &self.decided else { return Ok(None) };
        let run_of = (run.job(), run.id());
        let (before, now) = (self.before.idea.as_str(), self.now.idea.as_str());
        let found: Difference = difference_of(
            &self.revised.parent,
            run_of,
            (before, now),
            (&self.proposal, &self.reviews, decision),
        );
        let is_so =
            json::canonical(&without_text(stored)) == json::canonical(&without_text(json::to_value(&found)));
        Ok((!is_so).then(|| "it is not what differs from the parent".to_owned()))
    }
}

/// A difference without how its texts differ line by line.
fn without_text(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| name != "diff");
            Value::Object(kept.map(|(name, value)| (name, without_text(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_text).collect()),
        value => value,
    }
}

fn output<T: DeserializeOwned>(
    run: &RunDir,
    manifest: &Manifest,
    step: &Step,
) -> Result<Option<T>, OpsError> {
    let name = step.output();
    if !manifest.artifacts.contains_key(&name) {
        return Ok(None);
    }
    let value = json::from_slice(&run.output(&name)?);
    value.map(Some).map_err(|error| view::corrupt(run, &format!("outputs/{name}"), error))
}
