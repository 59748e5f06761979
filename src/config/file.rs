//! `consensus.toml`: what a project settles for everyone who works in it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ops::{InputError, read_regular};

/// Its name.
const NAME: &str = "consensus.toml";

/// A larger file is none of these.
const MAX_BYTES: usize = 1024 * 1024;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// The system refused.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not such a file.
    #[error("`{}`: {problem}", path.display())]
    Toml {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with the line.
        problem: String,
    },
}

/// What the file says, its paths resolved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigFile {
    /// Where it lies; none where there is none.
    pub(super) path: Option<PathBuf>,
    pub(super) store: Option<PathBuf>,
    pub(super) policy: Option<String>,
    pub(super) rules: Option<Vec<PathBuf>>,
    pub(super) suppressions: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    store: Option<PathBuf>,
    policy: Option<String>,
    rules: Option<Vec<PathBuf>>,
    suppressions: Option<PathBuf>,
}

/// The nearest `consensus.toml`, in `from` or above; empty where there is none.
pub(super) fn find(from: &Path) -> Result<ConfigFile, ConfigFileError> {
    for dir in from.ancestors() {
        let path = dir.join(NAME);
        let problem =
            |problem: &str| ConfigFileError::Toml { path: path.clone(), problem: problem.to_owned() };
        match read_regular(&path, MAX_BYTES) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| problem("it is not UTF-8 text"))?;
                return read(&text, &path, dir);
            }
            Err(InputError::Io(error)) if is_missing(&error) => {}
            Err(InputError::Io(source)) => return Err(ConfigFileError::Io { path, source }),
            Err(InputError::WrongKind(kind)) => return Err(problem(&format!("it is {kind}, not a file"))),
            Err(InputError::TooLarge) => return Err(problem("it is larger than 1 MiB")),
        }
    }
    Ok(ConfigFile::default())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read(text: &str, path: &Path, dir: &Path) -> Result<ConfigFile, ConfigFileError> {
    let content: Content = toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let problem = format!("line {line}: {}", error.message());
        ConfigFileError::Toml { path: path.to_owned(), problem }
    })?;
    if content.store.as_ref().is_some_and(|store| store.as_os_str().is_empty()) {
        let problem = "field `store`: it is empty".to_owned();
        return Err(ConfigFileError::Toml { path: path.to_owned(), problem });
    }
    let store = content.store.map(|store| dir.join(store));
    let rules = content.rules.map(|rules| rules.into_iter().map(|path| dir.join(path)).collect());
    let suppressions = content.suppressions.map(|path| dir.join(path));
    Ok(ConfigFile { path: Some(path.to_owned()), store, policy: content.policy, rules, suppressions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, ConfigFileError> {
        read(text, Path::new("/p/consensus.toml"), Path::new("/p"))
    }

    #[test]
    fn a_store_is_relative_to_the_file() {
        assert_eq!(parse("store = \"reviews\"").unwrap().store.as_deref(), Some(Path::new("/p/reviews")));
        assert_eq!(parse("").unwrap().store, None);
        assert_eq!(parse("policy = \"strict@2\"").unwrap().policy.as_deref(), Some("strict@2"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let problem = parse("\nstroe = \"x\"").unwrap_err().to_string();
        assert!(problem.contains("line 2") && problem.contains("stroe"), "{problem}");
        assert!(parse("store = 1").unwrap_err().to_string().contains("line 1"));
        assert!(parse("store = [").is_err());
    }
}
