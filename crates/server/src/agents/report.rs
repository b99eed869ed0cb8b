//! What agents observed becomes what the API says.

use std::collections::BTreeSet;

use adit_api::ApiError;
use adit_api::agent::{Place, Remaining, Report, RouterReport, StatusReport};
use adit_model::port::{OWNER_FLOATING_IP, Port};
use adit_model::{
    AgentId, FloatingIp, PortId, Reason, Router, RouterId, SiteConnection, Status, VpnService, VpnServiceId,
};
use adit_store::{Agent, Applied, Listing, Session, Turn};

use crate::App;
use crate::resource::FromStore;

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// It was heard.
    Heard,
    /// Whoever sent it is no agent, or not any more.
    Unknown,
}

/// Takes a report over. What it says of routers that the agent does not have (any more) is ignored, and so is one that was
/// overtaken on its way by a newer one.
///
/// # Errors
/// [`ApiError::Internal`], [`ApiError::Collision`].
pub(crate) async fn accept(app: &App, agent: AgentId, report: &Report) -> Result<Acceptance, ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    let teller = session.table::<Agent>().find(agent).await.map_err(ApiError::from_store)?;
    // An agent that was deleted at this moment learns it from its next request.
    let Some(teller) = teller else { return Ok(Acceptance::Heard) };
    if let Some(Place { incarnation, number }) = report.place {
        let turn = session.table::<Agent>().take_turn(agent, incarnation, number).await;
        match turn.map_err(ApiError::from_store)? {
            Turn::Newest => {}
            Turn::Overtaken => return Ok(Acceptance::Heard),
            Turn::OfAnother => {
                let host = &teller.host;
                tracing::warn!(%agent, host, "a report of a process is refused that another one has taken over from");
                return Ok(Acceptance::Unknown);
            }
        }
    }
    for (router, report) in &report.routers {
        let found = session.table::<Router>().find(router).await.map_err(ApiError::from_store)?;
        if let Some(found) = found.filter(|found| found.agent_id == Some(agent)) {
            accept_router(&session, *router, report, &teller.host).await?;
            accept_floating_ips(&session, &found, report).await?;
            accept_applied(&session, agent, *router, report).await?;
        }
    }
    if let Some(plugged) = &report.host_ports {
        accept_hosts(&session, plugged, &teller.host).await?;
    }
    session.commit().await.map_err(ApiError::from_store)?;
    Ok(Acceptance::Heard)
}

async fn accept_router(
    session: &Session,
    router: RouterId,
    report: &RouterReport,
    node: &str,
) -> Result<(), ApiError> {
    let services = session.table::<VpnService>().list(&Listing::of("router_id", router)).await;
    for service in services.map_err(ApiError::from_store)? {
        if let Some(StatusReport { status, reason }) = report.services.get(&service.id)
            && (service.status, service.reason.as_ref()) != (*status, reason.as_ref())
        {
            log_change("VPN service", &service.id, service.status, *status, reason.as_ref());
            let table = session.table::<VpnService>();
            table.set_status(service.id, *status, reason.as_ref()).await.map_err(ApiError::from_store)?;
        }
        accept_connections(session, service.id, report).await?;
    }
    for port in
        session.table::<Port>().list(&Listing::of("device_id", router)).await.map_err(ApiError::from_store)?
    {
        let wired = report.wired_ports.contains(&port.id);
        if port.is_router_port() {
            set_wired(session, &port, wired, node).await?;
        }
    }
    Ok(())
}

