//! What a run may spend: reserved before a request, settled after it.
//!
//! Money is whole micro-dollars and rounds up. Until a request is settled the whole reservation counts, and
//! one that was never settled, because the process died, counts for good: money is never forgotten.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::event::{Event, Log};
use super::exchange::Usage;
use super::policy::{Limits, Price};
use super::step::Step;

/// What something costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens, of prompts and answers.
    pub tokens: u64,
    /// Micro-dollars; 0 where the price is not known.
    pub usd_micros: u64,
    /// Energy figure; 0 where it is not known.
    pub nature_cost: u64,
}

impl Amount {
    /// What `usage` costs at `price`.
    #[must_use]
    pub fn of(usage: Usage, price: Option<&Price>) -> Self {
        let Usage { input_tokens, output_tokens } = usage;
        let tokens = input_tokens.saturating_add(output_tokens);
        let Some(price) = price else { return Self { tokens, ..Self::default() } };
        let part = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let money = part(input_tokens, price.input_usd_micros)
            .saturating_add(part(output_tokens, price.output_usd_micros))
            .div_ceil(1_000_000);
        let nature = part(tokens, price.nature_cost.unwrap_or(0)).div_ceil(1000);
        let cut = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
        Self { tokens, usd_micros: cut(money), nature_cost: cut(nature) }
    }

    /// This and that together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            usd_micros: self.usd_micros.saturating_add(other.usd_micros),
            nature_cost: self.nature_cost.saturating_add(other.nature_cost),
        }
    }

    fn less(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            usd_micros: self.usd_micros.saturating_sub(other.usd_micros),
            nature_cost: self.nature_cost.saturating_sub(other.nature_cost),
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

/// Which limit it is, as events and errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `budget_tokens`
    Tokens,
    /// `budget_usd_micros`
    Money,
    /// `budget_nature_cost`, which warns only.
    Nature,
}

impl Limit {
    /// The policy's field.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Tokens => "budget_tokens",
            Self::Money => "budget_usd_micros",
            Self::Nature => "budget_nature_cost",
        }
    }
}

/// A reservation that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is {budget}: {spent} are spent, and the next request may take {wanted}", limit.field())]
pub struct Exceeded {
    /// Which limit.
    pub limit: Limit,
    /// How much it allows.
    pub budget: u64,
    /// How much is spent.
    pub spent: u64,
    /// How much the request may take.
    pub wanted: u64,
}

/// Whether a reservation fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is reserved.
    Reserved,
    /// It will fit if the requests under way take less than was reserved for them.
    Later,
    /// It cannot fit.
    Never(Exceeded),
}

/// What a run has spent and reserved, over all its attempts.
#[derive(Debug, Clone, Default)]
pub struct Account {
    spent: Amount,
    reserved: Amount,
}

impl Account {
    /// The account after these attempts; what they reserved and never settled is spent.
    #[must_use]
    pub fn after<'a>(logs: impl IntoIterator<Item = &'a Log>) -> Self {
        let mut spent = Amount::default();
        for log in logs {
            let mut open: BTreeMap<(&Step, u32), Amount> = BTreeMap::new();
            for entry in &log.entries {
                match &entry.event {
                    Event::CallReserved { step, call, reserved, .. } => {
                        open.insert((step, *call), *reserved);
                    }
                    Event::CallSettled { step, call, spent: settled, .. } => {
                        open.remove(&(step, *call));
                        spent += *settled;
                    }
                    _ => {}
                }
            }
            for reserved in open.into_values() {
                spent += reserved;
            }
        }
        Self { spent, reserved: Amount::default() }
    }

    /// What is spent.
    #[must_use]
    pub fn spent(&self) -> Amount {
        self.spent
    }

    /// Reserves `amount`, if it fits.
    pub fn reserve(&mut self, amount: Amount, limits: &Limits) -> Fit {
        let (now, settled) = (self.spent.and(self.reserved), self.spent);
        if over(now, amount, limits).is_none() {
            self.reserved += amount;
            return Fit::Reserved;
        }
        match over(settled, amount, limits) {
            Some(exceeded) => Fit::Never(exceeded),
            None => Fit::Later,
        }
    }

    /// Replaces a reservation by what was spent.
    pub fn settle(&mut self, reserved: Amount, spent: Amount) {
        self.reserved = self.reserved.less(reserved);
        self.spent += spent;
    }

    /// The budgets of which at least four fifths are spent.
    pub fn nearly_spent<'a>(&self, limits: &'a Limits) -> impl Iterator<Item = (Limit, u64)> + use<'a> {
        let Amount { tokens, usd_micros, nature_cost } = self.spent;
        let near = |spent: u64, budget: Option<u64>| {
            budget.filter(|budget| u128::from(spent) * 5 >= u128::from(*budget) * 4 && spent > 0)
        };
        [
            (Limit::Tokens, near(tokens, limits.budget_tokens)),
            (Limit::Money, near(usd_micros, limits.budget_usd_micros)),
            (Limit::Nature, near(nature_cost, limits.budget_nature_cost)),
        ]
        .into_iter()
        .filter_map(|(limit, budget)| Some((limit, budget?)))
    }
}

