//! One JSON object with a long array in it, printed as it comes, so that a large store needs no memory.

use super::CommandError;
use super::output::{Output, beside};
use crate::domain::json::{Value, pretty};

/// An object whose first member is an array that is still open.
pub(super) struct Stream<'a> {
    output: &'a Output,
    name: &'static str,
    count: usize,
    problem: Option<CommandError>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(output: &'a Output, name: &'static str) -> Self {
        Self { output, name, count: 0, problem: None }
    }

    /// How many items were printed.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Prints an item. What cannot be printed is told at the end: it does not steer the work.
    pub(super) fn push(&mut self, item: &Value) {
        self.push_text(&Self::item(item));
    }

    /// An item as [`Self::push_text`] takes it.
    pub(super) fn item(item: &Value) -> String {
        let text = pretty(item);
        text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    }

    /// Prints an item that was made into text before.
    pub(super) fn push_text(&mut self, item: &str) {
        let before = if self.count == 0 { self.head() } else { ",\n".to_owned() };
        self.count += 1;
        let printed = self.output.raw(&format!("{before}{item}"));
        self.problem = self.problem.take().or(printed.err());
    }

    fn head(&self) -> String {
        format!("{{\n  \"{}\": [\n", self.name)
    }

    /// As [`Self::close`], where it goes with `error`, which is then told.
    pub(super) fn fail(self, rest: &Value, error: CommandError) -> CommandError {
        match self.close(&beside(rest, &error)) {
            Ok(()) => error.shown(),
            Err(problem) => problem,
        }
    }

    /// Ends the array and prints the object's other members.
    pub(super) fn close(self, rest: &Value) -> Result<(), CommandError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let end =
            if self.count == 0 { format!("{{\n  \"{}\": [],\n", self.name) } else { "\n  ],\n".to_owned() };
        self.output.raw(&format!("{end}{}", pretty(rest).trim_start_matches("{\n")))
    }
}
