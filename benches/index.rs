#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench index`: what the index costs beside what its system calls alone cost, in the same run.
//!
//! A store of 20,000 completed runs by rules, copies of one under other names, without their copy of the rules, which is
//! hard to hold 20,000 times and which the index does not read:
//!
//! - made from nothing, beside reading every file of every run with as many threads;
//! - with nothing changed, beside listing every directory and asking for every manifest's state;
//! - with 100 runs changed, beside the same with nothing changed;
//! - a list of 20 runs and a question, each with an index that is up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

mod support;

const JOBS: usize = 100;
const RUNS: usize = 200;
const ROUNDS: usize = 5;
const CHANGED: usize = 100;

fn main() {
    let (jobs, runs, rounds) = if is_measured() { (JOBS, RUNS, ROUNDS) } else { (2, 3, 1) };
    let dir = TempDir::new().unwrap();
    let store = dir.path().join("artifacts");
    make(dir.path(), &store, jobs, runs);
    println!("{} runs", jobs * runs);
    let read = || timed(|| each(&store, |run| assert!(read(run) > 0)));
    let state = || timed(|| each(&store, |run| assert!(fs::metadata(run.join("manifest.json")).is_ok())));
    read();
    let cold = || {
        let _ = fs::remove_dir_all(store.join(".consensus/cache"));
        asked(&store, &["index"])
    };
    compare(("from nothing", cold), ("reading every file", read), rounds);
    compare(("nothing changed", || asked(&store, &["index"])), ("listing and stat", state), rounds);
    let changed = || {
        change(&store, runs);
        asked(&store, &["index"])
    };
    compare(("100 changed", changed), ("nothing changed", || asked(&store, &["index"])), rounds);
    let list = || asked(&store, &["list", "--limit", "20"]);
    compare(("list", list), ("listing and stat", state), rounds);
    let query = || asked(&store, &["query", "SELECT decision_label, count(*) FROM runs GROUP BY 1"]);
    compare(("query", query), ("listing and stat", state), rounds);
}

fn asked(store: &Path, args: &[&str]) -> Duration {
    timed(|| ends_with(0, Command::new(PROGRAM).args(args).arg("--store").arg(store)))
}

/// One run is made by the program; the others are copies with the names that they have.
fn make(dir: &Path, store: &Path, jobs: usize, runs: usize) {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/good.md");
    let first = dir.join("first");
    asked(&first, &["run", document]);
    let run = fs::read_dir(first.join("good")).unwrap().next().unwrap().unwrap().path();
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_dir_all(run.join("inputs/rules")).unwrap();
    fs::create_dir_all(store.join(".consensus")).unwrap();
    for entry in fs::read_dir(first.join(".consensus")).unwrap().map(Result::unwrap) {
        copy(&entry.path(), &store.join(".consensus").join(entry.file_name()), &|bytes| bytes);
    }
    for number in 0..jobs * runs {
        let (job, new) = (format!("job-{:03}", number / runs), format!("{number:032x}"));
        let named = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(&id, &new).replace("\"good\"", &format!("\"{job}\"")).into_bytes()
        };
        copy(&run, &store.join(&job).join(&new), &named);
    }
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(Vec<u8>) -> Vec<u8>) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            copy(&entry.path(), &to.join(entry.file_name()), change);
        }
    } else {
        fs::write(to, change(fs::read(from).unwrap())).unwrap();
    }
}

/// Looks at every run of the store, with as many threads as there are processors.
fn each(store: &Path, look: impl Fn(&Path) + Sync) {
    let jobs: Vec<PathBuf> = fs::read_dir(store).unwrap().map(|job| job.unwrap().path()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            for run in fs::read_dir(job).unwrap().map(|run| run.unwrap().path()) {
                if run.join("manifest.json").exists() {
                    look(&run);
                }
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

fn read(path: &Path) -> usize {
    if path.is_dir() {
        fs::read_dir(path).unwrap().map(|entry| read(&entry.unwrap().path())).sum()
    } else {
        fs::read(path).unwrap().len()
    }
}

/// Writes some manifests again, as they were.
fn change(store: &Path, runs: usize) {
    for number in 0..CHANGED.min(runs) {
        let path = store.join(format!("job-000/{number:032x}/manifest.json"));
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}
