//! `revise`: what a revision builds on, read off the run that it revises.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Document;
use crate::domain::check::Check;
use crate::domain::difference;
use crate::domain::identity::Inputs;
use crate::domain::ids::JobId;
use crate::domain::json;
use crate::domain::panel::Panel;
use crate::domain::proposal::Proposal;
use crate::domain::request::{Models, Prompts};
use crate::domain::revision::{Asked, Parent, Rerun, Revised, Revision, document};
use crate::domain::step::{RunStatus, Step};
use crate::ops::{ContextFile, OpsError, RunRef, Source, Workspace, read_input, verify, view};
use crate::provider::Provider as _;
use crate::provider::panel::{self, Asking};
use crate::store::RunDir;

/// The folder under `inputs/` with what the parent put out.
pub(in crate::ops) const PARENT: &str = "parent/";
/// The edited proposal under `inputs/`.
pub(in crate::ops) const PROPOSAL: &str = "proposal.json";
const CONTEXT: &str = "inputs/context/";

/// What is revised, and how.
#[derive(Debug, Clone)]
pub struct RevisionOptions {
    /// The run that is revised.
    pub run: RunRef,
    /// What was edited.
    pub edit: Edit,
    /// What was edited and why, in the author's words.
    pub notes: Option<String>,
    /// Who is asked anew.
    pub rerun: Rerun,
    /// Context besides the run's own; a file takes the place of the run's of the same name.
    pub context: Vec<ContextFile>,
}

/// What was edited.
#[derive(Debug, Clone)]
pub enum Edit {
    /// The idea.
    Idea(Source),
    /// The proposal, in a file.
    Proposal(PathBuf),
}

/// A revision, with what it builds on.
#[derive(Debug, Clone)]
pub struct Revising {
    store: PathBuf,
    job: JobId,
    source: Source,
    context: Vec<ContextFile>,
    notes: Option<String>,
    rerun: Rerun,
    parent: Parent,
    /// The edited proposal, and its bytes.
    proposal: Option<(Proposal, Vec<u8>)>,
    /// What the parent put out, by its name under `outputs/`.
    outputs: Inputs,
    panel: Panel,
    prompts: Prompts,
    was_shown: BTreeMap<String, String>,
    /// Who answered the parent.
    pub(super) models: Models,
}

/// Reads what a revision builds on.
///
/// # Errors
/// [`OpsError::NotRevisable`] where the run is not decided by reviews, [`OpsError::NothingRevised`] where nothing was
/// edited, [`OpsError::ProposalFile`] where the edited proposal is none, [`OpsError::Corrupt`] where the run does not
/// verify.
pub fn revising(workspace: &Workspace<'_>, options: &RevisionOptions) -> Result<Revising, OpsError> {
    let (store, run) = options.run.resolve(&workspace.store)?;
    let whole = view::load(&run)?;
    let refused = |problem| OpsError::NotRevisable { run: run.id().clone(), problem };
    if whole.manifest.status != RunStatus::Completed {
        return Err(refused("it is not completed"));
    }
    let recorded = whole.proposal.zip(whole.decision).filter(|_| !whole.reviews.is_empty());
    let (proposal, decision) = recorded.ok_or_else(|| refused("an older tool did not record its reviews"))?;
    // Nothing is built upon a run that does not verify: what is wrong with it would be covered up.
    if let Some(check) = verify::checks(&store, &run).into_iter().find(Check::failed) {
        return Err(view::corrupt(&run, &check.subject, check.detail));
    }
    let outputs = whole.manifest.artifacts.keys().filter(|name| *name != difference::FILE);
    let outputs =
        outputs.map(|name| Ok((name.clone(), run.output(name)?))).collect::<Result<_, OpsError>>()?;
    let (idea, was_shown) = material(&run)?;
    let (source, edited) = match &options.edit {
        Edit::Idea(source) => (source.clone(), None),
        Edit::Proposal(path) => {
            let (edited, bytes) = read_proposal(path)?;
            (Source::document(&path.display().to_string(), document(&edited))?, Some((edited, bytes)))
        }
    };
    let is_same = edited.as_ref().map_or(source.text == idea, |(edited, _)| *edited == proposal);
    if is_same && options.context.is_empty() && options.rerun == Rerun::Auto {
        return Err(OpsError::NothingRevised { shown: source.shown, run: run.id().clone() });
    }
    let reviews = whole.reviews.into_iter().map(|review| (review.persona_id.clone(), review)).collect();
    Ok(Revising {
        store: store.path(),
        job: run.job().clone(),
        source,
        context: with(&was_shown, &options.context),
        notes: options.notes.clone(),
        rerun: options.rerun.clone(),
        parent: Parent { run: run.id().clone(), proposal, reviews, decision },
        proposal: edited,
        outputs,
        panel: input(&run, "panel.json")?,
        prompts: input(&run, "prompts.json")?,
        models: input(&run, "model.json")?,
        was_shown,
    })
}

