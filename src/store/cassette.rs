//! A cassette: a directory of exchanges outside the store, to be replayed elsewhere.

use std::path::Path;

use super::dir::Dir;
use super::lock::Guard;
use super::{StoreError, Wait};
use crate::domain::digest::Digest;

/// What the exchanges were recorded with.
const ABOUT: &str = "recording.json";
/// No file of a cassette is larger.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A cassette that is written to.
#[derive(Debug)]
pub struct Cassette(Dir);

impl Cassette {
    /// The cassette at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(Dir::create_root(path)?))
    }

    /// Says what it is recorded with, durably, unless it says so already; gives what it said.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn begin(&self, about: &[u8], wait: &Wait<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let _guard = self.lock(wait)?;
        self.0.remove_temporaries()?;
        let said = self.0.try_read(ABOUT, MAX_FILE_BYTES)?;
        if said.is_none() {
            self.0.replace(ABOUT, about)?;
        }
        Ok(said)
    }

    fn lock(&self, wait: &Wait<'_>) -> Result<Guard, StoreError> {
        Guard::take(&self.0, &Wait { no_wait: false, ..*wait })
    }

    /// Keeps the exchange that answers `request`, durably; an older one is replaced. Others may write to the same
    /// cassette.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn put(&self, request: Digest, exchange: &[u8], wait: &Wait<'_>) -> Result<(), StoreError> {
        let _guard = self.lock(wait)?;
        self.0.replace(&format!("{}.json", request.hex()), exchange)
    }
}
