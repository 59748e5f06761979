//! The store: plain files, the authority on everything that was recorded.
//!
//! This is the only room that touches the disk. It knows where things lie and how they are written so
//! that a crash, a full disk or a second process loses nothing; it does not know what a review means.
//!
//! Every open is relative to a directory handle and follows no link, so nothing read or written can
//! lie outside the store. Writers hold a lock and have a type of their own ([`LockedRun`],
//! [`StoreLock`]); readers take none.

mod aside;
mod attempt;
mod begin;
mod cassette;
mod dir;
mod error;
mod layout;
mod lock;
mod records;
mod rewrite;
mod run;
mod scan;

use std::path::{Path, PathBuf};

pub use aside::Aside;
pub use attempt::{AttemptLog, AttemptStart};
pub use begin::{Begun, NewRun};
pub use cassette::Cassette;
pub use error::StoreError;
pub use lock::Wait;
pub use records::{Sealed, Series};
pub use rewrite::{Kept, ManifestLock, Staged, batch_size, more_files};
pub use run::{FileKind, LockedRun, RunDir};
pub use scan::{JobDir, Jobs};

use rustix::fs::FileType;

use crate::domain::json::{self, Value};
use dir::Dir;

/// The store format that this program writes.
pub const FORMAT: u64 = 1;

/// A store that can be read.
#[derive(Debug)]
pub struct Store {
    root: Dir,
}

/// A store whose lock is held: what belongs to all runs may be written.
#[derive(Debug)]
pub struct StoreLock<'a> {
    store: &'a Store,
    own: Dir,
    _guard: lock::Guard,
}

/// The bytes of the store's marker.
fn marker() -> Vec<u8> {
    let format = Value::Number(FORMAT.to_string());
    json::pretty(&Value::Object(vec![("format".to_owned(), format)])).into_bytes()
}

impl Store {
    /// Opens the store at `path` for reading.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] where there is none.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        match Dir::open_root(path) {
            Err(StoreError::NotFound { path }) => Err(StoreError::NoStore { path }),
            root => Ok(Self { root: root? }),
        }
    }

    /// Opens the store at `path`, which is made if it is not there, for reading and writing.
    ///
    /// # Errors
    /// [`StoreError::NewerStore`] when a newer program made it, and what the system refuses.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let store = Self { root: Dir::create_root(path)? };
        store.format()?;
        Ok(store)
    }

    /// Whether everything that a store begins with is there, durably: its marker is written last.
    ///
    /// # Errors
    /// [`StoreError::NewerStore`] and [`StoreError::Corrupt`].
    pub fn is_complete(&self) -> Result<bool, StoreError> {
        Ok(self.format()?.is_some())
    }

    /// Where the store lies, as it was named.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.root.path().to_owned()
    }

    /// Whether this program made it: a directory without runs that it did not make is no store.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn is_marked(&self) -> Result<bool, StoreError> {
        self.root.has(layout::OWN)
    }

    /// Where the index of the store lies, or may; no link leads there. None where something stands in its place.
    #[must_use]
    pub fn index_path(&self) -> Option<PathBuf> {
        let name = format!("{}/{}/{}", layout::OWN, layout::CACHE, layout::INDEX);
        let is_fit = match self.root.stat(&name) {
            Ok(stat) => FileType::from_raw_mode(stat.st_mode).is_file(),
            Err(StoreError::NotFound { .. }) => true,
            Err(_) => false,
        };
        // What is above the store may be a link.
        is_fit.then(|| self.root.path().canonicalize().ok()).flatten().map(|root| root.join(name))
    }

    /// Makes the directory of what can be made again, marked so that version control and backups leave it out.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn make_cache(&self) -> Result<(), StoreError> {
        let dir = self.root.make_dir(&format!("{}/{}", layout::OWN, layout::CACHE))?;
        for (name, text) in layout::CACHE_MARKS {
            if !dir.has(name)? {
                dir.write_new(name, text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Removes the index of the store: it is no index, or is damaged.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn remove_index(&self) -> Result<(), StoreError> {
        let Some(dir) = self.root.try_dir(&format!("{}/{}", layout::OWN, layout::CACHE))? else {
            return Ok(());
        };
        for name in [layout::INDEX.to_owned(), format!("{}-journal", layout::INDEX)] {
            dir.remove_file(&name)?;
        }
        Ok(())
    }

    /// Whether the store's marker is as this program writes it; none for a store of another tool.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_marker(&self) -> Result<Option<bool>, StoreError> {
        if !self.is_marked()? {
            return Ok(None);
        }
        let bytes = self.root.try_read(&format!("{}/{}", layout::OWN, layout::STORE_FILE), 1 << 16)?;
        // A store that was only being made when its maker died has no runs yet.
        if bytes.is_none() && self.jobs().next().transpose()?.is_none() {
            return Ok(None);
        }
        self.format()?;
        Ok(Some(bytes == Some(marker())))
    }

    /// The store's format; none for a store of another tool.
    fn format(&self) -> Result<Option<u64>, StoreError> {
        let name = format!("{}/{}", layout::OWN, layout::STORE_FILE);
        let Some(bytes) = self.root.try_read(&name, 1 << 16)? else { return Ok(None) };
        let path = self.root.path().join(&name);
        let corrupt = |problem: String| StoreError::Corrupt { path: path.clone(), problem };
        let value = Value::parse(&bytes).map_err(|error| corrupt(error.to_string()))?;
        match value.get("format") {
            Some(Value::Number(format)) => match format.parse() {
                Ok(known) if known <= FORMAT => Ok(Some(known)),
                Ok(newer) => Err(StoreError::NewerStore { path, format: newer }),
                Err(_) => Err(corrupt(format!("field `format`: {format} is not a format number"))),
            },
            _ => Err(corrupt("field `format`: it is missing, or no number".to_owned())),
        }
    }

    /// Takes the lock on what belongs to all runs.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and [`StoreError::Interrupted`] as `wait` says.
    pub fn lock(&self, wait: &Wait<'_>) -> Result<StoreLock<'_>, StoreError> {
        let own = self.root.make_dir(layout::OWN)?;
        let guard = lock::Guard::take(&own, wait)?;
        own.remove_temporaries()?;
        Ok(StoreLock { store: self, own, _guard: guard })
    }
}

impl StoreLock<'_> {
    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.store
    }

    /// Writes the store's marker, where it is missing: after everything else that a store begins with,
    /// so that whoever finds it needs to make nothing durable.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn complete(&self) -> Result<(), StoreError> {
        if self.store.is_complete()? {
            return Ok(());
        }
        self.sync_policies()?;
        self.own.sync()?;
        self.store.root.sync()?;
        Dir::sync_root_name(self.store.root.path())?;
        self.own.replace(layout::STORE_FILE, &marker())
    }
}
