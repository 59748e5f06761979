//! The command line: flags in, one call of `ops`, the answer shown.
//!
//! Standard output is data, standard error is for people; exit codes and hints are settled in
//! `error.rs`, nowhere else.

mod args;
mod artifact;
mod artifact_error;
mod asking_error;
mod audit;
mod batch;
mod compare;
mod config;
mod diff;
mod doctor;
mod error;
mod generate;
mod list;
mod log;
mod migrate;
mod output;
mod policy;
mod progress;
mod prompts;
mod query;
mod report;
mod rules;
mod run;
mod schema;
mod show;
mod signal;
mod stream;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Parser as _;

use crate::config::{Author, Flags, Settings};
use crate::ops::Workspace;
use args::{Cli, Command, ReviewArgs};
use error::CommandError;
use output::Output;

/// How a command that did its work answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

/// An answer about many is whole only if none of them could not be read; which, it says itself.
fn whole(unreadable: usize) -> Result<Answer, CommandError> {
    match unreadable {
        0 => Ok(Answer::Yes),
        broken => Err(CommandError::unreadable(broken)),
    }
}

/// Runs the program on these arguments, the program's name first.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    signal::survive_full_files();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error, &arguments),
    };
    let output = Output::new(cli.global.json, cli.global.color, cli.global.log_format);
    let result = std::panic::catch_unwind(|| dispatch(&cli, &output));
    let result = result.unwrap_or_else(|_| Err(CommandError::bug()));
    output.bar().finish();
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            if !error.is_shown {
                output.error(&error);
            }
            ExitCode::from(error.exit())
        }
    }
}

fn flags(cli: &Cli) -> Flags {
    let every =
        Flags { store: cli.global.store.clone(), log_level: cli.global.log_level, ..Flags::default() };
    match &cli.command {
        Command::Run(args) => reviewing(&args.review, every),
        Command::Revise(args) => reviewing(&args.review, every),
        Command::Batch(args) => reviewing(&args.review, every),
        Command::Doctor(args) => {
            let base_url = args.model.base_url.clone();
            Flags { policy: args.policy.clone(), base_url, ..every }
        }
        Command::Rules(args) => Flags { rules: args.rules.clone(), ..every },
        _ => every,
    }
}

fn reviewing(args: &ReviewArgs, every: Flags) -> Flags {
    Flags {
        policy: args.policy.clone(),
        rules: args.rules.clone(),
        suppressions: args.suppressions.clone(),
        base_url: args.asking.model.base_url.clone(),
        ..every
    }
}

fn dispatch(cli: &Cli, output: &Output) -> Result<Answer, CommandError> {
    let settings = Settings::resolve(&flags(cli))?;
    output.settle(&settings);
    let interrupted = AtomicBool::new(false);
    let on_wait = |path: &std::path::Path| output.waiting(path);
    let workspace = Workspace {
        store: settings.store.value.clone(),
        clock: settings.clock.value,
        author: &|| Author::ask().label(),
        interrupted: &interrupted,
        no_wait: false,
        on_wait: &on_wait,
        on_sweep: &|sweep| output.bar().observe(sweep),
    };
    match &cli.command {
        Command::Run(args) => run::run(workspace, args, &settings, output),
        Command::Batch(args) => batch::batch(workspace, args, &settings, output),
        Command::Revise(args) => run::revise(&workspace, args, &settings, output),
        Command::Show(args) => show::show(&workspace, args, output),
        Command::Diff(args) => diff::diff(&workspace, args, output),
        Command::Report(args) => report::report(&workspace, args, output),
        Command::List(args) => list::list(workspace, args, output),
        Command::Verify(args) => verify::verify(workspace, args, output),
        Command::Migrate(args) => migrate::migrate(workspace, args, output),
        Command::Backfill(args) => migrate::backfill(workspace, args, output),
        Command::Policy(args) => policy::policy(workspace, &args.command, &settings.policy.value, output),
        Command::Version(args) => artifact::version(workspace, args, &settings.policy.value, output),
        Command::Item(args) => artifact::item(workspace, args, output),
        Command::Lineage(args) => artifact::lineage(&workspace, args, output),
        Command::Approved(args) => artifact::approved(&workspace, args, output),
        Command::Rules(args) => rules::rules(&settings.rule_files(), args, output),
        Command::Schema(args) => schema::schema(args, output),
        Command::Query(args) => query::query(workspace, args, output),
        Command::Export(args) => query::export(workspace, args, output),
        Command::Audit(args) => audit::audit(workspace, args, output),
        Command::Compare(args) => compare::compare(workspace, args, output),
        Command::Stats => query::stats(workspace, output),
        Command::Index => query::index(workspace, output),
        Command::Prompts(args) => {
            prompts::prompts(&workspace, args, settings.prompt_set.value.as_deref(), output)
        }
        Command::Doctor(args) => doctor::doctor(workspace, args, &settings, output),
        Command::Config(args) => config::config(&settings, args, output),
        Command::Completions(args) => generate::completions(args, output),
        Command::Man(args) => generate::man(args, output),
    }
}
