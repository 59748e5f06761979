//! `consensus doctor`

use std::sync::atomic::Ordering;

use super::args::DoctorArgs;
use super::output::Output;
use super::{Answer, CommandError, run, signal};
use crate::config::Settings;
use crate::ops::{self, DoctorOptions, Workspace};
use crate::report::doctor;

pub(super) fn doctor(
    workspace: Workspace<'_>,
    args: &DoctorArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Answer, CommandError> {
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    let options = DoctorOptions {
        policy: settings.policy.value.clone(),
        rules: settings.rule_files(),
        asking: run::models(&args.model, settings),
        deep: args.deep,
        context: args.context,
    };
    let checks = ops::doctor(&workspace, &options)?;
    if interrupted.load(Ordering::Relaxed) {
        return Err(CommandError::interrupted());
    }
    output.answer(|| doctor::json(&checks), || doctor::text(&checks))?;
    Ok(if ops::is_well(&checks) { Answer::Yes } else { Answer::No })
}
