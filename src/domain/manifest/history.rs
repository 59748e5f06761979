//! The migration history: a chain of checksums over the document without its history.

use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::json::{self, JsonError, Value};

const NAME: &str = "migrations";
/// The member that holds it.
pub const HISTORY: &str = "migration_history";

/// Checks that each entry's `checksum_before` is the one before's `checksum_after`, and that the last
/// `checksum_after` is what the document has today.
#[must_use]
pub fn check_history(document: &Value) -> Vec<Check> {
    let entries = document.get(HISTORY).map(Value::items).unwrap_or_default();
    if entries.is_empty() {
        return vec![Check::skipped(NAME, HISTORY, "there were none")];
    }
    let (mut checks, mut before) = (Vec::new(), None::<String>);
    for (index, entry) in entries.iter().enumerate() {
        let subject = format!("{HISTORY}[{index}]");
        if !is_ours(entry) {
            checks.push(Check::skipped(NAME, subject, "written by another tool"));
            before = None;
            continue;
        }
        let sum = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let (found, after) = (sum("checksum_before"), sum("checksum_after"));
        let breaks = before.is_some() && before != found;
        let problem = (breaks || after.is_none()).then_some(
            "its checksum_before is not the checksum_after of the entry before, or one is missing",
        );
        checks.push(Check::unless(problem, NAME, subject));
        before = after;
    }
    if let Some(last) = before {
        let today = json::digest(&document.clone().without(HISTORY)).to_string();
        let problem = (last != today)
            .then(|| format!("changed since the last migration: {last} was recorded, it has {today}"));
        checks.push(Check::unless(problem, NAME, "manifest.json"));
    }
    checks
}

/// The name by which this program's entries are told from those of other tools.
pub const TOOL: &str = "consensus";

/// What a change of a manifest kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The file's name, beside the manifest.
    pub file: String,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// What each entry of this program kept, with the entry's place; an error where it does not say.
pub fn backups(document: &Value) -> impl DoubleEndedIterator<Item = (usize, Result<Backup, JsonError>)> {
    let entries = document.get(HISTORY).map(Value::items).unwrap_or_default();
    entries.iter().enumerate().filter(|(_, entry)| is_ours(entry)).map(|(index, entry)| {
        let text = |name: &str| entry.get("backup")?.get(name)?.as_str();
        let backup = text("file").zip(text("sha256").and_then(|digest| digest.parse().ok()));
        let backup = backup.map(|(file, digest)| Backup { file: file.to_owned(), digest });
        (
            index,
            backup.ok_or_else(|| {
                let path = format!("{HISTORY}[{index}].backup");
                JsonError::Shape { path, problem: "it names no file with its digest".to_owned() }
            }),
        )
    })
}

fn is_ours(entry: &Value) -> bool {
    entry.get("tool").and_then(|tool| tool.get("name")).and_then(Value::as_str) == Some(TOOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(before: &str, after: &str) -> String {
        format!(
            r#"{{"tool":{{"name":"consensus"}},"checksum_before":"{before}","checksum_after":"{after}"}}"#
        )
    }

    fn failures(history: &str) -> usize {
        let document =
            Value::parse(format!(r#"{{"a":1,"migration_history":[{history}]}}"#).as_bytes()).unwrap();
        check_history(&document).iter().filter(|check| check.failed()).count()
    }

    #[test]
    fn a_chain_that_ends_at_the_document_holds() {
        let today = json::digest(&Value::parse(br#"{"a":1}"#).unwrap()).to_string();
        assert_eq!(failures(&format!("{},{}", entry("x", "y"), entry("y", &today))), 0);
        assert_eq!(failures(&format!("{},{}", entry("x", "y"), entry("z", &today))), 1);
        assert_eq!(failures(&entry("x", "y")), 1);
        assert_eq!(failures(r#"{"tool":{"name":"other"}}"#), 0);
        assert_eq!(failures("1"), 0);
    }
}
