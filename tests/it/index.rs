//! The index: the same answers with it, without it and after deleting it, whatever happens meanwhile.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, fixture, has};

const INDEX: &str = "artifacts/.consensus/cache/index.sqlite";
const TABLES: [&str; 9] = [
    "runs",
    "proposal_versions",
    "persona_reviews",
    "decisions",
    "step_progress",
    "findings",
    "migrations",
    "policies",
    "policy_versions",
];

/// Three runs: approved, to be revised, rejected.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["good", "hazards", "careless"] {
        sandbox.write(&format!("{name}.md"), fixture(&format!("{name}.md")));
        sandbox.run(["run", &format!("{name}.md")]).exits(0);
    }
    sandbox
}

fn query(sandbox: &Sandbox, question: &str, args: &[&str]) -> Outcome {
    sandbox.run([&["query", question], args].concat())
}

/// The rows of an answer.
fn rows(sandbox: &Sandbox, question: &str, args: &[&str]) -> Value {
    query(sandbox, question, &[args, &["--json"]].concat()).exits(0).json()["rows"].clone()
}

/// Everything that the index says.
fn all(sandbox: &Sandbox) -> Vec<String> {
    let export = |table: &&str| {
        let mut lines: Vec<String> =
            sandbox.run(["export", table]).exits(0).stdout.lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    };
    TABLES.iter().map(export).collect()
}

/// The questions that analysts asked an earlier database.
const QUESTIONS: [(&str, &str); 6] = [
    (
        "SELECT job_id, decision_label FROM runs WHERE decision_label = 'approve' ORDER BY created_at DESC, id",
        "good|approve\n",
    ),
    (
        "SELECT schema_version, prompt_set_version, COUNT(*), AVG(overall_weighted_confidence), \
         SUM(CASE WHEN decision_label = 'approve' THEN 1 ELSE 0 END) FROM runs GROUP BY schema_version, prompt_set_version",
        "1.1.0|none|3|0.692|1\n",
    ),
    (
        "SELECT r.job_id, v.version, v.created_by FROM runs r JOIN policy_versions v ON v.project_id = r.project_id \
         AND v.version = r.policy_version ORDER BY r.job_id",
        "careless|1|system\ngood|1|system\nhazards|1|system\n",
    ),
    (
        "WITH RECURSIVE walk(decision_id, version_id, from_id) AS (SELECT decision_id, version_id, carried_from_decision_id \
         FROM sample_decisions WHERE decision_id = 'x' UNION ALL SELECT d.decision_id, d.version_id, d.carried_from_decision_id \
         FROM sample_decisions d JOIN walk w ON d.decision_id = w.from_id) SELECT * FROM walk",
        "",
    ),
    (
        "SELECT d.sample_id FROM sample_decisions d JOIN sample_selection_versions v ON v.version_id = d.version_id \
         WHERE v.report_id = 'good' AND v.version_status = 'approved' AND d.decision_status = 'approved'",
        "",
    ),
    (
        "SELECT version, created_at, change_notes FROM policy_versions ORDER BY version",
        "1|2026-01-02T03:04:05.000Z|initial policy\n",
    ),
];

#[test]
fn analysts_questions_run_unchanged_and_as_sqlite3_answers_them() {
    let sandbox = sandbox();
    sandbox.run(["index"]).exits(0);
    for (question, expected) in QUESTIONS {
        let answer = rows(&sandbox, question, &[]);
        let cell = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        let lines = answer
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(cell).collect::<Vec<_>>().join("|") + "\n");
        assert_eq!(lines.collect::<String>(), expected, "{question}");
        if has("sqlite3") {
            let outcome = sandbox.shell(&format!("sqlite3 -readonly {INDEX} \"{question}\"")).exits(0);
            assert_eq!(outcome.stdout, expected, "{question}");
        }
    }
}

