//! Looking at a store: which versions its manifests have, and what cannot be migrated.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use semver::Version;

use super::super::walk::{Here, Walk, no_runs};
use super::super::{OpsError, Workspace};
use super::{Failure, Rewrite, Selection, plan};
use crate::domain::json::ObjectText;
use crate::domain::migration::{Class, MigrationError, Registry, classify};
use crate::store::StoreError;

/// What a store's manifests are.
#[derive(Debug)]
pub struct Survey {
    /// How many there are.
    pub total: usize,
    /// How many there are of each version that is known.
    pub versions: BTreeMap<Version, usize>,
    /// How many there are of a version between or before those that are known.
    pub unknown: usize,
    /// How many there are of a version newer than this program.
    pub newer: usize,
    /// How many state no version.
    pub unversioned: usize,
    /// How many are no strict JSON, or state something that is no version.
    pub corrupt: usize,
    /// How many cannot be read.
    pub unreadable: usize,
    /// The version to migrate to.
    pub target: Version,
    /// How many are older than that, and can be migrated to it.
    pub behind: usize,
    /// What cannot be migrated, and why, in the order of jobs and runs.
    pub problems: Vec<Failure>,
    /// Whether the user stopped it before all were seen.
    pub interrupted: bool,
}

impl Survey {
    /// What is none of the known versions.
    #[must_use]
    pub fn others(&self) -> [(&'static str, usize); 5] {
        [
            ("unknown", self.unknown),
            ("newer", self.newer),
            ("unversioned", self.unversioned),
            ("corrupt", self.corrupt),
            ("unreadable", self.unreadable),
        ]
    }
}

enum Seen {
    Class(Class),
    Unreadable(StoreError),
}

/// Looks at the manifests.
///
/// # Errors
/// [`OpsError`] when there is no store, or what is named is not there.
pub fn survey(
    workspace: &Workspace<'_>,
    registry: &Registry,
    target: &Version,
    selection: &Selection,
) -> Result<Survey, OpsError> {
    let (store, one) = selection.manifests.open(workspace)?;
    let mut survey = Survey {
        total: 0,
        versions: BTreeMap::new(),
        unknown: 0,
        newer: 0,
        unversioned: 0,
        corrupt: 0,
        unreadable: 0,
        target: target.clone(),
        behind: 0,
        problems: Vec::new(),
        interrupted: false,
    };
    if let Some(run) = one {
        let seen = match run.manifest() {
            Err(error @ StoreError::NotFound { .. }) => return Err(error.into()),
            read => look(registry, read),
        };
        survey.add(run.manifest_path(), seen, registry);
        return Ok(survey);
    }
    let walk = Walk::of(&store, selection.manifests.job(), selection.threads, workspace);
    let looked = |found: Result<Here<'_>, StoreError>| match found {
        Ok(here) => {
            let seen = look(registry, here.manifest()?);
            // Of most nothing more is said than their version.
            let path =
                if matches!(seen, Seen::Class(Class::Known(_))) { PathBuf::new() } else { here.path() };
            Some((path, seen))
        }
        Err(error) => Some((error.path().to_owned(), Seen::Unreadable(error))),
    };
    walk.each(
        looked,
        |_| 0,
        |(path, seen)| {
            survey.add(path, seen, registry);
            ControlFlow::Continue(())
        },
    )?;
    survey.interrupted = workspace.is_interrupted();
    if survey.total == 0 && !survey.interrupted {
        no_runs(&store, selection.manifests.job())?;
    }
    Ok(survey)
}

/// As [`survey`], and plans the migration of each: what cannot be done is known only then.
///
/// # Errors
/// As [`survey`].
pub fn check_migration(
    workspace: &Workspace<'_>,
    registry: &Registry,
    target: &Version,
    selection: &Selection,
) -> Result<Survey, OpsError> {
    let mut found = survey(workspace, registry, target, selection)?;
    if found.interrupted {
        return Ok(found);
    }
    let rewrite = Rewrite::Migrate { registry: registry.clone(), target: target.clone(), assumed: None };
    match plan(workspace, &rewrite, selection, |_| String::new(), &mut drop) {
        Ok(report) => {
            found.behind = report.changed;
            found.problems = report.failures;
            found.interrupted = report.interrupted;
        }
        // Of one manifest alone, what is wrong is the error.
        Err(error) => match &error {
            OpsError::Migration { path, .. } => {
                found.behind = 0;
                found.problems = vec![Failure { path: path.clone(), error: error.into() }];
            }
            _ => return Err(error),
        },
    }
    Ok(found)
}

fn look(registry: &Registry, read: Result<Vec<u8>, StoreError>) -> Seen {
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => return Seen::Unreadable(error),
    };
    let document = ObjectText::parse(&bytes);
    Seen::Class(document.map_or_else(Class::Corrupt, |document| classify(registry, &document)))
}

impl Survey {
    fn add(&mut self, path: PathBuf, seen: Seen, registry: &Registry) {
        self.total += 1;
        let problem = match seen {
            Seen::Class(Class::Known(version)) => {
                self.behind += usize::from(version < self.target);
                *self.versions.entry(version).or_default() += 1;
                return;
            }
            Seen::Class(Class::Unknown(version)) => {
                self.unknown += 1;
                MigrationError::Unknown(version)
            }
            Seen::Class(Class::Newer(version)) => {
                self.newer += 1;
                MigrationError::Newer(version, registry.latest().unwrap_or(Version::new(0, 0, 0)))
            }
            Seen::Class(Class::Unversioned) => {
                self.unversioned += 1;
                MigrationError::Unversioned
            }
            Seen::Class(Class::Corrupt(error)) => {
                self.corrupt += 1;
                error.into()
            }
            Seen::Unreadable(error) => {
                self.unreadable += 1;
                return self.problems.push(Failure { path, error: Box::new(error.into()) });
            }
        };
        self.problems.push(Failure {
            path: path.clone(),
            error: Box::new(OpsError::Migration { path, source: problem.into() }),
        });
    }
}
