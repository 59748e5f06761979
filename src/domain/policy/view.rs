//! What is known of policies and of the runs made under them, gathered for showing it.

use std::path::PathBuf;

use super::{FieldChange, PolicyRef, PolicyVersion, WhatIf};
use crate::domain::decision::Label;
use crate::domain::digest::Digest;
use crate::domain::ids::{JobId, PolicyName, RunId};
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

/// A run that would have come out otherwise.
#[derive(Debug, Clone)]
pub struct Otherwise {
    /// Its job.
    pub job: JobId,
    /// The run.
    pub run: RunId,
    /// What was decided.
    pub was: Label,
    /// What would have come of it.
    pub would: WhatIf,
}

/// How past runs would have come out, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many runs were checked.
    pub checked: usize,
    /// How many would be decided as they were, and were allowed.
    pub same: usize,
    /// How many would be decided otherwise.
    pub changed: usize,
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
        self.changed + self.undecided + self.not_allowed == 0
    }

    /// Counts a run, none for one that has no recorded reviews. Gives it back where it would have come
    /// out otherwise.
    pub fn add(&mut self, found: Option<Otherwise>) -> Option<Otherwise> {
        let Some(found) = found else {
            self.skipped += 1;
            return None;
        };
        self.checked += 1;
        let is_allowed = found.would.not_allowed.is_empty();
        let is_same = found.would.would == Some(found.was);
        self.not_allowed += usize::from(!is_allowed);
        match found.would.would {
            None => self.undecided += 1,
            Some(_) if is_same => self.same += usize::from(is_allowed),
            Some(_) => self.changed += 1,
        }
        (!is_allowed || !is_same).then_some(found)
    }
}
