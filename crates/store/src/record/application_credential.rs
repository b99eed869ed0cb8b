//! Application credentials.

use adit_model::identity::{AccessRuleId, ApplicationCredentialId, PasswordHash};
use adit_model::{ProjectId, RoleId, UserId};
use jiff::Timestamp;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record};
use crate::{Result, Session};

/// A name and a secret that stand for a user in a project, for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// Its identity.
    pub id: ApplicationCredentialId,
    /// For whom it stands.
    pub user_id: UserId,
    /// The only project that its tokens are valid for.
    pub project_id: ProjectId,
    /// Unique among those of the user.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// What is kept of the secret.
    pub secret_hash: PasswordHash,
    /// The roles that its tokens have, beside those that these imply.
    pub role_ids: Vec<RoleId>,
    /// What alone its tokens are good for; empty for everything.
    pub access_rule_ids: Vec<AccessRuleId>,
    /// Whether its tokens may make and delete other application credentials.
    pub unrestricted: bool,
    /// From when on it lets nobody in; `None` for never.
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "application_credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub user_id: String,
    pub project_id: String,
    pub name: String,
    pub description: Option<String>,
    pub secret_hash: String,
    pub role_ids: String,
    pub access_rule_ids: String,
    pub unrestricted: bool,
    pub expires_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for ApplicationCredential {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "application credential";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let time = |micros| Timestamp::from_microsecond(micros).map_err(|_| read.corrupt("time of expiry"));
        Ok(Self {
            role_ids: read.json("role", &row.role_ids)?,
            access_rule_ids: read.json("access rule", &row.access_rule_ids)?,
            expires_at: row.expires_at.map(time).transpose()?,
            id: ApplicationCredentialId::new(row.id),
            user_id: UserId::new(row.user_id),
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            secret_hash: PasswordHash::new(row.secret_hash),
            unrestricted: row.unrestricted,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            user_id,
            project_id,
            name,
            description,
            secret_hash,
            role_ids,
            access_rule_ids,
            unrestricted,
            expires_at,
        } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            user_id: Set(user_id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            secret_hash: Set(secret_hash.as_str().to_owned()),
            role_ids: Set(super::json(role_ids)),
            access_rule_ids: Set(super::json(access_rule_ids)),
            unrestricted: Set(*unrestricted),
            expires_at: Set(expires_at.map(Timestamp::as_microsecond)),
            ..Default::default()
        })
    }
}
