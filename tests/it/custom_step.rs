//! The step of docs/migrations.md, in a registry of its own.

use consensus::domain::json::Value;
use consensus::domain::migration::{Outcome, Registry, Stamp, Step, migrate};
use semver::Version;

#[test]
fn the_step_in_the_documentation_works() {
    let step = Step {
        from: Version::new(1, 4, 0),
        to: Version::new(1, 5, 0),
        changes: &["retention: how long the run is kept (null: not recorded)"],
        adds: &["retention"],
        apply: |mut document| {
            if document.get("retention").is_none() {
                document.set("retention", &Value::Null);
            }
            document
        },
    };
    let mut steps = Registry::built_in().steps().to_vec();
    steps.push(step);
    let registry = Registry::new(steps);
    let text = "{\n  \"schema_version\": \"1.0.0\",\n  \"job_id\": \"j\",\n  \"run_id\": \"r\",\n  \"status\": \"x\"\n}\n";
    let stamp = Stamp {
        applied_at: "2026-01-02T03:04:05.000Z",
        tool_version: "0.1.0",
        backup: "manifest.json.backup",
    };
    let outcome = migrate(&registry, text.as_bytes(), &Version::new(1, 5, 0), None, &stamp).unwrap();
    let Outcome::Rewritten(rewritten) = outcome else { panic!("{outcome:?}") };
    let versions: Vec<String> = rewritten.path.iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["1.0.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"]);
    assert!(String::from_utf8(rewritten.bytes).unwrap().contains("\n  \"retention\": null,\n"));
}
