//! The built-in steps. Each adds the members of its version, and nothing where they are there already.
//!
//! To add one: give the version its line in `manifest/version.rs` and its members in the manifest's type,
//! write the step here, and put it into [`all`]. See docs/migrations.md.

use semver::Version;

use super::registry::{Registry, Step};
use crate::domain::json::{ObjectText, Value};

impl Registry {
    /// The steps of this program.
    #[must_use]
    pub fn built_in() -> Self {
        Self::new(all())
    }
}

/// Every built-in step. Where several paths are equally short, the earlier steps here win.
fn all() -> Vec<Step> {
    vec![
        Step {
            from: Version::new(1, 0, 0),
            to: Version::new(1, 1, 0),
            changes: INPUTS_WORDS,
            adds: INPUTS,
            apply: inputs,
        },
        Step {
            from: Version::new(1, 1, 0),
            to: Version::new(1, 2, 0),
            changes: CHAIN_WORDS,
            adds: CHAIN,
            apply: chain,
        },
        Step {
            from: Version::new(1, 0, 0),
            to: Version::new(1, 2, 0),
            changes: BOTH_WORDS,
            adds: BOTH,
            apply: |document| chain(inputs(document)),
        },
        Step {
            from: Version::new(1, 2, 0),
            to: Version::new(1, 3, 0),
            changes: &[
                "data_schema_version, prompt_set_version, prompt_set_digest and steps: which versions of \
                 data and prompts a run used (null: not recorded)",
            ],
            adds: TRACKING,
            apply: |document| add_null(document, TRACKING),
        },
        Step {
            from: Version::new(1, 3, 0),
            to: Version::new(1, 4, 0),
            changes: &[
                "policy, run_type, parent_run_id and decision: under which policy, as what, and how it was \
                 decided (null: not recorded)",
            ],
            adds: DECISION,
            apply: |document| add_null(document, DECISION),
        },
    ]
}

const INPUTS: &[&str] = &["input_snapshots", "inputs_hash"];
const INPUTS_WORDS: &[&str] = &[
    "input_snapshots: the files under inputs/ (empty: not recorded; `consensus backfill inputs` records them)",
    "inputs_hash: the hash of them (null: not recorded)",
];
const CHAIN: &[&str] = &["chain_metadata"];
const CHAIN_WORDS: &[&str] = &["chain_metadata: the earlier stages that a run builds on (none)"];
const BOTH: &[&str] = &[INPUTS[0], INPUTS[1], CHAIN[0]];
const BOTH_WORDS: &[&str] = &[INPUTS_WORDS[0], INPUTS_WORDS[1], CHAIN_WORDS[0]];
const TRACKING: &[&str] = &["data_schema_version", "prompt_set_version", "prompt_set_digest", "steps"];
const DECISION: &[&str] = &["policy", "run_type", "parent_run_id", "decision"];

fn inputs(document: ObjectText<'_>) -> ObjectText<'_> {
    let document = add(document, "input_snapshots", &Value::Object(Vec::new()));
    add(document, "inputs_hash", &Value::Null)
}

fn chain(document: ObjectText<'_>) -> ObjectText<'_> {
    let nothing = [
        ("is_chainable_stage".to_owned(), Value::Bool(false)),
        ("prior_stages".to_owned(), Value::Array(Vec::new())),
    ];
    add(document, "chain_metadata", &Value::Object(nothing.into()))
}

fn add_null<'a>(document: ObjectText<'a>, names: &[&str]) -> ObjectText<'a> {
    names.iter().fold(document, |document, name| add(document, name, &Value::Null))
}

/// Adds a member; one that is there keeps its value.
fn add<'a>(mut document: ObjectText<'a>, name: &str, value: &Value) -> ObjectText<'a> {
    if document.get(name).is_none() {
        document.set(name, value);
    }
    document
}