#[test]
fn answers_come_in_three_forms() {
    let sandbox = sandbox();
    let question = "SELECT job_id AS job, overall_weighted_confidence AS c FROM runs WHERE decision_label <> :no ORDER BY c";
    let outcome = query(&sandbox, question, &["--param", "no=reject"]).exits(0);
    assert_eq!(outcome.stdout, "job      c\nhazards  0.725\ngood     0.902\n");
    let outcome = query(&sandbox, question, &["--param", "no=reject", "--format", "csv"]).exits(0);
    assert_eq!(outcome.stdout, "job,c\nhazards,0.725\ngood,0.902\n");
    assert_eq!(
        rows(&sandbox, question, &["--param", "no=reject"]),
        json!([["hazards", 0.725], ["good", 0.902]])
    );
    let counted = rows(&sandbox, "SELECT count(*) FROM findings LIMIT :n", &["--param", "n=1"]);
    assert!(counted[0][0].as_u64().unwrap() > 10);
    let piped = sandbox.run_with(["query", "-", "--format", "csv"], b"SELECT 1 AS one");
    assert_eq!(piped.exits(0).stdout, "one\n1\n");
    let lines = sandbox.run(["export", "decisions"]).exits(0).stdout;
    let is_a_run = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["run_id"].is_string();
    assert_eq!(lines.lines().filter(is_a_run).count(), 3);
    assert!(
        sandbox.run(["export", "runs", "--format", "csv"]).exits(0).stdout.starts_with("id,job_id,user_id,")
    );
    sandbox.run(["export", "seen"]).exits(2);
}

#[test]
fn only_what_changed_is_read_again() {
    let sandbox = sandbox();
    let read = |expected: &str| {
        let outcome = sandbox.run(["index"]).exits(0);
        assert_eq!(outcome.stdout, expected);
    };
    read("3 runs, 3 of them read, 0 taken out\n");
    read("3 runs, 0 of them read, 0 taken out\n");
    sandbox.write("more.md", fixture("good.md"));
    sandbox.run(["run", "more.md"]).exits(0);
    fs::remove_dir_all(sandbox.at("artifacts/careless")).unwrap();
    read("3 runs, 1 of them read, 1 taken out\n");
}

#[test]
fn deleted_damaged_newer_or_foreign_it_mends_itself() {
    let sandbox = sandbox();
    let expected = all(&sandbox);
    fs::remove_dir_all(sandbox.at("artifacts/.consensus/cache")).unwrap();
    assert_eq!(all(&sandbox), expected);
    for damage in [b"not a database at all, just some text".to_vec(), Vec::new(), vec![0; 8192]] {
        sandbox.write(INDEX, &damage);
        assert_eq!(all(&sandbox), expected);
    }
    let whole = fs::read(sandbox.at(INDEX)).unwrap();
    for at in [30, 4000, whole.len() / 2, whole.len() - 5000] {
        let mut damaged = whole.clone();
        for byte in &mut damaged[at..at + 400] {
            *byte ^= 0x5a;
        }
        sandbox.write(INDEX, damaged);
        // A flipped page that SQLite does not read is not noticed, and not asked for.
        let outcome = sandbox.run(["index"]);
        assert!(matches!(outcome.status, Some(0 | 8)), "{at}: {outcome}");
        fs::remove_file(sandbox.at(INDEX)).unwrap();
    }
    assert_eq!(all(&sandbox), expected);
    if has("sqlite3") {
        sandbox.shell(&format!("sqlite3 {INDEX} 'PRAGMA user_version = 99'")).exits(0);
        assert_eq!(all(&sandbox), expected);
        sandbox.shell(&format!("rm {INDEX}; sqlite3 {INDEX} 'CREATE TABLE mine (x)'")).exits(0);
        assert_eq!(all(&sandbox), expected);
    }
    // Where it cannot be kept one is made for the question alone.
    fs::remove_dir_all(sandbox.at("artifacts/.consensus/cache")).unwrap();
    sandbox.write("artifacts/.consensus/cache", "in the way");
    assert_eq!(all(&sandbox), expected);
    let outcome = query(&sandbox, "SELECT 1", &[]).exits(0);
    assert!(outcome.stderr.contains("made for this question alone"), "{outcome}");
}

