//! Security groups. They are kept and shown, and not enforced.

mod rule;

use std::collections::{BTreeMap, BTreeSet};

use adit_api::network::security_group::{Create, SCHEMA, Update, View};
use adit_api::network::security_group_rule;
use adit_api::{ApiError, Schema};
use adit_model::security_group::{
    DEFAULT_NAME, Direction, EtherType, Remote, SecurityGroup, SecurityGroupRule, Traffic,
};
use adit_model::{Port, ProjectId, SecurityGroupId, SecurityGroupRuleId};
use adit_store::{Listing, Stored};
use uuid::Uuid;

pub(crate) use self::rule::SecurityGroupRules;
use super::standard;
use crate::App;
use crate::caller::Caller;
use crate::resource::{self, Context, FromStore, Resource, replace};

pub(crate) struct SecurityGroups;

impl Resource for SecurityGroups {
    type Record = SecurityGroup;
    type Create = Create;
    type Update = Update;
    type View = View;
    const SCHEMA: &'static Schema = &SCHEMA;

    fn not_found(id: &str) -> ApiError {
        ApiError::SecurityGroupNotFound { id: id.to_owned() }
    }

    fn owner(group: &SecurityGroup) -> &ProjectId {
        &group.project_id
    }

    /// Whoever looks at the groups of its project finds the default one.
    async fn prepare_list(app: &App, caller: &Caller) -> Result<(), ApiError> {
        if !caller.may_read() {
            return Ok(());
        }
        let session = app.store().read().await.map_err(ApiError::from_store)?;
        let found = session.table::<SecurityGroup>().default_of(&caller.project_id).await;
        if found.map_err(ApiError::from_store)?.is_some() {
            return Ok(());
        }
        drop(session);
        let session = app.store().write().await.map_err(ApiError::from_store)?;
        ensure_default(Context { session: &session, caller }, &caller.project_id).await?;
        resource::commit(app, session).await
    }

    async fn create(cx: Context<'_>, create: Create) -> Result<Stored<SecurityGroup>, ApiError> {
        let Create { project_id, name, description, stateful } = create;
        ensure_default(cx, &project_id).await?;
        let id = SecurityGroupId::new(Uuid::new_v4());
        let group = SecurityGroup { id, project_id, name, description, stateful, is_default: false };
        let group = cx.session.table().insert(group).await.map_err(ApiError::from_store)?;
        insert_rules(cx, &group, outgoing()).await?;
        Ok(group)
    }

    async fn update(
        cx: Context<'_>,
        mut group: Stored<SecurityGroup>,
        update: Update,
    ) -> Result<Stored<SecurityGroup>, ApiError> {
        let Update { name, description, stateful } = update;
        if group.is_default && name.is_some() {
            return Err(ApiError::SecurityGroupCannotUpdateDefault);
        }
        let before = group.record.clone();
        replace(&mut group.name, name);
        replace(&mut group.description, description);
        replace(&mut group.stateful, stateful);
        if group.stateful != before.stateful {
            refuse_in_use(cx, &group).await?;
        }
        if group.record != before {
            cx.session.table().update(&mut group).await.map_err(ApiError::from_store)?;
        }
        Ok(group)
    }

    /// Rules that name the group go with it, whosever they are.
    async fn delete(cx: Context<'_>, group: Stored<SecurityGroup>) -> Result<(), ApiError> {
        refuse_in_use(cx, &group).await?;
        if group.is_default && !cx.caller.is_admin() {
            return Err(ApiError::SecurityGroupCannotRemoveDefault);
        }
        cx.session.table::<SecurityGroup>().delete(group.id).await.map_err(ApiError::from_store)
    }

    async fn views(cx: Context<'_>, groups: Vec<Stored<SecurityGroup>>) -> Result<Vec<View>, ApiError> {
        let mut rules = BTreeMap::<SecurityGroupId, Vec<Stored<SecurityGroupRule>>>::new();
        for rule in rules_of(cx, groups.iter().map(|group| group.id)).await? {
            rules.entry(rule.security_group_id).or_default().push(rule);
        }
        let view = |group: Stored<SecurityGroup>| {
            let standard = standard(&group);
            let rules = rules.remove(&group.id).unwrap_or_default().into_iter().map(|rule| {
                let age = super::standard(&rule);
                security_group_rule::View::new(rule.record, group.is_default, age)
            });
            let rules = rules.collect();
            View::new(group.record, rules, standard)
        };
        groups.into_iter().map(view).collect()
    }
}

