//! The index of the store: brought up to date, asked, exported. What it says is only ever what the files say; where it
//! cannot be kept, one is made for the question alone.

mod artifacts;
mod gather;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use super::walk::{Here, Walk, threads};
use super::{OpsError, Workspace};
use crate::domain::facts::{Cell, Facts, TABLES};
use crate::domain::ids::{JobId, RunId};
use crate::domain::json;
use crate::domain::policy::PolicyVersion;
use crate::domain::view::{IndexReport, Unreadable};
use crate::index::{Answer, Filling, Index, IndexError, Known, Limits, Row};
use crate::store::{RunDir, Series, Store, StoreError};

/// A run that can still change is read each time: its stamp never fits.
const OPEN: &str = "open ";
/// What was read is handed over when it has about so many bytes.
const PARCEL: usize = 4 << 20;
/// So many parcels wait to be entered.
const WAITING: usize = 3;

/// A question.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// In SQL.
    pub question: String,
    /// The values of its parameters, by name.
    pub named: Vec<(String, Cell)>,
    /// It may take so long.
    pub timeout: Duration,
}

/// Brings the index up to date.
///
/// # Errors
/// [`OpsError`] where there is no store, or the system refuses.
pub fn index(workspace: &Workspace<'_>) -> Result<IndexReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    Ok(updated(workspace, &store)?.1)
}

/// Answers a question from the index, brought up to date.
///
/// # Errors
/// [`OpsError::Index`] for what may not be asked or takes too long.
pub fn query(
    workspace: &Workspace<'_>,
    options: &QueryOptions,
    interrupted: &Arc<AtomicBool>,
    answer: &mut dyn Answer,
) -> Result<IndexReport, OpsError> {
    let store = Store::open(&workspace.store)?;
    let limits = Limits { timeout: options.timeout, interrupted: Arc::clone(interrupted) };
    let mut answer = Begun { answer, has_begun: false };
    loop {
        let (index, report) = updated(workspace, &store)?;
        match index.sealed(&limits)?.ask(&options.question, &options.named, &mut answer) {
            Ok(()) => return Ok(report),
            // It was damaged where only the question looked; what is made anew is not.
            Err(IndexError::Unusable) if !answer.has_begun && !report.is_temporary => {
                store.remove_index()?;
                answer.has_begun = true;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// An answer, and whether something of it was taken, or it was asked for before.
struct Begun<'a> {
    answer: &'a mut dyn Answer,
    has_begun: bool,
}

impl Answer for Begun<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.has_begun = true;
        self.answer.columns(names)
    }

    fn row(&mut self, row: &Row) -> Result<(), String> {
        self.answer.row(row)
    }
}

/// The question that exports a table whole, in an order that does not change.
///
/// # Errors
/// [`OpsError::NoSuchTable`]
pub fn export_question(table: &str) -> Result<String, OpsError> {
    if TABLES.contains(&table) {
        return Ok(format!("SELECT * FROM {table} ORDER BY 1, 2"));
    }
    let known = TABLES.iter().map(|name| (*name).to_owned()).collect();
    Err(OpsError::NoSuchTable { name: table.to_owned(), known })
}

/// The question that `stats` asks: how often each version, policy, model and persona was in use, and what came of it.
pub const STATS: &str = "\
WITH decided AS (
  SELECT coalesce(schema_version, 'unknown') AS schema_version,
         coalesce(prompt_set_version, 'unknown') AS prompt_set_version,
         coalesce(policy_name || '@' || policy_version, 'unknown') AS policy_version,
         coalesce(model, 'unknown') AS model,
         decision_label, overall_weighted_confidence AS confidence
  FROM runs
)
SELECT 'schema_version' AS dimension, schema_version AS value, count(*) AS runs,
       count(decision_label) AS decided, count(*) FILTER (WHERE decision_label = 'approve') AS approved,
       round(avg(confidence), 4) AS mean_confidence FROM decided GROUP BY 2
UNION ALL
SELECT 'prompt_set_version', prompt_set_version, count(*), count(decision_label),
       count(*) FILTER (WHERE decision_label = 'approve'), round(avg(confidence), 4) FROM decided GROUP BY 2
UNION ALL
SELECT 'policy_version', policy_version, count(*), count(decision_label),
       count(*) FILTER (WHERE decision_label = 'approve'), round(avg(confidence), 4) FROM decided GROUP BY 2
UNION ALL
SELECT 'model', model, count(*), count(decision_label),
       count(*) FILTER (WHERE decision_label = 'approve'), round(avg(confidence), 4) FROM decided GROUP BY 2
