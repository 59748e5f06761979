//! `migrate` and `backfill`: nothing is lost, and what is said is so.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::support::{ROOT, Sandbox, has};

/// A sandbox with the example store as `artifacts`.
pub(crate) fn example() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.shell(&format!("cp -a {ROOT}/artifacts.example artifacts")).exits(0);
    sandbox
}

/// The manifests in a folder of fixtures: name and bytes.
pub(crate) fn manifests(folder: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(ROOT).join("fixtures/manifests").join(folder);
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 20, "{folder}");
    found
}

/// A store in which each manifest is the one of a run of the job `job`.
fn store_of(manifests: &[(String, Vec<u8>)]) -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, bytes) in manifests {
        sandbox.write(&format!("artifacts/job/{name}/manifest.json"), bytes);
    }
    sandbox
}

/// The members of a manifest, with the text of each value.
fn members(bytes: &[u8]) -> Vec<(String, String)> {
    struct Members(Vec<(String, String)>);
    impl<'de> serde::Deserialize<'de> for Members {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct InOrder;
            impl<'de> serde::de::Visitor<'de> for InOrder {
                type Value = Members;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut members = Vec::new();
                    while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                        members.push((name, value.get().to_owned()));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(InOrder)
        }
    }
    serde_json::from_slice::<Members>(bytes).unwrap().0
}

/// The manifests and what is kept beside them.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let tree = sandbox.tree("artifacts").into_keys();
    tree.filter(|path| path.contains("/manifest.json") || path.contains(".tmp")).collect()
}

fn recomputes(sandbox: &Sandbox) {
    if has("python3") {
        sandbox.shell(&format!("python3 {ROOT}/tests/migrations.py artifacts")).exits(0);
    }
}

