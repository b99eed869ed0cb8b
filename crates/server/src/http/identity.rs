//! The Identity API's URLs: from path and method to a use case.

use std::error::Error;
use std::sync::Arc;

use adit_api::identity::auth::{AuthRequest, BearerToken};
use adit_api::identity::{self as wire, IdentityError};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, LOCATION, VARY};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::request::{MOST_BODY, Unread, base_url, query_pairs, segments, whole};
use super::response::challenged;
use crate::App;
use crate::identity::{Bearer, catalog, domain, project, region, role, role_assignment, token, user};
use crate::resource::FromStore;

const PREFIX: &str = "/identity";
const SUBJECT_TOKEN: &str = "x-subject-token";

/// Serves everything below `/identity`.
pub(super) async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let answer = match whole(body).await {
        Ok(body) => {
            let server = base_url(&parts.headers);
            let call = Call {
                app: &app,
                // A HEAD is a GET whose answer has no body.
                method: if is_head { &Method::GET } else { &parts.method },
                headers: &parts.headers,
                pairs: query_pairs(parts.uri.query()),
                body,
                url: format!("{server}{}", parts.uri.path_and_query().map_or("", |path| path.as_str())),
                base: format!("{server}{PREFIX}/v3"),
                server,
            };
            call.answer(&segments(parts.uri.path(), PREFIX)).await
        }
        Err(Unread::TooLarge) => Err(IdentityError::TooLarge { most: MOST_BODY }),
        Err(Unread::TooSlow) => Err(IdentityError::TooSlow),
    };
    let mut response = answer.unwrap_or_else(|error| refusal(&parts.headers, &error));
    response.headers_mut().insert(VARY, HeaderValue::from_static("X-Auth-Token"));
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A refusal of the Identity API. A failure of ours is logged here, once, with its whole chain.
fn refusal(headers: &HeaderMap, error: &IdentityError) -> Response {
    if let IdentityError::Internal(cause) = error {
        tracing::error!(error = cause.as_ref() as &dyn Error, "request failed");
    }
    let status = StatusCode::from_u16(error.status().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = (status, Json(error.body())).into_response();
    if status == StatusCode::UNAUTHORIZED { challenged(headers, response) } else { response }
}

/// A request.
struct Call<'a> {
    app: &'a App,
    method: &'a Method,
    headers: &'a HeaderMap,
    pairs: Vec<(String, String)>,
    body: Bytes,
    /// As the client wrote it, as far as that can be told.
    url: String,
    /// Of the API, with its version.
    base: String,
    /// Of the server.
    server: String,
}

type Answer = Result<Response, IdentityError>;

