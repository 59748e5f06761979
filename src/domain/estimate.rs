//! What a run may take, told before anything is paid.

use serde::Serialize;

use super::budget::Amount;
use super::exchange::Usage;
use super::policy::Price;
use super::step::Step;

/// One call, if its first answer fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EstimatedCall {
    /// The step.
    pub step: Step,
    /// Who is asked.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Tokens of the prompt, at a guess: a quarter of its bytes.
    pub input_tokens_about: u64,
    /// Tokens of the prompt, at most: its bytes.
    pub input_tokens_most: u64,
    /// Tokens of the answer, at most: its cap.
    pub output_tokens_most: u64,
    /// What it costs at most, in micro-dollars; none where the price is not known.
    pub usd_micros_most: Option<u64>,
}

impl EstimatedCall {
    /// Of a prompt of so many bytes.
    #[must_use]
    pub fn new(
        step: Step,
        (provider, model): (&str, &str),
        bytes: u64,
        cap: u32,
        price: Option<&Price>,
    ) -> Self {
        let most = Usage { input_tokens: bytes, output_tokens: u64::from(cap) };
        Self {
            step,
            provider: provider.to_owned(),
            model: model.to_owned(),
            input_tokens_about: bytes.div_ceil(4),
            input_tokens_most: bytes,
            output_tokens_most: u64::from(cap),
            usd_micros_most: price.map(|price| Amount::of(most, Some(price)).usd_micros),
        }
    }
}

/// What a run may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Each call.
    pub calls: Vec<EstimatedCall>,
    /// How often each call may be sent again at most: after failures, and for answers that do not fit.
    pub again_most: u32,
    /// The budget of tokens.
    pub budget_tokens: Option<u64>,
    /// The budget of money, in micro-dollars.
    pub budget_usd_micros: Option<u64>,
}

impl Estimate {
    /// The sum of something of each call.
    #[must_use]
    pub fn total(&self, part: impl Fn(&EstimatedCall) -> u64) -> u64 {
        self.calls.iter().map(part).fold(0, u64::saturating_add)
    }

    /// What all calls cost at most, in micro-dollars; none where a price is not known.
    #[must_use]
    pub fn usd_micros_most(&self) -> Option<u64> {
        self.calls
            .iter()
            .map(|call| call.usd_micros_most)
            .try_fold(0u64, |sum, one| Some(sum.saturating_add(one?)))
    }
}
