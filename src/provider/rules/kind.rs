//! What kind of document it is, and so which rules apply: told by the document itself, or else recognised by
//! its front matter, its headings or its size. It relies on the order of the kinds in the pack.

use super::compiled::{Compiled, KindRule};
use super::document::Document;
use super::heading::names;

/// The kind of a document, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KindOf {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) because: String,
}

/// The kind that the document names, or else the first that fits.
pub(super) fn kind_of(compiled: &Compiled, document: &Document<'_>, told: Option<(&str, u32)>) -> KindOf {
    let told = told.and_then(|(id, line)| {
        let known = compiled.kinds.iter().find(|known| known.kind.id == id)?;
        Some((known, format!("line {line} says so")))
    });
    let fits = || compiled.kinds.iter().find_map(|known| Some((known, fits(known, document)?)));
    let found = told.or_else(fits);
    found.map_or_else(
        || KindOf { id: String::new(), name: String::from("a document"), because: String::new() },
        |(found, because)| KindOf { id: found.kind.id.clone(), name: found.kind.name.clone(), because },
    )
}

fn fits(known: &KindRule, document: &Document<'_>) -> Option<String> {
    let kind = &known.kind;
    if let Some(most) = kind.most_words {
        let short = document.words <= most && document.sections() <= 1;
        return short.then(|| format!("it has {} words and hardly a section", document.words));
    }
    if let Some(line) =
        document.fields.iter().find(|line| known.fields.iter().any(|field| field.is_match(line)))
    {
        return Some(format!("it begins with `{}`", shortened(line)));
    }
    if kind.headings.is_empty() {
        return kind.fields.is_empty().then(|| String::from("nothing says that it is anything else"));
    }
    let named = |list: &[String]| {
        let mut headings =
            document.headings.iter().map(|heading| heading.normalised.as_str()).collect::<Vec<_>>();
        headings.retain(|heading| list.iter().any(|topic| names(heading, topic)));
        headings
    };
    let found = named(&kind.headings);
    let fits = found.len() >= kind.at_least && named(&kind.unless_headings).is_empty();
    fits.then(|| format!("it has headings such as {}", quoted(&found)))
}

fn shortened(line: &str) -> String {
    line.chars().take(40).collect()
}

fn quoted(found: &[&str]) -> String {
    let quoted: Vec<String> = found.iter().take(4).map(|heading| format!("“{heading}”")).collect();
    quoted.join(", ")
}
