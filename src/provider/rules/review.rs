//! A review by rules: one persona's rules run over the document, their outcomes put into words and
//! added up. It reads the idea as handed in, not the expanded proposal, since lines are the idea's.

use serde::Serialize;

use super::ENGINE;
use super::check::Reading;
use super::compiled::{Hazard, Topic};
use super::pack::{Severity, TopicRule};
use super::score::{FOUND, Part, Sum, deduction};
use crate::domain::ids::PersonaId;
use crate::domain::json::to_value;
use crate::domain::panel::Persona;
use crate::domain::review::{Basis, BlockingIssue, Concern, Evidence, PersonaReview, TextOrObject};
use crate::domain::text::Text;

/// How a review came about.
#[derive(Serialize)]
struct Account {
    engine: &'static str,
    packs: Vec<String>,
    score: Sum,
}

/// Reviews with the rules of `persona`.
pub(super) fn review(persona: &Persona, readings: &[Reading<'_>], idea: &str) -> PersonaReview {
    let mut findings = Findings::default();
    for reading in readings {
        let topics = reading.pack.topics.iter();
        let topics = topics.filter(|topic| is_read_by(persona, &topic.rule.id, &topic.rule.persona));
        topics.for_each(|topic| findings.topic(reading, topic));
        let hazards = reading.pack.hazards.iter();
        let hazards = hazards.filter(|hazard| is_read_by(persona, &hazard.rule.id, &hazard.rule.persona));
        hazards.for_each(|hazard| findings.hazard(reading, hazard));
    }
    let mut review = findings.into_review(persona, readings);
    review.check_quotes(idea);
    review
}

/// Whether `persona` reads by the rule `id`, which is `owner`'s where no panel says otherwise.
pub(super) fn is_read_by(persona: &Persona, id: &str, owner: &PersonaId) -> bool {
    match &persona.rules {
        Some(rules) => rules.iter().any(|rule| rule.as_str() == id),
        None => *owner == persona.id,
    }
}

#[derive(Default)]
struct Findings {
    strengths: Vec<Text>,
    concerns: Vec<Concern>,
    recommendations: Vec<Text>,
    blocking: Vec<BlockingIssue>,
    parts: Vec<Part>,
}

impl Findings {
    fn topic(&mut self, reading: &Reading<'_>, topic: &Topic) {
        let rule = &topic.rule;
        if let Some(line) = reading.line_of(topic) {
            self.strengths.push(said(&format!("{} (line {line}).", rule.found)));
            self.part(&rule.id, "found", FOUND);
            return;
        }
        let basis = Basis { rule_id: Some(rule.id.clone()), searched: searched(rule), ..Basis::default() };
        self.part(&rule.id, "not_found", deduction(rule.severity, false));
        self.finding(rule.severity, false, [&rule.missing, &rule.advice], basis);
    }

    fn hazard(&mut self, reading: &Reading<'_>, hazard: &Hazard) {
        let rule = &hazard.rule;
        let evidence: Vec<Evidence> = reading.places_of(hazard);
        if evidence.is_empty() {
            return;
        }
        let basis = Basis { rule_id: Some(rule.id.clone()), evidence, ..Basis::default() };
        self.part(&rule.id, "hazard", deduction(rule.severity, rule.security_critical));
        self.finding(rule.severity, rule.security_critical, [&rule.text, &rule.advice], basis);
    }

    fn part(&mut self, rule: &str, outcome: &'static str, hundredths: i32) {
        self.parts.push(Part { rule_id: rule.to_owned(), outcome, hundredths });
    }

    fn finding(&mut self, severity: Severity, critical: bool, [text, advice]: [&str; 2], basis: Basis) {
        if severity == Severity::Recommendation {
            self.recommendations.push(said(advice));
            return;
        }
        self.recommendations.push(said(advice));
        let text = said(text);
        if severity == Severity::Blocking {
            self.blocking.push(BlockingIssue { text, security_critical: Some(critical), basis });
        } else {
            self.concerns.push(Concern { text, is_blocking: false, basis });
        }
    }

    fn into_review(self, persona: &Persona, readings: &[Reading<'_>]) -> PersonaReview {
        let name = |reading: &Reading<'_>| format!("{}@{}", reading.pack.pack.id, reading.pack.pack.version);
        let score = Sum::of(self.parts);
        let confidence_score = score.score();
        let account = Account { engine: ENGINE, packs: readings.iter().map(name).collect(), score };
        PersonaReview {
            persona_id: persona.id.clone(),
            persona_name: persona.name.clone(),
            confidence_score,
            strengths: self.strengths,
            concerns: self.concerns,
            recommendations: self.recommendations,
            blocking_issues: self.blocking,
            estimated_effort: TextOrObject::Text(said("not estimated by rules")),
            dependency_risks: Vec::new(),
            internal_metadata: Some(to_value(&account)),
        }
    }
}

/// Packs are checked to hold no blank text; the fallback is for the type alone.
fn said(text: &str) -> Text {
    Text::or(text, "not said")
}

fn searched(rule: &TopicRule) -> Vec<Text> {
    let headings = said(&format!("headings: {}", rule.headings.join(", ")));
    let phrases = (!rule.phrases.is_empty()).then(|| said(&format!("phrases: {}", rule.phrases_in_words)));
    std::iter::once(headings).chain(phrases).collect()
}
