//! Finding runs: directories two levels down. Links, the store's own files and a folder named `runs`
//! are not entered.

use std::path::PathBuf;

use super::dir::{Dir, EntryKind};
use super::{RunDir, Store, StoreError, layout};
use crate::domain::ids::{JobId, RunId};
use crate::domain::manifest::MAX_MANIFEST_BYTES;

/// Older tools keep a folder of links beside the runs.
const LINKS: &str = "runs";

impl Store {
    /// The jobs, sorted: directories whose name is a job id.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn jobs(&self) -> Result<Vec<JobId>, StoreError> {
        let entries = self.root.entries()?;
        let dirs = entries.iter().filter(|entry| entry.kind == EntryKind::Dir);
        Ok(dirs.filter_map(|entry| entry.name.parse().ok()).collect())
    }

    /// The names of links beside the jobs, which are not entered, sorted.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn links(&self) -> Result<Vec<String>, StoreError> {
        let entries = self.root.entries()?.into_iter();
        Ok(entries.filter(|entry| entry.kind == EntryKind::Other).map(|entry| entry.name).collect())
    }

    /// The ids of a job's directories that could be runs, sorted; empty where the job is not there.
    /// None of them is opened: see [`RunDir::is_run`].
    ///
    /// # Errors
    /// What the system refuses.
    pub fn run_ids(&self, job: &JobId) -> Result<Vec<RunId>, StoreError> {
        self.job(job)?.map_or_else(|| Ok(Vec::new()), |job| job.run_ids())
    }

    /// Whether there is any run.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn has_runs(&self) -> Result<bool, StoreError> {
        for job in self.jobs()? {
            for run in self.run_ids(&job)? {
                // What cannot be looked into may be one.
                if self.recorded(&job, &run).map_or(true, |run| run.is_some()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A job's directory; none where it is not there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn job(&self, job: &JobId) -> Result<Option<JobDir>, StoreError> {
        Ok(self.root.try_dir(job.as_str())?.map(|dir| JobDir { id: job.clone(), dir }))
    }
}

/// A job's directory, for reading.
#[derive(Debug)]
pub struct JobDir {
    id: JobId,
    dir: Dir,
}

impl JobDir {
    /// As [`Store::run_ids`].
    ///
    /// # Errors
    /// What the system refuses.
    pub fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        let entries = self.dir.entries()?;
        let dirs = entries.iter().filter(|entry| entry.kind == EntryKind::Dir && entry.name != LINKS);
        Ok(dirs.filter_map(|entry| entry.name.parse().ok()).collect())
    }

    /// The job.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// Where a run's manifest lies.
    #[must_use]
    pub fn manifest_path(&self, run: &RunId) -> PathBuf {
        self.dir.path().join(run.as_str()).join(layout::MANIFEST)
    }

    /// The bytes of a run's manifest.
    ///
    /// # Errors
    /// [`StoreError`] where it is missing, no regular file or too large.
    pub fn manifest(&self, run: &RunId) -> Result<Vec<u8>, StoreError> {
        self.dir.read(&format!("{run}/{}", layout::MANIFEST), MAX_MANIFEST_BYTES)
    }

    /// What changes whenever a run's manifest does: its change time, its place on the disk and its size. None
    /// where there is no manifest.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn stamp(&self, run: &RunId) -> Result<Option<String>, StoreError> {
        match self.dir.stat(&format!("{run}/{}", layout::MANIFEST)) {
            Ok(stat) => {
                let (seconds, nanoseconds) = (stat.st_ctime, stat.st_ctime_nsec);
                Ok(Some(format!("{seconds}.{nanoseconds:09} {} {}", stat.st_ino, stat.st_size)))
            }
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A run of the job.
    ///
    /// # Errors
    /// [`StoreError`] where it is missing or something else stands in its place.
    pub fn run(&self, run: &RunId) -> Result<RunDir, StoreError> {
        Ok(RunDir::new(self.id.clone(), run.clone(), self.dir.dir(run.as_str())?))
    }
}

impl Store {
    /// The run, where its directory holds one.
    ///
    /// # Errors
    /// [`StoreError`] where something else stands in its place, or the system refuses.
    pub fn recorded(&self, job: &JobId, run: &RunId) -> Result<Option<RunDir>, StoreError> {
        match self.run(job, run)? {
            Some(run) if run.is_run()? => Ok(Some(run)),
            _ => Ok(None),
        }
    }

    /// Names in a job's directory that could be runs and are no directories, so are not entered, sorted.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn not_entered(&self, job: &JobId) -> Result<Vec<RunId>, StoreError> {
        let Some(dir) = self.root.try_dir(job.as_str())? else { return Ok(Vec::new()) };
        let entries = dir.entries()?;
        let others = entries.iter().filter(|entry| entry.kind != EntryKind::Dir && entry.name != LINKS);
        Ok(others.filter_map(|entry| entry.name.parse().ok()).filter(RunId::is_derived).collect())
    }
}

impl RunDir {
    /// Whether the directory holds a run: a manifest, or what is left of a run that lost it.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn is_run(&self) -> Result<bool, StoreError> {
        for name in [layout::MANIFEST, layout::INPUTS, layout::OUTPUTS, layout::ATTEMPTS] {
            if self.dir().has(name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
