//! `consensus diff`

use super::args::{DiffArgs, DiffFormat, reference};
use super::output::Output;
use super::{Answer, CommandError};
use crate::domain::difference::{Difference, Reviewed};
use crate::ops::{self, Workspace};
use crate::report::difference;

pub(super) fn diff(
    workspace: &Workspace<'_>,
    args: &DiffArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let [old, new] = [&args.old, &args.new].map(|run| ops::show(workspace, &reference(run)?));
    let (old, new) = (old?, new?);
    let found = Difference::of(&Reviewed::of(&old), &Reviewed::of(&new));
    match args.format {
        _ if output.is_json() => output.object(&difference::json(&found))?,
        DiffFormat::Json => output.object(&difference::json(&found))?,
        DiffFormat::Md => output.plain(&difference::markdown(&found))?,
        DiffFormat::Text => output.text(&difference::text(&found))?,
    }
    Ok(if found.is_empty() { Answer::Yes } else { Answer::No })
}
