//! `consensus schema`

use super::args::{Schema, SchemaArgs};
use super::output::Output;
use super::{Answer, CommandError};
use crate::domain::json::{Value, to_value};
use crate::domain::schema;
use crate::ops;
use crate::report::json;

pub(super) fn schema(args: &SchemaArgs, output: &Output) -> Result<Answer, CommandError> {
    match &args.command {
        Schema::List => {
            let names = schema::names();
            if output.is_json() {
                output.object(&json::member("schemas", to_value(&names)))?;
            } else {
                output.plain(&(names.join("\n") + "\n"))?;
            }
            Ok(Answer::Yes)
        }
        Schema::Show { name } => {
            let name = named(name)?;
            let found = schema::all().into_iter().find(|(other, _)| *other == name);
            output.object(&to_value(&found.map(|(_, schema)| schema)))?;
            Ok(Answer::Yes)
        }
        Schema::Validate { name, file } => {
            let name = named(name)?;
            let bytes = ops::read_input(file)?;
            let problem = schema::validate(&name, &bytes).err().map(|error| error.to_string());
            let shown =
                if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() };
            let is_valid = problem.is_none();
            if output.is_json() {
                let whole = json::member("schema", name.into()).with("valid", Value::Bool(is_valid));
                output.object(&whole.with("problem", to_value(&problem)))?;
            } else {
                let answer = problem
                    .map_or_else(|| format!("it is a {name}"), |problem| format!("no {name}: {problem}"));
                output.text(&format!(
                    "{}: {}\n",
                    crate::report::safe(&shown),
                    crate::report::safe(&answer)
                ))?;
            }
            Ok(if is_valid { Answer::Yes } else { Answer::No })
        }
    }
}

fn named(wanted: &str) -> Result<String, CommandError> {
    schema::named(wanted).ok_or_else(|| {
        let hint = format!("there are {}", schema::names().join(", "));
        CommandError::usage(format!("there is no schema `{}`", wanted.escape_debug()), hint)
    })
}
