//! Every parser, fed with what is almost right: none panics, and what it takes holds what it promises.
//!
//! Sound texts are taken from the fixtures and from a store that is made here, and mutated; what once broke a parser is
//! kept under `tests/corpus/PARSER/` and fed first. `PROPTEST_CASES=100000 cargo test --release --test it fuzz` looks
//! longer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use consensus::domain::artifact::{Artifact, ArtifactRef, Entry};
use consensus::domain::event::Log;
use consensus::domain::exchange::Exchange;
use consensus::domain::json::{ObjectText, Value, canonical, pretty};
use consensus::domain::manifest::{Document, Manifest};
use consensus::domain::migration::{Outcome, Registry, Stamp, migrate};
use consensus::domain::policy::{self, PolicyVersion};
use consensus::domain::revision::Rerun;
use consensus::domain::shard::Shard;
use consensus::domain::{idea, record, schema, text};
use consensus::ops::RunRef;
use consensus::provider::Subject;
use consensus::provider::rules::Rules;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::{ROOT, Sandbox, fixture};

/// A parser with what it is fed. It panics where something does not hold.
type Parser = fn(&[u8]);

const PARSERS: [(&str, Parser); 11] = [
    ("json", json),
    ("manifest", manifest),
    ("schema", schemas),
    ("document", document),
    ("rules", rules),
    ("suppressions", suppressions),
    ("policy", policies),
    ("log", log),
    ("record", records),
    ("exchange", exchange),
    ("words", words),
];

fn json(bytes: &[u8]) {
    let Ok(value) = Value::parse(bytes) else { return };
    let text = canonical(&value);
    assert_eq!(
        canonical(&Value::parse(text.as_bytes()).unwrap()),
        text,
        "the canonical form is a fixed point"
    );
    let shown = pretty(&value);
    assert_eq!(pretty(&Value::parse(shown.as_bytes()).unwrap()), shown, "so is the pretty one");
    assert_eq!(canonical(&Value::parse(shown.as_bytes()).unwrap()), text);
}

/// What stood in a manifest stands there after a migration, in the same words.
fn manifest(bytes: &[u8]) {
    let _ = Document::read(bytes);
    let registry = Registry::built_in();
    let stamp = Stamp {
        applied_at: "2026-01-02T03:04:05.000Z",
        tool_version: "0.1.0",
        backup: "manifest.json.backup",
    };
    let latest = registry.latest().unwrap();
    let Ok(Outcome::Rewritten(rewritten)) = migrate(&registry, bytes, &latest, None, &stamp) else { return };
    let (before, after) = (ObjectText::parse(bytes).unwrap(), ObjectText::parse(&rewritten.bytes).unwrap());
    let mut there = after.members();
    for (name, value) in before.members() {
        let (found, now) = there.next().unwrap();
        assert_eq!(found, name);
        if !matches!(name, "schema_version" | "migration_history") {
            assert_eq!(now, value, "{name}");
        }
    }
    assert!(Manifest::read(&rewritten.bytes).is_ok());
    assert!(matches!(migrate(&registry, &rewritten.bytes, &latest, None, &stamp), Ok(Outcome::Current(_))));
}

fn schemas(bytes: &[u8]) {
    for name in schema::names() {
        let _ = schema::validate(&name, bytes);
    }
}

/// The built-in rules; compiled once.
fn built_in() -> Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules::builtin().unwrap()).again()
}

fn document(bytes: &[u8]) {
    let Ok(text) = idea::decode(bytes, idea::MAX_IDEA_CHARS) else { return };
    let _ = idea::front_matter_job(text);
    let (rules, context) = (built_in(), BTreeMap::new());
    let panel = consensus::domain::panel::Panel::default();
    let extension = ["md", "rst", "txt"][bytes.len() % 3];
    let subject = Subject { idea: text, extension, context: &context };
    let proposal = rules.expanded(&subject);
    let laid_out = consensus::domain::revision::document(&proposal);
    assert!(!laid_out.trim().is_empty());
    for persona in &panel.personas {
        let review = rules.reviewed(persona, &subject);
        let mut checked = review.clone();
        checked.check_quotes(text);
        assert_eq!(checked, review, "each quote stands where it says");
    }
}

fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = built_in().with(text);
}

fn suppressions(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = built_in().suppressing(text);
}

/// A policy that is read is written as a file that reads as the same policy.
fn policies(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(body) = policy::read(text, |_| Ok(())) else { return };
    let again = policy::read(&policy::write(&body), |_| Ok(()));
    assert_eq!(again.map_err(|refusal| refusal.to_string()).as_ref(), Ok(&body));
}

fn log(bytes: &[u8]) {
    let Ok(log) = Log::read(bytes) else { return };
    assert_eq!(log.entries.len(), log.digests.len());
    for (number, entry) in (1..).zip(&log.entries) {
        assert_eq!(entry.seq, number);
    }
}

fn records(bytes: &[u8]) {
    let Ok(record) = record::open(bytes, 1, None) else { return };
    let _ = PolicyVersion::of(&record);
    let name = "good".parse::<ArtifactRef>().unwrap().name(None);
    if let Ok(entry) = Entry::of(&record, &name) {
        let _ = Artifact::fold([&entry]);
    }
}

