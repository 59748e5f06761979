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

/// What two findings have in common that are one: the kind, how grave it is, the words that are quoted, and the rule or
/// else the text; all but for white space. A rule says the same of every place, so its text tells nothing apart.
fn key(data: &Value) -> String {
    let text = |name: &str| fold_space(data.get(name).and_then(Value::as_str).unwrap_or_default());
    let is = |name: &str| data.get(name) == Some(&Value::Bool(true));
    let quotes = data.get("evidence").map(Value::items).unwrap_or_default().iter();
    let quotes = quotes.filter_map(|evidence| evidence.get("quote").and_then(Value::as_str)).map(fold_space);
    let what = match data.get("rule_id").and_then(Value::as_str) {
        Some(rule) => format!("rule {rule}"),
        None => format!("text {}", without_lines(&text("text"))),
    };
    let grave = [is("security_critical"), is("is_blocking")];
    let parts = [text("kind"), format!("{grave:?}"), what].into_iter().chain(quotes);
    parts.collect::<Vec<_>>().join("\0")
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
        known.entry(key(&finding.data)).or_default().push(at);
    }
    let mut stayed = vec![false; old.len()];
    let mut is_new = |finding: &&Finding| match known.get_mut(&key(&finding.data)).and_then(Vec::pop) {
        Some(at) => {
            stayed[at] = true;
            false
        }
        None => true,
    };
    let came = new.iter().filter(&mut is_new).collect();
    let gone = old.iter().zip(&stayed).filter(|(_, stayed)| !**stayed).map(|(finding, _)| finding).collect();
    (gone, came)
}

/// For each finding the earlier item that it is, if there is one. Each item is taken once, one that was decided before
/// one that was not, and a later one before an earlier one. Where another item stands in its place, it is that one.
#[must_use]
pub fn matched(artifact: &Artifact, findings: &[Finding]) -> Vec<Option<ItemId>> {
    let mut known: HashMap<String, Vec<&Item>> = HashMap::new();
    let mut replacements: HashMap<&ItemId, &Item> = HashMap::new();
    for (_, item) in artifact.all_items().filter(|(_, item)| item.kind == TYPE) {
        known.entry(key(&item.data)).or_default().push(item);
        if let Some(from) = &item.derived_from {
            replacements.insert(&from.item, item);
        }
    }
    let worth = |item: &&Item| match item.decision {
        Decision::Modified => 0,
        Decision::Pending => 1,
        Decision::Rejected => 2,
        Decision::Approved => 3,
    };
    // The last is taken first; what came later stands behind what came before.
    for items in known.values_mut() {
        items.sort_by_key(worth);
    }
    let take = |finding: &Finding| {
        let mut item = known.get_mut(&key(&finding.data))?.pop()?;
        while let (Decision::Modified, Some(new)) = (item.decision, replacements.get(&item.item_id)) {
            item = new;
        }
        Some(item.item_id.clone())
    };
    findings.iter().map(take).collect()
}
