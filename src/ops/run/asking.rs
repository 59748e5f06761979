//! Who is asked: the policy says it for each persona, the flags for all; answers are read off the disk.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::{Revising, answers, recording};
use crate::domain::decimal::Temperature;
use crate::domain::panel::{Panel, Persona};
use crate::domain::policy::Limits;
use crate::domain::prompt::PromptSet;
use crate::domain::provider::ProviderName;
use crate::domain::request::{self, StepModel};
use crate::domain::step::Step;
use crate::domain::text::Text;
use crate::ops::input::read_regular;
use crate::ops::{Connections, OpsError};
use crate::provider::file::Answers;
use crate::provider::model::{Choice, Models, RecordedWith, Recording, Server, Source, proxy_problem};
use crate::provider::panel::{Asked, Asking};
use crate::provider::rules::Rules;

/// An answer is capped at so many tokens where nobody says otherwise.
const MAX_OUTPUT_TOKENS: u32 = 8192;
/// No file of certificates is larger, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Who is to be asked, and how.
#[derive(Debug, Clone, Default)]
pub struct AskingOptions {
    /// Who answers every step, whatever the policy says.
    pub provider: Option<ProviderName>,
    /// The directory of answers, or of a recording.
    pub answers: Option<PathBuf>,
    /// The model of every step.
    pub model: Option<Text>,
    /// The model that expands.
    pub expand_model: Option<Text>,
    /// The model that reviews.
    pub review_model: Option<Text>,
    /// The sampling temperature of every step.
    pub temperature: Option<Temperature>,
    /// The cap on each answer's tokens; 8192 where nobody says.
    pub max_output_tokens: Option<u32>,
    /// The prompt set, where the policy names none.
    pub prompt_set: Option<String>,
    /// How many steps ask at the same time; all reviews where nobody says.
    pub parallel: Option<NonZeroUsize>,
    /// How servers are reached.
    pub connections: Connections,
    /// Whether the address of the servers was said for this call, and so is that of one provider.
    pub base_url_is_flag: bool,
    /// Whether what holds keys, tokens or passwords is sent, without them.
    pub allow_secrets: bool,
    /// Whether nothing may leave this machine.
    pub offline: bool,
    /// A lower budget of tokens.
    pub budget_tokens: Option<u64>,
    /// A lower budget of money, in micro-dollars.
    pub budget_usd_micros: Option<u64>,
    /// The directory in which a cassette is made.
    pub record: Option<PathBuf>,
}

impl AskingOptions {
    fn max_output_tokens(&self) -> u32 {
        self.max_output_tokens.unwrap_or(MAX_OUTPUT_TOKENS)
    }

    fn names_a_model(&self) -> bool {
        [&self.model, &self.expand_model, &self.review_model].iter().any(|model| model.is_some())
            || self.temperature.is_some()
            || self.base_url_is_flag
    }
}

/// Settles who answers which step.
///
/// # Errors
/// [`OpsError`] where answers are missing or are none, where no model is named, where a recording is of something
/// else, or where nobody would read by a rule.
pub(in crate::ops) fn asking(
    options: &AskingOptions,
    revising: Option<&Revising>,
    panel: &Panel,
    limits: &Limits,
    sample: u32,
    rules: Rules,
) -> Result<Asking, OpsError> {
    let prompts = prompts(options, panel)?;
    let is_replay = options.provider == Some(ProviderName::Replay);
    let recording = if is_replay { Some(replayed(options)?) } else { None };
    let mut steps = BTreeMap::new();
    for step in request::steps(panel) {
        let asked = match (&step, &recording) {
            (Step::Aggregate, _) => continue,
            (Step::Expand, _) if revising.is_some_and(Revising::has_proposal) => Asked::Nobody(None),
            (_, None) => {
                let before = revising.and_then(|revising| revising.answered(&step));
                configured(options, before, panel, &step)?
            }
            (_, Some((with, _))) => recorded(options, panel, with, &step)?,
        };
        steps.insert(step, asked);
    }
    let uses_files = steps.values().any(|asked| *asked == Asked::File);
    let answers = match (&options.answers, uses_files) {
        (Some(dir), true) => answers::read(dir, panel, &steps)?,
        (None, true) => {
            return Err(OpsError::Asking(
                "reviews are to come from files: name their directory with --answers",
            ));
        }
        (Some(_), false) if !is_replay => {
            return Err(OpsError::Asking("--answers is given, but nobody is asked for files"));
        }
        (_, false) => Answers::default(),
    };
    // Who hands in reviews need not write the proposal out.
    if steps.get(&Step::Expand) == Some(&Asked::File) && !answers.has_proposal() {
        steps.insert(Step::Expand, Asked::Rules);
    }
    if let Some((rule, persona)) = rules.unread(&panel.personas) {
        let panel = panel.personas.iter().map(|persona| persona.id.to_string()).collect();
        return Err(OpsError::NoReader { rule, persona, panel });
    }
    let asks_models = steps.values().any(|asked| matches!(asked, Asked::Model(_)));
    if !asks_models && (options.names_a_model() || options.record.is_some()) {
        return Err(OpsError::Asking(
            "a model, its temperature, its server or a recording is named, but no model is asked: name a --provider",
        ));
    }
    let source = match recording {
        Some((with, recording)) => {
            let path = options.answers.clone().unwrap_or_default();
            Source::Recording(same(path, &with, prompts, &steps, sample, recording)?)
        }
        None => Source::Servers(servers(options, &steps)?),
    };
    let models = Models::new(prompts, panel.thresholds.clone(), limits.clone(), source);
    let models = models.in_parallel(options.parallel.map_or(usize::MAX, NonZeroUsize::get));
    Ok(Asking::new(rules, answers, models, steps))
}

