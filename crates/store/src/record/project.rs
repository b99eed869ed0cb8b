use adit_model::identity::Project;
use adit_model::{DomainId, ProjectId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record};
use crate::{Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub domain_id: String,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub tags: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Project {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "project";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            tags: read.json("tag", &row.tags)?,
            id: ProjectId::new(row.id),
            domain_id: DomainId::new(row.domain_id),
            name: row.name,
            description: row.description,
            enabled: row.enabled,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, domain_id, name, description, enabled, tags } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            domain_id: Set(domain_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            enabled: Set(*enabled),
            tags: Set(super::json(tags)),
            ..Default::default()
        })
    }

    /// A project sees itself.
    fn visible_to(project: &ProjectId) -> sea_orm::Condition {
        sea_orm::Condition::all().add(Column::Id.eq(project.as_str()))
    }
}
