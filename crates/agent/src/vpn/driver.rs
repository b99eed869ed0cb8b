//! The task that owns a router's charon: what is wanted of it, what it was told, what it has.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use adit_api::agent::StatusReport;
use adit_ike::charon::{Event, IkeSa, ViciError};
use adit_ike::{Connection, FingerprintKey};
use adit_model::router_document::ConnectionSpec;
use adit_model::{Reason, ReasonCode, SiteConnectionId};
use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::daemon::{self, Daemon};
use super::faults::Faults;
use super::pace::{LONGEST_PAUSE, Pace};
use super::plan::{self, Observed, Plan};
use super::{Message, VpnSetup, VpnState, status};

/// A daemon that ran for so long is not one that fails at its start.
const STABLE: Duration = Duration::from_secs(30);
/// After so long without a word from charon it is asked for one, since one that hangs tells nothing.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a name server may take.
const RESOLVE_LIMIT: Duration = Duration::from_secs(5);

/// Runs until the handle is dropped or the VPN removed.
pub(super) async fn run(setup: VpnSetup, messages: mpsc::Receiver<Message>, state: watch::Sender<VpnState>) {
    let mut driver = Driver {
        setup,
        state,
        key: FingerprintKey::random(),
        daemon: None,
        loaded: BTreeMap::new(),
        sas: Vec::new(),
        is_applied: false,
        wanted: BTreeMap::new(),
        faults: Faults::default(),
        resolving: JoinSet::new(),
        addresses: BTreeMap::new(),
        restart: Pace::default(),
        failure: None,
        heard: Instant::now(),
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
    loaded: BTreeMap<String, Observed>,
    sas: Vec<IkeSa>,
    /// Before the first `apply` nobody can say what is not wanted.
    is_applied: bool,
    wanted: BTreeMap<SiteConnectionId, Wanted>,
    faults: Faults,
    resolving: JoinSet<Resolved>,
    /// What peers' names meant last.
    addresses: BTreeMap<String, IpAddr>,
    restart: Pace,
    /// Why there is no daemon although there should be one.
    failure: Option<String>,
    /// When the daemon last said something.
    heard: Instant,
}

/// A connection of the last `apply`.
struct Wanted {
    spec: ConnectionSpec,
    goal: Goal,
    pace: Pace,
    was_up: bool,
}

enum Goal {
    /// Not to be loaded: switched off, or refused.
    Nothing(StatusReport),
    /// To be loaded once the peer's name has an address.
    Resolve,
    /// To be loaded and up.
    Run(Box<Connection>),
}

struct Resolved {
    name: String,
    address: Option<IpAddr>,
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
                event = next_event(&mut self.daemon) => self.on_event(event).await,
                Some(Ok(resolved)) = self.resolving.join_next() => self.on_resolved(resolved).await,
                () = sleep_until(deadline) => self.on_time().await,
            }
            self.publish();
        }
    }

    async fn adopt(&mut self) {
        let Some(mut daemon) = Daemon::adopt(&self.setup).await else { return };
        match daemon.vici.connections().await {
            Ok(names) => {
                tracing::info!(router_id = %self.setup.router_id, connections = names.len(), "running charon adopted");
                self.loaded = names.into_iter().map(|name| (name, Observed::Unknown)).collect();
                self.daemon = Some(daemon);
                // A daemon that is lost again right now is started when connections are applied.
                let _ = self.refresh().await;
            }
            Err(error) => {
                self.log_lost(&error);
                daemon.stop().await;
            }
        }
    }

    async fn apply(&mut self, connections: Vec<ConnectionSpec>) -> Result<(), Reason> {
        self.is_applied = true;
        let mut before = std::mem::take(&mut self.wanted);
        for spec in connections {
            let (pace, was_up) =
                before.remove(&spec.id).map(|old| (old.pace, old.was_up)).unwrap_or_default();
            let goal = self.goal(&spec);
            self.wanted.insert(spec.id, Wanted { spec, goal, pace, was_up });
        }
        for id in before.into_keys() {
            self.faults.clear(id);
        }
        self.resolve_names();
        self.converge().await
    }

    /// Does what is to be done now: starts or stops the daemon, tells it what changed, initiates what is due.
    async fn converge(&mut self) -> Result<(), Reason> {
        if self.wanted.values().all(|wanted| matches!(wanted.goal, Goal::Nothing(_))) {
            self.halt().await;
            return Ok(());
        }
        if self.daemon.is_none() {
            self.start().await?;
        }
        let result = match self.load().await {
            Ok(()) => self.initiate().await,
            Err(lost) => Err(lost),
        };
        match result {
            Ok(()) => Ok(()),
            Err(Lost) => {
                self.lose().await;
                Err(self.daemon_down())
            }
        }
    }

    async fn start(&mut self) -> Result<(), Reason> {
        match Daemon::start(&self.setup).await {
            Ok(daemon) => {
                self.daemon = Some(daemon);
                self.failure = None;
                self.restart.pause();
                Ok(())
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(router_id = %self.setup.router_id, error, "charon is not running");
                self.failure = Some(chain(error));
                self.restart.again_after_pause();
                Err(self.daemon_down())
            }
        }
    }

    /// Makes the daemon know exactly the connections that are wanted.
    async fn load(&mut self) -> Result<(), Lost> {
        self.refuse_what_the_daemon_cannot_do();
        self.refresh().await?;
        let fingerprints =
            self.running().map(|connection| (connection.id(), connection.fingerprint(&self.key)));
        let fingerprints: BTreeMap<_, _> = fingerprints.collect();
        let plan = Plan::new(&self.loaded, &fingerprints);
        for name in &plan.unload {
            self.command(async |daemon| daemon.vici.unload(name).await).await?;
            self.close(name).await?;
            self.loaded.remove(name);
        }
        for id in &plan.load {
            let Some(Wanted { goal: Goal::Run(connection), .. }) = self.wanted.get(id) else { continue };
            let connection = connection.clone();
            match self.command(async |daemon| answer(daemon.vici.load(&connection).await)).await? {
                Ok(()) => {
                    tracing::info!(router_id = %self.setup.router_id, connection_id = %id, "connection loaded");
                    self.loaded.insert(connection.name(), Observed::Known(fingerprints[id]));
                    self.faults.clear(*id);
                    self.start_pace(*id);
                }
                Err(refusal) => self.refuse(*id, Reason::new(ReasonCode::Unsupported, refusal)),
            }
        }
        for id in &plan.renegotiate {
            self.close(&id.to_string()).await?;
        }
        let attempts: Vec<_> =
            plan.retry.iter().flat_map(|id| plan::give_up(&self.sas, &id.to_string())).collect();
        for what in attempts {
            self.command(async |daemon| daemon.vici.terminate(what).await).await?;
        }
        self.refresh().await
    }

    /// Asks for all CHILD_SAs that are due and missing.
    async fn initiate(&mut self) -> Result<(), Lost> {
        let now = Instant::now();
        let due: Vec<SiteConnectionId> =
            self.wanted.iter().filter(|(_, wanted)| wanted.pace.is_due(now)).map(|(id, _)| *id).collect();
        for id in due {
            let Some(wanted) = self.wanted.get_mut(&id) else { continue };
            wanted.pace.again_after_pause();
            let Goal::Run(connection) = &wanted.goal else { continue };
            let name = connection.name();
            for child in plan::missing(connection, &self.sas) {
                let result =
                    self.command(async |daemon| answer(daemon.vici.initiate(&name, &child).await)).await?;
                if let Err(refusal) = result {
                    tracing::warn!(connection_id = %id, refusal, "charon does not initiate");
                }
            }
        }
        Ok(())
    }

    /// Learns which SAs there are, and removes what is too much of them.
    async fn refresh(&mut self) -> Result<(), Lost> {
        self.sas = self.command(async |daemon| daemon.vici.sas().await).await?;
        let mut superfluous: Vec<_> =
            self.running().flat_map(|connection| plan::superfluous(connection, &self.sas)).collect();
        if self.is_applied {
            superfluous.extend(plan::strange(&self.sas, &self.running().map(Connection::name).collect()));
        }
        for what in superfluous {
            tracing::debug!(router_id = %self.setup.router_id, ?what, "closing a spare SA");
            self.command(async |daemon| daemon.vici.terminate(what).await).await?;
        }
        self.follow_ups_and_downs();
        Ok(())
    }

    /// A tunnel that came up needs no more attempts; one that went down needs the first of new ones soon. Not at the
    /// same moment at both ends.
    fn follow_ups_and_downs(&mut self) {
        for (id, wanted) in &mut self.wanted {
            let Goal::Run(connection) = &wanted.goal else {
                wanted.was_up = false;
                continue;
            };
            let is_up = status::missing_pairs(connection, &self.sas).is_empty();
            if is_up {
                self.faults.clear(*id);
                wanted.pace = Pace::default();
            } else if wanted.was_up && connection.initiates() {
                wanted.pace = Pace::soon();
            }
            if is_up != wanted.was_up {
                tracing::info!(router_id = %self.setup.router_id, connection_id = %id, is_up, "tunnel changed");
            }
            wanted.was_up = is_up;
        }
    }

    async fn on_event(&mut self, first: Event) {
        let mut sas_changed = false;
        self.heard = Instant::now();
        let mut event = Some(first);
        while let Some(next) = event {
            match next {
                Event::Log(line) => {
                    tracing::trace!(router_id = %self.setup.router_id, ?line, "charon");
                    let connections = self.wanted.values().filter_map(Wanted::connection);
                    self.faults.hear(&line, Instant::now(), connections);
                }
                Event::SasChanged => sas_changed = true,
                Event::Gone => {
                    self.lose().await;
                    return;
                }
            }
            event = next_event(&mut self.daemon).now_or_never();
        }
        if sas_changed && self.refresh().await.is_err() {
            self.lose().await;
        }
    }

    async fn on_time(&mut self) {
        let now = Instant::now();
        let wants_daemon = self.daemon.is_none() && self.restart.is_due(now);
        let wants_tunnel =
            self.daemon.is_some() && self.wanted.values().any(|wanted| wanted.pace.is_due(now));
        if wants_tunnel {
            self.resolve_names();
        }
        if wants_daemon || wants_tunnel {
            // The cause is logged, kept for the reports, and the next attempt has its time.
            let _ = self.converge().await;
        } else if self.daemon.is_some() && self.heard + SILENCE <= now && self.refresh().await.is_err() {
            self.lose().await;
        }
    }

    async fn on_resolved(&mut self, Resolved { name, address }: Resolved) {
        let Some(address) = address else {
            return;
        };
        if self.addresses.insert(name, address) == Some(address) {
            return;
        }
        let ids: Vec<SiteConnectionId> = self.wanted.keys().copied().collect();
        for id in ids {
            let Some(wanted) = self.wanted.get(&id) else { continue };
            let goal = self.goal(&wanted.spec);
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
        for wanted in self.wanted.values_mut() {
            wanted.pace = Pace::default();
            wanted.was_up = false;
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
        self.loaded.clear();
        self.sas.clear();
        self.faults.forget_sas();
    }

    async fn close(&mut self, name: &str) -> Result<(), Lost> {
        for what in plan::close(&self.sas, name) {
            self.command(async |daemon| daemon.vici.terminate(what).await).await?;
        }
        Ok(())
    }

    /// Runs a command; after any failure the daemon is lost, and the caller's caller sees to that.
    async fn command<T>(
        &mut self,
        command: impl AsyncFnOnce(&mut Daemon) -> Result<T, ViciError>,
    ) -> Result<T, Lost> {
        let Some(daemon) = &mut self.daemon else { return Err(Lost) };
        match command(daemon).await {
            Ok(answer) => {
                self.heard = Instant::now();
                Ok(answer)
            }
            Err(error) => {
                self.log_lost(&error);
                Err(Lost)
            }
        }
    }

    fn log_lost(&self, error: &ViciError) {
        tracing::error!(router_id = %self.setup.router_id, error = error as &dyn Error, "charon is lost");
    }

    fn goal(&self, spec: &ConnectionSpec) -> Goal {
        if !spec.admin_state_up {
            let text = "the connection or its service is switched off";
            return Goal::Nothing(status::down(Reason::new(ReasonCode::AdminDown, text)));
        }
        if spec.local_address.is_none() {
            let text = "the router has no external address of the peer's IP version: set an external gateway";
            return Goal::Nothing(status::refused(Reason::new(ReasonCode::NoExternalAddress, text)));
        }
        let literal = spec.peer_address.parse().ok();
        let Some(peer) = literal.or_else(|| self.addresses.get(&spec.peer_address).copied()) else {
            return Goal::Resolve;
        };
        match Connection::new(spec, peer, daemon::backend(self.setup.data_plane)) {
            Ok(connection) => Goal::Run(Box::new(connection)),
            Err(reason) => Goal::Nothing(status::refused(reason)),
        }
    }

    fn refuse_what_the_daemon_cannot_do(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        for wanted in self.wanted.values_mut() {
            if let Some(reason) = wanted.connection().and_then(|it| it.unsupported_by(&daemon.algorithms)) {
                wanted.goal = Goal::Nothing(status::refused(reason));
            }
        }
    }

    fn refuse(&mut self, id: SiteConnectionId, reason: Reason) {
        tracing::warn!(connection_id = %id, %reason, "charon refuses the connection");
        if let Some(wanted) = self.wanted.get_mut(&id) {
            wanted.goal = Goal::Nothing(status::refused(reason));
        }
    }

    /// Looks names up again for every connection that is not up: a peer with a new address is silent at the old one.
    fn resolve_names(&mut self) {
        for wanted in self.wanted.values_mut() {
            let is_name = wanted.spec.peer_address.parse::<IpAddr>().is_err();
            if !is_name || wanted.was_up || matches!(wanted.goal, Goal::Nothing(_)) {
                continue;
            }
            if matches!(wanted.goal, Goal::Resolve) {
                wanted.pace.again_after_pause();
            }
            let (name, local) = (wanted.spec.peer_address.clone(), wanted.spec.local_address);
            self.resolving.spawn(resolve(name, local));
        }
    }

    fn start_pace(&mut self, id: SiteConnectionId) {
        if let Some(wanted) = self.wanted.get_mut(&id)
            && wanted.connection().is_some_and(Connection::initiates)
        {
            wanted.pace = Pace::now();
        }
    }

    fn running(&self) -> impl Iterator<Item = &Connection> {
        self.wanted.values().filter_map(Wanted::connection)
    }

    fn deadline(&self) -> Instant {
        let tunnels = self.wanted.values().map(|wanted| &wanted.pace).filter(|_| self.daemon.is_some());
        let daemon = Some(&self.restart).filter(|_| self.daemon.is_none());
        let silence = self.daemon.is_some().then(|| self.heard + SILENCE);
        let soonest = tunnels.chain(daemon).filter_map(Pace::next).chain(silence).min();
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
            Goal::Resolve => status::down(Reason::new(
                ReasonCode::PeerUnresolved,
                format!("the peer's name `{}` has no address that we could reach", wanted.spec.peer_address),
            )),
            Goal::Run(_) if self.daemon.is_none() => status::down(self.daemon_down()),
            Goal::Run(connection) => status::assess(connection, &self.sas, self.faults.reason(connection)),
        }
    }

    fn publish(&self) {
        let state = VpnState {
            daemon_running: self.daemon.is_some(),
            connections: self.wanted.iter().map(|(id, wanted)| (*id, self.report(wanted))).collect(),
            observations: BTreeMap::new(),
        };
        self.state.send_if_modified(|current| {
            let is_new = *current != state;
            *current = state;
            is_new
        });
    }
}

impl Wanted {
    fn connection(&self) -> Option<&Connection> {
        match &self.goal {
            Goal::Run(connection) => Some(connection),
            Goal::Nothing(_) | Goal::Resolve => None,
        }
    }
}

/// The next event of the daemon; never, while there is none.
async fn next_event(daemon: &mut Option<Daemon>) -> Event {
    match daemon {
        Some(daemon) => daemon.events.next().await,
        None => std::future::pending().await,
    }
}

/// Sorts a refusal, which concerns one connection, from a failure, which concerns the daemon.
fn answer<T>(result: Result<T, ViciError>) -> Result<Result<T, String>, ViciError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ ViciError::Refused { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn resolve(name: String, local: Option<IpAddr>) -> Resolved {
    let found = timeout(RESOLVE_LIMIT, tokio::net::lookup_host((name.as_str(), 0))).await;
    let fits = |address: &IpAddr| local.is_none_or(|local| local.is_ipv4() == address.is_ipv4());
    let address = found.ok().and_then(Result::ok).and_then(|all| all.map(|it| it.ip()).find(fits));
    Resolved { name, address }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
