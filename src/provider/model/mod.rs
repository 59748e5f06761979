//! Models: asked over HTTP, or answering out of a recording.
//!
//! What is sent is built from a prompt and the form of the answer; what comes back is trusted in nothing. Every
//! request and every answer goes through the ledger, which knows what they may cost and keeps them.

mod api;
mod ask;
mod endpoint;
#[cfg(test)]
mod hostile;
mod http;
mod key;
mod pace;
mod probe;
mod recording;
mod retry;
mod send;
mod turns;
mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};

pub use endpoint::{Endpoint, EndpointError};
pub use key::{Key, NoKey};
pub use pace::Pace;
pub use probe::{Probed, Reads};
pub use recording::{RecordedWith, Recording};

use super::{Ledger, ProviderError};
use crate::domain::decimal::Temperature;
use crate::domain::panel::{Persona, Thresholds};
use crate::domain::policy::Limits;
use crate::domain::prompt::{Material, Prompt, PromptSet, proposal_text};
use crate::domain::proposal::Proposal;
use crate::domain::provider::ProviderName;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;
use api::LeftOut;
use http::Http;
use pace::Pacer;
use turns::Turns;
use wire::Form;

/// A model, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The provider.
    pub provider: ProviderName,
    /// The model.
    pub model: String,
    /// The sampling temperature; the server's own where there is none.
    pub temperature: Option<Temperature>,
    /// The cap on the answer's tokens.
    pub max_output_tokens: u32,
}

impl Choice {
    /// As `inputs/model.json` records it.
    #[must_use]
    pub fn recorded(&self) -> StepModel {
        StepModel {
            provider: self.provider.as_str().to_owned(),
            model: self.model.clone(),
            temperature: self.temperature,
            max_output_tokens: Some(self.max_output_tokens),
        }
    }
}

/// Where answers come from.
#[derive(Debug)]
pub enum Source {
    /// Servers, by provider.
    Servers(BTreeMap<ProviderName, Server>),
    /// A recording; nobody is asked.
    Recording(Recording),
}

/// Why the proxy that the environment names cannot be used; none where it names none, or one that can.
#[must_use]
pub fn proxy_problem(is_named: bool) -> Option<&'static str> {
    http::proxy_problem(is_named)
}

/// A server, and the way to it.
#[derive(Debug)]
pub struct Server {
    endpoint: Endpoint,
    /// Certificates to trust instead of the usual ones, as PEM.
    roots: Option<Vec<u8>>,
    http: OnceLock<Http>,
}

impl Server {
    /// The server at `endpoint`, whose certificate `roots` must vouch for where they are given.
    #[must_use]
    pub fn new(endpoint: Endpoint, roots: Option<Vec<u8>>) -> Self {
        Self { endpoint, roots, http: OnceLock::new() }
    }

    fn http(&self) -> &Http {
        self.http.get_or_init(|| Http::new(self.endpoint.is_loopback(), self.roots.as_deref()))
    }
}

/// Models, and the rules by which they are asked.
#[derive(Debug)]
pub struct Models {
    prompts: &'static PromptSet,
    thresholds: Thresholds,
    limits: Limits,
    source: Arc<Source>,
    /// How many steps ask at the same time; the time of a step begins with its turn.
    turns: Turns,
    pacer: Arc<Pacer>,
    /// How long this run waited to keep to the pace, in milliseconds: that does not count as its time.
    waited: AtomicU64,
    told_of_a_cut: AtomicBool,
    /// What servers refused by name, by model: it is not sent again.
    left_out: Arc<Mutex<BTreeMap<(ProviderName, String), LeftOut>>>,
}

impl Models {
    /// Models that are asked with `prompts`, for a panel with these thresholds, within `limits`.
    #[must_use]
    pub fn new(prompts: &'static PromptSet, thresholds: Thresholds, limits: Limits, source: Source) -> Self {
        let turns = Turns::new(usize::MAX);
        Self {
            prompts,
            thresholds,
            limits,
            source: Arc::new(source),
            turns,
            pacer: Arc::new(Pacer::new(Pace::default())),
            waited: AtomicU64::new(0),
            told_of_a_cut: AtomicBool::new(false),
            left_out: Arc::default(),
        }
    }

