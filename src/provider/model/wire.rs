//! The form of an answer on the wire, and what is made of it.
//!
//! Servers accept different subsets of JSON Schema, and some accept a schema and ignore it. So the schema is the
//! plainest that says it, numbers are whole, and what comes back is checked as if no schema had been sent.

use serde::Deserialize;

use crate::domain::answer::{BlockingAnswer, ConcernAnswer, QuoteAnswer, ReviewAnswer};
use crate::domain::json::{self, JsonError, Value};
use crate::domain::panel::Persona;
use crate::domain::proposal::Proposal;
use crate::domain::review::{PersonaReview, TextOrObject};
use crate::domain::text::Text;

/// What an answer is to be: its name, and the kind of each member, in the order in which they are asked for.
pub(super) struct Form {
    pub(super) name: &'static str,
    members: &'static [(&'static str, Kind)],
}

/// The kind of a member.
enum Kind {
    Text,
    Flag,
    /// A whole number from 0 to this.
    UpTo(u32),
    Texts,
    List(&'static [(&'static str, Kind)]),
}

/// A score on the wire is a count of ten-thousandths.
const BASIS_POINTS: u32 = 10_000;

/// A proposal.
pub(super) const PROPOSAL: Form = Form {
    name: "proposal",
    members: &[
        ("title", Kind::Text),
        ("summary", Kind::Text),
        ("problem_statement", Kind::Text),
        ("proposed_solution", Kind::Text),
        ("assumptions", Kind::Texts),
        ("scope_non_goals", Kind::Texts),
    ],
};

/// A review: analysis, then findings, then recommendations, then the score.
pub(super) const REVIEW: Form = Form {
    name: "review",
    members: &[
        ("analysis", Kind::Text),
        ("strengths", Kind::Texts),
        (
            "blocking_issues",
            Kind::List(&[("text", Kind::Text), ("security_critical", Kind::Flag), ("quotes", Kind::Texts)]),
        ),
        ("concerns", Kind::List(&[("text", Kind::Text), ("quotes", Kind::Texts)])),
        ("recommendations", Kind::Texts),
        ("dependency_risks", Kind::Texts),
        ("estimated_effort", Kind::Text),
        ("score", Kind::UpTo(BASIS_POINTS)),
    ],
};

/// A number, which nobody who is not kept to it would answer to another question.
pub(super) const NUMBER: Form = Form { name: "number", members: &[("number", Kind::UpTo(BASIS_POINTS))] };

impl Form {
    /// Its JSON Schema.
    pub(super) fn schema(&self) -> Value {
        object_schema(self.members)
    }
}

fn object_schema(members: &[(&str, Kind)]) -> Value {
    let named = |(name, kind): &(&str, Kind)| ((*name).to_owned(), schema_of(kind));
    Value::Object(vec![
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), Value::Object(members.iter().map(named).collect())),
        ("required".to_owned(), Value::Array(members.iter().map(|(name, _)| (*name).into()).collect())),
        ("additionalProperties".to_owned(), Value::Bool(false)),
    ])
}

fn schema_of(kind: &Kind) -> Value {
    let of_type = |name: &str| vec![("type".to_owned(), Value::from(name))];
    let list = |items: Value| {
        let mut members = of_type("array");
        members.push(("items".to_owned(), items));
        members
    };
    Value::Object(match kind {
        Kind::Text => of_type("string"),
        Kind::Flag => of_type("boolean"),
        Kind::UpTo(most) => {
            let mut members = of_type("integer");
            members.push(("minimum".to_owned(), Value::Number("0".to_owned())));
            members.push(("maximum".to_owned(), Value::Number(most.to_string())));
            members
        }
        Kind::Texts => list(schema_of(&Kind::Text)),
        Kind::List(members) => list(object_schema(members)),
    })
}

/// What stands in an answer: the JSON itself, or the JSON in a code fence, after what a model thought aloud where it
/// marks that. Nothing else is guessed.
pub(super) fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let thought = text.strip_prefix("<think>").and_then(|rest| rest.split_once("</think>"));
    let text = thought.map_or(text, |(_, answer)| answer.trim());
    let Some(fenced) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else {
        return text;
    };
    match fenced.split_once('\n') {
        Some((language, body)) if language.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            body.trim()
        }
        _ => text,
    }
}

#[derive(Deserialize)]
#[serde(expecting = "expected one object with all the members that were asked for")]
struct WireProposal {
    title: String,
    summary: String,
    problem_statement: Text,
    proposed_solution: Text,
    assumptions: Vec<Text>,
    scope_non_goals: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(expecting = "expected one object with all the members that were asked for")]
struct WireReview {
    analysis: Text,
    strengths: Vec<Text>,
    blocking_issues: Vec<WireIssue>,
    concerns: Vec<WireConcern>,
    recommendations: Vec<Text>,
    dependency_risks: Vec<Text>,
    estimated_effort: Text,
    score: u32,
}

