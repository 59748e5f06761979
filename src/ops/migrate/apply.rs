//! Rewriting manifests: each is locked, planned on what is there then, and put into place, many together.

use std::ops::ControlFlow;

use super::super::walk::{BUDGET, Here, Walk, no_runs};
use super::super::{OpsError, Workspace};
use super::{Change, Failure, Planned, Rewrite, Selection};
use crate::domain::ids::{JobId, RunId};
use crate::store::{ManifestLock, RunDir, Staged, Store, StoreError, batch_size};

/// What was done.
#[derive(Debug, Default)]
pub struct ApplyReport {
    /// How many manifests were found.
    pub total: usize,
    /// How many were rewritten, or would be.
    pub changed: usize,
    /// How many had nothing to be done.
    pub current: usize,
    /// What failed, and why, sorted by path.
    pub failures: Vec<Failure>,
    /// Whether the user stopped it before all were seen.
    pub interrupted: bool,
    /// Why nothing more was tried.
    pub stopped: Option<String>,
}

/// Rewrites manifests and tells `each` of every one, once it is durable.
///
/// # Errors
/// [`OpsError`] when there is no store, what is named is not there, or the disk cannot hold the outcome.
pub fn apply(
    workspace: &Workspace<'_>,
    rewrite: &Rewrite,
    selection: &Selection,
    each: &mut dyn FnMut(Planned),
) -> Result<ApplyReport, OpsError> {
    let (store, one) = selection.manifests.open(workspace)?;
    // What a newer program made is not written to.
    store.is_complete()?;
    let apply = Apply { workspace, rewrite, selection, store: &store };
    if let Some(run) = one {
        return apply.one(run, each);
    }
    let due = apply.due()?;
    if due.count == 0 || due.report.is_cut_short(selection) {
        if due.report.total == 0 && !due.report.interrupted {
            no_runs(&store, selection.manifests.job())?;
        }
        // Another process may have put them into place and died before that was durable.
        store.sync_all()?;
        return Ok(due.report);
    }
    let (free, needed) = store.room(due.count as u64, due.bytes)?;
    if needed > free {
        return Err(OpsError::NoRoom { store: store.path(), needed, free });
    }
    apply.all(each)
}

struct Apply<'a> {
    workspace: &'a Workspace<'a>,
    rewrite: &'a Rewrite,
    selection: &'a Selection,
    store: &'a Store,
}

/// What there is to do.
#[derive(Default)]
struct Due {
    count: usize,
    bytes: u64,
    report: ApplyReport,
}

/// What became of one manifest in a thread.
enum Prepared {
    Current,
    Staged(Box<Staged>, Change),
    /// Somebody else holds its lock.
    Busy(JobId, RunId),
    Failed(Failure),
}

