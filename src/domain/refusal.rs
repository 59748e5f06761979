//! Why what a person wrote is refused: a stable word, the field, and what is wrong with it.

use super::json::JsonError;

/// Why what a person wrote is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", place(field))]
pub struct Refusal {
    /// A stable word for programs; `docs/policies.md` lists those of policies.
    pub code: &'static str,
    /// The field, as `a.b[2]`; empty for the whole.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("field `{}`: ", field.escape_debug()) }
}

impl Refusal {
    /// A refusal of `field`.
    #[must_use]
    pub fn new(code: &'static str, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { code, field: field.into(), problem: problem.into() }
    }

    /// This refusal where what it is about stands at `prefix`.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        let field =
            if self.field.is_empty() { prefix.to_owned() } else { format!("{prefix}.{}", self.field) };
        Self { field, ..self }
    }

    /// The refusal of a value that has not the wanted shape.
    #[must_use]
    pub fn of_shape(error: JsonError) -> Self {
        let JsonError::Shape { path, problem } = error else {
            return Self::new("wrong_type", "", error.to_string());
        };
        let mut path = if path == "." { String::new() } else { path };
        let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        if let Some(missing) = missing {
            path = if path.is_empty() { missing.to_owned() } else { format!("{path}.{missing}") };
        }
        // As serde words them, and the types of this crate.
        let code = [
            ("unknown field", "unknown_field"),
            ("missing field", "missing_field"),
            ("duplicate field", "unknown_field"),
            ("unknown variant", "unknown_value"),
            ("invalid type", "wrong_type"),
            ("invalid length", "wrong_type"),
            ("must not be blank", "blank"),
            ("expected value", "wrong_type"),
        ]
        .into_iter()
        .find(|(words, _)| problem.starts_with(words))
        .map(|(_, code)| code);
        let code = code.unwrap_or(match &problem {
            problem if problem.contains("fractional digits") => "too_precise",
            problem if problem.contains("is not a number") => "wrong_type",
            problem if problem.contains("cannot be a") => "bad_id",
            _ => "out_of_range",
        });
        Self::new(code, path, worded(&problem))
    }
}

/// What serde says, in words for whoever writes the file.
fn worded(problem: &str) -> String {
    if problem.starts_with("expected value") {
        return "it takes one of its words, as text".to_owned();
    }
    let Some((what, wanted)) = problem.split_once(", expected ") else {
        return problem.replacen("missing field", "there is no", 1);
    };
    if let Some(field) = what.strip_prefix("unknown field ") {
        return format!("there is no field {field}; there are {}", wanted.trim_start_matches("one of "));
    }
    if let Some(word) = what.strip_prefix("unknown variant ") {
        return format!("{word} is none of {}", wanted.trim_start_matches("one of ").replace(" or ", ", "));
    }
    let found = what.rsplit_once(": ").map_or(what, |(_, found)| found);
    let found = ["integer ", "floating point ", "boolean "]
        .iter()
        .find_map(|kind| found.strip_prefix(kind))
        .unwrap_or(found);
    let found = match found {
        "map" => "a table",
        "sequence" => "a list",
        found => found,
    };
    let wanted = match wanted {
        "u64" => "a whole number from 0 on",
        "u32" => "a whole number from 0 to 4294967295",
        "a boolean" => "true or false",
        "a string" => "text",
        "a sequence" => "a list; tables of a list are written `[[…]]`",
        wanted if wanted.starts_with("struct ") => "a table",
        wanted => wanted,
    };
    format!("it takes {wanted}; this is {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_and_what() {
        let refusal = Refusal::new("out_of_range", "max_attempts", "0 is not between 1 and 10");
        assert_eq!(
            refusal.under("limits").to_string(),
            "field `limits.max_attempts`: 0 is not between 1 and 10"
        );
        assert_eq!(Refusal::new("bad_toml", "", "it ends too early").to_string(), "it ends too early");
    }
}
