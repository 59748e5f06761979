//! Which runs of a list are wanted, by what their manifests and first events say.

use std::str::FromStr;

use super::audit::UNKNOWN;
use super::decimal::Confidence;
use super::decision::Label;
use super::manifest::Manifest;
use super::policy::VersionName;
use super::step::RunStatus;

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

    /// Whether a run is wanted that was made at `created_at` by `by`, as far as that is recorded.
    #[must_use]
    pub fn wants(&self, manifest: &Manifest, created_at: Option<&str>, by: Option<&str>) -> bool {
        let is = |wanted: &Option<String>, recorded: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| recorded.unwrap_or(UNKNOWN) == wanted)
        };
        let decision = manifest.decision.as_ref();
        let policy = |wanted: &VersionName| {
            manifest.policy.as_ref().is_some_and(|policy| {
                policy.name == wanted.policy.as_str()
                    && wanted.version.is_none_or(|version| version == policy.version)
            })
        };
        self.status.is_none_or(|status| manifest.status == status)
            && self.decision.is_none_or(|label| decision.is_some_and(|decision| decision.label == label))
            && is(&self.schema_version, manifest.data_schema_version.as_deref())
            && is(&self.manifest_version, Some(&manifest.schema_version))
            && is(&self.prompt_set, manifest.prompt_set_version.as_deref())
            && self.policy.as_ref().is_none_or(policy)
            && self
                .model
                .as_ref()
                .is_none_or(|model| manifest.answerers().iter().any(|(_, asked)| asked == model))
            && self.by.as_ref().is_none_or(|words| by.is_some_and(|by| by.contains(words)))
            && self.since.as_ref().is_none_or(|since| created_at.is_some_and(|at| at >= since.0.as_str()))
            && self.until.as_ref().is_none_or(|until| created_at.is_some_and(|at| at < until.0.as_str()))
            && self
                .min_confidence
                .is_none_or(|least| decision.is_some_and(|decision| decision.weighted_confidence >= least))
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
