//! Policies: versions, refusals, what-if, and that no command changes what a run says about its policy.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::{Outcome, ROOT, Sandbox, good, has};

/// A policy that differs from the built-in one.
const STRICT: &str = "[panel.thresholds]\napprove = 0.97\nrevise = 0.9\nrerun = 0.95\n";
/// One persona that reads by two rules.
const OWN: &str = "[[panel.personas]]\nid = \"release_manager\"\nname = \"ReleaseManager\"\nweight = 1\n\
                   instructions = \"Whether it can go out, and back.\"\nrules = [\"rollback-missing\", \"testing-missing\"]\n";

fn reviewed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("strict.toml", STRICT);
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox
}

fn apply(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(["policy", "apply", "-f", "strict.toml"].iter().chain(args)).exits(0)
}

/// Everything but the policies.
fn runs(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let tree = sandbox.tree("artifacts").into_iter();
    tree.filter(|(path, _)| !path.starts_with(".consensus/policies")).collect()
}

#[test]
fn no_policy_command_changes_a_byte_of_a_run() {
    let sandbox = reviewed();
    let before = runs(&sandbox);
    for command in [
        "policy list",
        "policy show",
        "policy apply -f strict.toml --dry-run",
        "policy apply -f strict.toml -m stricter",
        "policy apply -f strict.toml --name strict",
        "policy log",
        "policy log --verify",
        "policy diff default@1 default@2",
        "policy rollback default --to 1",
        "policy which good@latest",
        "policy runs default@1",
        "policy template production",
        "policy check -f strict.toml --all",
        "policy check default@2 good@latest",
        "config show",
    ] {
        for json in ["", " --json"] {
            let outcome = sandbox.run(format!("{command}{json}").split(' '));
            assert!(matches!(outcome.status, Some(0 | 1)), "{command}\n{outcome}");
            if !json.is_empty() {
                assert_eq!(outcome.json()["format_version"], 1, "{command}\n{outcome}");
            }
            assert!(runs(&sandbox) == before, "{command} changed a run");
        }
    }
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn a_version_is_made_once_and_a_rollback_makes_another() {
    let sandbox = reviewed();
    let dry = apply(&sandbox, &["--dry-run"]);
    assert!(
        dry.stdout.contains("panel.thresholds.approve  0.8 → 0.97") && dry.stdout.contains("Dry run"),
        "{dry}"
    );
    let made = apply(&sandbox, &["-m", "after the incident", "--by", "ops", "--json"]).json();
    assert_eq!((&made["made"]["version"], &made["made"]["by"]), (&2.into(), &"ops".into()));
    assert_eq!(made["changes"][0]["field"], "panel.thresholds.approve");
    let again = apply(&sandbox, &[]);
    assert_eq!(again.stdout, "default@2 says the same already; no version was made\n");
    sandbox.run(["policy", "diff", "default@2", "default"]).exits(0);
    sandbox.run(["policy", "diff", "default@1", "default@2"]).exits(1);
    let back = sandbox.run(["policy", "rollback", "default", "--to", "1", "--json"]).exits(0).json();
    assert_eq!((&back["made"]["version"], &back["made"]["restores"]), (&3.into(), &1.into()));
    let log = sandbox.run(["policy", "log", "--json"]).exits(0).json();
    let versions: Vec<_> =
        log["versions"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(versions, [3, 2, 1]);
    assert_eq!(
        (&log["versions"][2]["runs"], &log["versions"][1]["note"]),
        (&1.into(), &"after the incident".into())
    );
    assert_eq!(log["versions"][0]["digest"], log["versions"][2]["digest"], "the body is that of version 1");
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn what_is_shown_can_be_edited_and_applied() {
    let sandbox = reviewed();
    let shown = sandbox.run(["policy", "show"]).exits(0).stdout;
    sandbox.write("same.toml", &shown);
    let same = sandbox.run(["policy", "apply", "-f", "same.toml"]).exits(0);
    assert!(same.stdout.contains("says the same already"), "{same}");
    sandbox.write("edited.toml", shown.replace("approve = 0.8", "approve = 0.85"));
    let changed = sandbox.shell("consensus policy apply -f - < edited.toml").exits(0);
    assert!(changed.stdout.contains("0.8 → 0.85"), "{changed}");
    let old = sandbox.run(["policy", "show", "default@1"]).exits(0);
    assert!(old.stdout.starts_with("# default@1, superseded; default@2 is the current version\n"), "{old}");
}

#[test]
fn a_run_keeps_the_version_that_it_was_made_under() {
    let sandbox = reviewed();
    apply(&sandbox, &["--by", "ops"]);
    let which = sandbox.run(["policy", "which", "good@latest"]).exits(0);
    assert!(which.stdout.contains("default@1") && which.stdout.contains("superseded"), "{which}");
    let again = sandbox.run(["run", "good.md", "--json"]).exits(0).json();
    assert_eq!(
        (&again["policy"]["version"], &again["replayed"]),
        (&2.into(), &false.into()),
        "another panel"
    );
    let first = sandbox.run(["run", "good.md", "--policy", "default@1", "--json"]).exits(0).json();
    assert_eq!((&first["policy"]["version"], &first["replayed"]), (&1.into(), &true.into()));
    let under = sandbox.run(["policy", "runs", "default@2", "--json"]).exits(0).json();
    assert_eq!((&under["total"], &under["runs"][0]["run_id"]), (&1.into(), &again["run_id"]));
    let newest = sandbox.run(["policy", "which", again["path"].as_str().unwrap()]).exits(0);
    assert!(newest.stdout.contains("still the current version"), "{newest}");
}

#[test]
fn equal_panels_under_two_names_are_one_run() {
    let sandbox = reviewed();
    sandbox.write("limits.toml", "[limits]\nbudget_tokens = 1000\n");
    sandbox.run(["policy", "apply", "-f", "limits.toml", "--name", "cheap"]).exits(0);
    let json = sandbox.run(["run", "good.md", "--policy", "cheap", "--json"]).exits(0).json();
    assert_eq!((&json["replayed"], &json["policy"]["name"]), (&true.into(), &"default".into()));
}

#[test]
fn a_panel_of_ones_own_decides() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("own.toml", OWN);
    sandbox.write("consensus.toml", "policy = \"own\"\n");
    sandbox.run(["policy", "apply", "-f", "own.toml", "--name", "own"]).exits(0);
    let json = sandbox.run(["run", "good.md", "--json"]).exits(0).json();
    assert_eq!(json["policy"]["name"], "own");
    let reviews = json["reviews"].as_array().unwrap();
    assert_eq!((reviews.len(), &reviews[0]["persona_id"]), (1, &"release_manager".into()));
    sandbox.run(["verify", "--all"]).exits(0);
    let settings = sandbox.run(["config", "show"]).exits(0);
    assert!(settings.stdout.contains("policy              own"), "{settings}");
    let flags = sandbox.shell("CONSENSUS_POLICY=default@1 consensus config show --json").exits(0).json();
    assert_eq!(flags["settings"]["policy"]["origin"], "CONSENSUS_POLICY");
}

#[test]
fn what_if_tells_which_runs_would_come_out_otherwise() {
    let sandbox = reviewed();
    sandbox.write("strictest.toml", "[panel.thresholds]\napprove = 1\nrevise = 0.99\n");
    sandbox.write("own.toml", OWN);
    sandbox.write("careless.md", crate::support::fixture("careless.md"));
    sandbox.run(["run", "careless.md"]).exits(0);
    let json = sandbox.run(["policy", "check", "-f", "strictest.toml", "--all", "--json"]).exits(1).json();
    assert_eq!((&json["checked"], &json["stricter"]), (&2.into(), &1.into()), "{json}");
    let run = &json["runs"][1];
    assert_eq!((&json["runs"][0]["differs"], &run["differs"]), (&false.into(), &true.into()));
    assert_eq!(
        (&run["job_id"], &run["was"], &run["would_be"]),
        (&"good".into(), &"approve".into(), &"reject".into())
    );
    sandbox.run(["policy", "check", "default@1", "--all"]).exits(0);
    let own = sandbox.run(["policy", "check", "-f", "own.toml", "good@latest", "--json"]).exits(1).json();
    assert_eq!((&own["undecided"], &own["runs"][0]["would_be"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!(own["runs"][0]["not_counted"].as_array().unwrap().len(), 5);
}

#[test]
fn what_would_not_have_been_allowed_is_said() {
    let sandbox = crate::migrate::example();
    // A record of a model's answers, as an older tool could have left it.
    let run = "artifacts/rate-limit-proposal/3e4f0bf650f37a61d25bc6123952e2d3/manifest.json";
    let manifest = sandbox.read(run).replace("\"rules\"", "\"openai\"").replace("\"rules-1\"", "\"model-1\"");
    sandbox.write(run, manifest);
    sandbox.write("offline.toml", "[limits]\nallow_network = false\nallowed_models = [\"other\"]\n");
    let outcome = sandbox.run(["policy", "check", "-f", "offline.toml", "--all"]).exits(1);
    for said in [
        "`limits.allow_network` is false, and `openai` was asked",
        "has no `model-1`",
        "1 not allowed",
        "8 without recorded reviews",
    ] {
        assert!(outcome.stdout.contains(said), "{said}\n{outcome}");
    }
}

/// Every refusal of a policy file: what is written, the code, and the field.
const REFUSED: [(&str, &str, &str); 36] = [
    ("[panel", "bad_toml", "line 1"),
    ("[panel]\nmethods = \"findings\"", "unknown_field", "line 2, field `panel.methods`"),
    ("[[panel.personas]]\nid = \"a\"", "missing_field", "line 1, field `panel.personas[0].name`"),
    ("[limits]\nallow_network = \"yes\"", "wrong_type", "line 2, field `limits.allow_network`"),
    ("[limits]\nbudget_tokens = 1.5", "wrong_type", "line 2, field `limits.budget_tokens`"),
    ("[panel.thresholds]\napprove = inf", "wrong_type", "line 2, field `panel.thresholds.approve`"),
    ("[panel]\nmethod = \"vote\"", "unknown_value", "field `panel.method`"),
    ("[limits]\non_unknown_price = \"guess\"", "unknown_value", "field `limits.on_unknown_price`"),
    ("[limits]\nbudget_usd_micros = -1", "out_of_range", "field `limits.budget_usd_micros`"),
    ("[panel.thresholds]\napprove = 1.1", "out_of_range", "field `panel.thresholds.approve`"),
    (
        "[limits]\nmax_attempts = 11",
        "out_of_range",
        "field `limits.max_attempts`: 11 is not between 1 and 10",
    ),
    ("[limits]\ninitial_backoff_ms = 1", "out_of_range", "field `limits.initial_backoff_ms`"),
    ("[limits]\nbackoff_multiplier = 0.5", "out_of_range", "field `limits.backoff_multiplier`"),
    ("[limits]\nstep_timeout_s = 5", "out_of_range", "field `limits.step_timeout_s`"),
    ("[limits]\nrun_timeout_s = 7201", "out_of_range", "field `limits.run_timeout_s`"),
    ("[panel.expansion]\ntemperature = 0.12345", "too_precise", "field `panel.expansion.temperature`"),
    ("[limits]\nallowed_models = [\" \"]", "blank", "field `limits.allowed_models[0]`"),
    ("[limits]\nallowed_models = [\"m\", \"m\"]", "listed_twice", "field `limits.allowed_models[1]`"),
    ("[limits.prices.m]\ninput_usd_micros = 1", "missing_field", "field `limits.prices.m.output_usd_micros`"),
    ("[panel]\npersonas = []", "no_personas", "field `panel.personas`"),
    ("[panel]\nquorum = 9", "quorum_range", "field `panel.quorum`"),
    ("[panel.thresholds]\nrevise = 0.9", "thresholds_order", "field `panel.thresholds.revise`"),
    ("[panel.expansion]\nmodel = \"m\"", "model_without_provider", "field `panel.expansion.model`"),
    ("# nothing", "empty_file", "it says nothing"),
    ("PERSONA id = \"A b\"", "bad_id", "field `panel.personas[0].id`"),
    (
        "PERSONA weight = 0.5",
        "weights_sum",
        "field `panel.personas[].weight`: the weights add up to 0.5000, not to 1",
    ),
    ("PERSONA rules = []", "empty_list", "field `panel.personas[0].rules`"),
    ("PERSONA reads = [\"title\", \"title\"]", "listed_twice", "field `panel.personas[0].reads[1]`"),
    (
        "PERSONA rules = [\"rolback\"]",
        "unknown_rule",
        "field `panel.personas[0].rules[0]`: there is no rule `rolback`",
    ),
    ("PERSONA name = \"A\"", "no_rules", "field `panel.personas[0].rules`"),
    (
        "PERSONA provider = \"openai\"\nrules = [\"rollback-missing\"]",
        "rules_without_provider",
        "field `panel.personas[0].rules`",
    ),
    ("TWICE", "duplicate_persona", "field `panel.personas[1].id`"),
    ("VETOES", "several_vetoes", "field `panel.personas[1].veto`"),
    ("MANY", "too_many_personas", "field `panel.personas`"),
    ("\u{0}", "bad_toml", "line 1"),
    ("[limits]\nbudget_tokens = 1979-05-27", "wrong_type", "is a time"),
];

/// The policy file that a case stands for.
fn spelled(case: &str) -> String {
    let persona = |id: &str, weight: &str| {
        format!(
            "[[panel.personas]]\nid = \"{id}\"\nname = \"A\"\nweight = {weight}\ninstructions = \"Look.\"\n"
        )
    };
    match case {
        "TWICE" => persona("critic", "0.5").repeat(2),
        "VETOES" => {
            format!("{}veto = true\n{}veto = true\n", persona("critic", "0.5"), persona("optimist", "0.5"))
        }
        "MANY" => (0..65).map(|number| persona(&format!("p{number}"), "0.01")).collect(),
        case => match case.strip_prefix("PERSONA ") {
            None => case.to_owned(),
            Some(line) => {
                let key = line.split(' ').next().unwrap();
                let whole = persona("newcomer", "1");
                let kept: Vec<&str> =
                    whole.lines().filter(|other| !other.starts_with(&format!("{key} "))).collect();
                format!("{}\n{line}\n", kept.join("\n"))
            }
        },
    }
}

#[test]
fn every_refusal_has_its_code_names_the_field_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let mut codes: BTreeSet<&str> = BTreeSet::new();
    for (case, code, said) in REFUSED {
        sandbox.write("policy.toml", spelled(case));
        let text = sandbox.run(["policy", "apply", "-f", "policy.toml"]).exits(2);
        assert!(text.stderr.contains(said) && text.stderr.contains("hint: "), "{case}: {said}\n{text}");
        assert!(text.stderr.starts_with("error: `policy.toml`"), "{text}");
        let json = sandbox.run(["policy", "check", "-f", "policy.toml", "--all", "--json"]).exits(2).json();
        assert_eq!(json["error"]["code"], code, "{case}: {json}");
        assert!(!sandbox.at("artifacts").exists(), "{case}: something was written");
        codes.insert(code);
    }
    for (args, exit, code) in [
        ("policy apply -f missing.toml", 4, "not_found"),
        ("policy apply -f .", 2, "bad_file"),
        ("policy show Strict", 2, "usage"),
        ("policy rollback default --to 0", 2, "usage"),
        ("policy check Strict@1 --all", 2, "bad_name"),
        ("policy check default@1", 2, "usage"),
        ("policy check", 2, "usage"),
        ("policy check default@1 x@latest --all", 2, "usage"),
        ("policy show strict", 4, "no_store"),
        ("policy apply -f policy.toml -m ", 2, "usage"),
    ] {
        let json = sandbox.run(args.split(' ').chain(["--json"])).exits(exit).json();
        assert_eq!(json["error"]["code"], code, "{args}: {json}");
        if matches!(code, "bad_file" | "bad_name") {
            codes.insert(code);
        }
    }
    let sandbox = reviewed();
    for (args, exit, code) in [
        ("policy show strict", 4, "no_such_policy"),
        ("policy log strict --verify", 4, "no_such_policy"),
        ("policy rollback strict --to 1", 4, "no_such_policy"),
        ("policy rollback strict --to 1 --dry-run", 4, "no_such_policy"),
        ("policy show default@2", 4, "no_such_policy_version"),
        ("policy rollback default --to 9", 4, "no_such_policy_version"),
        ("run good.md --policy default@2", 4, "no_such_policy_version"),
    ] {
        let json = sandbox.run(args.split(' ').chain(["--json"])).exits(exit).json();
        assert_eq!(json["error"]["code"], code, "{args}: {json}");
        codes.insert(code);
    }
    for (text, code) in [
        ("[panel]\nprompt_set = \"9.9.9\"", "no_prompt_set"),
        ("[panel.expansion]\nprovider = \"oracle\"", "no_provider"),
        ("[panel.expansion]\nprovider = \"replay\"", "no_provider"),
    ] {
        sandbox.write("policy.toml", text);
        sandbox.run(["policy", "apply", "-f", "policy.toml", "--name", "other"]).exits(0);
        let json = sandbox.run(["run", "good.md", "--policy", "other", "--json"]).exits(2).json();
        assert_eq!(json["error"]["code"], code, "{json}");
        codes.insert(code);
    }
    assert_eq!(codes, documented(), "docs/policies.md lists what is refused");
}

/// The codes that the table in `docs/policies.md` has.
fn documented() -> BTreeSet<&'static str> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/policies.md")).unwrap().leak();
    let table = text.split("## What is refused").nth(1).unwrap();
    table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn of_two_that_apply_at_once_each_makes_a_version() {
    for _ in 0..5 {
        let sandbox = reviewed();
        for number in 0..4 {
            sandbox.write(&format!("p{number}.toml"), format!("[limits]\nbudget_tokens = {number}\n"));
        }
        let start = |number: usize| -> Child {
            let file = format!("p{number}.toml");
            let mut command = sandbox.command(["policy", "apply", "-f", &file, "--json"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<Child> = (0..4).map(start).collect();
        let mut made: Vec<u64> = children
            .into_iter()
            .map(|child| {
                let output = child.wait_with_output().unwrap();
                assert!(output.status.success());
                let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                json["made"]["version"].as_u64().unwrap()
            })
            .collect();
        made.sort_unstable();
        assert_eq!(made, [2, 3, 4, 5]);
        sandbox.run(["verify", "--all"]).exits(0);
    }
}

#[test]
fn killed_while_applying_the_old_state_or_the_new_is_there() {
    if !has("strace") {
        return;
    }
    let mut hits = 0;
    for call in ["openat", "write", "fsync", "mkdirat", "renameat2", "unlinkat"] {
        for (what, is_kill) in [("signal=SIGKILL", true), ("error=EIO", false), ("error=ENOSPC", false)] {
            if call == "openat" && !is_kill {
                continue;
            }
            for n in 1.. {
                let sandbox = reviewed();
                let command = format!(
                    "strace -f -qqq -o trace -e trace={call} -e inject={call}:{what}:when={n} \
                     consensus policy apply -f strict.toml --by ops"
                );
                let outcome = sandbox.shell(&command);
                let trace = sandbox.read("trace");
                let hit = trace.contains("INJECTED") || trace.contains("SIGKILL");
                let place = format!("{call} {what} {n}\n{outcome}");
                let log = sandbox.run(["policy", "log", "--json"]).exits(0).json();
                let versions = log["versions"].as_array().unwrap().len();
                assert!(matches!(versions, 1 | 2), "{place}");
                sandbox.run(["verify", "--all"]).exits(0);
                if !hit {
                    assert_eq!((outcome.status, versions), (Some(0), 2), "{place}");
                    break;
                }
                hits += 1;
                apply(&sandbox, &[]);
                assert_eq!(sandbox.tree("artifacts/.consensus/policies/default").len(), 2, "{place}");
                sandbox.run(["verify", "--all"]).exits(0);
            }
        }
    }
    assert!(hits > 20, "{hits}");
}

#[test]
fn an_edit_a_removal_or_another_order_is_found() {
    let versions = "artifacts/.consensus/policies/default";
    for (damage, is_found) in [
        (format!("sed -i s/0.97/0.96/ {versions}/000002.json"), true),
        (format!("sed -i s/strictest/stricter/ {versions}/000003.json"), true),
        (format!("sed -i 's/^  //' {versions}/000002.json"), true),
        (format!("rm {versions}/000002.json"), true),
        (format!("mv {versions} aside && ln -s \"$PWD/aside\" {versions}"), true),
        (format!("mv {versions} aside && touch {versions}"), true),
        (format!("rm {versions}/000001.json"), true),
        (
            format!("cd {versions} && mv 000002.json x && mv 000003.json 000002.json && mv x 000003.json"),
            true,
        ),
        (format!("cp {versions}/000003.json {versions}/000004.json"), true),
        // Of the newest nobody knows, unless a run names it or its head was remembered.
        (format!("rm {versions}/000003.json"), false),
    ] {
        let sandbox = reviewed();
        apply(&sandbox, &["-m", "stricter"]);
        sandbox.write("third.toml", "[limits]\nmax_attempts = 1\n");
        sandbox.run(["policy", "apply", "-f", "third.toml", "-m", "strictest"]).exits(0);
        let verified = sandbox.run(["policy", "log", "--verify", "--json"]).exits(0).json();
        let head = verified["verified"][0]["head"].as_str().unwrap().to_owned();
        sandbox.shell(&damage).exits(0);
        let expected = i32::from(is_found);
        sandbox.run(["policy", "log", "--verify"]).exits(expected);
        sandbox.run(["verify", "--all"]).exits(expected);
        sandbox.run(["policy", "log", "--verify", "--head", &head]).exits(1);
        if is_found {
            let outcome = sandbox.run(["policy", "log"]).exits(6);
            assert!(outcome.stderr.contains(versions), "{outcome}");
        }
    }
}

#[test]
fn a_copy_that_is_not_the_version_and_a_version_that_is_lost_are_found_at_the_run() {
    for damage in [
        "sed -i 's/initial/Initial/' \"$run/attempts/0001/policy.json\"",
        "rm artifacts/.consensus/policies/default/000001.json",
    ] {
        let sandbox = reviewed();
        let run = sandbox.only_run();
        sandbox.shell(&format!("run={run}; {damage}")).exits(0);
        let outcome = sandbox.run(["verify", "good@latest"]).exits(1);
        assert!(outcome.stdout.contains("fail     policy"), "{outcome}");
    }
}

#[test]
fn a_death_before_the_first_version_leaves_no_policy() {
    if !has("strace") {
        return;
    }
    for what in ["signal=SIGKILL", "error=ENOSPC"] {
        let sandbox = reviewed();
        sandbox.shell(&format!(
            "strace -f -qqq -o trace -e trace=renameat2 -e inject=renameat2:{what}:when=1 \
             consensus policy apply -f strict.toml --name strict"
        ));
        assert!(sandbox.at("artifacts/.consensus/policies/strict").is_dir(), "nothing was hit");
        let list = sandbox.run(["policy", "list"]).exits(0);
        assert!(list.stdout.contains("default@1") && !list.stdout.contains("strict"), "{list}");
        let shown = sandbox.run(["policy", "show", "strict"]).exits(4);
        assert!(shown.stderr.contains("there is `default`"), "{shown}");
        sandbox.run(["policy", "log", "strict", "--verify"]).exits(4);
        sandbox.run(["verify", "--all"]).exits(0);
        apply(&sandbox, &["--name", "strict"]);
    }
}

#[test]
fn interrupted_while_counting_it_says_so() {
    let sandbox = reviewed();
    let run = sandbox.only_run();
    sandbox.shell(&format!("for n in $(seq 3000); do cp -r {run} artifacts/good/copy$n; done")).exits(0);
    for command in
        ["policy log", "policy runs default@1", "policy runs default@1 --json", "policy log --json"]
    {
        let interrupted = format!("timeout --foreground --preserve-status -s INT 0.05 consensus {command}");
        let outcome = sandbox.shell(&interrupted).exits(130);
        if command.ends_with("--json") {
            assert_eq!(outcome.json()["error"]["code"], "interrupted");
        } else {
            assert!(outcome.stderr.contains("not all runs were seen"), "{outcome}");
        }
    }
}

#[test]
fn a_resealed_version_of_another_policy_is_not_built_upon() {
    let sandbox = reviewed();
    let reseal = r#"
import hashlib, json
path = "artifacts/.consensus/policies/default/000001.json"
record = json.load(open(path))
record["name"] = "other"
del record["digest"]
canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
record["digest"] = "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
open(path, "w").write(json.dumps(record, sort_keys=True, indent=2, ensure_ascii=False) + "\n")
"#;
    sandbox.write("reseal.py", reseal);
    sandbox.shell("python3 reseal.py").exits(0);
    sandbox.write("careless.md", crate::support::fixture("careless.md"));
    for args in ["run careless.md", "policy apply -f strict.toml", "policy show", "policy log"] {
        let outcome = sandbox.run(args.split(' ')).exits(6);
        assert!(outcome.stderr.contains("it is a version of `other`"), "{args}\n{outcome}");
    }
    assert_eq!(sandbox.runs().len(), 1);
}

#[test]
fn a_version_that_took_the_place_of_a_lost_one_is_another_one() {
    let sandbox = reviewed();
    apply(&sandbox, &[]);
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox.write("lax.toml", "[panel.thresholds]\napprove = 0.1\nrevise = 0\n");
    sandbox.shell("rm artifacts/.consensus/policies/default/000002.json").exits(0);
    sandbox.run(["policy", "apply", "-f", "lax.toml"]).exits(0);
    let runs = sandbox.run(["policy", "runs", "default@2", "--json"]).exits(0).json();
    assert_eq!(runs["total"], 0, "no run was made under this version 2");
    let log = sandbox.run(["policy", "log", "--json"]).exits(0).json();
    assert_eq!(log["versions"][0]["runs"], 0);
    let run = sandbox
        .runs()
        .into_iter()
        .find(|run| sandbox.read(&format!("{run}/manifest.json")).contains("\"version\": 2"));
    let which = sandbox.run(["policy", "which", &run.unwrap()]).exits(1);
    assert!(which.stdout.contains("the store's version of that number is another one"), "{which}");
    sandbox.run(["verify", "--all"]).exits(1);
}

#[test]
fn damage_of_one_policy_does_not_hide_the_others() {
    let sandbox = reviewed();
    apply(&sandbox, &["--name", "strict"]);
    sandbox.shell("sed -i s/initial/Initial/ artifacts/.consensus/policies/default/000001.json").exits(0);
    let list = sandbox.run(["policy", "list"]).exits(6);
    assert!(list.stdout.contains("strict@1") && list.stdout.contains("unreadable"), "{list}");
    let which = sandbox.run(["policy", "which", "good@latest"]).exits(1);
    assert!(which.stdout.contains("default@1") && which.stdout.contains("own copy"), "{which}");
    // A run that cannot be read is told of where runs are counted.
    sandbox.shell(&format!("echo x > {}/manifest.json", sandbox.only_run())).exits(0);
    let log = sandbox.run(["policy", "log", "strict", "--json"]).exits(6).json();
    assert_eq!(
        (&log["error"]["code"], log["unreadable"].as_array().unwrap().len()),
        (&"unreadable".into(), 1)
    );
}

#[test]
fn what_is_refused_makes_no_store() {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("same.toml", "[limits]\n");
    sandbox.run(["run", "good.md", "--policy", "strict"]).exits(4);
    sandbox.run(["run", "good.md", "--policy", "default@2"]).exits(4);
    sandbox.run(["policy", "apply", "-f", "same.toml"]).exits(0);
    sandbox.run(["policy", "rollback", "default", "--to", "1"]).exits(4);
    assert!(!sandbox.at("artifacts").exists());
}

#[test]
fn what_is_shown_is_applied_to_the_same_policy() {
    let sandbox = reviewed();
    apply(&sandbox, &["--name", "strict"]);
    sandbox.write("consensus.toml", "policy = \"strict\"\n");
    let shown = sandbox.run(["policy", "show"]).exits(0).stdout;
    sandbox.write("edited.toml", shown.replace("0.97", "0.98"));
    let made = sandbox.run(["policy", "apply", "-f", "edited.toml"]).exits(0);
    assert!(made.stdout.contains("made strict@2"), "{made}");
    let list = sandbox.run(["policy", "list"]).exits(0);
    assert!(list.stdout.contains("* strict@2") && list.stdout.contains("  default@1"), "{list}");
}

#[test]
fn an_answer_that_fails_late_is_one_object() {
    let sandbox = reviewed();
    let args = ["policy", "check", "-f", "strict.toml", "good@latest", "nothere", "--json"];
    let json = sandbox.run(args).exits(4).json();
    assert_eq!(json["error"]["code"], "not_found", "{json}");
}

#[test]
fn what_run_would_refuse_is_said_when_it_is_applied() {
    let sandbox = reviewed();
    sandbox.write("model.toml", "[panel.expansion]\nprovider = \"oracle\"\nmodel = \"m\"\n");
    let outcome = sandbox.run(["policy", "apply", "-f", "model.toml", "--name", "later"]).exits(0);
    assert!(outcome.stderr.contains("`run` refuses it as it is"), "{outcome}");
}

#[test]
fn hostile_names_and_notes_do_no_harm() {
    let sandbox = reviewed();
    for name in ["../x", "a/b", ".x", "A", "", "x@1"] {
        sandbox.run(["policy", "apply", "-f", "strict.toml", "--name", name]).exits(2);
    }
    let note = "red\u{1b}[31m\u{202e}\nsecond line";
    apply(&sandbox, &["-m", note, "--by", "me\u{1b}[2J"]);
    for args in [
        vec!["policy", "log"],
        vec!["policy", "show"],
        vec!["policy", "list"],
        vec!["policy", "which", "good@latest"],
    ] {
        let outcome = sandbox.run(args).exits(0);
        assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stdout.contains('\u{202e}'), "{outcome}");
    }
    // What is shown still reads as the same policy.
    let shown = sandbox.run(["policy", "show"]).exits(0).stdout;
    sandbox.write("shown.toml", shown);
    assert!(sandbox.run(["policy", "apply", "-f", "shown.toml"]).exits(0).stdout.contains("says the same"));
}
