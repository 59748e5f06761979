//! What `policy` shows: versions, what differs between them, and what that means for the runs.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::terminal::{created, minute, outcome, wrap};
use super::{safe, safe_lines};
use crate::domain::json::{Value, canonical, to_value};
use crate::domain::policy::{
    self, Applied, FieldChange, LogEntry, PolicyRef, PolicyVersion, Shown, VersionName, WhichReport,
};
use crate::domain::view::{RunRow, Unreadable};

/// A longer value does not stand beside another.
const BESIDE: usize = 32;
/// A longer field name does not push the others aside.
const MAX_FIELD: usize = 44;
/// So many changes stand in a line of the log.
const IN_A_LINE: usize = 2;

fn named(reference: &PolicyRef) -> String {
    format!("{}@{}", safe(&reference.name), reference.version)
}

/// One version, as a file that can be applied.
#[must_use]
pub fn shown(shown: &Shown) -> String {
    let PolicyVersion { reference, at, by, note, restores, body } = &shown.version;
    let state = match shown.newest {
        None => "built in; no store has a version of it yet".to_owned(),
        Some(newest) if newest == reference.version => "the current version".to_owned(),
        Some(newest) => format!("superseded; {}@{newest} is the current version", safe(&reference.name)),
    };
    let mut out = format!("# {}, {state}\n", named(reference));
    if shown.newest.is_some() {
        let _ = writeln!(out, "# {} by {}", safe(at), safe(by));
    }
    for line in note.iter().flat_map(|note| note.lines()) {
        let _ = writeln!(out, "# {}", safe(line));
    }
    if let Some(number) = restores {
        let _ = writeln!(out, "# restores version {number}");
    }
    let _ = writeln!(out, "# {}\n", reference.digest);
    out + &safe_lines(&policy::write(body))
}

/// As [`shown`], for programs.
#[must_use]
pub fn shown_json(shown: &Shown) -> Value {
    let newest = shown.newest;
    version_json(&shown.version)
        .with("format_version", number(FORMAT_VERSION))
        .with("current", Value::Bool(newest.is_none_or(|newest| newest == shown.version.reference.version)))
        .with("recorded", Value::Bool(newest.is_some()))
        .with("body", to_value(&shown.version.body))
}

fn version_json(version: &PolicyVersion) -> Value {
    let PolicyVersion { reference, at, by, note, restores, .. } = version;
    let recorded = |text: &String| if text.is_empty() { Value::Null } else { text.as_str().into() };
    object([
        ("name", reference.name.as_str().into()),
        ("version", number(reference.version)),
        ("digest", reference.digest.to_string().into()),
        ("at", recorded(at)),
        ("by", recorded(by)),
        ("note", to_value(note)),
        ("restores", to_value(restores)),
    ])
}

/// The newest version of each policy; `taken` is the one that `run` takes.
#[must_use]
pub fn list(policies: &[PolicyVersion], taken: &VersionName, damaged: &[Unreadable]) -> String {
    let width = policies.iter().map(|version| named(&version.reference).len()).max().unwrap_or_default();
    let mut out = String::new();
    for version in policies {
        let name = format!("{:<width$}", named(&version.reference));
        let mark = if version.reference.name == taken.policy.as_str() { "*" } else { " " };
        let note = version.note.as_deref().map(first_line).unwrap_or_default();
        let note =
            version.restores.map_or(note.clone(), |number| format!("restores version {number}. {note}"));
        let when = styled(DIM, format!("{}  {}", minute(&version.at), person(&version.by)));
        let _ = writeln!(out, "{}", format!("{mark} {}  {when}  {note}", styled(BOLD, name)).trim_end());
    }
    if policies.is_empty() && damaged.is_empty() {
        out.push_str("no policies yet; `default` is built in\n");
    } else {
        let _ = writeln!(out, "{}", styled(DIM, format!("* `run` takes {taken}")));
    }
    out + &unreadable(damaged)
}

fn unreadable(broken: &[Unreadable]) -> String {
    let line = |broken: &Unreadable| format!("{} {}\n", styled(RED, "unreadable"), safe(&broken.problem));
    broken.iter().map(line).collect()
}

