//! Users: `/v3/users`.

use adit_model::identity::{Password, User};
use adit_model::{DomainId, ProjectId, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{Fields, parse};
use super::{IdentityError, Links};

/// Longest name, in characters.
const MOST_NAME: usize = 255;
/// Longest email address and id of a project, in characters.
const MOST_EMAIL: usize = 255;
const MOST_ID: usize = 36;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// The name.
    pub name: String,
    /// `None` is the caller's.
    pub domain_id: Option<DomainId>,
    /// Whether it can get tokens.
    pub enabled: bool,
    /// Without one, nobody can log in as this user.
    pub password: Option<Password>,
    /// The project of tokens that are asked for without a scope.
    pub default_project_id: Option<ProjectId>,
    /// For people.
    pub email: Option<String>,
    /// Free text.
    pub description: Option<String>,
}

/// A checked PATCH: what is to change, and what is to be taken away.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Create`")]
pub struct Update {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub password: Option<Option<Password>>,
    pub default_project_id: Option<Option<ProjectId>>,
    pub email: Option<Option<String>>,
    pub description: Option<Option<String>>,
}

/// `POST /v3/users/{id}/password`, by which users change their own.
#[derive(Debug)]
pub struct PasswordChange {
    /// The one so far.
    pub original: Password,
    /// The one from now on.
    pub new: Password,
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "user")?;
        fields.option(None)?;
        Ok(Self {
            name: fields.name(MOST_NAME)?,
            domain_id: fields.nullable_text("domain_id")?.flatten().map(DomainId::new),
            enabled: fields.flag("enabled")?.unwrap_or(true),
            password: password(fields)?.flatten(),
            default_project_id: fields
                .short_text("default_project_id", MOST_ID)?
                .flatten()
                .map(ProjectId::new),
            email: fields.short_text("email", MOST_EMAIL)?.flatten(),
            description: fields.nullable_text("description")?.flatten(),
        })
    }
}

impl Update {
    /// Reads the body of a request about a user.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`], [`IdentityError::Unacceptable`].
    pub fn parse(before: &User, body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "user")?;
        fields.unchanged("id", "User", before.id.as_str())?;
        fields.unchanged("domain_id", "Domain", before.domain_id.as_str())?;
        fields.option(None)?;
        let project = fields.short_text("default_project_id", MOST_ID)?;
        Ok(Self {
            name: fields.optional_name(MOST_NAME)?,
            enabled: fields.flag("enabled")?,
            password: password(fields)?,
            default_project_id: project.map(|project| project.map(ProjectId::new)),
            email: fields.short_text("email", MOST_EMAIL)?,
            description: fields.nullable_text("description")?,
        })
    }
}

impl PasswordChange {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "user")?;
        let required = |key| fields.text(key)?.map(Password::new).ok_or_else(|| fields.missing(key));
        Ok(Self { original: required("original_password")?, new: required("password")? })
    }
}

fn password(fields: Fields<'_>) -> Result<Option<Option<Password>>, IdentityError> {
    Ok(fields.nullable_text("password")?.map(|password| password.map(Password::new)))
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of the model, and constants that clients expect")]
pub struct View {
    pub id: UserId,
    pub name: String,
    pub domain_id: DomainId,
    pub enabled: bool,
    pub password_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_project_id: Option<ProjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub options: Map<String, Value>,
    pub links: Links,
}

impl View {
    /// A user as clients see it. `base` is the API's own URL.
    pub fn new(user: User, base: &str) -> Self {
        let User { id, domain_id, name, enabled, password_hash: _, default_project_id, email, description } =
            user;
        let links = Links::to(base, format_args!("users/{id}"));
        Self {
            id,
            name,
            domain_id,
            enabled,
            password_expires_at: None,
            default_project_id,
            email,
            description,
            options: Map::new(),
            links,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Create, PasswordChange};

    #[test]
    fn a_refusal_does_not_repeat_the_password() {
        for body in
            [r#"{"user": {"password": "hunter2"}}"#, r#"{"user": {"name": 5, "password": "hunter2"}}"#]
        {
            let error = Create::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = PasswordChange::parse(br#"{"user": {"password": "hunter2"}}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid input for field/attribute user. Value: {'password': '***'}. 'original_password' is a required property"
        );
    }
}
