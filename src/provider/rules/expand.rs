//! The proposal that rules make of an idea: its own words, sorted by what its headings call them. What
//! has no heading is not guessed at; the proposal says that it was not found.

use std::ops::Range;

use super::blocks::{Block, BlockKind};
use super::check::Reading;
use super::prose::floor;
use super::silence::unclear;
use crate::domain::json::{Value, to_value};
use crate::domain::proposal::Proposal;
use crate::domain::silenced::{READ_AS, ReadAs};
use crate::domain::text::{Text, fold_space};

/// A longer sentence is no title, in characters.
const LONGEST_TITLE: usize = 90;
/// A summary is cut to this, at the end of a sentence.
const LONGEST_SUMMARY: usize = 400;
/// A statement is cut to this, at the end of a sentence.
const LONGEST_STATEMENT: usize = 4_000;
/// A list is cut to so many items.
const MOST_ITEMS: usize = 50;

/// Sorts the document's words into a proposal.
pub(super) fn expand(reading: &Reading) -> Proposal {
    let proposal = sorted(reading);
    let masked = |text: Text| Text::or(&reading.masked(text.as_str()), "not said");
    Proposal {
        problem_statement: masked(proposal.problem_statement),
        proposed_solution: masked(proposal.proposed_solution),
        assumptions: proposal.assumptions.into_iter().map(masked).collect(),
        scope_non_goals: proposal.scope_non_goals.into_iter().map(masked).collect(),
        title: proposal.title.map(masked),
        summary: proposal.summary.map(masked),
        ..proposal
    }
}

fn sorted(reading: &Reading) -> Proposal {
    let words = &reading.rules.reading;
    let problem = statement(reading, &words.problem_topic, true);
    let solution = statement(reading, &words.solution_topic, false);
    Proposal {
        problem_statement: Text::or(&problem, "No section or sentence about the problem was found."),
        proposed_solution: Text::or(&solution, "No section or sentence about what is to be built was found."),
        assumptions: list(reading, &words.assumption_headings),
        scope_non_goals: list(reading, &words.non_goal_headings),
        title: title(reading),
        summary: summary(reading),
        raw_idea: None,
        raw_expanded_proposal: None,
        metadata: Some(Value::Object(vec![(READ_AS.to_owned(), to_value(&read_as(reading)))])),
    }
}

fn read_as(reading: &Reading) -> ReadAs {
    let kind = &reading.kind;
    let topics = || reading.rules.topics.iter();
    let asked = topics().filter(|topic| topic.common.severity_in(&kind.id).is_some()).count();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    ReadAs {
        kind: kind.id.clone(),
        name: kind.name.clone(),
        because: reading.masked(&kind.because),
        topics: count(asked),
        of: count(topics().count()),
        unclear: unclear(&reading.rules, &reading.directives)
            .iter()
            .map(|said| reading.masked(said))
            .collect(),
    }
}

fn title(reading: &Reading) -> Option<Text> {
    let document = &reading.document;
    let heading = || document.title().map(|title| document.headings[title].text.as_str());
    let named = || {
        let mut labels = document.labels.iter();
        let label = labels.find(|label| matches!(label.normalised.as_str(), "feature name" | "title"))?;
        Some(label.says.as_str())
    };
    let first = || {
        let block = document.blocks.first().filter(|_| document.headings.is_empty())?;
        let sentence = &block.prose.text()[block.sentences.first()?.clone()];
        (sentence.chars().count() <= LONGEST_TITLE).then(|| sentence.trim_end_matches('.'))
    };
    let title = document.given_title.as_deref().or_else(heading).or_else(named).or_else(first)?;
    Text::new(&fold_space(title)).ok()
}

fn summary(reading: &Reading) -> Option<Text> {
    let mut blocks = reading.document.blocks.iter();
    let first = blocks.find(|block| block.kind == BlockKind::Paragraph)?;
    Text::new(&cut(block_text(first), LONGEST_SUMMARY, &first.sentences)).ok()
}

/// The text of the section on a topic; else the first sentence that names it; else nothing. A problem may
/// be told in an aside, a solution not: the section on a rejected design is none.
fn statement(reading: &Reading, topic: &str, asides: bool) -> String {
    let document = &reading.document;
    let headings = reading.rules.headings_of(topic);
    if let Some(heading) = reading.sections.best(&reading.rules, document, headings, asides) {
        return section_text(&document.blocks[reading.sections.body(heading)]);
    }
    let topic = reading.rules.topics.iter().find(|known| known.common.id == topic);
    let sentence = topic.and_then(|topic| reading.sentence_of(topic));
    sentence.map_or_else(String::new, |(range, _)| {
        cut(&fold_space(&document.source[range]), LONGEST_STATEMENT, &[])
    })
}

/// The blocks of a section up to the longest statement, as paragraphs and items.
fn section_text(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks.iter().filter(|block| block_text(block).contains(char::is_alphanumeric)) {
        let room = LONGEST_STATEMENT.saturating_sub(text.len());
        if room < 80 {
            break;
        }
        let item = block.kind == BlockKind::Item;
        text.push_str(if item { "\n- " } else { "\n\n" });
        text.push_str(&cut(block_text(block), room, &block.sentences));
    }
    text
}

fn list(reading: &Reading, headings: &[String]) -> Vec<Text> {
    let Some(heading) = reading.sections.best(&reading.rules, &reading.document, headings, true) else {
        return Vec::new();
    };
    let blocks = &reading.document.blocks[reading.sections.body(heading)];
    let is_item = |block: &&Block| block.kind == BlockKind::Item;
    let has_items = blocks.iter().any(|block| is_item(&block));
    let texts: Vec<&str> = if has_items {
        blocks.iter().filter(is_item).map(block_text).collect()
    } else {
        blocks.iter().flat_map(sentences).collect()
    };
    let short = |text: &str| Text::new(&cut(text, LONGEST_STATEMENT, &[])).ok();
    let telling = texts.into_iter().filter(|text| text.contains(char::is_alphanumeric));
    telling.take(MOST_ITEMS).filter_map(short).collect()
}

fn block_text(block: &Block) -> &str {
    block.prose.text()
}

fn sentences(block: &Block) -> impl Iterator<Item = &str> {
    block.sentences.iter().map(|range| &block.prose.text()[range.clone()])
}

/// At most `longest` bytes, up to the end of the last sentence that fits; with none, up to a letter.
fn cut(text: &str, longest: usize, sentences: &[Range<usize>]) -> String {
    if text.len() <= longest {
        return fold_space(text);
    }
    let whole = sentences.iter().map(|range| range.end).take_while(|end| *end <= longest).last();
    match whole {
        Some(end) => fold_space(&text[..end]),
        None => format!("{} …", fold_space(&text[..floor(text, longest)])),
    }
}
