//! From decision to sign-off: versions, items, approvals, lineage, as people use them.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, fixture, has};

const EVENTS: &str = "artifacts/.consensus/versions/-/hazards/proposal";

/// A store with the review of a document that is to be revised.
fn reviewed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("hazards.md", fixture("hazards.md"));
    sandbox.run(["run", "hazards.md"]).exits(0);
    sandbox
}

fn said(sandbox: &Sandbox, line: &str) -> Outcome {
    sandbox.shell(&format!("consensus {line}"))
}

fn json_of(sandbox: &Sandbox, line: &str) -> Value {
    said(sandbox, &format!("{line} --json")).exits(0).json()
}

/// The code of the refusal, which comes with a hint.
#[track_caller]
fn refused(sandbox: &Sandbox, line: &str, status: i32) -> String {
    let outcome = said(sandbox, &format!("{line} --json")).exits(status);
    let error = &outcome.json()["error"];
    assert!(error["hint"].is_string(), "{line}: {outcome}");
    error["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_proposal_goes_from_its_first_run_to_a_signed_off_second_version() {
    let sandbox = reviewed();
    let made = json_of(&sandbox, "version new hazards --from-run hazards@latest -m 'first look' --by author");
    assert_eq!((&made["version"], &made["status"]), (&json!(1), &json!("draft")));
    let items = made["items"].as_array().unwrap();
    assert_eq!(items.len(), 17);
    assert!(items.iter().all(|item| item["decision"] == "pending" && item["source"] == "rules"));
    let critical: Vec<&str> = items
        .iter()
        .filter(|item| item["data"]["security_critical"] == true)
        .map(|item| item["item_id"].as_str().unwrap())
        .collect();
    let critical = critical.join(" ");
    // What is open is told wherever the run is.
    assert!(said(&sandbox, "list").exits(0).stdout.contains("hazards@1  draft, 17 of 17 items undecided"));
    assert!(said(&sandbox, "show hazards@latest").exits(0).stdout.contains("hazards@1  draft, 17 of 17"));
    assert!(said(&sandbox, "report hazards@latest").exits(0).stdout.contains("hazards@1 draft"));
    assert_eq!(json_of(&sandbox, "list --needs-decision")["total"], 1);
    said(&sandbox, &format!("item approve hazards {critical} -m 'must be mended' --by reviewer")).exits(0);
    said(&sandbox, "item reject hazards 1 -m 'not for so few users' --by reviewer").exits(0);
    assert_eq!(refused(&sandbox, "version approve hazards --by owner", 5), "not_submitted");
    said(&sandbox, "version submit hazards --by author").exits(0);
    assert_eq!(refused(&sandbox, "version approve hazards --by owner", 5), "undecided_items");
    said(&sandbox, "version reject hazards -m 'mend the credentials first' --by owner").exits(0);
    assert_eq!(json_of(&sandbox, "list --needs-decision")["total"], 0);

    // The document is mended: the credentials are gone, and lines have moved.
    let mended = fixture("hazards.md");
    let mended: String = mended.lines().filter(|line| !line.contains("plain")).collect::<Vec<_>>().join("\n");
    sandbox.write("hazards.md", format!("{mended}\n"));
    let revised = json_of(&sandbox, "revise hazards@latest --idea hazards.md -m 'no credentials in it'");
    let run = revised["run_id"].as_str().unwrap().to_owned();
    assert_eq!(revised["revision"]["change"]["decision"], "revise");
    let made = json_of(&sandbox, &format!("version new hazards --from-run {run} --by author"));
    assert_eq!((&made["version"], &made["parent"]), (&json!(2), &json!(1)));
    let item = |id: &str| {
        let items = made["items"].as_array().unwrap();
        items.iter().find(|item| item["item_id"] == id).cloned().unwrap_or(Value::Null)
    };
    for id in critical.split(' ') {
        let carried = item(id);
        assert_eq!((&carried["decision"], &carried["decided_by"]), (&json!("approved"), &json!("reviewer")));
        assert_eq!((&carried["decided_in"], &carried["carried_from"]["version"]), (&json!(1), &json!(1)));
    }
    let set_aside = item("1");
    assert_eq!(
        (&set_aside["decision"], &set_aside["notes"]),
        (&json!("rejected"), &json!("not for so few users")),
        "nobody decides the same thing twice"
    );
    let texts: Vec<&str> =
        made["items"].as_array().unwrap().iter().filter_map(|item| item["data"]["text"].as_str()).collect();
    let mut once = texts.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), texts.len(), "no finding is there twice: {texts:#?}");
    said(&sandbox, "item reject hazards@2 --all -m later --by reviewer").exits(0);
    said(&sandbox, "version submit hazards@2 --by author").exits(0);
    assert_eq!(refused(&sandbox, "version approve hazards@2 --by author", 5), "self_approval");
    said(&sandbox, "version approve hazards@2 -m 'good to go' --by owner").exits(0);

    let approved = json_of(&sandbox, "approved hazards");
    assert_eq!(
        (
            &approved["approved"][0]["version"],
            &approved["approved"][0]["settled_by"],
            &approved["approved"][0]["notes"]
        ),
        (&json!(2), &json!("owner"), &json!("good to go"))
    );
    let first = critical.split(' ').next().unwrap();
    let told = json_of(&sandbox, &format!("lineage hazards@2 {first}"));
    let passages: Vec<(u64, &str, &str)> = told["lineage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|passage| {
            let text = |name: &str| passage[name].as_str().unwrap();
            (passage["version"].as_u64().unwrap(), text("what"), text("by"))
        })
        .collect();
    assert_eq!(
        passages,
        [
            (1, "recommended", "security_guardian (rules-3)"),
            (1, "approved", "reviewer"),
            (2, "carried", "author")
        ]
    );
    assert_eq!(json_of(&sandbox, "version log hazards")["events"].as_array().unwrap().len(), 9);
    let differs = said(&sandbox, "version diff hazards@1 hazards@2 --json").exits(1).json();
    assert!(!differs["items"].as_array().unwrap().is_empty());
    said(&sandbox, "version diff hazards@2 hazards@2").exits(0);
    assert!(said(&sandbox, "verify --all").exits(0).stdout.contains("versions of hazards"));
    assert_eq!(json_of(&sandbox, "version show hazards@1")["status"], "rejected");
    assert_eq!(json_of(&sandbox, "version show hazards")["status"], "approved");
}

