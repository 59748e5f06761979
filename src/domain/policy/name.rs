//! How a person names a policy or one of its versions: `NAME` or `NAME@N`.

use std::fmt;
use std::str::FromStr;

use crate::domain::ids::PolicyName;

/// A policy, or one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionName {
    /// The policy.
    pub policy: PolicyName,
    /// The version, from 1; the newest where it is none.
    pub version: Option<u64>,
}

/// Why a text names no version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no policy: it takes NAME or NAME@N, NAME of 1 to 64 of a-z, 0-9, `.`, `_` and `-`, a letter or digit first, N from 1 on", .0.escape_debug())]
pub struct VersionNameError(String);

impl FromStr for VersionName {
    type Err = VersionNameError;

    fn from_str(text: &str) -> Result<Self, VersionNameError> {
        let bad = || VersionNameError(text.chars().take(100).collect());
        let (policy, version) = match text.split_once('@') {
            None => (text, None),
            Some((policy, version)) => {
                let is_plain = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
                let version = version.parse().ok().filter(|_| is_plain);
                (policy, Some(version.ok_or_else(bad)?))
            }
        };
        Ok(Self { policy: policy.parse().map_err(|_| bad())?, version })
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.policy),
            None => write!(f, "{}", self.policy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_name_and_a_number() {
        let parse = |text: &str| text.parse::<VersionName>();
        assert_eq!(parse("strict").unwrap().version, None);
        assert_eq!(parse("strict@12").unwrap().to_string(), "strict@12");
        for bad in [
            "",
            "@1",
            "strict@",
            "strict@0",
            "strict@01",
            "strict@+1",
            "strict@x",
            "Strict",
            "../x",
            "a/b",
            ".x",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
