//! The findings of a run as items, and which of them were there before.

use std::collections::HashMap;

use super::item::{Decision, Item};
use super::state::Artifact;
use crate::domain::ids::ItemId;
use crate::domain::json::{self, Value};
use crate::domain::review::{Basis, PersonaReview};
use crate::domain::text::fold_space;

/// The type of items that are findings.
const TYPE: &str = "finding";

/// A finding of a run, as the data of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Who found it, by persona id.
    pub persona: String,
    /// Whether a rule did.
    pub is_rule: bool,
    /// The data of the item.
    pub data: Value,
}

impl Finding {
    /// The type of its item.
    #[must_use]
    pub const fn kind() -> &'static str {
        TYPE
    }
}

/// The blocking issues, concerns and recommendations of these reviews, in their order.
#[must_use]
pub fn findings(reviews: &[PersonaReview]) -> Vec<Finding> {
    let mut found = Vec::new();
    for review in reviews {
        let persona = review.persona_id.as_str();
        for issue in &review.blocking_issues {
            let data = data(
                persona,
                "blocking_issue",
                issue.text.as_str(),
                issue.security_critical,
                Some(&issue.basis),
            );
            found.push(finding(persona, data, Some(&issue.basis)));
        }
        for concern in &review.concerns {
            let data = data(persona, "concern", concern.text.as_str(), None, Some(&concern.basis));
            found.push(finding(persona, data, Some(&concern.basis)));
        }
        for text in &review.recommendations {
            found.push(finding(persona, data(persona, "recommendation", text.as_str(), None, None), None));
        }
    }
    found
}

fn finding(persona: &str, data: Value, basis: Option<&Basis>) -> Finding {
    let is_rule = basis.is_some_and(|basis| basis.rule_id.is_some());
    Finding { persona: persona.to_owned(), is_rule, data }
}

fn data(persona: &str, kind: &str, text: &str, critical: Option<bool>, basis: Option<&Basis>) -> Value {
    let mut members = vec![
        ("persona_id".to_owned(), persona.into()),
        ("kind".to_owned(), kind.into()),
        ("text".to_owned(), text.into()),
    ];
    members.extend(critical.map(|critical| ("security_critical".to_owned(), Value::Bool(critical))));
    let basis = basis.map(json::to_value);
    members.extend(basis.iter().flat_map(Value::members).cloned());
    Value::Object(members)
}

/// What two findings have in common that are one: the kind, and the rule with the words that it quotes, or the text;
/// all but for white space.
fn keys(data: &Value) -> Vec<String> {
    let text = |name: &str| fold_space(data.get(name).and_then(Value::as_str).unwrap_or_default());
    let kind = text("kind");
    let quotes = data.get("evidence").map(Value::items).unwrap_or_default().iter();
    let quotes: Vec<String> =
        quotes.filter_map(|evidence| evidence.get("quote").and_then(Value::as_str)).map(fold_space).collect();
    let rule = data.get("rule_id").and_then(Value::as_str);
    let by_rule = rule.map(|rule| format!("{kind}\0rule\0{rule}\0{}", quotes.join("\0")));
    by_rule.into_iter().chain([format!("{kind}\0text\0{}", without_lines(&text("text")))]).collect()
}

/// Words without the numbers of lines that they name: lines move from one document to the next.
fn without_lines(text: &str) -> String {
    let mut is_number = false;
    let word = |word: &str| {
        let was_line = std::mem::replace(&mut is_number, matches!(word, "line" | "lines" | "Line" | "Lines"));
        let starts = word.starts_with(|letter: char| letter.is_ascii_digit());
        if was_line && starts { "#".to_owned() } else { word.to_owned() }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The findings of the one list that are not in the other, and those of the other that are not in the one.
#[must_use]
pub fn unmatched<'f>(old: &'f [Finding], new: &'f [Finding]) -> (Vec<&'f Finding>, Vec<&'f Finding>) {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, finding) in old.iter().enumerate().rev() {
        for key in keys(&finding.data) {
            known.entry(key).or_default().push(at);
        }
    }
    let mut stayed = vec![false; old.len()];
    let mut is_new = |finding: &&Finding| {
        for key in keys(&finding.data) {
            while let Some(at) = known.get_mut(&key).and_then(Vec::pop) {
                if !std::mem::replace(&mut stayed[at], true) {
                    return false;
                }
            }
        }
        true
    };
    let came = new.iter().filter(&mut is_new).collect();
    let gone = old.iter().zip(&stayed).filter(|(_, stayed)| !**stayed).map(|(finding, _)| finding).collect();
    (gone, came)
}

/// For each finding the earlier item that it is, if there is one; each item is taken once. Of several the latest is
/// taken, and where another item stands in its place, that one.
#[must_use]
pub fn matched(artifact: &Artifact, findings: &[Finding]) -> Vec<Option<ItemId>> {
    let mut known: HashMap<String, Vec<&Item>> = HashMap::new();
    let mut replacements: HashMap<&ItemId, &Item> = HashMap::new();
    for (_, item) in artifact.all_items().filter(|(_, item)| item.kind == TYPE) {
        for key in keys(&item.data) {
            known.entry(key).or_default().push(item);
        }
        if let Some(from) = &item.derived_from {
            replacements.insert(&from.item, item);
        }
    }
    let mut taken = std::collections::HashSet::new();
    let mut find = |finding: &Finding| {
        for key in keys(&finding.data) {
            let Some(items) = known.get_mut(&key) else { continue };
            while let Some(item) = items.pop() {
                if !taken.insert(&item.item_id) {
                    continue;
                }
                let mut item = item;
                while let (Decision::Modified, Some(new)) = (item.decision, replacements.get(&item.item_id)) {
                    item = new;
                    taken.insert(&item.item_id);
                }
                return Some(item.item_id.clone());
            }
        }
        None
    };
    findings.iter().map(&mut find).collect()
}
