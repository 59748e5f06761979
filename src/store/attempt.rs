//! One execution of a run: the policy it ran under and its log.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::dir::{Dir, Of, Syncs, io_error};
use super::error::StoreError;
use super::layout;
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Head};

/// What an attempt begins with.
#[derive(Debug, Clone)]
pub struct AttemptStart<'a> {
    /// The bytes of the policy version that it runs under.
    pub policy: &'a [u8],
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Its first event.
    pub event: Event,
}

impl AttemptStart<'_> {
    /// Writes the attempt's files into `dir` and syncs it; gives the end of its log.
    pub(super) fn write(&self, dir: &Dir) -> Result<Head, StoreError> {
        dir.write_new(layout::ATTEMPT_POLICY, self.policy)?;
        let (mut line, head) = Head::default().next(self.at.clone(), self.event.clone());
        line.push(b'\n');
        dir.write_new(layout::EVENTS, &line)?;
        dir.sync()?;
        Ok(head)
    }
}

/// The log of an attempt that is under way.
#[derive(Debug)]
pub struct AttemptLog {
    file: File,
    path: PathBuf,
    number: u32,
    head: Head,
    length: u64,
    syncs: Option<Arc<Syncs>>,
}

impl AttemptLog {
    /// The attempt's number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The digest of its newest line.
    #[must_use]
    pub fn head(&self) -> Option<Digest> {
        self.head.digest
    }

    pub(super) fn open(dir: &Dir, number: u32, head: Head) -> Result<Self, StoreError> {
        let path = dir.path().join(layout::EVENTS);
        let file = dir.open_append(layout::EVENTS)?;
        let length = file.metadata().map_err(|source| io_error("look at", &path, source))?.len();
        Ok(Self { file, path, number, head, length, syncs: dir.syncs().cloned() })
    }

    /// Appends an event, durably, unless the run is made aside. One that nothing is built upon is written, and durable with
    /// the next: losing it costs nothing but its own words.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the log then ends where it ended before.
    pub fn append(&mut self, at: String, event: Event) -> Result<(), StoreError> {
        let syncs = self.syncs.as_ref().filter(|_| !event.can_be_lost());
        let (mut line, head) = self.head.next(at, event);
        line.push(b'\n');
        let of = |action, source| io_error(action, &self.path, source);
        let written = (&self.file).write_all(&line).map_err(|source| of("write", source)).and_then(|()| {
            let Some(syncs) = syncs else { return Ok(()) };
            syncs.sync(self.file.as_fd(), Of::Data).map_err(|errno| of("sync", errno.into()))
        });
        if let Err(error) = written {
            // What was written of the line is no event; a reader cuts it too, should this fail.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        self.head = head;
        Ok(())
    }
}
