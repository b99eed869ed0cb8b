//! Cisco IOS and IOS XE: a crypto map, which joins pairs of networks as the cloud does.

use adit_model::algorithm::{
    AuthAlgorithm, EncapsulationMode, IkeVersion, NegotiationMode, TransformProtocol,
};
use adit_model::ike_identity::Identity;

use crate::algorithm::Mode;
use crate::device::{Device, Policy, is_plain};
use crate::network::with_wildcard;
use crate::site::{End, Site, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("Cisco IOS");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 19, 20, 21, 24];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    if site.has_ipv6() {
        return Err(
            DEVICE.cannot("IPv6 in peer_address or a network, since a crypto map is for IPv4", "IPv4")
        );
    }
    // A blank would end the key, and a question mark ask for help.
    let secret = DEVICE.key(&secret, |one| is_plain(one) && one != ' ')?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "!",
        "Cisco IOS",
        &[
            "Replace OUTSIDE by the interface with the address here, and the number 10 where it is taken.",
            "Should address translation be on, exempt this traffic: deny it first in the access list of the translation.",
            "The tunnel comes up with the first packet from here to the cloud. In IKEv1 other policies are offered as well: the",
            "one here needs the smallest number.",
        ],
    );
    match site.ike.version {
        IkeVersion::V1 => ikev1(&mut text, site, &label, secret)?,
        IkeVersion::V2 => ikev2(&mut text, site, &label, secret)?,
    }
    child(&mut text, site, &label)?;
    Ok(PeerConfig::pasted(text.into_string()))
}

fn ikev1(text: &mut Text, site: &Site, label: &str, secret: &str) -> Result<(), Refused> {
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des".to_owned()),
        Mode::Cbc => Some(aes("aes", bits)),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let hash = DEVICE.auth(Policy::Ike, site.ike.auth, |auth| match auth {
        AuthAlgorithm::Sha1 => Some("sha"),
        AuthAlgorithm::Sha256 => Some("sha256"),
        AuthAlgorithm::Sha384 => Some("sha384"),
        AuthAlgorithm::Sha512 => Some("sha512"),
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })?;
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = DEVICE.ike_lifetime(site, 60..=86_400)?;
    let cloud = site.cloud.address;
    text.line("crypto isakmp policy 10");
    text.line(format_args!(" encryption {cipher}"));
    text.line(format_args!(" hash {hash}"));
    text.line(" authentication pre-share");
    text.line(format_args!(" group {group}"));
    text.line(format_args!(" lifetime {lifetime}"));
    text.line(format_args!("crypto keyring {label}"));
    text.line(format_args!(" pre-shared-key address {cloud} key 0 {secret}"));
    text.line(format_args!("crypto isakmp profile {label}"));
    text.line(format_args!(" keyring {label}"));
    text.line(format_args!(" self-identity {}", self_identity(&site.here)?));
    text.line(format_args!(" match identity {}", isakmp_peer(&site.cloud)?));
    if let Some(dpd) = dpd(site)? {
        text.line(format_args!(" keepalive {} retry {}", dpd.interval, dpd.retry));
    }
    match site.ike.negotiation_mode {
        NegotiationMode::Main => {}
        NegotiationMode::Aggressive => text.line(" initiate mode aggressive"),
    }
    Ok(())
}

/// What a router may say of itself in IKEv1. A name would be its own host name, whatever is written.
fn self_identity(here: &End) -> Result<String, Refused> {
    match &here.identity {
        Identity::Address(_) if here.is_its_own_identity() => Ok("address".to_owned()),
        Identity::Email(email) => Ok(format!("user-fqdn {}", DEVICE.carried("peer_id", email, is_plain)?)),
        identity @ (Identity::Address(_) | Identity::Fqdn(_) | Identity::KeyId(_)) => {
            let instead = "its address, an e-mail address, or IKEv2";
            Err(DEVICE.cannot(format!("peer_id `{identity}` in IKEv1"), instead))
        }
    }
}

fn isakmp_peer(cloud: &End) -> Result<String, Refused> {
    match &cloud.identity {
        Identity::Address(address) => Ok(format!("address {address} 255.255.255.255")),
        Identity::Fqdn(name) => Ok(format!("host {name}")),
        Identity::Email(email) => Ok(format!("user {}", DEVICE.carried("local_id", email, is_plain)?)),
        identity @ Identity::KeyId(_) => {
            let instead = "an address, a domain name or an e-mail address";
            Err(DEVICE.cannot(format!("local_id `{identity}` in IKEv1"), instead))
        }
    }
}

