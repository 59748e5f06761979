//! Recording the inputs of a run whose manifest does not say what they were.

use std::collections::BTreeMap;

use super::engine::{self, MigrationError, Outcome, Stamp};
use super::registry::Registry;
use crate::domain::digest::Digest;
use crate::domain::identity::inputs_hash;
use crate::domain::ids::RunId;
use crate::domain::json::{ObjectText, Value, to_value};
use crate::domain::manifest::FileRecord;

const SNAPSHOTS: &str = "input_snapshots";
const HASH: &str = "inputs_hash";

/// A file under `inputs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// Its path under `inputs/`.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfilled {
    /// The manifest.
    pub outcome: Outcome,
    /// Whether the run's id follows from the inputs; none where nothing was recorded.
    pub id_agrees: Option<bool>,
}

/// Records the files under a run's `inputs/`, where the manifest has none recorded (null, `{}` or
/// absent).
///
/// Older tools named a file by its name up to the first dot. That naming is taken where the run's id, or
/// a recorded `inputs_hash`, follows from it; else each file is named by its path.
///
/// # Errors
/// [`MigrationError`]: a manifest older than 1.1.0 has no place for it; a recorded `inputs_hash` that the
/// files do not give is not explained away.
pub fn backfill_inputs(
    registry: &Registry,
    bytes: &[u8],
    run: &RunId,
    files: &[InputFile],
    stamp: &Stamp<'_>,
) -> Result<Backfilled, MigrationError> {
    let mut document = ObjectText::parse(bytes)?;
    let version = engine::version(registry, &document, None)?;
    if version < semver::Version::new(1, 1, 0) {
        return Err(MigrationError::TooOld(version));
    }
    let is_recorded = |name: &str| !matches!(document.get(name), None | Some("null" | "{}"));
    let has_hash = is_recorded(HASH);
    let recorded = document.get(SNAPSHOTS).map(|raw| Value::parse(raw.as_bytes())).transpose()?;
    let recorded = recorded.filter(|value| !value.members().is_empty());
    if recorded.is_some() && has_hash || recorded.is_none() && files.is_empty() {
        return Ok(Backfilled { outcome: Outcome::Current(version), id_agrees: None });
    }
    let mut words = Vec::new();
    let names: BTreeMap<String, Digest> = if let Some(value) = &recorded {
        as_recorded(value, files)?
    } else {
        let hash = document.get(HASH).filter(|_| has_hash).map(ToOwned::to_owned);
        let names = named(files, run, hash.as_deref())?;
        words.push(format!("recorded {SNAPSHOTS}: {} files", names.len()));
        document.set(SNAPSHOTS, &snapshots(&names));
        names.into_iter().map(|(name, file)| (name, file.digest)).collect()
    };
    let hash = inputs_hash(names.iter().map(|(name, digest)| (name.as_str(), *digest)));
    if !has_hash {
        words.push(format!("recorded {HASH}"));
        document.set(HASH, &hash.to_string().into());
    }
    let path = vec![version.clone(), version];
    let rewritten = engine::sealed(bytes, document, path, vec![words], stamp)?;
    Ok(Backfilled { outcome: Outcome::Rewritten(rewritten), id_agrees: Some(run.follows_from(&hash)) })
}

/// The digests of snapshots that are recorded, if the files still are what they say.
fn as_recorded(recorded: &Value, files: &[InputFile]) -> Result<BTreeMap<String, Digest>, MigrationError> {
    let snapshots: BTreeMap<String, FileRecord> = crate::domain::json::from_value(recorded)?;
    let found: BTreeMap<String, Digest> =
        files.iter().map(|file| (format!("inputs/{}", file.path), file.digest)).collect();
    let differs = snapshots.values().find(|file| found.get(&file.path) != Some(&file.sha256));
    if let Some(file) = differs {
        let problem = format!("`{}` is not what `{SNAPSHOTS}` says it was", file.path.escape_debug());
        return Err(MigrationError::Disagrees(problem));
    }
    Ok(snapshots.into_iter().map(|(name, file)| (name, file.sha256)).collect())
}

/// The files by the names from which the run's id or the recorded hash follows; else by their paths.
fn named<'f>(
    files: &'f [InputFile],
    run: &RunId,
    recorded: Option<&str>,
) -> Result<BTreeMap<String, &'f InputFile>, MigrationError> {
    let stems: BTreeMap<String, &InputFile> = files.iter().map(|file| (stem(&file.path), file)).collect();
    let paths: BTreeMap<String, &InputFile> = files.iter().map(|file| (file.path.clone(), file)).collect();
    // Two files of one stem could not both be named by it.
    let namings = [Some(stems).filter(|stems| stems.len() == files.len()), Some(paths)];
    let mut namings = namings.into_iter().flatten();
    let hash_of = |names: &BTreeMap<String, &InputFile>| {
        inputs_hash(names.iter().map(|(name, file)| (name.as_str(), file.digest)))
    };
    let fitting = namings.clone().find(|names| match recorded {
        Some(recorded) => {
            let recorded = recorded.trim_matches('"').parse::<Digest>();
            recorded.is_ok_and(|recorded| recorded == hash_of(names))
        }
        None => run.follows_from(&hash_of(names)),
    });
    match (fitting, recorded) {
        (Some(names), _) => Ok(names),
        (None, Some(_)) => Err(MigrationError::Disagrees(format!(
            "the files under inputs/ do not give the recorded `{HASH}`"
        ))),
        (None, None) => Ok(namings.next_back().unwrap_or_default()),
    }
}

/// A file's name up to its first dot; one that begins with it keeps its name.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.split_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

fn snapshots(names: &BTreeMap<String, &InputFile>) -> Value {
    let record = |file: &InputFile| {
        let path = format!("inputs/{}", file.path);
        to_value(&FileRecord { path, sha256: file.digest, bytes: file.bytes })
    };
    Value::Object(names.iter().map(|(name, file)| (name.clone(), record(file))).collect())
}
