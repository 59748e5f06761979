//! What models were asked and answered is as the log recorded it.

use std::collections::BTreeMap;

use crate::domain::check::Check;
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Log};
use crate::domain::exchange::{Exchange, exchange_file};
use crate::store::RunDir;

/// A settlement that does not say what its exchange says, or counts something else.
fn miscounted(run: &RunDir, attempt: u32, log: &Log) -> Option<String> {
    log.entries.iter().find_map(|entry| {
        let Event::CallSettled { step, call, usage, spent, .. } = &entry.event else { return None };
        let name = exchange_file(step, *call);
        let exchange = Exchange::read(&run.exchange(attempt, &name).ok()?).ok()?;
        if exchange.usage != *usage {
            return Some(format!("`{name}`: the log says that it took something else"));
        }
        let took = usage.map(|usage| usage.input_tokens.saturating_add(usage.output_tokens));
        took.filter(|took| *took != spent.tokens)
            .map(|took| format!("`{name}`: it took {took} tokens, and the log counts {}", spent.tokens))
    })
}

/// Checks the exchanges of an attempt; none where nobody was asked.
pub(super) fn verify(run: &RunDir, attempt: u32, log: &Log) -> Option<Check> {
    let subject = format!("attempts/{attempt:04}/exchanges");
    let there = match run.exchanges(attempt) {
        Ok(names) => names,
        Err(error) => return Some(Check::fail("exchanges", subject, error)),
    };
    let recorded: BTreeMap<String, Digest> = log
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::CallSettled { step, call, exchange, .. }
            | Event::CallReplayed { step, call, exchange } => Some((exchange_file(step, *call), *exchange)),
            _ => None,
        })
        .collect();
    if there.is_empty() && recorded.is_empty() {
        return None;
    }
    let differs = recorded.iter().find_map(|(name, digest)| {
        let problem = match run.exchange(attempt, name) {
            Err(error) => error.to_string(),
            Ok(bytes) if Digest::of(&bytes) != *digest => "it is not what the log recorded".to_owned(),
            Ok(bytes) => Exchange::read(&bytes).err()?.to_string(),
        };
        Some(format!("`{name}`: {problem}"))
    });
    // Whoever was killed may have stored one and not said so any more.
    let undeclared = there.iter().find(|name| log.ended().is_some() && !recorded.contains_key(*name));
    let differs = differs.or_else(|| miscounted(run, attempt, log));
    let problem =
        differs.or_else(|| undeclared.map(|name| format!("`{name}` is there, and the log does not name it")));
    Some(Check::unless(problem, "exchanges", subject))
}
