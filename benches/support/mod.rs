//! What the benches share: a subject and its floor, measured in turn in the same run, so that a machine
//! that slows down slows both.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_consensus");

/// Whether to measure; `cargo test --benches` only wants to know that a bench builds and runs.
pub(crate) fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Measures both `rounds` times and prints the median of each and of their ratios.
pub(crate) fn compare(
    (what, mut subject): (&str, impl FnMut() -> Duration),
    (than, mut floor): (&str, impl FnMut() -> Duration),
    rounds: usize,
) {
    let (mut subjects, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (subject, floor) = (subject().as_secs_f64() * 1e3, floor().as_secs_f64() * 1e3);
        subjects.push(subject);
        floors.push(floor);
        ratios.push(subject / floor);
    }
    let (subject, floor, ratio) = (median(subjects), median(floors), median(ratios));
    println!("{what:<16} {subject:>9.2} ms; {than}: {floor:.2} ms; ratio {ratio:.2}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Runs a command that ends with this status, its output thrown away.
pub(crate) fn ends_with(status: i32, command: &mut Command) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(ended.code(), Some(status), "{command:?}");
}
