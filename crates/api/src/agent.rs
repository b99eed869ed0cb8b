//! What agents and servers say to each other, under `/agent/v1`. Every request carries the agent key as
//! `Authorization: Bearer KEY`.
//!
//! | request | meaning |
//! |---|---|
//! | `PUT /agent/v1/agents/{host}` with [`AgentHello`] | "here I am", answered by [`AgentWelcome`] |
//! | `GET /agent/v1/agents/{id}/routers` | all routers of this agent: [`RouterList`] |
//! | `GET /agent/v1/agents/{id}/routers/changes?after=R` | waits until something is newer than revision R, at most [`WATCH_SECS`]: [`RouterChanges`]; 410 when R is too old to tell |
//! | `POST /agent/v1/agents/{id}/reports` with [`Report`] | what was observed; 204 |
//! | `PUT /agent/v1/agents/{id}/checks/{check}` with [`CheckReport`] | how far a check has come; 204 |
//!
//! A request of any kind is a sign of life. An agent that is silent for [`SILENCE_SECS`] is not trusted any more: the
//! API then says that it does not know about its tunnels, and watches and reports are answered by 410. After a 410 an
//! agent lists its routers again, and reports on all of them.

use std::collections::{BTreeMap, BTreeSet};

use adit_model::check::ProbeResult;
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::security_association::Observation;
use adit_model::status::{Reason, Status};
use adit_model::{AgentId, FloatingIpId, PortId, RouterDocument, RouterId, SiteConnectionId, VpnServiceId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a watch waits for a change, in seconds.
pub const WATCH_SECS: u64 = 20;
/// How long an agent may be silent before what it reported counts as unknown, in seconds.
pub const SILENCE_SECS: u64 = 45;

/// What an agent tells of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentHello {
    /// Name of the node; an agent is known by it across restarts.
    pub host: String,
    /// Zone for schedulers.
    pub availability_zone: String,
    /// `kernel` or `userspace`.
    pub data_plane: String,
    /// Physical networks that the node is joined to.
    pub physical_networks: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// The process that speaks; another one after each start. An agent of before has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Uuid>,
}

/// The answer to [`AgentHello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentWelcome {
    /// The identity to use from now on.
    pub id: AgentId,
}

/// All that an agent has to make true.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterList {
    /// The point in the change log that the list is of.
    pub revision: u64,
    /// One document per router of the agent.
    pub routers: Vec<RouterDocument>,
}

/// What became different since a revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouterChanges {
    /// The point in the change log to ask after next time.
    pub revision: u64,
    /// Whole new documents.
    pub changed: Vec<RouterDocument>,
    /// Routers that are no longer this agent's.
    pub removed: Vec<RouterId>,
}

/// What an agent observed of some of its routers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its place among all reports of one process, so that one that was overtaken on the way is not taken for the newest.
    /// An agent of before does not number them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// By router; routers without news are left out.
    pub routers: BTreeMap<RouterId, RouterReport>,
    /// Ports of hosts for trials that are plugged in on the node: all of them. `None` when that is no news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ports: Option<BTreeSet<PortId>>,
}

/// The place of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The process, as it said hello.
    pub incarnation: Uuid,
    /// Grows with each report, from 1.
    pub number: u64,
}

/// What an agent observed of one router. A report is the whole truth about that router at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterReport {
    /// The generation of the document that was applied last, as far as that went: `error` and `remaining` say how far.
    pub observed_generation: u64,
    /// Why the router could not be set up; `None` when it was.
    pub error: Option<Reason>,
    /// Ports whose interfaces are in place.
    pub wired_ports: Vec<PortId>,
    /// Every floating IP of the document. An agent of before tells of none.
    #[serde(default)]
    pub floating_ips: BTreeMap<FloatingIpId, FloatingIpStatus>,
    /// Every VPN service of the document.
    pub services: BTreeMap<VpnServiceId, StatusReport>,
    /// Every site connection of the document.
    pub connections: BTreeMap<SiteConnectionId, StatusReport>,
    /// The SAs of those site connections whose IKE daemon was asked, but for what the agent knows that the server has: of a
    /// site connection that is left out it has nothing newer to tell. An agent of before tells of none.
    #[serde(default)]
    pub observations: BTreeMap<SiteConnectionId, Observation>,
    /// What of that document is not in force in the tunnels. An agent of before does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<Remaining>,
}

/// What is between a router's tunnels and its document. Nothing is when both are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// Why the tunnels were not taken over from the document; it is tried again.
    pub failure: Option<Reason>,
    /// Site connections that have SAs of what they were before, also such as the document does not have any more.
    pub outdated: BTreeSet<SiteConnectionId>,
}

/// The state of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Never `PENDING_CREATE`.
    pub status: Status,
    /// Present unless `ACTIVE`.
    pub reason: Option<Reason>,
}

/// How far a check has come that a document asked for. It stands in documents until it has ended, or its time is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum CheckReport {
    /// It has begun.
    Running,
    /// It has ended.
    Done {
        /// What was found.
        results: Vec<ProbeResult>,
    },
    /// It could not be done.
    Failed {
        /// Why not.
        reason: Reason,
    },
}
