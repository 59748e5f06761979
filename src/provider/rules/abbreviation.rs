//! Abbreviations that a document uses and does not explain. It relies on spelling alone: capital letters, and
//! an explanation right beside one of the mentions, as "Known Words (KW)" or "KW: known words".

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::blocks::Block;

static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_]+").expect("the pattern is a literal"));
static EXPLAINED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(?: ?[:=(]| ?[–—]| - |,? (?:stands? for|means|is short for|short for|is the|are the|is an?|i\.e\.)\b)";
    Regex::new(pattern).expect("the pattern is a literal")
});

/// Used less often it is taken for a name.
const FEWEST: usize = 2;

/// The first place of each abbreviation that is not explained: its block, and its range in the block's text.
pub(super) fn unexplained<'d>(
    blocks: &'d [Block],
    known: &BTreeSet<String>,
) -> Vec<(&'d Block, Range<usize>)> {
    let mut first: BTreeMap<&str, (usize, &Block, Range<usize>)> = BTreeMap::new();
    let mut explained = BTreeSet::new();
    let mut order = Vec::new();
    for block in blocks {
        let text = block.prose.text();
        for (token, range) in abbreviations(block) {
            let before = text[..range.start].chars().next_back();
            if before == Some('(') || EXPLAINED.is_match(&text[range.end..]) {
                explained.insert(token);
            }
            let entry = first.entry(token).or_insert_with(|| {
                order.push(token);
                (0, block, range.clone())
            });
            entry.0 += 1;
        }
    }
    let is_open = |token: &&str| !known.contains(*token) && !explained.contains(*token);
    order
        .into_iter()
        .filter(is_open)
        .filter_map(|token| first.get(token))
        .filter(|(count, ..)| *count >= FEWEST)
        .map(|(_, block, range)| (*block, range.clone()))
        .collect()
}

/// Words of capital letters, a plural `s` left out; not where a whole line is written so, and not code.
fn abbreviations(block: &Block) -> impl Iterator<Item = (&str, Range<usize>)> {
    let text = block.prose.text();
    let tokens: Vec<_> = TOKEN.find_iter(text).collect();
    let shouted = tokens.iter().filter(|token| is_capital(token.as_str())).count() * 2 > tokens.len();
    let tokens = if shouted { Vec::new() } else { tokens };
    tokens.into_iter().filter_map(move |token| {
        let word = token.as_str();
        let word = word.strip_suffix('s').unwrap_or(word);
        let range = token.start()..token.start() + word.len();
        let joined = |letter: Option<char>| letter.is_some_and(|letter| "-_./+#@$".contains(letter));
        let after = &text[token.end()..];
        // A full stop ends a sentence, unless a letter follows it.
        let ends = after.starts_with('.') && !after[1..].starts_with(char::is_alphanumeric);
        let apart =
            !joined(text[..range.start].chars().next_back()) && (ends || !joined(after.chars().next()));
        let short = (2..=6).contains(&word.len());
        (short && apart && is_capital(word) && !block.prose.touches_code(&range)).then_some((word, range))
    })
}

fn is_capital(word: &str) -> bool {
    let letters = word.bytes().filter(u8::is_ascii_uppercase).count();
    letters >= 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
