//! What stands before the text proper: a byte order mark, front matter between `---` lines, or a
//! preamble of `Key: value` lines. It relies on `domain::idea` for what front matter is, and takes
//! nothing out of it but a title.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::idea;

static FIELD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Z][A-Za-z-]{1,30}:(?:[ \t]|$)").expect("the pattern is a literal"));

/// What was found before the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matter {
    /// Where the text starts.
    pub(super) end: usize,
    pub(super) title: Option<String>,
}

/// Reads what stands before the text.
pub(super) fn read(source: &str) -> Matter {
    let start = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let fences = fence_end(&source[start..]);
    let end = start + fences.unwrap_or_else(|| preamble_end(&source[start..]));
    let title = match fences {
        Some(_) => idea::front_matter(source).find_map(|(_, line)| title(line)),
        None => source[start..end].lines().find_map(title),
    };
    Matter { end, title }
}

fn title(line: &str) -> Option<String> {
    let value = line.strip_prefix("title:").or_else(|| line.strip_prefix("Title:"))?.trim();
    let quoted = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let value = quoted.unwrap_or(value).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Where the line after the closing `---` starts.
fn fence_end(text: &str) -> Option<usize> {
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().filter(|line| line.trim_end() == "---")?;
    let mut end = opening.len();
    for line in lines {
        end += line.len();
        if line.trim_end() == "---" {
            return Some(end);
        }
    }
    None
}

/// Where a preamble ends: at least two fields at the very top, up to a blank line.
fn preamble_end(text: &str) -> usize {
    let (mut end, mut fields) = (0, 0);
    for line in text.split_inclusive('\n').take_while(|line| !line.trim().is_empty()) {
        let is_field = FIELD.is_match(line.trim_end());
        let goes_on = fields > 0 && line.starts_with([' ', '\t']);
        if !is_field && !goes_on {
            return 0;
        }
        fields += usize::from(is_field);
        end += line.len();
    }
    if fields >= 2 { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_and_preambles_give_a_title_and_are_skipped() {
        let found = |source: &str| {
            let matter = read(source);
            (source[matter.end..].to_owned(), matter.title)
        };
        let title = |title: &str| Some(title.to_owned());
        assert_eq!(found("\u{feff}---\ntitle: 'A b'\n---\nText"), ("Text".to_owned(), title("A b")));
        assert_eq!(found("---\r\nx: y\r\n---\r\nText"), ("Text".to_owned(), None));
        assert_eq!(found("PEP: 1\nTitle: A\n b\nEmpty:\n\nText"), ("\nText".to_owned(), title("A")));
        assert_eq!(found("Note: text goes on\nhere."), ("Note: text goes on\nhere.".to_owned(), None));
        assert_eq!(found("\u{feff}---\nopen"), ("---\nopen".to_owned(), None));
    }
}