impl Apply<'_> {
    fn walk(&self) -> Walk<'_> {
        let Selection { manifests, threads, .. } = self.selection;
        Walk::of(self.store, manifests.job(), *threads, self.workspace)
    }

    /// How much there is to do.
    fn due(&self) -> Result<Due, OpsError> {
        let look = |found: Result<Here<'_>, StoreError>| match found {
            Ok(here) => {
                let due = here.manifest()?.map_err(OpsError::from).and_then(|bytes| {
                    let due =
                        self.rewrite.is_due(|| here.open(), &here.path(), &bytes, self.workspace.clock)?;
                    Ok(due.then_some(bytes.len() as u64))
                });
                Some(due.map_err(|error| Failure { path: here.path(), error: Box::new(error) }))
            }
            Err(error) => Some(Err(Failure { path: error.path().to_owned(), error: Box::new(error.into()) })),
        };
        let mut due = Due::default();
        self.walk().each(
            look,
            |_| 0,
            |seen| {
                due.report.total += 1;
                match seen {
                    Ok(None) => due.report.current += 1,
                    Ok(Some(bytes)) => {
                        due.count += 1;
                        due.bytes += bytes;
                    }
                    Err(failure) => {
                        due.report.failures.push(failure);
                        if self.selection.fail_fast {
                            return ControlFlow::Break(());
                        }
                    }
                }
                ControlFlow::Continue(())
            },
        )?;
        due.report.interrupted = self.workspace.is_interrupted();
        Ok(due)
    }

    fn all(&self, each: &mut dyn FnMut(Planned)) -> Result<ApplyReport, OpsError> {
        let walk = Walk { stretch: batch_size(), ..self.walk() };
        let mut doing =
            Doing { apply: self, report: ApplyReport::default(), batch: Vec::new(), weight: 0, each };
        let (mut busy, most) = (Vec::new(), walk.stretch);
        let weigh = |prepared: &Prepared| match prepared {
            Prepared::Staged(_, change) => change.weight(),
            _ => 0,
        };
        let look = |found: Result<Here<'_>, StoreError>| match found {
            Ok(here) => self.prepare(&here),
            Err(error) => Some(Prepared::Failed(Failure {
                path: error.path().to_owned(),
                error: Box::new(error.into()),
            })),
        };
        let listed = walk.each(look, weigh, |prepared| {
            if let Prepared::Busy(job, run) = prepared {
                busy.push((job, run));
                return ControlFlow::Continue(());
            }
            let flow = doing.settle(prepared);
            if doing.batch.len() >= most || doing.weight >= BUDGET { doing.commit() } else { flow }
        });
        let _ = doing.commit();
        if let Err(error) = listed {
            doing.failed(Failure { path: self.store.path(), error: Box::new(error.into()) });
        }
        // What another process held is looked at again, and waited for where it still does.
        for (job, run) in busy {
            if doing.is_over() {
                break;
            }
            let Some(run) = self.store.run(&job, &run)? else { continue };
            if let Some(prepared) = self.waited(run) {
                let _ = doing.settle(prepared);
                let _ = doing.commit();
            }
        }
        let mut report = doing.report;
        if report.stopped.is_none()
            && let Err(error) = self.store.sync_all()
        {
            report.failures.push(Failure { path: self.store.path(), error: Box::new(error.into()) });
        }
        report.failures.sort_by(|a, b| a.path.cmp(&b.path));
        report.interrupted = self.workspace.is_interrupted();
        Ok(report)
    }

    /// The manifest of one run; what is wrong with it is the error.
    fn one(&self, run: RunDir, each: &mut dyn FnMut(Planned)) -> Result<ApplyReport, OpsError> {
        let path = run.manifest_path();
        let missing = StoreError::NotFound { path: path.clone() };
        let Some(prepared) = self.waited(run) else { return Err(missing.into()) };
        let mut doing =
            Doing { apply: self, report: ApplyReport::default(), batch: Vec::new(), weight: 0, each };
        let _ = doing.settle(prepared);
        let _ = doing.commit();
        let mut report = doing.report;
        match report.failures.pop() {
            Some(failure) => Err(*failure.error),
            None if report.current > 0 && matches!(self.rewrite, Rewrite::Restore) => {
                Err(OpsError::NothingToRestore { path })
            }
            None => Ok(report),
        }
    }

    /// Looks at a manifest and, where something is to be done, locks it and writes what it is to become
    /// beside it. None where there is no manifest.
    fn prepare(&self, here: &Here<'_>) -> Option<Prepared> {
        let failed = |error| Prepared::Failed(Failure { path: here.path(), error: Box::new(error) });
        let due = here.manifest()?.map_err(OpsError::from).and_then(|bytes| {
            self.rewrite.is_due(|| here.open(), &here.path(), &bytes, self.workspace.clock)
        });
        let run = match due {
            Ok(true) => here.open(),
            Ok(false) => return Some(Prepared::Current),
            Err(error) => return Some(failed(error)),
        };
        Some(match run.map(RunDir::try_lock_manifest) {
            Ok(Some(lock)) => self.stage(lock),
            Ok(None) => {
                let (job, run) = here.ids();
                Prepared::Busy(job, run)
            }
            Err(error) => failed(error.into()),
        })
    }

    /// As [`Self::prepare`], waiting for the lock.
    fn waited(&self, run: RunDir) -> Option<Prepared> {
        let path = run.manifest_path();
        let bytes = match run.manifest() {
            Err(StoreError::NotFound { .. }) => return None,
            read => read.map_err(OpsError::from),
        };
        let due = bytes.and_then(|bytes| {
            let due = self.rewrite.plan(&run, &bytes, self.workspace.clock)?;
            due.map(|_| run.lock_manifest(&self.workspace.wait())).transpose().map_err(OpsError::from)
        });
        Some(match due {
            Ok(Some(lock)) => self.stage(lock),
            Ok(None) => Prepared::Current,
            Err(error) => Prepared::Failed(Failure { path, error: Box::new(error) }),
        })
    }

    fn stage(&self, lock: ManifestLock) -> Prepared {
        let path = lock.run().manifest_path();
        let staged = lock.stage::<_, OpsError>(self.rewrite.kept(), |run, bytes| {
            let change = self.rewrite.plan(run, bytes, self.workspace.clock)?;
            Ok(change.map(|change| (change.after.clone(), change)))
        });
        match staged {
            Ok(Some((staged, change))) => Prepared::Staged(Box::new(staged), change),
            Ok(None) => Prepared::Current,
            Err(error) => Prepared::Failed(Failure { path, error: Box::new(error) }),
        }
    }
}

