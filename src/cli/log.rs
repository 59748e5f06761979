//! The log, on standard error: for people, or as one JSON object a line.
//!
//! A line about a run names it and its versions. What a document, an answer or a server says never stands in a line,
//! as nobody can tell who reads logs later: a line names the kind of a trouble by its code.

use std::sync::OnceLock;

use super::args::LogFormat;
use super::error::CommandError;
use crate::config::LogLevel;
use crate::domain::audit::RunVersions;
use crate::domain::json::{Value, to_value};
use crate::domain::step::{RunStatus, Step};
use crate::ops::Clock;
use crate::report::{safe, safe_json};

/// How much is logged, and what time it is.
#[derive(Debug)]
pub(super) struct Log {
    is_json: bool,
    settled: OnceLock<(Option<LogLevel>, Clock)>,
}

/// A line of the log.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) level: LogLevel,
    /// What happened to the run, as a stable word.
    pub(super) event: Option<&'static str>,
    /// The run that it is about.
    pub(super) run: Option<&'a RunVersions>,
    /// In words of this program.
    pub(super) message: String,
    /// Further members.
    pub(super) more: Vec<(&'static str, Value)>,
}

impl<'a> Line<'a> {
    /// A line that is about no run.
    pub(super) fn of(level: LogLevel, message: impl Into<String>) -> Self {
        Self { level, event: None, run: None, message: message.into(), more: Vec::new() }
    }

    /// A line about something that happened to a run.
    pub(super) fn about(
        run: Option<&'a RunVersions>,
        level: LogLevel,
        event: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { event: Some(event), run, ..Self::of(level, message) }
    }

    /// A line about a run that is completed now, or was before.
    pub(super) fn completed(run: &'a RunVersions, before: bool) -> Self {
        let (event, message) = if before {
            ("run_replayed", "the run was completed before")
        } else {
            ("run_completed", "the run is completed")
        };
        Self::about(Some(run), LogLevel::Info, event, message)
    }

    /// With the step that it is about.
    pub(super) fn step(mut self, step: &Step) -> Self {
        self.more.push(("step", step.to_string().into()));
        self
    }
}

impl Log {
    pub(super) fn new(format: LogFormat) -> Self {
        Self { is_json: format == LogFormat::Json, settled: OnceLock::new() }
    }

    /// Settles how much is logged, and where the time comes from.
    pub(super) fn settle(&self, level: Option<LogLevel>, clock: Clock) {
        let _ = self.settled.set((level, clock));
    }

    /// Whether there is nothing but JSON on standard error.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// The text of a line; none where it is not wanted. What people are told anyway is no line of theirs.
    pub(super) fn line(&self, line: &Line<'_>) -> Option<String> {
        let (level, clock) = self.settled.get().copied().unwrap_or((None, Clock::System));
        let level = level.or_else(|| self.is_json.then_some(LogLevel::Info));
        if level.is_none_or(|level| line.level > level) {
            return None;
        }
        let now = clock.now();
        if !self.is_json {
            let run = line.run.map(|run| format!("{}/{} ", run.job_id, run.run_id)).unwrap_or_default();
            let level = line.level.as_str().to_uppercase();
            return Some(format!("{now} {level:<5} {run}{}\n", safe(&line.message)));
        }
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        let mut members =
            vec![text("timestamp", &now), text("level", line.level.as_str()), text("message", &line.message)];
        members.extend(line.event.map(|event| text("lifecycle_event", event)));
        members.extend(line.run.iter().flat_map(|run| to_value(run).members().to_vec()));
        members.extend(line.more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        // In this order, which people can read too.
        let line = serde_json::to_string(&Value::Object(members)).unwrap_or_default();
        Some(safe_json(&line).into_owned() + "\n")
    }

    /// The line of an error.
    pub(super) fn error(&self, error: &CommandError) -> Option<String> {
        let manifest = error.partial.as_deref().map(|view| &view.manifest);
        let run = manifest.map(|manifest| RunVersions::of(&manifest.job_id, &manifest.run_id, manifest));
        let message =
            if error.quotes { format!("it came to nothing: {}", error.code) } else { error.message.clone() };
        let stopped = |status| if status == RunStatus::Stopped { "run_stopped" } else { "run_failed" };
        let event = manifest.map(|manifest| stopped(manifest.status));
        let mut more =
            vec![("code", error.code.into()), ("exit_status", Value::Number(error.exit().to_string()))];
        more.extend(error.hint.as_deref().map(|hint| ("hint", hint.into())));
        self.line(&Line { level: LogLevel::Error, event, run: run.as_ref(), message, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(format: LogFormat, level: Option<LogLevel>) -> Log {
        let log = Log::new(format);
        log.settle(level, Clock::Fixed(chrono::DateTime::UNIX_EPOCH));
        log
    }

    #[test]
    fn people_are_told_what_they_ask_for_and_programs_what_happens() {
        let info = Line::of(LogLevel::Info, "so\u{1b}it is");
        assert_eq!(log(LogFormat::Text, None).line(&info), None);
        assert_eq!(log(LogFormat::Text, Some(LogLevel::Warn)).line(&info), None);
        assert_eq!(log(LogFormat::Json, Some(LogLevel::Warn)).line(&info), None);
        assert_eq!(
            log(LogFormat::Text, Some(LogLevel::Info)).line(&info).unwrap(),
            "1970-01-01T00:00:00.000Z INFO  so\\u{1b}it is\n"
        );
        assert_eq!(
            log(LogFormat::Json, None).line(&info).unwrap(),
            "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"message\":\"so\\u001bit is\"}\n"
        );
        assert_eq!(log(LogFormat::Json, None).line(&Line::of(LogLevel::Debug, "x")), None);
    }
}