impl Call<'_> {
    async fn answer(&self, path: &[String]) -> Answer {
        let mut texts = path.iter().chain(self.pairs.iter().flat_map(|(key, value)| [key, value]));
        // No database keeps a NUL, so nothing has one in its name.
        if texts.any(|text| text.contains('\0')) {
            return Err(IdentityError::PathNotFound);
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let [version, path @ ..] = path.as_slice() else { return self.versions() };
        if *version != "v3" {
            return Err(IdentityError::PathNotFound);
        }
        match path {
            [] => self.only_get(ok(json!({"version": wire::version(&self.base)}))),
            ["auth", "tokens"] => self.tokens().await,
            ["auth", what] => self.about_bearer(what).await,
            ["projects", project, "users", user, "roles", rest @ ..] => {
                self.grants((project, user), rest).await
            }
            ["projects", rest @ ..] => self.projects(rest).await,
            ["users", rest @ ..] => self.users(rest).await,
            ["roles", rest @ ..] => self.roles(rest).await,
            ["domains", rest @ ..] => self.domains(rest).await,
            ["regions", rest @ ..] => self.regions(rest).await,
            ["role_assignments"] => self.role_assignments().await,
            _ => Err(IdentityError::PathNotFound),
        }
    }

    /// The root, where a client chooses a version.
    fn versions(&self) -> Answer {
        let location = [(LOCATION, format!("{}/", self.base))];
        let body = json!({"versions": {"values": [wire::version(&self.base)]}});
        self.only_get(Ok((StatusCode::MULTIPLE_CHOICES, location, Json(body)).into_response()))
    }

    async fn tokens(&self) -> Answer {
        let base = self.pairs.iter().all(|(key, _)| key != "nocatalog").then_some(self.server.as_str());
        match self.method.as_str() {
            "POST" => {
                let (text, bearer) = token::issue(self.app, AuthRequest::parse(&self.body)?).await?;
                let body = json!({"token": token::view(self.app, &bearer, base)});
                let subject = [(SUBJECT_TOKEN, text.expose())];
                Ok((StatusCode::CREATED, subject, Json(body)).into_response())
            }
            "GET" => {
                let subject = self.token(SUBJECT_TOKEN);
                let found = token::validate(self.app, &*self.bearer().await?, subject.as_ref()).await?;
                let body = json!({"token": token::view(self.app, &found, base)});
                let subject = subject.as_ref().map(|text| [(SUBJECT_TOKEN, text.expose())]);
                Ok((subject, Json(body)).into_response())
            }
            "DELETE" => {
                let subject = self.token(SUBJECT_TOKEN);
                token::revoke(self.app, &*self.bearer().await?, subject.as_ref()).await?;
                no_content()
            }
            _ => Err(IdentityError::MethodNotAllowed),
        }
    }

    /// What a token's bearer can choose from.
    async fn about_bearer(&self, what: &str) -> Answer {
        if !["projects", "catalog", "domains", "system"].contains(&what) {
            return Err(IdentityError::PathNotFound);
        }
        if self.method != Method::GET {
            return Err(IdentityError::MethodNotAllowed);
        }
        let (app, bearer) = (self.app, self.bearer().await?);
        match what {
            "projects" => self.project_list(project::list_own(app, &bearer).await?),
            "catalog" => {
                let services = catalog::show(&bearer, &self.server, &app.config().region)?;
                ok(json!({"catalog": services, "links": {"self": self.url}}))
            }
            // Nobody has a role in a domain or in the system.
            none => self.list(none, [(); 0]),
        }
    }

    async fn projects(&self, rest: &[&str]) -> Answer {
        let one = |project| ok(json!({"project": wire::project::View::new(project, &self.base)}));
        let app = self.app;
        match (self.method.as_str(), rest) {
            ("GET", []) => self.project_list(project::list(app, &*self.bearer().await?, &self.pairs).await?),
            ("POST", []) => {
                let project = project::create(app, &*self.bearer().await?, &self.body).await?;
                created(one(project)?)
            }
            ("GET", [id]) => one(project::show(app, &*self.bearer().await?, id).await?),
            ("PATCH", [id]) => one(project::update(app, &*self.bearer().await?, id, &self.body).await?),
            ("DELETE", [id]) => {
                project::delete(app, &*self.bearer().await?, id).await?;
                no_content()
            }
            (_, [] | [_]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    fn project_list(&self, projects: Vec<adit_model::identity::Project>) -> Answer {
        let view = |project| wire::project::View::new(project, &self.base);
        self.list("projects", projects.into_iter().map(view).collect::<Vec<_>>())
    }

    async fn users(&self, rest: &[&str]) -> Answer {
        let view = |user| wire::user::View::new(user, &self.base);
        let one = |user| ok(json!({"user": view(user)}));
        let app = self.app;
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                let users = user::list(app, &*self.bearer().await?, &self.pairs).await?;
                self.list("users", users.into_iter().map(view).collect::<Vec<_>>())
            }
            ("POST", []) => created(one(user::create(app, &*self.bearer().await?, &self.body).await?)?),
            ("GET", [id]) => one(user::show(app, &*self.bearer().await?, id).await?),
            ("PATCH", [id]) => one(user::update(app, &*self.bearer().await?, id, &self.body).await?),
            ("DELETE", [id]) => {
                user::delete(app, &*self.bearer().await?, id).await?;
                no_content()
            }
            ("GET", [id, "projects"]) => {
                let bearer = self.bearer().await?;
                self.project_list(project::list_of_user(app, &bearer, id, &self.pairs).await?)
            }
            ("POST", [id, "password"]) => {
                user::change_password(app, &*self.bearer().await?, id, &self.body).await?;
                no_content()
            }
            (_, [] | [_] | [_, "projects" | "password"]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    async fn grants(&self, (project, user): (&str, &str), rest: &[&str]) -> Answer {
        let app = self.app;
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                let bearer = self.bearer().await?;
                self.role_list(role_assignment::roles(app, &bearer, (project, user)).await?)
            }
            ("PUT", [role]) => {
                role_assignment::grant(app, &*self.bearer().await?, (project, user, role)).await?;
                no_content()
            }
            ("GET", [role]) => {
                role_assignment::check(app, &*self.bearer().await?, (project, user, role)).await?;
                no_content()
            }
            ("DELETE", [role]) => {
                role_assignment::revoke(app, &*self.bearer().await?, (project, user, role)).await?;
                no_content()
            }
            (_, [] | [_]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    async fn roles(&self, rest: &[&str]) -> Answer {
        match (self.method.as_str(), rest) {
            ("GET", []) => self.role_list(role::list(self.app, &*self.bearer().await?, &self.pairs).await?),
            ("GET", [id]) => {
                let role = role::show(self.app, &*self.bearer().await?, id).await?;
                ok(json!({"role": wire::role::View::new(role, &self.base)}))
            }
            (_, [] | [_]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    fn role_list(&self, roles: Vec<adit_model::identity::Role>) -> Answer {
        let view = |role| wire::role::View::new(role, &self.base);
        self.list("roles", roles.into_iter().map(view).collect::<Vec<_>>())
    }

    async fn role_assignments(&self) -> Answer {
        if self.method != Method::GET {
            return Err(IdentityError::MethodNotAllowed);
        }
        let bearer = self.bearer().await?;
        let assignments = role_assignment::list(self.app, &bearer, &self.pairs, &self.base).await?;
        self.list("role_assignments", assignments)
    }

    async fn domains(&self, rest: &[&str]) -> Answer {
        let view = |domain| wire::domain::View::new(domain, &self.base);
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                let domains = domain::list(self.app, &*self.bearer().await?, &self.pairs).await?;
                self.list("domains", domains.into_iter().map(view).collect::<Vec<_>>())
            }
            ("GET", [id]) => {
                let domain = domain::show(self.app, &*self.bearer().await?, id).await?;
                ok(json!({"domain": view(domain)}))
            }
            (_, [] | [_]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    async fn regions(&self, rest: &[&str]) -> Answer {
        let view = |region| wire::region::View::new(region, &self.base);
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                self.bearer().await?;
                self.list("regions", region::list(self.app).map(view))
            }
            ("GET", [id]) => {
                self.bearer().await?;
                ok(json!({"region": view(region::show(self.app, id)?)}))
            }
            (_, [] | [_]) => Err(IdentityError::MethodNotAllowed),
            _ => Err(IdentityError::PathNotFound),
        }
    }

    /// Whoever sent the request.
    async fn bearer(&self) -> Result<Arc<Bearer>, IdentityError> {
        let token = self.token("x-auth-token").ok_or(IdentityError::Unauthorized)?;
        let bearer = token::bearer(self.app, &token).await.map_err(IdentityError::from_store)?;
        bearer.ok_or(IdentityError::Unauthorized)
    }

    fn token(&self, header: &str) -> Option<BearerToken> {
        Some(BearerToken::new(self.headers.get(header)?.to_str().ok()?))
    }

    fn list(&self, plural: &str, objects: impl Serialize) -> Answer {
        ok(wire::list(plural, objects, &self.url))
    }

    fn only_get(&self, answer: Answer) -> Answer {
        if self.method == Method::GET { answer } else { Err(IdentityError::MethodNotAllowed) }
    }
}

fn ok(body: serde_json::Value) -> Answer {
    Ok(Json(body).into_response())
}

fn created(mut response: Response) -> Answer {
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}
