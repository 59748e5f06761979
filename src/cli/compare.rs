//! `consensus compare`

use std::time::Duration;

use super::args::CompareArgs;
use super::output::Output;
use super::query::nothing_left_out;
use super::{Answer, CommandError, signal};
use crate::ops::{self, CompareOptions, Workspace};
use crate::report::compare;

pub(super) fn compare(
    workspace: Workspace<'_>,
    args: &CompareArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let timeout = Duration::from_secs(args.timeout);
    let options = CompareOptions { by: args.by.into(), job: args.job.clone(), timeout };
    let report = ops::compare(&workspace, &options, &interrupted)?;
    let (by, groups) = (options.by, &report.groups);
    output.answer(|| compare::json(by, groups), || compare::text(by, groups))?;
    nothing_left_out(&report.index, output)
}
