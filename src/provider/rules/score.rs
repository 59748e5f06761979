//! The score: a sum that a reader can add up. It relies on nothing but which rules found what; how
//! often a hazard occurs does not change it.

use serde::Serialize;

use super::pack::Severity;
use crate::domain::decimal::Score;

/// Where every review starts, in hundredths.
pub(super) const START: i32 = 90;
/// No review falls below this, in hundredths.
pub(super) const LOWEST: i32 = 5;
/// No review rises above this, in hundredths.
pub(super) const HIGHEST: i32 = 98;
/// What a topic that was found adds, in hundredths.
pub(super) const FOUND: i32 = 2;

/// What a finding of this severity takes away, in hundredths, as a negative number.
pub(super) fn deduction(severity: Severity, security_critical: bool) -> i32 {
    match severity {
        Severity::Blocking if security_critical => -60,
        Severity::Blocking => -30,
        Severity::Concern => -12,
        Severity::Recommendation => -3,
    }
}

/// What a topic that a long document only mentions takes away, in hundredths, as a negative number.
pub(super) fn in_passing(severity: Severity) -> i32 {
    match severity {
        Severity::Blocking => -12,
        Severity::Concern => -5,
        Severity::Recommendation => -1,
    }
}

/// What one rule did to a score.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) rule_id: String,
    /// `found`, `mentioned` or `not_found` for a topic, `hazard` for a hazard, `silenced` for either.
    pub(super) outcome: &'static str,
    pub(super) hundredths: i32,
}

/// How a score came about, in hundredths.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    pub(super) start: i32,
    pub(super) parts: Vec<Part>,
    /// The start and all parts, before the bounds.
    pub(super) total: i32,
    pub(super) lowest: i32,
    pub(super) highest: i32,
}

impl Sum {
    pub(super) fn of(parts: Vec<Part>) -> Self {
        let total = START + parts.iter().map(|part| part.hundredths).sum::<i32>();
        Self { start: START, parts, total, lowest: LOWEST, highest: HIGHEST }
    }

    pub(super) fn score(&self) -> Score {
        Score::hundredths(self.total.clamp(LOWEST, HIGHEST).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(hundredths: &[i32]) -> String {
        let part =
            |hundredths: &i32| Part { rule_id: "r".to_owned(), outcome: "hazard", hundredths: *hundredths };
        Sum::of(hundredths.iter().map(part).collect()).score().to_string()
    }

    #[test]
    fn a_score_is_the_sum_of_its_parts_within_bounds() {
        assert_eq!(score(&[]), "0.9");
        assert_eq!(score(&[2, -12, -3]), "0.77");
        assert_eq!(score(&[-60, -60]), "0.05");
        assert_eq!(score(&[2, 2, 2, 2, 2]), "0.98");
    }
}
