//! What time it is. Times are evidence of an attempt and never decide anything.

use chrono::{DateTime, SecondsFormat, Utc};

/// Where the time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The system.
    System,
    /// Always the same instant, so that what is written can be reproduced (`SOURCE_DATE_EPOCH`).
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// Now, as it is recorded: RFC 3339, UTC, milliseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where the time is read")]
    pub fn now(self) -> String {
        let now = match self {
            Self::System => Utc::now(),
            Self::Fixed(instant) => instant,
        };
        now.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}
