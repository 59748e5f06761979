//! What can go wrong with files, naming the file.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what was asked. Every variant names the path.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store.
    #[error("there is no store at `{}`", path.display())]
    NoStore {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something that was named is not there.
    #[error("`{}` is not there", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The store was made by a newer program.
    #[error("`{}`: the store has format {format}; this program writes format {} and leaves it alone", path.display(), super::FORMAT)]
    NewerStore {
        /// The file that says so.
        path: PathBuf,
        /// Its format.
        format: u64,
    },
    /// A link, a FIFO or a device stands where a file or directory should.
    #[error("`{}` is {kind}, not {wanted}; it was left alone", path.display())]
    WrongKind {
        /// What was opened.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A file is larger than anything that belongs there.
    #[error("`{}` has {size} bytes; at most {limit} are read", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// A record does not say what it should.
    #[error("`{}`: {problem}", path.display())]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process holds the lock and waiting was not wanted.
    #[error("`{}` is in use by another process", path.display())]
    Busy {
        /// What is locked.
        path: PathBuf,
    },
    /// The user interrupted the wait for a lock.
    #[error("interrupted while waiting for `{}`", path.display())]
    Interrupted {
        /// What is locked.
        path: PathBuf,
    },
    /// Something of that name is there already.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// Another program changed a file while it was to be replaced.
    #[error("`{}` was changed by another program meanwhile; it was left alone", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// A file is in its place, and the system could not say that this is durable.
    #[error("`{}` is in its place, and a power cut may still undo that: {problem}", path.display())]
    NotDurable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl StoreError {
    /// The path that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::NoStore { path }
            | Self::NotFound { path }
            | Self::NewerStore { path, .. }
            | Self::WrongKind { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Busy { path }
            | Self::Interrupted { path }
            | Self::Exists { path }
            | Self::Changed { path }
            | Self::NotDurable { path, .. }
            | Self::Io { path, .. } => path,
        }
    }

    /// The same refusal, said of `path`: one sync is asked for many files.
    pub(super) fn again(&self, path: PathBuf) -> Self {
        match self {
            Self::Io { action, source, .. } => {
                let source =
                    source.raw_os_error().map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
                Self::Io { action, path, source }
            }
            other => Self::Corrupt { path, problem: other.to_string() },
        }
    }

    /// Whether nothing more can be written, whatever the file.
    #[must_use]
    pub fn is_final(&self) -> bool {
        use io::ErrorKind as Kind;
        match self {
            Self::Io { action: "sync", .. } | Self::NotDurable { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem)
            }
            _ => false,
        }
    }
}
