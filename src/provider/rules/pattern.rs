//! Several patterns as one, compiled when a document first asks for it: most documents never ask for most
//! of them, and compiling takes longer than reading. It relies on [`Pattern::check`] having been called
//! for every pack, which the tests do for the built-in one.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::pack::{PackError, field_error};

/// Patterns of one field of a rule; any of them may match.
#[derive(Debug)]
pub(super) struct Pattern {
    rule: String,
    field: &'static str,
    source: String,
    regex: OnceLock<Regex>,
}

impl Pattern {
    /// One pattern out of several; none out of none. A space in a pattern stands for any white space.
    pub(super) fn any_of(
        rule: &str,
        field: &'static str,
        patterns: &[String],
        wrap: fn(&str) -> String,
    ) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let either = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
        // Unicode classes would make compiling slow, and Unicode word boundaries every text that is not
        // ASCII; the rules know English alone.
        let source = format!("(?i){}", wrap(&either))
            .replace(' ', r"\s+")
            .replace(r"\b", r"(?-u:\b)")
            .replace(r"\w", "[0-9A-Za-z_]");
        Some(Self { rule: rule.to_owned(), field, source, regex: OnceLock::new() })
    }

    /// Compiles it now.
    ///
    /// # Errors
    /// [`PackError::Field`] where it is no pattern.
    pub(super) fn check(&self) -> Result<(), PackError> {
        let regex = Regex::new(&self.source);
        let regex = regex.map_err(|error| field_error(&self.rule, self.field, error.to_string()))?;
        self.regex.get_or_init(|| regex);
        Ok(())
    }

    /// Compiles it now, unless it is.
    pub(super) fn prepare(&self) {
        self.regex();
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| Regex::new(&self.source).expect("the pack was checked"))
    }

    /// Where it matches, from left to right.
    pub(super) fn find_iter<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        self.regex().find_iter(text).map(|found| found.range())
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex().is_match(text)
    }
}
