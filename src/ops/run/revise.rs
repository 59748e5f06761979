//! `revise`: what a revision builds on, read off the run that it revises.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Document;
use crate::domain::check::Check;
use crate::domain::decimal::Temperature;
use crate::domain::difference;
use crate::domain::identity::{Input, Inputs};
use crate::domain::ids::JobId;
use crate::domain::json::{self, Value};
use crate::domain::panel::Panel;
use crate::domain::proposal::Proposal;
use crate::domain::request::{self, Models, Prompts, StepModel};
use crate::domain::revision::{Asked, Parent, Rerun, Revised, Revision, document};
use crate::domain::step::{RunStatus, Step};
use crate::domain::view::RunView;
use crate::ops::{ContextFile, OpsError, RunRef, Source, Workspace, read_input, verify, view};
use crate::provider::Provider as _;
use crate::provider::panel::{self, Asking};
use crate::store::{RunDir, Store, StoreError};

/// The folder under `inputs/` with what the parent put out.
pub(in crate::ops) const PARENT: &str = "parent/";
/// The edited proposal under `inputs/`.
pub(in crate::ops) const PROPOSAL: &str = "proposal.json";

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

/// How a run is asked, as its inputs say.
#[derive(Debug, Clone)]
pub(in crate::ops) struct HowAsked {
    panel: Panel,
    models: Models,
    prompts: Prompts,
    context: BTreeMap<String, String>,
    sample: u32,
    /// The document.
    pub(in crate::ops) idea: String,
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
    before: HowAsked,
}

/// Reads what a revision builds on.
///
/// # Errors
/// [`OpsError::NotRevisable`] where the run is not decided by reviews, [`OpsError::NothingRevised`] where nothing was
/// edited, [`OpsError::ProposalFile`] where the edited proposal is none, [`OpsError::Corrupt`] where the run does not
/// verify.
pub fn revising(workspace: &Workspace<'_>, options: &RevisionOptions) -> Result<Revising, OpsError> {
    let (source, edited) = match &options.edit {
        Edit::Idea(source) => (source.clone(), None),
        Edit::Proposal(path) => {
            let (edited, bytes) = read_proposal(path)?;
            (Source::document(&shown(path), document(&edited), "md")?, Some((edited, bytes)))
        }
    };
    let (store, run, whole) = parent(workspace, options, &source)?;
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
    let outputs = outputs
        .map(|name| Ok((name.clone(), Input::new(run.output(name)?))))
        .collect::<Result<_, OpsError>>()?;
    let before = HowAsked::read(&run)?;
    let is_same = match &edited {
        Some((edited, _)) => json::is_alike(edited, &proposal),
        None => source.text == before.idea,
    };
    if is_same && options.context.is_empty() && options.rerun == Rerun::Auto {
        return Err(OpsError::NothingRevised { shown: source.shown, run: run.id().clone() });
    }
    let reviews = whole.reviews.into_iter().map(|review| (review.persona_id.clone(), review)).collect();
    Ok(Revising {
        store: store.path(),
        job: run.job().clone(),
        source,
        context: with(&before.context, &options.context),
        notes: options.notes.clone(),
        rerun: options.rerun.clone(),
        parent: Parent { run: run.id().clone(), proposal, reviews, decision },
        proposal: edited,
        outputs,
        before,
    })
}

