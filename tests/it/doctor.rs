//! `doctor`: what is configured, and what a server is really like.

use serde_json::{Value, json};

use crate::models::{KEY, QUICK, command, no_key, sandbox};
use crate::stub::{Reply, Seen, Stub, says};
use crate::support::{Outcome, Sandbox};

fn doctor(sandbox: &Sandbox, stub: &Stub, args: &[&str]) -> Outcome {
    let all = [&["doctor", "--provider", "chat", "--model", "m"], args].concat();
    Outcome::from(&mut command(sandbox, stub, &all))
}

/// How each check came out, by its name.
fn outcome_of(outcome: &Outcome, check: &str) -> (String, String) {
    let json = outcome.json();
    let found = json["checks"].as_array().unwrap().iter().rfind(|found| found["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check}: {json}"));
    (found["outcome"].as_str().unwrap().to_owned(), found["detail"].as_str().unwrap().to_owned())
}

/// A model that counts words as tokens, reads at most `context` of them, and keeps to a schema or not.
fn model(
    context: usize,
    keeps: bool,
    refuses: bool,
) -> impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static {
    move |seen, _| {
        let words: Vec<&str> = seen.body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|message| message["content"].as_str().unwrap().split_whitespace())
            .collect();
        if refuses && words.len() > context {
            return Reply::json(
                400,
                &json!({"error": {"type": "exceed_context_size_error", "message": "too long"}}),
            );
        }
        let number = if words.contains(&"4711.") { 4711 } else { 7 };
        let text = if keeps { json!({"number": number}).to_string() } else { "hello".to_owned() };
        let mut reply: Value = serde_json::from_slice(&says(seen, &text).body).unwrap();
        reply["usage"] =
            json!({"prompt_tokens": words.len().min(context), "completion_tokens": 5, "total_tokens": 9});
        Reply::json(200, &reply)
    }
}

#[test]
fn what_is_configured_is_told_without_asking_anybody() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(["doctor"]).exits(0);
    insta::assert_snapshot!(outcome.stdout, @"
    -     store     artifacts  none yet; the first run makes it
    ok    rules     rules
    ok    policy    default    default@1
    -     provider  openai     https://api.openai.com/v1 (default): no key: OPENAI_API_KEY is not set
    ok    provider  chat       http://127.0.0.1:11434/v1 (default), no key
    -     provider  anthropic  https://api.anthropic.com (default): no key: ANTHROPIC_API_KEY is not set
    ");
    assert!(!sandbox.at("artifacts").exists());
    let stub = Stub::good();
    let outcome = doctor(&sandbox, &stub, &[]).exits(0);
    assert!(outcome.stdout.contains("key from CONSENSUS_API_KEY"), "{outcome}");
    assert!(stub.seen().is_empty());
    no_key(&sandbox, &outcome);
}

#[test]
fn what_stands_in_the_way_is_a_failure_once_somebody_asks_for_it() {
    let sandbox = sandbox(QUICK);
    let outcome = sandbox.run(["doctor", "--provider", "openai", "--model", "m", "--json"]).exits(1);
    assert_eq!(outcome_of(&outcome, "model").0, "fail", "{outcome}");
    assert!(outcome_of(&outcome, "model").1.contains("OPENAI_API_KEY"), "{outcome}");
    let outcome =
        sandbox.run(["doctor", "--provider", "openai", "--model", "m", "--offline", "--json"]).exits(1);
    assert!(outcome_of(&outcome, "model").1.contains("--offline"), "{outcome}");
    let outcome = sandbox.run(["doctor", "--provider", "chat", "--json"]).exits(1);
    assert!(outcome_of(&outcome, "asking").1.contains("no model is named"), "{outcome}");
    let outcome = sandbox.run(["doctor", "--policy", "nobody", "--json"]).exits(1);
    assert_eq!(outcome_of(&outcome, "policy").0, "fail", "{outcome}");
}

#[test]
fn a_good_server_is_told_so() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(model(100_000, true, false)));
    let outcome = doctor(&sandbox, &stub, &["--deep", "--json"]).exits(0);
    for check in ["model", "schema", "usage", "context"] {
        assert_eq!(outcome_of(&outcome, check).0, "pass", "{check}: {outcome}");
    }
    assert!(outcome_of(&outcome, "model").1.contains("it answered by `m-2026`"), "{outcome}");
    no_key(&sandbox, &outcome);
    let asked = stub.seen().len();
    doctor(&sandbox, &stub, &["--deep", "--context", "0"]).exits(0);
    assert_eq!(stub.seen().len(), asked + 1);
}

#[test]
fn a_server_that_pretends_is_seen_through() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(model(100_000, false, false)));
    let outcome = doctor(&sandbox, &stub, &["--deep", "--json"]).exits(0);
    assert!(outcome_of(&outcome, "schema").1.contains("only pretends"), "{outcome}");
}

#[test]
fn a_context_that_is_cut_or_refused_is_measured() {
    let sandbox = sandbox(QUICK);
    let outcome = doctor(&sandbox, &Stub::new(model(4096, true, false)), &["--deep", "--json"]).exits(1);
    let (result, detail) = outcome_of(&outcome, "context");
    assert_eq!(result, "fail");
    assert_eq!(detail, "it reads about 4096 tokens and cuts what is longer without a word");
    let outcome = doctor(&sandbox, &Stub::new(model(3000, true, true)), &["--deep", "--json"]).exits(1);
    let (_, detail) = outcome_of(&outcome, "context");
    assert!(
        detail.starts_with("it reads 2") && detail.ends_with("refuses twice as many: status 400: too long"),
        "{detail}"
    );
    let forgetful = |seen: &Seen, before: usize| {
        let number = if before < 3 { 4711 } else { 1 };
        Reply::json(
            200,
            &json!({"choices": [{"message": {"content": json!({"number": number}).to_string()}}],
            "id": seen.path}),
        )
    };
    let outcome = doctor(&sandbox, &Stub::new(forgetful), &["--deep", "--json"]).exits(1);
    assert!(outcome_of(&outcome, "context").1.contains("cuts what is longer"), "{outcome}");
    assert!(outcome_of(&outcome, "usage").1.contains("does not say"), "{outcome}");
}

#[test]
fn a_server_that_does_not_answer_is_told_why() {
    let sandbox = sandbox(QUICK);
    let echo = format!("Incorrect API key provided: {KEY}");
    let outcome =
        doctor(&sandbox, &Stub::new(move |_, _| Reply::error(401, &echo)), &["--deep", "--json"]).exits(1);
    assert!(outcome_of(&outcome, "model").1.starts_with("auth: status 401"), "{outcome}");
    no_key(&sandbox, &outcome);
    let args = [
        "doctor",
        "--deep",
        "--provider",
        "chat",
        "--model",
        "m",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--json",
    ];
    let outcome = sandbox.run(args).exits(1);
    assert!(
        outcome_of(&outcome, "model").1.starts_with("connection: `http://127.0.0.1:9/v1` was not reached"),
        "{outcome}"
    );
}
