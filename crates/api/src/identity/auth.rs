//! `POST /v3/auth/tokens`: who somebody says to be, and for what the token is to be valid.

use adit_model::identity::Password;
use adit_model::{DomainId, ProjectId, UserId};
use serde_json::Value;

use super::IdentityError;
use super::fields::{Fields, parse};

/// The ways to authenticate.
pub const METHODS: &[&str] = &["password", "token"];

/// A request for a token.
#[derive(Debug)]
pub struct AuthRequest {
    /// Who is asking.
    pub method: Method,
    /// For what the token is to be valid.
    pub scope: Scope,
}

/// A way to authenticate.
#[derive(Debug)]
pub enum Method {
    /// With name and password.
    Password {
        /// Whose password.
        user: UserRef,
        /// The password.
        password: Password,
    },
    /// With a token that is still valid.
    Token(BearerToken),
}

/// The text that lets its bearer in. No `Display`; [`Self::expose`] is for looking it up.
#[derive(Clone)]
pub struct BearerToken(String);

/// A domain, named by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainRef {
    /// By id.
    Id(DomainId),
    /// By name.
    Name(String),
}

/// A user, named by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// By id.
    Id(UserId),
    /// By name.
    Name(String, DomainRef),
}

/// A project, named by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectRef {
    /// By id.
    Id(ProjectId),
    /// By name.
    Name(String, DomainRef),
}

/// For what a token is to be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing was said: the user's default project if it has one.
    Absent,
    /// For nothing but getting other tokens.
    Unscoped,
    /// For a project.
    Project(ProjectRef),
    /// For a domain or the system, where nobody has a role here.
    Elsewhere,
}

impl BearerToken {
    /// Takes a token as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token itself. It must reach no log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken(redacted)")
    }
}

impl AuthRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::UnsupportedMethod`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let auth = Fields::of_body(&body).object("auth")?;
        let identity = auth.object("identity")?;
        let methods = identity.texts("methods")?.ok_or_else(|| identity.expecting("methods"))?;
        let method = match methods.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["password"] => password(identity.object("password")?)?,
            ["token"] => token(identity.object("token")?)?,
            [] => return Err(identity.expecting("methods")),
            [..] => return Err(IdentityError::UnsupportedMethod { known: METHODS }),
        };
        Ok(Self { method, scope: scope(auth, body["auth"].get("scope"))? })
    }
}

fn password(fields: Fields<'_>) -> Result<Method, IdentityError> {
    let fields = fields.object("user")?;
    let password = fields.text("password")?.ok_or_else(|| fields.expecting("password"))?;
    let user = match fields.text("id")? {
        Some(id) => UserRef::Id(UserId::new(id)),
        None => {
            let (name, domain) = name_and_domain(fields)?;
            UserRef::Name(name, domain)
        }
    };
    Ok(Method::Password { user, password: Password::new(password) })
}

fn token(fields: Fields<'_>) -> Result<Method, IdentityError> {
    let id = fields.text("id")?.ok_or_else(|| fields.expecting("id"))?;
    Ok(Method::Token(BearerToken::new(id)))
}

fn scope(auth: Fields<'_>, scope: Option<&Value>) -> Result<Scope, IdentityError> {
    match scope {
        None | Some(Value::Null) => return Ok(Scope::Absent),
        Some(Value::String(text)) if text == "unscoped" => return Ok(Scope::Unscoped),
        Some(_) => {}
    }
    let scope = auth.object("scope")?;
    if scope.has("unscoped") {
        return Ok(Scope::Unscoped);
    }
    if let Some(project) = scope.optional_object("project")? {
        return Ok(Scope::Project(match project.text("id")? {
            Some(id) => ProjectRef::Id(ProjectId::new(id)),
            None => {
                let (name, domain) = name_and_domain(project)?;
                ProjectRef::Name(name, domain)
            }
        }));
    }
    if scope.has("domain") || scope.has("system") {
        return Ok(Scope::Elsewhere);
    }
    Err(scope.expecting("project"))
}

fn name_and_domain(fields: Fields<'_>) -> Result<(String, DomainRef), IdentityError> {
    let name = fields.text("name")?.ok_or_else(|| fields.expecting("id or name"))?;
    let domain = fields.object("domain")?;
    let domain = match (domain.text("id")?, domain.text("name")?) {
        (Some(id), _) => DomainRef::Id(DomainId::new(id)),
        (None, Some(name)) => DomainRef::Name(name.to_owned()),
        (None, None) => return Err(domain.expecting("id or name")),
    };
    Ok((name.to_owned(), domain))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scope_is_a_project_or_nothing() {
        let by_name = |domain| Scope::Project(ProjectRef::Name("demo".to_owned(), domain));
        for (scope, want) in [
            (json!(null), Scope::Absent),
            (json!("unscoped"), Scope::Unscoped),
            (json!({"unscoped": {}}), Scope::Unscoped),
            (json!({"project": {"id": "7"}}), Scope::Project(ProjectRef::Id(ProjectId::new("7")))),
            (
                json!({"project": {"name": "demo", "domain": {"id": "default"}}}),
                by_name(DomainRef::Id(DomainId::new("default"))),
            ),
            (
                json!({"project": {"name": "demo", "domain": {"name": "Default"}}}),
                by_name(DomainRef::Name("Default".to_owned())),
            ),
            (json!({"system": {"all": true}}), Scope::Elsewhere),
            (json!({"domain": {"id": "default"}}), Scope::Elsewhere),
        ] {
            let identity = json!({"methods": ["token"], "token": {"id": "t"}});
            let body = json!({"auth": {"identity": identity, "scope": scope}}).to_string();
            assert_eq!(AuthRequest::parse(body.as_bytes()).unwrap().scope, want, "{scope}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let password = |user| json!({"auth": {"identity": {"methods": ["password"], "password": user}}});
        for (body, want) in [
            (json!({}), "Expecting to find auth in request body. "),
            (json!([]), "Expecting to find valid JSON in request body. "),
            (json!({"auth": {}}), "Expecting to find identity in auth. "),
            (json!({"auth": {"identity": {}}}), "Expecting to find methods in identity. "),
            (json!({"auth": {"identity": {"methods": []}}}), "Expecting to find methods in identity. "),
            (
                json!({"auth": {"identity": {"methods": ["password"]}}}),
                "Expecting to find password in identity. ",
            ),
            (password(json!({})), "Expecting to find user in password. "),
            (password(json!({"user": {"name": "a"}})), "Expecting to find password in user. "),
            (password(json!({"user": {"password": "a"}})), "Expecting to find id or name in user. "),
            (password(json!({"user": {"name": "a", "password": "a"}})), "Expecting to find domain in user. "),
            (
                password(json!({"user": {"id": "a", "password": 12345}})),
                "Invalid input for field/attribute password. Value: '***'. '***' is not of type 'string'",
            ),
            (
                json!({"auth": {"identity": {"methods": ["totp"]}}}),
                "Attempted to authenticate with an unsupported method.",
            ),
            (
                json!({"auth": 5}),
                "Invalid input for field/attribute auth. Value: 5. 5 is not of type 'object'",
            ),
        ] {
            let error = AuthRequest::parse(body.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(want), "{body}: {error}");
        }
    }
}
