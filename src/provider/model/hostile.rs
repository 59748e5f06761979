//! What comes back from a server is hostile until it was checked: answers that are almost right, against what must hold
//! of whatever is taken. `PROPTEST_CASES=100000 cargo test --release --lib hostile` looks longer.

use proptest::prelude::*;
use proptest::sample::Index;

use super::api::{self, Said};
use super::wire;
use crate::domain::json::{Value, canonical, to_value};
use crate::domain::panel::Panel;
use crate::domain::provider::ProviderName;
use crate::domain::review::PersonaReview;

const IDEA: &str = "one\ntwo\nthree\n";
/// The last words of a message that a server sends are cut beyond so many characters.
const MOST_WORDS: usize = 600;

const SEEDS: [&str; 7] = [
    r#"{"analysis":"a","strengths":["s"],"blocking_issues":[{"text":"t","security_critical":true,"quotes":["two three"]}],"concerns":[{"text":"c","quotes":["one"]}],"recommendations":["r"],"dependency_risks":["d"],"estimated_effort":"e","score":7550}"#,
    r#"{"title":"t","summary":"s","problem_statement":"p","proposed_solution":"q","assumptions":["a"],"scope_non_goals":["n"]}"#,
    r#"{"id":"1","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"{\"number\":1}"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#,
    r#"{"id":"1","status":"completed","model":"m","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x"}]}],"usage":{"input_tokens":9,"output_tokens":1}}"#,
    r#"{"id":"1","type":"message","model":"m","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":1}}"#,
    r#"{"error":{"message":"too many requests","type":"rate_limit","code":"insufficient_quota","param":null}}"#,
    "<think>\nhm\n</think>\n```json\n{\"number\": 42}\n```",
];

/// What is put in the place of a piece of a text.
const PIECES: [&str; 26] = [
    "",
    "null",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.5",
    "true",
    ",",
    "\"",
    "}",
    "]",
    "```",
    "</think>",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{1b}[31m",
    "10000",
    "{\"a\":{\"a\":{\"a\":{}}}}",
    "\n",
    "two",
    "\"score\":1,",
    "\"quotes\":[\"\"]",
];

fn mutated(seed: Index, changes: &[(Index, Index, u8)]) -> String {
    let mut text = SEEDS[seed.index(SEEDS.len())].to_owned();
    for (at, piece, length) in changes {
        let start = at.index(text.len() + 1);
        let end = (start + usize::from(*length)).min(text.len());
        let start = (0..=start).rev().find(|start| text.is_char_boundary(*start)).unwrap_or(0);
        let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
        text.replace_range(start..end, PIECES[piece.index(PIECES.len())]);
    }
    text
}

/// A review that was taken is one that can be kept, read again, and shown.
fn holds(review: &PersonaReview) {
    let lines = u64::try_from(IDEA.lines().count()).unwrap();
    let issues = review.blocking_issues.iter().map(|issue| &issue.basis);
    for basis in issues.chain(review.concerns.iter().map(|concern| &concern.basis)) {
        for evidence in &basis.evidence {
            let inside = 1 <= evidence.start_line && evidence.start_line <= evidence.end_line;
            assert!(!evidence.supported || inside && u64::from(evidence.end_line) <= lines, "{evidence:?}");
        }
    }
    let kept = canonical(&to_value(review));
    let again: PersonaReview = crate::domain::json::from_slice(kept.as_bytes()).unwrap();
    assert_eq!(&again, review);
    let confidence: f64 = review.confidence_score.to_string().parse().unwrap();
    assert!((0.0..=1.0).contains(&confidence), "{confidence}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_back_is_refused_or_holds(
        seed in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), any::<Index>(), 0..24_u8), 0..5),
        status in 100..600_u16,
    ) {
        let text = mutated(seed, &changes);
        let told = api::problem(status, Some(&text), &text).to_string();
        prop_assert!(told.chars().count() < MOST_WORDS, "{}", told);
        let answer = wire::unwrapped(&text);
        prop_assert!(text.contains(answer));
        let Ok(value) = Value::parse(answer.as_bytes()) else { return Ok(()) };
        let _ = (wire::number(&value), wire::proposal(&value));
        for persona in &Panel::default().personas {
            if let Ok(review) = wire::review(&value, persona, IDEA) {
                prop_assert_eq!(&review.persona_id, &persona.id);
                holds(&review);
            }
        }
        for name in [ProviderName::Openai, ProviderName::Chat, ProviderName::Anthropic] {
            let answered = api::of(name).unwrap().read(&value);
            if let Said::Text(words) = answered.said {
                prop_assert!(canonical(&value).len() >= words.len());
            }
        }
    }
}
