//! `prompts`: what models are asked with.

use crate::models::{QUICK, run, sandbox};
use crate::stub::Stub;
use crate::support::Sandbox;

#[test]
fn sets_and_templates_are_shown() {
    let sandbox = Sandbox::new();
    let list = sandbox.run(["prompts", "list"]).exits(0);
    assert!(
        list.stdout.starts_with("1.0.0  sha256:") && list.stdout.contains("(what `run` takes)"),
        "{list}"
    );
    assert!(list.stdout.contains("\n  personas/critic.md\n"), "{list}");
    let short = sandbox.run(["prompts", "show", "personas/critic"]).exits(0);
    let long = sandbox.run(["prompts", "show", "personas/critic.md", "--set", "1.0.0"]).exits(0);
    assert!(short.stdout == long.stdout && short.stdout.contains("what breaks first"), "{short}");
    let json = sandbox.run(["prompts", "list", "--json"]).exits(0).json();
    assert_eq!(json["prompt_sets"][0]["is_default"], true);
    assert!(sandbox.run(["prompts", "show", "nobody"]).exits(4).stderr.contains("there are expand.md, "));
    assert!(
        sandbox
            .run(["prompts", "show", "review", "--set", "9.9.9"])
            .exits(2)
            .stderr
            .contains("there is `1.0.0`")
    );
}

#[test]
fn a_run_says_what_it_was_asked_with() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::good());
    run(&sandbox, &stub, &[]).exits(0);
    let same = sandbox.run(["prompts", "diff", "good@latest", "1.0.0"]).exits(0);
    assert_eq!(same.stdout, "Nothing differs.\n");
    sandbox.run(["run", "good.md", "--job", "rules"]).exits(0);
    let none = sandbox.run(["prompts", "diff", "rules@latest", "1.0.0", "--json"]).exits(1).json();
    assert_eq!(none["changes"].as_array().unwrap().len(), 10);
    assert_eq!(none["changes"][0]["change"], "added");
    sandbox.run(["prompts", "diff", "nothere", "1.0.0"]).exits(4);
}

#[test]
fn another_set_must_be_installed() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::good());
    let args = ["run", "good.md", "--provider", "chat", "--model", "m"];
    let mut command = crate::models::command(&sandbox, &stub, &args);
    let outcome = crate::support::Outcome::from(command.env("PERSONA_TEMPLATE_VERSION", "0.1.0")).exits(2);
    assert!(outcome.stderr.contains("no prompt set `0.1.0` is installed"), "{outcome}");
    let mut command = crate::models::command(&sandbox, &stub, &args);
    crate::support::Outcome::from(command.env("PERSONA_TEMPLATE_VERSION", "1.0.0")).exits(0);
}
