//! What is known of a run, gathered for showing it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::artifact::Status;
use super::budget::Amount;
use super::check::Check;
use super::decimal::{Confidence, Score};
use super::decision::{Decision, Label};
use super::difference::Change;
use super::digest::Digest;
use super::ids::{Cycle, JobId, PersonaId, Phase, RunId};
use super::manifest::{Manifest, StepName};
use super::policy::PolicyRef;
use super::proposal::Proposal;
use super::provider::ProviderName;
use super::review::PersonaReview;
use super::step::{RunStatus, Step};

/// One execution of a run, as its log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    /// Its number, from 1.
    pub attempt: u32,
    /// By whom, unauthenticated.
    pub by: String,
    /// The version of the program that ran it.
    pub tool_version: String,
    /// Under which policy.
    pub policy: PolicyRef,
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// When it ended; none while it runs or after it was killed.
    pub ended_at: Option<String>,
    /// How it ended; none while it runs or after it was killed.
    pub status: Option<RunStatus>,
    /// How many requests it sent to models.
    pub calls: usize,
    /// What they took: settled, or reserved and never settled.
    pub spent: Amount,
    /// Whether some of it is only what was reserved, so that it is at most so much.
    pub is_at_most: bool,
    /// Whether its answers come from a recording.
    pub replayed: bool,
}

/// A rule, as it is told to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleView {
    /// Its id.
    pub id: String,
    /// The pack that it stands in, with its version.
    pub pack: String,
    /// Whose rule it is, where no panel says otherwise.
    pub persona: PersonaId,
    /// `topic` for what should be there, `hazard` for what should not.
    pub kind: &'static str,
    /// `blocking`, `concern` or `recommendation`.
    pub severity: &'static str,
    /// Whether the veto can rest on it.
    pub security_critical: bool,
    /// How much it weighs in the kinds of documents where that differs, by their ids; `off` where it is not run.
    pub by_kind: BTreeMap<String, &'static str>,
    /// Of a topic: what it is about.
    pub about: Option<String>,
    /// Of a topic: words of headings that name it.
    pub headings: Vec<String>,
    /// Of a topic: what its patterns look for in a sentence, in words.
    pub phrases: String,
    /// Patterns, as regular expressions: of a topic those that name it, of a hazard those that are it.
    pub patterns: Vec<String>,
    /// Of a hazard: lists of words, one of each of which makes it, near each other in a sentence.
    pub together: Vec<Vec<Vec<String>>>,
    /// Of a hazard: abbreviations that need no explanation.
    pub abbreviations_but: Vec<String>,
    /// Of a hazard: patterns that excuse it in the same sentence.
    pub unless: Vec<String>,
    /// Of a hazard: patterns that excuse it anywhere in the document.
    pub unless_anywhere: Vec<String>,
    /// Texts that the rule finds something in.
    pub finds: Vec<String>,
    /// Texts that the rule leaves alone.
    pub leaves: Vec<String>,
    /// What the finding says.
    pub says: String,
    /// What to do about it.
    pub advice: String,
    /// What the finding takes from the score, in hundredths.
    pub takes: i32,
    /// Of a topic: what it takes from the score where a long document only mentions it, in hundredths.
    pub takes_in_passing: Option<i32>,
    /// Of a topic: what it adds to the score where it is found, in hundredths.
    pub adds: Option<i32>,
}

/// An example of a rule, and whether the rule did as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExampleView {
    /// The rule.
    pub rule: String,
    /// Whether something is to be found in it.
    pub finds: bool,
    /// The text, Markdown.
    pub text: String,
    /// Whether it was so.
    pub holds: bool,
}

/// A kind of document, and how it is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// It has hardly a section and no more words than this.
    pub most_words: Option<usize>,
    /// Patterns of lines of front matter.
    pub fields: Vec<String>,
    /// Words of headings.
    pub headings: Vec<String>,
    /// So many headings of the document, named by these, are enough.
    pub at_least: usize,
    /// Words of headings that it does not have.
    pub unless_headings: Vec<String>,
    /// Whether a sentence is enough to tell of a topic, however many sections there are.
    pub sentences: bool,
}

/// A prompt set that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptSetView {
    /// Its version.
    pub version: String,
    /// The digest of the set.
    pub digest: Digest,
    /// Whether `run` takes it where nobody names another.
    pub is_default: bool,
    /// The digest of each template.
    pub templates: BTreeMap<String, Digest>,
}

/// What differs of one template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptChange {
    /// The template.
    pub template: String,
    /// `added`, `removed` or `modified`.
    pub change: &'static str,
    /// What differs, line by line, where both texts are installed.
    pub diff: Option<String>,
}

