//! Ctrl-C and termination: asked for once, the work ends cleanly; asked for twice, at once.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use signal_hook::flag;

/// The exit status of an interrupted command.
const INTERRUPTED: i32 = 130;

/// A flag that is set when the user wants to stop.
///
/// From here on a signal no longer ends a blocking read, so what is read from standard input is read
/// before this is called.
pub(super) fn interrupted() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    let ignored = ignored();
    for signal in [Signal::INT, Signal::TERM].map(Signal::as_raw) {
        // Whoever started the program may have wanted it to go on.
        if ignored & (1 << (signal - 1)) != 0 {
            continue;
        }
        // Registered first, so it sees the flag as it was before this signal: the second one exits.
        // Where registering fails the signal keeps its meaning, which is to end the process.
        let _ = flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&asked))
            .and_then(|_| flag::register(signal, Arc::clone(&asked)));
    }
    asked.store(false, Ordering::Relaxed);
    asked
}

/// From here on a file that grows beyond the process's limit is an error that can be told, not the end.
pub(super) fn survive_full_files() {
    let _ = flag::register(Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)));
}

/// The signals that are ignored, as a bit mask; none where the system does not say.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
