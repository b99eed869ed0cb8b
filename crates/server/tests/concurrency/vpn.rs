//! What VPN stands on is not pulled away under it.

use serde_json::{Value, json};

use crate::arena::{Arena, count};

/// How often everything is tried.
const ROUNDS: usize = 12;

/// `{router}` with a gateway and an interface on `{sub}`, 10.1.0.0/24.
async fn router(arena: &mut Arena) {
    arena.external().await;
    let demo = arena.demo.clone();
    arena.create(&demo, "network", "net", json!({})).await;
    arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
    arena.create(&demo, "router", "router", json!({})).await;
}

/// Gives the router back what it may have lost.
async fn restore(arena: &Arena) {
    let demo = &arena.demo;
    let router = arena.get(demo, "routers/{router}").await;
    if router["router"]["external_gateway_info"].is_null() {
        arena.put(demo, "routers/{router}", with_gateway(json!({"network_id": "{ext}"}))).await;
    }
    if arena.list(demo, "ports?device_id={router}&device_owner=network:router_interface").await.is_empty() {
        arena.put(demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{sub}"})).await;
    }
}

fn with_gateway(info: Value) -> Value {
    json!({"router": {"external_gateway_info": info}})
}

/// Deletes all objects of a list.
async fn clear(arena: &Arena, path: &str) {
    for object in arena.list(&arena.demo, path).await {
        arena.delete(&arena.demo, &format!("{path}/{}", object["id"].as_str().unwrap())).await;
    }
}

pub(crate) async fn services_have_a_gateway_and_their_subnet(mut arena: Arena) -> Arena {
    router(&mut arena).await;
    let demo = arena.demo.clone();
    let (mut made, mut freed) = (0, 0);
    for round in 0..ROUNDS {
        restore(&arena).await;
        let service = json!({"vpnservice": {"router_id": "{router}", "subnet_id": "{sub}"}});
        let remove = "routers/{router}/remove_router_interface";
        let requests = vec![
            (round % 2 * 3, (&demo, "POST", "vpn/vpnservices", service.clone())),
            (round % 4, (&demo, "PUT", "routers/{router}", with_gateway(json!({})))),
            (round % 3, (&demo, "PUT", remove, json!({"subnet_id": "{sub}"}))),
            (round % 2 * 4 + 1, (&demo, "POST", "vpn/vpnservices", service)),
        ];
        let answers = arena.at_once_after(requests).await;
        let is_external =
            !arena.get(&demo, "routers/{router}").await["router"]["external_gateway_info"].is_null();
        let interfaces =
            arena.list(&demo, "ports?device_id={router}&device_owner=network:router_interface").await;
        let services = arena.list(&demo, "vpn/vpnservices").await;
        assert_eq!(services.len(), count(&answers, 201), "{answers:?}");
        assert!(
            services.is_empty() || (is_external && !interfaces.is_empty()),
            "round {round}: {services:?} without gateway or interface: {answers:?}"
        );
        made += services.len();
        freed += usize::from(!is_external) + usize::from(interfaces.is_empty());
        clear(&arena, "vpn/vpnservices").await;
    }
    assert!(made > 0 && freed > 0, "both sides win now and then: {made} {freed}");

    restore(&arena).await;
    services_follow_their_gateway(&arena).await;
    arena
}

/// Whoever changes what of them.
async fn services_follow_their_gateway(arena: &Arena) {
    let (admin, demo) = (&arena.admin, &arena.demo);
    let mut paths = Vec::new();
    for _ in 0..5 {
        let service = json!({"vpnservice": {"router_id": "{router}", "name": "start"}});
        let service = arena.call(demo, "POST", "vpn/vpnservices", &service).await;
        paths.push(format!("vpn/vpnservices/{}", id(&service.body["vpnservice"], "id")));
    }
    for round in 0..ROUNDS {
        let name = format!("round {round}");
        let address = format!("195.192.128.{}", 110 + round);
        let fixed_ips = json!([{"ip_address": address}]);
        let info = with_gateway(json!({"network_id": "{ext}", "external_fixed_ips": fixed_ips}));
        let mut requests = vec![(0, (admin, "PUT", "routers/{router}", info))];
        for (number, path) in paths.iter().enumerate() {
            let others = (number + round) % 4;
            requests.push((others, (demo, "PUT", path, json!({"vpnservice": {"name": name}}))));
            requests.push((others, (demo, "PUT", path, json!({"vpnservice": {"description": name}}))));
        }
        let answers = arena.at_once_after(requests).await;
        assert_eq!(count(&answers, 200), answers.len(), "{answers:?}");
        for path in &paths {
            let service = arena.get(demo, path).await;
            for (attribute, want) in [("name", &name), ("description", &name), ("external_v4_ip", &address)] {
                assert_eq!(service["vpnservice"][attribute], json!(want), "{attribute}");
            }
        }
    }
}

pub(crate) async fn connections_have_all_that_they_refer_to(mut arena: Arena) -> Arena {
    router(&mut arena).await;
    restore(&arena).await;
    let demo = arena.demo.clone();
    let make = async |arena: &Arena, path: &str, body: Value| {
        let made = arena.call(&demo, "POST", path, &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let object = made.body.as_object().unwrap().values().next().unwrap().clone();
        object["id"].as_str().unwrap().to_owned()
    };
    let service = make(&arena, "vpn/vpnservices", json!({"vpnservice": {"router_id": "{router}"}})).await;
    arena.ids.insert("service".to_owned(), service);
    for round in 0..ROUNDS {
        restore(&arena).await;
        arena.subnet(&demo, "net", "spare", "10.7.0.0/24", json!({})).await;
        for (name, path, body) in [
            ("ike", "vpn/ikepolicies", json!({"ikepolicy": {"name": "ike"}})),
            ("ipsec", "vpn/ipsecpolicies", json!({"ipsecpolicy": {"name": "ipsec"}})),
            (
                "local",
                "vpn/endpoint-groups",
                json!({"endpoint_group": {"type": "subnet", "endpoints": ["{sub}"]}}),
            ),
            (
                "peer",
                "vpn/endpoint-groups",
                json!({"endpoint_group": {"type": "cidr", "endpoints": ["10.2.0.0/24"]}}),
            ),
        ] {
            let id = make(&arena, path, body).await;
            arena.ids.insert(name.to_owned(), id);
        }
        let connection = json!({"ipsec_site_connection": {
            "vpnservice_id": "{service}", "ikepolicy_id": "{ike}", "ipsecpolicy_id": "{ipsec}",
            "local_ep_group_id": "{local}", "peer_ep_group_id": "{peer}", "psk": "secret",
            "peer_address": "203.0.113.9", "peer_id": "203.0.113.9",
        }});
        // Each round against another one, and the last against all.
        let opponents = [
            ("PUT", "routers/{router}/remove_router_interface", json!({"subnet_id": "{sub}"})),
            ("PUT", "vpn/ipsecpolicies/{ipsec}", json!({"ipsecpolicy": {"transform_protocol": "ah-esp"}})),
            ("DELETE", "vpn/ikepolicies/{ike}", Value::Null),
            ("DELETE", "vpn/endpoint-groups/{local}", Value::Null),
            ("DELETE", "vpn/ipsecpolicies/{ipsec}", Value::Null),
            ("DELETE", "vpn/endpoint-groups/{peer}", Value::Null),
        ];
        let mut requests = vec![(0, (&demo, "POST", "vpn/ipsec-site-connections", connection.clone()))];
        let chosen =
            opponents.iter().enumerate().filter(|(number, _)| round % 7 == *number || round % 7 == 6);
        requests.extend(
            chosen.map(|(_, (method, path, body))| (round % 5, (&demo, *method, *path, body.clone()))),
        );
        requests.push((1, (&demo, "POST", "vpn/ipsec-site-connections", connection)));
        let spare = json!({"endpoint_group": {"type": "subnet", "endpoints": ["{spare}"]}});
        requests.push((0, (&demo, "POST", "vpn/endpoint-groups", spare)));
        requests.push((round % 2, (&demo, "DELETE", "subnets/{spare}", Value::Null)));
        let answers = arena.at_once_after(requests).await;
        look(&arena, &format!("round {round}: {answers:?}")).await;
        clear(&arena, "vpn/ipsec-site-connections").await;
        for path in ["vpn/endpoint-groups", "vpn/ikepolicies", "vpn/ipsecpolicies"] {
            clear(&arena, path).await;
        }
        if arena.has("subnets/{spare}").await {
            arena.delete(&demo, "subnets/{spare}").await;
        }
    }
    arena
}

/// Looks at what must hold of all connections and groups.
async fn look(arena: &Arena, told: &str) {
    let interfaces =
        arena.list(&arena.demo, "ports?device_id={router}&device_owner=network:router_interface").await;
    for connection in arena.list(&arena.demo, "vpn/ipsec-site-connections").await {
        assert!(!interfaces.is_empty(), "a connection whose subnet the router has lost: {told}");
        let policy =
            arena.get(&arena.demo, &format!("vpn/ipsecpolicies/{}", id(&connection, "ipsecpolicy_id"))).await;
        assert_eq!(policy["ipsecpolicy"]["transform_protocol"], "esp", "{told}");
        for (path, key) in [
            ("vpn/ikepolicies", "ikepolicy_id"),
            ("vpn/endpoint-groups", "local_ep_group_id"),
            ("vpn/endpoint-groups", "peer_ep_group_id"),
        ] {
            assert!(arena.has(&format!("{path}/{}", id(&connection, key))).await, "{key}: {told}");
        }
    }
    for group in arena.list(&arena.demo, "vpn/endpoint-groups?type=subnet").await {
        let subnet = group["endpoints"][0].as_str().unwrap();
        assert!(arena.has(&format!("subnets/{subnet}")).await, "a group without its subnet: {told}");
    }
}

fn id<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap()
}
