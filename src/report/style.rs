//! The few styles in use. What carries meaning is also said in words: colour can be absent.

use anstyle::{AnsiColor, Color, Style};

use crate::domain::decision::Label;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = coloured(AnsiColor::Red);
pub(super) const YELLOW: Style = coloured(AnsiColor::Yellow);
pub(super) const GREEN: Style = coloured(AnsiColor::Green);

const fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

pub(super) fn of_label(label: Label) -> Style {
    match label {
        Label::Approve => GREEN,
        Label::Revise => YELLOW,
        Label::Reject => RED,
    }
    .bold()
}

/// `text` in `style`.
pub(super) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
