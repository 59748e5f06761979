//! Clocks that go back.

use crate::Trial;
use crate::fault::Fault;
use crate::ledger::Done;
use crate::support::{Outcome, Sandbox, good};

const AREA: &str = "clocks that go back";

/// Every command is earlier than the one before, by years.
struct Backwards {
    sandbox: Sandbox,
    now: u64,
}

impl Backwards {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("good.md", good());
        sandbox.write("strict.toml", "[panel.thresholds]\napprove = 1\n");
        sandbox.write("mild.toml", "[panel.thresholds]\napprove = 0.5\n");
        Self { sandbox, now: 1_900_000_000 }
    }

    fn says(&mut self, command: &str, done: &Done) -> Outcome {
        self.now -= 60_000_000;
        let outcome = self.sandbox.shell(&format!("SOURCE_DATE_EPOCH={} {command}", self.now));
        done.injected();
        outcome
    }
}

pub(crate) fn trials<'a>() -> Vec<Trial<'a>> {
    let trial = |name: &str, try_it: fn(&Done)| Trial {
        name: format!("{AREA}: {name}"),
        area: AREA.to_owned(),
        try_it: Box::new(try_it),
    };
    vec![trial("everything", everything), trial("a run that goes on", a_run_that_goes_on)]
}

fn everything(done: &Done) {
    let mut story = Backwards::new();
    for command in [
        "run good.md",
        "policy apply -f strict.toml --by ops",
        "run good.md --sample 2",
        "policy apply -f mild.toml --by ops",
        "policy rollback default@1 --by ops",
        "version new good --from-run good@latest --by author",
        "item add good --data {} --by author",
        "version submit good --by author",
        "version approve good --by owner",
        "index",
        "run good.md --sample 3",
        "index",
        "migrate",
        "audit",
        "report good@latest",
        "list",
        "policy log",
        "version log good",
    ] {
        let outcome = story.says(&format!("consensus {command}"), done);
        assert!(
            matches!(outcome.status, Some(0..=5)) && !outcome.stderr.contains("panicked"),
            "{command}\n{outcome}"
        );
        story.sandbox.run(["verify", "--all"]).exits(0);
        done.checked();
    }
    assert_eq!(story.sandbox.run(["list", "--json"]).exits(0).json()["total"], 3);
}

fn a_run_that_goes_on(done: &Done) {
    for n in 1..12 {
        let mut story = Backwards::new();
        let killed = format!(
            "strace -f -qqq -o trace -e trace=write -e inject=write:signal=SIGKILL:when={n} consensus run good.md"
        );
        story.says(&killed, done);
        let outcome = story.says("consensus run good.md", done);
        assert_eq!(outcome.status, Some(0), "{}\n{outcome}", Fault::Kill("write".to_owned(), n));
        story.sandbox.run(["verify", "--all"]).exits(0);
        done.checked();
    }
}
