//! Writing through a directory handle, durably: file synced, renamed into place, directory synced. A sync
//! that fails is not tried again on the same file, because the kernel may have dropped the data: the
//! temporary is thrown away.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::fs::{self as sys, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Gid, Uid, geteuid};

use super::{Dir, Of, Result, Syncs, failed, failed_at, io_error, syncs};
use crate::store::error::StoreError;
use crate::store::layout;

const NEW_FLAGS: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// What the process's umask then narrows.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);

impl Dir {
    /// The same directory, for writing what is made durable later.
    pub(in crate::store) fn synced_later(self) -> Self {
        Self { syncs: None, ..self }
    }

    /// Has `write` write below this directory, durably when this returns: each file for itself, or, where so many are
    /// synced at the moment that sharing is quicker, all of them together. It may be called twice.
    pub(in crate::store) fn together<T>(&self, write: impl Fn(&Self) -> Result<T>) -> Result<T> {
        let Some(syncs) = self.syncs.as_ref().filter(|syncs| syncs.is_crowded()) else { return write(self) };
        let fd = self.fd.try_clone().map_err(|source| io_error("open", &self.path, source))?;
        let written = write(&Self { fd, path: self.path.clone(), syncs: None })?;
        match syncs.all() {
            Ok(true) => Ok(written),
            Ok(false) => write(self),
            Err(errno) => Err(failed("sync", &self.path, errno)),
        }
    }

    /// Whoever makes durable what is written here at once; nobody where that is done later.
    pub(in crate::store) fn syncs(&self) -> Option<&Arc<Syncs>> {
        self.syncs.as_ref()
    }

    /// Writes the new file `name` and syncs it, but not the directory.
    pub(in crate::store) fn write_new(&self, name: &str, bytes: &[u8]) -> Result<File> {
        let file = self.write_unsynced(name, bytes)?;
        if let Some(syncs) = &self.syncs {
            syncs.sync(file.as_fd(), Of::File).map_err(|errno| self.unwritten(name, errno.into()))?;
        }
        Ok(file)
    }

    /// Writes the new file `name`, which is made durable later.
    fn write_unsynced(&self, name: &str, bytes: &[u8]) -> Result<File> {
        let path = self.path.join(name);
        let fd =
            retry_on_intr(|| sys::openat(&self.fd, name, NEW_FLAGS, FILE_MODE)).map_err(
                |errno| match errno {
                    Errno::EXIST => StoreError::Exists { path: path.clone() },
                    errno => failed("create", &path, errno),
                },
            )?;
        let mut file = File::from(fd);
        file.write_all(bytes).map_err(|source| self.unwritten(name, source))?;
        Ok(file)
    }

    /// Removes what could not be written whole.
    fn unwritten(&self, name: &str, source: std::io::Error) -> StoreError {
        let _ = sys::unlinkat(&self.fd, name, AtFlags::empty());
        io_error("write", &self.path.join(name), source)
    }

    /// Writes `name` for renaming it over a file with this `old` status, whose owner and permissions it
    /// gets. It is made durable later. What a dead process left under that name is removed.
    pub(in crate::store) fn write_beside(&self, name: &str, bytes: &[u8], old: &sys::Stat) -> Result<()> {
        let kept = self.keep_status(name, &self.write_anew(name, bytes)?, old);
        if kept.is_err() {
            let _ = self.remove_file(name);
        }
        kept
    }

    /// Makes the bytes of the file `name` durable.
    pub(in crate::store) fn sync_file(&self, name: &str) -> Result<()> {
        let (file, path, _) = self.open_file(name)?;
        file.sync_all().map_err(|source| io_error("sync", &path, source))
    }

    /// Makes everything in the file system durable, and says whether the system can: some have no such
    /// call, some sandboxes refuse it.
    pub(in crate::store) fn sync_file_system(&self) -> Result<bool> {
        syncs::file_system(&self.fd).map_err(|errno| failed("sync", &self.path, errno))
    }

