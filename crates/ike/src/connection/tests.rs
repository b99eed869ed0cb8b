use std::net::{IpAddr, Ipv4Addr};

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, LifetimeSecs};
use adit_model::site_connection::Dpd;

use super::*;
use crate::peering::Peering;

pub(crate) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

pub(crate) fn spec(version: IkeVersion) -> ConnectionSpec {
    ConnectionSpec {
        id: "3fa85f64-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        service_id: "11111111-5717-4562-b3fc-2c963f66afa6".parse().unwrap(),
        admin_state_up: true,
        ike: IkeParameters {
            version,
            negotiation_mode: NegotiationMode::Main,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            dh_group: DhGroup::Group5,
            lifetime: LifetimeSecs::DEFAULT,
        },
        ipsec: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            pfs_group: DhGroup::Group5,
            lifetime: LifetimeSecs::try_from(600).unwrap(),
        },
        local_address: Some("192.0.2.1".parse().unwrap()),
        local_id: String::new(),
        peer_address: "192.0.2.2".to_owned(),
        peer_id: "@right.example".to_owned(),
        local_networks: vec!["10.1.0.0/24".parse().unwrap(), "10.1.1.0/24".parse().unwrap()],
        peer_networks: vec!["10.2.0.0/24".parse().unwrap()],
        initiator: Initiator::BiDirectional,
        dpd: Dpd::default(),
        mtu: 1500,
        psk: Psk::new("hunter2"),
    }
}

fn loaded(spec: &ConnectionSpec, backend: Backend) -> Connection {
    Connection::new(spec, PEER, backend).unwrap()
}

fn load_conn(spec: &ConnectionSpec, backend: Backend) -> Section {
    Peering::group([&loaded(spec, backend)])[0].load_conn()
}

#[test]
fn ikev1_has_a_child_sa_per_pair_of_networks() {
    insta::assert_snapshot!(load_conn(&spec(IkeVersion::V1), Backend::Userspace));
}

#[test]
fn ikev2_has_one_child_sa_with_all_selectors() {
    insta::assert_snapshot!(load_conn(&spec(IkeVersion::V2), Backend::Kernel));
}

