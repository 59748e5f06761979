//! Reading a recording: a cassette, or a run's directory. Both are the user's own, wherever they lie.

use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::domain::digest::Digest;
use crate::domain::event::Log;
use crate::domain::exchange::Exchange;
use crate::domain::json;
use crate::domain::request::Request;
use crate::ops::OpsError;
use crate::ops::input::{InputError, read_regular};
use crate::ops::source::SourceError;
use crate::provider::model::{RecordedWith, Recording};

/// No file of a recording is larger, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What the exchanges of a cassette were recorded with.
const ABOUT: &str = "recording.json";
/// A digest has so many digits.
const HEX: usize = 64;

/// The recording at `dir`, and what it was made with.
///
/// # Errors
/// [`OpsError::Recording`] naming the file, [`OpsError::NoFile`].
pub(super) fn read(dir: &Path) -> Result<(RecordedWith, Recording), OpsError> {
    let about = dir.join(ABOUT);
    let (with, mut exchanges) = if about.symlink_metadata().is_ok() {
        (parsed(&about)?, listed(dir, &|name| name.len() == HEX + ".json".len())?)
    } else {
        let inputs = dir.join("inputs");
        let request: Request = parsed(&inputs.join("request.json"))?;
        let (models, prompts) = (parsed(&inputs.join("model.json"))?, parsed(&inputs.join("prompts.json"))?);
        let with = RecordedWith { models, prompts, sample: request.sample };
        let mut exchanges = Vec::new();
        for attempt in names(&dir.join("attempts"))? {
            let attempt = dir.join("attempts").join(attempt);
            if attempt.join("exchanges").is_dir() {
                exchanges.extend(logged(&attempt)?);
            }
        }
        (with, exchanges)
    };
    // Of several answers to one request the one that was given last counts.
    exchanges.sort_by(|a, b| a.at.cmp(&b.at));
    let recording = Recording::of(exchanges);
    if recording.is_empty() {
        return Err(refused(dir, "it holds no answer of a model".to_owned()));
    }
    Ok((with, recording))
}

/// The exchanges of an attempt, each of which is as its log recorded it.
fn logged(attempt: &Path) -> Result<Vec<Exchange>, OpsError> {
    let path = attempt.join("events.jsonl");
    let log = Log::read(&bytes(&path)?).map_err(|error| refused(&path, error.to_string()))?;
    let exchanges = listed(&attempt.join("exchanges"), &|_| true)?;
    let differs = |exchange: &&Exchange| {
        let recorded = log.exchange(&exchange.step, exchange.call);
        recorded.is_some_and(|recorded| recorded != Digest::of(&exchange.bytes()))
    };
    match exchanges.iter().find(differs) {
        Some(exchange) => {
            let file = attempt.join("exchanges").join(exchange.file());
            Err(refused(&file, "it is not what the log recorded".to_owned()))
        }
        None => Ok(exchanges),
    }
}

fn listed(dir: &Path, is_one: &dyn Fn(&str) -> bool) -> Result<Vec<Exchange>, OpsError> {
    let names = names(dir)?.into_iter().filter(|name| {
        is_one(name) && Path::new(name).extension().is_some_and(|extension| extension == "json")
    });
    names
        .map(|name| {
            let path = dir.join(name);
            Exchange::read(&bytes(&path)?).map_err(|error| refused(&path, error.to_string()))
        })
        .collect()
}

/// The names in a directory, sorted.
fn names(dir: &Path) -> Result<Vec<String>, OpsError> {
    let io = |source| SourceError::Io { shown: dir.display().to_string(), source };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(io)?,
    };
    let name =
        |entry: io::Result<fs::DirEntry>| Ok(entry.map_err(io)?.file_name().to_string_lossy().into_owned());
    let mut names = entries.map(name).collect::<Result<Vec<_>, OpsError>>()?;
    names.sort();
    Ok(names)
}

fn parsed<T: DeserializeOwned>(path: &Path) -> Result<T, OpsError> {
    json::from_slice(&bytes(path)?).map_err(|error| refused(path, error.to_string()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, OpsError> {
    read_regular(path, MAX_BYTES).map_err(|error| match error {
        InputError::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            OpsError::NoFile(path.display().to_string())
        }
        InputError::Io(source) => SourceError::Io { shown: path.display().to_string(), source }.into(),
        InputError::WrongKind(kind) => refused(path, format!("it is {kind}")),
        InputError::TooLarge => refused(path, "it is larger than 64 MiB".to_owned()),
    })
}

fn refused(path: &Path, problem: String) -> OpsError {
    OpsError::Recording { path: path.to_owned(), problem }
}
