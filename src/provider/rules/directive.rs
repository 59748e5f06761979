//! What a document tells the rules in comments: which findings its author has seen and answers for, and what
//! kind of document it is.
//!
//! ```text
//! <!-- consensus: ignore RULE because REASON -->     on the line, or right before the paragraph
//! <!-- consensus: kind KIND -->
//! ```

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use regex::Regex;

use super::document::Document;

static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)(?:<!--|\.\.)\s*consensus:\s*(.*?)\s*(?:-->|$)").expect("the pattern is a literal")
});
static IGNORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)^ignore\b([A-Za-z0-9_,\s-]*?)(?:\s+because\b[:\s]*(.*))?$")
        .expect("the pattern is a literal")
});

/// A comment for the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// Its line.
    pub(super) line: u32,
    /// The lines that it is about.
    pub(super) covers: RangeInclusive<u32>,
    pub(super) says: Says,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// Findings of these rules are answered for.
    Ignore { rules: Vec<String>, because: String },
    /// It is such a document.
    Kind(String),
    /// Nothing that is understood.
    Unclear(&'static str),
}

/// The directives of a document, in its order.
pub(super) fn directives(document: &Document) -> Vec<Directive> {
    let mut found = Vec::new();
    for comment in &document.comments {
        for capture in COMMENT.captures_iter(&document.source[comment.clone()]) {
            let whole = capture.get_match().range();
            // In reStructuredText the whole comment is one; what stands within another is its text.
            if capture[0].starts_with("..") && whole.start > 0 {
                continue;
            }
            let (start, end) = (comment.start + whole.start, comment.start + whole.end);
            let (line, last) = document.lines.of_range(&(start..end));
            let covers = line..=after(document, end, last);
            found.push(Directive { line, covers, says: says(&capture[1]) });
        }
    }
    found
}

/// The last line that a comment is about, which ends at `end` on line `last`: that of the block that follows,
/// unless a heading or more than a blank line comes first.
fn after(document: &Document, end: usize, last: u32) -> u32 {
    let ranges = |index: usize| {
        let block = document.blocks.get(index)?;
        Some(block.prose.source(&(0..block.prose.text().len())))
    };
    let first = document.blocks.partition_point(|block| block.prose.source(&(0..1)).start < end);
    let Some(range) = ranges(first) else { return last };
    let (from, to) = document.lines.of_range(&range);
    let heading = document.headings.partition_point(|heading| heading.source.start < end);
    let headed = document.headings.get(heading).is_some_and(|heading| heading.source.start < range.start);
    if from <= last + 2 && !headed { to } else { last }
}

fn says(text: &str) -> Says {
    if let Some(kind) = text.strip_prefix("kind") {
        let kind = kind.split_whitespace().next().unwrap_or_default();
        return Says::Kind(kind.to_owned());
    }
    let Some(found) = IGNORE.captures(text) else {
        return Says::Unclear("takes `ignore RULE because REASON` or `kind KIND`");
    };
    let rules: Vec<String> = found[1]
        .split([',', ' ', '\n', '\t', '\r'])
        .filter(|rule| !rule.is_empty())
        .map(str::to_owned)
        .collect();
    let because =
        found.get(2).map(|because| because.as_str().split_whitespace().collect::<Vec<_>>().join(" "));
    match because.filter(|because| !because.is_empty()) {
        _ if rules.is_empty() => Says::Unclear("names no rule: `ignore RULE because REASON`"),
        None => Says::Unclear("gives no reason: `ignore RULE because REASON`"),
        Some(because) => Says::Ignore { rules, because },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, extension: &str) -> Vec<Directive> {
        directives(&Document::read(text, extension))
    }

    #[test]
    fn a_comment_is_about_its_line_and_the_paragraph_that_follows() {
        let covers = |text: &str, extension: &str| {
            read(text, extension).iter().map(|found| found.covers.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            covers("One.\n\n<!-- consensus: ignore a because b -->\nTwo\nthree.\n\nFour.", "md"),
            [3..=5]
        );
        assert_eq!(covers("One <!-- consensus: ignore a because b --> two\nthree.", "md"), [1..=1]);
        assert_eq!(covers("<!-- consensus: ignore a because b -->\n# H\n\nText.", "md"), [1..=1]);
        assert_eq!(covers(".. consensus: ignore a because\n   b c\n\nTwo.\n", "rst"), [1..=4]);
        assert_eq!(covers("<!-- consensus: ignore a because b -->\nTwo.\n", "txt"), [1..=2]);
        assert_eq!(covers("```\n<!-- consensus: ignore a because b -->\n```\n", "md"), []);
    }

    #[test]
    fn what_is_unclear_says_why() {
        let one = |text: &str| read(text, "md").remove(0).says;
        let ignore = |rules: &[&str], because: &str| Says::Ignore {
            rules: rules.iter().map(|&rule| rule.to_owned()).collect(),
            because: because.to_owned(),
        };
        assert_eq!(one("<!-- consensus: ignore a, b because\n of c -->"), ignore(&["a", "b"], "of c"));
        assert_eq!(one("<!--consensus: kind plan-->"), Says::Kind("plan".to_owned()));
        assert!(
            matches!(one("<!-- consensus: ignore a -->"), Says::Unclear(why) if why.contains("no reason"))
        );
        assert!(
            matches!(one("<!-- consensus: ignore because c -->"), Says::Unclear(why) if why.contains("no rule"))
        );
        assert!(matches!(one("<!-- consensus: skip -->"), Says::Unclear(_)));
    }
}
