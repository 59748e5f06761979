//! Reading a file that the user named: a regular one, of limited size, without ever waiting for it.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::{OpsError, SourceError};
use crate::domain::refusal::Refusal;
use crate::domain::written::FileRefusal;

/// A stored structure is never larger, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Why a file was not read.
#[derive(Debug)]
pub enum InputError {
    /// It is no regular file.
    WrongKind(&'static str),
    /// It has more bytes than are read.
    TooLarge,
    /// The system refused.
    Io(io::Error),
}

/// The bytes of the regular file at `path`, at most `limit` of them. Links on the way are the user's own.
///
/// # Errors
/// [`InputError`]; a FIFO or device is refused without waiting for whoever writes to it.
pub fn read_regular(path: &Path, limit: usize) -> Result<Vec<u8>, InputError> {
    // Looked at after it is open, so that what was looked at is what is read.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(InputError::Io)?;
    let kind = file.metadata().map_err(InputError::Io)?.file_type();
    if kind.is_dir() {
        return Err(InputError::WrongKind("a directory"));
    }
    if !kind.is_file() {
        return Err(InputError::WrongKind("a FIFO or device"));
    }
    read_at_most(file, limit)
}

/// The bytes of a file that the user named, `-` being standard input, at most 16 MiB.
///
/// # Errors
/// [`OpsError::Source`] naming the file.
pub fn read_input(path: &Path) -> Result<Vec<u8>, OpsError> {
    let (shown, read) = read_named(path, MAX_BYTES);
    read.map_err(|error| match error {
        InputError::Io(error) if error.kind() == io::ErrorKind::NotFound => OpsError::NoFile(shown),
        InputError::Io(source) => SourceError::Io { shown, source }.into(),
        InputError::WrongKind(kind) => SourceError::WrongKind { shown, kind }.into(),
        InputError::TooLarge => OpsError::FileTooLarge { shown, limit: MAX_BYTES },
    })
}

/// The bytes of a file that the user named, `-` being standard input, at most `limit` of them, and what to
/// call it.
pub(super) fn read_named(path: &Path, limit: usize) -> (String, Result<Vec<u8>, InputError>) {
    if path.as_os_str() == "-" {
        return ("standard input".to_owned(), read_at_most(io::stdin().lock(), limit));
    }
    (path.display().to_string(), read_regular(path, limit))
}

/// What to call a file that people write, and its text or why it is none: at most `limit` bytes of it.
///
/// # Errors
/// [`OpsError::NoFile`], or what the system refuses.
pub(super) fn read_written(
    path: &Path,
    limit: usize,
) -> Result<(String, Result<String, FileRefusal>), OpsError> {
    let (shown, read) = read_named(path, limit);
    let refused =
        |problem: String| Err(FileRefusal { line: None, refusal: Refusal::new("bad_file", "", problem) });
    let text = match read {
        Ok(bytes) => String::from_utf8(bytes).or_else(|error| {
            let at = error.utf8_error().valid_up_to();
            refused(format!("it is not UTF-8 text, from byte {at} on"))
        }),
        Err(InputError::WrongKind(kind)) => refused(format!("it is {kind}, not a file")),
        Err(InputError::TooLarge) => refused(format!("it is larger than {} KiB", limit / 1024)),
        Err(InputError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpsError::NoFile(shown));
        }
        Err(InputError::Io(source)) => return Err(SourceError::Io { shown, source }.into()),
    };
    Ok((shown, text))
}

/// The bytes that `reader` gives, at most `limit` of them.
///
/// # Errors
/// [`InputError::TooLarge`] when there are more; what the system refuses.
pub(super) fn read_at_most(reader: impl Read, limit: usize) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(InputError::Io)?;
    if bytes.len() > limit { Err(InputError::TooLarge) } else { Ok(bytes) }
}
