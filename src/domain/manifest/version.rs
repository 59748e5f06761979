//! Which members each manifest version has. Versions only add, so this table, the type of the newest
//! version and the schema files of the earlier ones are all there is to say about a version.

use semver::Version;

use super::v1_4_0::Manifest;
use crate::domain::json::{self, JsonError, Value};

/// A manifest version and what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The version.
    pub version: Version,
    /// The members that it added, in schema order.
    pub added: &'static [&'static str],
}

/// Every manifest version that this program knows, oldest first.
pub static SHAPES: [Shape; 5] = [
    Shape {
        version: Version::new(1, 0, 0),
        added: &[
            "schema_version",
            "job_id",
            "run_id",
            "job_ref",
            "job_type",
            "status",
            "queue_job_id",
            "brief_hash",
            "context_spec_hash",
            "context_content_hash",
            "generation_hash",
            "doctrine",
            "generation_metadata",
            "artifacts",
            "meta",
            "error",
            "migration_history",
        ],
    },
    Shape { version: Version::new(1, 1, 0), added: &["input_snapshots", "inputs_hash"] },
    Shape { version: Version::new(1, 2, 0), added: &["chain_metadata"] },
    Shape {
        version: Version::new(1, 3, 0),
        added: &["data_schema_version", "prompt_set_version", "prompt_set_digest", "steps"],
    },
    Shape { version: Version::new(1, 4, 0), added: &["policy", "run_type", "parent_run_id", "decision"] },
];

/// Members that only versions later than `version` have.
#[must_use]
pub fn later_members(version: &Version) -> Vec<&'static str> {
    let later = SHAPES.iter().filter(|shape| shape.version > *version);
    later.flat_map(|shape| shape.added).copied().collect()
}

/// Reads `value` as the shape of `version`: members of later versions are nothing that it knows.
pub(super) fn read_as(version: &Version, value: &Value) -> Result<Manifest, JsonError> {
    json::from_value(&known_members(version, value).unwrap_or_else(|| value.clone()))
}

/// Whether `value` has the shape of a manifest of `version`. `canonical` is its canonical form, which the
/// caller has at hand.
///
/// # Errors
/// [`JsonError::Shape`], naming the field.
pub fn fits(version: &Version, value: &Value, canonical: &str) -> Result<(), JsonError> {
    match known_members(version, value) {
        Some(known) => json::from_value::<Manifest>(&known).map(drop),
        None => json::from_canonical::<Manifest>(canonical).map(drop),
    }
}

/// `value` without the members of later versions; none where it has none of them.
fn known_members(version: &Version, value: &Value) -> Option<Value> {
    let later = later_members(version);
    let is_later = |name: &String| later.contains(&name.as_str());
    let known = || value.members().iter().filter(|(name, _)| !is_later(name)).cloned().collect();
    value.members().iter().any(|(name, _)| is_later(name)).then(|| Value::Object(known()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_member_of_the_newest_version_once() {
        let named: Vec<&str> = SHAPES.iter().flat_map(|shape| shape.added).copied().collect();
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<Manifest>();
        let mut members: Vec<&str> =
            schema.get("properties").unwrap().as_object().unwrap().keys().map(String::as_str).collect();
        let mut sorted = named.clone();
        sorted.sort_unstable();
        members.sort_unstable();
        assert_eq!(sorted, members);
    }

    #[test]
    fn a_member_of_a_later_version_is_nothing_that_an_earlier_one_knows() {
        let text =
            br#"{"schema_version":"1.2.0","job_id":"j","run_id":"r","status":"x","decision":"approve"}"#;
        let value = Value::parse(text).unwrap();
        let text = json::canonical(&value);
        assert!(fits(&Version::new(1, 2, 0), &value, &text).is_ok());
        assert!(fits(&Version::new(1, 4, 0), &value, &text).unwrap_err().to_string().contains("decision"));
    }
}
