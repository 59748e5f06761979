//! `run`: the main job. The inputs are snapshotted, the panel reviews, the decision is recorded.
//!
//! The same inputs are the same run: one that is completed is shown again and nothing is touched; one
//! that failed, was stopped or was killed goes on with another attempt, which repeats no finished step.

mod answers;
mod asking;
mod batch;
mod book;
mod estimate;
mod execute;
mod manifest;
mod plan;
mod ready;
mod recording;
mod resume;
mod revise;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::thread;

use super::policy::InForce;
use super::{ContextFile, OpsError, RuleFiles, Source, Workspace, load_rules, policy, view};
use crate::domain::audit::RunVersions;
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Tool};
use crate::domain::exchange::Exchange;
use crate::domain::ids::JobId;
use crate::domain::json;
use crate::domain::policy::{Limits, PolicyRef, VersionName};
use crate::domain::step::Step;
use crate::domain::view::RunView;
use crate::provider::model::RecordedWith;
use crate::provider::panel::Asking;
use crate::provider::{Ledger as _, Provider as _};
use crate::store::{AttemptLog, AttemptStart, Begun, Cassette, LockedRun, NewRun, RunDir, Store};
pub use asking::AskingOptions;
pub(super) use asking::asking;
pub use batch::{BatchEvent, BatchOptions, Entry, Named, NoDocument, batch};
use book::{Book, Left};
pub use estimate::estimate;
use execute::Execution;
use plan::Plan;
pub(super) use plan::difference_of;
pub(super) use ready::may_ask;
use resume::Done;
pub use revise::{Edit, Revising, RevisionOptions, revising};
pub(super) use revise::{HowAsked, PARENT, edited, input};

/// What to review.
#[derive(Debug, Clone)]
pub struct Document {
    /// The idea.
    pub source: Source,
    /// Extra context.
    pub context: Vec<ContextFile>,
    /// The job; the idea says where it is none.
    pub job: Option<JobId>,
    /// What it revises, where it does.
    pub revising: Option<Box<Revising>>,
}

/// How to review, whatever it is.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Which opinion on the same inputs this is.
    pub sample: NonZeroU32,
    /// The policy, or the version of one.
    pub policy: VersionName,
    /// The files that rules are read from.
    pub rules: RuleFiles,
    /// Who is asked, and how.
    pub asking: AskingOptions,
}

/// What came of it.
#[derive(Debug)]
pub struct RunReport {
    /// The run.
    pub view: RunView,
    /// Whether it was completed before, so that nothing was done.
    pub replayed: bool,
}

/// How far a run is, for showing it while it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It begins, with so many steps to do, as the attempt of this number, and its versions are settled.
    Begun(usize, u32, Box<RunVersions>),
    /// A step has begun.
    Started(Step),
    /// A step is done.
    Done(Step),
    /// A step came to nothing.
    Failed(Step),
    /// A step waits before it asks again, and why.
    Waiting(Step, String),
    /// Something that the user should know: a stable word, the step that it is about, and in words.
    Warned(&'static str, Option<Step>, String),
}

/// Reviews a document.
///
/// # Errors
/// [`OpsError`]; what was finished is kept, and the same call goes on from there.
pub fn run(
    workspace: &Workspace<'_>,
    document: &Document,
    terms: &Terms,
    observe: &(dyn Fn(Progress) + Sync),
) -> Result<RunReport, OpsError> {
    let job = document.job()?;
    let setup = Setup::new(workspace, terms, document.revising.as_deref())?;
    let (plan, asking) = setup.plan(job, document)?;
    let (run, replayed) = setup.review(&plan, &asking, observe)?;
    Ok(RunReport { view: view::load(&run)?, replayed })
}

impl Document {
    /// The job that it belongs to.
    fn job(&self) -> Result<JobId, OpsError> {
        Ok(self.job.clone().map_or_else(|| self.source.job(), Ok)?)
    }
}

/// What all reviews on the same terms have in common.
struct Setup<'a> {
    workspace: &'a Workspace<'a>,
    terms: &'a Terms,
    store: Store,
    policy: InForce,
    limits: (Limits, BTreeMap<String, String>),
    asking: Asking,
}

