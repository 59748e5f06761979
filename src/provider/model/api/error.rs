//! What an answer with a status of failure means.

use super::{LeftOut, Value, text};
use crate::provider::{CallError, CallFailure};

/// No words of a server are repeated beyond this, in characters.
const MAX_WORDS: usize = 400;

/// Why there is no answer, out of the status and the body.
pub(in crate::provider::model) fn problem(status: u16, location: Option<&str>, body: &str) -> CallError {
    let value = Value::parse(body.as_bytes()).unwrap_or(Value::Null);
    let error = value.get("error").unwrap_or(&value);
    let words = text(error.get("message"))
        .or_else(|| text(Some(error)))
        .or_else(|| text(value.get("detail")))
        .or_else(|| text(value.get("message")));
    let kinds = [error.get("code"), error.get("type")].map(|kind| kind.and_then(Value::as_str).unwrap_or(""));
    let lower = words.as_deref().unwrap_or(body).to_lowercase();
    let failure = match status {
        300..=399 => CallFailure::BadRequest,
        _ if is_too_long(kinds, &lower) => CallFailure::ContextTooLong,
        402 => CallFailure::Quota,
        400 | 403 | 429 if is_quota(kinds, &lower) => CallFailure::Quota,
        401 | 403 | 407 => CallFailure::Auth,
        408 => CallFailure::Timeout,
        429 => CallFailure::RateLimited,
        409 | 500..=599 => CallFailure::Server,
        _ => CallFailure::BadRequest,
    };
    let said = match (location, words) {
        (Some(location), _) if (300..400).contains(&status) => {
            format!("it redirects to {}, which is not followed", shortened(location))
        }
        (_, Some(words)) => shortened(&words),
        (_, None) if body.trim().is_empty() => "it says nothing more".to_owned(),
        (_, None) => format!("it says: {}", shortened(body.trim())),
    };
    CallError::new(failure, format!("status {status}: {said}"))
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

fn is_too_long(kinds: [&str; 2], lower: &str) -> bool {
    kinds.iter().any(|kind| ["context_length_exceeded", "exceed_context_size_error"].contains(kind))
        || [
            "maximum context length",
            "prompt is too long",
            "context length exceeded",
            "exceeds the available context",
        ]
        .iter()
        .any(|words| lower.contains(words))
}

/// No money left, which no waiting mends.
fn is_quota(kinds: [&str; 2], lower: &str) -> bool {
    let known = [
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "budget_exceeded",
    ];
    kinds.iter().any(|kind| known.contains(kind))
        || [
            "exceeded your current quota",
            "credit balance is too low",
            "spending limit",
            "spend limit",
            "usage limits",
        ]
        .iter()
        .any(|words| lower.contains(words))
}

/// What is to be left out where a server refuses a request for a parameter that it names, beside what is left out.
pub(in crate::provider::model) fn parameter_in_the_way(
    status: u16,
    body: &str,
    left_out: LeftOut,
) -> Option<LeftOut> {
    if !matches!(status, 400 | 422) {
        return None;
    }
    let names = |words: &[&str]| words.iter().any(|word| body.contains(word));
    if !left_out.max_tokens && names(&["max_completion_tokens"]) {
        return Some(LeftOut { max_tokens: true, ..left_out });
    }
    if !left_out.temperature && names(&["temperature"]) {
        return Some(LeftOut { temperature: true, ..left_out });
    }
    let schema = ["response_format", "json_schema", "text.format", "output_config", "output_format"];
    (!left_out.schema && names(&schema)).then_some(LeftOut { schema: true, ..left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_is_told_apart() {
        let code = |status, body: &str| problem(status, None, body).failure.code();
        assert_eq!(code(401, r#"{"error":{"message":"Incorrect API key"}}"#), "auth");
        assert_eq!(code(429, r#"{"error":{"message":"slow down","type":"requests"}}"#), "rate_limited");
        assert_eq!(code(429, r#"{"error":{"message":"x","code":"insufficient_quota"}}"#), "quota");
        let anthropic = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#;
        assert_eq!(code(400, anthropic), "quota");
        let llama = r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"too big"}}"#;
        assert_eq!(code(400, llama), "context_too_long");
        assert_eq!(code(413, "{}"), "bad_request");
        assert_eq!(code(404, r#"{"error":"model \"x\" not found"}"#), "bad_request");
        assert_eq!(
            code(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
            "server"
        );
        assert_eq!(code(502, "<html>Bad gateway</html>"), "server");
    }

    #[test]
    fn the_server_s_words_are_repeated_in_part() {
        let said = |body: &str| problem(500, None, body).message;
        assert_eq!(said(r#"{"error":{"message":"oops"}}"#), "status 500: oops");
        assert_eq!(said(r#"{"detail":"gone"}"#), "status 500: gone");
        assert_eq!(said(" "), "status 500: it says nothing more");
        assert!(said(&"<p>".repeat(9999)).ends_with('…'));
        assert_eq!(
            problem(302, Some("https://x/"), "").message,
            "status 302: it redirects to https://x/, which is not followed"
        );
    }

    #[test]
    fn each_parameter_is_left_out_once() {
        let none = LeftOut::default();
        let temperature = parameter_in_the_way(400, "Unsupported parameter: 'temperature'", none).unwrap();
        assert_eq!(temperature, LeftOut { temperature: true, ..none });
        assert_eq!(parameter_in_the_way(400, "Unsupported parameter: 'temperature'", temperature), None);
        assert_eq!(parameter_in_the_way(500, "temperature", none), None);
        assert!(parameter_in_the_way(422, "response_format is not supported", none).unwrap().schema);
        let cap = "Use 'max_completion_tokens' instead of 'max_tokens'.";
        assert!(parameter_in_the_way(400, cap, none).unwrap().max_tokens);
    }
}
