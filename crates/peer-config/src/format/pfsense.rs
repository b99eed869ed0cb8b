//! pfSense: what to enter on which of its web pages.

use adit_model::algorithm::{AuthAlgorithm, IkeVersion, NegotiationMode, TransformProtocol};
use adit_model::ike_identity::Identity;
use ipnet::IpNet;

use crate::algorithm::Mode;
use crate::device::{Device, Policy};
use crate::network::version;
use crate::site::{End, Site, Start, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("pfSense");

const GROUPS: &[u8] = &[2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 28, 29, 30, 31];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_tunnel(site)?;
    let secret = DEVICE.key(&secret, |one| !one.is_control())?;
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "pfSense",
        &["Choose everything as it stands here, and remove other algorithms from the lists."],
    );
    text.line("");
    text.line("1. VPN > IPsec > Tunnels > Add P1");
    phase1(&mut text, site, &label, secret)?;
    for (number, pair) in site.pairs().into_iter().enumerate() {
        text.line("");
        text.line(format_args!("{}. Show Phase 2 Entries > Add P2", number + 2));
        phase2(&mut text, site, &format!("{label}-{}", number + 1), pair)?;
    }
    text.line("");
    text.line(format_args!(
        "{}. Apply Changes, and then Firewall > Rules > IPsec > Add",
        site.pairs().len() + 2
    ));
    for network in &site.cloud.networks {
        field(&mut text, "Pass, protocol Any, from", network);
    }
    text.line("");
    text.line("What the tunnel takes is not translated; outbound NAT needs no exemption.");
    Ok(PeerConfig::pasted(text.into_string()))
}

fn field(text: &mut Text, name: &str, value: impl std::fmt::Display) {
    text.line(format_args!("   {name}: {value}"));
}

fn phase1(text: &mut Text, site: &Site, label: &str, secret: &str) -> Result<(), Refused> {
    let group = DEVICE.group(Policy::Ike, site.ike.dh_group, GROUPS)?;
    let lifetime = site.ike.lifetime.get();
    field(text, "Description", label);
    field(
        text,
        "Key Exchange version",
        match site.ike.version {
            IkeVersion::V1 => "IKEv1",
            IkeVersion::V2 => "IKEv2",
        },
    );
    field(text, "Internet Protocol", format_args!("IPv{}", version(site.cloud.address)));
    field(text, "Interface", format_args!("the one with {}", site.here.address));
    field(text, "Remote Gateway", site.cloud.address);
    field(text, "Authentication Method", "Mutual PSK");
    if site.ike.version == IkeVersion::V1 {
        field(
            text,
            "Negotiation mode",
            match site.ike.negotiation_mode {
                NegotiationMode::Main => "Main",
                NegotiationMode::Aggressive => "Aggressive",
            },
        );
    }
    field(text, "My identifier", identifier("peer_id", &site.here)?);
    field(text, "Peer identifier", identifier("local_id", &site.cloud)?);
    field(text, "Pre-Shared Key", secret);
    let cipher = cipher(Policy::Ike, site.ike.encryption)?;
    let hash = hash(Policy::Ike, site.ike.auth)?;
    field(text, "Encryption Algorithm", format_args!("{cipher}, Hash {hash}, DH Group {group}"));
    field(text, "Life Time", lifetime);
    field(
        text,
        "Child SA Start Action",
        match site.start {
            Start::WhenNeeded => "Initiate on demand",
            Start::AtOnce => "Initiate at start",
        },
    );
    field(
        text,
        "Child SA Close Action",
        match site.start {
            Start::WhenNeeded => "Default",
            Start::AtOnce => "Restart/Reconnect",
        },
    );
    field(text, "NAT Traversal", "Auto");
    if site.ike.version == IkeVersion::V2 {
        field(text, "MOBIKE", "Disable");
        field(text, "Split connections", "not enabled");
    }
    if site.when_dead() == WhenDead::Ignore {
        field(text, "Dead Peer Detection", "not enabled");
    } else {
        let failures = DEVICE.failures(site.dpd, 1..=1000)?;
        field(text, "Dead Peer Detection", "enabled");
        field(text, "Delay", site.dpd.interval);
        field(text, "Max failures", failures);
    }
    Ok(())
}

fn phase2(text: &mut Text, site: &Site, label: &str, (here, cloud): (IpNet, IpNet)) -> Result<(), Refused> {
    let group = DEVICE.group(Policy::Ipsec, site.ipsec.pfs_group, GROUPS)?;
    field(text, "Description", label);
    field(text, "Mode", format_args!("Tunnel IPv{}", version(here.addr())));
    field(text, "Local Network", format_args!("Network {here}"));
    field(text, "NAT/BINAT translation", "None");
    field(text, "Remote Network", format_args!("Network {cloud}"));
    match site.ipsec.transform_protocol {
        TransformProtocol::Esp => {
            field(text, "Protocol", "ESP");
            field(text, "Encryption Algorithms", cipher(Policy::Ipsec, site.ipsec.encryption)?);
        }
        TransformProtocol::Ah | TransformProtocol::AhEsp => field(text, "Protocol", "AH"),
    }
    if site.child_is_aead() {
        field(text, "Hash Algorithms", "none");
    } else {
        field(text, "Hash Algorithms", hash(Policy::Ipsec, site.ipsec.auth)?);
    }
    field(text, "PFS key group", group);
    field(text, "Life Time", site.ipsec.lifetime.get());
    Ok(())
}

fn identifier(attribute: &str, end: &End) -> Result<String, Refused> {
    let kind = match &end.identity {
        Identity::Address(_) => "IP address",
        Identity::Fqdn(_) => "Fully qualified domain name",
        Identity::Email(_) => "User Fully qualified domain name",
        Identity::KeyId(_) => "KeyID tag",
    };
    let value = DEVICE.identity(attribute, &end.identity, |one| !one.is_control())?;
    Ok(format!("{kind}, {value}"))
}

fn cipher(policy: Policy, cipher: adit_model::algorithm::EncryptionAlgorithm) -> Result<String, Refused> {
    DEVICE.cipher(policy, cipher, |mode, bits| match mode {
        Mode::TripleDes => Some("3DES".to_owned()),
        Mode::Cbc => Some(format!("AES, {bits} bits")),
        // It gives the length of the tag in bits.
        Mode::Gcm(tag) => Some(format!("AES{bits}-GCM, {} bits", u16::from(tag) * 8)),
        Mode::Ctr | Mode::Ccm(_) => None,
    })
}

fn hash(policy: Policy, auth: AuthAlgorithm) -> Result<&'static str, Refused> {
    DEVICE.auth(policy, auth, |auth| match auth {
        AuthAlgorithm::Sha1 => Some("SHA1"),
        AuthAlgorithm::Sha256 => Some("SHA256"),
        AuthAlgorithm::Sha384 => Some("SHA384"),
        AuthAlgorithm::Sha512 => Some("SHA512"),
        AuthAlgorithm::AesXcbc => Some("AES-XCBC"),
        AuthAlgorithm::AesCmac => None,
    })
}