fn over(spent: Amount, more: Amount, limits: &Limits) -> Option<Exceeded> {
    let exceeds = |limit, spent: u64, wanted: u64, budget: Option<u64>| {
        let budget = budget.filter(|budget| spent.saturating_add(wanted) > *budget)?;
        Some(Exceeded { limit, budget, spent, wanted })
    };
    exceeds(Limit::Tokens, spent.tokens, more.tokens, limits.budget_tokens)
        .or_else(|| exceeds(Limit::Money, spent.usd_micros, more.usd_micros, limits.budget_usd_micros))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(tokens: u64) -> Amount {
        Amount { tokens, ..Amount::default() }
    }

    fn limits(tokens: u64) -> Limits {
        Limits { budget_tokens: Some(tokens), ..Limits::default() }
    }

    #[test]
    fn money_rounds_up_and_never_overflows() {
        let price =
            Price { input_usd_micros: 3_000_000, output_usd_micros: 15_000_000, nature_cost: Some(2) };
        let cost =
            |input_tokens, output_tokens| Amount::of(Usage { input_tokens, output_tokens }, Some(&price));
        assert_eq!(cost(1000, 100), Amount { tokens: 1100, usd_micros: 4500, nature_cost: 3 });
        let cheap = Price { input_usd_micros: 1, output_usd_micros: 1, nature_cost: None };
        let one = Usage { input_tokens: 1, output_tokens: 0 };
        assert_eq!(Amount::of(one, Some(&cheap)).usd_micros, 1);
        assert_eq!(cost(u64::MAX, u64::MAX).usd_micros, u64::MAX);
        assert_eq!(Amount::of(one, None), tokens(1));
    }

    #[test]
    fn what_does_not_fit_beside_others_may_fit_after_them() {
        let (mut account, limits) = (Account::default(), limits(100));
        assert_eq!(account.reserve(tokens(60), &limits), Fit::Reserved);
        assert_eq!(account.reserve(tokens(60), &limits), Fit::Later);
        account.settle(tokens(60), tokens(30));
        assert_eq!(account.reserve(tokens(60), &limits), Fit::Reserved);
        account.settle(tokens(60), tokens(60));
        let exceeded = Exceeded { limit: Limit::Tokens, budget: 100, spent: 90, wanted: 60 };
        assert_eq!(account.reserve(tokens(60), &limits), Fit::Never(exceeded));
        assert_eq!(account.nearly_spent(&limits).collect::<Vec<_>>(), [(Limit::Tokens, 100)]);
    }

    proptest! {
        /// Whatever is reserved and settled for at most as much, in whatever order, the budget holds.
        #[test]
        fn the_budget_is_never_exceeded(asked in prop::collection::vec((0u64..50, 0u64..=100), 0..40), budget in 0u64..300) {
            let (mut account, limits) = (Account::default(), limits(budget));
            let mut open = Vec::new();
            for (amount, share) in asked {
                match account.reserve(tokens(amount), &limits) {
                    Fit::Reserved => open.push((amount, amount * share / 100)),
                    Fit::Later => {
                        let (reserved, spent) = open.pop().expect("something is under way");
                        account.settle(tokens(reserved), tokens(spent));
                    }
                    Fit::Never(_) => {}
                }
                prop_assert!(account.spent.and(account.reserved).tokens <= budget);
            }
        }
    }
}
