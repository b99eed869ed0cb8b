//! A site connection as charon is told of it: complete messages as plain values, and the secret apart from them.
//!
//! Here is what a connection has for itself, its CHILD_SAs and its key; its share of an IKE SA is in `peering`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use adit_model::algorithm::{EncapsulationMode, IkeVersion, NegotiationMode, TransformProtocol};
use adit_model::ike_identity::Identity;
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::router_document::ConnectionSpec;
use adit_model::site_connection::{DpdAction, Initiator};
use adit_model::{Psk, Reason, ReasonCode, SiteConnectionId};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use crate::charon::Algorithms;
use crate::message::Section;
use crate::peering::{IkeTerms, short_digest};
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
    terms: IkeTerms,
    owners: Vec<String>,
    secret: Psk,
    children: Vec<Child>,
    local: IpAddr,
    peer: IpAddr,
    initiates: bool,
    ike: IkeParameters,
    ipsec: IpsecParameters,
    context: FaultContext,
}

/// One CHILD_SA that a connection is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its name, unique in the daemon. It changes with everything that the CHILD_SA is made of, so that a changed one is
    /// a new one beside the old one.
    pub name: String,
    /// The pairs of networks that it joins.
    pub pairs: BTreeSet<Pair>,
    pub(crate) message: Section,
}

/// Tells two keys of a connection apart, without giving either away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// What fingerprints are made with, so that nobody can test guesses of a secret against one.
pub struct FingerprintKey([u8; 32]);

impl Child {
    /// The site connection that a CHILD_SA of this name belongs to; `None` if Adit has not named it.
    pub fn owner(name: &str) -> Option<SiteConnectionId> {
        name.split_once('/')?.0.parse().ok()
    }

    /// What stands in a name for all that the CHILD_SA is made of: two of the same kind differ by their owners only.
    pub fn kind(name: &str) -> &str {
        name.split_once('/').map_or("", |(_, kind)| kind)
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
        let layout = match spec.ike.version {
            // RFC 2409, 5.5: a quick mode has one network on each side.
            IkeVersion::V1 => Layout::PerPair,
            IkeVersion::V2 => Layout::Together,
        };
        Self::laid_out(spec, peer, backend, layout)
    }

