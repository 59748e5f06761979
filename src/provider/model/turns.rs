//! Turns: how many steps may ask at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::provider::GLANCE;

/// So many turns at a time.
#[derive(Debug)]
pub(super) struct Turns {
    count: usize,
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A turn, until it is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn new(count: usize) -> Self {
        Self { count, free: Mutex::new(count), given_back: Condvar::new() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Waits for a turn; none where `stop` says so meanwhile.
    pub(super) fn take(&self, stop: &dyn Fn() -> bool) -> Option<Turn<'_>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            if stop() {
                return None;
            }
            free = self.given_back.wait_timeout(free, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}
