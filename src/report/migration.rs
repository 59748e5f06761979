//! What `migrate` and `backfill` show: versions, plans with their diffs, outcomes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::json::{FORMAT_VERSION, number, object};
use super::style::{BOLD, DIM, GREEN, RED, styled};
use super::{safe, safe_lines};
use crate::domain::json::{Value, to_value};
use crate::domain::migration::Registry;

/// So many problems are listed where people read.
const SHOWN: usize = 20;
/// So many lines stand around a change.
const CONTEXT: usize = 3;

/// A manifest that was left alone, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// Where it lies.
    pub path: PathBuf,
    /// A stable word.
    pub code: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How many manifests there are of each version.
#[derive(Debug)]
pub struct Distribution<'a> {
    /// How many in all.
    pub total: usize,
    /// How many of each version, and of each kind that has none; none of zero.
    pub rows: Vec<(String, usize)>,
    /// The latest version that there is.
    pub latest: String,
    /// The version to migrate to.
    pub target: String,
    /// How many are behind it.
    pub behind: usize,
    /// What cannot be migrated.
    pub problems: &'a [Failed],
}

/// What is done to manifests, in the words of its summary.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Of one that was changed.
    pub done: &'static str,
    /// Of one that would be changed.
    pub planned: &'static str,
    /// Of one with which there is nothing to do.
    pub current: &'static str,
}

/// The counts of a summary.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    /// How many manifests were found.
    pub total: usize,
    /// How many were, or would be, changed.
    pub changed: usize,
    /// With how many there was nothing to do.
    pub current: usize,
    /// How many were left alone.
    pub failed: usize,
}

/// The distribution, in a shape that scripts for earlier tools read.
#[must_use]
pub fn distribution(found: &Distribution<'_>) -> String {
    let mut out =
        format!("Found {} manifests\n\nSchema Version Distribution:\n{}\n", found.total, "-".repeat(40));
    let width = found.rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default().max(10);
    for (name, count) in &found.rows {
        #[expect(clippy::cast_precision_loss, reason = "a percentage with one digit")]
        let percent = *count as f64 * 100.0 / found.total as f64;
        let _ = writeln!(out, "  {name:<width$} : {count:>3} ({percent:>4.1}%)");
    }
    let _ = writeln!(out, "\nLatest version available: {}", found.latest);
    if found.behind > 0 {
        let _ = writeln!(out, "\n⚠️  {} manifests need migration to {}", found.behind, found.target);
        let _ = writeln!(out, "    `consensus migrate --dry-run` shows what that would change");
    }
    if !found.problems.is_empty() {
        let _ = write!(out, "\nCannot be migrated:\n{}", failures(found.problems));
    }
    out
}

/// The distribution as JSON.
#[must_use]
pub fn distribution_json(found: &Distribution<'_>) -> Value {
    let rows = found.rows.iter().map(|(name, count)| (name.clone(), number(*count as u64)));
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("total", number(found.total as u64)),
        ("versions", Value::Object(rows.collect())),
        ("latest_version", found.latest.as_str().into()),
        ("target_version", found.target.as_str().into()),
        ("need_migration", number(found.behind as u64)),
        ("failures", to_value(&found.problems)),
    ])
}

/// One manifest and what it would become.
#[must_use]
pub fn planned(path: &Path, versions: &[String], notes: &[String], before: &[u8], after: &[u8]) -> String {
    let name = safe(&path.display().to_string());
    let mut out = format!("{}  {}\n", styled(BOLD, &name), versions.join(" → "));
    for note in notes {
        let _ = writeln!(out, "  {}", safe(note));
    }
    let [before, after] = [before, after].map(String::from_utf8_lossy);
    let _ = writeln!(out, "{}", styled(DIM, format!("--- {name}")));
    let _ = writeln!(out, "{}", styled(DIM, format!("+++ {name}")));
    each_line(&before, &after, |line| {
        let _ = match line {
            Line::Hunk(header) => writeln!(out, "{}", styled(DIM, header)),
            Line::Text(ChangeTag::Delete, text) => {
                writeln!(out, "{}", styled(RED, format!("-{}", shown(text))))
            }
            Line::Text(ChangeTag::Insert, text) => {
                writeln!(out, "{}", styled(GREEN, format!("+{}", shown(text))))
            }
            Line::Text(ChangeTag::Equal, text) => writeln!(out, " {}", shown(text)),
        };
    });
    out.push('\n');
    out
}

/// A line of a unified diff.
enum Line<'a> {
    /// Where a hunk stands.
    Hunk(String),
    /// A line of the texts, with its end.
    Text(ChangeTag, &'a str),
}

