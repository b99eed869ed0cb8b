//! What an operator can set of a server.

use serde::{Deserialize, Serialize};

/// Settings of the server; section `[server]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Name of the region in the catalog.
    pub region: String,
    /// How long a token is valid, in seconds.
    pub token_lifetime_secs: u32,
    /// The name by which `GET /service-providers` knows the VPN provider.
    pub vpn_provider: String,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            region: "RegionOne".to_owned(),
            token_lifetime_secs: 3600,
            vpn_provider: "strongswan".to_owned(),
        }
    }
}
