//! Making a version: a new body, or that of an earlier version.

use super::{begin, default_name, unavailable, version};
use crate::domain::ids::PolicyName;
use crate::domain::policy::{Applied, Body, NewVersion, diff};
use crate::ops::{OpsError, Workspace};
use crate::provider::rules::Rules;
use crate::store::{Sealed, Series, Store, StoreError};

/// What a version is to say.
#[derive(Debug, Clone)]
pub enum NewBody {
    /// This.
    Given(Box<Body>),
    /// What this earlier version says.
    Of(u64),
}

/// Which version to make.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// Of which policy.
    pub name: PolicyName,
    /// What it is to say.
    pub body: NewBody,
    /// Why it is made.
    pub note: Option<String>,
    /// Who makes it; the workspace's author where it is none.
    pub by: Option<String>,
    /// Whether to make nothing.
    pub dry_run: bool,
}

/// Makes a version of a policy, unless its newest one says the same already.
///
/// # Errors
/// [`OpsError`] when the store or the version is not there, the name is the built-in one's and damaged,
/// or another process holds the lock.
pub fn apply(workspace: &Workspace<'_>, options: &ApplyOptions) -> Result<Applied, OpsError> {
    let series = Series::Policy(&options.name);
    if options.dry_run {
        let sealed = match Store::open(&workspace.store) {
            Err(StoreError::NoStore { .. }) => Vec::new(),
            store => {
                let store = store?;
                // What a newer program made would not be written to.
                store.is_complete()?;
                restorable(&store, options)?;
                store.records(series)?
            }
        };
        return Ok(planned(options, &sealed)?.0);
    }
    let is_missing = matches!(Store::open(&workspace.store), Err(StoreError::NoStore { .. }));
    if is_missing {
        let (applied, _) = planned(options, &[])?;
        if applied.is_same {
            return Ok(applied);
        }
    }
    // A rollback needs what is there; nothing is made for it.
    let store = match options.body {
        NewBody::Given(_) => Store::create(&workspace.store)?,
        NewBody::Of(_) => Store::open(&workspace.store)?,
    };
    restorable(&store, options)?;
    let lock = store.lock(&workspace.wait())?;
    begin(workspace, &lock)?;
    let sealed = store.records(series)?;
    let (mut applied, body) = planned(options, &sealed)?;
    if applied.is_same {
        return Ok(applied);
    }
    let restores = if let NewBody::Of(number) = options.body { Some(number) } else { None };
    let (name, note) = (&options.name, options.note.as_deref());
    let content = NewVersion { name, body: &body, note, restores }.content();
    let by = options.by.clone().unwrap_or_else(workspace.author);
    let last = sealed.last().map(|last| &last.record);
    let made = lock.append(series, last, (&workspace.clock.now(), &by), content)?;
    applied.made = Some(version(name, &made.record)?);
    Ok(applied)
}

/// Only a policy that is there can go back.
fn restorable(store: &Store, options: &ApplyOptions) -> Result<(), OpsError> {
    if matches!(options.body, NewBody::Of(_)) && store.records(Series::Policy(&options.name))?.is_empty() {
        return Err(OpsError::NoSuchPolicy { name: options.name.clone(), known: store.policies()? });
    }
    Ok(())
}

/// What would be made after these versions, and what it would say.
fn planned(options: &ApplyOptions, sealed: &[Sealed]) -> Result<(Applied, Body), OpsError> {
    // Nothing is built upon damage.
    let versions = sealed.iter().map(|sealed| version(&options.name, &sealed.record));
    let versions = versions.collect::<Result<Vec<_>, _>>()?;
    let newest = versions.last().map_or(0, |last| last.reference.version);
    let no_version = |version| OpsError::NoSuchPolicyVersion { name: options.name.clone(), version, newest };
    let body = match &options.body {
        NewBody::Given(body) => (**body).clone(),
        NewBody::Of(number) => {
            let found = versions.iter().find(|version| version.reference.version == *number);
            found.ok_or_else(|| no_version(*number))?.body.clone()
        }
    };
    let before = versions.into_iter().last();
    let built_in = Body::default();
    let is_new_default = before.is_none() && options.name == default_name();
    let changes = diff(before.as_ref().map_or(&built_in, |before| &before.body), &body);
    let is_same = changes.is_empty() && (before.is_some() || is_new_default);
    let unavailable = unavailable(&body, &Rules::builtin()?);
    Ok((Applied { name: options.name.clone(), before, changes, made: None, is_same, unavailable }, body))
}
