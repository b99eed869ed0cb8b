//! OPNsense since 23.1: what to enter on which of its web pages. It has proposals to choose from, and no others.

use adit_model::algorithm::{IkeVersion, NegotiationMode};
use adit_model::ike_identity::Identity;
use adit_model::proposal::{self, ChildProposal};

use crate::device::Device;
use crate::network::joined;
use crate::site::{Site, Start, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("OPNsense");

/// What it offers beside all combinations of the words below.
const OTHERS: &[&str] = &[
    "aes256-sha1-modp2048",
    "aes128-sha1-modp2048",
    "aes256-sha1-modp4096",
    "aes256-sha1-ecp521",
    "aes256-sha512-modp1024",
];
const CIPHERS: &[&str] = &["aes128", "aes192", "aes256", "aes128gcm16", "aes192gcm16", "aes256gcm16"];
const HASHES: &[&str] = &["sha256", "sha384", "sha512", "aesxcbc"];
const GROUPS: &[&str] = &[
    "modp2048", "modp3072", "modp4096", "modp6144", "modp8192", "ecp224", "ecp256", "ecp384", "ecp521",
    "ecp224bp", "ecp256bp", "ecp384bp", "ecp512bp", "x25519",
];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    DEVICE.wants_tunnel(site)?;
    let secret = DEVICE.key(&secret, |one| !one.is_control())?;
    let (here, cloud) =
        (identifier("peer_id", &site.here.identity)?, identifier("local_id", &site.cloud.identity)?);
    let label = site.label();
    let mut text = Text::headed(site, "#", "OPNsense", &["Switch on the advanced mode to see all fields."]);
    text.line("");
    text.line("1. VPN > IPsec > Pre-Shared Keys > Add");
    field(&mut text, "Local Identifier", &here);
    field(&mut text, "Remote Identifier", &cloud);
    field(&mut text, "Pre-Shared Key", secret);
    field(&mut text, "Type", "PSK");
    text.line("");
    text.line("2. VPN > IPsec > Connections > Add");
    general(&mut text, site, &label)?;
    for (number, (place, id)) in
        [("Local Authentication", &here), ("Remote Authentication", &cloud)].iter().enumerate()
    {
        text.line("");
        text.line(format_args!("{}. {place} > Add", number + 3));
        field(&mut text, "Authentication", "Pre-Shared Key");
        field(&mut text, "Id", id);
    }
    for (number, (here, cloud)) in site.children().iter().enumerate() {
        text.line("");
        text.line(format_args!("{}. Children > Add", number + 5));
        child(&mut text, site)?;
        field(&mut text, "Local", joined(here, ", "));
        field(&mut text, "Remote", joined(cloud, ", "));
    }
    text.line("");
    text.line(
        "At last: enable IPsec, Apply, and let the networks of the cloud in at Firewall > Rules > IPsec.",
    );
    Ok(PeerConfig::pasted(text.into_string()))
}

fn field(text: &mut Text, name: &str, value: impl std::fmt::Display) {
    text.line(format_args!("   {name}: {value}"));
}

fn general(text: &mut Text, site: &Site, label: &str) -> Result<(), Refused> {
    let lifetime = site.ike.lifetime.get();
    field(text, "Description", label);
    field(text, "Proposals", chosen("IKE", &proposal::ike(&site.ike).replace("prf", ""), HASHES)?);
    field(
        text,
        "Version",
        match site.ike.version {
            IkeVersion::V1 => "IKEv1",
            IkeVersion::V2 => "IKEv2",
        },
    );
    field(
        text,
        "Aggressive",
        match (site.ike.version, site.ike.negotiation_mode) {
            (IkeVersion::V1, NegotiationMode::Aggressive) => "yes",
            (IkeVersion::V1, NegotiationMode::Main) | (IkeVersion::V2, _) => "no",
        },
    );
    field(text, "MOBIKE", "no");
    field(text, "Local addresses", site.here.address);
    field(text, "Remote addresses", site.cloud.address);
    field(text, "Rekey time (s)", lifetime - lifetime / 10);
    field(text, "Over time (s)", lifetime / 10);
    if site.when_dead() == WhenDead::Ignore {
        field(text, "DPD delay (s)", 0);
    } else {
        field(text, "DPD delay (s)", site.dpd.interval);
        if site.ike.version == IkeVersion::V1 {
            field(text, "DPD timeout (s)", site.dpd.timeout);
        }
    }
    field(text, "Keyingtries", 0);
    Ok(())
}

fn child(text: &mut Text, site: &Site) -> Result<(), Refused> {
    let lifetime = site.ipsec.lifetime.get();
    let (Some(ChildProposal::Esp(proposal)) | Some(ChildProposal::Ah(proposal))) =
        proposal::child(&site.ipsec)
    else {
        return DEVICE.wants_esp(site);
    };
    field(text, "Mode", "Tunnel");
    field(text, "Policies", "yes");
    field(
        text,
        "Start action",
        match site.start {
            Start::WhenNeeded => "Trap",
            Start::AtOnce => "Start",
        },
    );
    field(
        text,
        "Close action",
        match site.start {
            Start::WhenNeeded => "None",
            Start::AtOnce => "Start",
        },
    );
    field(
        text,
        "DPD action",
        match site.when_dead() {
            WhenDead::Ignore | WhenDead::Clear => "Clear",
            WhenDead::Hold => "Trap",
            WhenDead::Restart => "Start",
        },
    );
    field(
        text,
        "ESP proposals",
        chosen("IPsec", &proposal, if site.child_is_aead() { &[] } else { HASHES })?,
    );
    field(text, "Rekey time (s)", lifetime - lifetime / 10);
    field(text, "Life time (s)", lifetime);
    Ok(())
}

/// The proposal as it stands in the list; with a hash where there are some to choose from.
fn chosen(policy: &str, proposal: &str, hashes: &[&str]) -> Result<String, Refused> {
    let proposal = proposal.replace("curve25519", "x25519");
    let is_offered = OTHERS.contains(&proposal.as_str())
        || match proposal.split('-').collect::<Vec<_>>().as_slice() {
            [cipher, hash, group] => {
                CIPHERS.contains(cipher) && hashes.contains(hash) && GROUPS.contains(group)
            }
            [cipher, group] => hashes.is_empty() && CIPHERS.contains(cipher) && GROUPS.contains(group),
            _ => false,
        };
    if is_offered {
        return Ok(proposal);
    }
    Err(Refused::new(format!(
        "OPNsense has no {proposal} among its proposals, which the {policy} policy asks for by encryption_algorithm, \
         auth_algorithm and pfs: use aes-128, aes-192, aes-256 or these with gcm-16, one of sha256, sha384 and sha512, and \
         one of group14 to group21 or group26 to group31"
    )))
}

/// With its type, as strongSwan reads it.
fn identifier(attribute: &str, identity: &Identity) -> Result<String, Refused> {
    DEVICE.identity(attribute, identity, |one| !one.is_control())?;
    match identity {
        Identity::Address(_) | Identity::Fqdn(_) | Identity::Email(_) => Ok(identity.to_string()),
        Identity::KeyId(_) => Ok(identity.to_charon()),
    }
}
