//! Putting limits for the size of packets into force.

use std::collections::BTreeSet;

use adit_linux::{Link, Namespace, Netlink};
use adit_model::router_document::ConnectionSpec;
use ipnet::IpNet;

use super::super::VpnSetup;
use super::super::mtu::{Device, Limits, Step, limits, plan};
use super::Driver;
use crate::config::DataPlane;
use crate::router::ROUTE_PROTOCOL;

/// The device that charon's userspace ESP makes.
const USERSPACE_DEVICE: &str = "ipsec0";

impl Driver {
    /// After connections were applied, and after a daemon was started, whose device is another one than before. What fails
    /// is tried again with the next look at the router: tunnels work without.
    pub(super) async fn limit_packets(&mut self) {
        if !std::mem::take(&mut self.limits_are_due) {
            return;
        }
        let specs = self.wanted.values().map(|wanted| &wanted.spec).filter(|spec| spec.mtu != 0);
        if let Err(error) = limit_packets(&self.setup, specs.collect()).await {
            let error = error.chain();
            tracing::error!(router_id = %self.setup.router_id, error, "packets may be larger than asked for");
        }
    }
}

async fn limit_packets(setup: &VpnSetup, specs: Vec<&ConnectionSpec>) -> adit_linux::Result<()> {
    let name = setup.namespace.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(namespace) = Namespace::open(&name.unwrap_or_default())? else { return Ok(()) };
    let inside = Netlink::inside(&namespace)?;
    let wanted = wanted(setup.data_plane, &inside, specs).await?;
    let rules = inside.rules(ROUTE_PROTOCOL).await?;
    if wanted.is_empty() && rules.is_empty() {
        return Ok(());
    }
    let routes = inside.table_routes(ROUTE_PROTOCOL).await?;
    for step in plan(&wanted, &rules, &routes) {
        tracing::debug!(router_id = %setup.router_id, ?step, "MTU");
        match step {
            Step::DeleteRule(rule) => inside.delete_rule(&rule, ROUTE_PROTOCOL).await?,
            Step::SetRoute { table, destination, way } => {
                inside.set_table_route(table, destination, way, ROUTE_PROTOCOL).await?;
            }
            Step::AddRule(rule) => inside.add_rule(&rule, ROUTE_PROTOCOL).await?,
            Step::DeleteRoute { table, destination } => {
                inside.delete_table_route(table, destination, ROUTE_PROTOCOL).await?;
            }
        }
    }
    Ok(())
}

/// What is known of the kernel is asked for only as far as it matters: most connections ask for as much as fits.
async fn wanted(
    data_plane: DataPlane,
    inside: &Netlink,
    specs: Vec<&ConnectionSpec>,
) -> adit_linux::Result<Limits> {
    if specs.is_empty() {
        return Ok(Limits::new());
    }
    let device = |link: &Link| Device { index: link.index, mtu: link.mtu };
    match data_plane {
        DataPlane::Userspace => {
            let Some(link) = inside.link(USERSPACE_DEVICE).await? else { return Ok(Limits::new()) };
            if specs.iter().all(|spec| spec.mtu >= link.mtu) {
                return Ok(Limits::new());
            }
            let connected = inside.addresses().await?.into_values().flatten().collect();
            Ok(limits(specs, |_| Some(device(&link)), &connected))
        }
        DataPlane::Kernel => {
            let links = inside.links().await?;
            let addresses = inside.addresses().await?;
            let by_which = |spec: &ConnectionSpec| {
                let own = spec.local_address?;
                let has = |networks: &BTreeSet<IpNet>| networks.iter().any(|it| it.addr() == own);
                let (index, _) = addresses.iter().find(|(_, networks)| has(networks))?;
                links.values().find(|link| link.index == *index && link.up).map(device)
            };
            Ok(limits(specs, by_which, &addresses.values().flatten().copied().collect()))
        }
    }
}
