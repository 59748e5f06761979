//! Any JSON value, exactly as it was written but for white space and escapes.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::parse::{JsonError, check, shape};

/// A JSON value. Members keep their order; numbers keep their spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was spelled.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, its members in the order they were written; no key stands twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The members of an object; empty for anything else.
    #[must_use]
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// The items of an array; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// This object without the member `name`; anything else as it is.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let Self::Object(members) = &mut self {
            members.retain(|(key, _)| key != name);
        }
        self
    }

    /// This object with the member `name` replaced, or added at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: Self) -> Self {
        if let Self::Object(members) = &mut self {
            match members.iter_mut().find(|(key, _)| key == name) {
                Some(member) => member.1 = value,
                None => members.push((name.to_owned(), value)),
            }
        }
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => {
                RawValue::from_string(text.clone()).map_err(S::Error::custom)?.serialize(serializer)
            }
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().as_bytes()).map_err(D::Error::custom)
    }
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// Reads bytes as a `T`, strictly.
///
/// # Errors
/// As [`Value::parse`], and [`JsonError::Shape`] where the JSON is not a `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes)?;
    typed(bytes)
}

/// Reads bytes that were checked before as a `T`: read strictly, or the program's own by their digest.
///
/// # Errors
/// [`JsonError::Shape`] where the JSON is not a `T`.
pub fn from_checked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    typed(bytes)
}

/// Reads a value as a `T`.
///
/// # Errors
/// [`JsonError::Shape`] where the value is not a `T`.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, JsonError> {
    typed(super::canonical(value).as_bytes())
}

/// Reads the canonical form of a value, which nothing else may be given, as a `T`.
///
/// # Errors
/// [`JsonError::Shape`] where the value is not a `T`.
pub fn from_canonical<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    typed(text.as_bytes())
}

/// Where the shape is wrong it is read once more, to say where: that takes twice as long.
fn typed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    if let Ok(read) = serde_json::from_slice(bytes) {
        return Ok(read);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| shape(&error))
}

/// The JSON text of one of the program's own values, on one line, its members in the order of the type.
///
/// # Panics
/// Never for the program's own types, whose keys are texts.
#[must_use]
pub fn to_line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the program's own types serialise")
}

/// The value of a program's own type.
///
/// # Panics
/// Never for the types of this crate: their maps have text for keys and their numbers are finite.
#[must_use]
pub fn to_value<T: Serialize>(value: &T) -> Value {
    let text = serde_json::to_vec(value).expect("the program's own types serialise");
    Value::parse(&text).expect("what serde_json prints is JSON")
}
