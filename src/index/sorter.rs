//! Rows in an order of their own, where there are more than memory should hold: in a file that is gone afterwards.

use std::ops::ControlFlow;

use rusqlite::{Connection, Error, params};

use super::IndexError;

/// What rows are sorted by: the greatest first, one without an age last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'a> {
    /// When the run was made.
    pub created_at: Option<&'a str>,
    /// The run.
    pub run: &'a str,
    /// Its job.
    pub job: &'a str,
}

/// So much is held in memory, in KiB, written as SQLite takes it.
const CACHE: i64 = -8_192;

/// Rows that are being sorted.
#[derive(Debug)]
pub struct Sorter(Connection);

impl Sorter {
    /// Without rows.
    ///
    /// # Errors
    /// [`IndexError`] where the system keeps no temporary file.
    pub fn new() -> Result<Self, IndexError> {
        // An empty name is a file that SQLite removes itself.
        let opened = Connection::open("").and_then(|connection| {
            connection.pragma_update(None, "cache_size", CACHE)?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection
                .execute_batch("CREATE TABLE rows (created_at TEXT, run TEXT, job TEXT, row TEXT); BEGIN")?;
            Ok(connection)
        });
        opened.map(Self).map_err(IndexError::Sorting)
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put(&self, rank: Rank<'_>, row: &str) -> Result<(), IndexError> {
        let statement = self.0.prepare_cached("INSERT INTO rows VALUES (?1, ?2, ?3, ?4)");
        let put = statement
            .and_then(|mut statement| statement.execute(params![rank.created_at, rank.run, rank.job, row]));
        put.map(drop).map_err(IndexError::Sorting)
    }

    /// Hands over the rows in their order, `limit` of them at most.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn each(
        &self,
        limit: usize,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        self.sorted(limit, each).map_err(IndexError::Sorting)
    }

    fn sorted(&self, limit: usize, each: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<(), Error> {
        let text = "SELECT row FROM rows ORDER BY created_at DESC, run DESC, job DESC LIMIT ?1";
        let mut statement = self.0.prepare(text)?;
        let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            if each(row.get_ref(0)?.as_str()?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The first so many letters of runs that begin like another one.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn alike(&self, letters: usize) -> Result<Vec<String>, IndexError> {
        let text = "SELECT substr(run, 1, ?1) FROM rows GROUP BY 1 HAVING count(*) > 1";
        let letters = i64::try_from(letters).unwrap_or(i64::MAX);
        let alike = self.0.prepare(text).and_then(|mut statement| {
            statement.query_map([letters], |row| row.get(0))?.collect::<Result<_, Error>>()
        });
        alike.map_err(IndexError::Sorting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_newest_first_and_those_without_an_age_last() {
        let sorter = Sorter::new().unwrap();
        let ranks = [(None, "b", "j"), (Some("2"), "a", "j"), (Some("2"), "ab", "j"), (Some("1"), "z", "j")];
        let mut ranks = ranks.map(|(created_at, run, job)| Rank { created_at, run, job });
        for rank in ranks {
            sorter.put(rank, rank.run).unwrap();
        }
        let newest = |limit| {
            let mut rows = Vec::new();
            let mut each = |row: &str| {
                rows.push(row.to_owned());
                ControlFlow::Continue(())
            };
            sorter.each(limit, &mut each).unwrap();
            rows
        };
        ranks.sort();
        ranks.reverse();
        assert_eq!(newest(9), ranks.map(|rank| rank.run));
        assert_eq!(newest(2), ["ab", "a"]);
        assert_eq!(sorter.alike(1).unwrap(), ["a"]);
    }
}
