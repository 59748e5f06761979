//! `diff`: what differs between two runs.

use serde_json::json;

use crate::support::{Sandbox, fixture};

/// Two runs of one job: the second of a document without its worst lines.
fn mended() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    let text = fixture("hazards.md");
    sandbox.write("a.md", &text);
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("plain")).collect();
    sandbox.write("b.md", without.join("\n") + "\n\nA `line` of <b>markup</b> | @all.\n");
    let run = |file: &str| {
        let shown = sandbox.run(["run", file, "--job", "sso", "--json"]).exits(0).json();
        shown["run_id"].as_str().unwrap().to_owned()
    };
    let (old, new) = (run("a.md"), run("b.md"));
    (sandbox, old, new)
}

#[test]
fn what_a_revision_did_is_told_in_three_forms() {
    let (sandbox, old, new) = mended();
    let found = sandbox.run(["diff", &old, &new, "--json"]).exits(1).json();
    assert_eq!((&found["old"]["run_id"], &found["new"]["run_id"]), (&json!(old), &json!(new)));
    let guardian = |found: &serde_json::Value| {
        let personas = found["personas"].as_array().unwrap().clone();
        personas.into_iter().find(|persona| persona["persona_id"] == "security_guardian").unwrap()
    };
    let seats = guardian(&found);
    assert_eq!((&seats["old"]["blocking_issues"], &seats["new"]["blocking_issues"]), (&json!(2), &json!(1)));
    let change = |field: &str| {
        let fields = found["proposal"].as_array().unwrap();
        fields.iter().find(|one| one["field"] == field).unwrap()["change"].clone()
    };
    assert_eq!((change("title"), change("proposed_solution")), (json!("unchanged"), json!("modified")));
    let texts = |name: &str| -> Vec<String> {
        found[name].as_array().unwrap().iter().map(|data| data["text"].as_str().unwrap().to_owned()).collect()
    };
    assert!(texts("gone").iter().any(|text| text.contains("plain text")), "{found}");
    let shown = sandbox.run(["diff", &old, &new]).exits(1).stdout;
    assert!(shown.contains("(2 blocking, security-critical) → ") && shown.contains("Findings  "), "{shown}");
    assert_eq!(
        sandbox.run(["diff", &old, &new, "--format", "md"]).exits(1).stdout.matches("```diff").count(),
        2
    );
    // The other way round what was gone is new.
    let back = sandbox.run(["diff", &new, &old, "--json"]).exits(1).json();
    assert_eq!((&back["came"], &back["gone"]), (&found["gone"], &found["came"]));
    let same = sandbox.run(["diff", &old, &old, "--json"]).exits(0).json();
    assert_eq!((&same["gone"], &same["came"]), (&json!([]), &json!([])));
    sandbox.run(["diff", &old, "nope"]).exits(4);
}
