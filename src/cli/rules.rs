//! `consensus rules`

use super::args::{Rules, RulesArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops;
use crate::report::rules;

pub(super) fn rules(args: &RulesArgs, output: &Output) -> Result<Answer, CommandError> {
    match &args.command {
        Rules::List => {
            let found = ops::rules()?;
            if output.is_json() {
                output.object(&rules::list_json(&found))?;
            } else {
                output.text(&rules::list(&found))?;
            }
        }
        Rules::Explain { id } => {
            let found = ops::rule(id)?;
            if output.is_json() {
                output.object(&rules::explain_json(&found))?;
            } else {
                output.text(&rules::explain(&found, Output::width()))?;
            }
        }
    }
    Ok(Answer::Yes)
}
