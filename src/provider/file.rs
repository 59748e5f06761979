//! Answers that people or other programs wrote, as files: `reviews/<persona>.json`, and `proposal.json` where
//! somebody expanded the idea. It relies on the files having been read; nothing here touches the disk.

use std::collections::BTreeMap;

use super::{Ledger, Provider, ProviderError, Subject};
use crate::domain::answer::ReviewAnswer;
use crate::domain::identity::{Input, Inputs};
use crate::domain::ids::PersonaId;
use crate::domain::json::from_slice;
use crate::domain::panel::{FILE, Panel, Persona};
use crate::domain::proposal::Proposal;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;

/// The proposal's file.
const PROPOSAL: &str = "proposal.json";

/// Why a file is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct AnswerError {
    /// The file, in the directory of answers.
    pub file: String,
    /// What is wrong, with its place.
    pub problem: String,
}

/// Answers, checked.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    proposal: Option<Proposal>,
    reviews: BTreeMap<PersonaId, ReviewAnswer>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Answers {
    /// Reads files by their path in the directory; all of them are answers of `panel`.
    ///
    /// # Errors
    /// [`AnswerError`] for the first that is not.
    pub fn read(files: BTreeMap<String, Vec<u8>>, panel: &Panel) -> Result<Self, AnswerError> {
        let mut answers = Self::default();
        for (file, bytes) in &files {
            let refused = |problem: String| AnswerError { file: file.clone(), problem };
            if file == PROPOSAL {
                answers.proposal = Some(from_slice(bytes).map_err(|error| refused(error.to_string()))?);
                continue;
            }
            let persona = persona_of(file, panel).map_err(refused)?;
            let answer: ReviewAnswer = from_slice(bytes).map_err(|error| refused(error.to_string()))?;
            if let Some(other) = answer.persona_id.as_ref().filter(|said| **said != persona) {
                return Err(refused(format!(
                    "field `persona_id`: it says `{other}`; the file is `{persona}`'s"
                )));
            }
            answers.reviews.insert(persona, answer);
        }
        answers.files = files;
        Ok(answers)
    }

    /// Whether a proposal was handed in.
    #[must_use]
    pub fn has_proposal(&self) -> bool {
        self.proposal.is_some()
    }

    /// Whether a review by `persona` was handed in.
    #[must_use]
    pub fn has_review(&self, persona: &PersonaId) -> bool {
        self.reviews.contains_key(persona)
    }
}

/// The file in which `persona`'s review is looked for.
#[must_use]
pub fn review_file(persona: &PersonaId) -> String {
    format!("reviews/{persona}.json")
}

fn persona_of(file: &str, panel: &Panel) -> Result<PersonaId, String> {
    let known = panel.personas.iter().find(|persona| review_file(&persona.id) == file);
    known.map(|persona| persona.id.clone()).ok_or_else(|| {
        let ids: Vec<&str> = panel.personas.iter().map(|persona| persona.id.as_str()).collect();
        format!("nobody of that name is on the panel; there are {}", ids.join(", "))
    })
}

impl Provider for Answers {
    fn model(&self, step: &Step) -> Option<StepModel> {
        StepModel::untuned(step, FILE, "answers")
    }

    fn inputs(&self) -> Inputs {
        self.files
            .iter()
            .map(|(file, bytes)| (format!("answers/{file}"), Input::new(bytes.as_slice())))
            .collect()
    }

    fn expand(&self, _subject: &Subject<'_>, _ledger: &dyn Ledger) -> Result<Proposal, ProviderError> {
        self.proposal.clone().ok_or_else(|| ProviderError::MissingAnswer(PROPOSAL.to_owned()))
    }

    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        _proposal: &Proposal,
        _ledger: &dyn Ledger,
    ) -> Result<PersonaReview, ProviderError> {
        let answer = self.reviews.get(&persona.id);
        let answer = answer.ok_or_else(|| ProviderError::MissingAnswer(review_file(&persona.id)))?;
        Ok(answer.review(persona, subject.idea))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, text: &str) -> Result<Answers, String> {
        let files = [(file.to_owned(), text.as_bytes().to_vec())].into();
        Answers::read(files, &Panel::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file_and_place() {
        assert!(read("reviews/critic.json", r#"{"confidence_score":0.5}"#).is_ok());
        for (file, text, expected) in [
            (
                "reviews/critik.json",
                "{}",
                "reviews/critik.json: nobody of that name is on the panel; there are architect",
            ),
            ("reviews/critic.json", "{", "reviews/critic.json: "),
            ("reviews/critic.json", "{}", "reviews/critic.json: top level: missing field `confidence_score`"),
            (
                "reviews/critic.json",
                r#"{"confidence_score":1.5}"#,
                "reviews/critic.json: field `confidence_score`: ",
            ),
            (
                "reviews/critic.json",
                r#"{"confidence_score":1,"concerns":[{"text":" "}]}"#,
                "reviews/critic.json: field `concerns[0].text`: must not be blank",
            ),
            (
                "reviews/critic.json",
                r#"{"confidence_score":1,"persona_id":"architect"}"#,
                "reviews/critic.json: field `persona_id`: it says `architect`",
            ),
            ("proposal.json", "{}", "proposal.json: "),
        ] {
            let problem = read(file, text).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
