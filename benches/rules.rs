#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

//! `cargo bench --bench rules`: what reading by rules costs beside looking at every character of the same text
//! once, and whether that stays so as the text grows.
//!
//! - compile: the built-in pack read, and the patterns that a short document asks for compiled, beside
//!   reading the pack's TOML alone;
//! - 10 KB, 100 KB, 1 MB: the proposal and all reviews of a document, with patterns that are compiled already.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use consensus::domain::panel::Panel;
use consensus::domain::written::Written;
use consensus::provider::Subject;
use consensus::provider::rules::Rules;
use support::{compare, is_measured, timed};

// The other benches start programs; this one has none to start.
mod support;

const CORE: &str = include_str!("../src/provider/rules/packs/core.toml");

fn main() {
    let rounds = if is_measured() { 15 } else { 1 };
    let fresh = || timed(|| review(&Rules::builtin().expect("the pack is valid"), "# A\n\nA cache.\n"));
    let floor = || timed(|| drop(black_box(Written::parse(CORE))));
    compare(("compile", fresh), ("its TOML", floor), rounds);
    let rules = Rules::builtin().expect("the pack is valid");
    for (name, bytes) in [("10 KB", 10_000), ("100 KB", 100_000), ("1 MB", 1_000_000)] {
        let text = document(bytes);
        review(&rules, &text);
        let mut round = 0;
        let subject = || {
            // Another document each time: one that was read before is not read again.
            round += 1;
            let text = format!("{text}\n\nRound {round}.\n");
            timed(|| review(&rules, &text))
        };
        let floor = || timed(|| _ = black_box(text.chars().filter(|letter| letter.is_alphabetic()).count()));
        compare((name, subject), ("each character", floor), rounds);
    }
}

/// The proposal and every review.
fn review(rules: &Rules, idea: &str) {
    let context = BTreeMap::new();
    let subject = Subject { idea, extension: "md", context: &context };
    black_box(rules.expanded(&subject));
    for persona in Panel::default().personas {
        black_box(rules.reviewed(&persona, &subject));
    }
}

/// Prose with sections, lists and code, no two paragraphs alike.
fn document(bytes: usize) -> String {
    let mut text = String::from("# A service\n");
    let mut part = 0;
    while text.len() < bytes {
        part += 1;
        let _ = write!(
            text,
            "\n## Part {part}\n\nThe service number {part} keeps what it is told and hands it on to the next, which reads it \
             within {part} milliseconds. Nobody waits for it: whoever asks is told at once, and `ask_{part}()` \
             returns what is known.\n\n- It is started by the one before it.\n- It ends when {part} others have.\n\n\
             ```\nstart {part}\n```\n"
        );
    }
    text
}
