//! The ways in which a manifest is rewritten.

use std::path::Path;

use semver::Version;

use super::super::{Clock, OpsError};
use crate::domain::digest::Digest;
use crate::domain::json::{ObjectText, Value};
use crate::domain::manifest::ManifestError;
use crate::domain::migration::{
    self, Class, InputFile, MigrationError, Outcome, Registry, Rewritten, Stamp, Versions, classify,
};
use crate::store::{FileKind, Kept, RunDir, StoreError};

/// What to do with manifests.
#[derive(Debug)]
pub enum Rewrite {
    /// Bring them to a version.
    Migrate {
        /// The steps.
        registry: Registry,
        /// The version.
        target: Version,
        /// What a manifest that states no version is taken for.
        assumed: Option<Version>,
    },
    /// Go back to the bytes before the last change.
    Restore,
    /// Record the files under `inputs/`.
    BackfillInputs {
        /// The steps, which know the versions.
        registry: Registry,
    },
    /// Record versions that are not recorded.
    BackfillVersions {
        /// The steps, which know the versions of manifests.
        registry: Registry,
        /// What is recorded.
        versions: Versions,
    },
}

/// What a manifest would become.
#[derive(Debug)]
pub struct Change {
    /// Its bytes.
    pub before: Vec<u8>,
    /// The bytes that it would have.
    pub after: Vec<u8>,
    /// Every version on the way, the first and the last included.
    pub versions: Vec<Version>,
    /// What each step changes, in words.
    pub changes: Vec<Vec<String>>,
    /// Where inputs are recorded, whether the run's id follows from them.
    pub id_agrees: Option<bool>,
    /// Whether it could then be restored further.
    pub more_to_restore: bool,
}

impl Change {
    /// What it takes of memory while it waits to be put into place, about, in bytes.
    pub(super) fn weight(&self) -> usize {
        2 * self.before.len() + self.after.len()
    }
}

impl Rewrite {
    /// What the bytes before are kept as.
    pub(super) fn kept(&self) -> Kept {
        match self {
            Self::Restore => Kept::Restored,
            Self::Migrate { .. } | Self::BackfillInputs { .. } | Self::BackfillVersions { .. } => {
                Kept::Backup
            }
        }
    }

    /// Whether there is something to do; much quicker than the whole plan. The run is opened where it must
    /// be.
    pub(super) fn is_due(
        &self,
        run: impl FnOnce() -> Result<RunDir, StoreError>,
        path: &Path,
        bytes: &[u8],
        clock: Clock,
    ) -> Result<bool, OpsError> {
        if let Self::Migrate { registry, target, assumed } = self {
            let refused =
                |source: MigrationError| OpsError::Migration { path: path.to_owned(), source: source.into() };
            let document = ObjectText::parse(bytes).map_err(|error| refused(error.into()))?;
            match classify(registry, &document) {
                Class::Known(version) => return Ok(version < *target),
                Class::Unversioned if assumed.is_some() => return Ok(true),
                // The plan says what is wrong with it.
                _ => {}
            }
        }
        Ok(self.plan(&run()?, bytes, clock)?.is_some())
    }

    /// What the run's manifest, which has these bytes, would become; none where it is to stay.
    pub(super) fn plan(&self, run: &RunDir, bytes: &[u8], clock: Clock) -> Result<Option<Change>, OpsError> {
        let path = || run.manifest_path();
        let refused = |source: MigrationError| OpsError::Migration { path: path(), source: source.into() };
        let (outcome, id_agrees) = match self {
            Self::Restore => return restored(run, bytes),
            Self::Migrate { registry, target, assumed } => {
                let (backup, _) = run.kept_name(Kept::Backup, bytes)?;
                let now = clock.now();
                let stamp = stamp(&now, &backup);
                let outcome = migration::migrate(registry, bytes, target, assumed.as_ref(), &stamp);
                (outcome.map_err(refused)?, None)
            }
            Self::BackfillInputs { registry } => {
                let (backup, _) = run.kept_name(Kept::Backup, bytes)?;
                let (now, files) = (clock.now(), input_files(run)?);
                let stamp = stamp(&now, &backup);
                let done = migration::backfill_inputs(registry, bytes, run.id(), &files, &stamp);
                let done = done.map_err(refused)?;
                (done.outcome, done.id_agrees)
            }
            Self::BackfillVersions { registry, versions } => {
                let (backup, _) = run.kept_name(Kept::Backup, bytes)?;
                let now = clock.now();
                let done = migration::backfill_versions(registry, bytes, versions, &stamp(&now, &backup));
                (done.map_err(refused)?, None)
            }
        };
        Ok(match outcome {
            Outcome::Current(_) => None,
            Outcome::Rewritten(Rewritten { bytes: after, path, changes }) => Some(Change {
                before: bytes.to_vec(),
                after,
                versions: path,
                changes,
                id_agrees,
                more_to_restore: true,
            }),
        })
    }
}

fn stamp<'a>(applied_at: &'a str, backup: &'a str) -> Stamp<'a> {
    Stamp { applied_at, tool_version: env!("CARGO_PKG_VERSION"), backup }
}

/// The bytes before the last change, proven by their digest.
fn restored(run: &RunDir, bytes: &[u8]) -> Result<Option<Change>, OpsError> {
    let last = match migration::last_backup(bytes) {
        Ok(last) => last,
        Err(source) => {
            let path = run.manifest_path();
            return Err(match run.newest_backup()? {
                Some(backup) => OpsError::Unrestorable { path, source: source.into(), backup },
                None => OpsError::Manifest { path, source: ManifestError::Json(source) },
            });
        }
    };
    let Some(backup) = last else { return Ok(None) };
    let path = run.path().join(&backup.file);
    let damaged = |problem: String| OpsError::Backup { path: path.clone(), problem };
    let after = run.backup(&backup.file).map_err(|error| damaged(error.to_string()))?;
    let actual = Digest::of(&after);
    if actual != backup.digest {
        return Err(damaged(format!("{} is recorded, it has {actual}", backup.digest)));
    }
    let version = |bytes: &[u8]| {
        let stated = Value::parse(bytes).ok()?.get("schema_version")?.as_str()?.to_owned();
        Version::parse(&stated).ok()
    };
    let versions = [version(bytes), version(&after)].into_iter().flatten().collect();
    let changes = vec![vec![format!("back to {}", backup.file)]];
    let more_to_restore = matches!(migration::last_backup(&after), Ok(Some(_)));
    Ok(Some(Change { before: bytes.to_vec(), after, versions, changes, id_agrees: None, more_to_restore }))
}

/// The files under the run's `inputs/`.
fn input_files(run: &RunDir) -> Result<Vec<InputFile>, OpsError> {
    let mut files = Vec::new();
    for (path, kind) in run.input_files()? {
        if path.contains(char::REPLACEMENT_CHARACTER) {
            let source = MigrationError::Disagrees(format!("the name `{path}` is no UTF-8 text"));
            return Err(OpsError::Migration { path: run.manifest_path(), source: source.into() });
        }
        if kind != FileKind::File {
            let source = MigrationError::Disagrees(format!("`{}` is no regular file", path.escape_debug()));
            return Err(OpsError::Migration { path: run.manifest_path(), source: source.into() });
        }
        let (digest, bytes) = run.hash(&path)?;
        let path = path.strip_prefix("inputs/").unwrap_or(&path).to_owned();
        files.push(InputFile { path, digest, bytes });
    }
    Ok(files)
}
