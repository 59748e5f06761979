//! TOML that people write: its value, and the line of whatever is wrong with it. Numbers keep their digits:
//! they are never read as binary fractions.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::json::Value;
use super::refusal::Refusal;

/// Why a file that a person wrote is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{refusal}", line.map(|line| format!("line {line}, ")).unwrap_or_default())]
pub struct FileRefusal {
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub refusal: Refusal,
}

/// What a file says.
#[derive(Debug)]
pub struct Written {
    /// Its value, always an object.
    pub value: Value,
    /// Where each field of it stands.
    pub lines: Lines,
}

impl Written {
    /// Reads `text`.
    ///
    /// # Errors
    /// [`FileRefusal`] where it is no TOML, or has numbers or times that no field takes.
    pub fn parse(text: &str) -> Result<Self, FileRefusal> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let mut lines = Lines { places: BTreeMap::new(), breaks };
        let table = DeTable::parse(text).map_err(|error| FileRefusal {
            line: Some(error.span().map_or(1, |span| lines.at(span.start))),
            refusal: Refusal::new("bad_toml", "", error.message()),
        })?;
        let value = lines
            .table(table.get_ref(), "")
            .map_err(|(at, refusal)| FileRefusal { line: Some(lines.at(at)), refusal })?;
        Ok(Self { value, lines })
    }
}

/// Where each field stands.
#[derive(Debug)]
pub struct Lines {
    /// As byte offsets.
    places: BTreeMap<String, usize>,
    breaks: Vec<usize>,
}

type Converted = Result<Value, (usize, Refusal)>;

impl Lines {
    /// Whether the file has `field`.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.places.contains_key(field)
    }

    /// The line, from 1, of `field`, or of what it stands in.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<usize> {
        let mut field = field.replace("[]", "[0]");
        loop {
            if let Some(at) = self.places.get(&field) {
                return Some(self.at(*at));
            }
            let end = field.rfind(['.', '['])?;
            field.truncate(end);
        }
    }

    fn at(&self, offset: usize) -> usize {
        1 + self.breaks.partition_point(|at| *at < offset)
    }

    fn table(&mut self, table: &DeTable<'_>, field: &str) -> Converted {
        let mut members = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            self.places.insert(field.clone(), key.span().start);
            members.push((name.to_owned(), self.value(value, &field)?));
        }
        Ok(Value::Object(members))
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, field: &str) -> Converted {
        let refused = |problem: String| (value.span().start, Refusal::new("wrong_type", field, problem));
        let too_large = || {
            (value.span().start, Refusal::new("out_of_range", field, "the number is too large".to_owned()))
        };
        Ok(match value.get_ref() {
            DeValue::String(text) => text.as_ref().into(),
            DeValue::Integer(number) => Value::Number(integer(number).ok_or_else(too_large)?),
            DeValue::Float(number) => {
                let text = number.as_str().replace('_', "");
                let text = text.strip_prefix('+').unwrap_or(&text);
                if text.ends_with("inf") || text.ends_with("nan") {
                    return Err(refused(format!("`{text}` is not a number")));
                }
                Value::Number(text.to_owned())
            }
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(time) => {
                return Err(refused(format!("`{time}` is a time; no field takes one")));
            }
            DeValue::Array(items) => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let field = format!("{field}[{index}]");
                    self.places.insert(field.clone(), item.span().start);
                    values.push(self.value(item, &field)?);
                }
                Value::Array(values)
            }
            DeValue::Table(table) => self.table(table, field)?,
        })
    }
}

/// The number in plain decimal digits.
fn integer(number: &DeInteger<'_>) -> Option<String> {
    let digits = number.as_str().replace('_', "");
    let number = i128::from_str_radix(&digits, number.radix()).ok();
    number.filter(|number| *number <= i128::from(u64::MAX)).map(|number| number.to_string())
}
