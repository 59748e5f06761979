//! How a person names a run: a path, `job@latest`, `job/run`, or a run id or its beginning.

use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use super::OpsError;
use super::view::created_at;
use crate::domain::ids::{JobId, RunId};
use crate::store::{Jobs, RunDir, Store, StoreError};

/// A shorter beginning of a run id is refused: it would soon be ambiguous.
const MIN_PREFIX: usize = 4;

/// What a person wrote to name a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunRef {
    /// The directory of a run, in whatever store (begins with `/` or `.`, or has more than one `/`).
    Path(PathBuf),
    /// The newest run of a job.
    Latest(JobId),
    /// A run of a job, by its id or the beginning of it.
    InJob(JobId, String),
    /// A run of any job, by its id or the beginning of it.
    Anywhere(String),
}

impl FromStr for RunRef {
    type Err = OpsError;

    fn from_str(text: &str) -> Result<Self, OpsError> {
        let bad = || OpsError::BadReference(text.chars().take(200).collect());
        // More than one `/` can only be a path, such as the one that `run` prints.
        let text = if text.starts_with(['/', '.']) { text } else { text.trim_end_matches('/') };
        if text.starts_with(['/', '.']) || text.matches('/').count() > 1 {
            return Ok(Self::Path(text.into()));
        }
        if let Some((job, which)) = text.split_once('@') {
            return match (job.parse(), which) {
                (Ok(job), "latest") => Ok(Self::Latest(job)),
                _ => Err(bad()),
            };
        }
        let prefix = |run: &str| run.parse::<RunId>().map(|_| run.to_owned()).map_err(|_| bad());
        match text.split_once('/') {
            Some((job, run)) => Ok(Self::InJob(job.parse().map_err(|_| bad())?, prefix(run)?)),
            None => Ok(Self::Anywhere(prefix(text)?)),
        }
    }
}

impl RunRef {
    /// Finds the run, in the store at `store` unless the reference is a path.
    pub(super) fn resolve(&self, store: &Path) -> Result<(Store, RunDir), OpsError> {
        if let Self::Path(path) = self {
            return at_path(path);
        }
        let opened = Store::open(store)?;
        let missing = || OpsError::NoSuchRun { reference: self.to_string(), store: store.to_owned() };
        let run = match self {
            Self::Latest(job) => latest(&opened, job)?.ok_or_else(missing)?,
            Self::InJob(job, prefix) => {
                by_prefix(&opened, Jobs::only(job.clone()), prefix)?.ok_or_else(missing)?
            }
            Self::Anywhere(prefix) => anywhere(&opened, prefix)?.ok_or_else(missing)?,
            Self::Path(_) => return Err(missing()),
        };
        Ok((opened, run))
    }
}

impl std::fmt::Display for RunRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Latest(job) => write!(f, "{job}@latest"),
            Self::InJob(job, run) => write!(f, "{job}/{run}"),
            Self::Anywhere(run) => f.write_str(run),
        }
    }
}

/// A run of any job; a job's own name is told from it.
fn anywhere(store: &Store, prefix: &str) -> Result<Option<RunDir>, OpsError> {
    let found = if prefix.len() < MIN_PREFIX { None } else { by_prefix(store, store.jobs(), prefix)? };
    match prefix.parse() {
        Ok(job) if found.is_none() && matches!(store.job(&job), Ok(Some(_))) => Err(OpsError::IsJob(job)),
        _ if prefix.len() < MIN_PREFIX => Err(OpsError::BadReference(prefix.to_owned())),
        _ => Ok(found),
    }
}

/// A run's directory, or its manifest: the store is two levels above.
fn at_path(path: &Path) -> Result<(Store, RunDir), OpsError> {
    let missing = || StoreError::NotFound { path: path.to_owned() };
    let whole = path.canonicalize().map_err(|_| missing())?;
    if whole.is_file() && !whole.ends_with("manifest.json") {
        return Err(OpsError::BadReference(path.display().to_string()));
    }
    let dir = if whole.ends_with("manifest.json") { whole.parent().unwrap_or(&whole) } else { &whole };
    let names: Vec<&str> = dir
        .components()
        .rev()
        .filter_map(|part| if let Component::Normal(name) = part { name.to_str() } else { None })
        .take(2)
        .collect();
    let bad = || OpsError::BadReference(path.display().to_string());
    let [run, job] = names[..] else { return Err(bad()) };
    let (run, job) = (run.parse().map_err(|_| bad())?, job.parse().map_err(|_| bad())?);
    let store = Store::open(dir.ancestors().nth(2).ok_or_else(bad)?)?;
    let run = store.run(&job, &run)?.ok_or_else(missing)?;
    if run.is_run()? { Ok((store, run)) } else { Err(bad()) }
}

