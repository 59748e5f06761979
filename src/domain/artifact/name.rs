//! How a versioned artifact and its versions are named: `JOB[:PHASE]` and `JOB[:PHASE]@N`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{Cycle, IdError, JobId, Phase};

/// The phase of a reviewed document.
const PROPOSAL: &str = "proposal";

/// What is versioned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactName {
    /// The period, where there are some.
    pub cycle: Option<Cycle>,
    /// The job.
    pub job: JobId,
    /// What of it.
    pub phase: Phase,
}

impl fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.job)?;
        if self.phase.as_str() != PROPOSAL {
            write!(f, ":{}", self.phase)?;
        }
        match &self.cycle {
            Some(cycle) => write!(f, " (cycle {cycle})"),
            None => Ok(()),
        }
    }
}

/// An artifact or one of its versions, as a person names it; the cycle is named beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRef {
    /// The job.
    pub job: JobId,
    /// What of it.
    pub phase: Phase,
    /// The version, from 1; the newest where it is none.
    pub version: Option<u64>,
}

impl ArtifactRef {
    /// The artifact, in this cycle.
    #[must_use]
    pub fn name(&self, cycle: Option<&Cycle>) -> ArtifactName {
        ArtifactName { cycle: cycle.cloned(), job: self.job.clone(), phase: self.phase.clone() }
    }
}

/// Why a text names no artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactRefError {
    /// The job or the phase cannot be.
    #[error(transparent)]
    Id(#[from] IdError),
    /// What follows `@` is no number of a version.
    #[error("`{}` is no version: it takes a whole number from 1 on, as in JOB@2", .0.escape_debug())]
    Version(String),
}

impl FromStr for ArtifactRef {
    type Err = ArtifactRefError;

    fn from_str(text: &str) -> Result<Self, ArtifactRefError> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, number)) => {
                let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
                let version = number.parse().ok().filter(|_| is_plain);
                let bad = || ArtifactRefError::Version(number.chars().take(40).collect());
                (name, Some(version.ok_or_else(bad)?))
            }
        };
        let (job, phase) = name.split_once(':').unwrap_or((name, PROPOSAL));
        Ok(Self { job: job.parse()?, phase: phase.parse()?, version })
    }
}
