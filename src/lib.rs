//! `consensus`: a panel of reviewers reads a proposal, their reviews add up to a decision, and plain
//! files remain from which anyone can check what was asked, what was said and why it fell as it did.
//!
//! Values flow one way, and `ops` is the only place where the parts meet:
//!
//! ```text
//! argv ─► cli ─► config ─► ops ─┬─► domain     decide   pure
//!                               ├─► provider   ask
//!                               ├─► store      keep     the disk: the truth
//!                               ├─► index      find     SQLite: derived, deletable
//!                               └─► report     show     values → bytes
//! ```

pub mod cli;
pub mod config;
pub mod domain;
pub mod index;
pub mod ops;
pub mod provider;
pub mod report;
pub mod store;
