//! Replacing manifests, one or many together.
//!
//! Each is written beside the old one; once all of these are durable, the old bytes are kept under another
//! name and the new file is renamed into place; once that is durable too, it is done. A crash at any point
//! leaves the old manifest or the new one, whole, with the old bytes kept, and at most a temporary file,
//! which whoever holds the run's lock next removes.
//!
//! Many files share one sync of their file system, where the system has such a call: tens of times faster
//! than one for each file.

use std::path::PathBuf;

use rustix::fs::Stat;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};

use super::lock::{Guard, Wait};
use super::{RunDir, Store, StoreError, layout};
use crate::domain::digest::Digest;
use crate::domain::manifest::MAX_MANIFEST_BYTES;

pub use layout::Kept;

/// Up to so many files are synced each for itself: a file system has other files too.
const FEW: usize = 4;
/// More are not replaced together: their locks are held meanwhile.
const MOST: u64 = 512;
/// Each has two files open, its directory and its lock.
const OPEN_FILES: u64 = 2;
/// For everything else that is open.
const SPARE_FILES: u64 = 64;
/// What a history entry adds to a manifest, about, in bytes.
const GROWTH: u64 = 2048;

/// How many manifests are replaced together.
#[must_use]
pub fn batch_size() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((limit.saturating_sub(SPARE_FILES) / OPEN_FILES).clamp(1, MOST)).unwrap_or(1)
}

/// Lets the process open as many files as the system would allow it: many runs are under way at once.
pub fn more_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it is refused there are as many as before.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// A file as it was when it was read: another time, another file or another size, and it is not that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, i64),
}

/// A run whose manifest nobody else replaces.
#[derive(Debug)]
pub struct ManifestLock {
    run: RunDir,
    _guard: Guard,
}

/// A manifest that is written beside the one it will replace.
#[derive(Debug)]
pub struct Staged {
    lock: ManifestLock,
    /// Whether it is in its place, so that nothing is left beside it.
    placed: bool,
    seen: Seen,
    /// The name to keep the old bytes under; none where they are kept already.
    keep: Option<String>,
    old: Vec<u8>,
}

impl RunDir {
    /// Locks the run for replacing its manifest.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and [`StoreError::Interrupted`] as `wait` says.
    pub fn lock_manifest(self, wait: &Wait<'_>) -> Result<ManifestLock, StoreError> {
        let guard = Guard::take(self.dir(), wait)?;
        Ok(ManifestLock { run: self, _guard: guard })
    }

    /// Locks the run for replacing its manifest, unless somebody else holds its lock.
    #[must_use]
    pub fn try_lock_manifest(self) -> Option<ManifestLock> {
        let guard = Guard::try_take(self.dir())?;
        Some(ManifestLock { run: self, _guard: guard })
    }

    /// The name under which `bytes`, the manifest's, are or will be kept, and whether they are already: a
    /// process that died may have come so far.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn kept_name(&self, kept: Kept, bytes: &[u8]) -> Result<(String, bool), StoreError> {
        if !self.dir().has(&kept.name(1))? {
            return Ok((kept.name(1), false));
        }
        let entries = self.dir().entries()?;
        let newest = entries.iter().filter_map(|entry| kept.number(&entry.name)).max().unwrap_or(0);
        let name = kept.name(newest);
        match self.dir().hash_if(&name, |size| size == bytes.len() as u64) {
            Ok((Some(digest), _)) if digest == Digest::of(bytes) => Ok((name, true)),
            _ => Ok((kept.name(newest + 1), false)),
        }
    }

    /// The newest file that a change of the manifest kept; none where there is none.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn newest_backup(&self) -> Result<Option<String>, StoreError> {
        let entries = self.dir().entries()?;
        let newest = entries.iter().filter_map(|entry| Kept::Backup.number(&entry.name)).max();
        Ok(newest.map(|number| Kept::Backup.name(number)))
    }

    /// The bytes that were kept under `name`, a name that [`Self::kept_name`] gives for [`Kept::Backup`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for any other name, and as [`Self::manifest`].
    pub fn backup(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        if Kept::Backup.number(name).is_none() {
            let problem = format!("its history names `{}`, which is no backup", name.escape_debug());
            return Err(StoreError::Corrupt { path: self.manifest_path(), problem });
        }
        self.dir().read(name, MAX_MANIFEST_BYTES)
    }
}

impl ManifestLock {
    /// The run, for reading.
    #[must_use]
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// Has `plan` say what the manifest is to become, and writes that beside it; none where it is to stay.
    /// `plan` is given the run and the manifest's bytes, and gives the new bytes and what else it likes.
    ///
    /// # Errors
    /// What `plan` says, and what the system refuses; nothing is then left behind.
    pub fn stage<T, E: From<StoreError>>(
        self,
        kept: Kept,
        plan: impl FnOnce(&RunDir, &[u8]) -> Result<Option<(Vec<u8>, T)>, E>,
    ) -> Result<Option<(Staged, T)>, E> {
        let dir = self.run.dir();
        let stat = dir.stat(layout::MANIFEST)?;
        let old = self.run.manifest()?;
        let Some((new, more)) = plan(&self.run, &old)? else { return Ok(None) };
        let (name, is_kept) = self.run.kept_name(kept, &old)?;
        dir.write_beside(&layout::temporary(layout::MANIFEST), &new, &stat)?;
        let keep = (!is_kept).then_some(name);
        Ok(Some((Staged { placed: false, seen: seen(&stat), keep, old, lock: self }, more)))
    }
}

