#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench store`: what going through a store costs beside the system calls that it cannot do without, in the
//! same run; the memory that it takes, and the processors that it keeps busy.
//!
//! One store holds 20,000 completed runs by rules, each of which verifies, and one as many manifests of 1.0.0;
//! `BENCH_RUNS` says how many instead, and `BENCH_JOBS` in how many jobs. They are made below the temporary directory, or
//! `TMPDIR`, one after the other; a run takes about 40 KB on a disk, a manifest 8. `-- runs` or `-- manifests` takes one of
//! the two. The floors have as many threads as there are processors.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use consensus::domain::digest::Digest;
use make::Size;
use support::{Cost, PROGRAM, compare, cost_of, timed};
use tempfile::TempDir;

mod make;
mod migrate;
#[path = "../support/mod.rs"]
mod support;

const CHANGED: usize = 100;
const MANIFEST: &[&str] = &["manifest.json"];
/// What the index and `policy check` read of a run.
const FACTS: &[&str] = &["manifest.json", "attempts", "inputs/request.json", "outputs"];
const REVIEWS: &[&str] = &["manifest.json", "outputs/decision.json", "outputs/reviews"];
const ALL: &[&str] = &["manifest.json", "attempts", "inputs", "outputs"];

fn main() {
    let size = Size::wanted();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    if is_wanted("runs") {
        of_today(size, size.rounds());
    }
    if is_wanted("manifests") {
        migrate::measure(size, size.rounds());
    }
}

/// Completed runs of today.
fn of_today(size: Size, rounds: usize) {
    let dir = TempDir::new().unwrap();
    let store = dir.path().join("artifacts");
    make::current(&store, size);
    let strict = dir.path().join("strict.toml");
    fs::write(&strict, "[panel.thresholds]\napprove = 1\n").unwrap();
    println!("{} runs in {} jobs", size.all(), size.jobs);

    let asked = |status, args: &[&str]| asked(&store, status, args);
    let reading = |what: &'static [&str]| {
        let store = &store;
        move || read(store, what)
    };
    let hashing = || timed(|| each(&store, |run| _ = bytes(run, ALL, &mut |bytes| _ = Digest::of(bytes))));
    let state = || timed(|| each(&store, |run| assert!(fs::metadata(run.join(MANIFEST[0])).is_ok())));
    compare(("verify --all", || asked(0, &["verify", "--all"])), ("hashing every file", hashing), rounds);

    let manifests = "reading every manifest";
    reading(MANIFEST)();
    compare(("list, no index", || asked(0, &["list"])), (manifests, reading(MANIFEST)), rounds);
    compare(("audit", || asked(0, &["audit"])), (manifests, reading(MANIFEST)), rounds);
    compare(("policy log", || asked(0, &["policy", "log"])), (manifests, reading(MANIFEST)), rounds);
    let strict = strict.to_str().unwrap();
    let check = || asked(1, &["policy", "check", "-f", strict, "--all"]);
    compare(("policy check", check), ("reading manifests and reviews", reading(REVIEWS)), rounds);

    let cold = || {
        let _ = fs::remove_dir_all(store.join(".consensus/cache"));
        asked(0, &["index"])
    };
    compare(("index, from nothing", cold), ("reading what it reads", reading(FACTS)), rounds);
    let (index, listing) = (|| asked(0, &["index"]), "listing and stat");
    compare(("index, nothing changed", index), (listing, state), rounds);
    let changed = || -> Cost {
        change(&store, size);
        index()
    };
    compare(("index, 100 changed", changed), (listing, state), rounds);
    compare(("list", || asked(0, &["list"])), (listing, state), rounds);
    compare(("list --limit 20", || asked(0, &["list", "--limit", "20"])), (listing, state), rounds);
    let question = "SELECT decision_label, count(*) FROM runs GROUP BY 1";
    compare(("query", || asked(0, &["query", question])), (listing, state), rounds);
}

/// What the program takes for this.
fn asked(store: &Path, status: i32, args: &[&str]) -> Cost {
    cost_of(status, Command::new(PROGRAM).args(args).arg("--store").arg(store))
}

/// Looks at every run of the store, with several threads.
pub(crate) fn each(store: &Path, look: impl Fn(&Path) + Sync) {
    let jobs: Vec<PathBuf> = fs::read_dir(store).unwrap().map(|job| job.unwrap().path()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if job.ends_with(".consensus") {
                continue;
            }
            for run in fs::read_dir(job).unwrap() {
                look(&run.unwrap().path());
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

/// How long it takes to read these of every run.
fn read(store: &Path, what: &[&str]) -> Duration {
    timed(|| each(store, |run| _ = std::hint::black_box(bytes(run, what, &mut |_| ()))))
}

/// Reads these files of a run, and those below these directories; gives how many bytes they have.
fn bytes(run: &Path, what: &[&str], each: &mut dyn FnMut(&[u8])) -> usize {
    what.iter().map(|name| below(&run.join(name), each)).sum()
}

fn below(path: &Path, each: &mut dyn FnMut(&[u8])) -> usize {
    let mut file = File::open(path).unwrap();
    if file.metadata().unwrap().is_dir() {
        return fs::read_dir(path).unwrap().map(|entry| below(&entry.unwrap().path(), each)).sum();
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    each(&bytes);
    bytes.len()
}

/// Writes some manifests again, as they were.
fn change(store: &Path, size: Size) {
    let runs = fs::read_dir(store.join(make::job(0))).unwrap();
    for run in runs.take(CHANGED.min(size.runs)) {
        let path = run.unwrap().path().join(MANIFEST[0]);
        let bytes = fs::read(&path).unwrap();
        File::create(&path).unwrap().write_all(&bytes).unwrap();
    }
}
