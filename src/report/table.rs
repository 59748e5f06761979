//! Answers to questions, a row at a time: as a table for people, as JSON, JSON lines or CSV for programs.

use std::fmt::Write as _;

use super::{safe, safe_json};
use crate::domain::facts::Cell;
use crate::domain::json::Value;

/// The widths of a table's columns are settled by so many rows; later ones may be wider.
const SETTLING: usize = 200;
/// No column of a table is wider, in characters.
const WIDEST: usize = 60;

/// As what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Columns for people.
    Table,
    /// One object, with the columns and the rows.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180.
    Csv,
}

/// An answer being printed.
#[derive(Debug)]
pub struct Table {
    form: Form,
    columns: Vec<String>,
    /// The rows by which the widths are settled; none once they are.
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    rows: u64,
    begun: bool,
}

impl Table {
    /// An answer of this form.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Self { form, columns: Vec::new(), waiting: Vec::new(), widths: None, rows: 0, begun: false }
    }

    /// Whether something was printed, or is about to be.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// What is printed before the rows.
    pub fn columns(&mut self, names: &[String]) -> String {
        self.columns = names.to_vec();
        self.begun = true;
        match self.form {
            Form::Table | Form::Jsonl => String::new(),
            Form::Csv => csv_line(names.iter().map(String::as_str)),
            Form::Json => {
                let names: Vec<String> = names.iter().map(|name| text(name)).collect();
                format!("{{\n  \"format_version\": 1,\n  \"columns\": [{}],\n  \"rows\": [", names.join(", "))
            }
        }
    }

    /// What is printed of a row.
    pub fn row(&mut self, row: &[Cell]) -> String {
        self.rows += 1;
        match self.form {
            Form::Csv => {
                let cells: Vec<String> = row.iter().map(plain).collect();
                csv_line(cells.iter().map(String::as_str))
            }
            Form::Jsonl => {
                let members = self
                    .columns
                    .iter()
                    .zip(row)
                    .map(|(name, cell)| format!("{}:{}", text(name), value(cell)));
                format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
            }
            Form::Json => {
                let cells: Vec<String> = row.iter().map(value).collect();
                let before = if self.rows == 1 { "\n    " } else { ",\n    " };
                format!("{before}[{}]", cells.join(", "))
            }
            Form::Table => {
                let cells: Vec<String> = row.iter().map(|cell| safe(&plain(cell))).collect();
                if let Some(widths) = &self.widths {
                    return line(widths, &cells);
                }
                self.waiting.push(cells);
                if self.waiting.len() >= SETTLING { self.settle() } else { String::new() }
            }
        }
    }

    /// What is printed after the rows; `is_whole` says whether all of them came.
    pub fn end(&mut self, is_whole: bool) -> String {
        match self.form {
            Form::Json => {
                let close = if self.rows == 0 { "]" } else { "\n  ]" };
                let error = if is_whole { String::new() } else { ",\n  \"error\": null".to_owned() };
                format!("{close}{error}\n}}\n")
            }
            Form::Table if is_whole || !self.waiting.is_empty() => self.settle(),
            Form::Table | Form::Csv | Form::Jsonl => String::new(),
        }
    }

    /// Settles the widths, and prints what waited for them.
    fn settle(&mut self) -> String {
        if self.widths.is_some() || self.columns.is_empty() {
            return String::new();
        }
        let heads: Vec<String> = self.columns.iter().map(|name| safe(name)).collect();
        let width = |at: usize| {
            let cells = self.waiting.iter().map(|row| row[at].chars().count());
            cells.chain([heads[at].chars().count()]).max().unwrap_or(0).min(WIDEST)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let mut out = line(&widths, &heads);
        for row in std::mem::take(&mut self.waiting) {
            out.push_str(&line(&widths, &row));
        }
        self.widths = Some(widths);
        out
    }
}

fn line(widths: &[usize], cells: &[String]) -> String {
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let shown = match cell.char_indices().nth(WIDEST) {
            Some((end, _)) => format!("{}…", &cell[..end]),
            None => cell.clone(),
        };
        let _ = write!(out, "{shown:<width$}  ");
    }
    out.trim_end().to_owned() + "\n"
}

/// A cell as text; what is not recorded is empty.
fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) => real(*value),
        Cell::Text(text) => text.clone(),
    }
}

/// A number to 15 digits, as SQLite itself shows it.
fn real(value: f64) -> String {
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    format!("{rounded:?}")
}

fn value(cell: &Cell) -> String {
    match cell {
        Cell::Text(words) => text(words),
        Cell::Real(value) if !value.is_finite() => "null".to_owned(),
        Cell::Null => "null".to_owned(),
        Cell::Integer(_) | Cell::Real(_) => plain(cell),
    }
}

fn text(words: &str) -> String {
    safe_json(&crate::domain::json::canonical(&Value::from(words))).into_owned()
}

fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A vector takes everything.
    let _ = writer.write_record(cells);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(form: Form, rows: &[Vec<Cell>]) -> String {
        let mut table = Table::new(form);
        let mut out = table.columns(&["a".to_owned(), "b c".to_owned()]);
        for row in rows {
            out += &table.row(row);
        }
        out + &table.end(true)
    }

    #[test]
    fn each_form_says_the_same() {
        let rows = [
            vec![Cell::Integer(1), Cell::Text("x, \"y\"\n\u{1b}[31m".into())],
            vec![Cell::Null, Cell::Real(0.5)],
        ];
        assert_eq!(printed(Form::Csv, &rows), "a,b c\n1,\"x, \"\"y\"\"\n\u{1b}[31m\"\n,0.5\n");
        let lines = printed(Form::Jsonl, &rows);
        assert_eq!(lines, "{\"a\":1,\"b c\":\"x, \\\"y\\\"\\n\\u001b[31m\"}\n{\"a\":null,\"b c\":0.5}\n");
        let json: serde_json::Value = serde_json::from_str(&printed(Form::Json, &rows)).unwrap();
        assert_eq!(json["rows"][1][1].to_string(), "0.5");
        assert!(
            !printed(Form::Table, &rows).contains('\u{1b}')
                || printed(Form::Table, &rows).contains("\\u{1b}")
        );
        let empty: serde_json::Value = serde_json::from_str(&printed(Form::Json, &[])).unwrap();
        assert_eq!(empty["rows"], serde_json::json!([]));
    }
}
