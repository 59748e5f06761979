//! The one place where errors become a kind, an exit code and a hint.

use std::io;

use super::{artifact_error, asking_error};
use crate::config::ConfigError;
use crate::domain::json::Value;
use crate::domain::manifest::ManifestError;
use crate::domain::migration::MigrationError;
use crate::domain::view::RunView;
use crate::ops::{IndexError, OpsError, SourceError};
use crate::report::json;
use crate::store::StoreError;

/// An error as the user is told it.
#[derive(Debug)]
pub(super) struct CommandError {
    /// A stable word for programs.
    pub(super) code: &'static str,
    /// What is wrong, and with what.
    pub(super) message: String,
    /// What to do.
    pub(super) hint: Option<String>,
    /// The run that it is about.
    pub(super) run_id: Option<String>,
    /// What there is of that run.
    pub(super) partial: Option<Box<RunView>>,
    /// Whether the message may repeat what a document, an answer or a server says.
    pub(super) quotes: bool,
    /// Whether the user was told already.
    pub(super) is_shown: bool,
    exit: u8,
}

pub(super) const USAGE: u8 = 2;
pub(super) const STOPPED: u8 = 3;
pub(super) const NOT_FOUND: u8 = 4;
pub(super) const CONFLICT: u8 = 5;
pub(super) const CORRUPT: u8 = 6;
pub(super) const NO_ANSWER: u8 = 7;
pub(super) const SYSTEM: u8 = 8;
const BUG: u8 = 70;
const INTERRUPTED: u8 = 130;

/// A kind of error: its code, its exit status and what to do about it.
pub(super) type Kind = (&'static str, u8, Option<&'static str>);

/// A longer message repeats something hostile, in characters.
const MAX_MESSAGE: usize = 2000;

const CORRUPT_HINT: &str = "nothing was changed; `consensus verify --all` lists all that is wrong";

impl CommandError {
    fn new(message: String, (code, exit, hint): Kind) -> Self {
        let message = match message.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message,
        };
        Self {
            code,
            message,
            hint: hint.map(str::to_owned),
            run_id: None,
            partial: None,
            quotes: false,
            is_shown: false,
            exit,
        }
    }

    /// The exit status.
    pub(super) fn exit(&self) -> u8 {
        self.exit
    }

    /// This error, which the user was told already.
    pub(super) fn shown(self) -> Self {
        Self { is_shown: true, ..self }
    }

    /// This error with another hint.
    pub(super) fn hinted(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }

    /// Some of many runs could not be read; which, the answer says.
    pub(super) fn unreadable(count: usize) -> Self {
        let kind = ("unreadable", CORRUPT, Some("`consensus verify --all` says more"));
        Self::new(format!("{count} of the runs cannot be read"), kind).shown()
    }

    /// Some of many runs could not be read, and so are not in the answer, which does not say so.
    pub(super) fn not_in_answer(count: usize) -> Self {
        let kind =
            ("unreadable", CORRUPT, Some("`consensus index` names them, `consensus verify --all` says more"));
        let are = if count == 1 { "run cannot be read, and is" } else { "runs cannot be read, and are" };
        Self::new(format!("{count} {are} not in the answer"), kind).shown()
    }

    /// Some of many were left alone; which, the answer says. `exit` is the greatest of their statuses.
    pub(super) fn some_failed(what: &str, count: usize, exit: u8) -> Self {
        Self::new(format!("{count} of the {what} failed"), ("some_failed", exit, None)).shown()
    }

    /// The user stopped a command that goes through many.
    pub(super) fn interrupted() -> Self {
        let hint = "run it again to go on";
        Self::new("interrupted; what was done is kept".to_owned(), ("interrupted", INTERRUPTED, Some(hint)))
    }

    /// What an error says, without what is left of its run.
    pub(super) fn telling(error: &OpsError) -> Self {
        Self { quotes: quotes(error), ..Self::new(error.to_string(), kind(error)) }
    }

    /// A panic was caught; what it said stands above on standard error.
    pub(super) fn bug() -> Self {
        let hint = "please report it, with what stands above and the command; what was recorded is kept";
        Self::new("this is a bug in consensus".to_owned(), ("bug", BUG, Some(hint)))
    }

    /// This error as one JSON object.
    pub(super) fn json(&self) -> Value {
        json::error(
            self.code,
            &self.message,
            self.hint.as_deref(),
            self.run_id.as_deref(),
            self.partial.as_deref(),
        )
    }

    /// The arguments are not valid.
    pub(super) fn usage(message: String, hint: String) -> Self {
        Self { hint: Some(hint), ..Self::new(message, ("usage", USAGE, None)) }
    }

    /// Standard output cannot be written.
    pub(super) fn output(error: &io::Error) -> Self {
        let message = format!("cannot write to standard output: {error}");
        Self::new(
            message,
            ("io", SYSTEM, Some("what was recorded is kept; free space or choose another output")),
        )
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::new(
            error.to_string(),
            ("config", USAGE, Some("mend that line or variable; flags win over both")),
        )
    }
}

