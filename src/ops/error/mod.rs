//! Why a verb did not do what was asked.

mod words;

use std::path::PathBuf;

use semver::Version;

use crate::domain::aggregate::AggregateError;
use crate::domain::ids::{JobId, PolicyName, RunId};
use crate::domain::json::JsonError;
use crate::domain::manifest::ManifestError;
use crate::domain::migration::MigrationError;
use crate::domain::policy::{PolicyError, VersionNameError};
use crate::domain::provider::ProviderName;
use crate::domain::refusal::Refusal;
use crate::domain::step::Step;
use crate::domain::view::RunView;
use crate::domain::written::FileRefusal;
use crate::index::IndexError;
use crate::ops::source::SourceError;
use crate::provider::file::AnswerError;
use crate::provider::{ProviderError, Stop};
use crate::store::StoreError;
use words::{places, policies, prompt_sets, shown, steps, versions};

use super::artifact::ArtifactError;

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Of a versioned artifact.
    #[error(transparent)]
    Artifact(Box<ArtifactError>),
    /// Of what was handed in.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Of the rules that come with the program.
    #[error("the built-in rules: {0}")]
    Rules(#[from] FileRefusal),
    /// A file of rules or suppressions is refused.
    #[error("`{shown}`{}{refusal}", if refusal.line.is_some() { " " } else { ": " })]
    RulesFile {
        /// What the user called it.
        shown: String,
        /// Where and why.
        refusal: Box<FileRefusal>,
    },
    /// Of a policy.
    #[error("policy `{name}` version {version}: {source}")]
    Policy {
        /// Its name.
        name: String,
        /// Its version.
        version: u64,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// A policy file is refused.
    #[error("`{shown}`{}{refusal}", if refusal.line.is_some() { " " } else { ": " })]
    PolicyFile {
        /// What the user called it.
        shown: String,
        /// Where and why.
        refusal: Box<FileRefusal>,
    },
    /// A file that was named and is not there.
    #[error("`{0}` is not there")]
    NoFile(String),
    /// A file that was named and is larger than anything that belongs there.
    #[error("`{shown}` has more than {limit} bytes, which is the most that is read")]
    FileTooLarge {
        /// What was named.
        shown: String,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// A policy that is not there.
    #[error("there is no policy `{name}`; there {}", policies(known))]
    NoSuchPolicy {
        /// Its name.
        name: PolicyName,
        /// The policies of the store.
        known: Vec<PolicyName>,
    },
    /// A version that is not there.
    #[error("policy `{name}` has no version {version}; its newest is {newest}")]
    NoSuchPolicyVersion {
        /// The policy.
        name: PolicyName,
        /// The version that was wanted.
        version: u64,
        /// The newest version.
        newest: u64,
    },
    /// A text that names no version of a policy.
    #[error(transparent)]
    BadVersionName(#[from] VersionNameError),
    /// A policy asks for what this program does not have.
    #[error("policy `{name}` version {version}: {refusal}")]
    Unavailable {
        /// Its name.
        name: String,
        /// Its version.
        version: u64,
        /// What it asks for.
        refusal: Refusal,
    },
    /// A rule that is not there.
    #[error("there is no rule `{}`; there are {}", id.escape_debug(), known.join(", "))]
    NoSuchRule {
        /// What was asked for.
        id: String,
        /// The ids of those that there are.
        known: Vec<String>,
    },
    /// A kind of document that is not there.
    #[error("there is no kind `{}`; there are {}", id.escape_debug(), known.join(", "))]
    NoSuchKind {
        /// What was asked for.
        id: String,
        /// The ids of those that there are.
        known: Vec<String>,
    },
    /// A rule of a file that nobody on the panel reads by.
    #[error("rule `{rule}` belongs to `{persona}`, who is not on the panel; there are {}", panel.join(", "))]
    NoReader {
        /// The rule.
        rule: String,
        /// Whose rule it is.
        persona: String,
        /// The personas of the panel.
        panel: Vec<String>,
    },
    /// A file is no answer.
    #[error("`{}/{}`: {}", dir.display(), source.file, source.problem)]
    Answer {
        /// The directory of answers.
        dir: PathBuf,
        /// Which file, and what is wrong.
        source: AnswerError,
    },
    /// Too few answers for the quorum.
    #[error("`{}`: {} {} not there, and the quorum is {quorum}", dir.display(), missing.join(", "), if missing.len() == 1 { "is" } else { "are" })]
    MissingAnswers {
        /// The directory of answers.
        dir: PathBuf,
        /// The files that are missing.
        missing: Vec<String>,
        /// How many reviews are needed.
        quorum: usize,
    },
    /// A directory of answers that nobody is to answer by, or none where somebody is.
    #[error("{0}")]
    Asking(&'static str),
    /// A run that cannot be revised.
    #[error("run `{run}` cannot be revised: {problem}")]
    NotRevisable {
        /// Which.
        run: RunId,
        /// Why not.
        problem: &'static str,
    },
    /// What was handed in as edited is what the run reviewed.
    #[error("`{shown}` is what run `{run}` reviewed: nothing is revised")]
    NothingRevised {
        /// What was handed in.
        shown: String,
        /// The run.
        run: RunId,
    },
    /// What is named is no document and holds none, and why.
    #[error("`{0}`: {1}")]
    NoDocument(String, String),
    /// A line names no document.
    #[error("{place}: {problem}")]
    BatchLine {
        /// The file and the line.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file is no proposal.
    #[error("`{shown}`: {problem}")]
    ProposalFile {
        /// What was handed in.
        shown: String,
        /// What is wrong, with its place.
        problem: String,
    },
    /// Somebody is to be asked who is not on the panel.
    #[error("nobody on the panel is `{}`; there are {}", id.escape_debug(), known.join(", "))]
    NoSuchPersona {
        /// Who.
        id: String,
        /// Who is on the panel.
        known: Vec<String>,
    },
    /// A step is asked of a model, and none is named.
    #[error("step `{step}` is asked of `{provider}`, and no model is named")]
    NoModel {
        /// The provider.
        provider: ProviderName,
        /// The step.
        step: Step,
    },
    /// A prompt set that is not installed.
    #[error("no prompt set `{}` is installed; there {}", .0.escape_debug(), prompt_sets())]
    NoPromptSet(String),
    /// Of the index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A table that is not there.
    #[error("there is no table `{}`; there are {}", name.escape_debug(), known.join(", "))]
    NoSuchTable {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A template that is not there.
    #[error("there is no template `{}`; there are {}", name.escape_debug(), known.join(", "))]
    NoSuchTemplate {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// How a provider's server is to be reached is not valid.
    #[error("`{provider}`: {problem}")]
    Connection {
        /// The provider.
        provider: ProviderName,
        /// What is wrong.
        problem: String,
    },
    /// The policy or a flag keeps everything on this machine.
    #[error("`{provider}` would ask `{host}`, and {}", if *by_flag { "--offline keeps everything on this machine" } else { "the policy does not allow the network" })]
    NetworkDenied {
        /// The provider.
        provider: ProviderName,
        /// Where its server is.
        host: String,
        /// Whether a flag says so.
        by_flag: bool,
    },
    /// The policy does not allow a model.
    #[error("step `{step}` would ask `{model}`, and the policy allows {}", allowed.join(", "))]
    ModelNotAllowed {
        /// The step.
        step: Step,
        /// The model.
        model: String,
        /// Those that are allowed.
        allowed: Vec<String>,
    },
    /// There is no key for a server that needs one.
    #[error("`{provider}` would ask `{host}`, and there is no key: {} is not set", variables.join(" or "))]
    MissingKey {
        /// The provider.
        provider: ProviderName,
        /// Where its server is.
        host: String,
        /// The variables that may hold it.
        variables: &'static [&'static str],
    },
    /// Keys, tokens or passwords stand in what would be sent: in the idea under no name, in context under its file's.
    #[error("what looks like a key, a token or a password stands in {}", places(.0))]
    Secrets(Vec<(Option<String>, Vec<u32>)>),
    /// A flag would allow more than the policy.
    #[error("{flag} allows more than the policy, whose `{field}` is {allowed}")]
    Looser {
        /// The flag.
        flag: &'static str,
        /// The policy's field.
        field: &'static str,
        /// What it allows.
        allowed: u64,
    },
    /// A file is no part of a recording.
    #[error("`{}`: {problem}", path.display())]
    Recording {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A recording was made of something else.
    #[error("the recording `{}` does not fit: {problem}", path.display())]
    AnotherRecording {
        /// Which.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
    /// A reference to a run that cannot be one.
    #[error("`{}` does not name a run", .0.escape_debug())]
    BadReference(String),
    /// A reference to a run that is not there.
    #[error("no run `{}` in the store `{}`", reference.escape_debug(), store.display())]
    NoSuchRun {
        /// What was asked for.
        reference: String,
        /// Where it was looked for.
        store: PathBuf,
    },
    /// A job that has no runs.
    #[error("no runs of the job `{job}` in the store `{}`", store.display())]
    NoSuchJob {
        /// The job.
        job: JobId,
        /// Where it was looked for.
        store: PathBuf,
    },
    /// A job where a run is wanted.
    #[error("`{0}` is a job, not a run")]
    IsJob(JobId),
    /// A prefix that several runs share.
    #[error("`{}` could be {} runs: {}", prefix.escape_debug(), candidates.len(), shown(candidates))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// Which it could be, as `job/run`.
        candidates: Vec<String>,
    },
    /// A job's newest run, where nothing says which that is.
    #[error(
        "when the runs of `{job}` were made is not recorded, so none of them is the latest: {}",
        shown(candidates)
    )]
    Ageless {
        /// The job.
        job: JobId,
        /// Which it could be, as `job/run`.
        candidates: Vec<String>,
    },
    /// A manifest that cannot be used.
    #[error("`{}`: {source}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A manifest is not migrated.
    #[error("`{}`: {source}", path.display())]
    Migration {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: Box<MigrationError>,
    },
    /// A backup cannot be gone back to.
    #[error("`{}` cannot be gone back to: {problem}", path.display())]
    Backup {
        /// Which.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A damaged manifest does not say what to go back to.
    #[error("`{}`: {source}; what it was before a change is in `{backup}` beside it", path.display())]
    Unrestorable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<JsonError>,
        /// The newest file that a change kept of it.
        backup: String,
    },
    /// There is nothing to go back to.
    #[error("`{}` was not changed by this program: there is nothing to go back to", path.display())]
    NothingToRestore {
        /// Which.
        path: PathBuf,
    },
    /// A version that no step leads to.
    #[error("{wanted} is no manifest version that this program knows; it knows {}", versions(known))]
    NoSuchVersion {
        /// The version that was wanted.
        wanted: Version,
        /// Those that are known.
        known: Vec<Version>,
    },
    /// A manifest that is not in the store.
    #[error("`{}` is no JOB/RUN/manifest.json in the store `{}`", path.display(), store.display())]
    NotInStore {
        /// The manifest.
        path: PathBuf,
        /// The store.
        store: PathBuf,
    },
    /// The disk cannot hold what would be written.
    #[error("`{}` needs about {needed} bytes more, and {free} are free; nothing was written", store.display())]
    NoRoom {
        /// The store.
        store: PathBuf,
        /// How many bytes are needed, about.
        needed: u64,
        /// How many are free.
        free: u64,
    },
    /// A record is not what it should be.
    #[error("`{}`: {problem}", path.display())]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Steps got no answer.
    #[error("{}", steps(failed))]
    Step {
        /// Which, and why: at least one.
        failed: Vec<(Step, ProviderError)>,
    },
    /// The reviews do not add up to a decision.
    #[error("no decision: {source}")]
    Undecided {
        /// Why.
        source: AggregateError,
    },
    /// A run did not come to its end; what is finished is kept.
    #[error("{source}")]
    Partial {
        /// Why.
        source: Box<OpsError>,
        /// The run, as far as it is there.
        view: Box<RunView>,
    },
    /// The policy stopped the run.
    #[error("stopped: {stop}")]
    StoppedByPolicy {
        /// Why.
        stop: Stop,
    },
    /// The user stopped a command that only looks.
    #[error("interrupted; not all runs were seen")]
    Stopped,
    /// The user stopped the run.
    #[error("interrupted; the steps that are done are kept")]
    Interrupted,
}
