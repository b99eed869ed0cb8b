//! The whole text of every kind of device, for every kind of connection.

use adit_model::algorithm::IkeVersion;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{DpdAction, Initiator};
use adit_peer_config::{Format, Secret, Site, render};

use crate::{guide, networks, plain, set};

#[test]
fn each_device_is_told_everything() {
    for format in Format::ALL {
        let texts = cases().map(|(case, spec)| format!("== {case}\n{}", told(*format, &spec)));
        insta::assert_snapshot!(format.as_str(), texts.join("\n"));
    }
}

/// What there is, and the key only where it is asked for.
fn told(format: Format, spec: &ConnectionSpec) -> String {
    let site = Site::mirror("conn", spec).unwrap();
    let config = match render(format, &site, Secret::Shown(&spec.psk)) {
        Ok(config) => config,
        Err(refused) => return format!("refused: {refused}\n"),
    };
    let hidden = render(format, &site, Secret::Placeholder).unwrap().text();
    assert!(!hidden.contains(spec.psk.expose()), "{hidden}");
    let shown = config.text();
    assert_eq!(hidden.matches("REPLACE-WITH-THE-PRE-SHARED-KEY").count(), 1);
    assert_eq!(shown, hidden.replace("REPLACE-WITH-THE-PRE-SHARED-KEY", spec.psk.expose()));
    let file = |file: &adit_peer_config::File| match &file.path {
        Some(path) => format!("-- {path}\n{}", file.content),
        None => file.content.clone(),
    };
    config.files.iter().map(file).collect()
}

fn cases() -> [(&'static str, ConnectionSpec); 6] {
    let mut named = plain();
    (named.local_id, named.peer_id) = ("cloud.example".to_owned(), "ops@office.example".to_owned());
    (named.initiator, named.mtu) = (Initiator::ResponseOnly, 0);
    named.dpd.action = DpdAction::Restart;
    let mut gcm = plain();
    set(&mut gcm, ["aes-256-gcm-16", "sha384", "group19"]);
    let mut several = plain();
    several.local_networks = networks(&["10.1.1.0/24", "10.1.2.0/24"]);
    several.peer_networks = networks(&["10.2.1.0/24", "10.2.2.0/23"]);
    let mut several_by_ikev1 = several.clone();
    several_by_ikev1.ike.version = IkeVersion::V1;
    let mut ipv6 = plain();
    ipv6.local_address = Some("2001:db8:1::1".parse().unwrap());
    (ipv6.peer_address, ipv6.peer_id) = ("2001:db8:2::1".to_owned(), "2001:db8:2::1".to_owned());
    ipv6.local_networks = networks(&["2001:db8:a::/64"]);
    ipv6.peer_networks = networks(&["2001:db8:b::/64"]);
    let mut guide = guide();
    guide.psk = adit_model::Psk::new("a.long.secret");
    for spec in [&mut named, &mut gcm, &mut several, &mut several_by_ikev1, &mut ipv6] {
        spec.psk = guide.psk.clone();
    }
    [
        ("ikev1", guide),
        ("ikev2, with names, the device begins", named),
        ("gcm", gcm),
        ("several networks", several),
        ("several networks by ikev1", several_by_ikev1),
        ("ipv6", ipv6),
    ]
}
