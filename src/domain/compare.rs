//! Groups of runs side by side: what came of each, how far the panel agreed, and how sure that is.
//!
//! The figures are statistics, for people: they decide nothing, and are binary numbers. Sources:
//! - the interval of a share is Wilson's (JASA 22, 1927), that of a mean Student's, both at 95 %;
//! - effective votes are `n / (1 + (n - 1) r)`, with `n` reviews a run and `r` the mean correlation of two
//!   personas' scores, no less than 0 (Kish's design effect, Survey Sampling, 1965).

use std::collections::BTreeMap;

use super::decision::Label;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// The share of intervals that hold what they are about.
const LEVEL: f64 = 0.95;
/// A correlation of fewer runs says nothing.
const FEWEST_RUNS: f64 = 3.0;

/// By what runs are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The version of the prompt set.
    PromptSetVersion,
    /// The models that reviewed.
    Model,
    /// The version of the policy.
    PolicyVersion,
    /// Which opinion on the same inputs it is.
    Sample,
}

/// One run, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The group that it belongs to.
    pub group: String,
    /// What was asked: the same for all samples of one question.
    pub question: String,
    /// What was decided.
    pub decision: Option<Label>,
    /// The weighted confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// Its reviews.
    pub votes: Vec<Vote>,
}

/// One review, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// Whose.
    pub persona: String,
    /// Its confidence, 0 to 1.
    pub score: f64,
    /// Whether it has a blocking issue.
    pub blocks: bool,
}

/// What is known of a group of runs. Where a figure is none, there are too few runs for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What its runs have in common.
    pub value: String,
    /// How many runs it has.
    pub runs: u64,
    /// How many questions they ask: runs of one question are samples, and not independent of one another.
    pub questions: u64,
    /// How many of the runs are decided.
    pub decided: u64,
    /// How many were approved.
    pub approved: u64,
    /// Between which the share of approvals lies, 0 to 1.
    pub approved_between: Option<[f64; 2]>,
    /// The mean weighted confidence.
    pub mean_confidence: Option<f64>,
    /// Between which it lies.
    pub mean_between: Option<[f64; 2]>,
    /// The standard deviation of the weighted confidence.
    pub spread: Option<f64>,
    /// The mean number of reviews of a run that has some.
    pub reviews: Option<f64>,
    /// The share of pairs of personas, within runs, of which both or neither have a blocking issue.
    pub agreement: Option<f64>,
    /// So many independent reviews would say as much.
    pub effective_votes: Option<f64>,
    /// Pairs of decided samples of one question, of which at least one is in the group.
    pub sample_pairs: u64,
    /// How many of these pairs were decided differently; none where there are no pairs.
    pub flips: Option<u64>,
}

/// Runs being compared, in the order of their questions. What it holds grows with the groups and the panel,
/// not with the runs.
#[derive(Debug, Default)]
pub struct Comparison {
    groups: BTreeMap<String, Tally>,
    question: String,
    /// What was decided of the question's samples, by group and decision.
    samples: BTreeMap<(String, Label), u64>,
}

impl Comparison {
    /// Takes in a run; runs of one question follow on one another.
    pub fn add(&mut self, run: &Compared) {
        if run.question != self.question {
            self.end_question();
            self.question.clone_from(&run.question);
        }
        if let Some(decision) = run.decision {
            *self.samples.entry((run.group.clone(), decision)).or_default() += 1;
        }
        self.groups.entry(run.group.clone()).or_default().add(run);
    }

    /// What is known of each group, by value.
    #[must_use]
    pub fn finish(mut self) -> Vec<Group> {
        self.end_question();
        self.groups.into_iter().map(|(value, tally)| tally.group(value)).collect()
    }

