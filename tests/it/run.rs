//! `run`, `show` and `list` as a user meets them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::support::{Sandbox, fixture, good};

#[test]
fn a_good_proposal_is_approved_and_a_careless_one_is_not() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("careless.md", fixture("careless.md"));
    let outcome = sandbox.run(["run", "good.md"]).exits(0);
    assert!(outcome.stdout.starts_with("APPROVE"), "{outcome}");
    assert_eq!(outcome.stderr, "");
    let outcome = sandbox.run(["run", "careless.md"]).exits(0);
    assert!(outcome.stdout.starts_with("REJECT"), "{outcome}");
}

#[test]
fn a_hazard_is_named_with_its_line_and_vetoes() {
    let sandbox = Sandbox::new();
    sandbox.write("hazards.md", fixture("hazards.md"));
    let json = sandbox.run(["run", "hazards.md", "--json"]).exits(0).json();
    let reviews = json["reviews"].as_array().unwrap();
    let guardian = reviews.iter().find(|review| review["persona_id"] == "security_guardian").unwrap();
    let issues = guardian["blocking_issues"].as_array().unwrap();
    assert!(issues.iter().any(|issue| issue["security_critical"] == true), "{issues:#?}");
    let document = fixture("hazards.md");
    let lines: Vec<&str> = document.lines().collect();
    for evidence in issues.iter().flat_map(|issue| issue["evidence"].as_array().unwrap()) {
        let line = usize::try_from(evidence["start_line"].as_u64().unwrap()).unwrap();
        let first = evidence["quote"].as_str().unwrap().lines().next().unwrap();
        assert!(lines[line - 1].contains(first), "{evidence}");
    }
    assert_eq!(json["decision"]["veto"]["persona_id"], "security_guardian");
}

#[test]
fn fail_on_makes_the_decision_an_exit_status() {
    let sandbox = Sandbox::new();
    sandbox.write("careless.md", fixture("careless.md"));
    sandbox.write("good.md", good());
    for (file, gate, status) in [
        ("careless.md", "revise", 1),
        ("careless.md", "reject", 1),
        ("good.md", "revise", 0),
        ("good.md", "reject", 0),
    ] {
        let outcome = sandbox.run(["run", file, "--fail-on", gate]);
        assert_eq!(outcome.status, Some(status), "{file} {gate}");
    }
}

#[test]
fn the_same_inputs_are_the_same_run_and_nothing_is_touched() {
    let sandbox = Sandbox::reviewed();
    let changed = |dir: &str| {
        let paths = sandbox.tree(dir).into_keys();
        paths
            .map(|path| {
                let meta = fs::metadata(sandbox.at(dir).join(&path)).unwrap();
                (path, meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec())
            })
            .collect::<Vec<_>>()
    };
    let before = changed("artifacts");
    let outcome = sandbox.run(["run", "good.md"]).exits(0);
    assert!(outcome.stdout.contains("reviewed before under default@1; nothing was done"), "{outcome}");
    assert_eq!(changed("artifacts"), before);
    assert_eq!(sandbox.run(["run", "good.md", "--json"]).json()["replayed"], true);
}

