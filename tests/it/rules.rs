//! What the rules are told to be is what they do.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{ROOT, Sandbox, fixture, good};

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

#[test]
fn rules_of_ones_own_are_checked_tested_and_read_by() {
    let sandbox = Sandbox::new();
    sandbox.write("doc.md", good());
    sandbox.write("house.toml", HOUSE);
    let tested = sandbox.run(["rules", "test", "house.toml"]).exits(0).stdout;
    assert_eq!(tested, "2 of 2 examples hold\n");
    let told = sandbox.run(["rules", "list", "--rules", "house.toml"]).exits(0).stdout;
    assert!(told.contains("on-call-missing"), "{told}");
    let shown = sandbox.run(["rules", "show", "on-call-missing", "--rules", "house.toml"]).exits(0).stdout;
    assert!(
        shown.starts_with("[[topic]]\nid = \"on-call-missing\"") && HOUSE.contains(shown.trim()),
        "{shown}"
    );

    let plain = sandbox.run(["run", "doc.md", "--json"]).exits(0).json();
    let run = sandbox.run(["run", "doc.md", "--rules", "house.toml", "--json"]).exits(0).json();
    assert_ne!(plain["run_id"], run["run_id"], "the file is an input");
    let found = run["reviews"][1]["concerns"].as_array().unwrap().iter();
    assert_eq!(found.filter(|concern| concern["rule_id"] == "on-call-missing").count(), 1);
    let path = format!("artifacts/doc/{}/inputs/rules/house.toml", run["run_id"].as_str().unwrap());
    assert_eq!(sandbox.read(&path), HOUSE);
    // What a project settles for everyone is the same as the flag.
    sandbox.write("consensus.toml", "rules = [\"house.toml\"]\n");
    let settled = sandbox.run(["run", "doc.md", "--json"]).exits(0).json();
    assert_eq!(settled["run_id"], run["run_id"]);

    sandbox.write(
        "house.toml",
        HOUSE.replace("finds = [\"", "finds = [\"# T\\n\\n## On call\\n\\nThe web team is.\", \""),
    );
    let failed = sandbox.run(["rules", "test", "house.toml"]).exits(1).stdout;
    assert!(failed.contains("on-call-missing finds nothing in: # T ⏎"), "{failed}");
    for (from, to, code, line) in [
        ("\"concern\"", "\"grave\"", "unknown_value", "line 6, field `topic[0].severity`"),
        ("\"critic\"", "\"lawyer\"", "no_reader", "rule `on-call-missing` belongs to `lawyer`"),
        ("\"house\"", "\"core\"", "taken", "line 1, field `id`"),
    ] {
        sandbox.write("house.toml", HOUSE.replacen(from, to, 1));
        let refused = sandbox.run(["run", "doc.md", "--json"]).exits(2).json();
        assert_eq!(refused["error"]["code"], code);
        assert!(refused["error"]["message"].as_str().unwrap().contains(line), "{refused}");
    }
}

const HOUSE: &str = r##"id = "house"
version = "1"
[[topic]]
id = "on-call-missing"
persona = "critic"
severity = "concern"
about = "who is on call"
headings = ["on call"]
advice = "Name the team that is on call."
finds = ["# A\n\nText."]
leaves = ["# A\n\n## On call\n\nThe web team is."]
"##;

