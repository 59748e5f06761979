//! Line numbers of byte offsets. It relies on where `\n` stands, as `str::lines` does, and looks an
//! offset up in logarithmic time; columns are left out on purpose.

use std::ops::Range;

/// Where each line of a text starts.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The line of the byte at `offset`, from 1.
    pub(super) fn at(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The first and the last line of `range`.
    pub(super) fn of_range(&self, range: &Range<usize>) -> (u32, u32) {
        (self.at(range.start), self.at(range.end.saturating_sub(1).max(range.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_std_counts_them() {
        let lines = Lines::of("a\r\nb\n\nc");
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|at| lines.at(at)), [1, 1, 1, 2, 2, 3, 4]);
        assert_eq!(lines.of_range(&(0..4)), (1, 2));
    }
}
