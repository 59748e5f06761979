//! Every way in which a model's server fails: what the user is told, what is kept, how often it was asked and when.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::models::{KEY, QUICK, command, events, exchange, no_key, run, sandbox};
use crate::stub::{Reply, Seen, Stub, good, proposal, review, says};
use crate::support::{Outcome, Sandbox};

/// A server that answers well but for the critic.
fn critic(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Stub {
    Stub::new(move |seen, before| if seen.who() == "critic" { script(seen, before) } else { good(seen) })
}

/// The critic's review fails with `code`, after so many requests; all else is kept, nothing leaks, and once the
/// server answers, only the critic is asked again.
#[track_caller]
fn fails(
    code: &str,
    words: &str,
    requests: usize,
    script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
) {
    let stub = critic(script);
    let sandbox = sandbox(QUICK);
    let outcome = run(&sandbox, &stub, &["--json"]).exits(7);
    let error = &outcome.json()["error"];
    assert_eq!(error["code"], code, "{outcome}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("step `review_critic` failed: ") && message.contains(words), "{message}");
    assert!(!error["hint"].as_str().unwrap().is_empty());
    assert_eq!(error["partial"]["reviews"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&error["partial"]["status"], &error["partial"]["error"]["code"]),
        (&json!("failed"), &json!(code))
    );
    assert_eq!(stub.seen_of("critic").len(), requests, "{outcome}");
    assert_eq!(stub.seen().len(), 5 + requests);
    let failed = events(&sandbox, 1).into_iter().find(|event| event["event"] == "step_failed").unwrap();
    assert_eq!((&failed["step"], &failed["code"]), (&json!("review_critic"), &json!(code)));
    let last = exchange(&sandbox, 1, &format!("review_critic-{requests}"));
    let is_answered = code == "invalid_answer";
    assert_eq!(last["outcome"], if is_answered { "ok" } else { code }, "{last}");
    no_key(&sandbox, &outcome);
    sandbox.run(["verify", "--all"]).exits(0);
    let well = Stub::good();
    let outcome = run(&sandbox, &well, &["--json"]).exits(0);
    assert_eq!(outcome.json()["decision"]["decision"], "approve");
    let asked: Vec<&str> = well.seen().iter().map(Seen::who).collect();
    assert_eq!(asked, ["critic"]);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn what_no_waiting_mends_is_asked_once() {
    let incorrect = format!("Incorrect API key provided: {KEY}");
    fails("auth", "status 401: Incorrect API key provided: [key removed]", 1, move |_, _| {
        Reply::error(401, &incorrect)
    });
    fails("auth", "status 403", 1, |_, _| Reply::error(403, "no"));
    fails("bad_request", "status 404: model `m` not found", 1, |_, _| {
        Reply::json(404, &json!({"error": "model `m` not found"}))
    });
    fails("bad_request", "status 422", 1, |_, _| Reply::json(422, &json!({"detail": "unprocessable"})));
    fails("bad_request", "it redirects to https://example.org/, which is not followed", 1, |_, _| {
        Reply::raw(307, "").header("location", "https://example.org/")
    });
    let quota =
        json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}});
    fails("quota", "exceeded your current quota", 1, move |_, _| Reply::json(429, &quota));
    let long = json!({"error": {"code": 400, "type": "exceed_context_size_error", "message": "the request exceeds the available context size"}});
    fails("context_too_long", "exceeds the available context", 1, move |_, _| Reply::json(400, &long));
    fails("server", "status 500: no", 1, |_, _| Reply::error(500, "no").header("x-should-retry", "false"));
}

