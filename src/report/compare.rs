//! What `compare` says.

use super::json::{FORMAT_VERSION, number, object};
use super::table::{Form, Table};
use crate::domain::compare::{By, Group};
use crate::domain::facts::Cell;
use crate::domain::json::{Value, to_value};

/// For people.
#[must_use]
pub fn text(by: By, groups: &[Group]) -> String {
    let head = to_value(&by).as_str().unwrap_or_default().to_owned();
    let mut table = Table::new(Form::Table);
    let heads =
        ["runs", "questions", "approved", "confidence", "spread", "agreement", "effective votes", "flips"];
    let columns: Vec<String> = std::iter::once(head).chain(heads.map(str::to_owned)).collect();
    let mut out = table.columns(&columns);
    for group in groups {
        out += &table.row(&row(group));
    }
    out += &table.end(true);
    out += "Between brackets: where the true value lies in 95 of 100 such samples. -: too few runs to say.\n";
    if groups.iter().any(|group| group.questions < group.runs) {
        out += "There are several runs of one question: they are not independent, so the brackets are too narrow.\n";
    }
    out
}

fn row(group: &Group) -> Vec<Cell> {
    let between = |between: Option<[f64; 2]>| {
        between.map(|[low, high]| format!(" ({low:.2} to {high:.2})")).unwrap_or_default()
    };
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let share = |part: u64, all: u64| (all > 0).then(|| format!("{part} of {all}"));
    let approved = share(group.approved, group.decided);
    let mean = group.mean_confidence.map(|mean| format!("{mean:.3}"));
    let votes = group.effective_votes.zip(group.reviews);
    [
        group.value.clone(),
        group.runs.to_string(),
        group.questions.to_string(),
        or_none(approved.map(|approved| approved + &between(group.approved_between))),
        or_none(mean.map(|mean| mean + &between(group.mean_between))),
        or_none(group.spread.map(|spread| format!("{spread:.3}"))),
        or_none(group.agreement.map(|agreement| format!("{agreement:.2}"))),
        or_none(votes.map(|(votes, reviews)| format!("{votes:.1} of {}", trimmed(reviews)))),
        or_none(group.flips.and_then(|flips| share(flips, group.sample_pairs))),
    ]
    .map(Cell::Text)
    .into()
}

/// With a digit behind the point only where there is something.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// For programs.
#[must_use]
pub fn json(by: By, groups: &[Group]) -> Value {
    object([("format_version", number(FORMAT_VERSION)), ("by", to_value(&by)), ("groups", to_value(&groups))])
}
