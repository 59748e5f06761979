//! Quotes: the words of the source that a finding rests on. A quote is always one contiguous slice of
//! the source, so that anyone can find it there; a secret is never repeated in full.

use std::ops::Range;

use super::document::Document;
use super::prose::floor;
use crate::domain::review::Evidence;

/// A longer quote is cut to a window around the match.
const LONGEST_QUOTE: usize = 240;
/// So much of a secret is quoted, in bytes: what every secret of its kind begins with.
const SECRET_START: usize = 4;
/// A name before `=` or `:` is no secret, and is quoted up to so many bytes.
const LONGEST_NAME: usize = 24;

/// Quotes the sentence around a match, both ranges of the source; none where nothing would be left.
pub(super) fn quote(
    document: &Document,
    sentence: &Range<usize>,
    found: &Range<usize>,
    secrets: &[Range<usize>],
) -> Option<Evidence> {
    let quote = window(&document.source, sentence, found);
    let inside = secrets.iter().filter(|secret| secret.start < quote.end && quote.start < secret.end);
    match inside.min_by_key(|secret| secret.start) {
        Some(secret) if secret.start <= quote.start => quote_secret(document, secret),
        Some(secret) => evidence(document, quote.start..secret.start),
        None => evidence(document, quote),
    }
}

/// Quotes the beginning of a secret.
pub(super) fn quote_secret(document: &Document, secret: &Range<usize>) -> Option<Evidence> {
    let end = floor(&document.source, secret.start + SECRET_START).min(secret.end);
    let text = &document.source[secret.clone()];
    let sign = text.find(['=', ':']).filter(|sign| *sign <= LONGEST_NAME);
    let is_name =
        |name: &str| name.chars().all(|letter| letter.is_ascii_alphabetic() || "_-".contains(letter));
    let name = sign.filter(|sign| is_name(&text[..*sign]));
    evidence(document, secret.start..name.map_or(end, |sign| secret.start + sign + 1))
}

fn evidence(document: &Document, range: Range<usize>) -> Option<Evidence> {
    let whole = &document.source[range.clone()];
    let quote = whole.trim();
    let start = range.start + (whole.len() - whole.trim_start().len());
    let (start_line, end_line) = document.lines.of_range(&(start..start + quote.len()));
    let found = Evidence { quote: quote.to_owned(), start_line, end_line, supported: false, run_id: None };
    (!quote.is_empty()).then_some(found)
}

/// The sentence, or as much of it as fits, with the match in its middle.
fn window(source: &str, sentence: &Range<usize>, found: &Range<usize>) -> Range<usize> {
    let sentence = floor(source, sentence.start)..floor(source, sentence.end).max(sentence.start);
    if source[sentence.clone()].chars().count() <= LONGEST_QUOTE {
        return sentence;
    }
    let room = LONGEST_QUOTE.saturating_sub(found.len()) / 2;
    let start = floor(source, found.start.saturating_sub(room).max(sentence.start));
    let end = floor(source, (start + LONGEST_QUOTE).min(sentence.end));
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_around_the_match() {
        let text = format!("{} danger {}", "é ".repeat(200), "ü ".repeat(200));
        let document = Document::read(&text, "md");
        let at = text.find("danger").unwrap();
        let quoted = quote(&document, &(0..text.len()), &(at..at + 6), &[]).unwrap();
        assert!(quoted.quote.contains("danger") && quoted.quote.len() <= LONGEST_QUOTE);
        assert!(text.contains(&quoted.quote));
    }

    #[test]
    fn a_secret_is_quoted_by_its_beginning() {
        let document = Document::read("x\nabcdefgh", "md");
        let quoted = quote_secret(&document, &(2..10)).unwrap();
        assert_eq!((quoted.quote.as_str(), quoted.start_line, quoted.end_line), ("abcd", 2, 2));
        let named = Document::read("api_key=abcdefgh", "md");
        assert_eq!(quote_secret(&named, &(0..16)).unwrap().quote, "api_key=");
    }
}
