//! Role assignments: the list of all, and those of one user in one project, domain, or the system.

use adit_api::identity::IdentityError;
use adit_model::identity::Scope;
use adit_model::{DomainId, ProjectId};

use super::collection::list_of;
use super::{Answer, Asked, Call, Route, Wire, no_content};
use crate::identity::role_assignment::{self, Grants};

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    let all = Route::new("GET", "role_assignments", "List role assignments", |asked| Box::pin(list(asked)))
        .gives(
            200,
            Wire::Found {
                filters: &[],
                constants: role_assignment::FILTERS,
                switches: role_assignment::SWITCHES,
            },
        );
    let of_users = [grants::<InProject>(), grants::<InDomain>(), grants::<InSystem>()];
    std::iter::once(all).chain(of_users.into_iter().flatten()).collect()
}

/// Where roles are held, as paths say it.
trait Place: 'static {
    /// The beginning of the paths.
    const PATH: &'static str;
    /// For summaries.
    const WHERE: &'static str;

    /// The scope, and the index of the user's id among what the path names; the role's id follows.
    fn scope(asked: &Asked<'_, Call>) -> (Scope, usize);
}

struct InProject;
struct InDomain;
struct InSystem;

impl Place for InProject {
    const PATH: &'static str = "projects/{project_id}";
    const WHERE: &'static str = "in a project";

    fn scope(asked: &Asked<'_, Call>) -> (Scope, usize) {
        (Scope::Project(ProjectId::new(asked.name(0))), 1)
    }
}

impl Place for InDomain {
    const PATH: &'static str = "domains/{domain_id}";
    const WHERE: &'static str = "in a domain";

    fn scope(asked: &Asked<'_, Call>) -> (Scope, usize) {
        (Scope::Domain(DomainId::new(asked.name(0))), 1)
    }
}

impl Place for InSystem {
    const PATH: &'static str = "system";
    const WHERE: &'static str = "in the system";

    fn scope(_: &Asked<'_, Call>) -> (Scope, usize) {
        (Scope::System, 0)
    }
}

fn grants<P: Place>() -> Vec<Route<Call, IdentityError>> {
    let all = format!("{}/users/{{user_id}}/roles", P::PATH);
    let one = format!("{all}/{{role_id}}");
    let place = P::WHERE;
    vec![
        Route::new("GET", all, format!("List the roles of a user {place}"), |asked| {
            Box::pin(roles::<P>(asked))
        }),
        Route::new("GET", &one, format!("Tell whether a user has a role {place}"), |asked| {
            Box::pin(check::<P>(asked))
        })
        .gives(204, Wire::Nothing),
        Route::new("PUT", &one, format!("Give a role to a user {place}"), |asked| {
            Box::pin(grant::<P>(asked))
        })
        .takes(Wire::Nothing)
        .gives(204, Wire::Nothing),
        Route::new("DELETE", &one, format!("Take a role from a user {place}"), |asked| {
            Box::pin(revoke::<P>(asked))
        }),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let assignments = role_assignment::list(app, &*asked.call.bearer().await?, pairs, base).await?;
    asked.call.list("role_assignments", assignments)
}

async fn roles<P: Place>(asked: Asked<'_, Call>) -> Answer {
    let (scope, user) = P::scope(&asked);
    let grants = Grants { scope: &scope, user: asked.name(user) };
    let bearer = asked.call.bearer().await?;
    list_of(asked.call, role_assignment::roles(&asked.call.app, &bearer, grants).await?)
}

async fn check<P: Place>(asked: Asked<'_, Call>) -> Answer {
    let (scope, user) = P::scope(&asked);
    let grants = Grants { scope: &scope, user: asked.name(user) };
    let bearer = asked.call.bearer().await?;
    role_assignment::check(&asked.call.app, &bearer, grants, asked.name(user + 1)).await?;
    no_content()
}

async fn grant<P: Place>(asked: Asked<'_, Call>) -> Answer {
    let (scope, user) = P::scope(&asked);
    let grants = Grants { scope: &scope, user: asked.name(user) };
    let bearer = asked.call.bearer().await?;
    role_assignment::grant(&asked.call.app, &bearer, grants, asked.name(user + 1)).await?;
    no_content()
}

async fn revoke<P: Place>(asked: Asked<'_, Call>) -> Answer {
    let (scope, user) = P::scope(&asked);
    let grants = Grants { scope: &scope, user: asked.name(user) };
    let bearer = asked.call.bearer().await?;
    role_assignment::revoke(&asked.call.app, &bearer, grants, asked.name(user + 1)).await?;
    no_content()
}
