//! `quota`: how much of each kind a project may have.

use adit_api::view::encode;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use reqwest::Method;
use serde_json::{Value, json};

use crate::act::{Act, Doing};
use crate::error::Result;
use crate::grammar::arguments::flag;
use crate::grammar::draft::project;
use crate::names;
use crate::output::Report;
use crate::output::cell::Cell;
use crate::output::options::Shape;
use crate::session::{Object, Service, Session};

/// A kind of thing that is counted.
struct Counted {
    /// What the API calls it.
    key: &'static str,
    /// What `show` calls it.
    shown: &'static str,
    /// What `list` calls it; empty where it does not have it.
    head: &'static str,
    /// The option of `set`.
    option: &'static str,
    /// Several of them, in a sentence.
    many: &'static str,
}

const fn counted(
    key: &'static str,
    shown: &'static str,
    head: &'static str,
    option: &'static str,
    many: &'static str,
) -> Counted {
    Counted { key, shown, head, option, many }
}

const COUNTED: [Counted; 15] = [
    counted("ikepolicy", "ikepolicy", "", "ikepolicies", "IKE policies"),
    counted("ipsecpolicy", "ipsecpolicy", "", "ipsecpolicies", "IPsec policies"),
    counted("endpoint_group", "endpoint_group", "", "endpoint-groups", "endpoint groups"),
    counted("vpnservice", "vpnservice", "", "vpnservices", "VPN services"),
    counted(
        "ipsec_site_connection",
        "ipsec_site_connection",
        "",
        "ipsec-site-connections",
        "IPsec site connections",
    ),
    counted("floatingip", "floating_ips", "Floating IPs", "floating-ips", "floating IPs"),
    counted("network", "networks", "Networks", "networks", "networks"),
    counted("port", "ports", "Ports", "ports", "ports"),
    counted("rbac_policy", "rbac_policies", "RBAC Policies", "rbac-policies", "RBAC policies"),
    counted("router_route", "router_routes", "Router Routes", "router-routes", "router routes"),
    counted("router", "routers", "Routers", "routers", "routers"),
    counted("security_group", "security_groups", "Security Groups", "secgroups", "security groups"),
    counted(
        "security_group_rule",
        "security_group_rules",
        "Security Group Rules",
        "secgroup-rules",
        "security group rules",
    ),
    counted("subnet", "subnets", "Subnets", "subnets", "subnets"),
    counted("subnetpool", "subnet_pools", "Subnet Pools", "subnetpools", "subnet pools"),
];

/// The commands of quotas.
pub(crate) static QUOTAS: [Act; 4] = [
    Act {
        words: &["quota", "delete"],
        about: "Let a project have what all have",
        shape: None,
        arguments: |command| with_project(command, true).arg(of_network()),
        run: delete,
    },
    Act {
        words: &["quota", "list"],
        about: "List the projects that have quotas of their own",
        shape: Some(Shape::List),
        arguments: |command| command.arg(of_network()),
        run: list,
    },
    Act {
        words: &["quota", "set"],
        about: "Say how much a project may have",
        shape: None,
        arguments: with_limits,
        run: set,
    },
    Act {
        words: &["quota", "show"],
        about: "Show how much a project may have",
        shape: Some(Shape::List),
        arguments: |command| {
            with_project(command, false)
                .arg(of_network())
                .arg(
                    flag("default")
                        .conflicts_with("usage")
                        .help("What a project may have that nobody said anything of"),
                )
                .arg(flag("usage").help("How much of it is used as well"))
        },
        run: show,
    },
];

fn of_network() -> Arg {
    flag("network").help("Of the network service, as there are no others here")
}

fn with_project(command: Command, is_required: bool) -> Command {
    let help =
        if is_required { "Project (name or ID)" } else { "Project (name or ID); one's own when not given" };
    command.arg(Arg::new("project").required(is_required).value_name("PROJECT").help(help))
}

