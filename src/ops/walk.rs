//! Going through the manifests of a store in order, with several threads.
//!
//! Jobs are listed and runs are looked at a stretch at a time, so that memory follows the largest
//! directory and not the store. What is found is handed over in the order of jobs and runs, whichever
//! thread found it.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{OpsError, Workspace};
use crate::domain::ids::{JobId, RunId};
use crate::index::Range;
use crate::store::{JobDir, Jobs, RunDir, Store, StoreError};

/// Jobs are listed together until about so many runs are known.
const STRETCH: usize = 4096;
/// A thread opens at most so many files and directories at once, and some that all of them share.
const DESCRIPTORS: usize = 12;
/// So many items are taken by a thread at a time.
const BLOCK: usize = 4;
/// What is found is handed over when it has about so many bytes.
pub(super) const BUDGET: usize = 1 << 24;

/// How far a verb has come in going through a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// It begins, as a verb may do more than once.
    Begun,
    /// It will have looked at about so many runs, as far as is known by now.
    Expected(usize),
    /// It has looked at one more.
    Looked,
    /// It has come to the end.
    Ended,
}

/// How to go through a store.
pub(super) struct Walk<'a> {
    pub(super) store: &'a Store,
    /// The job to look at; none for all of them.
    pub(super) job: Option<JobId>,
    pub(super) threads: NonZeroUsize,
    /// At most so many runs are looked at before what was found is handed over.
    pub(super) stretch: usize,
    pub(super) workspace: &'a Workspace<'a>,
}

/// No runs, of `job` or at all, are an answer only where there could be some.
pub(super) fn no_runs(store: &Store, job: Option<&JobId>) -> Result<(), OpsError> {
    match job {
        _ if !store.is_marked()? && !store.has_runs()? => {
            Err(StoreError::NoStore { path: store.path() }.into())
        }
        Some(job) => Err(OpsError::NoSuchJob { job: job.clone(), store: store.path() }),
        None => Ok(()),
    }
}

/// As many threads as the machine has processors.
pub(super) fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// A place where a run may be; nothing of it is open yet.
pub(super) struct Here<'a> {
    job: &'a JobDir,
    run: &'a RunId,
}

impl Here<'_> {
    /// Where its manifest lies.
    pub(super) fn path(&self) -> PathBuf {
        self.job.manifest_path(self.run)
    }

    /// The bytes of its manifest; none where there is none.
    pub(super) fn manifest(&self) -> Option<Result<Vec<u8>, StoreError>> {
        match self.job.manifest(self.run) {
            Err(StoreError::NotFound { .. }) => None,
            read => Some(read),
        }
    }

    /// What changes whenever its manifest does; none where there is none.
    pub(super) fn stamp(&self) -> Result<Option<String>, StoreError> {
        self.job.stamp(self.run)
    }

    /// The run.
    pub(super) fn open(&self) -> Result<RunDir, StoreError> {
        self.job.run(self.run)
    }

    /// Which run.
    pub(super) fn ids(&self) -> (JobId, RunId) {
        (self.job.id().clone(), self.run.clone())
    }
}

impl<'a> Walk<'a> {
    /// Every job of the store, or the one named.
    pub(super) fn of(
        store: &'a Store,
        job: Option<&JobId>,
        threads: NonZeroUsize,
        workspace: &'a Workspace<'_>,
    ) -> Self {
        Self { store, job: job.cloned(), threads, stretch: STRETCH, workspace }
    }

