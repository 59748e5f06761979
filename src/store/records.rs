//! Numbered records on disk: see [`crate::domain::record`] for what they are.

use super::dir::{Dir, EntryKind};
use super::{Store, StoreError, StoreLock, layout};
use crate::domain::json::Value;
use crate::domain::record::{self, Record};

/// No record is larger.
const MAX_RECORD_BYTES: u64 = 16 * 1024 * 1024;

impl Store {
    /// The names of the store's policies, sorted.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn policies(&self) -> Result<Vec<String>, StoreError> {
        let Some(dir) = self.root.try_dir(&format!("{}/{}", layout::OWN, layout::POLICIES))? else {
            return Ok(Vec::new());
        };
        let dirs = dir.entries()?.into_iter().filter(|entry| entry.kind == EntryKind::Dir);
        Ok(dirs.map(|entry| entry.name).collect())
    }

    /// The versions of a policy, oldest first, their chain checked, each with its bytes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming the file that breaks the chain.
    pub fn policy_versions(&self, name: &str) -> Result<Vec<(Record, Vec<u8>)>, StoreError> {
        match self.root.try_dir(&format!("{}/{}", layout::OWN, layout::policy(name)))? {
            Some(dir) => read_all(&dir),
            None => Ok(Vec::new()),
        }
    }
}

impl StoreLock<'_> {
    /// Makes the names of all policies and of their versions durable.
    pub(super) fn sync_policies(&self) -> Result<(), StoreError> {
        let Some(dir) = self.own.try_dir(layout::POLICIES)? else { return Ok(()) };
        for name in self.store.policies()? {
            dir.dir(&name)?.sync()?;
        }
        dir.sync()
    }

    /// Adds a version to a policy, durably.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the versions before it are damaged; what the system refuses.
    pub fn add_policy_version(
        &self,
        name: &str,
        at: &str,
        by: &str,
        content: Value,
    ) -> Result<(Record, Vec<u8>), StoreError> {
        let last = self.store.policy_versions(name)?.pop();
        let (number, parent) = last.map_or((1, None), |(last, _)| (last.number + 1, Some(last.digest)));
        let (bytes, _) = record::seal(number, at, by, parent, content);
        let dir = self.own.make_dir(&layout::policy(name))?;
        dir.remove_temporaries()?;
        // A version before this one may have been placed by a process that died before this.
        dir.sync()?;
        let file = layout::record(number);
        dir.create(&file, &bytes)?;
        Ok((read_one(&dir, &file, &bytes, number, parent)?, bytes))
    }
}

fn read_all(dir: &Dir) -> Result<Vec<(Record, Vec<u8>)>, StoreError> {
    let mut numbers: Vec<u64> =
        dir.entries()?.iter().filter_map(|entry| layout::record_number(&entry.name)).collect();
    numbers.sort_unstable();
    let mut records: Vec<(Record, Vec<u8>)> = Vec::with_capacity(numbers.len());
    for (expected, number) in (1..).zip(numbers) {
        let (file, parent) = (layout::record(expected), records.last().map(|(last, _)| last.digest));
        if number != expected {
            let problem = format!("it is missing, and {} is there", layout::record(number));
            return Err(StoreError::Corrupt { path: dir.path().join(file), problem });
        }
        let bytes = dir.read(&file, MAX_RECORD_BYTES)?;
        records.push((read_one(dir, &file, &bytes, number, parent)?, bytes));
    }
    Ok(records)
}

fn read_one(
    dir: &Dir,
    file: &str,
    bytes: &[u8],
    number: u64,
    parent: Option<crate::domain::digest::Digest>,
) -> Result<Record, StoreError> {
    record::open(bytes, number, parent)
        .map_err(|error| StoreError::Corrupt { path: dir.path().join(file), problem: error.to_string() })
}
