//! The Anthropic Messages API: `POST /v1/messages`.
//!
//! Its schemas know no bounds of numbers, so these are left out; the answer is checked anyway. What it calls input
//! tokens leaves out those that were read from a cache or written to it.

use super::{Answered, Api, Ask, Key, Said, Value, count, number, object, text, turns, with_temperature};
use crate::domain::exchange::Usage;

pub(super) struct Messages;

/// The version of the API that this is written for.
const VERSION: &str = "2023-06-01";

impl Api for Messages {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn headers(&self, key: Option<&Key>) -> Vec<(&'static str, String)> {
        let key = key.map(|key| ("x-api-key", key.expose().to_owned()));
        key.into_iter().chain([("anthropic-version", VERSION.to_owned())]).collect()
    }

    fn body(&self, ask: &Ask<'_>) -> Value {
        let body = object([
            ("model", ask.model.into()),
            ("max_tokens", number(&ask.max_output_tokens)),
            ("system", ask.prompt.system.as_str().into()),
            ("messages", Value::Array(turns(ask))),
        ]);
        let format = object([("type", "json_schema".into()), ("schema", without_bounds(ask.schema.1))]);
        let body =
            if ask.left_out.schema { body } else { body.with("output_config", object([("format", format)])) };
        with_temperature(body, ask)
    }

    fn read(&self, body: &Value) -> Answered {
        let usage = body.get("usage");
        let cached = ["cache_creation_input_tokens", "cache_read_input_tokens"];
        let input = count(usage, "input_tokens").map(|input| {
            cached.iter().filter_map(|name| count(usage, name)).fold(input, u64::saturating_add)
        });
        let usage = input.zip(count(usage, "output_tokens"));
        let usage = usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
        Answered { said: said(body), usage, model: text(body.get("model")), id: text(body.get("id")) }
    }
}

fn said(body: &Value) -> Said {
    if let Some(error) = body.get("error").filter(|error| **error != Value::Null) {
        let part = |name: &str| text(error.get(name)).unwrap_or_else(|| "server_error".to_owned());
        return Said::Failed(part("type"), part("message"));
    }
    match body.get("stop_reason").and_then(Value::as_str) {
        Some("max_tokens") => return Said::Truncated,
        Some("refusal") => return Said::Refused("the model declined".into()),
        Some("model_context_window_exceeded") => return Said::TooLong,
        _ => {}
    }
    let contents = body.get("content").map(Value::items).unwrap_or_default();
    let is_text = |content: &&Value| content.get("type").and_then(Value::as_str) == Some("text");
    let texts =
        contents.iter().filter(is_text).filter_map(|content| content.get("text").and_then(Value::as_str));
    Said::Text(texts.collect())
}

fn without_bounds(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| {
                !(["minimum", "maximum"].contains(&name.as_str()) && matches!(value, Value::Number(_)))
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), without_bounds(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_bounds).collect()),
        other => other.clone(),
    }
}
