//! Rule packs: rules as data. A pack is one TOML file; this says what may stand in it and refuses the
//! rest by rule id and field. It relies on nothing but the file; how a rule is run is said elsewhere.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::heading::normalised;
use crate::domain::ids::PersonaId;

/// A pack of rules, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Its id, which is also its file's name.
    pub id: String,
    /// Its version, raised with every change.
    pub version: String,
    /// What all its rules share.
    pub reading: Reading,
    /// What should be there.
    #[serde(rename = "topic")]
    pub topics: Vec<TopicRule>,
    /// What should not be there.
    #[serde(rename = "hazard")]
    pub hazards: Vec<HazardRule>,
}

/// How the rules of a pack read a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// A section of nothing but these counts as empty.
    pub placeholders: Vec<String>,
    /// Headings of sections that tell of what is not proposed.
    pub aside_headings: Vec<String>,
    /// Patterns of words that part one thought from the next.
    pub boundaries: Vec<String>,
    /// Patterns of words that, after a mention, part what is said of it from the next thought.
    pub boundaries_after: Vec<String>,
    /// Patterns before a phrase that deny it.
    pub denials: Vec<String>,
    /// Patterns before a hazard that reject it, or tell of how things were.
    pub rejections: Vec<String>,
    /// Patterns right after a mention that deny or reject it.
    pub rejections_after: Vec<String>,
    /// The topic whose section is the proposal's problem statement.
    pub problem_topic: String,
    /// The topic whose section is the proposed solution.
    pub solution_topic: String,
    /// Headings of sections that list assumptions.
    pub assumption_headings: Vec<String>,
    /// Headings of sections that list what is left out.
    pub non_goal_headings: Vec<String>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It must change first.
    Blocking,
    /// A doubt.
    Concern,
    /// A hint.
    Recommendation,
}

/// Something that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicRule {
    /// The rule's id.
    pub id: String,
    /// Whose rule it is.
    pub persona: PersonaId,
    /// How much its absence weighs.
    pub severity: Severity,
    /// Words of headings, any of which names the topic.
    pub headings: Vec<String>,
    /// Patterns of words in a sentence, any of which names the topic.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// The phrases in words for people.
    #[serde(default)]
    pub phrases_in_words: String,
    /// What is said when it was found; the line follows.
    pub found: String,
    /// What is said when it was not found.
    pub missing: String,
    /// What to do about its absence.
    pub advice: String,
}

/// Where a hazard is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In prose, inline code and addresses excepted.
    #[default]
    Prose,
    /// In prose and the inline code in it.
    ProseAndInlineCode,
    /// In all the text there is.
    Everywhere,
}

/// Which mentions of a hazard count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mentions {
    /// Those that are neither rejected nor in a section that tells of what is not proposed.
    #[default]
    Proposed,
    /// Those that are not rejected.
    Asserted,
    /// All of them.
    Any,
}

/// Something that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HazardRule {
    /// The rule's id.
    pub id: String,
    /// Whose rule it is.
    pub persona: PersonaId,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether a blocking one can hold the veto.
    #[serde(default)]
    pub security_critical: bool,
    /// Where it is looked for.
    #[serde(default)]
    pub scope: Scope,
    /// Which mentions of it count.
    #[serde(default)]
    pub mentions: Mentions,
    /// Whether the match is a secret that must not be repeated.
    #[serde(default)]
    pub secret: bool,
    /// Patterns, any of which is the hazard.
    pub patterns: Vec<String>,
    /// Patterns that, in the same sentence, mean it is none.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What is said when it was found.
    pub text: String,
    /// What to do about it.
    pub advice: String,
}

