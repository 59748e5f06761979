//! How the servers of models are reached, as the environment and the flags say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::provider::ProviderName;
use crate::provider::model::Endpoint;

/// How one provider's server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its address, and where that comes from.
    pub base_url: (String, String),
    /// The variable that holds the key, where one does.
    pub key: Option<&'static str>,
    /// The variables that may hold it.
    pub key_variables: &'static [&'static str],
    /// What comes of both; what is wrong with one of them.
    pub endpoint: Result<Endpoint, String>,
}

/// How all of them are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connections {
    /// By provider.
    pub servers: BTreeMap<ProviderName, Connection>,
    /// Whether the environment names a proxy.
    pub names_proxy: bool,
    /// A file of certificates, as PEM, to trust instead of the usual ones.
    pub roots: Option<PathBuf>,
}
