//! The proposal: the idea, expanded into a fixed structure.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::json::Value;
use super::text::Text;

/// An expanded proposal (data structures 1.1.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// What is wrong or wanted.
    pub problem_statement: Text,
    /// What is proposed.
    pub proposed_solution: Text,
    /// What is taken for granted.
    pub assumptions: Vec<Text>,
    /// What is left out on purpose.
    pub scope_non_goals: Vec<Text>,
    /// Its title.
    #[serde(default, deserialize_with = "blank_is_none", skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// What it comes to, in a few sentences.
    #[serde(default, deserialize_with = "blank_is_none", skip_serializing_if = "Option::is_none")]
    pub summary: Option<Text>,
    /// The idea as it was handed in, where a tool repeats it here.
    #[serde(default, deserialize_with = "blank_is_none", skip_serializing_if = "Option::is_none")]
    pub raw_idea: Option<Text>,
    /// The answer that this was read out of, where a tool repeats it here.
    #[serde(default, deserialize_with = "blank_is_none", skip_serializing_if = "Option::is_none")]
    pub raw_expanded_proposal: Option<Text>,
    /// Anything else, as an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

fn blank_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| Text::new(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::super::json::from_slice;
    use super::*;

    #[test]
    fn blank_members_are_refused_or_become_null() {
        let sound = br#"{"problem_statement":" p ","proposed_solution":"s","assumptions":[],"scope_non_goals":["n"],"title":" "}"#;
        let proposal: Proposal = from_slice(sound).unwrap();
        assert_eq!(proposal.problem_statement.as_str(), "p");
        assert_eq!(proposal.title, None);
        let blank = br#"{"problem_statement":"p","proposed_solution":"s","assumptions":["a"," "],"scope_non_goals":[]}"#;
        let problem = from_slice::<Proposal>(blank).unwrap_err().to_string();
        assert_eq!(problem, "field `assumptions[1]`: must not be blank");
    }
}
