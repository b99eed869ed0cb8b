//! The first users, projects and roles of a new database.

use std::fmt;

use adit_model::identity::{
    BUILT_IN_ROLES, Domain, Password, PasswordHash, Project, Role, RoleAssignment, Scope, User,
};
use adit_model::{DomainId, ProjectId, RoleId, UserId};
use adit_store::{Error as StoreError, Listing, Session};
use uuid::Uuid;

use super::password::HashError;
use crate::App;

/// What the first users are to be let in by.
pub struct Bootstrap {
    /// Of the user `admin`, who has the role of that name in both projects.
    pub admin_password: String,
    /// Of the user `demo`, who is a member of the project of that name.
    pub demo_password: String,
}

impl fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bootstrap(redacted)")
    }
}

/// What is there after a bootstrap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub struct Bootstrapped {
    pub domain_id: DomainId,
    pub admin_user_id: UserId,
    pub admin_project_id: ProjectId,
    pub demo_user_id: UserId,
    pub demo_project_id: ProjectId,
}

/// Why a bootstrap failed; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The database refused.
    #[error("cannot write the first users and projects")]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error("cannot hash a password of the first users")]
    Hash(#[from] HashError),
}

impl App {
    /// Whether there are users.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        let session = self.store().read().await?;
        Ok(session.table::<User>().count(&Listing::default()).await? > 0)
    }

    /// Makes the domain `default`, the built-in roles, and users and projects `admin` and `demo`, as far as they are not
    /// there. Users that are there get these passwords.
    ///
    /// # Errors
    /// [`BootstrapError`].
    pub async fn bootstrap(&self, bootstrap: Bootstrap) -> Result<Bootstrapped, BootstrapError> {
        let passwords = &self.identity().passwords;
        let admin_hash = passwords.hash("", Password::new(bootstrap.admin_password)).await?;
        let demo_hash = passwords.hash("", Password::new(bootstrap.demo_password)).await?;

        let session = self.store().write().await?;
        let domain_id = domain(&session).await?;
        for name in BUILT_IN_ROLES {
            role(&session, name).await?;
        }
        let bootstrapped = Bootstrapped {
            admin_project_id: project(&session, &domain_id, "admin").await?,
            demo_project_id: project(&session, &domain_id, "demo").await?,
            admin_user_id: user(&session, &domain_id, "admin", admin_hash).await?,
            demo_user_id: user(&session, &domain_id, "demo", demo_hash).await?,
            domain_id,
        };
        let Bootstrapped { admin_user_id, admin_project_id, demo_user_id, demo_project_id, .. } =
            &bootstrapped;
        for (user_id, project_id, name) in [
            (admin_user_id, admin_project_id, "admin"),
            (admin_user_id, demo_project_id, "admin"),
            (demo_user_id, demo_project_id, "member"),
        ] {
            let role_id = role(&session, name).await?;
            let (user_id, scope) = (user_id.clone(), Scope::Project(project_id.clone()));
            session.assign_role(&RoleAssignment { scope, user_id, role_id }).await?;
        }
        session.commit().await?;
        self.identity().tokens.forget_all();
        Ok(bootstrapped)
    }
}

async fn domain(session: &Session) -> Result<DomainId, StoreError> {
    let id = DomainId::new(super::domain::DEFAULT);
    if session.table::<Domain>().find(&id).await?.is_none() {
        let domain = Domain {
            id: id.clone(),
            name: "Default".to_owned(),
            description: "The default domain".to_owned(),
            enabled: true,
        };
        session.table().insert(domain).await?;
    }
    Ok(id)
}

async fn role(session: &Session, name: &str) -> Result<RoleId, StoreError> {
    if let Some(role) = session.table::<Role>().list(&Listing::of("name", name)).await?.pop() {
        return Ok(role.record.id);
    }
    let role =
        Role { id: RoleId::from(Uuid::new_v4()), name: name.to_owned(), description: None, immutable: true };
    Ok(session.table().insert(role).await?.record.id)
}

async fn project(session: &Session, domain_id: &DomainId, name: &str) -> Result<ProjectId, StoreError> {
    let listing = Listing::of("domain_id", domain_id).and("name", name);
    if let Some(project) = session.table::<Project>().list(&listing).await?.pop() {
        return Ok(project.record.id);
    }
    let project = Project {
        id: ProjectId::from(Uuid::new_v4()),
        domain_id: domain_id.clone(),
        name: name.to_owned(),
        description: String::new(),
        enabled: true,
        tags: Vec::new(),
    };
    Ok(session.table().insert(project).await?.record.id)
}

async fn user(
    session: &Session,
    domain_id: &DomainId,
    name: &str,
    password_hash: PasswordHash,
) -> Result<UserId, StoreError> {
    let listing = Listing::of("domain_id", domain_id).and("name", name);
    if let Some(mut user) = session.table::<User>().list(&listing).await?.pop() {
        user.enabled = true;
        user.password_hash = Some(password_hash);
        session.table().update(&mut user).await?;
        session.revoke_tokens_of_user(&user.id).await?;
        return Ok(user.record.id);
    }
    let user = User {
        id: UserId::from(Uuid::new_v4()),
        domain_id: domain_id.clone(),
        name: name.to_owned(),
        enabled: true,
        password_hash: Some(password_hash),
        default_project_id: None,
        email: None,
        description: None,
    };
    Ok(session.table().insert(user).await?.record.id)
}
