//! `consensus diff`

use super::args::{DiffArgs, DiffFormat, reference};
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops::{self, Workspace};
use crate::report::difference;

pub(super) fn diff(
    workspace: &Workspace<'_>,
    args: &DiffArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let found = ops::diff(workspace, &reference(&args.old)?, &reference(&args.new)?)?;
    match args.format {
        _ if output.is_json() => output.object(&difference::json(&found))?,
        DiffFormat::Json => output.object(&difference::json(&found))?,
        DiffFormat::Md => output.plain(&difference::markdown(&found))?,
        DiffFormat::Text => output.text(&difference::text(&found))?,
    }
    Ok(if found.is_empty() { Answer::Yes } else { Answer::No })
}