UNION ALL
SELECT 'persona', p.persona_id, count(*), count(r.decision_label),
       count(*) FILTER (WHERE r.decision_label = 'approve'), round(avg(p.confidence_score), 4)
FROM persona_reviews p JOIN runs r ON r.job_id = p.job_id AND r.id = p.run_id GROUP BY 2";

/// The index, up to date: the store's own, or one that is gone afterwards.
fn updated(workspace: &Workspace<'_>, store: &Store) -> Result<(Index, IndexReport), OpsError> {
    if !store.is_marked()? && !store.has_runs()? {
        return Err(StoreError::NoStore { path: store.path() }.into());
    }
    // Where it cannot be made, the index cannot be either.
    let _ = store.make_cache();
    for _ in 0..2 {
        let opened = store.index_path().map(|path| Index::open(&path));
        let unusable = match opened {
            Some(Ok(mut index)) => match update(workspace, store, &mut index) {
                Ok(report) => return Ok((index, report)),
                Err(OpsError::Index(error)) => error,
                Err(error) => return Err(error),
            },
            Some(Err(error)) => error,
            None => break,
        };
        match unusable {
            // Whoever made it will make it again.
            IndexError::Unusable | IndexError::Newer(_) if store.remove_index().is_ok() => {}
            IndexError::Unusable | IndexError::Newer(_) | IndexError::ReadOnly(_) => break,
            error => return Err(error.into()),
        }
    }
    let mut index = Index::temporary()?;
    let report = update(workspace, store, &mut index)?;
    Ok((index, IndexReport { is_temporary: true, ..report }))
}

/// What was found of a run.
enum Found {
    /// It is as it was.
    Same,
    /// It is new, which the last says, or has changed; with what it was read at.
    Read(Box<Facts>, String, bool),
    /// It cannot be read.
    Unreadable(JobId, RunId, String, String),
    /// A job that cannot be listed.
    Unlisted(StoreError),
}

/// What the thread that goes through the store says to the one that holds the index.
enum Message {
    /// What is known of the runs from the first to the last of these?
    Ask([(String, String); 2], SyncSender<Known>),
    /// These were found.
    Found(Vec<Found>),
    /// There may be more, which cannot be listed.
    Ended(StoreError),
}

/// Reads what changed and enters it, side by side.
fn update(workspace: &Workspace<'_>, store: &Store, index: &mut Index) -> Result<IndexReport, OpsError> {
    let filling = index.fill()?;
    filling.forget_unreadable()?;
    let walk = Walk::of(store, None, threads(), workspace);
    let mut report = IndexReport::default();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let look = thread::Builder::new().spawn_scoped(scope, move || look_through(&walk, &sender));
        look.map_err(|error| IndexError::Answer(format!("the system grants no thread: {error}")))?;
        for message in receiver {
            match message {
                Message::Ask([first, last], answer) => {
                    let range = ((&*first.0, &*first.1), (&*last.0, &*last.1));
                    // Whoever asked is waiting for it.
                    let _ = answer.send(filling.seen(range)?);
                }
                Message::Ended(error) => return Err(error.into()),
                Message::Found(parcel) => {
                    for found in parcel {
                        enter(&filling, found, &mut report)?;
                    }
                }
            }
        }
        Ok::<(), OpsError>(())
    })?;
    if workspace.is_interrupted() {
        // What was entered need not be read again.
        filling.done()?;
        return Err(IndexError::Interrupted.into());
    }
    if filling.count()? > report.runs {
        report.removed = remove_gone(store, &filling)?;
    }
    filling.put_policies(&policies(store)?)?;
    artifacts::update(store, &filling, &mut report)?;
    for (place, problem) in filling.unreadable()? {
        report.unreadable.push(Unreadable { path: store.path().join(place), problem });
    }
    filling.done()?;
    Ok(report)
}