    /// Looks at every run with `look`, in several threads, and hands what it finds to `each`, in order. Ends
    /// early when `each` breaks or the user wants to stop. `weigh` says how many bytes something takes that
    /// waits to be handed over.
    ///
    /// # Errors
    /// [`StoreError`] where the jobs cannot be listed.
    pub(super) fn each<T: Send>(
        &self,
        look: impl Fn(Result<Here<'_>, StoreError>) -> Option<T> + Sync,
        weigh: impl Fn(&T) -> usize + Sync,
        each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.each_knowing(|_| (), |(), here| look(here), weigh, each)
    }

    /// As [`Self::each`], where `know` finds out beforehand what is known of a stretch of runs, by the first and
    /// the last of them.
    ///
    /// # Errors
    /// As [`Self::each`].
    pub(super) fn each_knowing<T: Send, K: Sync>(
        &self,
        mut know: impl FnMut(Range<'_>) -> K,
        look: impl Fn(&K, Result<Here<'_>, StoreError>) -> Option<T> + Sync,
        weigh: impl Fn(&T) -> usize + Sync,
        mut each: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        (self.workspace.on_sweep)(Sweep::Begun);
        let result = self.go_through(&mut know, &look, &weigh, &mut each);
        (self.workspace.on_sweep)(Sweep::Ended);
        result
    }

    fn go_through<T: Send, K: Sync>(
        &self,
        know: &mut impl FnMut(Range<'_>) -> K,
        look: &(impl Fn(&K, Result<Here<'_>, StoreError>) -> Option<T> + Sync),
        weigh: &(impl Fn(&T) -> usize + Sync),
        each: &mut impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        // What can be opened no more would look like damage.
        self.store.can_open(DESCRIPTORS * self.threads.get())?;
        let told = self.workspace.on_sweep;
        let mut every = self.job.clone().map_or_else(|| self.store.jobs(), Jobs::only);
        let (mut seen, mut window, mut listed) = (0, 1, 0);
        loop {
            let jobs: Vec<JobId> = every.by_ref().take(window).collect::<Result<_, _>>()?;
            if jobs.is_empty() {
                return Ok(());
            }
            seen += jobs.len();
            let lists = parallel(self.threads, &jobs, || (), |_| 0, |(), job| self.list(job));
            let places: Vec<(usize, Result<RunId, StoreError>)> = lists
                .into_iter()
                .enumerate()
                .flat_map(|(at, list)| list.into_iter().map(move |run| (at, run)))
                .collect();
            listed += places.len();
            // The jobs that are still to be listed are taken to be like those that were.
            told(Sweep::Expected(listed.saturating_mul(every.total()) / seen));
            window = if places.len() < STRETCH { window * 2 } else { (window / 2).max(1) };
            let mut places = places.into_iter().peekable();
            while places.peek().is_some() {
                let stretch: Vec<Waiting> =
                    places.by_ref().take(self.stretch).map(|(at, run)| Waiting::of(at, run)).collect();
                let place = |waiting: &'_ Waiting| Some((jobs[waiting.job].as_str(), waiting.run.clone()?));
                let (first, last) = (stretch.iter().find_map(place), stretch.iter().rev().find_map(place));
                // Without a run there is nothing to know.
                let known = match (&first, &last) {
                    (Some((first_job, first)), Some((last_job, last))) => {
                        know(((first_job, first.as_str()), (last_job, last.as_str())))
                    }
                    _ => know((("", ""), ("", ""))),
                };
                let mut rest = &stretch[..];
                while !rest.is_empty() {
                    let found = parallel(
                        self.threads,
                        rest,
                        || None,
                        |found: &Looked<T>| {
                            if let Looked::At(Some(found)) = found { weigh(found) } else { 0 }
                        },
                        |open, waiting| {
                            if self.workspace.is_interrupted() {
                                return Looked::Skipped;
                            }
                            let found = match waiting.here(self.store, &jobs, open) {
                                // Its job was taken away since it was listed.
                                Err(StoreError::NotFound { .. }) => None,
                                here => look(&known, here),
                            };
                            told(Sweep::Looked);
                            Looked::At(found)
                        },
                    );
                    rest = &rest[found.len()..];
                    for found in found {
                        // What comes after it may have been looked at, by a thread that was ahead.
                        let Looked::At(found) = found else { return Ok(()) };
                        if found.is_some_and(|found| each(found).is_break()) {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// A job's runs; one error for a job that cannot be listed.
    fn list(&self, job: &JobId) -> Vec<Result<RunId, StoreError>> {
        match self.store.run_ids(job) {
            Ok(runs) => runs.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    }
}

/// What became of a place.
enum Looked<T> {
    /// What was found there, if anything.
    At(Option<T>),
    /// The user wants to stop.
    Skipped,
}

/// A run that is still to be looked at, by the place of its job.
struct Waiting {
    job: usize,
    run: Option<RunId>,
    /// Taken by the one thread that looks at it.
    error: std::sync::Mutex<Option<StoreError>>,
}

impl Waiting {
    fn of(job: usize, run: Result<RunId, StoreError>) -> Self {
        let (run, error) = match run {
            Ok(run) => (Some(run), None),
            Err(error) => (None, Some(error)),
        };
        Self { job, run, error: error.into() }
    }

    /// The run's place; the job's directory is kept open for the next one.
    fn here<'o>(
        &'o self,
        store: &Store,
        jobs: &[JobId],
        open: &'o mut Option<(usize, JobDir)>,
    ) -> Result<Here<'o>, StoreError> {
        let job = &jobs[self.job];
        let missing = || StoreError::NotFound { path: store.path().join(job.as_str()) };
        let Some(run) = &self.run else {
            let error = self.error.lock().ok().and_then(|mut error| error.take());
            return Err(error.unwrap_or_else(missing));
        };
        if open.as_ref().is_none_or(|(at, _)| *at != self.job) {
            *open = store.job(job)?.map(|dir| (self.job, dir));
        }
        let (_, job) = open.as_ref().ok_or_else(missing)?;
        Ok(Here { job, run })
    }
}

/// `work` on each item, with several threads; the results in the order of the items. Each thread has a
/// state of its own. When the results weigh more than [`BUDGET`], the items after them are left out.
fn parallel<I: Sync, S, T: Send>(
    threads: NonZeroUsize,
    items: &[I],
    state: impl Fn() -> S + Sync,
    weigh: impl Fn(&T) -> usize + Sync,
    work: impl Fn(&mut S, &I) -> T + Sync,
) -> Vec<T> {
    let threads = threads.get().min(items.len().div_ceil(BLOCK));
    let (next, weight) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let take = || {
        let (mut state, mut done) = (state(), Vec::new());
        loop {
            if weight.load(Ordering::Relaxed) >= BUDGET {
                return done;
            }
            let start = next.fetch_add(BLOCK, Ordering::Relaxed);
            let Some(block) =
                items.get(start..(start + BLOCK).min(items.len())).filter(|block| !block.is_empty())
            else {
                return done;
            };
            let results: Vec<T> = block.iter().map(|item| work(&mut state, item)).collect();
            weight.fetch_add(results.iter().map(&weigh).sum(), Ordering::Relaxed);
            done.push((start, results));
        }
    };
    if threads <= 1 {
        return take().into_iter().flat_map(|(_, results)| results).collect();
    }
    let mut blocks: Vec<(usize, Vec<T>)> = thread::scope(|scope| {
        // Where the system grants no more threads, this one does their part.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, take).ok();
        let handles: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut blocks = take();
        for handle in handles {
            blocks.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        blocks
    });
    blocks.sort_unstable_by_key(|(start, _)| *start);
    blocks.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_the_threads() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let doubled = parallel(
                threads,
                &items,
                || 0,
                |_| 0,
                |count, item| {
                    *count += 1;
                    item * 2
                },
            );
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        assert!(parallel(NonZeroUsize::MIN, &[] as &[u8], || (), |_| 0, |(), _| 1).is_empty());
    }

    #[test]
    fn what_weighs_too_much_is_left_for_the_next_time() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let found = parallel(threads, &items, || (), |_| BUDGET / 100, |(), item| *item);
            assert!((100..1000).contains(&found.len()) && items.starts_with(&found), "{}", found.len());
        }
    }
}
