//! The rules one by one, the laws over generated panels, and goldens that another program computed.

use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;

use super::*;
use crate::domain::decimal::{Score, Weight};
use crate::domain::decision::MinorityReport;
use crate::domain::json;
use crate::domain::panel::Thresholds;
use crate::domain::review::{Basis, Concern, Evidence, TextOrObject};
use crate::domain::text::Text;

const PERSONAS: [&str; 5] = ["architect", "critic", "optimist", "security_guardian", "user_advocate"];
/// Where the veto holder of the default panel stands.
const HOLDER: usize = 3;

fn id(text: &str) -> PersonaId {
    text.parse().unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn review(persona: &str, score: &str) -> PersonaReview {
    PersonaReview {
        persona_id: id(persona),
        persona_name: text("as the review says"),
        confidence_score: score.parse().unwrap(),
        strengths: Vec::new(),
        concerns: Vec::new(),
        recommendations: Vec::new(),
        blocking_issues: Vec::new(),
        estimated_effort: TextOrObject::Text(text("small")),
        dependency_risks: Vec::new(),
        internal_metadata: None,
    }
}

/// A review of each persona of the default panel.
fn scored(scores: [&str; 5]) -> Vec<PersonaReview> {
    PERSONAS.iter().zip(scores).map(|(persona, score)| review(persona, score)).collect()
}

fn all(score: &str) -> Vec<PersonaReview> {
    scored([score; 5])
}

fn quote(supported: bool) -> Basis {
    let evidence =
        Evidence { quote: "Trust us.".to_owned(), start_line: 1, end_line: 1, supported, run_id: None };
    Basis { evidence: vec![evidence], ..Basis::default() }
}

fn rule(searched: &[&str]) -> Basis {
    Basis {
        rule_id: Some("no_rollback".to_owned()),
        searched: searched.iter().map(|sought| text(sought)).collect(),
        ..Basis::default()
    }
}

fn issue(words: &str, security_critical: Option<bool>, basis: Basis) -> BlockingIssue {
    BlockingIssue { text: text(words), security_critical, basis }
}

fn concern(words: &str, is_blocking: bool, basis: Basis) -> Concern {
    Concern { text: text(words), is_blocking, basis }
}

fn findings() -> Panel {
    Panel { method: Method::Findings, ..Panel::default() }
}

fn decided(panel: &Panel, reviews: &[PersonaReview]) -> Decision {
    aggregate(panel, reviews).unwrap()
}

fn label(panel: &Panel, reviews: &[PersonaReview]) -> Label {
    decided(panel, reviews).decision
}

fn refused(panel: &Panel, reviews: &[PersonaReview]) -> String {
    aggregate(panel, reviews).unwrap_err().to_string()
}

fn dissent(decision: &Decision) -> Vec<&str> {
    decision.minority_reports.iter().flatten().map(|report| report.persona_id.as_str()).collect()
}

/// `items` in every order.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |order| [vec![first.clone()], order].concat())
    };
    (0..items.len()).flat_map(first).collect()
}

// Refusals

#[test]
fn no_reviews_make_no_decision() {
    assert_eq!(refused(&Panel::default(), &[]), "there are no reviews");
}

#[test]
fn a_stranger_is_named() {
    let mut reviews = all("0.9");
    reviews.push(review("passer_by", "0.9"));
    assert_eq!(refused(&Panel::default(), &reviews), "`passer_by` is not on the panel");
}

#[test]
fn whoever_reviews_twice_is_named() {
    let mut reviews = all("0.9");
    reviews.push(review("critic", "0.1"));
    assert_eq!(refused(&Panel::default(), &reviews), "`critic` reviewed twice");
}

