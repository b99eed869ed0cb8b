//! What agents observed becomes what the API says.

use adit_api::ApiError;
use adit_api::agent::{Report, RouterReport, StatusReport};
use adit_model::port::Port;
use adit_model::{AgentId, FloatingIp, Reason, Router, RouterId, SiteConnection, Status, VpnService};
use adit_store::{Listing, Session};

use crate::App;
use crate::resource::FromStore;

/// Takes a report over. What it says of routers that the agent does not have (any more) is ignored.
///
/// # Errors
/// [`ApiError::Internal`].
pub(crate) async fn accept(app: &App, agent: AgentId, report: &Report) -> Result<(), ApiError> {
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    for (router, report) in &report.routers {
        let found = session.table::<Router>().find(router).await.map_err(ApiError::from_store)?;
        if let Some(found) = found.filter(|found| found.agent_id == Some(agent)) {
            accept_router(&session, *router, report).await?;
            accept_floating_ips(&session, &found, report).await?;
        }
    }
    session.commit().await.map_err(ApiError::from_store)
}

async fn accept_router(session: &Session, router: RouterId, report: &RouterReport) -> Result<(), ApiError> {
    for service in session
        .table::<VpnService>()
        .list(&Listing::of("router_id", router))
        .await
        .map_err(ApiError::from_store)?
    {
        if let Some(StatusReport { status, reason }) = report.services.get(&service.id)
            && (service.status, service.reason.as_ref()) != (*status, reason.as_ref())
        {
            log_change("VPN service", &service.id, service.status, *status, reason.as_ref());
            let table = session.table::<VpnService>();
            table.set_status(service.id, *status, reason.as_ref()).await.map_err(ApiError::from_store)?;
        }
        let listing = Listing::of("vpn_service_id", service.id);
        for connection in
            session.table::<SiteConnection>().list(&listing).await.map_err(ApiError::from_store)?
        {
            if let Some(StatusReport { status, reason }) = report.connections.get(&connection.id)
                && (connection.status, connection.reason.as_ref()) != (*status, reason.as_ref())
            {
                log_change(
                    "IPsec site connection",
                    &connection.id,
                    connection.status,
                    *status,
                    reason.as_ref(),
                );
                let table = session.table::<SiteConnection>();
                table
                    .set_status(connection.id, *status, reason.as_ref())
                    .await
                    .map_err(ApiError::from_store)?;
            }
        }
    }
    for port in
        session.table::<Port>().list(&Listing::of("device_id", router)).await.map_err(ApiError::from_store)?
    {
        let wired = report.wired_ports.contains(&port.id);
        if port.is_router_port() && port.wired != wired {
            session.table::<Port>().set_wired(port.id, wired).await.map_err(ApiError::from_store)?;
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
        if let Some(status) = report.floating_ips.get(&floating_ip.id)
            && floating_ip.status != *status
        {
            let (id, from) = (floating_ip.id, floating_ip.status);
            tracing::info!(what = "floating IP", %id, %from, to = %status, "status changed");
            table.set_status(id, *status).await.map_err(ApiError::from_store)?;
        }
    }
    Ok(())
}

fn log_change(what: &str, id: &impl std::fmt::Display, from: Status, to: Status, reason: Option<&Reason>) {
    let reason = reason.map(ToString::to_string);
    tracing::info!(what, %id, %from, %to, reason, "status changed");
}
