//! Shards: the parts into which work is divided, so that several machines do all of it and none does it twice.

use std::fmt;
use std::str::FromStr;

use super::digest::Digest;

/// One part of several: which, from 1, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    part: u32,
    of: u32,
}

/// A text that names no shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it takes a part and how many there are, such as 1/4 to 4/4")]
pub struct NoShard;

impl Shard {
    /// Whether what is called `name` belongs to this part. It is the same part wherever it is asked, whatever else there is.
    #[must_use]
    pub fn holds(self, name: &str) -> bool {
        let digest = Digest::of(name.as_bytes()).hex();
        let number = digest.get(..15).and_then(|start| u64::from_str_radix(start, 16).ok()).unwrap_or(0);
        number % u64::from(self.of) == u64::from(self.part - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (part, of) = text.split_once('/').ok_or(NoShard)?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        let (part, of) = number(part).zip(number(of)).ok_or(NoShard)?;
        if part <= of { Ok(Self { part, of }) } else { Err(NoShard) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_belongs_to_exactly_one_part() {
        let parts: Vec<Shard> = (1..=3).map(|part| format!("{part}/3").parse().unwrap()).collect();
        let mut counts = [0; 3];
        for name in (0..300).map(|number| format!("docs/{number}.md")) {
            let held: Vec<usize> = (0..3).filter(|part| parts[*part].holds(&name)).collect();
            assert_eq!(held.len(), 1, "{name}");
            counts[held[0]] += 1;
        }
        assert!(counts.iter().all(|count| *count > 60), "{counts:?}");
        for bad in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b"] {
            assert_eq!(bad.parse::<Shard>(), Err(NoShard), "{bad}");
        }
    }
}
