//! Two to eight processes that do everything at once, some of them killed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Trial;
use crate::ledger::Done;
use crate::support::{Sandbox, good};

const COMMANDS: [&str; 22] = [
    "run good.md --sample 1",
    "run good.md --sample 2",
    "run edited.md",
    "batch docs --jobs 2",
    "batch docs --jobs 2 --shard 1/2",
    "revise good@latest --idea edited.md",
    "policy apply -f strict.toml --by ops",
    "policy apply -f mild.toml --by ops",
    "version new good --from-run good@latest --by author",
    "item add good --data {} --by author",
    "version submit good --by author",
    "version withdraw good --by author",
    "version approve good --by owner",
    "migrate",
    "index",
    "query 'SELECT count(*) FROM runs'",
    "list",
    "show good@latest",
    "audit",
    "policy check -f strict.toml --all",
    "verify --all",
    "report good@latest",
];

pub(crate) fn trials<'a>(seconds: u64) -> Vec<Trial<'a>> {
    // An hour has hundreds of such rounds; a minute, a few short ones.
    let rounds = seconds.div_ceil(20).max(3);
    let each = Duration::from_secs((seconds / 20).clamp(3, 10));
    let trial = |round: u64| Trial {
        name: format!("{} processes at once, round {round}", 2 + round % 7),
        area: "two to eight processes at once".to_owned(),
        try_it: Box::new(move |done| soak(2 + round % 7, round, each, done)),
    };
    (0..rounds).map(trial).collect()
}

/// Numbers left to chance, the same ones for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % count
    }
}

fn soak(processes: u64, seed: u64, each: Duration, done: &Done) {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.write("edited.md", good().replacen("invoices", "bills", 1));
    for number in 0..4 {
        sandbox
            .write(&format!("docs/{number}.md"), good().replacen("invoices", &format!("bills {number}"), 1));
    }
    sandbox.write("strict.toml", "[panel.thresholds]\napprove = 1\n");
    sandbox.write("mild.toml", "[panel.thresholds]\napprove = 0.5\n");
    let (begun, count) = (Instant::now(), AtomicU64::new(0));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processes)
            .map(|number| {
                let (sandbox, count) = (&sandbox, &count);
                scope.spawn(move || {
                    let mut chance = Chance(seed * 8191 + number * 131 + 7);
                    while begun.elapsed() < each {
                        let at = usize::try_from(chance.below(COMMANDS.len() as u64)).unwrap();
                        let is_killed = chance.below(4) == 0;
                        let kill = format!("timeout -s KILL 0.{:03} ", chance.below(200));
                        let before = if is_killed { &*kill } else { "timeout 120 " };
                        let outcome = sandbox.shell(&format!("{before}consensus {}", COMMANDS[at]));
                        let status = outcome.status.unwrap_or(-1);
                        let may = (0..=5).contains(&status) || is_killed && status == 137;
                        // What is being replaced while it is read is told as damage by nobody but its reader.
                        assert!(may, "{}\n{outcome}", COMMANDS[at]);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    for _ in 0..count.into_inner() {
        done.injected();
    }
    let outcome = sandbox.run(["verify", "--all"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    done.checked();
    for command in [&["run", "good.md"][..], &["batch", "docs"], &["index"]] {
        sandbox.run(command).exits(0);
        done.checked();
    }
    sandbox.run(["verify", "--all"]).exits(0);
    done.checked();
}
