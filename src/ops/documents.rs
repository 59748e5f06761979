//! The documents that a batch names: paths, what is below directories, or the lines of a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use serde::Deserialize;

use super::{Entry, Named, NoDocument, OpsError, SourceError, SourceKind};
use crate::domain::ids::JobId;
use crate::domain::json;

/// Files with these extensions are documents.
const EXTENSIONS: [&str; 5] = ["md", "markdown", "rst", "adoc", "txt"];
/// No line is longer, in bytes.
const MAX_LINE: u64 = 2 * 1024 * 1024;

/// A line that has no end after so many times [`MAX_LINE`] has none.
const MOST_SKIPPED: usize = 512;

/// Documents, one after the other.
pub type Documents = Box<dyn Iterator<Item = Named> + Send>;

/// A line of a file that names documents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    file: Option<PathBuf>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    job: Option<JobId>,
    #[serde(default)]
    context: Vec<PathBuf>,
}

/// The documents at `paths`, each with this context: files as they are, and of directories what is below them and is not
/// hidden or ignored by git, in the order of names. A directory without one is told as none.
#[must_use]
pub fn documents_at(paths: Vec<PathBuf>, context: Vec<PathBuf>) -> Documents {
    Box::new(paths.into_iter().flat_map(move |path| -> Documents {
        if path.as_os_str() == "-" {
            let problem =
                "standard input is one document, which `run -` takes; `--from -` reads a list".to_owned();
            return Box::new([no_document("-".to_owned(), problem)].into_iter());
        }
        if path.is_dir() {
            return Box::new(below(path, context.clone()));
        }
        let key = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Box::new([Ok(entry(path, key, context.clone()))].into_iter())
    }))
}

fn entry(path: PathBuf, key: String, context: Vec<PathBuf>) -> Entry {
    Entry { shown: path.display().to_string(), key, source: SourceKind::File(path), context, job: None }
}

fn below(dir: PathBuf, context: Vec<PathBuf>) -> impl Iterator<Item = Named> + Send {
    let shown = dir.display().to_string();
    let walk = WalkBuilder::new(&dir).sort_by_file_name(std::cmp::Ord::cmp).build();
    let none = {
        let problem = format!("no document is below it: none has an extension of {}", EXTENSIONS.join(", "));
        no_document(shown.clone(), problem)
    };
    let found = walk.filter_map(move |found| match found {
        Ok(found) => {
            let extension = found.path().extension().unwrap_or_default().to_ascii_lowercase();
            // What is no file, and a link to nothing, is said to be so when it is read.
            let is_document = EXTENSIONS.iter().any(|known| extension == *known) && !found.path().is_dir();
            let key = found.path().strip_prefix(&dir).unwrap_or(found.path()).to_string_lossy().into_owned();
            is_document.then(|| Ok(entry(found.into_path(), key, context.clone())))
        }
        Err(error) => {
            let problem = error.to_string();
            let source = error.into_io_error().unwrap_or_else(|| io::Error::other(problem));
            let error = SourceError::Io { shown: shown.clone(), source }.into();
            Some(Err(Box::new(NoDocument { shown: shown.clone(), error })))
        }
    });
    let (mut found, mut none) = (found, Some(none));
    std::iter::from_fn(move || match found.next() {
        Some(one) => {
            none = None;
            Some(one)
        }
        None => none.take(),
    })
}

/// The documents that the lines of a file name, each with this context besides its own; `-` is standard input.
///
/// # Errors
/// [`OpsError::NoFile`], [`OpsError::Source`] where the file cannot be opened.
pub fn documents_from(path: &Path, context: Vec<PathBuf>) -> Result<Documents, OpsError> {
    let shown =
        if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let reader: Box<dyn BufRead + Send> = if path.as_os_str() == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let opened = File::open(path).and_then(|file| {
            let is_dir = file.metadata()?.is_dir();
            if is_dir { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
        });
        match opened {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpsError::NoFile(shown)),
            Err(source) => return Err(SourceError::Io { shown, source }.into()),
        }
    };
    Ok(Box::new(Lines { reader, shown, number: 0, context }))
}

struct Lines {
    reader: Box<dyn BufRead + Send>,
    shown: String,
    number: usize,
    context: Vec<PathBuf>,
}

impl Iterator for Lines {
    type Item = Named;

    fn next(&mut self) -> Option<Named> {
        loop {
            let mut line = Vec::new();
            self.number += 1;
            let place = format!("{}, line {}", self.shown, self.number);
            let failed = |source| {
                let error = SourceError::Io { shown: self.shown.clone(), source };
                Some(Err(Box::new(NoDocument { shown: place.clone(), error: error.into() })))
            };
            match self.reader.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return failed(error),
            }
            if line.len() as u64 > MAX_LINE {
                let problem = format!("it has more than {MAX_LINE} bytes");
                if !line.ends_with(b"\n") && !self.skip_line() {
                    self.reader = Box::new(io::empty());
                }
                return Some(refused(place, problem));
            }
            if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if !line.trim_ascii().is_empty() {
                return Some(self.entry(&line, place));
            }
        }
    }
}

impl Lines {
    /// Passes the rest of a line over, and says whether it came to an end.
    fn skip_line(&mut self) -> bool {
        for _ in 0..MOST_SKIPPED {
            let mut rest = Vec::new();
            match self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut rest) {
                Ok(read) if read > 0 && !rest.ends_with(b"\n") => {}
                Ok(_) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    fn entry(&self, line: &[u8], place: String) -> Named {
        let Line { file, text, job, context } = match json::from_slice(line.trim_ascii()) {
            Ok(line) => line,
            Err(error) => return refused(place, error.to_string()),
        };
        let (shown, key, source) = match (file, text) {
            (Some(file), None) => {
                (file.display().to_string(), file.to_string_lossy().into_owned(), SourceKind::File(file))
            }
            (None, Some(text)) => (place, text.clone(), SourceKind::Text(text)),
            _ => return refused(place, "it names one document: `file` or `text`".to_owned()),
        };
        Ok(Entry { shown, key, source, context: self.context.iter().cloned().chain(context).collect(), job })
    }
}

fn no_document(shown: String, problem: String) -> Named {
    let error = OpsError::NoDocument(shown.clone(), problem);
    Err(Box::new(NoDocument { shown, error }))
}

fn refused(place: String, problem: String) -> Named {
    let error = OpsError::BatchLine { place: place.clone(), problem };
    Err(Box::new(NoDocument { shown: place, error }))
}
