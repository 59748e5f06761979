//! Killed, or refused by the system, at any moment: the store verifies and running again finishes.
//!
//! Kills and faults at the N-th system call are injected by strace, so they hit the real program.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::{Outcome, Sandbox, good, has};

/// The calls that change a store.
const WRITES: [&str; 7] = ["write", "fsync", "fdatasync", "mkdirat", "renameat", "renameat2", "unlinkat"];

/// Runs a review in which `what` happens at the `n`-th `call` of a thread.
fn injected(sandbox: &Sandbox, call: &str, what: &str, n: u32) -> Outcome {
    sandbox.shell(&format!(
        "strace -f -qqq -o /dev/null -e trace={call} -e inject={call}:{what}:when={n} consensus run good.md --json"
    ))
}

/// Kills a review at the `n`-th call of `call`; without strace the review is undisturbed.
pub(crate) fn killed_at(sandbox: &Sandbox, call: &str, n: u32) {
    if has("strace") {
        let outcome = injected(sandbox, call, "signal=SIGKILL", n);
        assert_ne!(outcome.status, Some(0), "nothing was killed");
    }
}

fn fresh() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox
}

/// Steps that a log says were completed, over all attempts.
fn completed_steps(sandbox: &Sandbox) -> Vec<String> {
    let logs = sandbox.tree("artifacts").into_iter().filter(|(path, _)| path.ends_with("events.jsonl"));
    let text: String = logs.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()).collect();
    let steps = text.lines().filter(|line| line.contains("\"event\":\"step_completed\""));
    let mut steps: Vec<String> =
        steps.map(|line| line.rsplit("\"step\":").next().unwrap_or_default().to_owned()).collect();
    steps.sort();
    steps
}

/// The store is sound now, and running again finishes without repeating a finished step.
fn is_sound_and_finishes(sandbox: &Sandbox, what: &str) {
    if sandbox.at("artifacts/.consensus").is_dir() {
        let outcome = sandbox.run(["verify", "--all"]);
        assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
    }
    let outcome = sandbox.run(["run", "good.md"]);
    assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
    sandbox.run(["verify", "--all"]).exits(0);
    let steps = completed_steps(sandbox);
    let mut once = steps.clone();
    once.dedup();
    assert_eq!((steps.len(), &steps), (7, &once), "{what}: each step is completed once");
    let left: Vec<String> =
        sandbox.tree("artifacts").into_keys().filter(|path| path.contains(".tmp")).collect();
    assert!(left.is_empty(), "{what}: {left:?}");
    let tmp = sandbox.at("artifacts/.consensus/tmp");
    assert!(std::fs::read_dir(tmp).map_or(true, |mut dir| dir.next().is_none()), "{what}");
}

#[test]
fn killed_at_every_call_that_writes_it_loses_nothing() {
    if !has("strace") {
        return;
    }
    for call in WRITES {
        // Until the call is never reached, at least once for each kind that is used at all.
        for n in 1.. {
            let sandbox = fresh();
            let outcome = injected(&sandbox, call, "signal=SIGKILL", n);
            if outcome.status == Some(0) {
                assert!(n > 1, "{call} is never called");
                break;
            }
            is_sound_and_finishes(&sandbox, &format!("{call} {n}"));
        }
    }
}

#[test]
fn refused_by_the_system_it_says_so_and_loses_nothing() {
    if !has("strace") {
        return;
    }
    for (call, error) in [
        ("write", "ENOSPC"),
        ("fsync", "EIO"),
        ("fdatasync", "EIO"),
        ("mkdirat", "ENOSPC"),
        ("renameat", "EIO"),
        ("renameat2", "EIO"),
    ] {
        for n in 1.. {
            let sandbox = fresh();
            let outcome = injected(&sandbox, call, &format!("error={error}"), n);
            if outcome.status == Some(0) {
                assert!(n > 1, "{call} is never called");
                break;
            }
            // The last writes are those of the answer itself.
            let of_output = outcome.stdout.is_empty() || !outcome.stdout.contains("\"error\"");
            assert_eq!(outcome.status, Some(8), "{call} {error} {n}\n{outcome}");
            assert!(of_output || outcome.json()["error"]["code"] == "io", "{call} {error} {n}\n{outcome}");
            is_sound_and_finishes(&sandbox, &format!("{call} {error} {n}"));
        }
    }
}

