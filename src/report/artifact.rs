//! What `version`, `item`, `lineage` and `approved` show.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::terminal::minute;
use crate::domain::artifact::{
    ArtifactName, Changed, Decision, Difference, Done, Entry, Event, Item, Made, Passage, Shown, Standing,
};
use crate::domain::ids::ItemId;
use crate::domain::json::{Value, canonical, pretty, to_value};
use crate::domain::view::{Unreadable, VersionLine};

/// A version that was made, and what became of the items before.
#[must_use]
pub fn made(made: &Made, width: usize) -> String {
    let mut out = shown(&made.shown, width);
    if made.carried + made.again + made.left.len() > 0 {
        let again = match made.again {
            0 => String::new(),
            again => format!(", {again} found again and as decided before"),
        };
        let _ = writeln!(out, "{} new, {} carried{again}", made.new, made.carried);
    }
    for left in &made.left {
        let why = match left.decision {
            Decision::Rejected => "it was rejected",
            Decision::Modified => "another stands in its place",
            Decision::Pending | Decision::Approved => "it was not decided",
        };
        let _ = writeln!(out, "left behind: {}, as {why}", left.item);
    }
    out
}

/// As [`made`], for programs.
#[must_use]
pub fn made_json(made: &Made) -> Value {
    shown_json(&made.shown)
        .with("new", number(made.new as u64))
        .with("carried", number(made.carried as u64))
        .with("found_again", number(made.again as u64))
        .with("left", to_value(&made.left))
}

/// A version with its items.
#[must_use]
pub fn shown(shown: &Shown, width: usize) -> String {
    let items = items(&shown.items, width);
    head(shown) + if shown.items.is_empty() { "" } else { "\n" } + &items
}

fn head(shown: &Shown) -> String {
    let Shown { name, version, items } = shown;
    let mut out = format!("{}  {}\n", styled(BOLD, named(name, version.version)), version.status);
    let mut line = |what: &str, standing: &Standing| {
        let note = standing.note.as_ref().map(|note| format!(": {}", safe(note))).unwrap_or_default();
        let _ = writeln!(out, "{what:<9}  {} by {}{note}", minute(&standing.at), safe(&standing.by));
    };
    line("made", &version.created);
    version.submitted.iter().for_each(|standing| line("submitted", standing));
    version.settled.iter().for_each(|standing| line(settled(shown), standing));
    if let Some(run) = &version.from_run {
        let _ = writeln!(out, "of run     {}/{run}", name.job);
    }
    let mut counts = String::new();
    for decision in [Decision::Approved, Decision::Rejected, Decision::Modified, Decision::Pending] {
        let count = items.iter().filter(|item| item.decision == decision).count();
        if count > 0 {
            let _ = write!(counts, "{}{count} {decision}", if counts.is_empty() { "" } else { ", " });
        }
    }
    let counts = if counts.is_empty() { "none".to_owned() } else { counts };
    let _ = writeln!(out, "items      {counts}");
    out
}

/// How it was settled: a version that is superseded was approved.
fn settled(shown: &Shown) -> &'static str {
    match shown.version.status.as_str() {
        "superseded" => "approved",
        status => status,
    }
}

/// Items, one a line.
#[must_use]
pub fn items(items: &[Item], width: usize) -> String {
    let id = items.iter().map(|item| item.item_id.as_str().len()).max().unwrap_or_default().clamp(4, 24);
    let mut out = String::new();
    if !items.is_empty() {
        let header = format!("{:<id$}  {:<8}  WHAT", "ITEM", "DECISION");
        let _ = writeln!(out, "{}", styled(DIM, header));
    }
    for item in items {
        let space = width.saturating_sub(id + 12).max(30);
        let what = cut(&summary(item), space);
        let _ = writeln!(out, "{:<id$}  {}  {what}", item.item_id.as_str(), coloured(item.decision));
    }
    out
}

