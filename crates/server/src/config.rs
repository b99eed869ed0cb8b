//! What an operator can set of a server.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::identity::keystone::config::KeystoneConfig;
use crate::vpn::crypto::VpnConfig;

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
    /// Proxies in front of it, whose word about who sent a request counts. Everybody behind any other proxy counts as one,
    /// and shares the delay after failed logins.
    pub trusted_proxies: Vec<IpNet>,
    /// What is said about VPN.
    pub vpn: VpnConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9696)),
            database: String::new(),
            region: "RegionOne".to_owned(),
            token_lifetime_secs: 3600,
            trusted_proxies: Vec::new(),
            vpn: VpnConfig::default(),
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
