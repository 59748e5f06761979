//! Packs made ready to run: their rules in one list, each pattern compiled once, when it is needed. It relies
//! on the packs having been checked.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use super::heading::{is_all_of, names, names_below, without_article};
use super::mention::Together;
use super::negation::Negation;
use super::pack::{Common, Hazard, Kind, Pack, Reading, Rule, Topic};
use super::pattern::{Pattern, as_words, as_written, check};
use crate::domain::refusal::Refusal;

/// A topic rule, ready to run.
#[derive(Debug)]
pub(super) struct TopicRule {
    pub(super) common: Common,
    pub(super) own: Topic,
    pub(super) phrases: Option<Pattern>,
}

/// A hazard rule, ready to run.
#[derive(Debug)]
pub(super) struct HazardRule {
    pub(super) common: Common,
    pub(super) own: Hazard,
    pub(super) pattern: Option<Pattern>,
    pub(super) together: Vec<Together>,
    pub(super) known: Option<BTreeSet<String>>,
    pub(super) unless: Option<Pattern>,
    pub(super) unless_anywhere: Option<Pattern>,
}

/// A kind of document, ready to be recognised.
#[derive(Debug)]
pub(super) struct KindRule {
    pub(super) kind: Kind,
    pub(super) fields: Option<Pattern>,
}

/// All packs, ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Each pack's id and version.
    pub(super) packs: Vec<String>,
    pub(super) reading: Reading,
    pub(super) kinds: Vec<KindRule>,
    pub(super) topics: Vec<TopicRule>,
    pub(super) hazards: Vec<HazardRule>,
    /// The words of all topics' headings.
    whole: BTreeSet<String>,
    /// Words by their pack and name.
    words: BTreeMap<(usize, String), Pattern>,
    pub(super) negation: Negation,
    pub(super) proposing: Option<Pattern>,
}

impl Compiled {
    /// Puts packs together; the first is the built-in one, whose way of reading is that of all.
    pub(super) fn of<'p>(packs: impl Iterator<Item = &'p Pack>, reading: Reading) -> Self {
        let mut compiled = Self {
            packs: Vec::new(),
            kinds: Vec::new(),
            topics: Vec::new(),
            hazards: Vec::new(),
            whole: BTreeSet::new(),
            words: BTreeMap::new(),
            negation: Negation::of(&reading),
            proposing: Pattern::any_of(&reading.proposing, as_written),
            reading,
        };
        packs.for_each(|pack| compiled.add(pack));
        compiled
    }

    fn add(&mut self, pack: &Pack) {
        let index = self.packs.len();
        self.packs.push(format!("{}@{}", pack.id, pack.version));
        for (name, patterns) in &pack.words {
            if let Some(pattern) = Pattern::any_of(patterns, as_words) {
                self.words.insert((index, name.clone()), pattern);
            }
        }
        let kind =
            |kind: &Kind| KindRule { kind: kind.clone(), fields: Pattern::any_of(&kind.fields, as_written) };
        self.kinds.extend(pack.kinds.iter().map(kind));
        let topic = |Rule { common, own }: &Rule<Topic>| TopicRule {
            common: common.clone(),
            own: own.clone(),
            phrases: Pattern::any_of(&own.phrases, as_words),
        };
        self.topics.extend(pack.topics.iter().map(topic));
        let headings = pack.topics.iter().flat_map(|rule| &rule.own.headings);
        self.whole.extend(headings.map(|words| words.strip_prefix('=').unwrap_or(words).to_owned()));
        let words = &self.words;
        let hazard = |Rule { common, own }: &Rule<Hazard>| HazardRule {
            common: common.clone(),
            own: own.clone(),
            pattern: Pattern::any_of(&own.patterns, as_written),
            together: own.together.iter().map(|names| together(words, index, names)).collect(),
            known: own.abbreviations_but.as_ref().map(|known| known.iter().cloned().collect()),
            unless: Pattern::any_of(&own.unless, as_written),
            unless_anywhere: Pattern::any_of(&own.unless_anywhere, as_written),
        };
        let hazards: Vec<HazardRule> = pack.hazards.iter().map(hazard).collect();
        self.hazards.extend(hazards);
    }

    /// The words that a rule names.
    pub(super) fn words(&self, key: &(usize, String)) -> Option<&Pattern> {
        self.words.get(key)
    }

    /// Whether `heading` names a topic with `headings`. One that some topic's words are all of belongs to that
    /// topic alone: "Launch plan" is no plan where a launch plan is a topic's own heading.
    pub(super) fn names(&self, heading: &str, below: bool, headings: &[String]) -> bool {
        let bare = without_article(heading);
        if self.whole.contains(heading) || self.whole.contains(bare) {
            return headings.iter().any(|topic| is_all_of(heading, bare, topic));
        }
        headings.iter().any(|topic| if below { names_below(heading, topic) } else { names(heading, topic) })
    }

    /// The headings of the topic `id`.
    pub(super) fn headings_of(&self, id: &str) -> &[String] {
        self.topics.iter().find(|topic| topic.common.id == id).map_or(&[], |topic| &topic.own.headings)
    }

    /// What every rule says of itself, in the order in which they are run.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Common> {
        let topics = self.topics.iter().map(|topic| &topic.common);
        topics.chain(self.hazards.iter().map(|hazard| &hazard.common))
    }

    /// Compiles the patterns that every document asks for, on two threads: those that a hazard is looked for by
    /// first.
    pub(super) fn prepare(&self) {
        let first = |together: &Together| together.words.first().and_then(|key| self.words(key));
        let patterns: Vec<&Pattern> = self
            .hazards
            .iter()
            .flat_map(|hazard| hazard.pattern.iter().chain(hazard.together.iter().filter_map(first)))
            .collect();
        let half = |from: usize| patterns.iter().skip(from).step_by(2).for_each(|pattern| pattern.prepare());
        thread::scope(|scope| {
            // Without a second thread the one half is compiled when it is needed.
            let _ = thread::Builder::new().spawn_scoped(scope, || half(1));
            half(0);
        });
    }
}