fn exchange(bytes: &[u8]) {
    if let Ok(exchange) = Exchange::read(bytes) {
        assert_eq!(Exchange::read(&exchange.bytes()).unwrap(), exchange);
    }
}

/// What people write on a command line.
fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for word in text.split_whitespace() {
        if let Ok(reference) = word.parse::<RunRef>() {
            assert_eq!(reference.to_string().parse::<RunRef>().ok(), Some(reference));
        }
        if let Ok(rerun) = word.parse::<Rerun>() {
            assert_eq!(rerun.to_string().parse::<Rerun>(), Ok(rerun));
        }
        if let Ok(shard) = word.parse::<Shard>() {
            assert_eq!(shard.to_string().parse::<Shard>(), Ok(shard));
        }
        let _ = word.parse::<ArtifactRef>();
        let _ = text::fold_space(word);
    }
}

/// What is almost right is made of what is right.
fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let sandbox = Sandbox::reviewed();
        sandbox.run(["version", "new", "good", "--from-run", "good@latest", "--by", "author"]).exits(0);
        sandbox.write("edited.md", fixture("hazards.md"));
        sandbox.run(["revise", "good@latest", "--idea", "edited.md", "-m", "notes"]).exits(0);
        let mut seeds: Vec<Vec<u8>> = sandbox.tree("artifacts").into_values().collect();
        let fixtures = ["good.md", "hazards.md", "careless.md"].map(|name| fixture(name).into_bytes());
        seeds.extend(fixtures);
        seeds.push(sandbox.run(["policy", "show", "default"]).exits(0).stdout.into_bytes());
        seeds.push(
            b"job@latest job/run abcd artifacts/job/run critic,architect all auto 2/8 good:design@3".to_vec(),
        );
        seeds.push(b"[[suppress]]\nrule = \"placeholder-left\"\nbecause = \"it is a template\"\n".to_vec());
        for folder in ["fixtures/manifests", "fixtures/rules", "artifacts.example"] {
            files(&Path::new(ROOT).join(folder), &mut seeds);
        }
        // A long seed hides in itself what is done to it.
        seeds.retain(|seed| !seed.is_empty() && seed.len() < 40_000);
        seeds
    })
}

fn files(dir: &Path, into: &mut Vec<Vec<u8>>) {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| !path.ends_with("cache")) {
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(fs::read(&path).unwrap());
        }
    }
}

/// What is done to a seed.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index, usize),
    Repeat(Index, usize, usize),
    Insert(Index, &'static str),
    Graft(Index, Index, usize),
}

const TOKENS: [&str; 24] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "1e400",
    "-0.0",
    "0.1000000000000000055",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[31m",
    "\n",
    "\r\n",
    "\u{0}",
    "\n---\n",
    "```\n",
    "[[",
    "\"\"\"",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, mask)| Mutation::Flip(at, mask)),
        (any::<Index>(), 1..60_usize).prop_map(|(at, count)| Mutation::Cut(at, count)),
        (any::<Index>(), 1..60_usize, 1..200_usize)
            .prop_map(|(at, count, times)| Mutation::Repeat(at, count, times)),
        (any::<Index>(), prop::sample::select(&TOKENS[..]))
            .prop_map(|(at, token)| Mutation::Insert(at, token)),
        (any::<Index>(), any::<Index>(), 1..200_usize)
            .prop_map(|(at, from, count)| Mutation::Graft(at, from, count)),
    ]
}

fn mutated(seed: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for mutation in mutations.iter().filter(|_| !seed.is_empty()) {
        if bytes.is_empty() {
            break;
        }
        let place = |at: &Index| at.index(bytes.len());
        match mutation {
            Mutation::Flip(at, mask) => {
                let at = place(at);
                bytes[at] ^= mask;
            }
            Mutation::Cut(at, count) => {
                let at = place(at);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Mutation::Repeat(at, count, times) => {
                let at = place(at);
                let part = bytes[at..(at + count).min(bytes.len())].repeat(*times);
                bytes.splice(at..at, part);
            }
            Mutation::Insert(at, token) => {
                let at = place(at);
                bytes.splice(at..at, token.bytes());
            }
            Mutation::Graft(at, from, count) => {
                let (at, from) = (place(at), from.index(seed.len()));
                bytes.splice(at..at, seed[from..(from + count).min(seed.len())].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn what_once_broke_a_parser_does_not() {
    for (name, parse) in PARSERS {
        let dir = Path::new(ROOT).join("tests/corpus").join(name);
        let mut kept = Vec::new();
        if dir.is_dir() {
            files(&dir, &mut kept);
        }
        kept.iter().chain(seeds()).for_each(|bytes| parse(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn no_parser_breaks_on_what_is_almost_right(
        seed in any::<Index>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let bytes = mutated(&seeds()[seed.index(seeds().len())], &mutations);
        for (name, parse) in PARSERS {
            let broke = std::panic::catch_unwind(|| parse(&bytes)).is_err();
            prop_assert!(!broke, "{}: keep it under tests/corpus: {}", name, String::from_utf8_lossy(&bytes));
        }
    }
}

/// So many texts are tried where nobody asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}