#[test]
fn nothing_can_be_written_attached_loaded_or_run_for_ever() {
    let sandbox = sandbox();
    let before = sandbox.tree("artifacts");
    sandbox.run(["index"]).exits(0);
    let with_index = sandbox.tree("artifacts");
    for question in [
        "DELETE FROM runs",
        "INSERT INTO runs (id) VALUES ('x')",
        "UPDATE runs SET status = 'x' RETURNING id",
        "DROP TABLE runs",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "ATTACH DATABASE '/tmp/x' AS x",
        "VACUUM INTO 'copy.sqlite'",
        "PRAGMA query_only = 0",
        "PRAGMA journal_mode = WAL",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT 1; DELETE FROM runs",
        "BEGIN IMMEDIATE",
        "REINDEX",
        "ANALYZE",
        "",
        "/* nothing */",
        "SELECT :missing",
        "SELECT nothere FROM runs",
    ] {
        let json = query(&sandbox, question, &["--json"]).exits(2).json();
        assert_eq!(json["error"]["code"], "bad_query", "{question}: {json}");
    }
    query(&sandbox, "SELECT 1", &["--param", "nothere=1"]).exits(2);
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    let json = query(&sandbox, endless, &["--timeout", "1", "--json"]).exits(7).json();
    assert_eq!(json["error"]["code"], "timeout");
    // One that fails midway is still one object.
    let midway = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x, abs(-9223372036854775807 - (x > 500)) FROM c";
    let json = query(&sandbox, midway, &["--json"]).exits(2).json();
    assert_eq!((json["rows"].as_array().unwrap().len(), &json["error"]["code"]), (500, &json!("bad_query")));
    query(&sandbox, "SELECT length(zeroblob(2000000000))", &["--json"]).exits(2);
    assert!(sandbox.tree("artifacts") == with_index);
    assert!(!sandbox.at("copy.sqlite").exists() && !sandbox.at("x").exists());
    let without: Vec<_> = with_index.into_iter().filter(|(path, _)| !path.contains("/cache/")).collect();
    assert!(without == before.into_iter().collect::<Vec<_>>());
}

#[test]
fn an_answer_of_many_rows_streams() {
    let sandbox = sandbox();
    let many = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 300000) SELECT x, 'some text' FROM c";
    let outcome = sandbox.shell(&format!("consensus query \"{many}\" --format csv | wc -l")).exits(0);
    assert_eq!(outcome.stdout.trim(), "300001");
    let outcome =
        sandbox.shell(&format!("consensus query \"{many}\" | head -2; echo ${{PIPESTATUS:-}}")).exits(0);
    assert!(outcome.stderr.is_empty(), "{outcome}");
}

#[test]
fn killed_while_it_is_filled_and_filled_by_two_it_is_right() {
    let sandbox = sandbox();
    let expected = all(&sandbox);
    for round in 0..12 {
        let _ = fs::remove_dir_all(sandbox.at("artifacts/.consensus/cache"));
        let mut child = sandbox.command(["index"]).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(round));
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(rows(&sandbox, "SELECT count(*) FROM runs", &[]), json!([[3]]), "round {round}");
    }
    assert_eq!(all(&sandbox), expected);
    fs::remove_dir_all(sandbox.at("artifacts/.consensus/cache")).unwrap();
    let start = || sandbox.command(["query", "SELECT count(*) FROM runs", "--json"]).spawn().unwrap();
    for child in [start(), start(), start()] {
        let output = child.wait_with_output().unwrap();
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} {output:?}"));
        assert_eq!(answer["rows"], json!([[3]]));
    }
    assert_eq!(all(&sandbox), expected);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_answered() {
    let sandbox = sandbox();
    let manifest =
        sandbox.runs().into_iter().find(|run| run.contains("careless")).unwrap() + "/manifest.json";
    let whole = sandbox.read(&manifest);
    sandbox.write(&manifest, "{");
    let outcome = query(&sandbox, "SELECT count(*) AS n FROM runs", &[]).exits(6);
    assert_eq!(outcome.stdout, "n\n2\n");
    assert!(sandbox.run(["index"]).exits(6).stdout.contains("careless"));
    sandbox.write(&manifest, whole);
    assert_eq!(query(&sandbox, "SELECT count(*) AS n FROM runs", &[]).exits(0).stdout, "n\n3\n");
}

