//! The index: a SQLite file derived from the store, so that questions over all runs are answered at once.
//!
//! It has no authority. It can be deleted at any time, and what is in it is only ever what the files say. It relies on
//! being told which runs there are and what is known of each; it reads no file of the store.

mod query;
mod sorter;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, ToSql, Transaction, TransactionBehavior, params, params_from_iter,
};

pub use query::{Answer, Limits, Row};
pub use sorter::{Rank, Sorter};

use crate::domain::facts::{Cell, Facts, OF_ARTIFACTS, OF_POLICIES, OF_RUNS, Table};
use crate::domain::json;

/// The steps that lead to the newest form of the file. A step that was released is never edited: another is added.
const STEPS: [&str; 1] = [include_str!("steps/0001.sql")];
/// What marks the file as this program's (`consensus`, in part).
const APPLICATION: i32 = 0x636f_6e73;
/// So much of the file is held in memory, in KiB, written as SQLite takes it.
const CACHE: i64 = -32_768;
/// Another process that fills the index is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It is no index of this program, or is damaged: it is to be made anew.
    #[error("the index is none, or is damaged")]
    Unusable,
    /// A newer program made it.
    #[error("a newer consensus made the index (form {0})")]
    Newer(i64),
    /// It cannot be written here, or another process holds it.
    #[error("the index cannot be written: {0}")]
    ReadOnly(rusqlite::Error),
    /// The question is none that may be asked.
    #[error("the question is refused: {0}")]
    Refused(String),
    /// The question took too long.
    #[error("the question took longer than it may")]
    Timeout,
    /// The user wants to stop.
    #[error("interrupted")]
    Interrupted,
    /// Whoever takes the answer cannot go on, in words.
    #[error("{0}")]
    Answer(String),
    /// Rows cannot be sorted beside the memory.
    #[error("rows cannot be sorted in a temporary file: {0}")]
    Sorting(rusqlite::Error),
    /// Anything else that SQLite says.
    #[error("the index: {0}")]
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // Of these the last two say that the tables do not hold what this program enters, as its statements are right.
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::Unknown
                | ErrorCode::ConstraintViolation,
            ) => Self::Unusable,
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure,
            ) => Self::ReadOnly(error),
            _ => Self::Sql(error),
        }
    }
}

/// The index, open for filling.
#[derive(Debug)]
pub struct Index(Connection);

/// What is kept of runs, by job and run.
pub type Known = HashMap<(String, String), String>;
/// Of runs, by job and run, what each was read at, and what a list tells of it, as JSON.
pub type Listings = HashMap<(String, String), (String, String)>;
/// The first and the last of some runs, each by job and run, in their order.
pub type Range<'a> = ((&'a str, &'a str), (&'a str, &'a str));

