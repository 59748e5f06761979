//! Prompts: what a model is asked, out of templates that are versioned and hashed.
//!
//! A prompt is system text, which begins with the rules for everyone and goes on with the persona, and user text,
//! which is the material and the task. Material stands between two lines that hold the digest of the material itself:
//! the same text has the same lines everywhere, and no text can hold its own.

use std::collections::BTreeMap;

use minijinja::{Environment, context};

use super::digest::Digest;
use super::json::{self, Value, pretty, to_value};
use super::panel::{Panel, Persona, ProposalField, Thresholds};
use super::proposal::Proposal;

/// A set of templates. What it says never changes under one version.
#[derive(Debug)]
pub struct PromptSet {
    /// Its version.
    pub version: &'static str,
    /// Its templates by name, sorted.
    pub templates: &'static [(&'static str, &'static str)],
}

/// The sets that are installed, oldest first.
pub const SETS: [PromptSet; 1] = [PromptSet {
    version: "1.0.0",
    templates: &[
        ("expand.md", include_str!("1.0.0/expand.md")),
        ("persona.md", include_str!("1.0.0/persona.md")),
        ("personas/architect.md", include_str!("1.0.0/personas/architect.md")),
        ("personas/critic.md", include_str!("1.0.0/personas/critic.md")),
        ("personas/optimist.md", include_str!("1.0.0/personas/optimist.md")),
        ("personas/security_guardian.md", include_str!("1.0.0/personas/security_guardian.md")),
        ("personas/user_advocate.md", include_str!("1.0.0/personas/user_advocate.md")),
        ("repair.md", include_str!("1.0.0/repair.md")),
        ("review.md", include_str!("1.0.0/review.md")),
        ("system.md", include_str!("1.0.0/system.md")),
    ],
}];

/// A prompt, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The rules, and the persona.
    pub system: String,
    /// The material, and the task.
    pub user: String,
}

/// What is under review, as it may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The document.
    pub document: String,
    /// Extra context, by file name.
    pub context: BTreeMap<String, String>,
}

impl PromptSet {
    /// The installed set of this version; the newest where none is named.
    #[must_use]
    pub fn installed(version: Option<&str>) -> Option<&'static Self> {
        match version {
            Some(version) => SETS.iter().find(|set| set.version == version),
            None => SETS.last(),
        }
    }

    /// The text of a template.
    #[must_use]
    pub fn template(&self, name: &str) -> Option<&'static str> {
        self.templates.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The digest of each template.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        self.templates.iter().map(|(name, text)| ((*name).to_owned(), Digest::of(text.as_bytes()))).collect()
    }

    /// The digest of the set: of the canonical form of its templates' digests by their names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest_of(&self.digests())
    }

    /// What a model is asked to expand the idea with.
    #[must_use]
    pub fn expand(&self, material: &Material) -> Prompt {
        let (document, context) = delimited(material);
        let user = self.fill("expand.md", context! { document, context });
        Prompt { system: self.fill("system.md", context! {}), user }
    }

    /// What a model is asked to review the proposal with, as `persona`.
    #[must_use]
    pub fn review(
        &self,
        persona: &Persona,
        thresholds: &Thresholds,
        material: &Material,
        proposal: &str,
    ) -> Prompt {
        let name = persona.name.as_str();
        let block = context! {
            name,
            instructions => persona.instructions.as_str(),
            criteria => self.criteria(persona).map(str::trim_end),
            veto => persona.veto,
        };
        let system = self.fill("system.md", context! {}) + &self.fill("persona.md", block);
        let (document, context) = delimited(material);
        let (approve, revise) =
            (basis_points(thresholds.approve.fine()), basis_points(thresholds.revise.fine()));
        let proposal = block_of("proposal", proposal);
        let user = self.fill("review.md", context! { name, document, context, proposal, approve, revise });
        Prompt { system, user }
    }

    /// What a model is told whose answer does not fit.
    #[must_use]
    pub fn repair(&self, problem: &str) -> String {
        self.fill("repair.md", context! { problem })
    }

    /// The questions of a persona that comes with the program, as long as nobody has given it another task.
    fn criteria(&self, persona: &Persona) -> Option<&'static str> {
        let builtin = Panel::default();
        let is_same =
            builtin.persona(&persona.id).is_some_and(|same| same.instructions == persona.instructions);
        self.template(&format!("personas/{}.md", persona.id)).filter(|_| is_same)
    }

    /// Fills a template of the set.
    fn fill(&self, name: &str, values: minijinja::Value) -> String {
        let template = self.template(name).unwrap_or_else(|| panic!("the set has no template `{name}`"));
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(true);
        // A prompt is plain text: what is filled in stands there as it is, and is not read as a template.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let filled = environment.render_str(template, values);
        filled.unwrap_or_else(|error| panic!("a built-in template: {error:#}"))
    }
}

/// The digest of a set with these templates.
#[must_use]
pub fn digest_of(templates: &BTreeMap<String, Digest>) -> Digest {
    json::digest(&to_value(templates))
}

/// The part of the proposal that a persona reads, as text.
#[must_use]
pub fn proposal_text(proposal: &Proposal, reads: &[ProposalField]) -> String {
    let whole = to_value(proposal);
    let named = |field: &ProposalField| {
        let name = field.name();
        let value = whole.get(&name)?.clone();
        Some((name, value))
    };
    let members = reads.iter().filter_map(named).collect();
    pretty(&Value::Object(members)).trim_end().to_owned()
}

fn basis_points(fine: u128) -> String {
    (fine / 10u128.pow(20)).to_string()
}

fn delimited(material: &Material) -> (String, Vec<String>) {
    let context = material.context.iter().map(|(name, text)| block_of(&format!("context {name}"), text));
    (block_of("document", &material.document), context.collect())
}

/// `text` between two lines that it cannot hold.
fn block_of(name: &str, text: &str) -> String {
    let id = &Digest::of(text.as_bytes()).hex()[..32];
    format!("<<<BEGIN {name} {id}>>>\n{text}\n<<<END {name} {id}>>>")
}

#[cfg(test)]
mod tests;
