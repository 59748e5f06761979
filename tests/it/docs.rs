//! Every console block in the README and `docs/` is executed, and what it shows is what is printed.
//!
//! The blocks of a file run one after the other in a directory that begins with a copy of `fixtures/`,
//! `artifacts.example/` and the scripts in `tests/`. A line `...` stands for any lines. With `UPDATE_DOCS=1` the files are
//! rewritten with what was printed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stub::Stub;
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

/// A document with the output of each command in its console blocks replaced by what is printed, unless
/// what is written fits it.
fn executed(text: &str, asks_models: bool) -> String {
    let (sandbox, stub) = (Sandbox::new(), Stub::good());
    sandbox
        .shell(&format!(
            "cp -r {ROOT}/fixtures {ROOT}/artifacts.example . && mkdir tests && cp {ROOT}/tests/*.py tests/"
        ))
        .exits(0);
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    let mut inside = false;
    while let Some(line) = lines.next() {
        out.push(line.to_owned());
        inside = line == "```console" || (inside && line != FENCE);
        let Some(command) = line.strip_prefix("$ ").filter(|_| inside) else { continue };
        let mut command = command.to_owned();
        // A here document goes on behind `> `, as a shell asks for it.
        while let Some(more) = lines.next_if(|line| command.contains("<<") && line.starts_with('>')) {
            out.push(more.to_owned());
            command.push('\n');
            command.push_str(more.trim_start_matches('>').trim_start());
        }
        let mut written = Vec::new();
        while let Some(line) = lines.next_if(|line| *line != FENCE && !line.starts_with("$ ")) {
            written.push(line);
        }
        // Where models are asked, a server on this machine answers.
        let servers = format!("export OPENAI_BASE_URL={} ANTHROPIC_BASE_URL={}", stub.url(), stub.root());
        let servers = if asks_models { servers } else { ":".to_owned() };
        let printed = sandbox.shell(&format!("{servers}; {{ {command}\n}} 2>&1")).stdout;
        let printed: Vec<&str> = printed.lines().collect();
        let kept = if fits(&written, &printed) { written } else { printed };
        out.extend(kept.into_iter().map(str::to_owned));
    }
    out.join("\n") + "\n"
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
        let asks_models = ["docs/providers.md", "docs/auditing.md"].iter().any(|name| path.ends_with(name));
        let printed = executed(&text, asks_models);
        if printed == text {
            continue;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &printed).unwrap();
            continue;
        }
        let differs = text.lines().zip(printed.lines()).position(|(written, printed)| written != printed);
        let at = differs.unwrap_or_default();
        panic!(
            "{}, line {}: written `{:?}`, printed `{:?}`; UPDATE_DOCS=1 rewrites it",
            path.display(),
            at + 1,
            text.lines().nth(at),
            printed.lines().nth(at)
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

#[test]
fn rust_in_the_documentation_is_a_piece_of_a_test() {
    let source = fs::read_to_string(Path::new(ROOT).join("tests/it/custom_step.rs")).unwrap();
    let unindented = |text: &str| text.lines().map(|line| line.trim().to_owned() + "\n").collect::<String>();
    let mut blocks = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            blocks += 1;
            assert!(unindented(&source).contains(&unindented(block)), "{}: {block}", path.display());
        }
    }
    assert!(blocks > 0);
}

/// The catalogue of failures names tests that there are: `module::test`, or the beginning of one and `…`; and `faults: `
/// with a kind of fault that its report tells of.
#[test]
fn the_catalogue_of_failures_names_tests_that_there_are() {
    let catalogue = fs::read_to_string(Path::new(ROOT).join("docs/reliability.md")).unwrap();
    let faults: String = fs::read_dir(Path::new(ROOT).join("tests/faults"))
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let (mut module, mut count) = (String::new(), 0);
    // What stands between two ticks, row by row; a test without a module is of the one before.
    for line in catalogue.lines().filter(|line| line.starts_with("| ")) {
        let cell = line.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        for named in cell.split('`').skip(1).step_by(2) {
            count += 1;
            if let Some(kind) = named.strip_prefix("faults: ") {
                assert!(faults.contains(&format!("\"{kind}\"")), "{named}");
                continue;
            }
            let test = match named.split_once("::") {
                Some((place, test)) => {
                    place.clone_into(&mut module);
                    test
                }
                None => named,
            };
            let source = fs::read_to_string(Path::new(ROOT).join(format!("tests/it/{module}.rs"))).unwrap();
            let function = match test.strip_suffix('…') {
                Some(start) => format!("fn {start}"),
                None => format!("fn {test}("),
            };
            assert!(source.contains(&function), "{named}");
        }
    }
    assert!(count > 30, "{count}");
}
