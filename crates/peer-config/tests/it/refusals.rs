//! What is refused, with the sentence.

use adit_model::Psk;
use adit_model::algorithm::{
    EncapsulationMode, IkeVersion, LifetimeSecs, NegotiationMode, TransformProtocol,
};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::DpdAction;
use adit_peer_config::{Format, Secret, Site, render};

use crate::{networks, plain, set};

type Change = fn(&mut ConnectionSpec);

#[test]
fn what_no_gateway_does_is_refused_for_all_devices() {
    let cases: [(Change, &str); 9] = [
        (
            |spec| spec.local_address = None,
            "the router has no external IPv4 address that the peer could be told: set an external gateway that has one",
        ),
        (
            |spec| spec.peer_address = "2001:db8::1".to_owned(),
            "the router has no external IPv6 address that the peer could be told: set an external gateway that has one",
        ),
        (
            |spec| spec.peer_address = "office.example".to_owned(),
            "peer_address `office.example` is no IP address: set one that is",
        ),
        (
            |spec| spec.peer_id = "@#xy".to_owned(),
            "peer_id: the identity `@#xy` does not have pairs of hexadecimal digits after `@#`",
        ),
        (|spec| spec.local_id = "a\nb".to_owned(), "local_id: the identity \"a\\nb\" has control characters"),
        (|spec| spec.peer_networks.clear(), "the connection has no network on one of its sides: give it one"),
        (
            |spec| spec.ipsec.transform_protocol = TransformProtocol::AhEsp,
            "transform_protocol ah-esp of the IPsec policy is done by no gateway: use esp, or ah alone",
        ),
        (
            |spec| spec.ipsec.encapsulation_mode = EncapsulationMode::Transport,
            "encapsulation_mode transport of the IPsec policy joins the two gateways alone, and no networks behind them: \
             use tunnel",
        ),
        (
            |spec| {
                spec.ike.version = IkeVersion::V1;
                spec.ike.encryption = "aes-256-gcm-16".parse().unwrap();
            },
            "IKEv1 has no aes-256-gcm-16 for the key exchange: use aes-128, aes-192, aes-256 or 3des in the IKE policy, or \
             IKEv2",
        ),
    ];
    for (change, want) in cases {
        let mut spec = plain();
        change(&mut spec);
        assert_eq!(Site::mirror("conn", &spec).unwrap_err().to_string(), want);
    }
}

