use adit_model::ProjectId;
use adit_model::network::{Network, PhysicalNetwork};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::{Reader, Record};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "networks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub admin_state_up: bool,
    pub shared: bool,
    pub external: bool,
    pub network_type: String,
    pub physical_network: Option<String>,
    pub segmentation_id: Option<i64>,
    pub mtu: i64,
    pub port_security_enabled: bool,
    pub dns_domain: String,
    pub is_default: bool,
    pub availability_zone_hints: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which networks a project may see: its own, shared and external ones.
pub(super) fn visible(project: &ProjectId) -> Condition {
    Condition::any()
        .add(Column::ProjectId.eq(project.as_str()))
        .add(Column::Shared.eq(true))
        .add(Column::External.eq(true))
}

impl Record for Network {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "network";
    const TAGGED: bool = true;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let vlan = row.segmentation_id.map(|vlan| read.number("segmentation id", vlan)).transpose()?;
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            admin_state_up: row.admin_state_up,
            shared: row.shared,
            external: row.external,
            physical: row.physical_network.map(|name| PhysicalNetwork { name, vlan }),
            mtu: read.number("MTU", row.mtu)?,
            port_security_enabled: row.port_security_enabled,
            dns_domain: row.dns_domain,
            is_default: row.is_default,
            availability_zone_hints: read.json("availability zone hint", &row.availability_zone_hints)?,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            admin_state_up,
            shared,
            external,
            physical,
            mtu,
            port_security_enabled,
            dns_domain,
            is_default,
            availability_zone_hints,
        } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            admin_state_up: Set(*admin_state_up),
            shared: Set(*shared),
            external: Set(*external),
            network_type: Set(self.network_type().to_string()),
            physical_network: Set(physical.as_ref().map(|physical| physical.name.clone())),
            segmentation_id: Set(physical.as_ref().and_then(|physical| physical.vlan).map(Into::into)),
            mtu: Set((*mtu).into()),
            port_security_enabled: Set(*port_security_enabled),
            dns_domain: Set(dns_domain.clone()),
            is_default: Set(*is_default),
            availability_zone_hints: Set(super::json(availability_zone_hints)),
            ..Default::default()
        })
    }

    fn visible_to(project: &ProjectId) -> Condition {
        visible(project)
    }

    /// Every network is `ACTIVE`.
    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        (name == "status").then(|| super::always(values.iter().any(|value| value == "ACTIVE")))
    }
}
