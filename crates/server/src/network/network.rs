//! Networks.

use std::collections::BTreeMap;

use adit_api::network::network::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::network::{NetworkType, PhysicalNetwork};
use adit_model::port::{OWNER_DHCP, OWNER_FLOATING_IP, OWNER_ROUTER_GATEWAY};
use adit_model::{Network, NetworkId, Port, ProjectId, Subnet, SubnetId};
use adit_store::{Filter, Listing, Stored};
use serde_json::Value;
use uuid::Uuid;

use super::{floating_ip, interface, security_group, standard, zone};
use crate::resource::{Context, FromStore, Resource, replace};
use crate::vpn::protection;

/// What a network gets whose owner does not say, in octets.
const DEFAULT_MTU: u32 = 1500;
/// The largest jumbo frames that switches commonly pass, in octets.
const MOST_MTU: u32 = 9216;

pub(crate) struct Networks;

impl Resource for Networks {
    type Record = Network;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;
    const SERVICE_READS: bool = true;

    fn not_found(id: &str) -> ApiError {
        ApiError::NetworkNotFound { id: id.to_owned() }
    }

    fn owner(network: &Network) -> &ProjectId {
        &network.project_id
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<Network>, ApiError> {
        zone::check_hints(cx, &create.availability_zone_hints).await?;
        security_group::ensure_default(cx, &create.project_id).await?;
        let provider = Provider {
            network_type: create.network_type,
            physical_network: create.physical_network,
            segmentation_id: create.segmentation_id,
        };
        let network = Network {
            id: NetworkId::new(Uuid::new_v4()),
            project_id: create.project_id,
            name: create.name,
            description: create.description,
            admin_state_up: create.admin_state_up,
            shared: create.shared,
            external: create.external,
            physical: provider.check()?,
            mtu: check_mtu(create.mtu)?,
            port_security_enabled: create.port_security_enabled,
            dns_domain: create.dns_domain,
            is_default: create.is_default && create.external,
            availability_zone_hints: create.availability_zone_hints,
        };
        refuse_taken(cx, &network).await?;
        refuse_second_default(cx, &network).await?;
        cx.session.table().insert(network).await.map_err(ApiError::from_store)
    }

    async fn update(
        cx: Context<'_>,
        mut network: Stored<Network>,
        update: Update,
    ) -> Result<Stored<Network>, ApiError> {
        let Update {
            name,
            description,
            admin_state_up,
            shared,
            external,
            network_type,
            physical_network,
            segmentation_id,
            mtu,
            port_security_enabled,
            dns_domain,
            is_default,
        } = update;
        let before = network.record.clone();
        let old = Provider::of(&before);
        let provider = Provider {
            network_type: network_type.unwrap_or(old.network_type),
            physical_network: physical_network.unwrap_or(old.physical_network),
            segmentation_id: segmentation_id.unwrap_or(old.segmentation_id),
        };
        replace(&mut network.name, name);
        replace(&mut network.description, description);
        replace(&mut network.admin_state_up, admin_state_up);
        replace(&mut network.shared, shared);
        replace(&mut network.external, external);
        network.physical = provider.check()?;
        network.mtu = mtu.map_or(Ok(before.mtu), check_mtu)?;
        replace(&mut network.port_security_enabled, port_security_enabled);
        replace(&mut network.dns_domain, dns_domain);
        network.is_default = is_default.unwrap_or(before.is_default) && network.external;
        if network.record == before {
            return Ok(network);
        }
        if network.physical != before.physical {
            refuse_taken(cx, &network).await?;
        }
        refuse_second_default(cx, &network).await?;
        let ports = ports_of(cx, network.id).await?;
        if before.external
            && !network.external
            && ports.iter().any(|port| port.device_owner == OWNER_ROUTER_GATEWAY)
        {
            let what = "gateway ports".to_owned();
            return Err(ApiError::ExternalNetworkInUse { id: network.id.to_string(), what });
        }
        if before.external
            && !network.external
            && ports.iter().any(|port| port.device_owner == OWNER_FLOATING_IP)
        {
            let what = "floating IPs".to_owned();
            return Err(ApiError::ExternalNetworkInUse { id: network.id.to_string(), what });
        }
        if before.shared && !network.shared && ports.iter().any(|port| is_foreign(port, &network)) {
            return Err(ApiError::InvalidSharedSetting { id: network.id.to_string() });
        }
        cx.session.table().update(&mut network).await.map_err(ApiError::from_store)?;
        if (network.mtu, &network.physical) != (before.mtu, &before.physical) {
            interface::touch_routers(cx, &ports);
        }
        Ok(network)
    }

    async fn delete(cx: Context<'_>, network: Stored<Network>) -> Result<(), ApiError> {
        let subnets = cx.session.table::<Subnet>().list(&Listing::of("network_id", network.id)).await;
        let subnets = cx.session.table::<Subnet>().relock(subnets.map_err(ApiError::from_store)?).await;
        let subnets = subnets.map_err(ApiError::from_store)?;
        // The reference removes them even when the network then stays.
        let floating_ips = floating_ip::unassociated(cx, network.id).await?;
        // None of the others becomes something else meanwhile: that takes the network's lock.
        let is_free = |port: &Port| floating_ips.iter().any(|floating_ip| floating_ip.own_port_id == port.id);
        let (dhcp, others): (Vec<_>, Vec<_>) = ports_of(cx, network.id)
            .await?
            .into_iter()
            .filter(|port| !is_free(port))
            .partition(|port| port.device_owner == OWNER_DHCP);
        if !others.is_empty() {
            let ids: Vec<String> = others.iter().map(|port| port.id.to_string()).collect();
            return Err(ApiError::NetworkInUse { id: network.id.to_string(), ports: ids.join(",") });
        }
        for subnet in &subnets {
            protection::subnet_may_go(cx, subnet.id).await?;
        }
        floating_ip::network_goes(cx, floating_ips).await?;
        for port in dhcp {
            cx.session.table::<Port>().delete(port.id).await.map_err(ApiError::from_store)?;
        }
        for subnet in subnets {
            cx.session.table::<Subnet>().delete(subnet.id).await.map_err(ApiError::from_store)?;
        }
        cx.session.table::<Network>().delete(network.id).await.map_err(ApiError::from_store)
    }

    async fn views(cx: Context<'_>, networks: Vec<Stored<Network>>) -> Result<Vec<View>, ApiError> {
        let ids = networks.iter().map(|network| network.id.to_string()).collect();
        let subnets = cx.session.table::<Subnet>().list_among("network_id", ids, &Listing::default()).await;
        let mut by_network = BTreeMap::<NetworkId, Vec<SubnetId>>::new();
        for subnet in subnets.map_err(ApiError::from_store)? {
            by_network.entry(subnet.network_id).or_default().push(subnet.id);
        }
        let mut zones = zone::of_networks(cx, &networks).await?;
        let view = |network: Stored<Network>| {
            let standard = standard(&network);
            let subnets = by_network.remove(&network.id).unwrap_or_default();
            let zones = zones.remove(&network.id).unwrap_or_default();
            View::new(network.record, subnets, zones.into_iter().collect(), standard)
        };
        Ok(networks.into_iter().map(view).collect())
    }
}

/// Notes that what hangs on a network has changed: a new revision of it.
pub(super) async fn revise(cx: Context<'_>, id: NetworkId) -> Result<(), ApiError> {
    let network = cx.session.table::<Network>().lock(id).await.map_err(ApiError::from_store)?;
    let Some(mut network) = network else { return Ok(()) };
    cx.session.table().update(&mut network).await.map_err(ApiError::from_store)
}

async fn ports_of(cx: Context<'_>, network: NetworkId) -> Result<Vec<Stored<Port>>, ApiError> {
    cx.session.table().list(&Listing::of("network_id", network)).await.map_err(ApiError::from_store)
}

/// Whether another project has this port: not the network's, and not the service itself.
fn is_foreign(port: &Port, network: &Network) -> bool {
    port.project_id != network.project_id && !port.project_id.as_str().is_empty()
}

fn check_mtu(mtu: u32) -> Result<u32, ApiError> {
    match mtu {
        0 => Ok(DEFAULT_MTU),
        1..=MOST_MTU => Ok(mtu),
        _ => Err(invalid(format!("Requested MTU is too big, maximum is {MOST_MTU}"))),
    }
}

/// The three `provider:` attributes.
struct Provider {
    network_type: Option<NetworkType>,
    physical_network: Option<String>,
    segmentation_id: Option<i64>,
}

impl Provider {
    fn of(network: &Network) -> Self {
        let physical = network.physical.as_ref();
        Self {
            network_type: Some(network.network_type()),
            physical_network: physical.map(|physical| physical.name.clone()),
            segmentation_id: physical.and_then(|physical| physical.vlan).map(i64::from),
        }
    }