impl<'a> Setup<'a> {
    /// Reads what the terms name; the store is made where it is missing.
    fn new(
        workspace: &'a Workspace<'a>,
        terms: &'a Terms,
        revising: Option<&Revising>,
    ) -> Result<Self, OpsError> {
        let rules = load_rules(&terms.rules)?;
        policy::exists(workspace, &terms.policy)?;
        let store = Store::create(&workspace.store)?;
        let policy = policy::in_force(workspace, &store, &terms.policy)?;
        if let Some(refusal) = policy::unavailable(&policy.version.body, &rules) {
            let PolicyRef { name, version, .. } = policy.version.reference;
            return Err(OpsError::Unavailable { name, version, refusal });
        }
        let body = &policy.version.body;
        let limits = ready::tightened(&body.limits, &terms.asking)?;
        let asking = asking(&terms.asking, revising, &body.panel, &limits.0, terms.sample.get(), rules)?;
        Ok(Self { workspace, terms, store, policy, limits, asking })
    }

    /// What the review of a document is made of, and who is asked for it.
    fn plan(&self, job: JobId, document: &Document) -> Result<(Plan, Asking), OpsError> {
        let mut asking = self.asking.again();
        let (revising, sample) = (document.revising.as_deref(), self.terms.sample);
        let panel = &self.policy.version.body.panel;
        let revised =
            revising.map(|revising| revising.settle(panel, sample.get(), &mut asking)).transpose()?;
        let plan = Plan::new(job, (document, sample), &self.policy, self.limits.clone(), &asking, revised);
        Ok((plan, asking))
    }

    /// Makes the run, goes on with it, or finds it completed; says whether it was.
    fn review(
        &self,
        plan: &Plan,
        asking: &Asking,
        observe: &(dyn Fn(Progress) + Sync),
    ) -> Result<(RunDir, bool), OpsError> {
        if plan.is_proposal_read_by_rules() {
            let message = "rules read the proposal alone, and so miss what only the document says: `--idea` takes an edited document";
            observe(Progress::Warned("proposal_alone", None, message.to_owned()));
        }
        let existing = self.store.run(&plan.job, &plan.run)?;
        let beginning = Beginning { setup: self, plan, asking };
        thread::scope(|scope| {
            if existing.is_none() {
                // Only to save time: without a thread for it, each answer prepares what it needs.
                let _ = thread::Builder::new().spawn_scoped(scope, || asking.prepare());
            }
            let begin = beginning.begin(existing)?;
            let cassette = beginning.cassette(begin.run())?;
            match begin {
                Begin::Completed(run) => Ok((run, true)),
                Begin::UnderWay { locked, log, done, left } => {
                    let (attempt, entry) = (log.number(), (log, left));
                    let book =
                        Book::new(self.workspace, &locked, &plan.limits, cassette.as_ref(), observe, entry);
                    observe(Progress::Begun(plan.steps.len(), attempt, Box::new(plan.versions())));
                    beginning.warn_of_secrets(&book)?;
                    Execution::new(plan, asking, &book, &locked, observe).complete(&done)?;
                    Ok((locked.unlock(), false))
                }
            }
        })
    }
}

/// What a run begins with.
struct Beginning<'a> {
    setup: &'a Setup<'a>,
    plan: &'a Plan,
    asking: &'a Asking,
}

/// How a run begins.
enum Begin {
    /// It was completed before.
    Completed(RunDir),
    /// An attempt is under way.
    UnderWay { locked: LockedRun, log: AttemptLog, done: Done, left: Left },
}

impl Begin {
    fn run(&self) -> &RunDir {
        match self {
            Self::Completed(run) => run,
            Self::UnderWay { locked, .. } => locked.run(),
        }
    }
}

