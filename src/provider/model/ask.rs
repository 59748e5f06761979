//! Asking until there is an answer that fits, as often as the policy allows.
//!
//! A step sends at most `max_attempts` requests that fail, and `max_repairs` more whose answers do not fit: nothing
//! multiplies. All of them together have the time that a step has.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::api::{self, Ask, LeftOut, Said};
use super::pace::Pacer;
use super::retry::{delay, is_retryable};
use super::send::exchange;
use super::{Models, Question, Source, wire};
use crate::domain::digest::Digest;
use crate::domain::exchange::{Exchange, INTERRUPTED, request_digest};
use crate::domain::json::Value;
use crate::provider::{CallError, CallFailure, Closed, GLANCE, Ledger, ProviderError};

/// An answer that did not fit is repeated to the model up to this, in characters.
const MAX_REPEATED: usize = 20_000;
/// What one request came to.
pub(super) struct Outcome {
    pub(super) said: Result<String, CallError>,
    /// Whether it may be sent again, and the headers that say when.
    again: Option<BTreeMap<String, String>>,
    /// What the server does not take.
    pub(super) left_out: Option<LeftOut>,
}

/// How far a question is.
#[derive(Default)]
struct Progress {
    failures: u32,
    repairs: u32,
    /// The answer before, which did not fit, and what the model is told of it.
    repair: Option<(String, String)>,
    /// How long it waited to keep to the pace.
    waited: Cell<Duration>,
}

