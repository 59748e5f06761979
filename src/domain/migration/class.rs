//! What a manifest is, as far as migrating it goes.

use semver::Version;

use super::registry::Registry;
use crate::domain::json::{JsonError, ObjectText, Value};

/// The member that states the version.
pub(super) const VERSION: &str = "schema_version";

/// What a manifest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Of a version that is known.
    Known(Version),
    /// Of a version that no step starts from or ends at, older than the newest.
    Unknown(Version),
    /// Of a version newer than this program.
    Newer(Version),
    /// It states no version at all.
    Unversioned,
    /// What stands at `schema_version` is no version.
    Corrupt(JsonError),
}

/// What the manifest is. Its text was read strictly before, when it was cut.
#[must_use]
pub fn classify(registry: &Registry, document: &ObjectText<'_>) -> Class {
    let Some(raw) = document.get(VERSION) else { return Class::Unversioned };
    let corrupt = |problem: String| Class::Corrupt(JsonError::Shape { path: VERSION.to_owned(), problem });
    let Ok(Value::String(stated)) = Value::parse(raw.as_bytes()) else {
        return corrupt(format!("{} is no version; it takes text such as \"1.0.0\"", cut(raw)));
    };
    match Version::parse(&stated) {
        Err(_) => corrupt(format!(
            "\"{}\" is no semantic version, such as 1.0.0",
            cut(&stated.escape_debug().to_string())
        )),
        Ok(version) if registry.knows(&version) => Class::Known(version),
        Ok(version) if registry.latest().is_some_and(|latest| version > latest) => Class::Newer(version),
        Ok(version) => Class::Unknown(version),
    }
}

fn cut(text: &str) -> String {
    let more = if text.chars().nth(40).is_some() { "…" } else { "" };
    text.chars().take(40).chain(more.chars()).collect()
}
