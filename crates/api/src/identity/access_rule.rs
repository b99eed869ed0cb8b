//! What a user has limited application credentials to: `/v3/users/{user_id}/access_rules`.

use adit_model::identity::{AccessRule, AccessRuleId, RequestRule};
use serde::Serialize;

use super::fields::Fields;
use super::{IdentityError, Links};

/// Longest type of a service and path, in characters.
const MOST: usize = 255;
/// Most rules of a credential: each request of its tokens is held against all of them.
const MOST_RULES: usize = 50;
/// The methods that a rule may name.
const METHODS: [&str; 6] = ["POST", "GET", "HEAD", "PATCH", "PUT", "DELETE"];

/// A rule, named by a client.
#[derive(Debug, PartialEq, Eq)]
pub enum AccessRuleRef {
    /// One that the user has already.
    Id(AccessRuleId),
    /// By what it allows.
    Rule(RequestRule),
}

/// The rules of a new application credential.
pub(super) fn parse(credential: Fields<'_>) -> Result<Vec<AccessRuleRef>, IdentityError> {
    let rules = credential.objects("access_rules")?;
    if rules.len() > MOST_RULES {
        return Err(credential.invalid("access_rules", |value| format!("{value} is too long")));
    }
    rules.into_iter().map(parse_one).collect()
}

fn parse_one(rule: Fields<'_>) -> Result<AccessRuleRef, IdentityError> {
    if let Some(id) = rule.text("id")? {
        return Ok(AccessRuleRef::Id(AccessRuleId::new(id)));
    }
    let word = |key| rule.optional_word(key, MOST)?.ok_or_else(|| rule.missing(key));
    let (service, method, path) = (word("service")?, word("method")?, word("path")?);
    if !METHODS.contains(&method.as_str()) {
        let reason = |value: &str| format!("{value} is not one of {METHODS:?}").replace('"', "'");
        return Err(rule.invalid("method", reason));
    }
    if !path.starts_with('/') {
        return Err(rule.invalid("path", |value| format!("{value} does not match '^\\/.*'")));
    }
    Ok(AccessRuleRef::Rule(RequestRule { service, method, path }))
}

/// A rule as application credentials and their tokens show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its identity.
    pub id: AccessRuleId,
    /// What it allows.
    #[serde(flatten)]
    pub rule: RequestRule,
}

/// An answer.
#[derive(Debug, Serialize)]
pub struct View {
    /// The rule.
    #[serde(flatten)]
    pub shown: Shown,
    /// Where it is told about.
    pub links: Links,
}

impl From<AccessRule> for Shown {
    fn from(rule: AccessRule) -> Self {
        let AccessRule { id, user_id: _, rule } = rule;
        Self { id, rule }
    }
}

impl View {
    /// A rule as clients see it. `base` is the API's own URL.
    pub fn new(rule: AccessRule, base: &str) -> Self {
        let links = Links::to(base, format_args!("users/{}/access_rules/{}", rule.user_id, rule.id));
        Self { shown: rule.into(), links }
    }
}
