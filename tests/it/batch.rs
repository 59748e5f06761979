//! Many documents on the same terms: what is printed, what is kept, and that it can be given again at any time.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::models::{QUICK, command, sandbox};
use crate::stub::{Reply, Stub, good as answers_well};
use crate::support::{Outcome, Sandbox, fixture, good, has};

/// A sandbox with so many documents, each another one.
fn with_documents(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    write_documents(&sandbox, count);
    sandbox
}

fn write_documents(sandbox: &Sandbox, count: usize) {
    for number in 0..count {
        sandbox.write(
            &format!("docs/rfc-{number}.md"),
            good().replacen("invoices", &format!("bills {number}"), 1),
        );
    }
}

/// The lines that were printed.
fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn all(lines: &[Value], member: &str) -> BTreeSet<String> {
    lines.iter().map(|line| line[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_document_is_a_run_to_the_byte_as_run_makes_it() {
    let sandbox = with_documents(3);
    sandbox.write("docs/deeper/hazards.markdown", fixture("hazards.md"));
    sandbox.write("docs/.hidden/no.md", good());
    sandbox.write("docs/data.json", "{}");
    let outcome = sandbox.run(["batch", "docs"]).exits(0);
    let printed = lines(&outcome);
    assert_eq!(
        all(&printed, "job_id"),
        BTreeSet::from(["rfc-0", "rfc-1", "rfc-2", "hazards"].map(str::to_owned))
    );
    assert!(printed.iter().all(|line| line["replayed"] == false), "{outcome}");
    assert!(outcome.stderr.starts_with("4 documents: 3 approve, 1 revise; "), "{outcome}");
    for document in ["docs/rfc-0.md", "docs/rfc-1.md", "docs/rfc-2.md", "docs/deeper/hazards.markdown"] {
        sandbox.run(["run", document, "--store", "alone"]).exits(0);
    }
    // The reviews of a run alone come in any order in its log.
    let without_logs = |store: &str| {
        let mut tree = sandbox.tree(store);
        tree.retain(|path, _| !path.ends_with("events.jsonl"));
        tree
    };
    assert_eq!(without_logs("artifacts"), without_logs("alone"));
    sandbox.run(["verify", "--all"]).exits(0);

    // Given again, nothing is done.
    let before = sandbox.tree("artifacts");
    let again = sandbox.run(["batch", "docs", "--json"]).exits(0).json();
    assert_eq!((&again["summary"]["replayed"], &again["summary"]["failed"]), (&json!(4), &json!(0)));
    assert_eq!(again["documents"].as_array().unwrap().len(), 4);
    assert_eq!(sandbox.tree("artifacts"), before);
    sandbox.run(["batch", "docs", "--fail-on", "revise"]).exits(1);
    sandbox.run(["batch", "docs", "--fail-on", "reject"]).exits(0);
}

#[test]
fn lines_of_a_file_name_documents_and_what_is_wrong_with_one_is_said_of_it_alone() {
    let sandbox = with_documents(1);
    sandbox.write("context.txt", "More.");
    sandbox.write("binary.md", b"\xff\xfe");
    sandbox.write(
        "list.jsonl",
        "{\"file\": \"docs/rfc-0.md\", \"job\": \"chosen\", \"context\": [\"context.txt\"]}\n\n\
         {\"text\": \"Move to Postgres.\"}\n{\"file\": \"none.md\"}\n{\"file\": \"binary.md\"}\n\
         {\"file\": \"a\", \"text\": \"b\"}\nnonsense\n{\"text\": \"x\", \"job\": \"../x\"}\n",
    );
    let outcome = sandbox.run(["batch", "--from", "list.jsonl"]).exits(4);
    let printed = lines(&outcome);
    let of = |document: &str| printed.iter().find(|line| line["document"] == document).unwrap();
    assert_eq!(of("docs/rfc-0.md")["job_id"], "chosen");
    let path = of("docs/rfc-0.md")["path"].as_str().unwrap();
    assert_eq!(sandbox.read(&format!("{path}/inputs/context/context.txt")), "More.");
    assert_eq!(of("list.jsonl, line 3")["decision"], "revise");
    for (document, code, says) in [
        ("none.md", "not_found", "`none.md` is not there"),
        ("binary.md", "input", "UTF-8"),
        ("list.jsonl, line 6", "bad_line", "`file` or `text`"),
        ("list.jsonl, line 7", "bad_line", "list.jsonl, line 7: "),
        ("list.jsonl, line 8", "bad_line", "field `job`"),
    ] {
        let error = &of(document)["error"];
        assert_eq!(error["code"], code, "{outcome}");
        assert!(error["message"].as_str().unwrap().contains(says), "{outcome}");
    }
    assert!(outcome.stderr.contains("7 documents: 1 approve, 1 revise, 5 failed"), "{outcome}");
    let json = sandbox.run(["batch", "--from", "list.jsonl", "--json"]).exits(4).json();
    assert_eq!((&json["error"]["code"], &json["summary"]["failed"]), (&json!("some_failed"), &json!(5)));
    for args in
        [&["batch"][..], &["batch", "docs", "--from", "list.jsonl"], &["batch", "docs", "--shard", "3/2"]]
    {
        sandbox.run(args).exits(2);
    }
    sandbox.run(["batch", "--from", "no.jsonl"]).exits(4);
    sandbox.run(["batch", "docs", "--provider", "file", "--answers", "docs"]).exits(2);
    sandbox.run(["batch", "docs", "--provider", "openai", "--model", "m"]).exits(7);
}

#[test]
fn shards_do_all_of_it_and_none_does_it_twice() {
    let sandbox = with_documents(12);
    let mut seen = BTreeSet::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let printed = lines(&sandbox.run(["batch", "docs", "--shard", shard]).exits(0));
        for document in all(&printed, "document") {
            assert!(seen.insert(document), "{shard}");
        }
    }
    assert_eq!(seen.len(), 12);
    // Wherever the documents lie, they belong to the same part.
    let whole = format!("{}/docs", sandbox.path().display());
    let names = |args: &[&str]| -> BTreeSet<String> {
        let printed = lines(&sandbox.run(args).exits(0));
        all(&printed, "job_id")
    };
    assert_eq!(names(&["batch", &whole, "--shard", "1/3"]), names(&["batch", "./docs", "--shard", "1/3"]));
}

#[test]
fn what_is_no_document_is_said_and_not_passed_over() {
    let sandbox = with_documents(1);
    sandbox.shell("mkdir empty links && ln -s ../docs/rfc-0.md links/a.md && ln -s nowhere links/b.md && mkfifo links/c.md").exits(0);
    let outcome = sandbox.run(["batch", "links"]).exits(4);
    let printed = lines(&outcome);
    let code = |document: &str| {
        printed.iter().find(|line| line["document"] == document).unwrap()["error"]["code"].clone()
    };
    assert_eq!(
        (code("links/a.md"), code("links/b.md"), code("links/c.md")),
        (Value::Null, json!("not_found"), json!("input"))
    );
    for nothing in ["empty", "-"] {
        let outcome = sandbox.run(["batch", nothing]).exits(2);
        assert_eq!(lines(&outcome)[0]["error"]["code"], "no_document", "{outcome}");
    }
    // A line that is too long is one line, and a byte order mark is no part of one.
    sandbox.write(
        "long.jsonl",
        format!("\u{feff}{{\"text\": \"a\"}}\r\n{}\n{{\"text\": \"b\"}}", "x".repeat(5_000_000)),
    );
    let outcome = sandbox.run(["batch", "--from", "long.jsonl"]).exits(2);
    assert!(outcome.stderr.contains("3 documents: 2 revise, 1 failed"), "{outcome}");
    let estimate = sandbox.run(["batch", "links", "--estimate", "--json"]).exits(4).json();
    assert_eq!((&estimate["documents"], &estimate["failed"]), (&json!(1), &json!(2)));
}

/// Whoever names documents one after the other is answered before the last.
#[test]
fn a_line_that_waits_for_others_is_printed_in_time() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.shell(
        "(echo '{\"text\": \"One thing.\"}'; \
          for i in $(seq 600); do [ -s out ] && break; sleep 0.1; done; wc -l < out >&2) \
         | consensus batch --from - > out",
    );
    assert!(outcome.exits(0).stderr.starts_with("1\n"));
}

#[test]
fn a_store_that_cannot_be_written_still_answers() {
    let sandbox = with_documents(2);
    sandbox.run(["batch", "docs"]).exits(0);
    let before = sandbox.tree("artifacts");
    if has("strace") {
        let outcome = sandbox.shell(
            "strace -f -qqq -o /dev/null -e trace=mkdirat -e inject=mkdirat:error=EROFS consensus batch docs",
        );
        assert_eq!(lines(&outcome.exits(0)).len(), 2);
    }
    assert_eq!(sandbox.tree("artifacts"), before);
}

#[test]
fn a_batch_that_is_killed_leaves_whole_runs_and_goes_on() {
    let sandbox = with_documents(60);
    for _ in 0..4 {
        let mut child = sandbox.command(["batch", "docs", "--jobs", "2"]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(700));
        let _ = child.kill();
        child.wait().unwrap();
        if sandbox.at("artifacts/.consensus/store.json").exists() {
            let verified = sandbox.run(["verify", "--all"]).exits(0);
            assert!(!verified.stdout.contains("skipped, "), "{verified}");
            let unfinished = sandbox.run(["list", "--status", "running", "--json"]).exits(0).json();
            assert_eq!(unfinished["total"], 0);
        }
    }
    let outcome = sandbox.run(["batch", "docs"]).exits(0);
    assert_eq!(lines(&outcome).len(), 60);
    assert_eq!(sandbox.run(["list", "--json"]).exits(0).json()["total"], 60);
    sandbox.run(["verify", "--all"]).exits(0);
    let left = std::fs::read_dir(sandbox.at("artifacts/.consensus/tmp")).unwrap().count();
    assert_eq!(left, 0, "nothing is left aside");
}

#[test]
fn two_batches_at_once_make_each_run_once() {
    let sandbox = with_documents(40);
    let start = || {
        let mut child = sandbox.command(["batch", "docs"]);
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    for output in &outputs {
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 40);
    }
    assert_eq!(sandbox.run(["list", "--json"]).exits(0).json()["total"], 40);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn models_are_asked_by_several_documents_at_once_at_a_pace_and_never_twice() {
    let sandbox = sandbox(QUICK);
    write_documents(&sandbox, 6);
    let stub = Stub::new(|seen, _| answers_well(seen).after(Duration::from_millis(100)));
    let batch = |more: &[&str]| {
        let all = [&["batch", "docs", "--provider", "chat", "--model", "m"], more].concat();
        Outcome::from(&mut command(&sandbox, &stub, &all))
    };
    let outcome = batch(&["--jobs", "6"]).exits(0);
    assert_eq!(stub.seen().len(), 36);
    assert!(outcome.stderr.contains("36 requests, 36000 tokens"), "{outcome}");
    assert!(lines(&outcome).iter().all(|line| line["calls"] == 6 && line["tokens"] == 6000), "{outcome}");
    batch(&[]).exits(0);
    assert_eq!(stub.seen().len(), 36, "what is there is not asked for again");
    sandbox.run(["verify", "--all"]).exits(0);
    // Six requests for each of two documents, half a second apart.
    sandbox.write("two.jsonl", "{\"text\": \"One thing.\"}\n{\"text\": \"Another thing.\"}\n");
    let args = [
        "batch",
        "--from",
        "two.jsonl",
        "--provider",
        "chat",
        "--model",
        "m",
        "--requests-per-minute",
        "120",
    ];
    Outcome::from(&mut command(&sandbox, &stub, &args)).exits(0);
    let at: Vec<Instant> = stub.seen()[36..].iter().map(|seen| seen.at).collect();
    assert_eq!(at.len(), 12);
    assert!(*at.last().unwrap() - at[0] >= Duration::from_millis(11 * 480), "{at:?}");
}

#[test]
fn no_more_requests_are_under_way_than_so_many_documents_make() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for (jobs, parallel, documents, allowed) in [("1", "1", 2, 1), ("4", "1", 12, 4), ("2", "3", 8, 6)] {
        let sandbox = sandbox(QUICK);
        write_documents(&sandbox, documents);
        most.store(0, Ordering::SeqCst);
        let (now, highest) = (Arc::clone(&now), Arc::clone(&most));
        let stub = Stub::new(move |seen, _| {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(100));
            now.fetch_sub(1, Ordering::SeqCst);
            answers_well(seen)
        });
        let args =
            ["batch", "docs", "--provider", "chat", "--model", "m", "--jobs", jobs, "--parallel", parallel];
        Outcome::from(&mut command(&sandbox, &stub, &args)).exits(0);
        assert_eq!(most.load(Ordering::SeqCst), allowed, "--jobs {jobs} --parallel {parallel}");
    }
}

