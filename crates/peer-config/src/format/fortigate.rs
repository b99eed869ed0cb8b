//! FortiGate: a route-based VPN, with a phase 2 for each pair of networks.

use adit_model::algorithm::{AuthAlgorithm, IkeVersion, NegotiationMode};
use adit_model::ike_identity::Identity;
use ipnet::IpNet;

use crate::algorithm::Mode;
use crate::device::{Device, Policy, is_plain};
use crate::network::{version, with_netmask};
use crate::site::{Site, Start, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("FortiGate");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 27, 28, 29, 30, 31];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    DEVICE.wants_tunnel(site)?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "FortiGate",
        &[
            "Replace wan1 by the interface with the address here, and internal by the one of the networks here.",
            "The policies translate nothing, which this traffic needs.",
        ],
    );
    phase1(&mut text, site, &label, secret)?;
    phase2(&mut text, site, &label)?;
    routes(&mut text, site, &label);
    let names = addresses(&mut text, site, &label);
    policies(&mut text, site, &label, &names);
    Ok(PeerConfig::pasted(text.into_string()))
}

fn phase1(text: &mut Text, site: &Site, label: &str, secret: Secret<'_>) -> Result<(), Refused> {
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = DEVICE.ike_lifetime(site, 120..=172_800)?;
    let secret = DEVICE.key(&secret, is_plain)?;
    if secret.len() < 6 {
        return Err(DEVICE.cannot("a psk of less than 6 characters", "a longer one"));
    }
    let mut lines = vec!["set type static".to_owned(), "set interface \"wan1\"".to_owned()];
    if version(site.cloud.address) == 6 {
        lines.push("set ip-version 6".to_owned());
        lines.push(format!("set local-gw6 {}", site.here.address));
        lines.push(format!("set remote-gw6 {}", site.cloud.address));
    } else {
        lines.push(format!("set local-gw {}", site.here.address));
        lines.push(format!("set remote-gw {}", site.cloud.address));
    }
    lines.extend(ike_version(site).into_iter().map(str::to_owned));
    lines.push("set authmethod psk".to_owned());
    lines.push(format!("set psksecret \"{secret}\""));
    lines.push("set peertype any".to_owned());
    lines.extend(local_id(site)?);
    lines.push(format!("set proposal {}", ike(site)?));
    lines.push(format!("set dhgrp {group}"));
    lines.push(format!("set keylife {lifetime}"));
    lines.push("set net-device disable".to_owned());
    lines.push("set nattraversal enable".to_owned());
    lines.extend(dpd(site)?);
    block(text, "vpn ipsec phase1-interface", [(format!("\"{label}\""), lines)]);
    Ok(())
}

fn ike_version(site: &Site) -> Vec<&'static str> {
    match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Main) => vec!["set ike-version 1", "set mode main"],
        (IkeVersion::V1, NegotiationMode::Aggressive) => vec!["set ike-version 1", "set mode aggressive"],
        (IkeVersion::V2, _) => vec!["set ike-version 2"],
    }
}

/// An address that it proves is always its own.
fn local_id(site: &Site) -> Result<Vec<String>, Refused> {
    let kind = match &site.here.identity {
        Identity::Address(_) if site.here.is_its_own_identity() => {
            return Ok(vec!["set localid-type address".to_owned()]);
        }
        address @ Identity::Address(_) => {
            let what = format!("peer_id `{address}`, another address than peer_address");
            return Err(DEVICE.cannot(what, "a domain name, or the address"));
        }
        Identity::Fqdn(_) => "fqdn",
        Identity::Email(_) => "user-fqdn",
        Identity::KeyId(_) => "keyid",
    };
    let value = DEVICE.identity("peer_id", &site.here.identity, is_plain)?;
    Ok(vec![format!("set localid-type {kind}"), format!("set localid \"{value}\"")])
}

fn dpd(site: &Site) -> Result<Vec<String>, Refused> {
    let when = match site.when_dead() {
        WhenDead::Ignore => return Ok(vec!["set dpd disable".to_owned()]),
        WhenDead::Clear | WhenDead::Hold | WhenDead::Restart => "on-idle",
    };
    let interval = DEVICE.within("dpd interval", site.dpd.interval, 1..=3600)?;
    let failures = DEVICE.failures(site.dpd, 1..=10)?;
    Ok(vec![
        format!("set dpd {when}"),
        format!("set dpd-retryinterval {interval}"),
        format!("set dpd-retrycount {failures}"),
    ])
}

fn ike(site: &Site) -> Result<String, Refused> {
    let is_v2 = site.ike.version == IkeVersion::V2;
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::Gcm(16) if is_v2 && bits != 192 => Some(format!("aes{bits}gcm-prf")),
        Mode::TripleDes | Mode::Cbc | Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => {
            plain_cipher(mode, bits).map(|cipher| format!("{cipher}-"))
        }
    })?;
    Ok(format!("{cipher}{}", hash(Policy::Ike, site.ike.auth)?))
}

