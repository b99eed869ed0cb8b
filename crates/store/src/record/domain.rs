use adit_model::DomainId;
use adit_model::identity::Domain;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Domain {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "domain";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        Ok(Self {
            id: DomainId::new(row.id),
            name: row.name,
            description: row.description,
            enabled: row.enabled,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, name, description, enabled } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            enabled: Set(*enabled),
            ..Default::default()
        })
    }

    /// Domains belong to the operator: projects see none.
    fn visible_to(_: &adit_model::ProjectId) -> sea_orm::Condition {
        sea_orm::Condition::any().add(Expr::value(false))
    }
}
