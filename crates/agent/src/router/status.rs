//! What is said about a router: a report after each change of what was applied, and after each change of its tunnels,
//! without waiting for work in progress.

use std::collections::BTreeMap;
use std::sync::Arc;

use adit_api::agent::{Remaining, RouterReport, StatusReport};
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::router_document::{ConnectionSpec, ServiceSpec};
use adit_model::security_association::Observation;
use adit_model::{PortId, Reason, ReasonCode, RouterDocument, RouterId, SiteConnectionId, Status};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::report::Reports;
use crate::vpn::VpnState;

/// What was made of a router the last time.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) document: Arc<RouterDocument>,
    pub(super) error: Option<Reason>,
    pub(super) wired_ports: Vec<PortId>,
    /// Why the tunnels are not as the document has them: charon was not told, or not all of it.
    pub(super) vpn_error: Option<Reason>,
    /// The tunnels, from now on. `None` where there can be none.
    pub(super) vpn: Option<watch::Receiver<VpnState>>,
    /// Since when there can be none, for the router is switched off or its node goes down.
    pub(super) off_since: Option<Timestamp>,
}

/// Reports until `applied` is closed.
pub(super) async fn run(id: RouterId, mut applied: watch::Receiver<Option<Applied>>, reports: Reports) {
    let mut vpn: Option<watch::Receiver<VpnState>> = None;
    loop {
        // Both arms are cancel-safe: a change that is not taken stays a change.
        tokio::select! {
            changed = applied.changed() => {
                if changed.is_err() {
                    return;
                }
                vpn = applied.borrow().as_ref().and_then(|applied| applied.vpn.clone());
            }
            () = changed(&mut vpn) => {}
        }
        let report = {
            let state = vpn.as_mut().map(|vpn| vpn.borrow_and_update().clone()).unwrap_or_default();
            applied.borrow_and_update().as_ref().map(|applied| applied.report(&state))
        };
        reports.send(id, report);
    }
}

/// Waits for news of the tunnels; for ever where there can be none.
async fn changed(vpn: &mut Option<watch::Receiver<VpnState>>) {
    if let Some(receiver) = vpn
        && receiver.changed().await.is_ok()
    {
        return;
    }
    *vpn = None;
    std::future::pending().await
}

impl Applied {
    /// A router that has left its node, which goes down.
    pub(super) fn away(document: Arc<RouterDocument>) -> Self {
        let reason = Reason::new(ReasonCode::AgentOffline, "the router's node is being shut down");
        Self {
            document,
            error: None,
            wired_ports: Vec::new(),
            vpn_error: Some(reason),
            vpn: None,
            off_since: Some(Timestamp::now()),
        }
    }

    /// The whole truth about the router.
    pub(super) fn report(&self, vpn: &VpnState) -> RouterReport {
        let document = &self.document;
        let services =
            document.services.iter().map(|service| (service.id, self.service(service, vpn))).collect();
        let connections: BTreeMap<_, _> = document
            .connections
            .iter()
            .map(|connection| (connection.id, self.connection(connection, vpn)))
            .collect();
        let is_meant = |id: &SiteConnectionId| connections.contains_key(id);
        let observations = vpn.observations.iter().filter(|(id, _)| is_meant(id));
        let mut observations: BTreeMap<_, _> = observations.map(|(id, seen)| (*id, seen.clone())).collect();
        if let Some(observed_at) = self.off_since {
            let nothing = || Observation { observed_at, ike_sas: Vec::new() };
            observations.extend(connections.keys().map(|id| (*id, nothing())));
        }
        RouterReport {
            observed_generation: document.generation,
            error: self.error.clone(),
            wired_ports: self.wired_ports.clone(),
            floating_ips: document.floating_ips.iter().map(|one| (one.id, self.floating_ip())).collect(),
            services,
            connections,
            observations,
            remaining: Some(Remaining { failure: self.vpn_error.clone(), outdated: vpn.outdated.clone() }),
        }
    }

    /// All floating IPs of a router are translated, or none.
    fn floating_ip(&self) -> FloatingIpStatus {
        let is_off = self.off_since.is_some() || !self.document.admin_state_up;
        let gateway = self.document.gateway.as_ref().filter(|_| !is_off);
        let Some(gateway) = gateway.filter(|gateway| gateway.interface.admin_state_up) else {
            return FloatingIpStatus::Down;
        };
        if self.wired_ports.contains(&gateway.interface.port_id) {
            FloatingIpStatus::Active
        } else {
            FloatingIpStatus::Error
        }
    }

    fn service(&self, service: &ServiceSpec, vpn: &VpnState) -> StatusReport {
        if !self.document.admin_state_up {
            return down(ReasonCode::AdminDown, "the router is switched off");
        }
        if !service.admin_state_up {
            return down(ReasonCode::AdminDown, "the VPN service is switched off");
        }
        if !self.document.connections.iter().any(|connection| connection.service_id == service.id) {
            return down(ReasonCode::NoConnections, "the VPN service has no site connections");
        }
        if vpn.daemon_running {
            return StatusReport { status: Status::Active, reason: None };
        }
        self.without_daemon()
    }

    fn connection(&self, connection: &ConnectionSpec, vpn: &VpnState) -> StatusReport {
        if !self.document.admin_state_up {
            return down(ReasonCode::AdminDown, "the router is switched off");
        }
        if !connection.admin_state_up {
            return down(ReasonCode::AdminDown, "the site connection or its VPN service is switched off");
        }
        match vpn.connections.get(&connection.id) {
            Some(report) => report.clone(),
            None => self.without_daemon(),
        }
    }

    fn without_daemon(&self) -> StatusReport {
        let reason = self.vpn_error.clone().or_else(|| self.error.clone());
        let reason =
            reason.unwrap_or_else(|| Reason::new(ReasonCode::DaemonDown, "the IKE daemon is not running"));
        StatusReport { status: Status::Down, reason: Some(reason) }
    }
}

fn down(code: ReasonCode, text: &str) -> StatusReport {
    StatusReport { status: Status::Down, reason: Some(Reason::new(code, text)) }
}
