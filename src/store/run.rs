//! One run's directory: read by anyone, written only through [`LockedRun`].

use std::path::{Path, PathBuf};

use super::attempt::{AttemptLog, AttemptStart};
use super::dir::{Dir, EntryKind};
use super::lock::{Guard, Wait};
use super::{Store, StoreError, layout};
use crate::domain::digest::Digest;
use crate::domain::event::{Head, Log};
use crate::domain::ids::{JobId, RunId};
use crate::domain::manifest::MAX_MANIFEST_BYTES;

/// No file that is read into memory is larger; larger ones are only hashed.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// No first line of a log is longer.
const MAX_LINE_BYTES: u64 = 8 * 1024;

/// What a name under a run stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// What was being written when its process died; whoever takes the lock next removes it.
    Temporary,
    /// Anything that is neither file nor directory: a link, a FIFO, a device.
    Other,
}

/// A run's directory, for reading.
#[derive(Debug)]
pub struct RunDir {
    job: JobId,
    run: RunId,
    dir: Dir,
}

/// A run's directory whose lock is held, for writing.
#[derive(Debug)]
pub struct LockedRun {
    run: RunDir,
    /// The lock, until this is dropped; none where nobody else can see the run yet.
    guard: Option<Guard>,
}

impl Store {
    /// The run, where it is there.
    ///
    /// # Errors
    /// [`StoreError`] where something else stands in its place.
    pub fn run(&self, job: &JobId, run: &RunId) -> Result<Option<RunDir>, StoreError> {
        match self.run_dir(job, run) {
            Err(StoreError::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    pub(super) fn run_dir(&self, job: &JobId, run: &RunId) -> Result<RunDir, StoreError> {
        let dir = self.root.dir(&format!("{job}/{run}"))?;
        Ok(RunDir::new(job.clone(), run.clone(), dir))
    }
}

impl RunDir {
    pub(super) fn new(job: JobId, run: RunId, dir: Dir) -> Self {
        Self { job, run, dir }
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Its job, by its place.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }

    /// Its id, by its place.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.run
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where its manifest lies.
    #[must_use]
    pub fn manifest_path(&self) -> PathBuf {
        self.path().join(layout::MANIFEST)
    }

    /// The bytes of its manifest.
    ///
    /// # Errors
    /// [`StoreError`] when it is missing, no regular file or too large.
    pub fn manifest(&self) -> Result<Vec<u8>, StoreError> {
        self.dir.read(layout::MANIFEST, MAX_MANIFEST_BYTES)
    }

    /// The bytes of one of its inputs.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn input(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.read(&format!("{}/{name}", layout::INPUTS))
    }

    /// The bytes of one of its outputs.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn output(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.read(&format!("{}/{name}", layout::OUTPUTS))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, StoreError> {
        self.dir.read(path, MAX_FILE_BYTES)
    }

    /// The digest and size of a file by its path under the run.
    ///
    /// # Errors
    /// As [`Self::manifest`], and [`StoreError::Corrupt`] for a path that could leave the run.
    pub fn hash(&self, path: &str) -> Result<(Digest, u64), StoreError> {
        self.dir.hash(path)
    }

    /// As [`Self::hash`], of a file that is as large as is recorded, or where that is not recorded as a file may be; of
    /// another only its size, without reading it.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub fn hash_recorded(&self, path: &str, bytes: Option<u64>) -> Result<(Option<Digest>, u64), StoreError> {
        self.dir.hash_if(path, |size| bytes.map_or(size <= MAX_FILE_BYTES, |bytes| bytes == size))
    }