#[test]
fn what_a_device_cannot_do_is_refused_with_what_would_do() {
    let cases: &[(Format, Change, &str)] = &[
        (
            Format::Libreswan,
            |spec| spec.ike.dh_group = "group2".parse().unwrap(),
            "Libreswan has no group2 as pfs of the IKE policy: use one of group5, group14, group15, group16, group17, \
             group18, group19, group20, group21, group31",
        ),
        (
            Format::Libreswan,
            |spec| spec.ike.auth = "aes-cmac".parse().unwrap(),
            "Libreswan has no aes-cmac as auth_algorithm of the IKE policy: use one of sha1, sha256, sha384, sha512, \
             aes-xcbc",
        ),
        (
            Format::Libreswan,
            |spec| spec.peer_id = "a=b@office.example".to_owned(),
            "Libreswan cannot be configured here with peer_id `a=b@office.example`: use an e-mail address of letters, digits \
             and points, or a domain name",
        ),
        (
            Format::CiscoIos,
            |spec| spec.ipsec.encryption = "aes-256-ccm-16".parse().unwrap(),
            "Cisco IOS has no aes-256-ccm-16 as encryption_algorithm of the IPsec policy: use one of 3des, aes-128, aes-192, \
             aes-256, aes-128-gcm-16, aes-192-gcm-16, aes-256-gcm-16",
        ),
        (
            Format::CiscoIos,
            |spec| spec.ipsec.pfs_group = "group31".parse().unwrap(),
            "Cisco IOS has no group31 as pfs of the IPsec policy: use one of group2, group5, group14, group15, group16, \
             group19, group20, group21, group24",
        ),
        (
            Format::CiscoIos,
            |spec| spec.psk = Psk::new("what? this"),
            "the configuration of Cisco IOS cannot carry a character of the psk: letters and digits always do",
        ),
        (
            Format::CiscoIos,
            |spec| spec.peer_id = "Head office".to_owned(),
            "the configuration of Cisco IOS cannot carry the character ` ` in peer_id: use another one",
        ),
        (
            Format::CiscoIos,
            |spec| spec.peer_id = "Head\"office".to_owned(),
            "the configuration of Cisco IOS cannot carry the character `\"` in peer_id: use another one",
        ),
        (
            Format::CiscoIos,
            |spec| spec.peer_id = "Head\\office".to_owned(),
            "the configuration of Cisco IOS cannot carry the character `\\` in peer_id: use another one",
        ),
        (
            Format::CiscoIos,
            |spec| spec.peer_id = "Head\u{200b}office".to_owned(),
            "the configuration of Cisco IOS cannot carry the character `\\u{200b}` in peer_id: use another one",
        ),
        (
            Format::CiscoIos,
            |spec| {
                spec.ike.version = IkeVersion::V1;
                spec.peer_id = "office.example".to_owned();
            },
            "Cisco IOS cannot be configured here with peer_id `office.example` in IKEv1: use its address, an e-mail address, \
             or IKEv2",
        ),
        (
            Format::CiscoIos,
            |spec| spec.ike.lifetime = LifetimeSecs::try_from(86_401).unwrap(),
            "Cisco IOS takes 120 to 86400 s as lifetime of the IKE policy, not 86401 s",
        ),
        (
            Format::CiscoIos,
            |spec| spec.dpd.interval = 5,
            "Cisco IOS takes 10 to 3600 s as dpd interval, not 5 s",
        ),
        (
            Format::JuniperJunos,
            |spec| spec.ipsec.transform_protocol = TransformProtocol::Ah,
            "Juniper Junos cannot be configured here with ah as transform_protocol of the IPsec policy: use esp",
        ),
        (
            Format::JuniperJunos,
            |spec| spec.ike.encryption = "aes-256-gcm-16".parse().unwrap(),
            "Juniper Junos has no sha256 as auth_algorithm of the IKE policy: use one of sha384",
        ),
        (
            Format::JuniperJunos,
            |spec| spec.dpd.timeout = 3000,
            "Juniper Junos gives a peer up after 1 to 5 questions without an answer, and a dpd timeout of 3000 s with an \
             interval of 30 s needs 99: change one of the two",
        ),
        (
            Format::JuniperJunos,
            |spec| spec.peer_id = "@#ff00".to_owned(),
            "Juniper Junos cannot be configured here with peer_id `@#ff00`, which is no text: use a text",
        ),
        (
            Format::Pfsense,
            |spec| spec.ipsec.encryption = "aes-256-ctr".parse().unwrap(),
            "pfSense has no aes-256-ctr as encryption_algorithm of the IPsec policy: use one of 3des, aes-128, aes-192, \
             aes-256, aes-128-gcm-8, aes-192-gcm-8, aes-256-gcm-8, aes-128-gcm-12, aes-192-gcm-12, aes-256-gcm-12, \
             aes-128-gcm-16, aes-192-gcm-16, aes-256-gcm-16",
        ),
        (
            Format::Opnsense,
            |spec| set(spec, ["aes-128", "sha1", "group5"]),
            "OPNsense has no aes128-sha1-modp1536 among its proposals, which the IKE policy asks for by \
             encryption_algorithm, auth_algorithm and pfs: use aes-128, aes-192, aes-256 or these with gcm-16, one of \
             sha256, sha384 and sha512, and one of group14 to group21 or group26 to group31",
        ),
        (
            Format::Vyos,
            |spec| spec.psk = Psk::new("it's"),
            "the configuration of VyOS cannot carry a character of the psk: letters and digits always do",
        ),
        (
            Format::Vyos,
            |spec| spec.psk = Psk::new("0xbeef"),
            "VyOS cannot be configured here with a psk that begins with 0x or 0s, which it decodes: use another psk",
        ),
        (
            Format::Mikrotik,
            |spec| spec.ike.encryption = "aes-256-gcm-16".parse().unwrap(),
            "MikroTik RouterOS has no aes-256-gcm-16 as encryption_algorithm of the IKE policy: use one of 3des, aes-128, \
             aes-192, aes-256",
        ),
        (
            Format::Mikrotik,
            |spec| spec.ipsec.auth = "aes-xcbc".parse().unwrap(),
            "MikroTik RouterOS has no aes-xcbc as auth_algorithm of the IPsec policy: use one of sha1, sha256, sha512",
        ),
        (
            Format::Mikrotik,
            |spec| spec.local_id = "192.0.2.9".to_owned(),
            "MikroTik RouterOS cannot be configured here with local_id `192.0.2.9`, another address than the gateway's: use \
             a domain name, or the address of the gateway",
        ),
        (
            Format::Fortigate,
            |spec| spec.psk = Psk::new("short"),
            "FortiGate cannot be configured here with a psk of less than 6 characters: use a longer one",
        ),
        (
            Format::Fortigate,
            |spec| spec.peer_id = "192.0.2.9".to_owned(),
            "FortiGate cannot be configured here with peer_id `192.0.2.9`, another address than peer_address: use a domain \
             name, or the address",
        ),
        (
            Format::Aws,
            |spec| spec.peer_networks = networks(&["10.2.0.0/24", "10.3.0.0/24"]),
            "AWS Site-to-Site VPN cannot be configured here with several networks on a side, since it has one pair of SAs: \
             use one network on each side that covers them all",
        ),
        (
            Format::Aws,
            |spec| spec.local_id = "cloud.example".to_owned(),
            "AWS Site-to-Site VPN cannot be configured here with `cloud.example` as local_id: use the router's external \
             address",
        ),
        (
            Format::Aws,
            |spec| spec.psk = Psk::new("a-b-c-d-e"),
            "the configuration of AWS Site-to-Site VPN cannot carry a character of the psk: letters and digits always do",
        ),
        (
            Format::Aws,
            |spec| spec.psk = Psk::new("0123456789"),
            "AWS Site-to-Site VPN cannot be configured here with this psk: use 8 to 64 letters, digits, points and \
             underscores that do not begin with 0",
        ),
        (
            Format::Aws,
            |spec| {
                spec.ike.version = IkeVersion::V1;
                spec.ike.negotiation_mode = NegotiationMode::Aggressive;
            },
            "AWS Site-to-Site VPN cannot be configured here with aggressive as phase1_negotiation_mode of the IKE policy: \
             use main",
        ),
        (
            Format::Aws,
            |spec| spec.dpd.action = DpdAction::Disabled,
            "AWS Site-to-Site VPN cannot be configured here with disabled as dpd action: use hold, clear or restart",
        ),
    ];
    for (format, change, want) in cases {
        let mut spec = plain();
        spec.psk = Psk::new("a.long.secret");
        change(&mut spec);
        let site = Site::mirror("conn", &spec).unwrap();
        let refused = render(*format, &site, Secret::Shown(&spec.psk)).err().unwrap();
        assert_eq!(refused.to_string(), *want, "{format}");
    }
}

/// The daemons and the other region do everything that Adit does, but for what is in the table above.
#[test]
fn what_stands_in_files_is_never_refused_for_its_letters() {
    for key in ["a\"b'c", "0xff", "0sAAAA", "$(id) `id` ; # {}", "schlüssel", "\\", " "] {
        for format in
            [Format::StrongswanSwanctl, Format::StrongswanIpsecConf, Format::Libreswan, Format::Adit]
        {
            let mut spec = plain();
            (spec.psk, spec.peer_id) = (Psk::new(key), "Head office #2 \"}\" \\".to_owned());
            let site = Site::mirror("conn", &spec).unwrap();
            assert!(render(format, &site, Secret::Shown(&spec.psk)).is_ok(), "{format} {key}");
        }
    }
}
