//! Application credentials: `/v3/users/{user_id}/application_credentials`.

use adit_model::identity::{ApplicationCredentialId, Password, Role};
use adit_model::{ProjectId, RoleId, UserId};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::Serialize;

use super::access_rule::{self, AccessRuleRef};
use super::fields::{Fields, parse};
use super::{IdentityError, Links, role};

/// Longest name, in characters.
const MOST_NAME: usize = 255;

/// A checked POST.
#[derive(Debug)]
pub struct Create {
    /// The name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `None` for one that the server makes.
    pub secret: Option<Password>,
    /// Empty for all roles of the token by which it is made.
    pub roles: Vec<RoleRef>,
    /// What alone its tokens are to be good for; empty for everything.
    pub access_rules: Vec<AccessRuleRef>,
    /// Whether its tokens may make others.
    pub unrestricted: bool,
    /// `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// A role, named by a client.
#[derive(Debug)]
pub enum RoleRef {
    /// By id.
    Id(RoleId),
    /// By name.
    Name(String),
}

impl Create {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`IdentityError::Expecting`], [`IdentityError::Invalid`].
    pub fn parse(body: &[u8]) -> Result<Self, IdentityError> {
        let body = parse(body)?;
        let fields = Fields::enveloped(&body, "application_credential")?;
        let role = |role: Fields<'_>| match (role.text("id")?, role.text("name")?) {
            (Some(id), _) => Ok(RoleRef::Id(RoleId::new(id))),
            (None, Some(name)) => Ok(RoleRef::Name(name.to_owned())),
            (None, None) => Err(role.expecting("id or name")),
        };
        let secret = fields.nullable_text("secret")?.flatten();
        if secret.as_ref().is_some_and(String::is_empty) {
            return Err(fields.invalid("secret", |value| format!("{value} should be non-empty")));
        }
        Ok(Self {
            name: fields.name(MOST_NAME)?,
            description: fields.nullable_text("description")?.flatten(),
            secret: secret.map(Password::new),
            roles: fields.objects("roles")?.into_iter().map(role).collect::<Result<_, _>>()?,
            access_rules: access_rule::parse(fields)?,
            unrestricted: fields.nullable_flag("unrestricted")?.unwrap_or(false),
            expires_at: expiry(fields)?,
        })
    }
}

/// With a zone, or in UTC without one.
fn expiry(fields: Fields<'_>) -> Result<Option<Timestamp>, IdentityError> {
    let Some(text) = fields.nullable_text("expires_at")?.flatten() else { return Ok(None) };
    let civil = || text.parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC));
    let time = text.parse::<Timestamp>().or_else(|_| civil().map(|time| time.timestamp()));
    // Never later than asked.
    let whole = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Trunc);
    let time = time.and_then(|time| time.round(whole));
    time.map(Some).map_err(|_| fields.invalid("expires_at", |value| format!("{value} is not a 'date-time'")))
}

/// What an answer tells.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `View`")]
pub struct Shown {
    pub id: ApplicationCredentialId,
    pub name: String,
    pub description: Option<String>,
    pub user_id: UserId,
    pub project_id: ProjectId,
    pub roles: Vec<Role>,
    pub access_rules: Vec<access_rule::Shown>,
    pub unrestricted: bool,
    pub expires_at: Option<Timestamp>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "names that clients expect")]
pub struct View {
    pub id: ApplicationCredentialId,
    pub name: String,
    pub description: Option<String>,
    pub user_id: UserId,
    pub project_id: ProjectId,
    pub system: Option<String>,
    pub roles: Vec<role::View>,
    /// Absent when it is good for everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_rules: Vec<access_rule::Shown>,
    pub unrestricted: bool,
    /// In UTC, with microseconds and without a zone: some clients can read nothing else.
    pub expires_at: Option<String>,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub links: Links,
}

impl View {
    /// An application credential as clients see it. `base` is the API's own URL.
    pub fn new(shown: Shown, base: &str) -> Self {
        let Shown {
            id,
            name,
            description,
            user_id,
            project_id,
            roles,
            access_rules,
            unrestricted,
            expires_at,
        } = shown;
        let links = Links::to(base, format_args!("users/{user_id}/application_credentials/{id}"));
        Self {
            id,
            name,
            description,
            user_id,
            project_id,
            system: None,
            roles: roles.into_iter().map(|role| role::View::new(role, base)).collect(),
            access_rules,
            unrestricted,
            expires_at: expires_at.map(|time| time.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()),
            secret: None,
            links,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Create;

    #[test]
    fn an_expiry_is_in_utc_unless_it_has_a_zone() {
        for (input, want) in [
            ("2030-01-02T03:04:05", Some("2030-01-02T03:04:05Z")),
            ("2030-01-02T03:04:05.123456", Some("2030-01-02T03:04:05.123456Z")),
            ("2030-01-02T03:04:05.1234567", Some("2030-01-02T03:04:05.123456Z")),
            ("2030-01-02 03:04:05", Some("2030-01-02T03:04:05Z")),
            ("2030-01-02T03:04:05Z", Some("2030-01-02T03:04:05Z")),
            ("2030-01-02T03:04:05+02:00", Some("2030-01-02T01:04:05Z")),
            ("2030-13-02T03:04:05", None),
            ("tomorrow", None),
        ] {
            let body = json!({"application_credential": {"name": "a", "expires_at": input}}).to_string();
            let parsed = Create::parse(body.as_bytes()).map(|create| create.expires_at.unwrap().to_string());
            assert_eq!(parsed.ok().as_deref(), want, "{input}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_the_secret() {
        for (fields, want) in [
            (
                json!({"secret": "hunter2"}),
                "Invalid input for field/attribute application_credential. Value: {'secret': '***'}. 'name' is a required property",
            ),
            (
                json!({"name": "a", "access_rules": [{"path": "/"}]}),
                "Invalid input for field/attribute access_rules. Value: {'path': '/'}. 'service' is a required property",
            ),
            (
                json!({"name": "a", "access_rules": [{"service": "network", "method": "get", "path": "/"}]}),
                "Invalid input for field/attribute method. Value: 'get'. 'get' is not one of ['POST', 'GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']",
            ),
            (
                json!({"name": "a", "access_rules": [{"service": "network", "method": "GET", "path": "v2.0"}]}),
                "Invalid input for field/attribute path. Value: 'v2.0'. 'v2.0' does not match '^\\/.*'",
            ),
            (
                json!({"name": "a", "roles": ["member"]}),
                "Invalid input for field/attribute roles. Value: ['member']. 'member' is not of type 'object'",
            ),
            (
                json!({"name": "a", "roles": [{}]}),
                "Expecting to find id or name in roles. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.",
            ),
        ] {
            let body = json!({"application_credential": fields}).to_string();
            assert_eq!(Create::parse(body.as_bytes()).unwrap_err().to_string(), want, "{body}");
        }
    }
}
