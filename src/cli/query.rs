//! `consensus index`, `query`, `stats` and `export`

use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use super::args::{ExportArgs, ExportFormat, QueryArgs, QueryFormat};
use super::output::Output;
use super::{Answer, CommandError, signal, whole};
use crate::domain::json::Value;
use crate::ops::{self, Answered, IndexReport, QueryOptions, Row, Workspace};
use crate::report::index;
use crate::report::table::{self, Form};

pub(super) fn index(workspace: Workspace<'_>, output: &Output) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let report = ops::index(&workspace)?;
    output.answer(|| index::json(&report), || index::text(&report))?;
    whole(report.unreadable.len())
}

pub(super) fn query(
    workspace: Workspace<'_>,
    args: &QueryArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let question = if args.sql == "-" {
        String::from_utf8(ops::read_input(Path::new("-"))?).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let hint = "write it as UTF-8".to_owned();
            CommandError::usage(format!("standard input is not UTF-8 at byte {at}"), hint)
        })?
    } else {
        args.sql.clone()
    };
    let form = match args.format {
        _ if output.is_json() => Form::Json,
        QueryFormat::Table => Form::Table,
        QueryFormat::Json => Form::Json,
        QueryFormat::Csv => Form::Csv,
    };
    let options =
        QueryOptions { question, named: args.params.clone(), timeout: Duration::from_secs(args.timeout) };
    asked(workspace, &options, form, output)
}

pub(super) fn export(
    workspace: Workspace<'_>,
    args: &ExportArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let form = match args.format {
        _ if output.is_json() => Form::Json,
        ExportFormat::Jsonl => Form::Jsonl,
        ExportFormat::Csv => Form::Csv,
    };
    let question = ops::export_question(&args.table)?;
    let options = QueryOptions { question, named: Vec::new(), timeout: Duration::from_secs(args.timeout) };
    asked(workspace, &options, form, output)
}

pub(super) fn stats(workspace: Workspace<'_>, output: &Output) -> Result<Answer, CommandError> {
    let form = if output.is_json() { Form::Json } else { Form::Table };
    let timeout = Duration::from_mins(10);
    let options = QueryOptions { question: ops::STATS.to_owned(), named: Vec::new(), timeout };
    asked(workspace, &options, form, output)
}

fn asked(
    workspace: Workspace<'_>,
    options: &QueryOptions,
    form: Form,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let mut printed =
        Printed { table: table::Table::new(form), out: BufWriter::new(io::stdout()), closed: false };
    let answered = ops::query(&workspace, options, &interrupted, &mut printed);
    let rest = printed.table.end(answered.is_ok());
    match answered {
        // Whoever reads went away, and has what it wanted.
        Err(_) if printed.closed => Ok(Answer::Yes),
        Err(error) if form == Form::Json && printed.table.has_begun() => {
            let error = CommandError::from(error);
            printed.write(&rest.replace("null", &error_member(&error)))?;
            Err(error.shown())
        }
        Err(error) => Err(error.into()),
        Ok(report) => {
            printed.write(&rest)?;
            let written = printed.out.flush();
            if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
                return written.map(|()| Answer::Yes).map_err(|error| CommandError::output(&error));
            }
            if report.is_temporary {
                output.note("the store cannot be written: an index was made for this question alone");
            }
            nothing_left_out(&report, output)
        }
    }
}

fn error_member(error: &CommandError) -> String {
    crate::domain::json::canonical(error.json().get("error").unwrap_or(&Value::Null))
}

/// An answer is whole only if every run could be read.
pub(super) fn nothing_left_out(report: &IndexReport, output: &Output) -> Result<Answer, CommandError> {
    match report.unreadable.len() {
        0 => Ok(Answer::Yes),
        broken => {
            let error = CommandError::not_in_answer(broken);
            output.aside(&error);
            Err(error)
        }
    }
}

/// Prints each row as it comes, so that memory does not follow the answer.
struct Printed {
    table: table::Table,
    out: BufWriter<io::Stdout>,
    closed: bool,
}

impl Printed {
    fn write(&mut self, text: &str) -> Result<(), CommandError> {
        match self.out.write_all(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result.map_err(|error| CommandError::output(&error)),
        }
    }

    fn put(&mut self, text: &str) -> Result<(), String> {
        self.out.write_all(text.as_bytes()).map_err(|error| {
            self.closed = error.kind() == io::ErrorKind::BrokenPipe;
            format!("cannot write to standard output: {error}")
        })
    }
}

impl Answered for Printed {
    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        let text = self.table.columns(names);
        self.put(&text)
    }

    fn row(&mut self, row: &Row) -> Result<(), String> {
        let text = self.table.row(row);
        self.put(&text)
    }
}
