//! The flags that say who is asked, and how.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::count;
use crate::domain::decimal::Temperature;
use crate::domain::provider::ProviderName;
use crate::domain::text::Text;

#[derive(Debug, Args)]
#[command(next_help_heading = "Who reviews")]
pub(in crate::cli) struct AskingArgs {
    #[command(flatten)]
    pub(in crate::cli) model: ModelArgs,
    /// With `--provider file`: the directory with reviews/PERSONA.json; with `replay`: a recording, or a run's directory
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) answers: Option<PathBuf>,
    /// How many reviews are asked for at the same time [default: all]; 1 for a server that answers one after the other
    #[arg(long, value_name = "N", value_parser = count::<NonZeroUsize>)]
    pub(in crate::cli) parallel: Option<NonZeroUsize>,
    /// Send a document that holds keys, tokens or passwords, without them
    #[arg(long)]
    pub(in crate::cli) allow_secrets: bool,
    /// A lower budget of tokens than the policy's
    #[arg(long, value_name = "N")]
    pub(in crate::cli) budget_tokens: Option<u64>,
    /// A lower budget of money than the policy's, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = micros)]
    pub(in crate::cli) budget_usd: Option<u64>,
    /// Keep what models answer in this directory, to replay it elsewhere
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) record: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Who reviews")]
pub(in crate::cli) struct ModelArgs {
    /// Who reviews, whatever the policy says [default: as the policy says, else `rules`]
    #[arg(long, value_name = "PROVIDER", value_enum)]
    pub(in crate::cli) provider: Option<Provider>,
    /// The model that is asked, by the name that its server has for it
    #[arg(long, value_name = "MODEL", value_parser = text)]
    pub(in crate::cli) model: Option<Text>,
    /// The model that sorts the document into a proposal [default: that of --model]
    #[arg(long, value_name = "MODEL", value_parser = text)]
    pub(in crate::cli) expand_model: Option<Text>,
    /// The model that reviews [default: that of --model]
    #[arg(long, value_name = "MODEL", value_parser = text)]
    pub(in crate::cli) review_model: Option<Text>,
    /// The sampling temperature, 0 to 2 [default: as the policy says: 0.7 to expand, 0.2 to review]
    #[arg(long, value_name = "T")]
    pub(in crate::cli) temperature: Option<Temperature>,
    /// The most tokens that one answer may take [default: 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    pub(in crate::cli) max_output_tokens: Option<u32>,
    /// The address of the models' server [default: by provider `CONSENSUS_BASE_URL`, `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL`, else its usual one]
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) base_url: Option<String>,
    /// Let nothing leave this machine: only servers on it are asked
    #[arg(long)]
    pub(in crate::cli) offline: bool,
}

/// The providers, as `--help` tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Provider {
    /// The rules: offline, the same answer every time
    Rules,
    /// Reviews that people or other programs wrote
    File,
    /// Answers of models that were recorded; nobody is asked
    Replay,
    /// Models behind the OpenAI Responses API
    Openai,
    /// Models behind the chat-completions shape: Ollama, llama.cpp, vLLM, LiteLLM and others
    Chat,
    /// Models behind the Anthropic Messages API
    Anthropic,
}

impl From<Provider> for ProviderName {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Rules => Self::Rules,
            Provider::File => Self::File,
            Provider::Replay => Self::Replay,
            Provider::Openai => Self::Openai,
            Provider::Chat => Self::Chat,
            Provider::Anthropic => Self::Anthropic,
        }
    }
}

fn text(text: &str) -> Result<Text, &'static str> {
    Text::new(text).map_err(|_| "it must not be blank")
}

/// Dollars as micro-dollars.
fn micros(text: &str) -> Result<u64, &'static str> {
    let refused = "it takes dollars, such as 2 or 0.25, to six places";
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || places.len() > 6 || !is_number(whole) || !is_number(places) {
        return Err(refused);
    }
    format!("{whole}{places:0<6}").parse().map_err(|_| refused)
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn dollars_are_counted_exactly() {
        assert_eq!(
            [micros("2"), micros("0.25"), micros("1.000001")],
            [Ok(2_000_000), Ok(250_000), Ok(1_000_001)]
        );
        for bad in ["", ".5", "-1", "1e3", "0.0000001", "1.2.3", "99999999999999999999"] {
            assert!(micros(bad).is_err(), "{bad}");
        }
    }
}