#[test]
fn without_a_quorum_the_missing_are_named_in_panel_order() {
    let mut reviews = all("0.9");
    reviews.remove(3);
    reviews.remove(1);
    reviews.reverse();
    assert_eq!(
        refused(&Panel::default(), &reviews),
        "3 of the 5 reviews that the quorum asks for are there; missing: critic, security_guardian"
    );
    let panel = Panel { quorum: Some(4), ..Panel::default() };
    assert_eq!(
        refused(&panel, &reviews),
        "3 of the 4 reviews that the quorum asks for are there; missing: critic, security_guardian"
    );
}

// The quorum

#[test]
fn a_smaller_quorum_decides_without_making_up_for_the_missing() {
    let panel = Panel { quorum: Some(3), ..Panel::default() };
    let mut reviews = all("1");
    reviews.remove(4);
    reviews.remove(0);
    let decision = decided(&panel, &reviews);
    assert_eq!(decision.decision, Label::Revise);
    assert_eq!(decision.weighted_confidence.to_string(), "0.6");
    let missing = vec![id("architect"), id("user_advocate")];
    assert_eq!(decision.quorum, Quorum { expected: 3, present: 3, missing });
    assert_eq!(
        decision.reasons,
        [
            "weighted confidence 0.6 is below the approve threshold 0.8 and reaches the revise threshold 0.6",
            "not heard: architect, user_advocate; their weight counts as 0, nothing is made up for it"
        ]
    );
    let heard: Vec<&str> = decision.detailed_score_breakdown.weights.keys().map(PersonaId::as_str).collect();
    assert_eq!(heard, ["critic", "optimist", "security_guardian"]);
}

#[test]
fn a_full_house_misses_nobody() {
    let decision = decided(&Panel { quorum: Some(3), ..Panel::default() }, &all("1"));
    assert_eq!(decision.quorum, Quorum { expected: 3, present: 5, missing: Vec::new() });
    assert_eq!(decision.reasons, ["weighted confidence 1 reaches the approve threshold 0.8"]);
}

// The weighted confidence

#[test]
fn a_confidence_exactly_at_a_threshold_reaches_it() {
    let panel = Panel::default();
    for (score, expected) in [
        ("1", Label::Approve),
        ("0.80000000000000000001", Label::Approve),
        ("0.80", Label::Approve),
        ("0.79999999999999999999", Label::Revise),
        ("0.60", Label::Revise),
        ("0.59999999999999999999", Label::Reject),
        ("0", Label::Reject),
    ] {
        assert_eq!(label(&panel, &all(score)), expected, "{score}");
    }
}

#[test]
fn sums_that_binary_numbers_put_below_a_threshold_reach_it() {
    let panel = Panel::default();
    for (scores, sum, expected) in [
        (["0.5", "0.8", "0.95", "0.95", "0.95"], "0.8", Label::Approve),
        (["0.5", "0.9", "0.85", "0.9", "0.95"], "0.8", Label::Approve),
        (["0.5", "0.65", "0.6", "0.55", "0.75"], "0.6", Label::Revise),
        (["0.55", "0.6", "0.6", "0.55", "0.75"], "0.6", Label::Revise),
    ] {
        let decision = decided(&panel, &scored(scores));
        assert_eq!((decision.weighted_confidence.to_string().as_str(), decision.decision), (sum, expected));
    }
}

#[test]
fn the_known_trap_is_exact_in_each_of_its_120_orders() {
    let panel = Panel::default();
    let reviews = scored(["0.9", "0.8", "0.8", "0.7", "0.75"]);
    let expected = decided(&panel, &reviews);
    assert_eq!(expected.decision, Label::Revise);
    assert_eq!(expected.weighted_confidence.to_string(), "0.7975");
    let orders = orders(&reviews);
    assert_eq!(orders.len(), 120);
    for order in orders {
        assert_eq!(decided(&panel, &order), expected);
    }
}

#[test]
fn weights_that_add_up_to_a_little_more_than_1_give_no_more_than_1() {
    let mut panel = Panel::default();
    panel.personas[0].weight = "0.2501".parse().unwrap();
    assert_eq!(panel.validate(), Ok(()));
    assert_eq!(decided(&panel, &all("1")).weighted_confidence.to_string(), "1");
}

