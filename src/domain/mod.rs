//! What a review is, as pure values and functions.
//!
//! Nothing here touches a file, a clock, the network, randomness or the environment: what is to be
//! stored is returned, and what was stored is given. Every number that decides is an exact decimal.

pub mod aggregate;
pub mod answer;
pub mod artifact;
pub mod audit;
pub mod batch;
pub mod budget;
pub mod check;
pub mod compare;
pub mod decimal;
pub mod decision;
pub mod difference;
pub mod digest;
pub mod estimate;
pub mod event;
pub mod exchange;
pub mod facts;
pub mod filter;
pub mod idea;
pub mod identity;
pub mod ids;
pub mod json;
pub mod manifest;
pub mod migration;
pub mod panel;
pub mod policy;
pub mod prompt;
pub mod proposal;
pub mod provider;
pub mod record;
pub mod refusal;
pub mod request;
pub mod review;
pub mod revision;
pub mod schema;
pub mod shard;
pub mod silenced;
pub mod step;
pub mod text;
pub mod view;
pub mod written;
