//! A directory of its own for each test, and the program run in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The built program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_consensus");
/// The checkout.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// 2026-01-02T03:04:05Z, the time in every test that does not say otherwise.
const EPOCH: &str = "1767323045";

/// A proposal with every section that the built-in rules look for.
pub fn good() -> String {
    fixture("good.md")
}

/// The text of a fixture.
pub fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join("fixtures").join(name)).unwrap()
}

/// What the program did: shown whole in snapshots.
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Runs a command to its end.
    pub fn from(command: &mut Command) -> Self {
        Self::of(command.output().unwrap())
    }

    fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit status.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }

    /// Standard output, read as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or("killed".to_owned(), |status| status.to_string());
        write!(f, "status: {status}\n----- stdout\n{}----- stderr\n{}-----", self.stdout, self.stderr)
    }
}

/// A directory with the program in it.
pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// A sandbox in which `good.md` was reviewed.
    pub fn reviewed() -> Self {
        let sandbox = Self::new();
        sandbox.write("good.md", good());
        sandbox.run(["run", "good.md"]).exits(0);
        sandbox
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, its directory made where it is missing.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// The program, in a cleared environment.
    pub fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args);
        self.clear(&mut command);
        command
    }

    /// Runs any program here, in a cleared environment, with the built one on its path.
    pub fn clear(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap();
        let own = Path::new(PROGRAM).parent().unwrap().display();
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", format!("{own}:{path}"))
            .env("HOME", self.path())
            .env("USER", "tester")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Outcome {
        Outcome::of(self.command(args).output().unwrap())
    }

    /// Runs the program with `input` on its standard input.
    pub fn run_with<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, input: &[u8]) -> Outcome {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A program that refuses its input may close it early.
        let _ = child.stdin.take().unwrap().write_all(input);
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// Runs a shell command here.
    pub fn shell(&self, script: &str) -> Outcome {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        self.clear(&mut command);
        Outcome::of(command.output().unwrap())
    }

    /// The directory of the only run in the store, from here.
    pub fn only_run(&self) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().unwrap()
    }

    /// The directories of all runs in the store, from here.
    pub fn runs(&self) -> Vec<String> {
        let manifests = self.tree("artifacts").into_keys();
        manifests
            .filter_map(|path| Some(format!("artifacts/{}", path.strip_suffix("/manifest.json")?)))
            .collect()
    }

    /// Every file below `name` with its bytes, links as their targets.
    pub fn tree(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.at(name);
        let mut files = BTreeMap::new();
        let mut open = vec![root.clone()];
        while let Some(dir) = open.pop() {
            let Ok(entries) = fs::read_dir(&dir) else { continue };
            for entry in entries.map(Result::unwrap) {
                let path = entry.path();
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_symlink() {
                    files.insert(name, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
                } else if kind.is_file() {
                    // What is written meanwhile has another name by now.
                    match fs::read(&path) {
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        bytes => drop(files.insert(name, bytes.unwrap())),
                    }
                }
            }
        }
        files
    }

    /// What the same inputs must give to the byte: manifests, inputs and outputs.
    pub fn evidence(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = self.tree("artifacts");
        tree.retain(|path, _| !path.contains("/attempts/") && !path.starts_with(".consensus/"));
        tree
    }
}

/// Whether a program of the system is there; says so when it is not.
pub fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|dir| dir.join(program).is_file()));
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}
