//! Runs rules over a document. It relies on the document having been read once for all rules; each rule
//! looks at each sentence once. A topic is answered by the best place found, a hazard by a few.

use std::ops::Range;
use std::sync::Arc;

use super::abbreviation::unexplained;
use super::blocks::Block;
use super::compiled::{Compiled, HazardRule, TopicRule};
use super::directive::{Directive, Says, directives};
use super::document::Document;
use super::evidence::{quote, quote_secret};
use super::kind::{KindOf, kind_of};
use super::mention::{Mention, may_be_mentioned, mentions};
use super::pack::{Mentions, Scope};
use super::secret;
use super::section::{Aside, Sections};
use crate::domain::review::Evidence;

/// So much of a match is repeated in words, in bytes.
const LONGEST_MATCH: usize = 48;

/// A document with all that rules ask of it, and the rules.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) rules: Arc<Compiled>,
    pub(super) document: Document,
    /// All its sentences, each on a line, in which rules look first: most of them find nothing there.
    prose: String,
    pub(super) sections: Sections,
    pub(super) directives: Vec<Directive>,
    pub(super) kind: KindOf,
    /// Where secrets stand in the source.
    secrets: Vec<Range<usize>>,
}

/// Where a topic was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// In a section, under a label, or in a sentence of a document that is short: its line.
    At(u32),
    /// In a sentence of a document that is long.
    Mentioned(Evidence),
    /// Nowhere.
    Nowhere,
}

/// A place of a hazard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) evidence: Evidence,
    /// The words that matched; none of a secret.
    pub(super) words: Option<String>,
}

impl Reading {
    /// Reads with `rules`; comments for them are obeyed where `comments` says so.
    pub(super) fn of(rules: &Arc<Compiled>, document: Document, comments: bool) -> Self {
        let secrets = secret::ranges(rules, &document.source);
        let directives = if comments { directives(&document) } else { Vec::new() };
        let told = directives.iter().find_map(|found| match &found.says {
            Says::Kind(kind) => Some((kind.as_str(), found.line)),
            _ => None,
        });
        let kind = kind_of(rules, &document, told);
        let sections = Sections::of(&document, &rules.reading);
        let mut prose = String::new();
        for block in &document.blocks {
            for sentence in &block.sentences {
                prose.push_str(&block.prose.text()[sentence.clone()]);
                prose.push('\n');
            }
        }
        Self { rules: Arc::clone(rules), document, prose, sections, directives, kind, secrets }
    }

    /// Whether this is what was read.
    pub(super) fn is_of(&self, source: &str, extension: &str) -> bool {
        self.document.extension == extension && self.document.source == source
    }

    /// Where a topic is first named: by a heading, a label, or else a sentence.
    pub(super) fn find(&self, topic: &TopicRule) -> Found {
        let heading = self.sections.best(&self.rules, &self.document, &topic.own.headings, true);
        let line = heading.map(|heading| self.document.heading_line(heading));
        if let Some(line) = line.or_else(|| self.label(topic)) {
            return Found::At(line);
        }
        let Some((sentence, mention)) = self.sentence_of(topic) else { return Found::Nowhere };
        let reading = &self.rules.reading;
        let short = self.document.words <= reading.short && self.document.sections() <= reading.few_sections;
        if short || self.kind.sentences {
            return Found::At(self.document.lines.at(sentence.start));
        }
        let evidence = quote(&self.document, &sentence, &mention, &self.secrets);
        evidence.map_or(Found::Nowhere, Found::Mentioned)
    }

    /// Text of the document as it is repeated elsewhere: of what looks like a secret its beginning alone.
    pub(super) fn masked(&self, text: &str) -> String {
        secret::masked(&self.rules, text)
    }

    /// The line of a label that names a topic and says something.
    fn label(&self, topic: &TopicRule) -> Option<u32> {
        let says = |text: &str| !self.rules.reading.placeholders.iter().any(|empty| empty == text);
        let near = |label: &str, heading: &str| label.split(' ').count() <= heading.split(' ').count() + 1;
        let named = |label: &str| {
            let mut headings = topic.own.headings.iter();
            headings.any(|heading| {
                near(label, heading) && self.rules.names(label, false, std::slice::from_ref(heading))
            })
        };
        let mut labels = self.document.labels.iter();
        labels.find(|label| says(&label.says) && named(&label.normalised)).map(|label| label.line)
    }

    /// The first sentence that names a topic and what names it there, as ranges of the source.
    pub(super) fn sentence_of(&self, topic: &TopicRule) -> Option<(Range<usize>, Range<usize>)> {
        let phrases = topic.phrases.as_ref().filter(|phrases| phrases.is_match(&self.prose))?;
        self.sentences().find_map(|(block, range)| {
            let sentence = &block.prose.text()[range.clone()];
            let found = phrases.find_iter(sentence);
            found
                .filter(|mention| !block.prose.touches_code(&within(&range, mention)))
                .find(|mention| !self.rules.negation.denies(sentence, mention))
                .map(|mention| (block.prose.source(&range), block.prose.source(&within(&range, &mention))))
        })
    }

