//! `verify` finds whatever is not as it was recorded, and changes nothing.

use consensus::domain::digest::Digest;

use crate::support::{Outcome, Sandbox, has};

/// Changes the store with a shell command run in the run's directory, then verifies it.
fn after(script: &str) -> (Sandbox, Outcome) {
    let sandbox = Sandbox::reviewed();
    sandbox.shell(&format!("cd {} && {script}", sandbox.only_run())).exits(0);
    let before = sandbox.tree("artifacts");
    let outcome = sandbox.run(["verify", "good@latest"]);
    assert!(sandbox.tree("artifacts") == before, "verify changed something");
    (sandbox, outcome)
}

#[test]
fn a_sound_run_holds_and_every_check_is_listed() {
    let sandbox = Sandbox::reviewed();
    let json = sandbox.run(["verify", "good@latest", "--json"]).exits(0).json();
    assert_eq!(json["holds"], true);
    let checks = json["verified"][0]["checks"].as_array().unwrap();
    for name in ["manifest", "names", "inputs", "identity", "outputs", "decision", "events", "policy"] {
        assert!(checks.iter().any(|check| check["check"] == name && check["outcome"] == "pass"), "{name}");
    }
    assert!(!checks.iter().any(|check| check["outcome"] == "fail"));
}

#[test]
fn each_kind_of_damage_has_a_finding_of_its_own() {
    for (script, said) in [
        ("printf x >> inputs/idea.md", "inputs            inputs/idea.md: changed"),
        ("rm inputs/panel.json", "inputs            inputs/panel.json: missing"),
        ("touch inputs/extra", "inputs            inputs/extra: it does not belong there"),
        ("ln -s /etc/passwd inputs/link", "inputs            inputs/link: it does not belong there"),
        ("rm inputs/idea.md && mkfifo inputs/idea.md", "is a FIFO"),
        (
            "printf ' ' >> outputs/reviews/critic.json",
            "outputs           outputs/reviews/critic.json: changed",
        ),
        ("rm outputs/decision.json", "outputs           outputs/decision.json: missing"),
        ("touch outputs/extra.json", "outputs           outputs/extra.json: it does not belong there"),
        ("sed -i 's/\"inputs_hash\": \"sha256:../\"inputs_hash\": \"sha256:ff/' manifest.json", "identity"),
        ("sed -i '2d' attempts/0001/events.jsonl", "the chain is broken"),
        ("sed -i '$d' attempts/0001/events.jsonl", "no log does"),
        ("truncate -s -1 attempts/0001/events.jsonl", "events"),
        ("printf ' ' >> attempts/0001/policy.json", "it is not version 1 of policy `default`"),
        ("rm attempts/0001/policy.json", "policy            attempts/0001/policy.json"),
        ("rm -r attempts", "events            attempts/: missing"),
        ("mv attempts/0001 attempts/0002", "attempts/0001: 0002 is there without it"),
        ("mv $PWD ../0123", "the directory is `0123`"),
        ("rm manifest.json", "manifest.json"),
    ] {
        let (_, outcome) = after(script);
        assert_eq!(outcome.status, Some(1), "{script}\n{outcome}");
        assert!(outcome.stdout.contains(said), "{script}: {said}\n{outcome}");
    }
}

#[test]
fn a_decision_that_does_not_follow_from_the_reviews_is_found_even_with_hashes_made_good() {
    let sandbox = Sandbox::reviewed();
    let run = sandbox.only_run();
    let file = format!("{run}/outputs/decision.json");
    let old = sandbox.read(&file);
    let new = old.replacen("\"decision\": \"approve\"", "\"decision\": \"reject\"", 1);
    sandbox.write(&file, &new);
    let hash = |text: &str| Digest::of(text.as_bytes()).hex();
    let manifest = sandbox.read(&format!("{run}/manifest.json"));
    let manifest = manifest
        .replace(&hash(&old), &hash(&new))
        .replace(&format!("\"bytes\": {}", old.len()), &format!("\"bytes\": {}", new.len()));
    sandbox.write(&format!("{run}/manifest.json"), manifest);
    let outcome = sandbox.run(["verify", "good@latest"]).exits(1);
    assert!(
        outcome.stdout.contains("reject at") && outcome.stdout.contains("the reviews give approve"),
        "{outcome}"
    );
}

