//! The OpenAI Responses API: `POST /v1/responses`.
//!
//! A refusal and an answer that was cut short have the status of success. What is stored at the server is nothing:
//! `store` is false.

use super::{Answered, Api, Ask, Key, Said, Value, count, number, object, text, turns, with_temperature};
use crate::domain::exchange::Usage;

pub(super) struct Responses;

/// A lower cap is refused by the server.
const LEAST_CAP: u32 = 16;

impl Api for Responses {
    fn path(&self) -> &'static str {
        "/responses"
    }

    fn headers(&self, key: Option<&Key>) -> Vec<(&'static str, String)> {
        bearer(key)
    }

    fn body(&self, ask: &Ask<'_>) -> Value {
        let (name, schema) = ask.schema;
        let body = object([
            ("model", ask.model.into()),
            ("instructions", ask.prompt.system.as_str().into()),
            ("input", Value::Array(turns(ask))),
        ]);
        let format = object([
            ("type", "json_schema".into()),
            ("name", name.into()),
            ("schema", schema.clone()),
            ("strict", Value::Bool(true)),
        ]);
        let body = if ask.left_out.schema { body } else { body.with("text", object([("format", format)])) };
        let cap = number(&ask.max_output_tokens.max(LEAST_CAP));
        with_temperature(body.with("max_output_tokens", cap).with("store", Value::Bool(false)), ask)
    }

    fn read(&self, body: &Value) -> Answered {
        let usage = body.get("usage");
        let usage = count(usage, "input_tokens").zip(count(usage, "output_tokens"));
        let usage = usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
        Answered { said: said(body), usage, model: text(body.get("model")), id: text(body.get("id")) }
    }
}

fn said(body: &Value) -> Said {
    let status = body.get("status").and_then(Value::as_str);
    let reason = body.get("incomplete_details").and_then(|details| details.get("reason"));
    match (status, reason.and_then(Value::as_str)) {
        (Some("incomplete"), Some("content_filter")) => {
            return Said::Refused("a content filter stopped it".into());
        }
        (Some("incomplete"), _) => return Said::Truncated,
        // What is under way, or says only that it failed, is no answer.
        (status, _) if !matches!(status, None | Some("completed")) || body.get("output").is_none() => {
            let part = |name| body.get("error").and_then(|error| error.get(name)).and_then(Value::as_str);
            let or = |name, otherwise: &str| part(name).unwrap_or(otherwise).to_owned();
            return Said::Failed(or("code", "server_error"), or("message", "the server says that it failed"));
        }
        _ => {}
    }
    // Items of other kinds, such as `reasoning`, are no answer.
    let items = body.get("output").map(Value::items).unwrap_or_default();
    let is_message = |item: &&Value| item.get("type").and_then(Value::as_str) == Some("message");
    let contents = || {
        items
            .iter()
            .filter(is_message)
            .flat_map(|item| item.get("content").map(Value::items).unwrap_or_default())
    };
    if let Some(refusal) = contents().find_map(|content| text(content.get("refusal"))) {
        return Said::Refused(refusal);
    }
    Said::Text(contents().filter_map(|content| content.get("text").and_then(Value::as_str)).collect())
}

/// The key as it is sent to this API and those of its shape.
pub(super) fn bearer(key: Option<&Key>) -> Vec<(&'static str, String)> {
    key.map(|key| ("authorization", format!("Bearer {}", key.expose()))).into_iter().collect()
}
