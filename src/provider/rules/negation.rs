//! Whether a mention is taken back by the words around it ("never in plain text", "MD5 is not used").
//! It relies on word lists of the pack and on nearness; it does not parse sentences, so a far or
//! roundabout negation is missed.

use std::ops::Range;

use super::pack::Reading;
use super::pattern::Pattern;
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
    boundaries: Option<Pattern>,
    boundaries_after: Option<Pattern>,
    denials: Option<Pattern>,
    rejections: Option<Pattern>,
    after: Option<Pattern>,
}

impl Negation {
    pub(super) fn of(reading: &Reading) -> Self {
        let words = |either: &str| format!(r"\b(?:{either})\b");
        let rule = "reading";
        Self {
            boundaries: Pattern::any_of(rule, "boundaries", &reading.boundaries, str::to_owned),
            boundaries_after: Pattern::any_of(
                rule,
                "boundaries_after",
                &reading.boundaries_after,
                str::to_owned,
            ),
            denials: Pattern::any_of(rule, "denials", &reading.denials, words),
            rejections: Pattern::any_of(rule, "rejections", &reading.rejections, words),
            after: Pattern::any_of(rule, "rejections_after", &reading.rejections_after, |either| {
                format!(r"^\W*(?:\w+\W+){{0,2}}(?:{either})\b")
            }),
        }
    }

    /// All its patterns.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let own = [&self.boundaries, &self.boundaries_after, &self.denials, &self.rejections, &self.after];
        own.into_iter().flatten()
    }

    /// Whether the sentence denies what it mentions ("no plan to roll back").
    pub(super) fn denies(&self, sentence: &str, mention: &Range<usize>) -> bool {
        let before = self.before(sentence, mention.start, NEAR);
        holds(self.denials.as_ref(), before) || self.after(sentence, mention.end)
    }

    /// Whether the sentence rejects what it mentions, or tells of how things were.
    pub(super) fn rejects(&self, sentence: &str, mention: &Range<usize>) -> bool {
        let before = self.before(sentence, mention.start, BEFORE);
        holds(self.rejections.as_ref(), before) || self.after(sentence, mention.end)
    }

    /// What stands before a mention and belongs to the same thought.
    fn before<'s>(&self, sentence: &'s str, mention: usize, reach: usize) -> &'s str {
        let window = &sentence[floor(sentence, mention.saturating_sub(reach))..mention];
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
