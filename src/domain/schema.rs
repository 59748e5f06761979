//! JSON Schemas of what is stored, generated from the types. `schemas/` keeps them as files, and a test
//! keeps the files as they are generated; an earlier version's file stays as it was.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::decision::Decision;
use super::manifest::{MANIFEST_VERSION, Manifest};
use super::panel::Panel;
use super::proposal::Proposal;
use super::review::{DATA_SCHEMA_VERSION, PersonaReview};

/// The schema of each stored structure, by the name of its file without `.json`.
#[must_use]
pub fn all() -> Vec<(String, Schema)> {
    fn of<T: JsonSchema>(name: &str, version: &str) -> (String, Schema) {
        (format!("{name}-{version}"), SchemaGenerator::default().into_root_schema_for::<T>())
    }
    vec![
        of::<Manifest>("manifest", MANIFEST_VERSION),
        of::<Proposal>("proposal", DATA_SCHEMA_VERSION),
        of::<PersonaReview>("persona_review", DATA_SCHEMA_VERSION),
        of::<Decision>("decision", DATA_SCHEMA_VERSION),
        of::<Panel>("panel", DATA_SCHEMA_VERSION),
    ]
}
