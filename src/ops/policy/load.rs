//! Reading a policy file.

use std::path::Path;

use super::super::OpsError;
use super::super::input::read_written;
use crate::domain::panel::{Persona, RULES};
use crate::domain::policy::{self, Body};
use crate::domain::prompt::PromptSet;
use crate::domain::provider::{NoSuchProvider, ProviderName};
use crate::domain::refusal::Refusal;
use crate::domain::text::Text;
use crate::domain::written::FileRefusal;
use crate::provider::rules::Rules;

/// No policy file is larger, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Reads the policy in a file; `-` is standard input.
///
/// # Errors
/// [`OpsError::PolicyFile`] naming the line and the field, or what is wrong with the file.
pub fn load(path: &Path) -> Result<Body, OpsError> {
    let (shown, text) = read_written(path, MAX_BYTES)?;
    let in_file = |refusal| OpsError::PolicyFile { shown: shown.clone(), refusal: Box::new(refusal) };
    let text = text.map_err(in_file)?;
    let rules = Rules::builtin()?;
    let body = policy::read(&text, |body| serve(&rules, body)).map_err(in_file)?;
    // What is shown of it can be applied again.
    if policy::write(&body).len() > MAX_BYTES / 8 * 7 {
        return Err(refused(&shown, "with every field written out it is larger than 224 KiB".to_owned()));
    }
    Ok(body)
}

fn refused(shown: &str, problem: String) -> OpsError {
    let refusal = FileRefusal { line: None, refusal: Refusal::new("bad_file", "", problem) };
    OpsError::PolicyFile { shown: shown.to_owned(), refusal: Box::new(refusal) }
}

/// Checks that the rules can serve every persona that asks them.
fn serve(rules: &Rules, body: &Body) -> Result<(), Refusal> {
    for (index, persona) in body.panel.personas.iter().enumerate() {
        if persona.provider.as_ref().is_none_or(|provider| provider.as_str() == RULES) {
            rules.serve(persona).map_err(|refusal| refusal.under(&format!("panel.personas[{index}]")))?;
        }
    }
    Ok(())
}

/// Why a run under this policy is refused: it asks for what this program does not have.
pub(in crate::ops) fn unavailable(body: &Body, rules: &Rules) -> Option<Refusal> {
    let asks = |provider: Option<&Text>, field: &str| {
        let problem = match provider?.as_str().parse() {
            Ok(ProviderName::Replay) => {
                "a recording is named with --provider replay, not in a policy".to_owned()
            }
            Ok(_) => return None,
            Err(error) => NoSuchProvider::to_string(&error),
        };
        Some(Refusal::new("no_provider", field, problem))
    };
    let panel = &body.panel;
    let persona = |(index, persona): (usize, &Persona)| {
        let field = format!("panel.personas[{index}].provider");
        asks(persona.provider.as_ref(), &field)
    };
    let refused = panel.personas.iter().enumerate().find_map(persona);
    let refused = refused.or_else(|| asks(panel.expansion.provider.as_ref(), "panel.expansion.provider"));
    let wanted = panel.prompt_set.as_ref().filter(|set| PromptSet::installed(Some(set.as_str())).is_none());
    let set = wanted.map(|set| {
        let problem = format!("no prompt set `{set}` is installed");
        Refusal::new("no_prompt_set", "panel.prompt_set", problem)
    });
    refused.or(set).or_else(|| serve(rules, body).err())
}