    fn end_question(&mut self) {
        let samples = std::mem::take(&mut self.samples);
        let (mut all, mut by_decision, mut by_group) = (0, BTreeMap::new(), BTreeMap::new());
        for ((group, decision), count) in &samples {
            all += count;
            *by_decision.entry(decision).or_insert(0) += count;
            *by_group.entry(group).or_insert(0) += count;
        }
        // Pairs with one in the group, and pairs with both.
        let pairs = |mine: u64, all: u64| mine * (all - mine) + mine * mine.saturating_sub(1) / 2;
        for (group, mine) in by_group {
            let Some(tally) = self.groups.get_mut(group) else { continue };
            let of_group = samples.iter().filter(|((of, _), _)| of == group);
            let agreeing: u64 =
                of_group.map(|((_, decision), count)| pairs(*count, by_decision[decision])).sum();
            tally.sample_pairs += pairs(mine, all);
            tally.flips += pairs(mine, all) - agreeing;
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    questions: u64,
    /// The question of the run before.
    last: Option<String>,
    decided: u64,
    approved: u64,
    confidence: Sums,
    reviews: Sums,
    pairs: u64,
    agreeing: u64,
    scores: BTreeMap<String, BTreeMap<String, Sums>>,
    sample_pairs: u64,
    flips: u64,
}

impl Tally {
    fn add(&mut self, run: &Compared) {
        self.runs += 1;
        if self.last.as_ref() != Some(&run.question) {
            self.questions += 1;
            self.last = Some(run.question.clone());
        }
        self.decided += u64::from(run.decision.is_some());
        self.approved += u64::from(run.decision == Some(Label::Approve));
        if let Some(confidence) = run.confidence {
            self.confidence.add(confidence, confidence);
        }
        // A panel that came to nothing may have lost those that would not have agreed.
        if run.votes.is_empty() || run.decision.is_none() {
            return;
        }
        let count = count(run.votes.len() as u64);
        self.reviews.add(count, count);
        for (at, one) in run.votes.iter().enumerate() {
            for other in &run.votes[at + 1..] {
                self.pairs += 1;
                self.agreeing += u64::from(one.blocks == other.blocks);
                let (low, high) = if one.persona <= other.persona { (one, other) } else { (other, one) };
                if !self.scores.contains_key(&low.persona) {
                    self.scores.insert(low.persona.clone(), BTreeMap::new());
                }
                let Some(others) = self.scores.get_mut(&low.persona) else { continue };
                if !others.contains_key(&high.persona) {
                    others.insert(high.persona.clone(), Sums::default());
                }
                if let Some(sums) = others.get_mut(&high.persona) {
                    sums.add(low.score, high.score);
                }
            }
        }
    }

    fn group(self, value: String) -> Group {
        let reviews = self.reviews.mean();
        let correlations: Vec<f64> =
            self.scores.values().flat_map(BTreeMap::values).filter_map(Sums::correlation).collect();
        let mean = correlations.iter().sum::<f64>() / count(correlations.len() as u64);
        let effective = |reviews: f64| reviews / (1.0 + (reviews - 1.0) * mean.max(0.0));
        Group {
            value,
            runs: self.runs,
            questions: self.questions,
            decided: self.decided,
            approved: self.approved,
            approved_between: share_between(self.approved, self.decided).map(|between| between.map(rounded)),
            mean_confidence: self.confidence.mean().map(rounded),
            mean_between: self.confidence.mean_between().map(|between| between.map(rounded)),
            spread: self.confidence.spread().map(rounded),
            reviews: reviews.map(rounded),
            agreement: (self.pairs > 0).then(|| rounded(count(self.agreeing) / count(self.pairs))),
            effective_votes: reviews.filter(|_| !correlations.is_empty()).map(effective).map(rounded),
            sample_pairs: self.sample_pairs,
            flips: (self.sample_pairs > 0).then_some(self.flips),
        }
    }
}

/// Of pairs of numbers: how many, their means, and how they vary (Welford's method).
#[derive(Debug, Default)]
struct Sums {
    count: f64,
    means: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

impl Sums {
    fn add(&mut self, one: f64, other: f64) {
        self.count += 1.0;
        let from = [one - self.means[0], other - self.means[1]];
        self.means[0] += from[0] / self.count;
        self.means[1] += from[1] / self.count;
        let to = [one - self.means[0], other - self.means[1]];
        self.squares[0] += from[0] * to[0];
        self.squares[1] += from[1] * to[1];
        self.products += from[0] * to[1];
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then_some(self.means[0])
    }

    fn spread(&self) -> Option<f64> {
        (self.count > 1.0).then(|| (self.squares[0] / (self.count - 1.0)).sqrt())
    }

    fn mean_between(&self) -> Option<[f64; 2]> {
        let student = StudentsT::new(0.0, 1.0, self.count - 1.0).ok()?;
        let by = student.inverse_cdf(f64::midpoint(1.0, LEVEL)) * self.spread()? / self.count.sqrt();
        Some([(self.means[0] - by).max(0.0), (self.means[0] + by).min(1.0)])
    }

    fn correlation(&self) -> Option<f64> {
        // Scores that are all the same vary by what rounding leaves.
        let varies = self.squares.iter().all(|squares| *squares > 1e-12);
        (self.count >= FEWEST_RUNS && varies)
            .then(|| self.products / (self.squares[0] * self.squares[1]).sqrt())
    }
}

/// Wilson's interval of a share.
fn share_between(part: u64, all: u64) -> Option<[f64; 2]> {
    if all == 0 {
        return None;
    }
    let (all, share) = (count(all), count(part) / count(all));
    let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, LEVEL));
    let middle = share + z * z / (2.0 * all);
    let by = z * (share * (1.0 - share) / all + z * z / (4.0 * all * all)).sqrt();
    let whole = 1.0 + z * z / all;
    Some([((middle - by) / whole).max(0.0), ((middle + by) / whole).min(1.0)])
}

/// To six digits: more is noise.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 of anything that is counted")]
const fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(group: &str, question: &str, decision: Option<Label>, scores: &[f64]) -> Compared {
        let vote = |(at, score): (usize, &f64)| Vote {
            persona: format!("p{at}"),
            score: *score,
            blocks: *score < 0.5,
        };
        Compared {
            group: group.into(),
            question: question.into(),
            decision,
            confidence: scores.first().copied(),
            votes: scores.iter().enumerate().map(vote).collect(),
        }
    }

