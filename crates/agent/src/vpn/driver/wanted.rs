//! What is wanted of each connection, and how it stands with it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use adit_api::agent::StatusReport;
use adit_ike::{Connection, Fingerprint, Pair};
use adit_model::router_document::ConnectionSpec;
use adit_model::{Reason, ReasonCode};
use tokio::time::{Instant, timeout};

use super::super::closing::GRACE;
use super::super::pace::Pace;
use super::super::sas::{Sas, Tunnel};
use super::super::status;
use super::split::Split;

/// How long a name server may take.
const RESOLVE_LIMIT: Duration = Duration::from_secs(5);
/// A tunnel that was up for so long is one that works.
const STEADY: Duration = Duration::from_secs(10);

/// A connection of the last `apply`.
pub(super) struct Wanted {
    pub(super) spec: ConnectionSpec,
    pub(super) goal: Goal,
    pub(super) progress: Progress,
}

/// What survives a change of what is wanted.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) pace: Pace,
    /// Whether all pairs of networks were joined when charon was last asked, in the way that is wanted.
    pub(super) was_settled: bool,
    /// Since when.
    pub(super) settled_since: Option<Instant>,
    /// Whether they were joined in any way.
    pub(super) was_up: bool,
    /// IKE SAs in which we asked for its CHILD_SAs.
    pub(super) asked: BTreeSet<u32>,
    /// IKE SAs of its peering that were up when charon was last asked.
    pub(super) seen: BTreeSet<u32>,
    /// Since when there are SAs of what was wanted before this.
    pub(super) retiring: Option<Instant>,
    /// Whether the last attempt was left out for one of the peer's.
    pub(super) has_yielded: bool,
    /// Whether an attempt was given up for one of the peer's since the tunnel was up last.
    pub(super) has_given_way: bool,
    /// As what charon was last told of it.
    pub(super) loaded: Option<Loaded>,
    /// Since when the peer has not taken all its networks together.
    pub(super) unsuitable_since: Option<Instant>,
    /// What the peer does not take as one, which it does not learn by a change of anything else.
    pub(super) split: Option<Split>,
}

pub(super) enum Goal {
    /// Not to be loaded: switched off, or refused.
    Nothing(StatusReport),
    /// To be loaded once the peer's name has an address.
    Resolve,
    /// To be loaded and up.
    Run(Box<Run>),
}

pub(super) struct Run {
    pub(super) connection: Connection,
    /// The name of its peering.
    pub(super) peering: String,
}

/// Tells what a connection needs new SAs for, and what only a new attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loaded {
    peering: String,
    children: Vec<String>,
    key: Fingerprint,
    initiates: bool,
}

/// A peer's name, and the IP version of our end: the peer has to have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    text: String,
    is_ipv4: Option<bool>,
}

impl Name {
    pub(super) fn of(spec: &ConnectionSpec) -> Self {
        let is_ipv4 = spec.local_address.map(|local| local.is_ipv4());
        Self { text: spec.peer_address.clone(), is_ipv4 }
    }
}

pub(super) struct Resolved {
    pub(super) name: Name,
    /// Those that we can reach, in the name server's order.
    pub(super) addresses: Vec<IpAddr>,
}

impl Wanted {
    pub(super) fn connection(&self) -> Option<&Connection> {
        match &self.goal {
            Goal::Run(run) => Some(&run.connection),
            Goal::Nothing(_) | Goal::Resolve => None,
        }
    }

    /// Whether the peer is where this name leads.
    pub(super) fn names(&self, name: &Name) -> bool {
        Name::of(&self.spec) == *name
    }

