//! Progress, on standard error and only where a person looks at it.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use rustix::fs::FileType;

use super::log::Line;
use super::output::Output;
use crate::config::LogLevel;
use crate::domain::audit::RunVersions;
use crate::domain::step::Step;
use crate::ops::{Progress, Sweep};
use crate::report::safe;

/// A line that tells which steps are under way.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    known: Mutex<Known>,
}

/// What is known of a run under way.
#[derive(Default)]
struct Known {
    running: Vec<Step>,
    run: Option<Box<RunVersions>>,
}

impl ProgressLine {
    /// A line that is drawn only on a terminal.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, known: Mutex::default() }
    }

    /// Takes note of what happened.
    pub(super) fn observe(&self, progress: &Progress, output: &Output) {
        let Ok(mut known) = self.known.lock() else { return };
        let Known { running, run } = &mut *known;
        match progress {
            Progress::Begun(steps, _, versions) => {
                self.begin(*steps, output);
                *run = Some(versions.clone());
            }
            Progress::Started(step) => running.push(step.clone()),
            Progress::Done(step) => {
                running.retain(|other| other != step);
                self.bar.inc(1);
            }
            Progress::Failed(step) => running.retain(|other| other != step),
            Progress::Waiting(step, why) if !self.bar.is_hidden() => {
                self.bar.println(safe(&format!("{step}: {why}")));
            }
            Progress::Warned(_, _, text) if !output.logs_json() => {
                self.bar.suspend(|| output.note(&format!("warning: {text}")));
            }
            Progress::Waiting(..) | Progress::Warned(..) => {}
        }
        let names: Vec<String> = running.iter().map(Step::to_string).collect();
        self.bar.set_message(names.join(", "));
        self.bar.suspend(|| log(progress, run.as_deref(), output));
    }

    /// Only now is there something to wait for.
    fn begin(&self, steps: usize, output: &Output) {
        self.bar.set_length(steps as u64);
        if output.logs_json() {
            return;
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What happens to a run, as lines of the log.
fn log(progress: &Progress, run: Option<&RunVersions>, output: &Output) {
    let line = |level, event, message| Line::about(run, level, event, message);
    let of = |level, event, step: &Step, what: &str| line(level, event, format!("{step} {what}")).step(step);
    match progress {
        Progress::Begun(..) => {
            output.log(&line(LogLevel::Info, "run_started", "the run begins".to_owned()));
            output.log(&line(LogLevel::Info, "version_audit", "its versions are settled".to_owned()));
        }
        Progress::Started(step) => output.log(&of(LogLevel::Debug, "step_started", step, "has begun")),
        Progress::Done(step) => output.log(&of(LogLevel::Info, "step_completed", step, "is done")),
        Progress::Failed(step) => output.log(&of(LogLevel::Warn, "step_failed", step, "came to nothing")),
        Progress::Waiting(step, _) => {
            output.log(&of(LogLevel::Debug, "call_waiting", step, "waits before it asks again"));
        }
        Progress::Warned(code, step, _) => {
            let mut warning = line(LogLevel::Warn, "warning", format!("a warning: {code}"));
            warning.more.push(("code", (*code).into()));
            output.log(&match step {
                Some(step) => warning.step(step),
                None => warning,
            });
        }
    }
}

/// What takes less is not worth a bar.
const SOON: Duration = Duration::from_secs(1);

/// How long the rest may take, once something is known of it.
fn left(state: &ProgressState, out: &mut dyn fmt::Write) {
    let eta = state.eta();
    if state.pos() > 0 && eta >= SOON {
        let _ = write!(out, ", {:#} left", HumanDuration(eta));
    }
}

/// A bar that tells how many of many are done, and how long the rest may take.
#[derive(Debug)]
pub(super) struct Bar {
    line: ProgressBar,
    is_wanted: bool,
    /// Whether another program reads what is printed.
    is_piped: bool,
    is_drawn: AtomicBool,
}

impl Bar {
    /// A bar that is drawn only on a terminal, and only if it `is_wanted`.
    pub(super) fn new(is_wanted: bool) -> Self {
        let line = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let is_wanted = is_wanted && io::stderr().is_terminal();
        // What is read by a pager has the terminal for itself.
        let stdout = rustix::fs::fstat(io::stdout()).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let is_piped = matches!(stdout, Ok(FileType::Fifo | FileType::Socket));
        Self { line, is_wanted, is_piped, is_drawn: AtomicBool::new(false) }
    }

    /// Takes note of how far a verb has come in going through the store; it shows where that takes long.
    pub(super) fn observe(&self, sweep: Sweep) {
        match sweep {
            Sweep::Begun => {
                self.line.reset();
                self.of("runs");
            }
            Sweep::Expected(count) => self.line.set_length(count as u64),
            Sweep::Looked => {
                self.line.inc(1);
                let is_due = || !self.is_drawn.load(Ordering::Relaxed) && self.line.elapsed() > SOON;
                if self.is_wanted && !self.is_piped && is_due() {
                    self.draw();
                }
            }
            Sweep::Ended => self.finish(),
        }
    }

    /// Begins at once, of as many as `count` says where somebody looks; of some, where it cannot.
    pub(super) fn begin(&self, what: &str, count: impl FnOnce() -> Option<usize>) {
        if !self.is_wanted {
            return;
        }
        match count() {
            Some(count) => {
                self.of(what);
                self.line.set_length(count as u64);
            }
            None => self.styled("{spinner} {pos}, {per_sec}, {elapsed}"),
        }
        self.draw();
    }

    fn of(&self, what: &str) {
        self.styled(&format!("{{wide_bar}} {{pos}}/{{len}} {what}{{left}}"));
    }

    fn styled(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.line.set_style(style.with_key("left", left));
        }
    }

    fn draw(&self) {
        if !self.is_drawn.swap(true, Ordering::Relaxed) {
            self.line.set_draw_target(ProgressDrawTarget::stderr());
            self.line.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// One more is done.
    pub(super) fn inc(&self) {
        self.line.inc(1);
    }

    /// Takes the bar away while something is printed.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.line.suspend(print)
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if self.is_drawn.swap(false, Ordering::Relaxed) {
            self.line.finish_and_clear();
            self.line.set_draw_target(ProgressDrawTarget::hidden());
        }
    }
}
