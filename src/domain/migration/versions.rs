//! Recording the versions that a run was made with, where its manifest does not say them.

use semver::Version;

use super::engine::{self, MigrationError, Outcome, Stamp};
use super::registry::Registry;
use crate::domain::json::ObjectText;

/// The versions to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Of the data structures.
    pub schema: Version,
    /// Of the prompt set: a version, or `none` where nobody was prompted.
    pub prompt_set: String,
}

/// Records the versions of a run's data structures and prompt set, each where the manifest has none (null or
/// absent). What is recorded is never changed.
///
/// # Errors
/// [`MigrationError`]: a manifest older than 1.3.0 has no place for them.
pub fn backfill_versions(
    registry: &Registry,
    bytes: &[u8],
    versions: &Versions,
    stamp: &Stamp<'_>,
) -> Result<Outcome, MigrationError> {
    let mut document = ObjectText::parse(bytes)?;
    let version = engine::version(registry, &document, None)?;
    if version < Version::new(1, 3, 0) {
        return Err(MigrationError::TooOld(version));
    }
    let mut words = Vec::new();
    for (name, recorded) in
        [("data_schema_version", &versions.schema.to_string()), ("prompt_set_version", &versions.prompt_set)]
    {
        if matches!(document.get(name), None | Some("null")) {
            words.push(format!("recorded {name}: {recorded}"));
            document.set(name, &recorded.as_str().into());
        }
    }
    if words.is_empty() {
        return Ok(Outcome::Current(version));
    }
    let path = vec![version.clone(), version];
    engine::sealed(bytes, document, path, vec![words], stamp).map(Outcome::Rewritten)
}
