//! The operational half of a policy: what a run may cost and how long it may take.

use std::collections::BTreeMap;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::decimal::Multiplier;
use crate::domain::refusal::Refusal;

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Micro-dollars per million input tokens.
    pub input_usd_micros: u64,
    /// Micro-dollars per million output tokens.
    pub output_usd_micros: u64,
    /// Energy figure per thousand tokens; it warns and never stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature_cost: Option<u64>,
}

/// What to do when a model's price is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknownPrice {
    /// Refuse the call.
    Deny,
    /// Go on, with a warning.
    Warn,
}

/// What to do when an answer does not say what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMissingUsage {
    /// Stop the run.
    Stop,
    /// Count what was reserved.
    Estimate,
}

/// What a run may cost and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Whether providers behind a network may be asked; loopback always may.
    pub allow_network: bool,
    /// The models that may be asked; all when empty.
    pub allowed_models: Vec<String>,
    /// Tokens per run over all its attempts; no limit when absent.
    pub budget_tokens: Option<u64>,
    /// Micro-dollars per run over all its attempts; no limit when absent.
    pub budget_usd_micros: Option<u64>,
    /// Energy figure per run; it warns and never stops.
    pub budget_nature_cost: Option<u64>,
    /// What each model costs; no price is ever guessed.
    pub prices: BTreeMap<String, Price>,
    /// Requests per call, the first one counted: 1 to 10.
    pub max_attempts: u32,
    /// The first wait, in milliseconds: 100 to 60000.
    pub initial_backoff_ms: u32,
    /// How much longer each wait is: 1 to 10.
    pub backoff_multiplier: Multiplier,
    /// How often an answer that does not fit is asked for again.
    pub max_repairs: u32,
    /// Seconds that one step may take: 10 to 1800.
    pub step_timeout_s: u32,
    /// Seconds that one attempt may take: 60 to 7200.
    pub run_timeout_s: u32,
    /// What to do when a model's price is not known.
    pub on_unknown_price: OnUnknownPrice,
    /// What to do when an answer does not say what it used.
    pub on_missing_usage: OnMissingUsage,
    /// Whether who made or submitted a version may approve it.
    pub allow_self_approval: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allow_network: true,
            allowed_models: Vec::new(),
            budget_tokens: None,
            budget_usd_micros: None,
            budget_nature_cost: None,
            prices: BTreeMap::new(),
            max_attempts: 4,
            initial_backoff_ms: 1000,
            backoff_multiplier: Multiplier::hundredths(200),
            max_repairs: 2,
            step_timeout_s: 300,
            run_timeout_s: 1800,
            on_unknown_price: OnUnknownPrice::Deny,
            on_missing_usage: OnMissingUsage::Stop,
            allow_self_approval: false,
        }
    }
}

impl Limits {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// The first [`Refusal`], in the order of the fields.
    pub fn validate(&self) -> Result<(), Refusal> {
        for (index, model) in self.allowed_models.iter().enumerate() {
            let field = format!("allowed_models[{index}]");
            if model.trim().is_empty() {
                return Err(Refusal::new("blank", field, "must not be blank"));
            }
            if self.allowed_models[..index].contains(model) {
                return Err(Refusal::new("listed_twice", field, format!("`{model}` is listed already")));
            }
        }
        if self.prices.keys().any(|model| model.trim().is_empty()) {
            return Err(Refusal::new("blank", "prices", "a model's name must not be blank"));
        }
        between("max_attempts", self.max_attempts, 1, 10)?;
        between("initial_backoff_ms", self.initial_backoff_ms, 100, 60_000)?;
        between("backoff_multiplier", self.backoff_multiplier, Multiplier::hundredths(100), Multiplier::MAX)?;
        between("max_repairs", self.max_repairs, 0, 10)?;
        between("step_timeout_s", self.step_timeout_s, 10, 1800)?;
        between("run_timeout_s", self.run_timeout_s, 60, 7200)
    }
}

fn between<T: Copy + PartialOrd + Display>(field: &str, value: T, least: T, most: T) -> Result<(), Refusal> {
    if (&least..=&most).contains(&&value) {
        return Ok(());
    }
    Err(Refusal::new("out_of_range", field, format!("{value} is not between {least} and {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_held() {
        assert_eq!(Limits::default().validate(), Ok(()));
        let refused = |change: fn(&mut Limits)| {
            let mut limits = Limits::default();
            change(&mut limits);
            limits.validate().unwrap_err()
        };
        let said = |change: fn(&mut Limits)| refused(change).to_string();
        assert_eq!(said(|limits| limits.max_attempts = 0), "field `max_attempts`: 0 is not between 1 and 10");
        assert_eq!(refused(|limits| limits.max_attempts = 11).code, "out_of_range");
        assert!(said(|limits| limits.initial_backoff_ms = 99).contains("between 100 and 60000"));
        assert!(said(|limits| limits.backoff_multiplier = Multiplier::hundredths(99)).contains("0.99"));
        assert!(said(|limits| limits.max_repairs = 11).contains("max_repairs"));
        assert!(said(|limits| limits.step_timeout_s = 9).contains("between 10 and 1800"));
        assert!(said(|limits| limits.run_timeout_s = 7201).contains("between 60 and 7200"));
        assert_eq!(refused(|limits| limits.allowed_models = vec![" ".into()]).code, "blank");
        let twice = refused(|limits| limits.allowed_models = vec!["a".into(), "a".into()]);
        assert_eq!((twice.code, twice.field.as_str()), ("listed_twice", "allowed_models[1]"));
    }
}
