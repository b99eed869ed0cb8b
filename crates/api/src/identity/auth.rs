//! `POST /v3/auth/tokens`: who somebody says to be, and for what the token is to be valid.

use adit_model::identity::{ApplicationCredentialId, Password};
use adit_model::{DomainId, ProjectId, UserId};
use serde_json::Value;

use super::IdentityError;
use super::fields::{Fields, parse};

/// The ways to authenticate.
pub const METHODS: &[&str] = &["password", "token", "application_credential"];

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
    /// With the secret of an application credential, which has a scope of its own.
    ApplicationCredential {
        /// Which one.
        credential: CredentialRef,
        /// The secret.
        secret: Password,
    },
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

/// An application credential, named by a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialRef {
    /// By id.
    Id(ApplicationCredentialId),
    /// By name.
    Name(String, UserRef),
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
    /// For a domain.
    Domain(DomainRef),
    /// For the whole deployment.
    System,
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
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::UnsupportedMethod`],
    /// [`IdentityError::ScopeOfApplicationCredential`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let auth = Fields::of_body(&body).object("auth")?;
        let identity = auth.object("identity")?;
        let methods = identity.texts("methods")?.ok_or_else(|| identity.expecting("methods"))?;
        let method = match methods.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["password"] => password(identity.object("password")?)?,
            ["token"] => token(identity.object("token")?)?,
            ["application_credential"] => {
                let method = application_credential(identity.object("application_credential")?)?;
                return match body["auth"].get("scope") {
                    None | Some(Value::Null) => Ok(Self { method, scope: Scope::Absent }),
                    Some(_) => Err(IdentityError::ScopeOfApplicationCredential),
                };
            }
            [] => return Err(identity.expecting("methods")),
            [..] => return Err(IdentityError::UnsupportedMethod { known: METHODS }),
        };
        Ok(Self { method, scope: scope(auth, body["auth"].get("scope"))? })
    }
}

fn password(fields: Fields<'_>) -> Result<Method, IdentityError> {
    let fields = fields.object("user")?;
    let password = fields.text("password")?.ok_or_else(|| fields.expecting("password"))?;
    Ok(Method::Password { user: user(fields)?, password: Password::new(password) })
}

fn user(fields: Fields<'_>) -> Result<UserRef, IdentityError> {
    if let Some(id) = fields.text("id")? {
        return Ok(UserRef::Id(UserId::new(id)));
    }
    let (name, domain) = name_and_domain(fields)?;
    Ok(UserRef::Name(name, domain))
}

fn application_credential(fields: Fields<'_>) -> Result<Method, IdentityError> {
    let secret = fields.text("secret")?.ok_or_else(|| fields.expecting("secret"))?;
    let credential = match (fields.text("id")?, fields.text("name")?) {
        (Some(id), _) => CredentialRef::Id(ApplicationCredentialId::new(id)),
        (None, Some(name)) => CredentialRef::Name(name.to_owned(), user(fields.object("user")?)?),
        (None, None) => return Err(fields.expecting("id or name")),
    };
    Ok(Method::ApplicationCredential { credential, secret: Password::new(secret) })
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
    if let Some(fields) = scope.optional_object("domain")? {
        return Ok(Scope::Domain(domain(fields)?));
    }
    if let Some(system) = scope.optional_object("system")? {
        return match system.flag("all")? {
            Some(true) => Ok(Scope::System),
            Some(false) | None => Err(system.expecting("all")),
        };
    }
    Err(scope.expecting("project, domain or system"))
}

fn name_and_domain(fields: Fields<'_>) -> Result<(String, DomainRef), IdentityError> {
    let name = fields.text("name")?.ok_or_else(|| fields.expecting("id or name"))?;
    Ok((name.to_owned(), domain(fields.object("domain")?)?))
}

fn domain(fields: Fields<'_>) -> Result<DomainRef, IdentityError> {
    match (fields.text("id")?, fields.text("name")?) {
        (Some(id), _) => Ok(DomainRef::Id(DomainId::new(id))),
        (None, Some(name)) => Ok(DomainRef::Name(name.to_owned())),
        (None, None) => Err(fields.expecting("id or name")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scope_is_named_in_one_of_these_ways() {
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
            (json!({"system": {"all": true}}), Scope::System),
            (json!({"domain": {"id": "default"}}), Scope::Domain(DomainRef::Id(DomainId::new("default")))),
        ] {
            let identity = json!({"methods": ["token"], "token": {"id": "t"}});
            let body = json!({"auth": {"identity": identity, "scope": scope}}).to_string();
            assert_eq!(AuthRequest::parse(body.as_bytes()).unwrap().scope, want, "{scope}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let password = |user| json!({"auth": {"identity": {"methods": ["password"], "password": user}}});
        let credential = |fields: Value| {
            let identity = json!({"methods": ["application_credential"], "application_credential": fields});
            json!({"auth": {"identity": identity}})
        };
        let scoped = |scope: Value| {
            let identity = json!({"methods": ["token"], "token": {"id": "t"}});
            json!({"auth": {"identity": identity, "scope": scope}})
        };
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
                json!({"auth": {"identity": {"methods": ["application_credential"]}}}),
                "Expecting to find application_credential in identity. ",
            ),
            (credential(json!({"id": "a"})), "Expecting to find secret in application_credential. "),
            (credential(json!({"secret": "s"})), "Expecting to find id or name in application_credential. "),
            (
                credential(json!({"name": "a", "secret": "s"})),
                "Expecting to find user in application_credential. ",
            ),
            (scoped(json!({})), "Expecting to find project, domain or system in scope. "),
            (scoped(json!({"system": {}})), "Expecting to find all in system. "),
            (scoped(json!({"domain": {}})), "Expecting to find id or name in domain. "),
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
