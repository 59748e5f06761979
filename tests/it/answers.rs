//! Reviews that people or other programs wrote.

use crate::support::{Sandbox, good};

const PERSONAS: [&str; 5] = ["architect", "critic", "optimist", "security_guardian", "user_advocate"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("doc.md", good());
    for persona in PERSONAS {
        sandbox.write(&format!("answers/reviews/{persona}.json"), "{\"confidence_score\": 0.85}");
    }
    sandbox
}

const RUN: [&str; 7] = ["run", "doc.md", "--provider", "file", "--answers", "answers", "--json"];

#[test]
fn reviews_in_files_are_what_the_panel_says() {
    let sandbox = sandbox();
    let critic = r#"{"confidence_score": 0.4, "concerns": [{"text": "Too late.", "evidence": [{"quote": "Every night, the invoices"}]}],
        "blocking_issues": [{"text": "No second reader.", "evidence": [{"quote": "not in it"}]}]}"#;
    sandbox.write("answers/reviews/critic.json", critic);
    let run = sandbox.run(RUN).exits(0).json();
    assert_eq!(run["decision"]["decision"], "revise");
    let review = &run["reviews"][1];
    assert_eq!((&review["persona_id"], &review["persona_name"]), (&"critic".into(), &"Critic".into()));
    assert_eq!(review["concerns"][0]["evidence"][0]["supported"], true);
    assert_eq!(review["concerns"][0]["evidence"][0]["start_line"], 7);
    assert_eq!(review["blocking_issues"][0]["evidence"][0]["supported"], false);
    let id = run["run_id"].as_str().unwrap();
    let answer = sandbox.read(&format!("artifacts/doc/{id}/inputs/answers/reviews/critic.json"));
    assert_eq!(answer, critic, "the answer is an input, byte for byte");
    assert!(sandbox.run(["verify", id]).exits(0).stdout.starts_with("ok"));
    // The same answers are the same run; another answer is another.
    assert_eq!(sandbox.run(RUN).exits(0).json()["run_id"], run["run_id"]);
    sandbox.write("answers/reviews/critic.json", "{\"confidence_score\": 0.9}");
    assert_ne!(sandbox.run(RUN).exits(0).json()["run_id"], run["run_id"]);
}

#[test]
fn a_proposal_may_be_handed_in_too() {
    let sandbox = sandbox();
    sandbox.write(
        "answers/proposal.json",
        r#"{"problem_statement":"It is slow.","proposed_solution":"A cache.","assumptions":[],"scope_non_goals":[]}"#,
    );
    let run = sandbox.run(RUN).exits(0).json();
    assert_eq!(run["proposal"]["proposed_solution"], "A cache.");
    let models =
        sandbox.read(&format!("artifacts/doc/{}/inputs/model.json", run["run_id"].as_str().unwrap()));
    assert!(!models.contains("rules"), "nobody read by rules: {models}");
}

#[test]
fn what_is_wrong_is_named_with_its_path_and_nothing_is_written() {
    let sandbox = sandbox();
    let refused = |exit: i32, code: &str, says: &str| {
        let error = sandbox.run(RUN).exits(exit).json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
        assert!(!sandbox.at("artifacts/doc").exists());
    };
    for (text, says) in [
        ("{", "`answers/reviews/critic.json`: "),
        ("{}", "missing field `confidence_score`"),
        ("{\"confidence_score\": 3}", "field `confidence_score`: 3 is not between 0 and 1"),
        (
            "{\"confidence_score\": 1, \"concerns\": [{\"text\": \"\"}]}",
            "field `concerns[0].text`: must not be blank",
        ),
        ("{\"confidence_score\": 1, \"rule_id\": 1}", "unknown field `rule_id`"),
        ("{\"confidence_score\": 1, \"persona_id\": \"architect\"}", "the file is `critic`'s"),
    ] {
        sandbox.write("answers/reviews/critic.json", text);
        refused(2, "invalid_answer", says);
    }
    std::fs::remove_file(sandbox.at("answers/reviews/critic.json")).unwrap();
    refused(7, "missing_answer", "reviews/critic.json is not there, and the quorum is 5");
    sandbox.write("answers/reviews/critik.json", "{}");
    refused(2, "invalid_answer", "nobody of that name is on the panel; there are architect");
    for arguments in [&RUN[..4], &["run", "doc.md", "--answers", "answers"][..]] {
        let error = sandbox.run(arguments).exits(2).stderr;
        assert!(error.contains("--answers DIR"), "{error}");
    }
}

#[test]
fn a_policy_asks_some_of_files_and_goes_on_without_one() {
    let sandbox = sandbox();
    let policy = sandbox.run(["policy", "show"]).exits(0).stdout;
    let policy = policy.replacen("id = \"critic\"", "id = \"critic\"\nprovider = \"file\"", 1);
    let policy = policy.replacen("[panel]", "[panel]\nquorum = 4", 1);
    sandbox.write("policy.toml", policy.replace("# provider is not set\n", ""));
    sandbox.run(["policy", "apply", "-f", "policy.toml"]).exits(0);
    let run = ["run", "doc.md", "--answers", "answers", "--json"];
    for persona in PERSONAS.iter().filter(|persona| **persona != "critic") {
        std::fs::remove_file(sandbox.at(&format!("answers/reviews/{persona}.json"))).unwrap();
    }
    let done = sandbox.run(run).exits(0).json();
    assert_eq!(done["reviews"][1]["confidence_score"], 0.85);
    assert_eq!(done["reviews"][0]["internal_metadata"]["engine"], "rules-3");
    std::fs::remove_file(sandbox.at("answers/reviews/critic.json")).unwrap();
    let without = sandbox.run(run).exits(0).json();
    assert_eq!(without["decision"]["quorum"]["missing"][0], "critic");
}
