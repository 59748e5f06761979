//! What is shown of artifacts.

use super::item::Item;
use super::name::ArtifactName;
use super::version::{Left, Version};
use crate::domain::ids::ItemId;

/// A version with its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Of what.
    pub name: ArtifactName,
    /// The version.
    pub version: Version,
    /// Its items, in the order in which they came.
    pub items: Vec<Item>,
}

/// A version that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The version.
    pub shown: Shown,
    /// How many items are new.
    pub new: usize,
    /// How many were approved before, and are carried.
    pub carried: usize,
    /// How many findings are those of items that were not approved: these are in it as they were decided.
    pub again: usize,
    /// What was left behind, and why.
    pub left: Vec<Left>,
}

/// What happened to a version, and how it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The version as it is now.
    pub shown: Shown,
    /// The items that it happened to, or that are new.
    pub items: Vec<ItemId>,
    /// Those of them that were decided before, as they were.
    pub overruled: Vec<Item>,
}

/// How an item differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The item as it was; none where it is new.
    pub before: Option<Item>,
    /// The item as it is; none where it was left behind.
    pub after: Option<Item>,
}

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The one.
    pub old: Shown,
    /// The other.
    pub new: Shown,
    /// The items that are not the same in both.
    pub items: Vec<Changed>,
}
