//! One attempt: the steps that are left, each durable before it counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Progress;
use super::book::Book;
use super::manifest::{Ending, render_ended};
use super::plan::{Plan, file};
use super::resume::Done;
use crate::domain::aggregate::{AggregateError, aggregate};
use crate::domain::decision::Decision;
use crate::domain::difference;
use crate::domain::digest::Digest;
use crate::domain::event::Event;
use crate::domain::json;
use crate::domain::manifest::{RunError, StepName};
use crate::domain::panel::Persona;
use crate::domain::proposal::Proposal;
use crate::domain::review::PersonaReview;
use crate::domain::step::{RunStatus, Step, StepStatus};
use crate::ops::{OpsError, view};
use crate::provider::{Closed, Ledger as _, Provider, ProviderError, Stop};
use crate::store::{LockedRun, StoreError};

/// Why there is no decision where the reviews are too few, as a stable word.
const NO_QUORUM: &str = "no_quorum";

/// Why a step, and so perhaps the attempt, came to nothing.
enum Failure {
    /// No answers; other steps may go on.
    Provider(Vec<(Step, ProviderError)>),
    /// The reviews do not add up.
    Aggregate(AggregateError),
    /// The policy stops the run.
    Stopped(Stop),
    /// The user wants to stop.
    Interrupted,
    /// The store cannot be written or read: nothing more is written, not even that.
    Store(OpsError),
}

impl<E: Into<OpsError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// One attempt under way.
pub(super) struct Execution<'a> {
    plan: &'a Plan,
    provider: &'a dyn Provider,
    book: &'a Book<'a>,
    locked: &'a LockedRun,
    observe: &'a (dyn Fn(Progress) + Sync),
    state: Mutex<State>,
}

