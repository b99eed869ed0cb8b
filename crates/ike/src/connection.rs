//! A site connection as charon is told of it: complete messages as plain values, and the secret apart from them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use adit_model::algorithm::{EncapsulationMode, IkeVersion, NegotiationMode, TransformProtocol};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{Dpd, DpdAction, Initiator};
use adit_model::{Psk, Reason, ReasonCode, SiteConnectionId};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use crate::charon::Algorithms;
use crate::identity::Identity;
use crate::message::Section;
use crate::proposal::{self, ChildProposal};
use crate::reason::FaultContext;

/// What carries the packets of a daemon's CHILD_SAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The kernel's own IPsec.
    Kernel,
    /// ESP inside charon, over a TUN device and UDP port 4500.
    Userspace,
}

/// A network of ours and one of the peer's that a tunnel joins.
pub type Pair = (IpNet, IpNet);

/// A connection ready to be loaded. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Connection {
    id: SiteConnectionId,
    message: Section,
    owners: Vec<String>,
    secret: Psk,
    children: Vec<Child>,
    peer: IpAddr,
    initiates: bool,
    ike: IkeParameters,
    ipsec: IpsecParameters,
    context: FaultContext,
}

/// One CHILD_SA that a connection is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name, unique in the daemon.
    pub name: String,
    /// The pairs of networks that it joins.
    pub pairs: BTreeSet<Pair>,
}

/// Tells two versions of a connection apart, the secret included, without giving the secret away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    messages: [u8; 32],
    secret: [u8; 32],
}

/// What fingerprints are keyed with, so that nobody can test guesses of a secret against one.
pub struct FingerprintKey([u8; 32]);

impl Fingerprint {
    /// Whether SAs that were negotiated for the other are right for this one too. A new secret changes no live SA.
    pub fn keeps_sas_of(&self, other: &Self) -> bool {
        self.messages == other.messages
    }
}

impl FingerprintKey {
    /// A new key; fingerprints of different keys never match.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl Connection {
    /// Renders `spec` for a peer whose address is known by now.
    ///
    /// # Errors
    /// Why this gateway cannot do what is asked for, whatever the peer does.
    pub fn new(spec: &ConnectionSpec, peer: IpAddr, backend: Backend) -> Result<Self, Reason> {
        let local = local_address(spec, peer)?;
        check_backend(spec, backend)?;
        check_mode(spec, local, peer)?;
        if let Some(text) = proposal::beyond_ikev1(&spec.ike, &spec.ipsec) {
            return Err(unsupported(text));
        }
        if spec.local_networks.is_empty() || spec.peer_networks.is_empty() {
            return Err(unsupported("a connection needs a network on either side"));
        }
        let child_proposal = proposal::child(&spec.ipsec)
            .ok_or_else(|| unsupported("transform protocol ah-esp is not supported: use esp, or ah alone"))?;
        let ends = Ends {
            local,
            peer,
            local_id: identity("local_id", &spec.local_id, local)?,
            peer_id: identity("peer_id", &spec.peer_id, peer)?,
        };
        let children = children(spec);
        let message = connection_message(spec, &ends, backend)
            .with("children", children_message(spec, &child_proposal, &children));

        Ok(Self {
            id: spec.id,
            message,
            owners: vec![ends.local_id.to_charon(), ends.peer_id.to_charon()],
            secret: spec.psk.clone(),
            children,
            peer,
            initiates: spec.initiator == Initiator::BiDirectional,
            ike: spec.ike.clone(),
            ipsec: spec.ipsec.clone(),
            context: FaultContext {
                peer,
                local_id: ends.local_id.to_string(),
                peer_id: ends.peer_id.to_string(),
                ike_proposal: proposal::ike(&spec.ike),
                child_proposal: child_proposal.as_str().to_owned(),
                local_networks: spec.local_networks.clone(),
                peer_networks: spec.peer_networks.clone(),
            },
        })
    }

    /// The site connection.
    pub const fn id(&self) -> SiteConnectionId {
        self.id
    }

    /// What charon calls it, and its key.
    pub fn name(&self) -> String {
        self.id.to_string()
    }

    /// The message of command `load-conn`, without any secret.
    pub fn load_conn(&self) -> Section {
        Section::new().with(self.name(), self.message.clone())
    }

    /// The message of command `load-shared`. It holds the key: send it, do nothing else with it.
    pub(crate) fn load_shared(&self) -> Section {
        Section::new()
            .with("id", self.name())
            .with("type", "IKE")
            .with("data", self.secret.expose())
            .with("owners", self.owners.clone())
    }

    /// The CHILD_SAs that it is to have.
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// Where the peer is.
    pub const fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Whether we may start the key exchange.
    pub const fn initiates(&self) -> bool {
        self.initiates
    }

