#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench artifacts`: what it takes to tell where an item comes from, in an artifact of 50 versions with
//! 10,000 items each.
//!
//! - the lineage of an item through all versions, beside the same in an artifact that has one version: the time follows
//!   the answer where the ratio stays far below 50;
//! - the lineage beside reading the artifact's events;
//! - the newest version with all its items, beside reading the events.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

mod support;

const ITEMS: usize = 10_000;
const VERSIONS: usize = 50;
const ROUNDS: usize = 9;

fn main() {
    let (items, versions, rounds) = if is_measured() { (ITEMS, VERSIONS, ROUNDS) } else { (10, 3, 1) };
    let dir = TempDir::new().unwrap();
    let store = dir.path().join("artifacts");
    let mut lines = String::new();
    for number in 0..items {
        let _ = writeln!(lines, "{{\"data\":{{\"sample\":{number},\"account\":\"A-{number:08}\"}}}}");
    }
    let file = dir.path().join("items.jsonl");
    fs::write(&file, lines).unwrap();
    for (job, count) in [("one", 1), ("many", versions)] {
        asked(&store, &["version", "new", job, "--by", "author", "--items", file.to_str().unwrap()]);
        asked(&store, &["item", "approve", job, "--all", "--by", "reviewer"]);
        for version in 1..=count {
            asked(&store, &["version", "submit", job, "--by", "author"]);
            asked(&store, &["version", "approve", job, "--by", "owner"]);
            if version < count {
                asked(&store, &["version", "new", job, "--by", "author"]);
            }
        }
    }
    println!("{versions} versions of {items} items");
    let middle = (items / 2).to_string();
    let lineage = |job: &str| asked(&store, &["lineage", job, &middle]);
    let events = store.join(".consensus/versions/-/many/proposal");
    let read = || {
        timed(|| assert!(fs::read_dir(&events).unwrap().all(|file| fs::read(file.unwrap().path()).is_ok())))
    };
    compare(("lineage", || lineage("many")), ("of one version", || lineage("one")), rounds);
    compare(("lineage", || lineage("many")), ("reading the events", read), rounds);
    compare(("show", || asked(&store, &["version", "show", "many"])), ("reading the events", read), rounds);
}

fn asked(store: &Path, args: &[&str]) -> Duration {
    timed(|| ends_with(0, Command::new(PROGRAM).args(args).arg("--store").arg(store)))
}
