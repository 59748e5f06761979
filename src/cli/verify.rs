//! `consensus verify`

use super::args::{VerifyArgs, reference};
use super::output::Output;
use super::stream::Stream;
use super::{Answer, CommandError, signal};
use crate::domain::digest::Digest;
use crate::domain::ids::PolicyName;
use crate::domain::view::Verified;
use crate::ops::{self, OpsError, Scope, VerifyOptions, VerifyReport, Workspace};
use crate::report::{json, terminal};

pub(super) fn verify(
    workspace: Workspace<'_>,
    args: &VerifyArgs,
    output: &Output,
) -> Result<Answer, CommandError> {
    let scope = if args.all {
        Scope::All
    } else {
        Scope::Runs(args.runs.iter().map(|run| reference(run)).collect::<Result<_, OpsError>>()?)
    };
    let interrupted = signal::interrupted();
    let workspace = Workspace { interrupted: &interrupted, ..workspace };
    shown(&workspace, &VerifyOptions { scope, head: args.head }, !args.all, output)
}

/// `policy log --verify`
pub(super) fn policy(
    workspace: &Workspace<'_>,
    name: &PolicyName,
    head: Option<Digest>,
    output: &Output,
) -> Result<Answer, CommandError> {
    shown(workspace, &VerifyOptions { scope: Scope::Policy(name.clone()), head }, true, output)
}

/// Verifies and shows the results, with `whole` also what holds.
fn shown(
    workspace: &Workspace<'_>,
    options: &VerifyOptions,
    whole: bool,
    output: &Output,
) -> Result<Answer, CommandError> {
    let stream = Stream::new(output, "verified");
    let mut shown = Shown { output, all: whole, stream, problem: None };
    let result = ops::verify(workspace, options, &mut |verified| shown.each(verified));
    if let Some(problem) = shown.problem {
        return Err(problem);
    }
    let report = match result {
        Ok(report) => report,
        Err(error) => return Err(shown.cut_short(error.into())),
    };
    shown.end(&report)?;
    Ok(if report.holds() { Answer::Yes } else { Answer::No })
}

/// Shows each result as it comes, so that a large store needs no memory.
struct Shown<'a> {
    output: &'a Output,
    all: bool,
    stream: Stream<'a>,
    problem: Option<CommandError>,
}

impl Shown<'_> {
    fn each(&mut self, verified: &Verified) {
        if self.output.is_json() {
            return self.stream.push(&json::verified(verified));
        }
        let printed = self.output.text(&terminal::verified(verified, self.all));
        self.problem = self.problem.take().or(printed.err());
    }

    fn end(self, report: &VerifyReport) -> Result<(), CommandError> {
        let stopped = report.interrupted.then(|| OpsError::Stopped.into());
        if self.output.is_json() {
            let holds = report.holds() && stopped.is_none();
            let rest = json::verified_in_all(report.verified, report.failed, report.head_found, holds);
            return self.stream.finish(&rest, "", stopped);
        }
        if !self.all || report.verified != 1 || stopped.is_some() {
            self.output.text(&terminal::tally(report.verified, report.failed))?;
        }
        if let Some(error) = stopped {
            return Err(error);
        }
        match report.head_found {
            Some(false) => self
                .output
                .text("the remembered head was not found: what it stood for is gone or was changed\n"),
            Some(true) => self.output.text("the remembered head was found\n"),
            None => Ok(()),
        }
    }

    /// The array that was begun is closed by the error's own members, so that one object is printed.
    fn cut_short(self, error: CommandError) -> CommandError {
        if self.output.is_json() && self.stream.count() > 0 {
            return self.stream.cut_short(error);
        }
        error
    }
}