    /// These models, asked by at most so many steps at the same time.
    #[must_use]
    pub fn in_parallel(self, count: usize) -> Self {
        Self { turns: Turns::new(count), ..self }
    }

    /// These models, asked at this pace, however many documents there are.
    #[must_use]
    pub fn at_pace(self, pace: Pace) -> Self {
        Self { pacer: Arc::new(Pacer::new(pace)), ..self }
    }

    /// The same models, for another document: what was learnt of the servers is known, and connections are shared.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            prompts: self.prompts,
            thresholds: self.thresholds.clone(),
            limits: self.limits.clone(),
            source: Arc::clone(&self.source),
            turns: Turns::new(self.turns.count()),
            pacer: Arc::clone(&self.pacer),
            waited: AtomicU64::new(0),
            told_of_a_cut: AtomicBool::new(false),
            left_out: Arc::clone(&self.left_out),
        }
    }

    /// The prompt set.
    #[must_use]
    pub fn prompts(&self) -> &'static PromptSet {
        self.prompts
    }

    /// The servers that are asked; none where answers come from a recording.
    pub fn endpoints(&self) -> impl Iterator<Item = (ProviderName, &Endpoint)> {
        let servers = match &*self.source {
            Source::Servers(servers) => Some(servers),
            Source::Recording(_) => None,
        };
        servers.into_iter().flatten().map(|(provider, server)| (*provider, &server.endpoint))
    }

    /// `text` without the keys of the servers that are asked.
    #[must_use]
    pub fn without_keys(&self, text: &str) -> String {
        self.endpoints().fold(text.to_owned(), |text, (_, endpoint)| endpoint.clean()(&text))
    }

    /// Whether answers come from a recording.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        matches!(*self.source, Source::Recording(_))
    }

    /// Has `choice` expand the material.
    ///
    /// # Errors
    /// [`ProviderError`] where there is no valid answer.
    pub fn expand(
        &self,
        choice: &Choice,
        material: &Material,
        ledger: &dyn Ledger,
    ) -> Result<Proposal, ProviderError> {
        let prompt = self.prompts.expand(material);
        self.ask(&Question::new(&Step::Expand, choice, &prompt, &wire::PROPOSAL), ledger, &wire::proposal)
    }

    /// Has `choice` review the material as `persona`. Quotes are looked up in `idea`, as it was handed in;
    /// `sendable` is a text as it may be sent.
    ///
    /// # Errors
    /// [`ProviderError`] where there is no valid answer.
    pub fn review(
        &self,
        choice: &Choice,
        persona: &Persona,
        (material, idea): (&Material, &str),
        proposal: &str,
        ledger: &dyn Ledger,
    ) -> Result<PersonaReview, ProviderError> {
        let prompt = self.prompts.review(persona, &self.thresholds, material, proposal);
        let step = Step::Review(persona.id.clone());
        let read = |answer: &_| wire::review(answer, persona, idea);
        self.ask(&Question::new(&step, choice, &prompt, &wire::REVIEW), ledger, &read)
    }

    /// How many bytes the request of a step has; a review's without the proposal, which nobody knows yet.
    #[must_use]
    pub fn size(
        &self,
        step: &Step,
        choice: &Choice,
        persona: Option<&Persona>,
        material: &Material,
    ) -> usize {
        let (prompt, form) = match persona {
            Some(persona) => (self.prompts.review(persona, &self.thresholds, material, ""), &wire::REVIEW),
            None => (self.prompts.expand(material), &wire::PROPOSAL),
        };
        Question::new(step, choice, &prompt, form).body(None, LeftOut::default()).len()
    }
}

/// The part of `proposal` that `persona` reads.
#[must_use]
pub fn read_by(persona: &Persona, proposal: &Proposal) -> String {
    proposal_text(proposal, persona.reads())
}

/// What one step asks.
struct Question<'a> {
    step: &'a Step,
    choice: &'a Choice,
    prompt: &'a Prompt,
    form: &'a Form,
}

impl<'a> Question<'a> {
    fn new(step: &'a Step, choice: &'a Choice, prompt: &'a Prompt, form: &'a Form) -> Self {
        Self { step, choice, prompt, form }
    }
}
