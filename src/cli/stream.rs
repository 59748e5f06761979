//! Many items, printed as they come, so that a large store needs no memory: as text, or as one JSON object
//! with a long array in it.

use super::CommandError;
use super::output::{Output, beside};
use crate::domain::json::{Value, pretty};

/// So many bytes are printed together.
const PAGE: usize = 1 << 16;

/// What is being printed. As JSON it is an object whose first member is an array that is still open.
pub(super) struct Stream<'a> {
    output: &'a Output,
    name: &'static str,
    count: usize,
    page: String,
    problem: Option<CommandError>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(output: &'a Output, name: &'static str) -> Self {
        Self { output, name, count: 0, page: String::new(), problem: None }
    }

    /// How many items were printed.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Prints an item as JSON. What cannot be printed is told at the end: it does not steer the work.
    pub(super) fn push(&mut self, item: &Value) {
        self.push_shown(&Self::item(item));
    }

    /// An item of the array, as [`Self::push_shown`] takes it.
    pub(super) fn item(item: &Value) -> String {
        let text = pretty(item);
        text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }

    /// Prints an item that was made into text before: what [`Self::item`] gave, or text for people.
    pub(super) fn push_shown(&mut self, shown: &str) {
        if self.output.is_json() {
            self.page.push_str(if self.count == 0 { "" } else { ",\n" });
            if self.count == 0 {
                self.page = format!("{{\n  \"{}\": [\n", self.name);
            }
        }
        self.count += 1;
        self.page.push_str(shown);
        if self.page.len() >= PAGE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let page = std::mem::take(&mut self.page);
        let printed = if self.output.is_json() { self.output.raw(&page) } else { self.output.text(&page) };
        self.problem = self.problem.take().or(printed.err());
    }

    /// Prints what waits to be printed.
    pub(super) fn end(mut self) -> Result<(), CommandError> {
        self.flush();
        self.problem.map_or(Ok(()), Err)
    }

    /// Ends what was begun: as JSON with the object's other members, for people with `text`; an `error` that it
    /// goes with is then told.
    pub(super) fn finish(
        self,
        rest: &Value,
        text: &str,
        error: Option<CommandError>,
    ) -> Result<(), CommandError> {
        if self.output.is_json() {
            return match error {
                Some(error) => Err(self.fail(rest, error)),
                None => self.close(rest),
            };
        }
        let output = self.output;
        self.end()?;
        output.text(text)?;
        error.map_or(Ok(()), Err)
    }

    /// Ends what was begun where an error ends it: as JSON both are one object, which tells the error.
    pub(super) fn cut_short(self, error: CommandError) -> CommandError {
        if self.output.is_json() {
            return self.fail(&Value::Object(Vec::new()), error);
        }
        self.end().err().unwrap_or(error)
    }

    /// As [`Self::close`], where it goes with `error`, which is then told.
    pub(super) fn fail(self, rest: &Value, error: CommandError) -> CommandError {
        match self.close(&beside(rest, &error)) {
            Ok(()) => error.shown(),
            Err(problem) => problem,
        }
    }

    /// Ends the array and prints the object's other members.
    pub(super) fn close(mut self, rest: &Value) -> Result<(), CommandError> {
        let end = match self.count {
            0 => format!("{{\n  \"{}\": [],\n", self.name),
            _ => "\n  ],\n".to_owned(),
        };
        self.page.push_str(&end);
        self.page.push_str(pretty(rest).trim_start_matches("{\n"));
        self.end()
    }
}
