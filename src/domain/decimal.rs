//! Exact decimals: the numbers that decide, as they were written.
//!
//! A score has at most 20 fractional digits and a weight 4, so a weighted sum has at most 24 and fits
//! an integer of 128 bits. That is why these are fixed-point integers and no general decimal type: a
//! general one rounds beyond its precision, silently, and rounding can move a decision.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// A decimal between 0 and `MAX`, held as a count of 10^-`PLACES`.
///
/// The JSON form is the shortest plain decimal (`0.7975`, `1`); any JSON number with the same value
/// is read (`8E-1`, `0.80`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal<const PLACES: u32, const MAX: u32>(u128);

/// How sure a reviewer is: 0 to 1, at most 20 fractional digits.
pub type Score = Decimal<20, 1>;
/// A persona's share of the decision: 0 to 1, at most 4 fractional digits.
pub type Weight = Decimal<4, 1>;
/// A weighted sum of scores: 0 to 1, at most 24 fractional digits.
pub type Confidence = Decimal<24, 1>;
/// A sampling temperature: 0 to 2, at most 4 fractional digits.
pub type Temperature = Decimal<4, 2>;
/// How much longer each wait is than the one before: 0 to 10, at most 4 fractional digits.
pub type Multiplier = Decimal<4, 10>;

/// Why a text is not such a decimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// It is no JSON number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// It is a number outside the range.
    #[error("{0} is not between 0 and {1}")]
    OutOfRange(String, u32),
    /// It has more fractional digits than are kept.
    #[error("{0} has more than {1} fractional digits")]
    TooPrecise(String, u32),
}

impl<const PLACES: u32, const MAX: u32> Decimal<PLACES, MAX> {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// The upper bound.
    pub const MAX: Self = Self(MAX as u128 * Self::UNIT);
    const UNIT: u128 = 10u128.pow(PLACES);

    /// `hundredths` / 100, cut to the range.
    #[must_use]
    pub const fn hundredths(hundredths: u32) -> Self {
        let value = hundredths as u128 * (Self::UNIT / 100);
        if value > Self::MAX.0 { Self::MAX } else { Self(value) }
    }

    /// This value as a count of 10^-24, the finest unit in use.
    #[must_use]
    pub const fn fine(self) -> u128 {
        self.0 * 10u128.pow(24 - PLACES)
    }
}

impl Score {
    /// This score's share of a weighted sum.
    #[must_use]
    pub const fn weighted(self, weight: Weight) -> Confidence {
        Decimal(self.0 * weight.0)
    }
}

impl Confidence {
    /// The sum of `parts`, cut to 1.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        let total = parts.into_iter().fold(0u128, |sum, part| sum.saturating_add(part.0));
        Self(total.min(Self::MAX.0))
    }

    /// Whether this is at least `threshold`.
    #[must_use]
    pub const fn reaches(self, threshold: Score) -> bool {
        self.0 >= threshold.fine()
    }
}

impl<const PLACES: u32, const MAX: u32> FromStr for Decimal<PLACES, MAX> {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let shown = || text.chars().take(60).collect::<String>();
        let number = Plain::parse(text).ok_or_else(|| DecimalError::NotANumber(shown()))?;
        if number.digits.is_empty() {
            return Ok(Self::ZERO);
        }
        if number.negative || number.magnitude() > 10 {
            return Err(DecimalError::OutOfRange(shown(), MAX));
        }
        let places = i64::from(PLACES);
        if number.exponent < -places {
            return Err(DecimalError::TooPrecise(shown(), PLACES));
        }
        // At most 10 + 24 digits are left here, which fit 128 bits.
        let digits: u128 = number.digits.parse().map_err(|_| DecimalError::NotANumber(shown()))?;
        let zeros = u32::try_from(number.exponent + places).unwrap_or(u32::MAX);
        let value = 10u128.checked_pow(zeros).and_then(|scale| digits.checked_mul(scale));
        match value {
            Some(value) if value <= Self::MAX.0 => Ok(Self(value)),
            _ => Err(DecimalError::OutOfRange(shown(), MAX)),
        }
    }
}