#[test]
fn what_is_silenced_is_recorded_and_does_not_count() {
    let sandbox = Sandbox::new();
    let hazards = fixture("hazards.md");
    sandbox.write("doc.md", &hazards);
    let before = sandbox.run(["run", "doc.md", "--json"]).exits(0).json();
    // In the document itself a security-critical finding cannot be silenced.
    let noted = format!(
        "{hazards}\n<!-- consensus: ignore plaintext-credentials, owner-missing because we know -->\n"
    );
    sandbox.write("doc.md", noted);
    let run = sandbox.run(["run", "doc.md", "--json"]).exits(0).json();
    assert_eq!(run["reviews"][3]["blocking_issues"], before["reviews"][3]["blocking_issues"]);
    let unclear = &run["proposal"]["metadata"]["read_as"]["unclear"][0];
    assert!(unclear.as_str().unwrap().contains("`plaintext-credentials` is security-critical"), "{unclear}");
    let silenced = &run["reviews"][1]["internal_metadata"]["silenced"][0];
    assert_eq!((&silenced["rule_id"], &silenced["because"]), (&"owner-missing".into(), &"we know".into()));

    sandbox.write("doc.md", &hazards);
    sandbox.write(
        "known.toml",
        "[[suppress]]\nrule = \"plaintext-credentials\"\nbecause = \"only a fixture\"\ncontaining = \"accounts\"\n",
    );
    let run = sandbox.run(["run", "doc.md", "--suppressions", "known.toml", "--json"]).exits(0).json();
    let guardian = &run["reviews"][3];
    assert_eq!(guardian["blocking_issues"].as_array().unwrap().len(), 1);
    let silenced = &guardian["internal_metadata"]["silenced"][0];
    assert_eq!((&silenced["by"], &silenced["severity"]), (&"suppressions.toml".into(), &"blocking".into()));
    assert_eq!(silenced["evidence"][0]["start_line"], 15);
    let id = run["run_id"].as_str().unwrap();
    let verified = sandbox.run(["verify", id]).exits(0).stdout;
    assert!(verified.starts_with("ok"), "{verified}");
    for format in ["md", "html"] {
        let report = sandbox.run(["report", id, "--format", format]).exits(0).stdout;
        assert!(report.contains("Silenced") && report.contains("only a fixture"), "{report}");
    }
    let sarif = sandbox.run(["report", id, "--format", "sarif"]).exits(0).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap().clone();
    let dismissed: Vec<_> = results.iter().filter(|result| result["suppressions"].is_array()).collect();
    assert_eq!(dismissed.len(), 1);
    assert_eq!(dismissed[0]["suppressions"][0]["kind"], "external");
    assert_eq!(dismissed[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 15);

    for (text, code, place) in [
        (
            "[[suppress]]\nrule = \"nothing\"\nbecause = \"x\"\n",
            "unknown_rule",
            "line 2, field `suppress[0].rule`",
        ),
        ("[[suppress]]\nrule = \"injection\"\n", "missing_field", "line 1, field `suppress[0].because`"),
        (
            "[[suppress]]\nrule = \"injection\"\nbecause = \" \"\n",
            "blank",
            "line 3, field `suppress[0].because`",
        ),
        ("", "empty_file", "there is nothing in it"),
    ] {
        sandbox.write("known.toml", text);
        let refused =
            sandbox.run(["run", "doc.md", "--suppressions", "known.toml", "--json"]).exits(2).json();
        assert_eq!(refused["error"]["code"], code);
        assert!(refused["error"]["message"].as_str().unwrap().contains(place), "{refused}");
    }
}

/// The list at the end of `docs/rules.md`, out of what the program tells.
#[test]
fn the_documentation_lists_every_rule() {
    let sandbox = Sandbox::new();
    let rules = sandbox.run(["rules", "list", "--json"]).exits(0).json()["rules"].clone();
    let kinds = sandbox.run(["rules", "kinds", "--json"]).exits(0).json()["kinds"].clone();
    let kinds: Vec<&str> =
        kinds.as_array().unwrap().iter().map(|kind| kind["id"].as_str().unwrap()).collect();
    let told = |rule: &Value, name: &str| rule[name].as_str().unwrap().to_owned();
    let mut list = format!("## Which kind is held to what\n\n| topic | {} |", kinds.join(" | "));
    let _ = writeln!(list, "\n|---|{}", "---|".repeat(kinds.len()));
    let rules = rules.as_array().unwrap();
    for rule in rules.iter().filter(|rule| rule["kind"] == "topic") {
        let _ = write!(list, "| `{}` |", told(rule, "id"));
        for kind in &kinds {
            let held = rule["by_kind"][kind].as_str().unwrap_or(rule["severity"].as_str().unwrap());
            let _ = write!(list, " {} |", if held == "off" { "" } else { held });
        }
        list.push('\n');
    }
    list.push_str("\n## The rules\n");
    for rule in rules {
        let critical = if rule["security_critical"] == true { ", security-critical" } else { "" };
        let looks = match rule["kind"].as_str().unwrap() {
            "topic" if rule["phrases"] == "" => format!("Looks for {}.", told(rule, "about")),
            "topic" => format!("Looks for {}: {}.", told(rule, "about"), told(rule, "phrases")),
            _ => format!("Says: {}", told(rule, "says")),
        };
        let weighs = format!(
            "{} of {}, {}{critical}",
            told(rule, "kind"),
            told(rule, "persona"),
            told(rule, "severity")
        );
        let _ = write!(list, "\n### {}\n\n{weighs}. {looks} {}\n", told(rule, "id"), told(rule, "advice"));
        for (name, says) in [("finds", "Finds something in"), ("leaves", "Leaves alone")] {
            let text = rule[name][0].as_str().unwrap().trim();
            let _ = write!(list, "\n{says}:\n\n````markdown\n{text}\n````\n");
        }
    }
    let path = Path::new(ROOT).join("docs/rules.md");
    let whole = fs::read_to_string(&path).unwrap();
    let at = whole.find("<!-- The rest is written by").unwrap();
    let start = at + whole[at..].find('\n').unwrap() + 1;
    let wanted = format!("{}\n{list}", &whole[..start]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, wanted).unwrap();
    } else {
        assert!(whole == wanted, "docs/rules.md is behind: UPDATE_DOCS=1 cargo test --test it rules");
    }
}