    /// Every file under `inputs/`, with its path under the run, sorted; empty where it is missing.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn input_files(&self) -> Result<Vec<(String, FileKind)>, StoreError> {
        self.files(layout::INPUTS)
    }

    /// Every file under `outputs/`, as [`Self::input_files`].
    ///
    /// # Errors
    /// What the system refuses.
    pub fn output_files(&self) -> Result<Vec<(String, FileKind)>, StoreError> {
        self.files(layout::OUTPUTS)
    }

    fn files(&self, name: &str) -> Result<Vec<(String, FileKind)>, StoreError> {
        let mut found = Vec::new();
        let mut open = Vec::from_iter(self.dir.try_dir(name)?.map(|dir| (name.to_owned(), dir)));
        while let Some((prefix, dir)) = open.pop() {
            for entry in dir.entries()? {
                let path = format!("{prefix}/{}", entry.name);
                match entry.kind {
                    EntryKind::Dir => open.push((path, dir.dir(&entry.name)?)),
                    EntryKind::File if layout::is_temporary(&entry.name) => {
                        found.push((path, FileKind::Temporary));
                    }
                    EntryKind::File => found.push((path, FileKind::File)),
                    EntryKind::Other => found.push((path, FileKind::Other)),
                }
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// The numbers of its attempts, ascending.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn attempts(&self) -> Result<Vec<u32>, StoreError> {
        let Some(dir) = self.dir.try_dir(layout::ATTEMPTS)? else { return Ok(Vec::new()) };
        let entries = dir.entries()?;
        Ok(entries.iter().filter_map(|entry| layout::attempt_number(&entry.name)).collect())
    }

    /// The bytes of an attempt's log.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn log_bytes(&self, attempt: u32) -> Result<Vec<u8>, StoreError> {
        self.dir.read(&Self::attempt_file(attempt, layout::EVENTS), MAX_FILE_BYTES)
    }

    /// The first line of the first attempt's log, with its newline.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn first_log_line(&self) -> Result<Vec<u8>, StoreError> {
        let mut start = self.dir.read_start(&Self::attempt_file(1, layout::EVENTS), MAX_LINE_BYTES)?;
        let length = start.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        start.truncate(length);
        Ok(start)
    }

    /// An attempt's log, its chain checked.
    ///
    /// # Errors
    /// As [`Self::manifest`], and [`StoreError::Corrupt`] when the chain is broken.
    pub fn log(&self, attempt: u32) -> Result<Log, StoreError> {
        let bytes = self.log_bytes(attempt)?;
        Log::read(&bytes).map_err(|error| StoreError::Corrupt {
            path: self.path().join(Self::attempt_file(attempt, layout::EVENTS)),
            problem: error.to_string(),
        })
    }

    /// The bytes of the policy that an attempt ran under.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn attempt_policy(&self, attempt: u32) -> Result<Vec<u8>, StoreError> {
        self.dir.read(&Self::attempt_file(attempt, layout::ATTEMPT_POLICY), MAX_FILE_BYTES)
    }

    /// The names of the exchanges of an attempt, sorted; none where nobody was asked.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn exchanges(&self, attempt: u32) -> Result<Vec<String>, StoreError> {
        let Some(dir) = self.dir.try_dir(&Self::attempt_file(attempt, layout::EXCHANGES))? else {
            return Ok(Vec::new());
        };
        let files = dir.entries()?.into_iter().filter(|entry| !layout::is_temporary(&entry.name));
        let mut names: Vec<String> = files.map(|entry| entry.name).collect();
        names.sort();
        Ok(names)
    }

    /// The bytes of an exchange of an attempt.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn exchange(&self, attempt: u32, name: &str) -> Result<Vec<u8>, StoreError> {
        self.read(&format!("{}/{name}", Self::attempt_file(attempt, layout::EXCHANGES)))
    }

    fn attempt_file(attempt: u32, name: &str) -> String {
        format!("{}/{}/{name}", layout::ATTEMPTS, layout::attempt(attempt))
    }

    /// Takes the run's lock and removes what a dead process left half written.
    ///
    /// # Errors
    /// [`StoreError::Busy`] and [`StoreError::Interrupted`] as `wait` says.
    pub fn lock(self, store: &Store, wait: &Wait<'_>) -> Result<LockedRun, StoreError> {
        let guard = Guard::take(&self.dir, wait)?;
        // The dead process may have made the names above the run without making them durable.
        store.root.dir(self.job.as_str())?.sync()?;
        store.root.sync()?;
        let locked = LockedRun::new(self, guard);
        locked.sweep()?;
        Ok(locked)
    }
}

