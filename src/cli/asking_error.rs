//! Errors of who is asked and what is read by: their kind, exit code and hint.

use super::error::{CONFLICT, Kind, NO_ANSWER, NOT_FOUND, STOPPED, SYSTEM, USAGE};
use crate::ops::OpsError;

/// Of what is read by, and of who is asked.
pub(super) fn kind(error: &OpsError) -> Kind {
    match error {
        OpsError::RulesFile { refusal, .. } if refusal.refusal.field.starts_with("suppress") => (
            refusal.refusal.code,
            USAGE,
            Some(
                "nothing was run; each `[[suppress]]` has a `rule` and a `because`, and may have `containing`",
            ),
        ),
        OpsError::RulesFile { refusal, .. } => (
            refusal.refusal.code,
            USAGE,
            Some("nothing was run; `consensus rules show RULE` prints a whole rule to start from"),
        ),
        OpsError::NoSuchKind { .. } => {
            ("no_such_kind", NOT_FOUND, Some("`consensus rules kinds` says how each is recognised"))
        }
        OpsError::NoReader { .. } => (
            "no_reader",
            USAGE,
            Some("nothing was run; change its `persona`, or take a policy with that persona on the panel"),
        ),
        OpsError::Answer { .. } => (
            "invalid_answer",
            USAGE,
            Some("nothing was run; `consensus schema show review_answer` says what may stand there"),
        ),
        OpsError::MissingAnswers { .. } => (
            "missing_answer",
            NO_ANSWER,
            Some("nothing was run; write them, or take a policy with a smaller `quorum`"),
        ),
        OpsError::NoSuchRule { .. } => {
            ("no_such_rule", NOT_FOUND, Some("`consensus rules list` says what each looks for"))
        }
        OpsError::Step { failed, .. } => failed
            .first()
            .map_or(("bug", SYSTEM, None), |(_, error)| (error.code(), NO_ANSWER, Some(hint(error.code())))),
        OpsError::StoppedByPolicy { stop, .. } => (stop.code(), STOPPED, Some(hint(stop.code()))),
        OpsError::NoModel { .. } => (
            "no_model",
            USAGE,
            Some("name one with --model, by the name that its server has for it, or in the policy"),
        ),
        OpsError::NoPromptSet(_) => {
            ("no_prompt_set", USAGE, Some("`consensus prompts list` shows what is installed"))
        }
        OpsError::NoSuchTable { .. } => ("no_such_table", NOT_FOUND, Some("name one of those")),
        OpsError::NoSuchTemplate { .. } => {
            ("no_such_template", NOT_FOUND, Some("`consensus prompts list` shows the templates of each set"))
        }
        OpsError::Connection { .. } => {
            ("connection", USAGE, Some("`consensus config show` tells which address and which key are used"))
        }
        OpsError::NetworkDenied { .. } => (
            "network_denied",
            STOPPED,
            Some("nothing was sent; take a server on this machine, or --provider rules"),
        ),
        OpsError::ModelNotAllowed { .. } => (
            "model_not_allowed",
            STOPPED,
            Some(
                "nothing was sent; take one of those, or change `limits.allowed_models` with `consensus policy apply`",
            ),
        ),
        OpsError::MissingKey { .. } => (
            "missing_key",
            NO_ANSWER,
            Some(
                "nothing was sent; set the variable and run it again, or take --provider rules, which needs none",
            ),
        ),
        OpsError::Secrets(_) => (
            "secrets",
            STOPPED,
            Some(
                "nothing was sent; take it out of the document, or send the document without it with --allow-secrets",
            ),
        ),
        OpsError::Looser { .. } => {
            ("looser", USAGE, Some("flags make limits tighter only; `consensus policy apply` changes them"))
        }
        OpsError::Recording { .. } => (
            "bad_recording",
            USAGE,
            Some("a recording is a directory that `run --record DIR` made, or the directory of a run"),
        ),
        OpsError::AnotherRecording { .. } => (
            "missing_recording",
            NO_ANSWER,
            Some("nobody was asked; record this run with --record, in a directory of its own"),
        ),
        _ => revised(error),
    }
}

/// Of what is revised.
fn revised(error: &OpsError) -> Kind {
    match error {
        OpsError::NotRevisable { .. } => (
            "not_completed",
            CONFLICT,
            Some(
                "nothing was made; only a run with a decision and its reviews is revised: review it anew with `run`",
            ),
        ),
        OpsError::NothingRevised { .. } => (
            "nothing_revised",
            USAGE,
            Some("edit it; --rerun asks again about the same, as does `run --sample 2` in a run of its own"),
        ),
        OpsError::ProposalFile { .. } => (
            "bad_proposal",
            USAGE,
            Some("nothing was made; `consensus schema show proposal` says what it has"),
        ),
        OpsError::NoDocument(..) => (
            "no_document",
            USAGE,
            Some(
                "name documents, whatever their extension, or directories with some; `--from FILE.jsonl` reads a list",
            ),
        ),
        OpsError::BatchLine { .. } => (
            "bad_line",
            USAGE,
            Some(
                "a line is such as {\"file\": \"docs/rfc.md\", \"job\": \"rfc\"} or {\"text\": \"Move to Postgres.\"}",
            ),
        ),
        OpsError::NoSuchPersona { .. } => {
            ("no_such_persona", USAGE, Some("--rerun takes `all`, `auto` or ids of personas"))
        }
        _ => (
            "usage",
            USAGE,
            Some(
                "`consensus run --help` says what goes with what; for files it is --provider file --answers DIR",
            ),
        ),
    }
}

/// What to do where a model gave no answer or the policy stopped the run.
fn hint(code: &str) -> &'static str {
    match code {
        "auth" => "set another key and run it again: finished steps are not repeated",
        "rate_limited" => "wait a while and run it again: finished steps are not repeated",
        "quota" => "add credit at the provider and run it again: finished steps are not repeated",
        "timeout" => {
            "raise `limits.step_timeout_s` or take a faster model, and run it again: finished steps are not repeated"
        }
        "connection" => {
            "check that the server runs and that --base-url is its address (`consensus doctor --deep`), and run it again: finished steps are not repeated"
        }
        "bad_request" => {
            "check the model's name and --base-url, which for `chat` and `openai` mostly ends in /v1; finished steps are kept"
        }
        "context_too_long" => {
            "take a model that reads more, a smaller --max-output-tokens, or a shorter document; finished steps are kept"
        }
        "refused" => "take another model with --review-model; finished steps are kept",
        "truncated" => "raise --max-output-tokens; finished steps are kept",
        "invalid_answer" => {
            "run it again, or take a model that keeps to a form (`consensus doctor --deep` tells); finished steps are kept"
        }
        "missing_recording" => "nobody was asked; record this document with --record",
        "budget" => {
            "raise the budget, with `consensus policy apply` or the flag that lowered it, and run it again: finished steps are not repeated"
        }
        "unknown_price" => {
            "add the model to `limits.prices`, or set `on_unknown_price = \"warn\"`, with `consensus policy apply`"
        }
        "missing_usage" => {
            "set `on_missing_usage = \"estimate\"` with `consensus policy apply`; the answer is kept and is used then"
        }
        _ => "run it again: finished steps are not repeated",
    }
}
