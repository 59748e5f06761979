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
    /// Whether a sentence is enough to tell of a topic.
    pub(super) sentences: bool,
}

/// The kind that the document names, or else the first that fits.
pub(super) fn kind_of(compiled: &Compiled, document: &Document, told: Option<(&str, u32)>) -> KindOf {
    let told = told.and_then(|(id, line)| {
        let known = compiled.kinds.iter().find(|known| known.kind.id == id)?;
        Some((known, format!("line {line} says so")))
    });
    let fits = || compiled.kinds.iter().find_map(|known| Some((known, fits(known, document)?)));
    let found = told.or_else(fits);
    let Some((found, because)) = found else {
        let name = String::from("a document");
        return KindOf { id: String::new(), name, because: String::new(), sentences: false };
    };
    let kind = &found.kind;
    KindOf { id: kind.id.clone(), name: kind.name.clone(), because, sentences: kind.sentences }
}

fn fits(known: &KindRule, document: &Document) -> Option<String> {
    let kind = &known.kind;
    if let Some(most) = kind.most_words {
        let short = document.words <= most && document.sections() <= 1;
        return short.then(|| String::from("it is short and has hardly a section"));
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
        let title = document.title();
        let sections = document.headings.iter().enumerate().filter(|(index, _)| title != Some(*index));
        let mut headings = sections.map(|(_, heading)| heading.normalised.as_str()).collect::<Vec<_>>();
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
