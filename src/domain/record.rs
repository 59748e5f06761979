//! Numbered records: an append-only list of files, each sealed by a digest and naming the one before.
//!
//! A record is a JSON object with an envelope (`number`, `at`, `by`, `parent`, `digest`) and its own
//! content. `digest` is the SHA-256 of the canonical form of the object without `digest`; `parent` is
//! the digest of the record before it, null for the first. Nothing is edited or deleted.

use serde::Deserialize;

use super::digest::Digest;
use super::json::{self, JsonError, Value};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    /// By whom, unauthenticated.
    pub by: String,
    /// The digest of the record before it.
    pub parent: Option<Digest>,
    /// The digest of this record.
    pub digest: Digest,
    /// Everything else that it holds.
    pub content: Value,
}

/// Why a record is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is no such JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It says what it said, in other bytes.
    #[error("it is not, to the byte, as it was written")]
    Form,
    /// Its content is not what its digest says.
    #[error("digest: {recorded} is recorded, the content has {actual}")]
    Digest {
        /// As the file says.
        recorded: Digest,
        /// As computed.
        actual: Digest,
    },
    /// Its number is not the one of its file.
    #[error("number: {found} stands in the file of number {expected}")]
    Number {
        /// What the file name says.
        expected: u64,
        /// What the record says.
        found: u64,
    },
    /// It does not follow the record before it.
    #[error("parent: it does not name the record before it")]
    Parent,
}

#[derive(Deserialize)]
struct Envelope {
    number: u64,
    at: String,
    by: String,
    parent: Option<Digest>,
    digest: Digest,
}

const ENVELOPE: [&str; 5] = ["number", "at", "by", "parent", "digest"];

/// The bytes of a new record and its digest.
#[must_use]
pub fn seal(number: u64, at: &str, by: &str, parent: Option<Digest>, content: Value) -> (Vec<u8>, Digest) {
    let parent = parent.map_or(Value::Null, |digest| digest.to_string().into());
    let open = content
        .with("number", Value::Number(number.to_string()))
        .with("at", at.into())
        .with("by", by.into())
        .with("parent", parent);
    let digest = json::digest(&open);
    (json::pretty(&open.with("digest", digest.to_string().into())).into_bytes(), digest)
}

/// Reads record `number`, which follows the record with digest `parent`.
///
/// # Errors
/// [`RecordError`] when the bytes are no record, were changed, or stand in the wrong place.
pub fn open(bytes: &[u8], number: u64, parent: Option<Digest>) -> Result<Record, RecordError> {
    let value = Value::parse(bytes)?;
    let envelope: Envelope = json::from_value(&value)?;
    let is_as_written = json::pretty(&value).as_bytes() == bytes;
    let unsealed = value.without("digest");
    let actual = json::digest(&unsealed);
    if actual != envelope.digest {
        return Err(RecordError::Digest { recorded: envelope.digest, actual });
    }
    if !is_as_written {
        return Err(RecordError::Form);
    }
    if envelope.number != number {
        return Err(RecordError::Number { expected: number, found: envelope.number });
    }
    if envelope.parent != parent {
        return Err(RecordError::Parent);
    }
    let content = ENVELOPE.iter().fold(unsealed, |value, name| value.without(name));
    let Envelope { at, by, .. } = envelope;
    Ok(Record { number, at, by, parent, digest: actual, content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_read_as_it_was_sealed_and_no_other_way() {
        let content = Value::Object(vec![("note".into(), "first".into())]);
        let (first, head) = seal(1, "2026-01-01T00:00:00Z", "system", None, content.clone());
        let (second, _) = seal(2, "2026-01-02T00:00:00Z", "me", Some(head), content.clone());
        assert_eq!(open(&first, 1, None).unwrap().content, content);
        assert_eq!(open(&second, 2, Some(head)).unwrap().by, "me");
        assert!(matches!(open(&second, 1, None), Err(RecordError::Number { .. })));
        assert!(matches!(open(&second, 2, None), Err(RecordError::Parent)));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let content = Value::Object(vec![("note".into(), "first".into())]);
        let (bytes, _) = seal(1, "2026-01-01T00:00:00Z", "system", None, content);
        open(&bytes, 1, None).unwrap();
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(open(&flipped, 1, None).is_err(), "bit {at}");
        }
    }
}