#[test]
fn of_two_batches_by_models_at_once_each_counts_its_own_requests() {
    let sandbox = sandbox(QUICK);
    write_documents(&sandbox, 12);
    let stub = Stub::new(|seen, _| answers_well(seen).after(Duration::from_millis(40)));
    let args = ["batch", "docs", "--provider", "chat", "--model", "m", "--jobs", "4", "--json"];
    let both = [(); 2].map(|()| command(&sandbox, &stub, &args).stdout(Stdio::piped()).spawn().unwrap());
    let counted = both.map(|child| {
        let output = child.wait_with_output().unwrap();
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        for line in printed["documents"].as_array().unwrap() {
            assert!(line["replayed"] == false || line["calls"].is_null(), "{line}");
        }
        printed["summary"]["calls"].as_u64().unwrap()
    });
    assert_eq!((counted.iter().sum(), stub.seen().len()), (72, 72), "{counted:?}");
}

#[test]
fn what_was_not_sent_is_not_counted() {
    let sandbox = sandbox(QUICK);
    write_documents(&sandbox, 2);
    let args = [
        "batch",
        "docs",
        "--provider",
        "chat",
        "--model",
        "m",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--json",
    ];
    let summary = sandbox.run(args).exits(7).json()["summary"].clone();
    assert_eq!(
        (&summary["failed"], &summary["calls"], &summary["tokens"]),
        (&json!(2), &json!(0), &json!(0))
    );
}