#[test]
fn each_refusal_has_its_code_and_says_what_to_do() {
    let sandbox = reviewed();
    assert_eq!(refused(&sandbox, "version show hazards", 4), "not_found");
    assert_eq!(refused(&sandbox, "version submit hazards", 4), "not_found");
    assert_eq!(refused(&sandbox, "version new other --from-run hazards@latest", 2), "another_job");
    assert_eq!(refused(&sandbox, "version new hazards@2 --from-run hazards@latest", 2), "usage");
    said(&sandbox, "version new hazards:design --by author").exits(0);
    assert_eq!(refused(&sandbox, "version submit hazards:design", 5), "empty");
    assert_eq!(refused(&sandbox, "version new hazards:design", 5), "draft_exists");
    for (line, status, code) in [
        ("item add hazards:design --data 7", 2, "bad_data"),
        ("item add hazards:design --data '{\"a\":'", 2, "bad_data"),
        ("item add hazards:design --data '{\"a\":1,\"a\":2}'", 2, "bad_data"),
        ("item approve hazards:design x", 4, "no_such_item"),
        ("item modify hazards:design x --data '{}' -m y", 4, "no_such_item"),
        ("item approve hazards:design --all", 2, "malformed"),
        ("version show hazards:design@2", 4, "not_found"),
        ("version approve hazards:design", 5, "not_submitted"),
        ("lineage hazards:design 1", 4, "no_such_item"),
    ] {
        assert_eq!(refused(&sandbox, line, status), code, "{line}");
    }
    said(&sandbox, "item add hazards:design --data '{\"a\":1}' --id a").exits(0);
    assert_eq!(refused(&sandbox, "item add hazards:design --data '{}' --id a", 5), "item_exists");
    assert_eq!(refused(&sandbox, "item modify hazards:design a --data '{\"a\":2}'", 5), "reason_required");
    said(&sandbox, "item modify hazards:design a --data '{\"a\":2}' -m narrower --by reviewer").exits(0);
    assert_eq!(refused(&sandbox, "item approve hazards:design a", 5), "item_modified");
    said(&sandbox, "version submit hazards:design --by author").exits(0);
    assert_eq!(refused(&sandbox, "item add hazards:design --data '{}'", 5), "not_draft");
    assert_eq!(refused(&sandbox, "version withdraw hazards:design --by reviewer", 5), "not_submitter");
    assert_eq!(refused(&sandbox, "version reject hazards:design", 5), "reason_required");
    said(&sandbox, "version withdraw hazards:design --by author").exits(0);
    assert_eq!(refused(&sandbox, "item approve hazards:design 1", 5), "not_open");
    said(&sandbox, "version new hazards:design").exits(0);
    assert_eq!(refused(&sandbox, "version submit hazards:design@1", 5), "not_newest");
    sandbox.write("items.jsonl", "{\"data\":{}}\n{\"data\":[]}\n");
    let outcome = said(&sandbox, "version new hazards:samples --items items.jsonl").exits(2);
    assert!(outcome.stderr.contains("`items.jsonl`, line 2: field `data`"), "{outcome}");
    sandbox.write("items.jsonl", "{\"data\":{},\"wrong\":1}\n");
    let outcome = said(&sandbox, "version new hazards:samples --items items.jsonl").exits(2);
    assert!(outcome.stderr.contains("line 1: ") && outcome.stderr.contains("wrong"), "{outcome}");
    for bad in ["haz/ards", "hazards@0", "hazards@x", "hazards:", ".."] {
        said(&sandbox, &format!("version show '{bad}'")).exits(2);
    }
    said(&sandbox, "item add hazards:design --data '{}' --id b").exits(0);
    said(&sandbox, "item approve hazards:design b b --by reviewer").exits(0);
    assert_eq!(refused(&sandbox, "item reject hazards:design b --by other", 5), "already_decided");
    assert_eq!(
        refused(&sandbox, "item approve hazards:design b --overrule --by other", 5),
        "already_decided"
    );
    let overruled = json_of(&sandbox, "item reject hazards:design b --overrule --by other");
    assert_eq!(overruled["overruled"][0]["decided_by"], "reviewer");
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    assert_eq!(refused(&sandbox, &format!("item add hazards:design --data '{deep}'"), 2), "malformed");
    // A draft can be given up, by who made it, whatever way the name is written.
    said(&sandbox, "version new hazards:draft --by 'The Author'").exits(0);
    assert_eq!(refused(&sandbox, "version withdraw hazards:draft --by other", 5), "not_submitter");
    said(&sandbox, "version withdraw hazards:draft --by ' the\u{200b}  author'").exits(0);
    // A policy may allow what is refused otherwise.
    said(&sandbox, "version new hazards --from-run hazards@latest --by author").exits(0);
    said(&sandbox, "item approve hazards --all --by author").exits(0);
    said(&sandbox, "version submit hazards --by author").exits(0);
    assert_eq!(refused(&sandbox, "version approve hazards --by author", 5), "self_approval");
    sandbox.write("lax.toml", "[limits]\nallow_self_approval = true\n");
    said(&sandbox, "policy apply -f lax.toml").exits(0);
    said(&sandbox, "version approve hazards --by author").exits(0);
    let log = json_of(&sandbox, "version log hazards");
    let last = log["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["says"]["allow_self_approval"], &last["says"]["policy"]["version"]),
        (&json!(true), &json!(2))
    );
}

