#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and makes its own files, outside any store"
)]

//! `cargo bench --bench models`: what a run by a model takes beside waiting for the model.
//!
//! A server on loopback answers each request after 200 ms. A run has two rounds of them, one to expand and one in
//! which all reviews are asked side by side, so the floor is two sleeps of 200 ms.

use std::process::Command;
use std::thread;
use std::time::Duration;

use stub::{Stub, good};
use support::{PROGRAM, compare, ends_with, is_measured, timed};
use tempfile::TempDir;

#[expect(dead_code, unreachable_pub, reason = "the tests need more of it")]
#[path = "../tests/it/stub.rs"]
mod stub;
mod support;

const ANSWER: Duration = Duration::from_millis(200);

fn main() {
    let (dir, rounds) = (TempDir::new().unwrap(), if is_measured() { 30 } else { 2 });
    let server = Stub::new(|seen, _| good(seen).after(ANSWER));
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/good.md");
    let mut sample = 0;
    let run = || {
        sample += 1;
        let mut command = Command::new(PROGRAM);
        command.args(["run", document, "--provider", "chat", "--model", "m", "--base-url", &server.url()]);
        command.args(["--sample", &sample.to_string(), "--store"]).arg(dir.path().join("artifacts"));
        timed(|| ends_with(0, &mut command))
    };
    let floor = || {
        timed(|| {
            thread::sleep(ANSWER);
            thread::sleep(ANSWER);
        })
    };
    compare(("run by a model", run), ("two answers of 200 ms", floor), rounds);
}
