//! The examples of rules: texts that a rule must find something in, and texts that it must leave alone.

use std::sync::Arc;

use super::check::{Found, Reading};
use super::compiled::Compiled;
use super::document::Document;
use crate::domain::view::ExampleView;

/// Runs the examples of every rule. What silences findings elsewhere does not here.
pub(super) fn run(rules: &Arc<Compiled>) -> Vec<ExampleView> {
    let mut examples = Vec::new();
    for topic in &rules.topics {
        let misses = |reading: &Reading| !matches!(reading.find(topic), Found::At(_));
        examples.extend(both(rules, &topic.common, misses));
    }
    for hazard in &rules.hazards {
        let finds = |reading: &Reading| !reading.places_of(hazard).is_empty();
        examples.extend(both(rules, &hazard.common, finds));
    }
    examples
}

fn both(rules: &Arc<Compiled>, rule: &super::Common, found: impl Fn(&Reading) -> bool) -> Vec<ExampleView> {
    let one = |finds: bool, text: &String| {
        let holds = found(&Reading::of(rules, Document::read(text, "md"), true)) == finds;
        ExampleView { rule: rule.id.clone(), finds, text: text.clone(), holds }
    };
    let finds = rule.finds.iter().map(|text| one(true, text));
    finds.chain(rule.leaves.iter().map(|text| one(false, text))).collect()
}
