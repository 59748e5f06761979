//! Progress, on standard error and only where a person looks at it.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;
use crate::domain::step::Step;
use crate::ops::{MigrateProgress, Progress};
use crate::report::safe;

/// A line that tells which steps are under way.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    running: Mutex<Vec<Step>>,
}

impl ProgressLine {
    /// A line that is drawn only on a terminal.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, running: Mutex::default() }
    }

    /// Takes note of what happened.
    pub(super) fn observe(&self, progress: Progress, output: &Output) {
        let Ok(mut running) = self.running.lock() else { return };
        match progress {
            Progress::Begun(steps) => self.begin(steps),
            Progress::Started(step) => running.push(step),
            Progress::Done(step) => {
                running.retain(|other| *other != step);
                self.bar.inc(1);
            }
            Progress::Failed(step) => running.retain(|other| *other != step),
            Progress::Waiting(step, why) if !self.bar.is_hidden() => {
                self.bar.println(safe(&format!("{step}: {why}")));
            }
            Progress::Waiting(..) => {}
            Progress::Warned(text) => self.bar.suspend(|| output.note(&format!("warning: {text}"))),
        }
        let names: Vec<String> = running.iter().map(Step::to_string).collect();
        self.bar.set_message(names.join(", "));
    }

    /// Only now is there something to wait for.
    fn begin(&self, steps: usize) {
        self.bar.set_length(steps as u64);
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

/// A bar that tells how many of many are settled, and how long it may take.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar that is drawn only on a terminal.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} manifests, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Takes note of what happened.
    pub(super) fn observe(&self, progress: MigrateProgress) {
        match progress {
            MigrateProgress::Begun(count) => {
                self.0.set_length(count as u64);
                self.0.set_draw_target(ProgressDrawTarget::stderr());
            }
            MigrateProgress::Settled(count) => self.0.inc(count as u64),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