fn coloured(decision: Decision) -> String {
    let style = match decision {
        Decision::Pending => YELLOW,
        Decision::Approved => GREEN,
        Decision::Rejected => RED,
        Decision::Modified => DIM,
    };
    styled(style, format!("{decision:<8}"))
}

/// What an item says, in a line: the words of a finding, or its data.
fn summary(item: &Item) -> String {
    let text = |name: &str| item.data.get(name).and_then(Value::as_str);
    let what = match (text("kind"), text("text"), text("persona_id")) {
        (Some(kind), Some(words), persona) => {
            let critical = item.data.get("security_critical") == Some(&Value::Bool(true));
            let critical = if critical { "security-critical " } else { "" };
            let persona = persona.map(|persona| format!(" ({persona})")).unwrap_or_default();
            format!("{critical}{}{persona}: {words}", kind.replace('_', " "))
        }
        _ => format!("{}: {}", item.kind, canonical(&item.data)),
    };
    safe(&what)
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => {
            text.char_indices().nth(width - 1).map_or(String::new(), |(end, _)| format!("{}…", &text[..end]))
        }
        None => text.to_owned(),
    }
}

/// As [`shown`], for programs.
#[must_use]
pub fn shown_json(shown: &Shown) -> Value {
    to_value(&shown.version)
        .with("format_version", number(FORMAT_VERSION))
        .with("artifact", to_value(&shown.name))
        .with("items", to_value(&shown.items))
}

/// One item, whole.
#[must_use]
pub fn item(item: &Item) -> String {
    let mut out = format!("{}  {}\n", styled(BOLD, item.item_id.to_string()), coloured(item.decision));
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{name:<11}  {}", safe(&value));
        }
    };
    let when = |by: &Option<String>, at: &Option<String>| {
        let at = at.as_deref().map(|at| format!("{} ", minute(at))).unwrap_or_default();
        by.as_ref().map(|by| format!("{at}by {by}"))
    };
    line("type", Some(item.kind.clone()));
    let recommended = when(&item.recommended_by, &item.recommended_at);
    let source = item.source.as_str();
    line(
        "recommended",
        Some(recommended.map_or_else(|| source.to_owned(), |who| format!("{who} ({source})"))),
    );
    line("decided", when(&item.decided_by, &item.decided_at));
    line("decided in", item.decided_in.map(|version| format!("version {version}")));
    line("notes", item.notes.clone());
    line("carried", item.carried_from.as_ref().map(|from| format!("from version {}", from.version)));
    line(
        "made from",
        item.derived_from.as_ref().map(|from| format!("{} in version {}", from.item, from.version)),
    );
    line("because", item.modification_reason.clone());
    out + &super::safe_lines(&pretty(&item.data))
}

/// As [`item`], for programs.
#[must_use]
pub fn item_json(item: &Item) -> Value {
    to_value(item).with("format_version", number(FORMAT_VERSION))
}

/// What was done.
#[must_use]
pub fn done(done: &Done) -> String {
    let mut out = String::new();
    for id in done.items.iter().take(20) {
        let found = done.shown.items.iter().find(|item| item.item_id == *id);
        if let Some(item) = found {
            let was = done.overruled.iter().find(|was| was.item_id == *id);
            let was = was.map(|was| {
                let by = was.decided_by.as_deref().map(safe).unwrap_or_default();
                format!(" (was {} by {by})", was.decision.as_str())
            });
            let (decision, was) = (coloured(item.decision), was.unwrap_or_default());
            let _ = writeln!(out, "{}  {decision}{was}  {}", item.item_id, cut(&summary(item), 70));
        }
    }
    if done.items.len() > 20 {
        let _ = writeln!(out, "… and {} more", done.items.len() - 20);
    }
    out + &head(&done.shown)
}

/// As [`done`], for programs.
#[must_use]
pub fn done_json(done: &Done) -> Value {
    shown_json(&done.shown)
        .with("changed", to_value(&done.items))
        .with("overruled", to_value(&done.overruled))
}