#[test]
fn the_breakdown_shows_the_sum() {
    let decision = decided(&Panel::default(), &scored(["0.9", "0.8", "0.8", "0.7", "0.75"]));
    assert_eq!(
        serde_json::to_string(&decision.detailed_score_breakdown).unwrap(),
        concat!(
            r#"{"weights":{"architect":0.25,"critic":0.25,"optimist":0.15,"security_guardian":0.2,"#,
            r#""user_advocate":0.15},"#,
            r#""individual_scores":{"architect":0.9,"critic":0.8,"optimist":0.8,"security_guardian":0.7,"#,
            r#""user_advocate":0.75},"#,
            r#""weighted_contributions":{"architect":0.225,"critic":0.2,"optimist":0.12,"#,
            r#""security_guardian":0.14,"user_advocate":0.1125},"#,
            r#""formula":"weighted_confidence = sum(weight_i * score_i for each persona i) = 0.7975"}"#,
        )
    );
    assert_eq!(decision.overall_weighted_confidence, decision.weighted_confidence);
    assert_eq!(decision.method, Method::WeightedConfidence);
    assert_eq!(decision.veto, None);
}

#[test]
fn the_reasons_tell_which_thresholds_were_met() {
    let reasons = |score| decided(&Panel::default(), &all(score)).reasons;
    assert_eq!(reasons("0.8"), ["weighted confidence 0.8 reaches the approve threshold 0.8"]);
    assert_eq!(
        reasons("0.7"),
        ["weighted confidence 0.7 is below the approve threshold 0.8 and reaches the revise threshold 0.6"]
    );
    assert_eq!(reasons("0.5"), ["weighted confidence 0.5 is below the revise threshold 0.6"]);
}

// The veto

#[test]
fn the_veto_turns_approve_into_revise() {
    let mut reviews = all("0.9");
    reviews[HOLDER].blocking_issues = vec![
        issue("Tokens are logged.", Some(true), Basis::default()),
        issue("The page is slow.", Some(false), Basis::default()),
        issue("Anyone can log in.", Some(true), quote(false)),
    ];
    let decision = decided(&Panel::default(), &reviews);
    assert_eq!(decision.decision, Label::Revise);
    let reason = "Tokens are logged; Anyone can log in.".to_owned();
    assert_eq!(
        decision.veto,
        Some(Veto { persona_id: id("security_guardian"), reason, changed_decision: true })
    );
    assert_eq!(
        decision.reasons,
        [
            "weighted confidence 0.9 reaches the approve threshold 0.8",
            "vetoed by SecurityGuardian, so approve becomes revise: Tokens are logged; Anyone can log in."
        ]
    );
}

#[test]
fn the_veto_changes_nothing_but_an_approval() {
    for (score, expected) in [("0.7", Label::Revise), ("0.5", Label::Reject)] {
        let mut reviews = all(score);
        reviews[HOLDER].blocking_issues.push(issue("Tokens are logged.", Some(true), quote(true)));
        let decision = decided(&Panel::default(), &reviews);
        assert_eq!(decision.decision, expected);
        assert_eq!(decision.veto.map(|veto| veto.changed_decision), Some(false));
        assert_eq!(
            decision.reasons.last().unwrap(),
            "vetoed by SecurityGuardian too, though it was no approval anyway: Tokens are logged."
        );
    }
}

#[test]
fn an_issue_of_the_holder_that_is_not_flagged_is_no_veto() {
    for flag in [None, Some(false)] {
        let mut reviews = all("0.9");
        reviews[HOLDER].blocking_issues.push(issue("Tokens are logged.", flag, quote(true)));
        let decision = decided(&Panel::default(), &reviews);
        assert_eq!((decision.decision, decision.veto), (Label::Approve, None));
    }
}

