//! What an operator can set of a server.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::identity::keystone::config::KeystoneConfig;

/// Section `[server]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The database, as `postgres://user:password@host/name` or `sqlite:///path`; a file in the state directory when
    /// empty.
    pub database: String,
    /// Name of the region in the catalog.
    pub region: String,
    /// How long a token is valid, in seconds.
    pub token_lifetime_secs: u32,
    /// The name by which clients know the provider of VPN services.
    pub vpn_provider: String,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9696)),
            database: String::new(),
            region: "RegionOne".to_owned(),
            token_lifetime_secs: 3600,
            vpn_provider: "strongswan".to_owned(),
        }
    }
}

/// Section `[identity]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// Who knows the users.
    pub provider: IdentityProvider,
    /// The Keystone, when that is who knows them.
    pub keystone: KeystoneConfig,
}

/// Who knows the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityProvider {
    /// Adit itself.
    Local,
    /// A Keystone elsewhere.
    Keystone,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self { provider: IdentityProvider::Local, keystone: KeystoneConfig::default() }
    }
}
