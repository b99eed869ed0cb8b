//! Why a tunnel is as it is: `/v2.0/vpn/ipsec-site-connections/{id}/diagnostics` and `/v2.0/vpn/vpnservices/{id}/diagnostics`;
//! and whether a router is as it was asked for: `/v2.0/routers/{id}/diagnostics`.
//! Adit's own, under the extension `adit-vpn-diagnostics`, so that the objects themselves stay what clients know.

use adit_model::security_association::IkeSa;
use adit_model::{Reason, RouterId, SiteConnectionId, Status, VpnServiceId};
use jiff::Timestamp;
use serde::Serialize;

/// How far what was asked for has come on the node that has the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Whether the newest of it is in force there, or was refused there, and nothing is left of what was before.
    pub applied: bool,
    /// What is missing until then, in a sentence; `null` when nothing is.
    pub pending: Option<String>,
    /// Of what was asked for: it grows with each change that concerns the router.
    pub generation: u64,
    /// Of what the node has taken up last, be it with success or not; `null` when it has not told of any.
    pub applied_generation: Option<u64>,
}

/// What is known of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouterDiagnostics {
    /// Whose.
    pub id: RouterId,
    /// Its name.
    pub name: String,
    /// As the router itself says.
    pub status: &'static str,
    /// How far it has come on its node.
    #[serde(flatten)]
    pub progress: Progress,
}

/// What is known of a site connection. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionDiagnostics {
    /// Whose.
    pub id: SiteConnectionId,
    /// Its name.
    pub name: String,
    /// As the connection itself says.
    pub status: Status,
    /// Since when it has this status.
    pub since: Timestamp,
    /// Why it is not `ACTIVE`.
    pub reason: Option<Reason>,
    /// How far it has come at its gateway.
    #[serde(flatten)]
    pub progress: Progress,
    /// When its gateway last told of its SAs; `null` when it never has.
    pub observed_at: Option<Timestamp>,
    /// The SAs at that moment.
    pub ike_sas: Vec<IkeSa>,
    /// What became of it, newest first.
    pub events: Vec<Event>,
}

/// What is known of a VPN service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceDiagnostics {
    /// Whose.
    pub id: VpnServiceId,
    /// Its name.
    pub name: String,
    /// As the service itself says.
    pub status: Status,
    /// Since when it has this status.
    pub since: Timestamp,
    /// Why it is not `ACTIVE`.
    pub reason: Option<Reason>,
    /// How far it has come at its gateway, with its site connections, also such as were deleted.
    #[serde(flatten)]
    pub progress: Progress,
    /// What became of it, newest first.
    pub events: Vec<Event>,
    /// Its site connections, oldest first.
    pub ipsec_site_connections: Vec<ConnectionSummary>,
}

/// A site connection among those of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Which.
    pub id: SiteConnectionId,
    /// Its name.
    pub name: String,
    /// As the connection itself says.
    pub status: Status,
    /// Why it is not `ACTIVE`.
    pub reason: Option<Reason>,
}

/// A status, or a reason, that was another one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When the server learnt of it.
    pub at: Timestamp,
    /// From then on.
    pub status: Status,
    /// Why.
    pub reason: Option<Reason>,
}
