//! The log: one JSON object a line on standard error, with the versions of the run, and no word of a document.

use serde_json::Value;

use crate::models::{QUICK, command, no_key, sandbox};
use crate::stub::{Reply, Seen, Stub, good as answers_well, says};
use crate::support::{Outcome, ROOT, Sandbox, good};

/// What stands in every document, answer and refusal here, and in no log.
const SECRET: &str = "heliotrope";

/// Each line of standard error; all of it must be JSON.
fn lines(outcome: &Outcome) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    outcome.stderr.lines().map(line).collect()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["lifecycle_event"].as_str()).collect()
}

#[test]
fn every_line_about_a_run_names_its_versions() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let outcome = sandbox.run(["run", "good.md", "--log-format", "json"]).exits(0);
    assert!(outcome.stdout.starts_with("APPROVE"), "{outcome}");
    let told = lines(&outcome);
    assert_eq!(events(&told)[..2], ["run_started", "version_audit"]);
    assert_eq!(events(&told).iter().filter(|event| **event == "step_completed").count(), 7);
    assert_eq!(events(&told).last(), Some(&"run_completed"));
    for line in &told {
        assert_eq!(line["timestamp"], "2026-01-02T03:04:05.000Z");
        assert_eq!((&line["level"], &line["job_id"]), (&"info".into(), &"good".into()));
        assert_eq!((&line["schema_version"], &line["prompt_set_version"]), (&"1.1.0".into(), &"none".into()));
        assert!(
            sandbox.only_run().ends_with(line["run_id"].as_str().unwrap()) && line["message"].is_string()
        );
    }
    let again = lines(&sandbox.run(["run", "good.md", "--log-format=json", "--json"]).exits(0));
    assert_eq!(events(&again), ["run_replayed"]);
    assert_eq!(again[0]["decision"], "approve");
}

#[test]
fn the_level_is_that_of_the_flag_then_of_the_variable() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let logged = |level: &str, args: &[&str]| {
        let mut command = sandbox.command([&["run", "good.md"], args].concat());
        Outcome::from(command.env("CONSENSUS_LOG", level)).exits(0).stderr
    };
    assert!(logged("debug", &[]).contains("DEBUG good/"), "people see it too, where they ask for it");
    assert_eq!(logged("debug", &["--log-level", "error"]), "");
    assert_eq!(logged("warn", &["--log-format", "json"]), "");
    assert_eq!(logged("info", &[]).lines().count(), 1);
    assert_eq!(sandbox.run(["run", "good.md"]).exits(0).stderr, "", "nobody asked");
    let mut wrong = sandbox.command(["list"]);
    let wrong = Outcome::from(wrong.env("CONSENSUS_LOG", "loud")).exits(2);
    assert!(
        wrong.stderr.contains("`CONSENSUS_LOG`: `loud` is none of error, warn, info and debug"),
        "{wrong}"
    );
    let shown = sandbox.run(["config", "show", "--log-level", "warn"]).exits(0).stdout;
    assert!(
        shown.lines().any(|line| line.starts_with("log_level") && line.ends_with("--log-level")),
        "{shown}"
    );
}

#[test]
fn an_error_is_a_line_with_its_code_and_status() {
    let sandbox = Sandbox::new();
    for (args, status, code) in [
        (&["show", "nope"][..], 4, "no_store"),
        (&["list", "--wrong"], 2, "usage"),
        (&["run", "nope.md"], 4, "not_found"),
    ] {
        let outcome = sandbox.run([args, &["--log-format", "json"]].concat());
        let status_seen = outcome.status;
        let told = lines(&outcome);
        assert_eq!((told.len(), status_seen), (1, Some(status)), "{outcome}");
        assert_eq!((&told[0]["level"], &told[0]["exit_status"]), (&"error".into(), &status.into()));
        assert_eq!(told[0]["code"], code);
        // With --json, the answer says it as always.
        let both = sandbox.run([args, &["--log-format", "json", "--json"]].concat());
        assert_eq!(both.json()["error"]["code"], told[0]["code"]);
    }
}

#[test]
fn mixed_versions_are_logged() {
    let sandbox = Sandbox::new();
    sandbox.shell(&format!("cp -r {ROOT}/artifacts.example artifacts")).exits(0);
    let outcome = sandbox.run(["audit", "--expect", "schema=1.0.0", "--log-format", "json"]).exits(0);
    let told = lines(&outcome);
    assert!(events(&told).iter().all(|event| *event == "schema_validation_error") && told.len() == 8);
    assert!(told.iter().all(|line| line["versions"].is_object() && line["schema_version"] != "1.0.0"));
}

#[test]
fn no_word_of_a_document_an_answer_or_a_server_is_in_the_log() {
    type Script = fn(&Seen) -> Reply;
    let hostile: [(&str, Script); 4] = [
        ("an answer that does not fit", |seen| says(seen, &format!("{{\"{SECRET}\": \"{SECRET}\"}}"))),
        ("a refusal", |_| Reply::error(400, &format!("I will not read of {SECRET}"))),
        ("a server that fails", |_| Reply::error(500, &format!("no {SECRET} today"))),
        ("an answer", answers_well),
    ];
    for (what, script) in hostile {
        let sandbox = sandbox(QUICK);
        sandbox.write("good.md", good() + &format!("\nThe {SECRET} is secret.\n"));
        let stub = Stub::new(move |seen, _| script(seen));
        let args =
            ["run", "good.md", "--provider", "chat", "--model", "m", "--log-format", "json", "--log-level"];
        let outcome = Outcome::from(&mut command(&sandbox, &stub, &[&args[..], &["debug"]].concat()));
        let told = lines(&outcome);
        assert!(!outcome.stderr.contains(SECRET), "{what}: {outcome}");
        assert!(told.len() > 2 && told.iter().all(|line| line["job_id"] == "good"), "{what}: {outcome}");
        no_key(&sandbox, &outcome);
    }
    let sandbox = Sandbox::new();
    sandbox.write("x.md", format!("---\njob: {SECRET}/..\n---\n# T\n"));
    let outcome = sandbox.run(["run", "x.md", "--log-format", "json"]).exits(2);
    assert!(!outcome.stderr.contains(SECRET) && lines(&outcome)[0]["hint"].is_string(), "{outcome}");
}