/// Looks at every run, until nobody listens any more.
fn look_through(walk: &Walk<'_>, sender: &SyncSender<Message>) {
    let owned = |(job, run): (&str, &str)| (job.to_owned(), run.to_owned());
    let weigh = |found: &Found| if let Found::Read(facts, ..) = found { size(facts) } else { 0 };
    let (mut parcel, mut weight) = (Vec::new(), 0);
    let gone = walk.each_knowing(
        |(first, last)| {
            let (answer, known) = mpsc::sync_channel(1);
            let _ = sender.send(Message::Ask([owned(first), owned(last)], answer));
            known.recv().unwrap_or_default()
        },
        look,
        weigh,
        |found| {
            weight += weigh(&found);
            parcel.push(found);
            if weight < PARCEL {
                return ControlFlow::Continue(());
            }
            weight = 0;
            match sender.send(Message::Found(std::mem::take(&mut parcel))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        },
    );
    let _ = sender.send(Message::Found(parcel));
    if let Err(error) = gone {
        let _ = sender.send(Message::Ended(error));
    }
}

/// Takes out the runs that are not there any more.
fn remove_gone(store: &Store, filling: &Filling<'_>) -> Result<usize, OpsError> {
    let is_there = |job: &str, run: &str| {
        let (Ok(job), Ok(run)) = (job.parse(), run.parse()) else { return false };
        store.recorded(&job, &run).is_ok_and(|run| run.is_some())
    };
    let gone = filling.gone(is_there)?;
    for (job, run) in &gone {
        filling.remove(job, run)?;
    }
    Ok(gone.len())
}

fn look(seen: &Known, here: Result<Here<'_>, StoreError>) -> Option<Found> {
    let here = match here {
        Ok(here) => here,
        Err(error) => return Some(Found::Unlisted(error)),
    };
    let (job, run) = here.ids();
    let stamp = match here.stamp() {
        Ok(stamp) => stamp,
        Err(error) => return Some(Found::Unreadable(job, run, String::new(), error.to_string())),
    };
    let key = (job.to_string(), run.to_string());
    if stamp.is_some() && seen.get(&key) == stamp.as_ref() {
        return Some(Found::Same);
    }
    // It is read after its stamp was taken: what changes meanwhile has another one next time.
    let stamp = stamp.unwrap_or_default();
    let opened = here.open();
    if let Ok(dir) = &opened
        && !is_run(dir)
    {
        return None;
    }
    let gathered = opened.map_err(OpsError::from).and_then(|dir| gather::facts(&dir));
    Some(match gathered {
        Ok((facts, is_open)) => {
            let stamp = if is_open { format!("{OPEN}{stamp}") } else { stamp };
            Found::Read(Box::new(facts), stamp, !seen.contains_key(&key))
        }
        Err(error) => Found::Unreadable(job, run, stamp, error.to_string()),
    })
}

/// What cannot be looked into may be one.
fn is_run(dir: &RunDir) -> bool {
    dir.is_run().unwrap_or(true)
}

fn enter(filling: &Filling<'_>, found: Found, report: &mut IndexReport) -> Result<(), OpsError> {
    match found {
        Found::Same => {}
        Found::Read(facts, stamp, is_new) => {
            filling.put(&facts, &stamp, is_new)?;
            report.read += 1;
        }
        Found::Unreadable(job, run, stamp, problem) => {
            // One that was mended elsewhere is looked at again.
            filling.put_unreadable(job.as_str(), run.as_str(), &format!("{OPEN}{stamp}"), &problem)?;
        }
        Found::Unlisted(error) => {
            let path = error.path().to_owned();
            report.unreadable.push(Unreadable { path, problem: error.to_string() });
            return Ok(());
        }
    }
    report.runs += 1;
    Ok(())
}

/// About how many bytes facts take that wait to be entered.
fn size(facts: &Facts) -> usize {
    let bytes = |cell: &Cell| size_of::<Cell>() + if let Cell::Text(text) = cell { text.len() } else { 0 };
    facts.rows.iter().flatten().flatten().map(bytes).sum()
}

fn policies(store: &Store) -> Result<[Vec<Vec<Cell>>; 2], OpsError> {
    let (mut names, mut versions) = (Vec::new(), Vec::new());
    for name in store.policies()? {
        // A policy that cannot be read is `verify`'s to tell; what was made under it stands in the runs.
        let Ok(sealed) = store.records(Series::Policy(&name)) else { continue };
        let made: Vec<PolicyVersion> =
            sealed.iter().filter_map(|sealed| PolicyVersion::of(&sealed.record).ok()).collect();
        let Some(newest) = made.last() else { continue };
        names.push(vec![Cell::Text(name.to_string()), Cell::count(Some(newest.reference.version))]);
        versions.extend(made.iter().map(|version| {
            vec![
                Cell::Text(format!("{name}@{}", version.reference.version)),
                Cell::Text(name.to_string()),
                Cell::count(Some(version.reference.version)),
                Cell::Text(json::canonical(&json::to_value(&version.body))),
                Cell::Text(version.at.clone()),
                Cell::Text(version.by.clone()),
                Cell::text(version.note.clone()),
            ]
        }));
    }
    Ok([names, versions])
}
