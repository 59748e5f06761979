//! `verify`: everything that was recorded, derived again from the files.
//!
//! Each check is a value; all of them are made, whatever failed before. Nothing is changed, no index
//! is needed, and no content makes it stop.

mod artifacts;
mod attempts;
mod decision;
mod exchanges;
mod files;
mod policies;
mod revision;
mod run;

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use super::walk::{Here, Walk, threads};
use super::{OpsError, RunRef, Workspace};
use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::ids::PolicyName;
use crate::domain::view::Verified;
use crate::store::{RunDir, Store, StoreError};
use policies::Policies;

/// Within this time another process has put its file in place.
const SETTLE: Duration = Duration::from_millis(20);

/// What to verify.
#[derive(Debug, Clone)]
pub enum Scope {
    /// These runs.
    Runs(Vec<RunRef>),
    /// The versions of this policy.
    Policy(PolicyName),
    /// Every run of the store, and its policies.
    All,
}

/// What to verify, and what must still be there.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// What to verify.
    pub scope: Scope,
    /// The digest of a line or record that is remembered from an earlier time.
    pub head: Option<Digest>,
}

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// How many runs and policies were verified.
    pub verified: usize,
    /// How many of them failed.
    pub failed: usize,
    /// Whether the remembered head was found; none when none was asked for.
    pub head_found: Option<bool>,
    /// Whether the user stopped it before all were seen.
    pub interrupted: bool,
}

impl VerifyReport {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed == 0 && self.head_found != Some(false)
    }
}

/// Verifies what `options` names, handing each result to `each` as it comes.
///
/// # Errors
/// [`OpsError`] when what is named is not there; what is wrong with a record is a failed check.
pub fn verify(
    workspace: &Workspace<'_>,
    options: &VerifyOptions,
    each: &mut dyn FnMut(&Verified),
) -> Result<VerifyReport, OpsError> {
    let mut tally = Tally { report: VerifyReport::default(), head: options.head, each };
    match &options.scope {
        Scope::Runs(references) => {
            for reference in references {
                let (store, run) = reference.resolve(&workspace.store)?;
                tally.add(&run::verify(&store, &Policies::of(&store), &run));
            }
        }
        Scope::Policy(name) => {
            let store = Store::open(&workspace.store)?;
            let known = store.policies()?;
            if !known.contains(name) {
                return Err(OpsError::NoSuchPolicy { name: name.clone(), known });
            }
            tally.add(&policies::verify(&Policies::of(&store), name.as_str()));
        }
        Scope::All => {
            let store = Store::open(&workspace.store)?;
            if !store.is_marked()? && !store.has_runs()? {
                return Err(StoreError::NoStore { path: store.path() }.into());
            }
            let policies = Policies::of(&store);
            tally.add(&policies::verify_marker(&store));
            match policies::verify_all(&policies) {
                Ok(verified) => verified.iter().for_each(|policy| tally.add(policy)),
                Err(error) => tally.add(&unreadable("policies".to_owned(), &error)),
            }
            match store.artifacts(None) {
                Ok(names) => names.iter().for_each(|name| tally.add(&artifacts::verify(&store, name))),
                Err(error) => tally.add(&unreadable("versions".to_owned(), &error)),
            }
            for path in store.not_artifacts()? {
                tally
                    .add(&unreadable(format!("versions/{path}"), &"it is a link or a file, not a directory"));
            }
            for name in store.links()? {
                let check = Check::skipped("readable", name.clone(), "it is a link; links are not entered");
                tally.add(&Seen::alone(name, check));
            }
            verify_runs(&store, &policies, workspace, &mut tally)?;
        }
    }
    let mut report = tally.report;
    report.interrupted = workspace.is_interrupted();
    if options.head.is_some() && !report.interrupted {
        report.head_found.get_or_insert(false);
    }
    Ok(report)
}

/// Every run of the store, several at the same time; what cannot be read is a failed check, and the others are verified
/// all the same.
fn verify_runs(
    store: &Store,
    policies: &Policies<'_>,
    workspace: &Workspace<'_>,
    tally: &mut Tally<'_>,
) -> Result<(), OpsError> {
    let walk = Walk::of(store, None, threads(), workspace);
    let look = |here: Result<Here<'_>, StoreError>| {
        let (job, id) = match here {
            Ok(here) => here.ids(),
            Err(error) => {
                let job = error.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
                return Some(unreadable(job, &error));
            }
        };
        let subject = format!("{job}/{id}");
        // One that was taken away since it was listed is none.
        let run = store.run(&job, &id).transpose()?;
        match run.and_then(|run| Ok((run.is_run()?, run))) {
            Ok((true, run)) => Some(run::verify(store, policies, &run)),
            Ok((false, _)) if id.is_derived() => Some(unreadable(subject, &"there is no run in it")),
            Ok((false, _)) => None,
            Err(error) => Some(unreadable(subject, &error)),
        }
    };
    walk.each(look, Seen::weight, |seen| {
        tally.add(&seen);
        ControlFlow::Continue(())
    })?;
    if workspace.is_interrupted() {
        return Ok(());
    }
    for job in store.jobs() {
        let job = job?;
        // That a job cannot be listed was said above.
        for id in store.not_entered(&job).unwrap_or_default() {
            let problem = "it is a link or a file, not a run's directory";
            tally.add(&unreadable(format!("{job}/{id}"), &problem));
        }
    }
    Ok(())
}

fn unreadable(subject: String, problem: &dyn std::fmt::Display) -> Seen {
    let check = Check::fail("readable", subject.clone(), problem);
    Seen::alone(subject, check)
}

/// What fails is looked at once more: what another process was replacing was read at two moments.
fn settled(first: Seen, again: impl FnOnce() -> Seen) -> Seen {
    if first.verified.holds() {
        return first;
    }
    thread::sleep(SETTLE);
    again()
}

/// The checks of one run.
pub(super) fn checks(store: &Store, run: &RunDir) -> Vec<Check> {
    run::verify(store, &Policies::of(store), run).verified.checks
}

/// What was verified, and every digest that a remembered head may be.
struct Seen {
    verified: Verified,
    heads: Vec<Digest>,
}

impl Seen {
    /// How many bytes it takes, about.
    fn weight(&self) -> usize {
        const CHECK: usize = 160;
        CHECK * self.verified.checks.len() + size_of::<Digest>() * self.heads.len()
    }

    /// Where there is but one check and no chain.
    fn alone(subject: String, check: Check) -> Self {
        Self { verified: Verified { subject, head: None, checks: vec![check] }, heads: Vec::new() }
    }
}

struct Tally<'a> {
    report: VerifyReport,
    head: Option<Digest>,
    each: &'a mut dyn FnMut(&Verified),
}

impl Tally<'_> {
    fn add(&mut self, seen: &Seen) {
        self.report.verified += 1;
        self.report.failed += usize::from(!seen.verified.holds());
        if self.head.is_some_and(|head| seen.heads.contains(&head)) {
            self.report.head_found = Some(true);
        }
        (self.each)(&seen.verified);
    }
}
