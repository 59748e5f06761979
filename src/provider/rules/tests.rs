//! Tests of the rules as a whole: what documents are told.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::domain::decimal::Confidence;
use crate::domain::panel::Panel;

const GOOD: &str = include_str!("../../../fixtures/good.md");
const CARELESS: &str = include_str!("../../../fixtures/careless.md");
const HAZARDS: &str = include_str!("../../../fixtures/hazards.md");

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::builtin().unwrap());

pub(super) fn rules() -> &'static Rules {
    &RULES
}

pub(super) fn proposal(idea: &str, extension: &str) -> Proposal {
    let context = BTreeMap::new();
    rules().expanded(&Subject { idea, extension, context: &context })
}

pub(super) fn reviews_of(idea: &str, extension: &str) -> Vec<PersonaReview> {
    let (rules, context) = (rules(), BTreeMap::new());
    let subject = Subject { idea, extension, context: &context };
    let review = |persona| rules.reviewed(persona, &subject);
    Panel::default().personas.iter().map(review).collect()
}

pub(super) fn reviews(idea: &str) -> Vec<PersonaReview> {
    reviews_of(idea, "md")
}

fn confidence(reviews: &[PersonaReview]) -> Confidence {
    let panel = Panel::default();
    let pairs = panel.personas.iter().zip(reviews);
    Confidence::sum(pairs.map(|(persona, review)| review.confidence_score.weighted(persona.weight)))
}

/// The rules that found something, with the lines of their evidence.
fn findings(reviews: &[PersonaReview]) -> Vec<(String, Vec<u32>)> {
    let bases = reviews.iter().flat_map(|review| {
        let concerns = review.concerns.iter().map(|concern| &concern.basis);
        concerns.chain(review.blocking_issues.iter().map(|issue| &issue.basis))
    });
    let lines = |basis: &crate::domain::review::Basis| basis.evidence.iter().map(|e| e.start_line).collect();
    bases.map(|basis| (basis.rule_id.clone().unwrap(), lines(basis))).collect()
}

fn hazards(idea: &str) -> Vec<String> {
    let found = findings(&reviews(idea)).into_iter();
    found.filter(|(_, lines)| !lines.is_empty()).map(|(rule, _)| rule).collect()
}

pub(super) fn all_supported(reviews: &[PersonaReview]) -> bool {
    reviews.iter().all(|review| {
        let concerns = review.concerns.iter().map(|concern| &concern.basis);
        let mut bases = concerns.chain(review.blocking_issues.iter().map(|issue| &issue.basis));
        bases.all(|basis| basis.is_evidenced() && basis.evidence.iter().all(|piece| piece.supported))
    })
}

#[test]
fn a_complete_proposal_is_approved_without_findings() {
    let reviews = reviews(GOOD);
    assert_eq!(findings(&reviews), []);
    assert!(confidence(&reviews).reaches("0.8".parse().unwrap()));
    let scores: Vec<String> = reviews.iter().map(|review| review.confidence_score.to_string()).collect();
    assert_eq!(scores, ["0.9", "0.91", "0.9", "0.89", "0.91"]);
}

#[test]
fn a_careless_one_is_rejected() {
    let reviews = reviews(CARELESS);
    assert!(!confidence(&reviews).reaches("0.6".parse().unwrap()), "{}", confidence(&reviews));
    let blocking: usize = reviews.iter().map(|review| review.blocking_issues.len()).sum();
    assert_eq!(blocking, 2);
    assert_eq!(hazards(CARELESS), ["placeholder-left", "absolute-claim"]);
}

#[test]
fn hazards_block_with_their_lines() {
    let reviews = reviews(HAZARDS);
    let found = findings(&reviews);
    let expected =
        [("plaintext-credentials".to_owned(), vec![15]), ("verification-disabled".to_owned(), vec![16])];
    assert_eq!(found, expected);
    let guardian = &reviews[3];
    assert!(guardian.blocking_issues.iter().all(|issue| issue.security_critical == Some(true)));
    assert_eq!(guardian.confidence_score.to_string(), "0.05");
    assert!(all_supported(&reviews));
}