/// The run that is revised. Asked for again as the newest of its job, a revision is in its parent's place: it goes on,
/// or is shown.
fn parent(
    workspace: &Workspace<'_>,
    options: &RevisionOptions,
    source: &Source,
) -> Result<(Store, RunDir, RunView), OpsError> {
    let (store, mut run) = options.run.resolve(&workspace.store)?;
    let mut whole = view::load(&run)?;
    while let (RunRef::Latest(_), Some(revision)) = (&options.run, &whole.revision) {
        let is_again = revision.notes == options.notes
            && view::request(&run)?.revision.is_some_and(|revision| revision.rerun == options.rerun)
            && view::idea(&run)?.as_ref() == Some(&source.text);
        let Some(parent) = store.run(run.job(), &revision.parent)?.filter(|_| is_again) else { break };
        whole = view::load(&parent)?;
        run = parent;
    }
    Ok((store, run, whole))
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

    /// The document of the parent.
    pub(super) fn idea(&self) -> &str {
        &self.before.idea
    }

    /// Who answered a step of the parent, and at which temperature its policy had it asked.
    pub(super) fn answered(&self, step: &Step) -> Option<(&StepModel, Option<Temperature>)> {
        let panel = &self.before.panel;
        let configured = match step {
            Step::Review(id) => panel.persona(id).and_then(|persona| persona.temperature),
            _ => panel.expansion.temperature,
        };
        self.before.models.steps.get(step).map(|model| (model, configured))
    }

    /// The files that the revision adds to its inputs.
    pub(super) fn inputs(&self) -> Inputs {
        let parent = self.outputs.iter().map(|(name, bytes)| (format!("{PARENT}{name}"), bytes.clone()));
        let proposal =
            self.proposal.iter().map(|(_, bytes)| (PROPOSAL.to_owned(), Input::new(bytes.as_slice())));
        parent.chain(proposal).collect()
    }

    /// Settles whose review may be carried. Whoever is known to be carried is not asked.
    ///
    /// # Errors
    /// [`OpsError::NoSuchPersona`] where somebody is to be asked anew who is not on the panel.
    pub(super) fn settle(
        &self,
        panel: &Panel,
        sample: u32,
        asking: &mut Asking,
    ) -> Result<Revised, OpsError> {
        if let Rerun::Only(ids) = &self.rerun
            && let Some(id) = ids.iter().find(|id| panel.persona(id).is_none())
        {
            let known = panel.personas.iter().map(|persona| persona.id.to_string()).collect();
            return Err(OpsError::NoSuchPersona { id: id.to_string(), known });
        }
        let models = request::steps(panel).into_iter();
        let models = models.filter_map(|step| Some((step.clone(), asking.model(&step)?))).collect();
        let now = HowAsked {
            panel: panel.clone(),
            models: Models { steps: models },
            prompts: asking.prompts(),
            context: self.context.iter().map(|file| (file.name.clone(), file.text.clone())).collect(),
            sample,
            idea: self.source.text.clone(),
        };
        let document_differs = self.proposal.is_none() && !difference::is_same(&self.before.idea, &now.idea);
        let (before, now) = (self.before.asked(), now.asked());
        let revision = Revision {
            notes: self.notes.clone(),
            rerun: self.rerun.clone(),
            document_differs,
            may_carry: self.parent.may_carry((&self.rerun, document_differs), &before, &now),
        };
        let proposal = self.proposal.as_ref().map(|(proposal, _)| proposal.clone());
        let revised = Revised { revision, parent: self.parent.clone(), proposal };
        for persona in revised.surely_carried(panel) {
            let step = Step::Review(persona);
            let answered = self.before.models.steps.get(&step).cloned();
            asking.answer(step, panel::Asked::Nobody(answered));
        }
        Ok(revised)
    }
}

impl HowAsked {
    /// As the inputs of a run say.
    pub(in crate::ops) fn read(run: &RunDir) -> Result<Self, OpsError> {
        let mut context = BTreeMap::new();
        for (path, _) in run.input_files()? {
            if let Some(name) = path.strip_prefix("inputs/context/") {
                let bytes = run.input(&format!("context/{name}"))?;
                context.insert(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self {
            panel: input(run, "panel.json")?,
            models: input(run, "model.json")?,
            prompts: input(run, "prompts.json")?,
            context,
            sample: view::request(run)?.sample,
            idea: view::idea(run)?.unwrap_or_default(),
        })
    }

    pub(in crate::ops) fn asked(&self) -> Asked<'_> {
        let Self { panel, models, prompts, context, sample, .. } = self;
        Asked { panel, models, prompts, context, sample: *sample }
    }

    pub(in crate::ops) fn panel(&self) -> &Panel {
        &self.panel
    }
}

/// The proposal that was edited, where a run has one.
pub(in crate::ops) fn edited(run: &RunDir) -> Result<Option<Proposal>, OpsError> {
    match run.input(PROPOSAL) {
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) => input(run, PROPOSAL).map(Some),
    }
}

/// The context that was there, with what is added to it or takes the place of some of it.
fn with(before: &BTreeMap<String, String>, added: &[ContextFile]) -> Vec<ContextFile> {
    let is_added = |name: &String| added.iter().any(|file| file.name.eq_ignore_ascii_case(name));
    let kept = before.iter().filter(|(name, _)| !is_added(name));
    let kept = kept.map(|(name, text)| ContextFile { name: name.clone(), text: text.clone() });
    kept.chain(added.iter().cloned()).collect()
}

/// What a file is called in messages.
fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

fn read_proposal(path: &Path) -> Result<(Proposal, Vec<u8>), OpsError> {
    let bytes = read_input(path)?;
    let refused = |problem: String| OpsError::ProposalFile { shown: shown(path), problem };
    let whole = Value::parse(&bytes).map_err(|error| refused(error.to_string()))?;
    if !matches!(whole, Value::Object(_)) {
        return Err(refused("a proposal is an object".to_owned()));
    }
    let edited: Proposal = json::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
    // What would be passed over was not meant to be; a blank member is one that is not there.
    let kept = json::to_value(&edited);
    let is_blank = |value: &Value| match value {
        Value::Null => true,
        value => value.as_str().is_some_and(|text| text.trim().is_empty()),
    };
    match whole.members().iter().find(|(name, value)| kept.get(name).is_none() && !is_blank(value)) {
        Some((name, _)) => {
            Err(refused(format!("field `{}`: a proposal has no such field", name.escape_debug())))
        }
        None => Ok((edited, bytes)),
    }
}

/// One of the inputs of a run.
pub(in crate::ops) fn input<T: DeserializeOwned>(run: &RunDir, name: &str) -> Result<T, OpsError> {
    json::from_slice(&run.input(name)?).map_err(|error| view::corrupt(run, &format!("inputs/{name}"), error))
}
