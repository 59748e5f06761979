//! What the benches share: a subject and its floor, measured in turn in the same run, so that a machine
//! that slows down slows both.

#![allow(dead_code, reason = "each bench needs a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_consensus");

/// Whether to measure; `cargo test --benches` only wants to know that a bench builds and runs.
pub(crate) fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// What something took.
pub(crate) struct Cost {
    time: Duration,
    /// The most memory that a process held, in bytes, and the processors that it kept busy; none of what this process
    /// did itself.
    process: Option<(u64, f64)>,
}

impl From<Duration> for Cost {
    fn from(time: Duration) -> Self {
        Self { time, process: None }
    }
}

/// Measures both `rounds` times and prints the median of each and of their ratios.
pub(crate) fn compare<C: Into<Cost>>(
    (what, mut subject): (&str, impl FnMut() -> C),
    (than, mut floor): (&str, impl FnMut() -> Duration),
    rounds: usize,
) {
    let (mut subjects, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut peaks, mut processors) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (subject, floor) = (subject().into(), floor().as_secs_f64() * 1e3);
        let taken = subject.time.as_secs_f64() * 1e3;
        subjects.push(taken);
        floors.push(floor);
        ratios.push(taken / floor);
        if let Some((peak, busy)) = subject.process {
            peaks.push(peak);
            processors.push(busy);
        }
    }
    let (subject, floor, ratio) = (median(subjects), median(floors), median(ratios));
    let process = peaks
        .into_iter()
        .max()
        .map(|peak| format!("; {} MB, {:.1} processors", peak.div_ceil(1 << 20), median(processors)));
    println!(
        "{what:<24} {subject:>9.2} ms; {than}: {floor:.2} ms; ratio {ratio:.2}{}",
        process.unwrap_or_default()
    );
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
    ended(status, command, |_| ());
}

/// As [`ends_with`]; gives what the process took.
pub(crate) fn cost_of(status: i32, command: &mut Command) -> Cost {
    let (before, begun) = (busy(), Instant::now());
    let (is_done, peak) = (AtomicBool::new(false), AtomicU64::new(0));
    let time = thread::scope(|scope| {
        ended(status, command, |child| {
            let (path, is_done, peak) = (format!("/proc/{}/status", child.id()), &is_done, &peak);
            scope.spawn(move || {
                while !is_done.load(Ordering::Relaxed) {
                    peak.fetch_max(highest(&path).unwrap_or(0), Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(2));
                }
            });
        });
        is_done.store(true, Ordering::Relaxed);
        begun.elapsed()
    });
    let processors = busy().saturating_sub(before).as_secs_f64() / time.as_secs_f64();
    Cost { time, process: Some((peak.into_inner(), processors)) }
}

fn ended(status: i32, command: &mut Command, begun: impl FnOnce(&Child)) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    begun(&child);
    let ended = child.wait().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(ended.code(), Some(status), "{command:?}");
}

/// How long the processes that have ended kept a processor busy.
fn busy() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system tells");
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The most memory that a process has held so far, in bytes, where the system tells.
fn highest(path: &str) -> Option<u64> {
    let status = fs::read_to_string(path).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
}

/// The files below a directory.
pub(crate) fn files_of(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut open) = (BTreeMap::new(), vec![run.to_owned()]);
    while let Some(dir) = open.pop() {
        for path in
            fs::read_dir(dir).expect("it can be read").map(|entry| entry.expect("it can be read").path())
        {
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(
                    path.strip_prefix(run).expect("it is below").to_owned(),
                    fs::read(&path).expect("it can be read"),
                );
            }
        }
    }
    files
}
