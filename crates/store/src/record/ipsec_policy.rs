use adit_model::ProjectId;
use adit_model::ipsec_policy::{IpsecParameters, IpsecPolicy};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ipsec_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub transform_protocol: String,
    pub encapsulation_mode: String,
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

impl Record for IpsecPolicy {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "IPsec policy";

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
            parameters: IpsecParameters {
                transform_protocol: read.parse("transform protocol", &row.transform_protocol)?,
                encapsulation_mode: read.parse("encapsulation mode", &row.encapsulation_mode)?,
                encryption: read.parse("encryption algorithm", &row.encryption_algorithm)?,
                auth: read.parse("auth algorithm", &row.auth_algorithm)?,
                pfs_group: read.parse("group", &row.pfs)?,
                lifetime: lifetime.try_into().map_err(|_| read.corrupt("lifetime"))?,
            },
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, name, description, parameters } = self;
        let IpsecParameters { transform_protocol, encapsulation_mode, encryption, auth, pfs_group, lifetime } =
            parameters;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            transform_protocol: Set(transform_protocol.to_string()),
            encapsulation_mode: Set(encapsulation_mode.to_string()),
            encryption_algorithm: Set(encryption.to_string()),
            auth_algorithm: Set(auth.to_string()),
            pfs: Set(pfs_group.to_string()),
            lifetime_secs: Set(lifetime.get().into()),
            ..Default::default()
        })
    }
}
