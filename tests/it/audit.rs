//! `audit`: which runs mix versions, and which have others than are expected.

use serde_json::json;

use crate::support::{ROOT, Sandbox};

/// A store in which one run of another tool mixes versions.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(&format!("cp -r {ROOT}/artifacts.example artifacts")).exits(0);
    let of_1_3 =
        sandbox.shell("grep -l '\"schema_version\": *\"1.3.0\"' artifacts/*/*/manifest.json").exits(0);
    let path = of_1_3.stdout.trim().to_owned();
    let mut manifest: serde_json::Value = serde_json::from_str(&sandbox.read(&path)).unwrap();
    let steps = manifest["steps"].as_array_mut().unwrap();
    steps[1]["step_metadata"]["schema_version"] = json!("1.1.0");
    steps[2]["step_metadata"]["prompt_set_version"] = json!("2025.06");
    sandbox.write("artifacts/mixed/run-1/manifest.json", manifest.to_string());
    sandbox
}

#[test]
fn mixed_versions_are_warnings_with_their_steps() {
    let sandbox = sandbox();
    let outcome = sandbox.run(["audit", "--job", "mixed"]).exits(0);
    insta::assert_snapshot!(outcome.stdout, @"
    mixed/run-1  mixed_schema_versions: 1.0.0 (run, expand); 1.1.0 (review_security_guardian)
    mixed/run-1  mixed_prompt_versions: 2025.05 (run, expand, review_security_guardian); 2025.06 (aggregate_decision)
    1 run, 2 warnings
    ");
    sandbox.run(["audit", "--strict"]).exits(1);
    sandbox.run(["audit", "--strict", "--job", "rate-limit-proposal"]).exits(0);
    let json = sandbox.run(["audit", "--json"]).exits(0).json();
    assert_eq!(json["runs"], 10);
    let codes: Vec<&str> = json["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["mixed_schema_versions", "mixed_prompt_versions"]);
}

#[test]
fn what_is_not_expected_is_told() {
    let sandbox = sandbox();
    let count = |expect: &str| {
        let json = sandbox
            .run(["audit", "--job", "rate-limit-proposal", "--json", "--expect", expect])
            .exits(0)
            .json();
        json["warnings"].as_array().unwrap().len()
    };
    assert_eq!(count("schema=1.1.0,schema=1.0.0,schema=unknown"), 0);
    assert_eq!(count("schema=1.1.0,schema=1.0.0"), 1);
    assert_eq!(count("schema=9.9.9"), 3);
    assert_eq!(count("prompt=none"), 2);
    sandbox.run(["audit", "--expect", "manifest=1"]).exits(2);
    sandbox.run(["audit", "--job", "nobody"]).exits(4);
    Sandbox::new().run(["audit"]).exits(4);
    sandbox.write("artifacts/mixed/run-2/manifest.json", "{");
    let outcome = sandbox.run(["audit", "--strict"]).exits(6);
    assert!(outcome.stdout.contains("run-2"), "{outcome}");
}
