//! Several patterns as one, compiled when a document first asks for it: most documents never ask for most
//! of them, and compiling takes longer than reading. It relies on [`check`] having been called for every
//! pattern of every pack, which the tests do for the built-in one.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

/// No patterns of one field take more memory together, compiled, in bytes.
const MOST_MEMORY: usize = 4 << 20;
/// No single pattern takes more, in bytes: what is larger is slow as well.
const MOST_MEMORY_ALONE: usize = 128 << 10;

/// Patterns of one field of a rule; any of them may match.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    regex: OnceLock<Regex>,
}

/// Compiling takes longer than searching a proposal does, so what only makes searching faster is left
/// out: literal prefilters, one-pass automata and capture groups. Searching stays linear. Patterns are
/// of bytes and know ASCII letters alone, as the rules do: Unicode classes would take as long again.
fn compile(source: &str, limit: usize) -> Result<Regex, Box<BuildError>> {
    let lean = Regex::config()
        .auto_prefilter(false)
        .onepass(false)
        .utf8_empty(false)
        .nfa_size_limit(Some(limit))
        .which_captures(WhichCaptures::Implicit);
    let bytes = syntax::Config::new().case_insensitive(true).multi_line(true).unicode(false).utf8(false);
    Regex::builder().configure(lean).syntax(bytes).build(source).map_err(Box::new)
}

/// Whether `pattern` is one; a space in it stands for any white space.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let problem = |error: Box<BuildError>| match (error.syntax_error(), error.size_limit()) {
        (Some(error), _) => error.to_string(),
        (None, Some(_)) => format!("`{pattern}` is too large: repeat less"),
        _ => error.to_string(),
    };
    let regex = compile(&spaced(pattern), MOST_MEMORY_ALONE).map_err(problem)?;
    if regex.is_match("") { Err(format!("`{pattern}` matches nothing at all, everywhere")) } else { Ok(()) }
}

fn spaced(pattern: &str) -> String {
    pattern.replace(' ', r"\s+")
}

impl Pattern {
    /// One pattern out of several; none out of none. A space in a pattern stands for any white space.
    pub(super) fn any_of(patterns: &[String], wrap: fn(&str) -> String) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let either = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
        Some(Self { source: spaced(&wrap(&either)), regex: OnceLock::new() })
    }

    /// Compiles it now, unless it is.
    pub(super) fn prepare(&self) {
        self.regex();
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| compile(&self.source, MOST_MEMORY).expect("the pack was checked"))
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

/// Patterns as they stand.
pub(super) fn as_written(either: &str) -> String {
    either.to_owned()
}

/// Patterns of whole words.
pub(super) fn as_words(either: &str) -> String {
    format!(r"\b(?:{either})\b")
}
