//! Reading what the user hands in: the idea and its context. These files are the user's own, wherever
//! they lie; what is hostile about them is their content, which is limited and checked here.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::idea::{self, IdeaError, MAX_CONTEXT_CHARS, MAX_IDEA_CHARS};
use crate::domain::ids::{IdError, JobId};
use crate::ops::input::{InputError, read_at_most, read_regular};

/// No character takes more bytes than this in UTF-8.
const MAX_BYTES_PER_CHAR: usize = 4;

/// Where an idea comes from.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Text on the command line.
    Text(String),
}

/// An idea as handed in, checked.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its text.
    pub text: String,
    /// The extension under which it is kept.
    pub extension: String,
    /// What the user called it, for messages.
    pub shown: String,
    file: Option<PathBuf>,
}

/// A context file as handed in, checked.
#[derive(Debug, Clone)]
pub struct ContextFile {
    /// Its base name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why something cannot be reviewed. Each names what the user handed in.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not there.
    #[error("`{0}` is not there")]
    NotFound(String),
    /// It is no regular file.
    #[error("`{shown}` is {kind}, not a file")]
    WrongKind {
        /// What was named.
        shown: String,
        /// What it is.
        kind: &'static str,
    },
    /// It is no text of the right length.
    #[error("`{shown}`: {source}")]
    Content {
        /// What was named.
        shown: String,
        /// What is wrong with it.
        source: IdeaError,
    },
    /// It has far too many bytes; the rest was not read.
    #[error(
        "`{shown}`: more than {limit} bytes, so more than the {chars} characters that can be reviewed at once"
    )]
    TooManyBytes {
        /// What was named.
        shown: String,
        /// How many are read.
        limit: usize,
        /// The limit in characters.
        chars: usize,
    },
    /// Its front matter names a job that cannot be.
    #[error("`{shown}`, line {line}, front matter field `job`: {source}")]
    FrontMatter {
        /// What was named.
        shown: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: IdError,
    },
    /// A context file's name cannot be kept.
    #[error(
        "context file `{0}`: its name may have letters, digits, `.`, `_` and `-` only, the first one a letter or digit"
    )]
    ContextName(String),
    /// Two context files have the same name.
    #[error("context file `{0}`: another one has the same name")]
    ContextTwice(String),
    /// The system refused.
    #[error("cannot read `{shown}`: {source}")]
    Io {
        /// What was named.
        shown: String,
        /// Why not.
        source: io::Error,
    },
}

impl Source {
    /// Reads an idea.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be read or is no text of 1 to 200,000 characters.
    pub fn read(kind: &SourceKind) -> Result<Self, SourceError> {
        let (shown, extension, bytes) = match kind {
            SourceKind::File(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (show(path), idea::extension(&name), read_file(path, MAX_IDEA_CHARS)?)
            }
            SourceKind::Stdin => {
                let shown = "standard input".to_owned();
                let read = |limit| read_at_most(io::stdin().lock(), limit);
                let bytes = limited(&shown, MAX_IDEA_CHARS, read)?;
                (shown, "txt".to_owned(), bytes)
            }
            SourceKind::Text(text) => ("--text".to_owned(), "txt".to_owned(), text.clone().into_bytes()),
        };
        let text = checked(&bytes, &shown, MAX_IDEA_CHARS)?;
        let file = if let SourceKind::File(path) = kind { Some(path.clone()) } else { None };
        Ok(Self { text, extension, shown, file })
    }

    /// A document that was made of what the user called `shown`, written as its extension says.
    ///
    /// # Errors
    /// [`SourceError`] when it is no text of 1 to 200,000 characters.
    pub(super) fn document(shown: &str, text: String, extension: &str) -> Result<Self, SourceError> {
        checked(text.as_bytes(), shown, MAX_IDEA_CHARS)?;
        Ok(Self { text, extension: extension.to_owned(), shown: shown.to_owned(), file: None })
    }

    /// The job that the idea belongs to where none was named: its front matter says, else its file's
    /// name, else its hash.
    ///
    /// # Errors
    /// [`SourceError::FrontMatter`] when the front matter names an impossible one.
    pub fn job(&self) -> Result<JobId, SourceError> {
        let named = idea::front_matter_job(&self.text)
            .map_err(|(line, source)| SourceError::FrontMatter { shown: self.shown.clone(), line, source })?;
        let stem = || self.file.as_ref()?.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Ok(named.or_else(|| JobId::slug(&stem()?)).unwrap_or_else(|| JobId::of_idea(self.text.as_bytes())))
    }
}

impl ContextFile {
    /// Reads context files.
    ///
    /// # Errors
    /// [`SourceError`] when one cannot be read, is no text of 1 to 50,000 characters, has a name that
    /// cannot be kept, or the name of another.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>, SourceError> {
        let mut files: Vec<Self> = Vec::with_capacity(paths.len());
        for path in paths {
            let shown = show(path);
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.parse::<JobId>().is_err() {
                return Err(SourceError::ContextName(shown));
            }
            // Some file systems do not tell `A` from `a`.
            if files.iter().any(|file| file.name.eq_ignore_ascii_case(name)) {
                return Err(SourceError::ContextTwice(shown));
            }
            let text = checked(&read_file(path, MAX_CONTEXT_CHARS)?, &shown, MAX_CONTEXT_CHARS)?;
            files.push(Self { name: name.to_owned(), text });
        }
        Ok(files)
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

fn checked(bytes: &[u8], shown: &str, limit: usize) -> Result<String, SourceError> {
    match idea::decode(bytes, limit) {
        Ok(text) => Ok(text.to_owned()),
        Err(source) => Err(SourceError::Content { shown: shown.to_owned(), source }),
    }
}

/// As many bytes as `max_chars` characters can have, from where `shown` says.
fn limited(
    shown: &str,
    max_chars: usize,
    read: impl FnOnce(usize) -> Result<Vec<u8>, InputError>,
) -> Result<Vec<u8>, SourceError> {
    let (shown, limit) = (shown.to_owned(), max_chars * MAX_BYTES_PER_CHAR);
    read(limit).map_err(|error| match error {
        InputError::WrongKind(kind) => SourceError::WrongKind { shown, kind },
        InputError::TooLarge => SourceError::TooManyBytes { shown, limit, chars: max_chars },
        InputError::Io(source) if source.kind() == io::ErrorKind::NotFound => SourceError::NotFound(shown),
        InputError::Io(source) => SourceError::Io { shown, source },
    })
}

fn read_file(path: &Path, max_chars: usize) -> Result<Vec<u8>, SourceError> {
    limited(&show(path), max_chars, |limit| read_regular(path, limit))
}
