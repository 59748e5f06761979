//! What `rules` shows.

use std::fmt::Write as _;

use super::json::{FORMAT_VERSION, number, object};
use super::style::{BOLD, DIM, RED, YELLOW, styled};
use super::terminal::wrap;
use crate::domain::json::{Value, to_value};
use crate::domain::view::RuleView;

/// The rules, one a line.
#[must_use]
pub fn list(rules: &[RuleView]) -> String {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let personas = rules.iter().map(|rule| rule.persona.as_str().len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in rules {
        let severity = format!("{:<14}", rule.severity);
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
            styled(DIM, &rule.says)
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
        for line in wrap(width, &format!("  {name:<9} "), "            ", text) {
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
    for (name, patterns) in [("pattern", &rule.patterns), ("unless", &rule.unless)] {
        for pattern in patterns {
            // A pattern that is broken over lines could not be read.
            let _ = writeln!(out, "{}", styled(DIM, format!("  {name:<9} {pattern}")));
        }
    }
    out
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
