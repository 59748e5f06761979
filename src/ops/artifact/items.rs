//! Items as people and programs hand them in.

use std::path::Path;

use serde::Deserialize;

use super::ArtifactError;
use crate::domain::artifact::{Artifact, NewItem, Source};
use crate::domain::ids::ItemId;
use crate::domain::json::{self, Value};
use crate::ops::{OpsError, read_input};

/// An item without what the program gives it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemInput {
    /// Its id; the next free number where it is none.
    pub item_id: Option<ItemId>,
    /// What kind of thing it is; `item` where it is none.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What it says: any JSON object.
    pub data: Value,
    /// Who recommended it; anybody where it is none.
    pub source: Option<Source>,
    /// By name.
    pub recommended_by: Option<String>,
    /// When: RFC 3339.
    pub recommended_at: Option<String>,
}

/// Reads a file with an item on each line; `-` is standard input.
///
/// # Errors
/// [`ArtifactError::ItemsFile`] naming the line; [`OpsError`] where it cannot be read.
pub fn read_items(path: &Path) -> Result<Vec<ItemInput>, OpsError> {
    let bytes = read_input(path)?;
    let shown =
        if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let refused = |line: usize, problem: String| {
        OpsError::from(ArtifactError::ItemsFile { shown: shown.clone(), line, problem })
    };
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let written = lines.filter(|(line, _)| !line.iter().all(u8::is_ascii_whitespace));
    let item = |(bytes, line): (&[u8], usize)| {
        let item: ItemInput = json::from_slice(bytes).map_err(|error| refused(line, error.to_string()))?;
        match item.data {
            Value::Object(_) => {}
            _ => return Err(refused(line, "field `data`: it takes an object".to_owned())),
        }
        let is_time = |at: &String| chrono::DateTime::parse_from_rfc3339(at).is_ok();
        if !item.recommended_at.as_ref().is_none_or(is_time) {
            let problem =
                "field `recommended_at`: it takes a time as RFC 3339 has it, such as 2026-01-02T03:04:05Z";
            return Err(refused(line, problem.to_owned()));
        }
        if item.kind.as_ref().is_some_and(|kind| kind.trim().is_empty()) {
            return Err(refused(line, "field `type`: it must not be blank".to_owned()));
        }
        Ok(item)
    };
    let items = written.map(item).collect::<Result<Vec<_>, _>>()?;
    if items.is_empty() {
        return Err(refused(1, "there is no item in it: each line is one JSON object".to_owned()));
    }
    Ok(items)
}

/// The items with what was left open: ids, types and sources.
pub(super) fn numbered(artifact: &Artifact, items: Vec<ItemInput>) -> Vec<NewItem> {
    // Numbers that are given in the same breath are taken too.
    let given = items.iter().filter_map(|item| item.item_id.as_ref()?.as_str().parse::<u64>().ok()).max();
    let mut free = artifact.free_id().max(given.map_or(0, |given| given.saturating_add(1)));
    let mut next = || {
        let id = free.to_string();
        free += 1;
        id.parse().expect("a number is an id")
    };
    let item = |item: ItemInput| NewItem {
        item_id: item.item_id.unwrap_or_else(&mut next),
        kind: item.kind.unwrap_or_else(|| "item".to_owned()),
        data: item.data,
        source: item.source.unwrap_or(Source::Manual),
        recommended_by: item.recommended_by,
        recommended_at: item.recommended_at,
        derived_from: None,
        modification_reason: None,
    };
    items.into_iter().map(item).collect()
}