impl From<OpsError> for CommandError {
    fn from(error: OpsError) -> Self {
        let told = Self::telling(&error);
        match error {
            OpsError::Partial { view, .. } => {
                Self { run_id: Some(view.manifest.run_id.to_string()), partial: Some(view), ..told }
            }
            _ => told,
        }
    }
}

/// Whether the message of an error may repeat what a document, an answer or a server says.
fn quotes(error: &OpsError) -> bool {
    match error {
        OpsError::Partial { source, .. } => quotes(source),
        OpsError::Source(SourceError::FrontMatter { .. })
        | OpsError::RulesFile { .. }
        | OpsError::Answer { .. }
        | OpsError::ProposalFile { .. }
        | OpsError::NoDocument(..)
        | OpsError::BatchLine { .. }
        | OpsError::Step { .. }
        | OpsError::Connection { .. }
        | OpsError::Manifest { .. }
        | OpsError::Index(IndexError::Refused(_))
        | OpsError::Artifact(_)
        | OpsError::Corrupt { .. } => true,
        _ => false,
    }
}

fn kind(error: &OpsError) -> Kind {
    match error {
        OpsError::Store(error) => store_kind(error),
        OpsError::Source(error) => source_kind(error),
        OpsError::Rules(_) => ("bug", BUG, Some("the built-in rules cannot be read; please report it")),
        OpsError::Manifest { source: ManifestError::UnknownVersion(_), .. } => {
            ("newer_manifest", CORRUPT, Some("a newer consensus may know it; this one leaves it alone"))
        }
        OpsError::Migration { source, .. } => migration_kind(source),
        OpsError::Backup { .. } => (
            "corrupt",
            CORRUPT,
            Some("nothing was changed; the backup has to be brought back from elsewhere"),
        ),
        OpsError::Unrestorable { .. } => (
            "corrupt",
            CORRUPT,
            Some("nothing was changed; look at that file and, if it is right, copy it over by hand"),
        ),
        OpsError::NothingToRestore { .. } => {
            ("nothing_to_restore", CONFLICT, Some("only a change by `migrate` or `backfill` can be undone"))
        }
        OpsError::NoSuchVersion { .. } => {
            ("no_such_version", USAGE, Some("`consensus migrate --graph` shows versions and steps"))
        }
        OpsError::NotInStore { .. } => {
            ("not_in_store", USAGE, Some("name the store that it lies in with --store"))
        }
        OpsError::NoRoom { .. } => {
            ("no_room", SYSTEM, Some("free some space, or migrate job by job with --job"))
        }
        OpsError::Manifest { .. } | OpsError::Policy { .. } => ("corrupt", CORRUPT, Some(CORRUPT_HINT)),
        OpsError::Corrupt { .. } => (
            "corrupt",
            CORRUPT,
            Some(
                "nothing was changed; `consensus verify --all` lists all that is wrong, and a run that is moved away can be made anew",
            ),
        ),
        OpsError::PolicyFile { refusal, .. } => (
            refusal.refusal.code,
            USAGE,
            Some("nothing was changed; `consensus policy template production` is a whole file to start from"),
        ),
        OpsError::Partial { source, .. } => kind(source),
        OpsError::FileTooLarge { .. } => ("input", USAGE, Some("no stored structure is as large")),
        OpsError::NoFile(_) => ("not_found", NOT_FOUND, Some("check the path; `-` is standard input")),
        OpsError::NoSuchPolicy { .. } => {
            ("no_such_policy", NOT_FOUND, Some("`consensus policy apply -f FILE --name NAME` makes one"))
        }
        OpsError::NoSuchPolicyVersion { .. } => {
            ("no_such_policy_version", NOT_FOUND, Some("`consensus policy log NAME` lists the versions"))
        }
        OpsError::BadVersionName(_) => {
            ("bad_name", USAGE, Some("`consensus policy list` shows the policies of the store"))
        }
        OpsError::Unavailable { refusal, .. } => (
            refusal.code,
            USAGE,
            Some(
                "nothing was run; change that field with `consensus policy apply`, or take another with --policy",
            ),
        ),
        OpsError::BadReference(_) => (
            "bad_reference",
            USAGE,
            Some("a run is `job@latest`, `job/run`, four or more characters of a run id, or its directory"),
        ),
        OpsError::NoSuchRun { .. } => (
            "not_found",
            NOT_FOUND,
            Some("`consensus list` shows what is there; --store names another store"),
        ),
        OpsError::NoSuchJob { .. } => {
            ("not_found", NOT_FOUND, Some("`consensus list` shows the jobs that have runs"))
        }
        OpsError::IsJob(_) => (
            "is_job",
            USAGE,
            Some("add `@latest` for its newest run; `consensus list --job ID` shows them all"),
        ),
        OpsError::Ageless { .. } => ("ambiguous", USAGE, Some("name one of them")),
        OpsError::Ambiguous { .. } => {
            ("ambiguous", USAGE, Some("give more characters of the run id, or `job/run`"))
        }
        OpsError::Undecided { .. } => {
            ("no_quorum", NO_ANSWER, Some("run it again: finished steps are not repeated"))
        }
        OpsError::Stopped => ("interrupted", INTERRUPTED, Some("run it again to see them all")),
        OpsError::Interrupted => ("interrupted", INTERRUPTED, Some("run it again to go on")),
        OpsError::Index(error) => index_kind(error),
        OpsError::Artifact(error) => artifact_error::kind(error),
        // Of what is read by, and of who is asked.
        _ => asking_error::kind(error),
    }
}

