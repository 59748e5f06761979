//! `batch`: many documents on the same terms.
//!
//! Each is a run like any other, with the identity that follows from its inputs: a batch that was stopped, or killed,
//! is given again, and finds what is done. Where no model is asked a run costs nothing but its writes, so these are made
//! aside and put into place together (see `store::aside`); where models are, each run is made by itself, as what is
//! paid for has to be kept at once.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::book::{Book, Left};
use super::execute::Execution;
use super::plan::Plan;
use super::resume::Done;
use super::{Beginning, Document, Progress, Setup, Terms, manifest, ready};
use crate::domain::batch::Reviewed;
use crate::domain::budget::Amount;
use crate::domain::ids::{JobId, RunId};
use crate::domain::provider::ProviderName;
use crate::domain::step::Step;
use crate::ops::{ContextFile, OpsError, Source, SourceKind, Workspace, view};
use crate::provider::model::Pace;
use crate::provider::{GLANCE, Provider as _};
use crate::store::{Aside, NewRun, StoreError, more_files};

/// So many runs that are made aside are put into place together.
const TOGETHER: usize = 256;
/// They wait no longer than this for others.
const PATIENCE: Duration = Duration::from_millis(500);
/// No request was sent.
const NOTHING: (usize, Amount) = (0, Amount { tokens: 0, usd_micros: 0, nature_cost: 0 });
/// So many documents are reviewed at the same time where models are asked and nobody says.
const JOBS_WITH_MODELS: usize = 8;
/// No more documents wait for the disk while others wait for answers.
const MOST_FOR_THE_DISK: usize = 64;

/// How a batch is made.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// How each document is reviewed.
    pub terms: Terms,
    /// How many are reviewed at the same time.
    pub jobs: Option<NonZeroUsize>,
    /// How fast models are asked, all documents together.
    pub pace: Pace,
}

/// A document of a batch, as it is named.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is called.
    pub shown: String,
    /// What tells the shard that it belongs to: the same wherever the documents lie.
    pub key: String,
    /// Where it is.
    pub source: SourceKind,
    /// Extra context.
    pub context: Vec<PathBuf>,
    /// The job; the document says where it is none.
    pub job: Option<JobId>,
}

/// Something that was named and is no document.
#[derive(Debug)]
pub struct NoDocument {
    /// What it is called.
    pub shown: String,
    /// What is wrong.
    pub error: OpsError,
}

/// A document that was named, or why it is none.
pub type Named = Result<Entry, Box<NoDocument>>;

/// What happens in a batch.
#[derive(Debug)]
pub enum BatchEvent<'a> {
    /// A document is reviewed.
    Reviewed(Reviewed),
    /// A document is not, why, and how many requests were sent for it and what they took.
    Failed(&'a str, OpsError, (usize, Amount)),
    /// It was stopped while a document was under way; the rest is as of one that failed.
    Unfinished(&'a str, &'a OpsError, (usize, Amount)),
    /// Something about a document that the user should know.
    Warned(&'a str, String),
}

/// Reviews each document that `entries` name, several at the same time; what comes of each is told as it is settled.
/// None where all of them were looked at, else why not.
///
/// # Errors
/// [`OpsError`] where nothing can be reviewed on these terms.
pub fn batch(
    workspace: &Workspace<'_>,
    options: &BatchOptions,
    entries: &mut (dyn Iterator<Item = Named> + Send),
    tell: &(dyn Fn(BatchEvent<'_>) + Sync),
) -> Result<Option<OpsError>, OpsError> {
    if options.terms.asking.provider == Some(ProviderName::File) {
        return Err(OpsError::Asking("reviews from files are those of one document: `run` takes them"));
    }
    let mut setup = Setup::new(workspace, &options.terms, None)?;
    for asked in setup.asking.choices() {
        ready::may_ask(&setup.limits.0, &setup.asking, &options.terms.asking, asked)?;
    }
    let asks_models = setup.asking.choices().next().is_some();
    let jobs = options.jobs.map(NonZeroUsize::get);
    let workers = if asks_models {
        let jobs = jobs.unwrap_or(JOBS_WITH_MODELS);
        let pace = Pace { at_once: Some(jobs.saturating_mul(at_once(&setup, options))), ..options.pace };
        setup.asking = setup.asking.again().at_pace(pace);
        // While what a document was answered is made durable, another one asks.
        jobs + (jobs - 1).min(MOST_FOR_THE_DISK)
    } else {
        jobs.or_else(|| thread::available_parallelism().ok().map(NonZeroUsize::get)).unwrap_or(1)
    };
    setup.asking.prepare();
    more_files();
    let batch = Batch {
        setup: &setup,
        asks_models,
        aside: OnceLock::new(),
        entries: Mutex::new(entries),
        tell,
        pending: Mutex::default(),
        is_enough: Condvar::new(),
        is_stopped: AtomicBool::new(false),
        why: Mutex::default(),
    };
    thread::scope(|scope| {
        // Where the system grants no thread there are fewer at a time.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, || batch.work()).ok();
        let workers: Vec<_> = (0..workers).map_while(spawn).collect();
        if workers.is_empty() {
            batch.work();
        }
        // Whoever is to review the next document may wait for its name, and for long.
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            batch.wait_for_enough();
            batch.settle(PATIENCE);
        }
    });
    batch.settle(Duration::ZERO);
    let why = batch.why.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(why.or_else(|| workspace.is_interrupted().then_some(OpsError::Interrupted)))
}

/// How many requests of one document are under way at the same time, at most.
fn at_once(setup: &Setup<'_>, options: &BatchOptions) -> usize {
    let reviews = setup.asking.choices().filter(|(step, _)| matches!(step, Step::Review(_))).count();
    let parallel = options.terms.asking.parallel.map_or(usize::MAX, NonZeroUsize::get);
    reviews.clamp(1, parallel)
}

/// A batch under way.
struct Batch<'a> {
    setup: &'a Setup<'a>,
    asks_models: bool,
    /// Where runs are made together, from the first that has to be made; none where each is made by itself.
    aside: OnceLock<Option<Aside<'a>>>,
    entries: Mutex<&'a mut (dyn Iterator<Item = Named> + Send)>,
    tell: &'a (dyn Fn(BatchEvent<'_>) + Sync),
    pending: Mutex<Pending>,
    /// Told when so many wait that they are put into place.
    is_enough: Condvar,
    is_stopped: AtomicBool,
    /// Why it was stopped, where it was not by the user.
    why: Mutex<Option<OpsError>>,
}

