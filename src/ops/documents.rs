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
/// hidden or ignored by git, in the order of names.
#[must_use]
pub fn documents_at(paths: Vec<PathBuf>, context: Vec<PathBuf>) -> Documents {
    let entry = move |path: PathBuf| Entry {
        shown: path.display().to_string(),
        source: SourceKind::File(path),
        context: context.clone(),
        job: None,
    };
    let at = |path: PathBuf| -> Box<dyn Iterator<Item = Result<PathBuf, Box<NoDocument>>> + Send> {
        if path.is_dir() { Box::new(below(&path)) } else { Box::new([Ok(path)].into_iter()) }
    };
    Box::new(paths.into_iter().flat_map(at).map(move |path| path.map(&entry)))
}

fn below(dir: &Path) -> impl Iterator<Item = Result<PathBuf, Box<NoDocument>>> + Send + use<> {
    let shown = dir.display().to_string();
    let walk = WalkBuilder::new(dir).sort_by_file_name(std::cmp::Ord::cmp).build();
    walk.filter_map(move |entry| match entry {
        Ok(entry) => {
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            let extension = entry.path().extension().unwrap_or_default().to_ascii_lowercase();
            let is_document = is_file && EXTENSIONS.iter().any(|known| extension == *known);
            is_document.then(|| Ok(entry.into_path()))
        }
        Err(error) => {
            let problem = error.to_string();
            let source = error.into_io_error().unwrap_or_else(|| io::Error::other(problem));
            let error = SourceError::Io { shown: shown.clone(), source }.into();
            Some(Err(Box::new(NoDocument { shown: shown.clone(), error })))
        }
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
                // Nothing behind it is a line.
                self.reader = Box::new(io::empty());
                let problem = format!("it has more than {MAX_LINE} bytes; what follows is not read");
                return Some(refused(place, problem));
            }
            if !line.trim_ascii().is_empty() {
                return Some(self.entry(&line, place));
            }
        }
    }
}

impl Lines {
    fn entry(&self, line: &[u8], place: String) -> Named {
        let Line { file, text, job, context } = match json::from_slice(line.trim_ascii()) {
            Ok(line) => line,
            Err(error) => return refused(place, error.to_string()),
        };
        let (shown, source) = match (file, text) {
            (Some(file), None) => (file.display().to_string(), SourceKind::File(file)),
            (None, Some(text)) => (place, SourceKind::Text(text)),
            _ => return refused(place, "it names one document: `file` or `text`".to_owned()),
        };
        Ok(Entry { shown, source, context: self.context.iter().cloned().chain(context).collect(), job })
    }
}

fn refused(place: String, problem: String) -> Named {
    let error = OpsError::BatchLine { place: place.clone(), problem };
    Err(Box::new(NoDocument { shown: place, error }))
}
