//! Rule packs: rules as data. A pack is one TOML file; this says what may stand in it. It relies on nothing
//! but the file; what does not hold in it is refused in `check`, how a rule is run is said elsewhere.

mod check;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::domain::ids::PersonaId;
use crate::domain::json::{Value, from_value};
use crate::domain::refusal::Refusal;
use crate::domain::written::{FileRefusal, Written};

/// The pack that comes with the program.
const CORE_ID: &str = "core";

/// A pack of rules, as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Its id, which is also its file's name among the inputs of a run.
    pub id: String,
    /// Its version, raised with every change.
    pub version: String,
    /// How documents are read; the built-in pack alone says it, for all.
    pub reading: Option<Reading>,
    /// The kinds of documents, the first that fits counting; the built-in pack alone has them.
    #[serde(default, rename = "kind")]
    pub kinds: Vec<Kind>,
    /// Patterns by a name that `together` can use.
    #[serde(default)]
    pub words: BTreeMap<String, Vec<String>>,
    /// What should be there.
    #[serde(skip)]
    pub topics: Vec<Rule<Topic>>,
    /// What should not be there.
    #[serde(skip)]
    pub hazards: Vec<Rule<Hazard>>,
}

/// How the rules read a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// A document with at most so many words, and few sections, may tell of a topic in a sentence.
    pub short: usize,
    /// So many sections are few, the title not counted.
    pub few_sections: usize,
    /// A section of nothing but these counts as empty.
    pub placeholders: Vec<String>,
    /// Headings of sections that tell of what is not proposed.
    pub aside_headings: Vec<String>,
    /// Headings of sections that tell of how things are.
    pub past_headings: Vec<String>,
    /// Patterns of words that, in such a section, tell of what is to be.
    pub proposing: Vec<String>,
    /// Words that tell of how things are or were.
    pub past_words: Vec<String>,
    /// Patterns of a clause that a sentence begins with, and that what follows is not part of.
    pub introductions: Vec<String>,
    /// Patterns of words that part one thought from the next.
    pub boundaries: Vec<String>,
    /// Patterns of words that, after a mention, part what is said of it from the next thought.
    pub boundaries_after: Vec<String>,
    /// Patterns before a phrase that deny it.
    pub denials: Vec<String>,
    /// Patterns before a hazard that reject it, or tell of how things were.
    pub rejections: Vec<String>,
    /// Patterns right after a mention that deny or reject it.
    pub rejections_after: Vec<String>,
    /// The topic whose section is the proposal's problem statement.
    pub problem_topic: String,
    /// The topic whose section is the proposed solution.
    pub solution_topic: String,
    /// Headings of sections that list assumptions.
    pub assumption_headings: Vec<String>,
    /// Headings of sections that list what is left out.
    pub non_goal_headings: Vec<String>,
}

/// A kind of document, and how it is recognised. One without a sign fits every document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its id.
    pub id: String,
    /// What it is called, after "a document read as".
    pub name: String,
    /// It has one section at most and no more words than this.
    pub most_words: Option<usize>,
    /// Patterns of lines of front matter, or of the list at the top, any of which is enough.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Words of headings.
    #[serde(default)]
    pub headings: Vec<String>,
    /// So many headings of the document, named by these, are enough.
    #[serde(default)]
    pub at_least: usize,
    /// Words of headings that it does not have.
    #[serde(default)]
    pub unless_headings: Vec<String>,
    /// Whether a sentence is enough to tell of a topic, however many sections there are.
    #[serde(default)]
    pub sentences: bool,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A hint.
    Recommendation,
    /// A doubt.
    Concern,
    /// It must change first.
    Blocking,
}

/// How much a finding weighs in one kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InKind {
    /// The rule is not run.
    Off,
    /// A hint.
    Recommendation,
    /// A doubt.
    Concern,
    /// It must change first.
    Blocking,
}

/// What every rule says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// The rule's id.
    pub id: String,
    /// Whose rule it is, where no panel says otherwise.
    pub persona: PersonaId,
    /// How much a finding weighs.
    pub severity: Severity,
    /// How much it weighs in some kinds of documents, by their ids.
    #[serde(default)]
    pub for_kind: BTreeMap<String, InKind>,
    /// What to do about a finding.
    pub advice: String,
    /// Texts that the rule must find something in.
    #[serde(default)]
    pub finds: Vec<String>,
    /// Texts that the rule must leave alone.
    #[serde(default)]
    pub leaves: Vec<String>,
}

impl Common {
    /// How much a finding weighs in a document of `kind`; none where the rule is not run.
    #[must_use]
    pub fn severity_in(&self, kind: &str) -> Option<Severity> {
        match self.for_kind.get(kind) {
            None => Some(self.severity),
            Some(InKind::Off) => None,
            Some(InKind::Recommendation) => Some(Severity::Recommendation),
            Some(InKind::Concern) => Some(Severity::Concern),
            Some(InKind::Blocking) => Some(Severity::Blocking),
        }
    }
}

/// A rule: what every rule says of itself, and what only one of its kind does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<T> {
    /// What every rule says of itself.
    pub common: Common,
    /// What only one of its kind does.
    pub own: T,
}

/// Something that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// What it is about, after "a section about".
    pub about: String,
    /// Words of headings, any of which names the topic.
    pub headings: Vec<String>,
    /// Patterns of words in a sentence, any of which names the topic.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// The phrases in words for people.
    #[serde(default)]
    pub phrases_in_words: String,
}

