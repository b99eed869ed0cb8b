//! Everything that a policy can say about packets, looked at on the wire: each algorithm, protocol, mode and IP version
//! carries packets and lets nothing plain out, or is refused with its name.

use std::net::IpAddr;

use adit_agent::config::DataPlane;
use adit_model::algorithm::{
    AuthAlgorithm, EncapsulationMode, EncryptionAlgorithm, IkeVersion, TransformProtocol,
};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, Status};

use crate::capture::Capture;
use crate::sites::{self, Site, code, data_plane, is_active, pair};

#[tokio::test(flavor = "multi_thread")]
async fn every_cipher_carries_packets() {
    let Some(trial) = Trial::new(1) else { return };
    for cipher in EncryptionAlgorithm::ALL {
        let change = |spec: &mut ConnectionSpec| {
            (spec.ike.encryption, spec.ipsec.encryption) = (*cipher, *cipher);
        };
        trial.carries(&format!("{cipher}"), IkeVersion::V2, change).await;
    }
    trial.leaks_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_auth_algorithm_carries_packets() {
    let Some(trial) = Trial::new(1) else { return };
    for auth in AuthAlgorithm::ALL {
        let change = |spec: &mut ConnectionSpec| (spec.ike.auth, spec.ipsec.auth) = (*auth, *auth);
        trial.carries(&format!("{auth}"), IkeVersion::V2, change).await;
    }
    trial.leaks_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ikev1_has_a_number_for_carries_packets_and_the_rest_is_refused() {
    let Some(trial) = Trial::new(1) else { return };
    let v1 = IkeVersion::V1;
    for cipher in ["3des", "aes-256-ctr", "aes-128-ccm-8", "aes-192-gcm-12", "aes-256-gcm-16"] {
        let change = |spec: &mut ConnectionSpec| spec.ipsec.encryption = cipher.parse().unwrap();
        trial.carries(cipher, v1, change).await;
    }
    for auth in [AuthAlgorithm::Sha256, AuthAlgorithm::Sha384, AuthAlgorithm::Sha512] {
        let change = |spec: &mut ConnectionSpec| (spec.ike.auth, spec.ipsec.auth) = (auth, auth);
        trial.carries(&format!("{auth}"), v1, change).await;
    }
    trial.carries("aes-xcbc", v1, |spec| spec.ipsec.auth = AuthAlgorithm::AesXcbc).await;

    let cipher = EncryptionAlgorithm::Aes256Ctr;
    trial.refuses("IKEv1 has no aes-256-ctr ", v1, |spec| spec.ike.encryption = cipher).await;
    trial.refuses("IKEv1 has no aes-xcbc ", v1, |spec| spec.ike.auth = AuthAlgorithm::AesXcbc).await;
    trial.refuses("IKEv1 has no aes-cmac ", v1, |spec| spec.ipsec.auth = AuthAlgorithm::AesCmac).await;
    trial.leaks_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn ah_carries_packets_or_is_refused() {
    let Some(trial) = Trial::new(1) else { return };
    for auth in AuthAlgorithm::ALL {
        let change = |spec: &mut ConnectionSpec| {
            spec.ipsec.transform_protocol = TransformProtocol::Ah;
            spec.ipsec.auth = *auth;
        };
        match data_plane() {
            DataPlane::Kernel => trial.carries(&format!("ah {auth}"), IkeVersion::V2, change).await,
            DataPlane::Userspace => trial.refuses("transform protocol ah ", IkeVersion::V2, change).await,
        }
    }
    if data_plane() == DataPlane::Kernel {
        let ah = |spec: &mut ConnectionSpec| spec.ipsec.transform_protocol = TransformProtocol::Ah;
        trial.carries("ah", IkeVersion::V1, ah).await;
        trial.differs(ReasonCode::NoProposalEsp, ah, |_| {}).await;
    }
    trial.leaks_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn transport_mode_carries_what_the_gateways_say_to_each_other_or_is_refused() {
    let Some(trial) = Trial::new(1) else { return };
    let transport = |spec: &mut ConnectionSpec| spec.ipsec.encapsulation_mode = EncapsulationMode::Transport;
    let between_gateways = |spec: &mut ConnectionSpec| {
        transport(spec);
        spec.local_networks = vec![spec.local_address.unwrap().into()];
        spec.peer_networks = vec![spec.peer_address.parse::<IpAddr>().unwrap().into()];
    };
    trial.refuses("encapsulation mode transport ", IkeVersion::V2, transport).await;
    match data_plane() {
        DataPlane::Kernel => {
            for version in [IkeVersion::V1, IkeVersion::V2] {
                trial.carries("transport", version, between_gateways).await;
                let with_ah = |spec: &mut ConnectionSpec| {
                    between_gateways(spec);
                    spec.ipsec.transform_protocol = TransformProtocol::Ah;
                };
                trial.carries("transport ah", version, with_ah).await;
            }
        }
        DataPlane::Userspace => {
            trial.refuses("encapsulation mode transport ", IkeVersion::V2, between_gateways).await
        }
    }
    trial.leaks_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ip_versions_go_through_both() {
    let Some(trial) = Trial::new(1) else { return };
    for (site, side) in [(&trial.left, 1), (&trial.right, 2)] {
        site.ip(&format!("address add 2001:db8::{side}/64 dev outside nodad"));
        site.ip(&format!("address add fd00:{side}::1/64 dev lo nodad"));
    }
    let outer = |spec: &mut ConnectionSpec| {
        let to_v6 = |text: &str| format!("2001:db8::{}", text.rsplit('.').next().unwrap());
        spec.local_address = Some(to_v6(&spec.local_address.unwrap().to_string()).parse().unwrap());
        spec.peer_address = to_v6(&spec.peer_address);
        spec.peer_id = spec.peer_address.clone();
    };
    let inner = |spec: &mut ConnectionSpec| {
        for networks in [&mut spec.local_networks, &mut spec.peer_networks] {
            let side = networks[0].to_string()[3..4].to_owned();
            *networks = vec![format!("fd00:{side}::/64").parse().unwrap()];
        }
    };
    for version in [IkeVersion::V1, IkeVersion::V2] {
        trial.carries("6 in 4", version, inner).await;
        trial.carries("4 in 6", version, outer).await;
        let both = |spec: &mut ConnectionSpec| {
            outer(spec);
            inner(spec);
        };
        trial.carries("6 in 6", version, both).await;
    }
    let another_key = |spec: &mut ConnectionSpec| {
        outer(spec);
        spec.psk = Psk::new("another");
    };
    trial.differs(ReasonCode::AuthFailed, another_key, outer).await;
    trial.leaks_nothing();
}

/// Two sites under observation. The left one initiates.
struct Trial {
    left: Site,
    right: Site,
    wires: [Capture; 2],
}

impl Trial {
    fn new(networks: u8) -> Option<Self> {
        let (left, right) = pair(networks)?;
        let wires = [&left, &right].map(|site| Capture::start(site.namespace(), "outside"));
        Some(Self { left, right, wires })
    }

    /// Both ends get the change and agree, packets go both ways, and each end is seen to encrypt them.
    async fn carries(&self, what: &str, version: IkeVersion, change: impl Fn(&mut ConnectionSpec)) {
        let (left_spec, right_spec) = self.apply(version, &change, &change).await;
        self.right.until(|state| is_active(state, &right_spec)).await;
        self.left.until(|state| is_active(state, &left_spec)).await;
        let inside = |spec: &ConnectionSpec| match spec.local_networks[0].addr() {
            address if spec.local_networks[0].prefix_len() == spec.local_networks[0].max_prefix_len() => {
                address
            }
            IpAddr::V4(address) => IpAddr::from((u32::from(address) + 1).to_be_bytes()),
            IpAddr::V6(address) => IpAddr::from((u128::from(address) + 1).to_be_bytes()),
        };
        let (here, there) = (inside(&left_spec).to_string(), inside(&right_spec).to_string());
        assert!(self.left.ping(&here, &there), "{version} {what}");
        let protocol = match left_spec.ipsec.transform_protocol {
            TransformProtocol::Ah => "AH",
            TransformProtocol::Esp | TransformProtocol::AhEsp => "ESP",
        };
        let spis = self.left.spis_of(&left_spec).await;
        assert_eq!(spis.len(), 1, "{version} {what}: {spis:?}");
        let of = |spi: u32| format!("{protocol}(spi=0x{spi:08x}");
        let (one, other) = (of(spis[0].0), of(spis[0].1));
        for wire in &self.wires {
            wire.until(&format!("{one} or {other}"), |line| line.contains(&one) || line.contains(&other));
        }
    }

    /// The left end alone gets the change, and says what is wrong with it.
    async fn refuses(&self, words: &str, version: IkeVersion, change: impl Fn(&mut ConnectionSpec)) {
        let (left_spec, _) = self.apply(version, &change, &|_| {}).await;
        let report = self.left.state().connections[&left_spec.id].clone();
        assert_eq!(report.status, Status::Error, "{report:?}");
        let reason = report.reason.unwrap();
        assert_eq!(reason.code, ReasonCode::UnsupportedByGateway);
        assert!(reason.text.contains(words), "{reason}");
    }

    /// The twin that must fail: the ends get changes that do not fit.
    async fn differs(
        &self,
        want: ReasonCode,
        left: impl Fn(&mut ConnectionSpec),
        right: impl Fn(&mut ConnectionSpec),
    ) {
        let (left_spec, _) = self.apply(IkeVersion::V2, &left, &right).await;
        self.left.until(|state| code(state, &left_spec) == Some(want)).await;
        assert!(!self.left.ping("10.1.1.1", "10.2.1.1"));
    }

    async fn apply(
        &self,
        version: IkeVersion,
        left: &dyn Fn(&mut ConnectionSpec),
        right: &dyn Fn(&mut ConnectionSpec),
    ) -> (ConnectionSpec, ConnectionSpec) {
        let (mut left_spec, mut right_spec) = sites::specs(version, 1);
        // Another connection each time: the SAs of a changed one would stay until the new ones stand.
        (left_spec.id, right_spec.id) = (sites::fresh_id(), sites::fresh_id());
        right_spec.initiator = Initiator::ResponseOnly;
        left(&mut left_spec);
        right(&mut right_spec);
        self.right.vpn().apply(std::slice::from_ref(&right_spec)).await.unwrap();
        self.left.vpn().apply(std::slice::from_ref(&left_spec)).await.unwrap();
        (left_spec, right_spec)
    }

    fn leaks_nothing(&self) {
        for wire in &self.wires {
            assert_eq!(wire.plain(), Vec::<String>::new());
        }
    }
}