impl<const PLACES: u32, const MAX: u32> fmt::Display for Decimal<PLACES, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / Self::UNIT, self.0 % Self::UNIT);
        if rest == 0 {
            return f.pad(&whole.to_string());
        }
        let digits = format!("{rest:0width$}", width = PLACES as usize);
        f.pad(&format!("{whole}.{}", digits.trim_end_matches('0')))
    }
}

impl<const PLACES: u32, const MAX: u32> Serialize for Decimal<PLACES, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de, const PLACES: u32, const MAX: u32> Deserialize<'de> for Decimal<PLACES, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer)?.get().parse().map_err(de::Error::custom)
    }
}

impl<const PLACES: u32, const MAX: u32> JsonSchema for Decimal<PLACES, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": MAX })
    }
}

/// A JSON number's value: `digits` × 10^`exponent`, without zeros at either end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Plain {
    /// Reads a JSON number (RFC 8259, section 6); none for any other text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], parse_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let written = format!("{whole}{fraction}");
        let cut = written.trim_end_matches('0');
        let dropped = i64::try_from(written.len() - cut.len()).ok()?;
        let digits = cut.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let exponent = exponent.saturating_sub(i64::try_from(fraction.len()).ok()?).saturating_add(dropped);
        Some(Self { negative, digits, exponent })
    }

    /// How many digits stand before the decimal point.
    fn magnitude(&self) -> i64 {
        self.exponent.saturating_add(i64::try_from(self.digits.len()).unwrap_or(i64::MAX))
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Beyond any exponent that could still matter, the exact value does not.
    Some(sign * digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn score(text: &str) -> Result<Score, DecimalError> {
        text.parse()
    }

    #[test]
    fn numbers_are_read_as_written() {
        for (text, shown) in [
            ("0.80", "0.8"),
            ("8E-1", "0.8"),
            ("1", "1"),
            ("1.000000000000000000000000", "1"),
            ("-0", "0"),
            ("0e999999999999999999999", "0"),
            ("0.00000000000000000001", "0.00000000000000000001"),
            ("0.31085450284800212345", "0.31085450284800212345"),
        ] {
            assert_eq!(score(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        assert!(matches!(score("0.000000000000000000001"), Err(DecimalError::TooPrecise(..))));
        for text in
            ["1.1", "-0.5", "1e400", "4829.3E5578637919142219", "99999999999999999999999999999999999999999"]
        {
            assert!(matches!(score(text), Err(DecimalError::OutOfRange(..))), "{text}");
        }
        assert!(matches!(score("1e-9223372036854775808"), Err(DecimalError::TooPrecise(..))));
        for text in ["", "-", ".5", "5.", "01", "1e", "1e+", "+1", "NaN", "\"1\"", "0x1", "1 "] {
            assert!(matches!(score(text), Err(DecimalError::NotANumber(_))), "{text}");
        }
    }

    #[test]
    fn the_known_trap_is_exact_in_every_order() {
        let pairs = [("0.25", "0.9"), ("0.25", "0.8"), ("0.15", "0.8"), ("0.20", "0.7"), ("0.15", "0.75")];
        let parts: Vec<Confidence> =
            pairs.iter().map(|(w, s)| score(s).unwrap().weighted(w.parse().unwrap())).collect();
        for turn in 0..parts.len() {
            let mut turned = parts.clone();
            turned.rotate_left(turn);
            assert_eq!(Confidence::sum(turned).to_string(), "0.7975");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_is_the_identity(units in 0..=10u128.pow(20)) {
            let value: Score = Decimal(units);
            prop_assert_eq!(value.to_string().parse::<Score>().unwrap(), value);
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Score>(&json).unwrap(), value);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9eE.]{0,40}") {
            let _ = text.parse::<Score>();
            let _ = text.parse::<Weight>();
        }
    }
}
