//! Another Adit, or OpenStack with VPNaaS: the commands of the client there.

use std::iter;

use adit_model::algorithm::LifetimeSecs;
use adit_model::ike_identity::Identity;
use adit_model::site_connection::{Dpd, DpdAction};

use crate::site::Site;
use crate::text::{Text, hex, shell};
use crate::{PeerConfig, Refused, Secret};

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "another region",
        &[
            "Replace ROUTER by the router there, whose external address must be the one here, and SUBNET_1 and so on by",
            "its subnets with these networks. The same commands begin with adit instead of openstack, too.",
            "Releases of the openstack command that crash on --lifetime or --dpd do without where it is the default.",
        ],
    );
    text.line("ROUTER=REPLACE-WITH-THE-ROUTER");
    for (number, network) in site.here.networks.iter().enumerate() {
        let number = number + 1;
        text.line(format_args!("SUBNET_{number}=REPLACE-WITH-THE-SUBNET  # {network}"));
    }
    text.line("");
    text.lines(policies(site, &label));
    text.lines(groups(site, &label));
    text.line(connection(site, &label, secret));
    Ok(PeerConfig::pasted(text.into_string()))
}

/// A command with its options, a line each.
fn command(words: &str, options: impl IntoIterator<Item = String>, name: &str) -> String {
    let options = options.into_iter().fold(String::new(), |all, option| format!("{all} \\\n  {option}"));
    format!("openstack vpn {words}{options} \\\n  {name}")
}

/// An hour is what a policy has that does not say, and releases of the client crash on this option.
fn lifetime(secs: u32) -> Option<String> {
    (secs != LifetimeSecs::DEFAULT.get()).then(|| format!("--lifetime units=seconds,value={secs}"))
}

fn policies(site: &Site, label: &str) -> [String; 2] {
    let (ike, ipsec) = (&site.ike, &site.ipsec);
    let of_ike = [
        format!("--ike-version {}", ike.version),
        format!("--phase1-negotiation-mode {}", ike.negotiation_mode),
        format!("--encryption-algorithm {}", ike.encryption),
        format!("--auth-algorithm {}", ike.auth),
        format!("--pfs {}", ike.dh_group),
    ];
    let of_ipsec = [
        format!("--transform-protocol {}", ipsec.transform_protocol),
        format!("--encapsulation-mode {}", ipsec.encapsulation_mode),
        format!("--encryption-algorithm {}", ipsec.encryption),
        format!("--auth-algorithm {}", ipsec.auth),
        format!("--pfs {}", ipsec.pfs_group),
    ];
    [
        command("ike policy create", of_ike.into_iter().chain(lifetime(ike.lifetime.get())), label),
        command("ipsec policy create", of_ipsec.into_iter().chain(lifetime(ipsec.lifetime.get())), label),
    ]
}

fn groups(site: &Site, label: &str) -> [String; 3] {
    let subnets = (1..=site.here.networks.len()).map(|number| format!("--value \"$SUBNET_{number}\""));
    let cidrs = site.cloud.networks.iter().map(|network| format!("--value {network}"));
    let of_type = |kind: &str| iter::once(format!("--type {kind}"));
    [
        command("service create", ["--router \"$ROUTER\"".to_owned()], label),
        command("endpoint group create", of_type("subnet").chain(subnets), &format!("{label}-local")),
        command("endpoint group create", of_type("cidr").chain(cidrs), &format!("{label}-peer")),
    ]
}

fn connection(site: &Site, label: &str, secret: Secret<'_>) -> String {
    let mut options = vec![
        format!("--vpnservice {label}"),
        format!("--ikepolicy {label}"),
        format!("--ipsecpolicy {label}"),
        format!("--local-endpoint-group {label}-local"),
        format!("--peer-endpoint-group {label}-peer"),
        format!("--peer-address {}", site.cloud.address),
        format!("--peer-id={}", shell(&marked(&site.cloud.identity))),
    ];
    if !site.here.is_its_own_identity() {
        options.push(format!("--local-id={}", shell(&marked(&site.here.identity))));
    }
    let dpd = site.dpd;
    let action = match dpd.action {
        // There the peer is this end, which waits for nobody.
        DpdAction::RestartByPeer => DpdAction::Restart,
        action @ (DpdAction::Clear | DpdAction::Disabled | DpdAction::Hold | DpdAction::Restart) => action,
    };
    if dpd != Dpd::default() {
        options.push(format!("--dpd action={action},interval={},timeout={}", dpd.interval, dpd.timeout));
    }
    if site.mtu != 0 {
        options.push(format!("--mtu {}", site.mtu));
    }
    // Whether the cloud only answers or both may begin, this end may.
    options.push("--initiator bi-directional".to_owned());
    options.push(format!("--psk={}", shell(secret.text())));
    command("ipsec site connection create", options, label)
}

/// An identity as the API reads it, in one way only.
fn marked(identity: &Identity) -> String {
    match identity {
        Identity::KeyId(octets) => format!("@#{}", hex(octets)),
        Identity::Address(_) | Identity::Fqdn(_) | Identity::Email(_) => identity.to_string(),
    }
}
