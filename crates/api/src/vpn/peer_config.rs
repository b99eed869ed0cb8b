//! What the other end of a tunnel has to be told: `/v2.0/vpn/ipsec-site-connections/{id}/peer-config`. Adit's own, under
//! the extension `adit-vpn-peer-config`.

use adit_model::SiteConnectionId;
use serde::Serialize;

/// The configuration of the device at the other end of a site connection. Holds the key if it was asked for, so there is
/// no `Debug`.
#[derive(Serialize)]
pub struct PeerConfigView {
    /// Of the site connection.
    pub id: SiteConnectionId,
    /// For which kind of device it is.
    pub format: &'static str,
    /// Whether the key stands in it, and not what is to be replaced by it.
    pub with_psk: bool,
    /// Everything in one text, for people.
    pub content: String,
    /// The same, as the device has it.
    pub files: Vec<PeerConfigFile>,
}

/// A part of a configuration.
#[derive(Serialize)]
pub struct PeerConfigFile {
    /// Where it belongs on the device; `null` for what is typed or pasted.
    pub path: Option<String>,
    /// What is in it.
    pub content: String,
}
