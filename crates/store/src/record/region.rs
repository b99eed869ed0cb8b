use adit_model::identity::{Region, RegionId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "regions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub description: String,
    pub parent_region_id: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Region {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "region";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        Ok(Self {
            id: RegionId::new(row.id),
            description: row.description,
            parent_id: row.parent_region_id.map(RegionId::new),
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, description, parent_id } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            description: Set(description.clone()),
            parent_region_id: Set(parent_id.as_ref().map(ToString::to_string)),
            ..Default::default()
        })
    }

    /// Regions belong to the operator: projects see none.
    fn visible_to(_: &adit_model::ProjectId) -> sea_orm::Condition {
        super::always(false)
    }
}
