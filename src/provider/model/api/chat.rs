//! The chat-completions shape, `POST /v1/chat/completions`: Ollama, llama.cpp, vLLM, LiteLLM, LM Studio and other
//! gateways. They leave out much of what the original says; that is normal.

use super::openai::bearer;
use super::{
    Answered, Api, Ask, Key, Said, Value, count, message, number, object, text, turns, with_temperature,
};
use crate::domain::exchange::Usage;

pub(super) struct Chat;

impl Api for Chat {
    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn headers(&self, key: Option<&Key>) -> Vec<(&'static str, String)> {
        bearer(key)
    }

    fn body(&self, ask: &Ask<'_>) -> Value {
        let (name, schema) = ask.schema;
        let mut messages = vec![message("system", &ask.prompt.system)];
        messages.extend(turns(ask));
        let body = object([("model", ask.model.into()), ("messages", Value::Array(messages))]);
        let format = object([
            ("type", "json_schema".into()),
            (
                "json_schema",
                object([("name", name.into()), ("schema", schema.clone()), ("strict", Value::Bool(true))]),
            ),
        ]);
        let body = if ask.left_out.schema { body } else { body.with("response_format", format) };
        let cap = if ask.left_out.max_tokens { "max_completion_tokens" } else { "max_tokens" };
        with_temperature(body.with(cap, number(&ask.max_output_tokens)), ask)
    }

    fn read(&self, body: &Value) -> Answered {
        let usage = body.get("usage");
        let usage = count(usage, "prompt_tokens").zip(count(usage, "completion_tokens"));
        let usage = usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
        Answered { said: said(body), usage, model: text(body.get("model")), id: text(body.get("id")) }
    }
}

fn said(body: &Value) -> Said {
    let Some(choice) = body.get("choices").and_then(|choices| choices.items().first()) else {
        // Gateways answer so too when the model behind them fails.
        let error = body.get("error");
        let words = error.and_then(|error| text(error.get("message")).or_else(|| text(Some(error))));
        return Said::Failed("server_error".into(), words.unwrap_or_else(|| "it holds no `choices`".into()));
    };
    let said = choice.get("message");
    let refusal = said.and_then(|said| text(said.get("refusal"))).filter(|refusal| !refusal.is_empty());
    if let Some(refusal) = refusal {
        return Said::Refused(refusal);
    }
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => Said::Truncated,
        Some("content_filter") => Said::Refused("a content filter stopped it".into()),
        _ => Said::Text(said.and_then(|said| text(said.get("content"))).unwrap_or_default()),
    }
}
