//! Something else in the place of every file, and paths that are swapped while they are opened.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Trial;
use crate::ledger::Done;
use crate::support::{Outcome, Sandbox, good, has};

const SECRET: &str = "what nobody may see";
/// What may stand in the place of a file, made by a shell: `$1` is its place, `$2` another file.
const INSTEAD: [(&str, &str); 8] = [
    ("a link", "ln -s \"$2\" \"$1\""),
    ("a link to nothing", "ln -s nowhere \"$1\""),
    ("a FIFO", "mkfifo \"$1\""),
    ("a directory", "mkdir \"$1\""),
    ("a device without an end", "mknod \"$1\" c 1 5"),
    ("a socket's kind of device", "mknod \"$1\" b 7 200"),
    ("another name of another file", "ln \"$2\" \"$1\""),
    ("a file of 1 TB", "truncate -s 1T \"$1\""),
];
const READERS: [&str; 14] = [
    "verify --all",
    "list --json",
    "show good@latest",
    "report good@latest",
    "audit",
    "index",
    "query 'SELECT count(*) FROM runs'",
    "policy log",
    "policy check default@1 --all",
    "migrate --list-versions",
    "migrate --dry-run",
    "version show job",
    "run good.md",
    "version list",
];

pub(crate) fn trials<'a>() -> Vec<Trial<'a>> {
    let made = store();
    let paths: Vec<String> = made.tree("artifacts").into_keys().collect();
    let mut trials = Vec::new();
    for path in paths {
        for (what, how) in INSTEAD {
            let path = path.clone();
            trials.push(Trial {
                name: format!("{what} in the place of {path}"),
                area: "something else in the place of a file".to_owned(),
                try_it: Box::new(move |done| instead(&path, how, done)),
            });
        }
    }
    for command in READERS {
        trials.push(Trial {
            name: format!("paths swapped under `{command}`"),
            area: "paths swapped during an open".to_owned(),
            try_it: Box::new(move |done| swapped(command, done)),
        });
    }
    trials
}

fn store() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox.run(["version", "new", "job", "--by", "author"]).exits(0);
    sandbox.run(["index"]).exits(0);
    sandbox.write("secret", SECRET.repeat(100));
    sandbox
}

/// It ends soon, by itself, and shows nothing of what lies elsewhere.
fn ended(sandbox: &Sandbox, command: &str) -> Outcome {
    let outcome = sandbox.shell(&format!("timeout 30 consensus {command}"));
    let status = outcome.status.unwrap_or(-1);
    assert!((0..=8).contains(&status), "{command}\n{outcome}");
    assert!(!outcome.stdout.contains(SECRET) && !outcome.stderr.contains(SECRET), "{command}\n{outcome}");
    assert_eq!(sandbox.read("secret"), SECRET.repeat(100), "{command}");
    outcome
}

fn instead(path: &str, how: &str, done: &Done) {
    let sandbox = store();
    let place = format!("artifacts/{path}");
    let before = std::fs::read(sandbox.at(&place)).unwrap();
    for command in READERS {
        let shell = format!("set -- '{place}' \"$PWD/secret\"; rm -rf \"$1\"; {how}");
        if sandbox.shell(&shell).status != Some(0) {
            return;
        }
        done.injected();
        let outcome = ended(&sandbox, command);
        let is_record = !path.starts_with(".consensus/cache") && !path.starts_with(".consensus/tmp");
        if is_record && command.starts_with("verify") && !is_lock(path) {
            assert_ne!(outcome.status, Some(0), "{path} is not what it was\n{outcome}");
        }
        done.checked();
    }
    sandbox.shell(&format!("rm -rf '{place}'")).exits(0);
    sandbox.write(&place, before);
    sandbox.run(["verify", "--all"]).exits(0);
    done.checked();
}

/// What has no words of its own.
fn is_lock(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.contains("lock") || path == ".consensus/.gitignore"
}

/// While the program works, a file of the store is the real one and a link by turns, as fast as can be.
fn swapped(command: &str, done: &Done) {
    let sandbox = store();
    let run = sandbox.only_run();
    let events = format!("{run}/attempts/0001/events.jsonl");
    for place in
        [&format!("{run}/manifest.json"), &format!("{run}/outputs"), &events, ".consensus/store.json"]
    {
        let place = if place.starts_with('.') { format!("artifacts/{place}") } else { (*place).to_owned() };
        let other = sandbox.at("other");
        let target = sandbox.at(if place.ends_with("outputs") { "elsewhere" } else { "secret" });
        sandbox.shell("rm -rf other elsewhere; mkdir elsewhere; cp secret elsewhere/decision.json").exits(0);
        std::os::unix::fs::symlink(&target, &other).unwrap();
        let (stop, at) = (AtomicBool::new(false), sandbox.at(&place));
        thread::scope(|scope| {
            let (stop, other, at) = (&stop, &other, &at);
            let swapper = scope.spawn(move || {
                let mut swaps = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    if exchange(other, at) {
                        swaps += 1;
                    }
                }
                swaps
            });
            let begun = Instant::now();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                while begun.elapsed() < Duration::from_millis(400) {
                    ended(&sandbox, command);
                    done.injected();
                }
            }));
            stop.store(true, Ordering::Relaxed);
            let swaps = swapper.join().unwrap();
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            assert!(swaps > 0 || !has("strace"), "nothing was swapped");
        });
        if at.symlink_metadata().unwrap().is_symlink() {
            assert!(exchange(&other, &at));
        }
        sandbox.run(["verify", "--all"]).exits(0);
        done.checked();
    }
}

/// Exchanges two names at once, where the system can.
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}
