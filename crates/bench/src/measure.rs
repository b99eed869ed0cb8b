//! What is measured, in its order.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::footprint::Footprint;
use crate::peer::Peer;
use crate::programs::{self, Program};
use crate::tenant::Tenant;
use crate::{process, until};

/// How often one connection more is made.
pub(crate) const MORE: usize = 9;
/// How long the node is left alone before it counts as at rest.
const CALM: Duration = Duration::from_secs(5);
/// How long an agent may take to adopt everything.
const ADOPTION_LIMIT: Duration = Duration::from_secs(120);

const PAUSE: Duration = Duration::from_millis(20);

/// How many.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scale {
    /// Routers on the node.
    pub(crate) routers: usize,
    /// Connections of each.
    pub(crate) connections: usize,
}

/// How thoroughly.
pub(crate) struct Extent {
    /// How long the node is watched at rest.
    pub(crate) rest: Duration,
}

/// What was found. Times in seconds, memory in KiB.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) scale: Scale,
    /// From the first request for an empty node until every connection was ACTIVE by the API.
    pub(crate) all_active: f64,
    /// Until the last request was answered.
    pub(crate) requests_answered: f64,
    /// CPU time that was used until then.
    pub(crate) cpu: Cpu,
    /// From the request until ACTIVE, for one connection more: the median, and the longest.
    pub(crate) one_more: f64,
    pub(crate) one_more_worst: f64,
    /// From the agent's start until it had adopted everything.
    pub(crate) adopted: f64,
    /// Processors in use at rest, 0.01 for a hundredth of one.
    pub(crate) at_rest: Cpu,
    /// Memory (PSS).
    pub(crate) daemons_kib: u64,
    pub(crate) agent_kib: u64,
    pub(crate) server_kib: u64,
    pub(crate) peer_kib: u64,
}

/// CPU time by who used it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cpu {
    /// The agent and the programs that it runs.
    pub(crate) agent: f64,
    /// The routers' charons.
    pub(crate) daemons: f64,
    pub(crate) server: f64,
    pub(crate) peer: f64,
    /// All the rest of the machine, with what the kernel does in the background.
    pub(crate) others: f64,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { routers, connections } = self;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{routers} router{} with {connections} connection{}{}",
            plural(*routers),
            plural(*connections),
            if *routers == 1 { "" } else { " each" }
        )
    }
}

impl Scale {
    /// All connections.
    pub(crate) const fn all(self) -> usize {
        self.routers * self.connections
    }
}

/// The node with everything on it.
struct Node<'a> {
    footprint: &'a Footprint,
    scale: Scale,
    peer: Peer,
    server: Program,
    agent: Program,
}

/// Measures one scale, on a node that is empty yet. Must run on the node.
///
/// # Errors
/// When anything does not work, or takes too long.
pub(crate) async fn measure(footprint: &Footprint, scale: Scale, extent: &Extent) -> Result<Figures> {
    let peer = Peer::start(footprint).await?;
    let (server, users) = programs::start_server(footprint).await?;
    let agent = programs::start_agent(footprint, &users.admin).await?;
    let tenant = Tenant::new(&users).await?;
    let mut node = Node { footprint, scale, peer, server, agent };

    let before = node.used()?;
    let begun = Instant::now();
    let services = tenant.populate(scale).await?;
    let requests_answered = seconds(begun.elapsed());
    tenant.until_active(scale.all()).await?;
    let all_active = seconds(begun.elapsed());
    let cpu = node.used()?.since(before);
    eprintln!("  all ACTIVE after {all_active:.2} s, requests answered after {requests_answered:.2} s");

    let one_more = node.one_more(&tenant, &services).await?;
    let adopted = node.restart_agent(&tenant).await?;
    let at_rest = node.rest(extent.rest).await?;
    let memory = |pid: Result<u32>| process::memory_kib(pid?);
    let daemons: Vec<u64> = node.daemons()?.into_iter().map(process::memory_kib).collect::<Result<_>>()?;
    ensure!(daemons.len() == scale.routers, "{} daemons run", daemons.len());
    Ok(Figures {
        scale,
        all_active,
        requests_answered,
        cpu,
        one_more: one_more[one_more.len() / 2],
        one_more_worst: one_more[one_more.len() - 1],
        adopted,
        at_rest,
        daemons_kib: daemons.iter().sum(),
        agent_kib: memory(node.agent.pid())?,
        server_kib: memory(node.server.pid())?,
        peer_kib: memory(Ok(node.peer.pid()))?,
    })
}

