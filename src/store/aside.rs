//! Runs that are made aside, whole, and put into place many together, so that they share one sync.
//!
//! They are written below one directory, whose lock whoever makes them holds, and nothing of it is synced. Then the
//! file system is, the runs are renamed into place, and it is synced again: before that nobody is told of them. A crash
//! leaves a run whole in its place, or not at all; what is left aside is swept by whoever makes a run next.

use std::process;

use super::attempt::AttemptLog;
use super::begin::{NewRun, build, claim, make_unsynced, sweep};
use super::dir::Dir;
use super::lock::Guard;
use super::{LockedRun, RunDir, Store, StoreError, Wait, layout};
use crate::domain::ids::{JobId, RunId};

/// Where runs are made aside.
#[derive(Debug)]
pub struct Aside<'a> {
    store: &'a Store,
    tmp: Dir,
    name: String,
    dir: Dir,
    _guard: Guard,
}

impl Store {
    /// A place to make runs aside; none where the file system cannot be synced as a whole.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn aside(&self, wait: &Wait<'_>) -> Result<Option<Aside<'_>>, StoreError> {
        let tmp = self.root.make_dir(layout::TMP)?;
        sweep(&tmp)?;
        if !tmp.sync_file_system()? {
            return Ok(None);
        }
        // Another machine may have a process of this number too.
        for number in 0.. {
            let name = layout::aside(process::id(), number);
            let wait = Wait { no_wait: true, ..*wait };
            match claim(&tmp, &name, &wait, &mut 0) {
                Ok(Some((dir, guard))) => {
                    dir.clear()?;
                    let dir = dir.synced_later();
                    return Ok(Some(Aside { store: self, tmp, name, dir, _guard: guard }));
                }
                Ok(None) | Err(StoreError::Busy { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Aside<'_> {
    /// Begins a run; none where it is being made here already.
    ///
    /// # Errors
    /// What the system refuses; nothing of the run is then left.
    pub fn begin(
        &self,
        job: &JobId,
        run: &RunId,
        new: &NewRun<'_>,
    ) -> Result<Option<(LockedRun, AttemptLog)>, StoreError> {
        let name = layout::building(job, run);
        if !self.dir.make_new(&name)? {
            return Ok(None);
        }
        let begun = self.dir.dir(&name).and_then(|building| {
            let head = build(&building, new)?;
            let locked = LockedRun::aside(RunDir::new(job.clone(), run.clone(), building));
            let log = locked.open_log(1, head)?;
            Ok(Some((locked, log)))
        });
        if begun.is_err() {
            self.discard(job, run);
        }
        begun
    }

    /// Throws a run away. What cannot be removed is swept later.
    pub fn discard(&self, job: &JobId, run: &RunId) {
        let name = layout::building(job, run);
        let cleared = self.dir.dir(&name).and_then(|dir| dir.clear());
        if cleared.is_ok() {
            let _ = self.dir.remove_dir(&name);
        }
    }

    /// Puts finished runs into place, durably, and says of each whether it is there; it is not where the run was there
    /// already.
    ///
    /// # Errors
    /// What the system refuses of all of them; some may be in place then, whole.
    pub fn place<'r>(
        &self,
        runs: impl Iterator<Item = (&'r JobId, &'r RunId)>,
    ) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        let synced = || {
            if self.tmp.sync_file_system()? {
                return Ok(());
            }
            let problem = "the file system could be synced before, and cannot be any more".to_owned();
            Err(StoreError::NotDurable { path: self.dir.path().to_owned(), problem })
        };
        synced()?;
        let place = |(job, run): (&JobId, &RunId)| {
            let jobs = make_unsynced(&self.store.root, job.as_str())?;
            match self.dir.rename(&layout::building(job, run), &jobs, run.as_str()) {
                Ok(()) => Ok(true),
                Err(StoreError::Exists { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        let mut placed = Vec::new();
        for (job, run) in runs {
            let is_placed = place((job, run));
            if !matches!(is_placed, Ok(true)) {
                self.discard(job, run);
            }
            placed.push(is_placed);
        }
        synced()?;
        Ok(placed)
    }
}

impl Drop for Aside<'_> {
    /// Nothing is left aside, unless it cannot be removed.
    fn drop(&mut self) {
        if self.dir.clear().is_ok() {
            let _ = self.tmp.remove_dir(&self.name);
        }
    }
}
