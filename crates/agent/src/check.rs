//! Checks: trying out, when the server asks for it, whether a peer and a tunnel answer.
//!
//! A check stands in the document of its router until it has ended. It runs beside the router's own task, which it neither
//! waits for nor delays, and leaves nothing behind but what it told the server. What is sent is little, by design: no probe
//! has more than one question under way, and their number is bounded.
//!
//! Messages (`ike`, `echo`), sizes (`size`) and what to say of what was seen (`judge`) are pure; `ask` sends and waits,
//! and `run` has the order.

mod ask;
mod echo;
mod ike;
mod judge;
mod run;
mod size;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adit_api::agent::CheckReport;
use adit_linux::Namespace;
use adit_model::check::ProbeResult;
use adit_model::router_document::CheckSpec;
use adit_model::{AgentId, CheckId, Reason, ReasonCode, RouterDocument, RouterId, SiteConnectionId};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use self::run::Place;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::names;
use crate::router::Node;
use crate::vpn::VpnState;

/// So many go on at the same time on a node; the others wait.
const AT_ONCE: usize = 8;
/// How long a check may take; its probes have shorter limits of their own.
const LIMIT: Duration = Duration::from_secs(40);
/// How long the server is told of a check that it does not hear of: then nobody waits for it any more.
const TELLING: Duration = Duration::from_secs(20);
/// How long the IKE daemon may take to tell of a connection that it was just told of.
const STATE: Duration = Duration::from_secs(5);

/// What the IKE daemons of all routers tell, as far as their routers have any.
#[derive(Debug, Default)]
pub(crate) struct Daemons(watch::Sender<BTreeMap<RouterId, watch::Receiver<VpnState>>>);

impl Daemons {
    /// Whoever asks for the router is told of this from now on.
    pub(crate) fn follow(&self, router: RouterId, state: watch::Receiver<VpnState>) {
        self.0.send_modify(|all| drop(all.insert(router, state)));
    }

    /// The router has no daemon any more.
    pub(crate) fn forget(&self, router: RouterId) {
        self.0.send_modify(|all| drop(all.remove(&router)));
    }

    /// What is true of a router's connections, as soon as this one is among them; or nothing, after a while.
    async fn state(&self, router: RouterId, connection: SiteConnectionId) -> VpnState {
        let told = async {
            let mut all = self.0.subscribe();
            let mut state = all.wait_for(|all| all.contains_key(&router)).await.ok()?.get(&router)?.clone();
            let state = state.wait_for(|state| state.connections.contains_key(&connection)).await.ok()?;
            Some(state.clone())
        };
        timeout(STATE, told).await.ok().flatten().unwrap_or_default()
    }
}

/// Tells the server how far checks have come.
#[derive(Clone)]
pub(crate) struct Teller {
    client: Client,
    identity: watch::Receiver<Option<AgentId>>,
}

impl Teller {
    pub(crate) const fn new(client: Client, identity: watch::Receiver<Option<AgentId>>) -> Self {
        Self { client, identity }
    }

    /// Until it has heard, or nobody waits for it any more.
    async fn tell(&mut self, check: CheckId, report: &CheckReport) {
        let telling = async {
            let mut retry = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
            loop {
                let Ok(agent) = self.identity.wait_for(Option::is_some).await.map(|agent| *agent) else {
                    return;
                };
                let Some(agent) = agent else { return };
                match self.client.check(agent, check, report).await {
                    Ok(()) => return,
                    Err(error) => tracing::debug!(%check, %error, "the server was not told of a check"),
                }
                tokio::time::sleep(retry.next()).await;
            }
        };
        if timeout(TELLING, telling).await.is_err() {
            tracing::warn!(%check, "the server did not hear of a check");
        }
    }
}

/// The checks that are under way. Dropping it ends them.
pub(crate) struct Checks {
    node: Arc<Node>,
    teller: Teller,
    turns: Arc<Semaphore>,
    tasks: JoinSet<()>,
    /// Also those that have ended and still stand in the newest document.
    known: BTreeMap<CheckId, (RouterId, AbortHandle)>,
}

impl Checks {
    pub(crate) fn new(node: Arc<Node>, teller: Teller) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { node, teller, turns, tasks: JoinSet::new(), known: BTreeMap::new() }
    }

    /// Does what a document asks for, once, and nothing any more that it does not ask for.
    pub(crate) fn want(&mut self, document: &Arc<RouterDocument>) {
        while self.tasks.try_join_next().is_some() {}
        self.end(document.id, |id| document.checks.iter().any(|check| check.id == id));
        for check in &document.checks {
            if self.known.contains_key(&check.id) {
                continue;
            }
            let (node, turns, teller) = (self.node.clone(), self.turns.clone(), self.teller.clone());
            let task = self.tasks.spawn(one(node, document.clone(), *check, turns, teller));
            self.known.insert(check.id, (document.id, task));
        }
    }

    /// The router is none of this node's any more.
    pub(crate) fn gone(&mut self, router: RouterId) {
        self.end(router, |_| false);
    }

    fn end(&mut self, router: RouterId, is_wanted: impl Fn(CheckId) -> bool) {
        self.known.retain(|id, (of, task)| {
            let stays = *of != router || is_wanted(*id);
            if !stays {
                task.abort();
            }
            stays
        });
    }
}

async fn one(
    node: Arc<Node>,
    document: Arc<RouterDocument>,
    check: CheckSpec,
    turns: Arc<Semaphore>,
    mut teller: Teller,
) {
    // Never closed.
    let _turn = turns.acquire().await.ok();
    teller.tell(check.id, &CheckReport::Running).await;
    let (router, connection) = (document.id, check.connection_id);
    tracing::info!(router_id = %router, site_connection_id = %connection, check = %check.id, "checking");
    let report = match timeout(LIMIT, results(&node, &document, check)).await {
        Ok(Ok(results)) => CheckReport::Done { results },
        Ok(Err(reason)) => CheckReport::Failed { reason },
        Err(_) => {
            let text = format!("the probes did not end within {} s", LIMIT.as_secs());
            CheckReport::Failed { reason: Reason::new(ReasonCode::Other, text) }
        }
    };
    teller.tell(check.id, &report).await;
}

async fn results(
    node: &Node,
    document: &RouterDocument,
    check: CheckSpec,
) -> Result<Vec<ProbeResult>, Reason> {
    let connection = document.connections.iter().find(|connection| connection.id == check.connection_id);
    let gone = || Reason::new(ReasonCode::Other, "the connection is none of the router's any more");
    let connection = connection.ok_or_else(gone)?;
    if !document.admin_state_up {
        return Err(Reason::new(ReasonCode::AdminDown, "the router is switched off"));
    }
    let state = node.daemons.state(document.id, connection.id).await;
    let not_ready = |why: String| Reason::new(ReasonCode::RouterNotReady, why);
    let namespace = Namespace::open(&names::namespace(document.id))
        .map_err(|error| not_ready(error.chain()))?
        .ok_or_else(|| not_ready("the router is not set up on its node".to_owned()))?;
    let place = Place { namespace: &namespace, document, data_plane: node.data_plane, state: &state };
    Ok(run::run(&place, connection, check).await)
}
