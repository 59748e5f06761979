//! Prose: the inline text of one block, each part of it tied to its place in the source, cut into
//! sentences. It relies on the Unicode sentence rules (UAX 29); abbreviations before a capital letter
//! end a sentence there, and no list of abbreviations mends that.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation as _;

/// No sentence goes on across so many bytes without a letter or digit. The Unicode rules look ahead
/// over such runs from every place in them, which would be quadratic.
const LONGEST_GAP: usize = 64;

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:https?|ftp)://\S+|www\.\S+").expect("the pattern is a literal"));

/// The text of a block.
#[derive(Debug, Default)]
pub(super) struct Prose {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Where the part starts in the text; it ends where the next one starts.
    at: usize,
    source: Range<usize>,
    /// Inline code or an address: in the sentence, but not words of it.
    code: bool,
}

impl Prose {
    /// Adds words that stand at `source`; addresses among them are set apart.
    pub(super) fn words(&mut self, text: &str, source: Range<usize>) {
        if text.len() != source.len() {
            return self.push(text, source, false);
        }
        let mut done = 0;
        for address in ADDRESS.find_iter(text) {
            self.same(text, done..address.start(), source.start, false);
            self.same(text, address.range(), source.start, true);
            done = address.end();
        }
        self.same(text, done..text.len(), source.start, false);
    }

    /// Adds inline code that stands at `source`.
    pub(super) fn code(&mut self, text: &str, source: Range<usize>) {
        self.push(text, source, true);
    }

    /// Adds the space that a line break is.
    pub(super) fn space(&mut self, source: Range<usize>) {
        self.push(" ", source, false);
    }

    fn same(&mut self, text: &str, range: Range<usize>, base: usize, code: bool) {
        self.push(&text[range.clone()], base + range.start..base + range.end, code);
    }

    fn push(&mut self, text: &str, source: Range<usize>, code: bool) {
        if !text.is_empty() {
            self.parts.push(Part { at: self.text.len(), source, code });
            self.text.push_str(text);
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The source of a part of the text.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place(range.start, |part| part.source.start);
        let end = self.place(range.end.saturating_sub(1), |part| part.source.end.saturating_sub(1)) + 1;
        start..end.max(start)
    }

    /// Where the byte `at` stands in the source; `otherwise` where the source spells it differently.
    fn place(&self, at: usize, otherwise: fn(&Part) -> usize) -> usize {
        let next = self.parts.partition_point(|part| part.at <= at);
        let Some(part) = self.parts.get(next.saturating_sub(1)) else { return 0 };
        let end = self.parts.get(next).map_or(self.text.len(), |part| part.at);
        let as_written = end - part.at == part.source.len();
        if as_written { part.source.start + (at - part.at) } else { otherwise(part) }
    }

    /// Whether a part of the text is inline code or an address, wholly or partly.
    pub(super) fn touches_code(&self, range: &Range<usize>) -> bool {
        let first = self.parts.partition_point(|part| part.at <= range.start).saturating_sub(1);
        self.parts[first..].iter().take_while(|part| part.at < range.end).any(|part| part.code)
    }

    /// The sentences, trimmed; those without a letter or digit are kept for what their signs say.
    pub(super) fn sentences(&self) -> Vec<Range<usize>> {
        let cut = |island: Range<usize>| {
            let bounds = self.text[island.clone()].split_sentence_bound_indices();
            bounds.map(move |(at, sentence)| trimmed(sentence, island.start + at))
        };
        islands(&self.text).into_iter().flat_map(cut).filter(|range| !range.is_empty()).collect()
    }
}

fn trimmed(text: &str, at: usize) -> Range<usize> {
    let start = at + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

/// The stretches of `text` between long runs without a letter or digit.
fn islands(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
        if at - end > LONGEST_GAP {
            found.push(start..(end + LONGEST_GAP / 2).min(at));
            start = at;
        }
        end = at + letter.len_utf8();
    }
    found.push(start..text.len().min(end + LONGEST_GAP));
    found.into_iter().map(|range| floor(text, range.start)..floor(text, range.end)).collect()
}

/// The last character boundary at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_knows_its_source_although_markup_was_dropped() {
        let source = "We **never** stop.\nThen we go.";
        let mut prose = Prose::default();
        prose.words("We ", 0..3);
        prose.words("never", 5..10);
        prose.words(" stop.", 12..18);
        prose.space(18..19);
        prose.words("Then we go.", 19..30);
        let found: Vec<&str> = prose.sentences().iter().map(|range| &source[prose.source(range)]).collect();
        assert_eq!(found, ["We **never** stop.", "Then we go."]);
    }

    #[test]
    fn text_that_is_spelled_differently_covers_all_of_its_source() {
        let mut prose = Prose::default();
        prose.words("&", 4..9);
        assert_eq!(prose.source(&(0..1)), 4..9);
    }

    #[test]
    fn an_address_is_not_words() {
        let mut prose = Prose::default();
        prose.words("see https://x.test/risks now", 0..28);
        assert!(prose.touches_code(&(20..24)));
        assert!(!prose.touches_code(&(25..28)));
    }

    #[test]
    fn a_long_run_of_signs_parts_sentences() {
        let text = format!("One{}Two", " )".repeat(100));
        let mut prose = Prose::default();
        prose.words(&text, 0..text.len());
        assert_eq!(prose.sentences().len(), 2);
    }
}
