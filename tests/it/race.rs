//! Several processes at once.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use crate::support::{Sandbox, good, has};

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    sandbox.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn of_several_processes_with_the_same_review_one_does_it_and_the_others_replay() {
    for _ in 0..5 {
        let sandbox = Sandbox::new();
        sandbox.write("good.md", good());
        let children: Vec<Child> = (0..4).map(|_| start(&sandbox, &["run", "good.md", "--json"])).collect();
        let replayed: Vec<bool> = children
            .into_iter()
            .map(|child| {
                let output = child.wait_with_output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
                let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                json["replayed"].as_bool().unwrap()
            })
            .collect();
        assert_eq!(replayed.iter().filter(|replayed| !**replayed).count(), 1, "{replayed:?}");
        let run = sandbox.only_run();
        assert_eq!(sandbox.tree(&format!("{run}/attempts")).len(), 2, "one attempt");
        sandbox.run(["verify", "--all"]).exits(0);
    }
}

#[test]
fn different_reviews_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let samples: Vec<String> = (1..=6).map(|sample| sample.to_string()).collect();
    let children: Vec<Child> =
        samples.iter().map(|sample| start(&sandbox, &["run", "good.md", "--sample", sample])).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(sandbox.runs().len(), 6);
    assert_eq!(sandbox.tree("artifacts/.consensus/policies").len(), 1, "one policy version");
    sandbox.run(["verify", "--all"]).exits(0);
}

/// An unfinished run whose lock another process (this one) holds; none without strace.
fn held() -> Option<(Sandbox, Flock<File>)> {
    if !has("strace") {
        return None;
    }
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    crate::crash::killed_at(&sandbox, "fdatasync", 1);
    let dir = File::open(sandbox.at(&sandbox.only_run())).unwrap();
    let lock = Flock::lock(dir, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno).unwrap();
    Some((sandbox, lock))
}

#[test]
fn a_held_run_is_waited_for_with_a_message_or_refused_at_once() {
    let Some((sandbox, lock)) = held() else { return };
    let outcome = sandbox.run(["run", "good.md", "--no-wait", "--json"]).exits(5);
    assert_eq!(outcome.json()["error"]["code"], "busy");
    let mut child = start(&sandbox, &["run", "good.md"]);
    // It says so after a second, and goes on only when the lock is free.
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    told.read_line(&mut said).unwrap();
    assert!(said.contains("waiting for another process"), "{said}");
    assert!(child.try_wait().unwrap().is_none());
    drop(lock);
    assert!(child.wait().unwrap().success());
}

#[test]
fn waiting_can_be_interrupted() {
    use nix::sys::signal::{Signal, kill};
    let Some((sandbox, _lock)) = held() else { return };
    let child = start(&sandbox, &["run", "good.md"]);
    std::thread::sleep(Duration::from_millis(300));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn different_reviews_that_would_not_wait_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    let jobs: Vec<String> = (1..=12).map(|job| format!("job-{job}")).collect();
    for _ in 0..3 {
        let start = |job: &String| start(&sandbox, &["run", "--text", "An idea.", "--no-wait", "--job", job]);
        let children: Vec<Child> = jobs.iter().map(start).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let status = output.status.code();
            // Making the store itself is one thing that all of them need.
            assert!(status == Some(0) || status == Some(5), "{}", String::from_utf8_lossy(&output.stderr));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("tmp/"), "{said}");
        }
    }
    assert_eq!(sandbox.runs().len(), 12);
    sandbox.run(["verify", "--all"]).exits(0);
}
