//! How the servers of models are reached: addresses and keys out of the flags and the environment, never out of a
//! file. A cloned repository must not be able to receive somebody's key.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::domain::provider::ProviderName;
use crate::ops::{Connection, Connections, Endpoint, EndpointError, Key, NoKey};

/// What a provider's server is reached by, where no flag says otherwise.
struct Usual {
    provider: ProviderName,
    /// The variables of the address, the strongest first.
    base_variables: &'static [&'static str],
    base: &'static str,
    key_variables: &'static [&'static str],
    /// Whether the usual server takes no request without a key.
    is_hosted: bool,
}

const OPENAI_BASE: &str = "OPENAI_BASE_URL";
const OPENAI_KEY: &str = "OPENAI_API_KEY";
/// The variables that name a proxy.
const PROXIES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
/// A file of certificates to trust instead of the usual ones.
const ROOTS: &str = "SSL_CERT_FILE";

const USUAL: [Usual; 3] = [
    Usual {
        provider: ProviderName::Openai,
        base_variables: &[OPENAI_BASE],
        base: "https://api.openai.com/v1",
        key_variables: &[OPENAI_KEY],
        is_hosted: true,
    },
    Usual {
        provider: ProviderName::Chat,
        base_variables: &["CONSENSUS_BASE_URL", OPENAI_BASE],
        // Where Ollama listens.
        base: "http://127.0.0.1:11434/v1",
        key_variables: &["CONSENSUS_API_KEY"],
        is_hosted: false,
    },
    Usual {
        provider: ProviderName::Anthropic,
        base_variables: &["ANTHROPIC_BASE_URL"],
        base: "https://api.anthropic.com",
        key_variables: &["ANTHROPIC_API_KEY"],
        is_hosted: true,
    },
];

/// The variables that may hold a key: no other program is started with them.
pub(super) const KEYS: [&str; 3] = [OPENAI_KEY, "ANTHROPIC_API_KEY", "CONSENSUS_API_KEY"];

/// Settles the connections; `set` looks a variable up.
pub(super) fn resolve(base_url: Option<&str>, set: &dyn Fn(&str) -> Option<OsString>) -> Connections {
    let servers = USUAL.iter().map(|usual| (usual.provider, connection(usual, base_url, set)));
    let names_proxy = PROXIES.iter().any(|name| set(name).is_some());
    Connections {
        servers: servers.collect::<BTreeMap<_, _>>(),
        names_proxy,
        roots: set(ROOTS).map(PathBuf::from),
    }
}

fn connection(usual: &Usual, base_url: Option<&str>, set: &dyn Fn(&str) -> Option<OsString>) -> Connection {
    let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
    let flag = base_url.map(|base| (base.to_owned(), "--base-url"));
    let variable = || usual.base_variables.iter().find_map(|name| Some((text(name)?, *name)));
    let (base, origin) = flag.or_else(variable).unwrap_or_else(|| (usual.base.to_owned(), "default"));
    // A key belongs to the address that it is named with.
    let with_address = (origin == OPENAI_BASE).then_some(OPENAI_KEY);
    let names = usual.key_variables.iter().copied().chain(with_address);
    let key = names.into_iter().find_map(|name| Some((name, text(name)?)));
    let endpoint = endpoint(&base, origin, key.as_ref(), usual.is_hosted);
    // An address that is refused may hold a password.
    let shown = if endpoint.is_ok() { base } else { "not valid".to_owned() };
    Connection {
        base_url: (shown, origin.to_owned()),
        key: key.map(|(name, _)| name),
        key_variables: usual.key_variables,
        endpoint,
    }
}

fn endpoint(
    base: &str,
    origin: &str,
    key: Option<&(&'static str, String)>,
    is_hosted: bool,
) -> Result<Endpoint, String> {
    let key = key.map(|(name, text)| Key::new(text).map_err(|error: NoKey| format!("`{name}`: {error}")));
    let key = key.transpose()?;
    let endpoint = Endpoint::new(base, key).map_err(|error: EndpointError| format!("`{origin}`: {error}"))?;
    Ok(if is_hosted { endpoint.hosted() } else { endpoint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(flag: Option<&str>, variables: &[(&str, &str)]) -> Connections {
        let set =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        resolve(flag, &set)
    }

    #[test]
    fn the_flag_wins_over_the_variable_and_that_over_the_default() {
        let base = |connections: &Connections, provider| connections.servers[&provider].base_url.0.clone();
        let usual = resolved(None, &[]);
        assert_eq!(base(&usual, ProviderName::Chat), "http://127.0.0.1:11434/v1");
        let variable = resolved(None, &[(OPENAI_BASE, "http://a/v1")]);
        assert_eq!(base(&variable, ProviderName::Openai), "http://a/v1");
        assert_eq!(base(&variable, ProviderName::Anthropic), "https://api.anthropic.com");
        let own = resolved(None, &[("CONSENSUS_BASE_URL", "http://c/v1"), (OPENAI_BASE, "http://a/v1")]);
        assert_eq!(base(&own, ProviderName::Chat), "http://c/v1");
        assert_eq!(base(&own, ProviderName::Openai), "http://a/v1");
        let flag = resolved(Some("http://b/v1"), &[(OPENAI_BASE, "http://a/v1")]);
        assert_eq!(base(&flag, ProviderName::Chat), "http://b/v1");
    }

    #[test]
    fn a_key_goes_to_the_server_that_it_is_for() {
        let keys = [(OPENAI_KEY, "one"), ("CONSENSUS_API_KEY", "two"), ("ANTHROPIC_API_KEY", "three")];
        let key = |connections: &Connections, provider| connections.servers[&provider].key;
        let usual = resolved(None, &keys);
        assert_eq!(key(&usual, ProviderName::Openai), Some(OPENAI_KEY));
        assert_eq!(key(&usual, ProviderName::Chat), Some("CONSENSUS_API_KEY"));
        assert_eq!(key(&usual, ProviderName::Anthropic), Some("ANTHROPIC_API_KEY"));
        let only = [(OPENAI_KEY, "one")];
        assert_eq!(key(&resolved(Some("https://a/v1"), &only), ProviderName::Chat), None);
        assert_eq!(key(&resolved(None, &only), ProviderName::Chat), None);
        let together = [(OPENAI_KEY, "one"), (OPENAI_BASE, "https://a/v1")];
        assert_eq!(key(&resolved(None, &together), ProviderName::Chat), Some(OPENAI_KEY));
    }

    #[test]
    fn what_is_refused_is_not_repeated() {
        let secret = "http://user:hunter2@a/v1";
        let connection = resolved(Some(secret), &[]).servers.remove(&ProviderName::Chat).unwrap();
        assert!(!format!("{connection:?}").contains("hunter2"), "{connection:?}");
        let key = resolved(None, &[("OPENAI_API_KEY", "hunter 2")]);
        assert!(!format!("{key:?}").contains("hunter"), "{key:?}");
        assert!(key.servers[&ProviderName::Openai].endpoint.as_ref().unwrap_err().contains("OPENAI_API_KEY"));
    }

    #[test]
    fn every_variable_of_a_key_is_kept_from_other_programs() {
        for usual in &USUAL {
            assert!(usual.key_variables.iter().all(|name| KEYS.contains(name)), "{}", usual.provider);
        }
    }
}