#[test]
fn what_waiting_may_mend_is_asked_as_often_as_the_policy_says() {
    fails("rate_limited", "status 429: slow down", 4, |_, _| {
        Reply::error(429, "slow down").header("retry-after-ms", "1")
    });
    fails("server", "status 503", 4, |_, _| {
        Reply::raw(503, "<html>Bad gateway</html>").header("retry-after", "0")
    });
    fails("server", "status 529: Overloaded", 4, |_, _| {
        Reply::error(529, "Overloaded").header("retry-after-ms", "1")
    });
    fails("timeout", "status 408", 4, |_, _| Reply::error(408, "slow").header("retry-after-ms", "1"));
    fails("bad_request", "status 400: again", 4, |_, _| {
        Reply::error(400, "again").header("x-should-retry", "true").header("retry-after-ms", "1")
    });
    fails("connection", "the connection to `http://127.0.0.1:", 4, |_, _| Reply {
        silent: true,
        ..Reply::raw(200, "")
    });
    fails("connection", "the connection to `http://127.0.0.1:", 4, |seen, _| Reply {
        cut: Some(40),
        ..good(seen)
    });
}

#[test]
fn what_is_no_answer_at_all_is_not_asked_for_again() {
    fails("server", "no JSON", 1, |_, _| {
        Reply::raw(200, "<html>Please log in</html>").header("content-type", "text/html")
    });
    fails("server", "no UTF-8 text", 1, |_, _| Reply::raw(200, b"{\"choices\":[\"\xff\xfe\"]}".to_vec()));
    fails("server", "more than 8388608 bytes", 1, |_, _| Reply::raw(200, vec![b' '; 9 << 20]));
    fails("server", "no JSON", 1, |_, _| Reply::raw(200, ""));
    fails("server", "no JSON", 1, |_, _| Reply::raw(200, "[".repeat(100_000)));
}

fn chat(finish_reason: &str, message: &Value) -> Reply {
    Reply::json(200, &json!({"choices": [{"index": 0, "finish_reason": finish_reason, "message": message}]}))
}

#[test]
fn refusals_and_cut_answers_are_told_apart() {
    fails("refused", "the model will not answer: I cannot", 1, |_, _| {
        chat("stop", &json!({"role": "assistant", "content": null, "refusal": "I cannot"}))
    });
    fails("refused", "a content filter stopped it", 1, |_, _| {
        chat("content_filter", &json!({"content": ""}))
    });
    fails("truncated", "the cap on its tokens", 1, |_, _| {
        chat("length", &json!({"content": "{\"analysis\":\"a"}))
    });
}

