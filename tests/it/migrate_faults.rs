//! A migration stopped at any system call: each manifest is whole, the old one or the new one, every
//! original can be had back, and a second run completes the work.
//!
//! In the gate with a few manifests; `CONSENSUS_LONG=1` has many.

use std::collections::BTreeMap;

use crate::migrate::manifests;
use crate::support::{Outcome, ROOT, Sandbox, has};

/// The calls that change files or make changes last.
const CALLS: [&str; 9] =
    ["openat", "write", "fchmod", "linkat", "renameat", "fsync", "syncfs", "unlinkat", "flock"];

/// How many manifests: more than those that are synced one by one, and few enough.
fn sizes() -> [usize; 2] {
    if std::env::var_os("CONSENSUS_LONG").is_some() { [4, 300] } else { [1, 6] }
}

fn store(count: usize) -> (Sandbox, BTreeMap<String, Vec<u8>>) {
    let sandbox = Sandbox::new();
    let plain: Vec<(String, Vec<u8>)> =
        manifests("sound").into_iter().filter(|(name, _)| !name.starts_with("1.4.0")).collect();
    for (number, (_, bytes)) in plain.iter().cycle().take(count).enumerate() {
        sandbox.write(&format!("artifacts/job/run-{number:03}/manifest.json"), bytes);
    }
    let before = sandbox.tree("artifacts");
    (sandbox, before)
}

fn injected(sandbox: &Sandbox, args: &str, call: &str, what: &str, n: usize) -> Outcome {
    sandbox.shell(&format!(
        "strace -f -qqq -o trace -e trace={call} -e inject={call}:{what}:when={n} consensus {args} --jobs 1"
    ))
}

fn was_hit(sandbox: &Sandbox) -> bool {
    let trace = sandbox.read("trace");
    trace.contains("INJECTED") || trace.contains("SIGKILL")
}

/// Each manifest is the old one or the new one, and the original is there.
fn is_whole(
    sandbox: &Sandbox,
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    let now = sandbox.tree("artifacts");
    for (path, old) in before {
        let found = &now[path];
        let is_new = Some(found) == after.get(path);
        assert!(found == old || is_new, "{what}: {path} is neither");
        if is_new {
            assert_eq!(now.get(&format!("{path}.backup")), Some(old), "{what}: {path} has no original");
        }
    }
}

/// Running again completes the work and leaves nothing else behind.
fn completes(sandbox: &Sandbox, after: &BTreeMap<String, Vec<u8>>, what: &str) {
    let outcome = sandbox.run(["migrate"]);
    assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
    let now = sandbox.tree("artifacts");
    let extra: Vec<&String> = now.keys().filter(|path| !after.contains_key(*path)).collect();
    assert!(extra.is_empty(), "{what}: {extra:?}");
    for (path, bytes) in after {
        assert!(now.get(path) == Some(bytes), "{what}: {path}");
    }
}

fn migrated(count: usize) -> BTreeMap<String, Vec<u8>> {
    let (sandbox, _) = store(count);
    sandbox.run(["migrate"]).exits(0);
    sandbox.tree("artifacts")
}

#[test]
fn killed_at_every_call_each_manifest_is_whole_and_a_second_run_completes() {
    if !has("strace") {
        return;
    }
    for count in sizes() {
        let after = migrated(count);
        let mut hits = 0;
        for call in CALLS {
            for n in 1.. {
                let (sandbox, before) = store(count);
                let outcome = injected(&sandbox, "migrate", call, "signal=SIGKILL", n);
                let what = format!("{count} manifests, {call} {n}");
                is_whole(&sandbox, &before, &after, &what);
                if !was_hit(&sandbox) {
                    assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
                    break;
                }
                hits += 1;
                completes(&sandbox, &after, &what);
            }
        }
        assert!(hits > count * 5, "{hits} kills");
    }
}

#[test]
fn refused_by_the_system_it_says_so_and_each_manifest_is_whole() {
    if !has("strace") {
        return;
    }
    for count in sizes() {
        let after = migrated(count);
        for (call, error) in [
            ("write", "ENOSPC"),
            ("linkat", "EIO"),
            ("renameat", "EIO"),
            ("fsync", "EIO"),
            ("syncfs", "EIO"),
            ("fchmod", "EPERM"),
            ("flock", "EIO"),
        ] {
            for n in 1.. {
                let (sandbox, before) = store(count);
                let outcome = injected(&sandbox, "migrate --json", call, &format!("error={error}"), n);
                let what = format!("{count} manifests, {call} {error} {n}");
                is_whole(&sandbox, &before, &after, &what);
                if !was_hit(&sandbox) {
                    assert_eq!(outcome.status, Some(0), "{what}\n{outcome}");
                    break;
                }
                // A lock that cannot be taken at once is taken later; what is only printed is lost.
                let may_succeed = call == "flock";
                assert!(outcome.status == Some(8) || may_succeed, "{what}\n{outcome}");
                let is_left = sandbox.tree("artifacts").keys().any(|path| path.contains(".tmp"));
                assert!(!is_left, "{what}: a temporary is left");
                // Where it is not the answer that could not be written, it is one object.
                if call != "write" && outcome.status == Some(8) {
                    let json = outcome.json();
                    assert!(json["error"]["code"].is_string(), "{what}\n{json}");
                }
                completes(&sandbox, &after, &what);
            }
        }
    }
}

