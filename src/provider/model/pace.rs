//! A pace: so many requests and so many tokens a minute, evenly, and so many requests at once, whoever asks.
//!
//! Each request is given the first moment at which it keeps to the pace; what it took more or less than was expected
//! moves those that come after it.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::turns::{Turn, Turns};
use crate::provider::GLANCE;

/// An answer is expected to have so many tokens, until it is there.
const EXPECTED_ANSWER: u64 = 1000;
/// A prompt is expected to have a token for so many bytes.
const BYTES_PER_TOKEN: u64 = 4;
const MINUTE: f64 = 60.0;

/// How fast may be asked; as fast as servers answer where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Requests a minute.
    pub requests: Option<u32>,
    /// Tokens a minute, of prompts and answers together.
    pub tokens: Option<u32>,
    /// Requests that are under way at the same time.
    pub at_once: Option<usize>,
}

/// Keeps a pace.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    turns: Turns,
    next: Mutex<Next>,
}

/// The first moments at which the next request keeps to the pace; none before the first.
#[derive(Debug, Default)]
struct Next {
    by_requests: Option<Instant>,
    by_tokens: Option<Instant>,
}

/// How long `count` of `per_minute` take.
fn takes(count: u64, per_minute: u32) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a day has fewer tokens than a double counts")]
    Duration::from_secs_f64(count as f64 * MINUTE / f64::from(per_minute.max(1)))
}

impl Next {
    /// The moment for a request that is expected to take `tokens`.
    fn slot(&mut self, pace: Pace, now: Instant, tokens: u64) -> Instant {
        let slot = [self.by_requests, self.by_tokens].into_iter().flatten().fold(now, Instant::max);
        self.by_requests = pace.requests.map(|most| slot + takes(1, most));
        self.by_tokens = pace.tokens.map(|most| slot + takes(tokens, most));
        slot
    }

    /// A request took `actual` tokens where `expected` were.
    fn correct(&mut self, pace: Pace, expected: u64, actual: u64) {
        let (Some(next), Some(most)) = (self.by_tokens, pace.tokens) else { return };
        self.by_tokens = Some(if actual > expected {
            next + takes(actual - expected, most)
        } else {
            next.checked_sub(takes(expected - actual, most)).unwrap_or(next)
        });
    }
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, turns: Turns::new(pace.at_once.unwrap_or(usize::MAX)), next: Mutex::default() }
    }

    /// What a request with a body of so many bytes is expected to take, in tokens.
    pub(super) fn expected(body: usize) -> u64 {
        body as u64 / BYTES_PER_TOKEN + EXPECTED_ANSWER
    }

    /// Waits until a request that is expected to take `tokens` keeps to the pace, and says how long that was; none where
    /// `stop` says so meanwhile.
    pub(super) fn wait(&self, tokens: u64, stop: &dyn Fn() -> bool) -> Option<Duration> {
        if self.pace.requests.is_none() && self.pace.tokens.is_none() {
            return Some(Duration::ZERO);
        }
        let begun = Instant::now();
        let slot = self.next.lock().unwrap_or_else(PoisonError::into_inner).slot(self.pace, begun, tokens);
        while Instant::now() < slot {
            if stop() {
                return None;
            }
            thread::sleep(slot.saturating_duration_since(Instant::now()).min(GLANCE));
        }
        Some(begun.elapsed())
    }

    /// Waits until one more request may be under way; none where `stop` says so meanwhile.
    pub(super) fn turn(&self, stop: &dyn Fn() -> bool) -> Option<Turn<'_>> {
        self.turns.take(stop)
    }

    /// Takes note of what a request took, where its server says.
    pub(super) fn correct(&self, expected: u64, actual: u64) {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).correct(self.pace, expected, actual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_than_the_pace() {
        let pace = Pace { requests: Some(30), tokens: Some(6000), at_once: None };
        let (start, mut next) = (Instant::now(), Next::default());
        // By requests one every two seconds; by tokens one every three.
        let slots: Vec<u64> = (0..5).map(|_| (next.slot(pace, start, 300) - start).as_secs()).collect();
        assert_eq!(slots, [0, 3, 6, 9, 12]);
        // It took a third of what was expected.
        next.correct(pace, 300, 100);
        assert_eq!((next.slot(pace, start, 300) - start).as_secs(), 14, "then requests say when");
        next.correct(pace, 300, 1300);
        assert_eq!((next.slot(pace, start, 0) - start).as_secs(), 27);
        // Whoever was idle does not ask faster afterwards.
        let later = start + Duration::from_mins(10);
        assert_eq!(next.slot(pace, later, 300), later);
        assert_eq!((next.slot(pace, later, 300) - later).as_secs(), 3);
    }
}
