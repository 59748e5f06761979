//! `consensus config`

use super::args::{Config, ConfigArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::config::{LogLevel, Settings};
use crate::ops::Clock;
use crate::report::settings::{self, Row};

pub(super) fn config(found: &Settings, args: &ConfigArgs, output: &Output) -> Result<Answer, CommandError> {
    let Config::Show = args.command;
    let clock = match found.clock.value {
        Clock::System => "the system's".to_owned(),
        Clock::Fixed(_) => found.clock.value.now(),
    };
    let row = |name: &str, value, origin: &crate::config::Origin| Row {
        name: name.to_owned(),
        value,
        origin: origin.to_string(),
    };
    let mut rows = vec![
        row("store", found.store.value.display().to_string(), &found.store.origin),
        row("policy", found.policy.value.to_string(), &found.policy.origin),
        row("rules", paths(&found.rules.value), &found.rules.origin),
        row("suppressions", paths(found.suppressions.value.as_slice()), &found.suppressions.origin),
        row(
            "prompt_set",
            found.prompt_set.value.clone().unwrap_or_else(|| "newest".to_owned()),
            &found.prompt_set.origin,
        ),
        row(
            "log_level",
            found.log_level.value.map_or("info where the log is JSON", LogLevel::as_str).to_owned(),
            &found.log_level.origin,
        ),
        row("clock", clock, &found.clock.origin),
    ];
    for (provider, connection) in &found.connections.servers {
        let (base, origin) = connection.base_url.clone();
        rows.push(Row { name: format!("{provider}.base_url"), value: base, origin });
        let (value, origin) = match connection.key {
            Some(name) => ("set", name.to_owned()),
            None => ("not set", connection.key_variables.join(" or ")),
        };
        rows.push(Row { name: format!("{provider}.key"), value: value.to_owned(), origin });
    }
    output.answer(|| settings::json(&rows), || settings::text(&rows))
}

fn paths(paths: &[std::path::PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "none".to_owned() } else { paths.join(", ") }
}
