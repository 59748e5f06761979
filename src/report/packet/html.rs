//! One HTML file, whole: no script, no picture, nothing from elsewhere.

use super::Packet;
use super::template::fill;

/// The packet as an HTML page.
#[must_use]
pub fn html(packet: &Packet) -> String {
    fill(include_str!("templates/packet.html"), escape, packet)
}

/// Text as XML and HTML take it, in an element and in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no such characters.
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            letter => out.push(letter),
        }
    }
    out
}
