//! The providers by name: who can be asked for an answer.

use std::fmt;
use std::str::FromStr;

use super::panel::{FILE, RULES};

/// A provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderName {
    /// The built-in rules.
    Rules,
    /// Files that people or programs wrote.
    File,
    /// Answers that were recorded earlier.
    Replay,
    /// Models behind the OpenAI Responses API.
    Openai,
    /// Models behind the chat-completions shape.
    Chat,
    /// Models behind the Anthropic Messages API.
    Anthropic,
}

/// All of them, in the order in which they are listed.
pub const PROVIDERS: [ProviderName; 6] = [
    ProviderName::Rules,
    ProviderName::File,
    ProviderName::Replay,
    ProviderName::Openai,
    ProviderName::Chat,
    ProviderName::Anthropic,
];

/// A name that is no provider's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no provider `{}`; there are rules, file, replay, openai, chat, anthropic", .0.escape_debug())]
pub struct NoSuchProvider(pub String);

impl ProviderName {
    /// Its name, as policies, flags and records spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => RULES,
            Self::File => FILE,
            Self::Replay => "replay",
            Self::Openai => "openai",
            Self::Chat => "chat",
            Self::Anthropic => "anthropic",
        }
    }

    /// Whether a model answers, so that it is asked over HTTP.
    #[must_use]
    pub const fn is_model(self) -> bool {
        matches!(self, Self::Openai | Self::Chat | Self::Anthropic)
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProviderName {
    type Err = NoSuchProvider;

    fn from_str(text: &str) -> Result<Self, NoSuchProvider> {
        let found = PROVIDERS.into_iter().find(|provider| provider.as_str() == text);
        found.ok_or_else(|| NoSuchProvider(text.chars().take(60).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_is_written() {
        for provider in PROVIDERS {
            assert_eq!(provider.as_str().parse(), Ok(provider));
            assert!(NoSuchProvider("x".into()).to_string().contains(provider.as_str()));
        }
        assert!("gpt".parse::<ProviderName>().is_err());
    }
}
