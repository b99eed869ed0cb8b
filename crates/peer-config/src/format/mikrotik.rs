//! MikroTik RouterOS 7.

use adit_model::algorithm::{AuthAlgorithm, EncapsulationMode, IkeVersion, NegotiationMode};
use adit_model::ike_identity::Identity;
use ipnet::IpNet;

use crate::algorithm::Mode;
use crate::device::{Device, Policy};
use crate::site::{End, Site, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("MikroTik RouterOS");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 31];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "MikroTik RouterOS",
        &[
            "Behind NAT, replace local-address by the address of this router; the identities stay as they are.",
            "Rules of the firewall have to let UDP 500 and 4500 and ESP in from the cloud, and its networks.",
        ],
    );
    text.line(profile(site, &label)?);
    text.line(proposal(site, &label)?);
    let (cloud, here) = (IpNet::from(site.cloud.address), site.here.address);
    let mode = match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Main) => "main",
        (IkeVersion::V1, NegotiationMode::Aggressive) => "aggressive",
        (IkeVersion::V2, _) => "ike2",
    };
    text.line(format_args!(
        "/ip ipsec peer add name={label} address={cloud} local-address={here} profile={label} exchange-mode={mode} passive=no"
    ));
    let (mine, theirs) = (identity("peer_id", &site.here.identity)?, remote_id(&site.cloud)?);
    let secret = quoted(secret.text());
    text.line(format_args!(
        "/ip ipsec identity add peer={label} auth-method=pre-shared-key secret={secret} my-id={mine} remote-id={theirs} \
         generate-policy=no"
    ));
    policies(&mut text, site, &label);
    Ok(PeerConfig::pasted(text.into_string()))
}

fn profile(site: &Site, label: &str) -> Result<String, Refused> {
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des".to_owned()),
        Mode::Cbc => Some(format!("aes-{bits}")),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let hash = DEVICE.auth(Policy::Ike, site.ike.auth, |auth| match auth {
        AuthAlgorithm::Sha1 | AuthAlgorithm::Sha256 | AuthAlgorithm::Sha384 | AuthAlgorithm::Sha512 => {
            Some(auth.as_str())
        }
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })?;
    let group = group(DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?);
    let lifetime = site.ike.lifetime.get();
    let dpd = match site.when_dead() {
        WhenDead::Ignore => "dpd-interval=disable-dpd".to_owned(),
        WhenDead::Clear | WhenDead::Hold | WhenDead::Restart => {
            let failures = DEVICE.failures(site.dpd, 1..=100)?;
            format!("dpd-interval={}s dpd-maximum-failures={failures}", site.dpd.interval)
        }
    };
    Ok(format!(
        "/ip ipsec profile add name={label} enc-algorithm={cipher} hash-algorithm={hash} dh-group={group} \
         lifetime={lifetime}s {dpd} nat-traversal=yes"
    ))
}

fn proposal(site: &Site, label: &str) -> Result<String, Refused> {
    let cipher = DEVICE.cipher(Policy::Ipsec, site.ipsec.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des".to_owned()),
        Mode::Cbc => Some(format!("aes-{bits}-cbc")),
        Mode::Ctr => Some(format!("aes-{bits}-ctr")),
        Mode::Gcm(16) => Some(format!("aes-{bits}-gcm")),
        Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let auth = if site.child_is_aead() {
        "null"
    } else {
        DEVICE.auth(Policy::Ipsec, site.ipsec.auth, |auth| match auth {
            AuthAlgorithm::Sha1 | AuthAlgorithm::Sha256 | AuthAlgorithm::Sha512 => Some(auth.as_str()),
            AuthAlgorithm::Sha384 | AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
        })?
    };
    let group = group(DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?);
    let lifetime = site.ipsec.lifetime.get();
    Ok(format!(
        "/ip ipsec proposal add name={label} enc-algorithms={cipher} auth-algorithms={auth} pfs-group={group} \
         lifetime={lifetime}s"
    ))
}

fn policies(text: &mut Text, site: &Site, label: &str) {
    let tunnel = match site.ipsec.encapsulation_mode {
        EncapsulationMode::Tunnel => "yes",
        EncapsulationMode::Transport => "no",
    };
    for (here, cloud) in site.pairs() {
        text.line(format_args!(
            "/ip ipsec policy add peer={label} proposal={label} tunnel={tunnel} src-address={here} dst-address={cloud} \
             action=encrypt level=unique"
        ));
    }
    if site.here.networks.iter().all(|network| network.addr().is_ipv4()) {
        text.line("# Where a rule masquerades what leaves, these have to stand before it:");
        for (here, cloud) in site.pairs() {
            text.line(format_args!(
                "/ip firewall nat add chain=srcnat action=accept src-address={here} dst-address={cloud} comment={label}"
            ));
        }
    }
}

/// Its name for a group of [`GROUPS`].
const fn group(number: u8) -> &'static str {
    match number {
        2 => "modp1024",
        5 => "modp1536",
        14 => "modp2048",
        15 => "modp3072",
        16 => "modp4096",
        17 => "modp6144",
        18 => "modp8192",
        19 => "ecp256",
        20 => "ecp384",
        21 => "ecp521",
        _ => "x25519",
    }
}

fn identity(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    let kind = match identity {
        Identity::Address(_) => "address",
        Identity::Fqdn(_) => "fqdn",
        Identity::Email(_) => "user-fqdn",
        Identity::KeyId(_) => "key-id",
    };
    let value = DEVICE.identity(attribute, identity, |one| !one.is_control())?;
    Ok(quoted(&format!("{kind}:{value}")))
}

fn remote_id(cloud: &End) -> Result<String, Refused> {
    match &cloud.identity {
        Identity::Address(_) if cloud.is_its_own_identity() => Ok("auto".to_owned()),
        address @ Identity::Address(_) => {
            let instead = "a domain name, or the address of the gateway";
            Err(DEVICE.cannot(format!("local_id `{address}`, another address than the gateway's"), instead))
        }
        name @ (Identity::Fqdn(_) | Identity::Email(_) | Identity::KeyId(_)) => identity("local_id", name),
    }
}

/// Between double quotes a backslash with two digits is any octet, so nothing gets out.
fn quoted(text: &str) -> String {
    let octet = |octet: u8| {
        let is_itself = octet.is_ascii_alphanumeric() || b"-_.:@+=,/ ".contains(&octet);
        if is_itself { char::from(octet).to_string() } else { format!("\\{octet:02X}") }
    };
    format!("\"{}\"", text.bytes().map(octet).collect::<String>())
}
