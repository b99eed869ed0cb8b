use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use adit_model::port::{Binding, FixedIp, OWNER_FLOATING_IP, Port};
use adit_model::{PortId, ProjectId, SubnetId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::LikeExpr;
use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait, Set};

use super::parts::{self, Parts};
use super::{Reader, Record, Stored, network};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub network_id: String,
    pub mac_address: String,
    pub device_id: String,
    pub device_owner: String,
    pub admin_state_up: bool,
    pub port_security_enabled: bool,
    pub wired: bool,
    pub allowed_address_pairs: String,
    pub extra_dhcp_opts: String,
    pub binding_vnic_type: String,
    pub binding_host_id: String,
    pub binding_profile: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An address of a subnet that a port has; the database lets no two ports have the same.
mod allocation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ip_allocations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub subnet_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub ip_address: String,
        pub port_id: String,
        pub position: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A security group that a port is in.
mod membership {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "port_security_groups")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub port_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub security_group_id: String,
        pub position: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Parts for allocation::Entity {
    const NOUN: &'static str = "addresses of ports";
    const OWNER: allocation::Column = allocation::Column::PortId;
    const POSITION: allocation::Column = allocation::Column::Position;
}

impl Parts for membership::Entity {
    const NOUN: &'static str = "security groups of ports";
    const OWNER: membership::Column = membership::Column::PortId;
    const POSITION: membership::Column = membership::Column::Position;
}

impl Record for Port {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "port";
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
            mac_address: read.parse("MAC address", &row.mac_address)?,
            fixed_ips: Vec::new(),
            device_id: row.device_id,
            device_owner: row.device_owner,
            admin_state_up: row.admin_state_up,
            port_security_enabled: row.port_security_enabled,
            wired: row.wired,
            allowed_address_pairs: read.json("allowed address pair", &row.allowed_address_pairs)?,
            security_groups: Vec::new(),
            extra_dhcp_opts: read.json("DHCP option", &row.extra_dhcp_opts)?,
            binding: Binding {
                vnic_type: read.parse("VNIC type", &row.binding_vnic_type)?,
                host_id: row.binding_host_id,
                profile: read.json("binding profile", &row.binding_profile)?,
            },
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            network_id,
            mac_address,
            fixed_ips: _,
            device_id,
            device_owner,
            admin_state_up,
            port_security_enabled,
            wired,
            allowed_address_pairs,
            extra_dhcp_opts,
            security_groups: _,
            binding,
        } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            network_id: Set(network_id.to_string()),
            mac_address: Set(mac_address.to_string()),
            device_id: Set(device_id.clone()),
            device_owner: Set(device_owner.clone()),
            admin_state_up: Set(*admin_state_up),
            port_security_enabled: Set(*port_security_enabled),
            wired: Set(*wired),
            allowed_address_pairs: Set(super::json(allowed_address_pairs)),
            extra_dhcp_opts: Set(super::json(extra_dhcp_opts)),
            binding_vnic_type: Set(binding.vnic_type.to_string()),
            binding_host_id: Set(binding.host_id.clone()),
            binding_profile: Set(super::json(&binding.profile)),
            ..Default::default()
        })
    }

    /// A project sees its own ports and every port on its own networks.
    fn visible_to(project: &ProjectId) -> Condition {
        let networks = network::Entity::find()
            .select_only()
            .column(network::Column::Id)
            .filter(network::Column::ProjectId.eq(project.as_str()))
            .into_query();
        Condition::any()
            .add(Column::ProjectId.eq(project.as_str()))
            .add(Column::NetworkId.in_subquery(networks))
    }

    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        // What is asked twice adds nothing, and a condition can only be so deep.
        let texts: BTreeSet<&str> = values.iter().filter_map(serde_json::Value::as_str).collect();
        let texts = texts.into_iter();
        match name {
            "status" => Some(
                texts
                    .filter_map(with_status)
                    .fold(Condition::any().add(super::always(false)), Condition::add),
            ),
            "security_groups" => Some(in_groups(texts)),
            "fixed_ips" => Some(texts.filter_map(with_address).fold(Condition::all(), Condition::add)),
            _ => None,
        }
    }

    async fn load_parts(ports: &mut [Stored<Self>], session: &Session) -> Result<()> {
        let mut addresses = parts::load::<allocation::Entity, _>(ports, session).await?;
        let mut groups = parts::load::<membership::Entity, _>(ports, session).await?;
        for port in ports {
            let id = port.id.to_string();
            let read = Reader { noun: Self::NOUN, id: &id };
            let fixed_ip = |row: allocation::Model| {
                Ok(FixedIp {
                    subnet_id: read.parse("subnet", &row.subnet_id)?,
                    ip_address: read.parse("address", &row.ip_address)?,
                })
            };
            let rows = addresses.remove(&id).unwrap_or_default().into_iter();
            port.fixed_ips = rows.map(fixed_ip).collect::<Result<_>>()?;
            let group = |row: membership::Model| read.parse("security group", &row.security_group_id);
            let rows = groups.remove(&id).unwrap_or_default().into_iter();
            port.security_groups = rows.map(group).collect::<Result<_>>()?;
        }
        Ok(())
    }

    async fn save_parts(&self, session: &Session) -> Result<()> {
        let id = self.id.to_string();
        let groups = self.security_groups.iter().map(|group| membership::ActiveModel {
            security_group_id: Set(group.to_string()),
            ..Default::default()
        });
        parts::replace::<membership::Entity>(&id, groups, session).await?;
        let addresses = self.fixed_ips.iter().map(|fixed_ip| allocation::ActiveModel {
            subnet_id: Set(fixed_ip.subnet_id.to_string()),
            ip_address: Set(fixed_ip.ip_address.to_string()),
            ..Default::default()
        });
        parts::replace::<allocation::Entity>(&id, addresses, session).await
    }
}