#[test]
fn what_was_replaced_and_may_not_last_is_said_to_be_so() {
    if !has("strace") {
        return;
    }
    let (sandbox, _) = store(6);
    let outcome = injected(&sandbox, "migrate", "syncfs", "error=EIO", 2);
    assert_eq!(outcome.status, Some(8), "{outcome}");
    assert_eq!(outcome.stdout.matches("is in its place, and a power cut may still undo that").count(), 6);
    assert!(outcome.stdout.contains("Migrated: 0\n"), "{outcome}");
}

#[test]
fn without_a_call_that_syncs_many_files_each_is_synced() {
    if !has("strace") {
        return;
    }
    for error in ["ENOSYS", "EPERM"] {
        let (sandbox, _) = store(6);
        let all = format!(
            "strace -f -qqq -o trace -e trace=syncfs,fsync,sync -e inject=syncfs:error={error} consensus migrate"
        );
        sandbox.shell(&all).exits(0);
        let trace = sandbox.read("trace");
        assert!(
            was_hit(&sandbox) && trace.matches("fsync(").count() >= 12 && trace.contains("sync()"),
            "{trace}"
        );
    }
}

#[test]
fn without_hard_links_the_bytes_are_copied() {
    if !has("strace") {
        return;
    }
    for error in ["EPERM", "EOPNOTSUPP", "EMLINK"] {
        let (sandbox, before) = store(6);
        let after = migrated(6);
        let all = format!(
            "strace -f -qqq -o trace -e trace=linkat -e inject=linkat:error={error} consensus migrate"
        );
        sandbox.shell(&all).exits(0);
        assert!(was_hit(&sandbox));
        is_whole(&sandbox, &before, &after, error);
        completes(&sandbox, &after, error);
    }
}

#[test]
fn going_back_is_as_safe() {
    if !has("strace") {
        return;
    }
    let after = migrated(2);
    for call in ["write", "linkat", "renameat", "fsync"] {
        for n in 1.. {
            let (sandbox, before) = store(2);
            sandbox.run(["migrate"]).exits(0);
            injected(&sandbox, "migrate --restore --all", call, "signal=SIGKILL", n);
            is_whole(&sandbox, &before, &after, &format!("restore, {call} {n}"));
            let hit = was_hit(&sandbox);
            sandbox.run(["migrate", "--restore", "--all"]).exits(0);
            let now = sandbox.tree("artifacts");
            assert!(before.iter().all(|(path, bytes)| now.get(path) == Some(bytes)), "{call} {n}");
            assert!(!now.keys().any(|path| path.contains(".tmp")), "{call} {n}");
            if !hit {
                assert!(n > 1, "{call} is never called");
                break;
            }
        }
    }
}

#[test]
fn a_disk_that_cannot_hold_it_is_said_before_anything_is_written() {
    let (sandbox, _) = store(1);
    let mounted = sandbox.shell("mkdir full && mount -t tmpfs -o size=256k tmpfs full 2>/dev/null");
    if mounted.status != Some(0) {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    }
    let fixture = format!("{ROOT}/fixtures/manifests/sound/1.0.0-plain.json");
    let fill = format!(
        "for n in $(seq 20); do mkdir -p full/artifacts/job/run-$n && cp {fixture} full/artifacts/job/run-$n/manifest.json; done; \
         dd if=/dev/zero of=full/ballast bs=4k count=35 2>/dev/null; true"
    );
    sandbox.shell(&fill).exits(0);
    let before = sandbox.tree("full");
    let refused = sandbox.run(["migrate", "--store", "full/artifacts"]);
    let unchanged = sandbox.tree("full") == before;
    // Room for some: what is there stays whole when the rest is refused, and running again completes.
    sandbox.shell("rm full/ballast").exits(0);
    let done = sandbox.run(["migrate", "--store", "full/artifacts"]);
    let whole = sandbox.run(["migrate", "--check", "--store", "full/artifacts"]);
    sandbox.shell("umount full").exits(0);
    let refused = refused.exits(8);
    assert!(refused.stderr.contains("bytes more") && refused.stderr.contains("are free"), "{refused}");
    assert!(unchanged);
    done.exits(0);
    whole.exits(0);
}
