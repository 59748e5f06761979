//! Sending one request: reserved in the ledger first, and what came back as it is kept, without a key.

use std::collections::BTreeMap;
use std::time::Instant;

use super::api::{self, Api, Said};
use super::http::{Incoming, MAX_BODY, Outgoing, Trouble};
use super::turns::Turn;
use super::{Question, Server};
use crate::domain::digest::Digest;
use crate::domain::exchange::{
    EXCHANGE_FORMAT, Exchange, INTERRUPTED, OK, Received, Sent, Usage, request_digest,
};
use crate::domain::json::Value;
use crate::provider::{CallError, CallFailure, Intent, Ledger, ProviderError};

/// Headers that say something of the answer; those of limits begin with these words.
const HEADERS: [&str; 10] = [
    "content-type",
    "date",
    "location",
    "openai-processing-ms",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "server",
    "x-request-id",
    "x-should-retry",
];
const LIMIT_HEADERS: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// Sends a request and says what came back. It is reserved, and then sent once there is a `turn`; none where nobody waits
/// for it any more.
pub(super) fn exchange<'t>(
    question: &Question<'_>,
    server: &Server,
    body: String,
    ledger: &dyn Ledger,
    deadline: &dyn Fn() -> Instant,
    turn: impl FnOnce() -> Option<Turn<'t>>,
) -> Result<Exchange, ProviderError> {
    let choice = question.choice;
    let api = api::of(choice.provider);
    let api = api.ok_or_else(|| CallError::new(CallFailure::BadRequest, "the provider asks no model"))?;
    let digest =
        request_digest(&body).map_err(|error| CallError::new(CallFailure::BadRequest, error.to_string()))?;
    // No tokenizer makes more tokens of a text than it has bytes.
    let most = Usage { input_tokens: body.len() as u64, output_tokens: u64::from(choice.max_output_tokens) };
    let intent = Intent {
        step: question.step,
        provider: choice.provider,
        model: &choice.model,
        request: digest,
        most,
    };
    let call = ledger.reserve(&intent, deadline())?;
    let turn = turn();
    let (at, begun) = (ledger.now(), Instant::now());
    let endpoint = &server.endpoint;
    let outgoing =
        Outgoing { url: endpoint.url(api.path()), headers: api.headers(endpoint.key()), body: body.clone() };
    let came = match &turn {
        Some(_) => server.http().post(outgoing, deadline(), &|| ledger.is_interrupted()),
        None => Err(Trouble::Stopped { sent: false }),
    };
    drop(turn);
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let sent = !matches!(came, Err(Trouble::NotSent(_) | Trouble::Stopped { sent: false }));
    let blank = Exchange {
        format: EXCHANGE_FORMAT,
        step: question.step.clone(),
        call,
        provider: choice.provider.as_str().to_owned(),
        model: choice.model.clone(),
        request: Sent { url: endpoint.url(api.path()), body, digest },
        response: None,
        outcome: OK.to_owned(),
        problem: None,
        sent,
        usage: None,
        answered_by: None,
        request_id: None,
        at,
        duration_ms,
    };
    Ok(match came {
        Ok(incoming) => received(api, server, blank, incoming),
        Err(trouble) => {
            let (outcome, problem) = in_words(&trouble, endpoint.base());
            Exchange { outcome: outcome.to_owned(), problem: Some(endpoint.clean()(&problem)), ..blank }
        }
    })
}

fn in_words(trouble: &Trouble, base: &str) -> (&'static str, String) {
    match trouble {
        Trouble::NotSent(problem) => {
            (CallFailure::Connection.code(), format!("`{base}` was not reached: {problem}"))
        }
        Trouble::Broken(problem) => {
            (CallFailure::Connection.code(), format!("the connection to `{base}` broke: {problem}"))
        }
        Trouble::Timeout => {
            (CallFailure::Timeout.code(), format!("`{base}` did not answer in the time that there was"))
        }
        Trouble::TooLarge => {
            (CallFailure::Server.code(), format!("the answer of `{base}` has more than {MAX_BODY} bytes"))
        }
        Trouble::Stopped { sent: true } => (INTERRUPTED, "nobody waited for the answer".to_owned()),
        Trouble::Stopped { sent: false } => (INTERRUPTED, "it was not sent".to_owned()),
    }
}

/// No name of a server's is longer, in characters.
const MAX_NAME: usize = 200;
/// No words of a server's are, in characters.
const MAX_PROBLEM: usize = 600;

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// Reads what came back; from here on there is no key in it.
fn received(api: &dyn Api, server: &Server, blank: Exchange, incoming: Incoming) -> Exchange {
    let endpoint = &server.endpoint;
    let clean = endpoint.clean();
    let Incoming { status, headers, body } = incoming;
    let sha256 = Digest::of(&body);
    let is_kept =
        |name: &str| HEADERS.contains(&name) || LIMIT_HEADERS.iter().any(|start| name.starts_with(start));
    let headers: BTreeMap<String, String> = headers
        .into_iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(name, value)| (name, clean(&value)))
        .collect();
    let is_text = std::str::from_utf8(&body).is_ok();
    let came = body;
    let body = endpoint.clean_body(&String::from_utf8_lossy(&came));
    let altered = body.as_bytes() != came;
    let request_id = headers.get("x-request-id").or_else(|| headers.get("request-id")).cloned();
    let whole = if is_text {
        Value::parse(body.as_bytes()).map_err(|error| format!("no JSON: {error}"))
    } else {
        Err("no UTF-8 text".to_owned())
    };
    let answered = whole.as_ref().ok().filter(|_| (200..300).contains(&status)).map(|value| api.read(value));
    let said = match (&answered, &whole) {
        (Some(answered), _) => said(&answered.said),
        (None, Err(problem)) if (200..300).contains(&status) => Err(CallError::new(
            CallFailure::Server,
            format!("status {status}, but the answer of `{}` is {problem}", endpoint.base()),
        )),
        _ => Err(api::problem(status, headers.get("location").map(String::as_str), &body)),
    };
    let (outcome, problem) = match said {
        Ok(()) => (OK, None),
        Err(error) => (error.failure.code(), Some(clean(&error.message).chars().take(MAX_PROBLEM).collect())),
    };
    let (usage, model, id) =
        answered.map(|answered| (answered.usage, answered.model, answered.id)).unwrap_or_default();
    Exchange {
        response: Some(Received { status, headers, body, sha256, altered }),
        outcome: outcome.to_owned(),
        problem,
        usage,
        answered_by: model.map(|model| short(&clean(&model))),
        request_id: request_id.or(id).map(|id| short(&clean(&id))),
        ..blank
    }
}

fn said(said: &Said) -> Result<(), CallError> {
    let error = |failure, message: String| Err(CallError::new(failure, message));
    match said {
        Said::Text(_) => Ok(()),
        Said::Refused(words) => error(CallFailure::Refused, format!("the model will not answer: {words}")),
        Said::Truncated => {
            error(CallFailure::Truncated, "the answer reached the cap on its tokens".to_owned())
        }
        Said::TooLong => {
            error(CallFailure::ContextTooLong, "the prompt is longer than the model reads".to_owned())
        }
        Said::Failed(code, words) if code.contains("rate_limit") => {
            error(CallFailure::RateLimited, words.clone())
        }
        Said::Failed(_, words) => error(CallFailure::Server, words.clone()),
    }
}