    /// The same, for an IKEv2 peer that takes one pair of networks at a time: with a CHILD_SA for each.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn per_pair(spec: &ConnectionSpec, peer: IpAddr, backend: Backend) -> Result<Self, Reason> {
        Self::laid_out(spec, peer, backend, Layout::PerPair)
    }

    fn laid_out(
        spec: &ConnectionSpec,
        peer: IpAddr,
        backend: Backend,
        layout: Layout,
    ) -> Result<Self, Reason> {
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
        Ok(Self {
            id: spec.id,
            terms: IkeTerms {
                wire: wire_message(spec, &ends, backend),
                version: spec.ike.version,
                lifetime: spec.ike.lifetime.get(),
                dpd: spec.dpd,
            },
            owners: vec![ends.local_id.to_charon(), ends.peer_id.to_charon()],
            secret: spec.psk.clone(),
            children: children(spec, &child_proposal, layout),
            local,
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

    pub(crate) const fn terms(&self) -> &IkeTerms {
        &self.terms
    }

    /// The message of command `load-shared`. It holds the key: send it, do nothing else with it.
    pub(crate) fn load_shared(&self) -> Section {
        Section::new()
            .with("id", self.id.to_string())
            .with("type", "IKE")
            .with("data", self.secret.expose())
            .with("owners", self.owners.clone())
    }

    /// Our identity and the peer's, as charon writes them. It finds a key by these and by nothing else.
    pub fn identities(&self) -> &[String] {
        &self.owners
    }

    /// In IKEv2, for how long the peer may leave a question unanswered; `None` if it is never asked, and in IKEv1, where
    /// charon knows that itself.
    pub fn patience(&self) -> Option<Duration> {
        let dpd = self.terms.dpd;
        let is_watched = self.ike.version == IkeVersion::V2 && dpd.action != DpdAction::Disabled;
        is_watched.then(|| Duration::from_secs(dpd.timeout.saturating_sub(dpd.interval).into()))
    }

    /// The CHILD_SAs that it is to have.
    pub fn children(&self) -> &[Child] {
        &self.children
    }

    /// The one CHILD_SA that it is to have for several pairs of networks, which not every peer takes.
    pub fn child_of_all(&self) -> Option<&Child> {
        self.children.first().filter(|child| child.pairs.len() > 1)
    }

    /// Where the peer is.
    pub const fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The version of IKE that it speaks.
    pub const fn ike_version(&self) -> IkeVersion {
        self.ike.version
    }

    /// Whether we may start the key exchange.
    pub const fn initiates(&self) -> bool {
        self.initiates
    }

    /// Whether this end begins where both may: the other end of the same kind answers the opposite.
    pub fn goes_first(&self) -> bool {
        self.local < self.peer
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

    /// Equal for two keys exactly if charon would have to be told the same of both.
    pub fn key_fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        // The debug form quotes every text, so that the end of each is clear.
        let text = format!("{:?} {:?}", self.owners, self.secret.expose());
        Fingerprint(Sha256::new().chain_update(key.0).chain_update(text).finalize().into())
    }
}

/// Which CHILD_SAs the pairs of networks of a connection are in.
#[derive(Clone, Copy)]
enum Layout {
    /// All in one: IKEv2 negotiates several selectors at once.
    Together,
    /// Each in one of its own.
    PerPair,
}

/// Both ends of an IKE SA.
struct Ends {
    local: IpAddr,
    peer: IpAddr,
    local_id: Identity,
    peer_id: Identity,
}

fn wire_message(spec: &ConnectionSpec, ends: &Ends, backend: Backend) -> Section {
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
        // There is no certificate to send. Versions before peerings said `never`: by this difference charon sets up no
        // CHILD_SA of ours in an IKE SA of theirs, whose configuration cannot be changed any more.
        .with("send_cert", "ifasked")
        // The agent tries again, with its own pace.
        .with("keyingtries", 1_u32)
        // charon neither sends INITIAL_CONTACT nor heeds it. It means all IKE SAs between two identities, so of two peerings
        // between the same ones (IKEv1 and IKEv2, say), or of two attempts that cross, each would destroy the other's
        // without a word. The agent knows what is a duplicate, per peering, and closes it.
        .with("unique", "never")
        .with("local", end_message(&ends.local_id))
        .with("remote", end_message(&ends.peer_id))
}

fn end_message(id: &Identity) -> Section {
    Section::new().with("auth", "psk").with("id", id.to_charon())
}

fn children(spec: &ConnectionSpec, proposal: &ChildProposal, layout: Layout) -> Vec<Child> {
    let pairs = spec
        .local_networks
        .iter()
        .flat_map(|local| spec.peer_networks.iter().map(move |peer| (*local, *peer)))
        .collect::<BTreeSet<Pair>>();
    let groups = match layout {
        Layout::PerPair => pairs.into_iter().map(|pair| BTreeSet::from([pair])).collect(),
        Layout::Together => vec![pairs],
    };
    let child = |pairs| {
        let message = child_message(spec, proposal, &pairs);
        Child { name: format!("{}/{}", spec.id, short_digest(&message)), pairs, message }
    };
    groups.into_iter().map(child).collect()
}

fn child_message(spec: &ConnectionSpec, proposal: &ChildProposal, pairs: &BTreeSet<Pair>) -> Section {
    let lifetime = Lifetime::new(spec.ipsec.lifetime.get());
    let networks = |side: fn(&Pair) -> IpNet| -> Vec<String> {
        let networks: BTreeSet<IpNet> = pairs.iter().map(side).collect();
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

/// The policy's lifetime is when an SA is gone at the latest. It is replaced a tenth of it before, or up to half of that
/// tenth earlier still, by chance: two ends of the same kind then seldom start to replace it at the same moment.
pub(crate) struct Lifetime {
    pub(crate) hard: u32,
    pub(crate) rekey: u32,
    pub(crate) margin: u32,
    pub(crate) spread: u32,
}

impl Lifetime {
    pub(crate) const fn new(secs: u32) -> Self {
        let margin = secs / 10;
        Self { hard: secs, rekey: secs - margin, margin, spread: margin / 2 }
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
            ReasonCode::GatewayMissing,
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
    Reason::new(ReasonCode::UnsupportedByGateway, text)
}

#[cfg(test)]
pub(crate) mod tests;
