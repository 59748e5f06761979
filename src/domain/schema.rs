//! JSON Schemas of what is stored, generated from the types. `schemas/` keeps them as files, and a test
//! keeps the files as they are generated; an earlier version's file stays as it was.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use semver::Version;

use super::answer::ReviewAnswer;
use super::decision::Decision;
use super::json::{self, JsonError, Value};
use super::manifest::{Manifest, SHAPES, Shape, fits, later_members};
use super::panel::Panel;
use super::proposal::Proposal;
use super::refusal::Refusal;
use super::review::{DATA_SCHEMA_VERSION, PersonaReview};

/// The whole name of a schema: what is asked for, or its newest version where none is said.
#[must_use]
pub fn named(wanted: &str) -> Option<String> {
    let names = names();
    let is_version = |name: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'));
    let exact = names.iter().find(|name| *name == wanted);
    exact.or_else(|| names.iter().rev().find(|name| is_version(name))).cloned()
}

/// The names of all schemas, the versions of each oldest first.
#[must_use]
pub fn names() -> Vec<String> {
    all().into_iter().map(|(name, _)| name).collect()
}

/// Whether bytes are what the schema with this whole name describes, read as strictly as the program reads
/// its own.
///
/// # Errors
/// [`JsonError`] naming the place; what is no schema's name fits nothing.
pub fn validate(name: &str, bytes: &[u8]) -> Result<(), JsonError> {
    let (kind, version) = name.rsplit_once('-').unwrap_or((name, ""));
    match kind {
        "proposal" => json::from_slice::<Proposal>(bytes).map(drop),
        "persona_review" => json::from_slice::<PersonaReview>(bytes).map(drop),
        "review_answer" => json::from_slice::<ReviewAnswer>(bytes).map(drop),
        "decision" => json::from_slice::<Decision>(bytes).map(drop),
        "panel" => json::from_slice::<Panel>(bytes).and_then(|panel| {
            let shape = |refusal: Refusal| JsonError::Shape { path: refusal.field, problem: refusal.problem };
            panel.validate().map_err(shape)
        }),
        _ => {
            let value = Value::parse(bytes)?;
            let shape = |problem: &str| JsonError::Shape {
                path: "schema_version".to_owned(),
                problem: problem.to_owned(),
            };
            let version = Version::parse(version).map_err(|_| shape("there is no such schema"))?;
            let stated = value.get("schema_version").and_then(Value::as_str);
            if stated != Some(&version.to_string()) {
                return Err(shape(&format!("it is not \"{version}\"")));
            }
            fits(&version, &value, &json::canonical(&value))
        }
    }
}

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
        of::<ReviewAnswer>("review_answer", DATA_SCHEMA_VERSION),
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
