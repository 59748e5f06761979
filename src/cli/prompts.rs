//! `consensus prompts`

use super::args::{Prompts, PromptsArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops::{self, PromptsOf, Workspace};
use crate::report::{json, prompts, safe_lines};

pub(super) fn prompts(
    workspace: &Workspace<'_>,
    args: &PromptsArgs,
    chosen: Option<&str>,
    output: &Output,
) -> Result<Answer, CommandError> {
    match &args.command {
        Prompts::List => {
            let sets = ops::prompt_sets();
            output.answer(|| prompts::list_json(&sets), || prompts::list(&sets))
        }
        Prompts::Show { template, set } => {
            let text = ops::prompt(set.as_deref().or(chosen), template)?;
            if output.is_json() {
                output.object(&json::text("text", text))?;
            } else {
                output.plain(&safe_lines(text))?;
            }
            Ok(Answer::Yes)
        }
        Prompts::Diff { old, new } => {
            let changes = ops::diff_prompts(workspace, &PromptsOf::parse(old)?, &PromptsOf::parse(new)?)?;
            output.answer(|| prompts::diff_json(&changes), || prompts::diff(&changes))?;
            Ok(if changes.is_empty() { Answer::Yes } else { Answer::No })
        }
    }
}
