//! An exchange: one request to a model and what came back, as raw as it was, keys removed.
//!
//! `attempts/<n>/exchanges/<step>-<call>.json` is one, and so is each file of a recording.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::json::{self, JsonError, Value};
use super::step::Step;

/// The version of the file.
pub const EXCHANGE_FORMAT: u32 = 1;

/// How many tokens an answer took, as the server reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: u64,
    /// Tokens of the answer, thinking included.
    pub output_tokens: u64,
}

/// What was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// The body, byte for byte.
    pub body: String,
    /// The digest of the body's canonical form: by it a recording is found again.
    pub digest: Digest,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// Those headers that say something of the answer, by their name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; what is not UTF-8 in it is replaced by U+FFFD.
    pub body: String,
    /// The digest of the body's bytes as they came.
    pub sha256: Digest,
    /// Whether the body is not to the byte what came: a key was taken out, or it was no UTF-8.
    pub altered: bool,
}

impl Received {
    fn is_as_it_came(&self) -> bool {
        self.altered || Digest::of(self.body.as_bytes()) == self.sha256
    }
}

/// One request and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// [`EXCHANGE_FORMAT`].
    pub format: u32,
    /// The step that asked.
    pub step: Step,
    /// Which request of that step it is, from 1.
    pub call: u32,
    /// The provider.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// What was sent.
    pub request: Sent,
    /// What came back; none where nothing did.
    pub response: Option<Received>,
    /// `ok`, or why there is no answer in it, as a stable word.
    pub outcome: String,
    /// Why there is none, in words.
    pub problem: Option<String>,
    /// Whether the request reached the server, or may have.
    pub sent: bool,
    /// What the server says it took; none where it does not say.
    pub usage: Option<Usage>,
    /// The model that answered, as the server names it.
    pub answered_by: Option<String>,
    /// The server's name for the request.
    pub request_id: Option<String>,
    /// When it was sent: RFC 3339, UTC.
    pub at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What an exchange says where it holds an answer.
pub const OK: &str = "ok";
/// What an exchange is that the user did not wait for.
pub const INTERRUPTED: &str = "interrupted";

impl Exchange {
    /// Reads an exchange, whose digest must be its request's.
    ///
    /// # Errors
    /// [`JsonError`] naming the place.
    pub fn read(bytes: &[u8]) -> Result<Self, JsonError> {
        let shape = |path: &str, problem: String| JsonError::Shape { path: path.to_owned(), problem };
        let exchange: Self = json::from_slice(bytes)?;
        if exchange.format > EXCHANGE_FORMAT {
            let problem =
                format!("{} is newer than this program, which knows {EXCHANGE_FORMAT}", exchange.format);
            return Err(shape("format", problem));
        }
        let digest = request_digest(&exchange.request.body)?;
        if digest != exchange.request.digest {
            return Err(shape("request.digest", format!("the body has {digest}")));
        }
        if let Some(response) = exchange.response.as_ref().filter(|response| !response.is_as_it_came()) {
            let problem = format!("the body has {}", Digest::of(response.body.as_bytes()));
            return Err(shape("response.sha256", problem));
        }
        Ok(exchange)
    }

    /// The bytes of its file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        json::pretty(&json::to_value(self)).into_bytes()
    }

    /// Whether it holds an answer.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.outcome == OK
    }

    /// The name of its file among those of an attempt.
    #[must_use]
    pub fn file(&self) -> String {
        exchange_file(&self.step, self.call)
    }
}

/// The name of the file of a step's `call`th request.
#[must_use]
pub fn exchange_file(step: &Step, call: u32) -> String {
    format!("{step}-{call}.json")
}

/// The digest by which the answer to a request is found again.
///
/// # Errors
/// [`JsonError`] where the body is no JSON.
pub fn request_digest(body: &str) -> Result<Digest, JsonError> {
    Ok(json::digest(&Value::parse(body.as_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Exchange {
        let body = r#"{"b":1,"a":2}"#.to_owned();
        Exchange {
            format: EXCHANGE_FORMAT,
            step: Step::Expand,
            call: 1,
            provider: "chat".into(),
            model: "m".into(),
            request: Sent { url: "http://x/".into(), digest: request_digest(&body).unwrap(), body },
            response: None,
            outcome: "connection".into(),
            problem: Some("refused".into()),
            sent: false,
            usage: None,
            answered_by: None,
            request_id: None,
            at: "2026-01-01T00:00:00.000Z".into(),
            duration_ms: 1,
        }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_an_edited_request_is_found() {
        let exchange = sample();
        assert_eq!(Exchange::read(&exchange.bytes()).unwrap(), exchange);
        assert_eq!(exchange.file(), "expand-1.json");
        let edited = String::from_utf8(exchange.bytes()).unwrap().replace(r#"\"a\":2"#, r#"\"a\":3"#);
        let problem = Exchange::read(edited.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains("request.digest"), "{problem}");
    }

    #[test]
    fn the_order_of_a_request_s_members_does_not_matter() {
        assert_eq!(
            request_digest(r#"{"b":1,"a":2}"#).unwrap(),
            request_digest(r#"{ "a": 2, "b": 1 }"#).unwrap()
        );
    }
}
