//! Revisions: an edit is reviewed as a run of its own, and what it does not concern is carried.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::models::{QUICK, command, run, sandbox};
use crate::stub::{Reply, Seen, Stub, proposal, review, says};
use crate::support::{Outcome, Sandbox, fixture, good};

/// A panel whose architect reads the title alone.
const READS: &str = "[limits]\ninitial_backoff_ms = 100\n\
[[panel.personas]]\nid = \"architect\"\nname = \"Architect\"\nweight = 0.5\ninstructions = \"Look.\"\nreads = [\"title\"]\n\
[[panel.personas]]\nid = \"critic\"\nname = \"Critic\"\nweight = 0.5\ninstructions = \"Look.\"\n";

/// The critic scores low, the guardian objects, the others are content.
fn mixed(seen: &Seen, _: usize) -> Reply {
    let mut answer = review(8500);
    match seen.who() {
        "expand" => answer = proposal(),
        "critic" => answer["score"] = json!(6900),
        "security_guardian" => {
            answer["blocking_issues"] =
                json!([{"text": "A hole.", "security_critical": false, "quotes": ["A quote."]}]);
        }
        _ => {}
    }
    says(seen, &answer.to_string())
}

/// The id of the run of `good.md` by models.
fn first(sandbox: &Sandbox, stub: &Stub) -> String {
    run(sandbox, stub, &["--json"]).exits(0).json()["run_id"].as_str().unwrap().to_owned()
}

/// Revises a run; what it says as JSON, and who was asked for it.
#[track_caller]
fn revised(sandbox: &Sandbox, stub: &Stub, args: &[&str]) -> (Value, BTreeSet<&'static str>) {
    let before = stub.seen().len();
    let all = [&["revise"], args, &["--json"]].concat();
    let shown = Outcome::from(&mut command(sandbox, stub, &all)).exits(0).json();
    (shown, stub.seen()[before..].iter().map(Seen::who).collect())
}

fn carried(shown: &Value) -> Vec<&str> {
    let reviews = shown["reviews"].as_array().unwrap().iter();
    let carried = reviews.filter(|review| review["internal_metadata"]["carried_from"].is_string());
    carried.map(|review| review["persona_id"].as_str().unwrap()).collect()
}

fn file(sandbox: &Sandbox, shown: &Value, name: &str) -> Value {
    serde_json::from_str(&sandbox.read(&format!("{}/{name}", shown["path"].as_str().unwrap()))).unwrap()
}

/// `good.md` with a word of it changed.
fn edited(sandbox: &Sandbox) {
    sandbox.write("edited.md", good().replacen("invoices", "bills", 1));
}

