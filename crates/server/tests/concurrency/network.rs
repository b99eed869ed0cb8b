//! Ports, routers and networks.

use serde_json::{Value, json};

use crate::arena::{Arena, count};
use crate::common::Answer;

pub(crate) async fn a_port_has_one_router_and_a_revision_one_successor(mut arena: Arena) -> Arena {
    let demo = arena.demo.clone();
    arena.create(&demo, "network", "net", json!({})).await;
    arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
    for router in ["one", "two", "three"] {
        arena.create(&demo, "router", router, json!({})).await;
    }
    for round in 0..12 {
        let port = arena.make(&demo, "port", "port", json!({"network_id": "{net}"})).await;
        let body = json!({"port_id": "{port}"});
        let add = |router: &str| format!("routers/{{{router}}}/add_router_interface");
        let paths = ["one", "two", "three"].map(add);
        let requests = paths.iter().map(|path| (&demo, "PUT", path.as_str(), body.clone())).collect();
        let answers = arena.at_once(requests).await;
        assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 2), "round {round}: {answers:?}");
        let winner = answers.iter().find(|answer| answer.status == 200).unwrap().body["id"].clone();
        let path = format!("ports/{}", port["id"].as_str().unwrap());
        assert_eq!(arena.get(&demo, &path).await["port"]["device_id"], winner, "round {round}");
        let remove = format!("routers/{}/remove_router_interface", winner.as_str().unwrap());
        arena.put(&demo, &remove, json!({"port_id": "{port}"})).await;
    }
    revisions(&arena).await;
    arena
}

/// Of several who depend on the same revision one is served.
async fn revisions(arena: &Arena) {
    let demo = &arena.demo;
    for round in 0..8 {
        let path = "routers/{one}";
        let revision = arena.get(demo, path).await["router"]["revision_number"].as_i64().unwrap();
        let header = format!("revision_number={revision}");
        let ask = async |number: usize| {
            let headers = [
                ("x-auth-token", demo.token.as_str()),
                ("content-type", "application/json"),
                ("if-match", header.as_str()),
            ];
            let subnet = arena.with_ids(r#"{"subnet_id": "{sub}"}"#);
            let (path, body) = match number {
                0 => ("routers/{one}/add_router_interface", subnet),
                _ => ("routers/{one}", format!(r#"{{"router": {{"name": "{round} {number}"}}}}"#)),
            };
            let path = format!("/networking/v2.0/{}", arena.with_ids(path));
            arena.server.ask("PUT", &path, &headers, &body).await.status
        };
        let (a, b, c) = tokio::join!(ask(0), ask(1), ask(2));
        let mut got = [a, b, c];
        got.sort_unstable();
        assert_eq!(got, [200, 412, 412], "round {round}");
        if a == 200 {
            arena.put(demo, "routers/{one}/remove_router_interface", json!({"subnet_id": "{sub}"})).await;
        }
    }
}

/// DHCP servers give their ports up when the subnet or the network goes; routers do not.
pub(crate) async fn ports_become_interfaces_while_their_subnets_go(mut arena: Arena) -> Arena {
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    for round in 0..16 {
        arena.create(&demo, "router", "router", json!({})).await;
        arena.create(&demo, "network", "net", json!({})).await;
        arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
        let owned =
            json!({"network_id": "{net}", "device_owner": "network:dhcp", "project_id": "{demo project}"});
        arena.make(&admin, "port", "port", owned).await;
        let goes = if round % 2 == 0 { "subnets/{sub}" } else { "networks/{net}" };
        let adopt = (&demo, "PUT", "routers/{router}/add_router_interface", json!({"port_id": "{port}"}));
        let requests = vec![(round / 2 % 3, adopt), (0, (&demo, "DELETE", goes, Value::Null))];
        let answers = arena.at_once_after(requests).await;
        let told = format!("round {round}: {answers:?}");
        let (is_adopted, is_gone) = (answers[0].status == 200, answers[1].status == 204);
        assert!(is_adopted != is_gone, "one of the two: {told}");
        if is_adopted {
            let port = arena.get(&demo, "ports/{port}").await["port"].clone();
            assert_eq!(port["fixed_ips"].as_array().unwrap().len(), 1, "{told}: {port}");
        }
        clear(&arena).await;
    }
    arena
}

pub(crate) async fn security_groups_go_while_their_rules_do(mut arena: Arena) -> Arena {
    let demo = arena.demo.clone();
    for round in 0..8 {
        let group = arena.make(&demo, "security_group", "group", json!({})).await;
        let rules = group["security_group_rules"].as_array().unwrap();
        let path = |rule: &Value| format!("security-group-rules/{}", rule["id"].as_str().unwrap());
        let paths: Vec<String> = rules.iter().map(path).collect();
        let delete = |path| (&demo, "DELETE", path, Value::Null);
        let mut requests: Vec<_> = paths.iter().map(|path| (0, delete(path.as_str()))).collect();
        requests.push((round % 2, delete("security-groups/{group}")));
        let answers = arena.at_once_after(requests).await;
        assert_eq!(answers[paths.len()].status, 204, "round {round}: {answers:?}");
        let is_gone = |answer: &Answer| matches!(answer.status, 204 | 404);
        assert!(answers.iter().all(is_gone), "round {round}: {answers:?}");
    }
    arena
}

pub(crate) async fn addresses_and_networks_that_go_or_change(mut arena: Arena) -> Arena {
    arena.external().await;
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    for round in 0..10 {
        arena.create(&demo, "network", "net", json!({})).await;
        arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
        arena
            .create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}}))
            .await;
        arena.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{sub}"})).await;
        let fixed = json!({"network_id": "{net}", "fixed_ips": [{"ip_address": "10.1.0.10"}]});
        arena.make(&demo, "port", "port", fixed).await;
        arena.create(&demo, "security_group", "a", json!({})).await;
        arena.create(&demo, "security_group", "b", json!({})).await;
        let v6 = json!({"subnet": {
            "network_id": "{net}", "ip_version": 6, "cidr": "2001:db8::/64",
            "ipv6_address_mode": "slaac", "ipv6_ra_mode": "slaac",
        }});
        let requests = vec![
            (&demo, "PUT", "networks/{net}", json!({"network": {"mtu": 1400 + round}})),
            (&demo, "PUT", "ports/{port}", json!({"port": {"security_groups": ["{a}", "{b}"]}})),
            (
                &demo,
                "PUT",
                "ports/{port}",
                json!({"port": {"description": "kept", "security_groups": ["{b}", "{a}"]}}),
            ),
            (&demo, "POST", "subnets", v6),
            (&demo, "PUT", "subnets/{sub}", json!({"subnet": {"dns_nameservers": ["192.0.2.1"]}})),
            (&demo, "PUT", "routers/{router}", json!({"router": {"external_gateway_info": {}}})),
            (
                &admin,
                "PUT",
                "routers/{router}",
                json!({"router": {"name": "kept", "external_gateway_info": {
                    "network_id": "{ext}", "enable_snat": false,
                }}}),
            ),
            (
                &demo,
                "POST",
                "ports",
                json!({"port": {"network_id": "{net}", "fixed_ips": [{"ip_address": "10.1.0.77"}]}}),
            ),
            (
                &demo,
                "POST",
                "ports",
                json!({"port": {"network_id": "{net}", "fixed_ips": [{"ip_address": "10.1.0.77"}]}}),
            ),
            (&demo, "PUT", "routers/{router}/remove_router_interface", json!({"subnet_id": "{sub}"})),
            (&demo, "DELETE", "networks/{net}", Value::Null),
            (&demo, "DELETE", "security-groups/{a}", Value::Null),
        ];
        let answers = arena.at_once(requests).await;
        assert_eq!(count(&answers[7..9], 201), 1, "round {round}: one address, one port: {answers:?}");
        let port = arena.get(&demo, "ports/{port}").await["port"].clone();
        // Unless the group was faster.
        if answers[2].status == 200 {
            assert_eq!(port["description"], "kept", "round {round}: {port}");
        }
        if answers[3].status == 201 {
            assert_eq!(port["fixed_ips"].as_array().unwrap().len(), 2, "round {round}: {port}");
        }
        assert_eq!(arena.get(&demo, "routers/{router}").await["router"]["name"], "kept");
        clear(&arena).await;
    }
    physical_networks(&arena).await;
    arena
}

