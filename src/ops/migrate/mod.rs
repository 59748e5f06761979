//! `migrate` and `backfill`: manifests rewritten without losing a byte.
//!
//! What rewrites a manifest is a plan first ([`mod@plan`]): the bytes that it would become, for `--dry-run` to
//! show. [`mod@apply`] makes the plan again under the run's lock and carries it out. [`mod@survey`] only looks.

mod apply;
mod plan;
mod rewrite;
mod survey;

use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};

use semver::Version;

use super::{OpsError, RunRef, Workspace};
use crate::domain::ids::JobId;
use crate::domain::migration::Registry;
use crate::store::{RunDir, Store, StoreError};

pub use apply::{ApplyReport, apply};
pub use plan::{Planned, plan};
pub use rewrite::{Change, Rewrite};
pub use survey::{Survey, check_migration, survey};

/// Which manifests.
#[derive(Debug, Clone)]
pub enum Manifests {
    /// All of the store.
    All,
    /// Those of one job.
    Job(JobId),
    /// One, by its path, which must lie in the store.
    Path(PathBuf),
    /// That of one run.
    Run(RunRef),
}

/// Which manifests, and how to go through them.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Which.
    pub manifests: Manifests,
    /// With how many threads.
    pub threads: NonZeroUsize,
    /// Whether to stop at the first one that fails.
    pub fail_fast: bool,
}

/// A manifest that is left alone, and why.
#[derive(Debug)]
pub struct Failure {
    /// Where it lies, or the job that cannot be listed.
    pub path: PathBuf,
    /// Why.
    pub error: Box<OpsError>,
}

/// The version to migrate to: the one that is wanted, which must be known, or the latest.
///
/// # Errors
/// [`OpsError::NoSuchVersion`]
pub fn target(registry: &Registry, wanted: Option<&Version>) -> Result<Version, OpsError> {
    let target = wanted.cloned().or_else(|| registry.latest()).unwrap_or(Version::new(0, 0, 0));
    if registry.knows(&target) {
        Ok(target)
    } else {
        Err(OpsError::NoSuchVersion { wanted: target, known: registry.versions() })
    }
}

impl Manifests {
    /// The store that they lie in, and the one run, where they are not many.
    fn open(&self, workspace: &Workspace<'_>) -> Result<(Store, Option<RunDir>), OpsError> {
        match self {
            Self::All | Self::Job(_) => Ok((Store::open(&workspace.store)?, None)),
            Self::Path(path) => one_manifest(&workspace.store, path).map(|(store, run)| (store, Some(run))),
            Self::Run(run) => run.resolve(&workspace.store).map(|(store, run)| (store, Some(run))),
        }
    }

    fn job(&self) -> Option<&JobId> {
        if let Self::Job(job) = self { Some(job) } else { None }
    }
}

/// The run of a manifest that is named by its path, which must be `JOB/RUN/manifest.json` in the store.
fn one_manifest(store: &Path, path: &Path) -> Result<(Store, RunDir), OpsError> {
    let opened = Store::open(store)?;
    let missing = || StoreError::NotFound { path: path.to_owned() };
    let dir = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let whole = dir.canonicalize().map_err(|_| missing())?;
    let root = store.canonicalize().map_err(|_| StoreError::NoStore { path: store.to_owned() })?;
    let outside = || OpsError::NotInStore { path: path.to_owned(), store: store.to_owned() };
    let below = whole.strip_prefix(&root).map_err(|_| outside())?;
    let names: Vec<Option<&str>> = below
        .components()
        .map(|part| if let Component::Normal(name) = part { name.to_str() } else { None })
        .collect();
    let is_manifest = path.is_dir() || path.file_name().is_some_and(|name| name == "manifest.json");
    let (&[Some(job), Some(run)], true) = (&names[..], is_manifest) else { return Err(outside()) };
    let (Ok(job), Ok(run)) = (job.parse(), run.parse()) else { return Err(outside()) };
    let run = opened.run(&job, &run)?.ok_or_else(missing)?;
    Ok((opened, run))
}
