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
    #[must_use]
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs { dir: Some(&self.root), page: Vec::new().into_iter(), last: None, listed: 0, further: 0 }
    }

    /// Whether the system grants so many open files more.
    ///
    /// # Errors
    /// [`StoreError`] where it does not.
    pub fn can_open(&self, count: usize) -> Result<(), StoreError> {
        self.root.can_open(count)
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
        for job in self.jobs() {
            let job = job?;
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

/// So many names are held in memory; for further ones the directory is listed again.
const PAGE: usize = 1 << 17;

/// Jobs in their order, listed as they are needed; what the system refuses ends them.
#[derive(Debug)]
pub struct Jobs<'a> {
    /// Where more of them may be.
    dir: Option<&'a Dir>,
    page: std::vec::IntoIter<JobId>,
    /// The last of the page.
    last: Option<JobId>,
    /// So many were listed, and there are so many further ones.
    listed: usize,
    further: usize,
}

impl Jobs<'_> {
    /// This job and no other.
    #[must_use]
    pub fn only(job: JobId) -> Self {
        Self { dir: None, page: vec![job].into_iter(), last: None, listed: 1, further: 0 }
    }

    /// How many there are in all, as far as is known by now.
    #[must_use]
    pub fn total(&self) -> usize {
        self.listed + self.further
    }

    fn list(&mut self, dir: &Dir) -> Result<(), StoreError> {
        let is_job = |name: &str| name.parse::<JobId>().is_ok();
        let (names, further) = dir.dirs_after(self.last.as_ref().map(JobId::as_str), PAGE, is_job)?;
        let jobs: Vec<JobId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        self.last = jobs.last().cloned();
        self.listed += jobs.len();
        self.further = further;
        self.page = jobs.into_iter();
        Ok(())
    }
}

impl Iterator for Jobs<'_> {
    type Item = Result<JobId, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(job) = self.page.next() {
            return Some(Ok(job));
        }
        let dir = self.dir.take()?;
        if let Err(error) = self.list(dir) {
            return Some(Err(error));
        }
        if self.further > 0 {
            self.dir = Some(dir);
        }
        self.page.next().map(Ok)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_pages_as_they_would_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["b", "a", "c-1", "c", "z9", "B", "10", "2"];
        for name in names {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink("a", dir.path().join("d")).unwrap();
        std::fs::create_dir(dir.path().join("runs")).unwrap();
        let store = Store::open(dir.path()).unwrap();
        let is_job = |name: &str| name.parse::<JobId>().is_ok();
        let mut sorted = names;
        sorted.sort_unstable();
        for most in 1..10 {
            let (mut found, mut last): (Vec<String>, Option<String>) = (Vec::new(), None);
            loop {
                let (page, further) = store.root.dirs_after(last.as_deref(), most, is_job).unwrap();
                assert!(page.len() + further + found.len() >= names.len());
                last = page.last().cloned();
                found.extend(page);
                if further == 0 {
                    break;
                }
            }
            assert_eq!(found, sorted, "{most}");
        }
        let mut jobs = store.jobs();
        assert_eq!(jobs.by_ref().map(|job| job.unwrap().to_string()).collect::<Vec<_>>(), sorted);
        assert_eq!(jobs.total(), names.len());
    }
}
