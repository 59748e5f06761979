//! The flags of `query`, `export` and `compare`.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use crate::domain::compare::By;
use crate::domain::facts::{Cell, TABLES};
use crate::domain::ids::JobId;

#[derive(Debug, Args)]
pub(in crate::cli) struct QueryArgs {
    /// The question: one SELECT, or what else only reads; `-` is standard input
    #[arg(value_name = "SQL")]
    pub(in crate::cli) sql: String,
    /// The value of a `:NAME` in the question (may be repeated)
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub(in crate::cli) params: Vec<(String, Cell)>,
    /// As what
    #[arg(long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(in crate::cli) format: QueryFormat,
    /// The most seconds that the question may take
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) timeout: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum QueryFormat {
    /// Columns, for people
    Table,
    /// One object with `columns` and `rows`; --json is the same
    Json,
    /// CSV, for spreadsheets
    Csv,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// The table
    #[arg(value_name = "TABLE", value_parser = PossibleValuesParser::new(TABLES))]
    pub(in crate::cli) table: String,
    /// As what; with --json it is one object with `columns` and `rows`
    #[arg(long, value_enum, default_value = "jsonl", value_name = "FORMAT")]
    pub(in crate::cli) format: ExportFormat,
    /// The most seconds that it may take
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) timeout: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// One JSON object a line
    Jsonl,
    /// CSV, for spreadsheets
    Csv,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// By what runs are grouped
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(in crate::cli) by: CompareBy,
    /// Only this job's runs
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) job: Option<JobId>,
    /// The most seconds that it may take
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(in crate::cli) timeout: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(in crate::cli) enum CompareBy {
    /// The version of the prompt set
    PromptSetVersion,
    /// The models that reviewed
    Model,
    /// The policy and its version
    PolicyVersion,
    /// Which opinion on the same inputs it is
    Sample,
}

impl From<CompareBy> for By {
    fn from(by: CompareBy) -> Self {
        match by {
            CompareBy::PromptSetVersion => Self::PromptSetVersion,
            CompareBy::Model => Self::Model,
            CompareBy::PolicyVersion => Self::PolicyVersion,
            CompareBy::Sample => Self::Sample,
        }
    }
}

/// `NAME=VALUE`; a value that is spelled as a number is one.
fn param(text: &str) -> Result<(String, Cell), &'static str> {
    let (name, value) = text.split_once('=').ok_or("it takes NAME=VALUE")?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err("a name has letters, digits and `_`");
    }
    let whole = value.parse::<i64>().ok().filter(|number| number.to_string() == value).map(Cell::Integer);
    let real = || value.parse::<f64>().ok().filter(|number| number.to_string() == value).map(Cell::Real);
    let cell = whole.or_else(real).unwrap_or_else(|| Cell::Text(value.to_owned()));
    Ok((name.to_owned(), cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_as_a_number_is_one() {
        let cell = |text: &str| param(&format!("a={text}")).unwrap().1;
        assert_eq!(cell("5"), Cell::Integer(5));
        assert_eq!(cell("0.5"), Cell::Real(0.5));
        for text in ["05", "1e5", "", "1.0.0", "nan", "a=b"] {
            assert_eq!(cell(text), Cell::Text(text.into()), "{text}");
        }
        assert!(param("a").is_err() && param("=1").is_err() && param("a b=1").is_err());
    }
}
