//! Questions: one statement that can only read, within limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, Statement};

use super::{Index, IndexError};
use crate::domain::facts::Cell;

/// So many steps of SQLite's machine pass between two looks at the time.
const STEPS: i32 = 10_000;
/// No text or blob of an answer is longer, in bytes.
const LONGEST: i32 = 64 << 20;
/// Functions that reach beyond the data.
const FORBIDDEN: [&str; 4] = ["load_extension", "fts3_tokenizer", "writefile", "readfile"];
/// Pragmas that only tell what there is.
const PRAGMAS: [&str; 4] = ["table_info", "table_xinfo", "table_list", "index_list"];

/// So many rows wait to be taken.
const WAITING: usize = 64;
/// How long it takes at most to see that the user wants to stop.
const GLANCE: Duration = Duration::from_millis(100);
/// So long after its time a question is left behind that does not end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// A part of an answer.
enum Part {
    Columns(Vec<String>),
    Row(Row),
    End(Result<(), IndexError>),
}

/// Within which a question is answered.
#[derive(Debug, Clone)]
pub struct Limits {
    /// It may take so long.
    pub timeout: Duration,
    /// Set when the user wants to stop.
    pub interrupted: Arc<AtomicBool>,
}

/// A row of an answer.
pub type Row = Vec<Cell>;

/// What takes an answer, a row at a time.
pub trait Answer {
    /// The names of the columns, before any row.
    ///
    /// # Errors
    /// Whatever keeps it from going on, as text.
    fn columns(&mut self, names: &[String]) -> Result<(), String>;

    /// The next row.
    ///
    /// # Errors
    /// Whatever keeps it from going on, as text.
    fn row(&mut self, row: &Row) -> Result<(), String>;
}

impl Index {
    /// From here on nothing can be written, attached or loaded, whatever is asked.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn sealed(mut self, limits: &Limits) -> Result<Sealed, IndexError> {
        let connection = &mut self.0;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
        connection.authorizer(Some(authorised))?;
        let (end, interrupted) = (Instant::now() + limits.timeout, Arc::clone(&limits.interrupted));
        let stop = move || Instant::now() >= end || interrupted.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(stop))?;
        Ok(Sealed { index: self, end, interrupted: Arc::clone(&limits.interrupted) })
    }
}

/// The index, open for questions only.
#[derive(Debug)]
pub struct Sealed {
    index: Index,
    end: Instant,
    interrupted: Arc<AtomicBool>,
}

impl Sealed {
    /// Answers one question; `named` are the values of its `:name`s.
    ///
    /// The question is worked at by a thread of its own. One function of SQLite can take for ever and looks at no time:
    /// what is not done a moment after its time is left behind, to end with the process.
    ///
    /// # Errors
    /// [`IndexError::Refused`] for what may not be asked, [`IndexError::Timeout`], [`IndexError::Interrupted`],
    /// [`IndexError::Answer`] where the answer cannot be taken.
    pub fn ask(
        self,
        question: &str,
        named: &[(String, Cell)],
        answer: &mut dyn Answer,
    ) -> Result<(), IndexError> {
        if question.contains('\0') {
            return Err(IndexError::Refused("it has a NUL character in it".to_owned()));
        }
        let (end, interrupted) = (self.end, Arc::clone(&self.interrupted));
        let (question, named) = (question.to_owned(), named.to_vec());
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let work = move || {
            let told = self.tell(&question, &named, &sender);
            let _ = sender.send(Part::End(told));
        };
        thread::Builder::new().spawn(work).map_err(|error| IndexError::Answer(error.to_string()))?;
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(Part::Columns(heads)) => answer.columns(&heads).map_err(IndexError::Answer)?,
                Ok(Part::Row(row)) => answer.row(&row).map_err(IndexError::Answer)?,
                Ok(Part::End(told)) => return told,
                Err(_) if interrupted.load(Ordering::Relaxed) => return Err(IndexError::Interrupted),
                Err(RecvTimeoutError::Timeout) if Instant::now() < end + GRACE => {}
                Err(RecvTimeoutError::Timeout) => return Err(IndexError::Timeout),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(IndexError::Answer("the question ended without an answer".to_owned()));
                }
            }
        }
    }

    fn tell(
        &self,
        question: &str,
        named: &[(String, Cell)],
        sender: &SyncSender<Part>,
    ) -> Result<(), IndexError> {
        let refused = |error: rusqlite::Error| self.failure(error);
        let mut statement = self.index.0.prepare(question).map_err(refused)?;
        if statement.column_count() == 0 || !statement.readonly() {
            return Err(IndexError::Refused(
                "it asks nothing: only SELECT, WITH and VALUES answer".to_owned(),
            ));
        }
        bind(&mut statement, named)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = columns.len();
        // Where nobody takes the answer any more, nobody hears of it.
        let gone = |_| IndexError::Interrupted;
        sender.send(Part::Columns(columns)).map_err(gone)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(refused)? {
            let cells = (0..width).map(|at| row.get_ref(at).map(cell));
            let row = cells.collect::<Result<Row, _>>().map_err(refused)?;
            sender.send(Part::Row(row)).map_err(gone)?;
        }
        Ok(())
    }

    fn failure(&self, error: rusqlite::Error) -> IndexError {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) if self.interrupted.load(Ordering::Relaxed) => {
                IndexError::Interrupted
            }
            Some(ErrorCode::OperationInterrupted) if Instant::now() >= self.end => IndexError::Timeout,
            Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
                IndexError::Refused("it does more than read".to_owned())
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => IndexError::Unusable,
            _ => IndexError::Refused(match error {
                rusqlite::Error::SqlInputError { msg, .. } => msg,
                rusqlite::Error::SqliteFailure(_, Some(words)) => words,
                rusqlite::Error::MultipleStatement => "it is more than one statement".to_owned(),
                other => other.to_string(),
            }),
        }
    }
}

fn bind(statement: &mut Statement<'_>, named: &[(String, Cell)]) -> Result<(), IndexError> {
    let mut open: Vec<String> = (1..=statement.parameter_count())
        .map(|at| statement.parameter_name(at).map_or_else(|| "?".to_owned(), str::to_owned))
        .collect();
    for (name, value) in named {
        let marks = [":", "@", "$"].map(|mark| format!("{mark}{name}"));
        let Some(at) = open.iter().position(|open| marks.contains(open)) else {
            if named.iter().filter(|(other, _)| other == name).count() > 1 {
                return Err(IndexError::Refused(format!(
                    "its parameter `:{}` is given twice",
                    name.escape_debug()
                )));
            }
            return Err(IndexError::Refused(format!("it has no parameter `:{}`", name.escape_debug())));
        };
        let index = statement.parameter_index(&open[at]).ok().flatten();
        statement.raw_bind_parameter(index.unwrap_or(at + 1), value).map_err(IndexError::from)?;
        open[at].clear();
    }
    match open.iter().find(|name| !name.is_empty()) {
        Some(name) => Err(IndexError::Refused(format!("its parameter `{name}` has no value"))),
        None => Ok(()),
    }
}

fn authorised(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if !FORBIDDEN.contains(&function_name) => Authorization::Allow,
        AuthAction::Pragma { pragma_name, .. } if PRAGMAS.contains(&pragma_name) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        // There are no blobs in the tables; one that a question makes is shown as SQLite writes it.
        ValueRef::Blob(bytes) => {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Cell::Text(format!("x'{}'", digits.concat()))
        }
    }
}
