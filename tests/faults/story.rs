//! What is done while faults happen, and what must be so afterwards.

use std::sync::OnceLock;

use crate::fault::Fault;
use crate::ledger::Done;
use crate::support::{Outcome, Sandbox, fixture, good};

/// A command, what it needs, and what it must come to.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    prepare: fn(&Sandbox, url: &str),
    /// `URL` in it is where a model answers.
    act: &'static str,
    /// How it may end when it is given once more, whatever happened before.
    again: &'static [i32],
    pub(crate) goal: Goal,
}

/// What a command is for.
pub(crate) enum Goal {
    /// It changes the store, so that this command then prints these words and ends well.
    Change(&'static str, &'static str),
    /// It says what is in the store: nothing at all, or the truth.
    Answer,
}

const EDITED: &str = "edited.md";

fn document(sandbox: &Sandbox, _: &str) {
    sandbox.write("good.md", good());
}

fn documents(sandbox: &Sandbox, _: &str) {
    for number in 0..3 {
        sandbox
            .write(&format!("docs/{number}.md"), good().replacen("invoices", &format!("bills {number}"), 1));
    }
}

fn reviewed(sandbox: &Sandbox, url: &str) {
    document(sandbox, url);
    sandbox.write(EDITED, good().replacen("invoices", "bills", 1));
    sandbox.write("strict.toml", "[panel.thresholds]\napprove = 1\n");
    sandbox.run(["run", "good.md"]).exits(0);
}

fn versioned(sandbox: &Sandbox, url: &str) {
    reviewed(sandbox, url);
    sandbox.run(["run", "good.md", "--sample", "2"]).exits(0);
    sandbox.run(["version", "new", "job", "--by", "author"]).exits(0);
    sandbox.run(["index"]).exits(0);
}

fn old(sandbox: &Sandbox, _: &str) {
    let manifest = fixture("manifests/sound/1.0.0-plain.json");
    for number in 0..4 {
        sandbox.write(&format!("artifacts/job/run-{number}/manifest.json"), &manifest);
    }
}

fn migrated(sandbox: &Sandbox, url: &str) {
    old(sandbox, url);
    sandbox.run(["migrate"]).exits(0);
}

fn with_policy(sandbox: &Sandbox, url: &str) {
    document(sandbox, url);
    sandbox.write("policy.toml", "[limits]\ninitial_backoff_ms = 100\n");
    sandbox.run(["policy", "apply", "-f", "policy.toml"]).exits(0);
}

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "run",
        prepare: document,
        act: "run good.md --json",
        again: &[0],
        goal: Goal::Change("list --status completed --json", "\"total\": 1"),
    },
    Story {
        name: "run by a model",
        prepare: with_policy,
        act: "run good.md --provider chat --model m --base-url URL",
        again: &[0],
        goal: Goal::Change("list --status completed --json", "\"total\": 1"),
    },
    Story {
        name: "batch",
        prepare: documents,
        act: "batch docs --jobs 2",
        again: &[0],
        goal: Goal::Change("list --status completed --json", "\"total\": 3"),
    },
    Story {
        name: "revise",
        prepare: reviewed,
        act: "revise good@latest --idea edited.md -m why",
        again: &[0],
        goal: Goal::Change("query 'SELECT count(*) || 1 FROM runs WHERE parent_run_id > 0' --json", "\"11\""),
    },
    Story {
        name: "migrate",
        prepare: old,
        act: "migrate",
        again: &[0],
        goal: Goal::Change("migrate --check", "1.4.0"),
    },
    Story {
        name: "migrate --restore",
        prepare: migrated,
        act: "migrate --restore --all",
        again: &[0],
        goal: Goal::Change("migrate --list-versions", "1.0.0"),
    },
    Story {
        name: "policy apply",
        prepare: reviewed,
        act: "policy apply -f strict.toml --by ops",
        again: &[0],
        goal: Goal::Change("policy log --json", "\"version\": 2"),
    },
    Story {
        name: "version new",
        prepare: reviewed,
        act: "version new good --from-run good@latest --by author",
        // It is told that there is a draft.
        again: &[0, 5],
        goal: Goal::Change("version show good --json", "\"version\": 1"),
    },
    Story {
        name: "item add",
        prepare: versioned,
        act: "item add job --data {} --by author",
        again: &[0],
        goal: Goal::Change("version show job --json", "\"data\""),
    },
    Story {
        name: "index",
        prepare: reviewed,
        act: "index",
        again: &[0],
        goal: Goal::Change("query 'SELECT count(*) AS runs FROM runs' --json", "1"),
    },
    Story { name: "verify", prepare: versioned, act: "verify --all", again: &[0], goal: Goal::Answer },
    Story { name: "list", prepare: versioned, act: "list --json", again: &[0], goal: Goal::Answer },
    Story {
        name: "show",
        prepare: versioned,
        act: "show good@latest --json",
        again: &[0],
        goal: Goal::Answer,
    },
    Story { name: "audit", prepare: versioned, act: "audit --json", again: &[0], goal: Goal::Answer },
    Story {
        name: "query",
        prepare: versioned,
        act: "query 'SELECT id, decision_label FROM runs ORDER BY 1' --json",
        again: &[0],
        goal: Goal::Answer,
    },
    Story {
        name: "policy check",
        prepare: versioned,
        act: "policy check -f strict.toml --all --json",
        again: &[1],
        goal: Goal::Answer,
    },
    Story {
        name: "report",
        prepare: versioned,
        act: "report good@latest --format html",
        again: &[0],
        goal: Goal::Answer,
    },
    Story {
        name: "migrate --check",
        prepare: versioned,
        act: "migrate --check",
        again: &[0],
        goal: Goal::Answer,
    },
];

