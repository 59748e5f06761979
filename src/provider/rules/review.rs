//! A review by rules: one persona's rules run over the document, their outcomes put into words and
//! added up. It reads the idea as handed in, not the expanded proposal, since lines are the idea's.

use serde::Serialize;

use super::ENGINE;
use super::check::{Found, Place, Reading};
use super::compiled::{HazardRule, TopicRule};
use super::pack::{Common, Severity};
use super::score::{FOUND, Part, Sum, deduction, in_passing};
use super::silence::{Answer, Silencing, Suppressions};
use super::told::word;
use crate::domain::json::to_value;
use crate::domain::panel::Persona;
use crate::domain::review::{Basis, BlockingIssue, Concern, Evidence, PersonaReview, TextOrObject};
use crate::domain::silenced::Silenced;
use crate::domain::text::Text;

/// A hazard that occurs more often is quoted so many times.
const MOST_PLACES: usize = 5;

/// How a review came about.
#[derive(Serialize)]
struct Account {
    engine: &'static str,
    packs: Vec<String>,
    kind: String,
    score: Sum,
    silenced: Vec<Silenced>,
    without_effect: Vec<String>,
}

/// Reviews with the rules of `persona`.
pub(super) fn review(persona: &Persona, reading: &Reading, suppressions: &Suppressions) -> PersonaReview {
    let silencing = Silencing::of(&reading.directives, suppressions);
    let mut findings = Findings { reading, silencing, told: Told::default() };
    for topic in reading.rules.topics.iter().filter(|topic| is_read_by(persona, &topic.common)) {
        if let Some(severity) = topic.common.severity_in(&reading.kind.id) {
            findings.topic(topic, severity);
        }
    }
    for hazard in reading.rules.hazards.iter().filter(|hazard| is_read_by(persona, &hazard.common)) {
        if let Some(severity) = hazard.common.severity_in(&reading.kind.id) {
            findings.hazard(hazard, severity);
        }
    }
    let reads = |rule: &str| {
        let mut rules = reading.rules.rules();
        rules.any(|known| known.id == rule && is_read_by(persona, known))
    };
    let without_effect = findings.silencing.without_effect(&reads);
    let mut review = findings.told.into_review(persona, reading, without_effect);
    review.check_quotes(&reading.document.source);
    review
}

/// Whether `persona` reads by the rule: its own, unless the panel says which.
pub(super) fn is_read_by(persona: &Persona, rule: &Common) -> bool {
    match &persona.rules {
        Some(rules) => rules.iter().any(|named| named.as_str() == rule.id),
        None => rule.persona == persona.id,
    }
}

struct Findings<'a> {
    reading: &'a Reading,
    silencing: Silencing<'a>,
    told: Told,
}

impl Findings<'_> {
    fn topic(&mut self, topic: &TopicRule, severity: Severity) {
        let (rule, about) = (&topic.common, &topic.own.about);
        let (text, evidence, weight, outcome, taken) = match self.reading.find(topic) {
            Found::At(line) => {
                self.told.strengths.push(said(&format!("Covers {about} (line {line}).")));
                return self.told.part(rule, "found", FOUND);
            }
            Found::Mentioned(place) => {
                let line = place.start_line;
                let weight = severity.min(Severity::Concern);
                let text = match weight {
                    Severity::Recommendation => format!("Only line {line} touches {about} ({}).", rule.id),
                    _ => format!("No section about {about} was found; line {line} comes nearest."),
                };
                (text, vec![place], weight, "mentioned", in_passing(severity))
            }
            Found::Nowhere => {
                let text = match severity {
                    Severity::Recommendation => format!("Nothing about {about} was found ({}).", rule.id),
                    _ => format!("No section or sentence about {about} was found."),
                };
                (text, Vec::new(), severity, "not_found", deduction(severity, false))
            }
        };
        if let Some(answer) = self.silencing.absence(rule) {
            return self.told.silence(rule, weight, &text, evidence, self.masked(answer));
        }
        self.told.part(rule, outcome, taken);
        let basis = Basis { rule_id: Some(rule.id.clone()), searched: searched(topic), evidence };
        self.told.finding(rule, weight, false, &text, basis);
    }

    fn masked(&self, Answer { by, because }: Answer) -> Answer {
        Answer { by, because: self.reading.masked(&because) }
    }

    fn hazard(&mut self, hazard: &HazardRule, severity: Severity) {
        let rule = &hazard.common;
        let critical = hazard.own.security_critical && severity == Severity::Blocking;
        let mut open = Vec::new();
        let mut answered: Vec<(Answer, Vec<Place>)> = Vec::new();
        for place in self.reading.places_of(hazard) {
            match self.silencing.place(rule, hazard.own.security_critical, &place.evidence) {
                None => open.push(place),
                Some(answer) => match answered.iter_mut().find(|(known, _)| *known == answer) {
                    Some((_, places)) => places.push(place),
                    None => answered.push((answer, vec![place])),
                },
            }
        }
        for (answer, mut places) in answered {
            places.truncate(MOST_PLACES);
            let text = hazard_text(hazard, &places);
            let evidence = places.into_iter().map(|place| place.evidence).collect();
            self.told.silence(rule, severity, &text, evidence, self.masked(answer));
        }
        if open.is_empty() {
            return;
        }
        open.truncate(MOST_PLACES);
        let text = hazard_text(hazard, &open);
        let evidence = open.into_iter().map(|place| place.evidence).collect();
        self.told.part(rule, "hazard", deduction(severity, critical));
        let basis = Basis { rule_id: Some(rule.id.clone()), evidence, ..Basis::default() };
        self.told.finding(rule, severity, critical, &text, basis);
    }
}

