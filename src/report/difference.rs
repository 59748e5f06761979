//! What `diff` shows of two runs.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number};
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::{safe, safe_lines};
use crate::domain::difference::{Difference, FieldDifference, PersonaDifference, Seat, Side};
use crate::domain::json::{Value, to_value};

/// For people at a terminal.
#[must_use]
pub fn text(found: &Difference) -> String {
    let mut out = String::new();
    for (mark, side) in
        [(styled(RED, "-".to_owned()), &found.old), (styled(GREEN, "+".to_owned()), &found.new)]
    {
        let _ = writeln!(out, "{mark} {}", outcome(side));
    }
    out.push('\n');
    for PersonaDifference { persona_id, old, new } in &found.personas {
        let said =
            if old == new { styled(DIM, seat(new.as_ref())) } else { change(old.as_ref(), new.as_ref()) };
        let _ = writeln!(out, "{persona_id:<20} {said}");
    }
    let _ = writeln!(
        out,
        "\n{}  {} gone, {} new, {} in both",
        styled(BOLD, "Findings".to_owned()),
        found.gone.len(),
        found.came.len(),
        found.stayed
    );
    for (mark, data) in marked(found) {
        let mark = styled(if mark == "-" { RED } else { GREEN }, mark.to_owned());
        let _ = writeln!(out, "{mark} {}", finding(data));
    }
    let _ = writeln!(out, "\n{}", styled(BOLD, "Document and proposal".to_owned()));
    for FieldDifference { field, change, diff } in found.document.iter().chain(&found.proposal) {
        let style = if *change == "unchanged" { DIM } else { YELLOW };
        let _ = writeln!(out, "{:<22} {}", safe(field), styled(style, (*change).to_owned()));
        for line in diff.iter().flat_map(|diff| diff.lines().skip(2)) {
            let style = match line.as_bytes().first() {
                Some(b'-') => RED,
                Some(b'+') => GREEN,
                _ => DIM,
            };
            let _ = writeln!(out, "  {}", styled(style, safe(line)));
        }
    }
    out
}

fn marked(found: &Difference) -> impl Iterator<Item = (&'static str, &Value)> {
    found.gone.iter().map(|data| ("-", data)).chain(found.came.iter().map(|data| ("+", data)))
}

fn outcome(side: &Side) -> String {
    let decision = side.decision.map_or_else(|| "undecided".to_owned(), |label| label.to_string());
    let confidence = side.weighted_confidence.map(|confidence| format!(" {confidence}")).unwrap_or_default();
    let policy =
        side.policy.as_ref().map(|policy| format!(" under {}@{}", safe(&policy.name), policy.version));
    format!("{decision}{confidence}{}  {}/{}", policy.unwrap_or_default(), side.job_id, side.run_id)
}

fn change(old: Option<&Seat>, new: Option<&Seat>) -> String {
    format!("{} → {}", seat(old), seat(new))
}

fn seat(seat: Option<&Seat>) -> String {
    let Some(Seat { score, blocking_issues, security_critical }) = seat else {
        return "no review".to_owned();
    };
    let critical = if *security_critical { ", security-critical" } else { "" };
    match blocking_issues {
        0 => score.to_string(),
        count => format!("{score} ({count} blocking{critical})"),
    }
}

fn finding(data: &Value) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    safe(&format!("{} ({}): {}", text("kind").replace('_', " "), text("persona_id"), text("text")))
}

/// As Markdown, for a discussion. What came from documents and models is code: it can neither link nor ping.
#[must_use]
pub fn markdown(found: &Difference) -> String {
    let mut out = format!(
        "| | |\n|---|---|\n| before | {} |\n| now | {} |\n",
        code(&outcome(&found.old)),
        code(&outcome(&found.new))
    );
    out.push_str("\n| persona | before | now |\n|---|---|---|\n");
    for PersonaDifference { persona_id, old, new } in &found.personas {
        let _ = writeln!(out, "| {persona_id} | {} | {} |", seat(old.as_ref()), seat(new.as_ref()));
    }
    let _ = writeln!(
        out,
        "\n**Findings**: {} gone, {} new, {} in both\n",
        found.gone.len(),
        found.came.len(),
        found.stayed
    );
    for (mark, data) in marked(found) {
        let word = if mark == "-" { "gone" } else { "new" };
        let _ = writeln!(out, "- {word}: {}", code(&finding(data)));
    }
    for FieldDifference { diff, .. } in found.document.iter().chain(&found.proposal) {
        let Some(diff) = diff else { continue };
        // A fence longer than any in the text.
        let longest = diff.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = writeln!(out, "\n{fence}diff\n{}{fence}", safe_lines(diff));
    }
    out
}

fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// For programs.
#[must_use]
pub fn json(found: &Difference) -> Value {
    to_value(found).with("format_version", number(FORMAT_VERSION))
}
