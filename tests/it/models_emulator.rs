//! The same against somebody else's emulator of the servers (`@copilotkit/aimock` out of npm, which `.ci/run`
//! installs): it was not written to fit this program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::models::{KEY, events, no_key, sandbox};
use crate::stub::{proposal, review};
use crate::support::{Outcome, ROOT, Sandbox};

const PROVIDERS: [&str; 3] = ["openai", "chat", "anthropic"];

/// Where it is installed; says so where it is not.
fn installed() -> Option<PathBuf> {
    let program = Path::new(ROOT).join("target/emulator/node_modules/.bin/llmock");
    let found = program.is_file().then_some(program);
    if found.is_none() {
        eprintln!("skipped: the emulator is not installed; `.ci/run` installs it");
    }
    found
}

/// The emulator, running; it ends with the test.
struct Emulator {
    child: Child,
    url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Starts it with these fixtures, before those of a model that does as it is told.
    fn start(program: &Path, sandbox: &Sandbox, first: &[Value]) -> Self {
        let usage = json!({"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000});
        let well = |words: &str, answer: Value| json!({"match": {"userMessage": words}, "response": {"content": answer, "usage": usage}});
        let mut fixtures = first.to_vec();
        fixtures.push(well("Sort what this document says", proposal()));
        fixtures.push(well("Review the proposal as", review(8500)));
        sandbox.write("fixtures.json", json!({"fixtures": fixtures}).to_string());
        let mut child = Command::new(program)
            .args(["-p", "0", "-f", "fixtures.json", "--validate-on-load", "--strict"])
            .current_dir(sandbox.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
        // What it goes on to say must be read, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: listening.expect("it says where it listens") }
    }

    fn run(&self, sandbox: &Sandbox, provider: &str) -> Outcome {
        let args = ["run", "good.md", "--provider", provider, "--model", "m", "--json"];
        let mut command = sandbox.command(args);
        command.env("ANTHROPIC_API_KEY", KEY).env("OPENAI_API_KEY", KEY).env("ANTHROPIC_BASE_URL", &self.url);
        Outcome::from(command.env("OPENAI_BASE_URL", format!("{}/v1", self.url)))
    }
}

fn quick() -> Sandbox {
    sandbox("[limits]\ninitial_backoff_ms = 100\nmax_attempts = 3\n")
}

#[test]
fn a_run_is_completed_after_a_rate_limit() {
    let Some(program) = installed() else { return };
    for provider in PROVIDERS {
        let sandbox = quick();
        let slow = json!({"match": {"userMessage": "Review the proposal as Critic", "sequenceIndex": 0},
            "response": {"error": {"message": "Rate limited", "type": "rate_limit_error", "code": "rate_limit_exceeded"},
                         "status": 429, "retryAfter": 1}});
        let emulator = Emulator::start(&program, &sandbox, &[slow]);
        let outcome = emulator.run(&sandbox, provider).exits(0);
        assert_eq!(outcome.json()["decision"]["decision"], "approve", "{provider}");
        let settled: Vec<Value> =
            events(&sandbox, 1).into_iter().filter(|event| event["event"] == "call_settled").collect();
        let limited = settled.iter().filter(|event| event["outcome"] == "rate_limited").count();
        assert_eq!((settled.len(), limited), (7, 1), "{provider}");
        let answered = settled.iter().find(|event| event["outcome"] == "ok").unwrap();
        assert_eq!(answered["usage"], json!({"input_tokens": 900, "output_tokens": 100}), "{provider}");
        fs::remove_file(sandbox.at("fixtures.json")).unwrap();
        no_key(&sandbox, &outcome);
        sandbox.run(["verify", "--all"]).exits(0);
    }
}

#[test]
fn what_fails_is_told_and_the_rest_is_kept() {
    let Some(program) = installed() else { return };
    let critic = json!({"userMessage": "Review the proposal as Critic"});
    let content = review(8500);
    let cases = [
        (
            "connection",
            json!({"match": critic, "response": {"content": content}, "chaos": {"disconnectRate": 1}}),
        ),
        ("server", json!({"match": critic, "response": {"content": content}, "chaos": {"malformedRate": 1}})),
        (
            "server",
            json!({"match": critic, "response": {"error": {"message": "Overloaded", "type": "overloaded_error"}, "status": 529}}),
        ),
        (
            "auth",
            json!({"match": critic, "response": {"error": {"message": "Invalid key", "type": "authentication_error"}, "status": 401}}),
        ),
        (
            "truncated",
            json!({"match": critic, "response": {"content": "{\"analysis\":", "finishReason": "length"}}),
        ),
        (
            "invalid_answer",
            json!({"match": {"userMessage": "That answer cannot be used"}, "response": {"content": "no"}}),
        ),
    ];
    for provider in PROVIDERS {
        for (code, fixture) in &cases {
            let sandbox = quick();
            let mut first = vec![fixture.clone()];
            if *code == "invalid_answer" {
                first.push(json!({"match": critic, "response": {"content": "Sure, here it is."}}));
            }
            let emulator = Emulator::start(&program, &sandbox, &first);
            let outcome = emulator.run(&sandbox, provider).exits(7);
            let error = &outcome.json()["error"];
            assert_eq!(error["code"], *code, "{provider}: {outcome}");
            assert_eq!(error["partial"]["reviews"].as_array().unwrap().len(), 4, "{provider} {code}");
            sandbox.run(["verify", "--all"]).exits(0);
        }
    }
}
