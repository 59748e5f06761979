//! The rules: they check offline whether a document says what a proposal should say and whether it says
//! something dangerous. They rely on headings and wording alone: they judge what is written, not whether it
//! is right.
//!
//! ```text
//! source ─► matter, markdown | rst | plain ─► document ─► section, kind, directive ─┐
//! packs/*.toml ─► pack ─► compiled ─────────────────────────────────────────────────┴─► check ─► review, expand
//! ```

mod abbreviation;
mod blocks;
mod check;
mod compiled;
mod directive;
mod document;
mod evidence;
mod examples;
mod expand;
mod heading;
mod kind;
mod lines;
mod markdown;
mod matter;
mod mention;
mod negation;
mod pack;
mod pattern;
mod plain;
mod prose;
mod review;
mod rst;
mod score;
mod secret;
mod section;
mod silence;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_hostile;
mod told;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use pack::{Common, Hazard, InKind, Kind, Mentions, Pack, Reading, Rule, Scope, Severity, Topic};
pub use silence::Suppressions;

use self::compiled::{Compiled, compile_all};
use self::document::Document;
use super::{Ledger, Provider, ProviderError, Subject};
use crate::domain::identity::{Input, Inputs};
use crate::domain::panel::{Persona, RULES};
use crate::domain::proposal::Proposal;
use crate::domain::refusal::Refusal;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;
use crate::domain::view::{ExampleView, KindView, RuleView};
use crate::domain::written::FileRefusal;

/// The version of the engine. It is raised whenever reading, matching or scoring changes what any
/// document is told; a change of the rules themselves shows in their pack's bytes.
pub const ENGINE: &str = "rules-3";

const CORE: &str = include_str!("packs/core.toml");

/// The provider that reads by rules.
#[derive(Debug)]
pub struct Rules {
    compiled: Arc<Compiled>,
    packs: Arc<Vec<(Pack, String)>>,
    suppressions: Option<Arc<(Suppressions, String)>>,
    /// The files of these rules, once somebody asked for them.
    inputs: Arc<OnceLock<Inputs>>,
    /// The document that was read last: every persona reads the same one.
    last: Mutex<Option<Arc<check::Reading>>>,
}

impl Rules {
    /// The rules that come with the program.
    ///
    /// # Errors
    /// [`FileRefusal`] when they are not valid, which the tests rule out.
    pub fn builtin() -> Result<Self, FileRefusal> {
        let core = Pack::parse(CORE, None)?;
        Self::of(vec![(core, CORE.to_owned())])
    }

    /// These rules and those of another pack.
    ///
    /// # Errors
    /// [`FileRefusal`] with the line of what does not hold in it.
    pub fn with(self, text: &str) -> Result<Self, FileRefusal> {
        let mut packs = Arc::unwrap_or_clone(self.packs);
        let pack = Pack::parse(text, packs.first().map(|(core, _)| core))?;
        let refused = |refusal: Refusal| refused_in(text, refusal);
        compile_all(&pack).map_err(refused)?;
        if packs.iter().any(|(known, _)| known.id == pack.id) {
            return Err(refused(Refusal::new("taken", "id", format!("there is another pack `{}`", pack.id))));
        }
        let mine = pack.topics.iter().map(|rule| ("topic", &rule.common.id)).enumerate();
        let mine = mine.chain(pack.hazards.iter().map(|rule| ("hazard", &rule.common.id)).enumerate());
        for (index, (list, id)) in mine {
            if packs.iter().any(|(known, _)| known.rules().any(|rule| rule.id == *id)) {
                let problem = format!("there is another rule `{id}`");
                return Err(refused(Refusal::new("taken", format!("{list}[{index}].id"), problem)));
            }
        }
        packs.push((pack, text.to_owned()));
        Self::of(packs)
    }

    /// These rules, some findings of which are answered for.
    ///
    /// # Errors
    /// [`FileRefusal`] with the line of what does not hold in it.
    pub fn suppressing(self, text: &str) -> Result<Self, FileRefusal> {
        let suppressions = Suppressions::parse(text, &self.compiled)?;
        let suppressions = Some(Arc::new((suppressions, text.to_owned())));
        Ok(Self { suppressions, inputs: Arc::default(), ..self })
    }

    fn of(packs: Vec<(Pack, String)>) -> Result<Self, FileRefusal> {
        let reading = packs.first().and_then(|(core, _)| core.reading.clone());
        let missing = || Refusal::new("missing_field", "reading", "the built-in pack says how to read");
        let reading = reading.ok_or_else(|| FileRefusal { line: None, refusal: missing() })?;
        let compiled = Arc::new(Compiled::of(packs.iter().map(|(pack, _)| pack), reading));
        Ok(Self {
            compiled,
            packs: Arc::new(packs),
            suppressions: None,
            inputs: Arc::default(),
            last: Mutex::new(None),
        })
    }

