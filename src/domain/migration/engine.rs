//! Applying a path of steps to a manifest's text.

use semver::Version;

use super::class::{Class, VERSION, classify};
use super::registry::{NoPath, Registry, Step};
use crate::domain::digest::Digest;
use crate::domain::json::{self, JsonError, ObjectText, Value, to_value};
use crate::domain::manifest::{Backup, HISTORY, MAX_MANIFEST_BYTES, TOOL, backups, fits};

/// What a history entry says besides what was changed.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// When: RFC 3339, UTC.
    pub applied_at: &'a str,
    /// The version of this program.
    pub tool_version: &'a str,
    /// The file that the bytes before are kept in.
    pub backup: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has that version already, or one beyond it.
    Current(Version),
    /// It would become this.
    Rewritten(Rewritten),
}

/// A manifest that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// Its new bytes.
    pub bytes: Vec<u8>,
    /// Every version on the way, the first and the last included.
    pub path: Vec<Version>,
    /// What each step changed, in words.
    pub changes: Vec<Vec<String>>,
}

/// Why a manifest is not migrated. It is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// It is not strict JSON, or no object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It states no version.
    #[error("field `schema_version`: it is missing")]
    Unversioned,
    /// It has a version that is not known, older than the newest.
    #[error("field `schema_version`: {0} is no version that this program knows")]
    Unknown(Version),
    /// It has a version newer than this program.
    #[error("field `schema_version`: {0} is newer than this program, which knows versions up to {1}")]
    Newer(Version, Version),
    /// No steps lead to the target.
    #[error(transparent)]
    NoPath(#[from] NoPath),
    /// What it is, or would become, is no manifest of that version.
    #[error("it does not fit version {version}: {source}")]
    Shape {
        /// The version.
        version: Version,
        /// What does not fit.
        source: JsonError,
    },
    /// A step changed what it may not.
    #[error("step {step} changed `{member}`, which it may not; this is a bug in the step")]
    Step {
        /// The step.
        step: String,
        /// The member.
        member: String,
    },
    /// It would become larger than anything that is read.
    #[error("it would have {0} bytes; at most {MAX_MANIFEST_BYTES} are read")]
    TooLarge(usize),
    /// Its version has no place for what is to be recorded.
    #[error("version {0} has no place for it")]
    TooOld(Version),
    /// What was recorded does not agree with the files.
    #[error("{0}")]
    Disagrees(String),
}

/// Migrates a manifest to `target`. A manifest that states no version is taken for `assumed`, where one
/// is given.
///
/// # Errors
/// [`MigrationError`]; a manifest for which it is given is to be left as it is.
pub fn migrate(
    registry: &Registry,
    bytes: &[u8],
    target: &Version,
    assumed: Option<&Version>,
    stamp: &Stamp<'_>,
) -> Result<Outcome, MigrationError> {
    let before = ObjectText::parse(bytes)?;
    let from = version(registry, &before, assumed)?;
    let is_stated = matches!(classify(registry, &before), Class::Known(_));
    if is_stated && (from == *target || registry.path(target, &from).is_ok()) {
        return Ok(Outcome::Current(from));
    }
    let steps = registry.path(&from, target)?;
    let (mut document, mut changes) = (before.clone(), Vec::new());
    for step in &steps {
        let after = (step.apply)(document.clone());
        changes.push(changed(step, &document, &after)?);
        document = after;
    }
    document.set(VERSION, &target.to_string().into());
    let path = std::iter::once(&from).chain(steps.iter().map(|step| &step.to)).cloned().collect();
    sealed(bytes, document, path, changes, stamp).map(Outcome::Rewritten)
}

