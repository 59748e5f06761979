//! JSON Schemas of what is stored, generated from the types. `schemas/` keeps them as files, and a test
//! keeps the files as they are generated; an earlier version's file stays as it was.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::decision::Decision;
use super::manifest::{Manifest, SHAPES, Shape, later_members};
use super::panel::Panel;
use super::proposal::Proposal;
use super::review::{DATA_SCHEMA_VERSION, PersonaReview};

/// The schema of each stored structure, by the name of its file without `.json`.
#[must_use]
pub fn all() -> Vec<(String, Schema)> {
    fn of<T: JsonSchema>(name: &str, version: &str) -> (String, Schema) {
        (format!("{name}-{version}"), SchemaGenerator::default().into_root_schema_for::<T>())
    }
    let mut schemas: Vec<_> = SHAPES.iter().map(manifest).collect();
    schemas.extend([
        of::<Proposal>("proposal", DATA_SCHEMA_VERSION),
        of::<PersonaReview>("persona_review", DATA_SCHEMA_VERSION),
        of::<Decision>("decision", DATA_SCHEMA_VERSION),
        of::<Panel>("panel", DATA_SCHEMA_VERSION),
    ]);
    schemas
}

/// The newest version's schema without what came later.
fn manifest(shape: &Shape) -> (String, Schema) {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Manifest>();
    let later = later_members(&shape.version);
    let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
    if let Some(members) = properties {
        members.retain(|name, _| !later.contains(&name.as_str()));
    }
    if !later.is_empty() {
        drop_unused(&mut schema);
    }
    (format!("manifest-{}", shape.version), schema)
}

/// Drops the definitions that nothing refers to any more.
fn drop_unused(schema: &mut Schema) {
    loop {
        let text = schema.as_value().to_string();
        let Some(definitions) = schema.get_mut("$defs").and_then(serde_json::Value::as_object_mut) else {
            return;
        };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("#/$defs/{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}