    /// What a sentence about a fault of this connection has to name.
    pub const fn fault_context(&self) -> &FaultContext {
        &self.context
    }

    /// Why a daemon with these algorithms cannot carry the connection; charon itself would load it and fail later.
    pub fn unsupported_by(&self, known: &Algorithms) -> Option<Reason> {
        let word = proposal::missing(&self.ike, &self.ipsec, known)?;
        Some(unsupported(format!("the IKE daemon of this gateway has no {word}: choose another algorithm")))
    }

    /// Equal for two connections exactly if charon would have to be told the same of both.
    pub fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        let Self { id, message, owners, secret, .. } = self;
        // The debug form quotes every text, so that no two messages look the same.
        let messages = format!("{id:?} {message:?} {owners:?}");
        let hash = |octets: &[u8]| Sha256::new().chain_update(key.0).chain_update(octets).finalize().into();
        Fingerprint { messages: hash(messages.as_bytes()), secret: hash(secret.expose().as_bytes()) }
    }
}

/// Both ends of an IKE SA.
struct Ends {
    local: IpAddr,
    peer: IpAddr,
    local_id: Identity,
    peer_id: Identity,
}

fn connection_message(spec: &ConnectionSpec, ends: &Ends, backend: Backend) -> Section {
    let lifetime = Lifetime::new(spec.ike.lifetime.get());
    let (dpd_delay, dpd_timeout) = dpd_seconds(spec.dpd);
    Section::new()
        .with("version", version_number(spec.ike.version))
        .with("local_addrs", vec![ends.local.to_string()])
        .with("remote_addrs", vec![ends.peer.to_string()])
        .with("proposals", vec![proposal::ike(&spec.ike)])
        .with("aggressive", is_aggressive(&spec.ike))
        // libipsec knows ESP in UDP only.
        .with("encap", backend == Backend::Userspace)
        // Both ends have one fixed address; MOBIKE would only add addresses of internal interfaces to the exchange.
        .with("mobike", false)
        .with("fragmentation", "yes")
        .with("send_certreq", false)
        .with("send_cert", "never")
        .with("dpd_delay", dpd_delay)
        .with("dpd_timeout", dpd_timeout)
        // The agent tries again, with its own pace.
        .with("keyingtries", 1_u32)
        // A peer that restarted comes with a new IKE SA; its old one must not stay beside it.
        .with("unique", "replace")
        .with("rekey_time", lifetime.rekey)
        // Reauthentication in IKEv2 would tear the CHILD_SAs down; IKEv1 rekeys by a new main mode anyway.
        .with("reauth_time", 0_u32)
        .with("over_time", lifetime.margin)
        .with("rand_time", lifetime.spread)
        .with("local", end_message(&ends.local_id))
        .with("remote", end_message(&ends.peer_id))
}

fn end_message(id: &Identity) -> Section {
    Section::new().with("auth", "psk").with("id", id.to_charon())
}

fn children_message(spec: &ConnectionSpec, proposal: &ChildProposal, children: &[Child]) -> Section {
    children.iter().fold(Section::new(), |message, child| {
        message.with(child.name.clone(), child_message(spec, proposal, child))
    })
}

fn child_message(spec: &ConnectionSpec, proposal: &ChildProposal, child: &Child) -> Section {
    let lifetime = Lifetime::new(spec.ipsec.lifetime.get());
    let networks = |side: fn(&Pair) -> IpNet| -> Vec<String> {
        let networks: BTreeSet<IpNet> = child.pairs.iter().map(side).collect();
        networks.iter().map(IpNet::to_string).collect()
    };
    let (proposals, proposal) = match proposal {
        ChildProposal::Esp(proposal) => ("esp_proposals", proposal),
        ChildProposal::Ah(proposal) => ("ah_proposals", proposal),
    };
    Section::new()
        .with(proposals, vec![proposal.clone()])
        .with("local_ts", networks(|pair| pair.0))
        .with("remote_ts", networks(|pair| pair.1))
        .with("mode", spec.ipsec.encapsulation_mode.as_str())
        .with("life_time", lifetime.hard)
        .with("rekey_time", lifetime.rekey)
        .with("rand_time", lifetime.spread)
        // Whatever the action, charon forgets the dead peer's SAs and no more: the agent sets the tunnel up again, at
        // once and with its own pace. `trap` and `restart` would be a second master over the same tunnel. Until then
        // the router's rules keep the packets from leaving in clear, which is what `hold` is for.
        .with("dpd_action", "clear")
        .with("start_action", "none")
        .with("close_action", "none")
}

