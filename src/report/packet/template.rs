//! Rendering a template: whatever it prints goes through the form's own escape first.

use minijinja::{AutoEscape, Environment, Error};
use serde::Serialize;

use crate::domain::json::{Value, to_value};
use crate::report::safe_lines;

/// Fills `template`, every text that is printed made visible and then passed through `escape`.
///
/// # Panics
/// Never for the built-in templates: the tests fill each.
pub(super) fn fill(template: &str, escape: fn(&str) -> String, value: &impl Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("form"));
    environment.set_formatter(move |out, _, value| {
        let text = match value.as_str() {
            Some(text) if value.is_safe() => text.to_owned(),
            Some(text) => escape(&safe_lines(&plain(text))),
            // A number or a flag, which needs no escape.
            None => value.to_string(),
        };
        out.write_str(&text).map_err(Error::from)
    });
    let filled = environment.render_str(template, context(&to_value(value)));
    filled.unwrap_or_else(|error| panic!("a built-in template: {error:#}"))
}

/// Lines end as they do everywhere, and a tab is as wide as it looks.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ")
}

/// The value as the templates see it. Decimals are text, so that they keep their digits.
fn context(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(text) => {
            text.parse::<i64>().map_or_else(|_| text.as_str().into(), minijinja::Value::from)
        }
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(context).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), context(value))).collect()
        }
    }
}
