//! `list`: which runs are wanted.

use crate::support::{Sandbox, fixture};

fn jobs(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let json = sandbox.run([&["list", "--json"], args].concat()).exits(0).json();
    let runs = json["runs"].as_array().unwrap();
    assert!(args.contains(&"--limit") || json["total"] == runs.len());
    runs.iter().map(|run| run["job_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_filter_keeps_what_it_says() {
    let sandbox = Sandbox::new();
    for (name, day) in [("good", "05"), ("hazards", "06"), ("careless", "07")] {
        sandbox.write(&format!("{name}.md"), fixture(&format!("{name}.md")));
        let epoch = 1_767_225_600 + day.parse::<u64>().unwrap() * 86_400;
        let mut command = sandbox.command(["run", &format!("{name}.md")]);
        command.env("SOURCE_DATE_EPOCH", epoch.to_string()).env("USER", format!("user-{day}"));
        crate::support::Outcome::from(&mut command).exits(0);
    }
    let all = ["careless", "hazards", "good"];
    for (args, expected) in [
        (&[][..], &all[..]),
        (&["--decision", "approve"], &["good"]),
        (&["--status", "completed"], &all),
        (&["--status", "failed"], &[]),
        (&["--schema-version", "1.1.0"], &all),
        (&["--schema-version", "unknown"], &[]),
        (&["--manifest-version", "1.4.0"], &all),
        (&["--prompt-set", "none"], &all),
        (&["--policy", "default"], &all),
        (&["--policy", "default@2"], &[]),
        (&["--model", "rules-3"], &all),
        (&["--model", "rules"], &[]),
        (&["--by", "user-06"], &["hazards"]),
        (&["--since", "2026-01-07"], &["careless", "hazards"]),
        (&["--until", "2026-01-07"], &["good"]),
        (&["--since", "2026-01-07T00:00:00Z", "--until", "2026-01-07T00:00:01Z"], &["hazards"]),
        (&["--min-confidence", "0.725"], &["hazards", "good"]),
        (&["--min-confidence", "0.7251"], &["good"]),
        (&["--after", "careless@latest"], &["hazards", "good"]),
        (&["--after", "hazards@latest", "--limit", "1"], &["good"]),
        (&["--after", "good@latest"], &[]),
        (&["--job", "good", "--decision", "reject"], &[]),
    ] {
        assert_eq!(jobs(&sandbox, args), expected, "{args:?}");
    }
    for args in [
        &["--since", "yesterday"][..],
        &["--min-confidence", "2"],
        &["--status", "done"],
        &["--decision", "maybe"],
        &["--policy", "A"],
    ] {
        sandbox.run([&["list"], args].concat()).exits(2);
    }
    sandbox.run(["list", "--after", "nobody@latest"]).exits(4);
}

#[test]
fn a_store_without_a_marker_is_one_where_runs_are() {
    let sandbox = Sandbox::reviewed();
    sandbox.shell("rm -rf artifacts/.consensus").exits(0);
    sandbox.run(["list"]).exits(0);
    let outcome = sandbox.run(["list", "--job", "other"]).exits(4);
    assert!(outcome.stderr.contains("`other`"), "{outcome}");
}