/// The queries of analysts over samples: a store in which samples were recommended, decided, and carried.
fn sampled() -> Sandbox {
    let sandbox = Sandbox::new();
    let line = |id: &str, source: &str, account: u32| {
        format!(
            "{{\"item_id\":\"{id}\",\"type\":\"sample\",\"source\":\"{source}\",\"recommended_by\":\"{source} team\",\"data\":{{\"account\":{account}}}}}\n"
        )
    };
    let items = line("s1", "tester", 1) + &line("s2", "llm", 2) + &line("s3", "tester", 3);
    sandbox.write("items.jsonl", items);
    for step in [
        "version new q3-report:samples --cycle 2026-q3 --items items.jsonl --by author",
        "item approve q3-report:samples s1 --cycle 2026-q3 --by reviewer",
        "item reject q3-report:samples s2 -m 'too old' --cycle 2026-q3 --by reviewer",
        "version submit q3-report:samples --cycle 2026-q3 --by author",
        "version reject q3-report:samples -m 'one more' --cycle 2026-q3 --by owner",
        "version new q3-report:samples --cycle 2026-q3 --by author",
        "item add q3-report:samples --data '{\"account\":4}' --id s4 --type sample --source tester --cycle 2026-q3 --by tester",
        "item modify q3-report:samples s4 --data '{\"account\":5}' -m 'wrong branch' --cycle 2026-q3 --by tester",
        "item approve q3-report:samples --all --cycle 2026-q3 --by reviewer",
        "version submit q3-report:samples --cycle 2026-q3 --by author",
        "version approve q3-report:samples -m fine --cycle 2026-q3 --by owner",
    ] {
        said(&sandbox, step).exits(0);
    }
    sandbox
}

