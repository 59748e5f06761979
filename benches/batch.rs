#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench batch`: what a batch takes beside what it cannot do without.
//!
//! - offline: so many documents by the rules, beside writing the same files below as many directories with as many
//!   threads, synced and renamed as many together;
//! - models: documents by a model whose server on loopback answers after 200 ms, one request of each document at a time,
//!   64 documents at once, beside the time that so many answers take when 64 are always under way.
//!
//! `BATCH_DOCUMENTS` and `BATCH_ASKED` say how many; a run takes six requests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use stub::{Stub, good};
use support::{PROGRAM, compare, cost_of, ends_with, files_of, is_measured, timed};
use tempfile::TempDir;

#[expect(dead_code, unreachable_pub, reason = "the tests need more of it")]
#[path = "../tests/it/stub.rs"]
mod stub;
mod support;

const ANSWER: Duration = Duration::from_millis(200);
const TOGETHER: usize = 256;
const JOBS: usize = 64;
const REQUESTS: usize = 6;

fn main() {
    let count = |name: &str, measured: usize| {
        let wanted = std::env::var(name).ok().and_then(|count| count.parse().ok());
        wanted.unwrap_or(if is_measured() { measured } else { 4 })
    };
    offline(count("BATCH_DOCUMENTS", 10_000));
    asked(count("BATCH_ASKED", 1_000));
}

fn documents(dir: &Path, count: usize) {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/good.md")).unwrap();
    fs::create_dir(dir).unwrap();
    for number in 0..count {
        let text = text.replacen("invoices", &format!("bills {number}"), 1);
        fs::write(dir.join(format!("rfc-{number}.md")), text).unwrap();
    }
}

/// Nothing that was written before is written out while the next is measured.
fn settled() {
    ends_with(0, &mut Command::new("sync"));
}

fn offline(count: usize) {
    let dir = TempDir::new().unwrap();
    documents(&dir.path().join("docs"), count);
    let mut command = Command::new(PROGRAM);
    command.args(["batch", "docs"]).current_dir(dir.path());
    let subject = || {
        settled();
        cost_of(0, &mut command)
    };
    let floor = || {
        let job = fs::read_dir(dir.path().join("artifacts/rfc-0")).unwrap();
        let files = files_of(&job.flatten().next().unwrap().path());
        settled();
        timed(|| floor(&dir.path().join("floor"), &files, count))
    };
    println!("{count} documents:");
    compare(("batch, offline", subject), ("writing their files", floor), 1);
}

/// Writes the files of a run so often, by two threads, and syncs and renames as many together as the program does.
fn floor(dir: &Path, files: &BTreeMap<PathBuf, Vec<u8>>, count: usize) {
    fs::create_dir_all(dir.join("tmp")).unwrap();
    let next = AtomicUsize::new(0);
    let work = || loop {
        let first = next.fetch_add(TOGETHER, Ordering::Relaxed);
        if first >= count {
            return;
        }
        let numbers = first..(first + TOGETHER).min(count);
        for number in numbers.clone() {
            let run = dir.join("tmp").join(number.to_string());
            for (name, bytes) in files {
                let path = run.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                File::create(path).unwrap().write_all(bytes).unwrap();
            }
        }
        synced(dir);
        for number in numbers {
            let job = dir.join(format!("rfc-{number}"));
            fs::create_dir(&job).unwrap();
            fs::rename(dir.join("tmp").join(number.to_string()), job.join("run")).unwrap();
        }
        synced(dir);
    };
    let threads = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

fn synced(dir: &Path) {
    ends_with(0, Command::new("sync").arg("-f").arg(dir));
}

fn asked(count: usize) {
    let dir = TempDir::new().unwrap();
    documents(&dir.path().join("docs"), count);
    let server = Stub::forgetful(|seen, _| good(seen).after(ANSWER));
    let mut command = Command::new(PROGRAM);
    command.args(["batch", "docs", "--provider", "chat", "--model", "m", "--base-url", &server.url()]);
    command.args(["--jobs", &JOBS.to_string(), "--parallel", "1"]).current_dir(dir.path());
    let subject = || {
        settled();
        cost_of(0, &mut command)
    };
    let requests = u32::try_from(count * REQUESTS).unwrap();
    let at_once = u32::try_from(JOBS.min(count)).unwrap();
    println!("{count} documents, {JOBS} at once:");
    compare(
        ("batch by a model", subject),
        ("answers of 200 ms, 64 always under way", || ANSWER * requests / at_once),
        1,
    );
}