fn by_prefix(store: &Store, jobs: Jobs<'_>, prefix: &str) -> Result<Option<RunDir>, OpsError> {
    let (mut found, mut unreadable): (Vec<(JobId, RunId)>, _) = (Vec::new(), None);
    for job in jobs {
        let job = job?;
        let ids = match store.run_ids(&job) {
            Ok(ids) => ids,
            Err(error) => {
                unreadable = unreadable.or(Some(error));
                continue;
            }
        };
        for id in ids.into_iter().filter(|id| id.as_str().starts_with(prefix)) {
            if store.run(&job, &id)?.is_some_and(|run| run.is_run().unwrap_or(true)) {
                found.push((job.clone(), id));
            }
        }
    }
    let exact = found.iter().filter(|(_, id)| id.as_str() == prefix).count();
    if exact == 1 {
        found.retain(|(_, id)| id.as_str() == prefix);
    }
    // A whole id that was found is that run, whatever else cannot be looked into.
    if let Some(error) = unreadable.filter(|_| exact != 1) {
        return Err(error.into());
    }
    match &found[..] {
        [] => Ok(None),
        [(job, id)] => Ok(store.run(job, id)?),
        several => Err(OpsError::Ambiguous {
            prefix: prefix.to_owned(),
            candidates: several.iter().map(|(job, id)| format!("{job}/{id}")).collect(),
        }),
    }
}

/// The newest run: by its first event, then by its id; one whose age is not known comes last, and of
/// several of those none is the newest.
fn latest(store: &Store, job: &JobId) -> Result<Option<RunDir>, OpsError> {
    if let Some(other) = store.not_entered(job)?.first() {
        let path = store.path().join(job.as_str()).join(other.as_str());
        let problem = "it is a link or a file where a run should be, perhaps the newest".to_owned();
        return Err(OpsError::Corrupt { path, problem });
    }
    let (mut newest, mut ageless): (Option<(Option<String>, RunDir)>, _) = (None, Vec::new());
    for id in store.run_ids(job)? {
        // One that cannot be read could be the newest, so it is said and not passed over.
        let Some(run) = store.recorded(job, &id)? else { continue };
        let created = created_at(&run);
        if created.is_none() {
            ageless.push(format!("{job}/{id}"));
        }
        if newest.as_ref().is_none_or(|(best, _)| created >= *best) {
            newest = Some((created, run));
        }
    }
    match newest {
        Some((None, _)) if ageless.len() > 1 => {
            Err(OpsError::Ageless { job: job.clone(), candidates: ageless })
        }
        newest => Ok(newest.map(|(_, run)| run)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_from_the_others() {
        let parse = |text: &str| text.parse::<RunRef>();
        assert_eq!(parse("./x").unwrap(), RunRef::Path("./x".into()));
        assert_eq!(parse("rfc@latest").unwrap(), RunRef::Latest("rfc".parse().unwrap()));
        assert_eq!(parse("rfc/ab").unwrap(), RunRef::InJob("rfc".parse().unwrap(), "ab".into()));
        assert_eq!(parse("abcd").unwrap(), RunRef::Anywhere("abcd".into()));
        // As a shell completes them.
        assert_eq!(parse("abcd/").unwrap(), RunRef::Anywhere("abcd".into()));
        assert_eq!(parse("rfc/ab/").unwrap(), RunRef::InJob("rfc".parse().unwrap(), "ab".into()));
        assert_eq!(parse("artifacts/rfc/ab").unwrap(), RunRef::Path("artifacts/rfc/ab".into()));
        for bad in ["", "rfc@", "rfc@newest", "-x--", "a\u{1b}bc"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
