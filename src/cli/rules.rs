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
            output.answer(|| rules::list_json(&found), || rules::list(&found))
        }
        Rules::Explain { id } => {
            let found = ops::rule(id)?;
            output.answer(|| rules::explain_json(&found), || rules::explain(&found, Output::width()))
        }
    }
}
