use proptest::prelude::*;
use semver::Version;

use super::*;
use crate::domain::ids::RunId;
use crate::domain::json::{ObjectText, Value};
use crate::domain::manifest::{HISTORY, SHAPES, check_history};

const STAMP: Stamp<'_> =
    Stamp { applied_at: "2026-01-02T03:04:05.000Z", tool_version: "0.1.0", backup: "manifest.json.backup" };

fn to(bytes: &[u8], target: &Version) -> Result<Outcome, MigrationError> {
    migrate(&Registry::built_in(), bytes, target, None, &STAMP)
}

fn rewritten(bytes: &[u8], target: &Version) -> Rewritten {
    match to(bytes, target).unwrap() {
        Outcome::Rewritten(rewritten) => rewritten,
        Outcome::Current(version) => panic!("it is {version} already"),
    }
}

fn latest() -> Version {
    Registry::built_in().latest().unwrap()
}

/// The text of a JSON value, spelled in one of the ways that tools spell it.
fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?",
        "\"([ -!#-\\[\\]-~é数🙂]|\\\\u00e9|\\\\ud83d\\\\ude42|\\\\n|\\\\/){0,12}\"",
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let members = items.iter().enumerate().map(|(index, item)| format!("\"k{index}\" :{item}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// How a document is laid out: what stands before a key, around a colon, and at the end.
fn any_layout() -> impl Strategy<Value = (&'static str, &'static str, &'static str)> {
    prop_oneof![
        Just(("", ":", "")),
        Just((" ", ": ", "\n")),
        Just(("\n  ", ": ", "\n")),
        Just(("\r\n\t", " : ", "\r\n")),
        Just(("\n\n    ", ":", "")),
    ]
}

/// A manifest of 1.0.0 with unknown members, some of later versions, in any order and layout.
fn any_manifest() -> impl Strategy<Value = String> {
    let required = [
        "\"schema_version\"@\"1.0.0\"",
        "\"job_id\"@\"job\"",
        "\"run_id\"@\"run\"",
        "\"status\"@\"succeeded\"",
    ];
    let own = prop::collection::vec(any_value(), 0..5);
    let known = prop::sample::subsequence(
        vec![
            "\"migration_history\"@[]",
            "\"input_snapshots\"@{}",
            "\"inputs_hash\"@null",
            "\"chain_metadata\"@{\"is_chainable_stage\":true}",
            "\"meta\"@{\"a\": 1E5}",
            "\"job_ref\"@\"J\\u00e9\"",
            "\"steps\"@[]",
        ],
        0..=7,
    );
    (own, known, any_layout(), any::<prop::sample::Index>()).prop_map(
        move |(own, known, (gap, colon, end), turn)| {
            let own = own.iter().enumerate().map(|(index, value)| format!("\"x_{index}\"@{value}"));
            let mut members: Vec<String> =
                required.iter().chain(&known).map(|member| (*member).to_owned()).chain(own).collect();
            let turn = turn.index(members.len());
            members.rotate_left(turn);
            let members = members.iter().map(|member| format!("{gap}{}", member.replacen('@', colon, 1)));
            format!("{{{}{end}}}{end}", members.collect::<Vec<_>>().join(","))
        },
    )
}

fn without_history(bytes: &[u8]) -> String {
    let document = ObjectText::parse(bytes).unwrap();
    let members = document.members().filter(|(name, _)| *name != HISTORY);
    members.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

proptest! {
    #[test]
    fn every_path_gives_the_same_document_but_for_its_history(text in any_manifest()) {
        let direct = rewritten(text.as_bytes(), &latest());
        for stops in 0..8_u8 {
            let mut bytes = text.clone().into_bytes();
            let between = SHAPES[1..4].iter().enumerate().filter(|(index, _)| stops & (1 << index) != 0);
            for shape in between.map(|(_, shape)| shape).chain(SHAPES.last()) {
                bytes = rewritten(&bytes, &shape.version).bytes;
            }
            prop_assert_eq!(without_history(&bytes), without_history(&direct.bytes));
        }
    }

    #[test]
    fn what_was_there_keeps_its_text_and_its_order(text in any_manifest()) {
        let after = rewritten(text.as_bytes(), &latest()).bytes;
        let (before, after) = (ObjectText::parse(text.as_bytes()).unwrap(), ObjectText::parse(&after).unwrap());
        let mut there = after.members();
        for (name, value) in before.members() {
            let found = there.next().unwrap();
            prop_assert_eq!(found.0, name);
            if name == "schema_version" {
                prop_assert_eq!(found.1, "\"1.4.0\"");
            } else if name != HISTORY {
                prop_assert_eq!(found.1, value);
            }
        }
    }

    #[test]
    fn twice_changes_nothing_and_the_history_is_a_chain(text in any_manifest(), stop in 1..4_usize) {
        let between = rewritten(text.as_bytes(), &SHAPES[stop].version).bytes;
        let after = rewritten(&between, &latest()).bytes;
        prop_assert_eq!(to(&after, &latest()).unwrap(), Outcome::Current(latest()));
        for document in [&between, &after] {
            let checks = check_history(&Value::parse(document).unwrap());
            prop_assert!(checks.iter().all(|check| !check.failed()), "{:?}", checks);
        }
        let backup = last_backup(&after).unwrap().unwrap();
        prop_assert_eq!(backup.digest, crate::domain::digest::Digest::of(&between));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = to(&bytes, &latest());
        let _ = last_backup(&bytes);
    }

    #[test]
    fn nothing_in_a_member_makes_it_panic(member in any_value(), value in any_value()) {
        for name in ["schema_version", "job_id", "status", "artifacts", "migration_history", "inputs_hash", "input_snapshots", "decision"] {
            let text = format!("{{\"job_id\":\"j\",\"run_id\":\"r\",\"x\":{member},\"{name}\":{value}}}");
            let _ = to(text.as_bytes(), &latest());
            let _ = last_backup(text.as_bytes());
            let run: RunId = "r".parse().unwrap();
            let _ = backfill_inputs(&Registry::built_in(), text.as_bytes(), &run, &[], &STAMP);
        }
    }
}

#[test]
fn a_step_that_changes_what_it_may_not_is_caught() {
    let text = br#"{"schema_version":"1.0.0","job_id":"j","run_id":"r","status":"x","own":1}"#;
    let step = |apply| Step {
        from: Version::new(1, 0, 0),
        to: Version::new(1, 1, 0),
        changes: &[],
        adds: &["inputs_hash"],
        apply,
    };
    for (apply, member) in [
        (
            (|mut document: ObjectText<'_>| {
                document.set("job_id", &"other".into());
                document
            }) as for<'a> fn(ObjectText<'a>) -> ObjectText<'a>,
            "job_id",
        ),
        (
            |mut document| {
                document.set("own", &Value::Null);
                document
            },
            "own",
        ),
        (
            |mut document| {
                document.set("another", &Value::Null);
                document
            },
            "another",
        ),
        (|_| ObjectText::parse(b"{}").unwrap(), "schema_version"),
    ] {
        let registry = Registry::new(vec![step(apply)]);
        let refused = migrate(&registry, text, &Version::new(1, 1, 0), None, &STAMP).unwrap_err();
        assert_eq!(
            refused,
            MigrationError::Step { step: "1.0.0 → 1.1.0".to_owned(), member: member.to_owned() }
        );
    }
}

#[test]
fn what_no_step_starts_from_is_named_as_what_it_is() {
    let class = |text: &str| classify(&Registry::built_in(), &ObjectText::parse(text.as_bytes()).unwrap());
    assert_eq!(class("{}"), Class::Unversioned);
    assert_eq!(class(r#"{"schema_version":"1.0\u002e0"}"#), Class::Known(Version::new(1, 0, 0)));
    assert_eq!(class(r#"{"schema_version":"0.9.0"}"#), Class::Unknown(Version::new(0, 9, 0)));
    assert_eq!(class(r#"{"schema_version":"1.1.5"}"#), Class::Unknown(Version::new(1, 1, 5)));
    assert_eq!(class(r#"{"schema_version":"10.0.0"}"#), Class::Newer(Version::new(10, 0, 0)));
    for bad in ["null", "1", "\"one\"", "\"1.0\"", "{}", "\"\""] {
        let found = class(&format!("{{\"schema_version\":{bad}}}"));
        assert!(matches!(found, Class::Corrupt(_)), "{bad}: {found:?}");
    }
    let unversioned = br#"{"job_id":"j","run_id":"r","status":"x"}"#;
    assert_eq!(to(unversioned, &latest()).unwrap_err(), MigrationError::Unversioned);
    let assumed = Version::new(1, 0, 0);
    let outcome = migrate(&Registry::built_in(), unversioned, &latest(), Some(&assumed), &STAMP).unwrap();
    let Outcome::Rewritten(rewritten) = outcome else { panic!() };
    assert_eq!(rewritten.path.first(), Some(&assumed));
    let document = Value::parse(&rewritten.bytes).unwrap();
    assert_eq!(document.get("schema_version").and_then(Value::as_str), Some("1.4.0"));
}

#[test]
fn a_later_version_counts_as_current_and_nothing_leads_back() {
    let text = br#"{"schema_version":"1.4.0","job_id":"j","run_id":"r","status":"x"}"#;
    assert_eq!(to(text, &Version::new(1, 2, 0)).unwrap(), Outcome::Current(latest()));
}

#[test]
fn a_member_that_clashes_with_a_later_version_is_refused() {
    let text = br#"{"schema_version":"1.2.0","job_id":"j","run_id":"r","status":"x","decision":"approve"}"#;
    let refused = to(text, &latest()).unwrap_err().to_string();
    assert!(refused.starts_with("it does not fit version 1.4.0: field `decision`"), "{refused}");
    assert!(to(text, &Version::new(1, 3, 0)).is_ok());
}

#[test]
fn an_entry_says_what_was_done_and_the_rest_of_the_text_stays() {
    let text = "{\n  \"schema_version\": \"1.1.0\",\n  \"job_id\": \"j\", \"run_id\": \"r\",\n  \"status\": \"x\",\n  \"inputs_hash\": null,\n  \"migration_history\": []\n}\n";
    let after = String::from_utf8(rewritten(text.as_bytes(), &Version::new(1, 2, 0)).bytes).unwrap();
    insta::assert_snapshot!(after, @r#"
    {
      "schema_version": "1.2.0",
      "job_id": "j", "run_id": "r",
      "status": "x",
      "inputs_hash": null,
      "migration_history": [
        {
          "from_version": "1.1.0",
          "to_version": "1.2.0",
          "applied_at": "2026-01-02T03:04:05.000Z",
          "changes": [
            [
              "added chain_metadata: {\"is_chainable_stage\":false,\"prior_stages\":[]}"
            ]
          ],
          "tool": {
            "name": "consensus",
            "version": "0.1.0"
          },
          "backup": {
            "file": "manifest.json.backup",
            "sha256": "sha256:6a0b39ab66595587330aa84bd4f1a4c8c6926baec162d4330d6b2f325ac92995"
          },
          "checksum_before": "sha256:23fac559ff5383d1d26d1d98539b3dc20ed93dd74bf4c4057dce9edb7a3f37cd",
          "checksum_after": "sha256:fa741fec95d3e32ece4ec7082fced8b90b8e9c83dccee8cf692037d7d4f1fece"
        }
      ],
      "chain_metadata": {
        "is_chainable_stage": false,
        "prior_stages": []
      }
    }
    "#);
}

fn file(path: &str, text: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        digest: crate::domain::digest::Digest::of(text.as_bytes()),
        bytes: text.len() as u64,
    }
}

fn backfilled(text: &str, run: &str, files: &[InputFile]) -> Result<Backfilled, MigrationError> {
    backfill_inputs(&Registry::built_in(), text.as_bytes(), &run.parse().unwrap(), files, &STAMP)
}

fn manifest_with(members: &str) -> String {
    format!(r#"{{"schema_version":"1.1.0","job_id":"j","run_id":"r","status":"x"{members}}}"#)
}

#[test]
fn inputs_are_named_so_that_the_run_id_follows_where_it_can() {
    let files = [file("brief.resolved.json", "a"), file("more/context.md", "b")];
    let id = |names: [&str; 2]| {
        let named = names.into_iter().zip(files.iter().map(|file| file.digest));
        RunId::of_inputs(&crate::domain::identity::inputs_hash(named)).to_string()
    };
    for (run, names, agrees) in [
        (id(["brief", "context"]), ["brief", "context"], true),
        (id(["brief", "context"]) + "-2", ["brief", "context"], true),
        (id(["brief.resolved.json", "more/context.md"]), ["brief.resolved.json", "more/context.md"], true),
        ("abc123".to_owned(), ["brief.resolved.json", "more/context.md"], false),
    ] {
        for members in ["", r#","input_snapshots":{},"inputs_hash":null"#, r#","input_snapshots":null"#] {
            let done = backfilled(&manifest_with(members), &run, &files).unwrap();
            assert_eq!(done.id_agrees, Some(agrees));
            let Outcome::Rewritten(rewritten) = done.outcome else { panic!() };
            let document = Value::parse(&rewritten.bytes).unwrap();
            let recorded: Vec<&str> = document
                .get("input_snapshots")
                .unwrap()
                .members()
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            assert_eq!(recorded, names);
            assert!(check_history(&document).iter().all(|check| !check.failed()));
            let again = backfilled(std::str::from_utf8(&rewritten.bytes).unwrap(), &run, &files).unwrap();
            assert_eq!(again.id_agrees, None, "a second time changes nothing");
        }
    }
}

#[test]
fn versions_are_recorded_only_where_they_were_not() {
    let versions = Versions { schema: Version::new(1, 0, 0), prompt_set: "2.0.0".to_owned() };
    let recorded = |members: &str| {
        let text = manifest_with(members).replace("1.1.0", "1.3.0");
        let done = backfill_versions(&Registry::built_in(), text.as_bytes(), &versions, &STAMP).unwrap();
        let Outcome::Rewritten(rewritten) = done else { return None };
        let document = Value::parse(&rewritten.bytes).unwrap();
        assert!(check_history(&document).iter().all(|check| !check.failed()));
        let member = |name| document.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((member("data_schema_version").unwrap(), member("prompt_set_version").unwrap()))
    };
    let both = |schema: &str, prompts: &str| Some((schema.to_owned(), prompts.to_owned()));
    assert_eq!(recorded(""), both("1.0.0", "2.0.0"));
    assert_eq!(recorded(r#","data_schema_version":null,"prompt_set_version":null"#), both("1.0.0", "2.0.0"));
    assert_eq!(recorded(r#","data_schema_version":"0.9.0""#), both("0.9.0", "2.0.0"));
    assert_eq!(recorded(r#","prompt_set_version":"none""#), both("1.0.0", "none"));
    assert_eq!(recorded(r#","prompt_set_version":"none","data_schema_version":"0.9.0""#), None);
    let old = manifest_with("");
    let refused = backfill_versions(&Registry::built_in(), old.as_bytes(), &versions, &STAMP);
    assert_eq!(refused, Err(MigrationError::TooOld(Version::new(1, 1, 0))));
}

#[test]
fn inputs_that_are_recorded_are_never_recorded_otherwise() {
    let files = [file("brief.json", "a")];
    let other = format!(r#","inputs_hash":"sha256:{}""#, "0".repeat(64));
    let refused = backfilled(&manifest_with(&other), "r", &files).unwrap_err().to_string();
    assert!(refused.contains("do not give the recorded"), "{refused}");
    let snapshot = format!(r#"{{"path":"inputs/brief.json","sha256":"{}","bytes":1}}"#, files[0].digest);
    let only = format!(r#","input_snapshots":{{"b":{snapshot}}}"#);
    let done = backfilled(&manifest_with(&only), "r", &files).unwrap();
    let Outcome::Rewritten(rewritten) = done.outcome else { panic!() };
    assert!(std::str::from_utf8(&rewritten.bytes).unwrap().contains(&snapshot));
    let changed = backfilled(&manifest_with(&only), "r", &[file("brief.json", "b")]).unwrap_err().to_string();
    assert!(changed.contains("inputs/brief.json"), "{changed}");
    assert!(backfilled(&manifest_with("").replace("1.1.0", "1.0.0"), "r", &files).is_err());
    assert_eq!(backfilled(&manifest_with(""), "r", &[]).unwrap().id_agrees, None);
}

#[test]
fn only_an_own_entry_with_a_backup_can_be_gone_back_from() {
    let history = |entries: &str| format!(r#"{{"migration_history":[{entries}]}}"#);
    assert_eq!(last_backup(b"{}").unwrap(), None);
    assert_eq!(last_backup(history(r#"{"tool":{"name":"other"}}"#).as_bytes()).unwrap(), None);
    let refused = last_backup(history(r#"{"tool":{"name":"consensus"}}"#).as_bytes()).unwrap_err();
    assert!(refused.to_string().contains("migration_history[0].backup"), "{refused}");
}
