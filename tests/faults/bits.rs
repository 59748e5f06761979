//! Bits of a store that flip, and what is cut, put in another order or copied: `verify` finds it.

use std::sync::atomic::AtomicBool;

use consensus::domain::digest::Digest;
use consensus::ops::{Clock, Scope, VerifyOptions, Workspace, verify};

use crate::Trial;
use crate::ledger::Done;
use crate::support::{Sandbox, good};

/// Bits that one trial flips, one after the other.
const TOGETHER: usize = 512;
/// A file beyond this is a copy of the rules: one digest covers it, and every 64th of its bits is enough.
const LONG: usize = 100_000;

pub(crate) fn trials<'a>(every_bit: bool) -> Vec<Trial<'a>> {
    let made = store();
    let mut trials = Vec::new();
    for (path, bytes) in made.tree("artifacts") {
        // The store's marker says nothing of what was recorded.
        if path == ".consensus/store.json" || path.starts_with(".consensus/cache") || path.ends_with("lock") {
            continue;
        }
        let step = match (every_bit, bytes.len()) {
            (false, length) => (length * 8 / 16).max(1) | 1,
            (true, length) if length > LONG => 61,
            (true, _) => 1,
        };
        let bits: Vec<usize> = (0..bytes.len() * 8).step_by(step).collect();
        for some in bits.chunks(TOGETHER) {
            let (path, some) = (path.clone(), some.to_vec());
            trials.push(Trial {
                name: format!("bits {} to {} of {path}", some[0], some[some.len() - 1]),
                area: "a bit of a record that flips".to_owned(),
                try_it: Box::new(move |done| flipped(&path, &some, done)),
            });
        }
        for (what, damage) in DAMAGES {
            let (path, damaged) = (path.clone(), damage(&bytes));
            if damaged == bytes {
                continue;
            }
            trials.push(Trial {
                name: format!("{what}: {path}"),
                area: "a record that is cut, reordered or replaced".to_owned(),
                try_it: Box::new(move |done| {
                    let sandbox = store();
                    let before = heads(&sandbox).unwrap();
                    sandbox.write(&format!("artifacts/{path}"), &damaged);
                    done.injected();
                    assert_ne!(heads(&sandbox), Some(before), "{path} is damaged");
                    done.checked();
                }),
            });
        }
    }
    trials
}

type Damage = fn(&[u8]) -> Vec<u8>;

const DAMAGES: [(&str, Damage); 6] = [
    ("emptied", |_| Vec::new()),
    ("cut in the middle", |bytes| bytes[..bytes.len() / 2].to_vec()),
    ("without its last line", |bytes| lines(bytes, |lines| drop(lines.pop()))),
    ("its lines in another order", |bytes| lines(bytes, |lines| lines.reverse())),
    ("its last line twice", |bytes| lines(bytes, |lines| lines.extend(lines.last().cloned()))),
    ("more behind its end", |bytes| [bytes, b" "].concat()),
];

fn lines(bytes: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines);
    lines.concat()
}

fn store() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("good.md", good());
    sandbox.run(["run", "good.md"]).exits(0);
    sandbox.run(["version", "new", "good", "--from-run", "good@latest", "--by", "author"]).exits(0);
    sandbox.shell("rm -rf artifacts/.consensus/cache").exits(0);
    sandbox
}

/// Every head of a store that verifies; none of one that does not. A head that was remembered is what finds a change at
/// the end of a log, which nothing after it refers to.
///
/// In this process: starting one for each bit would take most of the time.
fn heads(sandbox: &Sandbox) -> Option<Vec<Digest>> {
    let workspace = Workspace {
        store: sandbox.at("artifacts"),
        clock: Clock::System,
        author: &String::new,
        interrupted: &AtomicBool::new(false),
        no_wait: true,
        on_wait: &|_| {},
        on_sweep: &|_| {},
    };
    let options = VerifyOptions { scope: Scope::All, head: None };
    let mut heads = Vec::new();
    let report = verify(&workspace, &options, &mut |verified| heads.extend(verified.head));
    report.is_ok_and(|report| report.holds()).then_some(heads)
}

fn flipped(path: &str, bits: &[usize], done: &Done) {
    let sandbox = store();
    let file = format!("artifacts/{path}");
    let bytes = std::fs::read(sandbox.at(&file)).unwrap();
    let before = heads(&sandbox).unwrap();
    for bit in bits {
        let mut flipped = bytes.clone();
        let Some(byte) = flipped.get_mut(bit / 8) else { break };
        *byte ^= 1 << (bit % 8);
        sandbox.write(&file, &flipped);
        done.injected();
        assert_ne!(heads(&sandbox).as_ref(), Some(&before), "bit {bit} of {path}");
        done.checked();
    }
}
