//! Role assignments: a relation, with neither an id nor revisions, so they have statements of their own.

use adit_model::identity::RoleAssignment;
use adit_model::{ProjectId, RoleId, UserId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, QueryOrder, Set};

use crate::{Error, Result, Session};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "role_assignments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub role_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which role assignments are wanted: those that have everything that is given here.
#[derive(Clone, Debug, Default)]
pub struct RoleAssignmentFilter {
    /// Who has the role.
    pub user_id: Option<UserId>,
    /// Where.
    pub project_id: Option<ProjectId>,
    /// Which role.
    pub role_id: Option<RoleId>,
}

impl Session {
    /// The role assignments that have all that `filter` says.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn role_assignments(&self, filter: &RoleAssignmentFilter) -> Result<Vec<RoleAssignment>> {
        let RoleAssignmentFilter { user_id, project_id, role_id } = filter;
        let condition = Condition::all()
            .add_option(user_id.as_ref().map(|id| Column::UserId.eq(id.as_str())))
            .add_option(project_id.as_ref().map(|id| Column::ProjectId.eq(id.as_str())))
            .add_option(role_id.as_ref().map(|id| Column::RoleId.eq(id.as_str())));
        let rows = Entity::find()
            .filter(condition)
            .order_by_asc(Column::ProjectId)
            .order_by_asc(Column::UserId)
            .order_by_asc(Column::RoleId)
            .all(&self.transaction)
            .await
            .map_err(Error::statement("list role assignments"))?;
        let assignments = rows.into_iter().map(|row| RoleAssignment {
            user_id: UserId::new(row.user_id),
            project_id: ProjectId::new(row.project_id),
            role_id: RoleId::new(row.role_id),
        });
        Ok(assignments.collect())
    }

    /// Gives a role; giving it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Referenced`], [`Error::Statement`].
    pub async fn assign_role(&self, assignment: &RoleAssignment) -> Result<()> {
        let RoleAssignment { user_id, project_id, role_id } = assignment;
        let row = ActiveModel {
            user_id: Set(user_id.to_string()),
            project_id: Set(project_id.to_string()),
            role_id: Set(role_id.to_string()),
        };
        let key = [Column::UserId, Column::ProjectId, Column::RoleId];
        Entity::insert(row)
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(&self.transaction)
            .await
            .map_err(Error::statement("assign a role"))?;
        Ok(())
    }

    /// Takes a role away. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn unassign_role(&self, assignment: &RoleAssignment) -> Result<bool> {
        let RoleAssignment { user_id, project_id, role_id } = assignment;
        let condition = Condition::all()
            .add(Column::UserId.eq(user_id.as_str()))
            .add(Column::ProjectId.eq(project_id.as_str()))
            .add(Column::RoleId.eq(role_id.as_str()));
        let result = Entity::delete_many()
            .filter(condition)
            .exec(&self.transaction)
            .await
            .map_err(Error::statement("take a role away"))?;
        Ok(result.rows_affected == 1)
    }
}
