//! VyOS 1.4, which has strongSwan inside.

use adit_model::algorithm::{AuthAlgorithm, EncapsulationMode, IkeVersion, NegotiationMode};
use adit_model::ike_identity::Identity;

use crate::algorithm::Mode;
use crate::device::{Device, Policy};
use crate::site::{Site, Start, WhenDead};
use crate::text::{Text, hex};
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("VyOS");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "VyOS",
        &[
            "Paste it after: configure, and end with: commit; save",
            "Behind NAT, replace local-address by the address of this machine; the identities stay as they are.",
            "Should source NAT be on, add a rule before it that excludes what goes from here to the cloud.",
        ],
    );
    let parts = [ike_group(site, &label)?, esp_group(site, &label)?, peer(site, &label, secret)?];
    text.lines(parts.into_iter().flatten().map(|line| format!("set vpn ipsec {line}")));
    Ok(PeerConfig::pasted(text.into_string()))
}

fn ike_group(site: &Site, label: &str) -> Result<Vec<String>, Refused> {
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = DEVICE.ike_lifetime(site, 0..=86_400)?;
    let (version, close) = match (site.ike.version, site.start) {
        (IkeVersion::V1, Start::WhenNeeded) => ("ikev1", "none"),
        (IkeVersion::V1, Start::AtOnce) => ("ikev1", "start"),
        (IkeVersion::V2, Start::WhenNeeded) => ("ikev2", "none"),
        (IkeVersion::V2, Start::AtOnce) => ("ikev2", "start"),
    };
    let mut lines = vec![
        format!("key-exchange {version}"),
        format!("lifetime {lifetime}"),
        format!("proposal 1 encryption {}", cipher(Policy::Ike, site.ike.encryption)?),
        format!("proposal 1 hash {}", hash(Policy::Ike, site.ike.auth)?),
        format!("proposal 1 dh-group {group}"),
        format!("close-action {close}"),
        "disable-mobike".to_owned(),
    ];
    match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Main) => lines.push("mode main".to_owned()),
        (IkeVersion::V1, NegotiationMode::Aggressive) => lines.push("mode aggressive".to_owned()),
        (IkeVersion::V2, _) => {}
    }
    let action = match site.when_dead() {
        WhenDead::Ignore => None,
        WhenDead::Clear => Some("clear"),
        WhenDead::Hold => Some("trap"),
        WhenDead::Restart => Some("restart"),
    };
    if let Some(action) = action {
        let interval = DEVICE.within("dpd interval", site.dpd.interval, 2..=86_400)?;
        let timeout = DEVICE.within("dpd timeout", site.dpd.timeout, 2..=86_400)?;
        lines.push(format!("dead-peer-detection action {action}"));
        lines.push(format!("dead-peer-detection interval {interval}"));
        lines.push(format!("dead-peer-detection timeout {timeout}"));
    }
    Ok(lines.into_iter().map(|line| format!("ike-group {label} {line}")).collect())
}

fn esp_group(site: &Site, label: &str) -> Result<Vec<String>, Refused> {
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    let lifetime = DEVICE.ipsec_lifetime(site, 30..=86_400)?;
    let mode = match site.ipsec.encapsulation_mode {
        EncapsulationMode::Tunnel => "tunnel",
        EncapsulationMode::Transport => "transport",
    };
    let lines = [
        format!("lifetime {lifetime}"),
        format!("mode {mode}"),
        format!("pfs dh-group{group}"),
        format!("proposal 1 encryption {}", cipher(Policy::Ipsec, site.ipsec.encryption)?),
        // It wants a hash in any case, and strongSwan leaves it out beside a cipher that needs none.
        format!("proposal 1 hash {}", hash(Policy::Ipsec, site.ipsec.auth)?),
    ];
    Ok(lines.into_iter().map(|line| format!("esp-group {label} {line}")).collect())
}

fn peer(site: &Site, label: &str, secret: Secret<'_>) -> Result<Vec<String>, Refused> {
    // It writes the key between double quotes into a file of strongSwan's.
    let secret = DEVICE.key(&secret, |one| matches!(one, ' '..='~') && !matches!(one, '\'' | '"' | '\\'))?;
    let looks_encoded = ["0x", "0X", "0s", "0S"].into_iter().any(|prefix| secret.starts_with(prefix));
    if looks_encoded {
        return Err(DEVICE.cannot("a psk that begins with 0x or 0s, which it decodes", "another psk"));
    }
    let (here, cloud) =
        (identity("peer_id", &site.here.identity)?, identity("local_id", &site.cloud.identity)?);
    let mut lines = vec![
        format!("authentication psk {label} id '{here}'"),
        format!("authentication psk {label} id '{cloud}'"),
        format!("authentication psk {label} secret '{secret}'"),
    ];
    let peer = format!("site-to-site peer {label}");
    let of_peer = [
        "authentication mode pre-shared-secret".to_owned(),
        format!("authentication local-id '{here}'"),
        format!("authentication remote-id '{cloud}'"),
        "connection-type initiate".to_owned(),
        format!("ike-group {label}"),
        format!("local-address {}", site.here.address),
        format!("remote-address {}", site.cloud.address),
    ];
    lines.extend(of_peer.into_iter().map(|line| format!("{peer} {line}")));
    for (number, (here, cloud)) in site.children().iter().enumerate() {
        let tunnel = format!("{peer} tunnel {}", number + 1);
        lines.push(format!("{tunnel} esp-group {label}"));
        lines.extend(here.iter().map(|network| format!("{tunnel} local prefix {network}")));
        lines.extend(cloud.iter().map(|network| format!("{tunnel} remote prefix {network}")));
    }
    Ok(lines)
}

/// It gives the length of a tag in bits.
fn cipher(policy: Policy, cipher: adit_model::algorithm::EncryptionAlgorithm) -> Result<String, Refused> {
    DEVICE.cipher(policy, cipher, |mode, bits| {
        Some(match mode {
            Mode::TripleDes => "3des".to_owned(),
            Mode::Cbc => format!("aes{bits}"),
            Mode::Ctr => format!("aes{bits}ctr"),
            Mode::Ccm(tag) => format!("aes{bits}ccm{}", u16::from(tag) * 8),
            Mode::Gcm(tag) => format!("aes{bits}gcm{}", u16::from(tag) * 8),
        })
    })
}

fn hash(policy: Policy, auth: AuthAlgorithm) -> Result<&'static str, Refused> {
    DEVICE.auth(policy, auth, |auth| {
        Some(match auth {
            AuthAlgorithm::Sha1 => "sha1",
            AuthAlgorithm::Sha256 => "sha256",
            AuthAlgorithm::Sha384 => "sha384",
            AuthAlgorithm::Sha512 => "sha512",
            AuthAlgorithm::AesXcbc => "aesxcbc",
            AuthAlgorithm::AesCmac => "aescmac",
        })
    })
}

/// As strongSwan reads it; a key id by its octets, so that it stays within its quotes.
fn identity(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    match identity {
        Identity::Address(_) | Identity::Fqdn(_) => Ok(identity.to_string()),
        Identity::Email(email) => {
            DEVICE.carried(attribute, email, |one| one != '\'')?;
            Ok(email.clone())
        }
        Identity::KeyId(octets) => Ok(format!("keyid:#{}", hex(octets))),
    }
}
