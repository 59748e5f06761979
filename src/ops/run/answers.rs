//! Reading the answers that people or programs wrote, off the disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::domain::panel::Panel;
use crate::domain::step::Step;
use crate::ops::OpsError;
use crate::ops::input::{InputError, read_regular};
use crate::ops::source::SourceError;
use crate::provider::file::{AnswerError, Answers, review_file};
use crate::provider::panel::Asked;

/// No answer is larger, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The answers in `dir`, which must be enough for the quorum.
///
/// # Errors
/// [`OpsError::Answer`], [`OpsError::MissingAnswers`], [`OpsError::NoFile`].
pub(super) fn read(dir: &Path, panel: &Panel, steps: &BTreeMap<Step, Asked>) -> Result<Answers, OpsError> {
    let mut files = BTreeMap::new();
    let proposal = dir.join("proposal.json");
    if proposal.symlink_metadata().is_ok() {
        files.insert("proposal.json".to_owned(), read_file(dir, "proposal.json")?);
    }
    let shown = dir.join("reviews");
    let listed = fs::read_dir(&shown).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => OpsError::NoFile(shown.display().to_string()),
        _ => SourceError::Io { shown: shown.display().to_string(), source }.into(),
    })?;
    for entry in listed {
        let entry = entry.map_err(|source| SourceError::Io { shown: shown.display().to_string(), source })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "json") {
            let file = format!("reviews/{name}");
            let bytes = read_file(dir, &file)?;
            files.insert(file, bytes);
        }
    }
    let answers =
        Answers::read(files, panel).map_err(|source| OpsError::Answer { dir: dir.to_owned(), source })?;
    let is_missing = |step: &Step, asked: &Asked| match step {
        Step::Review(id) if *asked == Asked::File && !answers.has_review(id) => Some(review_file(id)),
        _ => None,
    };
    let missing: Vec<String> = steps.iter().filter_map(|(step, asked)| is_missing(step, asked)).collect();
    let (there, quorum) = (panel.personas.len() - missing.len(), panel.quorum());
    if there < quorum {
        return Err(OpsError::MissingAnswers { dir: dir.to_owned(), missing, quorum });
    }
    Ok(answers)
}

fn read_file(dir: &Path, file: &str) -> Result<Vec<u8>, OpsError> {
    let path = dir.join(file);
    let refused = |problem: String| {
        let source = AnswerError { file: file.to_owned(), problem };
        OpsError::Answer { dir: dir.to_owned(), source }
    };
    read_regular(&path, MAX_BYTES).map_err(|error| match error {
        InputError::Io(source) => SourceError::Io { shown: path.display().to_string(), source }.into(),
        InputError::WrongKind(kind) => refused(format!("it is {kind}, not a file")),
        InputError::TooLarge => refused(format!("it has more than {MAX_BYTES} bytes")),
    })
}
