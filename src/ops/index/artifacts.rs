//! The versioned artifacts as rows: each version, each item in each version, and what is signed off.

use std::collections::HashMap;

use crate::domain::artifact::{Artifact, ArtifactName, Item, Place, Status, Version};
use crate::domain::facts::Cell;
use crate::domain::json::{Value, canonical};
use crate::domain::view::{IndexReport, Unreadable};
use crate::index::{Filling, IndexError};
use crate::ops::OpsError;
use crate::ops::artifact::{each_version, history};
use crate::store::{Series, Store};

// The tables' places among those of artifacts.
const VERSIONS: usize = 0;
const DECISIONS: usize = 1;
const PHASES: usize = 2;
const APPROVED: usize = 3;

/// Brings what is known of artifacts up to date. One that cannot be read is looked at each time.
pub(super) fn update(store: &Store, filling: &Filling<'_>, report: &mut IndexReport) -> Result<(), OpsError> {
    let mut seen = filling.artifacts_seen()?;
    for name in store.artifacts(None)? {
        let key = key(&name);
        // Where it cannot be told, it is read, and that tells why.
        let stamp = store.series_stamp(Series::Artifact(&name)).unwrap_or_default();
        if seen.remove(&key).is_some_and(|seen| seen == stamp && !stamp.is_empty()) {
            continue;
        }
        filling.remove_artifact(&key)?;
        match enter(store, filling, &name, &key) {
            Ok(()) => filling.see_artifact(&key, &stamp)?,
            Err(OpsError::Index(error)) => return Err(error.into()),
            Err(error) => {
                filling.remove_artifact(&key)?;
                let path = store.path().join(name.job.as_str());
                report.unreadable.push(Unreadable { path, problem: error.to_string() });
            }
        }
    }
    seen.keys().try_for_each(|gone| Ok(filling.remove_artifact(gone)?))
}

/// `JOB:PHASE`, behind the cycle where there is one.
fn key(name: &ArtifactName) -> String {
    let cycle = name.cycle.as_ref().map(|cycle| format!("{cycle}/")).unwrap_or_default();
    format!("{cycle}{}:{}", name.job, name.phase)
}

fn enter(store: &Store, filling: &Filling<'_>, name: &ArtifactName, key: &str) -> Result<(), OpsError> {
    let mut problem: Option<IndexError> = None;
    let mut items: HashMap<u64, String> = HashMap::new();
    let artifact = each_version(name, &history(store, name)?.entries, |artifact| {
        let Some(newest) = artifact.newest() else { return };
        let rows: Vec<Vec<Cell>> = artifact.items().map(|item| decision(key, newest.version, item)).collect();
        items.insert(newest.version, data(artifact));
        if let Err(error) = filling.put_artifact(DECISIONS, &rows) {
            problem.get_or_insert(error);
        }
    })?;
    if let Some(error) = problem {
        return Err(error.into());
    }
    let current = artifact.versions().iter().find(|version| version.status == Status::Approved);
    let of = Of { name, key, current: current.map(|version| version.version) };
    let versions: Vec<Vec<Cell>> = artifact.versions().iter().map(|version| of.version(version)).collect();
    filling.put_artifact(VERSIONS, &versions)?;
    let phase = |version: &Version| of.phase(version, items.remove(&version.version).unwrap_or_default());
    filling.put_artifact(PHASES, &artifact.versions().iter().map(phase).collect::<Vec<_>>())?;
    let approved: Vec<Vec<Cell>> = current.into_iter().filter_map(|version| of.approved(version)).collect();
    Ok(filling.put_artifact(APPROVED, &approved)?)
}

fn version_id(key: &str, version: u64) -> String {
    format!("{key}@{version}")
}

fn decision_id(key: &str, place: &Place) -> String {
    format!("{}/{}", version_id(key, place.version), place.item)
}

