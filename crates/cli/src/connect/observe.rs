//! What is there at an end of the tunnel. Nothing is changed by looking.

use std::net::IpAddr;

use adit_model::Cidr;
use serde_json::Value;

use super::Side;
use super::end::End;
use super::plan::Kind;
use crate::error::{Error, Result};
use crate::names::{self, id_of};
use crate::noun::network::{PORT, ROUTER, SUBNET};
use crate::noun::vpn::{ENDPOINT_GROUP, IKE_POLICY, IPSEC_POLICY, SERVICE, SITE_CONNECTION};
use crate::session::{Object, Service, Session};

/// The owner of a port that is a router's gateway.
const GATEWAY: &str = "network:router_gateway";

/// What is there at an end.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// The entry of `clouds.yaml`.
    pub(super) cloud: String,
    /// The project that one acts in there.
    pub(super) project: String,
    pub(super) router: Router,
    /// The subnets to be joined.
    pub(super) subnets: Vec<Subnet>,
    /// The other subnets of the router.
    pub(super) others: Vec<Subnet>,
    /// The VPN services of the router that one sees.
    pub(super) services: Vec<Object>,
    /// The IKE policies of the name that one would have here.
    pub(super) ike_policies: Vec<Object>,
    /// The IPsec policies of that name.
    pub(super) ipsec_policies: Vec<Object>,
    /// All endpoint groups that one sees.
    pub(super) groups: Vec<Object>,
    /// The site connections of the services.
    pub(super) connections: Vec<Object>,
    /// Whether several services of one router work side by side, as they do in Adit alone.
    pub(super) takes_several_services: bool,
}

/// A router.
#[derive(Clone, Debug, Default)]
pub(super) struct Router {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) has_gateway: bool,
    /// The addresses of its gateway.
    pub(super) addresses: Vec<IpAddr>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) cidr: Cidr,
}

impl Observed {
    /// Looks at the router and its subnets.
    pub(super) async fn end(side: Side, end: &End, session: &Session) -> Result<Self> {
        Self::look(end, session).await.map_err(|error| error.during(side.option()))
    }

    async fn look(end: &End, session: &Session) -> Result<Self> {
        let Some(project) = session.description["project"]["id"].as_str() else {
            return Err(Error::Usage(format!("the cloud `{}` names no project", end.cloud)));
        };
        let router = names::find(session, &ROUTER, &end.router).await?;
        let mut subnets: Vec<Subnet> = Vec::new();
        for name in &end.subnets {
            let subnet = subnet(&names::find(session, &SUBNET, name).await?)?;
            if subnets.iter().any(|other| other.id == subnet.id) {
                return Err(Error::Usage(format!("the subnet `{name}` is named twice")));
            }
            subnets.push(subnet);
        }
        let router = self::router(&router);
        let attached = attached(session, &router.id).await?;
        if let Some(stray) = subnets.iter().find(|subnet| !attached.contains(&subnet.id)) {
            return Err(Error::Usage(format!(
                "the subnet `{}` is not on the router `{}`",
                stray.name, router.name
            )));
        }
        let mut others = Vec::new();
        for id in attached.iter().filter(|id| subnets.iter().all(|subnet| subnet.id != **id)) {
            // One that is hidden from us is nothing that we could look at.
            if let Some(object) = names::by_id(session, &SUBNET, id).await? {
                others.push(subnet(&object)?);
            }
        }
        Ok(Self {
            cloud: end.cloud.clone(),
            project: project.to_owned(),
            router,
            subnets,
            others,
            ..Self::default()
        })
    }

    /// Looks at what is there of VPN, for a tunnel of this name.
    pub(super) async fn vpn(&mut self, tunnel: &str, side: Side, session: &Session) -> Result<()> {
        self.services = names::list(session, &SERVICE, &[("router_id", &self.router.id)]).await?;
        let name = Kind::IkePolicy.name(tunnel, side);
        self.ike_policies = names::list(session, &IKE_POLICY, &[("name", &name)]).await?;
        let name = Kind::IpsecPolicy.name(tunnel, side);
        self.ipsec_policies = names::list(session, &IPSEC_POLICY, &[("name", &name)]).await?;
        self.groups = names::list(session, &ENDPOINT_GROUP, &[]).await?;
        for service in self.services.iter().map(id_of) {
            let connections = names::list(session, &SITE_CONNECTION, &[("vpnservice_id", &service)]).await?;
            self.connections.extend(connections);
        }
        if !self.services.is_empty() {
            let extension = session.get(Service::Network, "extensions/adit-vpn-diagnostics").await;
            self.takes_several_services = match extension {
                Ok(_) => true,
                Err(Error::Refused { status: 404, .. }) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    /// Whether an object is of the project that one acts in.
    pub(super) fn is_own(&self, object: &Object) -> bool {
        // A Neutron of old says `tenant_id` alone.
        let owner = object.get("project_id").or_else(|| object.get("tenant_id"));
        owner.and_then(Value::as_str) == Some(&self.project)
    }
}

fn router(object: &Object) -> Router {
    let gateway = object.get("external_gateway_info").filter(|gateway| gateway["network_id"].is_string());
    let addresses =
        gateway.and_then(|gateway| gateway["external_fixed_ips"].as_array()).into_iter().flatten();
    let addresses = addresses.filter_map(|address| address["ip_address"].as_str()?.parse().ok());
    Router {
        id: id_of(object),
        name: called(object),
        has_gateway: gateway.is_some(),
        addresses: addresses.collect(),
    }
}

fn subnet(object: &Object) -> Result<Subnet> {
    let cidr = object.get("cidr").and_then(Value::as_str).and_then(|cidr| cidr.parse().ok());
    let cidr = cidr.ok_or_else(|| names::malformed("cidr"))?;
    Ok(Subnet { id: id_of(object), name: called(object), cidr })
}

/// The name of an object, or its id where it has none.
pub(super) fn called(object: &Object) -> String {
    let name = object.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    name.map_or_else(|| id_of(object), str::to_owned)
}

/// The ids of the subnets that a router has interfaces to.
async fn attached(session: &Session, router: &str) -> Result<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for port in names::list(session, &PORT, &[("device_id", router)]).await? {
        let owner = port.get("device_owner").and_then(Value::as_str).unwrap_or_default();
        if owner == GATEWAY || !owner.starts_with("network:") {
            continue;
        }
        for address in port.get("fixed_ips").and_then(Value::as_array).into_iter().flatten() {
            ids.extend(address["subnet_id"].as_str().map(str::to_owned));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
