use adit_model::{ProjectId, ServiceProfile};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::{Reader, Record, always};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service_profiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub description: String,
    pub driver: String,
    pub enabled: bool,
    pub metainfo: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for ServiceProfile {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "service profile";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            description: row.description,
            driver: row.driver,
            enabled: row.enabled,
            metainfo: row.metainfo,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, description, driver, enabled, metainfo } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            description: Set(description.clone()),
            driver: Set(driver.clone()),
            enabled: Set(*enabled),
            metainfo: Set(metainfo.clone()),
            ..Default::default()
        })
    }

    /// They say how the cloud is built, which is the administrator's business.
    fn visible_to(_: &ProjectId) -> Condition {
        always(false)
    }
}