/// What happens to a store between two questions.
#[derive(Debug, Clone, Copy)]
enum Change {
    Run(u8),
    Remove,
    Policy(u8),
    Migrate,
    DeleteIndex,
}

/// Whatever happened since it was filled, the index says what one says that is made anew.
#[test]
fn brought_up_to_date_it_says_what_one_made_anew_says() {
    let change = prop_oneof![
        (0..6u8).prop_map(Change::Run),
        Just(Change::Remove),
        (1..9u8).prop_map(Change::Policy),
        Just(Change::Migrate),
        Just(Change::DeleteIndex),
    ];
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let changes = prop::collection::vec(change, 1..7);
    let law = |changes: Vec<Change>| {
        let sandbox = Sandbox::new();
        sandbox.shell(&format!("cp -r {}/artifacts.example artifacts", crate::support::ROOT)).exits(0);
        for change in &changes {
            match change {
                Change::Run(number) => {
                    sandbox.write("idea.md", format!("# Idea\n\nNumber {number}.\n"));
                    sandbox.run(["run", "idea.md"]).exits(0);
                }
                Change::Remove => {
                    let runs = sandbox.runs();
                    fs::remove_dir_all(sandbox.at(&runs[runs.len() / 2])).unwrap();
                }
                Change::Policy(number) => {
                    sandbox.write("p.toml", format!("[limits]\nmax_attempts = {number}\n"));
                    sandbox.run(["policy", "apply", "-f", "p.toml"]).exits(0);
                }
                Change::Migrate => drop(sandbox.run(["migrate"])),
                Change::DeleteIndex => drop(fs::remove_file(sandbox.at(INDEX))),
            }
            sandbox.run(["index"]);
        }
        let kept = all(&sandbox);
        let _ = fs::remove_file(sandbox.at(INDEX));
        prop_assert!(kept == all(&sandbox), "{changes:?}");
        Ok(())
    };
    runner.run(&changes, law).unwrap();
}