#[test]
fn nobody_elses_flag_is_a_veto() {
    for panel in [Panel::default(), findings()] {
        for other in (0..5).filter(|at| *at != HOLDER) {
            let mut reviews = all("0.9");
            reviews[other].blocking_issues.push(issue("Tokens are logged.", Some(true), quote(true)));
            let decision = decided(&panel, &reviews);
            assert_eq!(decision.veto, None);
            assert_ne!(decision.decision, Label::Reject);
            if panel.method == Method::WeightedConfidence {
                assert_eq!(decision.decision, Label::Approve);
            }
        }
    }
}

#[test]
fn a_panel_without_a_holder_knows_no_veto() {
    for (method, expected) in
        [(Method::WeightedConfidence, Label::Approve), (Method::Findings, Label::Revise)]
    {
        let mut panel = Panel { method, ..Panel::default() };
        panel.personas[HOLDER].veto = false;
        let mut reviews = all("0.9");
        reviews[HOLDER].blocking_issues.push(issue("Tokens are logged.", Some(true), quote(true)));
        let decision = decided(&panel, &reviews);
        assert_eq!((decision.decision, decision.veto), (expected, None));
    }
}

// Minority reports

#[test]
fn against_an_approval_stand_blocking_issues_and_low_scores() {
    let mut reviews = scored(["1", "0.59999999999999999999", "0.6", "1", "1"]);
    reviews[HOLDER].blocking_issues = vec![
        issue("Keys never expire.", Some(false), Basis::default()),
        issue("Nobody may read the log.", None, Basis::default()),
    ];
    reviews[HOLDER].recommendations = vec![text("Let keys expire."), text("Open the log.")];
    reviews[HOLDER].strengths = vec![text("It is encrypted.")];
    reviews[HOLDER].concerns = vec![concern("The library is old.", true, Basis::default())];
    reviews.reverse();
    let decision = decided(&Panel::default(), &reviews);
    assert_eq!(decision.decision, Label::Approve);
    let critic = MinorityReport {
        persona_id: id("critic"),
        persona_name: text("Critic"),
        confidence_score: "0.59999999999999999999".parse().unwrap(),
        blocking_summary:
            "Low confidence is the dissent: 0.59999999999999999999, below 0.6, and no blocking issue."
                .to_owned(),
        mitigation_recommendation: "No recommendation was given.".to_owned(),
        strengths: None,
        concerns: None,
    };
    let holder = MinorityReport {
        persona_id: id("security_guardian"),
        persona_name: text("SecurityGuardian"),
        confidence_score: Score::MAX,
        blocking_summary: "Keys never expire; Nobody may read the log.".to_owned(),
        mitigation_recommendation: "Let keys expire; Open the log.".to_owned(),
        strengths: Some(vec![text("It is encrypted.")]),
        concerns: Some(vec![text("The library is old.")]),
    };
    assert_eq!(decision.minority_reports, Some(vec![critic, holder]));
}

#[test]
fn against_a_revision_stand_blocking_issues_only() {
    let mut reviews = scored(["0.9", "0.1", "0.9", "0.7", "0.9"]);
    reviews[0].blocking_issues.push(issue("It cannot grow.", None, Basis::default()));
    let decision = decided(&Panel::default(), &reviews);
    assert_eq!(decision.decision, Label::Revise);
    assert_eq!(dissent(&decision), ["architect"]);
}

#[test]
fn against_a_rejection_stand_the_strong_supporters() {
    let mut reviews = scored(["0.8", "0.1", "0.79999999999999999999", "0.1", "0.9"]);
    reviews[1].blocking_issues.push(issue("It cannot work.", None, Basis::default()));
    reviews[4].blocking_issues.push(issue("It has no help page.", None, Basis::default()));
    let decision = decided(&Panel::default(), &reviews);
    assert_eq!(decision.decision, Label::Reject);
    assert_eq!(dissent(&decision), ["architect", "user_advocate"]);
    let summaries: Vec<&str> =
        decision.minority_reports.iter().flatten().map(|report| report.blocking_summary.as_str()).collect();
    assert_eq!(
        summaries,
        ["It would go ahead: a confidence of 0.8 and no blocking issue.", "It has no help page."]
    );
}

