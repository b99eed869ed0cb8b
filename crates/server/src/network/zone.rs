//! Availability zones: those of the agents.

use std::collections::{BTreeMap, BTreeSet};

use adit_api::ApiError;
use adit_model::port::{OWNER_ROUTER_GATEWAY, OWNER_ROUTER_INTERFACE};
use adit_model::{AgentId, Network, NetworkId, Port, Router};
use adit_store::{Agent, Filter, Listing, Stored};
use serde_json::Value;

use crate::resource::{Context, FromStore};

/// Refuses zones that no agent is in.
///
/// # Errors
/// [`ApiError::AvailabilityZoneNotFound`].
pub(super) async fn check_hints(cx: Context<'_>, hints: &[String]) -> Result<(), ApiError> {
    if hints.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<String> = of_agents(cx).await?.into_values().collect();
    match hints.iter().find(|hint| !known.contains(*hint)) {
        None => Ok(()),
        Some(zone) => Err(ApiError::AvailabilityZoneNotFound { zone: zone.clone() }),
    }
}

/// The zone of each agent.
pub(super) async fn of_agents(cx: Context<'_>) -> Result<BTreeMap<AgentId, String>, ApiError> {
    let agents = cx.session.table::<Agent>().list(&Listing::default()).await.map_err(ApiError::from_store)?;
    Ok(agents.into_iter().map(|agent| (agent.id, agent.record.availability_zone)).collect())
}

/// The zones that networks reach: a network is on the nodes of its routers.
pub(super) async fn of_networks(
    cx: Context<'_>,
    networks: &[Stored<Network>],
) -> Result<BTreeMap<NetworkId, BTreeSet<String>>, ApiError> {
    let zones = of_agents(cx).await?;
    let mut reached = BTreeMap::<NetworkId, BTreeSet<String>>::new();
    if zones.is_empty() || networks.is_empty() {
        return Ok(reached);
    }
    let owners = [OWNER_ROUTER_INTERFACE, OWNER_ROUTER_GATEWAY].map(Value::from).to_vec();
    let filters = vec![Filter { column: "device_owner", values: owners }];
    let ids = networks.iter().map(|network| network.id.to_string()).collect();
    let of_routers = Listing { filters, ..Listing::default() };
    let ports = cx.session.table::<Port>().list_among("network_id", ids, &of_routers).await;
    let ports = ports.map_err(ApiError::from_store)?;
    let ids = ports.iter().map(|port| port.device_id.clone()).collect();
    let routers = cx.session.table::<Router>().find_all("id", ids).await;
    let agents: BTreeMap<String, AgentId> = routers
        .map_err(ApiError::from_store)?
        .iter()
        .filter_map(|router| Some((router.id.to_string(), router.agent_id?)))
        .collect();
    for port in ports {
        if let Some(zone) = agents.get(&port.device_id).and_then(|agent| zones.get(agent)) {
            reached.entry(port.network_id).or_default().insert(zone.clone());
        }
    }
    Ok(reached)
}
