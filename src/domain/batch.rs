//! What comes of many documents that are reviewed on the same terms.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::audit::RunVersions;
use super::budget::Amount;
use super::decimal::Confidence;
use super::decision::Label;
use super::estimate::Estimate;

/// A document that is reviewed.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// What it is called.
    pub document: String,
    /// The run, and its versions.
    pub run: RunVersions,
    /// Where the run lies.
    pub path: PathBuf,
    /// What was decided.
    pub decision: Option<Label>,
    /// The weighted confidence.
    pub weighted_confidence: Option<Confidence>,
    /// Whether it was reviewed before, so that nothing was done.
    pub replayed: bool,
    /// How many requests were sent now.
    pub calls: usize,
    /// What they took.
    pub spent: Amount,
}

/// What came of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many were decided which way.
    pub decisions: BTreeMap<Label, usize>,
    /// How many of these were reviewed before.
    pub replayed: usize,
    /// How many could not be reviewed.
    pub failed: usize,
    /// How many were under way when it was stopped; given again they go on.
    pub unfinished: usize,
    /// How many requests were sent to models.
    pub calls: usize,
    /// How many tokens these took; one whose end is not known counts with all that was reserved for it.
    pub tokens: u64,
    /// What they cost, in micro-dollars.
    pub usd_micros: u64,
}

impl Tally {
    /// Counts a document that is reviewed.
    pub fn add(&mut self, reviewed: &Reviewed) {
        if let Some(label) = reviewed.decision {
            *self.decisions.entry(label).or_default() += 1;
        }
        self.replayed += usize::from(reviewed.replayed);
        self.spend(reviewed.calls, reviewed.spent);
    }

    /// Counts so many requests and what they took.
    pub fn spend(&mut self, calls: usize, spent: Amount) {
        self.calls += calls;
        self.tokens = self.tokens.saturating_add(spent.tokens);
        self.usd_micros = self.usd_micros.saturating_add(spent.usd_micros);
    }

    /// How many documents were settled.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.decisions.values().sum::<usize>() + self.failed
    }
}

/// What a batch may take, told before anything is paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Estimates {
    /// How many documents there are.
    pub documents: usize,
    /// How many more cannot be reviewed.
    pub failed: usize,
    /// How many calls, if the first answer of each fits.
    pub calls: usize,
    /// Tokens of all prompts, at a guess.
    pub input_tokens_about: u64,
    /// Tokens of all prompts, at most.
    pub input_tokens_most: u64,
    /// Tokens of all answers, at most.
    pub output_tokens_most: u64,
    /// What they cost at most, in micro-dollars; none where a price is not known.
    pub usd_micros_most: Option<u64>,
}

impl Estimates {
    /// The sum of what each document may take; nothing yet of none.
    #[must_use]
    pub fn none() -> Self {
        Self { usd_micros_most: Some(0), ..Self::default() }
    }

    /// Adds what a document may take.
    pub fn add(&mut self, estimate: &Estimate) {
        let sum = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        self.documents += 1;
        self.calls += estimate.calls.len();
        sum(&mut self.input_tokens_about, estimate.total(|call| call.input_tokens_about));
        sum(&mut self.input_tokens_most, estimate.total(|call| call.input_tokens_most));
        sum(&mut self.output_tokens_most, estimate.total(|call| call.output_tokens_most));
        let known = self.usd_micros_most.zip(estimate.usd_micros_most());
        self.usd_micros_most = known.map(|(total, more)| total.saturating_add(more));
    }
}
