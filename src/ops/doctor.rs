//! `doctor`: what is configured, and whether it can be used; with `deep`, whether the models' servers do as they say.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::run::{AskingOptions, asking, may_ask};
use super::{OpsError, RuleFiles, Workspace, load_rules, policy};
use crate::domain::check::{Check, Outcome};
use crate::domain::digest::Digest;
use crate::domain::exchange::Exchange;
use crate::domain::policy::{Limits, VersionName};
use crate::domain::provider::ProviderName;
use crate::domain::step::Step;
use crate::provider::model::{Choice, Models, Reads, Recording};
use crate::provider::panel::Asking;
use crate::provider::{Closed, Intent, Ledger, ProviderError};
use crate::store::{Store, StoreError};

/// On this machine it is measured whether a model reads so many tokens: about what the prompts of a proposal take.
const USUAL_CONTEXT: u64 = 8192;

/// What to look at.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// The policy that `run` takes.
    pub policy: VersionName,
    /// The files that rules are read from.
    pub rules: RuleFiles,
    /// Who is asked, and how.
    pub asking: AskingOptions,
    /// Whether servers are asked.
    pub deep: bool,
    /// It is measured whether models read so many tokens; 0 for not at all.
    pub context: Option<u64>,
}

/// What is configured, and whether it can be used.
///
/// # Errors
/// None of what is wrong with the configuration: that is a check that fails.
pub fn doctor(workspace: &Workspace<'_>, options: &DoctorOptions) -> Result<Vec<Check>, OpsError> {
    let mut checks = vec![store(workspace)];
    let rules = load_rules(&options.rules);
    checks.push(found("rules", "rules", rules.as_ref().map(|_| String::new())));
    let body = policy::show(workspace, &options.policy).map(|shown| shown.version);
    let named = |version: &crate::domain::policy::PolicyVersion| {
        format!("{}@{}", version.reference.name, version.reference.version)
    };
    checks.push(found("policy", options.policy.to_string(), body.as_ref().map(named)));
    let (Ok(rules), Ok(version)) = (rules, body) else { return Ok(checks) };
    if let Some(refusal) = policy::unavailable(&version.body, &rules) {
        checks.push(Check::fail("policy", named(&version), refusal));
        return Ok(checks);
    }
    let mut limits = version.body.limits.clone();
    limits.allow_network &= !options.asking.offline;
    checks.extend(connections(&options.asking, &limits));
    match asking(&options.asking, None, &version.body.panel, &limits, 1, rules) {
        Ok(asking) => models(workspace, options, &limits, &asking, &mut checks),
        Err(error) => checks.push(Check::fail("asking", "who is asked", error)),
    }
    Ok(checks)
}

fn found<E: std::fmt::Display>(
    check: &'static str,
    subject: impl Into<String>,
    result: Result<String, E>,
) -> Check {
    match result {
        Ok(detail) => Check { detail, ..Check::pass(check, subject) },
        Err(error) => Check::fail(check, subject, error),
    }
}

fn store(workspace: &Workspace<'_>) -> Check {
    let subject = workspace.store.display().to_string();
    match Store::open(&workspace.store).and_then(|store| store.check_marker()) {
        Ok(_) => Check::pass("store", subject),
        Err(StoreError::NoStore { .. }) => {
            Check::skipped("store", subject, "none yet; the first run makes it")
        }
        Err(error) => Check::fail("store", subject, error),
    }
}

/// What each provider's server is, and what keeps it from being asked; that is no failure as long as nobody asks it.
fn connections<'a>(options: &'a AskingOptions, limits: &'a Limits) -> impl Iterator<Item = Check> + 'a {
    let is_wanted = |provider: ProviderName| options.provider.is_none_or(|wanted| wanted == provider);
    let servers = options.connections.servers.iter().filter(move |(provider, _)| is_wanted(**provider));
    servers.map(|(provider, connection)| {
        let name = provider.as_str();
        let (base, origin) = &connection.base_url;
        let endpoint = match &connection.endpoint {
            Ok(endpoint) => endpoint,
            Err(problem) => return Check::skipped("provider", name, problem),
        };
        let missing = match () {
            () if !limits.allow_network && !endpoint.is_loopback() => {
                Some("the network is not allowed".to_owned())
            }
            () if endpoint.needs_key() && !endpoint.has_key() => {
                Some(format!("no key: {} is not set", connection.key_variables.join(" or ")))
            }
            () => None,
        };
        let key = match connection.key {
            Some(name) if endpoint.keeps_key() => {
                format!("without the key of {name}, which is not sent unencrypted to another machine")
            }
            Some(name) => format!("key from {name}"),
            None => "no key".to_owned(),
        };
        match missing {
            Some(missing) => Check::skipped("provider", name, format!("{base} ({origin}): {missing}")),
            None => Check { detail: format!("{base} ({origin}), {key}"), ..Check::pass("provider", name) },
        }
    })
}

