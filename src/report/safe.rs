//! Text from documents and models, made harmless: a control character in it could move the cursor,
//! change the title or hide what stands there, so it is shown as an escape.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::domain::text::is_hidden;

/// `text` on one line: white space folded, hidden characters as `\u{…}`.
#[must_use]
pub fn safe(text: &str) -> String {
    safe_lines(&crate::domain::text::fold_space(text))
}

/// `text` with its lines and spaces as they are, hidden characters as `\u{…}`.
#[must_use]
pub fn safe_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) && letter != '\n' {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// JSON text with hidden characters as `\uXXXX`, which says the same.
#[must_use]
pub fn safe_json(json: &str) -> Cow<'_, str> {
    let must_go = |letter: char| is_hidden(letter) && letter != '\n';
    if !json.contains(must_go) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if must_go(letter) {
            let _ = letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"));
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(safe("a\u{1b}[31m\tb\n c\u{202e}d\u{9b}"), "a\\u{1b}[31m b c\\u{202e}d\\u{9b}");
        assert_eq!(safe("naïve 数据 🙂"), "naïve 数据 🙂");
        assert_eq!(safe_json("{\n \"a\": \"\u{9b}\u{7f}é\"\n}"), "{\n \"a\": \"\\u009b\\u007fé\"\n}");
    }
}
