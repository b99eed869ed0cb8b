//! A machine in a namespace of its own, and a server that speaks the agents' protocol.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adit_agent::{Agent, AgentConfig, AgentKey, DataPlaneChoice, PhysicalNetworks};
use adit_api::agent::{
    AgentHello, AgentWelcome, CheckReport, Report, RouterChanges, RouterList, RouterReport,
};
use adit_linux::{Namespace, Netlink};
use adit_model::router_document::CheckSpec;
use adit_model::{AgentId, CheckId, PortId, RouterDocument, RouterId};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::remains::end_charons;

/// How long anything may take; everything here takes milliseconds, but a loaded machine is slow, and a guest slower.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// Runs a test on a machine: all threads of its runtime are in a network namespace of their own. Without the rights
/// for that it says so and does nothing.
pub(crate) fn on_a_machine<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send) {
    if let Err(reason) = adit_linux::privilege::check() {
        eprintln!("SKIPPED: {reason}");
        return;
    }
    let machine = Place::new("machine");
    machine
        .namespace
        .run(|| {
            // Dropped after the runtime: then nobody is left who makes anything.
            let _remains = Remains;
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                Netlink::here().unwrap().set_up("lo").await.unwrap();
                test().await;
            });
        })
        .unwrap();
}

thread_local! {
    /// The state directories of the test on this thread.
    static STATE_DIRS: RefCell<Vec<Rc<TempDir>>> = const { RefCell::new(Vec::new()) };
}

/// A state directory for agents. It goes after the test, and with it what is left of their routers if the test failed.
pub(crate) fn state_dir() -> Rc<TempDir> {
    let folder = Rc::new(tempfile::tempdir().unwrap());
    STATE_DIRS.with_borrow_mut(|all| all.push(folder.clone()));
    folder
}

/// What is left of the routers of this thread's test.
struct Remains;

impl Drop for Remains {
    fn drop(&mut self) {
        for folder in STATE_DIRS.take() {
            let routers = std::fs::read_dir(folder.path().join("routers")).into_iter().flatten().flatten();
            let routers: Vec<_> = routers.map(|entry| entry.path()).collect();
            end_charons(folder.path(), routers.iter().cloned());
            for router in routers.iter().filter_map(|folder| folder.file_name()) {
                if let Err(error) = Namespace::delete(&format!("qrouter-{}", router.display())) {
                    eprintln!("left behind: {error}");
                }
            }
        }
    }
}

/// A namespace that goes when the test ends, however it ends.
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
}

impl Place {
    pub(crate) fn new(role: &str) -> Self {
        Self { namespace: Namespace::create(&unique(role)).unwrap() }
    }

    pub(crate) async fn pings(&self, from: &str, to: &str) -> bool {
        pings(&self.namespace, from, to).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = Namespace::delete(self.namespace.name()) {
            eprintln!("left behind: {error}");
        }
    }
}

/// A host of the kind that `host::add` makes; it goes with the test.
pub(crate) struct Host(pub(crate) String);

impl Host {
    pub(crate) async fn pings(&self, from: &str, to: &str) -> bool {
        pings(&Namespace::open(&self.0).unwrap().unwrap(), from, to).await
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Err(error) = Namespace::delete(&self.0) {
            eprintln!("left behind: {error}");
        }
    }
}

