//! The event log of an attempt: a chain of lines, each naming the digest of the one before.
//!
//! A line is the canonical JSON of `{seq, prev, at, event, …}`. `prev` is the digest of the bytes of
//! the line before, without its newline; null on the first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::budget::Amount;
use super::digest::Digest;
use super::exchange::Usage;
use super::json::{self, JsonError};
use super::policy::PolicyRef;
use super::step::{RunStatus, Step};

/// What ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first line of every log.
    AttemptStarted {
        /// Which attempt it is, from 1.
        attempt: u32,
        /// The digest of the last line of the attempt before it.
        previous: Option<Digest>,
        /// The digest of the manifest that is in place.
        manifest: Digest,
        /// By whom, unauthenticated.
        by: String,
        /// With which program.
        tool: Tool,
        /// Under which policy.
        policy: PolicyRef,
        /// The limits that flags made tighter, with their values.
        tightened: BTreeMap<String, String>,
        /// Whether the answers come from a recording.
        replayed: bool,
    },
    /// A step has begun.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step's outputs are stored.
    StepCompleted {
        /// Which.
        step: Step,
        /// Its files under `outputs/` and their digests.
        outputs: BTreeMap<String, Digest>,
    },
    /// A step gave no output.
    StepFailed {
        /// Which.
        step: Step,
        /// Why, as a stable word.
        code: String,
    },
    /// A request is about to be sent; until it is settled this much counts as spent.
    CallReserved {
        /// The step that asks.
        step: Step,
        /// Which of its requests it is, from 1.
        call: u32,
        /// Who is asked.
        provider: String,
        /// Which model.
        model: String,
        /// The digest of the request's canonical form.
        request: Digest,
        /// The most that it can take.
        reserved: Amount,
    },
    /// What came back of a request is stored.
    CallSettled {
        /// The step that asked.
        step: Step,
        /// Which of its requests it was.
        call: u32,
        /// The digest of the exchange's file.
        exchange: Digest,
        /// `ok`, or why there is no answer.
        outcome: String,
        /// What the server says it took; none where it does not say.
        usage: Option<Usage>,
        /// What counts as spent.
        spent: Amount,
        /// The model that answered, as the server names it.
        answered_by: Option<String>,
        /// The server's name for the request.
        request_id: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// An answer was taken from a recording; it cost nothing.
    CallReplayed {
        /// The step that asked.
        step: Step,
        /// Which of its requests it was.
        call: u32,
        /// The digest of the exchange's file.
        exchange: Digest,
    },
    /// Something that whoever reads the record should know.
    Warning {
        /// A stable word.
        code: String,
        /// The step that it is about.
        step: Option<Step>,
        /// In words.
        message: String,
    },
    /// The attempt is over.
    AttemptEnded {
        /// How the run stands.
        status: RunStatus,
        /// The digest of the manifest that is then put in place.
        manifest: Digest,
    },
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: u64,
    /// The digest of the line before.
    pub prev: Option<Digest>,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What happened; none for an event that this version does not know.
    #[serde(flatten)]
    pub event: Event,
}

/// The end of a log, where the next line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// How many lines there are.
    pub seq: u64,
    /// The digest of the last one.
    pub digest: Option<Digest>,
}

impl Event {
    /// Whether nothing is built upon it, so that a loss of power may take it: a step that began, or that
    /// ended, is done again out of the answers that there are, and a request whose end is not known counts with all that
    /// was reserved for it.
    #[must_use]
    pub fn can_be_lost(&self) -> bool {
        matches!(self, Self::StepStarted { .. } | Self::StepCompleted { .. } | Self::CallSettled { .. })
    }
}

impl Head {
    /// The next line, without its newline, and the head after it.
    #[must_use]
    pub fn next(self, at: String, event: Event) -> (Vec<u8>, Self) {
        let entry = Entry { seq: self.seq + 1, prev: self.digest, at, event };
        let line = json::canonical(&json::to_value(&entry)).into_bytes();
        let head = Self { seq: entry.seq, digest: Some(Digest::of(&line)) };
        (line, head)
    }
}

/// A log as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its sound lines.
    pub entries: Vec<Entry>,
    /// The digest of each of them.
    pub digests: Vec<Digest>,
    /// Whether a last line without a newline was left out: a crash left it behind.
    pub torn: bool,
}

/// Why a log is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A line is no event.
    #[error("line {line}: {source}")]
    Json {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        source: JsonError,
    },
    /// A line's time is none.
    #[error("line {0}: `at` is no time in UTC with milliseconds")]
    Time(usize),
    /// A line does not follow the one before it.
    #[error("line {line}: the chain is broken, `{field}` does not follow from the line before")]
    Broken {
        /// Which, from 1.
        line: usize,
        /// `seq` or `prev`.
        field: &'static str,
    },
}