#[test]
fn a_negated_or_rejected_mention_is_not_a_hazard() {
    for text in [
        "Passwords are never stored in plain text.",
        "We must not disable TLS verification.",
        "We rejected hashing passwords with MD5.",
        "We use an internal CA instead of disabling certificate verification.",
        "Passwords are hashed with argon2, not MD5.",
        "Currently, passwords are stored in plain text.",
        "TLS verification is never disabled.",
        "Storing passwords in plain text is forbidden.",
        "## Motivation\n\nPasswords are stored in plain text.",
        "## Alternatives\n\n- Store passwords in plain text: simple.",
        "> Passwords are stored in plain text.",
        "~~Passwords are stored in plain text.~~",
        "<!-- Passwords are stored in plain text. -->",
        "    Passwords are stored in plain text.",
        "This is not 100% secure.",
        "The `TODO` macro is removed.",
        "No passwords are logged in plain text.",
        "Users may opt out of certificate verification.",
        "The commit is named by its SHA-1 hash.",
        "The syntax is as foolproof as possible.",
    ] {
        assert_eq!(hazards(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_negation_elsewhere_in_the_sentence_excuses_nothing() {
    for (text, rule) in [
        ("Passwords, not hashed, are stored in plain text.", "plaintext-credentials"),
        ("Passwords are kept in plain text and are not hashed.", "plaintext-credentials"),
        ("We do not hash; passwords are stored as plaintext.", "plaintext-credentials"),
        ("- [ ] **API keys** are sent\n  *unencrypted*.", "plaintext-credentials"),
        ("We set `verify=False` for internal hosts.", "verification-disabled"),
        ("All certificates are fine: we skip hostname checks.", "verification-disabled"),
        ("Passwords are hashed with MD5.", "weak-cryptography"),
        ("| a | b |\n|---|---|\n| x | We sign tokens with SHA-1 |", "weak-cryptography"),
        ("It is 100% secure.", "absolute-claim"),
        ("The owner is TBD.", "placeholder-left"),
        ("It has an owner. To be decided soon.", "placeholder-left"),
    ] {
        assert_eq!(hazards(text), [rule], "{text}");
        assert!(all_supported(&reviews(text)), "{text}");
    }
}

#[test]
fn a_secret_is_found_anywhere_and_not_repeated() {
    let secret = format!("ghp{}{}", "_", "a1B2".repeat(9));
    let text = format!("# T\n\n```sh\nexport TOKEN={secret}\n```\n");
    let reviews = reviews(&text);
    let issue = &reviews[3].blocking_issues[0];
    assert!(all_supported(&reviews));
    assert_eq!(issue.basis.rule_id.as_deref(), Some("secret-in-text"));
    assert_eq!((issue.basis.evidence[0].quote.as_str(), issue.basis.evidence[0].start_line), ("TOKEN=", 4));
    for text in [text, format!("We send the API key {secret} in plain text."), format!("TBD {secret} TBD")] {
        let told = crate::domain::json::to_value(&reviews_of(&text, "md"));
        assert!(!crate::domain::json::canonical(&told).contains(&secret));
    }
}

#[test]
fn an_absence_says_what_was_searched_for() {
    let reviews = reviews("# A\n\n## Owner\n\nDana.\n\n## Cost\n\nNone.\n\n## Notes\n\nHello.");
    let issue = &reviews[0].blocking_issues[0];
    assert_eq!(issue.text.as_str(), "No section or sentence about what is to be built and how was found.");
    assert!(issue.basis.searched[0].as_str().starts_with("headings: design, "));
    assert!(issue.basis.searched[1].as_str().starts_with("phrases: "));
    assert!(all_supported(&reviews));
}

#[test]
fn a_heading_counts_only_if_something_is_written_under_it() {
    let misses = |text: &str, rule: &str| findings(&reviews(text)).iter().any(|(found, _)| found == rule);
    for empty in
        ["# A\n## Design\n", "# A\n## Design\n\nTBD\n", "# A\n## Design\n\n- TODO\n\n### Parts\n\nTBD."]
    {
        assert!(misses(empty, "design-missing"), "{empty}");
    }
    assert!(!misses("# A\n## Design\n### Parts\n\nOne electric pump.", "design-missing"));
    assert!(misses("# The design\n\nOne pump.", "design-missing"), "a title opens no section");
    assert!(misses("# A\n## Non-goals\n\nSpeed.", "goals-missing"));
    assert!(misses(
        "# A\n\n## Design\n\nA part.\n\n## Rollout\n\nAll at once. We have no rollback plan.",
        "rollback-missing"
    ));
}

#[test]
fn lines_survive_a_byte_order_mark_front_matter_and_crlf() {
    let text = "\u{feff}---\r\ntitle: T\r\n---\r\n\r\nPasswords are\r\nstored in plain text.\r\n";
    let reviews = reviews(text);
    let piece = &reviews[3].blocking_issues[0].basis.evidence[0];
    assert_eq!((piece.start_line, piece.end_line, piece.supported), (5, 6, true));
    assert_eq!(proposal(text, "md").title.unwrap().as_str(), "T");
}

#[test]
fn restructured_text_is_read_too() {
    let text = "PEP: 1\nTitle: A thing\n\nAbstract\n========\n\nA short text.\n\nSpecification\n=============\n\nParts\n-----\n\n\
        Passwords are stored::\n\n  in plain text\n\n.. code:: sh\n\n   TODO\n\n    We quote: passwords are stored in plain text.\n\n\
        - API keys are\n  kept in plain text.\n";
    let found = findings(&reviews_of(text, "rst"));
    assert!(found.contains(&("plaintext-credentials".to_owned(), vec![25])), "{found:?}");
    assert!(!found.iter().any(|(rule, _)| rule == "placeholder-left" || rule == "design-missing"));
    let proposal = proposal(text, "rst");
    assert_eq!(proposal.title.unwrap().as_str(), "A thing");
    assert_eq!(proposal.summary.unwrap().as_str(), "A short text.");
}

#[test]
fn a_proposal_is_the_documents_own_words() {
    let good = proposal(GOOD, "md");
    assert_eq!(good.title.unwrap().as_str(), "Nightly export of invoices");
    assert!(good.summary.unwrap().as_str().starts_with("Every night, the invoices"));
    assert!(good.problem_statement.as_str().starts_with("Today the accountants"));
    assert!(good.proposed_solution.as_str().contains("A scheduled job reads"));
    assert_eq!((good.assumptions.len(), good.scope_non_goals.len()), (2, 2));
    let empty = proposal("", "txt");
    assert_eq!(empty.problem_statement.as_str(), "No section or sentence about the problem was found.");
    assert_eq!(
        empty.proposed_solution.as_str(),
        "No section or sentence about what is to be built was found."
    );
    assert_eq!((empty.title, empty.summary), (None, None));
}

#[test]
fn a_persona_without_rules_starts_and_stays_where_all_start() {
    let mut persona = Panel::default().personas.remove(0);
    persona.id = "lawyer".parse().unwrap();
    let context = BTreeMap::new();
    let subject = Subject { idea: CARELESS, extension: "md", context: &context };
    let review = rules().reviewed(&persona, &subject);
    assert_eq!((review.confidence_score.to_string().as_str(), review.persona_id.as_str()), ("0.9", "lawyer"));
    assert!(review.concerns.is_empty() && review.recommendations.is_empty());
}

#[test]
fn a_reader_can_add_the_score_up() {
    let reviews = reviews(HAZARDS);
    let account = reviews[3].internal_metadata.clone().unwrap();
    insta::assert_snapshot!(crate::domain::json::canonical(&account), @r#"{"engine":"rules-3","kind":"plan","packs":["core@2.0.0"],"score":{"highest":98,"lowest":5,"parts":[{"hundredths":2,"outcome":"found","rule_id":"security-missing"},{"hundredths":-3,"outcome":"not_found","rule_id":"privacy-missing"},{"hundredths":-60,"outcome":"hazard","rule_id":"plaintext-credentials"},{"hundredths":-60,"outcome":"hazard","rule_id":"verification-disabled"}],"start":90,"total":-31},"silenced":[],"without_effect":[]}"#);
}

#[test]
fn the_pack_is_an_input_byte_for_byte() {
    let inputs = rules().inputs();
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["rules/core.toml"]);
    assert_eq!(inputs["rules/core.toml"].bytes(), CORE.as_bytes());
    assert!(rules().model(&Step::Aggregate).is_none());
    assert_eq!(rules().model(&Step::Expand).unwrap().model, ENGINE);
}

fn refused(text: &str) -> String {
    let refusal = Rules::builtin().unwrap().with(text).unwrap_err();
    format!("{} {refusal}", refusal.refusal.code)
}

#[test]
fn a_bad_pack_is_refused_by_line_and_field() {
    const SOUND: &str = "id = 'house'\nversion = '1'\n[words]\nit = ['it']\n[[hazard]]\nid = 'a-b'\npersona = 'critic'\n\
        severity = 'concern'\npatterns = ['x']\ntogether = [['it', 'credential']]\ntext = 't'\nadvice = 'a'\n";
    assert!(Rules::builtin().unwrap().with(SOUND).is_ok());
    for (from, to, expected) in [
        ("'a-b'", "'A'", "bad_id line 6, field `hazard[0].id`: takes lower-case letters"),
        (
            "'a-b'",
            "'design-missing'",
            "taken line 6, field `hazard[0].id`: there is another rule `design-missing`",
        ),
        ("'house'", "'core'", "taken line 1, field `id`: is taken"),
        ("'house'", "'suppressions'", "taken line 1, field `id`: is taken"),
        ("text = 't'", "text = ' '", "blank line 11, field `hazard[0].text`: must not be blank"),
        ("['x']", "['(']", "bad_pattern line 9, field `hazard[0].patterns[0]`: regex parse error"),
        ("['x']", "['x*']", "bad_pattern line 9, field `hazard[0].patterns[0]`: `x*` matches nothing at all"),
        ("['x']", "['(x{900}){900}']", "bad_pattern line 9, field `hazard[0].patterns[0]`: "),
        (
            "['x']",
            "['x +']",
            "bad_pattern line 9, field `hazard[0].patterns[0]`: `x +`: a space takes no quantifier",
        ),
        (
            "'credential'",
            "'nothing'",
            "unknown_value line 10, field `hazard[0].together[0]`: there is no list of words `nothing`",
        ),
        ("'concern'", "'bad'", "unknown_value line 8, field `hazard[0].severity`: `bad` is none of"),
        ("'concern'", "3", "wrong_type line 8, field `hazard[0].severity`: "),
        (
            "advice = 'a'",
            "advise = 'a'",
            "unknown_field line 12, field `hazard[0].advise`: there is no field `advise`; there are `id`",
        ),
        ("advice = 'a'", "", "missing_field line 5, field `hazard[0].advice`: there is no"),
        (
            "advice = 'a'",
            "advice = 'a'\nfor_kind = { novel = 'off' }",
            "unknown_value line 13, field `hazard[0].for_kind.novel`: there is no kind `novel`; there are idea",
        ),
        (
            "advice = 'a'",
            "advice = 'a'\nsecurity_critical = true",
            "unknown_value line 13, field `hazard[0].security_critical`: only a blocking rule",
        ),
        ("[words]", "[reading]\n[words]", "unknown_field line 3, field `reading`"),
        ("[words]", "[words]\n[words", "bad_toml line 4, "),
    ] {
        let text = SOUND.replacen(from, to, 1);
        assert_ne!(text, SOUND, "{from}");
        let found = refused(&text);
        assert!(found.starts_with(expected), "{to}: {found}");
    }
    assert!(refused("id = 'house'\nversion = '1'").starts_with("empty_file there is no rule"));
}

#[test]
fn every_built_in_pattern_compiles_and_every_example_holds() {
    compile_all(&Pack::parse(CORE, None).unwrap()).unwrap();
    let examples = rules().examples();
    let failed: Vec<_> = examples.iter().filter(|example| !example.holds).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    for rule in rules().told() {
        assert!(!rule.finds.is_empty() && !rule.leaves.is_empty(), "{} has no example", rule.id);
    }
}

/// Sentences that were written by people who did not know the rules; the rules have been mended by them since.
const SENTENCES: [&str; 2] = [
    include_str!("../../../fixtures/rules/hazards.jsonl"),
    include_str!("../../../fixtures/rules/benign.jsonl"),
];

/// How many of the sentences their own rule reports, and how many there are.
fn reported(lines: &str) -> (usize, usize) {
    let (mut found, mut of) = (0, 0);
    for line in lines.lines() {
        let value = crate::domain::json::Value::parse(line.as_bytes()).unwrap();
        let member = |name: &str| value.get(name).and_then(crate::domain::json::Value::as_str).unwrap();
        let text = format!("# A service\n\n## Design\n\nIt has two parts.\n\n{}\n", member("text"));
        let reading = check::Reading::of(&rules().compiled, Document::read(&text, "md"), true);
        let alike: &[&str] = match member("rule") {
            "personal-data-kept" => &["personal-data-kept", "retention-missing"],
            "placeholder-left" => &["placeholder-left", "undecided"],
            "claim-without-number" => &["claim-without-number", "absolute-claim", "vague-quantity"],
            rule => &[rule],
        };
        let hazards = rules().compiled.hazards.iter();
        let mut hazards = hazards.filter(|hazard| alike.contains(&hazard.common.id.as_str()));
        found += usize::from(hazards.any(|hazard| !reading.places_of(hazard).is_empty()));
        of += 1;
    }
    (found, of)
}

#[test]
fn hazards_are_found_and_what_only_looks_like_one_is_not() {
    let (found, of) = reported(SENTENCES[0]);
    assert!(of > 200 && found * 100 >= of * 95, "{found} of {of} hazards were found");
    let (found, of) = reported(SENTENCES[1]);
    assert!(of > 150 && found * 100 <= of * 4, "{found} of {of} harmless sentences were reported");
}
