//! Whether the versions that a run records agree with one another, and with those that are expected.
//!
//! Mixed versions are a warning and never a failure of the run: what was recorded stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::Serialize;

use super::ids::{JobId, RunId};
use super::manifest::{Manifest, StepMetadata};

/// What is not recorded.
pub const UNKNOWN: &str = "unknown";

/// A version that is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Of the data structures.
    Schema,
    /// Of the prompt set.
    Prompt,
}

impl Subject {
    const ALL: [Self; 2] = [Self::Schema, Self::Prompt];

    const fn mixed(self) -> &'static str {
        match self {
            Self::Schema => "mixed_schema_versions",
            Self::Prompt => "mixed_prompt_versions",
        }
    }

    const fn unexpected(self) -> &'static str {
        match self {
            Self::Schema => "unexpected_schema_version",
            Self::Prompt => "unexpected_prompt_version",
        }
    }

    fn of_run(self, manifest: &Manifest) -> Option<&str> {
        match self {
            Self::Schema => manifest.data_schema_version.as_deref(),
            Self::Prompt => manifest.prompt_set_version.as_deref(),
        }
    }

    fn of_step(self, metadata: &StepMetadata) -> Option<&str> {
        match self {
            Self::Schema => metadata.schema_version.as_deref(),
            Self::Prompt => metadata.prompt_set_version.as_deref(),
        }
    }
}

/// The versions that are expected, by what they are of; nothing is expected of what is not named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(BTreeMap<Subject, BTreeSet<String>>);

/// A text that names no expected versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it takes schema=VERSION and prompt=VERSION, separated by commas; `{UNKNOWN}` is what is not recorded"
)]
pub struct NotExpected;

impl FromStr for Expected {
    type Err = NotExpected;

    fn from_str(text: &str) -> Result<Self, NotExpected> {
        let mut expected: BTreeMap<Subject, BTreeSet<String>> = BTreeMap::new();
        for part in text.split(',') {
            let (subject, version) = part.trim().split_once('=').ok_or(NotExpected)?;
            let subject = match subject {
                "schema" => Subject::Schema,
                "prompt" => Subject::Prompt,
                _ => return Err(NotExpected),
            };
            if version.trim().is_empty() {
                return Err(NotExpected);
            }
            expected.entry(subject).or_default().insert(version.trim().to_owned());
        }
        Ok(Self(expected))
    }
}

/// A run, and the versions that it records as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunVersions {
    /// The job.
    pub job_id: JobId,
    /// The run.
    pub run_id: RunId,
    /// The version of its data structures, or `unknown`.
    pub schema_version: String,
    /// Its prompt set, or `unknown`.
    pub prompt_set_version: String,
}

impl RunVersions {
    /// Those that a manifest records.
    #[must_use]
    pub fn of(job: &JobId, run: &RunId, manifest: &Manifest) -> Self {
        let or_unknown = |recorded: Option<&str>| recorded.unwrap_or(UNKNOWN).to_owned();
        Self {
            job_id: job.clone(),
            run_id: run.clone(),
            schema_version: or_unknown(manifest.data_schema_version.as_deref()),
            prompt_set_version: or_unknown(manifest.prompt_set_version.as_deref()),
        }
    }
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The run.
    #[serde(flatten)]
    pub run: RunVersions,
    /// What it is, as a stable word.
    pub code: &'static str,
    /// The versions, each with the steps that record it; `run` is what the run as a whole records.
    pub versions: BTreeMap<String, Vec<String>>,
}

/// What does not agree of a run: its steps with one another, and its versions with those that are expected.
#[must_use]
pub fn audit(job: &JobId, run: &RunId, manifest: &Manifest, expected: &Expected) -> Vec<Warning> {
    let warning = |code, versions: &BTreeMap<String, Vec<String>>| Warning {
        run: RunVersions::of(job, run, manifest),
        code,
        versions: versions.clone(),
    };
    let mut warnings = Vec::new();
    for subject in Subject::ALL {
        let versions = recorded(subject, manifest);
        if versions.len() > 1 {
            warnings.push(warning(subject.mixed(), &versions));
        }
        let Some(wanted) = expected.0.get(&subject) else { continue };
        let unknown = || BTreeMap::from([(UNKNOWN.to_owned(), vec!["run".to_owned()])]);
        let mut others = if versions.is_empty() { unknown() } else { versions };
        others.retain(|version, _| !wanted.contains(version));
        if !others.is_empty() {
            warnings.push(warning(subject.unexpected(), &others));
        }
    }
    warnings
}

fn recorded(subject: Subject, manifest: &Manifest) -> BTreeMap<String, Vec<String>> {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut see = |version: Option<&str>, name: String| {
        // What is not recorded agrees with everything.
        if let Some(version) = version {
            versions.entry(version.to_owned()).or_default().push(name);
        }
    };
    see(subject.of_run(manifest), "run".to_owned());
    for step in manifest.steps.iter().flatten() {
        let version = step.step_metadata.as_ref().and_then(|metadata| subject.of_step(metadata));
        see(version, step.name.to_string());
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_versions_are_read() {
        let expected: Expected = "schema=1.0.0, prompt=1.0.0,schema=1.1.0".parse().unwrap();
        assert_eq!(expected.0[&Subject::Schema].len(), 2);
        for bad in ["", "schema", "schema=", "manifest=1.0.0", "schema=1,,"] {
            assert_eq!(bad.parse::<Expected>(), Err(NotExpected), "{bad}");
        }
    }
}