    fn sentences(&self) -> impl Iterator<Item = (&Block, Range<usize>)> {
        let blocks = self.document.blocks.iter();
        blocks.flat_map(|block| block.sentences.iter().map(move |range| (block, range.clone())))
    }

    /// Where a hazard occurs, every place of it.
    pub(super) fn places_of(&self, hazard: &HazardRule) -> Vec<Place> {
        if hazard.own.scope == Scope::Everywhere {
            let found = in_source(hazard, &self.document.source);
            return found.filter_map(|found| self.quote(hazard, &found, &found)).collect();
        }
        if let Some(known) = &hazard.known {
            let open = unexplained(&self.document.blocks, known).into_iter();
            return open
                .filter_map(|(block, token)| {
                    let around = block.sentences.iter().find(|range| range.contains(&token.start));
                    let sentence = block.prose.source(around.unwrap_or(&token));
                    self.quote(hazard, &sentence, &block.prose.source(&token))
                })
                .collect();
        }
        if !may_be_mentioned(&self.rules, hazard, &self.prose) {
            return Vec::new();
        }
        let places = self.sentences().filter_map(|(block, range)| self.place(hazard, block, &range));
        let places: Vec<Place> = places.collect();
        let excused = || {
            let excuse = hazard.unless_anywhere.as_ref();
            excuse.is_some_and(|excuse| {
                let headings = self.document.headings.iter().map(|heading| heading.text.as_str());
                let texts = self.document.blocks.iter().map(|block| block.prose.text()).chain(headings);
                texts.into_iter().any(|text| excuse.is_match(text))
            })
        };
        if places.is_empty() || excused() { Vec::new() } else { places }
    }

    fn place(&self, hazard: &HazardRule, block: &Block, range: &Range<usize>) -> Option<Place> {
        let aside = match hazard.own.mentions {
            Mentions::Proposed => self.sections.aside(block),
            Mentions::Asserted | Mentions::Any => Aside::No,
        };
        if aside == Aside::Rejected {
            return None;
        }
        let sentence = &block.prose.text()[range.clone()];
        let counts = |mention: &Mention| {
            let code = |part: &Range<usize>| block.prose.touches_code(&within(range, part));
            let in_code = hazard.own.scope == Scope::Prose && mention.parts.iter().any(code);
            !in_code
                && (hazard.own.mentions == Mentions::Any || !self.rules.negation.rejects(sentence, mention))
        };
        let mention = mentions(&self.rules, hazard, sentence).find(counts)?;
        let excused = hazard.unless.as_ref().is_some_and(|unless| unless.is_match(sentence));
        // "Today … However, …" goes on telling of today, up to the end of the paragraph.
        let first = block.sentences.first().filter(|first| *first != range);
        let told_of =
            || first.is_some_and(|first| self.rules.negation.opens_past(&block.prose.text()[first.clone()]));
        let past = aside == Aside::Past || hazard.own.mentions != Mentions::Any && told_of();
        let proposing = || self.rules.proposing.as_ref().is_some_and(|words| words.is_match(sentence));
        if excused || (past && !proposing()) {
            return None;
        }
        let place = block.prose.source(&within(range, &mention.range()));
        self.quote(hazard, &block.prose.source(range), &place)
    }

    fn quote(&self, hazard: &HazardRule, sentence: &Range<usize>, found: &Range<usize>) -> Option<Place> {
        if hazard.own.secret {
            let evidence = quote_secret(&self.document, found)?;
            return Some(Place { evidence, words: None });
        }
        let evidence = quote(&self.document, sentence, found, &self.secrets)?;
        let open = !self.secrets.iter().any(|secret| secret.start < found.end && found.start < secret.end);
        let words =
            self.document.source.get(found.clone()).filter(|words| open && words.len() <= LONGEST_MATCH);
        Some(Place { evidence, words: words.map(crate::domain::text::fold_space) })
    }
}

/// Where a hazard stands in `source`, whatever the text around it is.
pub(super) fn in_source<'s>(
    hazard: &'s HazardRule,
    source: &'s str,
) -> impl Iterator<Item = Range<usize>> + 's {
    let found = hazard.pattern.iter().flat_map(|pattern| pattern.find_iter(source));
    let excused = |found: &str| hazard.unless.as_ref().is_some_and(|unless| unless.is_match(found));
    found.filter(move |found| !excused(&source[found.clone()]))
}

/// A range of a sentence as a range of its block's text.
fn within(sentence: &Range<usize>, part: &Range<usize>) -> Range<usize> {
    sentence.start + part.start..sentence.start + part.end
}
