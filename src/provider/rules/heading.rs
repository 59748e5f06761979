//! How headings are compared. It relies on nothing; it leaves out stems and spelling mistakes, so
//! every form of a word that counts is listed in the rule.

/// Words before a topic that turn it into its opposite, or into that of something else.
const OPPOSITES: [&str; 8] = ["non", "no", "not", "without", "anti", "current", "existing", "previous"];
/// A heading with so many words beside the topic's own is about something else.
const MOST_OTHER_WORDS: usize = 6;
/// Of a heading within a section so many are too many already.
const MOST_OTHER_WORDS_BELOW: usize = 3;

/// A heading in lower case, its words parted by one space, without punctuation and numbering.
pub(super) fn normalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<&str> = words.collect();
    let numbering = words.iter().take_while(|word| is_number(word)).count();
    if numbering < words.len() {
        words.drain(..numbering);
    }
    words.join(" ")
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
        || matches!(word, "ii" | "iii" | "iv" | "vi" | "vii" | "viii")
}

/// Whether the words of `topic` stand in `heading` next to each other, both normalised, and the
/// heading is not about their opposite. After `=` they must be all of the heading.
pub(super) fn names(heading: &str, topic: &str) -> bool {
    match topic.strip_prefix('=') {
        Some(_) => is_all_of(heading, without_article(heading), topic),
        None => heading.contains(topic) && names_by_word(heading, topic),
    }
}

/// Whether `topic` is all of `heading`, or of what is left of it without an article.
pub(super) fn is_all_of(heading: &str, bare: &str, topic: &str) -> bool {
    let topic = topic.strip_prefix('=').unwrap_or(topic);
    heading == topic || bare == topic
}

/// A normalised heading without the article that it begins with.
pub(super) fn without_article(heading: &str) -> &str {
    let articles = ["the ", "our ", "a ", "an "];
    articles.iter().find_map(|article| heading.strip_prefix(article)).unwrap_or(heading)
}

/// As [`names`], for a heading that stands within another section.
pub(super) fn names_below(heading: &str, topic: &str) -> bool {
    let count = |text: &str| text.split(' ').count();
    names(heading, topic) && count(heading) <= count(topic) + MOST_OTHER_WORDS_BELOW
}

fn names_by_word(heading: &str, topic: &str) -> bool {
    let words: Vec<&str> = heading.split(' ').take(40).collect();
    let wanted: Vec<&str> = topic.split(' ').collect();
    let near = words.len() <= wanted.len() + MOST_OTHER_WORDS;
    near && words.windows(wanted.len()).enumerate().any(|(at, window)| {
        let opposite = at > 0 && OPPOSITES.contains(&words[at - 1]);
        window == wanted.as_slice() && !opposite
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbering_case_and_punctuation_do_not_matter() {
        assert_eq!(normalised("3.2 Rationale & *Alternatives*:"), "rationale alternatives");
        assert!(names(&normalised("3. Rationale and alternatives"), "alternatives"));
        assert_eq!(normalised("2024"), "2024");
    }

    #[test]
    fn only_whole_words_count_and_opposites_do_not() {
        assert!(!names("designer notes", "design"));
        assert!(!names(&normalised("Non-goals"), "goals"));
        assert!(names(&normalised("Goals and non-goals"), "goals"));
        assert!(!names("why the first design of somebody else was left out", "design"));
        assert!(names("the plan", "=plan") && !names("launch plan", "=plan"));
    }
}
