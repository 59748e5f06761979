//! Identity: how a run's id follows from its inputs.
//!
//! 1. For each file under `inputs/`, `h[name] = "sha256:" + hex(sha256(bytes))`, the name being its path
//!    under `inputs/`. 2. `inputs_hash` is the digest of the canonical form of `h`. 3. The run id is the
//!    first 32 hexadecimal digits of that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::digest::Digest;
use super::json::{self, Value};

/// The files under `inputs/`, by their paths there.
pub type Inputs = BTreeMap<String, Input>;

/// A file under `inputs/`: its bytes, and what they hash to. Copies share the bytes, as runs share most of their inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    bytes: Arc<[u8]>,
    digest: Digest,
}

impl Input {
    /// A file with these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), bytes }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// The hash of a set of named inputs.
pub fn inputs_hash<'a>(digests: impl IntoIterator<Item = (&'a str, Digest)>) -> Digest {
    let members = digests.into_iter().map(|(name, digest)| (name.to_owned(), digest.to_string().into()));
    json::digest(&Value::Object(members.collect()))
}

#[cfg(test)]
mod tests {
    use super::super::ids::RunId;
    use super::*;

    #[test]
    fn the_order_of_files_does_not_matter_and_every_byte_does() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let hash = inputs_hash([("idea.md", a), ("request.json", b)]);
        assert_eq!(hash, inputs_hash([("request.json", b), ("idea.md", a)]));
        assert_ne!(hash, inputs_hash([("idea.txt", a), ("request.json", b)]));
        assert_ne!(hash, inputs_hash([("idea.md", b), ("request.json", a)]));
        assert_eq!(RunId::of_inputs(&hash).as_str(), &hash.hex()[..32]);
    }

    #[test]
    fn the_formula_has_not_changed() {
        // Golden: every run id ever made depends on it.
        let hash = inputs_hash([("idea.md", Digest::of(b"An idea.\n"))]);
        assert_eq!(
            hash.to_string(),
            "sha256:1e4d6e12481d91fa9cf677bcc55c69d33f510c3008a179f02dad60ab48605aec"
        );
    }
}
