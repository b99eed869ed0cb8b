//! The Networking API. Columns: nobody, a member of another project, a reader, a member, the administrator.

use serde_json::Value;

use super::{Line, Row};
use crate::common::kinds::{Access, KINDS, Kind, NETWORKING};

/// What all may see who are somebody.
const ALL: [u16; 5] = [401, 200, 200, 200, 200];
/// What only the project that it belongs to may see.
const SEE: [u16; 5] = [401, 404, 200, 200, 200];
/// What only members of the project that it belongs to may change.
const CHANGE: [u16; 5] = [401, 404, 403, 200, 200];
/// What only administrators may see.
const ADMIN: [u16; 5] = [401, 403, 403, 403, 200];

/// What is not a collection like all others.
const OTHERS: &[Line] = &[
    ("GET", "", "", ALL),
    ("GET", "extensions", "", ALL),
    ("GET", "extensions/{alias}", "", ALL),
    ("GET", "agents", "", [401, 200, 200, 200, 200]),
    ("GET", "agents/{agent_id}", "", [401, 404, 404, 404, 200]),
    ("GET", "availability_zones", "", ALL),
    ("GET", "service-providers", "", ALL),
    ("GET", "quotas", "", ADMIN),
    ("GET", "quotas/tenant", "", ALL),
    ("GET", "quotas/project", "", ALL),
    ("GET", "quotas/{project_id=demo project}", "", [401, 403, 200, 200, 200]),
    ("GET", "quotas/{project_id=demo project}/default", "", [401, 403, 200, 200, 200]),
    ("GET", "quotas/{project_id=demo project}/details", "", [401, 403, 200, 200, 200]),
    ("PUT", "quotas/{project_id=demo project}", r#"{"quota": {"network": 400}}"#, ADMIN),
    ("DELETE", "quotas/{project_id=demo project}", "", [401, 403, 403, 403, 204]),
    ("GET", "floatingip_pools", "", ALL),
    ("POST", "flavors/{flavor_id}/service_profiles", PROFILE, [401, 403, 403, 403, 201]),
    (
        "DELETE",
        "flavors/{flavor_id}/service_profiles/{profile_id=service_profile}",
        "",
        [401, 403, 403, 403, 204],
    ),
    ("GET", "network-ip-availabilities", "", ALL),
    ("GET", "network-ip-availabilities/{network_id}", "", [401, 404, 404, 404, 200]),
    ("GET", "address-scopes", "", ALL),
    ("GET", "subnetpools", "", ALL),
    ("GET", "rbac-policies", "", ALL),
    ("PUT", "agents/{agent_id}", r#"{"agent": {"description": "left rack"}}"#, [401, 404, 404, 404, 200]),
    ("POST", "agents/{agent_id}/l3-routers", ROUTER, [401, 403, 403, 403, 201]),
    ("GET", "agents/{agent_id}/l3-routers", "", ADMIN),
    ("GET", "routers/{router_id}/l3-agents", "", [401, 404, 403, 403, 200]),
    ("DELETE", "agents/{agent_id}/l3-routers/{router_id}", "", [401, 403, 403, 403, 204]),
    ("POST", "agents/{agent_id}/vpn-routers", ROUTER, [401, 403, 403, 403, 201]),
    ("GET", "agents/{agent_id}/vpn-routers", "", ADMIN),
    ("GET", "routers/{router_id}/vpn-agents", "", [401, 404, 403, 403, 200]),
    ("DELETE", "agents/{agent_id}/vpn-routers/{router_id}", "", [401, 403, 403, 403, 204]),
    ("DELETE", "agents/{agent_id}", "", [401, 404, 404, 404, 204]),
    (
        "PUT",
        "routers/{router_id}/remove_router_interface",
        r#"{"subnet_id": "{other_subnet_id}"}"#,
        [401, 404, 403, 200, 404],
    ),
    (
        "PUT",
        "routers/{router_id}/add_router_interface",
        r#"{"subnet_id": "{other_subnet_id}"}"#,
        [401, 404, 403, 200, 400],
    ),
    ("PUT", "routers/{router_id}/add_extraroutes", ROUTES, CHANGE),
    ("GET", "vpn/ipsec-site-connections/{ipsec_site_connection_id}/diagnostics", "", SEE),
    ("GET", "vpn/vpnservices/{vpnservice_id}/diagnostics", "", SEE),
    ("GET", "routers/{router_id}/diagnostics", "", SEE),
    ("GET", "vpn/ipsec-site-connections/{ipsec_site_connection_id}/peer-config?format=adit", "", SEE),
    (
        "POST",
        "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks",
        r#"{"check": {}}"#,
        [401, 404, 403, 202, 202],
    ),
    ("GET", "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks", "", SEE),
    ("GET", "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks/{check_id}", "", SEE),
    ("PUT", "routers/{router_id}/remove_extraroutes", ROUTES, CHANGE),
];

const ROUTER: &str = r#"{"router_id": "{router_id}"}"#;

const PROFILE: &str = r#"{"service_profile": {"id": "{service_profile_id}"}}"#;

const ROUTES: &str = r#"{"router": {"routes": [{"destination": "10.99.0.0/24", "nexthop": "10.2.0.9"}]}}"#;

/// The calls of each resource that has tags.
const TAGS: &[Line] = &[
    ("GET", "tags", "", SEE),
    ("PUT", "tags", r#"{"tags": ["red"]}"#, CHANGE),
    ("POST", "tags", r#"{"tags": ["blue"]}"#, CHANGE),
    ("PUT", "tags/{tag}", "", [401, 404, 403, 201, 201]),
    ("GET", "tags/{tag}", "", [401, 404, 204, 204, 204]),
    ("DELETE", "tags/{tag}", "", [401, 404, 403, 204, 404]),
    ("DELETE", "tags", "", [401, 404, 403, 204, 204]),
];

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = OTHERS.iter().map(|line| Row::new(NETWORKING, line)).collect();
    for kind in KINDS.iter().filter(|kind| kind.api == NETWORKING) {
        rows.extend(of_kind(kind));
        if kind.has_tags {
            rows.extend(TAGS.iter().map(|line| Row::new(&kind.one(), line)));
        }
    }
    rows
}

fn of_kind(kind: &Kind) -> [Row; 5] {
    let (all, one) = (kind.path(), kind.one());
    let [list, create, show, update, delete] = match kind.access {
        Access::Project => [ALL, [401, kind.stranger, 403, 201, 201], SEE, CHANGE, [401, 404, 403, 204, 204]],
        Access::Admin => [ALL, [401, 403, 403, 403, 201], ALL, ADMIN, [401, 403, 403, 403, 204]],
        Access::Hidden => [
            ALL,
            [401, 403, 403, 403, 201],
            [401, 404, 404, 404, 200],
            [401, 404, 404, 404, 200],
            [401, 404, 404, 404, 204],
        ],
    };
    [
        Row { method: "GET", path: all.clone(), body: Value::Null, want: list },
        Row { method: "POST", path: all, body: Value::Null, want: create },
        Row { method: "GET", path: one.clone(), body: Value::Null, want: show },
        Row { method: "PUT", path: one.clone(), body: kind.update(), want: update },
        Row { method: "DELETE", path: one, body: Value::Null, want: delete },
    ]
}
