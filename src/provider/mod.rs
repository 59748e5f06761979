//! Who answers: one trait, one file or folder per way of getting an answer.
//!
//! A provider is handed the document and says what it finds. It knows no store, and what it answers is
//! checked before anything uses it.

mod call;
pub mod file;
pub mod model;
pub mod panel;
pub mod rules;

pub use call::{CallError, CallFailure, Closed, GLANCE, Intent, Ledger, Stop};

use std::collections::BTreeMap;

use crate::domain::identity::Inputs;
use crate::domain::panel::Persona;
use crate::domain::proposal::Proposal;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;

/// What is under review.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The idea as handed in.
    pub idea: &'a str,
    /// Its extension in lower case, without the dot: what it is written in.
    pub extension: &'a str,
    /// Extra context, by file name.
    pub context: &'a BTreeMap<String, String>,
}

/// Why a provider gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It was to be in this file, and is not there.
    #[error("there is no answer `{0}`")]
    MissingAnswer(String),
    /// A model gave none.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Nothing more may be asked.
    #[error("nothing more is asked")]
    Closed(Closed),
}

impl ProviderError {
    /// The stable word that logs and manifests record.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingAnswer(_) => "missing_answer",
            Self::Call(error) => error.failure.code(),
            Self::Closed(Closed::Stopped(stop)) => stop.code(),
            Self::Closed(Closed::Interrupted) => "interrupted",
            Self::Closed(Closed::OutOfTime) => CallFailure::Timeout.code(),
            Self::Closed(Closed::Unwritten) => "io",
        }
    }
}

impl From<Closed> for ProviderError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// A way of getting answers. It is asked from several threads at once.
pub trait Provider: Sync {
    /// Does ahead what every answer needs, while the caller still waits for the disk.
    fn prepare(&self) {}

    /// Who answers `step`, as `inputs/model.json` records it; none for a step that asks nobody.
    fn model(&self, step: &Step) -> Option<StepModel>;

    /// The files that change what it answers, by their path under `inputs/`.
    fn inputs(&self) -> Inputs;

    /// Expands the idea into a proposal.
    ///
    /// # Errors
    /// [`ProviderError`] when there is no valid answer.
    fn expand(&self, subject: &Subject<'_>, ledger: &dyn Ledger) -> Result<Proposal, ProviderError>;

    /// Reviews the proposal from one persona's point of view.
    ///
    /// # Errors
    /// [`ProviderError`] when there is no valid answer.
    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        proposal: &Proposal,
        ledger: &dyn Ledger,
    ) -> Result<PersonaReview, ProviderError>;
}
