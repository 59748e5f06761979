//! Reads Markdown. It relies on pulldown-cmark for what is what. Code blocks, quotations, HTML,
//! images and struck-out text are passed over; admonitions (`> [!NOTE]`) are the author's own words
//! and are read.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::blocks::{BlockKind, Builder};

/// Reads the part of `source` from `start` on.
pub(super) fn read(source: &str, start: usize, builder: &mut Builder) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut reader = Reader { source, builder, passed_over: 0, items: 0 };
    for (event, range) in Parser::new_ext(&source[start..], options).into_offset_iter() {
        reader.event(event, start + range.start..start + range.end);
    }
    reader.end_block(BlockKind::Paragraph);
}

struct Reader<'s, 'b> {
    source: &'s str,
    builder: &'b mut Builder,
    /// How many things that are passed over are open.
    passed_over: u32,
    items: u32,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                if matches!(tag, Tag::HtmlBlock) && self.passed_over == 0 {
                    self.builder.comments.push(range.clone());
                }
                if matches!(tag, Tag::Emphasis) {
                    self.star(range.start, &range);
                }
                self.start(&tag);
            }
            Event::End(TagEnd::Emphasis) => self.star(range.end - 1, &range),
            Event::End(tag) => self.end(tag),
            _ if self.passed_over > 0 => {}
            Event::InlineHtml(_) => self.builder.comments.push(range),
            Event::Text(text) => self.builder.prose.words(&text, range),
            Event::Code(text) => self.builder.prose.code(&text, range),
            Event::SoftBreak | Event::HardBreak => self.builder.prose.space(range),
            _ => {}
        }
    }

    /// Two stars in quotation marks are meant as stars, whatever Markdown makes of them: `"*" … "*"`.
    fn star(&mut self, at: usize, emphasis: &Range<usize>) {
        if self.passed_over == 0 && self.source[emphasis.clone()].starts_with("*\"") {
            self.builder.prose.words("*", at..at + 1);
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strikethrough | Tag::Image { .. } => self.passed_over += 1,
            Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Superscript | Tag::Subscript => {}
            block => {
                self.end_block(self.kind());
                self.items += u32::from(matches!(block, Tag::Item));
                let quoted = matches!(block, Tag::BlockQuote(None) | Tag::CodeBlock(_) | Tag::HtmlBlock);
                self.passed_over += u32::from(quoted);
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strikethrough | TagEnd::Image => self.passed_over -= 1,
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Superscript | TagEnd::Subscript => {}
            TagEnd::Heading(level) => self.builder.end_heading(level as u8),
            TagEnd::TableCell => self.end_block(BlockKind::Cell),
            block => {
                self.end_block(self.kind());
                self.items -= u32::from(matches!(block, TagEnd::Item));
                let quoted =
                    matches!(block, TagEnd::BlockQuote(None) | TagEnd::CodeBlock | TagEnd::HtmlBlock);
                self.passed_over -= u32::from(quoted);
            }
        }
    }

    fn kind(&self) -> BlockKind {
        if self.items > 0 { BlockKind::Item } else { BlockKind::Paragraph }
    }

    fn end_block(&mut self, kind: BlockKind) {
        self.builder.end_block(kind);
    }
}
