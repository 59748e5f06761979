//! The book of a run's requests: reserved before they are sent, stored before they are used, settled by what they
//! took. It is the only way from a provider to the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Progress, Workspace};
use crate::domain::budget::{Account, Amount, Fit, Limit};
use crate::domain::digest::Digest;
use crate::domain::event::Event;
use crate::domain::exchange::{Exchange, Usage};
use crate::domain::policy::{Limits, OnMissingUsage, OnUnknownPrice};
use crate::domain::step::Step;
use crate::provider::model::Recording;
use crate::provider::{Closed, GLANCE, Intent, Ledger, Stop};
use crate::store::{AttemptLog, Cassette, LockedRun, StoreError};

/// What an earlier attempt left for this one.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What is spent.
    pub(super) account: Account,
    /// Answers that were paid for and never used.
    pub(super) unused: Recording,
}

/// The book of one attempt.
pub(super) struct Book<'a> {
    workspace: &'a Workspace<'a>,
    locked: &'a LockedRun,
    limits: &'a Limits,
    cassette: Option<&'a Cassette>,
    observe: &'a (dyn Fn(Progress) + Sync),
    attempt: u32,
    seed: Digest,
    deadline: Instant,
    unused: Recording,
    log: Mutex<AttemptLog>,
    money: Mutex<Money>,
    /// Told whenever a reservation is settled.
    settled: Condvar,
    /// Why nothing can be stored.
    failure: Mutex<Option<StoreError>>,
}

#[derive(Default)]
struct Money {
    account: Account,
    open: BTreeMap<(Step, u32), Amount>,
    calls: BTreeMap<Step, u32>,
    warned: BTreeSet<String>,
}

impl<'a> Book<'a> {
    pub(super) fn new(
        workspace: &'a Workspace<'a>,
        locked: &'a LockedRun,
        limits: &'a Limits,
        cassette: Option<&'a Cassette>,
        observe: &'a (dyn Fn(Progress) + Sync),
        (log, left): (AttemptLog, Left),
    ) -> Self {
        let time = Duration::from_secs(u64::from(limits.run_timeout_s));
        Self {
            workspace,
            locked,
            limits,
            cassette,
            observe,
            attempt: log.number(),
            seed: log.head().unwrap_or_else(|| Digest::of(b"")),
            deadline: Instant::now() + time,
            unused: left.unused,
            log: Mutex::new(log),
            money: Mutex::new(Money { account: left.account, ..Money::default() }),
            settled: Condvar::new(),
            failure: Mutex::default(),
        }
    }

    /// Appends an event, durably.
    pub(super) fn append(&self, event: Event) -> Result<(), StoreError> {
        // A thread that panicked while it held the lock had appended a whole line or none.
        self.log.lock().unwrap_or_else(PoisonError::into_inner).append(self.workspace.clock.now(), event)
    }