/// The lines of a unified diff. A line ends with `\n` and nothing else, as for `patch`.
fn each_line(before: &str, after: &str, mut each: impl FnMut(Line<'_>)) {
    let [old, new]: [Vec<&str>; 2] = [before, after].map(|text| text.split_inclusive('\n').collect());
    for hunk in TextDiff::from_slices(&old, &new).unified_diff().context_radius(CONTEXT).iter_hunks() {
        each(Line::Hunk(hunk.header().to_string()));
        for change in hunk.iter_changes() {
            each(Line::Text(change.tag(), change.value()));
        }
    }
}

/// A line of a file: its tabs stay, for they indent it, and its end does not show.
fn shown(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    line.split('\t').map(safe_lines).collect::<Vec<_>>().join("\t")
}

/// As [`planned`], for programs; the diff is exact.
#[must_use]
pub fn planned_json(
    path: &Path,
    versions: &[String],
    changes: &[Vec<String>],
    id_agrees: Option<bool>,
    diff: Option<[&[u8]; 2]>,
) -> Value {
    let whole = object([
        ("path", to_value(&path)),
        ("from_version", to_value(&versions.first())),
        ("to_version", to_value(&versions.last())),
        ("versions", to_value(&versions)),
        ("changes", to_value(&changes)),
    ]);
    let whole = match id_agrees {
        Some(agrees) => whole.with("run_id_agrees", Value::Bool(agrees)),
        None => whole,
    };
    let Some(sides) = diff else { return whole };
    let [before, after] = sides.map(String::from_utf8_lossy);
    let name = path.display();
    let mut out = format!("--- {name}\n+++ {name}\n");
    each_line(&before, &after, |line| {
        let _ = match line {
            Line::Hunk(header) => writeln!(out, "{header}"),
            Line::Text(tag, text) if text.ends_with('\n') => write!(out, "{tag}{text}"),
            Line::Text(tag, text) => writeln!(out, "{tag}{text}\n\\ No newline at end of file"),
        };
    });
    whole.with("diff", out.into())
}

/// What was done in all.
#[must_use]
pub fn summary(words: Words, totals: Totals, failed: &[Failed], dry_run: bool) -> String {
    let mut out = String::new();
    if !failed.is_empty() {
        let _ = write!(out, "Problems:\n{}\n", failures(failed));
    }
    let _ = writeln!(out, "Total manifests found: {}", totals.total);
    let _ = writeln!(out, "{}: {}", if dry_run { words.planned } else { words.done }, totals.changed);
    let _ = writeln!(out, "{}: {}", words.current, totals.current);
    let _ = writeln!(out, "Failed: {}", totals.failed);
    if dry_run {
        out.push_str("Dry run: nothing was written\n");
    }
    out
}

/// As [`summary`], for programs: the members beside the list of manifests.
#[must_use]
pub fn summary_json(target: Option<&str>, totals: Totals, failed: &[Failed], dry_run: bool) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("dry_run", Value::Bool(dry_run)),
        ("target_version", to_value(&target)),
        ("total", number(totals.total as u64)),
        ("changed", number(totals.changed as u64)),
        ("unchanged", number(totals.current as u64)),
        ("failed", number(totals.failed as u64)),
        ("failures", to_value(&failed)),
    ])
}

/// Each with why; what to do is said once for all that it is the same for.
fn failures(failed: &[Failed]) -> String {
    let (mut out, mut told) = (String::new(), BTreeSet::new());
    for failure in failed.iter().take(SHOWN) {
        let path = safe(&failure.path.display().to_string());
        let message = safe(&failure.message);
        // The path stands in front already.
        let message = match message.strip_prefix(&format!("`{path}`")) {
            Some(rest) => rest.strip_prefix(": ").map_or_else(|| format!("it{rest}"), str::to_owned),
            None => message,
        };
        let _ = writeln!(out, "  {}: {message}", styled(RED, path));
        if let Some(hint) = failure.hint.as_deref().filter(|hint| told.insert(*hint)) {
            let _ = writeln!(out, "    {} {hint}", styled(BOLD, "hint:"));
        }
    }
    if failed.len() > SHOWN {
        let _ = writeln!(out, "  … and {} more; --json lists them all", failed.len() - SHOWN);
    }
    out
}

/// The versions, the steps and the path between any two versions.
#[must_use]
pub fn graph(registry: &Registry) -> String {
    let mut out = format!("{}\n", styled(BOLD, "Versions"));
    let versions = registry.versions();
    for version in &versions {
        let latest = if registry.latest().as_ref() == Some(version) { "  (latest)" } else { "" };
        let _ = writeln!(out, "  {version}{latest}");
    }
    let _ = writeln!(out, "\n{}", styled(BOLD, "Steps"));
    for step in registry.steps() {
        let _ = writeln!(out, "  {step}");
        for change in step.changes {
            let _ = writeln!(out, "    {change}");
        }
    }
    let _ = writeln!(out, "\n{}", styled(BOLD, "Paths"));
    for (from, path) in paths(registry) {
        let _ = writeln!(out, "  {from} → {}  {}", path.last().unwrap_or(&from), through(&from, &path));
    }
    out
}

fn through(from: &str, path: &[String]) -> String {
    match path {
        [_] => "in one step".to_owned(),
        path => format!("{from} → {}", path.join(" → ")),
    }
}

/// Each pair that a path leads between, as its start and the versions after it.
fn paths(registry: &Registry) -> Vec<(String, Vec<String>)> {
    let versions = registry.versions();
    let pairs = versions.iter().flat_map(|from| versions.iter().map(move |to| (from, to)));
    pairs
        .filter(|(from, to)| from != to)
        .filter_map(|(from, to)| {
            let path = registry.path(from, to).ok()?;
            Some((from.to_string(), path.iter().map(|step| step.to.to_string()).collect()))
        })
        .collect()
}

/// As [`graph`], for programs.
#[must_use]
pub fn graph_json(registry: &Registry) -> Value {
    let text = |version: &dyn std::fmt::Display| Value::from(version.to_string());
    let step = |step: &crate::domain::migration::Step| {
        object([
            ("from", text(&step.from)),
            ("to", text(&step.to)),
            ("changes", to_value(&step.changes)),
            ("adds", to_value(&step.adds)),
        ])
    };
    let path = |(from, path): (String, Vec<String>)| {
        let versions: Vec<String> = std::iter::once(from.clone()).chain(path).collect();
        object([("from", from.into()), ("to", to_value(&versions.last())), ("versions", to_value(&versions))])
    };
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("versions", Value::Array(registry.versions().iter().map(|version| text(version)).collect())),
        ("latest_version", to_value(&registry.latest().map(|version| version.to_string()))),
        ("steps", Value::Array(registry.steps().iter().map(step).collect())),
        ("paths", Value::Array(paths(registry).into_iter().map(path).collect())),
    ])
}
