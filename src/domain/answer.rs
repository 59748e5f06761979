//! An answer: a review as a person or another program hands it in. It may leave out what can be found out or
//! need not be said; what it cannot do is vote under another name, or mark its own quotes as found.

use schemars::JsonSchema;
use serde::Deserialize;

use super::decimal::Score;
use super::ids::PersonaId;
use super::panel::Persona;
use super::review::{Basis, BlockingIssue, Concern, Evidence, PersonaReview, TextOrObject};
use super::text::{Text, fold_space};

/// A review as it is handed in (`reviews/<persona>.json`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewAnswer {
    /// Whose it is; the file's name says it too.
    #[serde(default)]
    pub persona_id: Option<PersonaId>,
    /// How sure the reviewer is that the proposal should go ahead, 0 to 1.
    pub confidence_score: Score,
    /// What is good about it.
    #[serde(default)]
    pub strengths: Vec<Text>,
    /// What must change first.
    #[serde(default)]
    pub blocking_issues: Vec<BlockingAnswer>,
    /// Doubts.
    #[serde(default)]
    pub concerns: Vec<ConcernAnswer>,
    /// What to do.
    #[serde(default)]
    pub recommendations: Vec<Text>,
    /// How much work it is.
    #[serde(default)]
    pub estimated_effort: Option<TextOrObject>,
    /// What it depends on.
    #[serde(default)]
    pub dependency_risks: Vec<TextOrObject>,
}

/// What must change first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockingAnswer {
    /// The issue, in words.
    pub text: Text,
    /// Whether the veto can rest on it.
    #[serde(default)]
    pub security_critical: bool,
    /// Places in the idea.
    #[serde(default)]
    pub evidence: Vec<QuoteAnswer>,
}

/// A doubt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcernAnswer {
    /// The doubt, in words.
    pub text: Text,
    /// Whether the reviewer calls it blocking; it never counts as a blocking issue.
    #[serde(default)]
    pub is_blocking: bool,
    /// Places in the idea.
    #[serde(default)]
    pub evidence: Vec<QuoteAnswer>,
}

/// Words of the idea, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteAnswer {
    /// The words.
    pub quote: Text,
    /// Their first line, from 1; where it is left out they are looked for.
    #[serde(default)]
    pub start_line: Option<u32>,
    /// Their last line; the first one where it is left out.
    #[serde(default)]
    pub end_line: Option<u32>,
}

impl ReviewAnswer {
    /// The review that it is, of `idea` by `persona`. Each quote is looked up in the idea.
    #[must_use]
    pub fn review(&self, persona: &Persona, idea: &str) -> PersonaReview {
        let places = Places::of(idea);
        let basis = |quotes: &[QuoteAnswer]| Basis {
            evidence: quotes.iter().map(|quote| places.evidence(quote)).collect(),
            ..Basis::default()
        };
        let blocking = |issue: &BlockingAnswer| BlockingIssue {
            text: issue.text.clone(),
            security_critical: Some(issue.security_critical),
            basis: basis(&issue.evidence),
        };
        let concern = |concern: &ConcernAnswer| Concern {
            text: concern.text.clone(),
            is_blocking: concern.is_blocking,
            basis: basis(&concern.evidence),
        };
        let unsaid = || TextOrObject::Text(Text::or("", "not said"));
        let mut review = PersonaReview {
            persona_id: persona.id.clone(),
            persona_name: persona.name.clone(),
            confidence_score: self.confidence_score,
            strengths: self.strengths.clone(),
            concerns: self.concerns.iter().map(concern).collect(),
            recommendations: self.recommendations.clone(),
            blocking_issues: self.blocking_issues.iter().map(blocking).collect(),
            estimated_effort: self.estimated_effort.clone().unwrap_or_else(unsaid),
            dependency_risks: self.dependency_risks.clone(),
            internal_metadata: None,
        };
        review.check_quotes(idea);
        review
    }
}

/// The idea with its white space folded, and the line of each part of it.
struct Places {
    text: String,
    /// Where the words of each line start in the text.
    starts: Vec<usize>,
}

impl Places {
    fn of(idea: &str) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for line in idea.lines() {
            let folded = fold_space(line);
            let gap = if text.is_empty() || folded.is_empty() { "" } else { " " };
            starts.push(text.len() + gap.len());
            text.push_str(gap);
            text.push_str(&folded);
        }
        Self { text, starts }
    }

    fn evidence(&self, answer: &QuoteAnswer) -> Evidence {
        let quote = answer.quote.as_str().to_owned();
        let said = answer.start_line.map(|start| (start, answer.end_line.unwrap_or(start)));
        let (start_line, end_line) = said.or_else(|| self.find(&quote)).unwrap_or((1, 1));
        Evidence { quote, start_line, end_line, supported: false, run_id: None }
    }

    /// The first and last line of the first place where `quote` stands.
    fn find(&self, quote: &str) -> Option<(u32, u32)> {
        let quote = fold_space(quote);
        let at = self.text.find(&quote)?;
        let line = |at: usize| u32::try_from(self.starts.partition_point(|start| *start <= at)).ok();
        Some((line(at)?, line(at + quote.len().saturating_sub(1))?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::from_slice;
    use super::super::panel::Panel;
    use super::*;

    fn review(answer: &str, idea: &str) -> PersonaReview {
        let answer: ReviewAnswer = from_slice(answer.as_bytes()).unwrap();
        answer.review(&Panel::default().personas[1], idea)
    }

    #[test]
    fn a_score_is_enough() {
        let review = review(r#"{"confidence_score":0.7}"#, "An idea.");
        assert_eq!((review.persona_id.as_str(), review.persona_name.as_str()), ("critic", "Critic"));
        assert!(review.concerns.is_empty() && review.internal_metadata.is_none());
    }

    #[test]
    fn a_quote_is_found_where_it_stands() {
        let idea = "# One\n\nTwo  three\nfour five.\n";
        let answer = r#"{"confidence_score":0.7,"concerns":[{"text":"x","evidence":[{"quote":"three four"},
            {"quote":"One"},{"quote":"nowhere"},{"quote":"five","start_line":3}]}]}"#;
        let found = review(answer, idea).concerns[0].basis.evidence.clone();
        let places: Vec<_> = found.iter().map(|e| (e.start_line, e.end_line, e.supported)).collect();
        assert_eq!(places, [(3, 4, true), (1, 1, true), (1, 1, false), (3, 3, false)]);
    }
}
