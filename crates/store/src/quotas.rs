//! Limits that projects have of their own, beside the defaults of the server.

use std::collections::BTreeMap;

use adit_model::ProjectId;
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::{Error, Result, Session};

mod quota {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "quotas")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub project_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub resource: String,
        pub most: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Limits by kind of resource.
pub type Limits = BTreeMap<String, i64>;

impl Session {
    /// The limits that a project has of its own.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn quota(&self, project: &ProjectId) -> Result<Limits> {
        let rows = quota::Entity::find()
            .filter(quota::Column::ProjectId.eq(project.as_str()))
            .all(&self.transaction)
            .await
            .map_err(Error::statement("read the quota of a project"))?;
        Ok(rows.into_iter().map(|row| (row.resource, row.most)).collect())
    }

    /// All limits that projects have of their own.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn quotas(&self) -> Result<BTreeMap<ProjectId, Limits>> {
        let rows = quota::Entity::find()
            .all(&self.transaction)
            .await
            .map_err(Error::statement("list the quotas of projects"))?;
        let mut quotas = BTreeMap::<ProjectId, Limits>::new();
        for row in rows {
            quotas.entry(ProjectId::new(row.project_id)).or_default().insert(row.resource, row.most);
        }
        Ok(quotas)
    }

    /// Gives a project a limit of its own.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_quota(&self, project: &ProjectId, resource: &str, most: i64) -> Result<()> {
        let row = quota::ActiveModel {
            project_id: Set(project.to_string()),
            resource: Set(resource.to_owned()),
            most: Set(most),
        };
        let replace = OnConflict::columns([quota::Column::ProjectId, quota::Column::Resource])
            .update_column(quota::Column::Most)
            .to_owned();
        quota::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.transaction)
            .await
            .map_err(Error::statement("set the quota of a project"))?;
        Ok(())
    }

    /// Takes a project's own limits away. Returns whether it had any.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn clear_quota(&self, project: &ProjectId) -> Result<bool> {
        let result = quota::Entity::delete_many()
            .filter(quota::Column::ProjectId.eq(project.as_str()))
            .exec(&self.transaction)
            .await
            .map_err(Error::statement("clear the quota of a project"))?;
        Ok(result.rows_affected > 0)
    }
}
