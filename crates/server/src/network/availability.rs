//! How many addresses networks have, and how many of them are used. The operator's concern: nobody else sees it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use adit_api::ApiError;
use adit_api::network::availability::{SCHEMA, SubnetView, View};
use adit_api::query::{self, ListQuery};
use adit_api::view;
use adit_model::subnet::AllocationPool;
use adit_model::{Network, NetworkId, Port, Subnet, SubnetId};
use adit_store::{Filter, Listing, Session, Stored};
use serde_json::Value;

use super::Networks;
use crate::App;
use crate::caller::Caller;
use crate::listed::{self, Identity, Request};
use crate::resource::{self, Context, FromStore, Resource};

/// `GET /network-ip-availabilities`.
pub(crate) async fn list(app: &App, caller: &Caller, request: Request<'_>) -> Result<Value, ApiError> {
    let query = ListQuery::parse(&SCHEMA, request.pairs)?;
    let versions = query.filters.iter().find(|filter| filter.column == "ip_version");
    let versions = versions.map(|filter| filter.values.clone());
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let views = if caller.is_admin() {
        let networks = session.table().list(&Listing::default()).await.map_err(ApiError::from_store)?;
        views(&session, networks, versions).await?
    } else {
        Vec::new()
    };
    let identity = Identity { key: "network_id", unknown: Networks::not_found };
    listed::answer(&SCHEMA, &views, identity, request, caller)
}

/// `GET /network-ip-availabilities/{network}`.
pub(crate) async fn show(
    app: &App,
    caller: &Caller,
    id: &str,
    pairs: &[(String, String)],
) -> Result<Value, ApiError> {
    if !caller.is_admin() {
        return Err(ApiError::HTTPNotFound);
    }
    let session = app.store().read().await.map_err(ApiError::from_store)?;
    let network = resource::find::<Networks>(Context { session: &session, caller }, id).await?;
    let shown = views(&session, vec![network], None).await?.pop();
    let shown = shown.ok_or_else(|| ApiError::internal("a view is missing"))?;
    Ok(view::wrap_one(&SCHEMA, view::object(&SCHEMA, &shown, true, &query::fields(pairs))?))
}

/// The networks; if only some IP versions count, those that have subnets of them.
async fn views(
    session: &Session,
    networks: Vec<Stored<Network>>,
    versions: Option<Vec<Value>>,
) -> Result<Vec<View>, ApiError> {
    let is_narrowed = versions.is_some();
    let ids = networks.iter().map(|network| network.id.to_string()).collect();
    let of_versions = versions.map(|values| Filter { column: "ip_version", values });
    let listing = Listing { filters: of_versions.into_iter().collect(), ..Listing::default() };
    let subnets = session.table::<Subnet>().list_among("network_id", ids, &listing).await;
    let subnets = subnets.map_err(ApiError::from_store)?;
    let ids: Vec<SubnetId> = subnets.iter().map(|subnet| subnet.id).collect();
    let mut used = session.table::<Port>().count_addresses(&ids).await.map_err(ApiError::from_store)?;
    let mut by_network = BTreeMap::<NetworkId, Vec<SubnetView>>::new();
    for subnet in subnets {
        let used = used.remove(&subnet.id).unwrap_or_default();
        by_network.entry(subnet.network_id).or_default().push(subnet_view(subnet, used));
    }
    let view = |network: Stored<Network>| {
        let subnets = by_network.remove(&network.id).unwrap_or_default();
        let sum = |of: fn(&SubnetView) -> u64| subnets.iter().map(of).fold(0, u64::saturating_add);
        View {
            network_id: network.id,
            total_ips: sum(|subnet| subnet.total_ips),
            used_ips: sum(|subnet| subnet.used_ips),
            subnet_ip_availability: subnets,
            network_name: network.record.name,
            project_id: network.record.project_id,
        }
    };
    let views = networks.into_iter().map(view);
    Ok(views.filter(|view| !is_narrowed || !view.subnet_ip_availability.is_empty()).collect())
}

fn subnet_view(subnet: Stored<Subnet>, used_ips: u64) -> SubnetView {
    let Stored { record: subnet, .. } = subnet;
    SubnetView {
        subnet_id: subnet.id,
        ip_version: if subnet.cidr.addr().is_ipv4() { 4 } else { 6 },
        cidr: subnet.cidr.to_string(),
        total_ips: subnet.allocation_pools.iter().map(size).fold(0, u64::saturating_add),
        used_ips,
        subnet_name: subnet.name,
    }
}

/// The addresses of a pool; of one that has more than a number holds, as many as it holds.
fn size(pool: &AllocationPool) -> u64 {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let count = number(pool.end).saturating_sub(number(pool.start)).saturating_add(1);
    u64::try_from(count).unwrap_or(u64::MAX)
}