/// Runs that are made aside and not in place yet.
#[derive(Default)]
struct Pending {
    runs: Vec<(Entry, Reviewed)>,
    since: Option<Instant>,
}

impl Batch<'_> {
    fn work(&self) {
        while !self.is_stopped.load(Ordering::Relaxed) && !self.setup.workspace.is_interrupted() {
            let entry = lock(&self.entries).next();
            match entry {
                None => break,
                Some(Err(none)) => {
                    (self.tell)(BatchEvent::Failed(&none.shown, none.error, NOTHING));
                }
                Some(Ok(entry)) => self.one(entry),
            }
        }
    }

    fn one(&self, entry: Entry) {
        let made = if self.asks_models { Ok(None) } else { self.make_aside(&entry) };
        match made {
            Ok(Some(reviewed)) => self.wait_for_others(entry, reviewed),
            Ok(None) => self.alone(&entry),
            Err(error) => self.failed(&entry, error, NOTHING),
        }
    }

    /// Where runs are made together; none where they cannot be, of which more is said when each is made by itself.
    fn aside(&self) -> Option<&Aside<'_>> {
        let make = || self.setup.store.aside(&self.setup.workspace.wait()).ok().flatten();
        self.aside.get_or_init(make).as_ref()
    }

    /// Makes the run aside; none where it is there already, or where it comes to no decision, of which more is kept when
    /// it is made by itself.
    fn make_aside(&self, entry: &Entry) -> Result<Option<Reviewed>, OpsError> {
        let document = entry.read()?;
        let (plan, asking) = self.setup.plan(document.job()?, &document)?;
        if self.setup.store.run(&plan.job, &plan.run)?.is_some() {
            return Ok(None);
        }
        let Some(aside) = self.aside() else { return Ok(None) };
        let running = manifest::render_running(&plan);
        let beginning = Beginning { setup: self.setup, plan: &plan, asking: &asking };
        let attempt = beginning.attempt(1, None, &running);
        let new = NewRun { inputs: &plan.inputs, manifest: &running, attempt };
        let Some((locked, log)) = aside.begin(&plan.job, &plan.run, &new)? else { return Ok(None) };
        let (workspace, silent) = (self.setup.workspace, |_: Progress| {});
        let book = Book::new(workspace, &locked, &plan.limits, None, &silent, (log, Left::default()));
        match Execution::new(&plan, &asking, &book, &locked, &silent).complete(&Done::default()) {
            Ok(decision) => Ok(Some(Reviewed {
                document: entry.shown.clone(),
                run: plan.versions(),
                path: self.setup.store.path().join(plan.job.as_str()).join(plan.run.as_str()),
                decision: Some(decision.decision),
                weighted_confidence: Some(decision.weighted_confidence),
                replayed: false,
                calls: 0,
                spent: Amount::default(),
            })),
            Err(error) => {
                aside.discard(&plan.job, &plan.run);
                match error {
                    OpsError::Partial { source, .. } if matches!(*source, OpsError::Interrupted) => {
                        Err(*source)
                    }
                    OpsError::Partial { .. } => Ok(None),
                    error => Err(error),
                }
            }
        }
    }

    /// Adds a run to those that are put into place together.
    fn wait_for_others(&self, entry: Entry, reviewed: Reviewed) {
        let mut pending = lock(&self.pending);
        pending.runs.push((entry, reviewed));
        pending.since.get_or_insert_with(Instant::now);
        let count = pending.runs.len();
        drop(pending);
        if count >= 2 * TOGETHER {
            // They are made faster than they are put into place, so whoever makes them helps.
            self.settle(Duration::ZERO);
        } else if count >= TOGETHER {
            self.is_enough.notify_one();
        }
    }

    /// Waits for a moment, or until enough runs wait.
    fn wait_for_enough(&self) {
        let pending = lock(&self.pending);
        if pending.runs.len() < TOGETHER {
            drop(self.is_enough.wait_timeout(pending, GLANCE));
        }
    }

    /// Puts into place what waits for others, where it is enough, or the first of it waited so long.
    fn settle(&self, waited: Duration) {
        let mut pending = lock(&self.pending);
        let is_time =
            pending.runs.len() >= TOGETHER || pending.since.is_some_and(|since| since.elapsed() >= waited);
        let ready = if is_time { std::mem::take(&mut *pending).runs } else { Vec::new() };
        drop(pending);
        self.place(ready);
    }

    fn place(&self, ready: Vec<(Entry, Reviewed)>) {
        let Some(aside) = self.aside().filter(|_| !ready.is_empty()) else { return };
        let ids: Vec<(JobId, RunId)> =
            ready.iter().map(|(_, one)| (one.run.job_id.clone(), one.run.run_id.clone())).collect();
        let placed = match aside.place(ids.iter().map(|(job, run)| (job, run))) {
            Ok(placed) => placed,
            Err(error) => return self.stop(error.into()),
        };
        for ((entry, reviewed), placed) in ready.into_iter().zip(placed) {
            match placed {
                Ok(true) => (self.tell)(BatchEvent::Reviewed(reviewed)),
                // Somebody else was first.
                Ok(false) => self.alone(&entry),
                Err(error) => self.failed(&entry, error.into(), NOTHING),
            }
        }
    }

    /// Makes a run by itself, goes on with it, or finds it completed.
    fn alone(&self, entry: &Entry) {
        let planned = || {
            let document = entry.read()?;
            self.setup.plan(document.job()?, &document)
        };
        let (plan, asking) = match planned() {
            Ok(planned) => planned,
            Err(error) => return self.failed(entry, error, NOTHING),
        };
        // The attempt that is made here; others may make others of the same run.
        let mine = AtomicU32::new(0);
        let observe = |progress| match progress {
            Progress::Begun(_, attempt, _) => mine.store(attempt, Ordering::Relaxed),
            Progress::Warned(_, _, text) => (self.tell)(BatchEvent::Warned(&entry.shown, text)),
            _ => {}
        };
        let reviewed = self.setup.review(&plan, &asking, &observe);
        let (calls, spent) = self.took(&plan, mine.into_inner());
        let found = reviewed.and_then(|(run, replayed)| {
            let decision = view::manifest(&run)?.decision;
            Ok(Reviewed {
                document: entry.shown.clone(),
                run: plan.versions(),
                path: run.path().to_owned(),
                decision: decision.as_ref().map(|decision| decision.label),
                weighted_confidence: decision.map(|decision| decision.weighted_confidence),
                replayed,
                calls,
                spent,
            })
        });
        match found {
            Ok(reviewed) => (self.tell)(BatchEvent::Reviewed(reviewed)),
            Err(error) => self.failed(entry, error, (calls, spent)),
        }
    }

    /// How many requests an attempt of a run by models sent and what they took, as far as it can be read.
    fn took(&self, plan: &Plan, number: u32) -> (usize, Amount) {
        if !self.asks_models || number == 0 {
            return NOTHING;
        }
        let run = self.setup.store.run(&plan.job, &plan.run).ok().flatten();
        let attempts = run.and_then(|run| view::attempts(&run).ok()).unwrap_or_default();
        let mine = attempts.into_iter().find(|attempt| attempt.attempt == number);
        mine.map_or(NOTHING, |attempt| (attempt.calls, attempt.spent))
    }

    /// What fails for one document fails for it alone, but for what would fail for all.
    fn failed(&self, entry: &Entry, error: OpsError, took: (usize, Amount)) {
        let is_fatal =
            matches!(error, OpsError::Store(StoreError::Io { .. } | StoreError::NotDurable { .. }));
        let is_of_user = match &error {
            OpsError::Partial { source, .. } => matches!(**source, OpsError::Interrupted),
            error => matches!(error, OpsError::Interrupted),
        };
        if !is_fatal && !is_of_user {
            return (self.tell)(BatchEvent::Failed(&entry.shown, error, took));
        }
        if took.0 > 0 {
            (self.tell)(BatchEvent::Unfinished(&entry.shown, &error, took));
        }
        if is_fatal {
            self.stop(error);
        }
    }

    fn stop(&self, error: OpsError) {
        self.is_stopped.store(true, Ordering::Relaxed);
        lock(&self.why).get_or_insert(error);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    /// The document.
    ///
    /// # Errors
    /// [`OpsError::Source`] where it cannot be read or is no text that can be reviewed.
    pub fn read(&self) -> Result<Document, OpsError> {
        Ok(Document {
            source: match &self.source {
                SourceKind::Text(text) => Source::document(&self.shown, text.clone(), "txt")?,
                source => Source::read(source)?,
            },
            context: ContextFile::read_all(&self.context)?,
            job: self.job.clone(),
            revising: None,
        })
    }
}