/// The models that `run` would ask, each once.
fn models(
    workspace: &Workspace<'_>,
    options: &DoctorOptions,
    limits: &Limits,
    asking: &Asking,
    checks: &mut Vec<Check>,
) {
    let mut seen: Vec<Choice> = Vec::new();
    for (step, choice) in asking.choices() {
        if seen.iter().any(|known| (known.provider, &known.model) == (choice.provider, &choice.model)) {
            continue;
        }
        seen.push(choice.clone());
        let subject = format!("{} {}", choice.provider, choice.model);
        if let Err(error) = may_ask(limits, asking, &options.asking, (step, choice)) {
            checks.push(Check::fail("model", subject, error));
        } else if options.deep {
            deep(workspace, options, asking.models(), choice, checks);
        } else {
            checks.push(Check::skipped("model", subject, "not asked; --deep asks it one tiny question"));
        }
    }
    if seen.is_empty() && options.deep {
        checks.push(Check::skipped(
            "model",
            "none",
            "no model is configured; --provider and --model name one",
        ));
    }
}

fn deep(
    workspace: &Workspace<'_>,
    options: &DoctorOptions,
    models: &Models,
    choice: &Choice,
    checks: &mut Vec<Check>,
) {
    let subject = format!("{} {}", choice.provider, choice.model);
    let tiny = Choice { max_output_tokens: choice.max_output_tokens.min(256), ..choice.clone() };
    let ledger = Unkept { workspace, calls: AtomicU32::new(0), none: Recording::default() };
    let probed = match models.probe(&tiny, &ledger) {
        Ok(probed) => probed,
        Err(error) => return checks.push(Check::fail("model", subject, coded(&error))),
    };
    let by = probed.answered_by.map(|by| format!(" by `{by}`")).unwrap_or_default();
    let detail = format!("it answered{by} in {} ms", probed.duration_ms);
    checks.push(Check { detail, ..Check::pass("model", subject.clone()) });
    checks.push(if probed.keeps_schema {
        Check { detail: "it keeps to a schema".to_owned(), ..Check::pass("schema", subject.clone()) }
    } else {
        Check::skipped(
            "schema",
            subject.clone(),
            "it only pretends to keep to a schema: answers that do not fit are asked for again",
        )
    });
    checks.push(if probed.reports_usage {
        Check { detail: "it says what answers take".to_owned(), ..Check::pass("usage", subject.clone()) }
    } else {
        Check::skipped(
            "usage",
            subject.clone(),
            "it does not say what answers take: under a budget all that was reserved counts",
        )
    });
    let is_local =
        models.endpoints().any(|(provider, endpoint)| provider == choice.provider && endpoint.is_loopback());
    let wanted = options.context.unwrap_or(if is_local { USUAL_CONTEXT } else { 0 });
    if wanted == 0 {
        checks.push(Check::skipped(
            "context",
            subject,
            "not measured; --context TOKENS measures it, which costs as many tokens twice",
        ));
        return;
    }
    checks.push(match models.reads(&tiny, wanted, &ledger) {
        Ok(Reads::AtLeast(tokens)) => {
            Check { detail: format!("it reads at least {tokens} tokens"), ..Check::pass("context", subject) }
        }
        Ok(Reads::Refuses(tokens, words)) => Check::fail(
            "context",
            subject,
            format!("it reads {tokens} tokens and refuses twice as many: {words}"),
        ),
        Ok(Reads::Cuts(tokens)) => Check::fail(
            "context",
            subject,
            format!("it reads about {tokens} tokens and cuts what is longer without a word"),
        ),
        Err(error) => Check::fail("context", subject, coded(&error)),
    });
}

fn coded(error: &ProviderError) -> String {
    format!("{}: {error}", error.code())
}

/// Whether nothing that was looked at stands in the way.
#[must_use]
pub fn is_well(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.outcome != Outcome::Fail)
}

/// A ledger of requests that belong to no run: nothing is kept.
struct Unkept<'a> {
    workspace: &'a Workspace<'a>,
    calls: AtomicU32,
    none: Recording,
}

impl Ledger for Unkept<'_> {
    fn reserve(&self, _: &Intent<'_>, _: Instant) -> Result<u32, Closed> {
        Ok(self.calls.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn settle(&self, _: &Exchange) -> Result<(), Closed> {
        if self.is_interrupted() { Err(Closed::Interrupted) } else { Ok(()) }
    }

    fn unused(&self) -> &Recording {
        &self.none
    }

    fn replay(&self, _: &Step, _: &Exchange) -> Result<(), Closed> {
        Ok(())
    }

    fn warn(&self, _: &'static str, _: Option<&Step>, _: String) -> Result<(), Closed> {
        Ok(())
    }

    fn waits(&self, _: &Step, _: String) {}

    fn is_interrupted(&self) -> bool {
        self.workspace.is_interrupted()
    }

    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_hours(1)
    }

    fn seed(&self) -> Digest {
        Digest::of(b"doctor")
    }

    fn now(&self) -> String {
        self.workspace.clock.now()
    }
}
