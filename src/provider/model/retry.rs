//! When a request is sent again, and how long is waited before.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::digest::Digest;
use crate::domain::policy::Limits;

/// A server that asks for a longer wait is not obeyed, in milliseconds.
const LONGEST: u64 = 120_000;

/// How long to wait after the `failures`th failure: what the server asks for, else the policy's backoff, up to a
/// quarter less as `seed` says, so that requests that failed together do not come back together.
pub(super) fn delay(
    limits: &Limits,
    failures: u32,
    headers: &BTreeMap<String, String>,
    seed: Digest,
) -> Duration {
    if let Some(asked) = asked_for(headers) {
        return asked;
    }
    let unit = 10u128.pow(24);
    let mut wait = u128::from(limits.initial_backoff_ms);
    for _ in 1..failures {
        wait = (wait * limits.backoff_multiplier.fine() / unit).min(u128::from(LONGEST));
    }
    let jitter = u128::from(u16::from_str_radix(&seed.hex()[..4], 16).unwrap_or(0));
    let wait = wait - wait * jitter / (4 << 16);
    Duration::from_millis(u64::try_from(wait).unwrap_or(LONGEST))
}

/// What the server asks for: `retry-after-ms`, else `retry-after` in seconds or as a date. A date is read against
/// the server's own clock.
fn asked_for(headers: &BTreeMap<String, String>) -> Option<Duration> {
    let header = |name: &str| headers.get(name).map(|value| value.trim());
    let milliseconds = header("retry-after-ms").and_then(|value| decimal(value, 1.0));
    let seconds = || header("retry-after").and_then(|value| decimal(value, 1000.0));
    let date = || {
        let until = httpdate::parse_http_date(header("retry-after")?).ok()?;
        let now = httpdate::parse_http_date(header("date")?).ok()?;
        u64::try_from(until.duration_since(now).unwrap_or_default().as_millis()).ok()
    };
    let wait = milliseconds.or_else(seconds).or_else(date)?;
    (wait <= LONGEST).then(|| Duration::from_millis(wait))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
fn decimal(text: &str, milliseconds: f64) -> Option<u64> {
    let value = text.parse::<f64>().ok()? * milliseconds;
    (0.0..=1e9).contains(&value).then_some(value.ceil() as u64)
}

/// Whether a request that failed with this status may be sent again: as the server says, else by the status.
pub(super) fn is_retryable(status: u16, headers: &BTreeMap<String, String>) -> bool {
    match headers.get("x-should-retry").map(|value| value.trim()) {
        Some("true") => true,
        Some("false") => false,
        _ => matches!(status, 408 | 409 | 429 | 500..=599),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(failures: u32, headers: &[(&str, &str)]) -> u128 {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        delay(&Limits::default(), failures, &headers, Digest::from_bytes([0; 32])).as_millis()
    }

    #[test]
    fn waits_grow_and_are_up_to_a_quarter_shorter() {
        assert_eq!([1, 2, 3, 9].map(|failures| wait(failures, &[])), [1000, 2000, 4000, 120_000]);
        let shortest = delay(&Limits::default(), 1, &BTreeMap::new(), Digest::from_bytes([0xff; 32]));
        assert_eq!(shortest.as_millis(), 751);
    }

    #[test]
    fn the_server_is_obeyed_within_reason() {
        assert_eq!(wait(1, &[("retry-after", "3")]), 3000);
        assert_eq!(wait(1, &[("retry-after", "1.5"), ("retry-after-ms", "20")]), 20);
        assert_eq!(wait(1, &[("retry-after", "121")]), 1000);
        assert_eq!(wait(1, &[("retry-after", "-1")]), 1000);
        assert_eq!(wait(1, &[("retry-after", "nan")]), 1000);
        let (date, until) = ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:07 GMT");
        assert_eq!(wait(1, &[("retry-after", until), ("date", date)]), 7000);
        assert_eq!(wait(1, &[("retry-after", date), ("date", until)]), 0);
        assert_eq!(wait(1, &[("retry-after", until)]), 1000);
    }

    #[test]
    fn what_is_tried_again() {
        let none = BTreeMap::new();
        let again: Vec<u16> = (100..600).filter(|status| is_retryable(*status, &none)).collect();
        assert_eq!(again[..4], [408, 409, 429, 500]);
        assert!(again.contains(&529) && !again.contains(&400));
        let says = |value: &str| [("x-should-retry".to_owned(), value.to_owned())].into();
        assert!(is_retryable(400, &says("true")) && !is_retryable(500, &says("false")));
    }
}
