//! Values to bytes: what people and programs are shown. Nothing here reads or writes anything.

pub mod artifact;
pub mod audit;
pub mod batch;
pub mod compare;
pub mod difference;
pub mod doctor;
pub mod estimated;
pub mod index;
pub mod json;
pub mod migration;
pub mod packet;
pub mod policy;
pub mod prompts;
pub mod rules;
mod safe;
pub mod settings;
mod style;
pub mod table;
pub mod terminal;
pub mod what_if;

pub use safe::{safe, safe_json, safe_lines};
