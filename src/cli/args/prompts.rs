//! The flags of `prompts`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct PromptsArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Prompts,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Prompts {
    /// List the prompt sets that are installed, and their templates
    List,
    /// Print a template
    Show {
        /// Its name, such as `review` or `personas/critic`
        #[arg(value_name = "TEMPLATE")]
        template: String,
        /// The version of the set [default: as `PERSONA_TEMPLATE_VERSION` says, else the newest]
        #[arg(long, value_name = "VERSION")]
        set: Option<String>,
    },
    /// Show what differs between two sets, or a run's and another; exit status 1 when something does
    Diff {
        /// The version of a set, or a run, as `show` takes it
        #[arg(value_name = "SET|RUN")]
        old: String,
        /// The other
        #[arg(value_name = "SET|RUN")]
        new: String,
    },
}
