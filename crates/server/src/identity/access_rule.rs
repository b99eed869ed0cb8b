//! Access rules: what users have limited application credentials to. They stay when the credential goes, to be used for
//! another one.

use std::collections::BTreeMap;

use adit_api::identity::IdentityError;
use adit_api::identity::access_rule::{AccessRuleRef, Shown};
use adit_model::UserId;
use adit_model::identity::{AccessRule, AccessRuleId, RequestRule, User};
use adit_store::{ApplicationCredential, Error as StoreError, Listing, Session};
use uuid::Uuid;

use super::resource::find as find_one;
use super::{Bearer, commit};
use crate::App;
use crate::resource::FromStore;

/// What a list can be narrowed by.
pub(crate) const FILTERS: &[(&str, &str)] = &[("service", "service"), ("method", "method"), ("path", "path")];

/// `GET /v3/users/{user}/access_rules`, to be narrowed by what they allow.
pub(crate) async fn list(
    app: &App,
    bearer: &Bearer,
    user: &str,
    pairs: &[(String, String)],
) -> Result<Vec<AccessRule>, IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:list_access_rules")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    find_one::<User>(&session, user).await?;
    let mut wanted = Listing::of("user_id", user);
    for (name, column) in FILTERS {
        if let Some((_, value)) = pairs.iter().find(|(key, _)| key == name) {
            wanted = wanted.and(column, value);
        }
    }
    let found = session.table::<AccessRule>().list(&wanted).await.map_err(IdentityError::from_store)?;
    Ok(found.into_iter().map(|rule| rule.record).collect())
}

/// `GET /v3/users/{user}/access_rules/{id}`.
pub(crate) async fn show(
    app: &App,
    bearer: &Bearer,
    (user, id): (&str, &str),
) -> Result<AccessRule, IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:get_access_rule")?;
    let session = app.store().read().await.map_err(IdentityError::from_store)?;
    find_of(&session, user, id).await
}

/// `DELETE /v3/users/{user}/access_rules/{id}`, unless a credential would lose its limits by that.
pub(crate) async fn delete(
    app: &App,
    bearer: &Bearer,
    (user, id): (&str, &str),
) -> Result<(), IdentityError> {
    bearer.require_self(&UserId::new(user), "identity:delete_access_rule")?;
    bearer.require_unrestricted()?;
    let session = app.store().write().await.map_err(IdentityError::from_store)?;
    let rule = find_of(&session, user, id).await?;
    let theirs = session.table::<ApplicationCredential>().list(&Listing::of("user_id", user)).await;
    let theirs = theirs.map_err(IdentityError::from_store)?;
    if theirs.iter().any(|credential| credential.access_rule_ids.contains(&rule.id)) {
        return Err(IdentityError::forbidden("May not delete access rule in use"));
    }
    session.table::<AccessRule>().delete(id).await.map_err(IdentityError::from_store)?;
    commit(app, session).await
}

/// The rules that the user means, made as far as they are not there.
pub(super) async fn ensure(
    session: &Session,
    user: &UserId,
    wanted: Vec<AccessRuleRef>,
) -> Result<Vec<AccessRuleId>, IdentityError> {
    let mut ids = Vec::new();
    for wanted in wanted {
        let id = match wanted {
            AccessRuleRef::Id(id) => find_of(session, user.as_str(), id.as_str()).await?.id,
            AccessRuleRef::Rule(rule) => ensure_one(session, user, rule).await?,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

async fn ensure_one(
    session: &Session,
    user: &UserId,
    rule: RequestRule,
) -> Result<AccessRuleId, IdentityError> {
    let RequestRule { service, method, path } = &rule;
    let same = Listing::of("user_id", user).and("service", service).and("method", method).and("path", path);
    let table = session.table::<AccessRule>();
    if let Some(found) = table.list(&same).await.map_err(IdentityError::from_store)?.pop() {
        return Ok(found.record.id);
    }
    let rule = AccessRule { id: AccessRuleId::from(Uuid::new_v4()), user_id: user.clone(), rule };
    Ok(table.insert(rule).await.map_err(IdentityError::from_store)?.record.id)
}

/// The rules of a credential; `None` when one is missing, since nobody knows then what the others leave open.
pub(super) async fn of_credential(
    session: &Session,
    credential: &ApplicationCredential,
) -> Result<Option<Vec<Shown>>, StoreError> {
    Ok(of_credentials(session, std::slice::from_ref(credential)).await?.pop().flatten())
}

/// As [`of_credential`], of each.
pub(super) async fn of_credentials(
    session: &Session,
    credentials: &[ApplicationCredential],
) -> Result<Vec<Option<Vec<Shown>>>, StoreError> {
    let ids = credentials.iter().flat_map(|credential| &credential.access_rule_ids);
    let found = session.table::<AccessRule>().find_all("id", ids.map(ToString::to_string).collect()).await?;
    let found: BTreeMap<String, AccessRule> =
        found.into_iter().map(|rule| (rule.id.to_string(), rule.record)).collect();
    let rule = |id: &AccessRuleId| found.get(id.as_str()).cloned().map(Shown::from);
    Ok(credentials.iter().map(|credential| credential.access_rule_ids.iter().map(rule).collect()).collect())
}

async fn find_of(session: &Session, user: &str, id: &str) -> Result<AccessRule, IdentityError> {
    let found = session.table::<AccessRule>().find(id).await.map_err(IdentityError::from_store)?;
    let found = found.filter(|rule| rule.user_id.as_str() == user).map(|rule| rule.record);
    found.ok_or_else(|| IdentityError::NotFound { noun: "Access Rule", id: id.to_owned() })
}
