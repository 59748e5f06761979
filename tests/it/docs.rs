//! Every console block in the README and `docs/` is executed, and what it shows is what is printed.
//!
//! The blocks of a file run one after the other in a directory that begins with a copy of `fixtures/`
//! and `tests/recompute.py`. A line `...` stands for any lines. With `UPDATE_DOCS=1` the files are
//! rewritten with what was printed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{ROOT, Sandbox};

const FENCE: &str = "```";

fn documents() -> Vec<PathBuf> {
    let mut found = vec![Path::new(ROOT).join("README.md")];
    let mut open = vec![Path::new(ROOT).join("docs")];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.extension() {
                None if entry.is_dir() => open.push(entry),
                Some(extension) if extension == "md" => found.push(entry),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// A document with the output of its console blocks replaced by what is printed.
fn executed(text: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox
        .shell(&format!("cp -r {ROOT}/fixtures . && mkdir tests && cp {ROOT}/tests/recompute.py tests/"))
        .exits(0);
    let (mut out, mut inside) = (String::new(), false);
    for line in text.lines() {
        if inside && line == FENCE {
            inside = false;
        } else if line == "```console" {
            inside = true;
        } else if inside {
            if let Some(command) = line.strip_prefix("$ ") {
                out.push_str(line);
                out.push('\n');
                let printed = sandbox.shell(&format!("{{ {command}\n}} 2>&1")).stdout;
                out.extend(printed.lines().flat_map(|line| [line, "\n"]));
            }
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// `...` in what is written stands for any lines of what was printed.
fn fits(written: &[&str], printed: &[&str]) -> bool {
    match written.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|skip| fits(rest, &printed[skip..])),
        Some((first, rest)) => printed.first() == Some(first) && fits(rest, &printed[1..]),
    }
}

#[test]
fn every_console_block_prints_what_it_shows() {
    let mut blocks = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        blocks += text.matches("```console\n").count();
        if !text.contains("```console\n") {
            continue;
        }
        let printed = executed(&text);
        let (written, actual): (Vec<&str>, Vec<&str>) = (text.lines().collect(), printed.lines().collect());
        if fits(&written, &actual) {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &printed).unwrap();
            continue;
        }
        let differs = written.iter().zip(&actual).position(|(a, b)| a != b);
        let at = differs.unwrap_or(written.len().min(actual.len()));
        panic!(
            "{}, line {}: written `{:?}`, printed `{:?}`; UPDATE_DOCS=1 rewrites it",
            path.display(),
            at + 1,
            written.get(at),
            actual.get(at)
        );
    }
    assert!(blocks > 0, "there are console blocks");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let whole = path.parent().unwrap().join(target);
            assert!(whole.exists(), "{}: {link}", path.display());
        }
    }
}
