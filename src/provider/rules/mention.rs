//! Mentions: where words of a hazard stand in a sentence. A mention has one part where a pattern matched, and
//! several where words of several lists stand near each other.

use std::ops::Range;

use super::compiled::{Compiled, HazardRule};

/// Words that stand together reach over so many bytes at most.
const REACH: usize = 140;

/// Lists of words, one of each of which makes a mention, in any order.
#[derive(Debug)]
pub(super) struct Together {
    pub(super) words: Vec<(usize, String)>,
}

/// A mention: its parts, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) parts: Vec<Range<usize>>,
}

impl Mention {
    /// From the first part to the last.
    pub(super) fn range(&self) -> Range<usize> {
        let start = self.parts.first().map_or(0, |part| part.start);
        start..self.parts.last().map_or(start, |part| part.end)
    }
}

/// Whether any sentence of `prose` can mention a hazard at all.
pub(super) fn may_be_mentioned(compiled: &Compiled, hazard: &HazardRule, prose: &str) -> bool {
    let together = |together: &Together| {
        together.words.iter().filter_map(|key| compiled.words(key)).all(|words| words.is_match(prose))
    };
    hazard.pattern.as_ref().is_some_and(|pattern| pattern.is_match(prose))
        || hazard.together.iter().any(together)
}

/// Every mention of a hazard in a sentence, those of patterns first.
pub(super) fn mentions<'s>(
    compiled: &'s Compiled,
    hazard: &'s HazardRule,
    sentence: &'s str,
) -> impl Iterator<Item = Mention> + 's {
    let patterns = hazard.pattern.iter().flat_map(|pattern| pattern.find_iter(sentence));
    let patterns = patterns.map(|part| Mention { parts: vec![part] });
    patterns.chain(hazard.together.iter().flat_map(|together| together.mentions(compiled, sentence)))
}

impl Together {
    /// For each of the first list's words, the nearest of each other list's.
    fn mentions(&self, compiled: &Compiled, sentence: &str) -> Vec<Mention> {
        let mut found: Vec<Vec<Range<usize>>> = Vec::with_capacity(self.words.len());
        for words in self.words.iter().filter_map(|key| compiled.words(key)) {
            let places: Vec<_> = words.find_iter(sentence).collect();
            if places.is_empty() {
                return Vec::new();
            }
            found.push(places);
        }
        let Some((first, others)) = found.split_first() else { return Vec::new() };
        first.iter().filter_map(|anchor| mention(anchor, others)).collect()
    }
}

fn mention(anchor: &Range<usize>, others: &[Vec<Range<usize>>]) -> Option<Mention> {
    let mut mention = Mention { parts: vec![anchor.clone()] };
    for places in others {
        let nearest = nearest(&mention, places)?;
        mention.parts.push(nearest);
        mention.parts.sort_by_key(|part| part.start);
    }
    (mention.range().len() <= REACH).then_some(mention)
}

/// The place before, after or between the parts that is nearest to them.
fn nearest(mention: &Mention, places: &[Range<usize>]) -> Option<Range<usize>> {
    let whole = mention.range();
    let from = places.partition_point(|place| place.end <= whole.start);
    let to = places.partition_point(|place| place.start < whole.end);
    let inside = places[from..to.max(from)].iter().take(4);
    let inside = inside
        .filter(|place| mention.parts.iter().all(|part| place.end <= part.start || part.end <= place.start));
    let before = from.checked_sub(1).map(|index| &places[index]);
    let around = before.into_iter().chain(places.get(to));
    let distance =
        |place: &&Range<usize>| whole.start.saturating_sub(place.end) + place.start.saturating_sub(whole.end);
    inside.chain(around).min_by_key(distance).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_words_make_a_mention() {
        let found = mention(&(10..14), &[vec![0..3, 20..24, 30..34], vec![15..18, 100..104]]).unwrap();
        assert_eq!(found.parts, [10..14, 15..18, 20..24]);
        assert_eq!(mention(&(10..14), &[vec![300..303, 400..403]]), None);
        assert_eq!(mention(&(10..14), &[vec![10..14, 11..13]]), None);
    }
}
