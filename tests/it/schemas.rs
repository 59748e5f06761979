//! The schemas in `schemas/` are those of the types, and what the program writes fits them.

use std::fs;
use std::path::Path;

use consensus::domain::schema;
use serde_json::Value;

use crate::support::{ROOT, Sandbox, fixture};

#[test]
fn the_schema_files_are_as_generated() {
    for (name, schema) in schema::all() {
        let path = Path::new(ROOT).join(format!("schemas/{name}.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "{}: UPDATE_SCHEMAS=1 writes it anew; a released version never changes",
            path.display()
        );
    }
}

#[test]
fn what_the_program_writes_fits_its_schema() {
    let sandbox = Sandbox::reviewed();
    sandbox.write("hazards.md", fixture("hazards.md"));
    sandbox.run(["run", "hazards.md"]).exits(0);
    for run in sandbox.runs() {
        let mut files = vec![("manifest-1.4.0", "manifest.json".to_owned())];
        files.push(("proposal-1.1.0", "outputs/proposal.json".to_owned()));
        files.push(("decision-1.1.0", "outputs/decision.json".to_owned()));
        files.push(("panel-1.1.0", "inputs/panel.json".to_owned()));
        let reviews = sandbox.tree(&format!("{run}/outputs/reviews")).into_keys();
        files.extend(reviews.map(|file| ("persona_review-1.1.0", format!("outputs/reviews/{file}"))));
        assert_eq!(files.len(), 9);
        for (name, file) in files {
            let schema = fs::read_to_string(Path::new(ROOT).join(format!("schemas/{name}.json"))).unwrap();
            let schema: Value = serde_json::from_str(&schema).unwrap();
            let value: Value = serde_json::from_str(&sandbox.read(&format!("{run}/{file}"))).unwrap();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{run}/{file}: {errors:?}");
        }
    }
}

#[test]
fn schemas_are_shown_and_files_checked_against_them() {
    let sandbox = Sandbox::reviewed();
    let run = sandbox.only_run();
    let list = sandbox.run(["schema", "list"]).exits(0).stdout;
    assert_eq!(list.lines().count(), schema::all().len());
    for name in list.lines() {
        let shown = sandbox.run(["schema", "show", name]).exits(0).json();
        let kept = fs::read_to_string(Path::new(ROOT).join(format!("schemas/{name}.json"))).unwrap();
        assert_eq!(shown, serde_json::from_str::<Value>(&kept).unwrap(), "{name}");
    }
    for (name, file) in [
        ("manifest", "manifest.json"),
        ("manifest-1.4.0", "manifest.json"),
        ("proposal", "outputs/proposal.json"),
        ("persona_review", "outputs/reviews/critic.json"),
        ("decision", "outputs/decision.json"),
        ("panel", "inputs/panel.json"),
    ] {
        let file = format!("{run}/{file}");
        let outcome = sandbox.run(["schema", "validate", name, &file]).exits(0);
        assert!(outcome.stdout.contains("it is a "), "{outcome}");
        // Each fits its own alone.
        let other = if name == "decision" { "proposal" } else { "decision" };
        sandbox.run(["schema", "validate", other, &file]).exits(1);
    }
    sandbox.run(["schema", "validate", "manifest-1.3.0", &format!("{run}/manifest.json")]).exits(1);
    sandbox.write("review.json", r#"{"persona_id": "critic", "persona_name": " "}"#);
    let wrong = sandbox.run(["schema", "validate", "persona_review", "review.json"]).exits(1);
    assert!(wrong.stdout.contains("field `persona_name`"), "{wrong}");
    let json = sandbox.shell("consensus schema validate panel - --json < review.json").exits(1).json();
    assert_eq!((&json["valid"], &json["schema"]), (&false.into(), &"panel-1.1.0".into()));
    sandbox.run(["schema", "show", "nope"]).exits(2);
    sandbox.run(["schema", "validate", "panel", "missing.json"]).exits(4);
    sandbox.run(["schema", "validate", "panel", "."]).exits(2);
}
