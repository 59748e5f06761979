//! All checks of one run.

use super::policies::Policies;
use super::{Seen, attempts, decision, files, revision, settled};
use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::identity::inputs_hash;
use crate::domain::ids::RunId;
use crate::domain::json::{JsonError, Value};
use crate::domain::manifest::{Backup, Document, HISTORY, Manifest, backups, check_history};
use crate::domain::view::Verified;
use crate::store::{RunDir, Store};

pub(super) fn verify(store: &Store, policies: &Policies<'_>, run: &RunDir) -> Seen {
    settled(once(store, policies, run), || once(store, &Policies::of(store), run))
}

fn once(store: &Store, policies: &Policies<'_>, run: &RunDir) -> Seen {
    let subject = format!("{}/{}", run.job(), run.id());
    let read = || {
        let bytes = run.manifest().map_err(|error| error.to_string())?;
        let document = Document::read(&bytes).map_err(|error| error.to_string())?;
        Ok::<_, String>((bytes, document))
    };
    let (bytes, document) = match read() {
        Ok(read) => read,
        Err(problem) => return Seen::alone(subject, Check::fail("manifest", "manifest.json", problem)),
    };
    let manifest = &document.manifest;
    let attempts = attempts::verify(policies, run, manifest);
    let mut checks = vec![Check::pass("manifest", "manifest.json")];
    checks.extend(names(run, manifest));
    checks.extend(files::inputs(run, manifest));
    checks.extend(identity(manifest));
    checks.extend(files::outputs(run, manifest, &attempts.completed));
    checks.push(decision::verify(run, manifest));
    checks.extend(check_history(&document.value));
    checks.extend(kept(run, &document.value));
    checks.push(attempts.seal(&bytes, &document));
    checks.extend(attempts.checks);
    checks.extend(relatives(store, manifest));
    checks.extend(revision::verify(store, run, manifest));
    let head = attempts.heads.last().copied();
    Seen { verified: Verified { subject, head, checks }, heads: attempts.heads }
}

/// The directory, the manifest and the ids agree.
fn names(run: &RunDir, manifest: &Manifest) -> [Check; 2] {
    let differs = |place: &str, recorded: &str| {
        (place != recorded).then(|| format!("the manifest says `{recorded}`, the directory is `{place}`"))
    };
    [
        Check::unless(differs(run.job().as_str(), manifest.job_id.as_str()), "names", "job_id"),
        Check::unless(differs(run.id().as_str(), manifest.run_id.as_str()), "names", "run_id"),
    ]
}

/// The inputs' hash and the run's id follow from the snapshots, by the manifest's own names.
fn identity(manifest: &Manifest) -> [Check; 2] {
    let (Some(recorded), Some(snapshots)) = (manifest.inputs_hash, &manifest.input_snapshots) else {
        return ["inputs_hash", "run_id"].map(|name| Check::skipped("identity", name, "not recorded"));
    };
    let actual = inputs_hash(snapshots.iter().map(|(name, file)| (name.as_str(), file.sha256)));
    let hash = (actual != recorded).then(|| format!("{recorded} is recorded, the snapshots give {actual}"));
    let id = &manifest.run_id;
    let follows = id.follows_from(&actual);
    // Older tools chose ids of other forms, which say nothing of the inputs.
    let is_chosen = !id.is_derived() && manifest.policy.is_none() && manifest.run_type.is_none();
    let problem =
        (!follows).then(|| format!("`{id}` is recorded, the inputs give `{}`", RunId::of_inputs(&actual)));
    let id = if !follows && is_chosen {
        Check::skipped("identity", "run_id", "an older tool chose it; it was not derived from inputs")
    } else {
        Check::unless(problem, "identity", "run_id")
    };
    [Check::unless(hash, "identity", "inputs_hash"), id]
}

/// What each migration kept of the manifest is there, unchanged: without it nobody can go back.
fn kept(run: &RunDir, document: &Value) -> Vec<Check> {
    let check = |(index, backup): (usize, Result<Backup, JsonError>)| {
        let backup = match backup {
            Ok(backup) => backup,
            Err(error) => return Check::fail("migrations", format!("{HISTORY}[{index}].backup"), error),
        };
        let problem = match run.backup(&backup.file).map(|bytes| Digest::of(&bytes)) {
            Ok(actual) if actual == backup.digest => None,
            Ok(actual) => Some(format!("{} is recorded, it has {actual}", backup.digest)),
            Err(error) => Some(error.to_string()),
        };
        Check::unless(problem, "migrations", backup.file)
    };
    backups(document).map(check).collect()
}

/// The runs that this one builds on are there.
fn relatives(store: &Store, manifest: &Manifest) -> Vec<Check> {
    let parent = manifest.parent_run_id.iter().map(|run| (&manifest.job_id, run));
    let stages = manifest.chain_metadata.iter().flat_map(|chain| &chain.prior_stages);
    parent
        .chain(stages.map(|stage| (&stage.job_id, &stage.run_id)))
        .map(|(job, run)| {
            let subject = format!("{job}/{run}");
            match store.run(job, run) {
                Ok(Some(_)) => Check::pass("relatives", subject),
                Ok(None) => Check::fail("relatives", subject, "this run builds on it, and it is not there"),
                Err(error) => Check::fail("relatives", subject, error),
            }
        })
        .collect()
}
