use adit_model::identity::{Endpoint, EndpointId, RegionId, ServiceId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub service_id: String,
    pub interface: String,
    pub region_id: Option<String>,
    pub url: String,
    pub enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Endpoint {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "endpoint";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            interface: read.parse("interface", &row.interface)?,
            id: EndpointId::new(row.id),
            service_id: ServiceId::new(row.service_id),
            region_id: row.region_id.map(RegionId::new),
            url: row.url,
            enabled: row.enabled,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, service_id, interface, region_id, url, enabled } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            service_id: Set(service_id.to_string()),
            interface: Set(interface.as_str().to_owned()),
            region_id: Set(region_id.as_ref().map(ToString::to_string)),
            url: Set(url.clone()),
            enabled: Set(*enabled),
            ..Default::default()
        })
    }

    /// Endpoints belong to the operator: projects see none.
    fn visible_to(_: &adit_model::ProjectId) -> sea_orm::Condition {
        super::always(false)
    }
}
