//! Keys, tokens and passwords in a text: where they stand, and the text without them.

use std::ops::Range;

use super::Rules;
use super::check::in_source;
use super::compiled::Compiled;
use super::lines::Lines;
use super::prose::floor;

/// So much of a secret is shown, so that whoever wrote it knows which it is, in bytes.
const SHOWN: usize = 4;
/// What the first and the last line of a key in PEM begin with.
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

impl Rules {
    /// The lines of `text` in which keys, tokens or passwords stand, from 1.
    #[must_use]
    pub fn secret_lines(&self, text: &str) -> Vec<u32> {
        let lines = Lines::of(text);
        let mut found: Vec<u32> =
            ranges(&self.compiled, text).iter().map(|range| lines.at(range.start)).collect();
        found.dedup();
        found
    }

    /// `text` without each key, token and password.
    #[must_use]
    pub fn without_secrets(&self, text: &str) -> String {
        without(&self.compiled, text, 0, "[removed]")
    }
}

/// Where secrets stand, in order.
pub(super) fn ranges(rules: &Compiled, text: &str) -> Vec<Range<usize>> {
    let hazards = rules.hazards.iter().filter(|hazard| hazard.own.secret);
    let found = hazards.flat_map(|hazard| in_source(hazard, text)).filter(|found| !found.is_empty());
    let mut found: Vec<_> = found.map(|found| found.start..end_of_key(text, &found)).collect();
    found.sort_by_key(|found| found.start);
    found
}

/// Of what looks like a secret its beginning alone.
pub(super) fn masked(rules: &Compiled, text: &str) -> String {
    without(rules, text, SHOWN, "…")
}

/// What looks like a secret replaced, but for its first bytes.
fn without(rules: &Compiled, text: &str, shown: usize, instead: &str) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for secret in ranges(rules, text) {
        let start = secret.start.max(done);
        if start < secret.end {
            let shown = floor(text, secret.start + shown).clamp(start, secret.end);
            out.push_str(&text[done..shown]);
            out.push_str(instead);
            done = secret.end;
        }
    }
    out + &text[done..]
}

/// The end of a key in PEM, whose first line alone was found: its last line, or where what could be of it ends.
fn end_of_key(text: &str, found: &Range<usize>) -> usize {
    let Some(rest) = text[found.clone()].starts_with(BEGIN).then(|| &text[found.end..]) else {
        return found.end;
    };
    if let Some(at) = rest.find(END) {
        let after = at + END.len();
        let line = rest[after..].find("-----").map_or(after, |end| after + end + "-----".len());
        return found.end + line;
    }
    let is_of_key = |line: &str| {
        let line = line.trim();
        line.contains(": ")
            || line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\\".contains(&byte))
    };
    found.end + rest.split_inclusive('\n').take_while(|line| is_of_key(line)).map(str::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_taken_out_whole() {
        let rules = Rules::builtin().unwrap();
        let text =
            "Before.\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----\nAfter.";
        assert_eq!(rules.without_secrets(text), "Before.\n[removed]\nAfter.");
        assert_eq!(rules.secret_lines(text), [2]);
        let cut = "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nMIIEow\nAnd then it went on.";
        assert_eq!(rules.without_secrets(cut), "[removed]And then it went on.");
    }

    #[test]
    fn several_on_a_line_are_one_line() {
        let rules = Rules::builtin().unwrap();
        let text = "ok\nAKIAIOSFODNN7ABCDEFG and ghp_0123456789abcdefghijklmnopqrstuvwxyz\n";
        assert_eq!(rules.secret_lines(text), [2]);
        assert_eq!(rules.without_secrets(text), "ok\n[removed] and [removed]\n");
        assert!(rules.secret_lines("Nothing here.").is_empty());
    }
}