impl Index {
    /// The index at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        // A link could lead out of the store.
        let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        Self::prepared(Connection::open_with_flags(path, flags)?)
    }

    /// An index that nobody else sees and that is gone afterwards.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn temporary() -> Result<Self, IndexError> {
        // An empty name is a file that SQLite removes itself.
        Self::prepared(Connection::open("")?)
    }

    fn prepared(connection: Connection) -> Result<Self, IndexError> {
        connection.busy_timeout(PATIENCE)?;
        let mut index = Self(connection);
        let ((application, version), newest) = (index.form()?, Self::newest());
        if application != 0 && application != i64::from(APPLICATION) || application == 0 && version != 0 {
            return Err(IndexError::Unusable);
        }
        if version > newest {
            return Err(IndexError::Newer(version));
        }
        // What it says can be had again, so a crash of the machine may cost it.
        index.0.pragma_update(None, "synchronous", "OFF")?;
        index.0.pragma_update(None, "cache_size", CACHE)?;
        if version < newest {
            let transaction = index.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been first.
            let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
                transaction.execute_batch(step)?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", newest)?;
            transaction.commit()?;
        }
        Ok(index)
    }

    /// The index at `path` as it is, for looking something up: it is neither made nor waited for.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn as_it_is(path: &Path) -> Result<Self, IndexError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(path, flags)?;
        let index = Self(connection);
        match index.form()? {
            (application, version) if application != i64::from(APPLICATION) || version == 0 => {
                Err(IndexError::Unusable)
            }
            (_, version) if version != Self::newest() => Err(IndexError::Newer(version)),
            _ => Ok(index),
        }
    }

    /// What lists tell of the runs in a range, with what each was read at.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn listed(&self, range: Range<'_>) -> Result<Listings, IndexError> {
        let text = "SELECT s.job_id, s.run_id, s.stamp, l.listed FROM seen s \
                    JOIN listed l ON l.job_id = s.job_id AND l.run_id = s.run_id \
                    WHERE (s.job_id, s.run_id) >= (?, ?) AND (s.job_id, s.run_id) <= (?, ?)";
        let ((first_job, first), (last_job, last)) = range;
        let mut statement = self.0.prepare_cached(text)?;
        let rows = statement.query_map([first_job, first, last_job, last], |row| {
            Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Which program made it, and in which form.
    fn form(&self) -> Result<(i64, i64), IndexError> {
        let pragma = |name: &str| self.0.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        Ok((pragma("application_id")?, pragma("user_version")?))
    }

    fn newest() -> i64 {
        i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
    }

    /// Begins filling; others wait until it is done.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn fill(&mut self) -> Result<Filling<'_>, IndexError> {
        Ok(Filling(self.0.transaction_with_behavior(TransactionBehavior::Immediate)?))
    }
}

/// The index being filled: all of it is there at the end, or nothing.
#[derive(Debug)]
pub struct Filling<'a>(Transaction<'a>);

