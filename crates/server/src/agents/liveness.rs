//! When an agent falls silent, what it last said is not repeated as if it were known.

use std::time::Duration;

use adit_api::ApiError;
use adit_model::{Reason, ReasonCode, Router, SiteConnection, Status, VpnService};
use adit_store::{Agent, Listing, Session};
use tokio_util::sync::CancellationToken;

use super::is_alive;
use crate::App;
use crate::resource::FromStore;

/// How often the agents' signs of life are looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// Looks after the agents until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Both arms are cancel-safe.
    while tokio::select! { () = stop.cancelled() => false, _ = ticks.tick() => true } {
        if let Err(error) = distrust_silent(&app).await {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot look after silent agents");
        }
    }
}

/// Takes back what silent agents said of their tunnels.
async fn distrust_silent(app: &App) -> Result<(), ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let agents = session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
    let silent: Vec<_> = agents.into_iter().filter(|agent| !is_alive(agent, session.now())).collect();
    drop(session);
    if silent.is_empty() {
        return Ok(());
    }
    let session = app.store().write().await.map_err(ApiError::from_store)?;
    for agent in &silent {
        let routers = session.table::<Router>().list(&Listing::of("agent_id", agent.id)).await;
        for router in routers.map_err(ApiError::from_store)? {
            distrust(&session, agent, &router).await?;
        }
    }
    session.commit().await.map_err(ApiError::from_store)
}

async fn distrust(session: &Session, agent: &Agent, router: &Router) -> Result<(), ApiError> {
    let text =
        format!("the agent on node `{}` has not been heard of since {}", agent.host, agent.heartbeat_at);
    let reason = Reason::new(ReasonCode::AgentSilent, text);
    let services = session.table::<VpnService>().list(&Listing::of("router_id", router.id)).await;
    for service in services.map_err(ApiError::from_store)? {
        if is_believed(service.status, service.reason.as_ref()) {
            let table = session.table::<VpnService>();
            table.set_status(service.id, Status::Down, Some(&reason)).await.map_err(ApiError::from_store)?;
        }
        let connections =
            session.table::<SiteConnection>().list(&Listing::of("vpn_service_id", service.id)).await;
        for connection in connections.map_err(ApiError::from_store)? {
            if is_believed(connection.status, connection.reason.as_ref()) {
                let table = session.table::<SiteConnection>();
                table
                    .set_status(connection.id, Status::Down, Some(&reason))
                    .await
                    .map_err(ApiError::from_store)?;
            }
        }
    }
    Ok(())
}

/// Whether a status is one that the agent said, or that waits for it.
fn is_believed(status: Status, reason: Option<&Reason>) -> bool {
    status != Status::Down || reason.is_none_or(|reason| reason.code != ReasonCode::AgentSilent)
}
