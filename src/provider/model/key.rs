//! An API key: never shown, never stored, and taken out of whatever comes back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::domain::json::Value;

/// What stands where a key stood.
const REMOVED: &str = "[key removed]";
/// A shorter key is a stand-in for servers that want any, and is not searched for.
const SHORTEST: usize = 8;

/// A key out of the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

/// A text that cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds something other than visible ASCII characters, as no key does")]
pub struct NoKey;

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Takes a key; white space around it is not part of it.
    ///
    /// # Errors
    /// [`NoKey`] where it could not stand in a header.
    pub fn new(text: &str) -> Result<Self, NoKey> {
        let text = text.trim();
        let is_key = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self(text.to_owned())).ok_or(NoKey)
    }

    /// The key itself, for the one header that it belongs in.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the key, in whatever of the usual ways it is spelled. One that is too short to be secret stays:
    /// it would be found everywhere.
    pub(super) fn remove(&self, text: &str) -> String {
        if self.0.len() < SHORTEST {
            return text.to_owned();
        }
        self.forms().iter().fold(text.to_owned(), |text, form| {
            if text.contains(form.as_str()) { text.replace(form.as_str(), REMOVED) } else { text }
        })
    }

    /// The ways in which a key is spelled, the longest first.
    fn forms(&self) -> Vec<String> {
        let key = &self.0;
        let bytes = |form: fn(u8) -> String| key.bytes().map(form).collect::<String>();
        let html = key.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let percent = [
            percent_encoded(key, "-._~"),
            percent_encoded(key, "-._~/"),
            bytes(|byte| format!("%{byte:02X}")),
        ];
        let mut forms = vec![
            key.clone(),
            html,
            key.replace('/', r"\/"),
            STANDARD.encode(key),
            URL_SAFE_NO_PAD.encode(key),
            bytes(|byte| format!("{byte:02x}")),
            bytes(|byte| format!("{byte:02X}")),
            bytes(|byte| format!(r"\u{byte:04x}")),
        ];
        forms.extend(percent.iter().map(|form| form.to_lowercase()));
        forms.extend(percent);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        forms
    }

    /// A body without the key, however its JSON spells it.
    pub(super) fn remove_from_body(&self, body: &str) -> String {
        let body = self.remove(body);
        let Ok(value) = Value::parse(body.as_bytes()) else { return body };
        let clean = self.remove_from_value(&value);
        if clean == value { body } else { serde_json::to_string(&clean).unwrap_or_default() }
    }

    /// A value without the key in any of its texts, those included that are JSON themselves.
    pub(super) fn remove_from_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.remove_from_text(text)),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.remove_from_value(item)).collect())
            }
            Value::Object(members) => {
                let clean =
                    |(name, value): &(String, Value)| (self.remove(name), self.remove_from_value(value));
                Value::Object(members.iter().map(clean).collect())
            }
            other => other.clone(),
        }
    }

    fn remove_from_text(&self, text: &str) -> String {
        let text = self.remove(text);
        // Only what may be an object or an array can hide more of it.
        let nested = text.contains("\\u").then(|| Value::parse(text.as_bytes()).ok()).flatten();
        match nested {
            Some(value) if self.remove_from_value(&value) != value => {
                serde_json::to_string(&self.remove_from_value(&value)).unwrap_or_default()
            }
            _ => text,
        }
    }
}

fn percent_encoded(text: &str, plain: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte);
    let encoded = |byte: u8| if is_plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_however_it_is_spelled() {
        let key = Key::new(" sk-a/b+c \n").unwrap();
        assert_eq!(Key::new("none").unwrap().remove("none of it"), "none of it");
        for hidden in [
            r"sk-a/b+c",
            r"x sk-a%2Fb%2Bc",
            r"x sk-a%2fb%2bc",
            r"x sk-a/b%2Bc",
            r"x c2stYS9iK2M=",
            r"x 736b2d612f622b63",
            r"<p>sk-a\/b+c",
            r#"{"e":"Bearer sk-a\/b+c"}"#,
            r#"{"e":["sk\u002da/b+c"]}"#,
            r#"{"e":"{\"f\":\"sk\\u002da/b+c\"}"}"#,
        ] {
            let clean = key.remove_from_body(hidden);
            assert!(clean.contains(REMOVED), "{hidden}: {clean}");
        }
        assert_eq!(key.remove_from_body("{ \"a\": 1.0 }"), "{ \"a\": 1.0 }");
        assert_eq!(format!("{key:?}"), "Key");
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_refused() {
        for text in ["", " ", "a b", "a\nb", "schlüssel"] {
            assert_eq!(Key::new(text), Err(NoKey), "{text}");
        }
    }
}
