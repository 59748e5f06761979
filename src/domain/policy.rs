//! The policy: a panel and its limits, kept as numbered versions.
//!
//! The panel is semantic and part of every run's id. The limits are operational: each attempt records
//! those that it ran under, and raising one does not make another run of the same question.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decimal::Multiplier;
use super::digest::Digest;
use super::json::{self, JsonError, Value};
use super::panel::{Panel, PanelError};
use super::record::Record;

/// The policy that a store begins with.
pub const DEFAULT_NAME: &str = "default";

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

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Who reviews, and what adds up to which decision.
    pub panel: Panel,
    /// What a run may cost.
    pub limits: Limits,
}

/// What names one version of a policy in manifests and logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRef {
    /// The policy's name.
    pub name: String,
    /// The version's number, from 1.
    pub version: u64,
    /// The digest of the version's body: the same on every machine.
    pub digest: Digest,
}

/// One version of a policy, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    /// What names it.
    pub reference: PolicyRef,
    /// What it says.
    pub body: Body,
}

/// Why a policy version cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A member is missing or of the wrong shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The panel is refused.
    #[error("body.panel.{0}")]
    Panel(#[from] PanelError),
    /// The body is not what its digest says.
    #[error("body_digest: {recorded} is recorded, the body has {actual}")]
    Digest {
        /// As the file says.
        recorded: Digest,
        /// As computed.
        actual: Digest,
    },
}

#[derive(Deserialize)]
struct Content {
    name: String,
    body: Value,
    body_digest: Digest,
}

/// What a new version's record holds besides its envelope.
#[must_use]
pub fn content(name: &str, body: &Body, change_note: &str) -> Value {
    let body = json::to_value(body);
    Value::Object(vec![
        ("name".to_owned(), name.into()),
        ("change_note".to_owned(), change_note.into()),
        ("body_digest".to_owned(), json::digest(&body).to_string().into()),
        ("body".to_owned(), body),
    ])
}

impl PolicyVersion {
    /// Reads a version out of its record.
    ///
    /// # Errors
    /// [`PolicyError`] when a member is missing, the panel is not valid or the body was changed.
    pub fn of(record: &Record) -> Result<Self, PolicyError> {
        let content: Content = json::from_value(&record.content)?;
        let actual = json::digest(&content.body);
        if actual != content.body_digest {
            return Err(PolicyError::Digest { recorded: content.body_digest, actual });
        }
        let body: Body = json::from_value(&content.body)?;
        body.panel.validate()?;
        let reference = PolicyRef { name: content.name, version: record.number, digest: actual };
        Ok(Self { reference, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: Value) -> Record {
        Record {
            number: 1,
            at: "2026-01-01T00:00:00Z".into(),
            by: "system".into(),
            parent: None,
            digest: Digest::of(b""),
            content,
        }
    }

    #[test]
    fn a_version_is_read_as_it_was_made() {
        let version = PolicyVersion::of(&record(content("default", &Body::default(), "first"))).unwrap();
        assert_eq!(version.body, Body::default());
        assert_eq!(version.reference.version, 1);
    }

    #[test]
    fn a_changed_body_and_an_unknown_field_are_refused() {
        let good = content("default", &Body::default(), "first");
        let body = good.get("body").unwrap().clone().with("extra", Value::Null);
        let changed = record(good.clone().with("body", body.clone()));
        assert!(PolicyVersion::of(&changed).unwrap_err().to_string().starts_with("body_digest"));
        let digest = json::digest(&body).to_string();
        let unknown = record(good.with("body", body).with("body_digest", digest.into()));
        assert!(PolicyVersion::of(&unknown).unwrap_err().to_string().contains("extra"));
    }

    #[test]
    fn the_default_body_has_not_changed() {
        // Golden: runs made under `default` version 1 name this digest on every machine.
        let digest = json::digest(&json::to_value(&Body::default()));
        assert_eq!(
            digest.to_string(),
            "sha256:c30464756739732d7c110b5c0afa9a990ee4473086295535f48140c6c65e7b24"
        );
    }
}