/// The data of all items, by id.
fn data(artifact: &Artifact) -> String {
    let member = |item: &Item| (item.item_id.to_string(), item.data.clone());
    canonical(&Value::Object(artifact.items().map(member).collect()))
}

fn decision(key: &str, version: u64, item: &Item) -> Vec<Cell> {
    let here = Place { version, item: item.item_id.clone() };
    // Of a version before this one it was carried; what came into this one was not.
    let carried = item.carried_from.as_ref();
    vec![
        Cell::Text(decision_id(key, &here)),
        Cell::Text(version_id(key, version)),
        Cell::Text(item.item_id.to_string()),
        Cell::Text(canonical(&item.data)),
        Cell::Text(item.kind.clone()),
        Cell::Text(item.source.as_str().to_owned()),
        Cell::text(item.recommended_by.clone()),
        Cell::text(item.recommended_at.clone()),
        Cell::Text(item.decision.as_str().to_owned()),
        Cell::text(item.decided_by.clone()),
        Cell::text(item.decided_at.clone()),
        Cell::text(item.notes.clone()),
        Cell::text(carried.map(|from| version_id(key, from.version))),
        Cell::text(carried.map(|from| decision_id(key, from))),
        Cell::text(item.modification_reason.clone()),
        Cell::text(item.derived_from.as_ref().map(|from| decision_id(key, from))),
        Cell::Text(key.to_owned()),
    ]
}

/// What all rows of an artifact share.
struct Of<'a> {
    name: &'a ArtifactName,
    key: &'a str,
    current: Option<u64>,
}

impl Of<'_> {
    fn cycle(&self) -> Cell {
        Cell::text(self.name.cycle.as_ref().map(ToString::to_string))
    }

    fn job(&self) -> Cell {
        Cell::Text(self.name.job.to_string())
    }

    fn phase_name(&self) -> Cell {
        Cell::Text(self.name.phase.to_string())
    }

    fn id(&self, version: Option<u64>) -> Cell {
        Cell::text(version.map(|version| version_id(self.key, version)))
    }

    fn version(&self, version: &Version) -> Vec<Cell> {
        vec![
            self.id(Some(version.version)),
            self.cycle(),
            self.job(),
            Cell::count(Some(version.version)),
            Cell::Text(version.status.as_str().to_owned()),
            self.id(version.parent),
            self.id(self.current),
            Cell::Text(version.created.at.clone()),
            Cell::Text(version.created.by.clone()),
            Cell::text(version.created.note.clone()),
            self.phase_name(),
            Cell::text(version.from_run.as_ref().map(ToString::to_string)),
            Cell::Text(self.key.to_owned()),
        ]
    }

    fn phase(&self, version: &Version, data: String) -> Vec<Cell> {
        let last = version.settled.as_ref().or(version.submitted.as_ref()).unwrap_or(&version.created);
        vec![
            self.id(Some(version.version)),
            self.cycle(),
            self.job(),
            self.phase_name(),
            Cell::count(Some(version.version)),
            Cell::Text(version.status.as_str().to_owned()),
            self.id(version.parent),
            self.id(self.current),
            Cell::Text(data),
            Cell::Text(version.created.at.clone()),
            Cell::Text(last.at.clone()),
            Cell::Text(self.key.to_owned()),
        ]
    }

    fn approved(&self, version: &Version) -> Option<Vec<Cell>> {
        let settled = version.settled.as_ref()?;
        Some(vec![
            Cell::Text(self.key.to_owned()),
            self.cycle(),
            self.job(),
            self.phase_name(),
            Cell::Text("version".to_owned()),
            Cell::Text("sample_selection_versions".to_owned()),
            self.id(Some(version.version)),
            Cell::count(Some(version.version)),
            Cell::Text(settled.at.clone()),
            Cell::Text(settled.by.clone()),
            Cell::text(settled.note.clone()),
            Cell::text(version.from_run.as_ref().map(ToString::to_string)),
            Cell::Text(self.key.to_owned()),
        ])
    }
}
