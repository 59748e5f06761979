//! The strict reader. The tokens are hifijson's; what this adds is the refusal of duplicate keys, the
//! limit of nesting, and errors that name the field, line and column.
//!
//! A text is read once, whatever is made of it: [`Value::parse`] makes values, [`super::ObjectText`]
//! only notes where each member stands.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use hifijson::num::LexWrite as _;
use hifijson::str::LexAlloc as _;
use hifijson::token::{Expect, Lex as _};
use hifijson::{Read as _, SliceLexer, escape, num, str};

use super::{MAX_DEPTH, Value};

/// Up to so many keys are compared one by one.
const FEW: usize = 16;

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
        let made = |node: Node<'_, Self>, _| match node {
            Node::Null => Self::Null,
            Node::Bool(flag) => Self::Bool(flag),
            Node::Number(text) => Self::Number(text.to_owned()),
            Node::String(text) => Self::String(text.into_owned()),
            Node::Array(items) => Self::Array(items),
            Node::Object(members) => {
                Self::Object(members.into_iter().map(|(key, value)| (key.into_owned(), value)).collect())
            }
        };
        let (_, node, span) = read(bytes, &made)?;
        Ok(made(node, span))
    }
}

/// Whether the bytes are one JSON value, as [`Value::parse`] reads it, without keeping any of it.
pub(super) fn check(bytes: &[u8]) -> Result<(), JsonError> {
    read(bytes, &|_, _| ()).map(drop)
}

/// One value whose parts were made into `T` already.
pub(super) enum Node<'a, T> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<T>),
    Object(Vec<(Cow<'a, str>, T)>),
}

/// Reads a whole text; `make` is given each value inside it with the bytes where it stands. Gives the
/// text, the outermost value and where that stands.
pub(super) fn read<'a, T>(
    bytes: &'a [u8],
    make: &impl Fn(Node<'a, T>, Range<usize>) -> T,
) -> Result<(&'a str, Node<'a, T>, Range<usize>), JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
    let mut reader = Reader { lexer: SliceLexer::new(bytes), length: bytes.len(), make };
    let read = reader.whole();
    let (node, span) = read.map_err(|fault| fault.shown(text, reader.offset()))?;
    Ok((text, node, span))
}

struct Reader<'a, 'm, M> {
    lexer: SliceLexer<'a>,
    length: usize,
    make: &'m M,
}

/// What went wrong, and on the way out through which fields; the lexer stands where it went wrong.
struct Fault {
    problem: Cow<'static, str>,
    /// The innermost piece first.
    path: Vec<Piece>,
    /// Where, if that is not where the lexer stands.
    offset: Option<usize>,
}

enum Piece {
    Item(usize),
    Member(String),
}

impl<'a, M> Reader<'a, '_, M> {
    fn offset(&self) -> usize {
        self.length - self.lexer.as_slice().len()
    }

    fn whole<T>(&mut self) -> Result<(Node<'a, T>, Range<usize>), Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        let next = self.lexer.ws_peek().ok_or(Expect::Value)?;
        let start = self.offset();
        let node = self.node(next, MAX_DEPTH)?;
        let span = start..self.offset();
        if self.lexer.ws_peek().is_some() {
            return Err(Expect::Eof.into());
        }
        Ok((node, span))
    }

    /// Recursion is bounded by `depth`, which counts what may still be opened.
    fn node<T>(&mut self, next: u8, depth: u32) -> Result<Node<'a, T>, Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        Ok(match next {
            b'n' | b't' | b'f' => {
                let offset = Some(self.offset());
                match self.lexer.null_or_bool() {
                    Some(None) => Node::Null,
                    Some(Some(flag)) => Node::Bool(flag),
                    None => return Err(Fault { offset, ..Fault::from("not JSON") }),
                }
            }
            b'-' | b'0'..=b'9' => {
                let (digits, _) = self.lexer.num_string().validated()?;
                if self.lexer.peek_next().is_some_and(|byte| byte.is_ascii_digit()) {
                    return Err(num::Error::ExpectedDigit.into());
                }
                Node::Number(digits)
            }
            b'"' => Node::String(self.lexer.discarded().str_string()?),
            b'[' | b'{' if depth == 0 => {
                return Err(Fault {
                    problem: format!("nested deeper than {MAX_DEPTH}").into(),
                    ..Fault::from("")
                });
            }
            b'[' => Node::Array(self.items(depth - 1)?),
            b'{' => Node::Object(self.members(depth - 1)?),
            b'/' => return Err("comments are not JSON".into()),
            _ => return Err("not JSON".into()),
        })
    }

    fn value<T>(&mut self, next: u8, depth: u32) -> Result<T, Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        let start = self.offset();
        let node = self.node(next, depth)?;
        Ok((self.make)(node, start..self.offset()))
    }

    fn items<T>(&mut self, depth: u32) -> Result<Vec<T>, Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        self.lexer.take_next();
        let mut items = Vec::new();
        let mut next = self.lexer.ws_peek().ok_or(Expect::ValueOrEnd)?;
        while next != b']' {
            let item = self.value(next, depth);
            items.push(item.map_err(|fault| fault.inside(Piece::Item(items.len())))?);
            next = self.separated(b']')?;
        }
        self.lexer.take_next();
        Ok(items)
    }

    fn members<T>(&mut self, depth: u32) -> Result<Vec<(Cow<'a, str>, T)>, Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        self.lexer.take_next();
        let (mut members, mut names) = (Vec::new(), Names::default());
        let mut next = self.lexer.ws_peek().ok_or(Expect::ValueOrEnd)?;
        while next != b'}' {
            let offset = self.offset();
            if next != b'"' {
                return Err(Expect::String.into());
            }
            let name = self.lexer.discarded().str_string()?;
            if names.holds(&members, &name) {
                let fault =
                    Fault { offset: Some(offset), ..Fault::from("the key stands twice in one object") };
                return Err(fault.inside(Piece::Member(name.into_owned())));
            }
            let value = self.member(depth).map_err(|fault| fault.inside(Piece::Member(name.to_string())))?;
            members.push((name, value));
            next = self.separated(b'}')?;
        }
        self.lexer.take_next();
        Ok(members)
    }

    /// The colon after a name, and the value.
    fn member<T>(&mut self, depth: u32) -> Result<T, Fault>
    where
        M: Fn(Node<'a, T>, Range<usize>) -> T,
    {
        self.lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
        let next = self.lexer.ws_peek().ok_or(Expect::Value)?;
        self.value(next, depth)
    }

    /// What follows a comma, or `end`.
    fn separated(&mut self, end: u8) -> Result<u8, Fault> {
        match self.lexer.ws_peek().ok_or(Expect::ValueOrEnd)? {
            b',' => {
                self.lexer.take_next();
                match self.lexer.ws_peek().ok_or(Expect::Value)? {
                    next if next == end || next == b',' => Err("a comma too many".into()),
                    next => Ok(next),
                }
            }
            next if next == end => Ok(next),
            _ => Err(Expect::CommaOrEnd.into()),
        }
    }
}

