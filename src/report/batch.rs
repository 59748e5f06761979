//! What `batch` tells of each document, and of all of them.

use std::fmt::Write as _;

use super::estimated::dollars;
use super::json::{FORMAT_VERSION, number, object};
use crate::domain::batch::{Estimates, Reviewed, Tally};
use crate::domain::budget::Amount;
use crate::domain::json::{Value, to_value};

/// A document that is reviewed, as a line for programs.
#[must_use]
pub fn reviewed(reviewed: &Reviewed) -> Value {
    let value = object([
        ("document", reviewed.document.as_str().into()),
        ("job_id", to_value(&reviewed.run.job_id)),
        ("run_id", to_value(&reviewed.run.run_id)),
        ("path", to_value(&reviewed.path)),
        ("decision", to_value(&reviewed.decision)),
        ("weighted_confidence", to_value(&reviewed.weighted_confidence)),
        ("replayed", Value::Bool(reviewed.replayed)),
    ]);
    with_spent(value, reviewed.calls, reviewed.spent)
}

fn with_spent(value: Value, calls: usize, spent: Amount) -> Value {
    if calls == 0 {
        return value;
    }
    let (tokens, usd_micros) = (number(spent.tokens), number(spent.usd_micros));
    value.with("calls", number(calls as u64)).with("tokens", tokens).with("usd_micros", usd_micros)
}

/// A document that could not be, with the object that tells the error.
#[must_use]
pub fn failed(document: &str, error: &Value, calls: usize, spent: Amount) -> Value {
    let error = error.get("error").cloned().unwrap_or(Value::Null).without("partial");
    with_spent(object([("document", document.into()), ("error", error)]), calls, spent)
}

/// What came of all of them, in a line for people.
#[must_use]
pub fn summary(tally: &Tally, is_stopped: bool, seconds: f64) -> String {
    let documents = tally.documents();
    let mut parts: Vec<String> =
        tally.decisions.iter().rev().map(|(label, count)| format!("{count} {label}")).collect();
    if tally.failed > 0 {
        parts.push(format!("{} failed", tally.failed));
    }
    let colon = if parts.is_empty() { "" } else { ": " };
    let plural = if documents == 1 { "" } else { "s" };
    let stopped = if is_stopped { "stopped after " } else { "" };
    let mut out = format!("{stopped}{documents} document{plural}{colon}{}", parts.join(", "));
    if tally.replayed > 0 {
        let _ = write!(out, "; {} reviewed before", tally.replayed);
    }
    if tally.unfinished > 0 {
        let _ = write!(out, "; {} unfinished", tally.unfinished);
    }
    if tally.calls > 0 {
        let cost =
            if tally.usd_micros > 0 { format!(", {}", dollars(tally.usd_micros)) } else { String::new() };
        // A request that nobody waited for counts with all that was reserved for it.
        let most = if tally.unfinished > 0 { "at most " } else { "" };
        let _ = write!(out, "; {} requests, {most}{} tokens{cost}", tally.calls, tally.tokens);
    }
    out + &format!("; {seconds:.1} s")
}

/// The same for programs.
#[must_use]
pub fn summary_json(tally: &Tally) -> Value {
    object([("format_version", number(FORMAT_VERSION)), ("summary", to_value(tally))])
}

/// What a batch may take, for people.
#[must_use]
pub fn estimated(estimates: &Estimates) -> String {
    let Estimates { documents, calls, input_tokens_about, input_tokens_most, output_tokens_most, .. } =
        estimates;
    if *calls == 0 {
        return format!("{documents} documents; no model is asked: it costs nothing\n");
    }
    let cost = estimates.usd_micros_most.map_or_else(
        || "what they cost is not known (`limits.prices` of the policy)".to_owned(),
        |most| format!("at most {} if each is sent once", dollars(most)),
    );
    format!(
        "{documents} documents, {calls} calls; about {input_tokens_about} tokens in, at most {input_tokens_most} in and {output_tokens_most} out; {cost}\n"
    )
}

/// The same for programs.
#[must_use]
pub fn estimated_json(estimates: &Estimates) -> Value {
    to_value(estimates).with("format_version", number(FORMAT_VERSION))
}
