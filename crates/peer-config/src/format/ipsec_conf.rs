//! strongSwan by `ipsec.conf` and `ipsec.secrets`, as it was configured before there was swanctl.

use adit_model::algorithm::{IkeVersion, NegotiationMode};
use adit_model::proposal::{self, ChildProposal};

use crate::network::joined;
use crate::site::{Site, Start, WhenDead};
use crate::text::{Text, secrets_file_key};
use crate::{File, PeerConfig, Refused, Secret};

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    let files = [("/etc/ipsec.conf", conf(site)?), ("/etc/ipsec.secrets", secrets(site, secret))];
    let file = |(path, content): (&str, String)| File { path: Some(path.to_owned()), content };
    Ok(PeerConfig { files: files.into_iter().map(file).collect() })
}

fn conf(site: &Site) -> Result<String, Refused> {
    let label = site.label();
    let mut text = Text::headed(
        site,
        "#",
        "strongSwan, by ipsec.conf",
        &[
            "Put it into /etc/ipsec.conf, the rest into /etc/ipsec.secrets, and run: ipsec restart",
            "Behind NAT, replace left by the address of this machine; the identities stay as they are.",
            "Exempt what goes from the networks here to those at the cloud from masquerading.",
        ],
    );
    text.line("config setup");
    text.line("");
    text.line(format_args!("conn {label}"));
    text.lines(shared(site)?.into_iter().map(|line| format!("    {line}")));
    // What the first one joins is in the connection itself; any other needs one more, and shares the IKE SA.
    for (number, (here, cloud)) in site.children().iter().enumerate() {
        if number > 0 {
            text.line("");
            text.line(format_args!("conn {label}-{}", number + 1));
            text.line(format_args!("    also={label}"));
        }
        text.line(format_args!("    leftsubnet={}", joined(here, ",")));
        text.line(format_args!("    rightsubnet={}", joined(cloud, ",")));
        text.line(format_args!("    auto={}", auto(site.start)));
    }
    Ok(text.into_string())
}

fn shared(site: &Site) -> Result<Vec<String>, Refused> {
    let (protocol, child) = match proposal::child(&site.ipsec) {
        Some(ChildProposal::Esp(proposal)) => ("esp", proposal),
        Some(ChildProposal::Ah(proposal)) => ("ah", proposal),
        None => return Err(Refused::new("strongSwan cannot do ESP and AH at once: use esp")),
    };
    let (ike_lifetime, lifetime) = (site.ike.lifetime.get(), site.ipsec.lifetime.get());
    let mut lines = vec![
        format!("keyexchange={}", version(site.ike.version)),
        "authby=psk".to_owned(),
        "mobike=no".to_owned(),
        "keyingtries=%forever".to_owned(),
        format!("left={}", site.here.address),
        format!("leftid=\"{}\"", site.here.identity.to_charon()),
        "leftfirewall=yes".to_owned(),
        format!("right={}", site.cloud.address),
        format!("rightid=\"{}\"", site.cloud.identity.to_charon()),
        // The mark says that nothing else is offered or taken.
        format!("ike={}!", proposal::ike(&site.ike)),
        format!("ikelifetime={ike_lifetime}s"),
        format!("{protocol}={child}!"),
        format!("lifetime={lifetime}s"),
        format!("margintime={}s", ike_lifetime.min(lifetime) / 10),
        "rekeyfuzz=50%".to_owned(),
        format!("type={}", site.ipsec.encapsulation_mode),
    ];
    match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Aggressive) => lines.push("aggressive=yes".to_owned()),
        (IkeVersion::V1, NegotiationMode::Main) | (IkeVersion::V2, _) => {}
    }
    if site.ike.version == IkeVersion::V2 {
        lines.push("reauth=no".to_owned());
    }
    if site.start == Start::AtOnce {
        lines.push("closeaction=restart".to_owned());
    }
    lines.extend(dpd(site));
    Ok(lines)
}

fn dpd(site: &Site) -> Vec<String> {
    let action = match site.when_dead() {
        WhenDead::Ignore => return vec!["dpdaction=none".to_owned()],
        WhenDead::Clear => "clear",
        WhenDead::Hold => "hold",
        WhenDead::Restart => "restart",
    };
    let (interval, timeout) = (site.dpd.interval, site.dpd.timeout);
    let mut lines = vec![format!("dpdaction={action}"), format!("dpddelay={interval}s")];
    if site.ike.version == IkeVersion::V1 {
        lines.push(format!("dpdtimeout={timeout}s"));
    }
    lines
}

fn secrets(site: &Site, secret: Secret<'_>) -> String {
    let (here, cloud) = (site.here.identity.to_charon(), site.cloud.identity.to_charon());
    let mut text = Text::default();
    text.line("# Put it into /etc/ipsec.secrets, which only root may read.");
    text.line(format_args!("{here} {cloud} : PSK {}", secrets_file_key(secret.text())));
    text.into_string()
}

const fn version(version: IkeVersion) -> &'static str {
    match version {
        IkeVersion::V1 => "ikev1",
        IkeVersion::V2 => "ikev2",
    }
}

const fn auto(start: Start) -> &'static str {
    match start {
        Start::WhenNeeded => "route",
        Start::AtOnce => "start",
    }
}
