//! A review: one persona's structured answer about a proposal, and the evidence behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::decimal::Score;
use super::ids::{PersonaId, RunId};
use super::json::Value;
use super::revision::CARRIED_FROM;
use super::text::{Text, fold_space};

/// The version of the data structures: proposal, review and decision move together.
pub const DATA_SCHEMA_VERSION: &str = "1.1.0";

/// A place in the idea that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Words of the idea.
    pub quote: String,
    /// The first line of them, from 1.
    pub start_line: u32,
    /// The last line of them.
    pub end_line: u32,
    /// Whether the quote stands in those lines; set by the program, whatever an answer says.
    #[serde(default)]
    pub supported: bool,
    /// The run whose idea the lines are of, where the review was carried from it; set by the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
}

impl Evidence {
    /// Whether the quote stands in the cited lines of the very document that is under review.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.supported && self.run_id.is_none()
    }
}

/// What a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Places in the idea.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The rule that made the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// What was looked for and not found, where the finding is an absence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<Text>,
}

impl Basis {
    /// Whether this is evidence: a quote that is there, or a rule with what it searched for.
    #[must_use]
    pub fn is_evidenced(&self) -> bool {
        let searched = self.rule_id.is_some() && !self.searched.is_empty();
        searched || self.evidence.iter().any(|evidence| evidence.supported)
    }

    fn check_quotes(&mut self, lines: &[&str]) {
        for evidence in &mut self.evidence {
            evidence.supported = stands_in(evidence, lines);
            evidence.run_id = None;
        }
    }
}

fn stands_in(evidence: &Evidence, lines: &[&str]) -> bool {
    let quote = fold_space(&evidence.quote);
    let (start, end) = (evidence.start_line as usize, evidence.end_line as usize);
    if quote.is_empty() || start == 0 || end < start {
        return false;
    }
    lines.get(start - 1..end).is_some_and(|cited| fold_space(&cited.join("\n")).contains(&quote))
}

/// A doubt that does not stand in the way by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Concern {
    /// The doubt, in words.
    pub text: Text,
    /// Whether the reviewer calls it blocking; it never counts as a blocking issue.
    pub is_blocking: bool,
    /// What it rests on.
    #[serde(flatten)]
    pub basis: Basis,
}

/// What must change before the proposal can be approved, in this reviewer's eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockingIssue {
    /// The issue, in words.
    pub text: Text,
    /// Whether it is about security so much that the veto holder can stop an approval with it.
    #[serde(default)]
    pub security_critical: Option<bool>,
    /// What it rests on.
    #[serde(flatten)]
    pub basis: Basis,
}

/// Text that is not blank, or an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TextOrObject {
    /// Words.
    Text(Text),
    /// An object, as it was given.
    Object(Value),
}

impl<'de> Deserialize<'de> for TextOrObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Text::new(&text).map(Self::Text).map_err(de::Error::custom),
            object @ Value::Object(_) => Ok(Self::Object(object)),
            _ => Err(de::Error::custom("expected text or an object")),
        }
    }
}

/// One persona's review (data structures 1.1.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaReview {
    /// Whose it is; set by the program, never by an answer.
    pub persona_id: PersonaId,
    /// The persona's name; set by the program.
    pub persona_name: Text,
    /// How sure the reviewer is that the proposal should go ahead.
    pub confidence_score: Score,
    /// What is good about it.
    pub strengths: Vec<Text>,
    /// Doubts.
    pub concerns: Vec<Concern>,
    /// What to do.
    pub recommendations: Vec<Text>,
    /// What must change first.
    pub blocking_issues: Vec<BlockingIssue>,
    /// How much work it is.
    pub estimated_effort: TextOrObject,
    /// What it depends on.
    pub dependency_risks: Vec<TextOrObject>,
    /// How the review came about.
    #[serde(default)]
    pub internal_metadata: Option<Value>,
}

impl PersonaReview {
    /// Sets `supported` on every piece of evidence: the quote stands in the cited lines of the idea,
    /// but for white space.
    pub fn check_quotes(&mut self, idea: &str) {
        let lines: Vec<&str> = idea.lines().collect();
        for basis in self.bases() {
            basis.check_quotes(&lines);
        }
    }

    /// Says of every piece of evidence that its lines are of the idea of `run`, unless they are of an earlier one.
    pub fn cite(&mut self, run: &RunId) {
        for evidence in self.bases().flat_map(|basis| &mut basis.evidence) {
            evidence.run_id.get_or_insert_with(|| run.clone());
        }
    }

    fn bases(&mut self) -> impl Iterator<Item = &mut Basis> {
        let concerns = self.concerns.iter_mut().map(|concern| &mut concern.basis);
        let blocking = self.blocking_issues.iter_mut().map(|issue| &mut issue.basis);
        concerns.chain(blocking)
    }

    /// The run that the review was carried from; none where it is of this run.
    #[must_use]
    pub fn carried_from(&self) -> Option<&str> {
        self.internal_metadata.as_ref()?.get(CARRIED_FROM)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::from_slice;
    use super::*;

    fn review(members: &str) -> Result<PersonaReview, super::super::json::JsonError> {
        let text = format!(
            r#"{{"persona_id":"critic","persona_name":"Critic","confidence_score":0.5,"strengths":[],
            "recommendations":[],"estimated_effort":"small","dependency_risks":[],{members}}}"#
        );
        from_slice(text.as_bytes())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_index() {
        let problem = |members| review(members).unwrap_err().to_string();
        assert_eq!(
            problem(r#""concerns":[],"blocking_issues":[{"text":" "}]"#),
            "field `blocking_issues[0].text`: must not be blank"
        );
        assert!(problem(r#""concerns":[{"text":"x"}],"blocking_issues":[]"#).contains("is_blocking"));
        assert!(problem(r#""concerns":[],"blocking_issues":[],"confidence_score":2"#).contains("twice"));
    }

    #[test]
    fn a_quote_is_supported_only_where_it_stands() {
        let mut review = review(
            r#""concerns":[],"blocking_issues":[{"text":"x","security_critical":true,"evidence":[
            {"quote":"two  three","start_line":1,"end_line":2,"supported":false},
            {"quote":"two three","start_line":2,"end_line":2,"supported":true},
            {"quote":"one","start_line":0,"end_line":1,"supported":true},
            {"quote":"","start_line":1,"end_line":1,"supported":true},
            {"quote":"one","start_line":4294967295,"end_line":4294967295,"supported":true}]}]"#,
        )
        .unwrap();
        review.check_quotes("one two\nthree\n");
        let supported: Vec<bool> =
            review.blocking_issues[0].basis.evidence.iter().map(|e| e.supported).collect();
        assert_eq!(supported, [true, false, false, false, false]);
    }
}