impl Staged {
    /// The run, for reading.
    #[must_use]
    pub fn run(&self) -> &RunDir {
        &self.lock.run
    }

    fn path(&self) -> PathBuf {
        self.run().path().join(layout::MANIFEST)
    }

    /// Keeps the old bytes and puts the new file into place; nothing is synced.
    fn place(&mut self) -> Result<(), StoreError> {
        let dir = self.lock.run.dir();
        if let Some(name) = &self.keep {
            self.keep_as(name)?;
        }
        let now = dir.stat(layout::MANIFEST).map(|stat| seen(&stat));
        if now.ok() != Some(self.seen) {
            if let Some(name) = &self.keep {
                let _ = dir.remove_file(name);
            }
            return Err(StoreError::Changed { path: self.path() });
        }
        dir.rename(&layout::temporary(layout::MANIFEST), dir, layout::MANIFEST)?;
        self.placed = true;
        Ok(())
    }

    /// A second name costs no space and no time; where there are none, the bytes are copied.
    fn keep_as(&self, name: &str) -> Result<(), StoreError> {
        let dir = self.run().dir();
        match dir.link(layout::MANIFEST, name) {
            Err(StoreError::Io { source, .. }) if has_no_links(&source) => dir.create(name, &self.old),
            linked => linked,
        }
    }
}

impl Drop for Staged {
    /// Still under the lock, what was written and not put into place is thrown away.
    fn drop(&mut self) {
        if !self.placed {
            let _ = self.lock.run.dir().remove_file(&layout::temporary(layout::MANIFEST));
        }
    }
}

fn has_no_links(error: &std::io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK | Errno::NOSYS | Errno::XDEV))
}

fn seen(stat: &Stat) -> Seen {
    // The types of these differ between systems.
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "the types differ between systems"
    )]
    Seen {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        size: stat.st_size as i64,
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
    }
}

impl Store {
    /// Puts staged manifests into place, together. Gives for each whether it is there and durable.
    #[must_use]
    pub fn commit(&self, staged: Vec<Staged>) -> Vec<(Staged, Result<(), StoreError>)> {
        let few = staged.len() <= FEW;
        if let Err(error) = self.sync_staged(&staged, few, false) {
            return refuse(staged, &error);
        }
        let mut placed: Vec<(Staged, Result<(), StoreError>)> = staged
            .into_iter()
            .map(|mut staged| (staged.place(), staged))
            .map(|(result, staged)| (staged, result))
            .collect();
        let done = placed.iter().filter(|(_, result)| result.is_ok()).map(|(staged, _)| staged);
        if let Err(error) = self.sync_staged(done, few, true) {
            for (staged, result) in placed.iter_mut().filter(|(_, result)| result.is_ok()) {
                *result = Err(StoreError::NotDurable { path: staged.path(), problem: error.to_string() });
            }
        }
        placed
    }

    /// Makes staged files durable, or, once they are in their places, their names.
    fn sync_staged<'s>(
        &self,
        staged: impl IntoIterator<Item = &'s Staged>,
        few: bool,
        names: bool,
    ) -> Result<(), StoreError> {
        let here = seen(&self.root.stat_self()?).device;
        let (together, alone): (Vec<&Staged>, Vec<&Staged>) =
            staged.into_iter().partition(|staged| !few && staged.seen.device == here);
        let is_done = together.is_empty() || self.root.sync_file_system()?;
        for staged in alone.iter().chain(together.iter().filter(|_| !is_done)) {
            if names {
                staged.run().dir().sync()?;
            } else {
                staged.run().dir().sync_file(&layout::temporary(layout::MANIFEST))?;
            }
        }
        Ok(())
    }

    /// Makes everything in the store's file system durable.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn sync_all(&self) -> Result<(), StoreError> {
        if !self.root.sync_file_system()? {
            rustix::fs::sync();
        }
        Ok(())
    }

    /// How many bytes can still be written, and how many of these `count` manifests with `bytes` bytes in
    /// all need, about.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn room(&self, count: u64, bytes: u64) -> Result<(u64, u64), StoreError> {
        let (free, block) = self.root.free()?;
        // Each file is rounded up to whole blocks: half a block on average, a whole one at worst.
        Ok((free, bytes + count * (GROWTH + block)))
    }
}

fn refuse(staged: Vec<Staged>, error: &StoreError) -> Vec<(Staged, Result<(), StoreError>)> {
    let refused = staged.into_iter().map(|staged| {
        let error = error.again(staged.path());
        (staged, Err(error))
    });
    refused.collect()
}
