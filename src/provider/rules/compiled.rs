//! A pack made ready to run: its patterns compiled once, when they are needed. It relies on the pack having been checked.

use std::ops::Range;
use std::thread;

use super::negation::Negation;
use super::pack::{HazardRule, Pack, PackError, TopicRule};
use super::pattern::Pattern;

/// A topic rule, ready to run.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) rule: TopicRule,
    pub(super) phrases: Option<Pattern>,
}

/// A hazard rule, ready to run.
#[derive(Debug)]
pub(super) struct Hazard {
    pub(super) rule: HazardRule,
    pub(super) pattern: Option<Pattern>,
    pub(super) unless: Option<Pattern>,
}

/// A pack, ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) pack: Pack,
    pub(super) topics: Vec<Topic>,
    pub(super) hazards: Vec<Hazard>,
    pub(super) negation: Negation,
}

impl Hazard {
    /// Where the hazard stands in `source`, whatever the text around it is.
    pub(super) fn in_source<'s>(&'s self, source: &'s str) -> impl Iterator<Item = Range<usize>> + 's {
        let found = self.pattern.iter().flat_map(|pattern| pattern.find_iter(source));
        let excused = |found: &str| self.unless.as_ref().is_some_and(|unless| unless.is_match(found));
        found.filter(move |found| !excused(&source[found.clone()]))
    }
}

impl Compiled {
    pub(super) fn of(pack: Pack) -> Self {
        let topics = pack.topics.iter().map(Topic::of).collect();
        let hazards = pack.hazards.iter().map(Hazard::of).collect();
        let negation = Negation::of(&pack.reading);
        Self { pack, topics, hazards, negation }
    }

    /// Compiles the patterns that every document asks for, on two threads.
    pub(super) fn prepare(&self) {
        let (first, second) = self.hazards.split_at(self.hazards.len() / 2);
        let half = |hazards: &[Hazard]| {
            hazards.iter().filter_map(|hazard| hazard.pattern.as_ref()).for_each(Pattern::prepare);
        };
        thread::scope(|scope| {
            // Without a second thread the first half is compiled when it is needed.
            let _ = thread::Builder::new().spawn_scoped(scope, || half(first));
            half(second);
        });
    }

    /// Compiles every pattern now, so that one that is not valid is found.
    ///
    /// # Errors
    /// [`PackError::Field`] for the first such pattern.
    pub(super) fn check(&self) -> Result<(), PackError> {
        let topics = self.topics.iter().filter_map(|topic| topic.phrases.as_ref());
        let hazards = self.hazards.iter().flat_map(|hazard| hazard.pattern.iter().chain(&hazard.unless));
        topics.chain(hazards).chain(self.negation.patterns()).try_for_each(Pattern::check)
    }
}

impl Topic {
    fn of(rule: &TopicRule) -> Self {
        let phrases =
            Pattern::any_of(&rule.id, "phrases", &rule.phrases, |either| format!(r"\b(?:{either})\b"));
        Self { rule: rule.clone(), phrases }
    }
}

impl Hazard {
    fn of(rule: &HazardRule) -> Self {
        let pattern = Pattern::any_of(&rule.id, "patterns", &rule.patterns, str::to_owned);
        let unless = Pattern::any_of(&rule.id, "unless", &rule.unless, str::to_owned);
        Self { rule: rule.clone(), pattern, unless }
    }
}