/// What a revision says of what it revises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevisionView {
    /// The run that it revises.
    #[serde(rename = "parent_run_id")]
    pub parent: RunId,
    /// What was edited and why, in the author's words.
    pub notes: Option<String>,
    /// What became of it; none before there is a decision.
    pub change: Option<Change>,
}

/// One run, whole.
#[derive(Debug, Clone)]
pub struct RunView {
    /// Where it lies.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// When its first event was; none where that was not recorded.
    pub created_at: Option<String>,
    /// Its executions, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Its proposal, once there is one.
    pub proposal: Option<Proposal>,
    /// Its reviews, in panel order, as far as they are there.
    pub reviews: Vec<PersonaReview>,
    /// Its decision, once there is one.
    pub decision: Option<Decision>,
    /// Of a revision: what it revises.
    pub revision: Option<RevisionView>,
    /// The versions that hold its findings, where that was looked up.
    pub versions: Vec<VersionLine>,
}

impl RunView {
    /// What to keep in mind of a panel of models, in words: reviewers that are one model, or that hardly differ, are
    /// not as many opinions as they are reviews.
    #[must_use]
    pub fn cautions(&self) -> Vec<String> {
        let steps = self.manifest.steps.as_deref().unwrap_or_default();
        let reviews = steps.iter().filter(|step| matches!(step.name, StepName::Known(Step::Review(_))));
        let metadata = reviews.filter_map(|step| step.step_metadata.as_ref());
        let asked: Vec<(Option<&str>, Option<&str>)> =
            metadata.map(|metadata| (metadata.provider.as_deref(), metadata.model.as_deref())).collect();
        let is_model = |provider: &str| provider.parse().is_ok_and(ProviderName::is_model);
        if self.reviews.len() < 2 || !asked.iter().any(|(provider, _)| provider.is_some_and(is_model)) {
            return Vec::new();
        }
        let one = asked.iter().all(|other| Some(other) == asked.first()).then(|| asked[0].1).flatten();
        let one =
            one.map(|model| format!("every review is by one model, {model}: they share its blind spots"));
        let scores = self.reviews.iter().map(|review| review.confidence_score);
        let (least, most) = (scores.clone().min().unwrap_or_default(), scores.max().unwrap_or_default());
        let close = most.fine() - least.fine() <= Score::hundredths(10).fine();
        let close = close.then(|| "all scores lie within 0.1: they tell little apart".to_owned());
        one.into_iter().chain(close).collect()
    }
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its job.
    pub job_id: JobId,
    /// Its id.
    pub run_id: RunId,
    /// When its first event was; none where that was not recorded.
    pub created_at: Option<String>,
    /// How far it is.
    pub status: RunStatus,
    /// What was decided.
    pub decision: Option<Label>,
    /// The weighted confidence.
    pub weighted_confidence: Option<Confidence>,
    /// The version of its manifest.
    pub manifest_version: String,
    /// The policy that it was completed under.
    pub policy: Option<PolicyRef>,
}

/// A version of an artifact, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionLine {
    /// The period, where there are some.
    pub cycle: Option<Cycle>,
    /// The job.
    pub job_id: JobId,
    /// What of it.
    pub phase: Phase,
    /// The version.
    pub version: u64,
    /// How far it is.
    pub status: Status,
    /// The run whose findings it holds.
    pub from_run: Option<RunId>,
    /// Who made it.
    pub created_by: String,
    /// When: RFC 3339, UTC.
    pub created_at: String,
    /// Who approved, rejected or withdrew it.
    pub settled_by: Option<String>,
    /// When: RFC 3339, UTC.
    pub settled_at: Option<String>,
    /// In which words.
    pub notes: Option<String>,
    /// How many items it has.
    pub items: usize,
    /// How many of them wait for a decision.
    pub undecided: usize,
}

impl VersionLine {
    /// The run whose findings it holds, with its job.
    #[must_use]
    pub fn run(&self) -> Option<(&JobId, &RunId)> {
        Some((&self.job_id, self.from_run.as_ref()?))
    }
}

/// A run that cannot be listed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Where it lies.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What bringing the index up to date came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexReport {
    /// How many runs there are.
    pub runs: usize,
    /// How many of them were read, as they were new or had changed.
    pub read: usize,
    /// How many were taken out, as they are gone.
    pub removed: usize,
    /// What cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Whether it was made for this once, as it cannot be kept in the store.
    pub is_temporary: bool,
}

/// What was checked of one run, or of the store's own records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What was checked: `job/run`, or `policy NAME`.
    pub subject: String,
    /// The end of its chain, to be remembered and asked for later.
    pub head: Option<Digest>,
    /// Each check.
    pub checks: Vec<Check>,
}

impl Verified {
    /// Whether nothing failed.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.checks.iter().any(Check::failed)
    }
}
