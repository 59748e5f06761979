#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench migrate`: what migrating a store costs beside what its system calls alone cost, in
//! the same run.
//!
//! A store of 20,000 manifests of 3 KB, with inputs and outputs beside them:
//!
//! - `--list-versions` and `--dry-run`, process start and all, beside reading every manifest with as many
//!   threads;
//! - the durable migration beside a bare loop that writes, syncs, links and renames as many files of the
//!   same size in the same batches.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sha2::{Digest as _, Sha256};
use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

mod support;

const JOBS: usize = 100;
const RUNS: usize = 200;
const ROUNDS: usize = 5;

fn main() {
    let (jobs, runs, rounds) = if is_measured() { (JOBS, RUNS, ROUNDS) } else { (2, 3, 1) };
    let dir = TempDir::new().expect("a temporary directory");
    let store = dir.path().join("artifacts");
    make(&store, jobs, runs);
    println!("{} manifests of {} bytes", jobs * runs, manifest("job-000", &run(0, 0)).len());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let read = || timed(|| read_all(&store, threads));
    read();
    let list = || timed(|| succeeds(&store, &["migrate", "--list-versions"]));
    compare(("--list-versions", list), ("reading every manifest", read), rounds);
    let dry = || timed(|| succeeds(&store, &["migrate", "--dry-run"]));
    compare(("--dry-run", dry), ("reading every manifest", read), rounds);
    durable(dir.path(), &store, jobs, runs, rounds);
}

/// Each round has two fresh stores: what was migrated once cannot be migrated again.
fn durable(dir: &Path, store: &Path, jobs: usize, runs: usize, rounds: usize) {
    let (mut number, mut floor_number) = (0, 0);
    let size = {
        let one = dir.join("one");
        make(&one, 1, 1);
        succeeds(&one, &["migrate"]);
        let run = one.join("job-000").join(run(0, 0));
        fs::metadata(run.join("manifest.json")).expect("it is there").len()
    };
    fs::remove_dir_all(store).expect("the store is removed");
    let migrate = || {
        number += 1;
        let store = dir.join(format!("store-{number}"));
        make(&store, jobs, runs);
        sync(dir);
        let taken = timed(|| succeeds(&store, &["migrate"]));
        fs::remove_dir_all(store).expect("the store is removed");
        sync(dir);
        taken
    };
    let bytes = vec![b'x'; usize::try_from(size).expect("a small file")];
    let floor = || {
        floor_number += 1;
        let store = dir.join(format!("floor-{floor_number}"));
        make(&store, jobs, runs);
        sync(dir);
        let taken = timed(|| bare(&store, jobs, runs, &bytes));
        fs::remove_dir_all(store).expect("the store is removed");
        sync(dir);
        taken
    };
    compare(("migrate", migrate), ("its writes, links, renames and syncs", floor), rounds.min(3));
}

/// The same calls in the same batches.
fn bare(store: &Path, jobs: usize, runs: usize, bytes: &[u8]) {
    let dirs: Vec<PathBuf> = (0..jobs)
        .flat_map(|job| (0..runs).map(move |number| format!("job-{job:03}/{}", run(job, number))))
        .map(|name| store.join(name))
        .collect();
    for batch in dirs.chunks(consensus::store::batch_size()) {
        for dir in batch {
            let mut file = File::create_new(dir.join(".manifest.json.tmp")).expect("a new file");
            file.write_all(bytes).expect("it is written");
        }
        sync(store);
        for dir in batch {
            fs::hard_link(dir.join("manifest.json"), dir.join("manifest.json.backup")).expect("a link");
            fs::rename(dir.join(".manifest.json.tmp"), dir.join("manifest.json")).expect("it is renamed");
        }
        sync(store);
    }
}

fn sync(dir: &Path) {
    let dir = File::open(dir).expect("the directory is there");
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&dir).expect("it is synced");
    #[cfg(not(target_os = "linux"))]
    dir.sync_all().expect("it is synced");
}

/// Lists the store and reads every manifest, job by job, with several threads.
fn read_all(store: &Path, threads: usize) {
    let jobs: Vec<PathBuf> =
        fs::read_dir(store).expect("the store").map(|job| job.expect("a job").path()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut total = 0;
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            for run in fs::read_dir(job).expect("the job") {
                let manifest = run.expect("a run").path().join("manifest.json");
                total += fs::read(manifest).expect("a manifest").len();
            }
        }
        std::hint::black_box(total);
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

fn make(store: &Path, jobs: usize, runs: usize) {
    for job in 0..jobs {
        let name = format!("job-{job:03}");
        for number in 0..runs {
            let id = run(job, number);
            let dir = store.join(&name).join(&id);
            fs::create_dir_all(dir.join("inputs")).expect("a directory");
            fs::create_dir_all(dir.join("outputs")).expect("a directory");
            fs::write(dir.join("inputs/brief.json"), "{}\n").expect("an input");
            fs::write(dir.join("outputs/result.json"), "{}\n").expect("an output");
            fs::write(dir.join("manifest.json"), manifest(&name, &id)).expect("a manifest");
        }
    }
}

fn run(job: usize, number: usize) -> String {
    hex(&format!("{job}/{number}"))[..32].to_owned()
}

fn hex(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A manifest of 1.0.0 with about 3 KB.
fn manifest(job: &str, run: &str) -> String {
    let artifact = |number: usize| {
        format!(
            "    \"result_{number:02}\": {{\n      \"path\": \"outputs/result_{number:02}.json\",\n      \"sha256\": \"sha256:{}\",\n      \"bytes\": {}\n    }}",
            hex(&format!("{run} {number}")),
            1000 + number
        )
    };
    let artifacts = (0..14).map(artifact).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\n  \"schema_version\": \"1.0.0\",\n  \"job_id\": \"{job}\",\n  \"run_id\": \"{run}\",\n  \"job_ref\": \"{job}\",\n  \"job_type\": \"test_plan\",\n  \"status\": \"succeeded\",\n  \"brief_hash\": \"{}\",\n  \"artifacts\": {{\n{artifacts}\n  }},\n  \"generation_metadata\": {{\n    \"model\": \"none\",\n    \"temperature\": 0.10\n  }},\n  \"meta\": {{}},\n  \"error\": null,\n  \"migration_history\": []\n}}\n",
        hex(run)
    )
}

fn succeeds(store: &Path, args: &[&str]) {
    ends_with(0, Command::new(PROGRAM).args(args).arg("--store").arg(store));
}
