//! Numbered records on disk: see [`crate::domain::record`] for what they are.
//!
//! A series is a directory of them. Readers take no lock; whoever appends holds the store's lock from
//! reading the newest record to writing the next one.

use super::dir::{Dir, Entry, EntryKind};
use super::{Store, StoreError, StoreLock, layout};
use crate::domain::artifact::ArtifactName;
use crate::domain::ids::{JobId, PolicyName};
use crate::domain::json::Value;
use crate::domain::record::{self, Record};

/// No record is larger.
const MAX_RECORD_BYTES: u64 = 16 * 1024 * 1024;

/// Which records.
#[derive(Debug, Clone, Copy)]
pub enum Series<'a> {
    /// The versions of a policy.
    Policy(&'a PolicyName),
    /// The events of a versioned artifact.
    Artifact(&'a ArtifactName),
}

impl Series<'_> {
    /// Its directory among the store's own files.
    fn dir(self) -> String {
        match self {
            Self::Policy(name) => layout::policy(name),
            Self::Artifact(name) => layout::artifact(name),
        }
    }
}

/// A record and the bytes of its file.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The record.
    pub record: Record,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// The names of the store's policies, sorted: of directories with a version in them, and of whatever
    /// else stands where one should.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn policies(&self) -> Result<Vec<PolicyName>, StoreError> {
        let Some(dir) = self.root.try_dir(&format!("{}/{}", layout::OWN, layout::POLICIES))? else {
            return Ok(Vec::new());
        };
        let is_one = |name: &PolicyName, kind: EntryKind| -> Result<bool, StoreError> {
            if kind != EntryKind::Dir {
                return Ok(true);
            }
            // Whoever made the directory may have died before there was a version.
            let entries = dir.dir(name.as_str())?.entries()?;
            Ok(entries.iter().any(|entry| layout::record_number(&entry.name).is_some()))
        };
        let named =
            dir.entries()?.into_iter().filter_map(|entry| Some((entry.name.parse().ok()?, entry.kind)));
        let kept = named.map(|(name, kind)| Ok(is_one(&name, kind)?.then_some(name)));
        Ok(kept.collect::<Result<Vec<_>, StoreError>>()?.into_iter().flatten().collect())
    }

    /// The versioned artifacts of the store, or of one job, sorted by cycle, job and phase: those with a record.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn artifacts(&self, of: Option<&JobId>) -> Result<Vec<ArtifactName>, StoreError> {
        let Some(versions) = self.root.try_dir(&format!("{}/{}", layout::OWN, layout::VERSIONS))? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for cycle in names(&versions)? {
            let dir = versions.dir(&cycle)?;
            let period = match cycle.as_str() {
                layout::NO_CYCLE => None,
                name => match name.parse() {
                    Ok(period) => Some(period),
                    Err(_) => continue,
                },
            };
            let jobs = match of {
                Some(job) if names(&dir)?.iter().any(|name| name == job.as_str()) => vec![job.to_string()],
                Some(_) => Vec::new(),
                None => names(&dir)?,
            };
            for job in jobs {
                let Ok(job_id) = job.parse::<JobId>() else { continue };
                let phases = dir.dir(&job)?;
                for phase in names(&phases)? {
                    let Ok(phase_name) = phase.parse() else { continue };
                    let entries = phases.dir(&phase)?.entries()?;
                    // Whoever made the directory may have died before there was an event.
                    if entries.iter().any(|entry| layout::record_number(&entry.name).is_some()) {
                        let (cycle, job) = (period.clone(), job_id.clone());
                        found.push(ArtifactName { cycle, job, phase: phase_name });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Links and files among the directories of versioned artifacts, which are not entered, as paths there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn not_artifacts(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let Some(versions) = self.root.try_dir(&format!("{}/{}", layout::OWN, layout::VERSIONS))? else {
            return Ok(found);
        };
        others(&versions, "", &mut found)?;
        for cycle in names(&versions)? {
            let dir = versions.dir(&cycle)?;
            others(&dir, &format!("{cycle}/"), &mut found)?;
            for job in names(&dir)? {
                others(&dir.dir(&job)?, &format!("{cycle}/{job}/"), &mut found)?;
            }
        }
        Ok(found)
    }

    /// What changes whenever a record is appended to a series, taken away or put in another's place; nothing is read.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn series_stamp(&self, series: Series<'_>) -> Result<String, StoreError> {
        let Some(dir) = self.root.try_dir(&format!("{}/{}", layout::OWN, series.dir()))? else {
            return Ok(String::new());
        };
        let numbers = dir.entries()?.iter().filter_map(|entry| layout::record_number(&entry.name)).max();
        let number = numbers.unwrap_or(0);
        let (newest, of_dir) = (dir.stat(&layout::record(number))?, dir.stat_self()?);
        let part = |stat: &rustix::fs::Stat| {
            format!("{}.{:09} {} {}", stat.st_ctime, stat.st_ctime_nsec, stat.st_ino, stat.st_size)
        };
        Ok(format!("{number} {} {}", part(&newest), part(&of_dir)))
    }

    /// The records of a series, oldest first, their chain checked; empty where there is no such series.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming the file that breaks the chain.
    pub fn records(&self, series: Series<'_>) -> Result<Vec<Sealed>, StoreError> {
        match self.root.try_dir(&format!("{}/{}", layout::OWN, series.dir()))? {
            Some(dir) => read_all(&dir),
            None => Ok(Vec::new()),
        }
    }
}

impl StoreLock<'_> {
    /// Makes the names of all policies and of their versions durable.
    pub(super) fn sync_policies(&self) -> Result<(), StoreError> {
        let Some(dir) = self.own.try_dir(layout::POLICIES)? else { return Ok(()) };
        for entry in dir.entries()?.iter().filter(|entry| entry.kind == EntryKind::Dir) {
            dir.dir(&entry.name)?.sync()?;
        }
        dir.sync()
    }

    /// Appends a record to a series, durably, after `last`, its newest one, which was read under this
    /// lock.
    ///
    /// # Errors
    /// What the system refuses; nothing is then appended.
    pub fn append(
        &self,
        series: Series<'_>,
        last: Option<&Record>,
        (at, by): (&str, &str),
        content: Value,
    ) -> Result<Sealed, StoreError> {
        let (number, parent) = last.map_or((1, None), |last| (last.number + 1, Some(last.digest)));
        let (bytes, _) = record::seal(number, at, by, parent, content);
        if bytes.len() as u64 > MAX_RECORD_BYTES {
            let path = self.own.path().join(series.dir()).join(layout::record(number));
            return Err(StoreError::TooLarge { path, size: bytes.len() as u64, limit: MAX_RECORD_BYTES });
        }
        let dir = self.own.make_dir(&series.dir())?;
        dir.remove_temporaries()?;
        // A record before this one may have been placed by a process that died before this.
        dir.sync()?;
        let file = layout::record(number);
        dir.create(&file, &bytes)?;
        Ok(Sealed { record: read_one(&dir, &file, &bytes, number, parent)?, bytes })
    }
}

/// The names of the directories in a directory, sorted.
fn names(dir: &Dir) -> Result<Vec<String>, StoreError> {
    let entries = dir.entries()?.into_iter();
    Ok(entries.filter(|entry| entry.kind == EntryKind::Dir).map(|entry| entry.name).collect())
}

/// What stands in a directory where directories should, as paths from `above`.
fn others(dir: &Dir, above: &str, found: &mut Vec<String>) -> Result<(), StoreError> {
    let is_other = |entry: &Entry| entry.kind != EntryKind::Dir && !entry.name.starts_with('.');
    found.extend(
        dir.entries()?.iter().filter(|entry| is_other(entry)).map(|entry| format!("{above}{}", entry.name)),
    );
    Ok(())
}

fn read_all(dir: &Dir) -> Result<Vec<Sealed>, StoreError> {
    let mut numbers: Vec<u64> =
        dir.entries()?.iter().filter_map(|entry| layout::record_number(&entry.name)).collect();
    numbers.sort_unstable();
    let mut records: Vec<Sealed> = Vec::with_capacity(numbers.len());
    for (expected, number) in (1..).zip(numbers) {
        let (file, parent) = (layout::record(expected), records.last().map(|last| last.record.digest));
        if number != expected {
            let problem = format!("it is missing, and {} is there", layout::record(number));
            return Err(StoreError::Corrupt { path: dir.path().join(file), problem });
        }
        let bytes = dir.read(&file, MAX_RECORD_BYTES)?;
        records.push(Sealed { record: read_one(dir, &file, &bytes, number, parent)?, bytes });
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
