//! Policy files to start from.

/// Each by its name, strictest first.
pub const TEMPLATES: [(&str, &str); 3] = [
    ("conservative", include_str!("templates/conservative.toml")),
    ("development", include_str!("templates/development.toml")),
    ("production", include_str!("templates/production.toml")),
];

#[cfg(test)]
mod tests {
    use super::super::{Body, diff, read};
    use super::*;

    #[test]
    fn each_is_a_policy_and_the_one_for_production_has_the_built_in_panel() {
        for (name, text) in TEMPLATES {
            let body = read(text, |_| Ok(())).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            let changes = diff(&Body::default(), &body);
            assert!(!changes.is_empty(), "{name}");
            if name == "production" {
                assert_eq!(body.panel, Body::default().panel);
            }
        }
    }
}
