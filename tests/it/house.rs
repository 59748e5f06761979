//! Holds the house as `docs/architecture.md` draws it: who may import whom, how large files are, what
//! may not stand in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::ROOT;

/// Each room and the rooms that it may name.
const ROOMS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("provider", &["domain"]),
    ("store", &["domain"]),
    ("index", &["domain"]),
    ("report", &["domain"]),
    ("ops", &["domain", "index", "provider", "store"]),
    ("config", &["domain", "ops"]),
    ("cli", &["config", "domain", "ops", "report"]),
    ("main.rs", &["cli"]),
];
/// The one place that gives each error its exit status sees every kind of error.
const EVERY_ERROR: &str = "cli/error.rs";
/// No file has more lines, its tests apart.
const MAX_LINES: usize = 450;

fn sources() -> Vec<(String, String)> {
    let root = Path::new(ROOT).join("src");
    let (mut files, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// A source without its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[test]
fn no_room_names_another_that_it_may_not() {
    for (file, text) in sources() {
        let room = file.split('/').next().unwrap();
        if room == "lib.rs" || file.ends_with("tests.rs") {
            continue;
        }
        let (_, allowed) =
            ROOMS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("no room {room}"));
        let named: BTreeSet<&str> = ["crate::", "consensus::"]
            .iter()
            .flat_map(|prefix| text.split(prefix).skip(1))
            .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
            .filter(|name| ROOMS.iter().any(|(room, _)| room == name))
            .collect();
        for name in named {
            let is_error = file == EVERY_ERROR && name == "store";
            assert!(name == room || allowed.contains(&name) || is_error, "src/{file} names `{name}`");
        }
    }
}

#[test]
fn the_domain_has_no_effects() {
    for (file, text) in sources().iter().filter(|(file, _)| file.starts_with("domain/")) {
        for effect in [
            "std::fs",
            "std::io",
            "std::net",
            "std::env",
            "std::process",
            "std::time",
            "std::thread",
            "chrono::",
        ] {
            assert!(!without_tests(text).contains(effect), "src/{file} uses {effect}");
        }
    }
}

#[test]
fn files_are_small_enough_to_read_in_one_sitting() {
    let mut lengths: Vec<usize> = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        let lines = without_tests(text).lines().count();
        assert!(lines <= MAX_LINES, "src/{file} has {lines} lines");
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 150, "half of the files have more than {median} lines");
}

#[test]
fn every_module_says_what_it_is_for() {
    for (file, text) in sources().iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        assert!(text.starts_with("//! "), "src/{file}");
    }
}

#[test]
fn nothing_unfinished_and_no_path_of_a_machine_is_left() {
    // Spelled in two halves, so that this file does not hold them.
    let words = [
        "TO".to_owned() + "DO:",
        "FIX".to_owned() + "ME",
        "../sha".to_owned() + "red",
        "/wo".to_owned() + "rk/",
        "todo".to_owned() + "!(",
        "#[ign".to_owned() + "ore",
    ];
    let folders = ["src", "tests", "benches", "docs", ".ci"];
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| Path::new(ROOT).join(folder)).collect();
    open.push(Path::new(ROOT).join("README.md"));
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        // Rules look for such words in documents; their texts and examples hold them.
        if path.to_string_lossy().contains("/rules") {
            continue;
        }
        for word in &words {
            assert!(!text.contains(word.as_str()), "{}: {word}", path.display());
        }
    }
}