#[test]
fn any_phase_is_versioned_and_analysts_ask_about_it_as_they_did() {
    let sandbox = sampled();
    let rows = |question: &str| {
        let asked = sandbox.run(["query", question, "--json"]).exits(0).json()["rows"].clone();
        fs_remove_cache(&sandbox);
        assert_eq!(sandbox.run(["query", question, "--json"]).exits(0).json()["rows"], asked, "{question}");
        asked
    };
    let current = "SELECT d.sample_id, d.decided_by FROM sample_decisions d JOIN sample_selection_versions v \
                   ON v.version_id = d.version_id WHERE v.report_id = 'q3-report' AND v.version_status = 'approved' \
                   AND d.decision_status = 'approved' ORDER BY 1";
    assert_eq!(rows(current), json!([["1", "reviewer"], ["s1", "reviewer"]]));
    let walk = "WITH RECURSIVE walk(decision_id, version_id, from_id) AS (SELECT decision_id, version_id, \
                carried_from_decision_id FROM sample_decisions WHERE decision_id = '2026-q3/q3-report:samples@2/s1' \
                UNION ALL SELECT d.decision_id, d.version_id, d.carried_from_decision_id FROM sample_decisions d \
                JOIN walk w ON d.decision_id = w.from_id) SELECT version_id FROM walk";
    assert_eq!(rows(walk), json!([["2026-q3/q3-report:samples@2"], ["2026-q3/q3-report:samples@1"]]));
    assert_eq!(
        rows(
            "SELECT version_number, version_status, parent_version_id, approved_version_id FROM sample_selection_versions ORDER BY 1"
        ),
        json!([
            [1, "rejected", null, "2026-q3/q3-report:samples@2"],
            [2, "approved", "2026-q3/q3-report:samples@1", "2026-q3/q3-report:samples@2"]
        ])
    );
    assert_eq!(
        rows(
            "SELECT cycle_id, report_id, phase_name, reference_version, approved_by, approval_notes FROM approved_artifacts"
        ),
        json!([["2026-q3", "q3-report", "samples", 2, "owner", "fine"]])
    );
    assert_eq!(
        rows("SELECT phase_data FROM workflow_phase_data WHERE version_number = 2"),
        json!([["{\"1\":{\"account\":5},\"s1\":{\"account\":1},\"s4\":{\"account\":4}}"]])
    );
    assert_eq!(
        rows("SELECT decision_status, count(*) FROM sample_decisions GROUP BY 1 ORDER BY 1"),
        json!([["approved", 3], ["modified", 1], ["pending", 1], ["rejected", 1]])
    );
    // What happens later is in the next answer.
    said(&sandbox, "version new q3-report:samples --cycle 2026-q3").exits(0);
    assert_eq!(rows("SELECT max(version_number) FROM sample_selection_versions"), json!([[3]]));
    if has("sqlite3") {
        let asked = sandbox.shell(&format!(
            "consensus index && sqlite3 -readonly artifacts/.consensus/cache/index.sqlite \"{current}\""
        ));
        assert!(asked.exits(0).stdout.ends_with("1|reviewer\ns1|reviewer\n"));
    }
    let lineage = said(&sandbox, "lineage q3-report:samples@2 1 --cycle 2026-q3").exits(0).stdout;
    let what: Vec<&str> = lineage.lines().map(|line| line.split("  ").nth(2).unwrap()).collect();
    assert_eq!(
        what,
        ["recommended", "modified into 1: wrong branch", "derived from s4: wrong branch", "approved"]
    );
    assert_eq!(refused(&sandbox, "version show q3-report:samples", 4), "not_found");
}

