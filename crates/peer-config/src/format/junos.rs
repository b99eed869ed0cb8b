//! Juniper SRX: a route-based VPN with a traffic selector for each pair of networks.

use adit_model::algorithm::{AuthAlgorithm, IkeVersion, NegotiationMode};
use adit_model::ike_identity::Identity;

use crate::algorithm::Mode;
use crate::device::{Device, Policy, is_plain};
use crate::site::{Site, Start, WhenDead};
use crate::text::{Text, hex};
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("Juniper Junos");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 19, 20, 21, 24];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    DEVICE.wants_tunnel(site)?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "Juniper SRX, Junos",
        &[
            "Use it with: configure; load set terminal; commit. Replace ge-0/0/0.0 by the interface with the address here,",
            "untrust and trust by the zones outside and inside, and st0.0 by a unit that is free.",
            "Exempt what goes from the networks here to those at the cloud from source NAT.",
        ],
    );
    for lines in [ike(site, &label, secret)?, ipsec(site, &label)?] {
        text.lines(lines.into_iter().map(|line| format!("set security {line}")));
    }
    text.line("set interfaces st0 unit 0 family inet");
    if site.has_ipv6() {
        text.line("set interfaces st0 unit 0 family inet6");
    }
    text.lines(zones(site, &label).into_iter().map(|line| format!("set security {line}")));
    Ok(PeerConfig::pasted(text.into_string()))
}

fn ike(site: &Site, label: &str, secret: Secret<'_>) -> Result<Vec<String>, Refused> {
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des-cbc".to_owned()),
        Mode::Cbc => Some(format!("aes-{bits}-cbc")),
        Mode::Gcm(16) if bits != 192 => Some(format!("aes-{bits}-gcm")),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let auth = ike_auth(site)?;
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = DEVICE.ike_lifetime(site, 180..=86_400)?;
    let (proposal, policy, gateway) =
        (format!("ike proposal {label}"), format!("ike policy {label}"), format!("ike gateway {label}"));
    let mut lines = vec![
        format!("{proposal} authentication-method pre-shared-keys"),
        format!("{proposal} dh-group group{group}"),
        format!("{proposal} encryption-algorithm {cipher}"),
    ];
    lines.extend(auth.map(|auth| format!("{proposal} authentication-algorithm {auth}")));
    lines.push(format!("{proposal} lifetime-seconds {lifetime}"));
    if site.ike.version == IkeVersion::V1 {
        let mode = match site.ike.negotiation_mode {
            NegotiationMode::Main => "main",
            NegotiationMode::Aggressive => "aggressive",
        };
        lines.push(format!("{policy} mode {mode}"));
    }
    lines.push(format!("{policy} proposals {label}"));
    lines.push(format!("{policy} pre-shared-key {}", key(secret.text())));
    lines.push(format!("{gateway} ike-policy {label}"));
    lines.push(format!("{gateway} address {}", site.cloud.address));
    lines.push(format!("{gateway} local-address {}", site.here.address));
    lines.push(format!("{gateway} external-interface ge-0/0/0.0"));
    lines.push(format!("{gateway} local-identity {}", identity("peer_id", &site.here.identity)?));
    lines.push(format!("{gateway} remote-identity {}", identity("local_id", &site.cloud.identity)?));
    let version = match site.ike.version {
        IkeVersion::V1 => "v1-only",
        IkeVersion::V2 => "v2-only",
    };
    lines.push(format!("{gateway} version {version}"));
    if site.when_dead() != WhenDead::Ignore {
        let interval = DEVICE.within("dpd interval", site.dpd.interval, 10..=60)?;
        let threshold = DEVICE.failures(site.dpd, 1..=5)?;
        lines.push(format!("{gateway} dead-peer-detection always-send"));
        lines.push(format!("{gateway} dead-peer-detection interval {interval}"));
        lines.push(format!("{gateway} dead-peer-detection threshold {threshold}"));
    }
    Ok(lines)
}

/// With AES-GCM Junos has one PRF by the length of the key, and takes no word for it.
fn ike_auth(site: &Site) -> Result<Option<&'static str>, Refused> {
    if site.ike.encryption.is_aead() {
        let is_256 = crate::algorithm::parts(site.ike.encryption).1 == 256;
        let implied = if is_256 { AuthAlgorithm::Sha384 } else { AuthAlgorithm::Sha256 };
        return DEVICE.auth(Policy::Ike, site.ike.auth, |auth| (auth == implied).then_some(None));
    }
    DEVICE.auth(Policy::Ike, site.ike.auth, |auth| match auth {
        AuthAlgorithm::Sha1 => Some(Some("sha1")),
        AuthAlgorithm::Sha256 => Some(Some("sha-256")),
        AuthAlgorithm::Sha384 => Some(Some("sha-384")),
        AuthAlgorithm::Sha512 => Some(Some("sha-512")),
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })
}

