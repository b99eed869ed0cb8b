use adit_model::ProjectId;
use adit_model::ike_policy::{IkeParameters, IkePolicy};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ike_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub ike_version: String,
    pub phase1_negotiation_mode: String,
    pub encryption_algorithm: String,
    pub auth_algorithm: String,
    pub pfs: String,
    pub lifetime_secs: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for IkePolicy {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "IKE policy";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let lifetime: u32 = read.number("lifetime", row.lifetime_secs)?;
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            parameters: IkeParameters {
                version: read.parse("version", &row.ike_version)?,
                negotiation_mode: read.parse("negotiation mode", &row.phase1_negotiation_mode)?,
                encryption: read.parse("encryption algorithm", &row.encryption_algorithm)?,
                auth: read.parse("auth algorithm", &row.auth_algorithm)?,
                dh_group: read.parse("group", &row.pfs)?,
                lifetime: lifetime.try_into().map_err(|_| read.corrupt("lifetime"))?,
            },
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, name, description, parameters } = self;
        let IkeParameters { version, negotiation_mode, encryption, auth, dh_group, lifetime } = parameters;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            ike_version: Set(version.to_string()),
            phase1_negotiation_mode: Set(negotiation_mode.to_string()),
            encryption_algorithm: Set(encryption.to_string()),
            auth_algorithm: Set(auth.to_string()),
            pfs: Set(dh_group.to_string()),
            lifetime_secs: Set(lifetime.get().into()),
            ..Default::default()
        })
    }
}
