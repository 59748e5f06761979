//! Bad input of every kind: a clear message, the right exit status, nothing half written.

use std::process::Command;

use crate::support::{Outcome, Sandbox, good};

/// Whatever was refused, the store has no run, no temporary and no empty folder of one.
fn nothing_is_left(sandbox: &Sandbox) {
    let left: Vec<String> = sandbox.tree("artifacts").into_keys().collect();
    let own = |path: &String| path.starts_with(".consensus/policies/") || path == ".consensus/store.json";
    assert!(left.iter().all(own), "{left:?}");
}

fn refused(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let outcome = sandbox.run(args);
    assert_ne!(outcome.status, Some(0), "{outcome}");
    assert_ne!(outcome.status, Some(70), "{outcome}");
    nothing_is_left(sandbox);
    outcome
}

#[test]
fn text_that_cannot_be_reviewed_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.write("latin1.md", b"caf\xe9");
    sandbox.write("empty.md", "");
    sandbox.write("blank.md", " \n\t\n");
    sandbox.write("long.md", "é".repeat(200_001));
    sandbox.write("huge.md", "x".repeat(900_000));
    sandbox.write("front.md", "---\njob: ../up\n---\nText.\n");
    std::fs::create_dir(sandbox.at("folder")).unwrap();
    nix::unistd::mkfifo(&sandbox.at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (file, status, said) in [
        ("latin1.md", 2, "not UTF-8 text: the byte at offset 3"),
        ("empty.md", 2, "nothing to review"),
        ("blank.md", 2, "nothing to review"),
        ("long.md", 2, "200001 characters; at most 200000"),
        ("huge.md", 2, "more than 800000 bytes"),
        ("front.md", 2, "line 2, front matter field `job`"),
        ("folder", 2, "is a directory"),
        ("fifo", 2, "is a FIFO or device"),
        ("/dev/null", 2, "is a FIFO or device"),
        ("missing.md", 4, "is not there"),
    ] {
        let outcome = refused(&sandbox, &["run", file]).exits(status);
        assert!(outcome.stderr.contains(said), "{file}\n{outcome}");
        assert!(outcome.stderr.contains("hint: "), "{file}\n{outcome}");
    }
}

#[test]
fn the_longest_idea_is_reviewed() {
    let sandbox = Sandbox::new();
    sandbox.write("long.md", "é ".repeat(100_000));
    sandbox.run(["run", "long.md"]).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn an_error_reads_well() {
    let sandbox = Sandbox::new();
    sandbox.write("latin1.md", b"caf\xe9");
    insta::assert_snapshot!(refused(&sandbox, &["run", "latin1.md"]), @r"
    status: 2
    ----- stdout
    ----- stderr
    error: `latin1.md`: not UTF-8 text: the byte at offset 3 (counted from 0) fits no character
    hint: it takes UTF-8 text: 1 to 200,000 characters, 50,000 for a context file
    -----
    ");
    insta::assert_snapshot!(refused(&sandbox, &["run", "latin1.md", "--json"]), @r#"
    status: 2
    ----- stdout
    {
      "error": {
        "code": "input",
        "hint": "it takes UTF-8 text: 1 to 200,000 characters, 50,000 for a context file",
        "message": "`latin1.md`: not UTF-8 text: the byte at offset 3 (counted from 0) fits no character"
      }
    }
    ----- stderr
    -----
    "#);
}

#[test]
fn hostile_names_are_refused_before_a_file_is_made() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("a b.md", "x");
    sandbox.write("one/notes.md", "x");
    sandbox.write("two/NOTES.md", "x");
    for job in ["../up", "a/b", ".hidden", "", "runs", "a\u{1b}[31m", "x".repeat(129).as_str()] {
        let outcome = refused(&sandbox, &["run", "good.md", "--job", job]).exits(2);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
    }
    for context in [vec!["a b.md"], vec!["one/notes.md", "two/NOTES.md"], vec![".."], vec!["missing"]] {
        let mut args = vec!["run", "good.md"];
        args.extend(context.iter().flat_map(|file| ["--context", file]));
        refused(&sandbox, &args);
    }
    sandbox.write("name.\u{1b}[2J", "Text.");
    let outcome = sandbox.run(["run", "name.\u{1b}[2J", "--job", "x"]).exits(0);
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome}");
    assert!(sandbox.tree("artifacts").keys().any(|path| path.ends_with("inputs/idea.txt")));
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    for args in [
        vec!["run"],
        vec!["run", "good.md", "--text", "x"],
        vec!["run", "good.md", "--sample", "0"],
        vec!["run", "good.md", "--sample", "-1"],
        vec!["run", "good.md", "--fail-on", "approve"],
        vec!["run", "good.md", "--no-such-flag"],
        vec!["verify"],
        vec!["verify", "--all", "x"],
        vec!["verify", "--all", "--head", "sha256:00"],
        vec!["no-such-command"],
        vec![],
    ] {
        let outcome = refused(&sandbox, &args).exits(2);
        assert!(
            outcome.stderr.contains("--help") || outcome.stderr.contains("Usage:"),
            "{args:?}\n{outcome}"
        );
        let json = [args.clone(), vec!["--json"]].concat();
        if !args.is_empty() {
            assert_eq!(refused(&sandbox, &json).exits(2).json()["error"]["code"], "usage", "{args:?}");
        }
    }
}

#[test]
fn configuration_that_does_not_fit_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("consensus.toml", "# comment\nstroe = \"x\"\n");
    let outcome = refused(&sandbox, &["run", "good.md"]).exits(2);
    assert!(
        outcome.stderr.contains("consensus.toml`: line 2") && outcome.stderr.contains("stroe"),
        "{outcome}"
    );
    sandbox.write("consensus.toml", "");
    let mut command = sandbox.command(["run", "good.md"]);
    let output = command.env("SOURCE_DATE_EPOCH", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("SOURCE_DATE_EPOCH"));
}

