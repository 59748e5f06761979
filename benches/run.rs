#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench`: what a review costs beside what its writes alone cost, in the same run.
//!
//! - start-up: `consensus --version` beside starting the smallest program of the system;
//! - review: a whole offline review of a 10 KB document, process start and all, beside a bare loop in
//!   this process that writes, syncs and renames the same files in the same order;
//! - memory: the peak of the largest process that was started.
//!
//! Each figure is the median of pairs taken in turn, so that a machine that slows down slows both.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::resource::{UsageWho, getrusage};
use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

mod support;

const PAIRS: usize = 60;
const DOCUMENT_BYTES: usize = 10_000;

fn main() {
    let pairs = if is_measured() { PAIRS } else { 2 };
    start_up(pairs);
    review(pairs);
    memory();
}

fn start_up(pairs: usize) {
    let program = || timed(|| ends_with(0, Command::new(PROGRAM).arg("--version")));
    let floor = || timed(|| ends_with(0, &mut Command::new("true")));
    compare(("start-up", program), ("`true`", floor), pairs);
}

fn review(pairs: usize) {
    let dir = TempDir::new().expect("a temporary directory");
    let document = dir.path().join("document.md");
    fs::write(&document, ten_kilobytes()).expect("the document is written");
    let store = dir.path().join("artifacts");
    let mut sample = 0;
    let mut run = || {
        sample += 1;
        timed(|| {
            let sample = sample.to_string();
            let mut command = Command::new(PROGRAM);
            command.arg("run").arg(&document).arg("--store").arg(&store).args(["--sample", &sample]);
            ends_with(0, &mut command);
        })
    };
    // The first one makes the store; what it leaves behind is what the floor writes too.
    run();
    let jobs = fs::read_dir(store.join("document")).expect("the job is there");
    let recorded = Recorded::read(&jobs.flatten().next().expect("one run").path());
    let floor_store = dir.path().join("floor");
    fs::create_dir_all(floor_store.join("tmp")).expect("a directory");
    fs::create_dir_all(floor_store.join("job")).expect("a directory");
    let mut number = 0;
    let floor = || {
        number += 1;
        timed(|| recorded.write(&floor_store, number))
    };
    compare(("review", run), ("its writes, syncs and renames", floor), pairs);
}

fn memory() {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system tells");
    println!("memory     peak of the largest process: {} MB", usage.max_rss() / 1024);
}

fn ten_kilobytes() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/good.md");
    let text = fs::read_to_string(path).expect("the fixture is there");
    text.chars().cycle().take(DOCUMENT_BYTES).collect()
}

/// The files of a finished run, as the program writes them.
struct Recorded {
    /// Written aside, in one tree that is renamed into place.
    built: Vec<(PathBuf, Vec<u8>)>,
    /// Each put in its place by a temporary and a rename.
    replaced: Vec<(PathBuf, Vec<u8>)>,
    /// The lines of the log after the first, each appended and synced.
    appended: Vec<Vec<u8>>,
}

impl Recorded {
    fn read(run: &Path) -> Self {
        let mut recorded = Self { built: Vec::new(), replaced: Vec::new(), appended: Vec::new() };
        let mut open = vec![run.to_owned()];
        while let Some(dir) = open.pop() {
            for path in fs::read_dir(&dir).expect("a directory").map(|entry| entry.expect("an entry").path())
            {
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let bytes = fs::read(&path).expect("a file");
                let name = path.strip_prefix(run).expect("below the run").to_owned();
                if name.starts_with("outputs") {
                    recorded.replaced.push((name, bytes));
                } else if name.ends_with("events.jsonl") {
                    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec);
                    recorded.built.push((name, lines.next().expect("a first line")));
                    recorded.appended.extend(lines);
                } else {
                    recorded.built.push((name, bytes));
                }
            }
        }
        let manifest = recorded.built.iter().find(|(name, _)| name.ends_with("manifest.json")).cloned();
        recorded.replaced.extend(manifest);
        recorded
    }

    /// Writes them all as durably as the program does.
    fn write(&self, store: &Path, number: usize) {
        let (aside, place) =
            (store.join("tmp").join(number.to_string()), store.join("job").join(number.to_string()));
        let mut dirs = vec![aside.clone()];
        for (name, bytes) in &self.built {
            let path = aside.join(name);
            let dir = path.parent().expect("a parent");
            fs::create_dir_all(dir).expect("a directory");
            dirs.extend(dir.ancestors().take_while(|dir| dir.starts_with(&aside)).map(Path::to_owned));
            write_synced(&path, bytes);
        }
        dirs.sort();
        dirs.dedup();
        dirs.iter().rev().for_each(|dir| sync(dir));
        fs::rename(&aside, &place).expect("renamed");
        sync(&store.join("job"));
        for dir in [place.join("outputs"), place.join("outputs/reviews")] {
            fs::create_dir(&dir).expect("a directory");
            sync(dir.parent().expect("a parent"));
        }
        let log = place.join("attempts/0001/events.jsonl");
        let mut log = fs::OpenOptions::new().append(true).open(log).expect("the log");
        for line in &self.appended {
            log.write_all(line).and_then(|()| log.sync_data()).expect("appended");
        }
        for (name, bytes) in &self.replaced {
            let path = place.join(name);
            let temporary = path.with_extension("tmp");
            write_synced(&temporary, bytes);
            fs::rename(&temporary, &path).expect("renamed");
            sync(path.parent().expect("a parent"));
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).expect("created");
    file.write_all(bytes).and_then(|()| file.sync_all()).expect("written");
}

fn sync(dir: &Path) {
    File::open(dir).and_then(|dir| dir.sync_all()).expect("synced");
}
