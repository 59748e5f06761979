//! Making a run: it is built aside, whole, and renamed into place.
//!
//! The directory in which it is built has a name that follows from the run and is locked. Renaming
//! keeps the lock, so whoever made a run holds it from the first moment at which others can see it;
//! a second process with the same run waits for that lock and then finds the run in its place.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::attempt::{AttemptLog, AttemptStart};
use super::dir::Dir;
use super::lock::Guard;
use super::run::LockedRun;
use super::{RunDir, Store, StoreError, Wait, layout};
use crate::domain::event::Head;
use crate::domain::identity::Inputs;
use crate::domain::ids::{JobId, RunId};

/// A sweep holds a lock for less than this.
const SWEEP: Duration = Duration::from_millis(20);
/// So often a lock that is held is looked at again where waiting is not wanted.
const PATIENCE: u32 = 5;

/// Everything that a new run begins with.
#[derive(Debug)]
pub struct NewRun<'a> {
    /// Its inputs.
    pub inputs: &'a Inputs,
    /// Its manifest.
    pub manifest: &'a [u8],
    /// Its first attempt.
    pub attempt: AttemptStart<'a>,
}

/// What came of beginning a run.
#[derive(Debug)]
pub enum Begun {
    /// It was made, is locked, and its first attempt is under way.
    Created(LockedRun, AttemptLog),
    /// It was there already.
    Exists(RunDir),
}

impl Store {
    /// Makes a run, unless it is there.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the run is then in its place.
    pub fn begin(
        &self,
        job: &JobId,
        run: &RunId,
        new: &NewRun<'_>,
        wait: &Wait<'_>,
    ) -> Result<Begun, StoreError> {
        let tmp = self.root.make_dir(layout::TMP)?;
        let name = layout::building(job, run);
        sweep(&tmp)?;
        let mut patience = PATIENCE;
        loop {
            if let Some(existing) = self.run(job, run)? {
                return Ok(Begun::Exists(existing));
            }
            let Some((building, guard)) = claim(&tmp, &name, wait, &mut patience)? else { continue };
            if let Some(existing) = self.run(job, run)? {
                building.clear()?;
                tmp.remove_dir(&name)?;
                return Ok(Begun::Exists(existing));
            }
            let (jobs, head) = self.build_in_place(&tmp, &name, &building, (job, run), new)?;
            jobs.sync()?;
            let locked = LockedRun::new(self.run_dir(job, run)?, guard);
            let log = locked.open_log(1, head)?;
            return Ok(Begun::Created(locked, log));
        }
    }

    /// Builds the run aside and renames it into place; gives the job's directory, not synced yet.
    fn build_in_place(
        &self,
        tmp: &Dir,
        name: &str,
        building: &Dir,
        (job, run): (&JobId, &RunId),
        new: &NewRun<'_>,
    ) -> Result<(Dir, Head), StoreError> {
        let placed = building.together(|dir| build(dir, new)).and_then(|head| {
            let jobs = make_unsynced(&self.root, job.as_str())?;
            // Whoever made it first may have died before its name was durable.
            self.root.sync()?;
            tmp.rename(name, &jobs, run.as_str())?;
            Ok((jobs, head))
        });
        // Only what is still aside is cleared: once renamed, `building` is the run itself.
        if placed.is_err() && matches!(tmp.is_at(name, building), Ok(true)) && building.clear().is_ok() {
            let _ = tmp.remove_dir(name);
        }
        placed
    }
}

/// Makes the directory in which a run is built and takes its lock; none when it has to be looked at
/// again whether the run is there.
pub(super) fn claim(
    tmp: &Dir,
    name: &str,
    wait: &Wait<'_>,
    patience: &mut u32,
) -> Result<Option<(Dir, Guard)>, StoreError> {
    tmp.mkdir(name)?;
    let Some(building) = tmp.try_dir(name)? else { return Ok(None) };
    match Guard::take(&building, wait) {
        // It may be another process that sweeps, and it will see that somebody is at work here.
        Err(StoreError::Busy { .. }) if *patience > 0 => {
            *patience -= 1;
            thread::sleep(SWEEP);
            Ok(None)
        }
        Err(error) => Err(error),
        // Whoever held the lock may have renamed the directory into place meanwhile.
        Ok(guard) => Ok(tmp.is_at(name, &building)?.then_some((building, guard))),
    }
}

/// Removes what dead processes were building: what nobody holds the lock of. A process that has just
/// made a directory and not locked it yet notices that it is gone, and makes it again. What cannot be
/// removed stays: it is in nobody's way.
pub(super) fn sweep(tmp: &Dir) -> Result<(), StoreError> {
    for entry in tmp.entries()? {
        let Ok(Some(left)) = tmp.try_dir(&entry.name) else { continue };
        let Some(_guard) = Guard::try_take(&left) else { continue };
        if matches!(tmp.is_at(&entry.name, &left), Ok(true)) && left.clear().is_ok() {
            let _ = tmp.remove_dir(&entry.name);
        }
    }
    Ok(())
}

pub(super) fn build(dir: &Dir, new: &NewRun<'_>) -> Result<Head, StoreError> {
    dir.clear()?;
    write_tree(dir, layout::INPUTS, new.inputs)?;
    dir.write_new(layout::MANIFEST, new.manifest)?;
    let attempts = make_unsynced(dir, layout::ATTEMPTS)?;
    let head = new.attempt.write(&make_unsynced(&attempts, &layout::attempt(1))?)?;
    attempts.sync()?;
    dir.sync()?;
    Ok(head)
}

/// Writes files under `name`, each directory synced once, after everything in it.
fn write_tree(dir: &Dir, name: &str, files: &Inputs) -> Result<(), StoreError> {
    let here = make_unsynced(dir, name)?;
    let mut below: BTreeMap<&str, Inputs> = BTreeMap::new();
    for (path, input) in files {
        match path.split_once('/') {
            None => drop(here.write_new(path, input.bytes())?),
            Some((folder, rest)) => {
                below.entry(folder).or_default().insert(rest.to_owned(), input.clone());
            }
        }
    }
    for (folder, files) in below {
        write_tree(&here, folder, &files)?;
    }
    here.sync()
}

/// A new directory whose name is made durable later, by syncing `dir`.
pub(super) fn make_unsynced(dir: &Dir, name: &str) -> Result<Dir, StoreError> {
    dir.mkdir(name)?;
    dir.dir(name)
}
