//! Floating IPs, which have to do with two networks, a router and a port.

use serde_json::{Value, json};

use crate::arena::Arena;

pub(crate) async fn they_stand_for_what_is_there_and_nobody_waits_in_a_circle(mut arena: Arena) -> Arena {
    arena.external().await;
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    arena.create(&demo, "network", "net", json!({})).await;
    arena.subnet(&demo, "net", "sub", "10.1.0.0/24", json!({})).await;
    arena.create(&demo, "router", "router", json!({})).await;
    arena.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{sub}"})).await;
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    for round in 0..12 {
        if arena.get(&demo, "routers/{router}").await["router"]["external_gateway_info"].is_null() {
            arena.put(&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"}))).await;
        }
        arena.make(&demo, "port", "port", json!({"network_id": "{net}"})).await;
        arena.make(&demo, "port", "other", json!({"network_id": "{net}"})).await;
        let address = json!({"floating_network_id": "{ext}"});
        arena.make(&demo, "floatingip", "free", address.clone()).await;
        let taken = json!({"floating_network_id": "{ext}", "port_id": "{other}"});
        arena.make(&demo, "floatingip", "taken", taken).await;
        let with_port = json!({"floatingip": {"floating_network_id": "{ext}", "port_id": "{port}"}});
        let describe = json!({"floatingip": {"description": format!("round {round}")}});
        let mut requests = vec![
            (0, (&demo, "POST", "floatingips", with_port.clone())),
            (0, (&demo, "PUT", "floatingips/{free}", json!({"floatingip": {"port_id": "{port}"}}))),
            (1, (&demo, "PUT", "floatingips/{taken}", describe)),
            (0, (&demo, "POST", "floatingips", with_port)),
            (0, (&admin, "PUT", "networks/{ext}", json!({"network": {"mtu": 1400 + round}}))),
            (0, (&demo, "PUT", "ports/{port}", json!({"port": {"name": "port"}}))),
            (0, (&demo, "PUT", "networks/{net}", json!({"network": {"mtu": 1400 + round}}))),
        ];
        let opponent = match round % 4 {
            0 => (&demo, "DELETE", "ports/{other}", Value::Null),
            1 => (&demo, "PUT", "routers/{router}", gateway(json!({}))),
            2 => (&demo, "PUT", "routers/{router}/remove_router_interface", json!({"subnet_id": "{sub}"})),
            _ => (&demo, "PUT", "floatingips/{taken}", json!({"floatingip": {"port_id": null}})),
        };
        requests.push((round % 3, opponent));
        let answers = arena.at_once_after(requests).await;
        let told = format!("round {round}: {answers:?}");
        let associations = [0, 1, 3].iter().filter(|number| answers[**number].status < 300).count();
        assert!(associations <= 1, "one floating IP for a port: {told}");
        let taken = arena.get(&demo, "floatingips/{taken}").await["floatingip"].clone();
        assert_eq!(taken["description"], json!(format!("round {round}")), "{told}");
        let is_freed = matches!(round % 4, 0 | 3);
        assert_eq!(taken["port_id"].is_null(), is_freed, "{told}");
        // None is written over by another one.
        assert_eq!(taken["revision_number"], 2 + i64::from(is_freed), "{told}");
        clear(&arena, &told).await;
    }
    arena
}

/// Looks at the floating IPs, and takes all of this round away.
async fn clear(arena: &Arena, told: &str) {
    let demo = &arena.demo;
    let router = arena.get(demo, "routers/{router}").await["router"].clone();
    for floating_ip in arena.list(demo, "floatingips").await {
        if let Some(port) = floating_ip["port_id"].as_str() {
            assert!(arena.has(&format!("ports/{port}")).await, "{told}");
            assert_eq!(floating_ip["router_id"], router["id"], "{told}");
            assert!(!router["external_gateway_info"].is_null(), "{told}");
        }
        arena.delete(demo, &format!("floatingips/{}", floating_ip["id"].as_str().unwrap())).await;
    }
    for port in ["port", "other"] {
        let path = format!("ports/{{{port}}}");
        if arena.has(&path).await {
            arena.delete(demo, &path).await;
        }
    }
    if arena.list(demo, "ports?device_id={router}&device_owner=network:router_interface").await.is_empty() {
        arena.put(demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{sub}"})).await;
    }
}