impl Log {
    /// Reads a log and checks its chain.
    ///
    /// # Errors
    /// [`LogError`] at the first line that is no event or breaks the chain.
    pub fn read(bytes: &[u8]) -> Result<Self, LogError> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut log = Self { entries: Vec::new(), digests: Vec::new(), torn: whole < bytes.len() };
        for (index, line) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = &line[..line.len() - 1];
            let number = index + 1;
            let entry: Entry =
                json::from_slice(line).map_err(|source| LogError::Json { line: number, source })?;
            if usize::try_from(entry.seq) != Ok(number) {
                return Err(LogError::Broken { line: number, field: "seq" });
            }
            if !is_time(&entry.at) {
                return Err(LogError::Time(number));
            }
            if entry.prev.as_ref() != log.digests.last() {
                return Err(LogError::Broken { line: number, field: "prev" });
            }
            log.digests.push(Digest::of(line));
            log.entries.push(entry);
        }
        Ok(log)
    }

    /// The steps that this attempt completed, with their outputs.
    pub fn completed(&self) -> impl Iterator<Item = (&Step, &BTreeMap<String, Digest>)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::StepCompleted { step, outputs } => Some((step, outputs)),
            _ => None,
        })
    }

    /// The digest of the exchange of a step's `call`th request, where one is recorded.
    #[must_use]
    pub fn exchange(&self, step: &Step, call: u32) -> Option<Digest> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::CallSettled { step: of, call: number, exchange, .. }
            | Event::CallReplayed { step: of, call: number, exchange }
                if (of, *number) == (step, call) =>
            {
                Some(*exchange)
            }
            _ => None,
        })
    }

    /// The attempt's policy, from its first line.
    #[must_use]
    pub fn policy(&self) -> Option<&PolicyRef> {
        match &self.entries.first()?.event {
            Event::AttemptStarted { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// The manifests that can be in place if this is the newest attempt: the one that it found, and the
    /// one that it left behind; killed just before the end, it left the former.
    pub fn manifests(&self) -> impl Iterator<Item = Digest> {
        let ends = self.entries.first().into_iter().chain(self.entries.last());
        ends.filter_map(|entry| match entry.event {
            Event::AttemptStarted { manifest, .. } | Event::AttemptEnded { manifest, .. } => Some(manifest),
            _ => None,
        })
    }

    /// Which attempt this is, and the end of the one before it.
    #[must_use]
    pub fn place(&self) -> Option<(u32, Option<Digest>)> {
        match self.entries.first()?.event {
            Event::AttemptStarted { attempt, previous, .. } => Some((attempt, previous)),
            _ => None,
        }
    }

    /// How the attempt ended; none while it runs or after it was killed.
    #[must_use]
    pub fn ended(&self) -> Option<RunStatus> {
        match self.entries.last()?.event {
            Event::AttemptEnded { status, .. } => Some(status),
            _ => None,
        }
    }
}

/// `2026-01-02T03:04:05.678Z`
fn is_time(text: &str) -> bool {
    let pattern = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let fits =
        |(byte, wanted): (u8, &u8)| if *wanted == b'd' { byte.is_ascii_digit() } else { byte == *wanted };
    text.len() == pattern.len() && text.bytes().zip(pattern).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let (mut head, mut bytes) = (Head::default(), Vec::new());
        let outputs = [("proposal.json".to_owned(), Digest::of(b"x"))].into();
        for event in [
            Event::StepStarted { step: Step::Expand },
            Event::StepCompleted { step: Step::Expand, outputs },
            Event::AttemptEnded { status: RunStatus::Completed, manifest: Digest::of(b"m") },
        ] {
            let (line, next) = head.next("2026-01-01T00:00:00.000Z".into(), event);
            bytes.extend(line);
            bytes.push(b'\n');
            head = next;
        }
        bytes
    }

    #[test]
    fn a_log_is_read_as_it_was_written() {
        let log = Log::read(&sample()).unwrap();
        assert_eq!(log.entries.len(), 3);
        assert_eq!(log.ended(), Some(RunStatus::Completed));
        assert!(!log.torn);
        assert_eq!(log.completed().count(), 1);
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_said() {
        let bytes = sample();
        for cut in 0..bytes.len() {
            let log = Log::read(&bytes[..cut]).unwrap();
            assert_eq!(log.torn, cut > 0 && bytes[cut - 1] != b'\n');
        }
    }

    #[test]
    fn every_flipped_bit_before_the_last_line_is_found() {
        let bytes = sample();
        let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        for bit in 0..last * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Log::read(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_removed_or_swapped_line_is_found() {
        let bytes = sample();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        assert!(Log::read(&[lines[0], lines[2]].concat()).is_err());
        assert!(Log::read(&[lines[1], lines[0], lines[2]].concat()).is_err());
        assert!(Log::read(lines[1]).is_err());
    }
}
