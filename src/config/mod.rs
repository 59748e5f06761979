//! Settings: flags, environment and `consensus.toml`, resolved once into plain values.
//!
//! Weakest first: built-in defaults, `consensus.toml` found upwards from the working directory,
//! `CONSENSUS_*` variables, flags. This is the only place that reads the environment.

mod author;
mod connection;
mod file;

use std::env;
use std::path::{Path, PathBuf};

use chrono::DateTime;

pub use author::Author;
pub use file::ConfigFileError;

use crate::domain::policy::{DEFAULT_NAME, VersionName, VersionNameError};
use crate::ops::{Clock, Connections, RuleFiles};

const STORE: &str = "CONSENSUS_STORE";
const POLICY: &str = "CONSENSUS_POLICY";
const EPOCH: &str = "SOURCE_DATE_EPOCH";
const LOG: &str = "CONSENSUS_LOG";
const PROMPT_SET: &str = "PERSONA_TEMPLATE_VERSION";

/// Where the store lies when nobody says otherwise.
const DEFAULT_STORE: &str = "artifacts";

/// The last second of the year 9999: RFC 3339 has no later one.
const LAST_SECOND: i64 = 253_402_300_799;

/// What the flags say.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--store`
    pub store: Option<PathBuf>,
    /// `--policy`
    pub policy: Option<VersionName>,
    /// `--rules`
    pub rules: Vec<PathBuf>,
    /// `--suppressions`
    pub suppressions: Option<PathBuf>,
    /// `--base-url`
    pub base_url: Option<String>,
    /// `--log-level`
    pub log_level: Option<LogLevel>,
}

/// How much is logged: this and what is more serious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What somebody should know.
    Warn,
    /// What happens.
    Info,
    /// All of it.
    Debug,
}

