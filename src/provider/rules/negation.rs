//! Whether a mention is taken back by the words around it ("never in plain text", "MD5 is not used").
//! It relies on word lists of the pack and on nearness; it does not parse sentences, so a far or
//! roundabout negation is missed.

use std::ops::Range;

use super::mention::Mention;
use super::pack::Reading;
use super::pattern::{Pattern, as_words, as_written};
use super::prose::floor;

/// So many bytes before a mention are looked at.
const BEFORE: usize = 80;
/// A denial stands at most so many bytes before what it denies.
const NEAR: usize = 30;
/// So many bytes after a mention are looked at.
const AFTER: usize = 60;

/// The words that take a mention back.
#[derive(Debug)]
pub(super) struct Negation {
    past: Option<Pattern>,
    opened: Option<Pattern>,
    introductions: Option<Pattern>,
    boundaries: Option<Pattern>,
    boundaries_after: Option<Pattern>,
    denials: Option<Pattern>,
    rejections: Option<Pattern>,
    after: Option<Pattern>,
}

impl Negation {
    pub(super) fn of(reading: &Reading) -> Self {
        let after = |either: &str| format!(r"^\W*(?:\w+\W+){{0,5}}(?:{either})\b");
        Self {
            past: Pattern::any_of(&reading.past_words, as_words),
            opened: Pattern::any_of(&reading.past_words, |either| format!(r"^\W*(?:{either})\b")),
            introductions: Pattern::any_of(&reading.introductions, as_written),
            boundaries: Pattern::any_of(&reading.boundaries, as_written),
            boundaries_after: Pattern::any_of(&reading.boundaries_after, as_written),
            denials: Pattern::any_of(&reading.denials, as_words),
            rejections: Pattern::any_of(&reading.rejections, as_words),
            after: Pattern::any_of(&reading.rejections_after, after),
        }
    }

    /// Whether the sentence denies what it mentions ("no plan to roll back").
    pub(super) fn denies(&self, sentence: &str, mention: &Range<usize>) -> bool {
        let before = self.before(sentence, mention.start, NEAR);
        holds(self.denials.as_ref(), before) || self.after(sentence, mention.end)
    }

    /// Whether the sentence rejects what it mentions, or tells of how things were.
    pub(super) fn rejects(&self, sentence: &str, mention: &Mention) -> bool {
        let whole = mention.range();
        let before = self.before(sentence, whole.start, BEFORE);
        let between = || {
            mention.parts.windows(2).any(|pair| {
                let gap = &sentence[pair[0].end..pair[1].start.max(pair[0].end)];
                // After a comma the sentence may speak of something else, and come back.
                let last = gap.rsplit([',', ';', ':']).next().unwrap_or(gap);
                holds(self.rejections.as_ref(), last) || holds(self.past.as_ref(), gap)
            })
        };
        holds(self.rejections.as_ref(), before) || between() || self.after(sentence, whole.end)
    }

    /// Whether the sentence begins to tell of how things are or were.
    pub(super) fn opens_past(&self, sentence: &str) -> bool {
        holds(self.opened.as_ref(), sentence)
    }

    /// What stands before a mention and belongs to the same thought.
    fn before<'s>(&self, sentence: &'s str, mention: usize, reach: usize) -> &'s str {
        let clause = self.introductions.as_ref().and_then(|words| words.find_iter(sentence).next());
        let begin = clause.filter(|clause| clause.end <= mention).map_or(0, |clause| clause.end);
        let window = &sentence[floor(sentence, mention.saturating_sub(reach)).max(begin)..mention];
        let last = self.boundaries.as_ref().and_then(|boundaries| boundaries.find_iter(window).last());
        last.map_or(window, |boundary| &window[boundary.end..])
    }

    fn after(&self, sentence: &str, mention: usize) -> bool {
        let window = &sentence[mention..floor(sentence, mention + AFTER).max(mention)];
        let first = self.boundaries_after.as_ref().and_then(|boundaries| boundaries.find_iter(window).next());
        holds(self.after.as_ref(), first.map_or(window, |boundary| &window[..boundary.start]))
    }
}

fn holds(pattern: Option<&Pattern>, text: &str) -> bool {
    pattern.is_some_and(|pattern| pattern.is_match(text))
}
