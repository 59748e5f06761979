//! The state of an artifact: the fold of its events, each guarded.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use super::event::{Entry, Event, NewItem};
use super::guard::Guard;
use super::item::{Decision, Item, Place};
use super::version::{Left, Standing, Status, Version};
use crate::domain::digest::Digest;
use crate::domain::ids::{ItemId, RunId};
use crate::domain::json::{self, Value};

/// Data that is nested deeper cannot be read again inside its event.
const MAX_DEPTH: usize = 64;

/// An artifact: all its versions, and the items of the newest.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    versions: Vec<Version>,
    /// Every item that there ever was, in the order in which they came.
    items: Vec<Held>,
    places: HashMap<ItemId, usize>,
    /// The digest of the newest version's data, once it was computed.
    digest: OnceCell<Digest>,
}

/// An item and where it is.
#[derive(Debug, Clone)]
struct Held {
    item: Item,
    /// The last version that it is in.
    version: u64,
}

impl Artifact {
    /// The fold of these events.
    ///
    /// # Errors
    /// The number of the record that could not happen, and why.
    pub fn fold<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Result<Self, (u64, Guard)> {
        let mut artifact = Self::default();
        for entry in entries {
            artifact.apply(entry).map_err(|guard| (entry.number, guard))?;
        }
        Ok(artifact)
    }

