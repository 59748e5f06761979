//! SARIF 2.1.0 (OASIS), for code hosts that annotate the lines of a reviewed file.

use std::fmt::Write as _;

use super::{Finding, Packet};
use crate::domain::digest::Digest;
use crate::domain::json::{Value, to_value};
use crate::report::json::{number, object};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The packet's findings as a SARIF log. `document` is the path of the reviewed file in its repository; the
/// record does not know it, and has the file as `inputs/idea.<ext>`.
#[must_use]
pub fn sarif(packet: &Packet, document: Option<&str>) -> Value {
    let document = document.unwrap_or(&packet.document);
    let uri = uri(document.strip_prefix("./").unwrap_or(document));
    let blocking = packet.blocking_issues.iter().map(|finding| result(finding, "error", &uri));
    let concerns = packet.concerns.iter().map(|finding| result(finding, "warning", &uri));
    let mut driver = vec![("name".to_owned(), "consensus".into())];
    let tool = packet.provenance.attempts.last().map(|attempt| attempt.tool_version.as_str());
    driver.extend(tool.map(|version| ("semanticVersion".to_owned(), version.into())));
    driver.push(("rules".to_owned(), Value::Array(rules(packet))));
    let run = object([
        ("tool", object([("driver", Value::Object(driver))])),
        ("automationDetails", object([("id", format!("consensus/{}/", packet.job_id).into())])),
        ("columnKind", "unicodeCodePoints".into()),
        ("results", Value::Array(blocking.chain(concerns).collect())),
        (
            "properties",
            object([
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
    let mut ids: Vec<String> = packet.blocking_issues.iter().chain(&packet.concerns).map(rule).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| object([("id", id.into())])).collect()
}

fn rule(finding: &Finding) -> String {
    finding.rule_id.clone().unwrap_or_else(|| format!("review-by-{}", finding.persona))
}

fn result(finding: &Finding, level: &str, uri: &str) -> Value {
    let critical = if finding.security_critical { ", security-critical" } else { "" };
    let message = format!("{} ({}{critical})", finding.text, finding.persona);
    let places = finding.evidence.iter().filter(|place| place.supported && place.start_line > 0);
    let mut locations: Vec<Value> = places
        .map(|place| {
            let region = object([
                ("startLine", number(place.start_line.into())),
                ("endLine", number(place.end_line.max(place.start_line).into())),
                ("snippet", object([("text", place.quote.as_str().into())])),
            ]);
            location(uri, region)
        })
        .collect();
    if locations.is_empty() {
        // What is missing stands nowhere; a code host shows nothing without a line.
        locations.push(location(uri, object([("startLine", number(1))])));
    }
    let quotes = finding.evidence.iter().map(|place| place.quote.as_str());
    let identity: Vec<&str> =
        [finding.persona.as_str(), finding.text.as_str()].into_iter().chain(quotes).collect();
    let fingerprint = Digest::of(identity.join("\n").as_bytes()).to_string();
    object([
        ("ruleId", rule(finding).into()),
        ("level", level.into()),
        ("message", object([("text", message.into())])),
        ("locations", Value::Array(locations)),
        ("partialFingerprints", object([("finding/v1", fingerprint.into())])),
    ])
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
