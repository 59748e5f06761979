#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program that reports what it did"
)]

//! `cargo test --test faults`: faults of every kind, done to the real program, and what must hold after each of them.
//!
//! The short form takes about a minute and is part of the gate: it picks some of each kind from all the faults there are,
//! spread evenly. `FAULTS_SECONDS=3600` goes on for an hour, or until each was tried, and flips every bit. At the end stands how many faults were done, how many states were checked, and how many did not hold, which ends it with
//! status 1. `FAULTS_ONLY=word` does only what has the word in its name. What is missing on a machine (`strace`, being
//! root) is said, and left out.

mod bits;
mod clock;
mod fault;
mod ledger;
mod places;
mod soak;
mod story;
#[expect(dead_code, unreachable_pub, reason = "the tests need more of it")]
#[path = "../it/stub.rs"]
mod stub;
#[expect(dead_code, unreachable_pub, reason = "the tests need more of it")]
#[path = "../it/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fault::Fault;
use ledger::{Done, Ledger};
use story::{Prepared, STORIES};

/// How long the short form goes on, about.
const SHORT: u64 = 60;

/// Something that can be tried, by name.
struct Trial<'a> {
    name: String,
    area: String,
    try_it: Box<dyn Fn(&Done) + Sync + Send + 'a>,
}

fn main() -> ExitCode {
    // A word that chooses among tests chooses this one too.
    let chosen =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).all(|word| "faults".contains(&*word));
    if !chosen {
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = number("FAULTS_SECONDS").unwrap_or(SHORT);
    let server = stub::Stub::forgetful(|seen, _| stub::good(seen));
    let prepared: Vec<Prepared> = STORIES.iter().map(|story| Prepared::of(story, &server.url())).collect();
    let mut trials = Vec::new();
    for prepared in &prepared {
        for fault in Fault::all_of(prepared) {
            let (name, area) = (format!("{}: {fault}", prepared.story.name), fault.area());
            let try_it = Box::new(move |done: &Done| prepared.try_with(&fault, done));
            trials.push(Trial { name, area, try_it });
        }
    }
    trials.extend(places::trials());
    trials.extend(bits::trials(seconds > SHORT));
    trials.extend(clock::trials());
    trials.extend(soak::trials(seconds));
    if let Ok(word) = std::env::var("FAULTS_ONLY") {
        trials.retain(|trial| trial.name.contains(&word));
    }
    let (count, mut areas) = (trials.len(), BTreeMap::<String, Vec<Trial>>::new());
    for trial in trials {
        areas.entry(trial.area.clone()).or_default().push(trial);
    }
    println!("{count} trials of {} kinds to choose from, {seconds} s", areas.len());
    let most = areas.values().map(Vec::len).max().unwrap_or(0);
    let (ledger, tried, next) = (Ledger::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let (begun, allowed) = (Instant::now(), Duration::from_secs(seconds));
    let work = || {
        while begun.elapsed() < allowed {
            // One of each kind in turn.
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (round, kind) = (number / areas.len(), number % areas.len());
            if round >= most {
                return;
            }
            let Some((area, trials)) = areas.iter().nth(kind) else { return };
            let Some(at) = spread(round, trials.len()) else { continue };
            ledger.at(area, &trials[at].name, &*trials[at].try_it);
            tried.fetch_add(1, Ordering::Relaxed);
        }
    };
    // The program waits for the disk more than for a processor.
    let threads = thread::available_parallelism().map_or(2, |count| count.get() * 2);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    println!("{ledger}");
    println!("{} of {count} trials in {:.0?}", tried.into_inner(), begun.elapsed());
    if ledger.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The numbers below `count` in an order in which any beginning is spread over all of them; none where there are no more.
fn spread(number: usize, count: usize) -> Option<usize> {
    // Steps of about the golden section, without a divisor in common with the count.
    let step = (count * 618 / 1000..=count).find(|step| *step > 0 && gcd(*step, count) == 1)?;
    (number < count).then(|| number * step % count)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
