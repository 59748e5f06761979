//! `consensus audit`

use super::args::AuditArgs;
use super::log::Line;
use super::output::Output;
use super::stream::Stream;
use super::{Answer, CommandError, signal, whole};
use crate::config::LogLevel;
use crate::domain::audit::Warning;
use crate::domain::json::to_value;
use crate::ops::{self, AuditOptions, AuditReport, Workspace};
use crate::report::audit;

pub(super) fn audit(
    workspace: Workspace<'_>,
    args: &AuditArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let expected = args.expect.clone().unwrap_or_default();
    let mut stream = Stream::new(output, "warnings");
    let mut each = |warning: Warning| {
        let message = format!("the run's versions do not agree: {}", warning.code);
        let mut line = Line::about(Some(&warning.run), LogLevel::Warn, "schema_validation_error", message);
        line.more.push(("code", warning.code.into()));
        line.more.push(("versions", to_value(&warning.versions)));
        output.log(&line);
        if output.is_json() {
            stream.push(&to_value(&warning));
        } else {
            stream.push_shown(&audit::warning(&warning));
        }
    };
    let report = match ops::audit(&workspace, &AuditOptions { job: args.job.clone(), expected }, &mut each) {
        Err(error) if stream.count() > 0 => return Err(stream.cut_short(error.into())),
        report => report?,
    };
    let AuditReport { runs, warnings, unreadable } = report;
    stream.finish(&audit::json(runs, &unreadable), &audit::text(runs, warnings, &unreadable), None)?;
    match unreadable.len() {
        0 if args.strict && warnings > 0 => Ok(Answer::No),
        broken => whole(broken),
    }
}
