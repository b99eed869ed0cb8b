//! What users have limited application credentials to.

use adit_model::UserId;
use adit_model::identity::{AccessRule, AccessRuleId, RequestRule};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "access_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub user_id: String,
    pub service: String,
    pub method: String,
    pub path: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for AccessRule {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "access rule";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let Model { id, user_id, service, method, path, created_at: _, updated_at: _, revision_number: _ } =
            row;
        Ok(Self {
            id: AccessRuleId::new(id),
            user_id: UserId::new(user_id),
            rule: RequestRule { service, method, path },
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, user_id, rule: RequestRule { service, method, path } } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            user_id: Set(user_id.to_string()),
            service: Set(service.clone()),
            method: Set(method.clone()),
            path: Set(path.clone()),
            ..Default::default()
        })
    }
}