#[test]
fn the_veto_decides_first_and_the_minority_is_told_after_it() {
    let mut reviews = scored(["1", "0.1", "1", "1", "1"]);
    reviews[HOLDER].blocking_issues.push(issue("Tokens are logged.", Some(true), Basis::default()));
    let mut panel = Panel::default();
    panel.thresholds.approve = Score::hundredths(70);
    let decision = decided(&panel, &reviews);
    assert_eq!(decision.decision, Label::Revise);
    assert_eq!(dissent(&decision), ["security_guardian"]);
}

#[test]
fn where_all_agree_there_is_no_minority() {
    for score in ["0.9", "0.7", "0.5"] {
        assert_eq!(decided(&Panel::default(), &all(score)).minority_reports, None, "{score}");
    }
}

// Findings

#[test]
fn where_nothing_was_found_the_findings_approve_at_any_score() {
    for score in ["0", "0.7", "1"] {
        let decision = decided(&findings(), &all(score));
        assert_eq!((decision.decision, decision.method), (Label::Approve, Method::Findings));
        assert_eq!(decision.weighted_confidence.to_string(), score);
        assert_eq!(
            decision.reasons,
            ["0 evidenced concerns, at most the 3 that the panel allows", "no evidenced blocking issue"]
        );
    }
}

#[test]
fn an_evidenced_critical_issue_of_the_holder_rejects() {
    let mut reviews = all("1");
    reviews[HOLDER].blocking_issues = vec![
        issue("Tokens are logged.", Some(true), quote(true)),
        issue("Anyone can log in.", Some(true), quote(false)),
        issue("The page is slow.", None, quote(true)),
    ];
    let decision = decided(&findings(), &reviews);
    assert_eq!(decision.decision, Label::Reject);
    let reason = "Tokens are logged.".to_owned();
    assert_eq!(
        decision.veto,
        Some(Veto { persona_id: id("security_guardian"), reason, changed_decision: true })
    );
    assert_eq!(
        decision.reasons,
        [
            "evidenced security-critical blocking issues of security_guardian: Tokens are logged.",
            "0 evidenced concerns, at most the 3 that the panel allows"
        ]
    );
    assert_eq!(dissent(&decision), PERSONAS);
}

#[test]
fn any_other_evidenced_blocking_issue_asks_for_a_revision() {
    for at in 0..5 {
        for flag in [None, Some(false), Some(true)] {
            if at == HOLDER && flag == Some(true) {
                continue;
            }
            let mut reviews = all("1");
            reviews[at].blocking_issues.push(issue("It cannot grow.", flag, quote(true)));
            let decision = decided(&findings(), &reviews);
            assert_eq!((decision.decision, &decision.veto), (Label::Revise, &None));
            assert_eq!(
                decision.reasons,
                [
                    "evidenced blocking issues: It cannot grow.",
                    "0 evidenced concerns, at most the 3 that the panel allows"
                ]
            );
            assert_eq!(dissent(&decision), [PERSONAS[at]]);
        }
    }
}

#[test]
fn only_what_is_evidenced_counts() {
    for (basis, counts) in [
        (Basis::default(), false),
        (quote(false), false),
        (rule(&[]), false),
        (Basis { rule_id: None, ..rule(&["rollback"]) }, false),
        (quote(true), true),
        (rule(&["rollback"]), true),
        (Basis { evidence: [quote(false).evidence, quote(true).evidence].concat(), ..rule(&[]) }, true),
    ] {
        let mut reviews = all("1");
        reviews[HOLDER].blocking_issues.push(issue("No way back.", Some(true), basis.clone()));
        let (approve, reject) = (Label::Approve, Label::Reject);
        assert_eq!(label(&findings(), &reviews), if counts { reject } else { approve }, "{basis:?}");

        let mut reviews = all("1");
        reviews[0].blocking_issues.push(issue("No way back.", None, basis.clone()));
        let revise = Label::Revise;
        assert_eq!(label(&findings(), &reviews), if counts { revise } else { approve }, "{basis:?}");

        let mut reviews = all("1");
        reviews[0].concerns.push(concern("No way back?", false, basis.clone()));
        let strict = Panel { max_concerns: 0, ..findings() };
        assert_eq!(label(&strict, &reviews), if counts { revise } else { approve }, "{basis:?}");
    }
}

