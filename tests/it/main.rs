//! Drives the built program as a user would: cleared environment, its own directory, a fixed clock.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test may fail, and makes its own files, outside any store's"
)]

mod answers;
mod approvals;
mod audit;
mod bad_input;
mod batch;
mod batch_faults;
mod compare;
mod crash;
mod custom_step;
mod dependencies;
mod determinism;
mod diff;
mod docs;
mod doctor;
mod fuzz;
mod generate;
mod house;
mod index;
mod list;
mod log;
mod migrate;
mod migrate_faults;
mod models;
mod models_emulator;
mod models_faults;
mod models_money;
mod policy;
mod prompts;
mod race;
mod references;
mod report;
mod revise;
mod rules;
mod run;
mod schemas;
mod stub;
mod support;
mod terminal;
mod verify;
