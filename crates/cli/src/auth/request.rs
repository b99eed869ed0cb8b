//! The body of `POST /v3/auth/tokens`: how somebody proves who it is, and what the token is to be good for.

use serde_json::{Map, Value, json};

use super::Access;
use super::options::Setting;
use crate::error::{Error, Result};

/// The body that asks for a token.
pub(crate) fn body(access: &Access) -> Result<Value> {
    if let Some(version) = access.get(Setting::IdentityApiVersion)
        && version.split('.').next() != Some("3")
    {
        return Err(Error::Usage(format!("version {version} of the Identity API is not spoken here, but 3")));
    }
    let (identity, is_scoped) = match how(access)? {
        How::Password => (json!({"methods": ["password"], "password": {"user": password(access)?}}), true),
        How::Token => {
            let token = access.need(Setting::Token)?;
            (json!({"methods": ["token"], "token": {"id": token}}), true)
        }
        How::ApplicationCredential => {
            let credential = application_credential(access)?;
            let identity =
                json!({"methods": ["application_credential"], "application_credential": credential});
            // The credential's own project is the scope.
            (identity, false)
        }
    };
    let mut auth = Map::new();
    auth.insert("identity".to_owned(), identity);
    if let Some(scope) = scope(access).filter(|_| is_scoped) {
        auth.insert("scope".to_owned(), scope);
    }
    Ok(json!({"auth": auth}))
}

enum How {
    Password,
    Token,
    ApplicationCredential,
}

fn how(access: &Access) -> Result<How> {
    match access.get(Setting::AuthType) {
        Some("password" | "v3password") => Ok(How::Password),
        Some("token" | "v3token") => Ok(How::Token),
        Some("v3applicationcredential") => Ok(How::ApplicationCredential),
        Some(other) => Err(Error::Usage(format!(
            "the authentication type `{other}` is not known here, but `password`, `token` and `v3applicationcredential`"
        ))),
        // Nobody said: what is there tells.
        None if access.has(Setting::Password) => Ok(How::Password),
        None if access.has(Setting::ApplicationCredentialSecret) => Ok(How::ApplicationCredential),
        None if access.has(Setting::Token) => Ok(How::Token),
        None => Ok(How::Password),
    }
}

fn password(access: &Access) -> Result<Value> {
    let mut user = user(access)?;
    user.insert("password".to_owned(), access.need(Setting::Password)?.into());
    Ok(user.into())
}

fn user(access: &Access) -> Result<Map<String, Value>> {
    let mut user = Map::new();
    if let Some(id) = access.get(Setting::UserId) {
        user.insert("id".to_owned(), id.into());
    } else {
        user.insert("name".to_owned(), access.need(Setting::Username)?.into());
        let domain = domain(access, Setting::UserDomainId, Setting::UserDomainName);
        user.insert("domain".to_owned(), domain);
    }
    Ok(user)
}

fn application_credential(access: &Access) -> Result<Value> {
    let secret = access.need(Setting::ApplicationCredentialSecret)?;
    if let Some(id) = access.get(Setting::ApplicationCredentialId) {
        return Ok(json!({"id": id, "secret": secret}));
    }
    let name = access.get(Setting::ApplicationCredentialName);
    let name = name.map_or_else(|| access.need(Setting::ApplicationCredentialId), Ok)?;
    Ok(json!({"name": name, "secret": secret, "user": user(access)?}))
}

fn scope(access: &Access) -> Option<Value> {
    if let Some(id) = access.get(Setting::ProjectId) {
        return Some(json!({"project": {"id": id}}));
    }
    if let Some(name) = access.get(Setting::ProjectName) {
        let domain = domain(access, Setting::ProjectDomainId, Setting::ProjectDomainName);
        return Some(json!({"project": {"name": name, "domain": domain}}));
    }
    if access.get(Setting::SystemScope) == Some("all") {
        return Some(json!({"system": {"all": true}}));
    }
    let id = access.get(Setting::DomainId).map(|id| json!({"domain": {"id": id}}));
    id.or_else(|| access.get(Setting::DomainName).map(|name| json!({"domain": {"name": name}})))
}

/// A domain; the one called `Default` when nobody says which.
fn domain(access: &Access, id: Setting, name: Setting) -> Value {
    match (access.get(id), access.get(name)) {
        (Some(id), _) => json!({"id": id}),
        (None, name) => json!({"name": name.unwrap_or("Default")}),
    }
}