/// What a review says.
#[derive(Default)]
struct Told {
    strengths: Vec<Text>,
    concerns: Vec<Concern>,
    /// What to do about blocking issues and concerns.
    urgent: Vec<Text>,
    recommendations: Vec<Text>,
    blocking: Vec<BlockingIssue>,
    silenced: Vec<Silenced>,
    parts: Vec<Part>,
}

impl Told {
    fn part(&mut self, rule: &Common, outcome: &'static str, hundredths: i32) {
        self.parts.push(Part { rule_id: rule.id.clone(), outcome, hundredths });
    }

    fn silence(
        &mut self,
        rule: &Common,
        severity: Severity,
        text: &str,
        evidence: Vec<Evidence>,
        Answer { by, because }: Answer,
    ) {
        if !self.parts.iter().any(|part| part.rule_id == rule.id) {
            self.part(rule, "silenced", 0);
        }
        let (rule_id, severity) = (rule.id.clone(), word(severity).to_owned());
        // A rule quotes what it has just read there.
        let evidence = evidence.into_iter().map(|place| Evidence { supported: true, ..place }).collect();
        self.silenced.push(Silenced { rule_id, severity, text: text.to_owned(), evidence, by, because });
    }

    fn finding(&mut self, rule: &Common, severity: Severity, critical: bool, text: &str, basis: Basis) {
        let text = match severity {
            Severity::Recommendation => {
                let told = if basis.searched.is_empty() { basis.evidence.as_slice() } else { &[] };
                let places = lines(told);
                let advice = format!("{}{places} {}", text.trim_end_matches('.'), rule.advice);
                return self.recommendations.push(said(&advice));
            }
            Severity::Concern | Severity::Blocking => said(text),
        };
        self.urgent.push(said(&rule.advice));
        if severity == Severity::Blocking {
            self.blocking.push(BlockingIssue { text, security_critical: Some(critical), basis });
        } else {
            self.concerns.push(Concern { text, is_blocking: false, basis });
        }
    }

    fn into_review(self, persona: &Persona, reading: &Reading, without_effect: Vec<String>) -> PersonaReview {
        let score = Sum::of(self.parts);
        let confidence_score = score.score();
        let (packs, kind) = (reading.rules.packs.clone(), reading.kind.id.clone());
        let account = Account { engine: ENGINE, packs, kind, score, silenced: self.silenced, without_effect };
        PersonaReview {
            persona_id: persona.id.clone(),
            persona_name: persona.name.clone(),
            confidence_score,
            strengths: self.strengths,
            concerns: self.concerns,
            recommendations: self.urgent.into_iter().chain(self.recommendations).collect(),
            blocking_issues: self.blocking,
            estimated_effort: TextOrObject::Text(said("not estimated by rules")),
            dependency_risks: Vec::new(),
            internal_metadata: Some(to_value(&account)),
        }
    }
}

/// Where a recommendation rests on places: their lines, and the end of the sentence.
fn lines(evidence: &[Evidence]) -> String {
    let lines: Vec<String> = evidence.iter().map(|place| place.start_line.to_string()).collect();
    match lines.as_slice() {
        [] => String::from("."),
        [line] => format!(" (line {line})."),
        lines => format!(" (lines {}).", lines.join(", ")),
    }
}

fn hazard_text(hazard: &HazardRule, places: &[Place]) -> String {
    if !hazard.own.text.contains("{matches}") {
        return hazard.own.text.clone();
    }
    let mut words: Vec<String> = Vec::new();
    for found in places.iter().filter_map(|place| place.words.as_ref()) {
        let quoted = format!("“{found}”");
        if !words.contains(&quoted) {
            words.push(quoted);
        }
    }
    let words = if words.is_empty() { String::from("the words quoted") } else { words.join(", ") };
    hazard.own.text.replace("{matches}", &words)
}

/// Packs are checked to hold no blank text; the fallback is for the type alone.
fn said(text: &str) -> Text {
    Text::or(text, "not said")
}

fn searched(topic: &TopicRule) -> Vec<Text> {
    let headings = said(&format!("headings: {}", topic.own.headings.join(", ")));
    let described = !topic.own.phrases.is_empty();
    let phrases = described.then(|| said(&format!("phrases: {}", topic.own.phrases_in_words)));
    std::iter::once(headings).chain(phrases).collect()
}
