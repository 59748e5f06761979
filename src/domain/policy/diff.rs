//! What differs between two policies, field by field.

use std::collections::BTreeSet;

use super::Body;
use crate::domain::json::{Value, to_value};

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field, as `panel.thresholds.approve`; a persona is named by its id: `panel.personas[critic].weight`.
    pub field: String,
    /// What it was; none where it was not there, or null.
    pub old: Option<Value>,
    /// What it is; none where it is not there, or null.
    pub new: Option<Value>,
}

/// The fields that differ, in the order of the fields. Personas are compared by their ids; their order is
/// a field of its own.
#[must_use]
pub fn diff(old: &Body, new: &Body) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(&mut changes, "", Some(&to_value(old)), Some(&to_value(new)));
    changes
}

fn compare(changes: &mut Vec<FieldChange>, field: &str, old: Option<&Value>, new: Option<&Value>) {
    let [old, new] = [old, new].map(|value| value.filter(|value| **value != Value::Null));
    match (old, new) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let there = |name: &str| before.iter().any(|(key, _)| key == name);
            let names = before.iter().chain(after.iter().filter(|(name, _)| !there(name)));
            for (name, _) in names {
                let [old, new] = [old, new].map(|value| value.and_then(|value| value.get(name)));
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(changes, &field, old, new);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if field == "panel.personas" => {
            personas(changes, field, before, after);
        }
        (old, new) if old == new => {}
        (old, new) => {
            changes.push(FieldChange { field: field.to_owned(), old: old.cloned(), new: new.cloned() });
        }
    }
}

fn personas(changes: &mut Vec<FieldChange>, field: &str, before: &[Value], after: &[Value]) {
    fn id(persona: &Value) -> &str {
        persona.get("id").and_then(Value::as_str).unwrap_or_default()
    }
    let [old_ids, new_ids]: [BTreeSet<&str>; 2] = [before, after].map(|list| list.iter().map(id).collect());
    let added = after.iter().filter(|persona| !old_ids.contains(id(persona)));
    for persona in before.iter().chain(added) {
        let find = |list: &[Value]| list.iter().find(|other| id(other) == id(persona)).cloned();
        let (old, new) = (find(before), find(after));
        compare(changes, &format!("{field}[{}]", id(persona)), old.as_ref(), new.as_ref());
    }
    let order = |list: &[Value]| -> Vec<String> {
        let both = list.iter().map(id).filter(|id| old_ids.contains(id) && new_ids.contains(id));
        both.map(str::to_owned).collect()
    };
    let [old, new] = [order(before), order(after)];
    if old != new {
        let listed = |ids: Vec<String>| Some(Value::Array(ids.into_iter().map(Value::from).collect()));
        changes.push(FieldChange { field: format!("{field} (order)"), old: listed(old), new: listed(new) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decimal::{Score, Weight};

    fn fields(change: impl Fn(&mut Body)) -> Vec<String> {
        let mut body = Body::default();
        change(&mut body);
        let changes = diff(&Body::default(), &body);
        changes.into_iter().map(|change| change.field).collect()
    }

    #[test]
    fn each_field_that_differs_is_named_once() {
        assert!(fields(|_| {}).is_empty());
        let changed = fields(|body| {
            body.panel.thresholds.approve = Score::MAX;
            body.panel.personas[1].weight = Weight::MAX;
            body.limits.budget_tokens = Some(1);
        });
        assert_eq!(
            changed,
            ["panel.personas[critic].weight", "panel.thresholds.approve", "limits.budget_tokens"]
        );
    }

    #[test]
    fn personas_come_and_go_by_their_ids() {
        let swapped = fields(|body| body.panel.personas.swap(0, 1));
        assert_eq!(swapped, ["panel.personas (order)"]);
        let mut body = Body::default();
        body.panel.personas[0].id = "auditor".parse().unwrap();
        let changes = diff(&Body::default(), &body);
        let ends: Vec<_> = changes
            .iter()
            .map(|change| (change.field.as_str(), change.old.is_some(), change.new.is_some()))
            .collect();
        assert_eq!(
            ends,
            [("panel.personas[architect]", true, false), ("panel.personas[auditor]", false, true)]
        );
    }

    #[test]
    fn there_and_back_is_the_same_the_other_way_round() {
        let mut body = Body::default();
        body.limits.allow_network = false;
        body.panel.personas.pop();
        let turned: Vec<FieldChange> = diff(&body, &Body::default())
            .into_iter()
            .map(|FieldChange { field, old, new }| FieldChange { field, old: new, new: old })
            .collect();
        assert_eq!(diff(&Body::default(), &body), turned);
    }
}
