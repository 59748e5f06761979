//! Tests of the rules with text that nobody would write: no panic, no false quote, no quadratic time.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Subject;
use super::tests::{all_supported, reviews, reviews_of, rules};
use crate::domain::panel::Panel;

#[test]
fn hostile_text_is_read_in_time() {
    let size = 200_000;
    let critic = &Panel::default().personas[1];
    let context = BTreeMap::new();
    for unit in [
        "> ",
        "[",
        "a",
        "\n",
        "# a\n",
        ". ",
        ".)",
        "- ",
        "  - a\n",
        "*a ",
        "`",
        "1. ",
        "| ",
        "é. ",
        "<!--",
        "::\n ",
        "|x|y|\n",
        "a: b\n\n",
        "<!-- consensus: ignore a because b -->\n",
        "password plaintext ",
        "QX ",
    ] {
        let text: String = unit.repeat(size / unit.chars().count());
        let start = std::time::Instant::now();
        for extension in ["md", "rst", "txt"] {
            let subject = Subject { idea: &text, extension, context: &context };
            let _ = rules().reviewed(critic, &subject);
        }
        let seconds = start.elapsed().as_secs();
        assert!(seconds < 20, "{unit:?} took {seconds} s: something is quadratic");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_reviewed_with_supported_evidence_and_twice_alike(
        parts in prop::collection::vec(prop_oneof![
            Just("Passwords are stored in plain text. ".to_owned()), Just("TBD\n".to_owned()), Just("\r\n".to_owned()),
            Just("&amp; ".to_owned()), Just("\n# Design\n".to_owned()), Just("```\n".to_owned()), Just("> ".to_owned()),
            Just("| a | b |\n|--|--|\n".to_owned()), Just("---\n".to_owned()), Just("\u{feff}".to_owned()), Just("<!-- consensus: ignore placeholder-left because x -->".to_owned()), Just("1. Owner:\n\n".to_owned()), "\\PC{0,12}", ".{0,6}",
        ], 0..24),
        extension in prop_oneof![Just("md"), Just("rst"), Just("txt")],
    ) {
        let text = parts.concat();
        let first = reviews_of(&text, extension);
        prop_assert!(all_supported(&first));
        prop_assert_eq!(first, reviews_of(&text, extension));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(all_supported(&reviews(&String::from_utf8_lossy(&bytes))));
    }
}