#[test]
fn stats_tell_what_was_in_use_and_what_came_of_it() {
    let sandbox = sandbox();
    let outcome = sandbox.run(["stats"]).exits(0);
    insta::assert_snapshot!(outcome.stdout, @"
    dimension           value              runs  decided  approved  mean_confidence
    schema_version      1.1.0              3     3        1         0.692
    prompt_set_version  none               3     3        1         0.692
    policy_version      default@1          3     3        1         0.692
    model               rules-3            3     3        1         0.692
    persona             architect          3     3        1         0.7
    persona             critic             3     3        1         0.6133
    persona             optimist           3     3        1         0.82
    persona             security_guardian  3     3        1         0.5633
    persona             user_advocate      3     3        1         0.8533
    ");
    assert_eq!(sandbox.run(["stats", "--json"]).exits(0).json()["columns"][0], "dimension");
    let empty = Sandbox::new();
    empty.run(["stats"]).exits(4);
    empty.run(["query", "SELECT 1"]).exits(4);
}

#[test]
fn a_question_ends_with_its_time_whatever_it_does() {
    let sandbox = sandbox();
    // One call of a function that takes minutes and looks at no time.
    let slow = "SELECT instr(hex(zeroblob(9000000)), hex(zeroblob(4500000)) || '1')";
    let outcome = query(&sandbox, slow, &["--timeout", "1"]).exits(7);
    assert!(outcome.stderr.contains("took longer than it may"), "{outcome}");
}

#[test]
fn an_index_that_is_not_as_it_should_be_is_made_anew_or_for_the_question_alone() {
    let sandbox = sandbox();
    let count = |sandbox: &Sandbox| rows(sandbox, "SELECT count(*) FROM runs", &[]);
    let truth = count(&sandbox);
    if has("sqlite3") {
        for damage in ["delete from seen", "update seen set problem = 'x'", "drop table listed"] {
            sandbox.shell(&format!("sqlite3 {INDEX} \"{damage}\"")).exits(0);
            assert_eq!(count(&sandbox), truth, "{damage}");
            assert_eq!(sandbox.run(["list", "--json"]).exits(0).json()["total"], 3, "{damage}");
        }
    }
    for instead in ["mkfifo", "ln -s ../../../elsewhere", "ln -s /dev/null", "mkdir"] {
        sandbox.shell(&format!("rm -rf {INDEX}; {instead} {INDEX}")).exits(0);
        let outcome = sandbox.shell("timeout 20 consensus list").exits(0);
        assert_eq!(outcome.stdout.lines().count(), 4, "{instead}: {outcome}");
        assert_eq!(count(&sandbox), truth, "{instead}");
        assert!(!sandbox.at("elsewhere").exists(), "nothing is written through a link");
    }
    sandbox
        .shell(&format!(
            "rm -rf {INDEX} artifacts/.consensus/cache; mkdir out; ln -s ../../out artifacts/.consensus/cache"
        ))
        .exits(0);
    assert_eq!(count(&sandbox), truth);
    assert_eq!(fs::read_dir(sandbox.at("out")).unwrap().count(), 0, "nothing is written through a link");
}

#[test]
fn what_cannot_be_answered_says_what_is_wrong() {
    let sandbox = sandbox();
    let refused = |question: &str, args: &[&str]| query(&sandbox, question, args).exits(2).stderr;
    let twice = refused("SELECT :a", &["--param", "a=1", "--param", "a=2"]);
    assert!(twice.contains("`:a` is given twice") && twice.contains("--param NAME=VALUE"), "{twice}");
    let nul = sandbox.shell("printf 'select 1\\0 x' | consensus query -").exits(2);
    assert!(nul.stderr.contains("NUL"), "{nul}");
    let bytes = sandbox.shell("printf 'select \"\\377\"' | consensus query -").exits(2);
    assert!(bytes.stderr.contains("not UTF-8 at byte 8"), "{bytes}");
    let full = sandbox.shell("consensus export runs > /dev/full").exits(8);
    assert!(full.stderr.contains("cannot write to standard output"), "{full}");
    // SQLite repeats what it was given: that is nothing for a log.
    let logged =
        query(&sandbox, "SELECT json_extract('{}', input_idea) FROM runs", &["--log-format", "json"]);
    assert!(logged.exits(2).stderr.contains("bad_query"), "it is refused");
    let logged =
        query(&sandbox, "SELECT json_extract('{}', input_idea) FROM runs", &["--log-format", "json"]);
    assert!(!logged.stderr.contains("invoices") && !logged.stderr.contains("Blockchain"), "{logged}");
    sandbox.write("artifacts/broken/run-1/manifest.json", "{");
    let outcome = query(&sandbox, "SELECT count(*) FROM runs", &[]).exits(6);
    assert!(outcome.stderr.contains("1 run cannot be read, and is not in the answer"), "{outcome}");
    assert!(outcome.stderr.contains("consensus index"), "{outcome}");
    let json = sandbox.run(["export", "policies", "--json"]).exits(6).json();
    assert_eq!(json["columns"][0], "project_id");
}