fn prompts(options: &AskingOptions, panel: &Panel) -> Result<&'static PromptSet, OpsError> {
    let wanted = panel.prompt_set.as_ref().map(Text::as_str).or(options.prompt_set.as_deref());
    PromptSet::installed(wanted).ok_or_else(|| OpsError::NoPromptSet(wanted.unwrap_or_default().to_owned()))
}

fn replayed(options: &AskingOptions) -> Result<(RecordedWith, Recording), OpsError> {
    let Some(dir) = &options.answers else {
        return Err(OpsError::Asking(
            "answers are to come from a recording: name its directory with --answers",
        ));
    };
    if options.names_a_model() || options.record.is_some() {
        return Err(OpsError::Asking(
            "a recording says itself which model answered: --model and its like go without --provider replay, as does --record",
        ));
    }
    recording::read(dir)
}

/// Who answers a step, as the flags and the policy say; where they do not, whoever answered it `before`.
fn configured(
    options: &AskingOptions,
    before: Option<(&StepModel, Option<Temperature>)>,
    panel: &Panel,
    step: &Step,
) -> Result<Asked, OpsError> {
    let persona = persona_of(panel, step);
    let expansion = &panel.expansion;
    let (named, model, temperature) = persona
        .map_or((&expansion.provider, &expansion.model, expansion.temperature), |persona| {
            (&persona.provider, &persona.model, persona.temperature)
        });
    let provider_of = |name: &str| name.parse::<ProviderName>().ok();
    let provider = options.provider.or_else(|| provider_of(named.as_ref()?.as_str()));
    let provider = provider.or_else(|| provider_of(&before?.0.provider));
    let before = before.filter(|(before, _)| provider_of(&before.provider) == provider && named.is_none());
    // What a flag said of the parent stands, unless the policy has another temperature since.
    let temperature = match before {
        Some((before, configured)) if configured == temperature => before.temperature,
        _ => temperature,
    };
    let before = before.map(|(before, _)| before);
    let provider = match provider.unwrap_or(ProviderName::Rules) {
        ProviderName::Rules | ProviderName::Replay => return Ok(Asked::Rules),
        ProviderName::File => return Ok(Asked::File),
        provider => provider,
    };
    let own = if persona.is_some() { &options.review_model } else { &options.expand_model };
    // A model of the policy's is one of the provider's that it names with it.
    let of_policy =
        model.as_ref().filter(|_| named.as_ref().is_some_and(|name| name.as_str() == provider.as_str()));
    let model = own.as_ref().or(options.model.as_ref()).or(of_policy).map(Text::as_str);
    let model = model.or(before.map(|before| before.model.as_str()));
    let model = model.ok_or_else(|| OpsError::NoModel { provider, step: step.clone() })?;
    Ok(Asked::Model(Choice {
        provider,
        model: model.to_owned(),
        temperature: options.temperature.or(temperature),
        max_output_tokens: before
            .and_then(|before| before.max_output_tokens)
            .filter(|_| options.max_output_tokens.is_none())
            .unwrap_or_else(|| options.max_output_tokens()),
    }))
}

