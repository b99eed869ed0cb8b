//! Projects.

use std::collections::BTreeSet;

use adit_api::identity::IdentityError;
use adit_api::identity::project::{Create, Update, View};
use adit_model::identity::{Domain, Project, Scope, User};
use adit_model::{ProjectId, UserId};
use adit_store::{Filter, Listing, RoleAssignmentFilter, Session};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Bearer;
use super::resource::{Asking, Resource, find, listing};
use crate::App;
use crate::resource::FromStore;

impl Resource for Project {
    const PLURAL: &'static str = "projects";
    const ORDER: &'static str = "name";
    /// A project's parent is its domain.
    const FILTERS: &'static [(&'static str, &'static str)] =
        &[("name", "name"), ("domain_id", "domain_id"), ("parent_id", "domain_id"), ("enabled", "enabled")];
    const CONSTANTS: &'static [&'static str] = &["is_domain"];
    type Change = Update;
    type Extra = ();

    /// Whoever has a token for it may see it.
    fn may_show(bearer: &Bearer, id: &str) -> bool {
        bearer.project_id().is_some_and(|project| project.as_str() == id) || bearer.is_admin()
    }

    async fn create(asking: Asking<'_>, body: &[u8]) -> Result<(Self, ()), IdentityError> {
        let Create { name, domain_id, description, enabled, tags, parent_id } = Create::parse(body)?;
        let domain_id = domain_id.unwrap_or_else(|| asking.bearer.domain_id());
        if let Some(parent) = parent_id.filter(|parent| parent != domain_id.as_str()) {
            return Err(IdentityError::Invalid {
                field: "parent_id".to_owned(),
                value: format!("'{parent}'"),
                reason: "a project has no other parent than its domain".to_owned(),
            });
        }
        let id = ProjectId::from(Uuid::new_v4());
        Ok((Self { id, domain_id, name, description, enabled, tags }, ()))
    }

    async fn change(_: Asking<'_>, before: &Self, body: &[u8]) -> Result<Update, IdentityError> {
        Update::parse(before, body)
    }

    fn apply(&mut self, change: Update) -> Result<(), IdentityError> {
        let Update { name, description, enabled, tags } = change;
        self.name = name.unwrap_or_else(|| self.name.clone());
        self.description = description.unwrap_or_else(|| self.description.clone());
        self.enabled = enabled.unwrap_or(self.enabled);
        self.tags = tags.unwrap_or_else(|| self.tags.clone());
        Ok(())
    }

    async fn before_save(
        &self,
        _: Asking<'_>,
        session: &Session,
        (): (),
        before: Option<&Self>,
    ) -> Result<(), IdentityError> {
        if before.is_none() {
            find::<Domain>(session, self.domain_id.as_str()).await?;
        }
        if before.is_some() && !self.enabled {
            session.revoke_tokens_of_project(&self.id).await.map_err(IdentityError::from_store)?;
        }
        Ok(())
    }

    /// What the project owns elsewhere stays, as in the reference, and administrators can still see it.
    async fn before_delete(&self, session: &Session) -> Result<(), IdentityError> {
        let table = session.table::<User>();
        let theirs = Listing::of("default_project_id", &self.id);
        let users = table.list(&theirs).await.map_err(IdentityError::from_store)?;
        for mut user in table.relock(users).await.map_err(IdentityError::from_store)? {
            user.default_project_id = None;
            table.update(&mut user).await.map_err(IdentityError::from_store)?;
        }
        Ok(())
    }

    fn conflict(&self) -> IdentityError {
        let Self { name, id, .. } = self;
        let details = format!(
            "it is not permitted to have two projects with either the same name or same id in the same domain: name is {name}, project id {id}"
        );
        IdentityError::Conflict { noun: "project", details }
    }

    fn view(self, base: &str) -> Value {
        json!(View::new(self, base))
    }
}

/// `GET /v3/users/{id}/projects`: the projects in which the user has a role, also disabled ones.
pub(crate) async fn list_of_user(
    app: &App,
    bearer: &Bearer,
    user: &str,
    pairs: &[(String, String)],
) -> Result<Vec<Project>, IdentityError> {
    let id = UserId::new(user);
    bearer.require_self(&id, "identity:list_user_projects")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    find::<User>(&session, user).await?;
    of_user(&session, &id, listing::<Project>(pairs)).await
}

/// `GET /v3/auth/projects`: the projects that the bearer can get a token for.
pub(crate) async fn list_own(app: &App, bearer: &Bearer) -> Result<Vec<Project>, IdentityError> {
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    let mut projects = of_user(&session, &bearer.user_id(), listing::<Project>(&[])).await?;
    projects.retain(|project| project.enabled);
    Ok(projects)
}

async fn of_user(
    session: &Session,
    user: &UserId,
    mut wanted: Listing,
) -> Result<Vec<Project>, IdentityError> {
    let filter = RoleAssignmentFilter { user_id: Some(user.clone()), ..RoleAssignmentFilter::default() };
    let held = session.role_assignments(&filter).await.map_err(IdentityError::from_store)?;
    let project = |scope: &Scope| match scope {
        Scope::Project(id) => Some(id.to_string()),
        Scope::Domain(_) | Scope::System => None,
    };
    let ids: BTreeSet<String> = held.iter().filter_map(|held| project(&held.scope)).collect();
    wanted.filters.push(Filter { column: "id", values: ids.into_iter().map(Into::into).collect() });
    let projects = session.table::<Project>().list(&wanted).await.map_err(IdentityError::from_store)?;
    Ok(projects.into_iter().map(|project| project.record).collect())
}
