//! `prompts`: the prompt sets that are installed, and how what a run was asked with differs from them.

use std::collections::BTreeMap;

use similar::TextDiff;

use super::{OpsError, RunRef, Workspace, view};
use crate::domain::digest::Digest;
use crate::domain::json;
use crate::domain::prompt::{PromptSet, SETS};
use crate::domain::request::Prompts;
use crate::domain::view::{PromptChange, PromptSetView};

/// One side of a comparison.
#[derive(Debug, Clone)]
pub enum PromptsOf {
    /// An installed set, by its version.
    Set(&'static PromptSet),
    /// What a run was asked with.
    Run(RunRef),
}

impl PromptsOf {
    /// What `text` names: the version of an installed set, else a run.
    ///
    /// # Errors
    /// [`OpsError::BadReference`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, OpsError> {
        match PromptSet::installed(Some(text)) {
            Some(set) => Ok(Self::Set(set)),
            None => Ok(Self::Run(text.parse()?)),
        }
    }

    /// The templates' digests, and the set itself where it is installed as it was.
    fn templates(&self, workspace: &Workspace<'_>) -> Result<Templates, OpsError> {
        let reference = match self {
            Self::Set(set) => return Ok(Templates { digests: set.digests(), set: Some(set) }),
            Self::Run(reference) => reference,
        };
        let (_, run) = reference.resolve(&workspace.store)?;
        let bytes = run.input("prompts.json")?;
        let prompts: Prompts =
            json::from_slice(&bytes).map_err(|error| view::corrupt(&run, "inputs/prompts.json", error))?;
        let set = PromptSet::installed(Some(&prompts.prompt_set_version));
        let set = set.filter(|set| set.digests() == prompts.templates);
        Ok(Templates { digests: prompts.templates, set })
    }
}

struct Templates {
    digests: BTreeMap<String, Digest>,
    set: Option<&'static PromptSet>,
}

impl Templates {
    fn text(&self, name: &str) -> Option<&'static str> {
        self.set.and_then(|set| set.template(name))
    }
}

/// The installed sets, oldest first.
#[must_use]
pub fn prompt_sets() -> Vec<PromptSetView> {
    let newest = PromptSet::installed(None).map(|set| set.version);
    let view = |set: &PromptSet| PromptSetView {
        version: set.version.to_owned(),
        digest: set.digest(),
        is_default: Some(set.version) == newest,
        templates: set.digests(),
    };
    SETS.iter().map(view).collect()
}

/// The text of a template, of the newest set or of the one that `version` names.
///
/// # Errors
/// [`OpsError::NoPromptSet`], [`OpsError::NoSuchTemplate`].
pub fn prompt(version: Option<&str>, name: &str) -> Result<&'static str, OpsError> {
    let set = PromptSet::installed(version)
        .ok_or_else(|| OpsError::NoPromptSet(version.unwrap_or_default().to_owned()))?;
    let known = || set.templates.iter().map(|(name, _)| (*name).to_owned()).collect();
    // The ending goes without saying.
    let found = set.template(name).or_else(|| set.template(&format!("{name}.md")));
    found.ok_or_else(|| OpsError::NoSuchTemplate { name: name.to_owned(), known: known() })
}

/// What differs from `old` to `new`, template by template; with a diff where both texts are installed.
///
/// # Errors
/// [`OpsError`] where a run is not there or cannot be read.
pub fn diff_prompts(
    workspace: &Workspace<'_>,
    old: &PromptsOf,
    new: &PromptsOf,
) -> Result<Vec<PromptChange>, OpsError> {
    let (old, new) = (old.templates(workspace)?, new.templates(workspace)?);
    let mut names: Vec<&String> = old.digests.keys().chain(new.digests.keys()).collect();
    names.sort();
    names.dedup();
    let change = |name: &String| {
        let (before, after) = (old.digests.get(name), new.digests.get(name));
        let change = match (before, after) {
            _ if before == after => return None,
            (None, _) => "added",
            (_, None) => "removed",
            _ => "modified",
        };
        let texts = old.text(name).zip(new.text(name));
        let diff = texts.map(|(before, after)| {
            TextDiff::from_lines(before, after).unified_diff().header(name, name).to_string()
        });
        Some(PromptChange { template: name.clone(), change, diff })
    };
    Ok(names.into_iter().filter_map(change).collect())
}
