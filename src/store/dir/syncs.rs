//! Syncs: each file for itself, or, where very many wait, one of the file system that they share.
//!
//! A disk makes so many syncs a second and no more, however little each of them has to write. `syncfs` gives the same
//! guarantee as an `fsync` of every file (syncfs(2)), for the price of a few. It also waits for what others write, so it
//! is left to those who would wait anyway.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs as sys;
use rustix::io::{Errno, Result};

/// So many sync their files themselves before those who come next share.
const APART: usize = 8;
/// A file system that runs as a program of its own, which `syncfs` does not ask to sync (linux/magic.h).
#[cfg(target_os = "linux")]
const FUSE: sys::FsWord = 0x6573_5546;

/// What a file is synced for.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Of {
    /// All of it.
    File,
    /// Its bytes and its length.
    Data,
}

/// Whoever makes durable what is written below one directory.
#[derive(Debug)]
pub(in crate::store) struct Syncs {
    /// Open from before the first write: so no error that a write meets is missed.
    root: OwnedFd,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    apart: usize,
    is_under_way: bool,
    /// The shared sync that begins next.
    next: Arc<Shared>,
    /// Sharing has failed once. What failed is known to whoever shared that sync, and else only to each file's own.
    is_over: bool,
}

/// A sync that is shared, with what came of it; none where the system cannot.
#[derive(Debug, Default)]
struct Shared(OnceLock<Option<Result<()>>>);

impl Syncs {
    /// For what lies below `root`.
    pub(super) fn new(root: OwnedFd) -> Self {
        Self { root, state: Mutex::default(), ended: Condvar::new() }
    }

    /// Makes durable what was written to `file`.
    pub(in crate::store) fn sync(&self, file: BorrowedFd<'_>, of: Of) -> Result<()> {
        let own = || match of {
            Of::File => sys::fsync(file),
            Of::Data => sys::fdatasync(file),
        };
        self.either(own, || file_system(&self.root))
    }

    /// Whether so many sync that who comes next shares.
    pub(super) fn is_crowded(&self) -> bool {
        self.state().is_crowded()
    }

    /// Makes durable everything that was written before this call, together with others; says whether the system can.
    pub(super) fn all(&self) -> Result<bool> {
        match self.share(self.state(), || file_system(&self.root)) {
            Some(synced) => synced.map(|()| true),
            None => Ok(false),
        }
    }

    /// Makes something durable by its `own` sync, or by a `shared` one that begins after this call.
    fn either(&self, own: impl Fn() -> Result<()>, shared: impl Fn() -> Result<bool>) -> Result<()> {
        let mut state = self.state();
        if state.is_crowded() {
            return self.share(state, shared).unwrap_or_else(own);
        }
        state.apart += 1;
        drop(state);
        let synced = own();
        self.state().apart -= 1;
        synced
    }

