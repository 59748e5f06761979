//! `rules`: what the rules look for, and the files of people's own.

use std::path::{Path, PathBuf};

use super::OpsError;
use super::input::read_written;
use crate::domain::view::{ExampleView, KindView, RuleView};
use crate::domain::written::FileRefusal;
use crate::provider::rules::Rules;

/// No file of rules or suppressions is larger, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The files that rules are read from, beside those that come with the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFiles {
    /// Packs of rules.
    pub packs: Vec<PathBuf>,
    /// Findings that are answered for.
    pub suppressions: Option<PathBuf>,
}

/// The rules in force.
///
/// # Errors
/// [`OpsError::RulesFile`] naming the line and the field; [`OpsError::NoFile`].
pub(super) fn load_rules(files: &RuleFiles) -> Result<Rules, OpsError> {
    let mut rules = Rules::builtin()?;
    for path in &files.packs {
        let (shown, text) = read(path)?;
        rules = rules.with(&text).map_err(|refusal| refused(shown, refusal))?;
    }
    let Some(path) = &files.suppressions else { return Ok(rules) };
    let (shown, text) = read(path)?;
    rules.suppressing(&text).map_err(|refusal| refused(shown, refusal))
}

/// The rule with this id.
///
/// # Errors
/// [`OpsError::NoSuchRule`], and [`OpsError::RulesFile`].
pub fn rule(files: &RuleFiles, id: &str) -> Result<RuleView, OpsError> {
    let told = load_rules(files)?.told();
    let found = told.iter().find(|rule| rule.id == id).cloned();
    found.ok_or_else(|| no_such_rule(id, &told))
}

/// The rule with this id as it stands in its file.
///
/// # Errors
/// [`OpsError::NoSuchRule`], and [`OpsError::RulesFile`].
pub fn rule_source(files: &RuleFiles, id: &str) -> Result<String, OpsError> {
    let rules = load_rules(files)?;
    rules.source(id).map(str::to_owned).ok_or_else(|| no_such_rule(id, &rules.told()))
}

fn no_such_rule(id: &str, told: &[RuleView]) -> OpsError {
    let known = told.iter().map(|rule| rule.id.clone()).collect();
    OpsError::NoSuchRule { id: id.to_owned(), known }
}

/// The kinds of documents, in the order in which they are tried.
///
/// # Errors
/// [`OpsError::RulesFile`], [`OpsError::NoFile`].
pub fn kinds(files: &RuleFiles) -> Result<Vec<KindView>, OpsError> {
    Ok(load_rules(files)?.kinds())
}

/// The rules that a document of `kind` is held to, with what they weigh there; or all of them.
///
/// # Errors
/// [`OpsError::NoSuchKind`], and [`OpsError::RulesFile`].
pub fn rules(files: &RuleFiles, kind: Option<&str>) -> Result<Vec<RuleView>, OpsError> {
    let rules = load_rules(files)?;
    let mut told = rules.told();
    let Some(kind) = kind else { return Ok(told) };
    let kinds = rules.kinds();
    if !kinds.iter().any(|known| known.id == kind) {
        let known = kinds.into_iter().map(|known| known.id).collect();
        return Err(OpsError::NoSuchKind { id: kind.to_owned(), known });
    }
    told.retain(|rule| rule.by_kind.get(kind).is_none_or(|held| *held != "off"));
    for rule in &mut told {
        rule.severity = rule.by_kind.get(kind).copied().unwrap_or(rule.severity);
    }
    Ok(told)
}

/// What came of the examples of rules.
#[derive(Debug)]
pub struct ExamplesReport {
    /// Each example, in the order of the rules.
    pub examples: Vec<ExampleView>,
    /// Rules that have none of one sort.
    pub without: Vec<String>,
}

/// Runs the examples of the rules in `packs`, or of all where there are none.
///
/// # Errors
/// [`OpsError::RulesFile`], [`OpsError::NoFile`].
pub fn test_rules(files: &RuleFiles) -> Result<ExamplesReport, OpsError> {
    let rules = load_rules(files)?;
    let builtin: Vec<String> = Rules::builtin()?.told().into_iter().map(|rule| rule.id).collect();
    let own = |id: &String| files.packs.is_empty() || !builtin.contains(id);
    let examples: Vec<ExampleView> =
        rules.examples().into_iter().filter(|example| own(&example.rule)).collect();
    let ids = rules.told().into_iter().map(|rule| rule.id).filter(own);
    let has =
        |id: &str, finds: bool| examples.iter().any(|example| example.rule == id && example.finds == finds);
    let without = ids.filter(|id| !has(id, true) || !has(id, false)).collect();
    Ok(ExamplesReport { examples, without })
}

fn read(path: &Path) -> Result<(String, String), OpsError> {
    let (shown, text) = read_written(path, MAX_BYTES)?;
    match text {
        Ok(text) => Ok((shown, text)),
        Err(refusal) => Err(refused(shown, refusal)),
    }
}

fn refused(shown: String, refusal: FileRefusal) -> OpsError {
    OpsError::RulesFile { shown, refusal: Box::new(refusal) }
}