#[test]
fn the_key_is_in_its_own_message_and_in_no_debug_output() {
    let connection = loaded(&spec(IkeVersion::V2), Backend::Kernel);
    let peering = &Peering::group([&connection])[0];
    assert!(!format!("{connection:?} {peering:?} {}", peering.load_conn()).contains("hunter2"));
    insta::assert_snapshot!(connection.load_shared(), @r"
    id = 3fa85f64-5717-4562-b3fc-2c963f66afa6
    type = IKE
    data = hunter2
    owners = [192.0.2.1, fqdn:right.example]
    ");
}

#[test]
fn the_lifetime_is_the_end_and_the_replacement_comes_before_it() {
    for (secs, want) in
        [(60, (60, 54, 6, 3)), (3600, (3600, 3240, 360, 180)), (86400, (86400, 77760, 8640, 4320))]
    {
        let Lifetime { hard, rekey, margin, spread } = Lifetime::new(secs);
        assert_eq!((hard, rekey, margin, spread), want, "{secs} s");
    }
}

#[test]
fn a_fingerprint_notices_every_change_of_the_key_and_nothing_else() {
    let key = FingerprintKey::random();
    let of = |change: &dyn Fn(&mut ConnectionSpec)| {
        let mut changed = spec(IkeVersion::V2);
        change(&mut changed);
        loaded(&changed, Backend::Kernel).key_fingerprint(&key)
    };
    let unchanged = of(&|_| ());
    assert_eq!(of(&|spec| spec.peer_networks.push("10.3.0.0/24".parse().unwrap())), unchanged);
    assert_ne!(of(&|spec| spec.psk = Psk::new("hunter3")), unchanged);
    assert_ne!(of(&|spec| spec.peer_id = "@left.example".to_owned()), unchanged, "it is for whom it proves");
    let other_key = loaded(&spec(IkeVersion::V2), Backend::Kernel).key_fingerprint(&FingerprintKey::random());
    assert_ne!(other_key, unchanged);
}

#[test]
fn a_child_keeps_its_name_until_it_changes() {
    let names = |version, change: &dyn Fn(&mut ConnectionSpec)| {
        let mut changed = spec(version);
        change(&mut changed);
        let children = loaded(&changed, Backend::Kernel).children;
        children.into_iter().map(|child| child.name).collect::<Vec<_>>()
    };
    for version in [IkeVersion::V1, IkeVersion::V2] {
        let before = names(version, &|_| ());
        assert_eq!(before.len(), if version == IkeVersion::V1 { 2 } else { 1 });
        for change in [
            (|spec| spec.psk = Psk::new("hunter3")) as fn(&mut ConnectionSpec),
            |spec| spec.mtu = 1400,
            |spec| spec.ike.dh_group = DhGroup::Group14,
            |spec| spec.local_networks.reverse(),
        ] {
            assert_eq!(names(version, &change), before);
        }
        for change in [
            (|spec| spec.ipsec.encryption = EncryptionAlgorithm::Aes256) as fn(&mut ConnectionSpec),
            |spec| spec.ipsec.pfs_group = DhGroup::Group14,
            |spec| spec.ipsec.lifetime = LifetimeSecs::DEFAULT,
            |spec| spec.peer_networks = vec!["10.3.0.0/24".parse().unwrap()],
        ] {
            assert!(names(version, &change).iter().all(|name| !before.contains(name)));
        }
    }
    let one_more = names(IkeVersion::V1, &|spec| spec.peer_networks.push("10.3.0.0/24".parse().unwrap()));
    let kept = names(IkeVersion::V1, &|_| ()).into_iter().filter(|name| one_more.contains(name)).count();
    assert_eq!((one_more.len(), kept), (4, 2), "pairs that stay keep their names");
}

#[test]
fn a_child_says_whose_it_is() {
    let connection = loaded(&spec(IkeVersion::V1), Backend::Kernel);
    assert_eq!(Child::owner(&connection.children[0].name), Some(connection.id));
    for (name, want) in [
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6/all", Some(connection.id)),
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6", None),
        ("net/1", None),
    ] {
        assert_eq!(Child::owner(name), want, "{name}");
    }
}

#[test]
fn what_the_gateway_cannot_do_is_refused_by_name() {
    let in_ikev1 = |change: &dyn Fn(&mut ConnectionSpec)| {
        let mut changed = spec(IkeVersion::V1);
        change(&mut changed);
        Connection::new(&changed, PEER, Backend::Kernel).map(|_| ()).unwrap_err().to_string()
    };
    let refusal = |backend, change: &dyn Fn(&mut ConnectionSpec)| {
        let mut changed = spec(IkeVersion::V2);
        change(&mut changed);
        Connection::new(&changed, PEER, backend).map(|_| ()).unwrap_err().to_string()
    };
    for (got, want) in [
        (
            refusal(Backend::Userspace, &|spec| spec.ipsec.transform_protocol = TransformProtocol::Ah),
            "unsupported-by-gateway: transform protocol ah needs IPsec in the kernel, which this gateway lacks: use esp",
        ),
        (
            refusal(Backend::Userspace, &|spec| spec.ipsec.encapsulation_mode = EncapsulationMode::Transport),
            "unsupported-by-gateway: encapsulation mode transport needs IPsec in the kernel, which this gateway lacks: use tunnel",
        ),
        (
            refusal(Backend::Kernel, &|spec| spec.ipsec.encapsulation_mode = EncapsulationMode::Transport),
            "unsupported-by-gateway: encapsulation mode transport joins the two gateways alone, 192.0.2.1/32 and 192.0.2.2/32, and \
             no networks behind them: use tunnel",
        ),
        (
            in_ikev1(&|spec| spec.ike.encryption = EncryptionAlgorithm::Aes256Gcm16),
            "unsupported-by-gateway: IKEv1 has no aes-256-gcm-16 for the key exchange: use aes-128, aes-192, aes-256 or 3des in the \
             IKE policy, or IKEv2",
        ),
        (
            in_ikev1(&|spec| spec.ike.auth = AuthAlgorithm::AesXcbc),
            "unsupported-by-gateway: IKEv1 has no aes-xcbc for the key exchange: use one of the sha algorithms in the IKE policy, \
             or IKEv2",
        ),
        (
            in_ikev1(&|spec| spec.ipsec.auth = AuthAlgorithm::AesCmac),
            "unsupported-by-gateway: IKEv1 has no aes-cmac for packets: use another auth algorithm in the IPsec policy, or IKEv2",
        ),
        (
            refusal(Backend::Kernel, &|spec| spec.ipsec.transform_protocol = TransformProtocol::AhEsp),
            "unsupported-by-gateway: transform protocol ah-esp is not supported: use esp, or ah alone",
        ),
        (
            refusal(Backend::Kernel, &|spec| spec.local_id = "a\nb".to_owned()),
            "unsupported-by-gateway: local_id: the identity \"a\\nb\" has control characters",
        ),
        (
            refusal(Backend::Kernel, &|spec| spec.local_address = None),
            "gateway-missing: the router has no external IPv4 address to reach the peer 192.0.2.2 from: \
             set an external gateway that has one",
        ),
        (
            refusal(Backend::Kernel, &|spec| spec.peer_networks.clear()),
            "unsupported-by-gateway: a connection needs a network on either side",
        ),
    ] {
        assert_eq!(got, want);
    }
}

#[test]
fn an_ikev2_connection_may_have_a_child_sa_for_each_pair_of_networks() {
    let mut spec = spec(IkeVersion::V2);
    spec.local_networks = ["10.1.0.0/24", "10.3.0.0/24"].map(|text| text.parse().unwrap()).to_vec();
    spec.peer_networks = ["10.2.0.0/24", "10.4.0.0/24"].map(|text| text.parse().unwrap()).to_vec();
    let together = Connection::new(&spec, PEER, Backend::Kernel).unwrap();
    let per_pair = Connection::per_pair(&spec, PEER, Backend::Kernel).unwrap();
    assert_eq!(together.child_of_all().map(|child| child.pairs.len()), Some(4));
    assert!(per_pair.child_of_all().is_none());
    let pairs: BTreeSet<Pair> = per_pair.children().iter().flat_map(|child| child.pairs.clone()).collect();
    assert_eq!((per_pair.children().len(), &pairs), (4, &together.children()[0].pairs));
    // One pair is one CHILD_SA either way, by the same name.
    (spec.local_networks, spec.peer_networks) = (vec![spec.local_networks[0]], vec![spec.peer_networks[0]]);
    let [one, other] =
        [Connection::new, Connection::per_pair].map(|make| make(&spec, PEER, Backend::Kernel).unwrap());
    assert_eq!(one.children(), other.children());
    assert!(one.child_of_all().is_none());
}
