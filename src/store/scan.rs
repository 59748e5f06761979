//! Finding runs: directories two levels down. Links, the store's own files and a folder named `runs`
//! are not entered.

use super::dir::EntryKind;
use super::{RunDir, Store, StoreError, layout};
use crate::domain::ids::{JobId, RunId};

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
        let Some(dir) = self.root.try_dir(job.as_str())? else { return Ok(Vec::new()) };
        let entries = dir.entries()?;
        let dirs = entries.iter().filter(|entry| entry.kind == EntryKind::Dir && entry.name != LINKS);
        Ok(dirs.filter_map(|entry| entry.name.parse().ok()).collect())
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
