//! Values that may be secret, left out: those under keys that are named like secrets.

use crate::domain::json::Value;

/// Parts of such names, in lower case.
const NAMES: [&str; 6] = ["token", "key", "secret", "password", "auth", "credential"];

/// `value` with `[redacted]` in place of every value under such a key.
pub(super) fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): &(String, Value)| {
                let lower = name.to_lowercase();
                let is_secret = NAMES.iter().any(|part| lower.contains(part));
                (name.clone(), if is_secret { "[redacted]".into() } else { redacted(value) })
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(redacted).collect()),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_left_out_at_any_depth() {
        let value =
            Value::parse(br#"{"a":[{"API_KEY":"x","b":1}],"Password":{"c":2},"author":"me"}"#).unwrap();
        let text = crate::domain::json::canonical(&redacted(&value));
        assert_eq!(
            text,
            r#"{"Password":"[redacted]","a":[{"API_KEY":"[redacted]","b":1}],"author":"[redacted]"}"#
        );
    }
}
