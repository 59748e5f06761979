//! Reads plain text. It relies on blank lines and indentation: a short line by itself that is numbered,
//! underlined, in capitals or ends with a colon is a heading. Text with Markdown headings is read as Markdown.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::blocks::{BlockKind, Builder};

static NUMBERED: LazyLock<Regex> = LazyLock::new(|| literal(r"^(\d{1,2}(?:\.\d{1,2})*)\.?[ \t]+[A-Z]"));
static BULLET: LazyLock<Regex> = LazyLock::new(|| literal(r"^(?:[-*+•o]|\(?(?:\d{1,3}|[a-z])[.)])[ \t]+"));
static MARKDOWN: LazyLock<Regex> = LazyLock::new(|| literal(r"(?m)^#{1,6}[ \t]+\S"));

/// A heading has so many words at most.
const MOST_WORDS: usize = 8;
/// Text that is indented so much more than the rest is code, or a picture.
const DEEP: usize = 4;

fn literal(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a literal")
}

/// Whether `text` is really Markdown.
pub(super) fn is_markdown(text: &str) -> bool {
    MARKDOWN.is_match(text)
}

struct Line<'a> {
    start: usize,
    text: &'a str,
    indent: usize,
}

/// Reads the part of `source` from `start` on.
pub(super) fn read(source: &str, start: usize, builder: &mut Builder) {
    let lines = lines(source, start);
    let margin = lines.iter().filter(|line| !line.text.is_empty()).map(|line| line.indent).min().unwrap_or(0);
    let indents = lines.iter().filter(|line| line.indent > margin && !BULLET.is_match(line.text));
    let body =
        indents.map(|line| line.indent).min().filter(|indent| indent - margin < DEEP).unwrap_or(margin);
    let end = lines.iter().rposition(|line| !line.text.is_empty()).unwrap_or(0);
    let mut at = 0;
    let mut list = false;
    while at < lines.len() {
        let line = &lines[at];
        let alone = at == 0 || lines[at - 1].text.is_empty();
        let next = lines.get(at + 1).map_or("", |line| line.text);
        if line.text.is_empty() {
            builder.end_block(kind(list));
        } else if let Some(level) = level(line.text, next).filter(|_| alone && at < end) {
            builder.end_block(kind(list));
            list = false;
            words(builder, line, 0..line.text.trim_end_matches(':').len());
            builder.end_heading(level);
            at += usize::from(is_rule(next));
        } else if let Some(bullet) = BULLET.find(line.text) {
            builder.end_block(kind(list));
            list = true;
            words(builder, line, bullet.end()..line.text.len());
        } else if line.text.starts_with("<!--") && line.text.ends_with("-->") {
            builder.end_block(kind(list));
            builder.comments.push(line.start..line.start + line.text.len());
        } else if line.text.starts_with('>') || (alone && !list && line.indent >= body + DEEP) {
            while lines.get(at + 1).is_some_and(|line| !line.text.is_empty()) {
                at += 1;
            }
        } else {
            list = list && !(alone && line.indent <= body);
            words(builder, line, 0..line.text.len());
        }
        at += 1;
    }
    builder.end_block(kind(list));
}

fn kind(list: bool) -> BlockKind {
    if list { BlockKind::Item } else { BlockKind::Paragraph }
}

fn lines(source: &str, start: usize) -> Vec<Line<'_>> {
    let mut at = start;
    let mut found = Vec::new();
    for whole in source[start..].split_inclusive('\n') {
        let text = whole.trim_end();
        let indent = text.len() - text.trim_start().len();
        found.push(Line { start: at + indent, text: text.trim_start(), indent });
        at += whole.len();
    }
    found
}

fn words(builder: &mut Builder, line: &Line<'_>, range: Range<usize>) {
    let source = line.start + range.start..line.start + range.end;
    builder.prose.words(&line.text[range], source.clone());
    builder.prose.space(source.end..source.end);
}

/// The level of the heading that a line by itself is, where it is one.
fn level(text: &str, next: &str) -> Option<u8> {
    let short = text.split_whitespace().count() <= MOST_WORDS && text.contains(char::is_alphabetic);
    let open = !text.ends_with(['.', ',', ';', '!', '?']);
    if !short || !open {
        return None;
    }
    if is_rule(next) {
        return Some(if next.starts_with('=') { 1 } else { 2 });
    }
    if !next.is_empty() {
        return None;
    }
    if let Some(found) = NUMBERED.captures(text) {
        return Some(u8::try_from(1 + found[1].matches('.').count()).unwrap_or(u8::MAX));
    }
    let capitals = !text.contains(char::is_lowercase);
    let title = text.split_whitespace().count() <= 4 && text.starts_with(char::is_uppercase);
    (capitals || text.ends_with(':') || title).then_some(2)
}

fn is_rule(text: &str) -> bool {
    text.len() >= 3 && ['=', '-', '~'].iter().any(|sign| text.chars().all(|letter| letter == *sign))
}
