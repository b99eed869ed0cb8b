use adit_model::{ProjectId, Subnet};
use ipnet::IpNet;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QuerySelect, QueryTrait, Set};

use super::{Reader, Record, network};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subnets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub network_id: String,
    pub ip_version: i64,
    pub cidr: String,
    pub gateway_ip: Option<String>,
    pub allocation_pools: String,
    pub dns_nameservers: String,
    pub host_routes: String,
    pub enable_dhcp: bool,
    pub ipv6_ra_mode: Option<String>,
    pub ipv6_address_mode: Option<String>,
    pub service_types: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Subnet {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "subnet";
    const TAGGED: bool = true;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            network_id: read.parse("network", &row.network_id)?,
            cidr: read.parse("CIDR", &row.cidr)?,
            gateway_ip: read.parse_option("gateway", row.gateway_ip.as_deref())?,
            allocation_pools: read.json("allocation pool", &row.allocation_pools)?,
            dns_nameservers: read.json("DNS nameserver", &row.dns_nameservers)?,
            host_routes: read.json("host route", &row.host_routes)?,
            enable_dhcp: row.enable_dhcp,
            ipv6_ra_mode: read.parse_option("router advertisement mode", row.ipv6_ra_mode.as_deref())?,
            ipv6_address_mode: read.parse_option("address mode", row.ipv6_address_mode.as_deref())?,
            service_types: read.json("service type", &row.service_types)?,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            network_id,
            cidr,
            gateway_ip,
            allocation_pools,
            dns_nameservers,
            host_routes,
            enable_dhcp,
            ipv6_ra_mode,
            ipv6_address_mode,
            service_types,
        } = self;
        let ip_version = match cidr {
            IpNet::V4(_) => 4,
            IpNet::V6(_) => 6,
        };
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            network_id: Set(network_id.to_string()),
            ip_version: Set(ip_version),
            cidr: Set(cidr.to_string()),
            gateway_ip: Set(gateway_ip.map(|address| address.to_string())),
            allocation_pools: Set(super::json(allocation_pools)),
            dns_nameservers: Set(super::json(dns_nameservers)),
            host_routes: Set(super::json(host_routes)),
            enable_dhcp: Set(*enable_dhcp),
            ipv6_ra_mode: Set(ipv6_ra_mode.map(|mode| mode.to_string())),
            ipv6_address_mode: Set(ipv6_address_mode.map(|mode| mode.to_string())),
            service_types: Set(super::json(service_types)),
            ..Default::default()
        })
    }

    /// No subnet is of a pool.
    fn filter(name: &str, _: &[serde_json::Value]) -> Option<Condition> {
        (name == "subnetpool_id").then(|| super::always(false))
    }

    /// A project sees its own subnets and those of the networks that it sees.
    fn visible_to(project: &ProjectId) -> Condition {
        let networks = network::Entity::find()
            .select_only()
            .column(network::Column::Id)
            .filter(network::visible(project))
            .into_query();
        Condition::any()
            .add(Column::ProjectId.eq(project.as_str()))
            .add(Column::NetworkId.in_subquery(networks))
    }
}
