use adit_model::identity::{Service, ServiceId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub service_type: String,
    pub name: String,
    pub description: Option<String>,
    pub enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Service {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "service";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        Ok(Self {
            id: ServiceId::new(row.id),
            service_type: row.service_type,
            name: row.name,
            description: row.description,
            enabled: row.enabled,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, service_type, name, description, enabled } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            service_type: Set(service_type.clone()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            enabled: Set(*enabled),
            ..Default::default()
        })
    }

    /// Services belong to the operator: projects see none.
    fn visible_to(_: &adit_model::ProjectId) -> sea_orm::Condition {
        super::always(false)
    }
}