#[test]
fn an_edited_document_is_a_run_of_its_own_and_its_parent_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("sso.md", fixture("hazards.md"));
    let parent = sandbox.run(["run", "sso.md", "--json"]).exits(0).json();
    let before = sandbox.tree("artifacts/sso");
    let mended: Vec<String> =
        fixture("hazards.md").lines().filter(|line| !line.contains("plain")).map(str::to_owned).collect();
    sandbox.write("sso.md", mended.join("\n"));
    let id = parent["run_id"].as_str().unwrap();
    let revise = ["revise", id, "--idea", "sso.md", "-m", "no passwords in it"];
    let shown = sandbox.run(revise).exits(0);
    assert!(shown.stdout.contains(&format!("revision of sso/{id}: no passwords in it")), "{shown}");
    let shown = sandbox.run(revise.into_iter().chain(["--json"])).exits(0).json();
    assert_eq!((&shown["run_type"], &shown["parent_run_id"]), (&json!("revision"), &json!(id)));
    assert_eq!(
        (&shown["revision"]["notes"], &shown["replayed"]),
        (&json!("no passwords in it"), &json!(true))
    );
    assert!(carried(&shown).is_empty(), "the rules are free");
    assert!(shown["reviews"][3]["confidence_score"] != parent["reviews"][3]["confidence_score"]);
    for (path, bytes) in before {
        assert_eq!(sandbox.tree("artifacts/sso")[&path], bytes, "{path}");
    }
    let diff = file(&sandbox, &shown, "outputs/diff.json");
    let told = sandbox.run(["diff", id, shown["run_id"].as_str().unwrap(), "--json"]).exits(1).json();
    for part in ["document", "proposal", "gone", "came", "stayed", "personas"] {
        assert_eq!(diff[part], told[part], "{part}");
    }
    assert!(
        diff["document"]["diff"].as_str().unwrap().contains("Passwords are kept in plain text"),
        "{diff}"
    );
    let change = &shown["revision"]["change"];
    assert_eq!((&change["decision"], &change["weighted_confidence"]), (&json!("revise"), &json!(0.725)));
    assert_eq!(change["gone"], json!(diff["gone"].as_array().unwrap().len()));
    // Asked for again as the newest, it is shown again.
    let again =
        sandbox.run(["revise", "sso@latest", "--idea", "sso.md", "-m", "no passwords in it", "--json"]);
    assert_eq!(again.exits(0).json()["run_id"], shown["run_id"]);
    let row = sandbox.run(["query", "SELECT r.run_type, r.parent_run_id, p.edit_notes, json_array_length(p.proposal_diff_json) FROM runs r JOIN proposal_versions p ON p.run_id = r.id WHERE r.parent_run_id IS NOT NULL", "--format", "csv"]).exits(0);
    let fields = diff["proposal"].as_array().unwrap().len();
    assert_eq!(row.stdout.lines().last().unwrap(), format!("revision,{id},no passwords in it,{fields}"));
    for format in ["md", "html"] {
        let report = sandbox.run(["report", shown["run_id"].as_str().unwrap(), "--format", format]).exits(0);
        assert!(report.stdout.contains("no passwords in it"), "{report}");
    }
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn whom_the_edit_does_not_concern_is_carried_and_says_so() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(mixed));
    let parent = first(&sandbox, &stub);
    edited(&sandbox);
    // No flag says who answers: whoever did.
    let (shown, asked) = revised(&sandbox, &stub, &[&parent, "--idea", "edited.md"]);
    assert_eq!(asked, BTreeSet::from(["expand", "critic", "security_guardian"]));
    assert_eq!(carried(&shown), ["architect", "optimist", "user_advocate"]);
    let evidence = |index: usize| shown["reviews"][index]["concerns"][0]["evidence"][0].clone();
    assert_eq!(evidence(0)["run_id"], json!(parent), "its lines are of the other document");
    assert_eq!(evidence(1)["run_id"], Value::Null);
    let text = Outcome::from(&mut command(&sandbox, &stub, &["show", shown["run_id"].as_str().unwrap()]));
    let text = text.exits(0).stdout;
    assert_eq!(text.matches(&format!("carried from {}", &parent[..12])).count(), 3, "{text}");
    assert!(text.contains(&format!("in the document of {}", &parent[..12])), "{text}");
    // No line of the new document is annotated for it.
    let run = shown["run_id"].as_str().unwrap();
    let sarif = sandbox.run(["report", run, "--format", "sarif"]).exits(0).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let line = |rule: &str| {
        let found = results.iter().find(|result| result["ruleId"] == rule).unwrap();
        found["locations"][0]["physicalLocation"]["region"]["startLine"].clone()
    };
    assert_eq!((line("review-by-architect"), line("review-by-critic")), (json!(1), json!(11)));
    let lines = sandbox.run([
        "query",
        &format!("SELECT count(start_line) FROM findings WHERE run_id = '{run}'"),
        "--format",
        "csv",
    ]);
    assert_eq!(lines.exits(0).stdout.lines().last(), Some("2"));
    sandbox.run(["verify", "--all"]).exits(0);
    // What is carried twice is still of the run that it was asked in.
    sandbox.write("again.md", good().replacen("invoices", "receipts", 1));
    let (again, _) = revised(&sandbox, &stub, &[run, "--idea", "again.md"]);
    assert_eq!(carried(&again), ["architect", "optimist", "user_advocate"]);
    assert_eq!(again["reviews"][0]["internal_metadata"]["carried_from"], json!(parent));
    assert_eq!(again["reviews"][0]["concerns"][0]["evidence"][0]["run_id"], json!(parent));
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn who_is_asked_otherwise_is_asked_anew() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::good());
    let parent = first(&sandbox, &stub);
    edited(&sandbox);
    let everyone = ["architect", "critic", "expand", "optimist", "security_guardian", "user_advocate"];
    let everyone = BTreeSet::from(everyone);
    let edit = [&parent, "--idea", "edited.md"];
    let asked = |args: &[&str]| revised(&sandbox, &stub, &[&edit, args].concat()).1;
    // Everyone is content, and nothing of the proposal differs; but the document does.
    assert_eq!(asked(&[]), BTreeSet::from(["expand", "security_guardian"]));
    assert_eq!(asked(&["--sample", "2"]), everyone);
    assert_eq!(asked(&["--rerun", "all"]), everyone);
    assert_eq!(asked(&["--model", "other"]), everyone);
    assert_eq!(asked(&["--temperature", "0.9"]), everyone);
    sandbox.write("more.txt", "More.");
    assert_eq!(asked(&["--context", "more.txt"]), everyone);
    assert_eq!(asked(&["--rerun", "critic, optimist"]), BTreeSet::from(["expand", "critic", "optimist"]));
    // Who is carried although the model is another one is still said to have been answered by the first.
    let args = [&edit[..], &["--rerun", "critic", "--model", "third"]].concat();
    let (shown, asked) = revised(&sandbox, &stub, &args);
    assert_eq!(asked, BTreeSet::from(["expand", "critic"]));
    let models = file(&sandbox, &shown, "inputs/model.json");
    let model = |step: &str| models["steps"][step]["model"].clone();
    assert_eq!((model("review_critic"), model("review_architect")), (json!("third"), json!("m")));
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn an_edited_proposal_is_what_is_reviewed() {
    let (sandbox, stub) = (sandbox(READS), Stub::good());
    let parent = first(&sandbox, &stub);
    let mut edit = proposal();
    edit["proposed_solution"] = json!("Another solution.");
    sandbox.write("edited.json", edit.to_string());
    let estimate = ["revise", &parent, "--proposal", "edited.json", "--estimate", "--json"];
    let estimate = Outcome::from(&mut command(&sandbox, &stub, &estimate)).exits(0).json();
    assert_eq!(estimate["calls"].as_array().unwrap().len(), 1, "{estimate}");
    let (shown, asked) = revised(&sandbox, &stub, &[&parent, "--proposal", "edited.json"]);
    assert_eq!(asked, BTreeSet::from(["critic"]), "the architect reads the title");
    assert_eq!(shown["proposal"]["proposed_solution"], "Another solution.");
    assert_eq!(
        sandbox.read(&format!("{}/inputs/proposal.json", shown["path"].as_str().unwrap())),
        edit.to_string()
    );
    assert!(stub.seen_of("critic")[1].text.contains("Another solution."));
    let diff = file(&sandbox, &shown, "outputs/diff.json");
    let changes = diff["proposal"].as_array().unwrap().iter().filter(|field| field["change"] != "unchanged");
    let changes: Vec<&Value> = changes.collect();
    assert_eq!(changes.len(), 1, "{diff}");
    assert_eq!(changes[0]["diff"].as_str().unwrap().matches("Another solution.").count(), 1);
    sandbox.run(["verify", "--all"]).exits(0);
    // White space alone is no edit for whoever reads it.
    edit["proposed_solution"] = json!("A \n solution.");
    sandbox.write("edited.json", edit.to_string());
    assert!(revised(&sandbox, &stub, &[&parent, "--proposal", "edited.json"]).1.is_empty());
}

