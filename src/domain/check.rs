//! The result of checking one thing about a run: a value, listed and never thrown.

use std::fmt;

use serde::Serialize;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It could not be made; the detail says why.
    Skipped,
}

/// One check of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check, as a stable word.
    pub check: &'static str,
    /// What was looked at: a file, a field, an id.
    pub subject: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Why it failed or was skipped; what was seen where it holds and there is something to say.
    pub detail: String,
}

impl Check {
    /// A check that holds.
    pub fn pass(check: &'static str, subject: impl Into<String>) -> Self {
        Self { check, subject: subject.into(), outcome: Outcome::Pass, detail: String::new() }
    }

    /// A check that does not hold, and why.
    pub fn fail(check: &'static str, subject: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { check, subject: subject.into(), outcome: Outcome::Fail, detail: detail.to_string() }
    }

    /// A check that could not be made, and why.
    pub fn skipped(check: &'static str, subject: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { check, subject: subject.into(), outcome: Outcome::Skipped, detail: detail.to_string() }
    }

    /// A check that holds when `problem` is none.
    pub fn unless<D: fmt::Display>(
        problem: Option<D>,
        check: &'static str,
        subject: impl Into<String>,
    ) -> Self {
        match problem {
            None => Self::pass(check, subject),
            Some(problem) => Self::fail(check, subject, problem),
        }
    }

    /// Whether the check failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.outcome == Outcome::Fail
    }
}
