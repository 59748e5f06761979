//! What the rules are told to be is what they do.

use crate::support::{Sandbox, fixture};

#[test]
fn every_rule_is_listed_and_explained() {
    let sandbox = Sandbox::new();
    let rules = sandbox.run(["rules", "list", "--json"]).exits(0).json()["rules"].clone();
    let rules = rules.as_array().unwrap();
    assert!(rules.len() >= 18, "{}", rules.len());
    let list = sandbox.run(["rules", "list"]).exits(0).stdout;
    assert_eq!(list.lines().count(), rules.len());
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let told = sandbox.run(["rules", "explain", id]).exits(0).stdout;
        assert!(told.starts_with(&format!("{id}  core ")) && told.contains("  advice "), "{told}");
        let json = sandbox.run(["rules", "explain", id, "--json"]).exits(0).json();
        assert_eq!((&json["says"], &json["format_version"]), (&rule["says"], &1.into()));
    }
    let unknown = sandbox.run(["rules", "explain", "rolback"]).exits(4);
    assert!(
        unknown.stderr.contains("rollback-missing") && unknown.stderr.contains("consensus rules list"),
        "{unknown}"
    );
}

#[test]
fn what_a_finding_takes_is_what_was_told() {
    let sandbox = Sandbox::new();
    sandbox.write("doc.md", fixture("hazards.md"));
    let run = sandbox.run(["run", "doc.md", "--json"]).exits(0).json();
    let mut parts = 0;
    for review in run["reviews"].as_array().unwrap() {
        for part in review["internal_metadata"]["score"]["parts"].as_array().unwrap() {
            let id = part["rule_id"].as_str().unwrap();
            let rule = sandbox.run(["rules", "explain", id, "--json"]).exits(0).json();
            let told = match part["outcome"].as_str().unwrap() {
                "found" => &rule["adds"],
                "mentioned" => &rule["takes_in_passing"],
                _ => &rule["takes"],
            };
            assert_eq!((told, &rule["persona"]), (&part["hundredths"], &review["persona_id"]), "{id}");
            parts += 1;
        }
    }
    assert!(parts > 5, "{parts}");
}