impl Question<'_> {
    /// The body of a request.
    pub(super) fn body(&self, repair: Option<&(String, String)>, left_out: LeftOut) -> String {
        let schema = self.form.schema();
        let ask = Ask {
            model: &self.choice.model,
            prompt: self.prompt,
            schema: (self.form.name, &schema),
            temperature: self.choice.temperature,
            max_output_tokens: self.choice.max_output_tokens,
            repair,
            left_out,
        };
        let body = api::of(self.choice.provider).map(|api| api.body(&ask));
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl Models {
    /// Asks until `read` takes the answer.
    pub(super) fn ask<T>(
        &self,
        question: &Question<'_>,
        ledger: &dyn Ledger,
        read: &dyn Fn(&Value) -> Result<T, String>,
    ) -> Result<T, ProviderError> {
        let _turn = self.turns.take(&|| ledger.is_interrupted()).ok_or(Closed::Interrupted)?;
        let limit = Duration::from_secs(u64::from(self.limits.step_timeout_s));
        let begun = Instant::now();
        let mut progress = Progress::default();
        loop {
            // Time that is waited to keep to the pace is nobody's.
            let deadline = || {
                let run = ledger.deadline() + Duration::from_millis(self.waited.load(Ordering::Relaxed));
                (begun + limit + progress.waited.get()).min(run)
            };
            let outcome = self.once(question, &progress, ledger, &deadline)?;
            let deadline = deadline();
            let text = match outcome.said {
                Ok(text) => text,
                Err(ref error) => {
                    let error = error.clone();
                    self.after_failure(question, &mut progress, &outcome, ledger, deadline)
                        .ok_or(error)??;
                    continue;
                }
            };
            let problem = match self.parsed(question, &text).and_then(|value| read(&value)) {
                Ok(answer) => return Ok(answer),
                Err(problem) => problem,
            };
            if progress.repairs == self.limits.max_repairs {
                let asked = progress.repairs + 1;
                let times = if asked == 1 { "once".to_owned() } else { format!("{asked} times") };
                let message = format!("asked {times}, its last answer does not fit: {problem}");
                return Err(CallError::new(CallFailure::InvalidAnswer, message).into());
            }
            progress.repairs += 1;
            let told = format!("{}: an answer does not fit and is asked for again: {problem}", question.step);
            ledger.warn("does_not_fit", Some(question.step), told)?;
            let repeated = text.chars().take(MAX_REPEATED).collect();
            progress.repair = Some((repeated, self.prompts.repair(&problem)));
        }
    }

    /// Waits, or learns what to leave out; none where the request is not to be sent again.
    fn after_failure(
        &self,
        question: &Question<'_>,
        progress: &mut Progress,
        outcome: &Outcome,
        ledger: &dyn Ledger,
        deadline: Instant,
    ) -> Option<Result<(), ProviderError>> {
        progress.failures += 1;
        if progress.failures >= self.limits.max_attempts {
            return None;
        }
        if let Some(left_out) = outcome.left_out {
            return Some(self.leave_out(question, left_out, ledger).map_err(ProviderError::from));
        }
        let headers = outcome.again.as_ref()?;
        let varied = format!("{} {} {}", ledger.seed(), question.step, progress.failures + progress.repairs);
        let wait = delay(&self.limits, progress.failures, headers, Digest::of(varied.as_bytes()));
        let until = Instant::now() + wait;
        // What cannot be waited for is not waited for.
        if until >= deadline {
            return None;
        }
        let why = outcome.said.as_ref().err().map(ToString::to_string).unwrap_or_default();
        ledger.waits(question.step, format!("{why}; it is asked again in {:.1} s", wait.as_secs_f64()));
        while Instant::now() < until {
            if ledger.is_interrupted() {
                return Some(Err(Closed::Interrupted.into()));
            }
            thread::sleep(until.saturating_duration_since(Instant::now()).min(GLANCE));
        }
        Some(Ok(()))
    }

    pub(super) fn leave_out(
        &self,
        question: &Question<'_>,
        left_out: LeftOut,
        ledger: &dyn Ledger,
    ) -> Result<(), Closed> {
        let before = self.left_out(question);
        let what = match () {
            () if left_out.temperature && !before.temperature => "a temperature",
            () if left_out.schema && !before.schema => {
                "a schema, so that only the prompt says what an answer is"
            }
            () => "`max_tokens`, and is sent `max_completion_tokens`",
        };
        let key = (question.choice.provider, question.choice.model.clone());
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).insert(key, left_out);
        ledger.warn(
            "left_out",
            Some(question.step),
            format!("`{}` does not take {what}", question.choice.model),
        )
    }

    pub(super) fn left_out(&self, question: &Question<'_>) -> LeftOut {
        let known = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(question.choice.provider, question.choice.model.clone())).copied().unwrap_or_default()
    }

    /// One request, or the answer to it that was recorded.
    fn once(
        &self,
        question: &Question<'_>,
        progress: &Progress,
        ledger: &dyn Ledger,
        deadline: &dyn Fn() -> Instant,
    ) -> Result<Outcome, ProviderError> {
        if ledger.is_interrupted() {
            return Err(Closed::Interrupted.into());
        }
        let recorded = match &*self.source {
            Source::Recording(recording) => recording,
            Source::Servers(_) => ledger.unused(),
        };
        // Each of the requests that this one may have been takes as long to make as the request itself.
        let found = if recorded.is_empty() {
            None
        } else {
            self.bodies(question, progress).find_map(|digest| recorded.find(digest))
        };
        if let Some(exchange) = found {
            ledger.replay(question.step, exchange)?;
            return Ok(self.outcome(question, exchange));
        }
        let Source::Servers(servers) = &*self.source else {
            let message = "the recording holds no answer to this request: the document, a context file or the \
                           panel is another, or it was cut short";
            return Err(CallError::new(CallFailure::MissingRecording, message).into());
        };
        let server = servers.get(&question.choice.provider);
        let server =
            server.ok_or_else(|| CallError::new(CallFailure::BadRequest, "no server is configured"))?;
        let body = question.body(progress.repair.as_ref(), self.left_out(question));
        let expected = Pacer::expected(body.len());
        let stop = || ledger.is_interrupted();
        let waited = |waited: Duration| {
            progress.waited.set(progress.waited.get() + waited);
            let millis = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            self.waited.fetch_add(millis, Ordering::Relaxed);
        };
        waited(self.pacer.wait(expected, &stop).ok_or(Closed::Interrupted)?);
        let turn = || {
            let begun = Instant::now();
            let turn = self.pacer.turn(&stop);
            waited(begun.elapsed());
            turn
        };
        let exchange = exchange(question, server, body, ledger, deadline, turn)?;
        let took = exchange.usage.map(|usage| usage.input_tokens.saturating_add(usage.output_tokens));
        self.pacer.correct(expected, took.unwrap_or(expected));
        ledger.settle(&exchange)?;
        self.warn_of_a_cut(question, &exchange, ledger)?;
        if exchange.outcome == INTERRUPTED {
            return Err(Closed::Interrupted.into());
        }
        Ok(self.outcome(question, &exchange))
    }

    /// Says so, once, where a server counts so few tokens that it cannot have read the whole prompt.
    fn warn_of_a_cut(
        &self,
        question: &Question<'_>,
        exchange: &Exchange,
        ledger: &dyn Ledger,
    ) -> Result<(), Closed> {
        let Some(usage) = exchange.usage else { return Ok(()) };
        let bytes = (question.prompt.system.len() + question.prompt.user.len()) as u64;
        let is_whole = usage.input_tokens.saturating_mul(MOST_BYTES_PER_TOKEN) >= bytes;
        if is_whole || self.told_of_a_cut.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let told = format!(
            "{}: the server counts {} tokens of a prompt of {bytes} bytes, so it may have read a part of it only \
             (`consensus doctor --deep` measures how much it reads)",
            question.step, usage.input_tokens
        );
        ledger.warn("cut", Some(question.step), told)
    }

    /// The requests that this one may have been, as far as servers refuse parameters: first as it would be now.
    fn bodies<'a>(
        &'a self,
        question: &'a Question<'_>,
        progress: &'a Progress,
    ) -> impl Iterator<Item = Digest> + 'a {
        let now = self.left_out(question);
        let all = (0..8u8).map(|bits| LeftOut {
            temperature: bits & 1 != 0,
            schema: bits & 2 != 0,
            max_tokens: bits & 4 != 0,
        });
        let left_out = [now].into_iter().chain(all);
        left_out.filter_map(move |left_out| {
            request_digest(&question.body(progress.repair.as_ref(), left_out)).ok()
        })
    }

    /// What an exchange says.
    pub(super) fn outcome(&self, question: &Question<'_>, exchange: &Exchange) -> Outcome {
        let response = exchange.response.as_ref();
        let (status, body) = response.map_or((0, ""), |response| (response.status, response.body.as_str()));
        let headers = response.map(|response| response.headers.clone()).unwrap_or_default();
        let said =
            || Some(api::of(question.choice.provider)?.read(&Value::parse(body.as_bytes()).ok()?).said);
        if exchange.is_answered() {
            let text = if let Some(Said::Text(text)) = said() { text } else { String::new() };
            return Outcome { said: Ok(text), again: None, left_out: None };
        }
        let failure = failure_of(&exchange.outcome);
        let again = match failure {
            CallFailure::Connection => true,
            // A server that says that it failed may be asked again; one that says something else may not.
            _ if (200..300).contains(&status) => matches!(said(), Some(Said::Failed(..))),
            CallFailure::Quota | CallFailure::ContextTooLong => false,
            _ => status != 0 && is_retryable(status, &headers),
        };
        let message = exchange.problem.clone().unwrap_or_default();
        Outcome {
            said: Err(CallError::new(failure, message)),
            again: again.then_some(headers),
            left_out: api::parameter_in_the_way(status, body, self.left_out(question)),
        }
    }

    /// The JSON of an answer, without the key should it repeat it.
    fn parsed(&self, question: &Question<'_>, text: &str) -> Result<Value, String> {
        let value = Value::parse(wire::unwrapped(text).as_bytes()).map_err(|error| wire::told(&error))?;
        match &*self.source {
            Source::Servers(servers) => {
                let server = servers.get(&question.choice.provider);
                Ok(server.map_or(value.clone(), |server| server.endpoint.clean_value(&value)))
            }
            Source::Recording(_) => Ok(value),
        }
    }
}

/// No prompt has so many bytes to a token: where a server counts fewer tokens it did not read it all.
const MOST_BYTES_PER_TOKEN: u64 = 16;

/// The failure that a stored word names.
fn failure_of(code: &str) -> CallFailure {
    let all = [
        CallFailure::Auth,
        CallFailure::RateLimited,
        CallFailure::Quota,
        CallFailure::Timeout,
        CallFailure::Connection,
        CallFailure::BadRequest,
        CallFailure::ContextTooLong,
        CallFailure::Refused,
        CallFailure::Truncated,
    ];
    all.into_iter().find(|failure| failure.code() == code).unwrap_or(CallFailure::Server)
}