#[test]
fn every_input_makes_another_run() {
    let sandbox = Sandbox::reviewed();
    sandbox.write("notes.md", "Some context.\n");
    sandbox.write("good.txt", good());
    for (runs, args) in [
        (2, vec!["run", "good.md", "--sample", "2"]),
        (3, vec!["run", "good.md", "--job", "other"]),
        (4, vec!["run", "good.md", "--context", "notes.md"]),
        (5, vec!["run", "good.txt"]),
    ] {
        sandbox.run(args).exits(0);
        assert_eq!(sandbox.runs().len(), runs);
    }
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn an_idea_comes_from_standard_input_and_from_the_command_line_alike() {
    let sandbox = Sandbox::new();
    let piped = sandbox.run_with(["run", "-", "--json"], b"Let us do it.").exits(0).json();
    let typed = sandbox.run(["run", "--text", "Let us do it.", "--json"]).exits(0).json();
    assert_eq!(piped["run_id"], typed["run_id"]);
    assert_eq!(typed["replayed"], true);
    assert!(piped["job_id"].as_str().unwrap().starts_with("idea-"));
}

#[test]
fn the_job_comes_from_the_flag_then_front_matter_then_the_file_name() {
    let sandbox = Sandbox::new();
    sandbox.write("RFC 7 (draft).md", "---\njob: named\n---\n# A\n\nText.\n");
    sandbox.write("Plain Name.md", "# A\n\nText.\n");
    let job = |args: &[&str]| sandbox.run(args).exits(0).json()["job_id"].clone();
    assert_eq!(job(&["run", "RFC 7 (draft).md", "--json", "--job", "flag"]), "flag");
    assert_eq!(job(&["run", "RFC 7 (draft).md", "--json"]), "named");
    assert_eq!(job(&["run", "Plain Name.md", "--json"]), "plain-name");
}

#[test]
fn the_store_is_where_the_flag_the_environment_or_the_file_says() {
    let sandbox = Sandbox::new();
    sandbox.write("project/consensus.toml", "store = \"reviews\"\n");
    sandbox.write("project/deep/good.md", good());
    let path = |script: &str| sandbox.shell(script).exits(0).json()["path"].as_str().unwrap().to_owned();
    let from_file = path("cd project/deep && consensus run good.md --json");
    assert!(
        from_file.ends_with("project/reviews/good/".to_owned().as_str())
            || from_file.contains("project/reviews/good/")
    );
    assert!(
        path("cd project/deep && CONSENSUS_STORE=env consensus run good.md --json").starts_with("env/good/")
    );
    let flag = "cd project/deep && CONSENSUS_STORE=env consensus run good.md --json --store flag";
    assert!(path(flag).starts_with("flag/good/"));
}

#[test]
fn a_list_is_newest_first_and_limited() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    for (epoch, job) in [("1000", "first"), ("3000", "third"), ("2000", "second")] {
        let mut command = sandbox.command(["run", "good.md", "--job", job]);
        assert!(command.env("SOURCE_DATE_EPOCH", epoch).status().unwrap().success());
    }
    let jobs = |args: &[&str]| -> Vec<String> {
        let json = sandbox.run(args).exits(0).json();
        json["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["job_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(jobs(&["list", "--json"]), ["third", "second", "first"]);
    assert_eq!(jobs(&["list", "--json", "--limit", "1"]), ["third"]);
    assert_eq!(jobs(&["list", "--json", "--job", "first"]), ["first"]);
    let outcome = sandbox.run(["list", "--limit", "2"]).exits(0);
    assert!(outcome.stdout.ends_with("2 of 3 runs\n"), "{outcome}");
}

#[test]
fn a_manifest_that_cannot_be_read_is_listed_as_such_and_the_others_too() {
    let sandbox = Sandbox::reviewed();
    sandbox.run(["run", "good.md", "--sample", "2"]).exits(0);
    sandbox.write(&format!("{}/manifest.json", sandbox.runs()[0]), "{");
    let json = sandbox.run(["list", "--json"]).exits(6).json();
    assert_eq!(json["runs"].as_array().unwrap().len(), 1);
    assert_eq!(json["unreadable"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reader_that_goes_away_changes_nothing_but_what_is_printed() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.shell("consensus run good.md | true").exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
    let outcome = sandbox.shell("consensus show good@latest >/dev/full").exits(8);
    assert!(outcome.stderr.contains("cannot write to standard output"), "{outcome}");
}

#[test]
fn a_store_that_cannot_be_written_can_be_read() {
    let sandbox = Sandbox::reviewed();
    sandbox.shell("chmod -R a-w artifacts").exits(0);
    for args in [vec!["list"], vec!["show", "good@latest"], vec!["verify", "--all"], vec!["run", "good.md"]] {
        sandbox.run(args).exits(0);
    }
    sandbox.shell("chmod -R u+w artifacts").exits(0);
}

#[test]
fn older_manifests_are_shown_with_what_they_do_not_say_as_unknown() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "artifacts/old/abc123/manifest.json",
        r#"{"schema_version":"1.0.0","job_id":"old","run_id":"abc123","job_ref":"old","job_type":"x",
        "status":"succeeded","artifacts":{},"meta":{},"generation_metadata":{},"migration_history":[]}"#,
    );
    let json = sandbox.run(["show", "old@latest", "--json"]).exits(0).json();
    for member in ["schema_version", "prompt_set_version", "created_at", "inputs_hash"] {
        assert_eq!(json[member], "unknown", "{member}");
    }
    let outcome = sandbox.run(["verify", "old/abc123"]).exits(0);
    assert!(outcome.stdout.contains("not recorded"), "{outcome}");
    assert_eq!(sandbox.run(["list", "--json"]).exits(0).json()["total"], 1);
}

#[test]
fn hostile_text_reaches_no_terminal_raw() {
    let sandbox = Sandbox::new();
    let text = "# Evil \u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\n\nWe will do it TBD \u{1b}[2J.\n";
    sandbox.write("evil.md", text);
    for args in [
        vec!["run", "evil.md", "--color", "never"],
        vec!["show", "evil@latest", "--color", "never"],
        vec!["show", "evil@latest", "--json"],
    ] {
        let outcome = sandbox.run(args).exits(0);
        let raw = outcome.stdout.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(raw, None, "{outcome}");
    }
}
