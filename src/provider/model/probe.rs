//! One tiny question to a server, and what the answer says of it: whether it takes the key, keeps to a schema, says
//! what it took, and how much it really reads.

use std::time::{Duration, Instant};

use super::send::exchange;
use super::wire::{self, Form};
use super::{Choice, Models, Question, Source};
use crate::domain::exchange::Exchange;
use crate::domain::json::Value;
use crate::domain::prompt::Prompt;
use crate::domain::step::Step;
use crate::provider::{CallError, CallFailure, Ledger, ProviderError};

/// Nobody waits longer for the answer to a tiny question, in seconds.
const PATIENCE: u64 = 120;
/// What a model says that is not kept to a schema.
const WORD: &str = "hello";
/// The first prompt of a growing row, in tokens, about.
const FIRST: u64 = 512;
/// A word of filler is about so many tokens.
const TOKENS_PER_WORD: u64 = 1;
/// A prompt was cut where the server counts less of it than this share, in hundredths, of what it should.
const SHARE: u64 = 80;
/// What stands at the beginning of a long prompt, and is asked for at its end.
const MARKER: u32 = 4711;

/// What a server is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Whether the answer kept to the schema although the question asked for something else.
    pub keeps_schema: bool,
    /// Whether it says what the answer took.
    pub reports_usage: bool,
    /// The model that answered, as the server names it.
    pub answered_by: Option<String>,
    /// How long the answer took, in milliseconds.
    pub duration_ms: u64,
}

/// How much a model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// At least this many tokens, about, as many as were wanted.
    AtLeast(u64),
    /// The server refuses more than this many, and says so.
    Refuses(u64, String),
    /// It reads this many, about, and cuts what is longer without a word.
    Cuts(u64),
}

impl Models {
    /// Asks `choice` one tiny question.
    ///
    /// # Errors
    /// [`ProviderError`] where there is no answer.
    pub fn probe(&self, choice: &Choice, ledger: &dyn Ledger) -> Result<Probed, ProviderError> {
        let prompt = Prompt {
            system: "You answer in one word.".to_owned(),
            user: format!("Answer with the word {WORD} and nothing else."),
        };
        let (exchange, text) = self.tiny(choice, &prompt, &wire::NUMBER, ledger)?;
        let value = Value::parse(wire::unwrapped(&text).as_bytes()).ok();
        Ok(Probed {
            keeps_schema: value.is_some_and(|value| wire::number(&value).is_some()),
            reports_usage: exchange.usage.is_some(),
            answered_by: exchange.answered_by,
            duration_ms: exchange.duration_ms,
        })
    }

    /// Asks `choice` ever longer questions, up to about `wanted` tokens.
    ///
    /// # Errors
    /// [`ProviderError`] where there is no answer for another reason than the length.
    pub fn reads(&self, choice: &Choice, wanted: u64, ledger: &dyn Ledger) -> Result<Reads, ProviderError> {
        let (mut tokens, mut read, mut per_word) = (FIRST.min(wanted), 0, None);
        loop {
            let words = tokens / TOKENS_PER_WORD;
            let filler =
                (0..words).map(|word| if word % 16 == 15 { "row\n" } else { "row " }).collect::<String>();
            let prompt = Prompt {
                system: "You look things up.".to_owned(),
                user: format!(
                    "The number is {MARKER}.\n{filler}\nWhich number stands at the very beginning?"
                ),
            };
            let (exchange, text) = match self.tiny(choice, &prompt, &wire::NUMBER, ledger) {
                Err(ProviderError::Call(error)) if is_about_length(&error) && read > 0 => {
                    return Ok(Reads::Refuses(read, error.message));
                }
                asked => asked?,
            };
            let counted = exchange.usage.map(|usage| usage.input_tokens);
            // The first prompt, which is short, says how the server counts.
            let first = *per_word.get_or_insert((counted, words));
            let expected = first.0.map(|counted| counted.saturating_mul(words) / first.1.max(1));
            let is_cut = match counted.zip(expected) {
                Some((counted, expected)) => counted.saturating_mul(100) < expected.saturating_mul(SHARE),
                // A server that does not count is asked what it remembers.
                None => !text.contains(&MARKER.to_string()),
            };
            if is_cut && read == 0 {
                let words =
                    "it does not find a number at the beginning of a short text, so it cannot be measured";
                return Err(CallError::new(CallFailure::InvalidAnswer, words).into());
            }
            if is_cut {
                return Ok(Reads::Cuts(counted.unwrap_or(read)));
            }
            read = counted.unwrap_or(tokens);
            if tokens >= wanted {
                return Ok(Reads::AtLeast(read));
            }
            tokens = (tokens * 2).min(wanted);
        }
    }

    fn tiny(
        &self,
        choice: &Choice,
        prompt: &Prompt,
        form: &Form,
        ledger: &dyn Ledger,
    ) -> Result<(Exchange, String), ProviderError> {
        let question = Question::new(&Step::Expand, choice, prompt, form);
        let Source::Servers(servers) = &*self.source else {
            return Err(CallError::new(CallFailure::MissingRecording, "a recording has no server").into());
        };
        let server = servers.get(&choice.provider);
        let server =
            server.ok_or_else(|| CallError::new(CallFailure::BadRequest, "no server is configured"))?;
        let patience = PATIENCE.min(u64::from(self.limits.step_timeout_s));
        let deadline = Instant::now() + Duration::from_secs(patience);
        loop {
            let body = question.body(None, self.left_out(&question));
            let exchange =
                exchange(&question, server, body, ledger, &|| deadline, || self.pacer.turn(&|| false))?;
            ledger.settle(&exchange)?;
            let outcome = self.outcome(&question, &exchange);
            match (outcome.said, outcome.left_out) {
                (Ok(text), _) => return Ok((exchange, text)),
                (Err(_), Some(left_out)) => self.leave_out(&question, left_out, ledger)?,
                // A model that thinks, or goes on and on, answered all the same.
                (Err(error), None) if error.failure == CallFailure::Truncated => {
                    return Ok((exchange, String::new()));
                }
                (Err(error), None) => return Err(error.into()),
            }
        }
    }
}

fn is_about_length(error: &CallError) -> bool {
    matches!(error.failure, CallFailure::ContextTooLong | CallFailure::BadRequest)
}