fn ikev2(text: &mut Text, site: &Site, label: &str, secret: &str) -> Result<(), Refused> {
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::TripleDes => Some("3des".to_owned()),
        Mode::Cbc => Some(format!("aes-cbc-{bits}")),
        Mode::Gcm(16) if bits != 192 => Some(format!("aes-gcm-{bits}")),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })?;
    let hash = DEVICE.auth(Policy::Ike, site.ike.auth, |auth| match auth {
        AuthAlgorithm::Sha1 | AuthAlgorithm::Sha256 | AuthAlgorithm::Sha384 | AuthAlgorithm::Sha512 => {
            Some(auth.as_str())
        }
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })?;
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = DEVICE.ike_lifetime(site, 120..=86_400)?;
    let (here, cloud) = (site.here.address, site.cloud.address);
    text.line(format_args!("crypto ikev2 proposal {label}"));
    text.line(format_args!(" encryption {cipher}"));
    let hash_is_for = if site.ike.encryption.is_aead() { "prf" } else { "integrity" };
    text.line(format_args!(" {hash_is_for} {hash}"));
    text.line(format_args!(" group {group}"));
    text.line(format_args!("crypto ikev2 policy {label}"));
    text.line(format_args!(" match address local {here}"));
    text.line(format_args!(" proposal {label}"));
    text.line(format_args!("crypto ikev2 keyring {label}"));
    text.line(" peer cloud");
    text.line(format_args!("  address {cloud}"));
    text.line(format_args!("  pre-shared-key {secret}"));
    text.line(format_args!("crypto ikev2 profile {label}"));
    text.line(format_args!(" match identity remote {}", remote(&site.cloud)?));
    text.line(format_args!(" identity local {}", named("peer_id", &site.here.identity)?));
    text.line(" authentication remote pre-share");
    text.line(" authentication local pre-share");
    text.line(format_args!(" keyring local {label}"));
    text.line(format_args!(" lifetime {lifetime}"));
    if let Some(dpd) = dpd(site)? {
        text.line(format_args!(" dpd {} {} periodic", dpd.interval, dpd.retry));
    }
    Ok(())
}

fn remote(cloud: &End) -> Result<String, Refused> {
    let mask = if matches!(cloud.identity, Identity::Address(_)) { " 255.255.255.255" } else { "" };
    Ok(format!("{}{mask}", named("local_id", &cloud.identity)?))
}

fn named(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    let kind = match identity {
        Identity::Address(_) => "address",
        Identity::Fqdn(_) => "fqdn",
        Identity::Email(_) => "email",
        Identity::KeyId(_) => "key-id",
    };
    let value = DEVICE.identity(attribute, identity, |one| is_plain(one) && one != ' ')?;
    Ok(format!("{kind} {value}"))
}

/// It asks after `interval` seconds of silence, and five times more `retry` seconds apart.
struct Questions {
    interval: u32,
    retry: u32,
}

fn dpd(site: &Site) -> Result<Option<Questions>, Refused> {
    if site.when_dead() == WhenDead::Ignore {
        return Ok(None);
    }
    let interval = DEVICE.within("dpd interval", site.dpd.interval, 10..=3600)?;
    let retry = site.dpd.timeout.saturating_sub(interval).div_ceil(5).clamp(2, 60);
    Ok(Some(Questions { interval, retry }))
}

fn child(text: &mut Text, site: &Site, label: &str) -> Result<(), Refused> {
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    let lifetime = DEVICE.ipsec_lifetime(site, 120..=86_400)?;
    text.line(format_args!("crypto ipsec transform-set {label} {}", transform(site)?));
    text.line(match site.ipsec.encapsulation_mode {
        EncapsulationMode::Tunnel => " mode tunnel",
        EncapsulationMode::Transport => " mode transport",
    });
    text.line(format_args!("ip access-list extended {label}"));
    for (here, cloud) in site.pairs() {
        let (Some(here), Some(cloud)) = (with_wildcard(&here), with_wildcard(&cloud)) else { continue };
        text.line(format_args!(" permit ip {here} {cloud}"));
    }
    text.line(format_args!("crypto map {label} 10 ipsec-isakmp"));
    text.line(format_args!(" set peer {}", site.cloud.address));
    text.line(format_args!(" set transform-set {label}"));
    text.line(format_args!(" set pfs group{group}"));
    text.line(format_args!(" set security-association lifetime seconds {lifetime}"));
    text.line(" set security-association lifetime kilobytes disable");
    let profile = match site.ike.version {
        IkeVersion::V1 => "isakmp-profile",
        IkeVersion::V2 => "ikev2-profile",
    };
    text.line(format_args!(" set {profile} {label}"));
    text.line(format_args!(" match address {label}"));
    text.line("interface OUTSIDE");
    text.line(format_args!(" crypto map {label}"));
    Ok(())
}

fn transform(site: &Site) -> Result<String, Refused> {
    let hash = || {
        DEVICE.auth(Policy::Ipsec, site.ipsec.auth, |auth| match auth {
            AuthAlgorithm::Sha1 => Some("sha"),
            AuthAlgorithm::Sha256 => Some("sha256"),
            AuthAlgorithm::Sha384 => Some("sha384"),
            AuthAlgorithm::Sha512 => Some("sha512"),
            AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
        })
    };
    match site.ipsec.transform_protocol {
        TransformProtocol::Ah | TransformProtocol::AhEsp => Ok(format!("ah-{}-hmac", hash()?)),
        TransformProtocol::Esp => {
            let cipher = DEVICE.cipher(Policy::Ipsec, site.ipsec.encryption, |mode, bits| match mode {
                Mode::TripleDes => Some("esp-3des".to_owned()),
                Mode::Cbc => Some(aes("esp-aes", bits)),
                Mode::Gcm(16) => Some(aes("esp-gcm", bits)),
                Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
            })?;
            if site.child_is_aead() { Ok(cipher) } else { Ok(format!("{cipher} esp-{}-hmac", hash()?)) }
        }
    }
}

/// 128 bits are what it has when nothing is said.
fn aes(word: &str, bits: u16) -> String {
    if bits == 128 { word.to_owned() } else { format!("{word} {bits}") }
}