#[test]
fn versions_are_listed_in_the_shape_that_scripts_read() {
    let sandbox = example();
    sandbox.write("artifacts/broken/one/manifest.json", "{\"a\":1,\"a\":2}");
    sandbox.write("artifacts/broken/two/manifest.json", "{\"schema_version\": \"2.0.0\"}");
    sandbox.write("artifacts/broken/three/manifest.json", "{\"job_id\": \"x\"}");
    sandbox.write("artifacts/broken/four/manifest.json", "{\"schema_version\": \"1.0.5\"}");
    sandbox.shell("mkdir -p artifacts/broken/five/manifest.json").exits(0);
    let outcome = sandbox.run(["migrate", "--list-versions"]).exits(0);
    insta::assert_snapshot!(outcome.stdout, @r"
    Found 14 manifests

    Schema Version Distribution:
    ----------------------------------------
      1.0.0       :   3 (21.4%)
      1.1.0       :   2 (14.3%)
      1.2.0       :   2 (14.3%)
      1.3.0       :   1 ( 7.1%)
      1.4.0       :   1 ( 7.1%)
      unknown     :   1 ( 7.1%)
      newer       :   1 ( 7.1%)
      unversioned :   1 ( 7.1%)
      corrupt     :   1 ( 7.1%)
      unreadable  :   1 ( 7.1%)

    Latest version available: 1.4.0

    ⚠️  8 manifests need migration to 1.4.0
        `consensus migrate --dry-run` shows what that would change

    Cannot be migrated:
      artifacts/broken/five/manifest.json: it is a directory, not a file; it was left alone
        hint: nothing was changed; `consensus verify --all` lists all that is wrong
      artifacts/broken/four/manifest.json: field `schema_version`: 1.0.5 is no version that this program knows
        hint: it was left alone; `consensus migrate --graph` shows what is known
      artifacts/broken/one/manifest.json: line 1, column 8, field `a`: the key stands twice in one object
        hint: it was left alone; mend it by hand, with a copy kept
      artifacts/broken/three/manifest.json: field `schema_version`: it is missing
        hint: it was left alone; `--assume-version 1.0.0` takes it for that version
      artifacts/broken/two/manifest.json: field `schema_version`: 2.0.0 is newer than this program, which knows versions up to 1.4.0
        hint: a newer consensus may know it; this one leaves it alone
    ");
    let json = sandbox.run(["migrate", "--list-versions", "--json"]).exits(0).json();
    assert_eq!(json["versions"]["1.0.0"], 3);
    assert_eq!(json["versions"]["corrupt"], 1);
    assert_eq!((&json["total"], &json["need_migration"]), (&14.into(), &8.into()));
    assert_eq!(json["failures"].as_array().unwrap().len(), 5);
}

#[test]
fn check_tells_ci_what_to_do() {
    let sandbox = example();
    sandbox.run(["migrate", "--check"]).exits(1);
    sandbox.run(["migrate", "--check", "--target-version", "1.0.0"]).exits(0);
    sandbox.run(["migrate"]).exits(0);
    sandbox.run(["migrate", "--check"]).exits(0);
    sandbox.write("artifacts/broken/one/manifest.json", "{");
    sandbox.run(["migrate", "--check"]).exits(6);
    sandbox.run(["migrate", "--check", "--job", "broken", "--json"]).exits(6);
    assert_eq!(Sandbox::new().run(["migrate", "--check"]).exits(4).stdout, "");
}

#[test]
fn a_whole_store_is_migrated_verified_and_brought_back_to_the_byte() {
    let sandbox = example();
    let before = sandbox.tree("artifacts");
    let outcome = sandbox.run(["migrate"]).exits(0);
    insta::assert_snapshot!(outcome.stdout, @r"
    Total manifests found: 9
    Migrated: 8
    Already current: 1
    Failed: 0
    ");
    sandbox.run(["verify", "--all"]).exits(0);
    recomputes(&sandbox);
    let after = sandbox.tree("artifacts");
    for (path, bytes) in &before {
        if path.ends_with("/manifest.json") && !path.contains("outputs/") && !path.contains("3e4f0bf") {
            assert_eq!(&after[&format!("{path}.backup")], bytes, "{path}");
        } else {
            assert_eq!(&after[path], bytes, "{path}");
        }
    }
    let again = sandbox.run(["migrate"]).exits(0);
    assert!(again.stdout.contains("Migrated: 0\nAlready current: 9\nFailed: 0\n"), "{again}");
    assert!(sandbox.tree("artifacts") == after, "a second time changes nothing");
    sandbox.run(["migrate", "--restore", "--all"]).exits(0);
    let restored = sandbox.tree("artifacts");
    for (path, bytes) in &before {
        assert_eq!(&restored[path], bytes, "{path}");
    }
    sandbox.run(["migrate"]).exits(0);
    assert_eq!(kept(&sandbox).iter().filter(|path| path.contains(".backup")).count(), 8, "none twice");
    sandbox.run(["verify", "--all"]).exits(0);
}

#[test]
fn every_sound_manifest_keeps_each_member_to_the_byte() {
    let fixtures = manifests("sound");
    let sandbox = store_of(&fixtures);
    let outcome = sandbox.run(["migrate", "--json"]).exits(0);
    assert_eq!(outcome.json()["failed"], 0, "{outcome}");
    for (name, before) in &fixtures {
        let run = format!("artifacts/job/{name}");
        let after = fs::read(sandbox.at(&format!("{run}/manifest.json"))).unwrap();
        let (old, new) = (members(before), members(&after));
        for ((name, value), (found, now)) in old.iter().zip(&new) {
            assert_eq!(name, found);
            if name == "schema_version" {
                assert_eq!(now, "\"1.4.0\"");
            } else if name != "migration_history" {
                assert_eq!(now, value, "{run}: {name}");
            }
        }
        let ends = |bytes: &[u8]| (bytes.ends_with(b"\n"), bytes.windows(2).any(|pair| pair == b"\r\n"));
        assert_eq!(ends(&after), ends(before), "{run}: line ends");
        let bare = after.windows(1).filter(|byte| *byte == b"\n").count();
        let crlf = after.windows(2).filter(|pair| *pair == b"\r\n").count();
        assert!(crlf == 0 || crlf == bare, "{run}: every line ends alike");
        assert!(sandbox.at(&format!("{run}/manifest.json")).is_file());
    }
    recomputes(&sandbox);
    let verified = sandbox.run(["verify", "--all", "--json"]).json();
    for run in verified["verified"].as_array().unwrap() {
        for check in run["checks"].as_array().unwrap() {
            let of_manifest = ["manifest", "migrations"].contains(&check["check"].as_str().unwrap());
            assert!(!of_manifest || check["outcome"] != "fail", "{run}");
        }
    }
    sandbox.run(["migrate", "--restore", "--job", "job"]).exits(0);
    for (name, before) in &fixtures {
        assert_eq!(&fs::read(sandbox.at(&format!("artifacts/job/{name}/manifest.json"))).unwrap(), before);
    }
}

#[test]
fn what_is_migrated_fits_the_schema_of_each_version() {
    for target in ["1.1.0", "1.2.0", "1.3.0", "1.4.0"] {
        let sandbox = store_of(&manifests("sound"));
        sandbox.run(["migrate", "--target-version", target]).exits(0);
        // What checks the schema reads no nesting of 128.
        for (name, _) in manifests("sound").iter().filter(|(name, _)| !name.contains("depth")) {
            let text = sandbox.read(&format!("artifacts/job/{name}/manifest.json"));
            let document: Value = serde_json::from_str(&text.replace("1e400", "1e300")).unwrap();
            let version = document["schema_version"].as_str().unwrap();
            assert!(version >= target, "{name}");
            let schema = fs::read_to_string(format!("{ROOT}/schemas/manifest-{version}.json")).unwrap();
            let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name} as {version}: {errors:?}");
        }
    }
}

#[test]
fn what_is_damaged_is_left_alone_named_and_counted_as_what_it_is() {
    let fixtures = manifests("damaged");
    let sandbox = store_of(&fixtures);
    let before = sandbox.tree("artifacts");
    let outcome = sandbox.run(["migrate", "--json"]).exits(6);
    assert!(sandbox.tree("artifacts") == before, "something was written");
    let json = outcome.json();
    assert_eq!((&json["failed"], &json["changed"]), (&fixtures.len().into(), &0.into()));
    let failures = json["failures"].as_array().unwrap();
    let mut paths: Vec<&Path> =
        failures.iter().map(|failure| Path::new(failure["path"].as_str().unwrap())).collect();
    assert!(paths.is_sorted());
    paths.dedup();
    assert_eq!(paths.len(), fixtures.len());
    for failure in failures {
        let (path, code) = (failure["path"].as_str().unwrap(), failure["code"].as_str().unwrap());
        let name = path.split('/').nth(2).unwrap();
        let expected = match name {
            "version-missing" => "unversioned",
            "version-newer" => "newer_manifest",
            "version-unknown-older" | "version-unknown-between" => "unknown_version",
            _ => "corrupt",
        };
        assert_eq!(code, expected, "{name}: {failure}");
    }
    let counts = sandbox.run(["migrate", "--list-versions", "--json"]).exits(0).json()["versions"].clone();
    assert_eq!(counts["unversioned"], 1);
    assert_eq!(counts["newer"], 1);
    assert_eq!(counts["unknown"], 2);
    // Some are JSON of a version and no manifest of it; only reading them whole tells.
    let of_a_version = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"].map(|version| counts[version].as_u64());
    let of_a_version: u64 = of_a_version.into_iter().flatten().sum();
    assert_eq!(of_a_version, 6, "{counts}");
}

#[test]
fn a_dry_run_writes_nothing_and_its_diffs_are_what_would_be_done() {
    let sandbox = store_of(&manifests("sound"));
    let before = sandbox.tree("artifacts");
    let planned = sandbox.run(["migrate", "--dry-run", "--json"]).exits(0).json();
    assert!(sandbox.tree("artifacts") == before, "something was written");
    let plans = planned["manifests"].as_array().unwrap();
    assert_eq!(plans.len(), manifests("sound").len() - 1, "all but the one that is current");
    if has("patch") {
        sandbox.shell("cp -a artifacts patched").exits(0);
        for plan in plans {
            sandbox.write("the.diff", plan["diff"].as_str().unwrap());
            let path = plan["path"].as_str().unwrap().replacen("artifacts", "patched", 1);
            sandbox.shell(&format!("patch --binary -s {path} < the.diff && rm -f {path}.orig")).exits(0);
        }
        sandbox.run(["migrate"]).exits(0);
        for (path, bytes) in sandbox.tree("patched") {
            assert_eq!(fs::read(sandbox.at(&format!("artifacts/{path}"))).unwrap(), bytes, "{path}");
        }
    }
    let shown = example().run(["migrate", "--dry-run", "--job", "ig-test-001"]).exits(0);
    for line in [
        "1.0.0 → 1.2.0 → 1.3.0 → 1.4.0",
        "-  \"schema_version\": \"1.0.0\",",
        "+  \"decision\": null",
        "Would migrate: 2",
    ] {
        assert!(shown.stdout.contains(line), "{line}\n{shown}");
    }
}

#[test]
fn one_job_or_one_manifest_is_migrated_and_nothing_else() {
    let sandbox = example();
    let before = sandbox.tree("artifacts");
    sandbox.run(["migrate", "--job", "ig-test-001", "--target-version", "1.2.0"]).exits(0);
    let changed = |before: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<String> {
        let now = sandbox.tree("artifacts").into_iter();
        now.filter(|(path, bytes)| before.get(path) != Some(bytes)).map(|(path, _)| path).collect()
    };
    assert!(changed(&before).iter().all(|path| path.starts_with("ig-test-001/")));
    let versions = sandbox.run(["migrate", "--list-versions", "--json"]).json()["versions"].clone();
    assert_eq!((&versions["1.0.0"], &versions["1.2.0"]), (&1.into(), &4.into()));
    let before = sandbox.tree("artifacts");
    let one = "artifacts/ig-test-001/abc123/manifest.json";
    let outcome = sandbox.run(["migrate", "--manifest", one, "--json"]).exits(0);
    assert_eq!(outcome.json()["manifests"][0]["versions"], serde_json::json!(["1.2.0", "1.3.0", "1.4.0"]));
    assert_eq!(
        changed(&before),
        ["ig-test-001/abc123/manifest.json", "ig-test-001/abc123/manifest.json.backup.2"]
    );
    let back = sandbox.run(["migrate", "--manifest", one, "--target-version", "1.1.0"]).exits(0);
    assert!(back.stdout.contains("Already current: 1"), "{back}");
}

#[test]
fn what_is_asked_for_wrongly_says_what_to_do() {
    let sandbox = example();
    sandbox.write("elsewhere/job/run/manifest.json", "{\"schema_version\": \"1.0.0\"}");
    sandbox.shell("ln -s $PWD/elsewhere/job artifacts/linked").exits(0);
    let before = sandbox.tree(".");
    for (args, exit, said) in [
        (vec!["--target-version", "9.9.9"], 2, "it knows 1.0.0, 1.1.0, 1.2.0, 1.3.0, 1.4.0"),
        (vec!["--target-version", "one"], 2, "--target-version"),
        (vec!["--assume-version", "0.1.0"], 2, "is no manifest version"),
        (vec!["--manifest", "elsewhere/job/run/manifest.json"], 2, "in the store `artifacts`"),
        (vec!["--manifest", "artifacts/linked/run/manifest.json"], 2, "in the store `artifacts`"),
        (
            vec![
                "--manifest",
                "artifacts/rate-limit-proposal/d886b11370f2da69691ef150e2b72259/outputs/manifest.json",
            ],
            2,
            "JOB/RUN/manifest.json",
        ),
        (vec!["--manifest", "artifacts/none/x/manifest.json"], 4, "is not there"),
        (vec!["--job", "none"], 4, "no runs of the job `none`"),
        (vec!["--restore"], 2, "--all"),
        (vec!["--restore", "ig-test-001/abc123", "--all"], 2, "cannot be used with"),
        (vec!["--restore", "ig-test-001/abc123"], 5, "nothing to go back to"),
        (vec!["--restore", "ig-test-001/nothere"], 4, "no run"),
        (vec!["ig-test-001/nothere"], 4, "no run"),
        (vec!["--all", "--job", "ig-test-001"], 2, "cannot be used with"),
        (vec!["--target-version", "1.4"], 2, "three numbers, such as 1.4.0"),
        (vec!["--check", "--dry-run"], 2, "cannot be used with"),
        (vec!["--jobs", "0"], 2, "--jobs"),
        (vec!["--store", "nowhere"], 4, "there is no store"),
    ] {
        let outcome = sandbox.run(["migrate"].iter().chain(&args)).exits(exit);
        assert!(outcome.stderr.contains(said), "{args:?}: {said}\n{outcome}");
        if !outcome.stderr.contains("Usage") {
            let json = sandbox.run(["migrate", "--json"].iter().chain(&args)).exits(exit).json();
            assert!(json["error"]["message"].is_string() && json["error"]["hint"].is_string(), "{json}");
        }
    }
    assert!(sandbox.tree(".") == before, "something was written");
}

#[test]
fn what_states_no_version_is_migrated_only_where_one_is_assumed() {
    let sandbox =
        store_of(&[("run".to_owned(), b"{\"job_id\":\"job\",\"run_id\":\"run\",\"status\":\"x\"}".to_vec())]);
    let refused = sandbox.run(["migrate"]).exits(6);
    assert!(refused.stdout.contains("schema_version") && refused.stdout.contains("Failed: 1"), "{refused}");
    sandbox.run(["migrate", "--assume-version", "1.0.0"]).exits(0);
    let text = sandbox.read("artifacts/job/run/manifest.json");
    assert!(
        text.starts_with("{\"job_id\":\"job\",\"run_id\":\"run\",\"status\":\"x\",\"input_snapshots\":{}"),
        "{text}"
    );
    assert_eq!(sandbox.run(["migrate", "--list-versions", "--json"]).json()["versions"]["1.4.0"], 1);
}

#[test]
fn fail_fast_stops_and_without_it_the_rest_is_done() {
    let make = || {
        let sandbox = example();
        sandbox.write("artifacts/aaa/one/manifest.json", "{");
        sandbox
    };
    let stopped = make().run(["migrate", "--fail-fast"]).exits(6);
    assert!(stopped.stdout.contains("Migrated: 0") && stopped.stdout.contains("Failed: 1"), "{stopped}");
    let rest = make().run(["migrate"]).exits(6);
    assert!(rest.stdout.contains("Migrated: 8") && rest.stdout.contains("Failed: 1"), "{rest}");
    assert!(rest.stdout.contains("artifacts/aaa/one/manifest.json"), "{rest}");
}

#[test]
fn the_other_commands_read_every_version_without_migrating() {
    let sandbox = store_of(&manifests("sound"));
    let before = sandbox.tree("artifacts");
    let listed = sandbox.run(["list", "--json"]).exits(0).json();
    assert_eq!(listed["total"], manifests("sound").len());
    // Later ones list outputs, which are not beside these.
    for (name, _) in manifests("sound").iter().filter(|(name, _)| name.as_str() < "1.3.0") {
        sandbox.run(["show", &format!("job/{name}")]).exits(0);
    }
    assert!(sandbox.tree("artifacts") == before);
}

#[test]
fn the_graph_shows_the_way_between_any_two_versions() {
    let sandbox = Sandbox::new();
    let json = sandbox.run(["migrate", "--graph", "--json"]).exits(0).json();
    let path = |from: &str, to: &str| {
        let paths = json["paths"].as_array().unwrap();
        paths
            .iter()
            .find(|path| path["from"] == from && path["to"] == to)
            .map(|path| path["versions"].clone())
    };
    assert_eq!(path("1.0.0", "1.3.0").unwrap(), serde_json::json!(["1.0.0", "1.2.0", "1.3.0"]));
    assert_eq!(path("1.1.0", "1.2.0").unwrap(), serde_json::json!(["1.1.0", "1.2.0"]));
    assert_eq!(path("1.4.0", "1.0.0"), None);
    assert!(
        sandbox
            .run(["migrate", "--graph"])
            .exits(0)
            .stdout
            .contains("  1.0.0 → 1.4.0  1.0.0 → 1.2.0 → 1.3.0 → 1.4.0")
    );
}

#[test]
fn links_and_what_lies_deeper_are_not_entered() {
    let sandbox = example();
    let run = "artifacts/patient-summary-ig/runs/latest";
    assert!(sandbox.at(run).symlink_metadata().unwrap().is_symlink(), "the example has a folder of links");
    sandbox.write(
        "outside/run/manifest.json",
        "{\"schema_version\": \"1.0.0\", \"job_id\": \"j\", \"run_id\": \"r\", \"status\": \"x\"}",
    );
    symlink(sandbox.at("outside"), sandbox.at("artifacts/outside")).unwrap();
    symlink(sandbox.at("outside/run"), sandbox.at("artifacts/ig-test-001/outside")).unwrap();
    sandbox.write("artifacts/ig-test-001/linked/x", "");
    symlink(
        sandbox.at("outside/run/manifest.json"),
        sandbox.at("artifacts/ig-test-001/linked/manifest.json"),
    )
    .unwrap();
    let before = sandbox.tree("outside");
    let outcome = sandbox.run(["migrate"]).exits(6);
    assert!(
        outcome.stdout.contains("Total manifests found: 10") && outcome.stdout.contains("a symbolic link"),
        "{outcome}"
    );
    assert!(sandbox.tree("outside") == before);
    let stray = "artifacts/rate-limit-proposal/d886b11370f2da69691ef150e2b72259/outputs/manifest.json";
    assert!(sandbox.read(stray).contains("0.3"));
}

#[test]
fn permissions_stay_and_a_damaged_backup_is_not_gone_back_to() {
    let sandbox = example();
    let manifest = "artifacts/ig-test-001/abc123/manifest.json";
    fs::set_permissions(sandbox.at(manifest), fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.run(["migrate"]).exits(0);
    assert_eq!(fs::metadata(sandbox.at(manifest)).unwrap().permissions().mode() & 0o777, 0o640);
    let after = sandbox.read(manifest);
    sandbox.shell(&format!("printf ' ' >> {manifest}.backup")).exits(0);
    let outcome = sandbox.run(["migrate", "--restore", "ig-test-001/abc123"]).exits(6);
    assert!(outcome.stderr.contains("manifest.json.backup"), "{outcome}");
    sandbox.shell(&format!("rm {manifest}.backup && ln -s /etc/hostname {manifest}.backup")).exits(0);
    sandbox.run(["migrate", "--restore", "ig-test-001/abc123"]).exits(6);
    assert_eq!(sandbox.read(manifest), after);
    let found = sandbox.run(["verify", "ig-test-001/abc123"]).exits(1);
    assert!(found.stdout.contains("fail     migrations        manifest.json.backup"), "{found}");
    let hostile = after.replace("manifest.json.backup", "../../../../etc/hostname");
    sandbox.write(manifest, hostile);
    sandbox.run(["migrate", "--restore", "ig-test-001/abc123"]).exits(6);
}

#[test]
fn of_a_damaged_manifest_the_backup_is_named() {
    let sandbox = example();
    sandbox.run(["migrate", "ig-test-001/abc123"]).exits(0);
    sandbox.write("artifacts/ig-test-001/abc123/manifest.json", "torn");
    for restore in [vec!["ig-test-001/abc123"], vec!["--all"]] {
        let outcome = sandbox.run(["migrate", "--restore"].iter().chain(&restore)).exits(6);
        assert!(outcome.to_string().contains("`manifest.json.backup` beside it"), "{outcome}");
        assert!(outcome.to_string().contains("copy it over by hand"), "{outcome}");
    }
}

#[test]
fn what_can_be_done_next_is_said() {
    let sandbox = example();
    let said = |args: &[&str], said: &str| {
        let outcome = sandbox.run(args).exits(0);
        assert!(outcome.stderr.contains(said), "{outcome}");
    };
    said(&["migrate", "--all"], "`consensus migrate --restore` goes back");
    said(&["backfill", "inputs", "--all"], "kept beside each manifest");
    said(&["migrate", "--target-version", "1.0.0"], "`--restore` goes back");
    said(&["migrate", "--restore", "--all"], "hint: 3 of them can go back by one more change");
    let last = sandbox.run(["migrate", "--restore", "--all"]).exits(0);
    assert_eq!(last.stderr, "");
}

#[test]
fn of_runs_whose_age_is_not_recorded_none_is_the_latest() {
    let sandbox = example();
    let outcome = sandbox.run(["show", "ig-test-001@latest"]).exits(2);
    assert!(outcome.stderr.contains("ig-test-001/abc123, ig-test-001/abc124"), "{outcome}");
    // Of two ids with the same beginning a list shows the whole.
    let list = sandbox.run(["list", "--job", "patient-summary-ig"]).exits(0);
    assert!(list.stdout.contains("bf01606f626b886e7be375c44efe69d9-2"), "{list}");
    sandbox.run(["show", "claims-export-ig@latest"]).exits(0);
}

#[test]
fn what_would_become_too_large_to_be_read_is_left_alone() {
    let sandbox = Sandbox::new();
    let head = r#"{"schema_version":"1.0.0","job_id":"h","run_id":"a","status":"completed","x":""#;
    let long = "a".repeat((16 << 20) - head.len() - 2);
    sandbox.write("artifacts/h/a/manifest.json", format!("{head}{long}\"}}"));
    let outcome = sandbox.run(["migrate"]).exits(6);
    assert!(outcome.stdout.contains("at most 16777216 are read"), "{outcome}");
    sandbox.run(["verify", "h/a"]).exits(0);
    assert_eq!(sandbox.tree("artifacts").len(), 1);
}

#[test]
fn the_store_of_a_newer_program_is_not_written_to() {
    for marker in ["{\"format\": 2}", "garbage", ""] {
        let sandbox = example();
        sandbox.write("artifacts/.consensus/store.json", marker);
        let before = sandbox.tree("artifacts");
        for args in
            ["migrate", "migrate --restore --all", "backfill inputs --all", "migrate ig-test-001/abc123"]
        {
            let outcome = sandbox.run(args.split(' ')).exits(6);
            assert!(outcome.stderr.contains("store.json"), "{outcome}");
        }
        assert!(sandbox.tree("artifacts") == before, "something was written");
    }
}

#[test]
fn check_fails_where_migrating_would() {
    let sandbox = Sandbox::new();
    let text =
        r#"{"schema_version":"1.0.0","job_id":"h","run_id":"b","status":"completed","decision":"approve"}"#;
    sandbox.write("artifacts/h/b/manifest.json", text);
    for which in [vec![], vec!["h/b"]] {
        let outcome = sandbox.run(["migrate", "--check"].iter().chain(&which)).exits(6);
        assert!(outcome.stdout.contains("field `decision`"), "{outcome}");
        let json = sandbox.run(["migrate", "--check", "--json"].iter().chain(&which)).exits(6).json();
        assert_eq!((&json["need_migration"], &json["error"]["code"]), (&0.into(), &"some_failed".into()));
    }
}

#[test]
fn a_version_that_is_assumed_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("artifacts/h/b/manifest.json", r#"{"job_id":"h","run_id":"b","status":"completed"}"#);
    sandbox.run(["migrate", "--assume-version", "1.0.0", "--target-version", "1.0.0"]).exits(0);
    assert!(sandbox.read("artifacts/h/b/manifest.json").contains("\"schema_version\":\"1.0.0\""));
    sandbox.run(["verify", "h/b"]).exits(0);
    sandbox.run(["migrate", "--restore", "h/b"]).exits(0);
}

#[test]
fn a_name_that_is_no_text_is_said_to_be_so() {
    let sandbox = example();
    sandbox.run(["migrate"]).exits(0);
    sandbox.shell(r"touch artifacts/ig-test-001/abc123/inputs/$(printf 'n\377')").exits(0);
    let outcome = sandbox.run(["backfill", "inputs", "ig-test-001/abc123"]).exits(6);
    assert!(outcome.stderr.contains("is no UTF-8 text"), "{outcome}");
}

#[test]
fn interrupted_it_prints_one_object_and_leaves_nothing_beside() {
    let sandbox = Sandbox::new();
    for number in 0..1500 {
        let text =
            format!(r#"{{"schema_version":"1.0.0","job_id":"h","run_id":"r{number}","status":"completed"}}"#);
        sandbox.write(&format!("artifacts/h/r{number}/manifest.json"), text);
    }
    let mut hits = 0;
    for wait in ["0.03", "0.06", "0.1", "0.15"] {
        let command =
            format!("timeout --foreground --preserve-status -s INT {wait} consensus migrate --json");
        let outcome = sandbox.shell(&command);
        hits += usize::from(outcome.status == Some(130));
        assert!(matches!(outcome.status, Some(0 | 130)), "{outcome}");
        assert!(!sandbox.tree("artifacts").keys().any(|path| path.contains(".tmp")));
        let json = outcome.json();
        assert_eq!(json["error"]["code"].as_str(), (outcome.status == Some(130)).then_some("interrupted"));
    }
    assert!(hits > 0, "it was never interrupted");
}

#[test]
fn a_directory_without_runs_is_no_store() {
    let sandbox = example();
    sandbox.shell("mkdir -p other/folder/deeper").exits(0);
    for args in ["list", "verify --all", "migrate", "migrate --check", "migrate --restore --all"] {
        let outcome = sandbox.run(["--store", "other"].into_iter().chain(args.split(' '))).exits(4);
        assert!(outcome.stderr.contains("there is no store"), "{args}\n{outcome}");
    }
}

#[test]
fn an_edit_between_two_migrations_is_found() {
    let sandbox = example();
    sandbox.run(["migrate", "--target-version", "1.2.0"]).exits(0);
    let manifest = "artifacts/ig-test-001/abc123/manifest.json";
    sandbox.write(manifest, sandbox.read(manifest).replace("IG-TEST-001", "IG-TEST-002"));
    sandbox.run(["verify", "ig-test-001/abc123"]).exits(1);
    sandbox.run(["migrate"]).exits(0);
    let outcome = sandbox.run(["verify", "ig-test-001/abc123"]).exits(1);
    assert!(outcome.stdout.contains("migration_history[1]"), "{outcome}");
}

#[test]
fn inputs_are_recorded_where_they_were_not_and_never_otherwise() {
    let sandbox = example();
    let refused = sandbox.run(["backfill", "inputs", "ig-test-001/abc123"]).exits(5);
    assert!(refused.stderr.contains("hint: `consensus migrate`"), "{refused}");
    let many = sandbox.run(["backfill", "inputs", "--all"]).exits(5);
    assert!(many.stdout.contains("hint: `consensus migrate`"), "{many}");
    sandbox.run(["migrate"]).exits(0);
    let before = sandbox.tree("artifacts");
    let dry = sandbox.run(["backfill", "inputs", "--all", "--dry-run"]).exits(0);
    assert!(
        dry.stdout.contains("+  \"inputs_hash\": \"sha256:") || dry.stdout.contains("+\t\"inputs_hash\""),
        "{dry}"
    );
    assert!(sandbox.tree("artifacts") == before, "something was written");
    let json = sandbox.run(["backfill", "inputs", "--all", "--json"]).exits(0).json();
    let agrees: Vec<(&str, bool)> = json["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["path"].as_str().unwrap().split('/').nth(1).unwrap(),
                one["run_id_agrees"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(agrees, [("claims-export-ig", true), ("ig-test-001", false), ("ig-test-001", false)]);
    sandbox.run(["verify", "--all"]).exits(0);
    recomputes(&sandbox);
    sandbox.shell("echo x >> artifacts/ig-test-001/abc123/inputs/context.md").exits(0);
    let changed = sandbox.run(["verify", "ig-test-001/abc123"]).exits(1);
    assert!(changed.stdout.contains("inputs/context.md: changed"), "{changed}");
    let again = sandbox.run(["backfill", "inputs", "--all"]).exits(0);
    assert!(again.stdout.contains("Recorded: 0\nNothing to record: 9"), "{again}");
    sandbox.run(["migrate", "--restore", "claims-export-ig/40329630da302d5d29ce7989ecb711fa"]).exits(0);
    let manifest = sandbox.read("artifacts/claims-export-ig/40329630da302d5d29ce7989ecb711fa/manifest.json");
    assert!(
        manifest.contains("\"inputs_hash\": null"),
        "back to before the backfill, not before the migration"
    );
}

#[test]
fn a_link_or_fifo_among_the_inputs_is_not_recorded() {
    for script in ["mkfifo inputs/fifo", "ln -s /etc/hostname inputs/link"] {
        let sandbox = example();
        sandbox.run(["migrate"]).exits(0);
        sandbox.shell(&format!("cd artifacts/ig-test-001/abc123 && {script}")).exits(0);
        let outcome = sandbox.run(["backfill", "inputs", "ig-test-001/abc123"]).exits(6);
        assert!(outcome.stderr.contains("no regular file"), "{outcome}");
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing_but_what_is_printed() {
    for command in ["migrate --json | head -1", "migrate >&-", "migrate --json > /dev/full"] {
        let sandbox = example();
        sandbox.shell(&format!("consensus {command}; true")).exits(0);
        sandbox.run(["migrate", "--check"]).exits(0);
    }
}

#[test]
fn processes_at_once_do_each_manifest_exactly_once() {
    for _ in 0..4 {
        let sandbox = Sandbox::new();
        let text = fs::read_to_string(format!("{ROOT}/fixtures/manifests/sound/1.0.0-minimal.json")).unwrap();
        for number in 0..120 {
            sandbox.write(&format!("artifacts/job-{}/run-{number}/manifest.json", number % 7), &text);
        }
        let children: Vec<_> = (0..4)
            .map(|_| sandbox.command(["migrate", "--json"]).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        let mut migrated = 0;
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            let json: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&json["total"], &json["failed"]), (&120.into(), &0.into()));
            migrated += json["changed"].as_u64().unwrap();
        }
        assert_eq!(migrated, 120);
        let kept = kept(&sandbox);
        assert_eq!(kept.len(), 240, "one manifest and one backup each");
        recomputes(&sandbox);
    }
}

#[test]
fn runs_of_other_tools_are_shown_after_a_migration_as_before() {
    let sandbox = Sandbox::new();
    sandbox.shell(&format!("cp -r {ROOT}/artifacts.example artifacts")).exits(0);
    sandbox.run(["migrate"]);
    for run in sandbox.runs().iter().filter(|run| run.matches('/').count() == 2) {
        sandbox.run(["show", &format!("./{run}")]).exits(0);
    }
}

#[test]
fn versions_are_recorded_where_they_were_not_and_never_otherwise() {
    let sandbox = example();
    let say = ["backfill", "versions", "--schema-version", "1.0.0", "--prompt-set-version", "1.0.0"];
    let said = |more: &[&str]| sandbox.run(say.iter().chain(more));
    let refused = said(&[]).exits(5);
    assert!(refused.stdout.contains("hint: `consensus migrate`"), "{refused}");
    sandbox.run(["migrate"]).exits(0);
    let before = sandbox.tree("artifacts");
    let dry = said(&["--dry-run"]).exits(0);
    assert!(dry.stdout.contains("+  \"data_schema_version\": \"1.0.0\""), "{dry}");
    assert!(sandbox.tree("artifacts") == before, "something was written");
    let one = said(&["--job", "ig-test-001"]).exits(0);
    assert!(one.stdout.contains("Recorded: "), "{one}");
    said(&[]).exits(0);
    let again = said(&[]).exits(0);
    assert!(again.stdout.contains("Recorded: 0\n"), "{again}");
    sandbox.run(["verify", "--all"]).exits(0);
    recomputes(&sandbox);
    let unknown = sandbox.run(["audit", "--expect", "schema=unknown"]).exits(0);
    assert!(unknown.stdout.contains("unexpected_schema_version: 1.0.0 (run)"), "{unknown}");
    for bad in ["1", "latest", ""] {
        sandbox
            .run(["backfill", "versions", "--schema-version", bad, "--prompt-set-version", "1.0.0"])
            .exits(2);
    }
    sandbox.run(["migrate", "--restore", "--all"]).exits(0);
    assert!(said(&[]).exits(0).stdout.contains("Recorded: "), "it can be gone back from");
}