    /// All versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The newest version.
    #[must_use]
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The items of the newest version, in the order in which they came.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        let newest = self.number();
        self.items.iter().filter(move |held| held.version == newest).map(|held| &held.item)
    }

    /// Every item that there ever was, each as it was in the last version that it is in.
    pub fn all_items(&self) -> impl Iterator<Item = (u64, &Item)> {
        self.items.iter().map(|held| (held.version, &held.item))
    }

    /// An item of the newest version.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        let held = &self.items[*self.places.get(id)?];
        (held.version == self.number()).then_some(&held.item)
    }

    /// The items of the newest version that wait for a decision.
    #[must_use]
    pub fn undecided(&self) -> Vec<ItemId> {
        let pending = self.items().filter(|item| item.decision == Decision::Pending);
        pending.map(|item| item.item_id.clone()).collect()
    }

    /// The items that the newest version left behind from the one before, and what was decided of them.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        let before = self.number().saturating_sub(1);
        let left = self.items.iter().filter(|held| held.version == before && before > 0);
        left.map(|held| Left { item: held.item.item_id.clone(), decision: held.item.decision }).collect()
    }

    /// The lowest number that is no item's id yet.
    #[must_use]
    pub fn free_id(&self) -> u64 {
        // A longer number was given by somebody, and is not counted on from.
        let short = self.items.iter().map(|held| held.item.item_id.as_str()).filter(|id| id.len() < 10);
        short.filter_map(|id| id.parse::<u64>().ok()).max().unwrap_or(0) + 1
    }

    /// The digest of all data of the newest version's items, in their order.
    #[must_use]
    pub fn data_digest(&self) -> Digest {
        *self.digest.get_or_init(|| data_digest(self.items()))
    }

    fn number(&self) -> u64 {
        self.newest().map_or(0, |version| version.version)
    }

    /// Lets an event happen.
    ///
    /// # Errors
    /// [`Guard`]; nothing has then changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Guard> {
        let Entry { at, by, event, .. } = entry;
        let standing = Standing { by: by.clone(), at: at.clone(), note: event.note().map(ToOwned::to_owned) };
        if let Event::New { version, from_run, kept, items, .. } = event {
            return self.begin(*version, from_run.as_ref(), kept, items, standing);
        }
        let number = event.version();
        let status = match self.newest() {
            Some(newest) if newest.version == number => newest.status,
            Some(newest) if (1..newest.version).contains(&number) => {
                return Err(Guard::NotNewest(number, newest.version));
            }
            _ => return Err(Guard::NoSuchVersion(number)),
        };
        match event {
            Event::New { .. } => Ok(()),
            Event::Add { items, .. } => {
                draft(number, status)?;
                self.can_add(items)?;
                self.add(items);
                Ok(())
            }
            Event::Modify { item, new, .. } => self.modify(number, status, item, new, &standing),
            Event::Decide { items, decision, overrules, .. } => {
                self.decide((number, status), items, (*decision, *overrules), &standing)
            }
            Event::Submit { data_digest, .. } => {
                draft(number, status)?;
                if self.items().next().is_none()
                    && self.newest().is_none_or(|newest| newest.from_run.is_none())
                {
                    return Err(Guard::Empty(number));
                }
                if *data_digest != self.data_digest() {
                    return Err(Guard::DigestChanged(number));
                }
                self.settle(Status::Submitted, |version| {
                    version.submitted = Some(standing);
                    version.data_digest = Some(*data_digest);
                });
                Ok(())
            }
            Event::Withdraw { .. } => {
                // A draft is given up by who made it.
                let submitter = match self.newest().filter(|_| status == Status::Draft) {
                    Some(draft) => draft.created.by.clone(),
                    None => self.submitted(number, status)?,
                };
                if !is_same(&submitter, by) {
                    return Err(Guard::NotSubmitter { version: number, submitter, by: by.clone() });
                }
                self.settle(Status::Withdrawn, |version| version.settled = Some(standing));
                Ok(())
            }
            Event::Approve { data_digest, allow_self_approval, .. } => {
                let submitter = self.submitted(number, status)?;
                let items = self.undecided();
                if !items.is_empty() {
                    return Err(Guard::UndecidedItems { version: number, items });
                }
                let frozen = self.newest().and_then(|newest| newest.data_digest);
                if frozen != Some(*data_digest) || *data_digest != self.data_digest() {
                    return Err(Guard::DigestChanged(number));
                }
                let is_maker = self.newest().is_some_and(|newest| is_same(&newest.created.by, by));
                if (is_same(&submitter, by) || is_maker) && !allow_self_approval {
                    return Err(Guard::SelfApproval { version: number, by: by.clone() });
                }
                for version in &mut self.versions {
                    if version.status == Status::Approved {
                        version.status = Status::Superseded;
                    }
                }
                self.settle(Status::Approved, |version| version.settled = Some(standing));
                Ok(())
            }
            Event::Reject { note, .. } => {
                self.submitted(number, status)?;
                if note.trim().is_empty() {
                    return Err(Guard::ReasonRequired);
                }
                self.settle(Status::Rejected, |version| version.settled = Some(standing));
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        version: u64,
        from_run: Option<&RunId>,
        kept: &[ItemId],
        items: &[NewItem],
        created: Standing,
    ) -> Result<(), Guard> {
        if let Some(newest) = self.newest().filter(|newest| newest.status.is_open()) {
            return Err(Guard::DraftExists(newest.version, newest.status));
        }
        let before = self.number();
        if version != before + 1 {
            return Err(Guard::NoSuchVersion(version));
        }
        for id in kept {
            let held = self.places.get(id).map(|at| &self.items[*at]);
            let held = held.ok_or_else(|| Guard::NoSuchItem { version, item: id.clone() })?;
            if held.item.decision == Decision::Modified {
                return Err(Guard::ItemModified(id.clone()));
            }
        }
        self.can_add(items)?;
        let parent = (before > 0).then_some(before);
        self.versions.push(Version {
            version,
            status: Status::Draft,
            parent,
            from_run: from_run.cloned(),
            created,
            submitted: None,
            settled: None,
            data_digest: None,
        });
        let kept: HashSet<&ItemId> = kept.iter().collect();
        let mut is_same = true;
        for held in &mut self.items {
            let was_there = held.version == before;
            let is_carried = was_there && held.item.decision == Decision::Approved;
            if is_carried || !kept.is_empty() && kept.contains(&held.item.item_id) {
                match &mut held.item.carried_from {
                    Some(from) => from.version = held.version,
                    none => *none = Some(Place { version: held.version, item: held.item.item_id.clone() }),
                }
                held.version = version;
            }
            is_same &= was_there == (held.version == version);
        }
        if !is_same {
            self.digest = OnceCell::new();
        }
        self.add(items);
        Ok(())
    }

    fn can_add(&self, items: &[NewItem]) -> Result<(), Guard> {
        let mut new = HashSet::with_capacity(items.len());
        for item in items {
            if self.places.contains_key(&item.item_id) || !new.insert(&item.item_id) {
                return Err(Guard::ItemExists(item.item_id.clone()));
            }
            if !matches!(item.data, Value::Object(_)) {
                return Err(Guard::Malformed("the data of an item is a JSON object"));
            }
            if depth(&item.data) > MAX_DEPTH {
                return Err(Guard::Malformed("the data of an item is nested at most 64 levels deep"));
            }
        }
        Ok(())
    }

    fn add(&mut self, items: &[NewItem]) {
        if !items.is_empty() {
            self.digest = OnceCell::new();
        }
        let version = self.number();
        for new in items {
            let NewItem { item_id, kind, data, source, .. } = new.clone();
            self.places.insert(item_id.clone(), self.items.len());
            let item = Item {
                item_id,
                kind,
                data,
                source,
                recommended_by: new.recommended_by.clone(),
                recommended_at: new.recommended_at.clone(),
                decision: Decision::Pending,
                decided_by: None,
                decided_at: None,
                decided_in: None,
                notes: None,
                carried_from: None,
                derived_from: new.derived_from.clone(),
                modification_reason: new.modification_reason.clone(),
            };
            self.items.push(Held { item, version });
        }
    }

    fn modify(
        &mut self,
        version: u64,
        status: Status,
        id: &ItemId,
        new: &NewItem,
        standing: &Standing,
    ) -> Result<(), Guard> {
        draft(version, status)?;
        self.can_decide(version, id)?;
        if new.modification_reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Guard::ReasonRequired);
        }
        if new.derived_from != Some(Place { version, item: id.clone() }) {
            return Err(Guard::Malformed("a changed item names the one that it was made from"));
        }
        self.can_add(std::slice::from_ref(new))?;
        self.set(version, id, Decision::Modified, standing);
        self.add(std::slice::from_ref(new));
        Ok(())
    }

    fn decide(
        &mut self,
        (version, status): (u64, Status),
        items: &[ItemId],
        (decision, overrules): (Decision, bool),
        standing: &Standing,
    ) -> Result<(), Guard> {
        if !status.is_open() {
            return Err(Guard::NotOpen(version, status));
        }
        if !matches!(decision, Decision::Approved | Decision::Rejected) {
            return Err(Guard::Malformed("items are approved or rejected"));
        }
        if items.is_empty() {
            return Err(Guard::Malformed("no item waits for a decision"));
        }
        for id in items {
            self.can_decide(version, id)?;
            let decided = self.item(id).filter(|item| item.decision != Decision::Pending);
            if let Some(item) = decided.filter(|item| !overrules || item.decision == decision) {
                let by = item.decided_by.clone().unwrap_or_default();
                return Err(Guard::AlreadyDecided { item: id.clone(), decision: item.decision, by });
            }
        }
        for id in items {
            self.set(version, id, decision, standing);
        }
        Ok(())
    }

    fn can_decide(&self, version: u64, id: &ItemId) -> Result<(), Guard> {
        match self.item(id) {
            None => Err(Guard::NoSuchItem { version, item: id.clone() }),
            Some(item) if item.decision == Decision::Modified => Err(Guard::ItemModified(id.clone())),
            Some(_) => Ok(()),
        }
    }

    fn set(&mut self, version: u64, id: &ItemId, decision: Decision, standing: &Standing) {
        let Some(held) = self.places.get(id).and_then(|at| self.items.get_mut(*at)) else { return };
        held.item.decision = decision;
        held.item.decided_by = Some(standing.by.clone());
        held.item.decided_at = Some(standing.at.clone());
        held.item.decided_in = Some(version);
        held.item.notes.clone_from(&standing.note);
    }

    /// Who submitted the newest version, which is to be submitted.
    fn submitted(&self, version: u64, status: Status) -> Result<String, Guard> {
        let submitted = self.newest().and_then(|newest| newest.submitted.as_ref());
        match submitted.filter(|_| status == Status::Submitted) {
            Some(submitted) => Ok(submitted.by.clone()),
            None => Err(Guard::NotSubmitted(version, status)),
        }
    }

    fn settle(&mut self, status: Status, change: impl FnOnce(&mut Version)) {
        if let Some(newest) = self.versions.last_mut() {
            newest.status = status;
            change(newest);
        }
    }
}

/// Whether two labels are one but for case, white space, and what is no letter or digit, or not to be seen.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |label: &str| {
        let letters = label
            .chars()
            .filter(|letter| letter.is_alphanumeric() && *letter != '\u{3164}' && *letter != '\u{115f}');
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    plain(one) == plain(other)
}

/// How deep a value is nested.
fn depth(value: &Value) -> usize {
    let inner = value.items().iter().chain(value.members().iter().map(|(_, value)| value));
    1 + inner.map(depth).max().unwrap_or(0)
}

fn draft(version: u64, status: Status) -> Result<(), Guard> {
    if status == Status::Draft { Ok(()) } else { Err(Guard::NotDraft(version, status)) }
}

/// The digest of the data of items: of the canonical form of their ids, types and data, in their order.
pub fn data_digest<'i>(items: impl Iterator<Item = &'i Item>) -> Digest {
    let member = |name: &str, value: Value| (name.to_owned(), value);
    let of = |item: &Item| {
        Value::Object(vec![
            member("item_id", item.item_id.as_str().into()),
            member("type", item.kind.as_str().into()),
            member("data", item.data.clone()),
        ])
    };
    json::digest(&Value::Array(items.map(of).collect()))
}
