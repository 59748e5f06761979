//! One HTTP request: sent on a thread of its own, so that whoever waits can stop waiting at once.
//!
//! Redirects are not followed, certificates are checked, proxies are honoured but for this machine, and an answer
//! has a largest size.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as Within;
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error, Timeout};

use crate::provider::GLANCE;

/// Nobody waits longer for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// No answer is larger, in bytes.
pub(super) const MAX_BODY: u64 = 8 * 1024 * 1024;
/// A way to send requests; connections are kept for the next ones.
#[derive(Debug, Clone)]
pub(super) struct Http(Agent);

/// Looks addresses up on the thread that a request has for itself: where no more threads are granted, one for this alone
/// would be a panic of its library. Whoever waits for the request does not wait beyond its deadline anyway.
#[derive(Debug, Default)]
struct Lookup(DefaultResolver);

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, NextTimeout { after: Within::NotHappening, ..timeout })
    }
}

/// What is to be sent.
pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What came back.
pub(super) struct Incoming {
    pub(super) status: u16,
    /// By their name in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server was not reached.
    NotSent(String),
    /// The connection broke after the request was sent, or may have been.
    Broken(String),
    /// The time was up.
    Timeout,
    /// The answer has more than [`MAX_BODY`] bytes.
    TooLarge,
    /// Whoever waited wants to stop.
    Stopped {
        /// Whether the request was sent before.
        sent: bool,
    },
}

impl Http {
    /// A way to a server; `roots` are the certificates to trust instead of the usual ones, as PEM.
    pub(super) fn new(is_loopback: bool, roots: Option<&[u8]>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("consensus/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .tls_config(tls(roots));
        let config = if is_loopback { config.proxy(None) } else { config };
        Self(Agent::with_parts(config.build(), DefaultConnector::default(), Lookup::default()))
    }

    /// Sends a request and waits for what comes back, until `deadline` or until `stop` says so.
    pub(super) fn post(
        &self,
        request: Outgoing,
        deadline: Instant,
        stop: &dyn Fn() -> bool,
    ) -> Result<Incoming, Trouble> {
        let (send, answer) = mpsc::sync_channel(1);
        let agent = self.0.clone();
        let work = move || {
            // Nobody listens any more when the wait is over.
            let _ = send.send(exchange(&agent, &request, deadline));
        };
        let started = thread::Builder::new().spawn(work);
        started.map_err(|error| Trouble::NotSent(format!("the system grants no thread: {error}")))?;
        loop {
            if stop() {
                return Err(Trouble::Stopped { sent: true });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Trouble::Timeout);
            }
            match answer.recv_timeout(left.min(GLANCE)) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Broken("the request came to nothing".into()));
                }
            }
        }
    }
}

/// Why the proxy that the environment names cannot be used; none where it names none, or one that can.
pub(super) fn proxy_problem(is_named: bool) -> Option<&'static str> {
    match ureq::Proxy::try_from_env() {
        None if is_named => Some("the proxy that the environment names is no http:// or https:// address"),
        Some(proxy)
            if !matches!(proxy.protocol(), ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https) =>
        {
            Some("the proxy that the environment names is no http:// or https:// proxy")
        }
        _ => None,
    }
}

fn tls(roots: Option<&[u8]>) -> TlsConfig {
    let Some(pem) = roots else { return TlsConfig::builder().root_certs(RootCerts::WebPki).build() };
    let certificates = parse_pem(pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<Certificate<'static>> = certificates.collect();
    TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build()
}

fn exchange(agent: &Agent, request: &Outgoing, deadline: Instant) -> Result<Incoming, Trouble> {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut builder = agent.post(&request.url).config().timeout_global(Some(left)).build();
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let response = builder.content_type("application/json").send(request.body.as_bytes()).map_err(trouble)?;
    let status = response.status().as_u16();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers =
        response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())));
    let headers = headers.collect();
    let mut body = Vec::new();
    let mut reader = response.into_body().into_reader().take(MAX_BODY + 1);
    reader.read_to_end(&mut body).map_err(cut)?;
    if body.len() as u64 > MAX_BODY {
        return Err(Trouble::TooLarge);
    }
    Ok(Incoming { status, headers, body })
}

/// The body did not come to its end.
fn cut(error: io::Error) -> Trouble {
    match trouble(Error::from(error)) {
        Trouble::NotSent(problem) => Trouble::Broken(problem),
        other => other,
    }
}

fn trouble(error: Error) -> Trouble {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, Interrupted, TimedOut, UnexpectedEof, WriteZero,
    };
    // Any other trouble of the system comes before there is a connection.
    let on_the_way = [BrokenPipe, ConnectionAborted, ConnectionReset, Interrupted, UnexpectedEof, WriteZero];
    match error {
        Error::Timeout(Timeout::Connect) => Trouble::NotSent("no connection within 10 s".into()),
        Error::Timeout(_) => Trouble::Timeout,
        Error::HostNotFound => Trouble::NotSent("the host's name is not known".into()),
        Error::ConnectionFailed => Trouble::NotSent("no connection".into()),
        Error::ConnectProxyFailed(problem) => Trouble::NotSent(format!("the proxy refuses: {problem}")),
        Error::Tls(problem) => Trouble::NotSent(format!("TLS: {problem}")),
        Error::Rustls(problem) => Trouble::NotSent(format!("TLS: {problem}")),
        Error::InvalidProxyUrl => Trouble::NotSent("the proxy's address is none".into()),
        Error::Io(error) if error.kind() == TimedOut => Trouble::Timeout,
        Error::Io(error) if !on_the_way.contains(&error.kind()) => Trouble::NotSent(error.to_string()),
        other => Trouble::Broken(other.to_string()),
    }
}