/// Who answered a step when it was recorded, unless the policy names another model for it.
fn recorded(
    options: &AskingOptions,
    panel: &Panel,
    with: &RecordedWith,
    step: &Step,
) -> Result<Asked, OpsError> {
    let path = options.answers.clone().unwrap_or_default();
    let differs = |problem: String| OpsError::AnotherRecording { path: path.clone(), problem };
    let Some(model) = with.models.steps.get(step) else {
        return Err(differs(format!("it holds no step `{step}`")));
    };
    let named = persona_of(panel, step)
        .map_or((&panel.expansion.provider, &panel.expansion.model), |persona| {
            (&persona.provider, &persona.model)
        });
    if let (Some(provider), Some(name)) = named
        && (provider.as_str() != model.provider || name.as_str() != model.model)
    {
        let problem = format!(
            "step `{step}` was answered by `{}` of `{}`, and the policy asks `{name}` of `{provider}`",
            model.model, model.provider
        );
        return Err(differs(problem));
    }
    let StepModel { provider, model, temperature, max_output_tokens } = model.clone();
    match provider.parse() {
        Ok(ProviderName::Rules) => Ok(Asked::Rules),
        Ok(provider @ (ProviderName::Openai | ProviderName::Chat | ProviderName::Anthropic)) => {
            let max_output_tokens = max_output_tokens.unwrap_or_else(|| options.max_output_tokens());
            Ok(Asked::Model(Choice { provider, model, temperature, max_output_tokens }))
        }
        _ => Err(differs(format!("step `{step}` was answered by `{provider}`, which is no model"))),
    }
}

/// The recording, which must have been made as this run is.
fn same(
    path: PathBuf,
    with: &RecordedWith,
    prompts: &'static PromptSet,
    steps: &BTreeMap<Step, Asked>,
    sample: u32,
    recording: Recording,
) -> Result<Recording, OpsError> {
    let models = steps.iter().filter_map(|(step, asked)| match asked {
        Asked::Model(choice) => Some((step.clone(), choice.recorded())),
        Asked::Rules | Asked::File | Asked::Nobody(_) => None,
    });
    let models = request::Models { steps: models.collect() };
    let now = RecordedWith { models, prompts: request::Prompts::of(prompts), sample };
    match with.difference(&now) {
        Some(problem) => Err(OpsError::AnotherRecording { path, problem }),
        None => Ok(recording),
    }
}

/// The servers of the providers that are asked.
fn servers(
    options: &AskingOptions,
    steps: &BTreeMap<Step, Asked>,
) -> Result<BTreeMap<ProviderName, Server>, OpsError> {
    let mut servers = BTreeMap::new();
    let mut roots = None;
    for asked in steps.values() {
        let Asked::Model(Choice { provider, .. }) = asked else { continue };
        if servers.contains_key(provider) {
            continue;
        }
        let connection = options.connections.servers.get(provider);
        let endpoint =
            connection.map_or_else(|| Err("no server is configured".to_owned()), |one| one.endpoint.clone());
        let endpoint = endpoint.map_err(|problem| OpsError::Connection { provider: *provider, problem })?;
        let proxy = proxy_problem(options.connections.names_proxy).filter(|_| !endpoint.is_loopback());
        if let Some(problem) = proxy {
            return Err(OpsError::Connection { provider: *provider, problem: problem.to_owned() });
        }
        if let (Some(path), None) = (&options.connections.roots, &roots) {
            let read = read_regular(path, MAX_BYTES);
            let problem = |_| OpsError::Connection {
                provider: *provider,
                problem: format!("SSL_CERT_FILE: `{}` cannot be read", path.display()),
            };
            roots = Some(read.map_err(problem)?);
        }
        servers.insert(*provider, Server::new(endpoint, roots.clone()));
    }
    if servers.len() > 1 && options.base_url_is_flag {
        return Err(OpsError::Asking(
            "--base-url is the address of one server, and several providers are asked: set their variables instead",
        ));
    }
    Ok(servers)
}

fn persona_of<'a>(panel: &'a Panel, step: &Step) -> Option<&'a Persona> {
    if let Step::Review(id) = step { panel.persona(id) } else { None }
}
