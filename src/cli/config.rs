//! `consensus config`

use super::args::{Config, ConfigArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::config::Settings;
use crate::ops::Clock;
use crate::report::settings::{self, Row};

pub(super) fn config(found: &Settings, args: &ConfigArgs, output: &Output) -> Result<Answer, CommandError> {
    let Config::Show = args.command;
    let clock = match found.clock.value {
        Clock::System => "the system's".to_owned(),
        Clock::Fixed(_) => found.clock.value.now(),
    };
    let row = |name, value, origin: &crate::config::Origin| Row { name, value, origin: origin.to_string() };
    let rows = [
        row("store", found.store.value.display().to_string(), &found.store.origin),
        row("policy", found.policy.value.to_string(), &found.policy.origin),
        row("rules", paths(&found.rules.value), &found.rules.origin),
        row("suppressions", paths(found.suppressions.value.as_slice()), &found.suppressions.origin),
        row("clock", clock, &found.clock.origin),
    ];
    output.answer(|| settings::json(&rows), || settings::text(&rows))
}

fn paths(paths: &[std::path::PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "none".to_owned() } else { paths.join(", ") }
}
