//! Silencing: which findings are answered for, by whom and why. What is silenced stays in the record and does
//! not count. A rule that is security-critical can be silenced in a file alone, which somebody reviewed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::compiled::Compiled;
use super::directive::{Directive, Says};
use super::pack::{Common, Severity};
use crate::domain::json::from_value;
use crate::domain::refusal::Refusal;
use crate::domain::review::Evidence;
use crate::domain::text::{Text, fold_space, is_hidden};
use crate::domain::written::{FileRefusal, Written};

/// What the file with suppressions is called among the inputs, and in the record.
pub(super) const FILE: &str = "suppressions.toml";

/// Findings that are answered for, as a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressions {
    /// Whether comments in the document are obeyed.
    comments: Option<bool>,
    /// One for each rule, or for some findings of one.
    #[serde(default, rename = "suppress")]
    list: Vec<Suppression>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppression {
    rule: String,
    because: Text,
    /// Only findings whose quote has these words.
    containing: Option<Text>,
}

impl Suppressions {
    /// Reads a file; every rule that it names is one of `compiled`.
    pub(super) fn parse(text: &str, compiled: &Compiled) -> Result<Self, FileRefusal> {
        let Written { value, lines } = Written::parse(text)?;
        let refused = |refusal: Refusal| FileRefusal { line: lines.of(&refusal.field), refusal };
        let read: Self = from_value(&value).map_err(|error| refused(Refusal::of_shape(error)))?;
        if read.list.is_empty() && read.comments.is_none() {
            let problem = "there is nothing in it; begin with `[[suppress]]`, or say `comments = false`";
            return Err(refused(Refusal::new("empty_file", "", problem)));
        }
        for (index, one) in read.list.iter().enumerate() {
            if !compiled.rules().any(|rule| rule.id == one.rule) {
                let problem = format!("there is no rule `{}`", one.rule);
                return Err(refused(Refusal::new(
                    "unknown_rule",
                    format!("suppress[{index}].rule"),
                    problem,
                )));
            }
            let is_visible = |letter: char| !letter.is_whitespace() && !is_hidden(letter);
            if !one.because.as_str().contains(is_visible) {
                let field = format!("suppress[{index}].because");
                return Err(refused(Refusal::new("blank", field, "must not be blank")));
            }
        }
        Ok(read)
    }
}

impl Suppressions {
    /// Whether comments in the document are obeyed.
    pub(super) fn comments(&self) -> bool {
        self.comments.unwrap_or(true)
    }
}

/// Directives are counted from here on, entries of the file from 0.
const IN_TEXT: usize = 1 << 32;

/// Who answers for a finding, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) by: String,
    pub(super) because: String,
}

/// What silences findings in one document.
#[derive(Debug)]
pub(super) struct Silencing<'a> {
    directives: &'a [Directive],
    suppressions: &'a Suppressions,
    /// What silenced something: where it stands, and the rule.
    used: RefCell<BTreeSet<(usize, String)>>,
}

impl<'a> Silencing<'a> {
    pub(super) fn of(directives: &'a [Directive], suppressions: &'a Suppressions) -> Self {
        Self { directives, suppressions, used: RefCell::default() }
    }

    /// What was to silence rules that the reviewer `reads`, and silenced nothing.
    pub(super) fn without_effect(&self, reads: &dyn Fn(&str) -> bool) -> Vec<String> {
        let used = self.used.borrow();
        let idle = |place: usize, rule: &String| reads(rule) && !used.contains(&(place, rule.clone()));
        let mut said = Vec::new();
        for (index, one) in self.suppressions.list.iter().enumerate() {
            if idle(index, &one.rule) {
                said.push(format!("{FILE}: entry {} for `{}` silences nothing", index + 1, one.rule));
            }
        }
        for (index, found) in self.directives.iter().enumerate() {
            let Says::Ignore { rules, .. } = &found.says else { continue };
            let rules = rules.iter().filter(|rule| idle(IN_TEXT + index, rule));
            said.extend(
                rules.map(|rule| format!("line {}: `{rule}` is silenced, and was not found", found.line)),
            );
        }
        said
    }

    /// The answer for an absence.
    pub(super) fn absence(&self, rule: &Common) -> Option<Answer> {
        let file = || self.in_file(rule, |one| one.containing.is_none());
        file().or_else(|| self.in_text(rule, |_| true))
    }

    /// The answer for a place.
    pub(super) fn place(&self, rule: &Common, critical: bool, place: &Evidence) -> Option<Answer> {
        let quote = fold_space(&place.quote);
        let has = |words: &Text| quote.contains(&fold_space(words.as_str()));
        let file = self.in_file(rule, |one| one.containing.as_ref().is_none_or(has));
        let covers = |found: &Directive| {
            *found.covers.start() <= place.end_line && place.start_line <= *found.covers.end()
        };
        file.or_else(|| if critical { None } else { self.in_text(rule, covers) })
    }

    fn in_file(&self, rule: &Common, fits: impl Fn(&Suppression) -> bool) -> Option<Answer> {
        let mut list = self.suppressions.list.iter().enumerate();
        let (index, found) = list.find(|(_, one)| one.rule == rule.id && fits(one))?;
        self.used.borrow_mut().insert((index, rule.id.clone()));
        Some(Answer { by: FILE.to_owned(), because: found.because.to_string() })
    }

    fn in_text(&self, rule: &Common, fits: impl Fn(&Directive) -> bool) -> Option<Answer> {
        let mut fitting = self.directives.iter().enumerate().filter(|(_, found)| fits(found));
        fitting.find_map(|(index, found)| match &found.says {
            Says::Ignore { rules, because } if rules.contains(&rule.id) => {
                self.used.borrow_mut().insert((IN_TEXT + index, rule.id.clone()));
                Some(Answer { by: format!("line {}", found.line), because: because.clone() })
            }
            _ => None,
        })
    }
}

/// What is wrong with directives, each with its line.
pub(super) fn unclear(compiled: &Compiled, directives: &[Directive]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut first: Option<(&str, u32)> = None;
    for Directive { line, says, .. } in directives {
        match says {
            Says::Unclear(problem) => problems.push(format!("line {line}: `consensus:` {problem}")),
            Says::Kind(kind) if !compiled.kinds.iter().any(|known| known.kind.id == *kind) => {
                let known: Vec<&str> = compiled.kinds.iter().map(|known| known.kind.id.as_str()).collect();
                problems
                    .push(format!("line {line}: there is no kind `{kind}`; there are {}", known.join(", ")));
            }
            Says::Kind(kind) => match first {
                Some((known, at)) if known != kind => {
                    problems.push(format!("line {line}: line {at} says already that it is `{known}`"));
                }
                _ => first = first.or(Some((kind, *line))),
            },
            Says::Ignore { rules, .. } => {
                problems.extend(
                    rules
                        .iter()
                        .filter_map(|rule| cannot(compiled, rule))
                        .map(|problem| format!("line {line}: {problem}")),
                );
            }
        }
    }
    problems
}

/// Why a rule cannot be silenced in a document.
fn cannot(compiled: &Compiled, rule: &str) -> Option<String> {
    if !compiled.rules().any(|known| known.id == rule) {
        return Some(format!("there is no rule `{rule}`, so nothing is silenced"));
    }
    let hazard = compiled.hazards.iter().find(|hazard| hazard.common.id == rule);
    let critical = hazard
        .is_some_and(|hazard| hazard.own.security_critical && hazard.common.severity == Severity::Blocking);
    critical.then(|| format!("`{rule}` is security-critical: it is silenced with `--suppressions` alone"))
}
