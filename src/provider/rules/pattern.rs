//! Several patterns as one, compiled when a document first asks for it: most documents never ask for most
//! of them, and compiling takes longer than reading. It relies on [`Pattern::check`] having been called
//! for every pack, which the tests do for the built-in one.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

use super::pack::{PackError, field_error};

/// Patterns of one field of a rule; any of them may match.
#[derive(Debug)]
pub(super) struct Pattern {
    rule: String,
    field: &'static str,
    source: String,
    regex: OnceLock<Regex>,
}

/// Compiling takes longer than searching a proposal does, so what only makes searching faster is left
/// out: literal prefilters, one-pass automata and capture groups. Searching stays linear. Patterns are
/// of bytes and know ASCII letters alone, as the rules do: Unicode classes would take as long again.
fn compile(source: &str) -> Result<Regex, Box<BuildError>> {
    let lean = Regex::config()
        .auto_prefilter(false)
        .onepass(false)
        .utf8_empty(false)
        .which_captures(WhichCaptures::Implicit);
    let bytes = syntax::Config::new().case_insensitive(true).unicode(false).utf8(false);
    Regex::builder().configure(lean).syntax(bytes).build(source).map_err(Box::new)
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
        let source = wrap(&either).replace(' ', r"\s+");
        Some(Self { rule: rule.to_owned(), field, source, regex: OnceLock::new() })
    }

    /// Compiles it now.
    ///
    /// # Errors
    /// [`PackError::Field`] where it is no pattern.
    pub(super) fn check(&self) -> Result<(), PackError> {
        let regex =
            compile(&self.source).map_err(|error| field_error(&self.rule, self.field, error.to_string()))?;
        self.regex.get_or_init(|| regex);
        Ok(())
    }

    /// Compiles it now, unless it is.
    pub(super) fn prepare(&self) {
        self.regex();
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| compile(&self.source).expect("the pack was checked"))
    }

    /// Where it matches, from left to right. A match that begins or ends within a character is widened
    /// to the whole of it.
    pub(super) fn find_iter<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let found = self.regex().find_iter(text).map(|found| found.range());
        found.map(|range| text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end))
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex().is_match(text)
    }
}
