//! Text that is not blank.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Trimmed text with at least one character left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "\\S"))]
pub struct Text(String);

/// A text of white space only.
#[derive(Debug, thiserror::Error)]
#[error("must not be blank")]
pub struct BlankText;

impl Text {
    /// Trims `text`.
    ///
    /// # Errors
    /// [`BlankText`] when nothing is left.
    pub fn new(text: &str) -> Result<Self, BlankText> {
        let trimmed = text.trim();
        if trimmed.is_empty() { Err(BlankText) } else { Ok(Self(trimmed.to_owned())) }
    }

    /// Trims `text`; `otherwise` stands in when nothing is left.
    ///
    /// # Panics
    /// When `otherwise` is blank, which a literal never is.
    #[must_use]
    pub fn or(text: &str, otherwise: &'static str) -> Self {
        Self::new(text)
            .or_else(|_| Self::new(otherwise))
            .expect("the fallback is a literal that is not blank")
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Text {
    type Error = BlankText;

    fn try_from(text: String) -> Result<Self, BlankText> {
        Self::new(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character is not seen for what it is: control characters, and those that turn the direction of
/// text or have no width. The two joiners that scripts and emoji need are seen for what they do.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// `text` with every run of white space folded into one space, and none at the ends: the form in
/// which a quotation is compared with its document.
#[must_use]
pub fn fold_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_text_is_refused_and_the_rest_is_trimmed() {
        assert!(Text::new(" \n\t").is_err());
        assert_eq!(Text::new("  a b ").unwrap().as_str(), "a b");
        assert_eq!(Text::or(" ", "none").as_str(), "none");
    }
}
