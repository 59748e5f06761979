//! Removing through a directory handle, following no link.

use std::path::Path;

use rustix::fs::{self as sys, AtFlags, Mode};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;

use super::{DIR_FLAGS, Dir, Entry, EntryKind, Result, failed};
use crate::store::layout;

impl Dir {
    /// Removes the file `name`, if it is there.
    pub(in crate::store) fn remove_file(&self, name: &str) -> Result<()> {
        self.unlink(name, AtFlags::empty(), &self.path.join(name))
    }

    fn unlink(&self, name: impl Arg, flags: AtFlags, path: &Path) -> Result<()> {
        match sys::unlinkat(&self.fd, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed("remove", path, errno)),
        }
    }

    /// Removes everything in the directory, following no link.
    pub(in crate::store) fn clear(&self) -> Result<()> {
        for entry in self.entries()? {
            self.remove(&entry)?;
        }
        Ok(())
    }

    /// Removes the temporaries in the directory that a dead process left there.
    pub(in crate::store) fn remove_temporaries(&self) -> Result<()> {
        for entry in self.entries()?.iter().filter(|entry| layout::is_temporary(&entry.name)) {
            self.remove(entry)?;
        }
        Ok(())
    }

    fn remove(&self, entry: &Entry) -> Result<()> {
        let path = self.path.join(&entry.name);
        if entry.kind != EntryKind::Dir {
            return self.unlink(&entry.raw, AtFlags::empty(), &path);
        }
        let fd = retry_on_intr(|| sys::openat(&self.fd, &entry.raw, DIR_FLAGS, Mode::empty()))
            .map_err(|errno| failed("open", &path, errno))?;
        Self { fd, path: path.clone(), syncs: self.syncs.clone() }.clear()?;
        self.unlink(&entry.raw, AtFlags::REMOVEDIR, &path)
    }

    /// Removes the empty directory `name`, if it is there.
    pub(in crate::store) fn remove_dir(&self, name: &str) -> Result<()> {
        self.unlink(name, AtFlags::REMOVEDIR, &self.path.join(name))
    }
}