#[test]
fn more_evidenced_concerns_than_allowed_ask_for_a_revision() {
    let mut reviews = all("1");
    for (at, basis) in [quote(true), rule(&["rollback"]), quote(true), quote(false)].into_iter().enumerate() {
        reviews[at].concerns.push(concern("Who pays?", false, basis));
    }
    let decision = decided(&findings(), &reviews);
    assert_eq!(decision.decision, Label::Approve);
    assert_eq!(
        decision.reasons,
        ["3 evidenced concerns, at most the 3 that the panel allows", "no evidenced blocking issue"]
    );
    reviews[0].concerns.push(concern("Who pays?", false, quote(true)));
    let decision = decided(&findings(), &reviews);
    assert_eq!(decision.decision, Label::Revise);
    assert_eq!(
        decision.reasons,
        ["4 evidenced concerns, more than the 3 that the panel allows", "no evidenced blocking issue"]
    );
    assert_eq!(label(&Panel { max_concerns: 4, ..findings() }, &reviews), Label::Approve);
}

#[test]
fn a_concern_called_blocking_is_a_concern() {
    let mut reviews = all("0.9");
    reviews[HOLDER].concerns = vec![concern("Tokens are logged.", true, quote(true)); 3];
    for panel in [Panel::default(), findings()] {
        let decision = decided(&panel, &reviews);
        assert_eq!(decision.decision, Label::Approve);
        assert_eq!((decision.veto, decision.minority_reports), (None, None));
    }
}

// Laws

/// Coarse scores meet thresholds exactly; fine ones have every digit that is allowed.
fn any_score() -> impl Strategy<Value = Score> {
    let coarse = (0..=20u32).prop_map(|twentieths| Score::hundredths(5 * twentieths));
    let fine = (0..10u128.pow(20)).prop_map(|units| format!("0.{units:020}").parse().unwrap());
    prop_oneof![2 => coarse, 1 => fine]
}

fn any_basis() -> impl Strategy<Value = Basis> {
    prop_oneof![
        Just(Basis::default()),
        any::<bool>().prop_map(quote),
        any::<bool>().prop_map(|searched| rule(if searched { &["rollback"] } else { &[] })),
    ]
}

fn any_issue() -> impl Strategy<Value = BlockingIssue> {
    ("[a-c\"é\\\\]{1,4}", any::<Option<bool>>(), any_basis())
        .prop_map(|(words, critical, basis)| issue(&words, critical, basis))
}

fn any_concern() -> impl Strategy<Value = Concern> {
    ("[a-c]{1,4}", any::<bool>(), any_basis())
        .prop_map(|(words, is_blocking, basis)| concern(&words, is_blocking, basis))
}

/// A review by whoever it is given to.
fn any_review() -> impl Strategy<Value = PersonaReview> {
    (
        any_score(),
        prop::collection::vec(any_concern(), 0..3),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(any_issue(), 1..3)],
        prop::collection::vec("[a-c]{1,4}", 0..3),
    )
        .prop_map(|(score, concerns, blocking_issues, words)| {
            let words: Vec<Text> = words.iter().map(|word| text(word)).collect();
            PersonaReview {
                confidence_score: score,
                concerns,
                blocking_issues,
                strengths: words.clone(),
                recommendations: words,
                ..review("nobody", "0")
            }
        })
}

