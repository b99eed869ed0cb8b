use adit_model::identity::{PasswordHash, User};
use adit_model::{DomainId, ProjectId, UserId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::Record;
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub domain_id: String,
    pub name: String,
    pub enabled: bool,
    pub password_hash: Option<String>,
    pub default_project_id: Option<String>,
    pub email: Option<String>,
    pub description: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for User {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "user";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        Ok(Self {
            id: UserId::new(row.id),
            domain_id: DomainId::new(row.domain_id),
            name: row.name,
            enabled: row.enabled,
            password_hash: row.password_hash.map(PasswordHash::new),
            default_project_id: row.default_project_id.map(ProjectId::new),
            email: row.email,
            description: row.description,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, domain_id, name, enabled, password_hash, default_project_id, email, description } =
            self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            domain_id: Set(domain_id.to_string()),
            name: Set(name.clone()),
            enabled: Set(*enabled),
            password_hash: Set(password_hash.as_ref().map(|hash| hash.as_str().to_owned())),
            default_project_id: Set(default_project_id.as_ref().map(ToString::to_string)),
            email: Set(email.clone()),
            description: Set(description.clone()),
            ..Default::default()
        })
    }

    /// Users belong to the operator: projects see none.
    fn visible_to(_: &ProjectId) -> sea_orm::Condition {
        sea_orm::Condition::any().add(Expr::value(false))
    }
}