impl Node<'_> {
    /// One connection more on routers all over the node. Returns the times, ascending.
    async fn one_more(&self, tenant: &Tenant<'_>, services: &[String]) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        for turn in 0..MORE {
            let service = &services[turn * services.len() / MORE];
            times.push(seconds(tenant.one_more(service, self.scale.connections + turn).await?));
        }
        times.sort_by(f64::total_cmp);
        eprintln!("  one connection more: {times:.3?}");
        Ok(times)
    }

    /// Another agent in place of the running one. Returns how long it took to adopt everything.
    async fn restart_agent(&mut self, tenant: &Tenant<'_>) -> Result<f64> {
        // The peer hears of the last removal after the API does.
        let before = until("the peer's removal of tunnels", PAUSE, ADOPTION_LIMIT, async || {
            let spis = self.peer.spis().await?;
            Ok((spis.len() == self.scale.all()).then_some(spis))
        });
        let before = before.await?;
        self.agent.restart(self.footprint).await?;
        let adopting = until("the adoption of all", PAUSE, ADOPTION_LIMIT, async || {
            self.agent.must_run()?;
            Ok((self.agent.lines_with("all routers are as the server wants them") > 0).then_some(()))
        });
        adopting.await?;
        let adopted = seconds(self.agent.begun().elapsed());
        eprintln!("  adopted after {adopted:.2} s");
        ensure!(tenant.active().await? == self.scale.all(), "not all stayed ACTIVE");
        ensure!(self.peer.spis().await? == before, "SPIs are others after a restart of the agent");
        Ok(adopted)
    }

    /// Looks on while nothing is to be done.
    async fn rest(&self, length: Duration) -> Result<Cpu> {
        tokio::time::sleep(CALM).await;
        let (before, begun) = (self.used()?, Instant::now());
        tokio::time::sleep(length).await;
        let used = self.used()?.since(before);
        Ok(used.per(seconds(begun.elapsed())))
    }

    fn daemons(&self) -> Result<Vec<u32>> {
        process::daemons(&self.footprint.file("agent").join("routers"))
    }

    /// CPU time used so far.
    fn used(&self) -> Result<Cpu> {
        let own = process::cpu_time(std::process::id())?;
        let agent = process::cpu_time(self.agent.pid()?)?;
        let daemons = process::cpu_time_of(&self.daemons()?)?;
        let server = process::cpu_time(self.server.pid()?)?;
        let peer = process::cpu_time(self.peer.pid())?;
        let known = [own, agent, daemons, server, peer].iter().sum();
        Ok(Cpu {
            agent: seconds(agent),
            daemons: seconds(daemons),
            server: seconds(server),
            peer: seconds(peer),
            others: seconds(process::cpu_time_of_all()?.saturating_sub(known)),
        })
    }
}

impl Cpu {
    fn since(self, before: Self) -> Self {
        Self {
            agent: self.agent - before.agent,
            daemons: self.daemons - before.daemons,
            server: self.server - before.server,
            peer: self.peer - before.peer,
            others: self.others - before.others,
        }
    }

    fn per(self, seconds: f64) -> Self {
        Self {
            agent: self.agent / seconds,
            daemons: self.daemons / seconds,
            server: self.server / seconds,
            peer: self.peer / seconds,
            others: self.others / seconds,
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
