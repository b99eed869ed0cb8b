//! What the other end of a site connection has to be told: the complete configuration of the device there, mirrored from
//! the connection.
//!
//! [`Site::mirror`] turns a connection around, [`render`] writes it down for one kind of device ([`Format`]). Everything
//! is pure: texts come out, and nothing is sent anywhere. What a device cannot do is [`Refused`] with a sentence that
//! names the attribute; nothing is replaced by something like it. The key is a placeholder unless it is handed in.

mod algorithm;
mod device;
mod format;
mod network;
mod site;
mod text;

use adit_model::{Psk, vocabulary};

pub use site::Site;

vocabulary! {
    /// A kind of device, and how it is configured.
    Format {
        /// strongSwan by `swanctl.conf`.
        StrongswanSwanctl = "strongswan-swanctl",
        /// strongSwan by `ipsec.conf` and `ipsec.secrets`.
        StrongswanIpsecConf = "strongswan-ipsec-conf",
        /// Libreswan.
        Libreswan = "libreswan",
        /// Cisco IOS and IOS XE, with a crypto map.
        CiscoIos = "cisco-ios",
        /// Juniper SRX, with traffic selectors.
        JuniperJunos = "juniper-junos",
        /// pfSense, by its web pages.
        Pfsense = "pfsense",
        /// OPNsense, by its web pages.
        Opnsense = "opnsense",
        /// VyOS 1.4.
        Vyos = "vyos",
        /// MikroTik RouterOS 7.
        Mikrotik = "mikrotik",
        /// FortiGate.
        Fortigate = "fortigate",
        /// AWS Site-to-Site VPN: the commands of its client.
        Aws = "aws",
        /// Another Adit, or OpenStack: the commands of its client.
        Adit = "adit",
    }
}

/// The key of a connection, or what stands in its place.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// Words that ask to be replaced.
    Placeholder,
    /// The key itself.
    Shown(&'a Psk),
}

/// A configuration. It may hold the key, so there is no `Debug`.
#[derive(Clone)]
pub struct PeerConfig {
    /// What it consists of: one text, or one for each file of the device.
    pub files: Vec<File>,
}

/// A text of a configuration.
#[derive(Clone)]
pub struct File {
    /// Where it belongs on the device; `None` for what is typed or pasted somewhere.
    pub path: Option<String>,
    /// What is in it.
    pub content: String,
}

/// Why there is no configuration: a sentence that names the attribute, and what would do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl Refused {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl Secret<'_> {
    /// The text that stands for the key.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Placeholder => "REPLACE-WITH-THE-PRE-SHARED-KEY",
            Self::Shown(psk) => psk.expose(),
        }
    }
}

impl PeerConfig {
    /// Everything in one text, for people.
    pub fn text(&self) -> String {
        self.files.iter().map(|file| file.content.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn pasted(content: String) -> Self {
        Self { files: vec![File { path: None, content }] }
    }
}

/// The configuration of the device at `site`.
///
/// # Errors
/// What the device cannot do, or its syntax cannot carry.
pub fn render(format: Format, site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    let render = match format {
        Format::StrongswanSwanctl => format::swanctl::render,
        Format::StrongswanIpsecConf => format::ipsec_conf::render,
        Format::Libreswan => format::libreswan::render,
        Format::CiscoIos => format::cisco_ios::render,
        Format::JuniperJunos => format::junos::render,
        Format::Pfsense => format::pfsense::render,
        Format::Opnsense => format::opnsense::render,
        Format::Vyos => format::vyos::render,
        Format::Mikrotik => format::mikrotik::render,
        Format::Fortigate => format::fortigate::render,
        Format::Aws => format::aws::render,
        Format::Adit => format::adit::render,
    };
    render(site, secret)
}
