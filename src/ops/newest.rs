//! The newest of many rows, in their order: in memory as long as they are few, then in a file that is gone afterwards.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::ControlFlow;

use super::OpsError;
use crate::domain::json::{self, canonical, to_value};
use crate::domain::view::RunRow;
use crate::index::{Rank, Sorter};

/// More rows than these are not held in memory.
const FEW: usize = 1 << 14;

/// Rows of runs, newest first; one whose age is not known comes last; ties by run id.
#[derive(Debug, Default)]
pub struct Newest {
    /// At most so many of them are wanted.
    limit: usize,
    /// The newest so far, the oldest of them on top.
    few: BinaryHeap<Reverse<Ranked>>,
    many: Option<Sorter>,
    widest_job: usize,
}

pub(super) fn rank(row: &RunRow) -> Rank<'_> {
    Rank { created_at: row.created_at.as_deref(), run: row.run_id.as_str(), job: row.job_id.as_str() }
}

impl Newest {
    /// The newest `limit` rows of those that will be put.
    pub(super) fn of(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    pub(super) fn put(&mut self, row: RunRow) -> Result<(), OpsError> {
        if self.many.is_some() {
            return self.put_aside(&row);
        }
        self.few.push(Reverse(Ranked(row)));
        if self.few.len() <= FEW.min(self.limit) {
            return Ok(());
        }
        if self.limit <= FEW {
            self.few.pop();
            return Ok(());
        }
        self.many = Some(Sorter::new()?);
        for Reverse(Ranked(row)) in std::mem::take(&mut self.few) {
            self.put_aside(&row)?;
        }
        Ok(())
    }

    fn put_aside(&mut self, row: &RunRow) -> Result<(), OpsError> {
        self.widest_job = self.widest_job.max(row.job_id.as_str().len());
        let text = canonical(&to_value(row));
        self.many.as_ref().map_or(Ok(()), |sorter| sorter.put(rank(row), &text)).map_err(OpsError::from)
    }

    /// How long the longest name of a job is, in bytes.
    #[must_use]
    pub fn widest_job(&self) -> usize {
        let few = self.few.iter().map(|Reverse(Ranked(row))| row.job_id.as_str().len());
        few.max().unwrap_or_default().max(self.widest_job)
    }

    /// The first so many letters of runs that begin like another one.
    ///
    /// # Errors
    /// [`OpsError::Index`] where the file in which they are cannot be read.
    pub fn alike(&self, letters: usize) -> Result<Vec<String>, OpsError> {
        if let Some(sorter) = &self.many {
            return Ok(sorter.alike(letters)?);
        }
        let mut alike: HashMap<&str, usize> = HashMap::new();
        for Reverse(Ranked(row)) in &self.few {
            *alike.entry(row.run_id.as_str().get(..letters).unwrap_or_default()).or_default() += 1;
        }
        Ok(alike.into_iter().filter(|(_, count)| *count > 1).map(|(cut, _)| cut.to_owned()).collect())
    }

    /// Hands over the rows, until `each` breaks.
    ///
    /// # Errors
    /// [`OpsError::Index`] where the file in which they are cannot be read.
    pub fn each(self, each: &mut dyn FnMut(RunRow) -> ControlFlow<()>) -> Result<(), OpsError> {
        let Some(sorter) = self.many else {
            // In the order of `Reverse`, the newest is the smallest.
            let _ = self.few.into_sorted_vec().into_iter().try_for_each(|Reverse(Ranked(row))| each(row));
            return Ok(());
        };
        Ok(sorter.each(self.limit, &mut |row| {
            // It was written by this program a moment ago.
            json::from_slice(row.as_bytes()).map_or(ControlFlow::Continue(()), &mut *each)
        })?)
    }
}

/// A row in the order of its age.
#[derive(Debug)]
struct Ranked(RunRow);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        rank(&self.0).cmp(&rank(&other.0))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::step::RunStatus;

    fn row(number: usize) -> RunRow {
        RunRow {
            job_id: format!("job-{}", number % 7).parse().unwrap(),
            run_id: format!("{:032x}", number.wrapping_mul(0x9e37_79b9) % (1 << 32)).parse().unwrap(),
            created_at: (!number.is_multiple_of(5)).then(|| format!("2026-01-{:02}", number % 28 + 1)),
            status: RunStatus::Completed,
            decision: None,
            weighted_confidence: None,
            manifest_version: "1.4.0".to_owned(),
            policy: None,
        }
    }

    #[test]
    fn many_rows_come_as_few_do() {
        for count in [0, 1, 100, FEW, FEW + 1, FEW + 1000] {
            let mut rows: Vec<RunRow> = (0..count).map(row).collect();
            for limit in [0, 1, 100, FEW, FEW + 1, usize::MAX] {
                let mut newest = Newest::of(limit);
                for row in &rows {
                    newest.put(row.clone()).unwrap();
                }
                let mut found = Vec::new();
                let mut each = |row| {
                    found.push(row);
                    ControlFlow::Continue(())
                };
                newest.each(&mut each).unwrap();
                rows.sort_by(|a, b| rank(b).cmp(&rank(a)));
                assert_eq!(found, rows[..limit.min(count)], "{count} {limit}");
            }
        }
    }
}
