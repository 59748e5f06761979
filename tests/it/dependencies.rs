//! Keeps licences, duplicates and reasons of the dependencies in view, from what cargo itself knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::ROOT;

/// Licences that can be combined with MIT OR Apache-2.0 without conditions on the program.
const LICENCES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
    // Of the list of certificate authorities, which is data.
    "CDLA-Permissive-2.0",
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The packages that the program is made of: what can be reached without dev-dependencies, and
/// without what only runs while it is built.
fn shipped(metadata: &Value) -> Vec<&Value> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let by_id: BTreeMap<&str, &Value> =
        nodes.iter().map(|node| (node["id"].as_str().unwrap(), node)).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let by_package: BTreeMap<&str, &Value> =
        packages.iter().map(|package| (package["id"].as_str().unwrap(), package)).collect();
    let mut open = vec![metadata["resolve"]["root"].as_str().unwrap()];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        // What a macro is made of runs while the program is built and is not in it.
        if !seen.insert(id) || is_macro(by_package[id]) {
            continue;
        }
        for dep in by_id[id]["deps"].as_array().unwrap() {
            if dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev") {
                open.push(dep["pkg"].as_str().unwrap());
            }
        }
    }
    packages.iter().filter(|package| seen.contains(package["id"].as_str().unwrap())).collect()
}

fn is_macro(package: &Value) -> bool {
    package["targets"].as_array().unwrap().iter().any(|target| target["kind"][0] == "proc-macro")
}

/// Whether one of the alternatives of a licence expression is allowed, each of its parts counted.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    let allowed = |part: &str| LICENCES.contains(&part.trim());
    expression.split(" AND ").all(|parts| parts.split(" OR ").any(allowed))
}

#[test]
fn every_licence_is_a_permissive_one() {
    let metadata = metadata();
    for package in shipped(&metadata) {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence), "{}: {licence}", package["name"]);
    }
}

#[test]
fn no_crate_is_built_in_twice() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in shipped(&metadata) {
        // Bindings of another system are resolved and never built here.
        let name = package["name"].as_str().unwrap();
        if !name.starts_with("windows") {
            versions.entry(name).or_default().insert(package["version"].as_str().unwrap());
        }
    }
    let twice: Vec<_> = versions.iter().filter(|(_, versions)| versions.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let metadata = metadata();
    let root = metadata["resolve"]["root"].as_str().unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let own = packages.iter().find(|package| package["id"] == root).unwrap();
    let direct: BTreeSet<String> = own["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect();
    let text = fs::read_to_string(Path::new(ROOT).join("docs/dependencies.md")).unwrap();
    let listed: BTreeSet<String> = text
        .lines()
        .take_while(|line| *line != "## Looked at and left")
        .filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned()))
        .collect();
    assert_eq!(listed, direct);
}
