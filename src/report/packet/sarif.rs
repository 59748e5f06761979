//! SARIF 2.1.0 (OASIS), for code hosts that annotate the lines of a reviewed file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Answered, Finding, Packet};
use crate::domain::digest::Digest;
use crate::domain::json::{Value, to_value};
use crate::domain::text::Text;
use crate::report::json::{number, object};
use crate::report::safe_lines;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The packet's findings as a SARIF log. `document` is the path of the reviewed file in its repository; the
/// record does not know it, and has the file as `inputs/idea.<ext>`.
#[must_use]
pub fn sarif(packet: &Packet, document: Option<&str>) -> Value {
    let document = document.unwrap_or(&packet.document);
    let uri = uri(document.strip_prefix("./").unwrap_or(document));
    let blocking = packet.blocking_issues.iter().flat_map(|finding| results(finding, "error", &uri));
    let concerns = packet.concerns.iter().flat_map(|finding| results(finding, "warning", &uri));
    let silenced = packet.silenced.iter().flat_map(|one| suppressed(one, &uri));
    // Without a decision no finding means nothing.
    let invocation = object([("executionSuccessful", Value::Bool(packet.outcome.is_some()))]);
    let mut driver = vec![("name".to_owned(), "consensus".into())];
    let tool = packet.provenance.attempts.last().map(|attempt| attempt.tool_version.as_str());
    driver.extend(tool.map(|version| ("semanticVersion".to_owned(), version.into())));
    driver.push(("rules".to_owned(), Value::Array(rules(packet))));
    let run = object([
        ("tool", object([("driver", Value::Object(driver))])),
        ("automationDetails", object([("id", format!("consensus/{}/", packet.job_id).into())])),
        ("invocations", Value::Array(vec![invocation])),
        ("columnKind", "unicodeCodePoints".into()),
        ("results", Value::Array(blocking.chain(concerns).chain(silenced).collect())),
        (
            "properties",
            object([
                ("error", to_value(&packet.error)),
                ("run_id", to_value(&packet.run_id)),
                ("decision", to_value(&packet.outcome.as_ref().map(|outcome| outcome.decision))),
                ("confidence", to_value(&packet.outcome.as_ref().map(|outcome| outcome.confidence))),
            ]),
        ),
    ]);
    object([("$schema", SCHEMA.into()), ("version", "2.1.0".into()), ("runs", Value::Array(vec![run]))])
}

/// Each rule that made a finding, once; a finding without one is by its persona.
fn rules(packet: &Packet) -> Vec<Value> {
    let findings = packet.blocking_issues.iter().chain(&packet.concerns);
    let rules: BTreeMap<String, &Finding> = findings.map(|finding| (rule(finding), finding)).collect();
    let told = |(id, finding): (String, &Finding)| {
        let says = object([("text", message(finding.text.as_str()).into())]);
        object([("id", id.into()), ("shortDescription", says)])
    };
    rules.into_iter().map(told).collect()
}

fn rule(finding: &Finding) -> String {
    finding.rule_id.clone().unwrap_or_else(|| format!("review-by-{}", finding.persona_id))
}

/// One result for each place: code hosts show the first place of each.
fn results(finding: &Finding, level: &str, uri: &str) -> Vec<Value> {
    let places = finding.evidence.iter().filter(|place| place.is_here() && place.start_line > 0);
    let mut results: Vec<Value> = places
        .map(|place| {
            let end = place.end_line.max(place.start_line);
            let region =
                object([("startLine", number(place.start_line.into())), ("endLine", number(end.into()))]);
            result(finding, level, location(uri, region), &place.quote)
        })
        .collect();
    if results.is_empty() {
        // What is missing stands nowhere; a code host shows nothing without a line.
        results.push(result(finding, level, location(uri, object([("startLine", number(1))])), ""));
    }
    results
}

/// What is silenced is still a result; code hosts show it as dismissed, with its reason.
fn suppressed(answered: &Answered, uri: &str) -> Vec<Value> {
    let Answered { persona_id, persona, finding } = answered;
    let level = match finding.severity.as_str() {
        "blocking" => "error",
        "concern" => "warning",
        _ => "note",
    };
    let shown = Finding {
        persona_id: persona_id.clone(),
        persona: persona.clone(),
        text: Text::or(&finding.text, "not said"),
        security_critical: false,
        rule_id: Some(finding.rule_id.clone()),
        evidence: finding.evidence.clone(),
        searched: Vec::new(),
        carried_from: None,
    };
    let kind = if finding.by.starts_with("line ") { "inSource" } else { "external" };
    let suppression = object([("kind", kind.into()), ("justification", safe_lines(&finding.because).into())]);
    let results = results(&shown, level, uri).into_iter();
    results.map(|result| result.with("suppressions", Value::Array(vec![suppression.clone()]))).collect()
}

fn result(finding: &Finding, level: &str, location: Value, quote: &str) -> Value {
    let critical = if finding.security_critical { ", security-critical" } else { "" };
    let carried = finding.carried_from.as_ref().map(|run| format!(", carried from run {run}"));
    let text = format!("{} ({}{critical}{})", finding.text, finding.persona, carried.unwrap_or_default());
    let identity = [rule(finding).as_str(), finding.text.as_str(), quote].join("\n");
    let fingerprint = Digest::of(identity.as_bytes()).to_string();
    object([
        ("ruleId", rule(finding).into()),
        ("level", level.into()),
        ("message", object([("text", message(&text).into())])),
        ("locations", Value::Array(vec![location])),
        ("partialFingerprints", object([("finding/v1", fingerprint.into())])),
    ])
}

/// Text as a message takes it, without links (SARIF 2.1.0, section 3.11.6), and nothing in it hidden.
fn message(text: &str) -> String {
    safe_lines(text).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn location(uri: &str, region: Value) -> Value {
    object([(
        "physicalLocation",
        object([("artifactLocation", object([("uri", uri.into())])), ("region", region)]),
    )])
}

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("docs/rfc 1:ü.md"), "docs/rfc%201%3A%C3%BC.md");
    }
}