    fn compared(runs: &[Compared]) -> Vec<Group> {
        let mut comparison = Comparison::default();
        for run in runs {
            comparison.add(run);
        }
        comparison.finish()
    }

    fn close(value: Option<f64>, to: f64) -> bool {
        value.is_some_and(|value| (value - to).abs() < 1e-3)
    }

    #[test]
    fn the_figures_are_those_of_the_textbooks() {
        // Wilson: 4 of 10 gives 0.168 to 0.687.
        let [low, high] = share_between(4, 10).unwrap();
        assert!((low - 0.1682).abs() < 1e-3 && (high - 0.6873).abs() < 1e-3, "{low} {high}");
        assert_eq!(share_between(0, 0), None);
        let groups = compared(&[
            run("a", "1", Some(Label::Approve), &[0.2, 0.4]),
            run("a", "2", Some(Label::Reject), &[0.4, 0.8]),
            run("a", "3", Some(Label::Approve), &[0.6, 0.6]),
        ]);
        let group = &groups[0];
        assert_eq!((group.runs, group.decided, group.approved), (3, 3, 2));
        assert!(close(group.mean_confidence, 0.4) && close(group.spread, 0.2));
        // Student's t with 2 degrees of freedom is 4.303, so 0.4 -+ 4.303 * 0.2 / sqrt(3), cut to 0 and 1.
        assert!(close(group.mean_between.map(|between| between[1]), 0.8968));
        assert!(close(group.agreement, 2.0 / 3.0));
        // The correlation is 0.5, so 2 / (1 + 0.5).
        assert!(close(group.effective_votes, 2.0 / 1.5), "{group:?}");
        assert_eq!((group.sample_pairs, group.flips, group.questions), (0, None, 3));
    }

    #[test]
    fn personas_that_always_say_the_same_are_one_vote_and_what_does_not_vary_says_nothing() {
        let alike = |scores: [f64; 3]| {
            let runs: Vec<_> =
                scores.iter().map(|score| run("a", "q", Some(Label::Revise), &[*score; 5])).collect();
            compared(&runs).remove(0).effective_votes
        };
        assert!(close(alike([0.1, 0.5, 0.9]), 1.0));
        assert_eq!(alike([0.7; 3]), None);
    }

    #[test]
    fn flips_are_pairs_of_samples_that_were_decided_differently() {
        let runs = |groups: [&str; 4]| {
            let decisions = [Some(Label::Approve), Some(Label::Revise), Some(Label::Approve), None];
            let of = |(group, decision): (&str, Option<Label>)| run(group, "q", decision, &[0.5]);
            groups.into_iter().zip(decisions).map(of).collect::<Vec<_>>()
        };
        let of = |groups| {
            let figures = |group: Group| (group.value, group.sample_pairs, group.flips);
            compared(&runs(groups)).into_iter().map(figures).collect::<Vec<_>>()
        };
        assert_eq!(of(["m"; 4]), [("m".into(), 3, Some(2))]);
        // By sample: each against the two others that are decided.
        let by_sample = of(["1", "2", "3", "4"]);
        let expected = [("1", 2, Some(1)), ("2", 2, Some(2)), ("3", 2, Some(1)), ("4", 0, None)];
        assert_eq!(by_sample, expected.map(|(value, pairs, flips)| (value.to_owned(), pairs, flips)));
    }

    proptest! {
        #[test]
        fn figures_stay_in_their_ranges_and_do_not_follow_the_order(
            runs in proptest::collection::vec((0..3u8, 0..3u8, 0..4usize, proptest::collection::vec(0..=100u8, 0..6)), 0..40)
        ) {
            let label = [None, Some(Label::Approve), Some(Label::Revise), Some(Label::Reject)];
            let mut made: Vec<Compared> = runs.iter().map(|(group, question, decision, scores)| {
                let scores: Vec<f64> = scores.iter().map(|score| f64::from(*score) / 100.0).collect();
                run(&group.to_string(), &question.to_string(), label[*decision], &scores)
            }).collect();
            made.sort_by(|a, b| a.question.cmp(&b.question));
            let groups = compared(&made);
            for group in &groups {
                for [low, high] in [group.approved_between, group.mean_between].into_iter().flatten() {
                    prop_assert!((0.0..=1.0).contains(&low) && low <= high && high <= 1.0);
                }
                if let (Some(votes), Some(reviews)) = (group.effective_votes, group.reviews) {
                    prop_assert!(votes <= reviews + 1e-6 && votes >= 0.0);
                }
                prop_assert!(group.flips.unwrap_or(0) <= group.sample_pairs && group.questions <= group.runs);
            }
            made.reverse();
            let again = compared(&made);
            prop_assert_eq!(groups.len(), again.len());
            for (one, other) in groups.iter().zip(&again) {
                prop_assert_eq!((one.runs, one.flips, one.sample_pairs), (other.runs, other.flips, other.sample_pairs));
            }
        }
    }
}