/// The version of a document that can be migrated.
pub(super) fn version(
    registry: &Registry,
    document: &ObjectText<'_>,
    assumed: Option<&Version>,
) -> Result<Version, MigrationError> {
    match classify(registry, document) {
        Class::Known(version) => Ok(version),
        Class::Unversioned => assumed.cloned().ok_or(MigrationError::Unversioned),
        Class::Unknown(version) => Err(MigrationError::Unknown(version)),
        Class::Newer(version) => {
            Err(MigrationError::Newer(version, registry.latest().unwrap_or(Version::new(0, 0, 0))))
        }
        Class::Corrupt(error) => Err(error.into()),
    }
}

/// What a step changed, in words; that it only added what it may is asserted. Members stay in their
/// places, so that both documents are compared in one go.
fn changed(
    step: &Step,
    before: &ObjectText<'_>,
    after: &ObjectText<'_>,
) -> Result<Vec<String>, MigrationError> {
    let broken = |member: &str| MigrationError::Step { step: step.to_string(), member: member.to_owned() };
    let mut there = after.members();
    for (name, value) in before.members() {
        if there.next() != Some((name, value)) {
            return Err(broken(name));
        }
    }
    let mut words = Vec::new();
    for (name, value) in there {
        if !step.adds.contains(&name) {
            return Err(broken(name));
        }
        let value = Value::parse(value.as_bytes()).map_err(|_| broken(name))?;
        words.push(format!("added {name}: {}", json::canonical(&value)));
    }
    let kept = step.adds.iter().filter(|name| before.get(name).is_some());
    words.extend(kept.map(|name| format!("kept {name}")));
    Ok(words)
}

/// Checks what a document became, and writes into it what was done.
pub(super) fn sealed(
    before: &[u8],
    mut document: ObjectText<'_>,
    path: Vec<Version>,
    changes: Vec<Vec<String>>,
    stamp: &Stamp<'_>,
) -> Result<Rewritten, MigrationError> {
    let (Some(from), Some(to)) = (path.first(), path.last()) else {
        return Err(MigrationError::Disagrees("there is no path".to_owned()));
    };
    let shape = |source| MigrationError::Shape { version: to.clone(), source };
    let after = Value::parse(document.text().as_bytes())?;
    if !matches!(after.get(HISTORY), None | Some(Value::Null | Value::Array(_))) {
        let problem = "it takes an array".to_owned();
        return Err(shape(JsonError::Shape { path: HISTORY.to_owned(), problem }));
    }
    let after = after.without(HISTORY);
    let canonical = json::canonical(&after);
    fits(to, &after, &canonical).map_err(shape)?;
    let checksum_before = json::digest(&Value::parse(before)?.without(HISTORY)).to_string();
    let checksum_after = Digest::of(canonical.as_bytes()).to_string();
    let entry = [
        ("from_version", from.to_string().into()),
        ("to_version", to.to_string().into()),
        ("applied_at", stamp.applied_at.into()),
        ("changes", to_value(&changes)),
        ("tool", object([("name", TOOL.into()), ("version", stamp.tool_version.into())])),
        (
            "backup",
            object([("file", stamp.backup.into()), ("sha256", Digest::of(before).to_string().into())]),
        ),
        ("checksum_before", checksum_before.into()),
        ("checksum_after", checksum_after.into()),
    ];
    document.push(HISTORY, &object(entry));
    let bytes = document.text().into_bytes();
    if bytes.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(MigrationError::TooLarge(bytes.len()));
    }
    Ok(Rewritten { bytes, path, changes })
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The bytes that a manifest had before its last change, where this program made that change; none where
/// there is nothing to go back to.
///
/// # Errors
/// [`JsonError`] for what is no manifest, or whose last entry does not say where its backup is.
pub fn last_backup(bytes: &[u8]) -> Result<Option<Backup>, JsonError> {
    let document = Value::parse(bytes)?;
    let count = document.get(HISTORY).map(Value::items).unwrap_or_default().len();
    match backups(&document).next_back() {
        Some((index, backup)) if index + 1 == count => backup.map(Some),
        _ => Ok(None),
    }
}