/// Everything that happened, one event a line.
#[must_use]
pub fn log(entries: &[Entry]) -> String {
    let mut out = String::new();
    for entry in entries {
        let what = match &entry.event {
            Event::New { from_run, items, kept, .. } => {
                let run = from_run.as_ref().map(|run| format!(" of run {run}")).unwrap_or_default();
                let kept = if kept.is_empty() { String::new() } else { format!(", {} kept", kept.len()) };
                format!("made{run} with {} new items{kept}", items.len())
            }
            Event::Add { items, .. } => format!("added {}", ids(items.iter().map(|item| &item.item_id))),
            Event::Modify { item, new, .. } => format!("{item} modified into {}", new.item_id),
            Event::Decide { items, decision, .. } => format!("{decision} {}", ids(items.iter())),
            Event::Submit { .. } => "submitted".to_owned(),
            Event::Withdraw { .. } => "withdrawn".to_owned(),
            Event::Approve { policy, .. } => format!("approved under {}@{}", policy.name, policy.version),
            Event::Reject { .. } => "rejected".to_owned(),
        };
        let note = entry.event.note().map(|note| format!(": {}", safe(note))).unwrap_or_default();
        let version = entry.event.version();
        let _ = writeln!(
            out,
            "{}  @{version}  {}{note}  {}",
            minute(&entry.at),
            safe(&what),
            styled(DIM, safe(&entry.by))
        );
    }
    out
}

fn ids<'i>(ids: impl Iterator<Item = &'i ItemId>) -> String {
    let all: Vec<&str> = ids.map(ItemId::as_str).collect();
    let more = if all.len() > 10 { format!(" and {} more", all.len() - 10) } else { String::new() };
    all.iter().take(10).copied().collect::<Vec<_>>().join(", ") + &more
}

/// As [`log`], for programs.
#[must_use]
pub fn log_json(entries: &[Entry]) -> Value {
    let entry = |entry: &Entry| {
        to_value(&entry.event)
            .with("number", number(entry.number))
            .with("at", entry.at.as_str().into())
            .with("by", entry.by.as_str().into())
    };
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("events", Value::Array(entries.iter().map(entry).collect())),
    ])
}

/// What differs between two versions.
#[must_use]
pub fn diff(found: &Difference, width: usize) -> String {
    let mut out = String::new();
    for Changed { before, after } in &found.items {
        let (mark, item, was) = match (before, after) {
            (Some(item), None) => (styled(RED, "-".to_owned()), item, String::new()),
            (None, Some(item)) => (styled(GREEN, "+".to_owned()), item, String::new()),
            (Some(was), Some(item)) => {
                (styled(YELLOW, "~".to_owned()), item, format!("{} → ", was.decision.as_str()))
            }
            (None, None) => continue,
        };
        let what = cut(&summary(item), width.saturating_sub(30).max(30));
        let _ = writeln!(out, "{mark} {}  {was}{}  {what}", item.item_id, item.decision.as_str());
    }
    if found.items.is_empty() {
        out.push_str("No item differs.\n");
    }
    out
}

/// As [`diff`], for programs.
#[must_use]
pub fn diff_json(found: &Difference) -> Value {
    let changed = |Changed { before, after }: &Changed| {
        object([("before", to_value(before)), ("after", to_value(after))])
    };
    let named = |shown: &Shown| to_value(&shown.version).with("artifact", to_value(&shown.name));
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("old", named(&found.old)),
        ("new", named(&found.new)),
        ("items", Value::Array(found.items.iter().map(changed).collect())),
    ])
}