/// Who it was, without an address: `Name <address>` is what git knows.
fn person(by: &str) -> String {
    let name = by.split(" <").next().unwrap_or_default();
    safe(if name.is_empty() { by } else { name })
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = safe(lines.next().unwrap_or_default());
    if lines.next().is_some() { first + " …" } else { first }
}

/// As [`list`], for programs.
#[must_use]
pub fn list_json(policies: &[PolicyVersion], taken: &VersionName, damaged: &[Unreadable]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("taken_by_run", taken.to_string().into()),
        ("unreadable", to_value(&damaged)),
        ("policies", Value::Array(policies.iter().map(version_json).collect())),
    ])
}

/// What came of applying a policy.
#[must_use]
pub fn applied(applied: &Applied, width: usize) -> String {
    let name = safe(applied.name.as_str());
    if applied.is_same {
        let is = applied.before.as_ref().map_or_else(|| name.clone(), |before| named(&before.reference));
        return format!("{is} says the same already; no version was made\n");
    }
    let compared = match &applied.before {
        Some(before) => format!("{} → ", named(&before.reference)),
        None => "the built-in policy → ".to_owned(),
    };
    let next = applied.before.as_ref().map_or(1, |before| before.reference.version + 1);
    let mut out = format!("{}\n\n", styled(BOLD, format!("{compared}{name}@{next}")));
    out += &changes(&applied.changes, width);
    if applied.changes.is_empty() {
        out.push_str("  nothing differs\n");
    }
    out.push('\n');
    match &applied.made {
        Some(made) => {
            let _ = writeln!(out, "{} made {}", styled(GREEN, "✓"), styled(BOLD, named(&made.reference)));
        }
        None => out.push_str("Dry run: no version was made\n"),
    }
    out
}

/// As [`applied`], for programs.
#[must_use]
pub fn applied_json(applied: &Applied, dry_run: bool) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("name", applied.name.as_str().into()),
        ("dry_run", Value::Bool(dry_run)),
        ("changed", Value::Bool(!applied.is_same)),
        ("before", applied.before.as_ref().map_or(Value::Null, version_json)),
        ("made", applied.made.as_ref().map_or(Value::Null, version_json)),
        ("changes", changes_json(&applied.changes)),
        ("refused_by_run", to_value(&applied.unavailable.as_ref().map(ToString::to_string))),
    ])
}

/// What differs between two versions.
#[must_use]
pub fn diff(old: &PolicyRef, new: &PolicyRef, differences: &[FieldChange], width: usize) -> String {
    let head = format!("{} → {}", named(old), named(new));
    if differences.is_empty() {
        return format!("{head}: nothing differs\n");
    }
    format!("{}\n\n{}", styled(BOLD, head), changes(differences, width))
}

/// As [`diff`], for programs.
#[must_use]
pub fn diff_json(old: &PolicyVersion, new: &PolicyVersion, differences: &[FieldChange]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("old", version_json(old)),
        ("new", version_json(new)),
        ("differ", Value::Bool(!differences.is_empty())),
        ("changes", changes_json(differences)),
    ])
}

fn changes_json(changes: &[FieldChange]) -> Value {
    let value = |value: &Option<Value>| value.clone().unwrap_or(Value::Null);
    let change = |change: &FieldChange| {
        object([
            ("field", change.field.as_str().into()),
            ("old", value(&change.old)),
            ("new", value(&change.new)),
        ])
    };
    Value::Array(changes.iter().map(change).collect())
}

