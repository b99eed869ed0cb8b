//! The task that owns a router's charon: what is wanted of it, what it was told, what it has.

mod asked;
mod listing;
mod mtu;
mod refuse;
mod split;
mod steer;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use adit_api::agent::StatusReport;
use adit_ike::FingerprintKey;
use adit_ike::charon::{Event, Terminate};
use adit_model::router_document::ConnectionSpec;
use adit_model::{Reason, ReasonCode, SiteConnectionId, Status};
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::asked::Asked;
use self::listing::{Look, Unsure};
use self::split::Split;
use self::wanted::{Goal, Name, Resolved, Run, Wanted, resolve};
use super::calls::{Calls, asks_for_child};
use super::daemon::{self, Daemon};
use super::faults::{Faults, Listener};
use super::observations::Observations;
use super::pace::{LONGEST_PAUSE, Pace};
use super::plan::{Loaded, Observed};
use super::sas::Sas;
use super::silence::Silence;
use super::{Message, VpnSetup, VpnState, outdated, status};

/// A daemon that ran for so long is not one that fails at its start.
const STABLE: Duration = Duration::from_secs(30);
/// After so long without a word from charon it is asked for one, since one that hangs tells nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// For so long what charon lists is as good as what it would list now, but for what it tells of: a router is looked at a
/// little less often than this when nothing happens, and then it is asked what the SAs have carried.
const LISTED_EVERY: Duration = Duration::from_secs(50);

/// Runs until the handle is dropped or the VPN removed.
pub(super) async fn run(setup: VpnSetup, messages: mpsc::Receiver<Message>, state: watch::Sender<VpnState>) {
    let mut driver = Driver {
        setup,
        state,
        key: FingerprintKey::random(),
        daemon: None,
        loaded: Loaded::default(),
        sas: Sas::default(),
        unsure: Unsure::default(),
        listed: None,
        is_applied: false,
        wanted: BTreeMap::new(),
        faults: Faults::default(),
        silence: Silence::default(),
        calls: Calls::default(),
        closing: Asked::default(),
        rekeying: Asked::default(),
        observations: Observations::default(),
        resolving: JoinSet::new(),
        addresses: BTreeMap::new(),
        restart: Pace::default(),
        failure: None,
        heard: Instant::now(),
        look: None,
        limits_are_due: false,
    };
    driver.adopt().await;
    driver.publish();
    driver.work(messages).await;
}

struct Driver {
    setup: VpnSetup,
    state: watch::Sender<VpnState>,
    key: FingerprintKey,
    daemon: Option<Daemon>,
    loaded: Loaded,
    sas: Sas,
    /// Where `sas` may be wrong.
    unsure: Unsure,
    /// When charon was last asked for all SAs.
    listed: Option<Instant>,
    is_applied: bool,
    wanted: BTreeMap<SiteConnectionId, Wanted>,
    faults: Faults,
    silence: Silence,
    calls: Calls,
    /// What charon was told to close.
    closing: Asked<Terminate>,
    /// The CHILD_SAs that it was told to rekey.
    rekeying: Asked<u32>,
    observations: Observations,
    resolving: JoinSet<Resolved>,
    /// What peers' names meant last.
    addresses: BTreeMap<Name, IpAddr>,
    restart: Pace,
    /// Why there is no daemon although there should be one.
    failure: Option<String>,
    /// When the daemon last said something.
    heard: Instant,
    /// When to look at which SAs although nothing has happened.
    look: Option<Look>,
    /// Whether what is in force for the size of packets may be something else than is wanted.
    limits_are_due: bool,
}

/// The daemon is of no more use; the cause is logged by then.
struct Lost;