fn index_kind(error: &IndexError) -> Kind {
    match error {
        IndexError::Refused(problem) if problem.contains("parameter") => (
            "bad_query",
            USAGE,
            Some("`--param NAME=VALUE` gives `:NAME` in the question its value, once for each"),
        ),
        IndexError::Refused(_) => (
            "bad_query",
            USAGE,
            Some(
                "`consensus query \"SELECT name, sql FROM sqlite_schema\"` shows the tables and their columns",
            ),
        ),
        IndexError::Answer(_) => {
            ("io", SYSTEM, Some("free space or choose another output; nothing was changed"))
        }
        IndexError::Sorting(_) => {
            let hint = "free space where temporary files are, or name another place with TMPDIR";
            ("io", SYSTEM, Some(hint))
        }
        IndexError::Timeout => ("timeout", NO_ANSWER, Some("ask for less, or give it longer with --timeout")),
        IndexError::Interrupted => ("interrupted", INTERRUPTED, Some("run it again to go on")),
        IndexError::Unusable | IndexError::Newer(_) => {
            ("bad_index", SYSTEM, Some("delete `.consensus/cache` in the store: nothing is lost with it"))
        }
        IndexError::ReadOnly(_) | IndexError::Sql(_) => (
            "index",
            SYSTEM,
            Some("free some space, or delete `.consensus/cache` in the store: nothing is lost with it"),
        ),
    }
}