    /// The same rules, for another document.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            compiled: Arc::clone(&self.compiled),
            packs: Arc::clone(&self.packs),
            suppressions: self.suppressions.clone(),
            inputs: Arc::clone(&self.inputs),
            last: Mutex::new(None),
        }
    }

    /// Checks that the persona can review by rules.
    ///
    /// # Errors
    /// [`Refusal`] naming the persona's field: a rule that there is not, or no rule at all.
    pub fn serve(&self, persona: &Persona) -> Result<(), Refusal> {
        for (index, rule) in persona.rules.iter().flatten().enumerate() {
            if !self.compiled.rules().any(|known| known.id == rule.as_str()) {
                let known: Vec<&str> = self.compiled.rules().map(|rule| rule.id.as_str()).collect();
                let problem = format!("there is no rule `{rule}`; there are {}", known.join(", "));
                return Err(Refusal::new("unknown_rule", format!("rules[{index}]"), problem));
            }
        }
        if self.compiled.rules().any(|rule| review::is_read_by(persona, rule)) {
            return Ok(());
        }
        let problem = format!("no rule belongs to `{}`; name the rules that it reads by", persona.id);
        Err(Refusal::new("no_rules", "rules", problem))
    }

    /// The first rule of people's own that none of `readers` reads by, and whose it is.
    #[must_use]
    pub fn unread(&self, readers: &[Persona]) -> Option<(String, String)> {
        let mut own = self.packs.iter().skip(1).flat_map(|(pack, _)| pack.rules());
        let is_read = |rule: &&Common| readers.iter().any(|persona| review::is_read_by(persona, rule));
        own.find(|rule| !is_read(rule)).map(|rule| (rule.id.clone(), rule.persona.to_string()))
    }

    /// Every rule, as it is told to people, in the order in which they are run.
    #[must_use]
    pub fn told(&self) -> Vec<RuleView> {
        let Some((core, _)) = self.packs.first() else { return Vec::new() };
        self.packs.iter().flat_map(|(pack, _)| told::told(pack, core)).collect()
    }

    /// The kinds of documents, in the order in which they are tried.
    #[must_use]
    pub fn kinds(&self) -> Vec<KindView> {
        let kinds = self.packs.iter().flat_map(|(pack, _)| &pack.kinds);
        kinds.map(told::kind).collect()
    }

    /// A rule as it stands in its pack.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&str> {
        self.packs.iter().find_map(|(pack, text)| told::source(pack, text, id))
    }

    /// The proposal that the document is.
    #[must_use]
    pub fn expanded(&self, subject: &Subject<'_>) -> Proposal {
        expand::expand(&self.reading(subject))
    }

    /// What `persona` says of the document.
    #[must_use]
    pub fn reviewed(&self, persona: &Persona, subject: &Subject<'_>) -> PersonaReview {
        let none = Suppressions::default();
        let suppressions = self.suppressions.as_ref().map_or(&none, |known| &known.0);
        review::review(persona, &self.reading(subject), suppressions)
    }

    /// The document, read once however many ask for it.
    fn reading(&self, subject: &Subject<'_>) -> Arc<check::Reading> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().filter(|reading| reading.is_of(subject.idea, subject.extension));
        if let Some(reading) = known {
            return Arc::clone(reading);
        }
        let document = Document::read(subject.idea, subject.extension);
        let comments = self.suppressions.as_ref().is_none_or(|known| known.0.comments());
        let reading = Arc::new(check::Reading::of(&self.compiled, document, comments));
        Arc::clone(last.insert(reading))
    }

    /// Runs the examples of every rule that has some, in the order of the rules.
    #[must_use]
    pub fn examples(&self) -> Vec<ExampleView> {
        examples::run(&self.compiled)
    }
}

fn refused_in(text: &str, refusal: Refusal) -> FileRefusal {
    let lines = crate::domain::written::Written::parse(text).ok();
    FileRefusal { line: lines.and_then(|written| written.lines.of(&refusal.field)), refusal }
}

impl Provider for Rules {
    fn prepare(&self) {
        self.compiled.prepare();
    }

    fn model(&self, step: &Step) -> Option<StepModel> {
        StepModel::untuned(step, RULES, ENGINE)
    }

    fn inputs(&self) -> Inputs {
        let packs = self.packs.iter().map(|(pack, text)| (format!("{}.toml", pack.id), text));
        let suppressions = self.suppressions.iter().map(|known| (silence::FILE.to_owned(), &known.1));
        let input = |(name, text): (String, &String)| (format!("rules/{name}"), Input::new(text.as_bytes()));
        self.inputs.get_or_init(|| packs.chain(suppressions).map(input).collect()).clone()
    }

    fn expand(&self, subject: &Subject<'_>, _ledger: &dyn Ledger) -> Result<Proposal, ProviderError> {
        Ok(self.expanded(subject))
    }

    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        _proposal: &Proposal,
        _ledger: &dyn Ledger,
    ) -> Result<PersonaReview, ProviderError> {
        Ok(self.reviewed(persona, subject))
    }
}
