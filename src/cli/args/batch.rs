//! The flags of `batch`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;

use super::{ReviewArgs, count};
use crate::domain::shard::Shard;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["paths", "from"])))]
pub(in crate::cli) struct BatchArgs {
    /// Documents, and directories: of these every .md, .markdown, .rst, .adoc and .txt below that git would not ignore
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// A file that names a document on each line, as JSON: `file` or `text`, and perhaps `job` and `context` (paths);
    /// `-` is standard input
    #[arg(long, value_name = "FILE.jsonl")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// How many documents are reviewed, or wait for models, at the same time [default: as many as there are processors; 8 where models are asked]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Send no more requests to models a minute, all documents together
    #[arg(long, value_name = "N", value_parser = count::<NonZeroU32>)]
    pub(in crate::cli) requests_per_minute: Option<NonZeroU32>,
    /// Have models read and write no more tokens a minute, about, all documents together
    #[arg(long, value_name = "N", value_parser = count::<NonZeroU32>)]
    pub(in crate::cli) tokens_per_minute: Option<NonZeroU32>,
    /// Review only the documents of this part of N, by their names, such as 2/8: each machine takes another part
    #[arg(long, value_name = "I/N")]
    pub(in crate::cli) shard: Option<Shard>,
    #[command(flatten)]
    pub(in crate::cli) review: ReviewArgs,
}

/// More are only in each other's way.
const MOST_JOBS: usize = 512;

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse().ok().filter(|jobs: &NonZeroUsize| jobs.get() <= MOST_JOBS);
    jobs.ok_or_else(|| format!("it takes a whole number from 1 to {MOST_JOBS}"))
}