#[test]
fn the_rules_read_the_edited_proposal() {
    let sandbox = Sandbox::reviewed();
    let proposal = sandbox.read(&format!("{}/outputs/proposal.json", sandbox.only_run()));
    let mut proposal: Value = serde_json::from_str(&proposal).unwrap();
    proposal["proposed_solution"] = json!("Passwords are stored in plain text in the source.");
    sandbox.write("edited.json", proposal.to_string());
    let shown = sandbox.run(["revise", "good@latest", "--proposal", "edited.json", "--json"]).exits(0).json();
    let issue = &shown["reviews"][3]["blocking_issues"][0]["evidence"][0];
    assert_eq!((&issue["supported"], &issue["run_id"]), (&json!(true), &Value::Null), "{shown}");
    assert!(
        sandbox
            .read(&format!("{}/inputs/idea.md", shown["path"].as_str().unwrap()))
            .contains("## Proposed solution")
    );
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn what_cannot_be_revised_is_refused() {
    let sandbox = Sandbox::reviewed();
    edited(&sandbox);
    sandbox.write("bad.json", r#"{"problem_statement": " "}"#);
    sandbox.write("list.json", r#"["p", "s", [], [], null, null, null, null, null]"#);
    sandbox.write(
        "more.json",
        r#"{"problem_statement": "p", "proposed_solution": "s", "assumptions": [], "scope_non_goals": [], "rollout": "r"}"#,
    );
    let before = sandbox.tree("artifacts");
    for (args, status, code, says) in [
        (vec!["good@latest"], 2, "usage", "--idea"),
        (vec!["good@latest", "--idea", "good.md"], 2, "nothing_revised", "is what run"),
        (vec!["good@latest", "--idea", "none.md"], 4, "not_found", "`none.md` is not there"),
        (
            vec!["good@latest", "--proposal", "bad.json"],
            2,
            "bad_proposal",
            "`bad.json`: field `problem_statement`",
        ),
        (vec!["good@latest", "--proposal", "edited.md"], 2, "bad_proposal", "`edited.md`: "),
        (vec!["good@latest", "--proposal", "list.json"], 2, "bad_proposal", "a proposal is an object"),
        (
            vec!["good@latest", "--proposal", "more.json"],
            2,
            "bad_proposal",
            "field `rollout`: a proposal has no",
        ),
        (vec!["good@latest", "--idea", "edited.md", "--rerun", "critik"], 2, "no_such_persona", "critic"),
        (vec!["good@latest", "--idea", "edited.md", "--rerun", "a b"], 2, "usage", "--rerun"),
        (vec!["other@latest", "--idea", "edited.md"], 4, "not_found", "other"),
    ] {
        let args: Vec<&str> = ["revise"].into_iter().chain(args).chain(["--json"]).collect();
        let outcome = sandbox.run(&args).exits(status);
        let error = &outcome.json()["error"];
        assert_eq!(error["code"], code, "{args:?} {outcome}");
        assert!(error["message"].as_str().unwrap().contains(says), "{outcome}");
        assert!(error["hint"].is_string(), "{outcome}");
    }
    assert_eq!(sandbox.tree("artifacts"), before);
    // A parent that was tampered with carries nothing on.
    let review = format!("{}/outputs/reviews/critic.json", sandbox.only_run());
    sandbox.write(&review, sandbox.read(&review).replace("0.", "0.0"));
    sandbox.run(["revise", "good@latest", "--idea", "edited.md"]).exits(6);
}

#[test]
fn a_run_that_is_not_completed_is_not_revised_and_a_revision_goes_on() {
    let stub = Stub::new(|seen: &Seen, before| match seen.who() {
        "critic" if before == 0 => Reply::error(400, "no"),
        _ => mixed(seen, before),
    });
    let sandbox = sandbox(QUICK);
    run(&sandbox, &stub, &[]).exits(7);
    edited(&sandbox);
    let failed = Outcome::from(&mut command(
        &sandbox,
        &stub,
        &["revise", "good@latest", "--idea", "edited.md", "--json"],
    ));
    assert_eq!(failed.exits(5).json()["error"]["code"], "not_completed");
    let parent = first(&sandbox, &stub);

    let stub = Stub::new(|seen: &Seen, before| match seen.who() {
        "critic" if before == 0 => Reply::error(400, "no"),
        _ => mixed(seen, before),
    });
    let args = ["revise", &parent, "--idea", "edited.md"];
    Outcome::from(&mut command(&sandbox, &stub, &args)).exits(7);
    let (shown, asked) = revised(&sandbox, &stub, &args[1..]);
    assert_eq!(asked, BTreeSet::from(["critic"]));
    assert_eq!(carried(&shown), ["architect", "optimist", "user_advocate"]);
    assert!(file(&sandbox, &shown, "outputs/diff.json")["personas"].is_array());
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn a_revision_is_replayed_to_the_same_bytes() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(mixed));
    let parent = first(&sandbox, &stub);
    sandbox.shell("cp -r artifacts elsewhere").exits(0);
    edited(&sandbox);
    let (shown, _) = revised(&sandbox, &stub, &[&parent, "--idea", "edited.md", "--record", "tape"]);
    let replay = ["revise", &parent, "--idea", "edited.md", "--provider", "replay", "--answers", "tape"];
    sandbox.run(replay.into_iter().chain(["--store", "elsewhere"])).exits(0);
    let run = format!("good/{}", shown["run_id"].as_str().unwrap());
    for part in ["inputs", "outputs"] {
        assert_eq!(
            sandbox.tree(&format!("artifacts/{run}/{part}")),
            sandbox.tree(&format!("elsewhere/{run}/{part}"))
        );
    }
    assert_eq!(
        sandbox.read(&format!("artifacts/{run}/manifest.json")),
        sandbox.read(&format!("elsewhere/{run}/manifest.json"))
    );
}

/// A panel without a veto, all of it content: an edit that is in no part of the proposal is still read.
#[test]
fn an_edit_is_read_by_somebody() {
    let (sandbox, stub) = (sandbox(READS), Stub::good());
    let parent = first(&sandbox, &stub);
    sandbox.write("edited.md", good() + "\n\nPasswords are kept in plain text.\n");
    let (_, asked) = revised(&sandbox, &stub, &[&parent, "--idea", "edited.md"]);
    assert_eq!(asked, BTreeSet::from(["expand", "architect", "critic"]));
    sandbox.write("spaced.md", good().replace('\n', "\n\n"));
    let (shown, asked) = revised(&sandbox, &stub, &[&parent, "--idea", "spaced.md"]);
    assert_eq!((asked, carried(&shown)), (BTreeSet::from(["expand"]), vec!["architect", "critic"]));
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn the_order_of_members_of_a_proposal_means_nothing() {
    let sandbox = Sandbox::reviewed();
    let text = sandbox.read(&format!("{}/outputs/proposal.json", sandbox.only_run()));
    sandbox.write(
        "edited.json",
        text.replacen("\"metadata\": {", "\"metadata\": {\"z\": 1, \"a\": 2,", 1)
            .replacen("Nightly", "Daily", 1),
    );
    let shown = sandbox.run(["revise", "good@latest", "--proposal", "edited.json"]).exits(0);
    assert!(shown.stderr.contains("rules read the proposal alone"), "{shown}");
    sandbox.run(["verify", "--all"]).exits(0);
}

/// Someone who can compute every digest anew still cannot say that the parent said something else.
#[test]
fn a_review_that_is_not_the_parents_is_found() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(mixed));
    let parent = first(&sandbox, &stub);
    edited(&sandbox);
    let (shown, _) = revised(&sandbox, &stub, &[&parent, "--idea", "edited.md"]);
    let path = shown["path"].as_str().unwrap();
    let manifest = format!("{path}/manifest.json");
    let digest = |text: &str| {
        sandbox.write("text", text);
        sandbox.shell("sha256sum text").exits(0).stdout[..64].to_owned()
    };
    for (file, from, to, said) in [
        ("inputs/parent/reviews/architect.json", "0.85", "0.95", "`reviews/architect.json` is not what"),
        (
            "inputs/parent/reviews/architect.json",
            "0.85",
            "0.95",
            "the review of `architect` should be the parent's",
        ),
        ("inputs/request.json", "\"optimist\"", "\"critic\"", "wrong about whose review may be carried"),
        (
            "inputs/request.json",
            "\"document_differs\": true",
            "\"document_differs\": null",
            "document_differs",
        ),
        (
            "outputs/diff.json",
            "\"decision\": \"approve\"",
            "\"decision\": \"reject\"",
            "it is not what differs from the parent",
        ),
        ("outputs/diff.json", "\"old\"", "\"odd\"", "it is not what differs from the parent"),
    ] {
        let file = format!("{path}/{file}");
        let (old, sealed) = (sandbox.read(&file), sandbox.read(&manifest));
        let new = old.replacen(from, to, 1);
        assert_ne!(old, new, "{file}");
        sandbox.write(&file, &new);
        sandbox.write(&manifest, sealed.replace(&digest(&old), &digest(&new)));
        let verified = sandbox.run(["verify", path]).exits(1);
        assert!(verified.stdout.contains(said), "{file}: {verified}");
        sandbox.write(&file, old);
        sandbox.write(&manifest, sealed);
    }
    sandbox.run(["verify", path]).exits(0);
}