/// IKEv2 negotiates several selectors in one CHILD_SA; an IKEv1 quick mode has one network on each side (RFC 2409, 5.5).
fn children(spec: &ConnectionSpec) -> Vec<Child> {
    match spec.ike.version {
        IkeVersion::V1 => {
            let mut children = Vec::new();
            for (local_number, local) in (1..).zip(&spec.local_networks) {
                for (peer_number, peer) in (1..).zip(&spec.peer_networks) {
                    let name = format!("{}/{local_number}x{peer_number}", spec.id);
                    children.push(Child { name, pairs: BTreeSet::from([(*local, *peer)]) });
                }
            }
            children
        }
        IkeVersion::V2 => {
            let pairs = spec
                .local_networks
                .iter()
                .flat_map(|local| spec.peer_networks.iter().map(move |peer| (*local, *peer)))
                .collect();
            vec![Child { name: format!("{}/all", spec.id), pairs }]
        }
    }
}

/// The policy's lifetime is when an SA is gone at the latest. It is replaced a tenth of it before, or up to half of that
/// tenth earlier still, by chance: two ends of the same kind then seldom start to replace it at the same moment.
struct Lifetime {
    hard: u32,
    rekey: u32,
    margin: u32,
    spread: u32,
}

impl Lifetime {
    const fn new(secs: u32) -> Self {
        let margin = secs / 10;
        Self { hard: secs, rekey: secs - margin, margin, spread: margin / 2 }
    }
}

/// Delay and timeout; the latter has a meaning in IKEv1 only, in IKEv2 a question is a request like any other and the
/// daemon's retransmission decides. A delay of 0 asks nothing.
const fn dpd_seconds(dpd: Dpd) -> (u32, u32) {
    match dpd.action {
        DpdAction::Disabled => (0, 0),
        DpdAction::Clear | DpdAction::Hold | DpdAction::Restart | DpdAction::RestartByPeer => {
            (dpd.interval, dpd.timeout)
        }
    }
}

const fn version_number(version: IkeVersion) -> u32 {
    match version {
        IkeVersion::V1 => 1,
        IkeVersion::V2 => 2,
    }
}

const fn is_aggressive(parameters: &IkeParameters) -> bool {
    match (parameters.version, parameters.negotiation_mode) {
        (IkeVersion::V1, NegotiationMode::Aggressive) => true,
        (IkeVersion::V1, NegotiationMode::Main) | (IkeVersion::V2, _) => false,
    }
}

fn local_address(spec: &ConnectionSpec, peer: IpAddr) -> Result<IpAddr, Reason> {
    let version = if peer.is_ipv4() { 4 } else { 6 };
    spec.local_address.filter(|local| local.is_ipv4() == peer.is_ipv4()).ok_or_else(|| {
        Reason::new(
            ReasonCode::NoExternalAddress,
            format!(
                "the router has no external IPv{version} address to reach the peer {peer} from: \
                     set an external gateway that has one"
            ),
        )
    })
}

fn check_backend(spec: &ConnectionSpec, backend: Backend) -> Result<(), Reason> {
    if backend == Backend::Kernel {
        return Ok(());
    }
    if spec.ipsec.transform_protocol == TransformProtocol::Ah {
        return Err(unsupported(
            "transform protocol ah needs IPsec in the kernel, which this gateway lacks: use esp",
        ));
    }
    if spec.ipsec.encapsulation_mode == EncapsulationMode::Transport {
        return Err(unsupported(
            "encapsulation mode transport needs IPsec in the kernel, which this gateway lacks: use tunnel",
        ));
    }
    Ok(())
}

/// In transport mode an SA has no addresses but the packet's own, so it joins the two gateways and nothing behind them;
/// for anything else charon would take tunnel mode without a word.
fn check_mode(spec: &ConnectionSpec, local: IpAddr, peer: IpAddr) -> Result<(), Reason> {
    let (here, there) = (IpNet::from(local), IpNet::from(peer));
    let is_tunnel = spec.ipsec.encapsulation_mode == EncapsulationMode::Tunnel;
    if is_tunnel || (spec.local_networks == [here] && spec.peer_networks == [there]) {
        return Ok(());
    }
    Err(unsupported(format!(
        "encapsulation mode transport joins the two gateways alone, {here} and {there}, and no networks behind them: use \
         tunnel"
    )))
}

/// An empty text means the address.
fn identity(field: &str, text: &str, address: IpAddr) -> Result<Identity, Reason> {
    if text.is_empty() {
        return Ok(Identity::Address(address));
    }
    text.parse().map_err(|error| unsupported(format!("{field}: {error}")))
}

fn unsupported(text: impl Into<String>) -> Reason {
    Reason::new(ReasonCode::Unsupported, text)
}

#[cfg(test)]
mod tests;
