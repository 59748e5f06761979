#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench policy`: what asking past runs under another policy costs beside reading the files
//! that it needs.
//!
//! 20,000 runs, each with the manifest, the decision and the five reviews of a run that the program made. The floor reads
//! the same files, found by listing the jobs, with as many threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

mod support;

const JOBS: usize = 100;
const RUNS: usize = 200;
const ROUNDS: usize = 5;
const REVIEWS: [&str; 5] = ["architect", "critic", "optimist", "security_guardian", "user_advocate"];

fn main() {
    let (jobs, runs, rounds) = if is_measured() { (JOBS, RUNS, ROUNDS) } else { (2, 3, 1) };
    let dir = TempDir::new().expect("a temporary directory");
    let store = dir.path().join("artifacts");
    make(dir.path(), &store, jobs, runs);
    let strict = dir.path().join("strict.toml");
    fs::write(&strict, "[panel.thresholds]\napprove = 1\n").expect("a policy");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let read = || timed(|| read_all(&store, threads));
    read();
    println!("{} runs", jobs * runs);
    let policy = |args: &[&str], status| {
        let mut command = Command::new(PROGRAM);
        command.arg("policy").args(args).arg("--store").arg(&store);
        timed(|| ends_with(status, &mut command))
    };
    let strict = strict.to_string_lossy().into_owned();
    let check = || policy(&["check", "-f", &strict, "--all"], 1);
    compare(("policy check", check), ("reading the files involved", read), rounds);
    let log = || policy(&["log"], 0);
    let manifests = || timed(|| read_some(&store, threads, &[]));
    compare(("policy log", log), ("reading every manifest", manifests), rounds);
}

/// A run that the program made, as often as there are runs.
fn make(dir: &Path, store: &Path, jobs: usize, runs: usize) {
    let document = dir.join("good.md");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/good.md");
    fs::copy(fixture, &document).expect("the document");
    ends_with(0, Command::new(PROGRAM).arg("run").arg(&document).arg("--store").arg(store));
    let job = store.join("good");
    let made = fs::read_dir(&job).expect("the job").flatten().next().expect("a run").path();
    for job in 0..jobs {
        for run in 0..runs {
            let to = store.join(format!("job-{job:03}/run-{run:03}"));
            fs::create_dir_all(to.join("outputs/reviews")).expect("a directory");
            for file in files() {
                fs::copy(made.join(&file), to.join(&file)).expect("a copy");
            }
        }
    }
    fs::remove_dir_all(job).expect("it is removed");
}

fn files() -> Vec<PathBuf> {
    [PathBuf::from("manifest.json")].into_iter().chain(outputs().map(PathBuf::from)).collect()
}

fn outputs() -> impl Iterator<Item = String> {
    let reviews = REVIEWS.iter().map(|persona| format!("outputs/reviews/{persona}.json"));
    reviews.chain(["outputs/decision.json".to_owned()])
}

fn read_all(store: &Path, threads: usize) {
    read_some(store, threads, &outputs().collect::<Vec<_>>());
}

/// Reads every manifest, and these files beside it.
fn read_some(store: &Path, threads: usize, beside: &[String]) {
    let jobs: Vec<PathBuf> =
        fs::read_dir(store).expect("the store").flatten().map(|job| job.path()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut total = 0;
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            for run in fs::read_dir(job).into_iter().flatten().flatten() {
                let Ok(manifest) = fs::read(run.path().join("manifest.json")) else { continue };
                total += manifest.len();
                for file in beside {
                    total += fs::read(run.path().join(file)).expect("a file").len();
                }
            }
        }
        std::hint::black_box(total);
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}
