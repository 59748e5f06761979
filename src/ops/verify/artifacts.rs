//! The store's versioned artifacts: each a chain of events that could happen.

use super::{Seen, settled};
use crate::domain::artifact::{Artifact, ArtifactName, Entry, Event};
use crate::domain::check::Check;
use crate::domain::view::Verified;
use crate::store::{Series, Store};

pub(super) fn verify(store: &Store, name: &ArtifactName) -> Seen {
    // Another process may be appending.
    settled(look(store, name), || look(store, name))
}

fn look(store: &Store, name: &ArtifactName) -> Seen {
    let subject = format!("versions of {name}");
    let records = match store.records(Series::Artifact(name)) {
        Ok(records) => records,
        Err(error) => return Seen::alone(subject, Check::fail("events", name.to_string(), error)),
    };
    let (mut artifact, mut checks) = (Artifact::default(), Vec::with_capacity(records.len()));
    for sealed in &records {
        let (record, mut runs) = (&sealed.record, Vec::new());
        let problem = match Entry::of(record, name) {
            Err(error) => Some(error.to_string()),
            Ok(entry) => {
                if let Event::New { from_run: Some(run), .. } = &entry.event {
                    runs.push(run.clone());
                }
                artifact.apply(&entry).err().map(|guard| format!("it could not happen: {guard}"))
            }
        };
        checks.push(Check::unless(problem, "events", format!("{name}, event {}", record.number)));
        for run in runs {
            // A run may have been kept elsewhere; what was decided of it stands all the same.
            let is_there = store.recorded(&name.job, &run).is_ok_and(|run| run.is_some());
            if !is_there {
                checks.push(Check::skipped("run", format!("{}/{run}", name.job), "it is not in this store"));
            }
        }
    }
    let heads: Vec<_> = records.iter().map(|sealed| sealed.record.digest).collect();
    Seen { verified: Verified { subject, head: heads.last().copied(), checks }, heads }
}
