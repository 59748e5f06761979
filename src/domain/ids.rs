//! Names of jobs, runs and personas: types that cannot hold a bad name.
//!
//! The alphabets are narrow on purpose: an id is also the name of a folder, so it must be the same
//! on every file system and can never lead out of the store.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be a {what}: {rule}", text.escape_debug())]
pub struct IdError {
    what: &'static str,
    text: String,
    rule: &'static str,
}

const NAME_RULE: &str =
    "it takes 1 to 128 letters, digits, `.`, `_` and `-`, the first one a letter or digit";

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 1..=128)
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $valid:expr, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    let text = text.chars().take(140).collect();
                    Err(IdError { what: $what, text, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The thing under governance, reviewed again and again as it changes; chosen by people.
    JobId,
    "job id",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    |text| is_name(text) && text != "runs",
    "it takes 1 to 128 letters, digits, `.`, `_` and `-`, the first one a letter or digit, and it is not `runs`"
);

id!(
    /// One review of exact inputs. New ids are the first 32 hexadecimal digits of the inputs' hash;
    /// older tools wrote others, so any name of the job alphabet is read.
    RunId,
    "run id",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    is_name,
    NAME_RULE
);

id!(
    /// One reviewer on the panel.
    PersonaId,
    "persona id",
    "^[a-z][a-z0-9_]{0,63}$",
    |text| {
        let bytes = text.as_bytes();
        matches!(bytes.len(), 1..=64)
            && bytes[0].is_ascii_lowercase()
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
    },
    "it takes 1 to 64 lower-case letters, digits and `_`, the first one a letter"
);

id!(
    /// A policy.
    PolicyName,
    "policy name",
    "^[a-z0-9][a-z0-9._-]{0,63}$",
    |text| {
        is_name(text)
            && text.len() <= 64
            && !text.bytes().any(|byte| byte.is_ascii_uppercase())
    },
    "it takes 1 to 64 lower-case letters, digits, `.`, `_` and `-`, the first one a letter or digit"
);

id!(
    /// A period that separates versions of one artifact, such as a quarter or a release.
    Cycle,
    "name for a cycle",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    is_name,
    NAME_RULE
);

id!(
    /// What of a job is versioned: `proposal` for a reviewed document, or a name that a team gives.
    Phase,
    "name for a phase",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    is_name,
    NAME_RULE
);

id!(
    /// One thing to decide in a version; it keeps its id in every version that it is in.
    ItemId,
    "name for an item",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
    is_name,
    NAME_RULE
);

impl JobId {
    /// The job id for an idea that came without a usable name: `idea-` and 8 digits of its hash.
    #[must_use]
    pub fn of_idea(idea: &[u8]) -> Self {
        Self(format!("idea-{}", &Digest::of(idea).hex()[..8]))
    }

    /// The lower-case ASCII slug of a file's stem; none when nothing of it is left.
    #[must_use]
    pub fn slug(stem: &str) -> Option<Self> {
        let mut slug = String::new();
        for letter in stem.chars() {
            if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') {
                slug.push(letter.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        let start = slug.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let cut = &start[..start.len().min(128)];
        cut.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).parse().ok()
    }
}

impl RunId {
    /// The run id that follows from the hash of a run's inputs.
    #[must_use]
    pub fn of_inputs(inputs_hash: &Digest) -> Self {
        Self(inputs_hash.hex()[..32].to_owned())
    }

    /// Whether it follows from the hash of a run's inputs. Older tools numbered a second directory of the
    /// same inputs: `-2` and so on.
    #[must_use]
    pub fn follows_from(&self, inputs_hash: &Digest) -> bool {
        let numbered =
            |rest: &str| rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok());
        let rest = self.0.strip_prefix(Self::of_inputs(inputs_hash).as_str());
        rest.is_some_and(|rest| rest.is_empty() || numbered(rest))
    }

    /// Whether it has the form of one that follows from inputs.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.0.len() == 32 && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_store_are_refused() {
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            ".hidden",
            "-x",
            "runs",
            "a b",
            "a\0b",
            "é",
            "a\n",
            &"x".repeat(129),
        ] {
            assert!(bad.parse::<JobId>().is_err(), "{bad:?}");
        }
        for good in ["a", "A-1.b_c", "0", &"x".repeat(128)] {
            assert!(good.parse::<JobId>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_refusal_shows_control_characters_as_escapes() {
        let message = "a\u{1b}[2J".parse::<JobId>().unwrap_err().to_string();
        assert!(message.contains("a\\u{1b}[2J"), "{message}");
    }

    #[test]
    fn slugs_are_plain_names() {
        let slug = |stem| JobId::slug(stem).map(String::from);
        assert_eq!(slug("RFC 0042: Réseau").as_deref(), Some("rfc-0042-r-seau"));
        assert_eq!(slug("..weird..").as_deref(), Some("weird"));
        assert_eq!(slug("数据"), None);
        assert_eq!(slug("runs"), None);
        assert_eq!(slug(&"x".repeat(300)).unwrap().len(), 128);
    }
}
