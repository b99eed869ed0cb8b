//! Why a tunnel is as it is: `/v2.0/vpn/ipsec-site-connections/{id}/diagnostics` and `/v2.0/vpn/vpnservices/{id}/diagnostics`.
//! Adit's own, under the extension `adit-vpn-diagnostics`, so that the objects themselves stay what clients know.

use adit_model::security_association::IkeSa;
use adit_model::{Reason, SiteConnectionId, Status, VpnServiceId};
use jiff::Timestamp;
use serde::Serialize;

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
