//! One router on this node: the task that makes it match its document.
//!
//! The task owns everything of the router. Others hand it the newest document through a `watch` channel; a change and
//! a slow timer both wake it, and it does the same work for either.

mod apply;
mod fence;
pub(crate) mod firewall;
mod in_force;
mod observe;
mod plan;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use adit_linux::{Namespace, Netlink};
use adit_model::{Reason, ReasonCode, RouterDocument, RouterId};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::apply::Place;
use self::fence::Fence;
use self::in_force::InForce;
use self::status::Applied;
use self::wire::Wired;
use crate::backoff::Backoff;
use crate::check::Daemons;
use crate::config::{AgentConfig, DataPlane};
use crate::names;
use crate::report::Reports;
use crate::segment;
use crate::vpn::{Vpn, VpnSetup, VpnState};

/// Marks our routes, so that those of charon or of a person are left alone. Shown by `ip route` as `proto 173`.
pub(crate) const ROUTE_PROTOCOL: u8 = 173;
/// How often a router is looked at though nothing happened.
const RESYNC: Duration = Duration::from_secs(60);
/// How long making or removing everything but the tunnels may take: far longer than `nft` may, which has its own limit.
const WIRE_LIMIT: Duration = Duration::from_secs(60);
/// How long loading connections may take.
const VPN_LIMIT: Duration = Duration::from_secs(30);
/// How many routers are worked on at the same time, the others wait: their programs would only be in each other's way,
/// and those at the head of the queue are done before. A step that waits for something does not hold up everybody.
const TURNS_PER_PROCESSOR: usize = 4;
const FEWEST_TURNS: usize = 8;
/// For so long charon may keep a router's turn; one that takes longer is waited for without it, and holds up nobody.
const TURN_LIMIT: Duration = Duration::from_secs(2);

/// What the server wants of a router.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// It is on this node, or switched off.
    Present(Arc<RouterDocument>),
    /// It is none of this node's.
    Gone,
    /// It leaves, since its node goes down, and is to be there again after the node's start; with what it was, as far as
    /// that is known.
    Away(Option<Arc<RouterDocument>>),
}

impl Wanted {
    /// What is wanted of the same router when its node goes down.
    pub(crate) fn away(&self) -> Self {
        match self {
            Self::Present(document) => Self::Away(Some(document.clone())),
            Self::Gone => Self::Gone,
            Self::Away(document) => Self::Away(document.clone()),
        }
    }
}

/// What all routers of a node share.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) config: AgentConfig,
    pub(crate) data_plane: DataPlane,
    pub(crate) netlink: Netlink,
    pub(crate) reports: Reports,
    /// What the routers' IKE daemons tell, for checks.
    pub(crate) daemons: Daemons,
    /// Who is being worked on has one of these.
    turns: Semaphore,
}

impl Node {
    pub(crate) fn new(
        config: AgentConfig,
        data_plane: DataPlane,
        netlink: Netlink,
        reports: Reports,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let turns = Semaphore::new((processors * TURNS_PER_PROCESSOR).max(FEWEST_TURNS));
        Self { config, data_plane, netlink, reports, daemons: Daemons::default(), turns }
    }
}

/// What a router's task has done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Done {
    /// The router is as it was wanted.
    Matches(RouterId),
    /// Nothing is left of a router that had to go.
    Gone(RouterId),
    /// Nothing is left of a router whose node goes down, but what has to be known after the start.
    Away(RouterId),
}

