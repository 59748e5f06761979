//! The strict reader. The tokens are struson's; what this adds is the refusal of duplicate keys and
//! errors that name the field, line and column.

use std::collections::HashSet;
use std::fmt::Write as _;

use struson::reader::json_path::JsonPathPiece;
use struson::reader::{
    JsonReader, JsonReaderPosition, JsonStreamReader, ReaderError, ReaderSettings, ValueType,
};

use super::{MAX_DEPTH, Value};

/// Why some bytes are not the JSON that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// The text is not strict JSON.
    #[error("line {line}, column {column}, {}: {problem}", shown(path))]
    Syntax {
        /// What is wrong.
        problem: String,
        /// The field, as `a.b[2]`; empty for the top level.
        path: String,
        /// The line, from 1.
        line: u64,
        /// The column in characters, from 1.
        column: u64,
    },
    /// The JSON is sound, but not of the wanted shape.
    #[error("{}: {problem}", shown(path))]
    Shape {
        /// The field, as `a.b[2]`; empty for the top level.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

fn shown(path: &str) -> String {
    if matches!(path, "" | ".") { "top level".to_owned() } else { format!("field `{}`", path.escape_debug()) }
}

impl Value {
    /// Reads one JSON value.
    ///
    /// # Errors
    /// [`JsonError`] for bytes that are not UTF-8, a byte order mark, anything RFC 8259 does not
    /// allow, duplicate keys, lone surrogates, or nesting deeper than [`MAX_DEPTH`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
        let settings = ReaderSettings {
            max_nesting_depth: Some(MAX_DEPTH),
            restrict_number_values: false,
            ..ReaderSettings::default()
        };
        let mut reader = JsonStreamReader::new_custom(text.as_bytes(), settings);
        let value = read(&mut reader)?;
        reader.consume_trailing_whitespace().map_err(syntax)?;
        Ok(value)
    }
}

/// Recursion is bounded by the reader's nesting limit.
fn read<R: JsonReader>(reader: &mut R) -> Result<Value, JsonError> {
    Ok(match reader.peek().map_err(syntax)? {
        ValueType::Null => {
            reader.next_null().map_err(syntax)?;
            Value::Null
        }
        ValueType::Boolean => Value::Bool(reader.next_bool().map_err(syntax)?),
        ValueType::Number => Value::Number(reader.next_number_as_string().map_err(syntax)?),
        ValueType::String => Value::String(reader.next_string().map_err(syntax)?),
        ValueType::Array => {
            reader.begin_array().map_err(syntax)?;
            let mut items = Vec::new();
            while reader.has_next().map_err(syntax)? {
                items.push(read(reader)?);
            }
            reader.end_array().map_err(syntax)?;
            Value::Array(items)
        }
        ValueType::Object => {
            reader.begin_object().map_err(syntax)?;
            let (mut members, mut names) = (Vec::new(), HashSet::new());
            while reader.has_next().map_err(syntax)? {
                let name = reader.next_name_owned().map_err(syntax)?;
                if !names.insert(name.clone()) {
                    return Err(at("the key stands twice in one object", &reader.current_position(true)));
                }
                members.push((name, read(reader)?));
            }
            reader.end_object().map_err(syntax)?;
            Value::Object(members)
        }
    })
}

fn at(problem: &str, position: &JsonReaderPosition) -> JsonError {
    let (line, column) = position.line_pos.map_or((0, 0), |place| (place.line + 1, place.column + 1));
    let mut path = String::new();
    for piece in position.path.iter().flatten() {
        match piece {
            JsonPathPiece::ArrayItem(index) => {
                let _ = write!(path, "[{index}]");
            }
            JsonPathPiece::ObjectMember(name) if name == "<?>" => {}
            JsonPathPiece::ObjectMember(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
        }
    }
    JsonError::Syntax { problem: problem.to_owned(), path: shorten(path), line, column }
}

/// A path through hostile nesting is cut to what a person can read.
fn shorten(path: String) -> String {
    if path.chars().count() <= 120 { path } else { path.chars().take(119).chain(['…']).collect() }
}

fn syntax(error: ReaderError) -> JsonError {
    use struson::reader::SyntaxErrorKind as Kind;
    match error {
        ReaderError::SyntaxError(error) => {
            let problem = match error.kind {
                Kind::IncompleteDocument => "the text ends too early",
                Kind::TrailingData => "more text follows the value",
                Kind::UnpairedSurrogatePairEscapeSequence => "half of a surrogate pair",
                Kind::NotEscapedControlCharacter => "a control character that is not escaped",
                Kind::UnknownEscapeSequence | Kind::MalformedEscapeSequence => "an unknown escape",
                Kind::MalformedNumber | Kind::TrailingDataAfterNumber => "not a JSON number",
                Kind::TrailingCommaNotEnabled | Kind::UnexpectedComma => "a comma too many",
                Kind::MissingComma => "a comma is missing",
                Kind::MissingColon => "a colon is missing",
                Kind::ExpectingMemberNameOrObjectEnd => "a key in double quotes or `}` is expected",
                Kind::CommentsNotEnabled => "comments are not JSON",
                _ => "not JSON",
            };
            at(problem, &error.location)
        }
        ReaderError::MaxNestingDepthExceeded { location, .. } => {
            at(&format!("nested deeper than {MAX_DEPTH}"), &location)
        }
        other => JsonError::Shape { path: String::new(), problem: other.to_string() },
    }
}

/// Turns what serde says about a shape into an error that names the field.
pub(super) fn shape(error: &serde_path_to_error::Error<serde_json::Error>) -> JsonError {
    let problem = error.inner().to_string();
    // serde_json adds a place in a text that the reader of the message never sees.
    let problem = problem.split(" at line ").next().unwrap_or_default().to_owned();
    JsonError::Shape { path: shorten(error.path().to_string()), problem }
}