/// A name that no other test has.
pub(crate) fn unique(role: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("adit-test-{role}-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

async fn pings(namespace: &Namespace, from: &str, to: &str) -> bool {
    let mut command = Command::new("ping");
    // Until the first answer, for two seconds: the kernel looks for a neighbour that did not answer once a second only.
    command.args(["-n", "-c", "1", "-i", "0.2", "-w", "2", "-I", from, to]);
    command.stdout(Stdio::null()).kill_on_drop(true);
    namespace.spawn(&mut command).unwrap().wait().await.unwrap().success()
}

/// What the API server would be.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    agent: AgentId,
    wanted: watch::Sender<Wanted>,
    reports: watch::Sender<BTreeMap<RouterId, RouterReport>>,
    host_ports: watch::Sender<BTreeSet<PortId>>,
    checks: watch::Sender<BTreeMap<CheckId, Vec<CheckReport>>>,
}

#[derive(Default)]
struct Wanted {
    routers: BTreeMap<RouterId, RouterDocument>,
    /// The router that changed with each revision.
    log: Vec<RouterId>,
    /// What happened up to this revision is not told any more.
    forgotten: usize,
}

#[derive(serde::Deserialize)]
struct After {
    after: usize,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    pub(crate) async fn start_on(address: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            agent: AgentId::new(uuid::Uuid::new_v4()),
            wanted: watch::Sender::default(),
            reports: watch::Sender::default(),
            host_ports: watch::Sender::default(),
            checks: watch::Sender::default(),
        });
        let server = Self { url, inner };
        let routes = Router::new()
            .route("/agent/v1/agents/{host}", put(hello))
            .route("/agent/v1/agents/{id}/routers", get(list))
            .route("/agent/v1/agents/{id}/routers/changes", get(changes))
            .route("/agent/v1/agents/{id}/reports", post(report))
            .route("/agent/v1/agents/{id}/checks/{check}", put(check))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        server
    }

    /// Wants a router, and waits until the agent says what became of this generation.
    pub(crate) async fn want(&self, document: &RouterDocument) -> RouterReport {
        self.inner.wanted.send_modify(|wanted| {
            wanted.log.push(document.id);
            wanted.routers.insert(document.id, document.clone());
        });
        self.report_of(document.id, |report| report.observed_generation == document.generation).await
    }

    /// Asks for a check, and waits for its end. The document stays as it is otherwise.
    pub(crate) async fn check(&self, document: &RouterDocument, spec: CheckSpec) -> CheckReport {
        let ask = |checks: Vec<CheckSpec>| {
            let document = RouterDocument { checks, ..document.clone() };
            self.inner.wanted.send_modify(|wanted| {
                wanted.log.push(document.id);
                wanted.routers.insert(document.id, document);
            });
        };
        ask(vec![spec]);
        let mut checks = self.inner.checks.subscribe();
        let is_over = |told: &Vec<CheckReport>| told.last().is_some_and(|last| *last != CheckReport::Running);
        let over = timeout(LIMIT, checks.wait_for(|checks| checks.get(&spec.id).is_some_and(is_over))).await;
        let told = over.expect("the check ends").unwrap()[&spec.id].clone();
        ask(Vec::new());
        let [CheckReport::Running, end] = told.as_slice() else { panic!("told more than once: {told:?}") };
        end.clone()
    }

    /// Wants a router no more.
    pub(crate) fn remove(&self, router: RouterId) {
        self.inner.wanted.send_modify(|wanted| {
            wanted.log.push(router);
            wanted.routers.remove(&router);
        });
        self.inner.reports.send_modify(|reports| drop(reports.remove(&router)));
    }

    /// As [`Self::remove`], but an agent that watches is told that it has missed too much.
    pub(crate) fn remove_and_forget(&self, router: RouterId) {
        self.inner.wanted.send_modify(|wanted| {
            wanted.log.push(router);
            wanted.forgotten = wanted.log.len();
            wanted.routers.remove(&router);
        });
    }

    pub(crate) fn forget_reports(&self) {
        self.inner.reports.send_replace(BTreeMap::new());
    }

    /// Waits until the agent says that exactly these ports of hosts are plugged in.
    pub(crate) async fn sees_hosts(&self, ports: &[PortId]) {
        let wanted: BTreeSet<PortId> = ports.iter().copied().collect();
        let mut seen = self.inner.host_ports.subscribe();
        let found = timeout(LIMIT, seen.wait_for(|seen| *seen == wanted)).await.is_ok();
        assert!(found, "not {wanted:?}, only {:?}", self.inner.host_ports.borrow());
    }

    /// The first report about a router that fits.
    pub(crate) async fn report_of(
        &self,
        router: RouterId,
        fits: impl Fn(&RouterReport) -> bool,
    ) -> RouterReport {
        let mut reports = self.inner.reports.subscribe();
        let found = timeout(LIMIT, reports.wait_for(|reports| reports.get(&router).is_some_and(&fits))).await;
        match found {
            Ok(reports) => reports.unwrap()[&router].clone(),
            Err(_) => panic!("no such report, only {:?}", self.inner.reports.borrow()),
        }
    }
}