/// What was done so far, and what is under way.
struct Doing<'a> {
    apply: &'a Apply<'a>,
    report: ApplyReport,
    batch: Vec<(Staged, Change)>,
    /// What the batch holds in memory, about, in bytes.
    weight: usize,
    each: &'a mut dyn FnMut(Planned),
}

impl Doing<'_> {
    fn settle(&mut self, prepared: Prepared) -> ControlFlow<()> {
        match prepared {
            Prepared::Staged(staged, change) => {
                self.weight += change.weight();
                self.batch.push((*staged, change));
                return ControlFlow::Continue(());
            }
            Prepared::Current => {
                self.report.total += 1;
                self.report.current += 1;
            }
            Prepared::Failed(failure) => {
                self.report.total += 1;
                self.failed(failure);
            }
            Prepared::Busy(..) => {}
        }
        if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn failed(&mut self, failure: Failure) {
        if let OpsError::Store(error) = &*failure.error
            && error.is_final()
        {
            self.report.stopped.get_or_insert_with(|| error.to_string());
        }
        self.report.failures.push(failure);
    }

    fn is_over(&self) -> bool {
        self.report.is_cut_short(self.apply.selection) || self.apply.workspace.is_interrupted()
    }

    /// Puts what is staged into place, also where nothing more can be staged: a full disk holds no more,
    /// but this is written.
    fn commit(&mut self) -> ControlFlow<()> {
        let (staged, changes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.batch).into_iter().unzip();
        self.weight = 0;
        if self.apply.selection.fail_fast && !self.report.failures.is_empty() {
            return ControlFlow::Break(());
        }
        for ((staged, result), change) in self.apply.store.commit(staged).into_iter().zip(changes) {
            let path = staged.run().manifest_path();
            self.report.total += 1;
            match result {
                Ok(()) => {
                    self.report.changed += 1;
                    (self.each)(Planned { path, change });
                }
                Err(error) => self.failed(Failure { path, error: Box::new(error.into()) }),
            }
        }
        if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl ApplyReport {
    /// Whether nothing more is to be tried.
    fn is_cut_short(&self, selection: &Selection) -> bool {
        self.stopped.is_some() || selection.fail_fast && !self.failures.is_empty()
    }
}