    pub(super) fn tunnel(&self) -> Option<Tunnel<'_>> {
        match &self.goal {
            Goal::Run(run) => {
                let is_grace_over = self.progress.is_grace_over();
                Some(Tunnel { connection: &run.connection, peering: &run.peering, is_grace_over })
            }
            Goal::Nothing(_) | Goal::Resolve => None,
        }
    }

    /// Whether we cannot say yet if its SAs are right: those of another agent, that is now gone, until the peer's name has
    /// an address, and our own for a while after a change of the name.
    pub(super) fn is_held(&self) -> bool {
        matches!(self.goal, Goal::Resolve) && !self.progress.is_grace_over()
    }

    /// Whether SAs of its own join all its networks, be they right or not.
    pub(super) fn is_carried(&self, sas: &Sas) -> bool {
        let pairs = self
            .spec
            .local_networks
            .iter()
            .flat_map(|local| self.spec.peer_networks.iter().map(move |peer| (*local, *peer)));
        let mut pairs = pairs.peekable();
        let is_joined = |pair: Pair| {
            let mut own = sas.of_connection(self.spec.id).filter(|(ike, _)| ike.is_up());
            own.any(|(_, child)| child.covers(&pair))
        };
        pairs.peek().is_some() && pairs.all(is_joined)
    }

    pub(super) fn as_loaded(&self, key: Fingerprint) -> Option<Loaded> {
        let Goal::Run(run) = &self.goal else { return None };
        let children = run.connection.children().iter().map(|child| child.name.clone()).collect();
        let initiates = run.connection.initiates();
        Some(Loaded { peering: run.peering.clone(), children, key, initiates })
    }

    /// The daemon is gone with all that was in it. What is due apart from it stays due.
    pub(super) fn forget(&mut self) {
        let pace = match self.goal {
            Goal::Resolve => std::mem::take(&mut self.progress.pace),
            Goal::Nothing(_) | Goal::Run(_) => Pace::default(),
        };
        let split = self.progress.split.take();
        self.progress = Progress { pace, split, ..Progress::default() };
    }

    /// Takes in what charon lists. Returns whether the tunnel came up or went down, and which.
    pub(super) fn follow(&mut self, sas: &Sas) -> Option<bool> {
        let Goal::Run(run) = &self.goal else {
            let Progress { pace, loaded, retiring, split, .. } = std::mem::take(&mut self.progress);
            self.progress = Progress { pace, loaded, retiring, split, ..Progress::default() };
            return None;
        };
        let is_grace_over = self.progress.is_grace_over();
        let tunnel = Tunnel { connection: &run.connection, peering: &run.peering, is_grace_over };
        let has_old = tunnel.old(sas).next().is_some();
        // As in a rekeying, either end replaces what is up.
        let may_ask = run.connection.initiates() || has_old && !is_grace_over;
        let progress = &mut self.progress;
        let was_up = progress.was_up;
        progress.was_up = tunnel.missing_pairs(sas).is_empty();
        let is_settled = tunnel.unsettled_pairs(sas).is_empty();
        let up: BTreeSet<u32> =
            sas.of_peering(&run.peering).filter(|ike| ike.is_up()).map(|ike| ike.id).collect();
        let news = up.iter().any(|id| !progress.seen.contains(id) && !progress.asked.contains(id));
        if is_settled {
            progress.pace.stop();
            progress.settled_since = progress.settled_since.or_else(|| Some(Instant::now()));
            progress.asked.clear();
            progress.has_yielded = false;
            progress.has_given_way = false;
        } else if !may_ask {
            progress.pace = Pace::default();
        } else if progress.was_settled {
            // Not at the same moment at both ends. A tunnel that never lasts is no reason to try at once each time.
            if progress.settled_since.is_some_and(|since| since.elapsed() >= STEADY) {
                progress.pace = Pace::soon(&run.connection);
            } else {
                progress.pace.again_after_pause();
            }
        } else if news || progress.pace.next().is_none() {
            // The peer is there: another connection has found it. And without a next attempt there would never be one.
            progress.pace.hurry();
        }
        progress.seen = up;
        progress.was_settled = is_settled;
        progress.settled_since = progress.settled_since.filter(|_| is_settled);
        progress.retiring = if has_old { progress.retiring.or_else(|| Some(Instant::now())) } else { None };
        (progress.was_up != was_up).then_some(progress.was_up)
    }

    pub(super) fn unresolved(&self) -> StatusReport {
        let text = format!("the peer's name `{}` has no address that we could reach", self.spec.peer_address);
        status::down(Reason::new(ReasonCode::PeerNameUnresolved, text))
    }
}

impl Progress {
    /// Whether what it had before has been kept for long enough.
    fn is_grace_over(&self) -> bool {
        self.retiring.is_some_and(|since| since.elapsed() >= GRACE)
    }

    /// Whether the end of that time has to be awaited.
    pub(super) fn is_retiring(&self) -> bool {
        // And a little longer, for what is closed then to go.
        self.retiring.is_some_and(|since| since.elapsed() < 2 * GRACE)
    }

    /// An attempt is made now, and another one is due later.
    pub(super) fn again_in_turn(&mut self, goal: &Goal) {
        match goal {
            Goal::Run(run) => self.pace.again_in_turn(&run.connection),
            Goal::Resolve | Goal::Nothing(_) => self.pace.again_after_pause(),
        }
    }

    /// What it was is over, and its SAs have their time from now on.
    pub(super) fn begin_anew(&mut self) {
        self.was_settled = false;
        self.has_yielded = false;
        self.has_given_way = false;
        self.asked.clear();
        self.retiring = None;
        self.unsuitable_since = None;
    }
}

impl Loaded {
    pub(super) const fn key(&self) -> Fingerprint {
        self.key
    }

    /// Whether an attempt for the other would be one for this, but for the key.
    pub(super) fn differs_by_key(&self, other: &Self) -> bool {
        self.peering == other.peering && self.key != other.key
    }
}

/// Looks up the addresses of our own IP version.
pub(super) async fn resolve(name: Name) -> Resolved {
    let found = timeout(RESOLVE_LIMIT, tokio::net::lookup_host((name.text.as_str(), 0))).await;
    let fits = |address: &IpAddr| name.is_ipv4.is_none_or(|is_ipv4| is_ipv4 == address.is_ipv4());
    let found = found.ok().and_then(Result::ok).into_iter().flatten();
    let addresses = found.map(|it| it.ip()).filter(fits).collect();
    Resolved { name, addresses }
}