fn fs_remove_cache(sandbox: &Sandbox) {
    std::fs::remove_dir_all(sandbox.at("artifacts/.consensus/cache")).unwrap();
}

#[test]
fn of_two_who_approve_at_once_one_does() {
    for _ in 0..5 {
        let sandbox = reviewed();
        for step in [
            "version new hazards --from-run hazards@latest",
            "item approve hazards --all",
            "version submit hazards",
        ] {
            said(&sandbox, &format!("{step} --by author")).exits(0);
        }
        let start = |by: &str| -> Child {
            let mut command = sandbox.command(["version", "approve", "hazards", "--by", by, "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<Child> = ["reviewer", "owner", "tester"].into_iter().map(start).collect();
        let mut statuses: Vec<Option<i32>> = Vec::new();
        for child in children {
            let output = child.wait_with_output().unwrap();
            statuses.push(output.status.code());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [Some(0), Some(5), Some(5)]);
        said(&sandbox, "verify --all").exits(0);
        assert_eq!(json_of(&sandbox, "version log hazards")["events"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn killed_at_any_write_it_happened_or_it_did_not() {
    if !has("strace") {
        return;
    }
    let mut kills = 0;
    for call in
        ["mkdirat", "openat2", "write", "fsync", "fdatasync", "linkat", "renameat2", "renameat", "unlinkat"]
    {
        for n in 1..200 {
            let sandbox = Sandbox::new();
            said(&sandbox, "version new job --by author").exits(0);
            let before = json_of(&sandbox, "version show job");
            let killed = sandbox.shell(&format!(
                "strace -f -qqq -o /dev/null -e trace={call} -e inject={call}:signal=SIGKILL:when={n} consensus item add job --data '{{}}' --by author"
            ));
            if killed.status == Some(0) {
                break;
            }
            kills += 1;
            said(&sandbox, "verify --all").exits(0);
            let after = json_of(&sandbox, "version show job");
            let count = after["items"].as_array().unwrap().len();
            assert!(after == before || count == 1, "{call} {n}: {after}");
            said(&sandbox, "item add job --data '{}' --by author").exits(0);
            assert_eq!(json_of(&sandbox, "version show job")["items"].as_array().unwrap().len(), count + 1);
            assert!(!sandbox.tree("artifacts").keys().any(|path| path.contains(".tmp")), "{call} {n}");
        }
    }
    assert!(kills > 5, "{kills}");
}

#[test]
fn an_event_that_was_edited_removed_or_could_not_happen_is_found() {
    let sandbox = reviewed();
    for step in
        ["version new hazards --from-run hazards@latest", "item approve hazards 1", "version submit hazards"]
    {
        said(&sandbox, &format!("{step} --by author")).exits(0);
    }
    let head = said(&sandbox, "verify --all").exits(0).stdout;
    assert!(head.contains("versions of hazards"), "{head}");
    let path = format!("{EVENTS}/000002.json");
    let event = sandbox.read(&path);
    sandbox.write(&path, event.replace("\"author\"", "\"stranger\""));
    let found = said(&sandbox, "verify --all").exits(1).stdout;
    assert!(found.contains("000002.json"), "{found}");
    assert_eq!(refused(&sandbox, "version show hazards", 6), "corrupt");
    // Other runs are listed all the same, and the answer says that it is not whole.
    assert!(said(&sandbox, "list").exits(6).stdout.contains("hazards"));
    sandbox.write(&path, &event);
    said(&sandbox, "verify --all").exits(0);
    std::fs::remove_file(sandbox.at(&path)).unwrap();
    said(&sandbox, "verify --all").exits(1);
    sandbox.write(&path, &event);
    // The directory of another artifact.
    sandbox
        .shell("cp -r artifacts/.consensus/versions/-/hazards artifacts/.consensus/versions/-/other")
        .exits(0);
    let found = said(&sandbox, "verify --all").exits(1).stdout;
    assert!(found.contains("it is an event of `hazards`"), "{found}");
}

#[test]
fn a_new_hole_does_not_come_in_with_a_decision_on_an_old_one() {
    let sandbox = reviewed();
    said(&sandbox, "version new hazards --from-run hazards@latest --by author").exits(0);
    said(&sandbox, "item reject hazards --all -m 'a pilot' --by reviewer").exits(0);
    said(&sandbox, "version submit hazards --by author").exits(0);
    said(&sandbox, "version reject hazards -m more --by owner").exits(0);
    // The rule says the same of it, and quotes another line.
    let other = "The root password of the database is stored in plain text on every laptop.";
    let text = fixture("hazards.md");
    let mended: Vec<&str> = text.lines().filter(|line| !line.contains("plain")).collect();
    sandbox.write("hazards.md", mended.join("\n") + "\n\n" + other + "\n");
    let revised = json_of(&sandbox, "revise hazards@latest --idea hazards.md -m 'no credentials in it'");
    let run = revised["run_id"].as_str().unwrap().to_owned();
    assert_eq!(revised["revision"]["change"]["decision"], "revise");
    let made = json_of(&sandbox, &format!("version new hazards --from-run {run} --by author"));
    let items = made["items"].as_array().unwrap();
    let hole = items.iter().find(|item| item["data"].to_string().contains("root password"));
    assert_eq!(hole.expect("it is an item")["decision"], "pending", "{made}");
}

#[test]
fn what_stands_in_the_place_of_events_is_told_and_followed_nowhere() {
    for instead in ["ln -s ../../../../elsewhere", "touch", "mkfifo"] {
        let sandbox = reviewed();
        said(&sandbox, "version new hazards --from-run hazards@latest --by author").exits(0);
        said(&sandbox, "version new other --by author").exits(0);
        sandbox
            .shell(&format!(
                "mkdir elsewhere && mv {EVENTS}/* elsewhere/ && rmdir {EVENTS} && {instead} {EVENTS}"
            ))
            .exits(0);
        let found = sandbox.shell("timeout 20 consensus verify --all").exits(1).stdout;
        assert!(found.contains("versions/-/hazards/proposal"), "{instead}: {found}");
        let listed = sandbox.shell("timeout 20 consensus version list").exits(0).stdout;
        assert_eq!(listed, "other@1  draft\n", "{instead}");
        sandbox.shell("timeout 20 consensus query 'SELECT 1'").exits(0);
    }
}

#[test]
fn a_history_that_was_replaced_is_in_the_next_answer() {
    let sandbox = Sandbox::new();
    let decided = |how: &str, by: &str| {
        said(&sandbox, "version new job --by author").exits(0);
        said(&sandbox, "item add job --data '{}' --id a --by author").exits(0);
        said(&sandbox, &format!("item {how} job a --by {by}")).exits(0);
        sandbox
            .run(["query", "SELECT decision_status, decided_by FROM sample_decisions", "--json"])
            .exits(0)
            .json()["rows"][0]
            .clone()
    };
    assert_eq!(decided("approve", "one"), json!(["approved", "one"]));
    std::fs::remove_dir_all(sandbox.at("artifacts/.consensus/versions/-/job/proposal")).unwrap();
    assert_eq!(decided("reject", "other"), json!(["rejected", "other"]));
}

#[test]
fn one_who_is_known_to_git_is_so_in_the_whole_event() {
    if !has("git") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(".gitconfig", "[user]\n\tname = The Author\n\temail = author@example.org\n");
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Outcome::from(command.env("GIT_CONFIG_GLOBAL", sandbox.at(".gitconfig"))).exits(0)
    };
    run(&["version", "new", "job"]);
    run(&["item", "add", "job", "--data", "{}"]);
    run(&["item", "modify", "job", "1", "--data", "{\"a\":1}", "-m", "more"]);
    let log = json_of(&sandbox, "version log job");
    let modified = &log["events"][2];
    assert_eq!(modified["by"], "The Author <author@example.org>", "{log}");
    assert_eq!(modified["says"]["new"]["recommended_by"], modified["by"]);
}
