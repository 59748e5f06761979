//! A call to a model: why it may come to nothing, and the book that is kept of it.

use std::time::{Duration, Instant};

use super::model::Recording;
use crate::domain::budget::Exceeded;
use crate::domain::digest::Digest;
use crate::domain::exchange::{Exchange, Usage};
use crate::domain::provider::ProviderName;
use crate::domain::step::Step;

/// Whoever waits looks so often at whether the user wants to stop.
pub const GLANCE: Duration = Duration::from_millis(20);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// The server does not accept the key.
    Auth,
    /// Too many requests at once.
    RateLimited,
    /// No money is left at the server.
    Quota,
    /// The time was up.
    Timeout,
    /// The server was not reached, or the connection broke.
    Connection,
    /// The server failed.
    Server,
    /// The server refused the request.
    BadRequest,
    /// The prompt is longer than the model reads.
    ContextTooLong,
    /// The model will not answer.
    Refused,
    /// The answer was cut off at the cap on its tokens.
    Truncated,
    /// What it answered does not fit, however often it was asked.
    InvalidAnswer,
    /// The recording does not hold the answer.
    MissingRecording,
}

impl CallFailure {
    /// The stable word that logs, manifests and errors name it by.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Server => "server",
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::Refused => "refused",
            Self::Truncated => "truncated",
            Self::InvalidAnswer => "invalid_answer",
            Self::MissingRecording => "missing_recording",
        }
    }
}

/// Why there is no answer, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// Why.
    pub failure: CallFailure,
    /// In words, without a key.
    pub message: String,
}

impl CallError {
    /// An error.
    pub fn new(failure: CallFailure, message: impl Into<String>) -> Self {
        Self { failure, message: message.into() }
    }
}

/// Why the policy stops a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// A budget does not hold the next request.
    #[error("{0}")]
    Budget(Exceeded),
    /// There is a budget of money, and what the model costs is not known.
    #[error("the policy has a budget of money and no price of `{0}`")]
    UnknownPrice(String),
    /// There is a budget, and the server does not say what the answer took.
    #[error("`{0}` does not say what its answer took, and the policy has a budget")]
    MissingUsage(String),
}

impl Stop {
    /// The stable word that logs, manifests and errors name it by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Budget(_) => "budget",
            Self::UnknownPrice(_) => "unknown_price",
            Self::MissingUsage(_) => "missing_usage",
        }
    }
}

/// A request that is about to be sent.
#[derive(Debug, Clone)]
pub struct Intent<'a> {
    /// The step that asks.
    pub step: &'a Step,
    /// Who is asked.
    pub provider: ProviderName,
    /// Which model.
    pub model: &'a str,
    /// The digest of the request's canonical form.
    pub request: Digest,
    /// The most that it can take, in tokens.
    pub most: Usage,
}

/// Why the book is closed: nothing more is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The policy stops the run.
    Stopped(Stop),
    /// The user wants to stop.
    Interrupted,
    /// The time that the run has is up.
    OutOfTime,
    /// What was paid for cannot be stored; whoever keeps the book knows why.
    Unwritten,
}

/// The book of a run's requests. A request is in it, durably, before it is sent, and what came back before it is used.
pub trait Ledger: Sync {
    /// Enters a request, and gives its number among those of its step.
    ///
    /// # Errors
    /// [`Closed`] where nothing may be asked.
    fn reserve(&self, intent: &Intent<'_>, deadline: Instant) -> Result<u32, Closed>;

    /// Enters what came back.
    ///
    /// # Errors
    /// [`Closed`] where it may not be used.
    fn settle(&self, exchange: &Exchange) -> Result<(), Closed>;

    /// The answers that were paid for and never used, because the process died.
    fn unused(&self) -> &Recording;

    /// Enters an answer that was recorded before, and costs nothing.
    ///
    /// # Errors
    /// [`Closed`] where it may not be used.
    fn replay(&self, step: &Step, exchange: &Exchange) -> Result<(), Closed>;

    /// Enters something that whoever reads the record should know.
    ///
    /// # Errors
    /// [`Closed::Unwritten`].
    fn warn(&self, code: &'static str, step: Option<&Step>, message: String) -> Result<(), Closed>;

    /// Tells whoever looks on that a step waits, and why; it is not kept.
    fn waits(&self, step: &Step, why: String);

    /// Whether the user wants to stop.
    fn is_interrupted(&self) -> bool;

    /// When the time that the run has is up.
    fn deadline(&self) -> Instant;

    /// From what waits are varied; it is in the record.
    fn seed(&self) -> Digest;

    /// What time it is, as it is recorded.
    fn now(&self) -> String;
}
