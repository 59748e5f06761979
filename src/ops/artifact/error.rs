//! Why nothing was done to a versioned artifact.

use crate::domain::artifact::{ArtifactName, Guard};
use crate::domain::ids::{JobId, RunId};
use crate::ops::OpsError;

/// Why nothing was done to a versioned artifact.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It may not happen in the state that the artifact is in.
    #[error("{name}: {guard}")]
    Guard {
        /// Which.
        name: ArtifactName,
        /// Why.
        guard: Guard,
    },
    /// There is no version of it.
    #[error("there is no version of {name}{}", others(.known))]
    NoSuchArtifact {
        /// Which.
        name: ArtifactName,
        /// What there is of the job.
        known: Vec<ArtifactName>,
    },
    /// A record tells of what could not happen.
    #[error("{name}, event {number}: {problem}")]
    Corrupt {
        /// Of which.
        name: ArtifactName,
        /// The number of the record.
        number: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The run is of another job.
    #[error("run {run} is of the job `{job}`, not of `{wanted}`")]
    AnotherJob {
        /// Which run.
        run: RunId,
        /// Its job.
        job: JobId,
        /// The artifact's job.
        wanted: JobId,
    },
    /// The run has no decision yet.
    #[error("run {0} is not completed: its findings may not be all")]
    NotCompleted(RunId),
    /// A file of items is refused.
    #[error("`{shown}`, line {line}: {problem}")]
    ItemsFile {
        /// What the user called it.
        shown: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// What is handed in at once is more than an event holds.
    #[error("it would take an event of {size} bytes; at most {limit} are kept in one")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The most that is kept.
        limit: u64,
    },
    /// The data of an item is refused.
    #[error("the data of the item: {0}")]
    Data(String),
}

impl From<ArtifactError> for OpsError {
    fn from(error: ArtifactError) -> Self {
        Self::Artifact(Box::new(error))
    }
}

fn others(known: &[ArtifactName]) -> String {
    match known {
        [] => String::new(),
        known => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("; of that job there are {}", names.join(", "))
        }
    }
}
