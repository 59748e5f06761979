//! `compare`: groups of runs side by side.

use serde_json::{Value, json};

use crate::models::{QUICK, command, sandbox};
use crate::stub::{Seen, Stub, proposal, review, says};
use crate::support::{Outcome, Sandbox, fixture};

fn groups(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.run([&["compare", "--json"], args].concat()).exits(0).json()["groups"].clone()
}

/// Two samples by rules, which agree, and three by a model that changes its mind at the third.
fn compared() -> Sandbox {
    let sandbox = sandbox(QUICK);
    for sample in ["1", "2"] {
        sandbox.run(["run", "good.md", "--sample", sample]).exits(0);
    }
    for (sample, score) in [("1", 9000), ("2", 8500), ("3", 4000)] {
        let script = move |seen: &Seen, _: usize| match seen.who() {
            "expand" => says(seen, &proposal().to_string()),
            // One persona is always surer.
            "critic" => says(seen, &review(score + 500).to_string()),
            _ => says(seen, &review(score).to_string()),
        };
        let stub = Stub::new(script);
        let args = ["run", "good.md", "--provider", "chat", "--model", "m", "--sample", sample];
        Outcome::from(&mut command(&sandbox, &stub, &args)).exits(0);
    }
    sandbox
}

#[test]
fn groups_are_set_side_by_side() {
    let sandbox = compared();
    let by_prompts = groups(&sandbox, &["--by", "prompt_set_version"]);
    assert_eq!(by_prompts, {
        let by_model = groups(&sandbox, &["--by", "model"]);
        let mut same = by_model;
        same[0]["value"] = json!("1.0.0");
        same[1]["value"] = json!("none");
        same
    });
    let (models, rules) = (&by_prompts[0], &by_prompts[1]);
    assert_eq!((&models["runs"], &models["decided"], &models["approved"]), (&json!(3), &json!(3), &json!(2)));
    // Of three samples, the third against each of the others.
    assert_eq!((&models["sample_pairs"], &models["flips"]), (&json!(3), &json!(2)));
    // Five reviews that always move together are one vote.
    assert_eq!(models["effective_votes"], json!(1.0));
    assert_eq!((&rules["sample_pairs"], &rules["flips"]), (&json!(1), &json!(0)));
    assert_eq!((&rules["effective_votes"], &rules["spread"]), (&Value::Null, &json!(0.0)));
    let by_policy = groups(&sandbox, &["--by", "policy_version"]);
    assert_eq!((&by_policy[0]["value"], &by_policy[0]["runs"]), (&json!("default@2"), &json!(5)));
    // The questions of rules and models are two, so each sample is set beside those of its own kind.
    let by_sample = groups(&sandbox, &["--by", "sample"]);
    let figures =
        |group: &Value| (group["runs"].clone(), group["sample_pairs"].clone(), group["flips"].clone());
    let figures: Vec<_> = by_sample.as_array().unwrap().iter().map(figures).collect();
    assert_eq!(
        figures,
        [(json!(2), json!(3), json!(1)), (json!(2), json!(3), json!(1)), (json!(1), json!(2), json!(2))]
    );
}

#[test]
fn people_see_how_sure_it_is() {
    let sandbox = compared();
    let shown = sandbox.run(["compare", "--by", "model"]).exits(0).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("model    runs  questions  approved"), "{shown}");
    // Wilson's interval of 2 of 3, by hand.
    assert!(lines[1].contains("2 of 3 (0.21 to 0.94)"), "{shown}");
    assert!(lines[1].contains("1.0 of 5") && lines[1].ends_with("2 of 3"), "{shown}");
    assert!(lines[2].starts_with("rules-3  2") && lines[2].contains(" -  "), "{shown}");
    assert!(lines[4].contains("several runs of one question"), "{shown}");
}

#[test]
fn only_what_is_asked_for_is_compared() {
    let sandbox = compared();
    sandbox.write("careless.md", fixture("careless.md"));
    sandbox.run(["run", "careless.md"]).exits(0);
    assert_eq!(groups(&sandbox, &["--by", "model", "--job", "careless"])[0]["runs"], 1);
    let none = sandbox.run(["compare", "--by", "model", "--job", "other"]).exits(4);
    assert!(none.stderr.contains("no runs of the job `other`"), "{none}");
    sandbox.run(["compare"]).exits(2);
    sandbox.run(["compare", "--by", "weather"]).exits(2);
    sandbox.run(["compare", "--by", "model", "--store", "nowhere"]).exits(4);
    // A run that cannot be read is not in the answer, and that is said.
    let run = sandbox.runs().into_iter().find(|run| run.contains("careless")).unwrap();
    sandbox.write(&format!("{run}/manifest.json"), "{");
    let broken = sandbox.run(["compare", "--by", "model"]).exits(6);
    assert!(broken.stdout.contains("rules-3"), "{broken}");
}
