//! Migrations: a manifest of one schema version becomes one of a later version.
//!
//! A [`Step`] is a value; the [`Registry`] finds the path of steps between two versions; [`migrate`]
//! applies it to the text of a manifest, asserts that nothing was lost, and records what was done in the
//! document's own history. [`backfill_inputs`] and [`backfill_versions`] record what an older tool did not.
//! All of it is pure: bytes in, bytes out.

mod backfill;
mod class;
mod engine;
mod registry;
mod steps;
mod versions;

pub use backfill::{Backfilled, InputFile, backfill_inputs};
pub use class::{Class, classify};
pub use engine::{MigrationError, Outcome, Rewritten, Stamp, last_backup, migrate};
pub use registry::{NoPath, Registry, Step};
pub use versions::{Versions, backfill_versions};

#[cfg(test)]
mod tests;
