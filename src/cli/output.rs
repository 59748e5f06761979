//! Printing: data to standard output, everything else to standard error.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::Answer;
use super::args::{Color, LogFormat};
use super::error::CommandError;
use super::log::{Line, Log};
use super::progress::Bar;
use crate::config::{LogLevel, Settings};
use crate::domain::json::{Value, pretty};
use crate::report::{safe, safe_json, safe_lines, terminal};

/// Text is not made wider than this, however wide the terminal is.
const MAX_WIDTH: usize = 100;

/// Where a command prints.
#[derive(Debug)]
pub(super) struct Output {
    json: bool,
    color: ColorChoice,
    log: Log,
    bar: Bar,
    /// Whether nobody reads standard output any more.
    closed: AtomicBool,
}

/// An answer and the error that it goes with, as one object.
pub(super) fn beside(value: &Value, error: &CommandError) -> Value {
    let error = error.json();
    error.members().iter().fold(value.clone(), |whole, (name, member)| whole.with(name, member.clone()))
}

impl Output {
    pub(super) fn new(json: bool, color: Color, log: LogFormat) -> Self {
        let color = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            json,
            color,
            log: Log::new(log),
            bar: Bar::new(log == LogFormat::Text),
            closed: AtomicBool::new(false),
        }
    }

    /// How far the command has come; nothing that is printed runs into it.
    pub(super) fn bar(&self) -> &Bar {
        &self.bar
    }

    /// Takes from the settings what it needs.
    pub(super) fn settle(&self, settings: &Settings) {
        self.log.settle(settings.log_level.value, settings.clock.value);
    }

    /// Whether standard error is for programs.
    pub(super) fn logs_json(&self) -> bool {
        self.log.is_json()
    }

    /// Writes a line of the log, if it is wanted.
    pub(super) fn log(&self, line: &Line<'_>) {
        if let Some(line) = self.log.line(line) {
            self.to_stderr(&line);
        }
    }

    /// Whether the answer is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// How wide text may be, in columns.
    pub(super) fn width() -> usize {
        if io::stdout().is_terminal() { textwrap::termwidth().clamp(40, MAX_WIDTH) } else { MAX_WIDTH }
    }

    /// Prints text with styles, which are dropped where they are not wanted. A reader that went away
    /// changes nothing but what is printed.
    pub(super) fn text(&self, text: &str) -> Result<(), CommandError> {
        let stream = AutoStream::new(io::stdout(), self.color);
        if stream.current_choice() == ColorChoice::Never {
            // In one piece: piece by piece, each line would be a call of its own.
            return self.plain(&strip_str(text).to_string());
        }
        self.written(|| stream.lock().write_all(text.as_bytes()))
    }

    /// Prints text for other programs, as it is.
    pub(super) fn plain(&self, text: &str) -> Result<(), CommandError> {
        self.written(|| io::stdout().lock().write_all(text.as_bytes()))
    }

    /// Prints a piece of JSON text.
    pub(super) fn raw(&self, text: &str) -> Result<(), CommandError> {
        self.plain(&safe_json(text))
    }

    /// Prints one JSON object.
    pub(super) fn object(&self, value: &Value) -> Result<(), CommandError> {
        self.raw(&pretty(value))
    }

    /// Prints an answer, made in the form that is wanted.
    pub(super) fn answer(
        &self,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Result<Answer, CommandError> {
        if self.json {
            self.object(&json())?;
        } else {
            self.text(&text())?;
        }
        Ok(Answer::Yes)
    }

    /// Prints an answer that goes with `error`, which is then told: as JSON both are one object.
    pub(super) fn failed(&self, value: &Value, error: CommandError) -> CommandError {
        match self.object(&beside(value, &error)) {
            Ok(()) => error.shown(),
            Err(problem) => problem,
        }
    }

    fn written(&self, write: impl FnOnce() -> io::Result<()>) -> Result<(), CommandError> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.bar.suspend(|| write().and_then(|()| io::stdout().flush())) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            result => result.map_err(|error| CommandError::output(&error)),
        }
    }

    /// Tells the user that another process holds what is needed.
    pub(super) fn waiting(&self, path: &Path) {
        self.note(&format!("waiting for another process that works on `{}`", path.display()));
    }

    /// Tells the user something that is no answer.
    pub(super) fn note(&self, text: &str) {
        if self.log.is_json() {
            self.log(&Line::of(LogLevel::Info, text));
        } else {
            self.to_stderr(&format!("{}\n", safe(text)));
        }
    }

    /// Tells the user what can be done next.
    pub(super) fn hint(&self, text: &str) {
        if self.log.is_json() {
            return self.log(&Line::of(LogLevel::Info, format!("hint: {text}")));
        }
        let bold = anstyle::Style::new().bold();
        self.to_stderr(&format!("{bold}hint:{bold:#} {}\n", safe(text)));
    }

    /// Tells the user, or the program, why it did not work.
    pub(super) fn error(&self, error: &CommandError) {
        if let Some(line) = self.log.error(error) {
            self.to_stderr(&line);
        }
        if self.json && self.object(&error.json()).is_ok() || self.log.is_json() {
            return;
        }
        let (red, bold) = (Style::new().fg_color(Some(AnsiColor::Red.into())).bold(), Style::new().bold());
        let mut text = format!("{red}error:{red:#} {}\n", safe(&error.message));
        if let Some(kept) = error.partial.as_deref().and_then(terminal::kept) {
            let _ = writeln!(text, "{}", safe(&kept));
        }
        if let Some(hint) = &error.hint {
            let _ = writeln!(text, "{bold}hint:{bold:#} {}", safe(hint));
        }
        self.to_stderr(&text);
    }

    /// Tells the user what is wrong with an answer that was given all the same.
    pub(super) fn aside(&self, error: &CommandError) {
        if let Some(line) = self.log.error(error) {
            return self.to_stderr(&line);
        }
        self.note(&format!("warning: {}", error.message));
        error.hint.iter().for_each(|hint| self.hint(hint));
    }

    fn to_stderr(&self, text: &str) {
        // Where standard error cannot be written there is nobody left to tell.
        self.bar.suspend(|| {
            let _ = AutoStream::new(io::stderr(), self.color).lock().write_all(text.as_bytes());
        });
    }
}

/// What clap says of arguments it cannot take, or of `--help` and `--version`.
pub(super) fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        let shown = error.print();
        return if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(8) };
    }
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let says = |pair: &[OsString]| pair[0] == "--log-format" && pair[1] == "json";
    let logs_json =
        arguments.windows(2).any(says) || arguments.iter().any(|argument| argument == "--log-format=json");
    let log = if logs_json { LogFormat::Json } else { LogFormat::Text };
    if !is_json && !logs_json {
        let styled = error.render();
        let plain = styled.to_string();
        // Arguments are repeated in it; hidden characters in them are shown as escapes.
        let safe = safe_lines(&plain);
        let text = if safe == plain { styled.ansi().to_string() } else { safe };
        Output::new(false, Color::Auto, LogFormat::Text).to_stderr(&text);
        return ExitCode::from(2);
    }
    let text = error.to_string();
    let parts: Vec<&str> = text.trim_start_matches("error: ").split("\n\n").map(str::trim).collect();
    // The last part only names the help; those between are tips and the usage.
    let hint = parts.get(1..parts.len() - 1).unwrap_or_default().join("; ");
    let hint = if hint.is_empty() { "`--help` after the command tells its flags".to_owned() } else { hint };
    let error = CommandError::usage(parts[0].to_owned(), hint);
    Output::new(is_json, Color::Never, log).error(&error);
    ExitCode::from(error.exit())
}