/// Where an item comes from, oldest first.
#[must_use]
pub fn lineage(passages: &[Passage]) -> String {
    let mut out = String::new();
    for passage in passages {
        let from = passage.from.as_ref().map(|from| match passage.what {
            "carried" | "found again" => format!(" from version {}", from.version),
            _ => format!(" from {}", from.item),
        });
        let from = from.or_else(|| passage.into.as_ref().map(|into| format!(" into {into}")));
        let note = passage.note.as_ref().map(|note| format!(": {}", safe(note))).unwrap_or_default();
        let (at, what) = (minute(&passage.at), passage.what);
        let _ = writeln!(
            out,
            "@{}  {}  {what}{}{note}  {}",
            passage.version,
            passage.item,
            from.unwrap_or_default(),
            styled(DIM, format!("{at} by {}", safe(&passage.by)))
        );
    }
    out
}

/// As [`lineage`], for programs.
#[must_use]
pub fn lineage_json(name: &ArtifactName, version: u64, item: &ItemId, passages: &[Passage]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("artifact", to_value(name)),
        ("version", number(version)),
        ("item", item.as_str().into()),
        ("lineage", to_value(&passages)),
    ])
}

fn named_line(line: &VersionLine) -> String {
    let (cycle, job, phase) = (line.cycle.clone(), line.job_id.clone(), line.phase.clone());
    named(&ArtifactName { cycle, job, phase }, line.version)
}

/// How an artifact's version is named.
fn named(name: &ArtifactName, version: u64) -> String {
    let named = safe(&name.to_string());
    match named.split_once(' ') {
        Some((name, cycle)) => format!("{name}@{version} {cycle}"),
        None => format!("{named}@{version}"),
    }
}

/// A version, in a line: how far it is, by whom, and what is open.
pub(super) fn line(line: &VersionLine) -> String {
    let by = match (&line.settled_by, &line.settled_at) {
        (Some(by), Some(at)) => format!(" by {} on {}", safe(by), minute(at)),
        _ => String::new(),
    };
    let open = match line.undecided {
        0 => String::new(),
        open => format!(", {open} of {} items undecided", line.items),
    };
    format!("{}  {}{by}{open}", named_line(line), line.status)
}

/// Every version, in a line each.
#[must_use]
pub fn versions(lines: &[VersionLine], broken: &[Unreadable]) -> String {
    let none = if lines.is_empty() { "there are no such versions\n" } else { "" };
    none.to_owned() + &lines.iter().map(|one| line(one) + "\n").collect::<String>() + &unreadable(broken)
}

fn unreadable(broken: &[Unreadable]) -> String {
    let mut out = String::new();
    for one in broken {
        let _ = writeln!(out, "{} {}", styled(RED, "unreadable".to_owned()), safe(&one.problem));
    }
    out
}

/// As [`versions`], for programs.
#[must_use]
pub fn versions_json(lines: &[VersionLine], broken: &[Unreadable]) -> Value {
    let unreadable = ("unreadable", to_value(&broken));
    object([("format_version", number(FORMAT_VERSION)), ("versions", to_value(&lines)), unreadable])
}

/// What is signed off.
#[must_use]
pub fn approved(lines: &[VersionLine], broken: &[Unreadable]) -> String {
    let mut out = String::new();
    for line in lines {
        let at = line.settled_at.as_deref().map(minute).unwrap_or_default();
        let by = line.settled_by.as_deref().map(safe).unwrap_or_default();
        let note = line.notes.as_ref().map(|note| format!(": {}", safe(note))).unwrap_or_default();
        let run = line.from_run.as_ref().map_or("of no run".to_owned(), |run| format!("of run {run}"));
        let _ =
            writeln!(out, "{}  {} by {by}{note}  {}", styled(BOLD, named_line(line)), at, styled(DIM, run));
    }
    if lines.is_empty() {
        out.push_str("nothing is approved\n");
    }
    out + &unreadable(broken)
}

/// As [`approved`], for programs.
#[must_use]
pub fn approved_json(lines: &[VersionLine], broken: &[Unreadable]) -> Value {
    let unreadable = ("unreadable", to_value(&broken));
    object([("format_version", number(FORMAT_VERSION)), ("approved", to_value(&lines)), unreadable])
}
