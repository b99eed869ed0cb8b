use adit_model::identity::Role;
use adit_model::{ProjectId, RoleId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub immutable: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Role {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "role";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        Ok(Self {
            id: RoleId::new(row.id),
            name: row.name,
            description: row.description,
            immutable: row.immutable,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, name, description, immutable } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            immutable: Set(*immutable),
            ..Default::default()
        })
    }

    /// Roles belong to the operator: projects see none.
    fn visible_to(_: &ProjectId) -> sea_orm::Condition {
        sea_orm::Condition::any().add(Expr::value(false))
    }
}
