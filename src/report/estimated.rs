//! What `run --estimate` says.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number};
use super::safe;
use crate::domain::estimate::Estimate;
use crate::domain::json::{Value, to_value};

/// Micro-dollars as dollars, to the places that there are.
#[must_use]
pub fn dollars(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let places = text.trim_end_matches('0');
    let shown = if places.len() < text.len() - 4 { &text[..text.len() - 4] } else { places };
    format!("${shown}")
}

/// For people.
#[must_use]
pub fn text(estimate: &Estimate) -> String {
    if estimate.calls.is_empty() {
        return "No model is asked: it costs nothing.\n".to_owned();
    }
    let mut out = String::new();
    for call in &estimate.calls {
        let cost = call
            .usd_micros_most
            .map_or_else(|| "price not known".to_owned(), |most| format!("at most {}", dollars(most)));
        let _ = writeln!(
            out,
            "{:<26} {} {}  about {} tokens in, at most {} in and {} out; {cost}",
            call.step.to_string(),
            safe(&call.provider),
            safe(&call.model),
            call.input_tokens_about,
            call.input_tokens_most,
            call.output_tokens_most,
        );
    }
    let count = estimate.calls.len();
    let about = estimate.total(|call| call.input_tokens_about);
    let most = estimate.total(|call| call.input_tokens_most);
    let answers = estimate.total(|call| call.output_tokens_most);
    let cost = estimate.usd_micros_most().map_or_else(
        || "what they cost is not known (`limits.prices` of the policy)".to_owned(),
        |most| format!("at most {} if each is sent once", dollars(most)),
    );
    let _ = writeln!(
        out,
        "\n{count} calls: about {about} tokens in, at most {most} in and {answers} out; {cost}."
    );
    let again = estimate.again_most;
    let _ = writeln!(
        out,
        "After failures, and for answers that do not fit, each may be sent again up to {again} times."
    );
    if let Some(budget) = estimate.budget_tokens {
        let _ = writeln!(out, "The budget is {budget} tokens.");
    }
    if let Some(budget) = estimate.budget_usd_micros {
        let _ = writeln!(out, "The budget is {}.", dollars(budget));
    }
    out
}

/// For programs.
#[must_use]
pub fn json(estimate: &Estimate) -> Value {
    to_value(estimate)
        .with("format_version", number(FORMAT_VERSION))
        .with("input_tokens_about", number(estimate.total(|call| call.input_tokens_about)))
        .with("input_tokens_most", number(estimate.total(|call| call.input_tokens_most)))
        .with("output_tokens_most", number(estimate.total(|call| call.output_tokens_most)))
        .with("usd_micros_most", to_value(&estimate.usd_micros_most()))
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn dollars_have_two_places_or_those_that_they_need() {
        assert_eq!(
            [0, 10_000, 1_500_000, 123, 12_340_000].map(dollars),
            ["$0.00", "$0.01", "$1.50", "$0.000123", "$12.34"]
        );
    }
}
