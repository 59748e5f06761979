//! Versioned artifacts: what people decide about, version by version, from draft to approved.
//!
//! An artifact is a job's phase, in a cycle where there are some. Everything that happens to it is an [`Event`], kept as
//! a numbered record; its [`Artifact`] state is the fold of them and nothing else. Each version holds [`Item`]s. A new
//! version carries the approved ones, with their decisions as they were.

mod event;
mod finding;
mod guard;
mod item;
mod lineage;
mod name;
mod state;
mod version;
mod view;

pub use event::{Entry, Event, EventError, NewItem};
pub use finding::{Finding, findings, matched, unmatched};
pub use guard::Guard;
pub use item::{Decision, Item, Place, Source};
pub use lineage::{Passage, lineage};
pub use name::{ArtifactName, ArtifactRef, ArtifactRefError};
pub use state::{Artifact, data_digest};
pub use version::{Left, Standing, Status, Version};
pub use view::{Changed, Difference, Done, Made, Shown};

#[cfg(test)]
mod tests;
