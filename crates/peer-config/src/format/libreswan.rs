//! Libreswan, by files that its own `ipsec.conf` and `ipsec.secrets` include.

use adit_model::algorithm::{AuthAlgorithm, IkeVersion, NegotiationMode, TransformProtocol};
use adit_model::ike_identity::Identity;

use crate::algorithm::Mode;
use crate::device::{Device, Policy};
use crate::network::joined;
use crate::site::{Site, Start, WhenDead};
use crate::text::{Text, hex, secrets_file_key};
use crate::{File, PeerConfig, Refused, Secret};

const DEVICE: Device = Device("Libreswan");

/// What distributions build into it; group 2 and those with short subgroups are left out.
const GROUPS: &[u8] = &[5, 14, 15, 16, 17, 18, 19, 20, 21, 31];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    let label = site.label();
    let path = |suffix: &str| Some(format!("/etc/ipsec.d/{label}.{suffix}"));
    Ok(PeerConfig {
        files: vec![
            File { path: path("conf"), content: conf(site)? },
            File { path: path("secrets"), content: secrets(site, secret)? },
        ],
    })
}

fn conf(site: &Site) -> Result<String, Refused> {
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "Libreswan",
        &[
            &format!(
                "Save it as /etc/ipsec.d/{label}.conf, the rest as /etc/ipsec.d/{label}.secrets, and run:"
            ),
            &format!("ipsec secrets; ipsec add {label}; ipsec {} {label}", by_hand(site.start)),
            "Behind NAT, replace left by the address of this machine; the identities stay as they are.",
            "Exempt what goes from the networks here to those at the cloud from masquerading.",
        ],
    );
    if site.ike.version == IkeVersion::V1 {
        // Only what stands in the first one of these sections counts, which is not in this file.
        text.line("# IKEv1 has to be switched on in /etc/ipsec.conf, in the section config setup: ikev1-policy=accept");
    }
    text.line(format_args!("conn {label}"));
    text.lines(lines(site)?.into_iter().map(|line| format!("    {line}")));
    Ok(text.into_string())
}

fn lines(site: &Site) -> Result<Vec<String>, Refused> {
    let (ike_lifetime, lifetime) = (site.ike.lifetime.get(), site.ipsec.lifetime.get());
    let mut lines = vec![
        format!("ikev2={}", if site.ike.version == IkeVersion::V2 { "insist" } else { "no" }),
        "authby=secret".to_owned(),
        "keyingtries=0".to_owned(),
        format!("left={}", site.here.address),
        format!("leftid=\"{}\"", identity("peer_id", &site.here.identity)?),
        format!("right={}", site.cloud.address),
        format!("rightid=\"{}\"", identity("local_id", &site.cloud.identity)?),
    ];
    lines.extend(subnets(site));
    lines.push(format!("ike={}", ike(site)?));
    lines.extend(child(site)?);
    lines.push(format!("ikelifetime={ike_lifetime}s"));
    lines.push(format!("salifetime={lifetime}s"));
    lines.push(format!("rekeymargin={}s", ike_lifetime.min(lifetime) / 10));
    lines.push("rekeyfuzz=50%".to_owned());
    lines.push(format!("type={}", site.ipsec.encapsulation_mode));
    match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Aggressive) => lines.push("aggressive=yes".to_owned()),
        (IkeVersion::V1, NegotiationMode::Main) | (IkeVersion::V2, _) => {}
    }
    lines.extend(dpd(site));
    lines.push(format!("auto={}", auto(site.start)));
    Ok(lines)
}

/// Several networks are a CHILD_SA for each pair, in either version.
fn subnets(site: &Site) -> [String; 2] {
    let (here, cloud) = (&site.here.networks, &site.cloud.networks);
    if here.len() == 1 && cloud.len() == 1 {
        return [format!("leftsubnet={}", joined(here, " ")), format!("rightsubnet={}", joined(cloud, " "))];
    }
    [format!("leftsubnets={{{}}}", joined(here, " ")), format!("rightsubnets={{{}}}", joined(cloud, " "))]
}

