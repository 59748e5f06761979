//! Which runs of a list are wanted, by what their manifests and first events say.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::audit::UNKNOWN;
use super::decimal::Confidence;
use super::decision::Label;
use super::ids::{JobId, RunId};
use super::manifest::Manifest;
use super::policy::VersionName;
use super::step::RunStatus;
use super::view::RunRow;

/// What a list tells of a run, and what it can be chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What is told.
    pub row: RunRow,
    /// Who made it, where that was read.
    pub by: Option<String>,
    /// The version of its data structures.
    pub schema_version: Option<String>,
    /// Its prompt set.
    pub prompt_set_version: Option<String>,
    /// Who answered, each once.
    pub models: Vec<String>,
}

impl Listed {
    /// What is told of the run that `manifest` is of, made at `created_at` by `by`.
    #[must_use]
    pub fn of(
        (job_id, run_id): (JobId, RunId),
        manifest: Manifest,
        created_at: Option<String>,
        by: Option<String>,
    ) -> Self {
        let mut models: Vec<String> =
            manifest.answerers().into_iter().map(|(_, model)| model.to_owned()).collect();
        models.dedup();
        let decision = manifest.decision;
        Self {
            row: RunRow {
                job_id,
                run_id,
                created_at,
                status: manifest.status,
                decision: decision.as_ref().map(|decision| decision.label),
                weighted_confidence: decision.map(|decision| decision.weighted_confidence),
                manifest_version: manifest.schema_version,
                policy: manifest.policy,
            },
            by,
            schema_version: manifest.data_schema_version,
            prompt_set_version: manifest.prompt_set_version,
            models,
        }
    }
}

/// Which runs are wanted; what is none filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// How far they are.
    pub status: Option<RunStatus>,
    /// What was decided.
    pub decision: Option<Label>,
    /// The version of their data structures; `unknown` where it is not recorded.
    pub schema_version: Option<String>,
    /// The version of their manifest.
    pub manifest_version: Option<String>,
    /// Their prompt set; `unknown` where it is not recorded.
    pub prompt_set: Option<String>,
    /// The policy, or the version of one, that they were completed under.
    pub policy: Option<VersionName>,
    /// A model that answered one of their steps.
    pub model: Option<String>,
    /// Words of who made them.
    pub by: Option<String>,
    /// When they were made: then or later.
    pub since: Option<Moment>,
    /// When they were made: before.
    pub until: Option<Moment>,
    /// The least weighted confidence.
    pub min_confidence: Option<Confidence>,
}

/// A day, or a time on one, in UTC: `2026-01-02` or `2026-01-02T03:04:05Z`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(String);

/// A text that is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it takes a day, such as 2026-01-02, or a time in UTC, such as 2026-01-02T03:04:05Z")]
pub struct NoMoment;

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let pattern = "dddd-dd-ddTdd:dd:ddZ";
        let fits = |pattern: &str| {
            let fit = |(byte, wanted): (u8, u8)| {
                if wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted }
            };
            text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fit)
        };
        let number =
            |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
        let is_day = number(5..7).is_some_and(|month| (1..=12).contains(&month))
            && number(8..10).is_some_and(|day| (1..=31).contains(&day));
        // Without its `Z` a time sorts before itself with fractions of a second.
        (is_day && (fits(&pattern[..10]) || fits(pattern)))
            .then(|| Self(text.trim_end_matches('Z').to_owned()))
            .ok_or(NoMoment)
    }
}

impl RunFilter {
    /// Whether it asks who made a run, which is read for that alone.
    #[must_use]
    pub fn asks_who(&self) -> bool {
        self.by.is_some()
    }

    /// Whether a run is wanted, as far as it is recorded what it is.
    #[must_use]
    pub fn wants(&self, run: &Listed) -> bool {
        let is = |wanted: &Option<String>, recorded: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| recorded.unwrap_or(UNKNOWN) == wanted)
        };
        let row = &run.row;
        let created_at = row.created_at.as_deref();
        let policy = |wanted: &VersionName| {
            row.policy.as_ref().is_some_and(|policy| {
                policy.name == wanted.policy.as_str()
                    && wanted.version.is_none_or(|version| version == policy.version)
            })
        };
        self.status.is_none_or(|status| row.status == status)
            && self.decision.is_none_or(|label| row.decision == Some(label))
            && is(&self.schema_version, run.schema_version.as_deref())
            && is(&self.manifest_version, Some(&row.manifest_version))
            && is(&self.prompt_set, run.prompt_set_version.as_deref())
            && self.policy.as_ref().is_none_or(policy)
            && self.model.as_ref().is_none_or(|model| run.models.contains(model))
            && self.by.as_ref().is_none_or(|words| run.by.as_ref().is_some_and(|by| by.contains(words)))
            && self.since.as_ref().is_none_or(|since| created_at.is_some_and(|at| at >= since.0.as_str()))
            && self.until.as_ref().is_none_or(|until| created_at.is_some_and(|at| at < until.0.as_str()))
            && self
                .min_confidence
                .is_none_or(|least| row.weighted_confidence.is_some_and(|confidence| confidence >= least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_times() {
        let moment = |text: &str| text.parse::<Moment>();
        assert!(moment("2026-01-02").unwrap() < moment("2026-01-02T03:04:05Z").unwrap());
        for bad in [
            "",
            "2026",
            "2026-13-01",
            "2026-01-32",
            "2026-01-02T03:04:05",
            "2026-1-2",
            "yesterday",
            "2026-01-02Z",
        ] {
            assert_eq!(moment(bad), Err(NoMoment), "{bad}");
        }
    }
}
