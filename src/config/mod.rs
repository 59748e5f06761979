//! Settings: flags, environment and `consensus.toml`, resolved once into plain values.
//!
//! Weakest first: built-in defaults, `consensus.toml` found upwards from the working directory,
//! `CONSENSUS_*` variables, flags. This is the only place that reads the environment.

mod author;
mod file;

use std::env;
use std::path::{Path, PathBuf};

use chrono::DateTime;

pub use author::Author;
pub use file::ConfigFileError;

use crate::ops::Clock;

/// Where the store lies when nobody says otherwise.
const DEFAULT_STORE: &str = "artifacts";

/// The last second of the year 9999: RFC 3339 has no later one.
const LAST_SECOND: i64 = 253_402_300_799;

/// What the flags say.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--store`
    pub store: Option<PathBuf>,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the store lies.
    pub store: PathBuf,
    /// What time it is.
    pub clock: Clock,
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
        let store = flags
            .store
            .clone()
            .or_else(|| set("CONSENSUS_STORE").map(PathBuf::from))
            .or(file.store)
            .unwrap_or_else(|| PathBuf::from(DEFAULT_STORE));
        let clock = match set("SOURCE_DATE_EPOCH") {
            Some(epoch) => fixed(&epoch.to_string_lossy())?,
            None => Clock::System,
        };
        Ok(Self { store: shorten(store, &here), clock })
    }
}

/// A path under the working directory is shown as the user would type it.
fn shorten(path: PathBuf, here: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path,
    }
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
