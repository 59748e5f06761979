//! Locks: `flock`s on directories, freed by the kernel when their process dies.

use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, dup};

use super::dir::{Dir, io_error};
use super::error::StoreError;

/// Between two looks at a lock that is held.
const PAUSE: Duration = Duration::from_millis(20);
/// After this long the user is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What to do when another process holds a lock.
#[derive(Clone, Copy)]
pub struct Wait<'a> {
    /// Fail at once.
    pub no_wait: bool,
    /// Set when the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// Told once, after a second, what is waited for.
    pub on_wait: &'a (dyn Fn(&Path) + Sync),
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("no_wait", &self.no_wait).finish_non_exhaustive()
    }
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    fd: OwnedFd,
}

impl Drop for Guard {
    /// The lock is shared with the directory's own handle, which may live on.
    fn drop(&mut self) {
        // Where this fails the kernel frees it with the last handle.
        let _ = flock(&self.fd, FlockOperation::Unlock);
    }
}

impl Guard {
    /// Takes the lock on `dir` if nobody holds it.
    pub(super) fn try_take(dir: &Dir) -> Option<Self> {
        let fd = dup(dir).ok()?;
        flock(&fd, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { fd })
    }

    /// Takes the lock on `dir`, alone.
    pub(super) fn take(dir: &Dir, wait: &Wait<'_>) -> Result<Self, StoreError> {
        let failed = |errno: Errno| io_error("lock", dir.path(), errno.into());
        let fd = dup(dir).map_err(failed)?;
        let (begun, mut told) = (Instant::now(), false);
        loop {
            match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { fd }),
                Err(Errno::WOULDBLOCK) if wait.no_wait => {
                    return Err(StoreError::Busy { path: dir.path().to_owned() });
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
            if wait.interrupted.load(Ordering::Relaxed) {
                return Err(StoreError::Interrupted { path: dir.path().to_owned() });
            }
            if !told && begun.elapsed() >= PATIENCE {
                (wait.on_wait)(dir.path());
                told = true;
            }
            thread::sleep(PAUSE);
        }
    }
}
