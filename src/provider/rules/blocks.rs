//! What documents are made of: headings, and blocks of prose between them. A reader of some kind of text
//! hands them to a [`Builder`] in their order.

use std::ops::Range;

use super::heading::normalised;
use super::prose::Prose;

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

/// Collects what a reader finds.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    pub(super) prose: Prose,
    /// Comments, as ranges of the source.
    pub(super) comments: Vec<Range<usize>>,
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