fn ipsec(site: &Site, label: &str) -> Result<Vec<String>, Refused> {
    let cipher = DEVICE.cipher(Policy::Ipsec, site.ipsec.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des-cbc".to_owned()),
        Mode::Cbc => Some(format!("aes-{bits}-cbc")),
        Mode::Gcm(16) => Some(format!("aes-{bits}-gcm")),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    let lifetime = DEVICE.ipsec_lifetime(site, 180..=86_400)?;
    let (proposal, policy, vpn) =
        (format!("ipsec proposal {label}"), format!("ipsec policy {label}"), format!("ipsec vpn {label}"));
    let mut lines =
        vec![format!("{proposal} protocol esp"), format!("{proposal} encryption-algorithm {cipher}")];
    if !site.child_is_aead() {
        let auth = DEVICE.auth(Policy::Ipsec, site.ipsec.auth, |auth| match auth {
            AuthAlgorithm::Sha1 => Some("hmac-sha1-96"),
            AuthAlgorithm::Sha256 => Some("hmac-sha-256-128"),
            AuthAlgorithm::Sha384 => Some("hmac-sha-384"),
            AuthAlgorithm::Sha512 => Some("hmac-sha-512"),
            AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
        })?;
        lines.push(format!("{proposal} authentication-algorithm {auth}"));
    }
    lines.push(format!("{proposal} lifetime-seconds {lifetime}"));
    lines.push(format!("{policy} perfect-forward-secrecy keys group{group}"));
    lines.push(format!("{policy} proposals {label}"));
    lines.push(format!("{vpn} bind-interface st0.0"));
    lines.push(format!("{vpn} ike gateway {label}"));
    lines.push(format!("{vpn} ike ipsec-policy {label}"));
    for (number, (here, cloud)) in site.pairs().into_iter().enumerate() {
        let number = number + 1;
        lines.push(format!("{vpn} traffic-selector pair-{number} local-ip {here}"));
        lines.push(format!("{vpn} traffic-selector pair-{number} remote-ip {cloud}"));
    }
    let start = match site.start {
        Start::WhenNeeded => "on-traffic",
        Start::AtOnce => "immediately",
    };
    lines.push(format!("{vpn} establish-tunnels {start}"));
    Ok(lines)
}

fn zones(site: &Site, label: &str) -> Vec<String> {
    let mut lines = vec![
        "zones security-zone untrust interfaces ge-0/0/0.0 host-inbound-traffic system-services ike"
            .to_owned(),
        format!("zones security-zone {label} interfaces st0.0"),
    ];
    for (place, networks) in [("here", &site.here.networks), ("cloud", &site.cloud.networks)] {
        for (number, network) in networks.iter().enumerate() {
            let number = number + 1;
            lines.push(format!("address-book global address {label}-{place}-{number} {network}"));
            lines.push(format!(
                "address-book global address-set {label}-{place} address {label}-{place}-{number}"
            ));
        }
    }
    for (from, to, source, destination) in
        [("trust", label, "here", "cloud"), (label, "trust", "cloud", "here")]
    {
        let policy = format!("policies from-zone {from} to-zone {to} policy {label}");
        lines.push(format!("{policy} match source-address {label}-{source}"));
        lines.push(format!("{policy} match destination-address {label}-{destination}"));
        lines.push(format!("{policy} match application any"));
        lines.push(format!("{policy} then permit"));
    }
    lines
}

fn identity(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    let kind = match identity {
        Identity::Address(address) if address.is_ipv4() => "inet",
        Identity::Address(_) => "inet6",
        Identity::Fqdn(_) => "hostname",
        Identity::Email(_) => "user-at-hostname",
        Identity::KeyId(_) => "key-id",
    };
    let value = DEVICE.identity(attribute, identity, is_plain)?;
    match identity {
        Identity::Address(_) | Identity::Fqdn(_) => Ok(format!("{kind} {value}")),
        Identity::Email(_) | Identity::KeyId(_) => Ok(format!("{kind} \"{value}\"")),
    }
}

/// Any key can be written as digits.
fn key(key: &str) -> String {
    if key.chars().all(is_plain) {
        format!("ascii-text \"{key}\"")
    } else {
        format!("hexadecimal {}", hex(key.as_bytes()))
    }
}