#[derive(Deserialize)]
#[serde(expecting = "expected an object with \"text\", \"security_critical\" and \"quotes\"")]
struct WireIssue {
    text: Text,
    security_critical: bool,
    quotes: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(expecting = "expected an object with \"text\" and \"quotes\"")]
struct WireConcern {
    text: Text,
    quotes: Vec<Text>,
}

/// Reads a number.
pub(super) fn number(answer: &Value) -> Option<u32> {
    match answer.get("number")? {
        Value::Number(number) => number.parse().ok(),
        _ => None,
    }
}

/// No list of an answer has more items.
const MOST_ITEMS: usize = 100;
/// No text of an answer is longer, in bytes.
const LONGEST: usize = 100_000;

/// Nobody reads more, and what is stored must be read again.
fn within_reason(answer: &Value) -> Result<(), String> {
    match answer {
        Value::Array(items) if items.len() > MOST_ITEMS => {
            Err(format!("a list has {} items, and at most {MOST_ITEMS} are read", items.len()))
        }
        Value::String(text) if text.len() > LONGEST => {
            Err(format!("a text has {} bytes, and at most {LONGEST} are read", text.len()))
        }
        Value::Array(items) => items.iter().try_for_each(within_reason),
        Value::Object(members) => members.iter().try_for_each(|(_, value)| within_reason(value)),
        _ => Ok(()),
    }
}

/// Reads a proposal.
///
/// # Errors
/// What does not fit, with its place.
pub(super) fn proposal(answer: &Value) -> Result<Proposal, String> {
    within_reason(answer)?;
    let wire: WireProposal = json::from_value(answer).map_err(|error| told(&error))?;
    Ok(Proposal {
        problem_statement: wire.problem_statement,
        proposed_solution: wire.proposed_solution,
        assumptions: wire.assumptions,
        scope_non_goals: wire.scope_non_goals,
        title: Text::new(&wire.title).ok(),
        summary: Text::new(&wire.summary).ok(),
        raw_idea: None,
        raw_expanded_proposal: None,
        metadata: None,
    })
}

/// Reads a review of `idea` by `persona`; whoever it names, it is that persona's.
///
/// # Errors
/// What does not fit, with its place.
pub(super) fn review(answer: &Value, persona: &Persona, idea: &str) -> Result<PersonaReview, String> {
    within_reason(answer)?;
    let wire: WireReview = json::from_value(answer).map_err(|error| told(&error))?;
    if (1..=100).contains(&wire.score) {
        let problem = "is on another scale: it goes from 0 to 10000, so that 85 out of 100 is 8500";
        return Err(format!("field `score`: {} {problem}", wire.score));
    }
    if wire.score > BASIS_POINTS {
        return Err(format!("field `score`: {} is not a whole number from 0 to {BASIS_POINTS}", wire.score));
    }
    let quotes = |quotes: Vec<Text>| {
        quotes.into_iter().map(|quote| QuoteAnswer { quote, start_line: None, end_line: None }).collect()
    };
    let blocking = |issue: WireIssue| BlockingAnswer {
        text: issue.text,
        security_critical: issue.security_critical,
        evidence: quotes(issue.quotes),
    };
    let concern = |concern: WireConcern| ConcernAnswer {
        text: concern.text,
        is_blocking: false,
        evidence: quotes(concern.quotes),
    };
    let score = format!("{}.{:04}", wire.score / BASIS_POINTS, wire.score % BASIS_POINTS);
    let answer = ReviewAnswer {
        persona_id: None,
        confidence_score: score.parse().map_err(|error| format!("field `score`: {error}"))?,
        strengths: wire.strengths,
        blocking_issues: wire.blocking_issues.into_iter().map(blocking).collect(),
        concerns: wire.concerns.into_iter().map(concern).collect(),
        recommendations: wire.recommendations,
        estimated_effort: Some(TextOrObject::Text(wire.estimated_effort)),
        dependency_risks: wire.dependency_risks.into_iter().map(TextOrObject::Text).collect(),
    };
    let mut review = answer.review(persona, idea);
    let analysis = Value::String(wire.analysis.as_str().to_owned());
    review.internal_metadata = Some(Value::Object(vec![("analysis".to_owned(), analysis)]));
    Ok(review)
}

