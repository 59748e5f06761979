//! `consensus rules`

use super::args::{Rules, RulesArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::ops::{self, RuleFiles};
use crate::report::{json, rules, safe_lines};

pub(super) fn rules(files: &RuleFiles, args: &RulesArgs, output: &Output) -> Result<Answer, CommandError> {
    match &args.command {
        Rules::List { kind } => {
            let found = ops::rules(files, kind.as_deref())?;
            output.answer(|| rules::list_json(&found), || rules::list(&found))
        }
        Rules::Kinds => {
            let found = ops::kinds(files)?;
            output.answer(|| rules::kinds_json(&found), || rules::kinds(&found, Output::width()))
        }
        Rules::Explain { id } => {
            let found = ops::rule(files, id)?;
            output.answer(|| rules::explain_json(&found), || rules::explain(&found, Output::width()))
        }
        Rules::Show { id } => {
            let source = ops::rule_source(files, id)?;
            if output.is_json() {
                output.object(&json::member("source", source.as_str().into()))?;
            } else {
                output.plain(&(safe_lines(&source) + "\n"))?;
            }
            Ok(Answer::Yes)
        }
        Rules::Test { file } => {
            let mut files = RuleFiles { suppressions: None, ..files.clone() };
            if let Some(file) = file {
                files.packs = vec![file.clone()];
            }
            let found = ops::test_rules(&files)?;
            let failed = found.examples.iter().any(|example| !example.holds);
            output.answer(
                || rules::test_json(&found.examples, &found.without),
                || rules::test(&found.examples, &found.without),
            )?;
            Ok(if failed { Answer::No } else { Answer::Yes })
        }
    }
}
