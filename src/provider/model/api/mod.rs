//! The ways in which servers are asked: one file each, a body going in and an answer coming out.

mod anthropic;
mod chat;
mod error;
mod openai;

pub(super) use error::{parameter_in_the_way, problem};

use super::key::Key;
use crate::domain::decimal::Temperature;
use crate::domain::exchange::Usage;
use crate::domain::json::Value;
use crate::domain::prompt::Prompt;
use crate::domain::provider::ProviderName;

/// What a model is asked.
pub(super) struct Ask<'a> {
    pub(super) model: &'a str,
    pub(super) prompt: &'a Prompt,
    /// What the answer is called, and the schema that it must fit.
    pub(super) schema: (&'static str, &'a Value),
    pub(super) temperature: Option<Temperature>,
    /// The cap on the answer's tokens.
    pub(super) max_output_tokens: u32,
    /// The answer before, which did not fit, and what it was told.
    pub(super) repair: Option<&'a (String, String)>,
    pub(super) left_out: LeftOut,
}

/// What a server refused by name and is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct LeftOut {
    /// The sampling temperature.
    pub(super) temperature: bool,
    /// The schema; the prompt describes the answer too.
    pub(super) schema: bool,
    /// The older name of the cap, in the chat shape.
    pub(super) max_tokens: bool,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// An answer, which may or may not fit.
    Text(String),
    /// It will not answer, in its words.
    Refused(String),
    /// The answer reached the cap on its tokens.
    Truncated,
    /// The prompt is too long for the model.
    TooLong,
    /// It failed, though the status says otherwise: its code and its words.
    Failed(String, String),
}

/// What came back with a status of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) said: Said,
    pub(super) usage: Option<Usage>,
    pub(super) model: Option<String>,
    pub(super) id: Option<String>,
}

/// A way of asking.
pub(super) trait Api: Sync {
    /// The path under the base address.
    fn path(&self) -> &'static str;
    /// The headers beside the usual ones.
    fn headers(&self, key: Option<&Key>) -> Vec<(&'static str, String)>;
    /// The body of a request.
    fn body(&self, ask: &Ask<'_>) -> Value;
    /// What an answer says.
    fn read(&self, body: &Value) -> Answered;
}

/// How `provider` is asked; none for a provider that is no model's.
pub(super) fn of(provider: ProviderName) -> Option<&'static dyn Api> {
    match provider {
        ProviderName::Openai => Some(&openai::Responses),
        ProviderName::Chat => Some(&chat::Chat),
        ProviderName::Anthropic => Some(&anthropic::Messages),
        ProviderName::Rules | ProviderName::File | ProviderName::Replay => None,
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn number(value: &impl ToString) -> Value {
    Value::Number(value.to_string())
}

fn message(role: &str, content: &str) -> Value {
    object([("role", role.into()), ("content", content.into())])
}

/// The turns after the system text: the task, and where an answer did not fit, that answer and why.
fn turns(ask: &Ask<'_>) -> Vec<Value> {
    let mut turns = vec![message("user", &ask.prompt.user)];
    if let Some((answer, told)) = ask.repair {
        turns.extend([message("assistant", answer), message("user", told)]);
    }
    turns
}

fn with_temperature(body: Value, ask: &Ask<'_>) -> Value {
    match ask.temperature.filter(|_| !ask.left_out.temperature) {
        Some(temperature) => body.with("temperature", number(&temperature)),
        None => body,
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// A count; none where it is missing or no count.
fn count(value: Option<&Value>, name: &str) -> Option<u64> {
    match value?.get(name)? {
        Value::Number(number) => number.parse().ok(),
        _ => None,
    }
}
