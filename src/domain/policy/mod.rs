//! The policy: a panel and its limits, kept as numbered versions.
//!
//! The panel is semantic and part of every run's id. The limits are operational: each attempt records
//! those that it ran under, and raising one does not make another run of the same question.

mod diff;
mod file;
mod limits;
mod name;
mod template;
mod view;
mod what_if;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::ids::PolicyName;
use super::json::{self, JsonError, Value};
use super::panel::Panel;
use super::record::Record;
use super::refusal::Refusal;

pub use diff::{FieldChange, diff};
pub use file::{read, write};
pub use limits::{Limits, OnMissingUsage, OnUnknownPrice, Price};
pub use name::{VersionName, VersionNameError};
pub use template::TEMPLATES;
pub use view::{Applied, Asked, AttemptPolicy, LogEntry, Shown, Tally, WhichReport};
pub use what_if::{WhatIf, what_if};

/// The policy that a store begins with.
pub const DEFAULT_NAME: &str = "default";

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Who reviews, and what adds up to which decision.
    pub panel: Panel,
    /// What a run may cost.
    pub limits: Limits,
}

impl Body {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// The first [`Refusal`], in the order of the fields.
    pub fn validate(&self) -> Result<(), Refusal> {
        self.panel.validate().map_err(|refusal| refusal.under("panel"))?;
        self.limits.validate().map_err(|refusal| refusal.under("limits"))
    }

    /// The digest of its canonical form: the same on every machine.
    #[must_use]
    pub fn digest(&self) -> Digest {
        json::digest(&json::to_value(self))
    }
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
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    /// By whom, unauthenticated.
    pub by: String,
    /// Why it was made, in the words of who made it.
    pub note: Option<String>,
    /// The earlier version whose body this is.
    pub restores: Option<u64>,
    /// What it says.
    pub body: Body,
}

/// Why a policy version cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A member is missing or of the wrong shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The body is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is a version of another policy.
    #[error("name: it is a version of `{}`", .0.escape_debug())]
    Name(String),
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
    change_note: Option<String>,
    restores: Option<u64>,
    body: Value,
    body_digest: Digest,
}

/// A version that is to be made: what its record holds besides its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion<'a> {
    /// The policy's name.
    pub name: &'a PolicyName,
    /// What it says.
    pub body: &'a Body,
    /// Why it is made, in the words of who makes it.
    pub note: Option<&'a str>,
    /// The earlier version whose body this is.
    pub restores: Option<u64>,
}

impl NewVersion<'_> {
    /// The content of its record.
    #[must_use]
    pub fn content(&self) -> Value {
        let body = json::to_value(self.body);
        let mut members = vec![("name".to_owned(), self.name.as_str().into())];
        members.extend(self.note.map(|note| ("change_note".to_owned(), note.into())));
        let restores = self.restores.map(|number| Value::Number(number.to_string()));
        members.extend(restores.map(|number| ("restores".to_owned(), number)));
        members.push(("body_digest".to_owned(), json::digest(&body).to_string().into()));
        members.push(("body".to_owned(), body));
        Value::Object(members)
    }
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
        body.validate().map_err(|refusal| refusal.under("body"))?;
        Ok(Self {
            reference: PolicyRef { name: content.name, version: record.number, digest: actual },
            at: record.at.clone(),
            by: record.by.clone(),
            note: content.change_note,
            restores: content.restores,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Value {
        let name = "default".parse().unwrap();
        NewVersion { name: &name, body: &Body::default(), note: Some("first"), restores: None }.content()
    }

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
        let version = PolicyVersion::of(&record(content())).unwrap();
        assert_eq!(version.body, Body::default());
        assert_eq!(version.reference.version, 1);
    }

    #[test]
    fn a_changed_body_and_an_unknown_field_are_refused() {
        let good = content();
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
        assert_eq!(
            Body::default().digest().to_string(),
            "sha256:c30464756739732d7c110b5c0afa9a990ee4473086295535f48140c6c65e7b24"
        );
    }
}
