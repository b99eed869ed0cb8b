//! What every peer has to be good for, once our end and the peer's are configured.

use std::time::Duration;

use adit_ike::charon::{ChildState, IkeSa};
use adit_model::algorithm::{DhGroup, EncryptionAlgorithm, IkeVersion, LifetimeSecs};
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::Dpd;
use adit_model::{Psk, ReasonCode};
use ipnet::IpNet;
use tokio::time::timeout;

use crate::capture::Capture;
use crate::peer::{Peer, Program};
use crate::sites::{self, LIMIT, Site, code, is_active, pair};
use crate::traffic::Traffic;

/// Our site and the peer's, under observation.
pub(crate) struct Trial {
    // Dropped before the namespaces.
    pub(crate) peer: Peer,
    pub(crate) ours: Site,
    /// How many CHILD_SAs there are when all is well.
    pub(crate) children: usize,
    theirs: Site,
    wires: [Capture; 2],
}

impl Trial {
    /// Sites with so many networks each; `None` where the machine cannot do it, which is said aloud.
    pub(crate) fn new(program: Program, networks: u8) -> Option<Self> {
        let (ours, theirs) = pair(networks)?;
        if let Err(why) = program.root() {
            println!("SKIPPED: {why}");
            return None;
        }
        // As behind a router. Without it Libreswan's kernel has no way to what the tunnel is for.
        theirs.ip("route add default dev outside");
        let wires = [&ours, &theirs].map(|site| Capture::start(site.namespace(), "outside"));
        Some(Self { peer: Peer::new(program, &theirs), ours, children: 1, theirs, wires })
    }

    /// Both gateways have IPv6 too, 2001:db8::1 and 2001:db8::2, with fd00:1::/64 and fd00:2::/64 behind them.
    pub(crate) fn gives_ipv6(&self) {
        for (site, side) in [(&self.ours, 1), (&self.theirs, 2)] {
            site.ip(&format!("address add 2001:db8::{side}/64 dev outside nodad"));
            site.ip(&format!("address add fd00:{side}::1/64 dev lo nodad"));
        }
        self.theirs.ip("-6 route add default dev outside");
    }

    /// Our end is told, and the tunnel comes up, whoever begins.
    pub(crate) async fn comes_up(&self, spec: &ConnectionSpec) {
        self.apply(spec).await;
        self.is_up(spec).await;
    }

    /// Packets go both ways between all networks, by the SAs that our end has, and nothing plain leaves.
    pub(crate) async fn is_up(&self, spec: &ConnectionSpec) {
        self.ours.until(|state| is_active(state, spec)).await;
        self.is_settled(spec).await;
        let mut spis = self.ours.spis_of(spec).await;
        for local in &spec.local_networks {
            for peer in &spec.peer_networks {
                self.joins(local, peer).await;
            }
        }
        // They may have been replaced meanwhile.
        spis.extend(self.ours.spis_of(spec).await);
        let ours = |line: &str| {
            let is_in = |spi: &u32| line.contains(&format!("ESP(spi=0x{spi:08x}"));
            spis.iter().any(|(one, other)| is_in(one) || is_in(other))
        };
        for wire in &self.wires {
            wire.until(&format!("ESP of {spis:x?}"), ours);
        }
        self.leaks_nothing();
    }

    /// The IKE SA and every CHILD_SA are replaced while packets go both ways, of which none is lost but what the peer is
    /// known for, and what was replaced goes.
    pub(crate) async fn rekeys(&self, spec: &ConnectionSpec) {
        let (here, there) = (inside(&spec.local_networks[0]), inside(&spec.peer_networks[0]));
        let streams = [
            Traffic::start(self.ours.namespace(), &here, &there),
            Traffic::start(self.theirs.namespace(), &there, &here),
        ];
        let (ike, children) = (self.ike_sas().await, self.ours.spis_of(spec).await);
        let is_new = async || {
            assert!(is_active(&self.ours.state(), spec), "{:?}", self.ours.state());
            let (ike_now, children_now) = (self.ike_sas().await, self.ours.spis_of(spec).await);
            ike_now.iter().all(|spi| !ike.contains(spi))
                && children_now.iter().all(|spis| !children.contains(spis))
        };
        self.until("its SAs are replaced", Duration::from_secs(90), is_new).await;
        self.is_settled(spec).await;
        for stream in streams {
            let lost = stream.lost();
            assert!(lost.len() <= self.peer.may_lose(spec.ike.version), "lost: {lost:?}");
        }
        assert!(is_active(&self.ours.state(), spec));
        self.leaks_nothing();
    }

    /// Another agent takes over, and leaves everything as it is.
    pub(crate) async fn outlives_the_agent(&mut self, spec: &ConnectionSpec) {
        let before = self.ours.spis_of(spec).await;
        self.ours.restart_agent();
        self.apply(spec).await;
        self.ours.until(|state| is_active(state, spec)).await;
        self.is_settled(spec).await;
        assert_eq!(self.ours.spis_of(spec).await, before);
    }

    /// The peer's daemon is killed, which our end notices, and comes back.
    pub(crate) async fn outlives_the_peer(&mut self, spec: &ConnectionSpec) {
        let before = self.ours.spis_of(spec).await;
        self.peer.kill();
        self.ours.until(|state| code(state, spec) == Some(ReasonCode::DpdTimeout)).await;
        assert!(!self.ours.ping(&inside(&spec.local_networks[0]), &inside(&spec.peer_networks[0])));
        self.peer.start().await;
        self.ours.until(|state| is_active(state, spec)).await;
        assert!(self.ours.spis_of(spec).await.iter().all(|spis| !before.contains(spis)));
        self.is_settled(spec).await;
        self.joins(&spec.local_networks[0], &spec.peer_networks[0]).await;
    }