async fn accept_connections(
    session: &Session,
    service: VpnServiceId,
    report: &RouterReport,
) -> Result<(), ApiError> {
    let table = session.table::<SiteConnection>();
    let connections = table.list(&Listing::of("vpn_service_id", service)).await;
    let connections = connections.map_err(ApiError::from_store)?;
    let observed = connections.iter().map(|connection| connection.id);
    let observed = observed.filter(|id| report.observations.contains_key(id)).collect();
    let observed = table.observed_at(observed).await.map_err(ApiError::from_store)?;
    for connection in connections {
        let id = connection.id;
        if let Some(StatusReport { status, reason }) = report.connections.get(&id)
            && (connection.status, connection.reason.as_ref()) != (*status, reason.as_ref())
        {
            log_change("IPsec site connection", &id, connection.status, *status, reason.as_ref());
            table.set_status(id, *status, reason.as_ref()).await.map_err(ApiError::from_store)?;
        }
        // The store keeps microseconds.
        if let Some(observation) = report.observations.get(&id)
            && observed.get(&id).map(|at| at.as_microsecond())
                != Some(observation.observed_at.as_microsecond())
        {
            table.observe(id, observation).await.map_err(ApiError::from_store)?;
        }
    }
    Ok(())
}

/// A floating IP keeps its id when it comes to stand for something else, so what an agent said before it heard of that is
/// ignored: it says it again of the newest generation.
async fn accept_floating_ips(
    session: &Session,
    router: &Router,
    report: &RouterReport,
) -> Result<(), ApiError> {
    if report.observed_generation != router.generation {
        return Ok(());
    }
    let table = session.table::<FloatingIp>();
    for floating_ip in table.list(&Listing::of("router_id", router.id)).await.map_err(ApiError::from_store)? {
        if let (Some(status), Some(association)) =
            (report.floating_ips.get(&floating_ip.id), &floating_ip.association)
            && floating_ip.status != *status
        {
            let (id, from) = (floating_ip.id, floating_ip.status);
            let is_same = table.set_status(id, association, router.generation, *status).await;
            if is_same.map_err(ApiError::from_store)? {
                tracing::info!(what = "floating IP", %id, %from, to = %status, "status changed");
            }
        }
    }
    Ok(())
}

/// An agent of before does not say what remains, so nobody may believe that nothing does.
async fn accept_applied(
    session: &Session,
    agent: AgentId,
    router: RouterId,
    report: &RouterReport,
) -> Result<(), ApiError> {
    let Some(Remaining { failure, outdated }) = &report.remaining else { return Ok(()) };
    let applied = Applied {
        agent_id: agent,
        generation: report.observed_generation,
        error: report.error.clone(),
        failure: failure.clone(),
        outdated: outdated.clone(),
    };
    let table = session.table::<Router>();
    if table.applied(router).await.map_err(ApiError::from_store)?.as_ref() == Some(&applied) {
        return Ok(());
    }
    table.put_applied(router, &applied).await.map_err(ApiError::from_store)
}

/// Ports of hosts are where an agent sees them; those that it saw before, and does not see any more, are unplugged.
async fn accept_hosts(session: &Session, plugged: &BTreeSet<PortId>, node: &str) -> Result<(), ApiError> {
    let is_host = |port: &Port| !port.is_router_port() && port.device_owner != OWNER_FLOATING_IP;
    let table = session.table::<Port>();
    let before = table.list(&Listing::of("binding_host_id", node)).await.map_err(ApiError::from_store)?;
    for port in before.iter().filter(|port| is_host(port) && !plugged.contains(&port.id)) {
        set_wired(session, port, false, node).await?;
    }
    for id in plugged {
        let port = table.find(id).await.map_err(ApiError::from_store)?;
        if let Some(port) = port.filter(|port| is_host(port)) {
            set_wired(session, &port, true, node).await?;
        }
    }
    Ok(())
}

/// A port that has come to another node since it was read is looked at once more: it may be the other agent's now.
async fn set_wired(session: &Session, port: &Port, wired: bool, node: &str) -> Result<(), ApiError> {
    let host = port.binding.host_id.as_str();
    if (port.wired, host) == (wired, node) {
        return Ok(());
    }
    let is_there = session.table::<Port>().set_wired(port.id, wired, host, node).await;
    if is_there.map_err(ApiError::from_store)? { Ok(()) } else { Err(ApiError::Collision(None)) }
}

fn log_change(what: &str, id: &impl std::fmt::Display, from: Status, to: Status, reason: Option<&Reason>) {
    let reason = reason.map(ToString::to_string);
    tracing::info!(what, %id, %from, %to, reason, "status changed");
}