/// Puts something in the place of a run's manifest and looks at it with every command.
fn with_manifest(bytes: &[u8], said: &str) {
    let sandbox = Sandbox::reviewed();
    let manifest = format!("{}/manifest.json", sandbox.only_run());
    sandbox.write(&manifest, bytes);
    let before = sandbox.tree("artifacts");
    for (args, status) in [
        (vec!["show", "good@latest"], 6),
        (vec!["run", "good.md"], 6),
        (vec!["list"], 6),
        (vec!["verify", "good@latest"], 1),
        (vec!["verify", "--all"], 1),
    ] {
        let outcome = sandbox.run(&args).exits(status);
        let both = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(both.contains(said), "{args:?} {said}\n{outcome}");
    }
    assert!(sandbox.tree("artifacts") == before, "a damaged store was changed");
}

#[test]
fn a_manifest_that_is_no_manifest_is_named_and_left_alone() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    with_manifest(b"", "ends too early");
    with_manifest(b"\xff", "not UTF-8 at byte 0");
    with_manifest(nested.as_bytes(), "nested deeper than 128");
    with_manifest(br#"{"schema_version":"1.4.0","schema_version":"1.4.0"}"#, "the key stands twice");
    with_manifest(br#"{"schema_version":"9.0.0"}"#, "`9.0.0` is not a version this program knows");
    with_manifest(br#"{"schema_version":1}"#, "`schema_version`");
    with_manifest(br#"{"schema_version":"1.4.0"}"#, "job_id");
    with_manifest(&vec![b' '; 17 << 20], "at most 16777216 are read");
}

#[test]
fn a_link_or_fifo_in_the_place_of_a_file_is_not_followed() {
    let sandbox = Sandbox::reviewed();
    let run = sandbox.only_run();
    let id = run.rsplit('/').next().unwrap();
    sandbox.write("outside/manifest.json", "{}");
    for (script, status) in [
        (format!("ln -sf ../../../outside/manifest.json {run}/manifest.json"), 6),
        (format!("rm {run}/manifest.json && mkfifo {run}/manifest.json"), 6),
        (format!("rm {run}/manifest.json && mkdir {run}/manifest.json"), 6),
        (format!("rm -r artifacts/good/{id} && ln -s ../../outside artifacts/good/{id}"), 4),
        ("rm -r artifacts/good && ln -s ../outside artifacts/good".to_owned(), 6),
    ] {
        sandbox.shell(&script).exits(0);
        let outcome = sandbox.run(["show", "good@latest"]);
        assert!([Some(4), Some(6)].contains(&outcome.status), "{script} {status}\n{outcome}");
        let outcome = sandbox.run(["run", "good.md"]);
        assert_eq!(outcome.status, Some(6), "{script}\n{outcome}");
        let _ = sandbox.run(["verify", "--all"]);
    }
    assert_eq!(sandbox.read("outside/manifest.json"), "{}");
    assert_eq!(sandbox.tree("outside").len(), 1);
}

#[test]
fn a_newer_store_is_read_and_never_written() {
    let sandbox = Sandbox::reviewed();
    sandbox.write("artifacts/.consensus/store.json", "{\"format\": 2}");
    let outcome = sandbox.run(["run", "--text", "New."]).exits(6);
    assert!(outcome.stderr.contains("format 2"), "{outcome}");
    sandbox.run(["show", "good@latest"]).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
    for (content, said) in
        [("{", "store.json"), ("{}", "field `format`"), ("{\"format\":\"x\"}", "field `format`")]
    {
        sandbox.write("artifacts/.consensus/store.json", content);
        let outcome = sandbox.run(["run", "--text", "New."]).exits(6);
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
}

#[test]
fn a_store_in_an_impossible_place_is_the_systems_refusal() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("file", "x");
    for store in ["file", "file/below", "/proc/nowhere"] {
        let outcome = sandbox.run(["run", "good.md", "--store", store]);
        assert!([Some(6), Some(8), Some(4)].contains(&outcome.status), "{store}\n{outcome}");
        assert!(outcome.stderr.contains(store), "{store}\n{outcome}");
    }
}

#[test]
fn a_damaged_policy_stops_new_runs_and_is_named() {
    let sandbox = Sandbox::reviewed();
    let file = "artifacts/.consensus/policies/default/000001.json";
    let sound = sandbox.read(file);
    for (damaged, said) in [
        (sound.replace("\"weight\": 0.15", "\"weight\": 0.16"), "digest"),
        (sound.replace("\"number\": 1", "\"number\": 2"), "digest"),
        (String::new(), "ends too early"),
    ] {
        assert_ne!(damaged, sound);
        sandbox.write(file, damaged);
        let outcome = sandbox.run(["run", "--text", "New."]).exits(6);
        assert!(outcome.stderr.contains("000001.json") && outcome.stderr.contains(said), "{outcome}");
        sandbox.run(["verify", "--all"]).exits(1);
    }
}

#[test]
fn a_policy_name_in_a_log_cannot_lead_out_of_the_store() {
    let sandbox = Sandbox::reviewed();
    let log = format!("{}/attempts/0001/events.jsonl", sandbox.only_run());
    let text = sandbox.read(&log).replace("\"name\":\"default\"", "\"name\":\"../../../../etc\"");
    sandbox.write(&log, text);
    sandbox.run(["verify", "good@latest"]).exits(1);
}

#[test]
fn a_second_run_of_the_program_does_not_mind_a_missing_home() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let status = Command::new(crate::support::PROGRAM)
        .args(["run", "good.md"])
        .current_dir(sandbox.path())
        .env_clear()
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn nothing_that_lies_around_makes_it_hang() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.shell("mkfifo consensus.toml").exits(0);
    let outcome = sandbox.shell("cd . && timeout 5 consensus list").exits(2);
    assert!(outcome.stderr.contains("FIFO"), "{outcome}");
    sandbox.shell("rm consensus.toml && ln -s /dev/zero consensus.toml").exits(0);
    let _ = sandbox.shell("timeout 5 consensus list").exits(2);
    sandbox.shell("rm consensus.toml && truncate -s 3G consensus.toml").exits(0);
    let _ = sandbox.shell("timeout 5 consensus list").exits(2);
    sandbox.shell("rm consensus.toml && mkdir bin").exits(0);
    for (job, git) in
        [("a", "exec sleep 60"), ("b", "sleep 60 & echo user.name X"), ("c", "exec cat /dev/zero")]
    {
        sandbox.write("bin/git", format!("#!/bin/sh\n{git}\n"));
        let script =
            format!("chmod +x bin/git && PATH=$PWD/bin:$PATH timeout 10 consensus run good.md --job {job}");
        sandbox.shell(&script).exits(0);
    }
}

#[test]
fn hostile_arguments_reach_no_terminal_raw() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let evil = "\u{1b}[31m\u{1b}]0;pwn\u{7}X";
    for args in [
        vec![evil],
        vec!["run", "good.md", "--job", evil],
        vec!["run", "good.md", "--sample", evil],
        vec!["run", "good.md", "--fail-on", evil],
        vec!["verify", "--all", "--head", evil],
        vec!["show", evil],
        vec!["run", evil],
    ] {
        let outcome = refused(&sandbox, &args);
        assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stderr.contains('\u{7}'), "{outcome}");
    }
}

#[test]
fn without_threads_or_room_in_a_file_it_still_says_what_is_wrong() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    let outcome = sandbox.shell("ulimit -f 4; consensus run good.md").exits(8);
    assert!(outcome.stderr.contains("cannot write"), "{outcome}");
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
    if crate::support::has("strace") {
        for n in 1..=8 {
            let inject = format!("-e trace=clone3 -e inject=clone3:error=EAGAIN:when={n}");
            let script =
                format!("strace -f -qqq -o /dev/null {inject} consensus run good.md --sample {}", n + 1);
            sandbox.shell(&script).exits(0);
        }
    }
}
