//! Quotas: what is made at the same moment is counted too.

use serde_json::{Value, json};

use crate::arena::{Arena, count};

/// How many more of each may be made.
const LEFT: usize = 3;
/// How many want to.
const WANTED: usize = 8;

pub(crate) async fn are_never_exceeded(mut arena: Arena) -> Arena {
    arena.external().await;
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    arena.create(&demo, "network", "net", json!({})).await;
    arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    arena.create(&demo, "router", "router", gateway).await;
    arena.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{sub}"})).await;
    arena.create(&demo, "security_group", "group", json!({})).await;
    for (path, name, body) in [
        ("vpn/ikepolicies", "ike", json!({"ikepolicy": {"name": "ike"}})),
        ("vpn/ipsecpolicies", "ipsec", json!({"ipsecpolicy": {"name": "ipsec"}})),
        (
            "vpn/vpnservices",
            "service",
            json!({"vpnservice": {"router_id": "{router}", "subnet_id": "{sub}"}}),
        ),
    ] {
        let made = arena.call(&demo, "POST", path, &body).await;
        let id = made.body.as_object().unwrap().values().next().unwrap()["id"].as_str().unwrap().to_owned();
        arena.ids.insert(name.to_owned(), id);
    }
    let connection = json!({
        "vpnservice_id": "{service}", "ikepolicy_id": "{ike}", "ipsecpolicy_id": "{ipsec}", "psk": "secret",
        "peer_address": "203.0.113.9", "peer_id": "203.0.113.9", "peer_cidrs": ["10.2.0.0/24"],
    });
    let fixed = |attributes: Value| move |_: usize| attributes.clone();
    type Make = Box<dyn Fn(usize) -> Value>;
    let kinds: [(&str, &str, Make); 12] = [
        ("network", "networks", Box::new(fixed(json!({})))),
        (
            "subnet",
            "subnets",
            Box::new(
                |number| json!({"network_id": "{net}", "ip_version": 4, "cidr": format!("10.3.{number}.0/24")}),
            ),
        ),
        ("port", "ports", Box::new(fixed(json!({"network_id": "{net}"})))),
        ("router", "routers", Box::new(fixed(json!({})))),
        ("floatingip", "floatingips", Box::new(fixed(json!({"floating_network_id": "{ext}"})))),
        ("security_group", "security-groups", Box::new(fixed(json!({"name": "group"})))),
        (
            "security_group_rule",
            "security-group-rules",
            Box::new(|number| {
                let port = 1000 + number;
                json!({
                    "security_group_id": "{group}", "direction": "ingress", "protocol": "tcp",
                    "port_range_min": port, "port_range_max": port,
                })
            }),
        ),
        ("ikepolicy", "vpn/ikepolicies", Box::new(fixed(json!({})))),
        ("ipsecpolicy", "vpn/ipsecpolicies", Box::new(fixed(json!({})))),
        (
            "endpoint_group",
            "vpn/endpoint-groups",
            Box::new(fixed(json!({"type": "cidr", "endpoints": ["10.9.0.0/24"]}))),
        ),
        ("vpnservice", "vpn/vpnservices", Box::new(fixed(json!({"router_id": "{router}"})))),
        ("ipsec_site_connection", "vpn/ipsec-site-connections", Box::new(fixed(connection))),
    ];
    for (kind, path, make) in kinds {
        let limit = used(&arena, kind).await + LEFT;
        let quotas = arena.with_ids("quotas/{demo project}");
        arena.put(&admin, &quotas, json!({"quota": {kind: limit}})).await;
        let requests = (0..WANTED).map(|number| (&demo, "POST", path, Arena::one(kind, make(number))));
        let answers = arena.at_once(requests.collect()).await;
        assert_eq!(
            (count(&answers, 201), count(&answers, 409)),
            (LEFT, WANTED - LEFT),
            "{kind}: {answers:?}"
        );
        assert_eq!(used(&arena, kind).await, limit, "{kind}");
        // A limit that is lowered meanwhile is below what there is only if the one who lowers it is refused.
        arena.put(&admin, &quotas, json!({"quota": {kind: limit + 1}})).await;
        let lower = json!({"quota": {kind: limit}});
        let answers = arena.at_once(vec![
            (&demo, "POST", path, Arena::one(kind, make(WANTED))),
            (&admin, "PUT", &quotas, lower),
        ]);
        let answers = answers.await;
        let got = (answers[0].status, answers[1].status);
        assert!(matches!(got, (201, 400) | (409, 200)), "{kind}: {answers:?}");
        arena.put(&admin, &quotas, json!({"quota": {kind: -1}})).await;
    }
    interfaces_and_ports(&arena).await;
    arena
}

/// An interface of a router is a port of the router's project.
async fn interfaces_and_ports(arena: &Arena) {
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    let mut subnets = Vec::new();
    for number in 0..4 {
        let body = json!({"network_id": "{net}", "ip_version": 4, "cidr": format!("10.4.{number}.0/24")});
        let made = arena.call(&demo, "POST", "subnets", &json!({"subnet": body})).await;
        subnets.push(made.body["subnet"]["id"].clone());
    }
    let limit = used(arena, "port").await + LEFT;
    let quotas = arena.with_ids("quotas/{demo project}");
    arena.put(&admin, &quotas, json!({"quota": {"port": limit}})).await;
    let add = "routers/{router}/add_router_interface";
    let mut requests: Vec<_> =
        subnets.iter().map(|subnet| (&demo, "PUT", add, json!({"subnet_id": subnet}))).collect();
    for _ in 0..4 {
        requests.push((&demo, "POST", "ports", json!({"port": {"network_id": "{net}"}})));
    }
    let answers = arena.at_once(requests).await;
    assert_eq!(count(&answers, 200) + count(&answers, 201), LEFT, "{answers:?}");
    assert_eq!(used(arena, "port").await, limit);
}

async fn used(arena: &Arena, kind: &str) -> usize {
    let details = arena.get(&arena.admin, "quotas/{demo project}/details").await;
    usize::try_from(details["quota"][kind]["used"].as_u64().unwrap()).unwrap()
}