/// A story whose beginning is kept, so that it can be told often.
pub(crate) struct Prepared {
    pub(crate) story: &'static Story,
    template: Sandbox,
    act: String,
    undisturbed: OnceLock<(Option<i32>, String)>,
}

impl Prepared {
    pub(crate) fn of(story: &'static Story, url: &str) -> Self {
        let template = Sandbox::new();
        (story.prepare)(&template, url);
        Self { story, template, act: story.act.replace("URL", url), undisturbed: OnceLock::new() }
    }

    /// Its beginning, in a place of its own.
    pub(crate) fn fresh(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        self.copy_to(&sandbox, ".");
        sandbox
    }

    /// Copies what lies at `name` in its beginning.
    pub(crate) fn copy_to(&self, sandbox: &Sandbox, name: &str) {
        let from = self.template.at(name);
        if from.exists() {
            sandbox
                .shell(&format!("cp -a '{}/.' '{}/'", from.display(), sandbox.at(name).display()))
                .exits(0);
        }
    }

    pub(crate) fn template(&self) -> &Sandbox {
        &self.template
    }

    /// The command, as a shell takes it.
    pub(crate) fn command(&self) -> String {
        format!("consensus {}", self.act)
    }

    pub(crate) fn is_answer(&self) -> bool {
        matches!(self.story.goal, Goal::Answer)
    }

    /// How it ends, and what it says, where nothing happens.
    fn undisturbed(&self) -> &(Option<i32>, String) {
        self.undisturbed.get_or_init(|| {
            let outcome = self.fresh().shell(&self.command());
            (outcome.status, outcome.stdout)
        })
    }

    /// Tells the story while the fault happens, and checks everything.
    pub(crate) fn try_with(&self, fault: &Fault, done: &Done) {
        let sandbox = self.fresh();
        let Some((outcome, is_killed)) = fault.happen(self, &sandbox) else { return };
        done.injected();
        self.holds(&sandbox, &outcome, is_killed, done);
    }

    /// Whatever happened: what was told is true, nothing is half there, and given again it is done.
    pub(crate) fn holds(&self, sandbox: &Sandbox, outcome: &Outcome, is_killed: bool, done: &Done) {
        let ended = outcome.status.unwrap_or(-1);
        assert!(is_killed || (0..=8).contains(&ended), "it ends with an error that is told\n{outcome}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        let before = self.undisturbed();
        if self.is_answer() && outcome.status == before.0 {
            assert_eq!(outcome.stdout, before.1, "what is answered is the truth\n{outcome}");
        }
        if outcome.status == Some(0) {
            self.is_done(sandbox, outcome);
        }
        done.checked();
        self.verifies(sandbox);
        let again = sandbox.shell(&self.command());
        assert!(
            self.story.again.contains(&again.status.unwrap_or(-1)),
            "given again\n{again}\nafter\n{outcome}"
        );
        self.is_done(sandbox, &again);
        done.checked();
        self.verifies(sandbox);
        let left: Vec<String> =
            sandbox.tree("artifacts").into_keys().filter(|path| path.contains(".tmp")).collect();
        assert!(left.is_empty(), "{left:?}\n{outcome}");
        let aside = sandbox.at("artifacts/.consensus/tmp");
        assert!(
            std::fs::read_dir(aside).map_or(true, |mut dir| dir.next().is_none()),
            "something is left aside"
        );
    }

    fn is_done(&self, sandbox: &Sandbox, after: &Outcome) {
        let Goal::Change(command, words) = self.story.goal else { return };
        let outcome = sandbox.shell(&format!("consensus {command}"));
        assert_eq!(outcome.status, Some(0), "{command}\n{outcome}\nafter\n{after}");
        assert!(outcome.stdout.contains(words), "`{words}` is not in\n{outcome}\nafter\n{after}");
    }

    fn verifies(&self, sandbox: &Sandbox) {
        // Old manifests name files that the fixture has not.
        if self.story.name.starts_with("migrate") && !self.is_answer()
            || !sandbox.at("artifacts/.consensus").is_dir()
        {
            return;
        }
        let outcome = sandbox.run(["verify", "--all"]);
        assert_eq!(outcome.status, Some(0), "{outcome}");
    }
}