#[test]
fn killed_at_random_moments_it_loses_nothing() {
    for round in 0..40 {
        let sandbox = fresh();
        let mut child =
            sandbox.command(["run", "good.md"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the few milliseconds that a review takes.
        thread::sleep(Duration::from_micros(400 * round));
        let _ = child.kill();
        child.wait().unwrap();
        is_sound_and_finishes(&sandbox, &format!("round {round}"));
    }
}

#[test]
fn an_interrupt_keeps_what_is_done_and_the_run_goes_on() {
    if !has("strace") {
        return;
    }
    let sandbox = fresh();
    // As if Ctrl-C were pressed while the first step is being recorded: before it the store and the run come into place.
    let outcome = injected(&sandbox, "renameat", "signal=SIGINT", 3).exits(130);
    assert_eq!(outcome.json()["error"]["code"], "interrupted");
    let run = sandbox.only_run();
    let manifest: serde_json::Value =
        serde_json::from_str(&sandbox.read(&format!("{run}/manifest.json"))).unwrap();
    assert_eq!(manifest["status"], "stopped");
    let shown = sandbox.run(["show", "good@latest"]).exits(0);
    assert!(shown.stdout.contains("STOPPED"), "{shown}");
    is_sound_and_finishes(&sandbox, "after an interrupt");
    assert_eq!(
        sandbox.run(["show", "good@latest", "--json"]).json()["attempts"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_changed_output_of_an_unfinished_run_is_not_built_upon() {
    if !has("strace") {
        return;
    }
    let sandbox = fresh();
    killed_at(&sandbox, "fdatasync", 1);
    let run = sandbox.only_run();
    sandbox.shell(&format!("printf ' ' >> {run}/outputs/proposal.json")).exits(0);
    let outcome = sandbox.run(["run", "good.md"]).exits(6);
    assert!(outcome.stderr.contains("proposal.json") && outcome.stderr.contains("moved away"), "{outcome}");
    sandbox.run(["verify", "--all"]).exits(1);
    // As the message says.
    sandbox.shell(&format!("mv {run} aside")).exits(0);
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let sandbox = fresh();
    let mounted = sandbox.shell("mkdir full && mount -t tmpfs -o size=48k tmpfs full 2>/dev/null");
    if mounted.status != Some(0) {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    }
    let outcome = sandbox.run(["run", "good.md", "--store", "full/artifacts"]);
    let verified = sandbox.run(["verify", "--all", "--store", "full/artifacts"]);
    sandbox.shell("mount -o remount,size=4m full").exits(0);
    let again = sandbox.run(["run", "good.md", "--store", "full/artifacts"]);
    let whole = sandbox.run(["verify", "--all", "--store", "full/artifacts"]);
    sandbox.shell("umount full").exits(0);
    let outcome = outcome.exits(8);
    assert!(outcome.stderr.contains("free some space"), "{outcome}");
    verified.exits(0);
    again.exits(0);
    whole.exits(0);
}

#[test]
fn a_leftover_that_cannot_be_removed_is_in_nobodys_way() {
    let sandbox = fresh();
    let made = sandbox.shell(
        "mkdir -p artifacts/.consensus/tmp/left.over/inner && : > artifacts/.consensus/tmp/left.over/inner/file \
         && chattr +i artifacts/.consensus/tmp/left.over/inner 2>/dev/null",
    );
    let run = sandbox.run(["run", "good.md"]);
    sandbox.shell("chattr -i artifacts/.consensus/tmp/left.over/inner 2>/dev/null; true").exits(0);
    if made.status != Some(0) {
        eprintln!("skipped: making a directory immutable needs root");
        return;
    }
    run.exits(0);
    // Once it can be removed, the next new run does so.
    sandbox.run(["run", "good.md", "--sample", "2"]).exits(0);
    assert!(sandbox.tree("artifacts/.consensus/tmp").is_empty());
}

#[test]
fn names_that_a_killed_process_left_are_made_durable_by_the_next() {
    if !has("strace") {
        return;
    }
    let sandbox = fresh();
    // Killed between the rename into place and the sync of the job's directory.
    let renamed = "strace -f -qqq -o /dev/null -e trace=renameat -e inject=renameat:signal=SIGKILL:when=2";
    let _ = sandbox.shell(&format!("{renamed} consensus run good.md"));
    assert_eq!(sandbox.runs().len(), 1);
    sandbox.shell("strace -f -y -qqq -o trace -e trace=fsync consensus run good.md").exits(0);
    let trace = sandbox.read("trace");
    assert!(trace.contains("/artifacts/good>"), "{trace}");
}
