//! Role assignments: relations, with neither an id nor revisions, so they have statements of their own. There is a table
//! for each kind of scope, so that the database can see to it that both ends are there.

use adit_model::identity::{RoleAssignment, Scope};
use adit_model::{DomainId, ProjectId, RoleId, UserId};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, Set};

use crate::{Error, Result, Session};

mod in_project {
    use sea_orm::entity::prelude::*;

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
}

mod in_domain {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "domain_role_assignments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub domain_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub role_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod in_system {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "system_role_assignments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub role_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which role assignments are wanted: those that have everything that is given here.
#[derive(Clone, Debug, Default)]
pub struct RoleAssignmentFilter {
    /// Who has the role.
    pub user_id: Option<UserId>,
    /// Where.
    pub scope: Option<Scope>,
    /// Which role.
    pub role_id: Option<RoleId>,
}

impl From<&RoleAssignment> for RoleAssignmentFilter {
    fn from(assignment: &RoleAssignment) -> Self {
        let RoleAssignment { scope, user_id, role_id } = assignment.clone();
        Self { user_id: Some(user_id), scope: Some(scope), role_id: Some(role_id) }
    }
}

impl Session {
    /// The role assignments that have all that `filter` says, in the order of their scopes, users and roles.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn role_assignments(&self, filter: &RoleAssignmentFilter) -> Result<Vec<RoleAssignment>> {
        let doing = "list role assignments";
        let mut found = Vec::new();
        if filter.scope.as_ref().is_none_or(|scope| matches!(scope, Scope::Project(_))) {
            let select = in_project::Entity::find().filter(project_condition(filter));
            let rows = select.all(&self.transaction).await.map_err(Error::statement(doing))?;
            found.extend(rows.into_iter().map(|row| {
                assignment(Scope::Project(ProjectId::new(row.project_id)), row.user_id, row.role_id)
            }));
        }
        if filter.scope.as_ref().is_none_or(|scope| matches!(scope, Scope::Domain(_))) {
            let select = in_domain::Entity::find().filter(domain_condition(filter));
            let rows = select.all(&self.transaction).await.map_err(Error::statement(doing))?;
            found.extend(rows.into_iter().map(|row| {
                assignment(Scope::Domain(DomainId::new(row.domain_id)), row.user_id, row.role_id)
            }));
        }
        if filter.scope.as_ref().is_none_or(|scope| matches!(scope, Scope::System)) {
            let select = in_system::Entity::find().filter(system_condition(filter));
            let rows = select.all(&self.transaction).await.map_err(Error::statement(doing))?;
            found.extend(rows.into_iter().map(|row| assignment(Scope::System, row.user_id, row.role_id)));
        }
        found.sort();
        Ok(found)
    }

    /// Gives a role; giving it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Referenced`], [`Error::Statement`].
    pub async fn assign_role(&self, assignment: &RoleAssignment) -> Result<()> {
        let RoleAssignment { user_id, scope, role_id } = assignment;
        let (user_id, role_id) = (Set(user_id.to_string()), Set(role_id.to_string()));
        let done = match scope {
            Scope::Project(project) => {
                use in_project::{ActiveModel, Column, Entity};
                let row = ActiveModel { user_id, project_id: Set(project.to_string()), role_id };
                Entity::insert(row)
                    .on_conflict(once([Column::UserId, Column::ProjectId, Column::RoleId]))
                    .exec_without_returning(&self.transaction)
                    .await
            }
            Scope::Domain(domain) => {
                use in_domain::{ActiveModel, Column, Entity};
                let row = ActiveModel { user_id, domain_id: Set(domain.to_string()), role_id };
                Entity::insert(row)
                    .on_conflict(once([Column::UserId, Column::DomainId, Column::RoleId]))
                    .exec_without_returning(&self.transaction)
                    .await
            }
            Scope::System => {
                use in_system::{ActiveModel, Column, Entity};
                Entity::insert(ActiveModel { user_id, role_id })
                    .on_conflict(once([Column::UserId, Column::RoleId]))
                    .exec_without_returning(&self.transaction)
                    .await
            }
        };
        done.map_err(Error::statement("assign a role"))?;
        Ok(())
    }

    /// Takes a role away. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn unassign_role(&self, assignment: &RoleAssignment) -> Result<bool> {
        let which = RoleAssignmentFilter::from(assignment);
        let deleted = match assignment.scope {
            Scope::Project(_) => {
                let delete = in_project::Entity::delete_many().filter(project_condition(&which));
                delete.exec(&self.transaction).await
            }
            Scope::Domain(_) => {
                let delete = in_domain::Entity::delete_many().filter(domain_condition(&which));
                delete.exec(&self.transaction).await
            }
            Scope::System => {
                let delete = in_system::Entity::delete_many().filter(system_condition(&which));
                delete.exec(&self.transaction).await
            }
        };
        Ok(deleted.map_err(Error::statement("take a role away"))?.rows_affected == 1)
    }
}

fn assignment(scope: Scope, user_id: String, role_id: String) -> RoleAssignment {
    RoleAssignment { scope, user_id: UserId::new(user_id), role_id: RoleId::new(role_id) }
}

fn once<C: sea_orm::Iden + 'static>(key: impl IntoIterator<Item = C>) -> OnConflict {
    OnConflict::columns(key).do_nothing().to_owned()
}

fn project_condition(filter: &RoleAssignmentFilter) -> Condition {
    use in_project::Column;
    let project = match &filter.scope {
        Some(Scope::Project(id)) => Some(Column::ProjectId.eq(id.as_str())),
        Some(Scope::Domain(_) | Scope::System) | None => None,
    };
    condition(filter, Column::UserId, Column::RoleId, project)
}

fn domain_condition(filter: &RoleAssignmentFilter) -> Condition {
    use in_domain::Column;
    let domain = match &filter.scope {
        Some(Scope::Domain(id)) => Some(Column::DomainId.eq(id.as_str())),
        Some(Scope::Project(_) | Scope::System) | None => None,
    };
    condition(filter, Column::UserId, Column::RoleId, domain)
}

fn system_condition(filter: &RoleAssignmentFilter) -> Condition {
    use in_system::Column;
    condition(filter, Column::UserId, Column::RoleId, None)
}

fn condition<C: ColumnTrait>(
    filter: &RoleAssignmentFilter,
    user: C,
    role: C,
    scope: Option<SimpleExpr>,
) -> Condition {
    Condition::all()
        .add_option(filter.user_id.as_ref().map(|id| user.eq(id.as_str())))
        .add_option(filter.role_id.as_ref().map(|id| role.eq(id.as_str())))
        .add_option(scope)
}
