use adit_model::ProjectId;
use adit_model::security_group::SecurityGroup;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QuerySelect, Set};

use super::{Reader, Record, Stored};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "security_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub stateful: bool,
    pub default_of: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for SecurityGroup {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "security group";
    const TAGGED: bool = true;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            stateful: row.stateful,
            is_default: row.default_of.is_some(),
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, name, description, stateful, is_default } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            stateful: Set(*stateful),
            default_of: Set(is_default.then(|| project_id.to_string())),
            ..Default::default()
        })
    }

    /// No group is shared.
    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        (name == "shared").then(|| super::always(values.iter().any(|value| *value == false)))
    }
}

/// The ids of the default groups of all projects.
pub(super) fn defaults() -> sea_orm::sea_query::SelectStatement {
    use sea_orm::QueryTrait;
    Entity::find().select_only().column(Column::Id).filter(Column::DefaultOf.is_not_null()).into_query()
}

impl Table<'_, SecurityGroup> {
    /// The group of a project for ports that name none, if it has one yet.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn default_of(&self, project: &ProjectId) -> Result<Option<Stored<SecurityGroup>>> {
        let row = Entity::find()
            .filter(Column::DefaultOf.eq(project.as_str()))
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement("find the default security group of a project"))?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    /// Adds the default group of a project, unless somebody else was faster.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub async fn insert_default(&self, group: SecurityGroup) -> Result<Option<Stored<SecurityGroup>>> {
        self.insert_unless(group, Some(Column::DefaultOf)).await
    }
}
