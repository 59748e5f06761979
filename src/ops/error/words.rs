//! Lists in the messages of errors.

use semver::Version;

use crate::domain::ids::PolicyName;
use crate::domain::prompt::SETS;
use crate::domain::step::Step;
use crate::provider::ProviderError;

pub(super) fn policies(known: &[PolicyName]) -> String {
    match known {
        [] => "are none yet".to_owned(),
        [one] => format!("is `{one}`"),
        several => {
            format!("are {}", several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

pub(super) fn steps(failed: &[(Step, ProviderError)]) -> String {
    // Steps that failed for the same reason are named together.
    let mut told: Vec<(Vec<String>, String)> = Vec::new();
    for (step, error) in failed {
        let (step, error) = (format!("`{step}`"), error.to_string());
        match told.iter_mut().find(|(_, known)| *known == error) {
            Some((steps, _)) => steps.push(step),
            None => told.push((vec![step], error)),
        }
    }
    let told = told.into_iter().map(|(steps, error)| {
        format!("step{} {} failed: {error}", if steps.len() == 1 { "" } else { "s" }, steps.join(", "))
    });
    told.collect::<Vec<_>>().join("; ")
}

pub(super) fn prompt_sets() -> String {
    let sets: Vec<String> = SETS.iter().map(|set| format!("`{}`", set.version)).collect();
    format!("{} {}", if sets.len() == 1 { "is" } else { "are" }, sets.join(", "))
}

pub(super) fn places(places: &[(Option<String>, Vec<u32>)]) -> String {
    let place = |(name, lines): &(Option<String>, Vec<u32>)| {
        let numbers: Vec<String> = lines.iter().map(u32::to_string).collect();
        let lines = format!("line{} {}", if lines.len() == 1 { "" } else { "s" }, numbers.join(", "));
        name.as_ref().map_or_else(|| lines.clone(), |name| format!("{lines} of the context `{name}`"))
    };
    places.iter().map(place).collect::<Vec<_>>().join(" and ")
}

pub(super) fn versions(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

/// At most five of them.
pub(super) fn shown(candidates: &[String]) -> String {
    let mut text = candidates.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if candidates.len() > 5 {
        text.push_str(", …");
    }
    text
}
