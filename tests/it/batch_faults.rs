//! A batch that is killed, or refused by the system, at any call: each run is whole in its place or not there, and given
//! again the batch does the rest.
//!
//! `CONSENSUS_LONG=1` tries every call, and not a sample.

use std::time::Duration;

use crate::models;
use crate::stub::{Stub, good as answers_well};
use crate::support::{Outcome, Sandbox, good, has};

const DOCUMENTS: usize = 5;
/// So many at the same time share their syncs.
const MANY: usize = 24;
/// The calls that change a store, and how often each is tried at most where nobody asks for more.
const CALLS: [(&str, u32); 6] =
    [("write", 8), ("mkdirat", 5), ("renameat", 4), ("syncfs", 3), ("fsync", 4), ("unlinkat", 3)];

fn documents() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 0..DOCUMENTS {
        sandbox.write(
            &format!("docs/rfc-{number}.md"),
            good().replacen("invoices", &format!("bills {number}"), 1),
        );
    }
    sandbox
}

/// A batch in which `what` happens at the `n`-th `call`.
fn injected(sandbox: &Sandbox, call: &str, what: &str, n: u32) -> Outcome {
    sandbox.shell(&format!(
        "strace -f -qqq -o /dev/null -e trace={call} -e inject={call}:{what}:when={n} consensus batch docs --jobs 2"
    ))
}

/// How often an undisturbed batch makes a call.
fn count(call: &str) -> u32 {
    let sandbox = documents();
    let traced = format!("strace -f -qqq -o calls -e trace={call} consensus batch docs --jobs 2 >out");
    sandbox.shell(&traced).exits(0);
    u32::try_from(sandbox.read("calls").lines().filter(|line| line.contains(&format!("{call}("))).count())
        .unwrap()
}

/// At which calls it happens.
fn at(call: &str, most: u32) -> Vec<u32> {
    let count = count(call).max(1);
    let step = if std::env::var_os("CONSENSUS_LONG").is_some() { 1 } else { count.div_ceil(most) };
    (1..=count).step_by(step as usize).collect()
}

/// Everything that is there holds, nothing is half there, and given again the batch does the rest.
fn holds_and_finishes(sandbox: &Sandbox, what: &str) {
    if sandbox.at("artifacts/.consensus").is_dir() {
        let outcome = sandbox.run(["verify", "--all"]);
        assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
        let unfinished = sandbox.run(["list", "--status", "running", "--json"]).exits(0).json();
        assert_eq!(unfinished["total"], 0, "{what}");
    }
    let again = sandbox.run(["batch", "docs"]);
    assert_eq!(again.status, Some(0), "{what}\n{again}");
    assert_eq!(again.stdout.lines().count(), DOCUMENTS, "{what}");
    assert_eq!(sandbox.run(["list", "--json"]).exits(0).json()["total"], DOCUMENTS, "{what}");
    sandbox.run(["verify", "--all"]).exits(0);
    let left = std::fs::read_dir(sandbox.at("artifacts/.consensus/tmp")).unwrap().count();
    assert_eq!(left, 0, "{what}: nothing is left aside");
}

#[test]
fn killed_at_any_call_a_batch_leaves_whole_runs() {
    if !has("strace") {
        return;
    }
    for (call, most) in CALLS {
        for n in at(call, most) {
            let sandbox = documents();
            injected(&sandbox, call, "signal=SIGKILL", n);
            holds_and_finishes(&sandbox, &format!("killed at {call} {n}"));
        }
    }
}

#[test]
fn refused_by_the_system_a_batch_says_so_and_tells_of_no_run_that_is_not_there() {
    if !has("strace") {
        return;
    }
    for (call, error, most) in [
        ("syncfs", "EIO", 3),
        ("mkdirat", "ENOSPC", 4),
        ("renameat", "EIO", 3),
        ("write", "ENOSPC", 6),
        ("fsync", "EIO", 3),
        ("openat", "EMFILE", 6),
    ] {
        for n in at(call, most) {
            let (sandbox, what) = (documents(), format!("{error} at {call} {n}"));
            let outcome = injected(&sandbox, call, &format!("error={error}"), n);
            assert!(outcome.status.is_some_and(|status| status != 70), "{what}\n{outcome}");
            for line in outcome.stdout.lines().filter(|line| line.contains("\"run_id\"")) {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let path = line["path"].as_str().unwrap();
                assert!(sandbox.at(path).join("manifest.json").exists(), "{what}\n{outcome}");
            }
            holds_and_finishes(&sandbox, &what);
        }
    }
}

/// So many wait for the disk that they share their syncs.
#[test]
fn a_shared_sync_that_fails_or_does_not_return_loses_no_answer() {
    if !has("strace") {
        return;
    }
    let faults = [("error=EIO", 3), ("error=ENOSYS", 1), ("signal=SIGKILL", 2), ("signal=SIGKILL", 15)];
    for (what, n) in faults {
        let sandbox = models::sandbox(models::QUICK);
        for number in 0..MANY {
            sandbox.write(
                &format!("docs/rfc-{number}.md"),
                good().replacen("invoices", &format!("bills {number}"), 1),
            );
        }
        let stub = Stub::new(|seen, _| answers_well(seen).after(Duration::from_millis(20)));
        let batch =
            format!("consensus batch docs --provider chat --model m --jobs {MANY} --base-url {}", stub.url());
        let outcome = sandbox.shell(&format!(
            "strace -f -qqq -o /dev/null -e trace=syncfs -e inject=syncfs:{what}:when={n} {batch}"
        ));
        // Where the disk is quick nobody shares, and nothing happens.
        let may = if what == "error=EIO" { &[Some(0), Some(8)][..] } else { &[Some(0), Some(137)] };
        assert!(may.contains(&outcome.status), "{what} at {n}\n{outcome}");
        if outcome.status == Some(8) {
            let told = format!("; {} requests", stub.seen().len());
            assert!(outcome.stderr.contains(&told), "{told}, whatever came of them\n{outcome}");
        }
        for line in outcome.stdout.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(path) = line["path"].as_str() else { continue };
            let manifest: serde_json::Value =
                serde_json::from_str(&sandbox.read(&format!("{path}/manifest.json"))).unwrap();
            assert_eq!(manifest["status"], "completed", "{what} at {n}\n{outcome}");
        }
        sandbox.run(["verify", "--all"]).exits(0);
        sandbox.shell(&batch).exits(0);
        sandbox.run(["verify", "--all"]).exits(0);
        let (asked, most) = (stub.seen().len(), if outcome.status == Some(0) { MANY * 6 } else { MANY * 11 });
        assert!((MANY * 6..=most).contains(&asked), "{what} at {n}: {asked}\n{outcome}");
    }
}

#[test]
fn where_a_file_system_cannot_be_synced_as_a_whole_each_run_is_made_by_itself() {
    if !has("strace") {
        return;
    }
    let sandbox = documents();
    injected(&sandbox, "syncfs", "error=ENOSYS", 1).exits(0);
    holds_and_finishes(&sandbox, "without syncfs");
}
