//! Values to bytes: what people and programs are shown. Nothing here reads or writes anything.

pub mod json;
pub mod migration;
mod safe;
mod style;
pub mod terminal;

pub use safe::{safe, safe_json, safe_lines};
