//! The decision follows from the stored reviews and panel.

use crate::domain::aggregate::aggregate;
use crate::domain::check::Check;
use crate::domain::decision::{Decision, Label};
use crate::domain::json;
use crate::domain::manifest::Manifest;
use crate::domain::panel::Panel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;
use crate::store::RunDir;

const NAME: &str = "decision";
const FILE: &str = "outputs/decision.json";

pub(super) fn verify(run: &RunDir, manifest: &Manifest) -> Check {
    if !manifest.artifacts.contains_key("decision.json") {
        return match &manifest.decision {
            Some(_) => Check::fail(NAME, FILE, "the manifest has a decision and no file for it"),
            None => Check::skipped(NAME, FILE, "there is no decision"),
        };
    }
    match compare(run, manifest) {
        Ok(None) => Check::pass(NAME, FILE),
        Ok(Some(problem)) | Err(problem) => Check::fail(NAME, FILE, problem),
    }
}

/// How the stored decision differs from the one that the stored reviews give.
fn compare(run: &RunDir, manifest: &Manifest) -> Result<Option<String>, String> {
    let panel: Panel = read(run.input("panel.json"), "inputs/panel.json")?;
    panel.validate().map_err(|error| format!("inputs/panel.json: {error}"))?;
    let mut reviews: Vec<PersonaReview> = Vec::new();
    for persona in &panel.personas {
        let name = Step::Review(persona.id.clone()).output();
        if manifest.artifacts.contains_key(&name) {
            reviews.push(read(run.output(&name), &name)?);
        }
    }
    let stored: Decision = read(run.output("decision.json"), FILE)?;
    let computed = aggregate(&panel, &reviews).map_err(|error| error.to_string())?;
    let recorded = manifest.decision.as_ref().map(|decision| (decision.label, decision.weighted_confidence));
    let shown = |label: Label, confidence| format!("{label} at {confidence}");
    Ok(if stored != computed {
        Some(format!(
            "{} is stored, the reviews give {}",
            shown(stored.decision, stored.weighted_confidence),
            shown(computed.decision, computed.weighted_confidence)
        ))
    } else if recorded.is_some_and(|recorded| recorded != (stored.decision, stored.weighted_confidence)) {
        Some("the manifest's decision is another one".to_owned())
    } else {
        None
    })
}

fn read<T: serde::de::DeserializeOwned>(
    bytes: Result<Vec<u8>, crate::store::StoreError>,
    name: &str,
) -> Result<T, String> {
    json::from_slice(&bytes.map_err(|error| error.to_string())?).map_err(|error| format!("{name}: {error}"))
}