/// Each field that differs: short values beside each other, long ones below each other.
fn changes(changes: &[FieldChange], width: usize) -> String {
    let beside = |change: &FieldChange| {
        [&change.old, &change.new].iter().all(|value| shown_value(value.as_ref()).chars().count() <= BESIDE)
            && !is_persona(change)
    };
    let short = changes.iter().filter(|change| beside(change));
    let column =
        short.map(|change| change.field.len()).filter(|length| *length <= MAX_FIELD).max().unwrap_or(0);
    let mut out = String::new();
    for change in changes {
        let field = safe(&change.field);
        if beside(change) {
            let [old, new] = [&change.old, &change.new].map(|value| shown_value(value.as_ref()));
            let _ = writeln!(out, "  {field:<column$}  {} → {}", styled(RED, old), styled(GREEN, new));
            continue;
        }
        match (&change.old, &change.new) {
            (None, Some(new)) => members(&mut out, GREEN, &format!("+ {field}"), new, width),
            (Some(old), None) => members(&mut out, RED, &format!("- {field}"), old, width),
            (old, new) => {
                let _ = writeln!(out, "  {field}");
                block(&mut out, RED, "    -", &shown_value(old.as_ref()), width);
                block(&mut out, GREEN, "    +", &shown_value(new.as_ref()), width);
            }
        }
    }
    out
}

fn block(out: &mut String, style: anstyle::Style, head: &str, text: &str, width: usize) {
    let indent = " ".repeat(if head.starts_with(' ') { 6 } else { 4 });
    for line in wrap(width, &format!("{head} "), &indent, text) {
        let _ = writeln!(out, "{}", styled(style, line));
    }
}

fn is_persona(change: &FieldChange) -> bool {
    [&change.old, &change.new].iter().any(|value| matches!(value, Some(Value::Object(_))))
}

/// A value as a person reads it.
fn shown_value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "not set".to_owned(),
        Some(Value::String(text)) => safe(text),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| shown_value(Some(item))).collect::<Vec<_>>().join(", ")
        }
        Some(value) => safe(&canonical(value)),
    }
}

/// A persona, or a price, or a long value, that came or went: each member on a line of its own.
fn members(out: &mut String, style: anstyle::Style, head: &str, value: &Value, width: usize) {
    if value.members().is_empty() {
        return block(out, style, head, &shown_value(Some(value)), width);
    }
    let _ = writeln!(out, "{}", styled(style, head));
    let members = || value.members().iter().filter(|(name, _)| name != "id");
    let column = members().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in members() {
        let name = format!("    {:<column$}  ", safe(name));
        for line in wrap(width, &name, &" ".repeat(column + 6), &shown_value(Some(value))) {
            let _ = writeln!(out, "{}", styled(style, line));
        }
    }
}

/// The versions of a policy, newest first.
#[must_use]
pub fn log(entries: &[LogEntry], broken: &[Unreadable], width: usize) -> String {
    let mut out = String::new();
    for (index, entry) in entries.iter().enumerate() {
        let version = &entry.version;
        let current = if index == 0 { styled(GREEN, "  current") } else { String::new() };
        let runs = match entry.runs {
            1 => "1 run".to_owned(),
            count => format!("{count} runs"),
        };
        let _ = writeln!(
            out,
            "{}{current}  {}",
            styled(BOLD, named(&version.reference)),
            styled(DIM, format!("{}  {}  {runs}", minute(&version.at), person(&version.by)))
        );
        if let Some(note) = &version.note {
            for line in wrap(width, "  ", "  ", &first_line(note)) {
                let _ = writeln!(out, "{line}");
            }
        }
        for line in wrap(width, "  ", "    ", &in_a_line(entry)) {
            let _ = writeln!(out, "{}", styled(DIM, line));
        }
    }
    out + &unreadable(broken)
}

/// What a version changed, in a line.
fn in_a_line(entry: &LogEntry) -> String {
    let restores =
        entry.version.restores.map(|number| format!("restores version {number}: ")).unwrap_or_default();
    let Some(changes) = &entry.changes else { return format!("{restores}the first version") };
    let short = |value: Option<&Value>| {
        let text = shown_value(value);
        let cut: String = text.chars().take(BESIDE).collect();
        if cut == text { text } else { format!("{cut}…") }
    };
    let mut parts: Vec<String> = changes
        .iter()
        .take(IN_A_LINE)
        .map(|change| match (&change.old, &change.new) {
            (None, Some(Value::Object(_))) => format!("+ {}", safe(&change.field)),
            (Some(Value::Object(_)), None) => format!("- {}", safe(&change.field)),
            (old, new) => {
                format!("{} {} → {}", safe(&change.field), short(old.as_ref()), short(new.as_ref()))
            }
        })
        .collect();
    if changes.len() > IN_A_LINE {
        parts.push(format!("and {} more", changes.len() - IN_A_LINE));
    }
    restores + &parts.join("; ")
}

