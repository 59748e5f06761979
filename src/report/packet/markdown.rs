//! Markdown for a discussion or a repository (CommonMark with tables).

use super::Packet;
use super::template::fill;

/// The packet as Markdown.
#[must_use]
pub fn markdown(packet: &Packet) -> String {
    let text = fill(include_str!("templates/packet.md"), escape, packet);
    // An empty part leaves no gap.
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_end();
        if !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_end().to_owned() + "\n"
}

/// Text on one line that means itself: no markup, no HTML, no link, no mention of a person, no number of
/// an issue.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_first = out.is_empty();
        if !is_first {
            out.push(' ');
        }
        // At the beginning of a line these would make a list, a heading or a rule.
        let digits = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let is_list = digits.len() < word.len() && matches!(digits, "." | ")");
        let marker = is_first.then(|| word.len() - digits.len()).filter(|_| is_list);
        for (at, letter) in word.char_indices() {
            let is_marker =
                marker == Some(at) || is_first && at == 0 && matches!(letter, '-' | '+' | '=' | '#');
            if is_marker
                || matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$')
            {
                out.push('\\');
            }
            out.push(letter);
            // Code hosts look for people, issues, pictures and commits after the markup is gone.
            let next = word[at + letter.len_utf8()..].chars().next();
            let is_sign = matches!(letter, '@' | '#' | '!' | '%' | ':') && next.is_some_and(is_in_name);
            if is_sign
                || at == 0 && is_commit(word)
                || (word[..at].ends_with("GH") || word[..at].ends_with("gh")) && letter == '-'
            {
                out.push_str("<!-- -->");
            }
        }
    }
    out.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

fn is_in_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '+')
}

/// Whether a word begins like a commit's hash.
fn is_commit(word: &str) -> bool {
    let hex = word.bytes().take_while(u8::is_ascii_hexdigit).count();
    let has_both = word.bytes().take(hex).any(|byte| byte.is_ascii_digit())
        && word.bytes().take(hex).any(|byte| byte.is_ascii_alphabetic());
    (7..=64).contains(&hex) && has_both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_means_itself() {
        for (text, escaped) in [
            ("- a * b", "\\- a \\* b"),
            ("1. x", "1\\. x"),
            ("2026 is 1. x", "2026 is 1. x"),
            ("# h\n# i", "\\# h # i"),
            ("GH-12 !12 :+1: 16c999e8c711", "GH-<!-- -->12 !<!-- -->12 :<!-- -->+1: 1<!-- -->6c999e8c711"),
            ("<b>[x](y)", "\\<b\\>\\[x\\](y)"),
            (
                "see https://a.b and www.c.d, @me #1",
                "see https:<!-- -->//a.b and www<!-- -->.c.d, @<!-- -->me #<!-- -->1",
            ),
            ("a_b | c", "a\\_b \\| c"),
            ("0.777, single sign-on: plain.", "0.777, single sign-on: plain."),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }
}
