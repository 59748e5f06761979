//! A document as the rules see it: headings, and blocks of prose between them. It relies on a reader
//! per kind of text. Code, quotations, link destinations, HTML and front matter leave no trace here;
//! a rule that must see them looks at the source.

use super::blocks::{Block, Builder, Heading};
use super::lines::Lines;
use super::{markdown, matter, rst};

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