/// A valid panel of 1 to 8, whose weights add up to exactly 1.
fn any_panel() -> impl Strategy<Value = Panel> {
    let cuts = prop::collection::vec(0..=10_000u32, 0..8);
    let thresholds = (any_score(), any_score());
    let method = prop_oneof![Just(Method::WeightedConfidence), Just(Method::Findings)];
    let (holder, quorum) = (any::<Option<Index>>(), any::<Option<Index>>());
    (cuts, thresholds, method, holder, quorum, 0..4u32).prop_map(
        |(mut cuts, thresholds, method, holder, quorum, max_concerns)| {
            cuts.push(10_000);
            cuts.sort_unstable();
            let count = cuts.len();
            let holder = holder.map(|holder| holder.index(count));
            let mut last = 0;
            let persona = |(at, cut): (usize, u32)| {
                let weight = cut - std::mem::replace(&mut last, cut);
                Persona {
                    // Not the order of the alphabet, which is that of the maps.
                    id: id(&format!("p{}", 9 - at)),
                    name: text(&format!("P{at}")),
                    weight: format!("{}.{:04}", weight / 10_000, weight % 10_000).parse::<Weight>().unwrap(),
                    temperature: None,
                    instructions: text("Look."),
                    veto: holder == Some(at),
                    ..Panel::default().personas[0].clone()
                }
            };
            let personas = cuts.into_iter().enumerate().map(persona).collect();
            let (one, other) = thresholds;
            Panel {
                personas,
                thresholds: Thresholds { approve: one.max(other), revise: one.min(other), rerun: one },
                method,
                max_concerns,
                quorum: quorum.map(|quorum| u32::try_from(1 + quorum.index(count)).unwrap()),
                ..Panel::default()
            }
        },
    )
}

/// A panel with as many of its reviews as it asks for, or more, in any order.
fn any_session() -> impl Strategy<Value = (Panel, Vec<PersonaReview>)> {
    let reviews = prop::collection::vec(any_review(), 8).prop_shuffle();
    let seats = Just((0..8).collect::<Vec<usize>>()).prop_shuffle();
    (any_panel(), reviews, seats, any::<Index>()).prop_map(|(panel, reviews, seats, more)| {
        let count = panel.personas.len();
        let heard = panel.quorum() + more.index(count - panel.quorum() + 1);
        let seats = seats.into_iter().filter(|seat| *seat < count).take(heard);
        let given = seats.zip(reviews).map(|(seat, review)| {
            let Persona { id, name, .. } = panel.personas[seat].clone();
            PersonaReview { persona_id: id, persona_name: name, ..review }
        });
        let given = given.collect();
        (panel, given)
    })
}

fn read_back<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    json::from_slice(json::pretty(&json::to_value(value)).as_bytes()).unwrap()
}

