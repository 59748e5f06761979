//! Ctrl-C and termination: asked for once, the work ends cleanly; asked for twice, at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit status of an interrupted command.
const INTERRUPTED: i32 = 130;

/// A flag that is set when the user wants to stop.
///
/// From here on a signal no longer ends a blocking read, so what is read from standard input is read
/// before this is called.
pub(super) fn interrupted() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Registered first, so it sees the flag as it was before this signal: the second one exits.
        // Where registering fails the signal keeps its meaning, which is to end the process.
        let _ = flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&asked))
            .and_then(|_| flag::register(signal, Arc::clone(&asked)));
    }
    asked.store(false, Ordering::Relaxed);
    asked
}