#[test]
fn the_other_apis_tell_them_apart_too() {
    let openai = |body: Value| move |_: &Seen, _: usize| Reply::json(200, &body);
    let cases = [
        (
            "openai",
            "refused",
            json!({"status": "completed", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]}),
        ),
        (
            "openai",
            "refused",
            json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}),
        ),
        ("openai", "truncated", json!({"status": "incomplete", "output": []})),
        (
            "openai",
            "server",
            json!({"status": "failed", "error": {"code": "server_error", "message": "oops"}, "output": []}),
        ),
        ("anthropic", "refused", json!({"stop_reason": "refusal", "content": []})),
        (
            "anthropic",
            "truncated",
            json!({"stop_reason": "max_tokens", "content": [{"type": "text", "text": "{"}]}),
        ),
        (
            "anthropic",
            "context_too_long",
            json!({"stop_reason": "model_context_window_exceeded", "content": []}),
        ),
        ("chat", "server", json!({"error": {"message": "the model crashed"}})),
    ];
    for (provider, code, body) in cases {
        let stub = critic(openai(body));
        let outcome = run(&sandbox(QUICK), &stub, &["--provider", provider, "--json"]).exits(7);
        assert_eq!(outcome.json()["error"]["code"], code, "{provider}: {outcome}");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_asked_for_again_with_what_is_wrong() {
    let mut high = review(8000);
    high["score"] = json!(12000);
    let odd = review(8000).to_string().replace("8000", "4829.3E5578637919142219");
    let twice = review(8000).to_string().replacen('{', "{\"score\":1,", 1);
    let mut blank = review(8000);
    blank["strengths"] = json!([""]);
    for (answer, problem) in [
        (high.to_string(), "field `score`: 12000 is not a whole number from 0 to 10000"),
        (odd, "score"),
        (twice, "score"),
        (blank.to_string(), "field `strengths[0]`: must not be blank"),
        ("Sure! Here is my review.".to_owned(), "not JSON"),
        (String::new(), "the text ends too early"),
        ("{}".to_owned(), "missing field `analysis`"),
    ] {
        let sent = answer.clone();
        let stub = critic(move |seen, before| if before == 0 { says(seen, &sent) } else { good(seen) });
        let sandbox = sandbox(QUICK);
        run(&sandbox, &stub, &[]).exits(0);
        let asked = stub.seen_of("critic");
        assert_eq!(asked.len(), 2);
        let turns = asked[1].body["messages"].as_array().unwrap();
        assert_eq!((turns.len(), turns[2]["content"].as_str().unwrap()), (4, answer.as_str()));
        assert!(asked[1].last_turn().contains(problem), "{}", asked[1].last_turn());
        assert_eq!(asked[0].body["messages"].as_array().unwrap().len(), 2);
    }
    fails("invalid_answer", "asked 3 times, its last answer does not fit", 3, |seen, _| says(seen, "no"));
}

#[test]
fn retries_and_repairs_do_not_multiply() {
    // Fails, does not fit, fails, does not fit, fails, does not fit.
    let stub = critic(|seen, before| {
        if before % 2 == 0 { Reply::error(500, "no").header("retry-after-ms", "1") } else { says(seen, "no") }
    });
    let outcome = run(&sandbox(QUICK), &stub, &["--json"]).exits(7);
    assert_eq!(outcome.json()["error"]["code"], "invalid_answer");
    assert_eq!(stub.seen_of("critic").len(), 6);
}

#[test]
fn waits_grow_as_the_policy_says_and_the_server_is_obeyed() {
    let gaps = |stub: &Stub| {
        let seen = stub.seen_of("critic");
        seen.windows(2).map(|pair| pair[1].at - pair[0].at).collect::<Vec<Duration>>()
    };
    let stub = critic(|_, _| Reply::error(500, "no"));
    run(&sandbox(QUICK), &stub, &[]).exits(7);
    for (gap, least) in gaps(&stub).into_iter().zip([75, 150, 300]) {
        assert!(gap >= Duration::from_millis(least), "{gap:?} {least}");
    }
    let stub = critic(|seen, before| match before {
        0 => Reply::error(429, "later").header("retry-after-ms", "400"),
        1 => Reply::error(503, "later").header("retry-after", "1"),
        // Longer than anybody waits: the policy's own wait is taken.
        2 => Reply::error(503, "later").header("retry-after", "3600"),
        _ => good(seen),
    });
    run(&sandbox(QUICK), &stub, &[]).exits(0);
    for (gap, least) in gaps(&stub).into_iter().zip([400, 1000, 300]) {
        assert!(gap >= Duration::from_millis(least), "{gap:?} {least}");
    }
}

#[test]
fn a_parameter_that_a_server_refuses_is_left_out_once_and_for_all_steps() {
    let stub = Stub::new(|seen, _| {
        let has = |name: &str| seen.body.get(name).is_some();
        match () {
            () if has("max_tokens") => Reply::error(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            ),
            () if has("temperature") => {
                Reply::error(400, "Unsupported value: 'temperature' does not support 0.2 with this model.")
            }
            () if has("response_format") => Reply::error(400, "This response_format type is unavailable now"),
            () => good(seen),
        }
    });
    let sandbox = sandbox(QUICK);
    let outcome = run(&sandbox, &stub, &[]).exits(0);
    assert_eq!((stub.seen_of("expand").len(), stub.seen().len()), (4, 9));
    assert!(outcome.stderr.contains("warning: `m` does not take a temperature"), "{outcome}");
    let warned = events(&sandbox, 1).into_iter().filter(|event| event["event"] == "warning").count();
    assert_eq!(warned, 3);
    // What was configured stands in the run's inputs, what was sent in the exchange.
    let kept = exchange(&sandbox, 1, "review_critic-1");
    assert!(!kept["request"]["body"].as_str().unwrap().contains("temperature"));
    assert!(
        sandbox.read(&format!("{}/inputs/model.json", sandbox.only_run())).contains("\"temperature\": 0.2")
    );
}

#[test]
fn what_gateways_leave_out_is_not_made_up() {
    let bare = |seen: &Seen, _: usize| {
        let answer = if seen.who() == "expand" { proposal() } else { review(8500) };
        Reply::json(200, &json!({"choices": [{"message": {"content": answer.to_string()}}]}))
    };
    let (sandbox, stub) = (sandbox(QUICK), Stub::new(bare));
    run(&sandbox, &stub, &[]).exits(0);
    let settled = events(&sandbox, 1).into_iter().find(|event| event["event"] == "call_settled").unwrap();
    assert_eq!(
        (&settled["usage"], &settled["answered_by"], &settled["request_id"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    // What it took is not known, so all that it could take counts.
    assert!(settled["spent"]["tokens"].as_u64().unwrap() > 8192);
}

#[test]
fn a_smaller_quorum_goes_on_without_who_failed() {
    let stub = critic(|_, _| Reply::error(401, "no"));
    let sandbox = sandbox("[panel]\nquorum = 4\n");
    let outcome = run(&sandbox, &stub, &["--json"]).exits(0);
    let shown = outcome.json();
    assert_eq!(shown["decision"]["quorum"]["missing"], json!(["critic"]));
    let told =
        "warning: step `review_critic` failed: status 401: no; it was decided without, as the quorum allows";
    assert!(outcome.stderr.contains(told), "{outcome}");
    let steps = shown["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["name"] == "review_critic" && step["status"] == "failed"));
    assert!(sandbox.run(["verify", "--all"]).exits(0).stdout.contains("all hold"));
}

#[test]
fn several_failures_are_all_told() {
    let stub = Stub::new(|seen, _| match seen.who() {
        "critic" => Reply::error(401, "no"),
        "optimist" => Reply::error(404, "nothing"),
        _ => good(seen),
    });
    let outcome = run(&sandbox(QUICK), &stub, &[]).exits(7);
    insta::assert_snapshot!(outcome.stderr, @"
    error: step `review_critic` failed: status 401: no; step `review_optimist` failed: status 404: nothing
    kept: 4 of 7 steps: expand, review_architect, review_security_guardian, review_user_advocate
    hint: set another key and run it again: finished steps are not repeated
    ");
}

fn started(sandbox: &Sandbox, stub: &Stub, args: &[&str]) -> Child {
    let all: Vec<&str> =
        ["run", "good.md", "--provider", "chat", "--model", "m"].iter().chain(args).copied().collect();
    command(sandbox, stub, &all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many steps the log says are done: their outputs alone do not yet.
fn recorded(sandbox: &Sandbox) -> usize {
    let logs = sandbox.tree("artifacts").into_iter().filter(|(path, _)| path.ends_with("events.jsonl"));
    logs.map(|(_, bytes)| String::from_utf8_lossy(&bytes).matches("\"step_completed\"").count()).sum()
}

fn wait_for(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn ctrl_c_ends_waiting_at_once_and_the_run_goes_on_later() {
    let stub = critic(
        |seen, before| if before == 0 { good(seen).after(Duration::from_mins(1)) } else { good(seen) },
    );
    let sandbox = sandbox(QUICK);
    let child = started(&sandbox, &stub, &["--json"]);
    wait_for(|| recorded(&sandbox) == 5);
    let asked = Instant::now();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(20));
    assert_eq!(output.status.code(), Some(130));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["error"]["code"], "interrupted");
    assert_eq!(error["error"]["partial"]["status"], "stopped");
    assert_eq!(exchange(&sandbox, 1, "review_critic-1")["outcome"], "interrupted");
    sandbox.run(["verify", "--all"]).exits(0);
    run(&sandbox, &stub, &[]).exits(0);
    assert_eq!((stub.seen_of("critic").len(), stub.seen().len()), (2, 7));
}

#[test]
fn an_answer_that_was_paid_for_is_used_after_a_kill() {
    // The process is killed while the critic's second request is under way: the first, which did not fit, and all
    // others are paid for.
    let stub = critic(|seen, before| match before {
        0 => says(seen, "no"),
        1 => good(seen).after(Duration::from_mins(1)),
        _ => good(seen),
    });
    let sandbox = sandbox(QUICK);
    let mut child = started(&sandbox, &stub, &[]);
    wait_for(|| stub.seen_of("critic").len() == 2 && recorded(&sandbox) == 5);
    child.kill().unwrap();
    child.wait().unwrap();
    run(&sandbox, &stub, &[]).exits(0);
    // The repair is asked for again, the question before it is not.
    let asked = stub.seen_of("critic");
    assert_eq!((asked.len(), stub.seen().len()), (3, 8));
    assert_eq!(asked[2].text, asked[1].text);
    let replayed = events(&sandbox, 2).into_iter().filter(|event| event["event"] == "call_replayed").count();
    assert_eq!(replayed, 1);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn the_time_of_a_step_holds_while_it_waits() {
    // A body that never ends, one byte after the other.
    let slow = |seen: &Seen, _: usize| Reply { drip: Some((1, Duration::from_millis(500))), ..good(seen) };
    let stub = critic(slow);
    let sandbox = sandbox("[limits]\nstep_timeout_s = 10\n");
    let begun = Instant::now();
    let outcome = run(&sandbox, &stub, &["--json"]).exits(7);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(outcome.json()["error"]["code"], "timeout", "{outcome}");
    assert_eq!(stub.seen_of("critic").len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let sandbox = sandbox(QUICK);
    let args =
        ["run", "good.md", "--provider", "chat", "--model", "m", "--base-url", "http://127.0.0.1:9/v1"];
    let outcome: Outcome = sandbox.run(args).exits(7);
    assert!(
        outcome
            .stderr
            .contains("step `expand` failed: `http://127.0.0.1:9/v1` was not reached: Connection refused"),
        "{outcome}"
    );
    assert_eq!(events(&sandbox, 1).iter().filter(|event| event["event"] == "call_settled").count(), 4);
    let settled = events(&sandbox, 1).into_iter().find(|event| event["event"] == "call_settled").unwrap();
    assert_eq!(settled["spent"]["tokens"], 0);
}

#[test]
fn nothing_is_sent_where_it_must_not_be() {
    let sandbox = sandbox(QUICK);
    let refused = |args: &[&str], status: i32, code: &str, words: &str| {
        let all: Vec<&str> = ["run", "good.md", "--json"].iter().chain(args).copied().collect();
        let outcome = sandbox.run(all).exits(status);
        let error = &outcome.json()["error"];
        assert_eq!(error["code"], code, "{outcome}");
        assert!(error["message"].as_str().unwrap().contains(words), "{outcome}");
    };
    let openai = ["--provider", "openai", "--model", "m"];
    refused(&openai, 7, "missing_key", "OPENAI_API_KEY is not set");
    refused(&[&openai[..], &["--offline"]].concat(), 3, "network_denied", "--offline");
    refused(&["--provider", "chat"], 2, "no_model", "no model is named");
    refused(&["--model", "m"], 2, "usage", "no model is asked");
    refused(
        &["--provider", "chat", "--model", "m", "--base-url", "http://a:b@c/"],
        2,
        "connection",
        "--base-url",
    );
    refused(&["--provider", "chat", "--model", "m", "--budget-tokens", "x"], 2, "usage", "x");
    sandbox.write(
        "strict.toml",
        "[limits]\nallow_network = false\nallowed_models = [\"one\"]\nbudget_tokens = 5\n",
    );
    sandbox.run(["policy", "apply", "-f", "strict.toml", "--name", "strict"]).exits(0);
    let strict = |more: &[&'static str]| [&["--policy", "strict", "--provider", "openai"][..], more].concat();
    refused(&strict(&["--model", "one"]), 3, "network_denied", "the policy does not allow the network");
    refused(&strict(&["--model", "two"]), 3, "model_not_allowed", "the policy allows one");
    refused(
        &strict(&["--model", "one", "--budget-tokens", "6"]),
        2,
        "looser",
        "--budget-tokens allows more than the policy",
    );
    assert!(sandbox.runs().is_empty());
}

#[test]
fn keys_in_a_document_are_not_sent() {
    let sandbox = sandbox(QUICK);
    let stub = Stub::good();
    let secret = "AKIAIOSFODNN7ABCDEFG";
    let block = "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----";
    sandbox.write("secret.md", format!("# Idea\n\nThe key is {secret}.\n\n{block}\n"));
    let args = ["run", "secret.md", "--provider", "chat", "--model", "m"];
    let outcome = Outcome::from(&mut command(&sandbox, &stub, &args)).exits(3);
    assert!(outcome.stderr.contains("a key, a token or a password stands in lines 3, 5"), "{outcome}");
    assert!(stub.seen().is_empty() && sandbox.runs().is_empty());
    let allowed = [&args[..], &["--allow-secrets"]].concat();
    let outcome = Outcome::from(&mut command(&sandbox, &stub, &allowed)).exits(0);
    assert!(outcome.stderr.contains("models are sent the text without it"), "{outcome}");
    assert_eq!(stub.seen().len(), 6);
    for seen in stub.seen() {
        assert!(!seen.text.contains(secret) && !seen.text.contains("MIIEow"), "{}", seen.text);
    }
    assert!(
        events(&sandbox, 1).iter().any(|event| event["event"] == "warning" && event["code"] == "redacted")
    );
    // The built-in rules read it all, as before.
    sandbox.run(["run", "secret.md", "--job", "rules"]).exits(0);
}

#[test]
fn a_server_that_answers_one_after_the_other_is_asked_so() {
    let busy = std::sync::Mutex::new(());
    let stub = Stub::new(move |seen, _| {
        let Ok(_alone) = busy.try_lock() else { return Reply::error(400, "two at a time") };
        thread::sleep(Duration::from_millis(50));
        good(seen)
    });
    run(&sandbox(QUICK), &stub, &["--parallel", "1"]).exits(0);
    run(&sandbox(QUICK), &stub, &[]).exits(7);
}

#[test]
fn a_prompt_that_was_cut_is_told() {
    let stub = critic(|seen, _| {
        let mut reply: Value = serde_json::from_slice(&good(seen).body).unwrap();
        reply["usage"] = json!({"prompt_tokens": 100, "completion_tokens": 100});
        Reply::json(200, &reply)
    });
    let sandbox = sandbox(QUICK);
    let outcome = run(&sandbox, &stub, &[]).exits(0);
    assert_eq!(
        outcome.stderr.matches("review_critic: the server counts 100 tokens of a prompt of").count(),
        1,
        "{outcome}"
    );
    assert!(events(&sandbox, 1).iter().any(|event| event["code"] == "cut"));
}

#[test]
fn why_an_answer_did_not_fit_is_kept() {
    let stub =
        critic(|seen, before| if before == 0 { says(seen, "{\"concerns\":[\"x\"]}") } else { good(seen) });
    let sandbox = sandbox(QUICK);
    let outcome = run(&sandbox, &stub, &[]).exits(0);
    let told = "review_critic: an answer does not fit and is asked for again: ";
    assert!(outcome.stderr.contains(told) && !outcome.stderr.contains("struct"), "{outcome}");
    assert!(events(&sandbox, 1).iter().any(|event| event["code"] == "does_not_fit"));
}

#[test]
fn a_recording_does_not_lie_in_a_store() {
    let (sandbox, stub) = (sandbox(QUICK), Stub::good());
    run(&sandbox, &stub, &[]).exits(0);
    for place in
        [sandbox.only_run(), "artifacts/new/tape".to_owned(), "artifacts/.consensus/policies".to_owned()]
    {
        let outcome = run(&sandbox, &stub, &["--record", &place, "--no-wait"]).exits(2);
        assert!(outcome.stderr.contains("a recording does not lie in a store"), "{outcome}");
    }
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn an_answer_that_nobody_would_read_is_asked_for_again() {
    let stub = critic(|seen, before| {
        let mut answer = review(8000);
        if before == 0 {
            answer["concerns"] = json!([{"text": "x", "quotes": vec!["a"; 100_000]}]);
        }
        says(seen, &answer.to_string())
    });
    run(&sandbox(QUICK), &stub, &[]).exits(0);
    assert!(
        stub.seen_of("critic")[1].last_turn().contains("a list has 100000 items, and at most 100 are read")
    );
}
