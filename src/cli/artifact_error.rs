//! Errors of versioned artifacts: their kind, exit code and hint.

use super::error::{CONFLICT, CORRUPT, Kind, NOT_FOUND, USAGE};
use crate::domain::artifact::Guard;
use crate::ops::artifact::ArtifactError;

pub(super) fn kind(error: &ArtifactError) -> Kind {
    match error {
        ArtifactError::Guard { guard, .. } => guarded(guard),
        ArtifactError::NoSuchArtifact { .. } => (
            "not_found",
            NOT_FOUND,
            Some("`consensus version new JOB --from-run JOB@latest` makes the first; --cycle names a period"),
        ),
        ArtifactError::Corrupt { .. } => (
            "corrupt",
            CORRUPT,
            Some("nothing was changed; `consensus verify --all` lists all that is wrong"),
        ),
        ArtifactError::AnotherJob { .. } => {
            ("another_job", USAGE, Some("a version holds the findings of a run of its own job"))
        }
        ArtifactError::NotCompleted(_) => {
            ("not_completed", CONFLICT, Some("run it again: finished steps are not repeated"))
        }
        ArtifactError::ItemsFile { .. } => (
            "bad_items",
            USAGE,
            Some("nothing was made; a line is such as {\"type\": \"sample\", \"data\": {\"account\": 7}}"),
        ),
        ArtifactError::TooLarge { .. } => (
            "too_much",
            USAGE,
            Some("nothing was made; hand fewer items in, and add the others with `item add`"),
        ),
        ArtifactError::Data(_) => {
            ("bad_data", USAGE, Some("nothing was changed; mind the quotes of the shell"))
        }
    }
}

fn guarded(guard: &Guard) -> Kind {
    let (exit, hint) = match guard {
        Guard::NoSuchVersion(_) => (NOT_FOUND, "`consensus version log JOB` lists the versions"),
        Guard::NoSuchItem { .. } => (NOT_FOUND, "`consensus item list JOB@N` lists the items of a version"),
        Guard::NotNewest(..) => (CONFLICT, "an earlier version stays as it is; name the newest, or none"),
        Guard::DraftExists(..) => (
            CONFLICT,
            "go on with that one, or give it up: `version withdraw`; what is submitted is settled by `approve` or `reject`",
        ),
        Guard::NotDraft(..) => (
            CONFLICT,
            "what was submitted does not change: `version reject` or `withdraw` it, then `version new`",
        ),
        Guard::NotOpen(..) => {
            (CONFLICT, "`version new` makes the next version, with what was approved carried")
        }
        Guard::NotSubmitted(..) => (
            CONFLICT,
            "a draft is handed in by `version submit` first; what is settled stays so, and `version new` makes the next",
        ),
        Guard::Empty(_) => {
            (CONFLICT, "add items with `item add`, or make versions with --from-run or --items")
        }
        Guard::NotSubmitter { .. } => {
            (CONFLICT, "others turn it down once it is submitted: `version reject -m WHY`")
        }
        Guard::UndecidedItems { .. } => {
            (CONFLICT, "`item approve` or `item reject` them first; `item list --pending` lists them")
        }
        Guard::DigestChanged(_) => {
            (CONFLICT, "`consensus verify --all` says what was edited; turn it down and make a new version")
        }
        Guard::SelfApproval { .. } => {
            (CONFLICT, "somebody else approves it (--by), or the policy allows it: `consensus policy apply`")
        }
        Guard::ReasonRequired => (CONFLICT, "say why with -m"),
        Guard::AlreadyDecided { .. } => {
            (CONFLICT, "with --overrule it is decided otherwise, and the one before stays in the log")
        }
        Guard::ItemExists(_) => (CONFLICT, "give it another id, or none: then the next number is taken"),
        Guard::ItemModified(_) => (CONFLICT, "decide the item that stands in its place; `lineage` names it"),
        Guard::Malformed(_) => (USAGE, "nothing was changed"),
    };
    (guard.code(), exit, Some(hint))
}
