//! Reads reStructuredText, as far as telling prose from the rest needs: titles, lists, literal blocks,
//! directives and quotations. It relies on indentation alone; substitutions and the inside of tables are read
//! as they are written.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::blocks::{BlockKind, Builder};

static BULLET: LazyLock<Regex> = LazyLock::new(|| literal(r"^(?:[-*+•]|\(?(?:\d{1,3}|[a-z]|#)[.)])[ \t]+"));
static ADMONITION: LazyLock<Regex> = LazyLock::new(|| {
    literal(r"^\.\. (?:note|warning|important|tip|hint|caution|attention|danger|admonition)::")
});
/// Literal text; the address of a link; a role with its text; a footnote; signs of links and emphasis.
static APART: LazyLock<Regex> = LazyLock::new(|| {
    literal(
        r"``(?P<literal>.+?)``|\s*<[^<>`]*>`_{1,2}|:[A-Za-z][A-Za-z:+.-]*:`(?P<role>[^`]*?)(?:\s*<[^<>`]*>)?`|\[[#*0-9A-Za-z-]{1,20}\]_|`_{0,2}|\*{1,2}",
    )
});

fn literal(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a literal")
}

struct Line<'a> {
    start: usize,
    /// Without indentation and white space at the end.
    text: &'a str,
    indent: usize,
}

impl Line<'_> {
    /// The sign that the line is made of, where it underlines a title.
    fn adornment(&self) -> Option<char> {
        let sign = self.text.chars().next().filter(char::is_ascii_punctuation)?;
        let is_rule = self.indent == 0 && self.text.len() >= 3;
        (is_rule && self.text.chars().all(|letter| letter == sign)).then_some(sign)
    }

    /// Whether it is a line of a table and has no text.
    fn is_border(&self) -> bool {
        self.text.len() >= 3 && self.text.bytes().all(|byte| b"=-+| ".contains(&byte))
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }
}

/// Reads the part of `source` from `start` on.
pub(super) fn read(source: &str, start: usize, builder: &mut Builder) {
    let mut at = start;
    let mut lines = Vec::new();
    for line in source[start..].split_inclusive('\n') {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        lines.push(Line { start: at + indent, text: text.trim_start(), indent });
        at += line.len();
    }
    let kind = BlockKind::Paragraph;
    let mut reader = Reader { builder, lines, at: 0, styles: Vec::new(), margin: None, indent: 0, kind };
    while reader.at < reader.lines.len() {
        reader.step();
    }
    reader.end_block();
}

struct Reader<'a, 'b> {
    builder: &'b mut Builder,
    lines: Vec<Line<'a>>,
    at: usize,
    /// The title styles in the order in which they came: their levels.
    styles: Vec<(char, bool)>,
    /// Where the text of the list item or admonition under way is indented to.
    margin: Option<usize>,
    indent: usize,
    kind: BlockKind,
}

impl Reader<'_, '_> {
    fn step(&mut self) {
        if self.lines[self.at].is_blank() {
            self.blank();
        } else if !self.title() {
            self.text();
        }
    }

    fn blank(&mut self) {
        let literal = self.builder.prose.text().trim_end().ends_with("::");
        self.end_block();
        self.at += 1;
        if literal {
            self.pass_over_deeper_than(self.indent);
        }
    }

    fn text(&mut self) {
        let line = &self.lines[self.at];
        let (indent, text) = (line.indent, line.text);
        if line.is_border() {
            self.end_block();
            self.at += 1;
        } else if text == ".." || text.starts_with(".. ") || text.starts_with("__ ") {
            self.explicit(indent, ADMONITION.is_match(text));
        } else if let Some(bullet) = BULLET.find(text) {
            self.item(indent, bullet.end());
        } else if self.builder.prose.text().is_empty() {
            self.paragraph(indent);
        } else {
            self.line(0);
        }
    }

    /// Reads a title at this line; whether there was one.
    fn title(&mut self) -> bool {
        let line = |ahead: usize| self.lines.get(self.at + ahead);
        let sign = |ahead: usize| line(ahead).and_then(Line::adornment);
        let text =
            |ahead: usize| line(ahead).is_some_and(|line| !line.is_blank() && line.adornment().is_none());
        let style = match (sign(0), sign(1), sign(2)) {
            (Some(over), None, Some(under)) if text(1) && over == under => (under, true),
            (None, Some(under), _) if line(0).is_some_and(|line| line.indent == 0) => (under, false),
            _ => return false,
        };
        if !self.builder.prose.text().is_empty() {
            return false;
        }
        let (before, after) = if style.1 { (1, 3) } else { (0, 2) };
        self.at += before;
        self.line(0);
        let level = self.level(style);
        self.builder.end_heading(level);
        self.at += after - before - 1;
        self.margin = None;
        true
    }

    fn level(&mut self, style: (char, bool)) -> u8 {
        let known = self.styles.iter().position(|known| *known == style);
        let index = known.unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        u8::try_from(index + 1).unwrap_or(u8::MAX)
    }

    fn explicit(&mut self, indent: usize, admonition: bool) {
        self.end_block();
        let start = self.lines[self.at].start;
        self.at += 1;
        if admonition {
            self.margin = Some(indent + 1);
        } else {
            self.pass_over_deeper_than(indent);
            let last = self.lines[..self.at].iter().rev().find(|line| !line.is_blank());
            self.builder.comments.push(start..last.map_or(start, |line| line.start + line.text.len()));
        }
    }

    fn item(&mut self, indent: usize, bullet: usize) {
        self.end_block();
        self.margin = Some(indent + 1);
        (self.kind, self.indent) = (BlockKind::Item, indent);
        self.line(bullet);
    }

    /// Begins a paragraph; an indented one outside lists is a quotation.
    fn paragraph(&mut self, indent: usize) {
        let inside = self.margin.is_some_and(|margin| indent >= margin);
        let line = &self.lines[self.at];
        if line.text.starts_with(">>>") || (indent > 0 && !inside) {
            self.pass_over_until_blank();
            return;
        }
        self.margin = self.margin.filter(|_| inside);
        self.kind = if inside { BlockKind::Item } else { BlockKind::Paragraph };
        self.indent = indent;
        self.line(0);
    }

    fn pass_over_deeper_than(&mut self, indent: usize) {
        while self.lines.get(self.at).is_some_and(|line| line.is_blank() || line.indent > indent) {
            self.at += 1;
        }
    }

    fn pass_over_until_blank(&mut self) {
        while self.lines.get(self.at).is_some_and(|line| !line.is_blank()) {
            self.at += 1;
        }
    }

    /// Takes the line's text from `from` on into the block under way.
    fn line(&mut self, from: usize) {
        let line = &self.lines[self.at];
        let (text, start) = (&line.text[from..], line.start + from);
        let source = |range: Range<usize>| start + range.start..start + range.end;
        let prose = &mut self.builder.prose;
        let mut done = 0;
        for found in APART.captures_iter(text) {
            let apart = found.get_match();
            prose.words(&text[done..apart.start()], source(done..apart.start()));
            // Literal text and roles leave their inside behind, an address and a sign nothing.
            if let Some(inside) = found.name("literal") {
                prose.code(inside.as_str(), source(inside.range()));
            }
            if let Some(inside) = found.name("role") {
                prose.words(inside.as_str(), source(inside.range()));
            }
            done = apart.end();
        }
        prose.words(&text[done..], source(done..text.len()));
        prose.space(source(text.len()..text.len()));
        self.at += 1;
    }

    fn end_block(&mut self) {
        self.builder.end_block(self.kind);
    }
}
