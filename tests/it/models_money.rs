//! Budgets: money is never forgotten and never overspent.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::models::{command, events, run, sandbox};
use crate::stub::{Reply, Seen, Stub, good, proposal, review};
use crate::support::{Outcome, PROGRAM, Sandbox, has};

/// What all attempts of the only run spent: settled, or reserved and never settled.
fn spent(sandbox: &Sandbox, attempts: u32, what: &str) -> u64 {
    let mut total = 0;
    for attempt in 1..=attempts {
        let mut open = std::collections::BTreeMap::new();
        for event in events(sandbox, attempt) {
            let key = (event["step"].to_string(), event["call"].to_string());
            match event["event"].as_str().unwrap() {
                "call_reserved" => drop(open.insert(key, event["reserved"][what].as_u64().unwrap())),
                "call_settled" => {
                    open.remove(&key).expect("what is settled was reserved");
                    total += event["spent"][what].as_u64().unwrap();
                }
                _ => {}
            }
        }
        total += open.values().sum::<u64>();
    }
    total
}

#[test]
fn a_budget_stops_the_run_before_the_request_that_does_not_fit() {
    let stub = Stub::good();
    let sandbox = sandbox("[limits]\nbudget_tokens = 19000\n");
    let outcome = run(&sandbox, &stub, &["--json"]).exits(3);
    let error = &outcome.json()["error"];
    assert_eq!(error["code"], "budget", "{outcome}");
    assert!(
        error["message"].as_str().unwrap().starts_with("stopped: `budget_tokens` is 19000: "),
        "{outcome}"
    );
    assert_eq!(error["partial"]["status"], "stopped");
    assert_eq!(error["partial"]["decision"], Value::Null);
    let asked = stub.seen().len();
    assert!((2..6).contains(&asked), "{asked}");
    assert!(spent(&sandbox, 1, "tokens") <= 19000);
    // The same again is stopped before anything is asked.
    run(&sandbox, &stub, &[]).exits(3);
    assert!(stub.seen().len() <= asked + 1);
    // Under a larger one it goes on, in the same run.
    sandbox.write("policy.toml", "[limits]\nbudget_tokens = 60000\n");
    sandbox.run(["policy", "apply", "-f", "policy.toml"]).exits(0);
    run(&sandbox, &stub, &[]).exits(0);
    assert_eq!(stub.seen().len(), 6);
    assert_eq!(spent(&sandbox, 3, "tokens"), 6000);
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn reservations_that_do_not_fit_side_by_side_wait_for_one_another() {
    // Each review takes less than was reserved for it, so all of them fit, but never two at once.
    let stub = Stub::new(|seen, _| good(seen).after(Duration::from_millis(50)));
    let sandbox = sandbox("[limits]\nbudget_tokens = 26000\n");
    run(&sandbox, &stub, &[]).exits(0);
    assert_eq!((stub.seen().len(), spent(&sandbox, 1, "tokens")), (6, 6000));
}

#[test]
fn money_is_counted_by_the_policy_s_prices() {
    let prices =
        "[limits.prices.m]\ninput_usd_micros = 3000000\noutput_usd_micros = 15000000\nnature_cost = 2\n";
    let stub = Stub::good();
    let sandbox =
        sandbox(&format!("[limits]\nbudget_usd_micros = 1000000\nbudget_nature_cost = 1\n{prices}"));
    let outcome = run(&sandbox, &stub, &[]).exits(0);
    // 900 tokens in and 100 out at 3 and 15 dollars a million.
    assert_eq!(spent(&sandbox, 1, "usd_micros"), 6 * (2700 + 1500));
    assert_eq!(spent(&sandbox, 1, "nature_cost"), 6 * 2);
    // The energy figure warns, once, and never stops.
    assert_eq!(outcome.stderr.matches("four fifths of `budget_nature_cost`").count(), 1, "{outcome}");
    let dear = ["--job", "dear", "--budget-usd", "0.01"];
    let outcome = run(&sandbox, &stub, &dear).exits(3);
    assert!(outcome.stderr.contains("`budget_usd_micros` is 10000"), "{outcome}");
}

#[test]
fn what_flags_made_tighter_is_in_the_record() {
    let stub = Stub::good();
    let sandbox = sandbox("[limits]\nbudget_tokens = 1000000\n");
    run(&sandbox, &stub, &["--budget-tokens", "900000", "--offline"]).exits(0);
    let started = &events(&sandbox, 1)[0];
    assert_eq!(started["tightened"], json!({"allow_network": "false", "budget_tokens": "900000"}));
}

#[test]
fn no_price_is_ever_guessed() {
    let stub = Stub::good();
    let strict = sandbox("[limits]\nbudget_usd_micros = 1000000\n");
    let outcome = run(&strict, &stub, &["--json"]).exits(3);
    assert_eq!(outcome.json()["error"]["code"], "unknown_price", "{outcome}");
    assert!(stub.seen().is_empty());
    let lenient = sandbox("[limits]\nbudget_usd_micros = 1000000\non_unknown_price = \"warn\"\n");
    let outcome = run(&lenient, &stub, &[]).exits(0);
    assert_eq!(outcome.stderr.matches("what `m` costs is not known").count(), 1, "{outcome}");
}

fn without_usage(seen: &Seen, _: usize) -> Reply {
    let answer = if seen.who() == "expand" { proposal() } else { review(8500) };
    Reply::json(200, &json!({"choices": [{"message": {"content": answer.to_string()}}]}))
}

#[test]
fn an_answer_that_does_not_say_what_it_took_stops_or_counts_whole() {
    let strict = sandbox("[limits]\nbudget_tokens = 1000000\n");
    let stub = Stub::new(without_usage);
    let outcome = run(&strict, &stub, &["--json"]).exits(3);
    assert_eq!(outcome.json()["error"]["code"], "missing_usage", "{outcome}");
    assert_eq!(stub.seen().len(), 1);
    // The answer was paid for: it is used once the policy takes it.
    strict.write("policy.toml", "[limits]\nbudget_tokens = 1000000\non_missing_usage = \"estimate\"\n");
    strict.run(["policy", "apply", "-f", "policy.toml"]).exits(0);
    let outcome = run(&strict, &stub, &[]).exits(0);
    assert_eq!(outcome.stderr.matches("does not say what its answers take").count(), 1, "{outcome}");
    assert_eq!(stub.seen().len(), 6);
    assert!(spent(&strict, 2, "tokens") > 6 * 8192);
}

#[test]
fn what_was_reserved_when_the_process_died_is_spent() {
    // Killed at ever later moments, the run goes on each time; in the end everything that was ever asked is counted.
    let stub = Stub::new(|seen, _| good(seen).after(Duration::from_millis(20)));
    let sandbox = sandbox("[limits]\nbudget_tokens = 100000000\n");
    let args = ["run", "good.md", "--provider", "chat", "--model", "m"];
    for round in 0..12u64 {
        let mut child = command(&sandbox, &stub, &args).spawn().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(20 + 10 * round) {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().unwrap();
    }
    run(&sandbox, &stub, &[]).exits(0);
    let attempts =
        u32::try_from(sandbox.tree("artifacts").keys().filter(|path| path.ends_with("events.jsonl")).count())
            .unwrap();
    let asked = stub.seen().len() as u64;
    let counted = spent(&sandbox, attempts, "tokens");
    assert!(counted >= asked * 1000, "{asked} requests, {counted} tokens counted");
    sandbox.run(["verify", "--all"]).exits(0);
}

/// In the gate at every seventh call, with `CONSENSUS_LONG=1` at every one.
#[test]
fn stopped_at_any_call_that_writes_it_forgets_no_money_and_goes_on() {
    if !has("strace") {
        return;
    }
    let pace = if std::env::var_os("CONSENSUS_LONG").is_some() { 1 } else { 7 };
    for (call, what, status) in [
        ("fdatasync", "signal=SIGKILL", None),
        ("renameat", "signal=SIGKILL", None),
        ("write", "error=ENOSPC", Some(8)),
        ("fsync", "error=EIO", Some(8)),
    ] {
        for n in (1..).step_by(pace) {
            let (sandbox, stub) = (Sandbox::new(), Stub::good());
            sandbox.write("good.md", crate::support::good());
            let traced = ["-f", "-qqq", "-o", "/dev/null", "-e"];
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}:when={n}"));
            let run = ["run", "good.md", "--provider", "chat", "--model", "m"];
            let mut strace = std::process::Command::new("strace");
            strace.args(traced).args([&trace, "-e", &inject, PROGRAM]).args(run);
            sandbox.clear(&mut strace);
            let outcome = Outcome::from(strace.env("OPENAI_BASE_URL", stub.url()));
            if outcome.status == Some(0) {
                assert!(n > 1, "{call} is never called");
                break;
            }
            // strace passes a kill on as its own end.
            assert!(status.is_none() || outcome.status == status, "{call} {what} {n}: {outcome}");
            if sandbox.at("artifacts/.consensus").is_dir() {
                sandbox.run(["verify", "--all"]).exits(0);
            }
            let before = stub.seen().len();
            let again = Outcome::from(&mut command(&sandbox, &stub, &run));
            assert_eq!(again.status, Some(0), "{call} {what} {n}: {again}");
            sandbox.run(["verify", "--all"]).exits(0);
            let attempts =
                sandbox.tree("artifacts").keys().filter(|path| path.ends_with("events.jsonl")).count();
            let asked = stub.seen().len();
            let counted = spent(&sandbox, u32::try_from(attempts).unwrap(), "tokens");
            assert!(counted >= asked as u64 * 1000, "{call} {what} {n}: {asked} requests, {counted} tokens");
            // What was answered and stored is not asked for again: at most what was under way is.
            assert!(asked - before <= 6 && asked <= 11, "{call} {what} {n}: {before}, then {asked}");
        }
    }
}

/// Whoever chains a log anew can say anything in it, but not what the exchanges do not say.
#[test]
fn a_log_that_counts_less_than_the_exchanges_is_found() {
    use consensus::domain::event::{Event, Head, Log};
    let (sandbox, stub) = (sandbox("[limits]\nbudget_tokens = 1000000\n"), Stub::good());
    run(&sandbox, &stub, &[]).exits(0);
    let path = format!("{}/attempts/0001/events.jsonl", sandbox.only_run());
    let (mut head, mut text) = (Head::default(), Vec::new());
    for entry in Log::read(sandbox.read(&path).as_bytes()).unwrap().entries {
        let mut event = entry.event;
        if let Event::CallSettled { spent, .. } = &mut event {
            spent.tokens = 0;
        }
        let (line, next) = head.next(entry.at, event);
        text.extend(line);
        text.push(b'\n');
        head = next;
    }
    sandbox.write(&path, text);
    let outcome = sandbox.run(["verify", "--all"]).exits(1);
    assert!(outcome.stdout.contains("it took 1000 tokens, and the log counts 0"), "{outcome}");
}