fn phase2(text: &mut Text, site: &Site, label: &str) -> Result<(), Refused> {
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    let lifetime = DEVICE.ipsec_lifetime(site, 120..=172_800)?;
    let cipher = DEVICE.cipher(Policy::Ipsec, site.ipsec.encryption, |mode, bits| match mode {
        Mode::Gcm(16) if bits != 192 => Some(format!("aes{bits}gcm")),
        Mode::TripleDes | Mode::Cbc | Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => plain_cipher(mode, bits),
    })?;
    let proposal = if site.child_is_aead() {
        cipher
    } else {
        format!("{cipher}-{}", hash(Policy::Ipsec, site.ipsec.auth)?)
    };
    let start = match site.start {
        Start::WhenNeeded => "disable",
        Start::AtOnce => "enable",
    };
    let entry = |(number, (here, cloud)): (usize, (IpNet, IpNet))| {
        let mut lines = vec![
            format!("set phase1name \"{label}\""),
            format!("set proposal {proposal}"),
            "set pfs enable".to_owned(),
            format!("set dhgrp {group}"),
            format!("set keylifeseconds {lifetime}"),
            format!("set auto-negotiate {start}"),
        ];
        for (side, network) in [("src", here), ("dst", cloud)] {
            lines.extend(match with_netmask(&network) {
                Some(network) => vec![format!("set {side}-subnet {network}")],
                None => {
                    vec![format!("set {side}-addr-type subnet6"), format!("set {side}-subnet6 {network}")]
                }
            });
        }
        (format!("\"{label}-{}\"", number + 1), lines)
    };
    block(text, "vpn ipsec phase2-interface", site.pairs().into_iter().enumerate().map(entry));
    Ok(())
}

/// To the tunnel, and nowhere while there is none.
fn routes(text: &mut Text, site: &Site, label: &str) {
    let via = [
        vec![format!("set device \"{label}\"")],
        vec!["set blackhole enable".to_owned(), "set distance 254".to_owned()],
    ];
    let entries = site.cloud.networks.iter().flat_map(|network| {
        let dst = with_netmask(network).unwrap_or_else(|| network.to_string());
        via.iter().map(move |via| {
            let lines = [vec![format!("set dst {dst}")], via.clone()].concat();
            ("0".to_owned(), lines)
        })
    });
    let table = if is_ipv6(site) { "router static6" } else { "router static" };
    block(text, table, entries);
}

/// The names of the addresses here and at the cloud, between quotes.
fn addresses(text: &mut Text, site: &Site, label: &str) -> [String; 2] {
    let mut entries = Vec::new();
    let names = [("here", &site.here.networks), ("cloud", &site.cloud.networks)].map(|(place, networks)| {
        let mut names = Vec::new();
        for (number, network) in networks.iter().enumerate() {
            let name = format!("\"{label}-{place}-{}\"", number + 1);
            let line = match with_netmask(network) {
                Some(network) => format!("set subnet {network}"),
                None => format!("set ip6 {network}"),
            };
            entries.push((name.clone(), vec![line]));
            names.push(name);
        }
        names.join(" ")
    });
    block(text, if is_ipv6(site) { "firewall address6" } else { "firewall address" }, entries);
    names
}

fn policies(text: &mut Text, site: &Site, label: &str, [here, cloud]: &[String; 2]) {
    let six = if is_ipv6(site) { "6" } else { "" };
    let tunnel = format!("\"{label}\"");
    let internal = "\"internal\"".to_owned();
    let ways = [("out", &internal, &tunnel, here, cloud), ("in", &tunnel, &internal, cloud, here)];
    let entries = ways.map(|(way, from, to, source, destination)| {
        let lines = vec![
            format!("set name \"{label}-{way}\""),
            format!("set srcintf {from}"),
            format!("set dstintf {to}"),
            format!("set srcaddr{six} {source}"),
            format!("set dstaddr{six} {destination}"),
            "set action accept".to_owned(),
            "set schedule \"always\"".to_owned(),
            "set service \"ALL\"".to_owned(),
        ];
        ("0".to_owned(), lines)
    });
    block(text, "firewall policy", entries);
}

fn is_ipv6(site: &Site) -> bool {
    site.cloud.networks.iter().any(|network| network.addr().is_ipv6())
}

fn block(text: &mut Text, path: &str, entries: impl IntoIterator<Item = (String, Vec<String>)>) {
    text.line(format_args!("config {path}"));
    for (name, lines) in entries {
        text.line(format_args!("    edit {name}"));
        text.lines(lines.into_iter().map(|line| format!("        {line}")));
        text.line("    next");
    }
    text.line("end");
}

fn plain_cipher(mode: Mode, bits: u16) -> Option<String> {
    match mode {
        Mode::TripleDes => Some("3des".to_owned()),
        Mode::Cbc => Some(format!("aes{bits}")),
        Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    }
}

fn hash(policy: Policy, auth: AuthAlgorithm) -> Result<&'static str, Refused> {
    DEVICE.auth(policy, auth, |auth| match auth {
        AuthAlgorithm::Sha1 | AuthAlgorithm::Sha256 | AuthAlgorithm::Sha384 | AuthAlgorithm::Sha512 => {
            Some(auth.as_str())
        }
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })
}
