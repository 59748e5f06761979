//! Silencing: which findings are answered for, by whom and why. What is silenced stays in the record and does
//! not count. A rule that is security-critical can be silenced in a file alone, which somebody reviewed.

use serde::Deserialize;

use super::compiled::Compiled;
use super::directive::{Directive, Says};
use super::pack::{Common, Severity};
use crate::domain::json::from_value;
use crate::domain::refusal::Refusal;
use crate::domain::review::Evidence;
use crate::domain::text::{Text, fold_space};
use crate::domain::written::{FileRefusal, Written};

/// What the file with suppressions is called among the inputs, and in the record.
pub(super) const FILE: &str = "suppressions.toml";

/// Findings that are answered for, as a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressions {
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
        if read.list.is_empty() {
            let problem = "there is nothing in it; begin with `[[suppress]]`";
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
        }
        Ok(read)
    }
}

/// Who answers for a finding, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) by: String,
    pub(super) because: String,
}

/// What silences findings in one document.
#[derive(Debug)]
pub(super) struct Silencing<'a> {
    pub(super) directives: &'a [Directive],
    pub(super) suppressions: &'a Suppressions,
}

impl Silencing<'_> {
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
        let found = self.suppressions.list.iter().find(|one| one.rule == rule.id && fits(one))?;
        Some(Answer { by: FILE.to_owned(), because: found.because.to_string() })
    }

    fn in_text(&self, rule: &Common, fits: impl Fn(&Directive) -> bool) -> Option<Answer> {
        self.directives.iter().filter(|found| fits(found)).find_map(|found| match &found.says {
            Says::Ignore { rules, because } if rules.contains(&rule.id) => {
                Some(Answer { by: format!("line {}", found.line), because: because.clone() })
            }
            _ => None,
        })
    }
}

/// What is wrong with directives, each with its line.
pub(super) fn unclear(compiled: &Compiled, directives: &[Directive]) -> Vec<String> {
    let mut problems = Vec::new();
    for Directive { line, says, .. } in directives {
        match says {
            Says::Unclear(problem) => problems.push(format!("line {line}: `consensus:` {problem}")),
            Says::Kind(kind) if !compiled.kinds.iter().any(|known| known.kind.id == *kind) => {
                let known: Vec<&str> = compiled.kinds.iter().map(|known| known.kind.id.as_str()).collect();
                problems
                    .push(format!("line {line}: there is no kind `{kind}`; there are {}", known.join(", ")));
            }
            Says::Kind(_) => {}
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
