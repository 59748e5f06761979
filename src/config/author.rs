//! Who acts: a label that is recorded and never authenticated.

use std::env;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::connection::KEYS;

/// No label is longer, in characters.
const MAX_LABEL: usize = 200;
/// Git's answer is not read beyond this, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;
/// Git is not waited for longer: a configuration can name a file that never ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// The git identity, else the login name, else `unknown`.
///
/// Git is asked at once and its answer is read when it is needed, so that nobody waits for it.
#[derive(Debug)]
pub struct Author {
    git: Mutex<Option<Question>>,
}

/// Git, being asked.
#[derive(Debug)]
struct Question {
    child: Arc<Mutex<Option<Child>>>,
    answer: Receiver<Vec<u8>>,
}

impl Author {
    /// Asks git who acts.
    #[must_use]
    pub fn ask() -> Self {
        Self { git: Mutex::new(Question::ask()) }
    }

    /// The label.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment is read in `config` only")]
    pub fn label(&self) -> String {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let label = self.git_identity().or_else(|| set("LOGNAME")).or_else(|| set("USER"));
        label.map_or_else(|| "unknown".to_owned(), |label| label.trim().chars().take(MAX_LABEL).collect())
    }

    fn git_identity(&self) -> Option<String> {
        let question = self.git.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let answer = question.answer.recv_timeout(PATIENCE).ok()?;
        identity(&String::from_utf8(answer).ok()?)
    }
}

impl Question {
    /// Even starting git takes a while, so it is done on a thread of its own.
    fn ask() -> Option<Self> {
        let (send, answer) = mpsc::channel();
        let child = Arc::new(Mutex::new(None));
        let started = Arc::clone(&child);
        let ask = move || {
            if let Some(answer) = read_git(&started) {
                // Nobody listens any more when it came too late.
                let _ = send.send(answer);
            }
        };
        thread::Builder::new().spawn(ask).ok()?;
        Some(Self { child, answer })
    }
}

/// As git is configured for the working directory; git itself would make a name up from the host's.
fn read_git(started: &Mutex<Option<Child>>) -> Option<Vec<u8>> {
    let mut git = Command::new("git");
    for name in KEYS {
        git.env_remove(name);
    }
    let mut child = git
        .args(["config", "--get-regexp", r"^user\.(name|email)$"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    let mut bytes = Vec::new();
    stdout.take(MAX_ANSWER).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

impl Drop for Question {
    /// Whether it has answered or not, it is not needed any more.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
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