/// As [`log`], for programs.
#[must_use]
pub fn log_json(entries: &[LogEntry], broken: &[Unreadable]) -> Value {
    let entry = |entry: &LogEntry| {
        version_json(&entry.version)
            .with("head", entry.head.to_string().into())
            .with("runs", number(entry.runs as u64))
            .with("changes", entry.changes.as_deref().map_or(Value::Null, changes_json))
    };
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("versions", Value::Array(entries.iter().map(entry).collect())),
        ("unreadable", to_value(&broken)),
    ])
}

/// What was in force for a run.
#[must_use]
pub fn which(report: &WhichReport) -> String {
    let mut out = String::new();
    if report.attempts.is_empty() {
        let unknown = "unknown: the run records no attempt, as those of older tools".to_owned();
        return report.completed_under.as_ref().map_or(unknown, named) + "\n";
    }
    for one in &report.attempts {
        let attempt = &one.attempt;
        let ended = attempt.status.map_or_else(|| "not ended".to_owned(), |status| status.to_string());
        let _ = writeln!(
            out,
            "{}  attempt {}, {ended}, begun {}",
            styled(BOLD, named(&attempt.policy)),
            attempt.attempt,
            minute(&attempt.started_at)
        );
        let _ = writeln!(out, "  {}", styled(DIM, attempt.policy.digest));
        if let Some(problem) = &one.problem {
            let problem = format!("{}; the attempt's own copy is in the run", safe(problem));
            let _ = writeln!(out, "  {}", styled(RED, problem));
        }
        if let Some(version) = &one.version {
            let note = version.note.as_deref().map(|note| format!(": {}", first_line(note)));
            let (at, by) = (minute(&version.at), person(&version.by));
            let _ = writeln!(out, "  made {at} by {by}{}", note.unwrap_or_default());
        }
        if let Some((next, newest)) = &one.superseded {
            let (at, by) = (minute(&next.at), person(&next.by));
            // Both are RFC 3339 in UTC with milliseconds, which sort as text.
            let when = if next.at <= attempt.started_at { "already superseded" } else { "superseded since," };
            let since = format!("{when} {at} by {by}, who made {}", named(&next.reference));
            let name = safe(&next.reference.name);
            let more = if *newest > next.reference.version {
                format!("; {name}@{newest} is the current version")
            } else {
                String::new()
            };
            let _ = writeln!(out, "  {}{more}", styled(YELLOW, since));
        } else if one.version.is_some() {
            let _ = writeln!(out, "  {}", styled(GREEN, "still the current version"));
        }
    }
    out
}

/// As [`which`], for programs.
#[must_use]
pub fn which_json(report: &WhichReport) -> Value {
    let attempts = report.attempts.iter().map(|one| {
        object([
            ("attempt", number(u64::from(one.attempt.attempt))),
            ("status", to_value(&one.attempt.status)),
            ("started_at", one.attempt.started_at.as_str().into()),
            ("policy", to_value(&one.attempt.policy)),
            ("version", one.version.as_ref().map_or(Value::Null, version_json)),
            ("superseded_by", one.superseded.as_ref().map_or(Value::Null, |(next, _)| version_json(next))),
            ("problem", to_value(&one.problem)),
            ("newest_version", to_value(&one.superseded.as_ref().map(|(_, newest)| *newest))),
        ])
    });
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("path", to_value(&report.path)),
        ("policy", to_value(&report.completed_under)),
        ("attempts", Value::Array(attempts.collect())),
    ])
}

/// One run made under a version.
#[must_use]
pub fn run(row: &RunRow) -> String {
    format!("{}  {}/{}  {}\n", outcome(row), row.job_id, row.run_id, styled(DIM, created(row)))
}

/// How many runs were made under a version.
#[must_use]
pub fn runs_of(policy: &str, version: u64, count: usize, unreadable: &[Unreadable]) -> String {
    let runs = if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    let mut out = format!("{runs} under {}@{version}\n", safe(policy));
    out.push_str(&self::unreadable(unreadable));
    out
}
