//! The manifest: what a run is, in one file.
//!
//! Schema versions are additive, so the shape of the newest version with every later member absent is
//! the shape of each earlier one, and one type reads them all. Members that are not known are kept.

mod history;
mod v1_4_0;
mod version;

pub use history::{Backup, HISTORY, TOOL, backups, check_history};
pub use v1_4_0::{
    ChainMetadata, DecisionSummary, FileRecord, Manifest, PriorStage, RunError, StepMetadata, StepName,
    StepRecord,
};

pub use version::{SHAPES, Shape, fits, later_members};

use semver::Version;

use super::json::{self, JsonError, Value};

/// The manifest version that new runs have.
pub const MANIFEST_VERSION: &str = "1.4.0";
/// A manifest larger than this is refused.
pub const MAX_MANIFEST_BYTES: u64 = 16 * 1024 * 1024;

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not strict JSON, or a member has the wrong shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It does not say which version it has.
    #[error("field `schema_version`: it is missing, or no text")]
    Unversioned,
    /// It is of a version that this program does not know.
    #[error("field `schema_version`: `{}` is not a version this program knows (up to {MANIFEST_VERSION})", .0.escape_debug())]
    UnknownVersion(String),
}

/// A manifest with everything its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What is understood.
    pub manifest: Manifest,
    /// All of it, what is not understood included.
    pub value: Value,
}

impl Document {
    /// Reads a manifest of any known version.
    ///
    /// # Errors
    /// [`ManifestError`] when the bytes are not strict JSON of a known version's shape.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value = Value::parse(bytes)?;
        let stated = value.get("schema_version").and_then(Value::as_str).ok_or(ManifestError::Unversioned)?;
        let version = Version::parse(stated).ok().filter(is_known);
        let Some(version) = version else {
            return Err(ManifestError::UnknownVersion(stated.chars().take(40).collect()));
        };
        // A member of a later version counts where it has the shape that it has there; another tool may
        // have meant something else by its name.
        let manifest = json::from_checked(bytes).or_else(|_| version::read_as(&version, &value))?;
        Ok(Self { manifest, value })
    }
}

impl Manifest {
    /// Who answered, as provider and model, each pair once, in the order of the steps; what was not recorded
    /// is left out.
    #[must_use]
    pub fn answerers(&self) -> Vec<(&str, &str)> {
        let mut answerers = Vec::new();
        for metadata in self.steps.iter().flatten().filter_map(|step| step.step_metadata.as_ref()) {
            let pair = metadata.provider.as_deref().zip(metadata.model.as_deref());
            answerers.extend(pair.filter(|pair| !answerers.contains(pair)));
        }
        answerers
    }

    /// As [`Document::read`], where what the type does not know is not wanted: in half the time.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        match json::from_slice::<Self>(bytes) {
            Ok(manifest)
                if Version::parse(&manifest.schema_version).is_ok_and(|version| is_known(&version)) =>
            {
                Ok(manifest)
            }
            _ => Document::read(bytes).map(|document| document.manifest),
        }
    }
}

/// Whether this program knows a manifest version.
#[must_use]
pub fn is_known(version: &Version) -> bool {
    SHAPES.iter().any(|shape| shape.version == *version)
}

/// The bytes of `manifest`, with the members of `previous` that this version does not know.
#[must_use]
pub fn render(manifest: &Manifest, previous: Option<&Value>) -> Vec<u8> {
    let known = json::to_value(manifest);
    let unknown = previous.into_iter().flat_map(Value::members).filter(|(key, _)| known.get(key).is_none());
    let members = known.members().iter().chain(unknown).cloned().collect();
    json::pretty(&Value::Object(members)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Document, ManifestError> {
        Document::read(text.as_bytes())
    }

    #[test]
    fn an_old_manifest_is_read_with_everything_it_does_not_say_unknown() {
        let old = r#"{"schema_version":"1.0.0","job_id":"j","run_id":"abc123","job_ref":"j","job_type":"x",
            "status":"succeeded","artifacts":{},"meta":{},"generation_metadata":{},"migration_history":[],"own":1}"#;
        let document = read(old).unwrap();
        assert_eq!(document.manifest.inputs_hash, None);
        assert_eq!(document.manifest.prompt_set_version, None);
        let rendered = Document::read(&render(&document.manifest, Some(&document.value))).unwrap();
        assert_eq!(rendered.value.get("own"), Some(&Value::Number("1".into())));
    }

    #[test]
    fn what_is_no_known_version_says_so() {
        assert_eq!(read("{}").unwrap_err(), ManifestError::Unversioned);
        assert_eq!(read(r#"{"schema_version":1}"#).unwrap_err(), ManifestError::Unversioned);
        assert_eq!(read("[]").unwrap_err(), ManifestError::Unversioned);
        let newer = read(r#"{"schema_version":"9.0.0"}"#).unwrap_err();
        assert_eq!(newer, ManifestError::UnknownVersion("9.0.0".into()));
        assert!(matches!(read("{").unwrap_err(), ManifestError::Json(_)));
        assert!(read(r#"{"schema_version":"1.4.0"}"#).unwrap_err().to_string().contains("job_id"));
    }
}