impl Filling<'_> {
    /// What the runs in a range were read at.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn seen(&self, ((first_job, first), (last_job, last)): Range<'_>) -> Result<Known, IndexError> {
        let text = "SELECT job_id, run_id, stamp FROM seen \
                    WHERE (job_id, run_id) >= (?, ?) AND (job_id, run_id) <= (?, ?)";
        let mut statement = self.0.prepare_cached(text)?;
        let rows = statement.query_map([first_job, first, last_job, last], |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many runs are in it, those that cannot be read included.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn count(&self) -> Result<usize, IndexError> {
        let count: i64 = self.0.query_row("SELECT count(*) FROM seen", [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The runs in it that could be read for which `is_there` says no, by job and run.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn gone(
        &self,
        mut is_there: impl FnMut(&str, &str) -> bool,
    ) -> Result<Vec<(String, String)>, IndexError> {
        let text = "SELECT job_id, run_id FROM seen WHERE problem IS NULL ORDER BY job_id, run_id";
        let mut statement = self.0.prepare(text)?;
        let mut rows = statement.query([])?;
        let mut gone = Vec::new();
        while let Some(row) = rows.next()? {
            let (job, run): (String, String) = (row.get(0)?, row.get(1)?);
            if !is_there(&job, &run) {
                gone.push((job, run));
            }
        }
        Ok(gone)
    }

    /// Takes out what could not be read: it is looked at again.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn forget_unreadable(&self) -> Result<(), IndexError> {
        self.0.execute("DELETE FROM seen WHERE problem IS NOT NULL", [])?;
        Ok(())
    }

    /// Runs that cannot be read: their path in the store, and why.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn unreadable(&self) -> Result<Vec<(String, String)>, IndexError> {
        let text = "SELECT job_id || '/' || run_id, problem FROM seen WHERE problem IS NOT NULL ORDER BY 1";
        let mut statement = self.0.prepare(text)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Enters what is known of a run, read at `stamp`, in place of what was.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put(&self, facts: &Facts, stamp: &str, is_new: bool) -> Result<(), IndexError> {
        let (job, run) = (facts.job.as_str(), facts.run.as_str());
        if !is_new {
            self.remove(job, run)?;
        }
        for (table, rows) in OF_RUNS.iter().zip(&facts.rows) {
            self.insert(*table, rows)?;
        }
        let listed = json::to_line(&facts.listed);
        let text = "INSERT INTO listed (job_id, run_id, listed) VALUES (?, ?, ?)";
        self.0.prepare_cached(text)?.execute(params![job, run, listed])?;
        self.see(job, run, stamp, None)
    }

    /// Enters a run that cannot be read, and why.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put_unreadable(&self, job: &str, run: &str, stamp: &str, problem: &str) -> Result<(), IndexError> {
        self.remove(job, run)?;
        self.see(job, run, stamp, Some(problem))
    }

    /// Takes a run out.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn remove(&self, job: &str, run: &str) -> Result<(), IndexError> {
        for Table { name, columns } in &OF_RUNS {
            let text = format!("DELETE FROM {name} WHERE job_id = ? AND {} = ?", columns[0]);
            self.0.prepare_cached(&text)?.execute([job, run])?;
        }
        for name in ["listed", "seen"] {
            let text = format!("DELETE FROM {name} WHERE job_id = ? AND run_id = ?");
            self.0.prepare_cached(&text)?.execute([job, run])?;
        }
        Ok(())
    }

    /// Replaces what is known of the policies: the rows of each table of [`OF_POLICIES`].
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put_policies(&self, rows: &[Vec<Vec<Cell>>; 2]) -> Result<(), IndexError> {
        let known = "SELECT count(*) FROM policies WHERE project_id = ? AND current_version = ?";
        let is_known = |row: &Vec<Cell>| {
            self.0.prepare_cached(known)?.query_row(params_from_iter(row), |row| row.get::<_, i64>(0))
        };
        // A version never changes once it is there.
        let count: i64 = self.0.query_row("SELECT count(*) FROM policies", [], |row| row.get(0))?;
        let same = rows[0].iter().map(is_known).sum::<Result<i64, _>>()?;
        if same == count && usize::try_from(count) == Ok(rows[0].len()) {
            return Ok(());
        }
        for (table, rows) in OF_POLICIES.iter().zip(rows) {
            self.0.execute(&format!("DELETE FROM {}", table.name), [])?;
            self.insert(*table, rows)?;
        }
        Ok(())
    }

    /// The artifacts that were read before, and what each was read at.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn artifacts_seen(&self) -> Result<BTreeMap<String, String>, IndexError> {
        let mut statement = self.0.prepare("SELECT artifact, stamp FROM artifacts_seen")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes an artifact out.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn remove_artifact(&self, artifact: &str) -> Result<(), IndexError> {
        for name in OF_ARTIFACTS.iter().map(|table| table.name).chain(["artifacts_seen"]) {
            self.0.execute(&format!("DELETE FROM {name} WHERE artifact = ?"), [artifact])?;
        }
        Ok(())
    }

    /// Enters rows of the table of [`OF_ARTIFACTS`] that has this place among them.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put_artifact(&self, table: usize, rows: &[Vec<Cell>]) -> Result<(), IndexError> {
        OF_ARTIFACTS.get(table).map_or(Ok(()), |table| self.insert(*table, rows))
    }

    /// Notes what an artifact was read at.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn see_artifact(&self, artifact: &str, stamp: &str) -> Result<(), IndexError> {
        let text = "INSERT INTO artifacts_seen (artifact, stamp) VALUES (?, ?)";
        self.0.execute(text, params![artifact, stamp])?;
        Ok(())
    }

    /// Ends filling: what was entered is there.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn done(self) -> Result<(), IndexError> {
        Ok(self.0.commit()?)
    }

    fn see(&self, job: &str, run: &str, stamp: &str, problem: Option<&str>) -> Result<(), IndexError> {
        let text = "INSERT OR REPLACE INTO seen (job_id, run_id, stamp, problem) VALUES (?, ?, ?, ?)";
        self.0.prepare_cached(text)?.execute(params![job, run, stamp, problem])?;
        Ok(())
    }

    fn insert(&self, table: Table, rows: &[Vec<Cell>]) -> Result<(), IndexError> {
        if rows.is_empty() {
            return Ok(());
        }
        let marks = vec!["?"; table.columns.len()].join(", ");
        let text = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, table.columns.join(", "));
        let mut statement = self.0.prepare_cached(&text)?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqlValue::Null),
            Self::Integer(value) => ToSqlOutput::Owned(SqlValue::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(SqlValue::Real(*value)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
