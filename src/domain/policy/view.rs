//! What is known of policies and of the runs made under them, gathered for showing it.

use std::path::PathBuf;

use super::{FieldChange, PolicyRef, PolicyVersion, WhatIf};
use crate::domain::decision::Label;
use crate::domain::digest::Digest;
use crate::domain::ids::{JobId, PolicyName, RunId};
use crate::domain::refusal::Refusal;
use crate::domain::view::AttemptView;

/// A version of a policy, and whether it is the newest one.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The version; the built-in policy where the store has no version of it yet.
    pub version: PolicyVersion,
    /// The number of the newest version; none for the built-in policy.
    pub newest: Option<u64>,
}

/// A version in the log of its policy.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// The version.
    pub version: PolicyVersion,
    /// Its record's digest, a head to remember.
    pub head: Digest,
    /// What it changed; none for the first one.
    pub changes: Option<Vec<FieldChange>>,
    /// How many runs were made under it.
    pub runs: usize,
}

/// What was made of a policy, or would be.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The policy.
    pub name: PolicyName,
    /// The newest version before; none for a new policy.
    pub before: Option<PolicyVersion>,
    /// What differs from it, or, for a new policy, from the built-in one.
    pub changes: Vec<FieldChange>,
    /// The version that was made; none where nothing differs and in a dry run.
    pub made: Option<PolicyVersion>,
    /// Whether there is nothing to change.
    pub is_same: bool,
    /// Why `run` would refuse it as it is.
    pub unavailable: Option<Refusal>,
}

/// The policy of one attempt.
#[derive(Debug, Clone)]
pub struct AttemptPolicy {
    /// The attempt, and which version it names.
    pub attempt: AttemptView,
    /// That version, where the store has it.
    pub version: Option<PolicyVersion>,
    /// The version that came after it, and the number of the newest one; none where it is the newest.
    pub superseded: Option<(PolicyVersion, u64)>,
    /// Why the store does not show that version.
    pub problem: Option<String>,
}

/// What policies a run was made under.
#[derive(Debug, Clone)]
pub struct WhichReport {
    /// Where the run lies.
    pub path: PathBuf,
    /// What the run itself names: the policy of the attempt that completed it.
    pub completed_under: Option<PolicyRef>,
    /// Its attempts, oldest first; empty for a run of an older tool.
    pub attempts: Vec<AttemptPolicy>,
}

/// A past run, asked under another policy.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its job.
    pub job: JobId,
    /// The run.
    pub run: RunId,
    /// What was decided.
    pub was: Label,
    /// What would have come of it.
    pub would: WhatIf,
}

impl Asked {
    /// Whether it would have come out otherwise.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.would.would != Some(self.was) || !self.would.not_allowed.is_empty()
    }
}

/// How past runs would have come out, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many runs were checked.
    pub checked: usize,
    /// How many would be decided as they were, and were allowed.
    pub same: usize,
    /// How many would be decided more strictly.
    pub stricter: usize,
    /// How many would be decided more mildly.
    pub milder: usize,
    /// How many would have no decision.
    pub undecided: usize,
    /// How many would not have been allowed, however decided.
    pub not_allowed: usize,
    /// How many have no decision with recorded reviews: not completed, or of another tool.
    pub skipped: usize,
}

impl Tally {
    /// Whether nothing would have come out otherwise.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.stricter + self.milder + self.undecided + self.not_allowed == 0
    }

    /// Counts a run; none for one that has no recorded reviews.
    pub fn add(&mut self, asked: Option<&Asked>) {
        let Some(asked) = asked else {
            self.skipped += 1;
            return;
        };
        self.checked += 1;
        self.same += usize::from(!asked.differs());
        self.not_allowed += usize::from(!asked.would.not_allowed.is_empty());
        match asked.would.would {
            None => self.undecided += 1,
            Some(would) => {
                self.stricter += usize::from(would < asked.was);
                self.milder += usize::from(would > asked.was);
            }
        }
    }

    /// Counts what another one counted.
    pub fn join(&mut self, other: &Self) {
        self.checked += other.checked;
        self.same += other.same;
        self.stricter += other.stricter;
        self.milder += other.milder;
        self.undecided += other.undecided;
        self.not_allowed += other.not_allowed;
        self.skipped += other.skipped;
    }
}