/// The names of an object, for finding one that stands twice in linear time.
#[derive(Default)]
struct Names<'a>(HashSet<Cow<'a, str>>);

impl<'a> Names<'a> {
    /// Whether `name` is one of the `members`, all of which it was asked about in turn.
    fn holds<T>(&mut self, members: &[(Cow<'a, str>, T)], name: &str) -> bool {
        if members.len() < FEW {
            return members.iter().any(|(other, _)| other == name);
        }
        if self.0.is_empty() {
            self.0.extend(members.iter().map(|(other, _)| other.clone()));
        }
        !self.0.insert(name.to_owned().into())
    }
}

impl Fault {
    fn inside(mut self, piece: Piece) -> Self {
        self.path.push(piece);
        self
    }

    /// The error, for a lexer that stands at `offset`.
    fn shown(self, text: &str, offset: usize) -> JsonError {
        let mut path = String::new();
        for piece in self.path.iter().rev() {
            match piece {
                Piece::Item(index) => {
                    let _ = write!(path, "[{index}]");
                }
                Piece::Member(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
            }
        }
        let before = &text.as_bytes()[..self.offset.unwrap_or(offset)];
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.split(|byte| *byte == b'\n').count();
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        JsonError::Syntax {
            problem: self.problem.into_owned(),
            path: shorten(path),
            line: line as u64,
            column: column as u64,
        }
    }
}

impl From<&'static str> for Fault {
    fn from(problem: &'static str) -> Self {
        Self { problem: problem.into(), path: Vec::new(), offset: None }
    }
}

impl From<Expect> for Fault {
    fn from(expected: Expect) -> Self {
        Self::from(match expected {
            Expect::Value | Expect::ValueOrEnd => "the text ends too early",
            Expect::CommaOrEnd => "a comma is missing",
            Expect::String => "a key in double quotes or `}` is expected",
            Expect::Colon => "a colon is missing",
            Expect::Eof => "more text follows the value",
        })
    }
}

impl From<num::Error> for Fault {
    fn from(num::Error::ExpectedDigit: num::Error) -> Self {
        Self::from("not a JSON number")
    }
}

impl From<str::Error> for Fault {
    fn from(error: str::Error) -> Self {
        use escape::Error as Escape;
        Self::from(match error {
            str::Error::Control => "a control character that is not escaped",
            str::Error::Escape(Escape::InvalidKind(_) | Escape::InvalidHex(_)) => "an unknown escape",
            str::Error::Escape(Escape::InvalidChar(_) | Escape::ExpectedLowSurrogate) => {
                "half of a surrogate pair"
            }
            str::Error::Escape(Escape::Eof) | str::Error::Eof => "the text ends too early",
            str::Error::Utf8(_) => "not UTF-8",
        })
    }
}

/// A path through hostile nesting is cut to what a person can read.
fn shorten(path: String) -> String {
    if path.chars().count() <= 120 { path } else { path.chars().take(119).chain(['…']).collect() }
}

/// Turns what serde says about a shape into an error that names the field.
pub(super) fn shape(error: &serde_path_to_error::Error<serde_json::Error>) -> JsonError {
    let problem = error.inner().to_string();
    // serde_json adds a place in a text that the reader of the message never sees.
    let problem = problem.split(" at line ").next().unwrap_or_default().to_owned();
    JsonError::Shape { path: shorten(error.path().to_string()), problem }
}
