//! A document as the rules see it: headings, and blocks of prose between them. It relies on a reader
//! per kind of text. Code, quotations, link destinations, HTML and front matter leave no trace here;
//! a rule that must see them looks at the source.

use std::ops::Range;

use super::heading::normalised;
use super::lines::Lines;
use super::prose::Prose;
use super::{markdown, matter, rst};

/// A heading.
#[derive(Debug)]
pub(super) struct Heading {
    /// 1 is the highest.
    pub(super) level: u8,
    pub(super) text: String,
    /// Lower case, without numbering and punctuation.
    pub(super) normalised: String,
    /// Where it stands in the source.
    pub(super) source: Range<usize>,
    /// How many blocks stand before it.
    pub(super) blocks_before: usize,
}

/// What a block of prose is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    Paragraph,
    Item,
    Cell,
}

/// A block of prose.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) prose: Prose,
    /// Its sentences, as ranges of its text.
    pub(super) sentences: Vec<Range<usize>>,
    /// The heading that it stands under.
    pub(super) heading: Option<usize>,
}

/// A document.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) source: &'a str,
    pub(super) lines: Lines,
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    /// The title that its front matter gives.
    pub(super) given_title: Option<String>,
}

impl<'a> Document<'a> {
    /// Reads `source`, written in what `extension` says; Markdown where it says nothing known.
    pub(super) fn read(source: &'a str, extension: &str) -> Self {
        let matter = matter::read(source);
        let mut builder = Builder::default();
        match extension {
            "rst" | "rest" => rst::read(source, matter.end, &mut builder),
            _ => markdown::read(source, matter.end, &mut builder),
        }
        let Builder { headings, blocks, .. } = builder;
        Self { source, lines: Lines::of(source), headings, blocks, given_title: matter.title }
    }

    /// The heading that is the document's title and opens no section: the first one, where it is the
    /// only one of level 1.
    pub(super) fn title(&self) -> Option<usize> {
        let alone = self.headings.iter().filter(|heading| heading.level == 1).count() == 1;
        self.headings.first().filter(|first| alone && first.level == 1).map(|_| 0)
    }

    /// The line of a heading.
    pub(super) fn heading_line(&self, heading: usize) -> u32 {
        self.lines.at(self.headings[heading].source.start)
    }
}

/// Collects what a reader finds.
#[derive(Debug, Default)]
pub(super) struct Builder {
    headings: Vec<Heading>,
    blocks: Vec<Block>,
    pub(super) prose: Prose,
}

impl Builder {
    /// Ends the block under way; one without text is none.
    pub(super) fn end_block(&mut self, kind: BlockKind) {
        let prose = std::mem::take(&mut self.prose);
        let sentences = prose.sentences();
        if !sentences.is_empty() {
            let heading = self.headings.len().checked_sub(1);
            self.blocks.push(Block { kind, prose, sentences, heading });
        }
    }

    /// Ends the heading under way.
    pub(super) fn end_heading(&mut self, level: u8) {
        let prose = std::mem::take(&mut self.prose);
        let text = prose.text().trim().to_owned();
        if !text.is_empty() {
            let source = prose.source(&(0..prose.text().len()));
            let blocks_before = self.blocks.len();
            let normalised = normalised(&text);
            self.headings.push(Heading { level, text, normalised, source, blocks_before });
        }
    }
}