impl LockedRun {
    pub(super) fn new(run: RunDir, guard: Guard) -> Self {
        Self { run, guard: Some(guard) }
    }

    /// A run that is made aside, where nobody else looks.
    pub(super) fn aside(run: RunDir) -> Self {
        Self { run, guard: None }
    }

    /// Whether it is made aside.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        self.guard.is_none()
    }

    /// The run, for reading.
    #[must_use]
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// Gives the lock back; what is left can be read.
    #[must_use]
    pub fn unlock(self) -> RunDir {
        self.run
    }

    fn sweep(&self) -> Result<(), StoreError> {
        let dir = &self.run.dir;
        dir.remove_temporaries()?;
        // The dead process may have made names that are not durable yet.
        dir.sync()?;
        for name in [layout::OUTPUTS, "outputs/reviews", layout::ATTEMPTS] {
            if let Some(dir) = dir.try_dir(name)? {
                dir.remove_temporaries()?;
                dir.sync()?;
            }
        }
        for attempt in self.run.attempts()? {
            self.cut_torn_line(attempt)?;
            if let Some(dir) = dir.try_dir(&RunDir::attempt_file(attempt, layout::EXCHANGES))? {
                dir.remove_temporaries()?;
                dir.sync()?;
            }
        }
        Ok(())
    }

    /// A line without its newline was being written when the process died.
    fn cut_torn_line(&self, attempt: u32) -> Result<(), StoreError> {
        let bytes = self.run.log_bytes(attempt)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole == bytes.len() {
            return Ok(());
        }
        let name = layout::attempt(attempt);
        let dir = self.run.dir.dir(layout::ATTEMPTS)?.dir(&name)?;
        let file = dir.open_append(layout::EVENTS)?;
        let cut = file.set_len(whole as u64).and_then(|()| file.sync_all());
        cut.map_err(|source| super::dir::io_error("cut", &dir.path().join(layout::EVENTS), source))
    }

    /// Begins attempt `number`, the next one: its policy and first event are durable when this returns.
    ///
    /// # Errors
    /// What the system refuses; no attempt is then there.
    pub fn start_attempt(&self, number: u32, start: &AttemptStart<'_>) -> Result<AttemptLog, StoreError> {
        let name = layout::attempt(number);
        let attempts = self.run.dir.make_dir(layout::ATTEMPTS)?;
        let temporary = layout::temporary(&name);
        attempts.mkdir(&temporary)?;
        let head = start.write(&attempts.dir(&temporary)?)?;
        attempts.rename(&temporary, &attempts, &name)?;
        attempts.sync()?;
        self.open_log(number, head)
    }

    pub(super) fn open_log(&self, attempt: u32, head: Head) -> Result<AttemptLog, StoreError> {
        let name = format!("{}/{}", layout::ATTEMPTS, layout::attempt(attempt));
        AttemptLog::open(&self.run.dir.dir(&name)?, attempt, head)
    }

    /// Stores an output, durably. Steps store theirs side by side, so directories are made once,
    /// by whoever comes first.
    ///
    /// # Errors
    /// What the system refuses; an older output of that name is then untouched.
    pub fn put_output(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (folder, file) = match name.rsplit_once('/') {
            Some((folder, file)) => (format!("{}/{folder}", layout::OUTPUTS), file),
            None => (layout::OUTPUTS.to_owned(), name),
        };
        self.run.dir.make_dir(&folder)?.replace(file, bytes)
    }

    /// Stores an exchange of an attempt, durably. They are stored side by side, as outputs are.
    ///
    /// # Errors
    /// What the system refuses; nothing of it is then in its place.
    pub fn put_exchange(&self, attempt: u32, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.run.dir.make_dir(&RunDir::attempt_file(attempt, layout::EXCHANGES))?.replace(name, bytes)
    }

    /// Replaces the manifest, durably.
    ///
    /// # Errors
    /// What the system refuses; the old manifest is then untouched.
    pub fn replace_manifest(&self, bytes: &[u8]) -> Result<(), StoreError> {
        self.run.dir.replace(layout::MANIFEST, bytes)
    }
}