fn migration_kind(error: &MigrationError) -> Kind {
    match error {
        MigrationError::Newer(..) => {
            ("newer_manifest", CORRUPT, Some("a newer consensus may know it; this one leaves it alone"))
        }
        MigrationError::Unversioned => (
            "unversioned",
            CORRUPT,
            Some("it was left alone; `--assume-version 1.0.0` takes it for that version"),
        ),
        MigrationError::Unknown(_) => (
            "unknown_version",
            CORRUPT,
            Some("it was left alone; `consensus migrate --graph` shows what is known"),
        ),
        MigrationError::TooLarge(_) => {
            ("too_large", CORRUPT, Some("it was left alone; as it is, it is read"))
        }
        MigrationError::TooOld(_) => {
            ("needs_migration", CONFLICT, Some("`consensus migrate` brings it to a version that has one"))
        }
        MigrationError::NoPath(_) => {
            ("no_path", CONFLICT, Some("`consensus migrate --graph` shows what leads where"))
        }
        MigrationError::Step { .. } => ("bug", BUG, Some("it was left alone; please report it")),
        MigrationError::Json(_) | MigrationError::Shape { .. } | MigrationError::Disagrees(_) => {
            ("corrupt", CORRUPT, Some("it was left alone; mend it by hand, with a copy kept"))
        }
    }
}

fn store_kind(error: &StoreError) -> Kind {
    match error {
        StoreError::NoStore { .. } => {
            ("no_store", NOT_FOUND, Some("`consensus run FILE` makes one; --store DIR names another"))
        }
        StoreError::NotFound { .. } => {
            ("not_found", NOT_FOUND, Some("check the path; `consensus list` shows the runs of a store"))
        }
        StoreError::NewerStore { .. } => {
            ("newer_store", CORRUPT, Some("use the consensus that made it, or a newer one"))
        }
        StoreError::WrongKind { .. } | StoreError::TooLarge { .. } | StoreError::Corrupt { .. } => {
            ("corrupt", CORRUPT, Some(CORRUPT_HINT))
        }
        StoreError::Busy { .. } => {
            ("busy", CONFLICT, Some("without --no-wait it waits until the other one is done"))
        }
        StoreError::Interrupted { .. } => ("interrupted", INTERRUPTED, Some("run it again to go on")),
        StoreError::NotDurable { .. } => {
            ("io", SYSTEM, Some("mend what the system complains of, then run it again"))
        }
        StoreError::Changed { .. } => ("changed", CONFLICT, Some("run it again; nothing of it was replaced")),
        StoreError::Exists { .. } => ("conflict", CONFLICT, Some("another process was first; run it again")),
        StoreError::Io { source, .. } => ("io", SYSTEM, io_hint(source)),
    }
}

fn source_kind(error: &SourceError) -> Kind {
    match error {
        SourceError::NotFound(_) => (
            "not_found",
            NOT_FOUND,
            Some("check the path; a document can also come with --text or through `-`"),
        ),
        SourceError::Io { source, .. } => ("io", SYSTEM, io_hint(source)),
        SourceError::WrongKind { kind: "a directory", .. } => ("input", USAGE, Some("name one file in it")),
        SourceError::WrongKind { .. } => ("input", USAGE, Some("pipe it in and give `-` as the file")),
        SourceError::Content { .. } | SourceError::TooManyBytes { .. } => {
            ("input", USAGE, Some("it takes UTF-8 text: 1 to 200,000 characters, 50,000 for a context file"))
        }
        SourceError::FrontMatter { .. } => {
            ("input", USAGE, Some("mend that line, or name the job with --job"))
        }
        SourceError::ContextName(_) | SourceError::ContextTwice(_) => {
            ("input", USAGE, Some("rename the file"))
        }
    }
}

fn io_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space and run it again; what was recorded is kept")
        }
        io::ErrorKind::PermissionDenied => Some("check the permissions, or name another store with --store"),
        io::ErrorKind::ReadOnlyFilesystem => Some("name a store that can be written with --store"),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Some("the store must be a directory"),
        _ => None,
    }
}