impl Driver {
    async fn work(&mut self, mut messages: mpsc::Receiver<Message>) {
        loop {
            let deadline = self.deadline();
            // Every arm is cancel-safe: receivers of channels, a join set, a timer.
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::Apply { connections, done }) => {
                        let result = self.apply(connections).await;
                        self.publish();
                        // Nobody waits any more if the caller gave up.
                        let _ = done.send(result);
                    }
                    Some(Message::Remove { done }) => {
                        self.remove().await;
                        self.publish();
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                event = next_event(&mut self.daemon) => {
                    // charon says a lot, and what is told of hundreds of tunnels is long.
                    if !self.on_event(event).await {
                        continue;
                    }
                }
                Some(Ok(resolved)) = self.resolving.join_next() => self.on_resolved(resolved).await,
                () = sleep_until(deadline) => self.on_time().await,
            }
            self.publish();
        }
    }

    async fn adopt(&mut self) {
        let Some(daemon) = Daemon::adopt(&self.setup).await else { return };
        self.daemon = Some(daemon);
        // A daemon that is lost again right now is started when connections are applied.
        if self.take_stock().await.is_err()
            && let Some(daemon) = self.daemon.take()
        {
            daemon.stop().await;
        }
    }

    async fn take_stock(&mut self) -> Result<(), Lost> {
        let names = self.command(async |daemon| daemon.vici.connections().await).await?;
        let keys = self.command(async |daemon| daemon.vici.keys().await).await?;
        tracing::info!(router_id = %self.setup.router_id, peerings = names.len(), keys = keys.len(), "running charon adopted");
        self.loaded.peerings = names.into_iter().map(|name| (name, Observed::Unknown)).collect();
        self.loaded.keys = keys.into_iter().map(|id| (id, Observed::Unknown)).collect();
        self.refresh().await
    }

    async fn apply(&mut self, connections: Vec<ConnectionSpec>) -> Result<(), Reason> {
        self.is_applied = true;
        self.limits_are_due = true;
        let mut before = std::mem::take(&mut self.wanted);
        for spec in connections {
            let before = before.remove(&spec.id);
            let is_elsewhere = before.as_ref().is_some_and(|it| it.spec.peer_address != spec.peer_address);
            let mut progress = before.map(|before| before.progress).unwrap_or_default();
            if is_elsewhere {
                // However long the last name was looked for in vain.
                progress.pace = Pace::default();
            }
            let goal = self.goal(&spec, progress.split.as_ref());
            self.wanted.insert(spec.id, Wanted { spec, goal, progress });
        }
        for id in before.into_keys() {
            self.faults.clear(id);
        }
        if self.listed.is_none_or(|listed| listed.elapsed() >= LISTED_EVERY) {
            self.unsure.of_all();
        }
        self.resolve_names();
        self.converge().await
    }

    /// Returns whether there may be anything new to tell.
    async fn on_event(&mut self, first: Event) -> bool {
        let mut sas_changed = false;
        let mut is_news = false;
        let (mut callers, mut asking) = (BTreeSet::new(), BTreeSet::new());
        self.heard = Instant::now();
        let mut event = Some(first);
        while let Some(next) = event {
            match next {
                Event::Log(line) => {
                    tracing::trace!(router_id = %self.setup.router_id, ?line, "charon");
                    let listeners = self.wanted.values().filter_map(|wanted| {
                        let is_settled = wanted.progress.was_settled;
                        Some(Listener { tunnel: wanted.tunnel()?, is_settled })
                    });
                    is_news |= self.faults.hear(&line, Instant::now(), &self.sas, listeners);
                    self.silence.hear(&line, Instant::now());
                    callers.extend(self.calls.hear(&line, Instant::now()));
                    asking.extend(asks_for_child(&line).map(str::to_owned));
                }
                Event::SasChanged { connection } => {
                    self.unsure.of(connection);
                    sas_changed = true;
                }
                Event::Gone => {
                    self.lose().await;
                    return true;
                }
            }
            event = next_event(&mut self.daemon).now_or_never();
        }
        self.put_off(&asking);
        let has_failed =
            self.give_way(&callers).await.is_err() || sas_changed && self.refresh().await.is_err();
        if has_failed {
            self.lose().await;
        }
        is_news || sas_changed
    }

    async fn on_time(&mut self) {
        // What has been said in time may not have been heard yet.
        if let Some(event) = next_event(&mut self.daemon).now_or_never() {
            self.on_event(event).await;
        }
        let now = Instant::now();
        let wants_daemon = self.daemon.is_none() && self.restart.is_due(now);
        let is_due = |wanted: &Wanted| wanted.progress.pace.is_due(now);
        let wants_tunnel = self.daemon.is_some() && self.wanted.values().any(is_due);
        let is_silent = self.heard + SILENCE <= now;
        let look = self.look.take_if(|look| look.at <= now);
        let wants_look = is_silent || look.is_some();
        if is_silent {
            self.unsure.of_all();
        }
        look.into_iter().flat_map(|look| look.peerings).for_each(|name| self.unsure.of(Some(name)));
        if self.end_silent_sas(now).await.is_err() {
            self.lose().await;
            return;
        }
        if wants_tunnel {
            self.resolve_names();
        }
        let is_split = self.split_what_is_due(now);
        if wants_daemon || wants_tunnel || is_split {
            // The cause is logged, kept for the reports, and the next attempt has its time.
            let _ = self.converge().await;
        } else if self.daemon.is_some() && wants_look && self.refresh().await.is_err() {
            self.lose().await;
        }
    }

    /// A name may have several addresses, in an order that changes. The one in use stays as long as it is one of them, and
    /// another agent's SAs tell which one that used.
    async fn on_resolved(&mut self, Resolved { name, addresses }: Resolved) {
        let is_in_use = self.addresses.get(&name).is_some_and(|address| addresses.contains(address));
        let Some(first) = addresses.first().filter(|_| !is_in_use) else { return };
        let meant: Vec<SiteConnectionId> =
            self.wanted.iter().filter(|(_, it)| it.names(&name)).map(|(id, _)| *id).collect();
        let of_sas: BTreeSet<IpAddr> =
            meant.iter().flat_map(|id| self.sas.of_connection(*id)).filter_map(|(ike, _)| ike.peer).collect();
        let address = addresses.iter().find(|address| of_sas.contains(address)).unwrap_or(first);
        self.addresses.insert(name, *address);
        for id in meant {
            let Some(wanted) = self.wanted.get(&id) else { continue };
            let goal = self.goal(&wanted.spec, wanted.progress.split.as_ref());
            if let Some(wanted) = self.wanted.get_mut(&id) {
                wanted.goal = goal;
            }
        }
        let _ = self.converge().await;
    }

    /// The daemon is there no more, or of no use. Another one is started soon.
    async fn lose(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            tracing::error!(router_id = %self.setup.router_id, "charon is gone");
            if daemon.since.elapsed() > STABLE {
                self.restart = Pace::default();
            }
            self.forget();
            // One that hangs takes a while to end, and its tunnels are not to be believed in meanwhile.
            self.publish();
            // Ends it, and fetches the exit status of one that has ended.
            daemon.stop().await;
        }
        self.restart.again();
    }

    async fn halt(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.stop().await;
        }
        self.restart = Pace::default();
        self.failure = None;
        self.forget();
    }

    async fn remove(&mut self) {
        self.wanted.clear();
        if self.daemon.is_none() {
            self.daemon = Daemon::adopt(&self.setup).await;
        }
        self.halt().await;
        daemon::remove_files(&self.setup);
    }

    fn forget(&mut self) {
        self.loaded = Loaded::default();
        self.sas = Sas::default();
        self.unsure = Unsure::default();
        self.observations.clear(Timestamp::now());
        self.look = None;
        self.faults.forget_sas();
        self.silence = Silence::default();
        // What a peer has begun is over.
        self.calls = Calls::default();
        self.closing = Asked::default();
        self.rekeying = Asked::default();
        self.wanted.values_mut().for_each(Wanted::forget);
    }

    fn goal(&self, spec: &ConnectionSpec, split: Option<&Split>) -> Goal {
        if !spec.admin_state_up {
            let text = "the connection or its service is switched off";
            return Goal::Nothing(status::down(Reason::new(ReasonCode::AdminDown, text)));
        }
        if spec.local_address.is_none() {
            let text = "the router has no external address of the peer's IP version: set an external gateway";
            return Goal::Nothing(status::refused(Reason::new(ReasonCode::GatewayMissing, text)));
        }
        let literal = spec.peer_address.parse().ok();
        let Some(peer) = literal.or_else(|| self.addresses.get(&Name::of(spec)).copied()) else {
            return Goal::Resolve;
        };
        let backend = daemon::backend(self.setup.data_plane);
        match split::laid_out(spec, peer, backend, split, &self.sas) {
            Ok(connection) => Goal::Run(Box::new(Run { connection, peering: String::new() })),
            Err(reason) => Goal::Nothing(status::refused(reason)),
        }
    }

    /// Looks names up again for every connection that is not up: a peer with a new address is silent at the old one.
    fn resolve_names(&mut self) {
        let mut names = BTreeSet::new();
        for wanted in self.wanted.values_mut() {
            let is_name = wanted.spec.peer_address.parse::<IpAddr>().is_err();
            let is_due = match wanted.goal {
                Goal::Nothing(_) => false,
                Goal::Resolve => {
                    wanted.progress.pace.again_after_pause();
                    true
                }
                Goal::Run(_) => !wanted.progress.was_up,
            };
            if is_name && is_due {
                names.insert(Name::of(&wanted.spec));
            }
        }
        for name in names {
            self.resolving.spawn(resolve(name));
        }
    }

    fn deadline(&self) -> Instant {
        let tunnels =
            self.wanted.values().map(|wanted| &wanted.progress.pace).filter(|_| self.daemon.is_some());
        let daemon = Some(&self.restart).filter(|_| self.daemon.is_none());
        let silence = self.daemon.is_some().then(|| self.heard + SILENCE);
        let split = self.wanted.values().filter_map(Wanted::split_at);
        let dead = self.silent_sas().into_iter().map(|(_, end)| end);
        let soonest = tunnels
            .chain(daemon)
            .filter_map(Pace::next)
            .chain(silence)
            .chain(self.look.as_ref().map(|look| look.at))
            .chain(dead)
            .chain(split)
            .min();
        // With nothing due, waking up once in a while does no harm.
        soonest.unwrap_or_else(|| Instant::now() + LONGEST_PAUSE)
    }

    fn daemon_down(&self) -> Reason {
        let cause = self.failure.as_deref().unwrap_or("it has ended, and is being started again");
        Reason::new(ReasonCode::DaemonDown, format!("the IKE daemon is not running: {cause}"))
    }

    fn report(&self, wanted: &Wanted) -> StatusReport {
        match &wanted.goal {
            Goal::Nothing(report) => report.clone(),
            Goal::Resolve if wanted.is_held() && wanted.is_carried(&self.sas) => status::active(),
            Goal::Resolve => wanted.unresolved(),
            Goal::Run(_) if self.daemon.is_none() => status::down(self.daemon_down()),
            Goal::Run(run) => match wanted.tunnel() {
                Some(tunnel) => status::assess(tunnel, &self.sas, self.faults.reason(&run.connection)),
                None => status::down(self.daemon_down()),
            },
        }
    }

    /// Connections that have SAs of what they were before, and those that are up by nothing else.
    fn outdated(&self, reports: &BTreeMap<SiteConnectionId, StatusReport>) -> BTreeSet<SiteConnectionId> {
        let mut outdated = outdated::owners(&self.sas, self.wanted.values().filter_map(Wanted::tunnel));
        let is_new = |id| self.wanted.get(id).is_some_and(|wanted| wanted.progress.was_settled);
        let up = reports.iter().filter(|(_, report)| report.status == Status::Active).map(|(id, _)| id);
        outdated.extend(up.filter(|id| !is_new(id)));
        outdated
    }

    fn publish(&self) {
        let connections = self.wanted.iter().map(|(id, wanted)| (*id, self.report(wanted))).collect();
        let state = VpnState {
            daemon_running: self.daemon.is_some(),
            outdated: self.outdated(&connections),
            connections,
            observations: self.observations.of(self.wanted.keys()),
        };
        self.state.send_if_modified(|current| {
            let is_new = *current != state;
            *current = state;
            is_new
        });
    }
}

/// The next event of the daemon; never, while there is none.
async fn next_event(daemon: &mut Option<Daemon>) -> Event {
    match daemon {
        Some(daemon) => daemon.events.next().await,
        None => std::future::pending().await,
    }
}