async fn hello(State(server): State<Server>, Json(_): Json<AgentHello>) -> Json<AgentWelcome> {
    Json(AgentWelcome { id: server.inner.agent })
}

async fn list(State(server): State<Server>) -> Json<RouterList> {
    let wanted = server.inner.wanted.borrow();
    Json(RouterList {
        revision: wanted.log.len() as u64,
        routers: wanted.routers.values().cloned().collect(),
    })
}

async fn changes(
    State(server): State<Server>,
    Query(After { after }): Query<After>,
) -> Result<Json<RouterChanges>, StatusCode> {
    let mut watch = server.inner.wanted.subscribe();
    // Whether or not something came, what there is now is the answer.
    let _ = timeout(Duration::from_secs(5), watch.wait_for(|wanted| wanted.log.len() > after)).await;
    let wanted = server.inner.wanted.borrow();
    if after < wanted.forgotten {
        return Err(StatusCode::GONE);
    }
    let mut answer = RouterChanges { revision: wanted.log.len() as u64, changed: vec![], removed: vec![] };
    for router in wanted.log[after..].iter().collect::<BTreeSet<_>>() {
        match wanted.routers.get(router) {
            Some(document) => answer.changed.push(document.clone()),
            None => answer.removed.push(*router),
        }
    }
    Ok(Json(answer))
}

async fn report(State(server): State<Server>, Json(report): Json<Report>) -> StatusCode {
    server.inner.reports.send_modify(|reports| reports.extend(report.routers));
    if let Some(ports) = report.host_ports {
        server.inner.host_ports.send_replace(ports);
    }
    StatusCode::NO_CONTENT
}

async fn check(
    State(server): State<Server>,
    Path((_, check)): Path<(AgentId, CheckId)>,
    Json(report): Json<CheckReport>,
) -> StatusCode {
    server.inner.checks.send_modify(|checks| checks.entry(check).or_default().push(report));
    StatusCode::NO_CONTENT
}

/// An agent that follows `server`, with its state below `state_dir`.
pub(crate) async fn agent(server: &Server, state_dir: &std::path::Path) -> Agent {
    Agent::start(AgentConfig {
        server_url: server.url.clone(),
        key: AgentKey::new("key"),
        host: String::from("node"),
        availability_zone: String::from("nova"),
        state_dir: state_dir.to_owned(),
        data_plane: data_plane(),
        physical_networks: physical_networks(),
    })
    .await
    .unwrap()
}

/// Who carries the packets: what `XTASK_DATA_PLANE` says, else what the agent chooses.
pub(crate) fn data_plane() -> DataPlaneChoice {
    match std::env::var("XTASK_DATA_PLANE").as_deref() {
        Err(_) => DataPlaneChoice::Auto,
        Ok("kernel") => DataPlaneChoice::Kernel,
        Ok("userspace") => DataPlaneChoice::Userspace,
        Ok(other) => panic!("XTASK_DATA_PLANE is `kernel` or `userspace`, not `{other}`"),
    }
}

/// The machine's interface `ext` joins the network `public`.
pub(crate) fn physical_networks() -> PhysicalNetworks {
    PhysicalNetworks::from([(String::from("public"), String::from("ext"))])
}

/// Waits, with a limit, until something is true that nobody tells of.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut is_true: impl FnMut() -> F) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let poll = async {
        while !is_true().await {
            look.tick().await;
        }
    };
    assert!(timeout(LIMIT, poll).await.is_ok(), "not within {LIMIT:?}: {what}");
}