#[test]
fn a_batch_by_models_that_is_stopped_goes_on_where_it_was() {
    for jobs in ["2", "4"] {
        stopped_and_given_again(jobs);
    }
}

fn stopped_and_given_again(jobs: &str) {
    let sandbox = sandbox(QUICK);
    write_documents(&sandbox, 4);
    let stub = Stub::new(|seen, _| answers_well(seen).after(Duration::from_millis(150)));
    let args = ["batch", "docs", "--provider", "chat", "--model", "m", "--jobs", jobs, "--parallel", "1"];
    let mut child = command(&sandbox, &stub, &args);
    let child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while stub.seen().len() < 9 {
        thread::sleep(Duration::from_millis(10));
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{stopped:?}");
    let told = String::from_utf8_lossy(&stopped.stderr);
    assert!(told.contains("run it again") && told.contains("unfinished"), "{told}");
    assert!(!told.contains("failed"), "nothing did: {told}");
    Outcome::from(&mut command(&sandbox, &stub, &args)).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
    let asked = stub.seen().len();
    // Those that nobody waited for may have been asked again.
    assert!((24..=34).contains(&asked), "--jobs {jobs}: {asked}");
}

#[test]
fn what_fails_for_one_document_fails_for_it_alone() {
    let sandbox = sandbox(QUICK);
    write_documents(&sandbox, 3);
    let stub =
        Stub::new(
            |seen, _| {
                if seen.text.contains("bills 1") { Reply::error(400, "no") } else { answers_well(seen) }
            },
        );
    let args = ["batch", "docs", "--provider", "chat", "--model", "m"];
    let outcome = Outcome::from(&mut command(&sandbox, &stub, &args)).exits(7);
    let printed = lines(&outcome);
    let failed: Vec<&Value> = printed.iter().filter(|line| line["error"].is_object()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["document"], &failed[0]["error"]["code"]),
        (&json!("docs/rfc-1.md"), &json!("bad_request"))
    );
    assert!(outcome.stderr.contains("3 documents: 2 approve, 1 failed; 13 requests"), "{outcome}");
}
