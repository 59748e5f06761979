//! A directory handle: every read and write of the store goes through one.
//!
//! Names are opened relative to the handle, one component at a time, following no link; files are
//! opened without blocking and read only when they are regular and not too large. Here is what opens and
//! reads; `write.rs`, `syncs.rs` and `remove.rs` have the rest.

mod remove;
mod syncs;
mod write;

use std::collections::BinaryHeap;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::fs::{self as sys, AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use sha2::Digest as _;

use super::error::StoreError;
use crate::domain::digest::Digest;
pub(super) use syncs::{Of, Syncs};

const DIR_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const READ_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// What the process's umask then narrows.
const DIR_MODE: Mode = Mode::from_raw_mode(0o777);

/// An open directory and the path that messages show.
#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
    /// Whoever makes durable what is written here, or below; nobody where it is synced together, later.
    syncs: Option<Arc<Syncs>>,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// The name, what is not UTF-8 in it replaced.
    pub(super) name: String,
    pub(super) kind: EntryKind,
    raw: CString,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EntryKind {
    File,
    Dir,
    Other,
}

type Result<T> = std::result::Result<T, StoreError>;

impl Dir {
    /// Opens the directory that the user named; links on the way there are the user's own.
    pub(super) fn open_root(path: &Path) -> Result<Self> {
        let flags = DIR_FLAGS.difference(OFlags::NOFOLLOW);
        let fd = retry_on_intr(|| sys::open(path, flags, Mode::empty()))
            .map_err(|errno| failed("open", path, errno))?;
        let root = fd.try_clone().map_err(|source| io_error("open", path, source))?;
        Ok(Self { fd, path: path.to_owned(), syncs: Some(Arc::new(Syncs::new(root))) })
    }

    /// Opens the directory that the user named, making it and its parents where they are missing.
    pub(super) fn create_root(path: &Path) -> Result<Self> {
        match Self::open_root(path) {
            Err(StoreError::NotFound { .. }) => {}
            opened => return opened,
        }
        let parent = Self::create_root(parent_of(path))?;
        match sys::mkdir(path, DIR_MODE) {
            Ok(()) => parent.sync()?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(io_error("create", path, errno.into())),
        }
        match Self::open_root(path) {
            // Something is there, and nothing is behind it: a link to nowhere.
            Err(StoreError::NotFound { .. }) => Err(io_error("create", path, Errno::EXIST.into())),
            opened => opened,
        }
    }

    /// Makes the name of the directory at `path` durable; whoever made it may have died before that.
    pub(super) fn sync_root_name(path: &Path) -> Result<()> {
        Self::open_root(parent_of(path))?.sync()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the directory `name`, which may have several components.
    pub(super) fn dir(&self, name: &str) -> Result<Self> {
        let mut fd = None::<OwnedFd>;
        let mut path = self.path.clone();
        for component in name.split('/') {
            let component = plain(component, &self.path)?;
            path.push(component);
            let from = fd.as_ref().map_or(self.fd.as_fd(), AsFd::as_fd);
            let opened = retry_on_intr(|| sys::openat(from, component, DIR_FLAGS, Mode::empty()));
            fd = Some(opened.map_err(|errno| failed_at(from, component, "open", &path, errno))?);
        }
        let fd = fd.expect("a name has at least one component");
        Ok(Self { fd, path, syncs: self.syncs.clone() })
    }

    /// As [`Self::dir`]; none where it is missing.
    pub(super) fn try_dir(&self, name: &str) -> Result<Option<Self>> {
        missing_is_none(self.dir(name))
    }

    /// Opens the directory `name`, making what is missing, durably.
    pub(super) fn make_dir(&self, name: &str) -> Result<Self> {
        if let Some(dir) = self.try_dir(name)? {
            return Ok(dir);
        }
        if let Some((parent, last)) = name.rsplit_once('/') {
            return self.make_dir(parent)?.make_dir(last);
        }
        self.mkdir(name)?;
        self.sync()?;
        self.dir(name)
    }

    /// Makes the directory `name` and syncs nothing; it may be there already.
    pub(super) fn mkdir(&self, name: &str) -> Result<()> {
        self.make_new(name).map(drop)
    }

    /// As [`Self::mkdir`], and says whether it was not there.
    pub(super) fn make_new(&self, name: &str) -> Result<bool> {
        match sys::mkdirat(&self.fd, name, DIR_MODE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(failed("create", &self.path.join(name), errno)),
        }
    }

    /// The parent of `name`, opened, and its last component.
    fn parent<'n>(&self, name: &'n str) -> Result<(Option<Self>, &'n str)> {
        match name.rsplit_once('/') {
            Some((parent, last)) => Ok((Some(self.dir(parent)?), plain(last, &self.path)?)),
            None => Ok((None, plain(name, &self.path)?)),
        }
    }

    fn open_file(&self, name: &str) -> Result<(File, PathBuf, u64)> {
        let (fd, path) = match self.open_at_once(name)? {
            Some(opened) => opened,
            None => self.open_by_components(name)?,
        };
        let stat = sys::fstat(&fd).map_err(|errno| failed("look at", &path, errno))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            kind => return Err(StoreError::WrongKind { path, kind: kind_name(kind), wanted: "a file" }),
        }
        Ok((File::from(fd), path, u64::try_from(stat.st_size).unwrap_or(0)))
    }

    fn open_by_components(&self, name: &str) -> Result<(OwnedFd, PathBuf)> {
        let (parent, last) = self.parent(name)?;
        let dir = parent.as_ref().unwrap_or(self);
        let path = dir.path.join(last);
        let fd = retry_on_intr(|| sys::openat(&dir.fd, last, READ_FLAGS, Mode::empty()))
            .map_err(|errno| failed_at(dir.fd.as_fd(), last, "open", &path, errno))?;
        Ok((fd, path))
    }

    /// One call where the system has it, with the same promises. Whatever it refuses, the components tell
    /// why.
    #[cfg(target_os = "linux")]
    fn open_at_once(&self, name: &str) -> Result<Option<(OwnedFd, PathBuf)>> {
        for component in name.split('/') {
            plain(component, &self.path)?;
        }
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let fd = sys::openat2(&self.fd, name, READ_FLAGS, Mode::empty(), how).ok();
        Ok(fd.map(|fd| (fd, self.path.join(name))))
    }

    #[cfg(not(target_os = "linux"))]
    fn open_at_once(&self, _: &str) -> Result<Option<(OwnedFd, PathBuf)>> {
        Ok(None)
    }

    /// The bytes of the file `name`, at most `limit` of them.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let (file, path, size) = self.open_file(name)?;
        if size > limit {
            return Err(StoreError::TooLarge { path, size, limit });
        }
        // What is appended meanwhile is not waited for.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(size).read_to_end(&mut bytes).map_err(|source| io_error("read", &path, source))?;
        Ok(bytes)
    }

    /// The first bytes of the file `name`, at most `limit` of them.
    pub(super) fn read_start(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let (file, path, _) = self.open_file(name)?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(|source| io_error("read", &path, source))?;
        Ok(bytes)
    }

    /// As [`Self::read`]; none where it is missing.
    pub(super) fn try_read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        missing_is_none(self.read(name, limit))
    }

    /// The digest and size of the file `name`, of any size, without holding it in memory.
    pub(super) fn hash(&self, name: &str) -> Result<(Digest, u64)> {
        let (file, path, _) = self.open_file(name)?;
        hashed(file, &path)
    }

    /// As [`Self::hash`], where its size is `wanted`; of another file only its size, without reading it.
    pub(super) fn hash_if(&self, name: &str, wanted: impl Fn(u64) -> bool) -> Result<(Option<Digest>, u64)> {
        let (file, path, size) = self.open_file(name)?;
        if !wanted(size) {
            return Ok((None, size));
        }
        hashed(file, &path).map(|(digest, size)| (Some(digest), size))
    }

    /// Whether the system grants so many open files more.
    pub(super) fn can_open(&self, count: usize) -> Result<()> {
        let opened: io::Result<Vec<OwnedFd>> = (0..count).map(|_| self.fd.try_clone()).collect();
        opened.map(drop).map_err(|source| io_error("open", &self.path, source))
    }

    /// The names in the directory, sorted; names that are not UTF-8 are shown with replacements.
    pub(super) fn entries(&self) -> Result<Vec<Entry>> {
        let failed = |errno| failed("list", &self.path, errno);
        let mut entries = Vec::new();
        for entry in sys::Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "." || name == ".." {
                continue;
            }
            let kind = self.kind(&entry).map_err(failed)?;
            entries.push(Entry { name, kind: entry_kind(kind), raw: entry.file_name().to_owned() });
        }
        entries.sort();
        Ok(entries)
    }

    /// The names of directories that are `wanted` and come after `last`, sorted, at most `most` of them; and about how many
    /// come after these, none only where there are none.
    pub(super) fn dirs_after(
        &self,
        last: Option<&str>,
        most: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(Vec<String>, usize)> {
        let failed = |errno| failed("list", &self.path, errno);
        // The first of them so far, the last of these on top.
        let (mut first, mut further) = (BinaryHeap::new(), 0);
        for entry in sys::Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if last.is_some_and(|last| name <= last) {
                continue;
            }
            if first.len() == most && first.peek().is_some_and(|greatest: &String| name > greatest.as_str()) {
                further += 1;
                continue;
            }
            if !wanted(name) {
                continue;
            }
            if self.kind(&entry).map_err(failed)? != FileType::Directory {
                continue;
            }
            if first.len() < most {
                first.push(name.to_owned());
                continue;
            }
            further += 1;
            if let Some(mut greatest) = first.peek_mut() {
                name.clone_into(&mut greatest);
            }
        }
        Ok((first.into_sorted_vec(), further))
    }

    fn kind(&self, entry: &sys::DirEntry) -> std::result::Result<FileType, Errno> {
        match entry.file_type() {
            // Some file systems do not say.
            FileType::Unknown => {
                let stat = sys::statat(&self.fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                Ok(FileType::from_raw_mode(stat.st_mode))
            }
            kind => Ok(kind),
        }
    }

    /// What the system says about `name`, following no link.
    pub(super) fn stat(&self, name: &str) -> Result<sys::Stat> {
        sys::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| failed("look at", &self.path.join(name), errno))
    }

    /// What the system says about the directory itself.
    pub(super) fn stat_self(&self) -> Result<sys::Stat> {
        sys::fstat(&self.fd).map_err(|errno| failed("look at", &self.path, errno))
    }

    /// The bytes that may still be written in the file system, and the size of a block.
    pub(super) fn free(&self) -> Result<(u64, u64)> {
        let stat = sys::fstatvfs(&self.fd).map_err(|errno| failed("look at", &self.path, errno))?;
        Ok((stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_frsize))
    }

    /// Whether something of that name is here.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        match sys::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(failed("look at", &self.path.join(name), errno)),
        }
    }

    /// Whether `name` still is the directory that `dir` has open.
    pub(super) fn is_at(&self, name: &str, dir: &Self) -> Result<bool> {
        let of = |errno| failed("look at", &self.path.join(name), errno);
        let open = sys::fstat(&dir.fd).map_err(of)?;
        match sys::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (open.st_dev, open.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(of(errno)),
        }
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A component that names something below its directory and nothing else.
fn plain<'n>(component: &'n str, dir: &Path) -> Result<&'n str> {
    if matches!(component, "" | "." | "..") || component.contains('\0') {
        let problem =
            format!("a path in it has the component `{}`, which could leave it", component.escape_debug());
        return Err(StoreError::Corrupt { path: dir.to_owned(), problem });
    }
    Ok(component)
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn hashed(mut file: File, path: &Path) -> Result<(Digest, u64)> {
    let (mut hasher, mut size, mut buffer) = (sha2::Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(io_error("read", path, source)),
        }
    }
    Ok((Digest::from_bytes(hasher.finalize().into()), size))
}

fn missing_is_none<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(StoreError::NotFound { .. }) => Ok(None),
        other => other.map(Some),
    }
}

fn entry_kind(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Dir,
        _ => EntryKind::Other,
    }
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.to_owned(), source }
}

fn failed(action: &'static str, path: &Path, errno: Errno) -> StoreError {
    match errno {
        Errno::NOENT => StoreError::NotFound { path: path.to_owned() },
        errno => io_error(action, path, errno.into()),
    }
}

/// An open that failed: says what stands there where it is of the wrong kind.
fn failed_at(dir: BorrowedFd<'_>, name: &str, action: &'static str, path: &Path, errno: Errno) -> StoreError {
    if matches!(errno, Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::MLINK) {
        let wanted = if errno == Errno::NOTDIR { "a directory" } else { "a file" };
        if let Ok(stat) = sys::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            let kind = kind_name(FileType::from_raw_mode(stat.st_mode));
            return StoreError::WrongKind { path: path.to_owned(), kind, wanted };
        }
    }
    failed(action, path, errno)
}
