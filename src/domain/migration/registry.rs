//! The steps that are known, and the way from one version to another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use semver::Version;

use crate::domain::json::ObjectText;

/// One step between two versions.
#[derive(Debug, Clone)]
pub struct Step {
    /// The version that it starts from.
    pub from: Version,
    /// The version that it ends at.
    pub to: Version,
    /// What it changes, in words.
    pub changes: &'static [&'static str],
    /// The members that it may add; it may change none.
    pub adds: &'static [&'static str],
    /// What it does: from document to document, and the same for the same document. The engine sets
    /// `schema_version` and writes the history.
    pub apply: for<'a> fn(ObjectText<'a>) -> ObjectText<'a>,
}

/// There is no way from one version to another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no path from {from} to {to}; from {from} {}", can_reach(reachable))]
pub struct NoPath {
    /// Where from.
    pub from: Version,
    /// Where to.
    pub to: Version,
    /// What can be reached instead, ascending.
    pub reachable: Vec<Version>,
}

fn can_reach(versions: &[Version]) -> String {
    if versions.is_empty() {
        return "nothing can be reached".to_owned();
    }
    let names: Vec<String> = versions.iter().map(Version::to_string).collect();
    format!("these can be reached: {}", names.join(", "))
}

/// The steps that are known, in the order in which they were registered.
#[derive(Debug, Clone)]
pub struct Registry {
    steps: Vec<Step>,
}

impl Registry {
    /// A registry of these steps.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps, in the order in which they were registered.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Every version that a step starts from or ends at, ascending.
    #[must_use]
    pub fn versions(&self) -> Vec<Version> {
        let ends = self.steps.iter().flat_map(|step| [&step.from, &step.to]);
        ends.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// The greatest version; none where there are no steps.
    #[must_use]
    pub fn latest(&self) -> Option<Version> {
        self.versions().pop()
    }

    /// Whether a step starts from or ends at `version`.
    #[must_use]
    pub fn knows(&self, version: &Version) -> bool {
        self.steps.iter().any(|step| step.from == *version || step.to == *version)
    }

    /// The way from `from` to `to` with the fewest steps; of several, the one whose steps were registered
    /// first. None are needed where they are the same.
    ///
    /// # Errors
    /// [`NoPath`], with what can be reached.
    pub fn path(&self, from: &Version, to: &Version) -> Result<Vec<&Step>, NoPath> {
        let reached = self.reached(from);
        let mut path = Vec::new();
        let mut at = to;
        while at != from {
            let Some(step) = reached.get(at) else {
                let reachable = reached.into_keys().cloned().collect();
                return Err(NoPath { from: from.clone(), to: to.clone(), reachable });
            };
            path.push(*step);
            at = &step.from;
        }
        path.reverse();
        Ok(path)
    }

    /// Each version that can be reached, with the last step of the way there: breadth first.
    fn reached(&self, from: &Version) -> BTreeMap<&Version, &Step> {
        let mut reached: BTreeMap<&Version, &Step> = BTreeMap::new();
        let mut next = VecDeque::from([from.clone()]);
        while let Some(version) = next.pop_front() {
            for step in self.steps.iter().filter(|step| step.from == version) {
                if step.to != *from && !reached.contains_key(&step.to) {
                    reached.insert(&step.to, step);
                    next.push_back(step.to.clone());
                }
            }
        }
        reached
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(minor: u64) -> Version {
        Version::new(1, minor, 0)
    }

    fn step(from: u64, to: u64) -> Step {
        Step { from: version(from), to: version(to), changes: &[], adds: &[], apply: |document| document }
    }

    fn names(path: &[&Step]) -> String {
        path.iter().map(|step| format!("{}{}", step.from.minor, step.to.minor)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_fewest_steps_win_and_then_the_first_registered() {
        let registry = Registry::new(vec![step(0, 1), step(1, 3), step(0, 2), step(2, 3), step(3, 4)]);
        let path = |from, to| registry.path(&version(from), &version(to)).map(|path| names(&path));
        assert_eq!(path(0, 3).unwrap(), "01 13");
        assert_eq!(path(0, 4).unwrap(), "01 13 34");
        assert_eq!(path(2, 2).unwrap(), "");
        let direct = Registry::new(vec![step(0, 1), step(1, 2), step(0, 2)]);
        assert_eq!(names(&direct.path(&version(0), &version(2)).unwrap()), "02");
        let cycle = Registry::new(vec![step(0, 1), step(1, 0)]);
        assert!(cycle.path(&version(0), &version(9)).is_err());
    }

    #[test]
    fn where_there_is_no_path_both_ends_and_what_can_be_reached_are_named() {
        let registry = Registry::built_in();
        let refused = |from, to| registry.path(&version(from), &version(to)).unwrap_err().to_string();
        assert_eq!(
            refused(2, 1),
            "there is no path from 1.2.0 to 1.1.0; from 1.2.0 these can be reached: 1.3.0, 1.4.0"
        );
        assert_eq!(refused(4, 0), "there is no path from 1.4.0 to 1.0.0; from 1.4.0 nothing can be reached");
    }

    #[test]
    fn the_built_in_steps_lead_from_every_version_to_every_later_one() {
        let registry = Registry::built_in();
        let versions = registry.versions();
        let known: Vec<Version> =
            crate::domain::manifest::SHAPES.iter().map(|shape| shape.version.clone()).collect();
        assert_eq!(versions, known);
        assert_eq!(registry.latest(), known.last().cloned());
        for (index, from) in versions.iter().enumerate() {
            for to in &versions[index..] {
                registry.path(from, to).unwrap();
            }
        }
        assert_eq!(registry.path(&version(0), &version(4)).unwrap().len(), 3);
    }
}
