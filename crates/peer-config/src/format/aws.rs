//! AWS Site-to-Site VPN: the commands of its client. What AWS calls local is what it connects to: the cloud here.

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion};

use crate::algorithm::Mode;
use crate::device::{Device, Policy};
use crate::site::{Site, Start, WhenDead};
use crate::text::Text;
use crate::{PeerConfig, Refused, Secret};

const DEVICE: Device = Device("AWS Site-to-Site VPN");

const IKE_GROUPS: &[u8] = &[2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
const IPSEC_GROUPS: &[u8] = &[2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    DEVICE.wants_esp(site)?;
    DEVICE.wants_tunnel(site)?;
    DEVICE.wants_main_mode(site)?;
    check_ends(site)?;
    let label = site.label();
    let (here, cloud) = match (site.here.networks.as_slice(), site.cloud.networks.as_slice()) {
        ([here], [cloud]) => (here, cloud),
        _ => {
            let what = "several networks on a side, since it has one pair of SAs";
            return Err(DEVICE.cannot(what, "one network on each side that covers them all"));
        }
    };
    let mut text = Text::headed(
        site,
        "#",
        "AWS Site-to-Site VPN",
        &[
            "Replace VPN_GATEWAY by the virtual private gateway there, and let its routing tables learn of the cloud.",
            "AWS chooses the address of the tunnel (OutsideIpAddress in the answer). Unless it is the one here, give it to",
            "the connection as peer_address and peer_id. The second tunnel of AWS needs a connection of its own.",
        ],
    );
    text.line("VPN_GATEWAY=REPLACE-WITH-THE-VPN-GATEWAY");
    text.line("CUSTOMER_GATEWAY=$(aws ec2 create-customer-gateway --type ipsec.1 --bgp-asn 65000 \\");
    text.line(format_args!(
        "  --ip-address {} --device-name {label} --query CustomerGateway.CustomerGatewayId --output text)",
        site.cloud.address
    ));
    text.line("VPN_CONNECTION=$(aws ec2 create-vpn-connection --type ipsec.1 \\");
    text.line("  --customer-gateway-id \"$CUSTOMER_GATEWAY\" --vpn-gateway-id \"$VPN_GATEWAY\" \\");
    text.line("  --query VpnConnection.VpnConnectionId --output text \\");
    text.line("  --options '{");
    text.line("    \"StaticRoutesOnly\": true,");
    text.line(format_args!("    \"LocalIpv4NetworkCidr\": \"{cloud}\","));
    text.line(format_args!("    \"RemoteIpv4NetworkCidr\": \"{here}\","));
    text.line("    \"TunnelOptions\": [{");
    text.lines(tunnel(site, secret)?.join(",\n").lines().map(|line| format!("      {line}")));
    text.line("    }]");
    text.line("  }')");
    text.line("aws ec2 create-vpn-connection-route --vpn-connection-id \"$VPN_CONNECTION\" \\");
    text.line(format_args!("  --destination-cidr-block {cloud}"));
    Ok(PeerConfig::pasted(text.into_string()))
}

/// It proves its own address, expects to be shown the other one, and knows IPv4 outside and, at such a gateway, inside.
fn check_ends(site: &Site) -> Result<(), Refused> {
    for (attribute, end, address) in
        [("peer_id", &site.here, "peer_address"), ("local_id", &site.cloud, "the router's external address")]
    {
        if !end.is_its_own_identity() {
            let what = format!("`{}` as {attribute}", end.identity);
            return Err(DEVICE.cannot(what, address));
        }
    }
    if site.has_ipv6() {
        let what = "IPv6 in peer_address or a network, at a virtual private gateway";
        return Err(DEVICE.cannot(what, "IPv4"));
    }
    Ok(())
}

fn tunnel(site: &Site, secret: Secret<'_>) -> Result<Vec<String>, Refused> {
    let (ike, ipsec) = (&site.ike, &site.ipsec);
    let version = match ike.version {
        IkeVersion::V1 => "ikev1",
        IkeVersion::V2 => "ikev2",
    };
    let list = |name: &str, value: &str| format!("\"{name}\": [{{\"Value\": {value}}}]");
    let lifetime = DEVICE.ipsec_lifetime(site, 900..=3600)?;
    let mut options = vec![
        format!("\"PreSharedKey\": \"{}\"", key(&secret)?),
        list("IKEVersions", &format!("\"{version}\"")),
        list("Phase1EncryptionAlgorithms", &cipher(Policy::Ike, ike.encryption)?),
        list("Phase1IntegrityAlgorithms", &hash(Policy::Ike, ike.auth)?),
        list("Phase1DHGroupNumbers", &group(Policy::Ike, ike.dh_group, IKE_GROUPS)?),
        format!("\"Phase1LifetimeSeconds\": {}", DEVICE.ike_lifetime(site, 900..=28_800)?),
        list("Phase2EncryptionAlgorithms", &cipher(Policy::Ipsec, ipsec.encryption)?),
    ];
    if !site.child_is_aead() {
        options.push(list("Phase2IntegrityAlgorithms", &hash(Policy::Ipsec, ipsec.auth)?));
    }
    options.push(list("Phase2DHGroupNumbers", &group(Policy::Ipsec, ipsec.pfs_group, IPSEC_GROUPS)?));
    options.push(format!("\"Phase2LifetimeSeconds\": {lifetime}"));
    options.push(format!("\"RekeyMarginTimeSeconds\": {}", (lifetime / 10).max(60)));
    options.extend(dpd(site)?);
    options.push(match site.start {
        Start::WhenNeeded => "\"StartupAction\": \"add\"".to_owned(),
        Start::AtOnce => "\"StartupAction\": \"start\"".to_owned(),
    });
    Ok(options)
}

/// It cannot be told not to look.
fn dpd(site: &Site) -> Result<[String; 2], Refused> {
    let action = match site.when_dead() {
        WhenDead::Ignore => return Err(DEVICE.cannot("disabled as dpd action", "hold, clear or restart")),
        WhenDead::Clear | WhenDead::Hold => "clear",
        WhenDead::Restart => "restart",
    };
    let timeout = DEVICE.within("dpd timeout", site.dpd.timeout, 30..=3600)?;
    Ok([format!("\"DPDTimeoutSeconds\": {timeout}"), format!("\"DPDTimeoutAction\": \"{action}\"")])
}

fn key<'t>(secret: &'t Secret<'_>) -> Result<&'t str, Refused> {
    if matches!(secret, Secret::Placeholder) {
        return Ok(secret.text());
    }
    let key = DEVICE.key(secret, |one| one.is_ascii_alphanumeric() || one == '.' || one == '_')?;
    if !(8..=64).contains(&key.len()) || key.starts_with('0') {
        return Err(DEVICE
            .cannot("this psk", "8 to 64 letters, digits, points and underscores that do not begin with 0"));
    }
    Ok(key)
}

fn cipher(policy: Policy, cipher: EncryptionAlgorithm) -> Result<String, Refused> {
    DEVICE.cipher(policy, cipher, |mode, bits| match mode {
        Mode::Cbc if bits != 192 => Some(format!("\"AES{bits}\"")),
        Mode::Gcm(16) if bits != 192 => Some(format!("\"AES{bits}-GCM-16\"")),
        Mode::TripleDes | Mode::Cbc | Mode::Ctr | Mode::Ccm(_) | Mode::Gcm(_) => None,
    })
}

fn hash(policy: Policy, auth: AuthAlgorithm) -> Result<String, Refused> {
    DEVICE.auth(policy, auth, |auth| match auth {
        AuthAlgorithm::Sha1 => Some("\"SHA1\"".to_owned()),
        AuthAlgorithm::Sha256 => Some("\"SHA2-256\"".to_owned()),
        AuthAlgorithm::Sha384 => Some("\"SHA2-384\"".to_owned()),
        AuthAlgorithm::Sha512 => Some("\"SHA2-512\"".to_owned()),
        AuthAlgorithm::AesXcbc | AuthAlgorithm::AesCmac => None,
    })
}

fn group(policy: Policy, group: DhGroup, has: &[u8]) -> Result<String, Refused> {
    DEVICE.group(policy, group, has).map(|number| number.to_string())
}