    /// The twins that must fail: our end differs by one thing after the other and says what it is, nothing gets through,
    /// and then all is well.
    pub(crate) async fn differs(&self, spec: &ConnectionSpec, twins: &[Twin]) {
        for (change, want) in twins {
            let mut changed = spec.clone();
            change(&mut changed);
            self.fails(&changed, *want).await;
        }
        self.apply(spec).await;
        self.ours.until(|state| is_active(state, spec)).await;
        self.joins(&spec.local_networks[0], &spec.peer_networks[0]).await;
    }

    /// Our end says why it does not come up, and nothing gets through, once what was up before has gone.
    pub(crate) async fn fails(&self, spec: &ConnectionSpec, want: ReasonCode) {
        self.apply(spec).await;
        self.ours.until(|state| code(state, spec) == Some(want)).await;
        println!("{}", sites::text(&self.ours.state(), spec).unwrap_or_default());
        self.until("nothing is joined", LIMIT, async || self.ours.spis_of(spec).await.is_empty()).await;
        assert!(!self.ours.ping(&inside(&spec.local_networks[0]), &inside(&spec.peer_networks[0])));
    }

    /// Our end is told, and has to wait for the peer.
    pub(crate) async fn waits(&self, spec: &ConnectionSpec) {
        self.apply(spec).await;
        assert_eq!(code(&self.ours.state(), spec), Some(ReasonCode::WaitingForPeer));
    }

    /// Packets for our network turn up at the peer, which may get lost.
    pub(crate) fn theirs_ping(&self, spec: &ConnectionSpec) {
        self.theirs.ping(&inside(&spec.peer_networks[0]), &inside(&spec.local_networks[0]));
    }

    /// Waits until either end has one set of SAs.
    async fn is_settled(&self, spec: &ConnectionSpec) {
        self.until("one set of SAs is left", LIMIT, async || {
            let children = self.ours.spis_of(spec).await.len();
            self.ike_sas().await.len() == 1 && children == self.children && self.peer.holds(children)
        })
        .await;
    }

    /// The SPIs of all IKE SAs that carry something at our end.
    async fn ike_sas(&self) -> Vec<u64> {
        let carries = |sa: &IkeSa| sa.children.iter().any(|child| child.state == ChildState::Installed);
        self.sas().await.iter().filter(|sa| carries(sa)).map(|sa| sa.initiator_spi).collect()
    }

    /// Packets go both ways between two networks, as soon as the peer has read the last message.
    async fn joins(&self, local: &IpNet, peer: &IpNet) {
        let (here, there) = (inside(local), inside(peer));
        let both = async || self.ours.ping(&here, &there) && self.theirs.ping(&there, &here);
        self.until(&format!("packets between {here} and {there}"), LIMIT, both).await;
    }

    fn leaks_nothing(&self) {
        for wire in &self.wires {
            assert_eq!(wire.plain(), Vec::<String>::new());
        }
    }

    async fn sas(&self) -> Vec<IkeSa> {
        self.ours.vici().await.sas().await.unwrap()
    }

    async fn apply(&self, spec: &ConnectionSpec) {
        self.ours.vpn().apply(std::slice::from_ref(spec)).await.unwrap();
    }

    async fn until(&self, what: &str, limit: Duration, is_reached: impl AsyncFn() -> bool) {
        let reaching = async {
            while !is_reached().await {
                // Events are the agent's: the test has to look.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        if timeout(limit, reaching).await.is_err() {
            panic!("not seen: {what}: {:#?} {:#?}", self.ours.state(), self.sas().await);
        }
    }
}

/// What our end does other than its peer, and what it then says.
pub(crate) type Twin = (fn(&mut ConnectionSpec), ReasonCode);

/// What the two ends have to agree on.
pub(crate) const TWINS: [Twin; 4] = [
    (|spec| spec.psk = Psk::new("another"), ReasonCode::AuthFailed),
    // What strongSwan has by itself is added to what `ipsec.conf` says, and this is not in it.
    (|spec| spec.ike.dh_group = DhGroup::Group2, ReasonCode::NoProposalIke),
    (|spec| spec.ipsec.encryption = EncryptionAlgorithm::Aes192, ReasonCode::NoProposalEsp),
    (|spec| spec.peer_networks = vec!["10.9.1.0/24".parse().unwrap()], ReasonCode::SelectorsRefused),
];

/// Our end as these peers want it: the least lifetimes, and an early question whether the peer lives.
pub(crate) fn spec(version: IkeVersion) -> ConnectionSpec {
    let (mut spec, _) = sites::specs(version, 1);
    let least = LifetimeSecs::try_from(LifetimeSecs::MIN).unwrap();
    (spec.ike.lifetime, spec.ipsec.lifetime) = (least, least);
    spec.dpd = Dpd { interval: 3, timeout: 12, ..Dpd::default() };
    spec
}

/// The address that a site has in a network; in IPv6 the first one is that of all routers.
fn inside(network: &IpNet) -> String {
    network.hosts().find(|host| *host != network.network()).unwrap().to_string()
}