impl Beginning<'_> {
    /// Makes the run, or goes on with the one that is there.
    fn begin(&self, existing: Option<RunDir>) -> Result<Begin, OpsError> {
        if let Some(existing) = existing {
            return self.go_on(existing);
        }
        self.check()?;
        let manifest = manifest::render_running(self.plan);
        let attempt = self.attempt(1, None, &manifest);
        let new = NewRun { inputs: &self.plan.inputs, manifest: &manifest, attempt };
        match self.setup.store.begin(&self.plan.job, &self.plan.run, &new, &self.setup.workspace.wait())? {
            Begun::Created(locked, log) => {
                Ok(Begin::UnderWay { locked, log, done: Done::default(), left: Left::default() })
            }
            Begun::Exists(existing) => self.go_on(existing),
        }
    }

    fn go_on(&self, existing: RunDir) -> Result<Begin, OpsError> {
        if resume::is_completed(&existing, self.plan)? {
            return Ok(Begin::Completed(existing));
        }
        self.check()?;
        let locked = existing.lock(&self.setup.store, &self.setup.workspace.wait())?;
        // Whoever held the lock may have completed it.
        if resume::is_completed(locked.run(), self.plan)? {
            return Ok(Begin::Completed(locked.unlock()));
        }
        let unfinished = resume::read(&self.setup.store, locked.run(), self.plan)?;
        let attempt = self.attempt(unfinished.next_attempt, unfinished.head, &unfinished.manifest);
        let log = locked.start_attempt(unfinished.next_attempt, &attempt)?;
        Ok(Begin::UnderWay { locked, log, done: unfinished.done, left: unfinished.left })
    }

    /// Whether the attempt may begin; a run that is completed needs no leave, as nobody is asked.
    fn check(&self) -> Result<(), OpsError> {
        ready::check(self.plan, self.asking, &self.setup.terms.asking)
    }

    /// The cassette that is recorded, with everything that the run was answered already.
    fn cassette(&self, run: &RunDir) -> Result<Option<Cassette>, OpsError> {
        let Some(path) = &self.setup.terms.asking.record else { return Ok(None) };
        let is_inside = |path: &Path| {
            let root = self.setup.store.path().canonicalize().ok();
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let found = whole.ancestors().find_map(|path| path.canonicalize().ok());
            root.zip(found).is_some_and(|(root, found)| found.starts_with(root))
        };
        if is_inside(path) {
            return Err(OpsError::Asking("a recording does not lie in a store: name another directory"));
        }
        let (cassette, with) = (Cassette::create(path)?, self.plan.recorded_with());
        let differs = |problem: String| OpsError::AnotherRecording { path: path.clone(), problem };
        if let Some(said) = cassette.begin(&plan::file(&with), &self.setup.workspace.wait())? {
            let said: RecordedWith = json::from_slice(&said).map_err(|error| differs(error.to_string()))?;
            if let Some(problem) = said.difference(&with) {
                return Err(differs(problem));
            }
        }
        for attempt in run.attempts()? {
            for name in run.exchanges(attempt)? {
                let bytes = run.exchange(attempt, &name)?;
                let file = format!("attempts/{attempt:04}/exchanges/{name}");
                let exchange = Exchange::read(&bytes).map_err(|error| view::corrupt(run, &file, error))?;
                if exchange.is_answered() {
                    cassette.put(exchange.request.digest, &bytes, &self.setup.workspace.wait())?;
                }
            }
        }
        Ok(Some(cassette))
    }

    /// Says in the record what models were not sent.
    fn warn_of_secrets(&self, book: &Book<'_>) -> Result<(), OpsError> {
        // Where they are not allowed there are none: it was looked before the attempt began.
        if !self.setup.terms.asking.allow_secrets || self.asking.models().is_recording() {
            return Ok(());
        }
        let secrets = self.asking.secrets(&self.plan.subject());
        if secrets.is_empty() {
            return Ok(());
        }
        let message = format!("{}: models are sent the text without it", OpsError::Secrets(secrets));
        match (book.warn("redacted", None, message), book.failure()) {
            (Err(_), Some(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn attempt(&self, number: u32, previous: Option<Digest>, manifest: &[u8]) -> AttemptStart<'_> {
        let tool = Tool { name: "consensus".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let event = Event::AttemptStarted {
            attempt: number,
            previous,
            manifest: Digest::of(manifest),
            by: (self.setup.workspace.author)(),
            tool,
            policy: self.plan.policy.clone(),
            tightened: self.plan.tightened.clone(),
            replayed: self.asking.models().is_recording(),
        };
        AttemptStart { policy: &self.setup.policy.bytes, at: self.setup.workspace.clock.now(), event }
    }
}
