//! What was tried, what was checked, and what did not hold.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

#[derive(Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Counts>>);

#[derive(Default, Clone, Copy)]
struct Counts {
    faults: u64,
    states: u64,
    violations: u64,
}

/// What was done of one trial.
#[derive(Default)]
pub(crate) struct Done {
    faults: Cell<u64>,
    states: Cell<u64>,
}

impl Done {
    /// A fault was done.
    pub(crate) fn injected(&self) {
        self.faults.set(self.faults.get() + 1);
    }

    /// A state is looked at.
    pub(crate) fn checked(&self) {
        self.states.set(self.states.get() + 1);
    }
}

impl Ledger {
    /// Tries something; a check that does not hold panics, and is told and counted.
    pub(crate) fn at(&self, area: &str, name: &str, try_it: impl FnOnce(&Done)) {
        let done = Done::default();
        let result = catch_unwind(AssertUnwindSafe(|| try_it(&done)));
        let mut areas = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let counts = areas.entry(area.to_owned()).or_default();
        counts.faults += done.faults.get();
        counts.states += done.states.get();
        if result.is_err() {
            counts.violations += 1;
            println!("VIOLATION {name}");
        }
    }

    /// Whether everything held, and anything was tried.
    pub(crate) fn holds(&self) -> bool {
        let areas = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        areas.values().all(|counts| counts.violations == 0) && areas.values().any(|counts| counts.states > 0)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let areas = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        writeln!(f, "{:<44} {:>8} {:>8} {:>10}", "", "faults", "states", "violations")?;
        let mut all = Counts::default();
        for (area, counts) in areas.iter() {
            writeln!(f, "{area:<44} {:>8} {:>8} {:>10}", counts.faults, counts.states, counts.violations)?;
            all.faults += counts.faults;
            all.states += counts.states;
            all.violations += counts.violations;
        }
        write!(f, "{:<44} {:>8} {:>8} {:>10}", "in all", all.faults, all.states, all.violations)
    }
}
