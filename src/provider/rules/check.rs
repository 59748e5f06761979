//! Runs rules over a document. It relies on the document having been read once for all rules; each rule
//! looks at each sentence once. A topic is answered by the first place found, a hazard by a few.

use std::ops::Range;

use super::blocks::Block;
use super::compiled::{Compiled, Hazard, Topic};
use super::document::Document;
use super::evidence::{quote, quote_secret};
use super::pack::{Mentions, Scope};
use super::section::Sections;
use crate::domain::review::Evidence;

/// A hazard that occurs more often is quoted so many times.
const MOST_PLACES: usize = 5;

/// A document with all that rules ask of it, and the pack whose rules ask.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) pack: &'a Compiled,
    pub(super) document: &'a Document<'a>,
    pub(super) sections: Sections,
    /// Where secrets stand in the source.
    secrets: Vec<Range<usize>>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(pack: &'a Compiled, document: &'a Document<'a>) -> Self {
        let hazards = pack.hazards.iter().filter(|hazard| hazard.rule.secret);
        let secrets = hazards.flat_map(|hazard| hazard.in_source(document.source)).collect();
        Self { pack, document, sections: Sections::of(document, &pack.pack.reading), secrets }
    }

    /// The line where a topic is first named, in a heading or else in a sentence.
    pub(super) fn line_of(&self, topic: &Topic) -> Option<u32> {
        let heading = self.sections.best(self.document, &topic.rule.headings, true);
        let line = heading.map(|heading| self.document.heading_line(heading));
        line.or_else(|| self.sentence_of(topic).map(|sentence| self.document.lines.at(sentence.start)))
    }

    /// The first sentence that names a topic, as a range of the source.
    pub(super) fn sentence_of(&self, topic: &Topic) -> Option<Range<usize>> {
        let phrases = topic.phrases.as_ref()?;
        self.sentences().find_map(|(block, range)| {
            let sentence = &block.prose.text()[range.clone()];
            let found = phrases.find_iter(sentence);
            found
                .filter(|mention| !block.prose.touches_code(&within(&range, mention)))
                .find(|mention| !self.pack.negation.denies(sentence, mention))
                .map(|_| block.prose.source(&range))
        })
    }

    fn sentences(&self) -> impl Iterator<Item = (&'a Block, Range<usize>)> {
        let blocks = self.document.blocks.iter();
        blocks.flat_map(|block| block.sentences.iter().map(move |range| (block, range.clone())))
    }

    /// Where a hazard occurs.
    pub(super) fn places_of(&self, hazard: &Hazard) -> Vec<Evidence> {
        if hazard.rule.scope == Scope::Everywhere {
            return self.places_in_source(hazard);
        }
        let counts =
            |block: &Block| hazard.rule.mentions > Mentions::Proposed || !self.sections.is_aside(block);
        let sentences = self.sentences().filter(|(block, _)| counts(block));
        sentences.filter_map(|(block, range)| self.place(hazard, block, &range)).take(MOST_PLACES).collect()
    }

    fn place(&self, hazard: &Hazard, block: &Block, range: &Range<usize>) -> Option<Evidence> {
        let sentence = &block.prose.text()[range.clone()];
        let rule = &hazard.rule;
        let mut found = hazard.pattern.as_ref()?.find_iter(sentence);
        let mention = found.find(|mention| {
            let in_code = rule.scope == Scope::Prose && block.prose.touches_code(&within(range, mention));
            !in_code && (rule.mentions == Mentions::Any || !self.pack.negation.rejects(sentence, mention))
        })?;
        let excused = hazard.unless.as_ref().is_some_and(|unless| unless.is_match(sentence));
        let place = || block.prose.source(&within(range, &mention));
        if excused { None } else { self.quote(hazard, &block.prose.source(range), &place()) }
    }

    fn places_in_source(&self, hazard: &Hazard) -> Vec<Evidence> {
        let found = hazard.in_source(self.document.source);
        found.filter_map(|found| self.quote(hazard, &found, &found)).take(MOST_PLACES).collect()
    }

    fn quote(&self, hazard: &Hazard, sentence: &Range<usize>, found: &Range<usize>) -> Option<Evidence> {
        if hazard.rule.secret {
            return quote_secret(self.document, found);
        }
        quote(self.document, sentence, found, &self.secrets)
    }
}

/// A range of a sentence as a range of its block's text.
fn within(sentence: &Range<usize>, part: &Range<usize>) -> Range<usize> {
    sentence.start + part.start..sentence.start + part.end
}
