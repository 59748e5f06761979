//! `rules`: what the built-in rules look for.

use super::OpsError;
use crate::domain::view::RuleView;
use crate::provider::rules::Rules;

/// Every built-in rule, in the order in which they are run.
///
/// # Errors
/// [`OpsError::Rules`], which the tests rule out.
pub fn rules() -> Result<Vec<RuleView>, OpsError> {
    Ok(Rules::builtin()?.told())
}

/// The rule with this id.
///
/// # Errors
/// [`OpsError::NoSuchRule`]
pub fn rule(id: &str) -> Result<RuleView, OpsError> {
    let rules = rules()?;
    let known = || rules.iter().map(|rule| rule.id.clone()).collect();
    let found = rules.iter().find(|rule| rule.id == id).cloned();
    found.ok_or_else(|| OpsError::NoSuchRule { id: id.to_owned(), known: known() })
}
