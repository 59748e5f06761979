//! Values that may be secret, left out: those under keys that are named like secrets.

use crate::domain::json::Value;

/// Anywhere in a name, in lower case.
const PARTS: [&str; 9] =
    ["token", "secret", "password", "passwd", "passphrase", "credential", "apikey", "bearer", "cookie"];
/// A whole word of a name, in lower case: `monkey` and `author` are none.
const WORDS: [&str; 8] = ["key", "keys", "auth", "authorization", "authorisation", "pwd", "pw", "pin"];

/// `value` with `[redacted]` in place of every value under such a key.
pub(super) fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): &(String, Value)| {
                (name.clone(), if is_secret(name) { "[redacted]".into() } else { redacted(value) })
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(redacted).collect()),
        value => value.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let squeezed: String = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let is_part = PARTS.iter().any(|part| squeezed.contains(part));
    is_part || words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name, in lower case: parted by signs, or by a capital after a small letter.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut was_small) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (was_small && letter.is_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words.push(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_left_out() {
        for secret in [
            "token",
            "accessToken",
            "API_KEY",
            "apiKey",
            "api-key",
            "Key",
            "client_secret",
            "Password",
            "passwd",
            "db.pwd",
            "passphrase",
            "Authorization",
            "auth",
            "x-auth",
            "credentials",
            "bearer",
            "Set-Cookie",
            "pass_word",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for plain in ["author", "monkey", "effort", "keyboard", "pinned", "passes"] {
            assert!(!is_secret(plain), "{plain}");
        }
        let value =
            Value::parse(br#"{"a":[{"API_KEY":"x","b":1}],"Password":{"c":2},"author":"me"}"#).unwrap();
        let text = crate::domain::json::canonical(&redacted(&value));
        assert_eq!(text, r#"{"Password":"[redacted]","a":[{"API_KEY":"[redacted]","b":1}],"author":"me"}"#);
    }
}
