//! What must hold before anything is made or sent: the policy allows it, there is a key, and no secret would leave.

use std::collections::BTreeMap;

use super::asking::AskingOptions;
use super::plan::Plan;
use crate::domain::policy::Limits;
use crate::domain::step::Step;
use crate::ops::OpsError;
use crate::provider::model::Choice;
use crate::provider::panel::Asking;

/// The limits as flags make them tighter, and what they changed, by the policy's field.
///
/// # Errors
/// [`OpsError::Looser`] where a flag would allow more than the policy.
pub(super) fn tightened(
    limits: &Limits,
    options: &AskingOptions,
) -> Result<(Limits, BTreeMap<String, String>), OpsError> {
    let (mut limits, mut changed) = (limits.clone(), BTreeMap::new());
    if options.offline && limits.allow_network {
        limits.allow_network = false;
        changed.insert("allow_network".to_owned(), "false".to_owned());
    }
    let budgets = [
        ("budget_tokens", "--budget-tokens", options.budget_tokens, &mut limits.budget_tokens),
        ("budget_usd_micros", "--budget-usd", options.budget_usd_micros, &mut limits.budget_usd_micros),
    ];
    for (field, flag, wanted, budget) in budgets {
        let Some(wanted) = wanted else { continue };
        match *budget {
            Some(allowed) if wanted > allowed => return Err(OpsError::Looser { flag, field, allowed }),
            Some(allowed) if wanted == allowed => {}
            _ => {
                *budget = Some(wanted);
                changed.insert(field.to_owned(), wanted.to_string());
            }
        }
    }
    Ok((limits, changed))
}

/// Whether the attempt may begin.
///
/// # Errors
/// As [`may_ask`], and [`OpsError::Secrets`].
pub(super) fn check(plan: &Plan, asking: &Asking, options: &AskingOptions) -> Result<(), OpsError> {
    for (step, choice) in asking.choices() {
        may_ask(&plan.limits, asking, options, (step, choice))?;
    }
    let secrets = if asking.models().is_recording() { Vec::new() } else { asking.secrets(&plan.subject()) };
    if !secrets.is_empty() && !options.allow_secrets {
        return Err(OpsError::Secrets(secrets));
    }
    Ok(())
}

/// Whether a model may be asked.
///
/// # Errors
/// [`OpsError::ModelNotAllowed`], [`OpsError::NetworkDenied`], [`OpsError::MissingKey`].
pub(in crate::ops) fn may_ask(
    limits: &Limits,
    asking: &Asking,
    options: &AskingOptions,
    (step, choice): (&Step, &Choice),
) -> Result<(), OpsError> {
    let allowed = &limits.allowed_models;
    if !allowed.is_empty() && !allowed.contains(&choice.model) {
        let (step, model, allowed) = (step.clone(), choice.model.clone(), allowed.clone());
        return Err(OpsError::ModelNotAllowed { step, model, allowed });
    }
    // A recording has no server.
    let Some((provider, endpoint)) = asking.models().endpoints().find(|(one, _)| *one == choice.provider)
    else {
        return Ok(());
    };
    let host = || endpoint.host().to_owned();
    if !limits.allow_network && !endpoint.is_loopback() {
        return Err(OpsError::NetworkDenied { provider, host: host(), by_flag: options.offline });
    }
    if endpoint.needs_key() && !endpoint.has_key() {
        let connection = options.connections.servers.get(&provider);
        let variables = connection.map(|connection| connection.key_variables).unwrap_or_default();
        return Err(OpsError::MissingKey { provider, host: host(), variables });
    }
    Ok(())
}
