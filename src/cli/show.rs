//! `consensus show`

use super::args::{ShowArgs, reference};
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops::{self, Workspace};
use crate::report::json;
use crate::report::terminal::{self, Detail};

pub(super) fn show(
    workspace: &Workspace<'_>,
    args: &ShowArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let view = ops::show(workspace, &reference(&args.run)?)?;
    output.answer(
        || json::run(&view, None),
        || terminal::run(&view, false, Detail::Everything, None, Output::width()),
    )
}