/// Where a hazard is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In prose, inline code and addresses excepted.
    #[default]
    Prose,
    /// In prose and the inline code in it.
    ProseAndInlineCode,
    /// In all the text there is.
    Everywhere,
}

/// Which mentions of a hazard count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mentions {
    /// Those that are neither rejected nor in a section that tells of what is not proposed.
    #[default]
    Proposed,
    /// Those that are not rejected.
    Asserted,
    /// All of them.
    Any,
}

/// Something that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    /// What is said when it was found; `{matches}` stands for the words that were found.
    pub text: String,
    /// Whether a blocking one can hold the veto.
    #[serde(default)]
    pub security_critical: bool,
    /// Where it is looked for.
    #[serde(default)]
    pub scope: Scope,
    /// Which mentions of it count.
    #[serde(default)]
    pub mentions: Mentions,
    /// Whether the match is a secret that must not be repeated.
    #[serde(default)]
    pub secret: bool,
    /// Patterns, any of which is the hazard.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// Names of words; those of one list near each other in a sentence are the hazard.
    #[serde(default)]
    pub together: Vec<Vec<String>>,
    /// Whether abbreviations that the document does not explain are the hazard, but for these.
    pub abbreviations_but: Option<Vec<String>>,
    /// Patterns that, in the same sentence, mean it is none.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Patterns that, anywhere in the document's prose, mean it is none.
    #[serde(default)]
    pub unless_anywhere: Vec<String>,
}

impl Pack {
    /// Reads a pack. Rules may use the words of `core`, and name its kinds, where that is another pack.
    ///
    /// # Errors
    /// The first [`FileRefusal`] found, with its line.
    pub fn parse(text: &str, core: Option<&Pack>) -> Result<Self, FileRefusal> {
        let Written { value, lines } = Written::parse(text)?;
        let refused = |refusal: Refusal| FileRefusal { line: lines.of(&refusal.field), refusal };
        let known = if core.is_some() { &OWN[..] } else { &ALL[..] };
        if let Some((name, _)) = value.members().iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            let problem = format!("there is no field `{name}`; there are {}", known.join(", "));
            return Err(refused(Refusal::new("unknown_field", name, problem)));
        }
        let (topics, rest) = rules(value, "topic", &TOPIC).map_err(refused)?;
        let (hazards, rest) = rules(rest, "hazard", &HAZARD).map_err(refused)?;
        let shape = |error| refused(Refusal::of_shape(error));
        let pack = Self { topics, hazards, ..from_value(&rest).map_err(shape)? };
        check::pack(&pack, core).map_err(refused)?;
        Ok(pack)
    }

    /// What its rules say of themselves, in the order in which they are run.
    pub fn rules(&self) -> impl Iterator<Item = &Common> {
        let topics = self.topics.iter().map(|rule| &rule.common);
        topics.chain(self.hazards.iter().map(|rule| &rule.common))
    }
}

/// What a file of people's own has.
const OWN: [&str; 5] = ["id", "version", "words", "topic", "hazard"];
/// What the built-in pack has.
const ALL: [&str; 7] = ["id", "version", "reading", "kind", "words", "topic", "hazard"];
/// Fields of every rule.
const COMMON: [&str; 7] = ["id", "persona", "severity", "for_kind", "advice", "finds", "leaves"];
/// Fields of a topic.
const TOPIC: [&str; 4] = ["about", "headings", "phrases", "phrases_in_words"];
/// Fields of a hazard.
const HAZARD: [&str; 10] = [
    "text",
    "patterns",
    "together",
    "abbreviations_but",
    "unless",
    "unless_anywhere",
    "scope",
    "mentions",
    "security_critical",
    "secret",
];

/// Takes the rules of one kind out of a pack. Each is read in two parts, so that what is wrong is named by
/// its own field.
fn rules<T: DeserializeOwned>(
    pack: Value,
    list: &str,
    own: &[&str],
) -> Result<(Vec<Rule<T>>, Value), Refusal> {
    let Value::Object(members) = pack else { return Ok((Vec::new(), pack)) };
    let (lists, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == list);
    let mut rules = Vec::new();
    for (_, value) in lists {
        let Value::Array(items) = value else {
            return Err(Refusal::new("wrong_type", list, format!("rules are written `[[{list}]]`")));
        };
        for (index, item) in items.into_iter().enumerate() {
            rules.push(rule(item, own).map_err(|refusal| refusal.under(&format!("{list}[{index}]")))?);
        }
    }
    Ok((rules, Value::Object(rest)))
}

fn rule<T: DeserializeOwned>(value: Value, own: &[&str]) -> Result<Rule<T>, Refusal> {
    let Value::Object(members) = value else {
        return Err(Refusal::new("wrong_type", "", "it takes a table"));
    };
    let is_known = |name: &str| COMMON.contains(&name) || own.contains(&name);
    if let Some((name, _)) = members.iter().find(|(name, _)| !is_known(name)) {
        let known: Vec<String> = COMMON.iter().chain(own).map(|known| format!("`{known}`")).collect();
        let problem = format!("there is no field `{name}`; there are {}", known.join(", "));
        return Err(Refusal::new("unknown_field", name, problem));
    }
    let (common, own) = members.into_iter().partition(|(name, _)| COMMON.contains(&name.as_str()));
    let common = from_value(&Value::Object(common)).map_err(Refusal::of_shape)?;
    let own = from_value(&Value::Object(own)).map_err(Refusal::of_shape)?;
    Ok(Rule { common, own })
}