proptest! {
    #[test]
    fn a_valid_panel_with_its_quorum_decides((panel, reviews) in any_session()) {
        prop_assert_eq!(panel.validate(), Ok(()));
        let decision = decided(&panel, &reviews);
        prop_assert_eq!(decision.quorum.present as usize, reviews.len());
        prop_assert_eq!(decision.quorum.missing.len(), panel.personas.len() - reviews.len());
        let highest = reviews.iter().map(|review| review.confidence_score.fine()).max();
        prop_assert!(Some(decision.weighted_confidence.fine()) <= highest);
        let on_panel = panel.personas.iter().map(|persona| persona.id.as_str());
        let dissent = dissent(&decision);
        let in_panel_order: Vec<&str> = on_panel.filter(|persona| dissent.contains(persona)).collect();
        prop_assert_eq!(dissent, in_panel_order);
    }

    #[test]
    fn the_order_of_reviews_does_not_matter(
        ((panel, reviews), shuffled) in any_session().prop_flat_map(|(panel, reviews)| {
            (Just((panel, reviews.clone())), Just(reviews).prop_shuffle())
        })
    ) {
        prop_assert_eq!(decided(&panel, &reviews), decided(&panel, &shuffled));
    }

    #[test]
    fn one_more_blocking_issue_never_improves_a_decision(
        (panel, mut reviews) in any_session(),
        whose in any::<Index>(),
        where_to in any::<Index>(),
        issue in any_issue(),
    ) {
        let before = label(&panel, &reviews);
        let issues = &mut whose.get_mut(&mut reviews).blocking_issues;
        issues.insert(where_to.index(issues.len() + 1), issue);
        prop_assert!(label(&panel, &reviews) <= before);
    }

    #[test]
    fn one_higher_score_never_worsens_a_decision(
        (panel, mut reviews) in any_session(),
        whose in any::<Index>(),
        other in any_score(),
    ) {
        let before = label(&panel, &reviews);
        let score = &mut whose.get_mut(&mut reviews).confidence_score;
        *score = other.max(*score);
        prop_assert!(label(&panel, &reviews) >= before);
    }

    #[test]
    fn a_stored_decision_reads_back_and_is_computed_again_from_what_was_stored(
        (panel, reviews) in any_session()
    ) {
        let decision = decided(&panel, &reviews);
        prop_assert_eq!(&read_back(&decision), &decision);
        prop_assert_eq!(&decided(&panel, &reviews), &decision);
        prop_assert_eq!(&decided(&read_back(&panel), &read_back(&reviews)), &decision);
    }

    #[test]
    fn whoever_reviews_it_decides_or_says_why_not(
        panel in any_panel(),
        reviews in prop::collection::vec((1..=9u32, any_review()), 0..8),
    ) {
        let given = reviews.into_iter().map(|(number, review)| {
            PersonaReview { persona_id: id(&format!("p{number}")), ..review }
        });
        let reviews: Vec<PersonaReview> = given.collect();
        let times = |id: &PersonaId| reviews.iter().filter(|review| review.persona_id == *id).count();
        match aggregate(&panel, &reviews) {
            Ok(decision) => {
                prop_assert!(reviews.len() >= panel.quorum());
                prop_assert_eq!(decision.quorum.present as usize, reviews.len());
            }
            Err(AggregateError::NoReviews) => prop_assert!(reviews.is_empty()),
            Err(AggregateError::NotOnPanel(id)) => {
                prop_assert!(panel.persona(&id).is_none() && times(&id) > 0);
            }
            Err(AggregateError::Twice(id)) => prop_assert!(times(&id) > 1),
            Err(AggregateError::NoQuorum { expected, present, missing }) => {
                prop_assert_eq!((expected, present), (panel.quorum(), reviews.len()));
                prop_assert!(present < expected && missing.iter().all(|id| times(id) == 0));
                prop_assert_eq!(missing.len() + present, panel.personas.len());
            }
        }
    }
}

// Goldens

/// A case of `tests/golden/aggregation.json`, which `tests/oracle/aggregate.py` computes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    name: String,
    panel: Panel,
    reviews: Vec<PersonaReview>,
    expected: Expected,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    decision: Label,
    weighted_confidence: String,
    dissent: Vec<String>,
    veto_changed_decision: Option<bool>,
    missing: Vec<PersonaId>,
}

#[test]
fn the_goldens_of_the_oracle_come_out() {
    let goldens: Vec<Golden> =
        json::from_slice(include_str!("../../../tests/golden/aggregation.json").as_bytes()).unwrap();
    assert_eq!(goldens.len(), 66);
    for Golden { name, panel, reviews, expected } in goldens {
        assert_eq!(panel.validate(), Ok(()), "{name}");
        let decision = decided(&panel, &reviews);
        let found = Expected {
            decision: decision.decision,
            weighted_confidence: decision.weighted_confidence.to_string(),
            dissent: dissent(&decision).into_iter().map(str::to_owned).collect(),
            veto_changed_decision: decision.veto.as_ref().map(|veto| veto.changed_decision),
            missing: decision.quorum.missing.clone(),
        };
        assert_eq!(found, expected, "{name}");
    }
}
