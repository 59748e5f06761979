//! The same inputs give the same bytes, whatever the machine is like.

use std::path::Path;

use consensus::domain::digest::Digest;

use crate::support::{ROOT, Sandbox, good, has};

/// What a run leaves behind when it is made by this shell command.
fn made_by(script: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("notes.md", "Some context.\n");
    sandbox.write("more.md", "More context.\n");
    sandbox.shell(script).exits(0);
    sandbox.run(["verify", "--all"]).exits(0);
    sandbox.evidence()
}

#[test]
fn time_zone_locale_umask_directory_and_clock_change_no_byte() {
    let args = "good.md --context notes.md --context more.md";
    let plain = made_by(&format!("consensus run {args}"));
    assert_eq!(plain.len(), 15 + rule_files(&plain), "{:?}", plain.keys());
    for script in [
        format!("TZ=Pacific/Kiritimati SOURCE_DATE_EPOCH=1 consensus run {args}"),
        format!("unset SOURCE_DATE_EPOCH; TZ=America/New_York consensus run {args}"),
        format!("LC_ALL=tr_TR.UTF-8 LANG=de_DE.UTF-8 consensus run {args}"),
        format!("LC_ALL=C LANG= consensus run {args}"),
        format!("umask 077; consensus run {args}"),
        format!("umask 000; consensus run {args}"),
        "mkdir -p a/b && cd a/b && consensus run ../../good.md --context ../../more.md --context ../../notes.md --store ../../artifacts".to_owned(),
        format!("USER=somebody HOME=/ NO_COLOR=1 COLUMNS=40 consensus run {args}"),
        "consensus run $PWD/good.md --context ./more.md --context notes.md --store $PWD/artifacts --color always --json".to_owned(),
    ] {
        assert!(made_by(&script) == plain, "{script}");
    }
}

fn rule_files(evidence: &std::collections::BTreeMap<String, Vec<u8>>) -> usize {
    evidence.keys().filter(|path| path.contains("/inputs/rules/")).count()
}

#[test]
fn one_processor_or_two_change_no_byte() {
    if !has("taskset") {
        return;
    }
    let both = made_by("consensus run good.md");
    assert!(made_by("taskset -c 0 consensus run good.md") == both);
}

#[test]
fn going_on_after_a_kill_gives_the_bytes_of_an_undisturbed_run() {
    let plain = made_by("consensus run good.md");
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    crate::crash::killed_at(&sandbox, "fdatasync", 1);
    sandbox.run(["run", "good.md"]).exits(0);
    assert!(sandbox.evidence() == plain);
}

/// Golden: what the fixtures are told, to the byte. A change to the rules shows in the inputs too; a
/// change to the engine alone does not, so its version must be raised with it.
#[test]
fn what_the_fixtures_are_told_changes_only_with_a_version() {
    let sandbox = Sandbox::new();
    for name in ["careless", "good", "hazards"] {
        let file = format!("{name}.md");
        sandbox.write(&file, crate::support::fixture(&file));
        sandbox.run(["run", file.as_str()]).exits(0);
    }
    let line = |(path, bytes): (String, Vec<u8>)| format!("{} {path}\n", Digest::of(&bytes).hex());
    let told: String = sandbox.evidence().into_iter().map(line).collect();
    let golden = Path::new(ROOT).join("tests/golden/evidence.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &told).unwrap();
    }
    let kept = std::fs::read_to_string(&golden).unwrap_or_default();
    let differs = told.lines().zip(kept.lines()).find(|(told, kept)| told != kept);
    assert!(
        told == kept,
        "{differs:?}: raise the pack's version, or `ENGINE` where no rule changed, then run with UPDATE_GOLDEN=1"
    );
}