/// The group of a project for ports that name none. It is made when something of the project first needs it; nothing
/// belongs to the service itself.
///
/// # Errors
/// Those of the store.
pub(super) async fn ensure_default(
    cx: Context<'_>,
    project: &ProjectId,
) -> Result<Option<SecurityGroupId>, ApiError> {
    if project.as_str().is_empty() {
        return Ok(None);
    }
    let table = cx.session.table::<SecurityGroup>();
    if let Some(group) = table.default_of(project).await.map_err(ApiError::from_store)? {
        return Ok(Some(group.id));
    }
    let group = SecurityGroup {
        id: SecurityGroupId::new(Uuid::new_v4()),
        project_id: project.clone(),
        name: DEFAULT_NAME.to_owned(),
        description: "Default security group".to_owned(),
        stateful: true,
        is_default: true,
    };
    match table.insert_default(group).await.map_err(ApiError::from_store)? {
        Some(group) => {
            let from_itself = EtherType::ALL
                .iter()
                .map(|ethertype| Traffic::all(Direction::Ingress, *ethertype, Remote::Group(group.id)));
            insert_rules(cx, &group, outgoing().chain(from_itself)).await?;
            Ok(Some(group.id))
        }
        // Another server made it between our two looks.
        None => Ok(table.default_of(project).await.map_err(ApiError::from_store)?.map(|group| group.id)),
    }
}

/// The groups with these ids, of which each is named once, as far as the caller may see them.
///
/// # Errors
/// [`ApiError::SecurityGroupNotFound`].
pub(super) async fn find_all(cx: Context<'_>, ids: &[String]) -> Result<Vec<SecurityGroupId>, ApiError> {
    let mut found = Vec::new();
    for id in ids {
        // Nobody deletes it before this session ends.
        found.push(resource::share::<SecurityGroups>(cx, id).await?.id);
    }
    Ok(found)
}

/// What a group lets through to begin with: everything that its ports send.
fn outgoing() -> impl Iterator<Item = Traffic> {
    EtherType::ALL.iter().map(|ethertype| Traffic::all(Direction::Egress, *ethertype, Remote::Any))
}

async fn insert_rules(
    cx: Context<'_>,
    group: &SecurityGroup,
    rules: impl Iterator<Item = Traffic> + Send,
) -> Result<(), ApiError> {
    for traffic in rules {
        let rule = SecurityGroupRule {
            id: SecurityGroupRuleId::new(Uuid::new_v4()),
            project_id: group.project_id.clone(),
            security_group_id: group.id,
            description: String::new(),
            traffic,
        };
        cx.session.table().insert(rule).await.map_err(ApiError::from_store)?;
    }
    Ok(())
}

async fn refuse_in_use(cx: Context<'_>, group: &SecurityGroup) -> Result<(), ApiError> {
    let ports = cx.session.table::<Port>().count(&Listing::of("security_groups", group.id)).await;
    match ports.map_err(ApiError::from_store)? {
        0 => Ok(()),
        _ => Err(ApiError::SecurityGroupInUse { id: group.id.to_string() }),
    }
}

async fn rules_of(
    cx: Context<'_>,
    groups: impl Iterator<Item = SecurityGroupId> + Send,
) -> Result<Vec<Stored<SecurityGroupRule>>, ApiError> {
    let ids = groups.map(|id| id.to_string()).collect();
    let rules = cx.session.table::<SecurityGroupRule>();
    rules.list_among("security_group_id", ids, &Listing::default()).await.map_err(ApiError::from_store)
}

/// Those of these groups that are the default of their project.
async fn defaults_among(
    cx: Context<'_>,
    groups: impl Iterator<Item = SecurityGroupId> + Send,
) -> Result<BTreeSet<SecurityGroupId>, ApiError> {
    let ids = groups.map(|id| id.to_string()).collect();
    let groups = cx.session.table::<SecurityGroup>().find_all("id", ids).await;
    let groups = groups.map_err(ApiError::from_store)?;
    Ok(groups.iter().filter(|group| group.is_default).map(|group| group.id).collect())
}
