//! A document as the rules see it: headings, and blocks of prose between them. It relies on a reader
//! per kind of text. Code, quotations, link destinations and HTML leave no trace here; a rule that must see
//! them looks at the source.

use std::collections::BTreeSet;
use std::ops::Range;

use super::blocks::{Block, BlockKind, Builder, Heading};
use super::heading::normalised;
use super::lines::Lines;
use super::prose::floor;
use super::{markdown, matter, plain, rst};

/// So many different labels are looked at.
const MOST_LABELS: usize = 500;
/// So many lines of a document may tell its kind.
const FIRST_LINES: usize = 10;
/// A label has so many words at most: "Owner: the payments team".
const MOST_LABEL_WORDS: usize = 5;
const LONGEST_LABEL: usize = 48;
/// So much of what stands after a label tells whether it says anything, in bytes.
const LONGEST_SAYS: usize = 80;

/// A document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) source: String,
    pub(super) extension: String,
    pub(super) lines: Lines,
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    /// The comments of its markup: where they stand in the source.
    pub(super) comments: Vec<Range<usize>>,
    /// What it says under a label and not under a heading.
    pub(super) labels: Vec<Label>,
    /// Its first lines, those of its front matter, and the items of the list at its top.
    pub(super) fields: Vec<String>,
    /// The title that its front matter gives.
    pub(super) given_title: Option<String>,
    /// How many words its prose has.
    pub(super) words: usize,
}

/// A few words before a colon, and what stands after it.
#[derive(Debug)]
pub(super) struct Label {
    /// As headings are compared.
    pub(super) normalised: String,
    /// What it says, as headings are compared.
    pub(super) says: String,
    pub(super) line: u32,
}

impl Document {
    /// Reads `source`, written in what `extension` says; Markdown where it says nothing known.
    pub(super) fn read(source: &str, extension: &str) -> Self {
        let matter = matter::read(source);
        let mut builder = Builder::default();
        match extension {
            "rst" | "rest" => rst::read(source, matter.end, &mut builder),
            "txt" | "text" if !plain::is_markdown(source) => plain::read(source, matter.end, &mut builder),
            _ => markdown::read(source, matter.end, &mut builder),
        }
        let Builder { headings, blocks, comments, .. } = builder;
        let lines = Lines::of(source);
        let words = blocks.iter().map(|block| block.prose.text().split_whitespace().count()).sum();
        let mut fields: Vec<String> = source[..matter.end].lines().map(str::to_owned).collect();
        let top = blocks.iter().take_while(|block| block.heading.is_none() && block.kind == BlockKind::Item);
        fields.extend(
            source.lines().filter(|line| !line.trim().is_empty()).take(FIRST_LINES).map(str::to_owned),
        );
        fields.extend(top.map(|block| block.prose.text().to_owned()));
        let mut labels = labels(&source[..matter.end], &lines);
        labels.extend(labels_of(&blocks, &lines));
        let mut seen = BTreeSet::new();
        labels.retain(|label| seen.len() < MOST_LABELS && seen.insert(label.normalised.clone()));
        let source = source.to_owned();
        let given_title = matter.title;
        let extension = extension.to_owned();
        Self { source, extension, lines, headings, blocks, comments, labels, fields, given_title, words }
    }

    /// The heading that is the document's title and opens no section: the first one, where it is the
    /// only one of level 1.
    pub(super) fn title(&self) -> Option<usize> {
        let alone = self.headings.iter().filter(|heading| heading.level == 1).count() == 1;
        self.headings.first().filter(|first| alone && first.level == 1).map(|_| 0)
    }

    /// How many headings it has, the title not counted.
    pub(super) fn sections(&self) -> usize {
        self.headings.len() - usize::from(self.title().is_some())
    }

    /// The line of a heading.
    pub(super) fn heading_line(&self, heading: usize) -> u32 {
        self.lines.at(self.headings[heading].source.start)
    }
}

/// The labels of front matter.
fn labels(matter: &str, lines: &Lines) -> Vec<Label> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in matter.split_inclusive('\n') {
        found.extend(label(line.trim(), lines.at(at)));
        at += line.len();
    }
    found
}

/// Blocks that begin with a label, and cells beside one.
fn labels_of(blocks: &[Block], lines: &Lines) -> Vec<Label> {
    let own = blocks.iter().filter_map(|block| {
        label(block.prose.text(), lines.at(block.prose.source(&(0..block.prose.text().len())).start))
    });
    let cells = blocks.windows(2).filter(|pair| pair.iter().all(|block| block.kind == BlockKind::Cell));
    let cells = cells.filter_map(|pair| {
        let [name, says] = [&pair[0], &pair[1]].map(|block| block.prose.text());
        let line = lines.at(pair[0].prose.source(&(0..name.len())).start);
        named(name, says, line)
    });
    own.chain(cells).collect()
}

fn label(text: &str, line: u32) -> Option<Label> {
    let start = &text[..floor(text, LONGEST_LABEL)];
    let at = start.find([':', '—', '–']).or_else(|| start.find(". "))?;
    named(&text[..at], &text[at..floor(text, at + LONGEST_SAYS).max(at)], line)
}

fn named(name: &str, says: &str, line: u32) -> Option<Label> {
    let is_label = name.len() <= LONGEST_LABEL && name.split_whitespace().count() <= MOST_LABEL_WORDS;
    let (normalised, says) = if is_label { (normalised(name), normalised(says)) } else { return None };
    (!normalised.is_empty() && !says.is_empty()).then_some(Label { normalised, says, line })
}