impl Revising {
    /// Where the run lies that is revised, and so its revision.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// What is reviewed.
    #[must_use]
    pub fn document(self) -> Document {
        Document {
            source: self.source.clone(),
            context: self.context.clone(),
            job: Some(self.job.clone()),
            revising: Some(Box::new(self)),
        }
    }

    /// Whether the proposal was edited, so that nobody is asked for it.
    pub(super) fn has_proposal(&self) -> bool {
        self.proposal.is_some()
    }

    /// The files that the revision adds to its inputs.
    pub(super) fn inputs(&self) -> Inputs {
        let parent = self.outputs.iter().map(|(name, bytes)| (format!("{PARENT}{name}"), bytes.clone()));
        let proposal = self.proposal.iter().map(|(_, bytes)| (PROPOSAL.to_owned(), bytes.clone()));
        parent.chain(proposal).collect()
    }

    /// Settles whose review may be carried. Whoever is known to be carried is not asked.
    ///
    /// # Errors
    /// [`OpsError::NoSuchPersona`] where somebody is to be asked anew who is not on the panel.
    pub(super) fn settle(&self, now: &Panel, asking: &mut Asking) -> Result<Revised, OpsError> {
        if let Rerun::Only(ids) = &self.rerun
            && let Some(id) = ids.iter().find(|id| now.persona(id).is_none())
        {
            let known = now.personas.iter().map(|persona| persona.id.to_string()).collect();
            return Err(OpsError::NoSuchPersona { id: id.to_string(), known });
        }
        let steps = crate::domain::request::steps(now).into_iter();
        let models =
            Models { steps: steps.filter_map(|step| Some((step.clone(), asking.model(&step)?))).collect() };
        let prompts = asking.prompts();
        let context = self.context.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
        let before = Asked {
            panel: &self.panel,
            models: &self.models,
            prompts: &self.prompts,
            context: &self.was_shown,
        };
        let now_asked = Asked { panel: now, models: &models, prompts: &prompts, context: &context };
        let revision = Revision {
            notes: self.notes.clone(),
            rerun: self.rerun.clone(),
            may_carry: self.parent.may_carry(&self.rerun, &before, &now_asked),
        };
        let proposal = self.proposal.as_ref().map(|(proposal, _)| proposal.clone());
        let revised = Revised { revision, parent: self.parent.clone(), proposal };
        for persona in revised.surely_carried(now) {
            let step = Step::Review(persona);
            let answered = self.models.steps.get(&step).cloned();
            asking.answer(step, panel::Asked::Nobody(answered));
        }
        Ok(revised)
    }
}

/// The idea of a run, and its context by name.
fn material(run: &RunDir) -> Result<(String, BTreeMap<String, String>), OpsError> {
    let (mut idea, mut context) = (String::new(), BTreeMap::new());
    for (path, _) in run.input_files()? {
        let name = path.strip_prefix("inputs/").unwrap_or(&path);
        let text = || Ok::<_, OpsError>(String::from_utf8_lossy(&run.input(name)?).into_owned());
        if let Some(short) = path.strip_prefix(CONTEXT) {
            context.insert(short.to_owned(), text()?);
        } else if name.starts_with("idea.") {
            idea = text()?;
        }
    }
    Ok((idea, context))
}

/// The context that was there, with what is added to it or takes the place of some of it.
fn with(before: &BTreeMap<String, String>, added: &[ContextFile]) -> Vec<ContextFile> {
    let is_added = |name: &String| added.iter().any(|file| file.name.eq_ignore_ascii_case(name));
    let kept = before.iter().filter(|(name, _)| !is_added(name));
    let kept = kept.map(|(name, text)| ContextFile { name: name.clone(), text: text.clone() });
    kept.chain(added.iter().cloned()).collect()
}

fn read_proposal(path: &Path) -> Result<(Proposal, Vec<u8>), OpsError> {
    let bytes = read_input(path)?;
    let refused = |error: json::JsonError| OpsError::ProposalFile {
        shown: path.display().to_string(),
        problem: error.to_string(),
    };
    Ok((json::from_slice(&bytes).map_err(refused)?, bytes))
}

fn input<T: DeserializeOwned>(run: &RunDir, name: &str) -> Result<T, OpsError> {
    json::from_slice(&run.input(name)?).map_err(|error| view::corrupt(run, &format!("inputs/{name}"), error))
}