#[test]
fn a_flipped_bit_anywhere_in_the_record_is_found() {
    let parts = if std::env::var_os("CONSENSUS_LONG").is_some() { 256 } else { 4 };
    let sandbox = Sandbox::reviewed();
    for (path, bytes) in sandbox.tree("artifacts") {
        // The store's marker says nothing about what was recorded.
        if path == ".consensus/store.json" {
            continue;
        }
        let file = format!("artifacts/{path}");
        for part in 0..parts {
            let at = part * bytes.len() / parts;
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            sandbox.write(&file, &flipped);
            let outcome = sandbox.run(["verify", "--all"]);
            assert_eq!(outcome.status, Some(1), "{path} byte {at}\n{outcome}");
        }
        sandbox.write(&file, &bytes);
    }
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn a_remembered_head_is_found_until_what_it_stood_for_is_cut_off() {
    let sandbox = Sandbox::reviewed();
    let json = sandbox.run(["verify", "good@latest", "--json"]).exits(0).json();
    let head = json["verified"][0]["head"].as_str().unwrap().to_owned();
    sandbox.run(["verify", "good@latest", "--head", &head]).exits(0);
    let other = format!("sha256:{}", "0".repeat(64));
    let outcome = sandbox.run(["verify", "good@latest", "--head", &other]).exits(1);
    assert!(outcome.stdout.contains("was not found"), "{outcome}");
    let all = sandbox.run(["verify", "--all", "--json"]).exits(0).json();
    let policy = all["verified"][1]["head"].as_str().unwrap().to_owned();
    sandbox.run(["verify", "--all", "--head", &policy]).exits(0);
}

#[test]
fn all_runs_are_verified_whatever_is_wrong_with_one() {
    let sandbox = Sandbox::reviewed();
    sandbox.run(["run", "good.md", "--sample", "2"]).exits(0);
    sandbox.run(["run", "good.md", "--sample", "3"]).exits(0);
    for (run, damage) in sandbox.runs().iter().zip(["{", "[]"]) {
        sandbox.write(&format!("{run}/manifest.json"), damage);
    }
    let outcome = sandbox.run(["verify", "--all"]).exits(1);
    assert!(outcome.stdout.ends_with("3 hold, 2 failed\n"), "{outcome}");
    let json = sandbox.run(["verify", "--all", "--json"]).exits(1).json();
    assert_eq!((&json["count"], &json["failed"]), (&5.into(), &2.into()));
}

#[test]
fn a_migration_history_that_does_not_chain_is_found() {
    let sandbox = Sandbox::reviewed();
    let manifest = format!("{}/manifest.json", sandbox.only_run());
    let entry = r#""migration_history": [{"tool": {"name": "consensus"}, "checksum_before": "sha256:a", "checksum_after": "sha256:b"}]"#;
    let text = sandbox.read(&manifest).replace("\"migration_history\": []", entry);
    sandbox.write(&manifest, text);
    let outcome = sandbox.run(["verify", "good@latest"]).exits(1);
    assert!(outcome.stdout.contains("changed since the last migration"), "{outcome}");
}

#[test]
fn another_implementation_recomputes_every_id_and_hash() {
    if !has("python3") {
        return;
    }
    let sandbox = Sandbox::reviewed();
    sandbox.write("notes.md", "Kontext: Größe 数据 🙂\n");
    sandbox.run(["run", "good.md", "--context", "notes.md", "--sample", "7"]).exits(0);
    let script = format!("python3 {}/tests/recompute.py artifacts", crate::support::ROOT);
    let outcome = sandbox.shell(&script).exits(0);
    assert!(outcome.stdout.contains("2 runs"), "{outcome}");
    sandbox.shell(&format!("printf x >> {}/inputs/idea.md", sandbox.runs()[0])).exits(0);
    let _ = sandbox.shell(&script).exits(1);
}

#[test]
fn what_is_forged_without_its_hashes_is_found_and_not_built_upon() {
    let forge = r"python3 - <<'P'
import hashlib, json
b = open('manifest.json', 'rb').read(); d = json.loads(b)
d['job_type'] = 'forged'
d['migration_history'] = [{'tool': {'name': 'x'}, 'backup': {'sha256': 'sha256:' + hashlib.sha256(b).hexdigest()}}]
json.dump(d, open('manifest.json', 'w'))
P";
    for (script, said) in [
        (
            "sed -i 's/\"status\": \"completed\",$/\"status\": \"running\",/' manifest.json",
            "not the manifest",
        ),
        ("sed -i 's/\"status\": \"completed\",$/\"status\": \"failed\",/' manifest.json", "not the manifest"),
        ("sed -i 's/\"brief_hash\"/\"frief_hash\"/' manifest.json", "not the manifest"),
        (forge, "its first migration is none of this program"),
        ("cp -a attempts/0001 attempts/0002", "it does not follow the attempt before it"),
        ("sed -i 's/\"at\":\"2026/\"at\":\"x026/' attempts/0001/events.jsonl", "no time"),
    ] {
        let (sandbox, outcome) = after(script);
        let outcome = outcome.exits(1);
        assert!(outcome.stdout.contains(said), "{script}\n{outcome}");
        let status = sandbox.run(["run", "good.md"]).status;
        assert!(status == Some(6) || status == Some(0), "{script}");
        sandbox.run(["verify", "good@latest"]).exits(1);
    }
}

#[test]
fn attempts_in_another_order_are_found() {
    if !has("strace") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("good.md", crate::support::good());
    crate::crash::killed_at(&sandbox, "fdatasync", 1);
    sandbox.run(["run", "good.md"]).exits(0);
    let attempts = format!("{}/attempts", sandbox.only_run());
    sandbox.shell(&format!("cd {attempts} && mv 0001 x && mv 0002 0001 && mv x 0002")).exits(0);
    sandbox.run(["verify", "--all"]).exits(1);
}

#[test]
fn damage_to_an_unfinished_run_is_never_covered_up() {
    if !has("strace") {
        return;
    }
    for script in [
        "rm -r attempts",
        "mkdir attempts/0007 && cp attempts/0001/* attempts/0007/",
        ": > attempts/0001/events.jsonl",
        "echo x > inputs/extra",
        "echo x > outputs/foreign",
        "rm inputs/idea.md",
        "rm attempts/0001/policy.json",
        "sed -i 's/\"brief_hash\"/\"frief_hash\"/' manifest.json",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("good.md", crate::support::good());
        crate::crash::killed_at(&sandbox, "fdatasync", 1);
        sandbox.run(["verify", "--all"]).exits(0);
        sandbox.shell(&format!("cd {} && {script}", sandbox.only_run())).exits(0);
        sandbox.run(["verify", "--all"]).exits(1);
        let before = sandbox.tree("artifacts");
        sandbox.run(["run", "good.md"]).exits(6);
        assert!(sandbox.tree("artifacts") == before, "{script}");
    }
}

#[test]
fn the_stores_marker_and_what_stands_in_a_runs_place_are_verified() {
    for script in [
        "echo garbage > .consensus/store.json",
        "rm .consensus/store.json",
        "printf '{\"format\":1}' > .consensus/store.json",
        "mv good/* x && ln -s ../x good/0123456789abcdef0123456789abcdef",
        "rm -r good/*/manifest.json good/*/inputs good/*/attempts",
    ] {
        let sandbox = Sandbox::reviewed();
        sandbox.shell(&format!("cd artifacts && {script}")).exits(0);
        let outcome = sandbox.run(["verify", "--all"]);
        assert_eq!(outcome.status, Some(1), "{script}\n{outcome}");
    }
}

#[test]
fn where_files_cannot_be_opened_nothing_is_called_damaged() {
    if !has("prlimit") {
        return;
    }
    let sandbox = Sandbox::reviewed();
    for command in ["verify --all", "list", "audit", "index", "migrate --list-versions"] {
        let enough = sandbox.shell(&format!("prlimit --nofile=512 consensus {command}")).exits(0).stdout;
        for limit in 4..64 {
            let outcome = sandbox.shell(&format!("prlimit --nofile={limit} consensus {command}"));
            // Too few for the program to be loaded end it with 127.
            assert!(matches!(outcome.status, Some(0 | 8 | 127)), "{command} {limit}\n{outcome}");
            assert!(outcome.status != Some(0) || outcome.stdout == enough || command == "index", "{outcome}");
        }
    }
}
