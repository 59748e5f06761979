//! Where a provider's server is, and how one speaks to it: its address, the key, the way there.

use std::net::IpAddr;

use ureq::http::Uri;

use super::key::Key;
use crate::domain::json::Value;

/// Where a provider's server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    host: String,
    is_https: bool,
    is_hosted: bool,
    key: Option<Key>,
}

/// Why an address is refused. It repeats nothing that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address of a server.
    #[error("it is no http:// or https:// address")]
    NoAddress,
    /// It holds a user name or a password.
    #[error("it holds a user name or password; keys come from the environment")]
    UserInfo,
    /// Its port is none.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// It has a query or a fragment.
    #[error("it has a `?` or `#` part, which a base address does not")]
    Query,
}

impl Endpoint {
    /// The server at `base`, asked with `key`.
    ///
    /// # Errors
    /// [`EndpointError`] where that is no address.
    pub fn new(base: &str, key: Option<Key>) -> Result<Self, EndpointError> {
        if base.contains(['?', '#']) {
            return Err(EndpointError::Query);
        }
        let uri: Uri = base.parse().map_err(|_| EndpointError::NoAddress)?;
        let authority = uri.authority().ok_or(EndpointError::NoAddress)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        // A port that is none would be taken for the usual one, and the key go there.
        let port = &authority.as_str()[authority.host().len()..];
        if !port.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(EndpointError::Port);
        }
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(EndpointError::NoAddress),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if host.is_empty() {
            return Err(EndpointError::NoAddress);
        }
        Ok(Self { base: base.trim_end_matches('/').to_owned(), host, is_https, is_hosted: false, key })
    }

    /// This server, which takes no request without a key.
    #[must_use]
    pub fn hosted(self) -> Self {
        Self { is_hosted: true, ..self }
    }

    /// Its address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The whole address of `path`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The server's name or number.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is this machine, so that nothing leaves it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let is_local = |ip: IpAddr| ip.to_canonical().is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(is_local)
    }

    /// Whether it is asked with a key or not at all: everywhere but on this machine and where a key would be
    /// sent in the clear.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        self.is_hosted && self.is_https && !self.is_loopback()
    }

    /// Whether there is a key that is not sent, as it would be sent in the clear to another machine.
    #[must_use]
    pub fn keeps_key(&self) -> bool {
        self.key.is_some() && self.key().is_none()
    }

    /// Whether there is a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The key, which is not sent in the clear to another machine.
    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref().filter(|_| self.is_https || self.is_loopback())
    }

    /// `text` without the key, whether it was sent or not.
    pub(super) fn clean(&self) -> impl Fn(&str) -> String + '_ {
        |text| self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.remove(text))
    }

    /// As [`Self::clean`], of a value.
    pub(super) fn clean_value(&self, value: &Value) -> Value {
        self.key.as_ref().map_or_else(|| value.clone(), |key| key.remove_from_value(value))
    }

    /// As [`Self::clean`], of a body.
    pub(super) fn clean_body(&self, body: &str) -> String {
        self.key.as_ref().map_or_else(|| body.to_owned(), |key| key.remove_from_body(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        let local = |base: &str| Endpoint::new(base, None).unwrap().is_loopback();
        for base in [
            "http://localhost:1/v1",
            "http://127.0.0.2/",
            "http://[::1]:8080",
            "https://LOCALHOST",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(local(base), "{base}");
        }
        for base in [
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://10.0.0.1",
            "http://0.0.0.0",
        ] {
            assert!(!local(base), "{base}");
        }
    }

    #[test]
    fn a_key_is_sent_to_this_machine_or_encrypted() {
        let sends = |base: &str| Endpoint::new(base, Key::new("k").ok()).unwrap().key().is_some();
        assert!(sends("https://example.org/v1") && sends("http://127.0.0.1/v1"));
        assert!(!sends("http://example.org/v1"));
        assert!(Endpoint::new("https://example.org", None).unwrap().hosted().needs_key());
        assert!(!Endpoint::new("https://example.org", None).unwrap().needs_key());
        assert!(!Endpoint::new("http://10.0.0.1", None).unwrap().needs_key());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (base, expected) in [
            ("", EndpointError::NoAddress),
            ("example.org/v1", EndpointError::NoAddress),
            ("ftp://example.org", EndpointError::NoAddress),
            ("http://", EndpointError::NoAddress),
            ("http://127.0.0.1:99999/v1", EndpointError::Port),
            ("http://127.0.0.1:abc/v1", EndpointError::Port),
            ("http://[::1]:0/v1", EndpointError::Port),
            ("http://127.0.0.1@example.org", EndpointError::UserInfo),
            ("https://example.org/v1?key=1", EndpointError::Query),
        ] {
            assert_eq!(Endpoint::new(base, None), Err(expected), "{base}");
        }
        let url = Endpoint::new("https://example.org/v1/", None).unwrap().url("/responses");
        assert_eq!(url, "https://example.org/v1/responses");
    }
}
