//! What `rules` shows.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::safe;
use super::style::{BOLD, DIM, RED, YELLOW, styled};
use super::terminal::wrap;
use crate::domain::json::{Value, to_value};
use crate::domain::view::{ExampleView, KindView, RuleView};

/// The rules, one a line.
#[must_use]
pub fn list(rules: &[RuleView]) -> String {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let personas = rules.iter().map(|rule| rule.persona.as_str().len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in rules {
        let critical = rule.security_critical && rule.severity == "blocking";
        let severity = format!("{:<17}", if critical { "security-critical" } else { rule.severity });
        let severity = match rule.severity {
            "blocking" => styled(RED, severity),
            "concern" => styled(YELLOW, severity),
            _ => severity,
        };
        let _ = writeln!(
            out,
            "{}  {severity}  {:<personas$}  {}",
            styled(BOLD, format!("{:<width$}", rule.id)),
            rule.persona.as_str(),
            styled(DIM, safe(&rule.says))
        );
    }
    out
}

/// One rule, whole.
#[must_use]
pub fn explain(rule: &RuleView, width: usize) -> String {
    let finding = if rule.severity == "blocking" { "blocking issue" } else { rule.severity };
    let critical = if rule.security_critical { ", security-critical: the veto can rest on it" } else { "" };
    let about = match rule.kind {
        "topic" => {
            format!("Something that should be there; where it is not found, a {finding} for {}", rule.persona)
        }
        _ => format!(
            "Something that should not be there; where it is found, a {finding} for {}{critical}",
            rule.persona
        ),
    };
    let mut out = format!("{}  {}\n", styled(BOLD, &rule.id), styled(DIM, &rule.pack));
    let mut part = |name: &str, text: &str| {
        for line in wrap(width, &format!("  {name:<9} "), "            ", &safe(text)) {
            let _ = writeln!(out, "{line}");
        }
    };
    part("what", &about);
    if rule.kind == "topic" {
        part("headings", &rule.headings.join(", "));
        if !rule.phrases.is_empty() {
            part("phrases", &rule.phrases);
        }
        let about = rule.about.as_deref().unwrap_or_default();
        part("found", &format!("Covers {about} ({})", hundredths(rule.adds.unwrap_or(0))));
    }
    part(
        if rule.kind == "topic" { "missing" } else { "says" },
        &format!("{} ({})", rule.says, hundredths(rule.takes)),
    );
    part("advice", &rule.advice);
    if !rule.by_kind.is_empty() {
        let held: Vec<String> = rule.by_kind.iter().map(|(kind, held)| format!("{kind}: {held}")).collect();
        part("kinds", &held.join(", "));
    }
    for (name, texts) in [("finds", &rule.finds), ("leaves", &rule.leaves)] {
        for text in texts {
            part(name, &shown(text));
        }
    }
    for together in &rule.together {
        let lists: Vec<String> = together.iter().map(|words| format!("({})", words.join(" | "))).collect();
        part("together", &lists.join(" and "));
    }
    if !rule.abbreviations_but.is_empty() {
        part("but", &rule.abbreviations_but.join(", "));
    }
    let patterns =
        [("pattern", &rule.patterns), ("unless", &rule.unless), ("anywhere", &rule.unless_anywhere)];
    for (name, patterns) in patterns {
        for pattern in patterns {
            // A pattern that is broken over lines could not be read.
            let _ = writeln!(out, "{}", styled(DIM, format!("  {name:<9} {}", safe(pattern))));
        }
    }
    out
}

/// An example on one line, its line breaks made visible.
fn shown(text: &str) -> String {
    safe(&text.trim().replace('\n', " ⏎ "))
}

/// The kinds of documents.
#[must_use]
pub fn kinds(kinds: &[KindView], width: usize) -> String {
    let mut out = String::new();
    for kind in kinds {
        let mut ways = Vec::new();
        if let Some(most) = kind.most_words {
            ways.push(format!("at most {most} words and one section"));
        }
        if !kind.fields.is_empty() {
            ways.push(format!("a line at the top that matches {}", kind.fields.join(" or ")));
        }
        if !kind.headings.is_empty() {
            ways.push(format!("{} headings or more of: {}", kind.at_least, kind.headings.join(", ")));
        }
        if !kind.unless_headings.is_empty() {
            let but = format!(
                "{}, and none of: {}",
                ways.pop().unwrap_or_default(),
                kind.unless_headings.join(", ")
            );
            ways.push(but);
        }
        let ways = if ways.is_empty() { "every other document".to_owned() } else { ways.join("; or ") };
        let _ = writeln!(out, "{}  {}", styled(BOLD, &kind.id), kind.name);
        for line in wrap(width, "  ", "  ", &ways) {
            let _ = writeln!(out, "{}", styled(DIM, line));
        }
    }
    out
}

/// As [`kinds`], for programs.
#[must_use]
pub fn kinds_json(kinds: &[KindView]) -> Value {
    object([("format_version", number(FORMAT_VERSION)), ("kinds", to_value(&kinds))])
}

/// What came of the examples: those that do not hold, and how many do.
#[must_use]
pub fn test(examples: &[ExampleView], without: &[String]) -> String {
    let mut out = String::new();
    for example in examples.iter().filter(|example| !example.holds) {
        let wanted = if example.finds { "finds nothing in" } else { "does not leave alone" };
        let _ = writeln!(
            out,
            "{}  {} {wanted}: {}",
            styled(RED, "✗"),
            styled(BOLD, safe(&example.rule)),
            shown(&example.text)
        );
    }
    for rule in without {
        let _ = writeln!(
            out,
            "{}  {} has no text that it finds something in, or none that it leaves alone",
            styled(YELLOW, "!"),
            styled(BOLD, safe(rule))
        );
    }
    let held = examples.iter().filter(|example| example.holds).count();
    let _ = writeln!(out, "{held} of {} examples hold", examples.len());
    out
}

/// As [`test()`], for programs.
#[must_use]
pub fn test_json(examples: &[ExampleView], without: &[String]) -> Value {
    object([
        ("format_version", number(FORMAT_VERSION)),
        ("examples", to_value(&examples)),
        ("without_examples", to_value(&without)),
    ])
}

fn hundredths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "+" };
    format!("{sign}{}.{:02}", value.abs() / 100, value.abs() % 100)
}

/// As [`list`], for programs.
#[must_use]
pub fn list_json(rules: &[RuleView]) -> Value {
    object([("format_version", number(FORMAT_VERSION)), ("rules", to_value(&rules))])
}

/// As [`explain`], for programs.
#[must_use]
pub fn explain_json(rule: &RuleView) -> Value {
    to_value(rule).with("format_version", number(FORMAT_VERSION))
}
