//! strongSwan by `swanctl.conf`.

use adit_model::algorithm::{IkeVersion, NegotiationMode};
use adit_model::proposal::{self, ChildProposal};

use crate::network::joined;
use crate::site::{Site, Start, WhenDead};
use crate::text::{Text, hex};
use crate::{File, PeerConfig, Refused, Secret};

pub(crate) fn render(site: &Site, secret: Secret<'_>) -> Result<PeerConfig, Refused> {
    let label = site.label();
    let path = format!("/etc/swanctl/conf.d/{label}.conf");
    let mut text = Text::headed(
        site,
        "#",
        "strongSwan, by swanctl",
        &[
            &format!("Save it as {path} and run: swanctl --load-all"),
            "Behind NAT, replace local_addrs by the address of this machine; the identities stay as they are.",
            "Exempt what goes from the networks here to those at the cloud from masquerading.",
        ],
    );
    text.line("");
    text.line("connections {");
    text.line(format_args!("  {label} {{"));
    text.lines(ike_lines(site).into_iter().map(|line| format!("    {line}")));
    text.line("    children {");
    for (number, (here, cloud)) in site.children().iter().enumerate() {
        text.line(format_args!("      {label}-{} {{", number + 1));
        text.line(format_args!("        local_ts = {}", joined(here, ",")));
        text.line(format_args!("        remote_ts = {}", joined(cloud, ",")));
        text.lines(child_lines(site)?.into_iter().map(|line| format!("        {line}")));
        text.line("      }");
    }
    text.line("    }");
    text.line("  }");
    text.line("}");
    text.line("secrets {");
    text.line(format_args!("  ike-{label} {{"));
    text.line(format_args!("    id-here = {}", quoted(&site.here.identity.to_charon())));
    text.line(format_args!("    id-cloud = {}", quoted(&site.cloud.identity.to_charon())));
    text.line(format_args!("    secret = {}", key(secret.text())));
    text.line("  }");
    text.line("}");
    Ok(PeerConfig { files: vec![File { path: Some(path), content: text.into_string() }] })
}

fn ike_lines(site: &Site) -> Vec<String> {
    let lifetime = site.ike.lifetime.get();
    let margin = lifetime / 10;
    let mut lines = vec![
        format!("version = {}", version(site.ike.version)),
        format!("local_addrs = {}", site.here.address),
        format!("remote_addrs = {}", site.cloud.address),
        format!("proposals = {}", proposal::ike(&site.ike)),
        format!("rekey_time = {}s", lifetime - margin),
        format!("over_time = {margin}s"),
        "mobike = no".to_owned(),
        "keyingtries = 0".to_owned(),
    ];
    match (site.ike.version, site.ike.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Aggressive) => lines.push("aggressive = yes".to_owned()),
        (IkeVersion::V1, NegotiationMode::Main) | (IkeVersion::V2, _) => {}
    }
    if site.when_dead() != WhenDead::Ignore {
        lines.push(format!("dpd_delay = {}s", site.dpd.interval));
        if site.ike.version == IkeVersion::V1 {
            lines.push(format!("dpd_timeout = {}s", site.dpd.timeout));
        }
    }
    for (end, place) in [(&site.here, "local"), (&site.cloud, "remote")] {
        lines.push(format!("{place} {{"));
        lines.push("  auth = psk".to_owned());
        lines.push(format!("  id = {}", quoted(&end.identity.to_charon())));
        lines.push("}".to_owned());
    }
    lines
}

fn child_lines(site: &Site) -> Result<Vec<String>, Refused> {
    let lifetime = site.ipsec.lifetime.get();
    let proposal = match proposal::child(&site.ipsec) {
        Some(ChildProposal::Esp(proposal)) => format!("esp_proposals = {proposal}"),
        Some(ChildProposal::Ah(proposal)) => format!("ah_proposals = {proposal}"),
        None => return Err(Refused::new("strongSwan cannot do ESP and AH at once: use esp")),
    };
    let start = match site.start {
        Start::WhenNeeded => "trap",
        Start::AtOnce => "start",
    };
    let mut lines = vec![
        proposal,
        format!("mode = {}", site.ipsec.encapsulation_mode),
        format!("life_time = {lifetime}s"),
        format!("rekey_time = {}s", lifetime - lifetime / 10),
        format!("start_action = {start}"),
    ];
    if site.start == Start::AtOnce {
        lines.push("close_action = start".to_owned());
    }
    match site.when_dead() {
        WhenDead::Ignore => {}
        WhenDead::Clear => lines.push("dpd_action = clear".to_owned()),
        WhenDead::Hold => lines.push("dpd_action = trap".to_owned()),
        WhenDead::Restart => lines.push("dpd_action = restart".to_owned()),
    }
    Ok(lines)
}

const fn version(version: IkeVersion) -> u8 {
    match version {
        IkeVersion::V1 => 1,
        IkeVersion::V2 => 2,
    }
}

/// Between double quotes a backslash takes the meaning of what follows it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// A secret that begins like digits of another base is taken for these, quotes or not.
fn key(key: &str) -> String {
    let looks_encoded = ["0x", "0X", "0s", "0S"].into_iter().any(|prefix| key.starts_with(prefix));
    if looks_encoded || key.chars().any(char::is_control) {
        format!("0x{}", hex(key.as_bytes()))
    } else {
        quoted(key)
    }
}
