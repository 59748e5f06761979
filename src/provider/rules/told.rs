//! The rules as they are told to people.

use super::pack::{HazardRule, Pack, Severity, TopicRule};
use super::score::{FOUND, deduction};
use crate::domain::view::RuleView;

/// Every rule of a pack, topics first, in the order of the pack.
pub(super) fn told(pack: &Pack) -> impl Iterator<Item = RuleView> {
    let name = format!("{} {}", pack.id, pack.version);
    let (of_topics, of_hazards) = (name.clone(), name);
    let topics = pack.topics.iter().map(move |rule| topic(rule, of_topics.clone()));
    topics.chain(pack.hazards.iter().map(move |rule| hazard(rule, of_hazards.clone())))
}

fn topic(rule: &TopicRule, pack: String) -> RuleView {
    RuleView {
        id: rule.id.clone(),
        pack,
        persona: rule.persona.clone(),
        kind: "topic",
        severity: word(rule.severity),
        security_critical: false,
        headings: rule.headings.clone(),
        phrases: rule.phrases_in_words.clone(),
        patterns: rule.phrases.clone(),
        unless: Vec::new(),
        found: Some(rule.found.clone()),
        says: rule.missing.clone(),
        advice: rule.advice.clone(),
        takes: deduction(rule.severity, false),
        adds: Some(FOUND),
    }
}

fn hazard(rule: &HazardRule, pack: String) -> RuleView {
    RuleView {
        id: rule.id.clone(),
        pack,
        persona: rule.persona.clone(),
        kind: "hazard",
        severity: word(rule.severity),
        security_critical: rule.security_critical,
        headings: Vec::new(),
        phrases: String::new(),
        patterns: rule.patterns.clone(),
        unless: rule.unless.clone(),
        found: None,
        says: rule.text.clone(),
        advice: rule.advice.clone(),
        takes: deduction(rule.severity, rule.security_critical),
        adds: None,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocking => "blocking",
        Severity::Concern => "concern",
        Severity::Recommendation => "recommendation",
    }
}
