//! Sections: a heading and what stands under it, subsections included. It relies on the order of
//! headings alone, and counts a heading as present only if something was written under it.

use std::ops::Range;

use super::blocks::{Block, Heading};
use super::compiled::Compiled;
use super::document::Document;
use super::heading::{names, normalised};
use super::pack::Reading;

/// A section with fewer words says nothing.
const FEWEST_WORDS: usize = 3;

/// What a section tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aside {
    /// The proposal.
    No,
    /// How things are.
    Past,
    /// What is not proposed.
    Rejected,
}

/// The sections of a document, in its order.
#[derive(Debug)]
pub(super) struct Sections {
    /// For each heading, the blocks of its section.
    blocks: Vec<Range<usize>>,
    /// How many words stand before each block, placeholders not counted.
    words_before: Vec<usize>,
    /// For each heading, the one whose section it stands in.
    parents: Vec<Option<usize>>,
    /// For each heading, what its section tells of.
    asides: Vec<Aside>,
}

impl Sections {
    pub(super) fn of(document: &Document, reading: &Reading) -> Self {
        let mut words_before = vec![0];
        for block in &document.blocks {
            let before = words_before.last().copied().unwrap_or(0);
            words_before.push(before + words(block, reading));
        }
        let parents = parents(document);
        let (blocks, asides) = (bodies(document, &parents), asides(document, &parents, reading));
        Self { blocks, words_before, parents, asides }
    }

    /// The blocks of a heading's section.
    pub(super) fn body(&self, heading: usize) -> Range<usize> {
        self.blocks[heading].clone()
    }

    /// Whether a heading stands within a section other than the whole document.
    fn is_below(&self, document: &Document, heading: usize) -> bool {
        self.parents[heading].is_some_and(|parent| document.title() != Some(parent))
    }

    /// Whether something was written under a heading: more than a word or two.
    pub(super) fn is_written(&self, heading: usize) -> bool {
        let body = &self.blocks[heading];
        self.words_before[body.end] - self.words_before[body.start] >= FEWEST_WORDS
    }

    /// What a block tells of.
    pub(super) fn aside(&self, block: &Block) -> Aside {
        block.heading.map_or(Aside::No, |heading| self.asides[heading])
    }

    /// The written section that the first possible of `topics` names, so that the best name wins over the
    /// first place; asides are passed over unless they are `welcome`. What belongs to another topic does not
    /// count.
    pub(super) fn best(
        &self,
        rules: &Compiled,
        document: &Document,
        topics: &[String],
        welcome: bool,
    ) -> Option<usize> {
        let title = document.title();
        let open = (0..document.headings.len()).filter(|heading| {
            title != Some(*heading)
                && self.is_written(*heading)
                && (welcome || self.asides[*heading] == Aside::No)
                && rules.names(
                    &document.headings[*heading].normalised,
                    self.is_below(document, *heading),
                    topics,
                )
        });
        let rank = |heading: usize| {
            let heading = &document.headings[heading].normalised;
            topics.iter().position(|topic| names(heading, topic))
        };
        let ranked = open.filter_map(|heading| Some((rank(heading)?, heading)));
        ranked.min().map(|(_, heading)| heading)
    }
}

fn is_named(heading: &str, topics: &[String]) -> bool {
    topics.iter().any(|topic| names(heading, topic))
}

/// How many words a block has; none where it is nothing but a placeholder.
fn words(block: &Block, reading: &Reading) -> usize {
    let text = block.prose.text();
    let count = text.split_whitespace().count();
    let longest = reading.placeholders.iter().map(String::len).max().unwrap_or(0);
    let is_placeholder =
        || text.len() <= longest * 3 + 20 && reading.placeholders.contains(&normalised(text));
    if is_placeholder() { 0 } else { count }
}

/// For each heading, the one whose section it stands in.
fn parents(document: &Document) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let parent = |(index, heading): (usize, &Heading)| {
        while open.last().is_some_and(|last| document.headings[*last].level >= heading.level) {
            open.pop();
        }
        let parent = open.last().copied();
        open.push(index);
        parent
    };
    document.headings.iter().enumerate().map(parent).collect()
}

/// A section ends where the next one of its own or a higher level starts. Backwards, each heading
/// hands its end to the one it stands in, so this takes one pass.
fn bodies(document: &Document, parents: &[Option<usize>]) -> Vec<Range<usize>> {
    let starts: Vec<usize> = document.headings.iter().map(|heading| heading.blocks_before).collect();
    let mut bodies: Vec<Range<usize>> = starts
        .iter()
        .enumerate()
        .map(|(index, start)| *start..starts.get(index + 1).copied().unwrap_or(document.blocks.len()))
        .collect();
    for index in (0..bodies.len()).rev() {
        if let Some(parent) = parents[index] {
            bodies[parent].end = bodies[parent].end.max(bodies[index].end);
        }
    }
    bodies
}

fn asides(document: &Document, parents: &[Option<usize>], reading: &Reading) -> Vec<Aside> {
    let title = document.title();
    let mut asides: Vec<Aside> = Vec::with_capacity(parents.len());
    for (index, heading) in document.headings.iter().enumerate() {
        let own = match &heading.normalised {
            _ if title == Some(index) => Aside::No,
            name if is_named(name, &reading.aside_headings) => Aside::Rejected,
            name if is_named(name, &reading.past_headings) => Aside::Past,
            _ => Aside::No,
        };
        let inherited = parents[index].map_or(Aside::No, |parent| asides[parent]);
        asides.push(own.max(inherited));
    }
    asides
}
