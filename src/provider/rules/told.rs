//! The rules as they are told to people.

use std::collections::BTreeMap;

use super::pack::{Common, Hazard, InKind, Kind, Pack, Rule, Severity, Topic};
use super::score::{FOUND, deduction, in_passing};
use crate::domain::view::{KindView, RuleView};

/// Every rule of a pack, topics first, in the order of the pack. Words that it does not have are those of `core`.
pub(super) fn told(pack: &Pack, core: &Pack) -> Vec<RuleView> {
    let name = format!("{} {}", pack.id, pack.version);
    let topics = pack.topics.iter().map(|rule| topic(rule, &name));
    let hazards = pack.hazards.iter().map(|rule| hazard(rule, &name, pack, core));
    topics.chain(hazards).collect()
}

fn common(rule: &Common, pack: &str, kind: &'static str) -> RuleView {
    RuleView {
        id: rule.id.clone(),
        pack: pack.to_owned(),
        persona: rule.persona.clone(),
        kind,
        severity: word(rule.severity),
        security_critical: false,
        by_kind: by_kind(rule),
        about: None,
        headings: Vec::new(),
        phrases: String::new(),
        patterns: Vec::new(),
        together: Vec::new(),
        abbreviations_but: Vec::new(),
        unless: Vec::new(),
        unless_anywhere: Vec::new(),
        finds: rule.finds.clone(),
        leaves: rule.leaves.clone(),
        says: String::new(),
        advice: rule.advice.clone(),
        takes: deduction(rule.severity, false),
        takes_in_passing: None,
        adds: None,
    }
}

fn topic(Rule { common: rule, own }: &Rule<Topic>, pack: &str) -> RuleView {
    RuleView {
        about: Some(own.about.clone()),
        headings: own.headings.clone(),
        phrases: own.phrases_in_words.clone(),
        patterns: own.phrases.clone(),
        says: format!("No section or sentence about {} was found.", own.about),
        takes_in_passing: Some(in_passing(rule.severity)),
        adds: Some(FOUND),
        ..common(rule, pack, "topic")
    }
}

fn hazard(Rule { common: rule, own }: &Rule<Hazard>, pack: &str, home: &Pack, core: &Pack) -> RuleView {
    let words = |name: &String| home.words.get(name).or_else(|| core.words.get(name)).cloned();
    let together = own.together.iter().map(|names| names.iter().filter_map(words).collect());
    RuleView {
        security_critical: own.security_critical,
        patterns: own.patterns.clone(),
        together: together.collect(),
        abbreviations_but: own.abbreviations_but.clone().unwrap_or_default(),
        unless: own.unless.clone(),
        unless_anywhere: own.unless_anywhere.clone(),
        says: own.text.clone(),
        takes: deduction(rule.severity, own.security_critical),
        ..common(rule, pack, "hazard")
    }
}

fn by_kind(rule: &Common) -> BTreeMap<String, &'static str> {
    let word = |kind: InKind| match kind {
        InKind::Off => "off",
        InKind::Recommendation => word(Severity::Recommendation),
        InKind::Concern => word(Severity::Concern),
        InKind::Blocking => word(Severity::Blocking),
    };
    rule.for_kind.iter().map(|(kind, held)| (kind.clone(), word(*held))).collect()
}

pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocking => "blocking",
        Severity::Concern => "concern",
        Severity::Recommendation => "recommendation",
    }
}

/// A kind of document.
pub(super) fn kind(kind: &Kind) -> KindView {
    KindView {
        id: kind.id.clone(),
        name: kind.name.clone(),
        most_words: kind.most_words,
        fields: kind.fields.clone(),
        headings: kind.headings.clone(),
        at_least: kind.at_least,
        unless_headings: kind.unless_headings.clone(),
        sentences: kind.sentences,
    }
}

/// The lines of the rule `id` in its pack: from its `[[…]]` to the next one.
pub(super) fn source<'t>(pack: &Pack, text: &'t str, id: &str) -> Option<&'t str> {
    let starts = || text.match_indices("\n[[").map(|(at, _)| at + 1);
    let topics = pack.topics.iter().map(|rule| ("[[topic]]", &rule.common.id));
    let (list, _) = topics
        .chain(pack.hazards.iter().map(|rule| ("[[hazard]]", &rule.common.id)))
        .find(|(_, known)| *known == id)?;
    let is_it = |at: &usize| {
        let rule = &text[*at..text[*at + 1..].find("\n[[").map_or(text.len(), |end| at + 1 + end)];
        let named = |line: &str| {
            line.strip_prefix("id").is_some_and(|rest| {
                rest.trim_start()
                    .strip_prefix('=')
                    .is_some_and(|value| value.trim().trim_matches(['"', '\'']) == id)
            })
        };
        rule.starts_with(list) && rule.lines().any(named)
    };
    let start = std::iter::once(0).chain(starts()).find(is_it)?;
    let end = starts().find(|next| *next > start).unwrap_or(text.len());
    // What stands before the next rule and begins with `#` belongs to that one.
    let rule = text[start..end].trim_end();
    let cut = rule.rfind("\n\n#").filter(|at| rule[*at..].trim().lines().all(|line| line.starts_with('#')));
    Some(rule[..cut.unwrap_or(rule.len())].trim_end())
}