/// What the steps, which run side by side, say in turn.
#[derive(Default)]
struct State {
    steps: BTreeMap<Step, StepStatus>,
    outputs: BTreeMap<String, (Digest, u64)>,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        provider: &'a dyn Provider,
        book: &'a Book<'a>,
        locked: &'a LockedRun,
        observe: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        Self { plan, provider, book, locked, observe, state: Mutex::default() }
    }

    /// Does what is left to do and ends the attempt.
    pub(super) fn complete(&self, done: &Done) -> Result<Decision, OpsError> {
        let (status, error) = match self.steps(done) {
            Ok(decision) => {
                self.end(RunStatus::Completed, Some(&decision), None)?;
                return Ok(decision);
            }
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::Interrupted) => (RunStatus::Stopped, OpsError::Interrupted),
            Err(Failure::Stopped(stop)) => (RunStatus::Stopped, OpsError::StoppedByPolicy { stop }),
            Err(Failure::Provider(failed)) => (RunStatus::Failed, OpsError::Step { failed }),
            Err(Failure::Aggregate(source)) => (RunStatus::Failed, OpsError::Undecided { source }),
        };
        let (code, step) = match &error {
            OpsError::Step { failed } => {
                failed.first().map_or((NO_QUORUM, None), |(step, error)| (error.code(), Some(step.clone())))
            }
            OpsError::StoppedByPolicy { stop } => (stop.code(), None),
            OpsError::Interrupted => ("interrupted", None),
            _ => (NO_QUORUM, Some(Step::Aggregate)),
        };
        self.end(status, None, Some(RunError { code: code.to_owned(), step: step.map(StepName::Known) }))?;
        let view = Box::new(view::load(self.locked.run())?);
        Err(OpsError::Partial { source: Box::new(error), view })
    }

    fn steps(&self, done: &Done) -> Result<Decision, Failure> {
        let given = self.plan.revised.as_ref().and_then(|revised| revised.proposal.clone());
        let expand = || match given {
            Some(proposal) => Ok(proposal),
            None => Ok(self.provider.expand(&self.plan.subject(), self.book)?),
        };
        let proposal: Proposal = self.step(&Step::Expand, done, expand, |_| None)?;
        let answers = self.reviews(&proposal, done);
        let mut reviews = Vec::with_capacity(answers.len());
        let mut unanswered = Vec::new();
        for answer in answers {
            match answer {
                Ok(review) => reviews.push(review),
                Err(Failure::Provider(failed)) => unanswered.extend(failed),
                Err(failure) => return Err(failure),
            }
        }
        let decide = || Ok(aggregate(&self.plan.panel, &reviews)?);
        let difference = |decision: &Decision| {
            let difference = self.plan.difference(&proposal, &reviews, decision)?;
            Some((difference::FILE.to_owned(), file(&difference)))
        };
        match self.step(&Step::Aggregate, done, decide, difference) {
            // The personas that gave no answer are the reason, not the count that they left short.
            Err(Failure::Aggregate(_)) if !unanswered.is_empty() => Err(Failure::Provider(unanswered)),
            Ok(decision) if !unanswered.is_empty() => {
                let why = OpsError::Step { failed: unanswered };
                let message = format!("{why}; it was decided without, as the quorum allows");
                (self.observe)(Progress::Warned("quorum", None, message));
                Ok(decision)
            }
            result => result,
        }
    }

    /// The reviews, side by side, in panel order.
    fn reviews(&self, proposal: &Proposal, done: &Done) -> Vec<Result<PersonaReview, Failure>> {
        // Whoever makes runs aside makes several at the same time.
        if self.locked.is_aside() {
            let personas = self.plan.panel.personas.iter();
            return personas.map(|persona| self.review(persona, proposal, done)).collect();
        }
        thread::scope(|scope| {
            let start = |persona| {
                let work = move || self.review(persona, proposal, done);
                match thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(thread) => Review::Thread(thread),
                    // Where the system grants no thread the review is done on this one.
                    Err(_) => Review::Done(Box::new(self.review(persona, proposal, done))),
                }
            };
            let reviews: Vec<_> = self.plan.panel.personas.iter().map(start).collect();
            reviews.into_iter().map(Review::end).collect()
        })
    }

    fn review(&self, persona: &Persona, proposal: &Proposal, done: &Done) -> Result<PersonaReview, Failure> {
        let review = || {
            let revised = self.plan.revised.as_ref();
            if let Some(carried) = revised.and_then(|revised| revised.carried(persona, proposal)) {
                return Ok(carried);
            }
            let mut review = self.provider.review(persona, &self.plan.subject(), proposal, self.book)?;
            // Whoever answered, the vote is the persona's, and a quote counts only where it stands.
            review.persona_id = persona.id.clone();
            review.persona_name = persona.name.clone();
            review.check_quotes(&self.plan.idea);
            Ok(review)
        };
        self.step(&Step::Review(persona.id.clone()), done, review, |_| None)
    }

    /// Does one step, unless it is done. What it leaves behind besides its output goes `beside` it.
    fn step<T: Serialize + DeserializeOwned>(
        &self,
        step: &Step,
        done: &Done,
        work: impl FnOnce() -> Result<T, Answer>,
        beside: impl FnOnce(&T) -> Option<(String, Vec<u8>)>,
    ) -> Result<T, Failure> {
        if let Some(bytes) = done.get(&step.output()) {
            let path = format!("outputs/{}", step.output());
            let value =
                json::from_slice(bytes).map_err(|error| view::corrupt(self.locked.run(), &path, error))?;
            let names = [Some(step.output()), beside(&value).map(|(name, _)| name)].into_iter().flatten();
            self.record(step, &names.filter_map(|name| done.get_key_value(&name)).collect());
            (self.observe)(Progress::Done(step.clone()));
            return Ok(value);
        }
        if self.book.is_interrupted() {
            return Err(Failure::Interrupted);
        }
        self.book.append(Event::StepStarted { step: step.clone() })?;
        (self.observe)(Progress::Started(step.clone()));
        match work() {
            Ok(value) => {
                let output = Some((step.output(), file(&value)));
                let outputs: Vec<_> = [output, beside(&value)].into_iter().flatten().collect();
                self.store(step, &outputs.iter().map(|(name, bytes)| (name, bytes)).collect())?;
                (self.observe)(Progress::Done(step.clone()));
                Ok(value)
            }
            Err(answer) => Err(self.failed(step, answer)?),
        }
    }

    /// The outputs are durable before the event that says so is.
    fn store(&self, step: &Step, outputs: &BTreeMap<&String, &Vec<u8>>) -> Result<(), StoreError> {
        for (name, bytes) in outputs {
            self.locked.put_output(name, bytes)?;
        }
        let digests = outputs.iter().map(|(name, bytes)| ((*name).clone(), Digest::of(bytes))).collect();
        self.book.append(Event::StepCompleted { step: step.clone(), outputs: digests })?;
        self.record(step, outputs);
        Ok(())
    }

    /// A step that was only kept from asking did not fail: the next attempt goes on where it was.
    fn failed(&self, step: &Step, answer: Answer) -> Result<Failure, StoreError> {
        let failure = match answer {
            Answer::Provider(ProviderError::Closed(Closed::Stopped(why))) => {
                return Ok(Failure::Stopped(why));
            }
            Answer::Provider(ProviderError::Closed(Closed::Interrupted)) => return Ok(Failure::Interrupted),
            Answer::Provider(error) => Failure::Provider(vec![(step.clone(), error)]),
            Answer::Aggregate(error) => Failure::Aggregate(error),
        };
        // What could not be stored stops everything; nothing more is written.
        if let Some(error) = self.book.failure() {
            return Err(error);
        }
        let code = match &failure {
            Failure::Provider(failed) => failed.first().map_or(NO_QUORUM, |(_, error)| error.code()),
            _ => NO_QUORUM,
        };
        self.book.append(Event::StepFailed { step: step.clone(), code: code.to_owned() })?;
        self.state().steps.insert(step.clone(), StepStatus::Failed);
        (self.observe)(Progress::Failed(step.clone()));
        Ok(failure)
    }

    fn record(&self, step: &Step, outputs: &BTreeMap<&String, &Vec<u8>>) {
        let mut state = self.state();
        state.steps.insert(step.clone(), StepStatus::Completed);
        let outputs =
            outputs.iter().map(|(name, bytes)| ((*name).clone(), (Digest::of(bytes), bytes.len() as u64)));
        state.outputs.extend(outputs);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log says so before the manifest does, so a completed run always has a log that ends and
    /// names its manifest.
    fn end(
        &self,
        status: RunStatus,
        decision: Option<&Decision>,
        error: Option<RunError>,
    ) -> Result<(), OpsError> {
        let previous = view::document(self.locked.run())?.value;
        let manifest = {
            let state = self.state();
            let ending = Ending { status, steps: &state.steps, outputs: &state.outputs, decision, error };
            render_ended(self.plan, &ending, &previous)
        };
        self.book.append(Event::AttemptEnded { status, manifest: Digest::of(&manifest) })?;
        self.locked.replace_manifest(&manifest)?;
        Ok(())
    }
}

/// A review under way on a thread of its own, or done.
enum Review<'scope> {
    Thread(thread::ScopedJoinHandle<'scope, Result<PersonaReview, Failure>>),
    Done(Box<Result<PersonaReview, Failure>>),
}

impl Review<'_> {
    fn end(self) -> Result<PersonaReview, Failure> {
        match self {
            Self::Thread(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Self::Done(result) => *result,
        }
    }
}

/// Why a step's work gave nothing.
enum Answer {
    Provider(ProviderError),
    Aggregate(AggregateError),
}

impl From<ProviderError> for Answer {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<AggregateError> for Answer {
    fn from(error: AggregateError) -> Self {
        Self::Aggregate(error)
    }
}
