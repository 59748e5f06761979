//! Who acts: a label that is recorded and never authenticated.

use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// No label is longer, in characters.
const MAX_LABEL: usize = 200;

/// The git identity, else the login name, else `unknown`.
///
/// Git is asked at once and its answer is read when it is needed, so that nobody waits for it.
#[derive(Debug)]
pub struct Author {
    git: Mutex<Option<Child>>,
}

impl Author {
    /// Asks git who acts.
    #[must_use]
    pub fn ask() -> Self {
        let child = Command::new("git")
            .args(["config", "--get-regexp", r"^user\.(name|email)$"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self { git: Mutex::new(child.ok()) }
    }

    /// The label.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment is read in `config` only")]
    pub fn label(&self) -> String {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let label = self.git_identity().or_else(|| set("LOGNAME")).or_else(|| set("USER"));
        label.map_or_else(|| "unknown".to_owned(), |label| label.trim().chars().take(MAX_LABEL).collect())
    }

    /// As git is configured for the working directory; git itself would make a name up from the host's.
    fn git_identity(&self) -> Option<String> {
        let child = self.git.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        identity(&String::from_utf8(child.wait_with_output().ok()?.stdout).ok()?)
    }
}

/// Reads `user.name` and `user.email` out of what git printed; the last value of each is in force.
fn identity(printed: &str) -> Option<String> {
    let last = |key: &str| printed.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    match (last("user.name"), last("user.email")) {
        (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_each_key_is_in_force() {
        assert_eq!(identity("user.name A B\nuser.email a@b\nuser.name C\n").as_deref(), Some("C <a@b>"));
        assert_eq!(identity("user.email a@b\n").as_deref(), Some("a@b"));
        assert_eq!(identity(""), None);
    }
}