    /// Waits for a `shared` sync that begins after this call, or makes it; none where each has to sync for itself.
    fn share<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        shared: impl Fn() -> Result<bool>,
    ) -> Option<Result<()>> {
        let mine = Arc::clone(&state.next);
        loop {
            if let Some(synced) = mine.0.get() {
                return *synced;
            }
            if state.is_under_way {
                state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // It is `mine`: whoever took it before would have left word.
            state.next = Arc::default();
            let mut synced = Ok(false);
            if !state.is_over {
                state.is_under_way = true;
                drop(state);
                synced = shared();
                state = self.state();
                state.is_under_way = false;
                state.is_over = synced != Ok(true);
            }
            let _ = mine.0.set((synced != Ok(false)).then(|| synced.map(drop)));
            self.ended.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_crowded(&self) -> bool {
        let is_shared = self.is_under_way || Arc::strong_count(&self.next) > 1;
        !self.is_over && (is_shared || self.apart >= APART)
    }
}

/// Makes everything in the file system of `fd` durable, and says whether the system can: some have no such call, some
/// sandboxes refuse it, some file systems do not do what it promises.
pub(super) fn file_system(fd: &OwnedFd) -> Result<bool> {
    #[cfg(target_os = "linux")]
    let synced = match sys::fstatfs(fd) {
        Ok(about) if about.f_type == FUSE => Err(Errno::OPNOTSUPP),
        _ => sys::syncfs(fd),
    };
    #[cfg(not(target_os = "linux"))]
    let synced = Err(Errno::NOSYS);
    match synced {
        Ok(()) => Ok(true),
        Err(Errno::NOSYS | Errno::PERM | Errno::OPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::File;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const THREADS: usize = 48;
    const EACH: usize = 40;

    /// A disk on which writes are durable once something synced them.
    #[derive(Default)]
    struct Disk {
        written: Mutex<BTreeSet<usize>>,
        durable: Mutex<BTreeSet<usize>>,
        own: AtomicUsize,
        shared: AtomicUsize,
    }

    impl Disk {
        #[expect(clippy::unnecessary_wraps, reason = "it stands for a system call")]
        fn own(&self, file: usize) -> Result<()> {
            thread::sleep(Duration::from_micros(300));
            self.durable.lock().unwrap().insert(file);
            self.own.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        /// Only what was written when it began is durable when it ends.
        fn shared(&self, then: impl Fn(usize) -> Result<bool>) -> Result<bool> {
            let before = self.written.lock().unwrap().clone();
            thread::sleep(Duration::from_millis(1));
            let answer = then(self.shared.fetch_add(1, Ordering::Relaxed));
            if answer == Ok(true) {
                self.durable.lock().unwrap().extend(before);
            }
            answer
        }

        /// Has many write and sync at the same time; gives how many were told of an error. Whoever was told of none
        /// has a file that is durable.
        fn used(&self, then: impl Fn(usize) -> Result<bool> + Sync) -> usize {
            let syncs = Syncs::new(File::open(".").unwrap().into());
            let errors = AtomicUsize::new(0);
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (syncs, errors, then) = (&syncs, &errors, &then);
                    scope.spawn(move || {
                        for number in 0..EACH {
                            let file = thread * EACH + number;
                            self.written.lock().unwrap().insert(file);
                            let synced = syncs.either(|| self.own(file), || self.shared(then));
                            match synced {
                                Ok(()) => assert!(self.durable.lock().unwrap().contains(&file)),
                                Err(_) => drop(errors.fetch_add(1, Ordering::Relaxed)),
                            }
                        }
                    });
                }
            });
            errors.into_inner()
        }
    }

    #[test]
    fn what_is_said_to_be_synced_was_written_before_its_sync_began() {
        let disk = Disk::default();
        assert_eq!(disk.used(|_| Ok(true)), 0);
        let (own, shared) = (disk.own.into_inner(), disk.shared.into_inner());
        assert!(own + shared < THREADS * EACH / 2, "many share: {own} by themselves, {shared} shared");
    }

    #[test]
    fn after_a_shared_sync_that_failed_each_file_is_synced_for_itself() {
        let disk = Disk::default();
        let errors = disk.used(|before| if before == 2 { Err(Errno::IO) } else { Ok(true) });
        assert_eq!(disk.shared.into_inner(), 3);
        assert!((1..THREADS).contains(&errors), "those who shared it are told: {errors}");
    }

    #[test]
    fn where_the_system_cannot_share_nobody_does() {
        let disk = Disk::default();
        assert_eq!(disk.used(|_| Ok(false)), 0);
        assert_eq!((disk.shared.into_inner(), disk.own.into_inner()), (1, THREADS * EACH));
    }

    #[test]
    fn a_few_do_not_share() {
        let (disk, syncs) = (Disk::default(), Syncs::new(File::open(".").unwrap().into()));
        let never = || panic!("nobody else waits");
        syncs.either(|| disk.own(1), never).unwrap();
        syncs.either(|| Err(Errno::NOSPC), never).unwrap_err();
        assert!(!syncs.is_crowded());
    }
}