/// Starts the task of one router. It ends when `wanted` is dropped, and leaves the router as it is. It says by `tell`
/// when the router is as it was wanted.
pub(crate) async fn run(
    id: RouterId,
    node: Arc<Node>,
    mut wanted: watch::Receiver<Wanted>,
    tell: mpsc::UnboundedSender<Done>,
) {
    let mut router = Router::new(id, node.clone());
    let mut retry = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
    loop {
        // Never closed.
        let mut turn = node.turns.acquire().await.ok();
        let now = wanted.borrow_and_update().clone();
        let (done, result) = match now {
            Wanted::Present(document) if document.admin_state_up => {
                (Done::Matches(id), router.reconcile(document, &mut turn).await)
            }
            Wanted::Present(document) => (Done::Matches(id), router.switch_off(document, &mut turn).await),
            Wanted::Gone => (Done::Gone(id), router.remove(&mut turn).await),
            Wanted::Away(document) => (Done::Away(id), router.leave(document, &mut turn).await),
        };
        drop(turn);
        let pause = if result.is_ok() {
            // Nobody listens any more when the agent is shutting down.
            let _ = tell.send(done);
            retry.reset();
            router.until_next_look()
        } else {
            retry.next()
        };
        // Both arms are cancel-safe.
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What a router has while it is being worked on; `None` once it was given back.
type Turn<'a> = Option<SemaphorePermit<'a>>;

/// Waits for charon, and gives the turn back if that takes long.
async fn patiently<T>(turn: &mut Turn<'_>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = timeout(TURN_LIMIT, &mut work).await {
        return done;
    }
    *turn = None;
    work.await
}

/// Something did not work; it is in the log and in the report.
struct Failed;

struct Router {
    id: RouterId,
    node: Arc<Node>,
    vpn: Option<Vpn>,
    applied: watch::Sender<Option<Applied>>,
    status: JoinHandle<()>,
    in_force: InForce,
    /// What charon may have tunnels for, or had a while ago.
    fence: Fence,
    /// Since when the router is switched off.
    off_since: Option<Timestamp>,
    /// The failures of the last time, so that the log has each once.
    failures: Vec<String>,
}

impl Router {
    fn new(id: RouterId, node: Arc<Node>) -> Self {
        let (applied, receiver) = watch::channel(None);
        let status = tokio::spawn(status::run(id, receiver, node.reports.clone()));
        let dir = node.config.router_dir(id);
        let (in_force, fence) = (InForce::recall(&dir), Fence::recall(&dir));
        Self { id, node, vpn: None, applied, status, in_force, fence, off_since: None, failures: Vec::new() }
    }

    #[tracing::instrument(name = "router", skip_all, fields(router_id = %self.id, generation = document.generation))]
    async fn reconcile(&mut self, document: Arc<RouterDocument>, turn: &mut Turn<'_>) -> Result<(), Failed> {
        self.leave_dead_namespace(&document, turn).await;
        self.off_since = None;
        let new = firewall::protected(&document.connections);
        // New networks are fenced before their connections are loaded, old ones for a while after their connections.
        let raised = self.folder().and_then(|()| {
            let unknown = firewall::private(&document);
            self.fence.raise(&new, &unknown, Timestamp::now()).map_err(|error| unwritten(&error))
        });
        let mut result = match raised {
            Ok(()) => self.wire(&document, self.fence.networks()).await,
            Err(failure) => Wired::failed(failure),
        };
        let mut vpn_error = None;
        if result.fenced {
            vpn_error = patiently(turn, self.load(&document)).await.err();
        }
        if result.fenced && vpn_error.is_none() {
            match self.fence.lower(&new, Timestamp::now()) {
                Ok(false) => {}
                Ok(true) => {
                    result.failures.extend(self.wire(&document, self.fence.networks()).await.failures)
                }
                Err(error) => result.failures.push(unwritten(&error)),
            }
        }
        let failures: Vec<_> =
            result.failures.iter().cloned().chain(vpn_error.iter().map(ToString::to_string)).collect();
        self.log(&failures);
        let error = (!result.failures.is_empty())
            .then(|| Reason::new(ReasonCode::RouterNotReady, result.failures.join("; ")));
        // Without its firewall no connection was loaded.
        let vpn_error = vpn_error.or_else(|| error.clone().filter(|_| !result.fenced));
        self.applied.send_replace(Some(Applied {
            document,
            error,
            wired_ports: result.wired_ports,
            vpn_error,
            vpn: self.vpn.as_ref().map(Vpn::observe),
            off_since: None,
        }));
        if failures.is_empty() { Ok(()) } else { Err(Failed) }
    }

    /// How long nothing has to be done, as far as is known now.
    fn until_next_look(&self) -> Duration {
        let end = self.fence.next_end().map(|end| end.duration_since(Timestamp::now()));
        // What has ended meanwhile is looked at at once.
        end.map_or(RESYNC, |left| Duration::try_from(left).unwrap_or_default().min(RESYNC))
    }

    /// Whoever was talking through a tunnel goes on when the router is back: what it kept apart it keeps apart then too.
    async fn switch_off(&mut self, document: Arc<RouterDocument>, turn: &mut Turn<'_>) -> Result<(), Failed> {
        let now = Timestamp::now();
        let wanted = firewall::protected(&document.connections);
        if let Err(error) = self.fence.lower(&wanted, now) {
            tracing::error!(router_id = %self.id, "{}", unwritten(&error));
        }
        self.applied.send_replace(None);
        let done = self.take_off(turn).await;
        let failed = || Reason::new(ReasonCode::RouterNotReady, self.failures.join("; "));
        let error = done.is_err().then(failed);
        self.applied.send_replace(Some(Applied {
            document,
            vpn_error: error.clone(),
            error,
            wired_ports: Vec::new(),
            vpn: None,
            off_since: Some(*self.off_since.get_or_insert(now)),
        }));
        done
    }

    /// A namespace can go without us: by a reboot, or by a person. Then no charon of before is of use.
    async fn leave_dead_namespace(&mut self, document: &RouterDocument, turn: &mut Turn<'_>) {
        // What cannot be looked at may well be there.
        let is_gone = matches!(Namespace::open(&names::namespace(self.id)), Ok(None));
        let folder = self.node.config.router_dir(self.id);
        // A router that was switched off has left nothing else.
        if !is_gone || !folder.exists() || self.fence.is_alone() {
            return;
        }
        tracing::warn!("the namespace is gone, the router is made anew");
        // Only its name may be gone: charon holds what had it, and forwards. When charon ends the kernel lets go of the
        // firewall before the interfaces, so nothing may reach them by then.
        let gateway = document.gateway.iter().map(|gateway| &gateway.interface);
        for port in gateway.chain(&document.interfaces) {
            if let Err(error) = self.node.netlink.delete_link(&names::tap(port.port_id)).await {
                tracing::error!(error = error.chain(), "cannot remove an interface of the router that was");
            }
        }
        patiently(turn, self.vpn().remove()).await;
        self.in_force.forget();
    }

    /// The folder that says that the router is ours. It is older than anything else of it.
    fn folder(&self) -> Result<(), String> {
        let folder = self.node.config.router_dir(self.id);
        make_private_dir(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
    }

    fn namespace(&self) -> Result<Namespace, String> {
        self.folder()?;
        Namespace::create(&names::namespace(self.id)).map_err(|error| error.chain())
    }

    /// Takes the VPN out, whether or not this agent has ever used it.
    fn vpn(&mut self) -> Vpn {
        self.node.daemons.forget(self.id);
        self.vpn.take().unwrap_or_else(|| Vpn::new(vpn_setup(self.id, &self.node)))
    }

    async fn load(&mut self, document: &RouterDocument) -> Result<(), Reason> {
        let (id, node) = (self.id, &self.node);
        let vpn = self.vpn.get_or_insert_with(|| {
            let vpn = Vpn::new(vpn_setup(id, node));
            node.daemons.follow(id, vpn.observe());
            vpn
        });
        timeout(VPN_LIMIT, vpn.apply(&document.connections)).await.unwrap_or_else(|_| {
            let text =
                format!("the IKE daemon did not take its configuration within {} s", VPN_LIMIT.as_secs());
            Err(Reason::new(ReasonCode::DaemonDown, text))
        })
    }

    /// The router is none of this node's any more.
    async fn remove(&mut self, turn: &mut Turn<'_>) -> Result<(), Failed> {
        self.applied.send_replace(None);
        self.fence.forget();
        self.take_off(turn).await
    }

    /// The node goes down. What is kept apart is kept apart when it is back, as when a router is switched off and on. If
    /// the kernel were left to take the namespace down, it would let go of the firewall before the interfaces.
    async fn leave(
        &mut self,
        document: Option<Arc<RouterDocument>>,
        turn: &mut Turn<'_>,
    ) -> Result<(), Failed> {
        // Nobody is told of the steps between, and this task says the last word itself.
        if !self.status.is_finished() {
            self.status.abort();
            let _ = (&mut self.status).await;
        }
        self.take_off(turn).await?;
        self.node
            .reports
            .send(self.id, document.map(|document| Applied::away(document).report(&VpnState::default())));
        Ok(())
    }

    /// Takes everything of the router off the node, whether or not this agent remembers to have made it. Goes on after
    /// a failure.
    #[tracing::instrument(name = "router", skip_all, fields(router_id = %self.id))]
    async fn take_off(&mut self, turn: &mut Turn<'_>) -> Result<(), Failed> {
        let folder = self.node.config.router_dir(self.id);
        if !folder.exists() {
            return Ok(());
        }
        patiently(turn, self.vpn().remove()).await;
        self.in_force.forget();
        let mut failures = timeout(WIRE_LIMIT, self.remove_interfaces()).await.unwrap_or_else(|_| {
            vec![format!("the interfaces were not removed within {} s", WIRE_LIMIT.as_secs())]
        });
        if failures.is_empty() {
            failures.extend(Namespace::delete(&names::namespace(self.id)).err().map(|error| error.chain()));
        }
        if failures.is_empty()
            && let Err(error) = self.fence.remove_all_else()
        {
            failures.push(format!("cannot remove {}: {error}", folder.display()));
        }
        self.log(&failures);
        if failures.is_empty() { Ok(()) } else { Err(Failed) }
    }

    async fn remove_interfaces(&self) -> Vec<String> {
        let namespace = match Namespace::open(&names::namespace(self.id)) {
            Ok(Some(namespace)) => namespace,
            Ok(None) => return Vec::new(),
            Err(error) => return vec![error.chain()],
        };
        let inside = match Netlink::inside(&namespace) {
            Ok(inside) => inside,
            Err(error) => return vec![error.chain()],
        };
        let place = Place { node: &self.node.netlink, namespace: &namespace, inside: &inside };
        let links = match inside.links().await {
            Ok(links) => links,
            Err(error) => return vec![error.chain()],
        };
        let mut failures = Vec::new();
        for interface in links.keys() {
            failures.extend(place.unplug(interface).await.err().map(|error| error.chain()));
        }
        failures
    }

    /// Each failure is logged when it comes, not each time that it stays.
    fn log(&mut self, failures: &[String]) {
        for failure in failures.iter().filter(|failure| !self.failures.contains(failure)) {
            tracing::error!(failure, "router is not as it should be");
        }
        if failures.is_empty() && !self.failures.is_empty() {
            tracing::info!("router is as it should be again");
        }
        self.failures = failures.to_vec();
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.status.abort();
    }
}

/// Writes a file of the router's, so that whoever reads it finds all of it or what was there before.
fn write_json(file: &Path, value: &impl serde::Serialize) -> std::io::Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_vec(value)?)?;
    std::fs::rename(&new, file)
}

/// As [`write_json`], and what is written outlasts the node's power.
fn write_json_durably(file: &Path, value: &impl serde::Serialize) -> std::io::Result<()> {
    let new = file.with_extension("new");
    let mut opened = std::fs::File::create(&new)?;
    opened.write_all(&serde_json::to_vec(value)?)?;
    opened.sync_all()?;
    std::fs::rename(&new, file)?;
    // That the file has this name is written in its folder.
    file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

fn unwritten(error: &std::io::Error) -> String {
    format!("cannot write down which networks are kept apart: {error}")
}

fn vpn_setup(id: RouterId, node: &Node) -> VpnSetup {
    VpnSetup {
        router_id: id,
        namespace: Namespace::path_of(&names::namespace(id)),
        run_dir: node.config.router_dir(id),
        data_plane: node.data_plane,
    }
}

/// Removes bridges that a crash left without ports. Only before any router is worked on, since one that is being made
/// has no port for a moment.
pub(crate) async fn sweep(node: &Netlink) {
    if let Err(error) = segment::release_all(node).await {
        tracing::warn!(error = error.chain(), "bridges without ports could not be removed");
    }
}

/// Makes a folder that nobody else may look into.
pub(crate) fn make_private_dir(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