/// Ports in one of these groups.
fn in_groups<'a>(groups: impl Iterator<Item = &'a str>) -> Condition {
    let ports = membership::Entity::find()
        .select_only()
        .column(membership::Column::PortId)
        .filter(membership::Column::SecurityGroupId.is_in(groups))
        .into_query();
    Condition::all().add(Column::Id.in_subquery(ports))
}

/// Ports whose status is that. Those of floating IPs have none.
fn with_status(status: &str) -> Option<Condition> {
    let (of_floating_ip, others) =
        (Column::DeviceOwner.eq(OWNER_FLOATING_IP), Column::DeviceOwner.ne(OWNER_FLOATING_IP));
    match status {
        "ACTIVE" => Some(Condition::all().add(others).add(Column::Wired.eq(true))),
        "DOWN" => Some(Condition::all().add(others).add(Column::Wired.eq(false))),
        "N/A" => Some(Condition::all().add(of_floating_ip)),
        _ => None,
    }
}

/// Ports with an address as `subnet_id=ID`, `ip_address=ADDRESS` or `ip_address_substr=PART` says; other keys say
/// nothing.
fn with_address(wanted: &str) -> Option<Condition> {
    let (key, value) = wanted.split_once('=')?;
    let condition = match key {
        "subnet_id" => allocation::Column::SubnetId.eq(value),
        "ip_address" => allocation::Column::IpAddress.eq(value),
        "ip_address_substr" => allocation::Column::IpAddress.like(containing(value)),
        _ => return None,
    };
    let ports = allocation::Entity::find()
        .select_only()
        .column(allocation::Column::PortId)
        .filter(condition)
        .into_query();
    Some(Condition::all().add(Column::Id.in_subquery(ports)))
}

/// The pattern of texts that have this one in them, whatever a pattern's own signs may be.
fn containing(text: &str) -> LikeExpr {
    let literal = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    LikeExpr::new(format!("%{literal}%")).escape('!')
}

impl Table<'_, Port> {
    /// Every address of a subnet that a port has.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn addresses_of(&self, subnet: SubnetId) -> Result<Vec<IpAddr>> {
        let rows = allocation::Entity::find()
            .filter(allocation::Column::SubnetId.eq(subnet.to_string()))
            .all(&self.session.transaction)
            .await
            .map_err(Error::statement("list the addresses of a subnet"))?;
        let parse = |row: allocation::Model| {
            Reader { noun: Port::NOUN, id: &row.port_id }.parse("address", &row.ip_address)
        };
        rows.into_iter().map(parse).collect()
    }

    /// How many addresses of each of these subnets ports have; subnets without any are left out.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn count_addresses(&self, subnets: &[SubnetId]) -> Result<BTreeMap<SubnetId, u64>> {
        let mut counts = BTreeMap::new();
        for subnets in subnets.chunks(super::AT_ONCE) {
            let rows: Vec<(String, i64)> = allocation::Entity::find()
                .select_only()
                .column(allocation::Column::SubnetId)
                .column_as(allocation::Column::IpAddress.count(), "used")
                .filter(allocation::Column::SubnetId.is_in(subnets.iter().map(ToString::to_string)))
                .group_by(allocation::Column::SubnetId)
                .into_tuple()
                .all(&self.session.transaction)
                .await
                .map_err(Error::statement("count the addresses of subnets"))?;
            for (subnet, used) in rows {
                let read = Reader { noun: "subnet", id: &subnet };
                counts.insert(read.parse("id", &subnet)?, used.unsigned_abs());
            }
        }
        Ok(counts)
    }

    /// Notes whether the agent of a node has wired a port, without making a new revision of it: if the port is on the node
    /// `from` still, as it was when it was read. Returns whether it was.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_wired(&self, id: PortId, wired: bool, from: &str, host: &str) -> Result<bool> {
        let result = Entity::update_many()
            .col_expr(Column::Wired, Expr::value(wired))
            .col_expr(Column::BindingHostId, Expr::value(host))
            .filter(Column::Id.eq(id.to_string()))
            .filter(Column::BindingHostId.eq(from))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("note that a port is wired"))?;
        Ok(result.rows_affected == 1)
    }

    /// Every port with an address of this subnet.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn on_subnet(&self, subnet: SubnetId) -> Result<Vec<Stored<Port>>> {
        let ids = allocation::Entity::find()
            .select_only()
            .column(allocation::Column::PortId)
            .filter(allocation::Column::SubnetId.eq(subnet.to_string()))
            .into_query();
        let select = Entity::find().filter(Column::Id.in_subquery(ids)).order_by_asc(Column::CreatedAt);
        self.select_all(&select, "list the ports of a subnet").await
    }
}
