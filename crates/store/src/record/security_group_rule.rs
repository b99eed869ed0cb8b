use adit_model::ProjectId;
use adit_model::security_group::{Remote, SecurityGroupRule, Traffic};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::{Reader, Record, security_group};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "security_group_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub description: String,
    pub security_group_id: String,
    pub direction: String,
    pub ethertype: String,
    pub protocol: Option<String>,
    pub port_range_min: Option<i64>,
    pub port_range_max: Option<i64>,
    pub remote_ip_prefix: Option<String>,
    pub remote_group_id: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for SecurityGroupRule {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "security group rule";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let port = |number: Option<i64>| number.map(|number| read.number("port", number)).transpose();
        let remote = match (&row.remote_ip_prefix, &row.remote_group_id) {
            (None, None) => Remote::Any,
            (Some(prefix), None) => Remote::Prefix(read.parse("remote network", prefix)?),
            (None, Some(group)) => Remote::Group(read.parse("remote group", group)?),
            (Some(_), Some(_)) => return Err(read.corrupt("remote")),
        };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            security_group_id: read.parse("security group", &row.security_group_id)?,
            description: row.description,
            traffic: Traffic {
                direction: read.parse("direction", &row.direction)?,
                ethertype: read.parse("IP version", &row.ethertype)?,
                protocol: read.parse_option("protocol", row.protocol.as_deref())?,
                port_range_min: port(row.port_range_min)?,
                port_range_max: port(row.port_range_max)?,
                remote,
            },
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, security_group_id, description, traffic } = self;
        let Traffic { direction, ethertype, protocol, port_range_min, port_range_max, remote } = traffic;
        let (prefix, group) = match remote {
            Remote::Any => (None, None),
            Remote::Prefix(cidr) => (Some(cidr.to_string()), None),
            Remote::Group(group) => (None, Some(group.to_string())),
        };
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            description: Set(description.clone()),
            security_group_id: Set(security_group_id.to_string()),
            direction: Set(direction.to_string()),
            ethertype: Set(ethertype.to_string()),
            protocol: Set(protocol.as_ref().map(ToString::to_string)),
            port_range_min: Set(port_range_min.map(Into::into)),
            port_range_max: Set(port_range_max.map(Into::into)),
            remote_ip_prefix: Set(prefix),
            remote_group_id: Set(group),
            ..Default::default()
        })
    }

    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        if name != "belongs_to_default_sg" {
            return None;
        }
        let wanted = values.iter().filter_map(serde_json::Value::as_bool).map(|is_default| {
            let defaults = security_group::defaults();
            if is_default {
                Column::SecurityGroupId.in_subquery(defaults)
            } else {
                Column::SecurityGroupId.not_in_subquery(defaults)
            }
        });
        Some(wanted.fold(Condition::any().add(super::always(false)), Condition::add))
    }
}