fn with_limits(command: Command) -> Command {
    let command =
        with_project(command, true).arg(flag("force").help("Set it even if more is used already")).arg(
            flag("check-limit")
                .conflicts_with("force")
                .help("Set it only if no more is used, as it is anyway"),
        );
    COUNTED.iter().fold(command, |command, counted| {
        let limit = Arg::new(counted.option).long(counted.option).value_name("LIMIT").action(ArgAction::Set);
        let help = format!("Most {}; -1 for no limit", counted.many);
        command.arg(limit.allow_negative_numbers(true).value_parser(value_parser!(i64)).help(help))
    })
}

/// The id of the project that a command names, or one's own.
async fn project_of(session: &Session, matches: &ArgMatches) -> Result<String> {
    match matches.get_one::<String>("project") {
        Some(name) => project(session, name, None).await,
        None => Ok(session.description["project"]["id"].as_str().unwrap_or_default().to_owned()),
    }
}

fn show<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let project = project_of(session, matches).await?;
        let usage = matches.get_flag("usage");
        let which = if matches.get_flag("default") {
            "/default"
        } else if usage {
            "/details"
        } else {
            ""
        };
        let path = format!("quotas/{}{which}", encode(&project));
        let mut body = session.get(Service::Network, &path).await?;
        let quota = crate::verbs::unwrapped(&mut body, "quota")?;
        let mut columns = vec!["Resource", "Limit"];
        if usage {
            columns.extend(["In Use", "Reserved"]);
        }
        Ok(Report::List {
            columns: columns.into_iter().map(str::to_owned).collect(),
            rows: rows(&quota, usage),
        })
    })
}

fn rows(quota: &Object, usage: bool) -> Vec<Vec<Cell>> {
    let known = |key: &str| COUNTED.iter().position(|counted| counted.key == key);
    let mut entries: Vec<(&String, &Value)> =
        quota.iter().filter(|(_, value)| value.is_number() || value.is_object()).collect();
    entries.sort_by_key(|(key, _)| known(key).unwrap_or(COUNTED.len()));
    let row = |(key, value): (&String, &Value)| {
        let name = known(key).map_or(key.as_str(), |at| COUNTED[at].shown);
        let of = |part: &str| Cell::plain(value[part].clone());
        let mut row = vec![Cell::plain(name), if usage { of("limit") } else { Cell::plain(value.clone()) }];
        if usage {
            row.extend([of("used"), of("reserved")]);
        }
        row
    };
    entries.into_iter().map(row).collect()
}

fn list<'a>(session: &'a Session, _: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let quotas = names::list_at(session, Service::Network, "quotas", "quotas", &[]).await?;
        let listed = || COUNTED.iter().filter(|counted| !counted.head.is_empty());
        let row = |quota: &Object| {
            let cell = |key: &str| Cell::plain(quota.get(key).cloned().unwrap_or_default());
            std::iter::once(cell("project_id")).chain(listed().map(|counted| cell(counted.key))).collect()
        };
        let heads = listed().map(|counted| counted.head.to_owned());
        Ok(Report::List {
            columns: std::iter::once("Project ID".to_owned()).chain(heads).collect(),
            rows: quotas.iter().map(row).collect(),
        })
    })
}

fn set<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let project = project_of(session, matches).await?;
        let mut quota = Object::new();
        for counted in &COUNTED {
            if let Some(limit) = matches.get_one::<i64>(counted.option) {
                quota.insert(counted.key.to_owned(), (*limit).into());
            }
        }
        if quota.is_empty() {
            return Ok(Report::Nothing);
        }
        let how = if matches.get_flag("force") { "force" } else { "check_limit" };
        quota.insert(how.to_owned(), true.into());
        let path = format!("quotas/{}", encode(&project));
        session.send(Service::Network, Method::PUT, &path, Some(&json!({"quota": quota}))).await?;
        Ok(Report::Nothing)
    })
}

fn delete<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let project = project_of(session, matches).await?;
        session.send(Service::Network, Method::DELETE, &format!("quotas/{}", encode(&project)), None).await?;
        Ok(Report::Nothing)
    })
}