/// The words as their own pack has them, else as the built-in one does.
fn together(words: &BTreeMap<(usize, String), Pattern>, pack: usize, names: &[String]) -> Together {
    let key = |name: &String| {
        let own = (pack, name.clone());
        if words.contains_key(&own) { own } else { (0, name.clone()) }
    };
    Together { words: names.iter().map(key).collect() }
}

/// Compiles every pattern of a pack now, so that one that is not valid is found before a document asks for it.
///
/// # Errors
/// [`Refusal`] naming the field of the first such pattern.
pub(super) fn compile_all(pack: &Pack) -> Result<(), Refusal> {
    let every = |field: String, patterns: &[String]| {
        patterns.iter().enumerate().try_for_each(|(index, pattern)| {
            check(pattern)
                .map_err(|problem| Refusal::new("bad_pattern", format!("{field}[{index}]"), problem))
        })
    };
    for (name, patterns) in &pack.words {
        every(format!("words.{name}"), patterns)?;
    }
    for (index, rule) in pack.topics.iter().enumerate() {
        every(format!("topic[{index}].phrases"), &rule.own.phrases)?;
    }
    for (index, Rule { own, .. }) in pack.hazards.iter().enumerate() {
        every(format!("hazard[{index}].patterns"), &own.patterns)?;
        every(format!("hazard[{index}].unless"), &own.unless)?;
        every(format!("hazard[{index}].unless_anywhere"), &own.unless_anywhere)?;
    }
    for (index, kind) in pack.kinds.iter().enumerate() {
        every(format!("kind[{index}].fields"), &kind.fields)?;
    }
    let Some(reading) = &pack.reading else { return Ok(()) };
    for (name, patterns) in [
        ("proposing", &reading.proposing),
        ("past_words", &reading.past_words),
        ("introductions", &reading.introductions),
        ("boundaries", &reading.boundaries),
        ("boundaries_after", &reading.boundaries_after),
        ("denials", &reading.denials),
        ("rejections", &reading.rejections),
        ("rejections_after", &reading.rejections_after),
    ] {
        every(format!("reading.{name}"), patterns)?;
    }
    Ok(())
}
