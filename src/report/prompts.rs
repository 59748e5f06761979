//! What `prompts` shows.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::style::{BOLD, DIM, styled};
use super::{safe, safe_lines};
use crate::domain::json::{Value, to_value};
use crate::domain::view::{PromptChange, PromptSetView};

/// The installed sets, with their templates.
#[must_use]
pub fn list(sets: &[PromptSetView]) -> String {
    let mut out = String::new();
    for set in sets {
        let mark = if set.is_default { "  (what `run` takes)" } else { "" };
        let _ =
            writeln!(out, "{}  {}{mark}", styled(BOLD, &set.version), styled(DIM, set.digest.to_string()));
        for name in set.templates.keys() {
            let _ = writeln!(out, "  {name}");
        }
    }
    out
}

/// As [`list`], for programs.
#[must_use]
pub fn list_json(sets: &[PromptSetView]) -> Value {
    object([("format_version", number(FORMAT_VERSION)), ("prompt_sets", to_value(&sets))])
}

/// What differs.
#[must_use]
pub fn diff(changes: &[PromptChange]) -> String {
    if changes.is_empty() {
        return "Nothing differs.\n".to_owned();
    }
    let mut out = String::new();
    for PromptChange { template, change, diff } in changes {
        let without =
            if diff.is_none() && *change == "modified" { ", and its text is not installed" } else { "" };
        let _ = writeln!(out, "{}  {change}{without}", styled(BOLD, safe(template)));
        out.push_str(&safe_lines(diff.as_deref().unwrap_or_default()));
    }
    out
}

/// As [`diff`], for programs.
#[must_use]
pub fn diff_json(changes: &[PromptChange]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("is_same", Value::Bool(changes.is_empty())),
        ("changes", to_value(&changes)),
    ])
}
