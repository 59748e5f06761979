//! The steps of a run and the states of steps and runs.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{IdError, PersonaId};

/// One step of a run. Its name is `expand`, `review_` and the persona's id, or `aggregate_decision`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^(expand|aggregate_decision|review_[a-z][a-z0-9_]{0,63})$"))]
pub enum Step {
    /// The idea becomes a proposal.
    Expand,
    /// One persona reads the proposal.
    Review(PersonaId),
    /// The reviews become a decision.
    Aggregate,
}

/// A name that is no step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is neither `expand`, `aggregate_decision` nor `review_…`.
    #[error("`{0}` is no step (expand, review_<persona>, aggregate_decision)")]
    Unknown(String),
    /// What follows `review_` is no persona id.
    #[error(transparent)]
    Persona(#[from] IdError),
}

impl Step {
    /// The file under `outputs/` that the step leaves behind.
    #[must_use]
    pub fn output(&self) -> String {
        match self {
            Self::Expand => "proposal.json".to_owned(),
            Self::Review(persona) => format!("reviews/{persona}.json"),
            Self::Aggregate => "decision.json".to_owned(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expand => f.write_str("expand"),
            Self::Review(persona) => write!(f, "review_{persona}"),
            Self::Aggregate => f.write_str("aggregate_decision"),
        }
    }
}

impl FromStr for Step {
    type Err = StepError;

    fn from_str(text: &str) -> Result<Self, StepError> {
        match text {
            "expand" => Ok(Self::Expand),
            "aggregate_decision" => Ok(Self::Aggregate),
            // Older stores name the security guardian's step without its second half.
            "review_security" => Ok(Self::Review("security_guardian".parse()?)),
            other => match other.strip_prefix("review_") {
                Some(persona) => Ok(Self::Review(persona.parse()?)),
                None => Err(StepError::Unknown(other.chars().take(80).collect())),
            },
        }
    }
}

impl TryFrom<String> for Step {
    type Error = StepError;

    fn try_from(text: String) -> Result<Self, StepError> {
        text.parse()
    }
}

impl From<Step> for String {
    fn from(step: Step) -> Self {
        step.to_string()
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", from = "String")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Its output is stored.
    Completed,
    /// It gave no output.
    Failed,
    /// An older tool wrote a word that this program does not know.
    Unknown,
}

impl From<String> for StepStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "pending" | "queued" => Self::Pending,
            "running" => Self::Running,
            "completed" | "succeeded" => Self::Completed,
            "failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", from = "String")]
pub enum RunStatus {
    /// Begun, and neither ended nor known to have died.
    Running,
    /// Decided; nothing will change it.
    Completed,
    /// The last attempt failed; another can follow.
    Failed,
    /// The last attempt was stopped, by a budget or by the user; another can follow.
    Stopped,
    /// An older tool wrote a word that this program does not know.
    Unknown,
}

impl From<String> for RunStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "running" | "pending" | "queued" => Self::Running,
            "completed" | "succeeded" => Self::Completed,
            "failed" => Self::Failed,
            "stopped" => Self::Stopped,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_old_ones_too() {
        for name in ["expand", "aggregate_decision", "review_architect"] {
            assert_eq!(name.parse::<Step>().unwrap().to_string(), name);
        }
        assert_eq!("review_security".parse::<Step>().unwrap().to_string(), "review_security_guardian");
        for bad in ["", "review_", "review_../x", "Expand"] {
            assert!(bad.parse::<Step>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<StepStatus>("\"succeeded\"").unwrap(), StepStatus::Completed);
        assert_eq!(serde_json::from_str::<RunStatus>("\"queued\"").unwrap(), RunStatus::Running);
    }
}
