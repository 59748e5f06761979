//! A recording: exchanges by the requests that they answer, and what they were recorded with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::exchange::Exchange;
use crate::domain::request::{Models, Prompts};

/// What a recording was made with: `recording.json` beside the exchanges of a cassette.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedWith {
    /// Who answered which step.
    pub models: Models,
    /// The prompt set.
    pub prompts: Prompts,
    /// Which opinion on the same inputs it is.
    pub sample: u32,
}

impl RecordedWith {
    /// What differs from `other`, in words; none where nothing does.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (mine, others) = (&self.prompts, &other.prompts);
        if mine != others {
            let (one, two) = (&mine.prompt_set_version, &others.prompt_set_version);
            let also = if one == two { ", whose templates differ" } else { "" };
            return Some(format!("it was made with prompt set {one}, and this run has {two}{also}"));
        }
        let differs = self.models.steps.iter().find_map(|(step, model)| {
            let asked = other.models.steps.get(step)?;
            (asked != model).then(|| {
                format!(
                    "step `{step}` was answered by `{}` of `{}`, and this run asks `{}` of `{}`{}",
                    model.model,
                    model.provider,
                    asked.model,
                    asked.provider,
                    if asked.model == model.model { ", with other settings" } else { "" }
                )
            })
        });
        differs.or_else(|| {
            let (one, two) = (self.sample, other.sample);
            (one != two).then(|| format!("it holds sample {one}, and this run is sample {two}"))
        })
    }
}

/// Recorded answers.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    answers: BTreeMap<Digest, Exchange>,
}

impl Recording {
    /// The answers among these exchanges; of several to one request the last counts.
    pub fn of(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let answered = exchanges.into_iter().filter(Exchange::is_answered);
        Self { answers: answered.map(|exchange| (exchange.request.digest, exchange)).collect() }
    }

    /// The answer to a request.
    #[must_use]
    pub fn find(&self, request: Digest) -> Option<&Exchange> {
        self.answers.get(&request)
    }

    /// Whether there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}
