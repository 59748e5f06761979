//! `consensus report`

use super::args::{ReportArgs, ReportFormat, reference};
use super::output::Output;
use super::{Answer, CommandError};
use crate::domain::json::to_value;
use crate::ops::{self, Workspace};
use crate::report::packet::{self, Packet};

pub(super) fn report(
    workspace: &Workspace<'_>,
    args: &ReportArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    if args.document.is_some() && args.format != ReportFormat::Sarif {
        let hint = "take --format sarif, or leave it out".to_owned();
        return Err(CommandError::usage("--document goes with --format sarif".to_owned(), hint));
    }
    let packet = Packet::of(&ops::show(workspace, &reference(&args.run)?)?);
    match args.format {
        ReportFormat::Sarif | ReportFormat::Junit | ReportFormat::Html if output.is_json() => {
            return Err(CommandError::usage(
                "--json is one of the formats, and another one is asked for".to_owned(),
                "take --format or --json".to_owned(),
            ));
        }
        ReportFormat::Md if !output.is_json() => output.plain(&packet::markdown(&packet))?,
        ReportFormat::Sarif => {
            output.object(&packet::sarif(&packet, args.document.as_deref()))?;
            if args.document.is_none() {
                output.hint("the record does not know where the document lies: name it with --document PATH");
            }
        }
        ReportFormat::Junit => output.plain(&packet::junit(&packet))?,
        ReportFormat::Html => output.plain(&packet::html(&packet))?,
        ReportFormat::Json | ReportFormat::Md => output.object(&to_value(&packet))?,
    }
    Ok(Answer::Yes)
}