fn ike(site: &Site) -> Result<String, Refused> {
    let cipher = DEVICE.cipher(Policy::Ike, site.ike.encryption, |mode, bits| match mode {
        Mode::Ccm(_) => None,
        Mode::TripleDes | Mode::Cbc | Mode::Ctr | Mode::Gcm(_) => Some(cipher(mode, bits)),
    })?;
    let auth = DEVICE.auth(Policy::Ike, site.ike.auth, |auth| match auth {
        AuthAlgorithm::AesCmac => None,
        // As a PRF it has the same name.
        AuthAlgorithm::Sha1
        | AuthAlgorithm::Sha256
        | AuthAlgorithm::Sha384
        | AuthAlgorithm::Sha512
        | AuthAlgorithm::AesXcbc => Some(integrity(auth)),
    })?;
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    Ok(format!("{cipher}-{auth}-dh{group}"))
}

fn child(site: &Site) -> Result<Vec<String>, Refused> {
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    let auth = integrity(site.ipsec.auth);
    let (protocol, proposal) = match site.ipsec.transform_protocol {
        TransformProtocol::Ah | TransformProtocol::AhEsp => ("ah", auth.to_owned()),
        TransformProtocol::Esp => {
            let cipher =
                DEVICE.cipher(Policy::Ipsec, site.ipsec.encryption, |mode, bits| Some(cipher(mode, bits)))?;
            let auth = if site.child_is_aead() { "none" } else { auth };
            ("esp", format!("{cipher}-{auth}"))
        }
    };
    Ok(vec![format!("phase2={protocol}"), format!("phase2alg={proposal}-dh{group}"), "pfs=yes".to_owned()])
}

fn cipher(mode: Mode, bits: u16) -> String {
    match mode {
        Mode::TripleDes => "3des".to_owned(),
        Mode::Cbc => format!("aes{bits}"),
        Mode::Ctr => format!("aes_ctr{bits}"),
        Mode::Ccm(tag) => format!("aes_ccm_{tag}_{bits}"),
        Mode::Gcm(tag) => format!("aes_gcm_{tag}_{bits}"),
    }
}

const fn integrity(auth: AuthAlgorithm) -> &'static str {
    match auth {
        AuthAlgorithm::Sha1 => "sha1",
        AuthAlgorithm::Sha256 => "sha2_256",
        AuthAlgorithm::Sha384 => "sha2_384",
        AuthAlgorithm::Sha512 => "sha2_512",
        AuthAlgorithm::AesXcbc => "aes_xcbc",
        AuthAlgorithm::AesCmac => "aes_cmac",
    }
}

fn dpd(site: &Site) -> Vec<String> {
    let action = match site.when_dead() {
        WhenDead::Ignore => return Vec::new(),
        WhenDead::Clear => "clear",
        WhenDead::Hold => "hold",
        WhenDead::Restart => "restart",
    };
    let (interval, timeout) = (site.dpd.interval, site.dpd.timeout);
    vec![format!("dpddelay={interval}"), format!("dpdtimeout={timeout}"), format!("dpdaction={action}")]
}

fn secrets(site: &Site, secret: Secret<'_>) -> Result<String, Refused> {
    let here = identity("peer_id", &site.here.identity)?;
    let cloud = identity("local_id", &site.cloud.identity)?;
    let mut text = Text::default();
    text.line(format_args!("# Save it as /etc/ipsec.d/{}.secrets, which only root may read.", site.label()));
    text.line(format_args!("{here} {cloud} : PSK {}", secrets_file_key(secret.text())));
    Ok(text.into_string())
}

/// With a mark that leaves one reading only: without, it would ask the DNS for the address of a name. An e-mail address has
/// none, and what looks like anything else is not taken for one.
fn identity(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    match identity {
        Identity::Address(address) => Ok(address.to_string()),
        Identity::Fqdn(name) => Ok(format!("@{name}")),
        Identity::Email(email) => {
            let is_clear = email.starts_with(|one: char| one.is_ascii_alphanumeric());
            if is_clear && !email.contains(['=', '\'', '#']) {
                return Ok(email.clone());
            }
            Err(DEVICE.cannot(
                format!("{attribute} `{email}`"),
                "an e-mail address of letters, digits and points, or a domain name",
            ))
        }
        Identity::KeyId(octets) => Ok(format!("@#{}", hex(octets))),
    }
}

const fn auto(start: Start) -> &'static str {
    match start {
        Start::WhenNeeded => "ondemand",
        Start::AtOnce => "start",
    }
}

const fn by_hand(start: Start) -> &'static str {
    match start {
        Start::WhenNeeded => "route",
        Start::AtOnce => "up",
    }
}