async fn clear(arena: &Arena) {
    let demo = &arena.demo;
    let interfaces = arena.list(demo, "ports?device_owner=network:router_interface").await;
    for interface in interfaces {
        let path = format!("routers/{}/remove_router_interface", interface["device_id"].as_str().unwrap());
        arena.put(demo, &path, json!({"port_id": interface["id"]})).await;
    }
    for path in ["routers", "ports", "networks"] {
        for object in arena.list(demo, &format!("{path}?project_id={{demo project}}")).await {
            arena.delete(demo, &format!("{path}/{}", object["id"].as_str().unwrap())).await;
        }
    }
    for group in arena.list(demo, "security-groups").await {
        if group["name"] != "default" {
            arena.delete(demo, &format!("security-groups/{}", group["id"].as_str().unwrap())).await;
        }
    }
}

/// Two networks are never on the same VLAN, and one external network is the default.
async fn physical_networks(arena: &Arena) {
    let admin = &arena.admin;
    for vlan in 1..5 {
        let vlan = json!({"network": {
            "provider:network_type": "vlan", "provider:physical_network": "data", "provider:segmentation_id": vlan,
        }});
        let default = json!({"network": {"router:external": true, "is_default": true}});
        let requests = vec![
            (admin, "POST", "networks", vlan.clone()),
            (admin, "POST", "networks", default.clone()),
            (admin, "POST", "networks", vlan.clone()),
            (admin, "POST", "networks", default),
            (admin, "POST", "networks", vlan),
        ];
        let answers = arena.at_once(requests).await;
        let vlans = [0, 2, 4].iter().filter(|number| answers[**number].status == 201).count();
        assert_eq!(vlans, 1, "{answers:?}");
        let networks = arena.list(admin, "networks").await;
        assert_eq!(networks.iter().filter(|network| network["is_default"] == true).count(), 1, "{answers:?}");
    }
}
