//! The verbs: the only place where domain, provider and store meet.
//!
//! Each verb takes the workspace and its options and returns values. Nothing here prints, reads the
//! environment, or spells a path of the store.

pub mod artifact;
mod audit;
mod clock;
mod compare;
mod connection;
mod diff;
mod doctor;
mod documents;
mod error;
mod index;
mod input;
mod list;
mod migrate;
mod newest;
pub mod policy;
mod prompts;
mod reference;
mod rules;
mod run;
mod show;
mod source;
mod verify;
mod view;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub use crate::domain::view::IndexReport;
pub use audit::{AuditOptions, AuditReport, audit};
pub use clock::Clock;
pub use compare::{CompareOptions, CompareReport, compare};
pub use connection::{Connection, Connections};
pub use diff::diff;
pub use doctor::{DoctorOptions, doctor, is_well};
pub use documents::{Documents, documents_at, documents_from};
pub use error::OpsError;
pub use index::{QueryOptions, STATS, export_question, index, query};
pub use input::{InputError, read_input, read_regular};
pub use list::{ListOptions, ListReport, list};
pub use migrate::{
    ApplyReport, Change, Failure, Manifests, Planned, Rewrite, Selection, Survey, apply, check_migration,
    plan, survey, target,
};
pub use newest::Newest;
pub use prompts::{PromptsOf, diff_prompts, prompt, prompt_sets};
pub use reference::RunRef;
use rules::load_rules;
pub use rules::{ExamplesReport, RuleFiles, kinds, rule, rule_source, rules, test_rules};
pub use run::{
    AskingOptions, BatchEvent, BatchOptions, Document, Edit, Entry, Named, NoDocument, Progress, Revising,
    RevisionOptions, RunReport, Terms, batch, estimate, revising, run,
};
pub use show::show;
pub use source::{ContextFile, Source, SourceError, SourceKind};
pub use verify::{Scope, VerifyOptions, VerifyReport, verify};
pub use walk::Sweep;

pub use crate::index::{Answer as Answered, IndexError, Row};
pub use crate::provider::model::{Endpoint, EndpointError, Key, NoKey, Pace};
use crate::store::Wait;

/// What every verb works in.
pub struct Workspace<'a> {
    /// Where the store lies, or will.
    pub store: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// Who acts; asked only when something is recorded.
    pub author: &'a (dyn Fn() -> String + Sync),
    /// Set when the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// Whether to fail at once when another process holds a lock.
    pub no_wait: bool,
    /// Told once what is waited for, when that takes longer than a second.
    pub on_wait: &'a (dyn Fn(&Path) + Sync),
    /// Told how far it has come by what goes through the whole store, from several threads.
    pub on_sweep: &'a (dyn Fn(Sweep) + Sync),
}

impl Workspace<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn wait(&self) -> Wait<'_> {
        Wait { no_wait: self.no_wait, interrupted: self.interrupted, on_wait: self.on_wait }
    }
}