/// What is wrong, as a model is told it.
pub(super) fn told(error: &JsonError) -> String {
    let told = error.to_string();
    // In the words of the form, not of a programming language.
    let words = [
        ("expected expected", "expected"),
        ("expected u32", "expected a whole number from 0 to 10000"),
        ("expected a sequence", "expected a list"),
        ("expected a boolean", "expected true or false"),
        ("expected a string", "expected text"),
    ];
    let told = words.iter().fold(told, |told, (from, to)| told.replace(from, to));
    told.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::from_slice;
    use crate::domain::panel::Panel;
    use crate::domain::prompt::SETS;

    const SOUND: &str = r#"{"analysis":"a","strengths":[],"blocking_issues":[{"text":"t","security_critical":true,
        "quotes":["two three"]}],"concerns":[{"text":"c","quotes":["nowhere"]}],"recommendations":["r"],
        "dependency_risks":["d"],"estimated_effort":"e","score":7550}"#;

    fn read(text: &str) -> Result<PersonaReview, String> {
        let value = Value::parse(text.as_bytes()).map_err(|error| told(&error))?;
        review(&value, &Panel::default().personas[3], "one\ntwo\nthree\n")
    }

    /// What every server is known to take: no deeper than five, every member required and no other allowed.
    #[test]
    fn the_schemas_are_plain() {
        fn depth(schema: &Value) -> usize {
            let known =
                ["type", "properties", "required", "additionalProperties", "items", "minimum", "maximum"];
            for (name, _) in schema.members() {
                assert!(known.contains(&name.as_str()), "{name}");
            }
            let properties = schema.get("properties").map(Value::members).unwrap_or_default();
            if schema.get("type").and_then(Value::as_str) == Some("object") {
                let names: Vec<&str> = properties.iter().map(|(name, _)| name.as_str()).collect();
                let required = schema.get("required").map(Value::items).unwrap_or_default();
                assert_eq!(required.iter().filter_map(Value::as_str).collect::<Vec<_>>(), names);
                assert_eq!(schema.get("additionalProperties"), Some(&Value::Bool(false)));
            }
            let below = properties.iter().map(|(_, value)| value).chain(schema.get("items"));
            1 + below.map(depth).max().unwrap_or(0)
        }
        assert_eq!([&PROPOSAL, &REVIEW].map(|form| depth(&form.schema())), [3, 5]);
    }

    #[test]
    fn the_prompts_ask_for_what_the_schemas_say() {
        for set in &SETS {
            for (template, form) in [("expand.md", &PROPOSAL), ("review.md", &REVIEW)] {
                let text = set.template(template).unwrap();
                let at = |name: &str| text.find(&format!("- \"{name}\": "));
                let places: Vec<_> = form.members.iter().map(|(name, _)| at(name).expect(name)).collect();
                assert!(places.is_sorted(), "{template}");
            }
        }
    }

    #[test]
    fn a_review_is_made_of_an_answer() {
        let review = read(SOUND).unwrap();
        assert_eq!(review.confidence_score.to_string(), "0.755");
        let evidence = &review.blocking_issues[0].basis.evidence[0];
        assert_eq!((evidence.start_line, evidence.end_line, evidence.supported), (2, 3, true));
        assert!(!review.concerns[0].basis.is_evidenced());
        // Another name in it changes nothing.
        let other = SOUND.replacen('{', r#"{"persona_id":"critic","weight":1,"#, 1);
        assert_eq!(read(&other).unwrap(), review);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let with = |from: &str, to: &str| read(&SOUND.replace(from, to)).unwrap_err();
        for (from, to, expected) in [
            ("7550", "10001", "field `score`: 10001 is not"),
            ("7550", "85", "85 is on another scale: it goes from 0 to 10000"),
            ("7550", "-1", "field `score`"),
            ("7550", "[]", "expected a whole number from 0 to 10000"),
            (r#""strengths":[]"#, r#""strengths":"x""#, "expected a list"),
            (
                r#"[{"text":"c","quotes":["nowhere"]}]"#,
                r#"["c"]"#,
                "expected an object with \"text\" and \"quotes\"",
            ),
            ("7550", "75.5", "field `score`"),
            ("7550", "4829.3E5578637919142219", ""),
            ("7550", "\"high\"", "field `score`"),
            (r#""analysis":"a""#, r#""analysis":" ""#, "field `analysis`: must not be blank"),
            (r#""strengths":[]"#, r#""strengths":["x",""]"#, "field `strengths[1]`: must not be blank"),
            (r#""analysis":"a","#, "", "missing field `analysis`"),
            (r#""analysis":"a","#, r#""analysis":"a","analysis":"b","#, "analysis"),
        ] {
            let problem = with(from, to);
            assert!(problem.contains(expected), "{to}: {problem}");
        }
    }

    #[test]
    fn a_fence_is_unwrapped_and_nothing_else() {
        assert_eq!(unwrapped("\n```json\n{\"a\":1}\n```\n"), "{\"a\":1}");
        assert_eq!(unwrapped("```\n{}\n```"), "{}");
        assert_eq!(unwrapped("<think>\n{not this}\n</think>\n\n```json\n{}\n```"), "{}");
        for text in ["Here: {}", "```json {} ```", "{}", "```"] {
            assert_eq!(unwrapped(text), text);
        }
    }

    #[test]
    fn a_proposal_is_made_of_an_answer() {
        let text = br#"{"title":" ","summary":"s","problem_statement":"p","proposed_solution":"q","assumptions":[],"scope_non_goals":["n"]}"#;
        let value: Value = from_slice(text).unwrap();
        let proposal = proposal(&value).unwrap();
        assert_eq!((proposal.title, proposal.scope_non_goals.len()), (None, 1));
    }
}