    /// Gives the file `name` a second name, where nothing may be yet.
    pub(in crate::store) fn link(&self, name: &str, new: &str) -> Result<()> {
        let path = self.path.join(new);
        sys::linkat(&self.fd, name, &self.fd, new, AtFlags::empty()).map_err(|errno| match errno {
            Errno::EXIST => StoreError::Exists { path },
            errno => failed("link", &path, errno),
        })
    }

    /// Puts `bytes` at `name`, durably: readers see the old file or the new one, whole. The old file's
    /// permissions are kept.
    pub(in crate::store) fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if self.syncs.is_none() {
            return self.write_anew(name, bytes).map(drop);
        }
        let temporary = layout::temporary(name);
        self.remove_file(&temporary)?;
        let file = self.write_new(&temporary, bytes)?;
        let kept = match self.stat(name) {
            Ok(old) => self.keep_status(name, &file, &old),
            Err(_) => Ok(()),
        };
        let placed = kept.and_then(|()| self.rename(&temporary, self, name));
        if placed.is_err() {
            let _ = self.remove_file(&temporary);
        }
        placed?;
        self.sync()
    }

    /// Writes `name` anew, which is made durable later. A file that is there is removed first.
    fn write_anew(&self, name: &str, bytes: &[u8]) -> Result<File> {
        match self.write_unsynced(name, bytes) {
            Err(StoreError::Exists { .. }) => {
                self.remove_file(name)?;
                self.write_unsynced(name, bytes)
            }
            written => written,
        }
    }

    /// Gives `file` the owner and permissions of the file that it replaces.
    fn keep_status(&self, name: &str, file: &File, old: &sys::Stat) -> Result<()> {
        // Only where somebody else's file is replaced, which takes rights that few have.
        if geteuid().as_raw() != old.st_uid {
            let _ = sys::fchown(file, Some(Uid::from_raw(old.st_uid)), Some(Gid::from_raw(old.st_gid)));
        }
        let mode = Mode::from_raw_mode(old.st_mode & 0o7777);
        sys::fchmod(file, mode)
            .map_err(|errno| failed("set the permissions of", &self.path.join(name), errno))
    }

    /// Puts `bytes` at `name`, durably, where nothing may be yet.
    pub(in crate::store) fn create(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let temporary = layout::temporary(name);
        self.remove_file(&temporary)?;
        self.write_new(&temporary, bytes)?;
        let path = self.path.join(name);
        let placed = sys::renameat_with(&self.fd, &temporary, &self.fd, name, RenameFlags::NOREPLACE);
        if placed.is_err() {
            let _ = self.remove_file(&temporary);
        }
        placed.map_err(|errno| match errno {
            Errno::EXIST => StoreError::Exists { path },
            errno => failed("create", &path, errno),
        })?;
        let path = self.path.join(name);
        self.sync().map_err(|error| StoreError::NotDurable { path, problem: error.to_string() })
    }

    /// Renames `name` to `new` in `to`; neither directory is synced.
    pub(in crate::store) fn rename(&self, name: &str, to: &Self, new: &str) -> Result<()> {
        let path = to.path.join(new);
        sys::renameat(&self.fd, name, &to.fd, new).map_err(|errno| match errno {
            Errno::EXIST | Errno::NOTEMPTY => StoreError::Exists { path },
            errno => failed("rename to", &path, errno),
        })
    }

    /// Makes the directory's names durable.
    pub(in crate::store) fn sync(&self) -> Result<()> {
        let Some(syncs) = &self.syncs else { return Ok(()) };
        syncs.sync(self.fd.as_fd(), Of::File).map_err(|errno| failed("sync", &self.path, errno))
    }

    /// Opens the file `name` for reading and appending.
    pub(in crate::store) fn open_append(&self, name: &str) -> Result<File> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let path = self.path.join(name);
        let fd = retry_on_intr(|| sys::openat(&self.fd, name, flags, Mode::empty()))
            .map_err(|errno| failed_at(self.fd.as_fd(), name, "open", &path, errno))?;
        Ok(File::from(fd))
    }
}
