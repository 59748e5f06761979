//! `consensus completions` and `consensus man`: made from the table of flags, so they cannot drift.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::report::json;

pub(super) fn completions(args: &CompletionsArgs, output: &Output) -> Result<Answer, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate::<Shell, _>(args.shell, &mut Cli::command(), "consensus", &mut script);
    printed("completions", &String::from_utf8_lossy(&script), output)
}

pub(super) fn man(args: &ManArgs, output: &Output) -> Result<Answer, CommandError> {
    let mut command = Cli::command();
    command.build();
    let mut name = String::from("consensus");
    for word in &args.command {
        let known: Vec<String> = names(&command);
        let Some(found) = command.find_subcommand(word).cloned() else {
            let message = format!("`{}` has no command `{}`", name.replace('-', " "), word.escape_debug());
            let hint = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            return Err(CommandError::usage(message, hint));
        };
        name = format!("{name}-{}", found.get_name());
        command = found;
    }
    // The name that a page goes by is not the one that is typed.
    let page = clap_mangen::Man::new(command.name(name.clone())).title(name.to_uppercase());
    let page = page.source(concat!("consensus ", env!("CARGO_PKG_VERSION")));
    let mut roff = Vec::new();
    page.render(&mut roff).map_err(|error| CommandError::output(&error))?;
    printed("man", &String::from_utf8_lossy(&roff), output)
}

fn names(command: &clap::Command) -> Vec<String> {
    command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .filter(|name| name != "help")
        .collect()
}

fn printed(name: &str, text: &str, output: &Output) -> Result<Answer, CommandError> {
    if output.is_json() {
        output.object(&json::text(name, text))?;
    } else {
        output.plain(text)?;
    }
    Ok(Answer::Yes)
}
