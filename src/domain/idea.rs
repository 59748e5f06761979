//! The idea: what the user hands in, as text with a name.

use super::ids::{IdError, JobId};

/// An idea may have this many Unicode characters.
pub const MAX_IDEA_CHARS: usize = 200_000;
/// A context file may have this many Unicode characters.
pub const MAX_CONTEXT_CHARS: usize = 50_000;

/// Why bytes are no idea, or no context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdeaError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 text: the byte at offset {0} (counted from 0) fits no character")]
    NotUtf8(usize),
    /// Nothing but white space.
    #[error("nothing to review: it is empty or white space only")]
    Empty,
    /// Too much text.
    #[error("{chars} characters; at most {limit} can be reviewed at once")]
    TooLong {
        /// How many there are.
        chars: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// Reads bytes as text of 1 to `limit` characters, not all of them white space.
///
/// # Errors
/// [`IdeaError`] when they are not UTF-8, blank or too long.
pub fn decode(bytes: &[u8], limit: usize) -> Result<&str, IdeaError> {
    let text = std::str::from_utf8(bytes).map_err(|error| IdeaError::NotUtf8(error.valid_up_to()))?;
    if text.trim().is_empty() {
        return Err(IdeaError::Empty);
    }
    match text.chars().count() {
        chars if chars > limit => Err(IdeaError::TooLong { chars, limit }),
        _ => Ok(text),
    }
}

/// The extension under which an idea is kept: the file's own in lower case where it is 1 to 8 letters
/// and digits, else `txt`.
#[must_use]
pub fn extension(file_name: &str) -> String {
    let own = file_name.rsplit_once('.').map(|(stem, extension)| (stem, extension.to_ascii_lowercase()));
    match own {
        Some((stem, extension))
            if !stem.is_empty()
                && matches!(extension.len(), 1..=8)
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            extension
        }
        _ => "txt".to_owned(),
    }
}

/// The lines of a document's front matter (between `---` lines at its very top) with their numbers,
/// from 1; none when it has no front matter.
pub fn front_matter(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines();
    let is_fence = |line: &str| line.trim_end() == "---";
    let has = lines.next().is_some_and(is_fence) && lines.clone().any(is_fence);
    let body = lines.take_while(move |line| has && !is_fence(line));
    body.enumerate().map(|(index, line)| (index + 2, line))
}

/// The job that a document names in its front matter (`job: ID`).
///
/// # Errors
/// The line, from 1, and why its value is no job id.
pub fn front_matter_job(text: &str) -> Result<Option<JobId>, (usize, IdError)> {
    let named = front_matter(text).find_map(|(number, line)| Some((number, line.strip_prefix("job:")?)));
    let Some((number, value)) = named else { return Ok(None) };
    let value = value.trim();
    let unquoted = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    unquoted.unwrap_or(value).parse().map(Some).map_err(|error| (number, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_characters() {
        assert!(decode("é".repeat(MAX_IDEA_CHARS).as_bytes(), MAX_IDEA_CHARS).is_ok());
        let long = "é".repeat(MAX_IDEA_CHARS + 1);
        assert!(matches!(decode(long.as_bytes(), MAX_IDEA_CHARS), Err(IdeaError::TooLong { .. })));
        assert_eq!(decode(b"ab\xffc", 10), Err(IdeaError::NotUtf8(2)));
        assert_eq!(decode(b" \n", 10), Err(IdeaError::Empty));
    }

    #[test]
    fn extensions_are_short_and_plain() {
        for (name, kept) in [
            ("rfc.md", "md"),
            ("RFC.MD", "md"),
            ("a.tar.gz", "gz"),
            ("README", "txt"),
            (".bashrc", "txt"),
            ("a.", "txt"),
            ("a.b/c", "txt"),
            ("a.\u{1b}x", "txt"),
            ("a.abcdefghi", "txt"),
        ] {
            assert_eq!(extension(name), kept, "{name}");
        }
    }

    #[test]
    fn front_matter_names_the_job() {
        let job = |text| front_matter_job(text).map(|job| job.map(String::from));
        assert_eq!(job("---\ntitle: x\njob: 'rfc-7'\n---\njob: no").unwrap().as_deref(), Some("rfc-7"));
        assert_eq!(job("---\njob: x").unwrap(), None);
        assert_eq!(job("text\n---\njob: x\n---").unwrap(), None);
        assert_eq!(job("---\r\njob: x\r\n---\r\n").unwrap().as_deref(), Some("x"));
        assert_eq!(job("---\na: b\njob: ../x\n---").unwrap_err().0, 3);
    }
}
