//! Why a tunnel is as it is, for whoever may see it.

use adit_api::ApiError;
use adit_api::vpn::diagnostics::{
    ConnectionDiagnostics, ConnectionSummary, Event, RouterDiagnostics, ServiceDiagnostics,
};
use adit_model::{Router, SiteConnection, VpnService};
use adit_store::{Listing, StatusChange};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{SiteConnections, VpnServices};
use crate::App;
use crate::agents::progress::Told;
use crate::caller::Caller;
use crate::network::Routers;
use crate::resource::{Context, FromStore, find};

/// `GET /vpn/ipsec-site-connections/{id}/diagnostics`.
pub(crate) async fn of_connection(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let connection = find::<SiteConnections>(Context { session: &session, caller }, id).await?;
    let table = session.table::<SiteConnection>();
    let history = table.history(connection.id).await.map_err(ApiError::from_store)?;
    let observation = table.observation(connection.id).await.map_err(ApiError::from_store)?;
    let since = since(&history, connection.created_at);
    let (observed_at, ike_sas) =
        observation.map_or((None, Vec::new()), |seen| (Some(seen.observed_at), seen.ike_sas));
    let SiteConnection { id, name, status, reason, vpn_service_id, .. } = connection.record;
    let service = session.table::<VpnService>().find(vpn_service_id).await.map_err(ApiError::from_store)?;
    let gone = || ApiError::internal(format!("the VPN service `{vpn_service_id}` is referred to but gone"));
    let router = service.ok_or_else(gone)?.router_id;
    let progress = Told::of(&session, router).await?.of_connection(id);
    let events = events(history);
    answer(&ConnectionDiagnostics { id, name, status, since, reason, progress, observed_at, ike_sas, events })
}

/// `GET /vpn/vpnservices/{id}/diagnostics`.
pub(crate) async fn of_service(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let service = find::<VpnServices>(Context { session: &session, caller }, id).await?;
    let history = session.table::<VpnService>().history(service.id).await.map_err(ApiError::from_store)?;
    let listing = Listing { filters: Listing::of("vpn_service_id", service.id).filters, ..caller.visible() };
    let connections = session.table::<SiteConnection>().list(&listing).await.map_err(ApiError::from_store)?;
    let summary = |connection: SiteConnection| {
        let SiteConnection { id, name, status, reason, .. } = connection;
        ConnectionSummary { id, name, status, reason }
    };
    let ipsec_site_connections =
        connections.into_iter().map(|connection| summary(connection.record)).collect();
    let since = since(&history, service.created_at);
    let VpnService { id, name, status, reason, router_id, .. } = service.record;
    let progress = Told::of(&session, router_id).await?.of_service(&session, id).await?;
    let events = events(history);
    answer(&ServiceDiagnostics { id, name, status, since, reason, progress, events, ipsec_site_connections })
}

/// `GET /routers/{id}/diagnostics`. Every router is `ACTIVE`.
pub(crate) async fn of_router(app: &App, caller: &Caller, id: &str) -> Result<Value, ApiError> {
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let Router { id, name, .. } = find::<Routers>(Context { session: &session, caller }, id).await?.record;
    let progress = Told::of(&session, id).await?.of_router();
    answer(&RouterDiagnostics { id, name, status: "ACTIVE", progress })
}

/// Since when the newest status holds. Before a gateway has said anything it is the first one.
fn since(history: &[StatusChange], created_at: Timestamp) -> Timestamp {
    history.first().map_or(created_at, |newest| newest.since)
}

fn events(history: Vec<StatusChange>) -> Vec<Event> {
    let event = |StatusChange { at, status, reason, .. }| Event { at, status, reason };
    history.into_iter().map(event).collect()
}

fn answer(diagnostics: &impl Serialize) -> Result<Value, ApiError> {
    let diagnostics = serde_json::to_value(diagnostics).map_err(ApiError::internal)?;
    Ok(json!({"diagnostics": diagnostics}))
}