    /// Why nothing could be stored, where a request came to nothing for that.
    pub(super) fn failure(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn money(&self) -> MutexGuard<'_, Money> {
        self.money.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unwritten(&self, error: StoreError) -> Closed {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Closed::Unwritten
    }

    fn write(&self, event: Event) -> Result<(), Closed> {
        self.append(event).map_err(|error| self.unwritten(error))
    }

    /// Warns once of each thing, however often it is seen.
    fn warn_once(
        &self,
        key: String,
        code: &'static str,
        step: Option<&Step>,
        message: String,
    ) -> Result<(), Closed> {
        if self.money().warned.insert(key) { self.warn(code, step, message) } else { Ok(()) }
    }

    /// Refuses what has no price under a budget of money, or warns of it.
    fn price(&self, intent: &Intent<'_>) -> Result<(), Closed> {
        let model = intent.model;
        if self.limits.budget_usd_micros.is_none() || self.limits.prices.contains_key(model) {
            return Ok(());
        }
        match self.limits.on_unknown_price {
            OnUnknownPrice::Deny => Err(Closed::Stopped(Stop::UnknownPrice(model.to_owned()))),
            OnUnknownPrice::Warn => {
                let message =
                    format!("what `{model}` costs is not known: it does not count in `budget_usd_micros`");
                self.warn_once(format!("price {model}"), "unknown_price", Some(intent.step), message)
            }
        }
    }

    fn amount(&self, usage: Usage, model: &str) -> Amount {
        Amount::of(usage, self.limits.prices.get(model))
    }

    /// Waits until the reservation fits, which it may once others are settled.
    fn fit(&self, amount: Amount, deadline: Instant) -> Result<MutexGuard<'_, Money>, Closed> {
        let mut money = self.money();
        loop {
            match money.account.reserve(amount, self.limits) {
                Fit::Reserved => return Ok(money),
                Fit::Never(exceeded) => return Err(Closed::Stopped(Stop::Budget(exceeded))),
                Fit::Later => {}
            }
            if self.is_interrupted() {
                return Err(Closed::Interrupted);
            }
            if Instant::now() >= deadline {
                return Err(Closed::OutOfTime);
            }
            money = self.settled.wait_timeout(money, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What counts as spent: what the server says; nothing where it gave no answer; else all that was reserved.
    fn spent(&self, exchange: &Exchange, reserved: Amount) -> Amount {
        let is_failure = exchange.response.as_ref().is_some_and(|response| response.status >= 300);
        match exchange.usage {
            Some(usage) => self.amount(usage, &exchange.model),
            None if !exchange.sent || is_failure => Amount::default(),
            None => reserved,
        }
    }

    fn store(&self, exchange: &Exchange) -> Result<Digest, Closed> {
        let bytes = exchange.bytes();
        let stored = self.locked.put_exchange(self.attempt, &exchange.file(), &bytes);
        stored.map_err(|error| self.unwritten(error))?;
        Ok(Digest::of(&bytes))
    }

    /// Keeps an answer in the cassette too; only after it is in the record.
    fn keep(&self, exchange: &Exchange) -> Result<(), Closed> {
        let Some(cassette) = self.cassette.filter(|_| exchange.is_answered()) else { return Ok(()) };
        let kept = cassette.put(exchange.request.digest, &exchange.bytes(), &self.workspace.wait());
        kept.map_err(|error| self.unwritten(error))
    }

    /// Stops where there is a budget and an answer does not say what it took, as the policy wants; else warns.
    fn missing_usage(&self, exchange: &Exchange) -> Result<(), Closed> {
        let has_budget = self.limits.budget_tokens.is_some() || self.limits.budget_usd_micros.is_some();
        if !has_budget || !exchange.is_answered() || exchange.usage.is_some() {
            return Ok(());
        }
        let model = exchange.model.clone();
        match self.limits.on_missing_usage {
            OnMissingUsage::Stop => Err(Closed::Stopped(Stop::MissingUsage(model))),
            OnMissingUsage::Estimate => {
                let message =
                    format!("`{model}` does not say what its answers take: what was reserved counts");
                self.warn_once(format!("usage {model}"), "missing_usage", Some(&exchange.step), message)
            }
        }
    }

    fn next_call(money: &mut Money, step: &Step) -> u32 {
        let call = money.calls.entry(step.clone()).or_default();
        *call += 1;
        *call
    }

    /// Says once of each budget that four fifths of it are spent.
    fn warn_of_budgets(&self) -> Result<(), Closed> {
        let near: Vec<(Limit, u64)> = self.money().account.nearly_spent(self.limits).collect();
        for (limit, budget) in near {
            let field = limit.field();
            let message = format!("four fifths of `{field}`, which is {budget}, are spent");
            self.warn_once(format!("budget {field}"), "budget", None, message)?;
        }
        Ok(())
    }
}

impl Ledger for Book<'_> {
    fn reserve(&self, intent: &Intent<'_>, deadline: Instant) -> Result<u32, Closed> {
        if self.is_interrupted() {
            return Err(Closed::Interrupted);
        }
        self.price(intent)?;
        let reserved = self.amount(intent.most, intent.model);
        let call = {
            let mut money = self.fit(reserved, deadline)?;
            let call = Self::next_call(&mut money, intent.step);
            money.open.insert((intent.step.clone(), call), reserved);
            call
        };
        self.write(Event::CallReserved {
            step: intent.step.clone(),
            call,
            provider: intent.provider.as_str().to_owned(),
            model: intent.model.to_owned(),
            request: intent.request,
            reserved,
        })?;
        Ok(call)
    }

    fn settle(&self, exchange: &Exchange) -> Result<(), Closed> {
        let (step, call) = (exchange.step.clone(), exchange.call);
        let reserved = self.money().open.remove(&(step.clone(), call)).unwrap_or_default();
        let spent = self.spent(exchange, reserved);
        let stored = self.store(exchange)?;
        self.write(Event::CallSettled {
            step,
            call,
            exchange: stored,
            outcome: exchange.outcome.clone(),
            usage: exchange.usage,
            spent,
            answered_by: exchange.answered_by.clone(),
            request_id: exchange.request_id.clone(),
            duration_ms: exchange.duration_ms,
        })?;
        self.money().account.settle(reserved, spent);
        self.settled.notify_all();
        self.keep(exchange)?;
        self.warn_of_budgets()?;
        self.missing_usage(exchange)
    }

    fn unused(&self) -> &Recording {
        &self.unused
    }

    fn replay(&self, step: &Step, exchange: &Exchange) -> Result<(), Closed> {
        let call = Self::next_call(&mut self.money(), step);
        let mine = Exchange { step: step.clone(), call, ..exchange.clone() };
        let stored = self.store(&mine)?;
        self.write(Event::CallReplayed { step: step.clone(), call, exchange: stored })?;
        self.keep(&mine)?;
        // One of this run's own was paid for; one that was recorded elsewhere was not.
        if self.unused.find(exchange.request.digest).is_some() {
            self.missing_usage(exchange)
        } else {
            Ok(())
        }
    }

    fn warn(&self, code: &'static str, step: Option<&Step>, message: String) -> Result<(), Closed> {
        (self.observe)(Progress::Warned(code, step.cloned(), message.clone()));
        self.write(Event::Warning { code: code.to_owned(), step: step.cloned(), message })
    }

    fn waits(&self, step: &Step, why: String) {
        (self.observe)(Progress::Waiting(step.clone(), why));
    }

    fn is_interrupted(&self) -> bool {
        self.workspace.is_interrupted()
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn seed(&self) -> Digest {
        self.seed
    }

    fn now(&self) -> String {
        self.workspace.clock.now()
    }
}
