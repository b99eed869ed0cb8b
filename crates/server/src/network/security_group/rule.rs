//! Rules of security groups.

use adit_api::network::security_group_rule::{Create, SCHEMA, Update, View};
use adit_api::{ApiError, Schema};
use adit_model::security_group::{Remote, SecurityGroup, SecurityGroupRule, Traffic};
use adit_model::{ProjectId, SecurityGroupId, SecurityGroupRuleId};
use adit_store::Stored;
use uuid::Uuid;

use super::{SecurityGroups, defaults_among, rules_of};
use crate::network::standard;
use crate::quota;
use crate::resource::{self, Context, FromStore, Resource};

pub(crate) struct SecurityGroupRules;

impl Resource for SecurityGroupRules {
    type Record = SecurityGroupRule;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::SecurityGroupRuleNotFound { id: id.to_owned() }
    }

    fn owner(rule: &SecurityGroupRule) -> &ProjectId {
        &rule.project_id
    }

    /// A rule's group, which is always the same, comes before it: rules go with their group.
    async fn lock_first(cx: Context<'_>, id: &str, _: Option<&Update>) -> Result<(), ApiError> {
        let rule = cx.session.table::<SecurityGroupRule>().find(id).await.map_err(ApiError::from_store)?;
        match rule {
            Some(rule) => {
                let groups = cx.session.table::<SecurityGroup>();
                groups.hold(rule.security_group_id).await.map_err(ApiError::from_store)
            }
            None => Ok(()),
        }
    }

    async fn permit_create(cx: Context<'_>, create: &Create) -> Result<(), ApiError> {
        let group = resource::find::<SecurityGroups>(cx, &create.security_group_id).await?;
        cx.caller.require_change(&group.project_id, "create", SCHEMA.rule)
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<SecurityGroupRule>, ApiError> {
        let mut traffic = create.traffic()?;
        if let Some(remote) = &create.remote_group_id {
            traffic.remote = Remote::Group(resource::find::<SecurityGroups>(cx, remote).await?.id);
        }
        if let Some(id) = create.remote_address_group_id {
            return Err(ApiError::AddressGroupNotFound { id });
        }
        hold_quota_of_group(cx, &create).await?;
        // One after the other, so that none of two equal rules misses the other one.
        let group = resource::lock::<SecurityGroups>(cx, &create.security_group_id).await?;
        cx.caller.require_change(&group.project_id, "create", SCHEMA.rule)?;
        refuse_second(cx, group.id, &traffic).await?;
        if group.project_id != create.project_id {
            quota::admit::<Self>(cx, &group.project_id, 1).await?;
        }
        let rule = SecurityGroupRule {
            id: SecurityGroupRuleId::new(Uuid::new_v4()),
            // Whoever adds it: it comes and goes with the group.
            project_id: group.project_id.clone(),
            security_group_id: group.id,
            description: create.description,
            traffic,
        };
        let rule = cx.session.table().insert(rule).await.map_err(ApiError::from_store)?;
        revise(cx, group).await?;
        Ok(rule)
    }

    async fn update(
        _: Context<'_>,
        rule: Stored<SecurityGroupRule>,
        _: Update,
    ) -> Result<Stored<SecurityGroupRule>, ApiError> {
        Ok(rule)
    }

    async fn delete(cx: Context<'_>, rule: Stored<SecurityGroupRule>) -> Result<(), ApiError> {
        cx.session.table::<SecurityGroupRule>().delete(rule.id).await.map_err(ApiError::from_store)?;
        let group = resource::lock::<SecurityGroups>(cx, &rule.security_group_id.to_string()).await?;
        revise(cx, group).await
    }

    async fn views(cx: Context<'_>, rules: Vec<Stored<SecurityGroupRule>>) -> Result<Vec<View>, ApiError> {
        let defaults = defaults_among(cx, rules.iter().map(|rule| rule.security_group_id)).await?;
        let view = |rule: Stored<SecurityGroupRule>| {
            let standard = standard(&rule);
            let is_of_default = defaults.contains(&rule.security_group_id);
            View::new(rule.record, is_of_default, standard)
        };
        Ok(rules.into_iter().map(view).collect())
    }
}

/// Quotas come before groups in the order of locks: also that of the group's project, when an administrator adds the rule.
async fn hold_quota_of_group(cx: Context<'_>, create: &Create) -> Result<(), ApiError> {
    if cx.session.writes_alone() {
        return Ok(());
    }
    let group = resource::find::<SecurityGroups>(cx, &create.security_group_id).await?;
    quota::hold::<SecurityGroupRules>(cx, &group.project_id).await
}

async fn refuse_second(cx: Context<'_>, group: SecurityGroupId, traffic: &Traffic) -> Result<(), ApiError> {
    let rules = rules_of(cx, std::iter::once(group)).await?;
    match rules.iter().find(|rule| rule.traffic.is_same(traffic)) {
        Some(rule) => Err(ApiError::SecurityGroupRuleExists { id: rule.id.to_string() }),
        None => Ok(()),
    }
}

/// A group with other rules is a new revision of it.
async fn revise(cx: Context<'_>, mut group: Stored<SecurityGroup>) -> Result<(), ApiError> {
    cx.session.table().update(&mut group).await.map_err(ApiError::from_store)
}