/// Why a pack is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It is no TOML, or not of this shape.
    #[error("rule pack: {0}")]
    Shape(String),
    /// A field of a rule, or of the pack's reading, does not hold.
    #[error("rule `{rule}`, field `{field}`: {problem}")]
    Field {
        /// The rule; `reading` for what all rules share.
        rule: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

pub(super) fn field_error(rule: &str, field: &'static str, problem: impl Into<String>) -> PackError {
    PackError::Field { rule: rule.to_owned(), field, problem: problem.into() }
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// The first [`PackError`] found.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let pack: Self = toml::from_str(text).map_err(|error| PackError::Shape(error.to_string()))?;
        pack.validate()?;
        Ok(pack)
    }

    /// The headings of the topic `id`.
    pub(super) fn headings_of(&self, id: &str) -> &[String] {
        self.topics.iter().find(|topic| topic.id == id).map_or(&[], |topic| &topic.headings)
    }

    fn validate(&self) -> Result<(), PackError> {
        let ids = self.topics.iter().map(|rule| &rule.id).chain(self.hazards.iter().map(|rule| &rule.id));
        let mut seen = BTreeSet::new();
        for id in ids {
            check(id, "id", is_id(id), "takes lower-case letters, digits and `-`, a letter first")?;
            check(id, "id", seen.insert(id), "is taken already")?;
        }
        self.topics.iter().try_for_each(TopicRule::validate)?;
        self.hazards.iter().try_for_each(HazardRule::validate)?;
        self.reading.validate()?;
        let known = |id: &str| self.topics.iter().any(|topic| topic.id == id);
        check("reading", "problem_topic", known(&self.reading.problem_topic), "is no topic of this pack")?;
        check("reading", "solution_topic", known(&self.reading.solution_topic), "is no topic of this pack")
    }
}

fn check(rule: &str, field: &'static str, holds: bool, problem: &str) -> Result<(), PackError> {
    if holds { Ok(()) } else { Err(field_error(rule, field, problem)) }
}

fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn not_blank(rule: &str, field: &'static str, text: &str) -> Result<(), PackError> {
    check(rule, field, !text.trim().is_empty(), "must not be blank")
}

fn plain_words(rule: &str, field: &'static str, words: &[String]) -> Result<(), PackError> {
    words.iter().try_for_each(|word| {
        let plain = !word.is_empty() && normalised(word) == *word;
        check(rule, field, plain, &format!("`{word}` must be lower-case words without punctuation"))
    })
}

impl Reading {
    fn validate(&self) -> Result<(), PackError> {
        plain_words("reading", "placeholders", &self.placeholders)?;
        plain_words("reading", "aside_headings", &self.aside_headings)?;
        plain_words("reading", "assumption_headings", &self.assumption_headings)?;
        plain_words("reading", "non_goal_headings", &self.non_goal_headings)?;
        check_patterns("reading", "boundaries", &self.boundaries)?;
        check_patterns("reading", "boundaries_after", &self.boundaries_after)?;
        check_patterns("reading", "denials", &self.denials)?;
        check_patterns("reading", "rejections", &self.rejections)?;
        check_patterns("reading", "rejections_after", &self.rejections_after)
    }
}

impl TopicRule {
    fn validate(&self) -> Result<(), PackError> {
        check(&self.id, "headings", !self.headings.is_empty(), "must not be empty")?;
        plain_words(&self.id, "headings", &self.headings)?;
        check_patterns(&self.id, "phrases", &self.phrases)?;
        let described = self.phrases.is_empty() == self.phrases_in_words.trim().is_empty();
        check(&self.id, "phrases_in_words", described, "goes with `phrases`: both or neither")?;
        not_blank(&self.id, "found", &self.found)?;
        not_blank(&self.id, "missing", &self.missing)?;
        not_blank(&self.id, "advice", &self.advice)
    }
}

impl HazardRule {
    fn validate(&self) -> Result<(), PackError> {
        check(&self.id, "patterns", !self.patterns.is_empty(), "must not be empty")?;
        check_patterns(&self.id, "patterns", &self.patterns)?;
        check_patterns(&self.id, "unless", &self.unless)?;
        let critical = !self.security_critical || self.severity == Severity::Blocking;
        check(&self.id, "security_critical", critical, "only a blocking rule can be security-critical")?;
        not_blank(&self.id, "text", &self.text)?;
        not_blank(&self.id, "advice", &self.advice)
    }
}

/// Checks what can be checked of patterns without compiling them.
fn check_patterns(rule: &str, field: &'static str, patterns: &[String]) -> Result<(), PackError> {
    patterns.iter().try_for_each(|pattern| check_pattern(rule, field, pattern))
}

fn check_pattern(rule: &str, field: &'static str, pattern: &str) -> Result<(), PackError> {
    not_blank(rule, field, pattern)?;
    let quantified = [" ?", " *", " +", " {"].iter().any(|sign| pattern.contains(sign));
    check(rule, field, !quantified, &format!("`{pattern}`: a space takes no quantifier, `\\s` does"))
}
