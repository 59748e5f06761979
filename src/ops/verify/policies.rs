//! The store's policies: each a chain of versions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Seen, settled};
use crate::domain::check::Check;
use crate::domain::ids::{IdError, PolicyName};
use crate::domain::policy::PolicyVersion;
use crate::domain::view::Verified;
use crate::store::{Sealed, Series, Store, StoreError};

/// A policy's versions, or why they cannot be read.
type Versions = Arc<Result<Vec<Sealed>, String>>;

/// The store's policies, each read once however many runs name it.
pub(super) struct Policies<'a> {
    store: &'a Store,
    read: Mutex<BTreeMap<String, Versions>>,
}

impl<'a> Policies<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        Self { store, read: Mutex::default() }
    }

    pub(super) fn versions(&self, name: &str) -> Versions {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(versions) = known.get(name) {
            return Arc::clone(versions);
        }
        let read =
            |name: PolicyName| self.store.records(Series::Policy(&name)).map_err(|error| error.to_string());
        let versions = Arc::new(name.parse().map_err(|error: IdError| error.to_string()).and_then(read));
        known.insert(name.to_owned(), Arc::clone(&versions));
        versions
    }
}

pub(super) fn verify_all(policies: &Policies<'_>) -> Result<Vec<Seen>, StoreError> {
    Ok(policies.store.policies()?.iter().map(|name| verify(policies, name.as_str())).collect())
}

/// The store's marker says the format, to the byte.
pub(super) fn verify_marker(store: &Store) -> Seen {
    settled(marker(store), || marker(store))
}

fn marker(store: &Store) -> Seen {
    let (name, subject) = ("store", "store.json");
    let check = match store.check_marker() {
        Ok(Some(true)) => Check::pass(name, subject),
        Ok(Some(false)) => Check::fail(name, subject, "it is not as it was written"),
        Ok(None) => Check::skipped(name, subject, "not recorded"),
        Err(error @ StoreError::NewerStore { .. }) => Check::skipped(name, subject, error),
        Err(error) => Check::fail(name, subject, error),
    };
    Seen::alone(name.to_owned(), check)
}

pub(super) fn verify(policies: &Policies<'_>, name: &str) -> Seen {
    let subject = format!("policy {name}");
    let versions = policies.versions(name);
    let versions = match versions.as_ref() {
        Ok(versions) => versions,
        Err(problem) => return Seen::alone(subject, Check::fail("versions", name, problem)),
    };
    let checks = versions
        .iter()
        .map(|Sealed { record, .. }| {
            let problem = match PolicyVersion::of(record) {
                Err(error) => Some(error.to_string()),
                Ok(version) if version.reference.name != name => Some("it names another policy".to_owned()),
                Ok(version) => version.restores.and_then(|restored| {
                    let before =
                        usize::try_from(restored).ok().and_then(|at| versions.get(at.checked_sub(1)?));
                    let before = before.filter(|before| before.record.number < record.number);
                    let before = before.and_then(|before| PolicyVersion::of(&before.record).ok());
                    let is_so =
                        before.is_some_and(|before| before.reference.digest == version.reference.digest);
                    (!is_so).then(|| format!("it says that it restores version {restored}, and does not"))
                }),
            };
            Check::unless(problem, "versions", format!("{name}@{}", record.number))
        })
        .collect();
    let heads: Vec<_> = versions.iter().map(|sealed| sealed.record.digest).collect();
    Seen { verified: Verified { subject, head: heads.last().copied(), checks }, heads }
}