impl LogLevel {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Where a setting comes from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said otherwise.
    Default,
    /// This `consensus.toml`.
    File(PathBuf),
    /// This environment variable.
    Variable(&'static str),
    /// This flag.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A setting and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the store lies.
    pub store: Setting<PathBuf>,
    /// The policy that `run` takes.
    pub policy: Setting<VersionName>,
    /// The files of rules that `run` reads by beside its own.
    pub rules: Setting<Vec<PathBuf>>,
    /// The file of findings that are answered for.
    pub suppressions: Setting<Option<PathBuf>>,
    /// The prompt set, where the policy names none.
    pub prompt_set: Setting<Option<String>>,
    /// How the servers of models are reached.
    pub connections: Connections,
    /// How much is logged; where it is none, as much as the form of the log says.
    pub log_level: Setting<Option<LogLevel>>,
    /// What time it is.
    pub clock: Setting<Clock>,
}

/// Why the settings cannot be used. Each names the file or variable.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Of `consensus.toml`.
    #[error(transparent)]
    File(#[from] ConfigFileError),
    /// The variable is no time.
    #[error("environment variable `SOURCE_DATE_EPOCH`: `{}` is not a number of seconds since 1970, up to the year 9999", .0.escape_debug())]
    Epoch(String),
    /// The variable is no level.
    #[error("environment variable `CONSENSUS_LOG`: `{}` is none of error, warn, info and debug", .0.escape_debug())]
    LogLevel(String),
    /// The text names no policy.
    #[error("`{origin}`, field `policy`: {problem}")]
    Policy {
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        problem: VersionNameError,
    },
}

impl Settings {
    /// Resolves the settings.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file, field or variable that is not valid.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn resolve(flags: &Flags) -> Result<Self, ConfigError> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        // Without a working directory there is no file to find and paths are as the system takes them.
        let here = env::current_dir().unwrap_or_default();
        let file = file::find(&here)?;
        let in_file = Origin::File(shorten(file.path.unwrap_or_default(), &here));
        let store = strongest([
            (flags.store.clone(), Origin::Flag("--store")),
            (set(STORE).map(PathBuf::from), Origin::Variable(STORE)),
            (file.store, in_file.clone()),
        ]);
        let store = store.unwrap_or_else(|| (PathBuf::from(DEFAULT_STORE), Origin::Default));
        let named = |(text, origin): (String, Origin)| match text.parse() {
            Ok(value) => Ok(Setting { value, origin }),
            Err(problem) => Err(ConfigError::Policy { origin, problem }),
        };
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        let policy = match &flags.policy {
            Some(value) => Setting { value: value.clone(), origin: Origin::Flag("--policy") },
            None => strongest([(text(POLICY), Origin::Variable(POLICY)), (file.policy, in_file.clone())])
                .map_or_else(|| named((DEFAULT_NAME.to_owned(), Origin::Default)), named)?,
        };
        let log_level = match (flags.log_level, text(LOG)) {
            (Some(level), _) => Setting { value: Some(level), origin: Origin::Flag("--log-level") },
            (None, Some(name)) => Setting { value: Some(level(&name)?), origin: Origin::Variable(LOG) },
            (None, None) => Setting { value: None, origin: Origin::Default },
        };
        let clock = match text(EPOCH) {
            Some(epoch) => Setting { value: fixed(&epoch)?, origin: Origin::Variable(EPOCH) },
            None => Setting { value: Clock::System, origin: Origin::Default },
        };
        let own = (!flags.rules.is_empty()).then(|| flags.rules.clone());
        let rules = strongest([(own, Origin::Flag("--rules")), (file.rules, in_file.clone())]);
        let (value, origin) = rules.unwrap_or((Vec::new(), Origin::Default));
        let value = value.into_iter().map(|path| shorten(path, &here)).collect();
        let rules = Setting { value, origin };
        let flag = (flags.suppressions.clone(), Origin::Flag("--suppressions"));
        let suppressions = match strongest([flag, (file.suppressions, in_file)]) {
            Some((path, origin)) => Setting { value: Some(shorten(path, &here)), origin },
            None => Setting { value: None, origin: Origin::Default },
        };
        let store = Setting { value: shorten(store.0, &here), origin: store.1 };
        let prompt_set = match text(PROMPT_SET) {
            Some(version) => Setting { value: Some(version), origin: Origin::Variable(PROMPT_SET) },
            None => Setting { value: None, origin: Origin::Default },
        };
        let connections = connection::resolve(flags.base_url.as_deref(), &set);
        Ok(Self { store, policy, rules, suppressions, prompt_set, connections, log_level, clock })
    }
}

impl Settings {
    /// The files that rules are read from.
    #[must_use]
    pub fn rule_files(&self) -> RuleFiles {
        RuleFiles { packs: self.rules.value.clone(), suppressions: self.suppressions.value.clone() }
    }
}

/// The first of these that is said.
fn strongest<T, const N: usize>(said: [(Option<T>, Origin); N]) -> Option<(T, Origin)> {
    said.into_iter().find_map(|(value, origin)| Some((value?, origin)))
}

/// A path under the working directory is shown as the user would type it.
fn shorten(path: PathBuf, here: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path,
    }
}

fn level(name: &str) -> Result<LogLevel, ConfigError> {
    let found = LogLevel::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name));
    found.ok_or_else(|| ConfigError::LogLevel(name.chars().take(60).collect()))
}

fn fixed(epoch: &str) -> Result<Clock, ConfigError> {
    let seconds = epoch.parse().ok().filter(|seconds| (0..=LAST_SECOND).contains(seconds));
    let instant = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    instant.map(Clock::Fixed).ok_or_else(|| ConfigError::Epoch(epoch.chars().take(60).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_is_that_of_the_epoch() {
        assert_eq!(fixed("0").unwrap().now(), "1970-01-01T00:00:00.000Z");
        for bad in ["", "x", "1.5", "99999999999999999999", "-1", "253402300800"] {
            assert!(fixed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_below_the_working_directory_are_shown_short() {
        assert_eq!(shorten("/a/b/c".into(), Path::new("/a/b")), Path::new("c"));
        assert_eq!(shorten("/a/x".into(), Path::new("/a/b")), Path::new("/a/x"));
        assert_eq!(shorten("/a/b".into(), Path::new("/a/b")), Path::new("/a/b"));
    }
}