    /// What the network is joined to.
    ///
    /// # Errors
    /// [`ApiError::InvalidInput`] when the three do not fit one another.
    fn check(self) -> Result<Option<PhysicalNetwork>, ApiError> {
        let Self { network_type, physical_network, segmentation_id } = self;
        let network_type = match (network_type, &physical_network) {
            (Some(network_type), _) => network_type,
            (None, None) if segmentation_id.is_none() => NetworkType::Local,
            (None, _) => return Err(invalid("network_type required")),
        };
        match (network_type, physical_network, segmentation_id) {
            (NetworkType::Local, None, None) => Ok(None),
            (NetworkType::Local, Some(_), _) => {
                Err(invalid("physical_network prohibited for local provider network"))
            }
            (NetworkType::Local, None, Some(_)) => {
                Err(invalid("segmentation_id prohibited for local provider network"))
            }
            (NetworkType::Flat | NetworkType::Vlan, None, _) => {
                Err(invalid(format!("physical_network required for {network_type} provider network")))
            }
            (NetworkType::Flat, Some(name), None) => Ok(Some(PhysicalNetwork { name, vlan: None })),
            (NetworkType::Flat, Some(_), Some(_)) => {
                Err(invalid("segmentation_id prohibited for flat provider network"))
            }
            (NetworkType::Vlan, Some(_), None) => {
                Err(invalid("segmentation_id required for vlan provider network"))
            }
            (NetworkType::Vlan, Some(name), Some(vlan)) => match u16::try_from(vlan) {
                Ok(vlan @ 1..=4094) => Ok(Some(PhysicalNetwork { name, vlan: Some(vlan) })),
                _ => Err(invalid("segmentation_id out of range (1 through 4094)")),
            },
        }
    }
}

fn invalid(reason: impl Into<String>) -> ApiError {
    ApiError::InvalidInput { reason: reason.into() }
}

/// Refuses a second network on the same physical network, or the same VLAN of it.
async fn refuse_taken(cx: Context<'_>, network: &Network) -> Result<(), ApiError> {
    let Some(PhysicalNetwork { name, vlan }) = &network.physical else { return Ok(()) };
    cx.session.lock_name("physical network", name).await.map_err(ApiError::from_store)?;
    let others = cx.session.table::<Network>().list(&Listing::of("physical_network", name)).await;
    let others = others.map_err(ApiError::from_store)?;
    if !others.iter().any(|other| other.id != network.id && other.physical == network.physical) {
        return Ok(());
    }
    let physical_network = name.clone();
    Err(match vlan {
        None => ApiError::FlatNetworkInUse { physical_network },
        Some(vlan) => ApiError::VlanIdInUse { vlan: vlan.to_string(), physical_network },
    })
}

/// Refuses a second external network for those who do not name one.
async fn refuse_second_default(cx: Context<'_>, network: &Network) -> Result<(), ApiError> {
    if !network.is_default {
        return Ok(());
    }
    cx.session.lock_name("default network", "").await.map_err(ApiError::from_store)?;
    let filters = vec![Filter { column: "is_default", values: vec![Value::from(true)] }];
    let others = cx.session.table::<Network>().list(&Listing { filters, ..Listing::default() }).await;
    match others.map_err(ApiError::from_store)?.iter().find(|other| other.id != network.id) {
        None => Ok(()),
        Some(other) => Err(ApiError::DefaultExternalNetworkExists { id: other.id.to_string() }),
    }
}
