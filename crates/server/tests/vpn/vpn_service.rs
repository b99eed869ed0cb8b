//! VPN services: every attribute, every refusal, and what becomes of their addresses.

use serde_json::{Value, json};

use crate::world::World;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const POST: &str = "demo POST vpn/vpnservices";

fn service(attributes: Value) -> Value {
    json!({"vpnservice": attributes})
}

#[tokio::test]
async fn everything_that_a_service_refuses() {
    let mut world = World::with_parts().await;
    let (demo, stranger) = (world.demo.clone(), world.stranger.clone());
    world.create(&demo, "router", "bare", json!({})).await;
    world.create(&stranger, "router", "theirs", json!({})).await;
    world.connect("conn", json!({})).await;
    let upper = world.ids["router"].to_uppercase();
    let long = "a".repeat(256);
    let value = |attribute: &str, why: &str| {
        format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {why}.")
    };
    let read_only =
        |attribute: &str| format!("400 HTTPBadRequest Cannot update read-only attribute {attribute}");
    let one = "demo PUT vpn/vpnservices/{service}";
    let boolean = |shown: &str| {
        format!("400 InvalidInput Invalid input for operation: '{shown}' cannot be converted to boolean.")
    };
    world
        .refuse([
            (
                POST,
                service(json!({})),
                "400 HTTPBadRequest Failed to parse request. Required attribute 'router_id' not specified",
            ),
            (
                POST,
                service(json!({"router_id": null})),
                value("router_id", "'None' is not a valid UUID").as_str(),
            ),
            (POST, service(json!({"router_id": "x"})), &value("router_id", "'x' is not a valid UUID")),
            (
                POST,
                service(json!({"router_id": NOBODY})),
                "404 RouterNotFound Router 00000000-0000-4000-8000-000000000000 could not be found",
            ),
            (
                POST,
                service(json!({"router_id": "{theirs}"})),
                "404 RouterNotFound Router {theirs} could not be found",
            ),
            (
                POST,
                service(json!({"router_id": upper})),
                &format!("404 RouterNotFound Router {upper} could not be found"),
            ),
            (
                POST,
                service(json!({"router_id": "{bare}"})),
                "400 RouterIsNotExternal Router {bare} has no external network gateway set",
            ),
            (
                POST,
                service(json!({"router_id": "{bare}", "subnet_id": NOBODY})),
                "400 RouterIsNotExternal Router {bare} has no external network gateway set",
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "subnet_id": NOBODY})),
                &format!(
                    "400 SubnetIsNotConnectedToRouter Subnet {NOBODY} is not connected to Router {{router}}"
                ),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "subnet_id": "{ext-subnet}"})),
                "400 SubnetIsNotConnectedToRouter Subnet {ext-subnet} is not connected to Router {router}",
            ),
            (
                "admin POST vpn/vpnservices",
                service(json!({"router_id": "{router}", "subnet_id": "{ext-subnet}"})),
                "400 SubnetIsNotConnectedToRouter Subnet {ext-subnet} is not connected to Router {router}",
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "subnet_id": "x"})),
                &value("subnet_id", "'x' is not a valid UUID"),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "name": long})),
                &value("name", &format!("'{long}' exceeds maximum length of 255")),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "description": long})),
                &value("description", &format!("'{long}' exceeds maximum length of 255")),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "name": 5})),
                &value("name", "'5' is not a valid string"),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "name": " x"})),
                &value("name", "' x' is not a valid string"),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "name": "a\nb"})),
                &value("name", "'a\nb' is not a valid string"),
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "description": null})),
                &value("description", "'None' is not a valid string"),
            ),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": null})), &boolean("None")),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": 2})), &boolean("2")),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": 1.0})), &boolean("1.0")),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": []})), &boolean("[]")),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": {}})), &boolean("{}")),
            (POST, service(json!({"router_id": "{router}", "admin_state_up": "maybe"})), &boolean("maybe")),
            (
                POST,
                service(json!({"router_id": "{router}", "status": "ACTIVE"})),
                "400 HTTPBadRequest Attribute 'status' not allowed in POST",
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "id": NOBODY})),
                "400 HTTPBadRequest Attribute 'id' not allowed in POST",
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "external_v4_ip": "10.0.0.1"})),
                "400 HTTPBadRequest Attribute 'external_v4_ip' not allowed in POST",
            ),
            (
                POST,
                service(json!({"router_id": "{router}", "external_v6_ip": "::1"})),
                "400 HTTPBadRequest Attribute 'external_v6_ip' not allowed in POST",
            ),
            (one, service(json!({"router_id": "{router}"})), &read_only("router_id")),
            (one, service(json!({"subnet_id": "{subnet}"})), &read_only("subnet_id")),
            (one, service(json!({"flavor_id": null})), &read_only("flavor_id")),
            (one, service(json!({"status": "ACTIVE"})), &read_only("status")),
            (one, service(json!({"id": NOBODY})), &read_only("id")),
            (one, service(json!({"external_v4_ip": "10.0.0.1"})), &read_only("external_v4_ip")),
            (one, service(json!({"foo": 1})), "400 HTTPBadRequest Unrecognized attribute(s) 'foo'"),
            (
                "demo DELETE vpn/vpnservices/{service}",
                Value::Null,
                "409 VPNServiceInUse VPNService {service} is still in use",
            ),
            (
                "demo GET vpn/vpnservices/nope",
                Value::Null,
                "404 VPNServiceNotFound VPNService nope could not be found",
            ),
            (
                "demo PUT vpn/vpnservices/nope",
                service(json!({})),
                "404 VPNServiceNotFound VPNService nope could not be found",
            ),
            (
                "demo DELETE vpn/vpnservices/nope",
                Value::Null,
                "404 VPNServiceNotFound VPNService nope could not be found",
            ),
        ])
        .await;
}

/// The reference lets nobody touch a service until its first connection, for it stays PENDING_CREATE.
#[tokio::test]
async fn a_service_without_a_connection_can_be_updated() {
    let mut world = World::start().await;
    world.make("vpn/vpnservices", "service", json!({"router_id": "{router}"})).await;
    for (given, key, want) in [
        (json!({"name": "new"}), "name", json!("new")),
        (json!({"name": ""}), "name", json!("")),
        (json!({"description": "two\nlines"}), "description", json!("two\nlines")),
        (json!({"admin_state_up": "False"}), "admin_state_up", json!(false)),
        (json!({"admin_state_up": "on"}), "admin_state_up", json!(true)),
        (json!({"admin_state_up": 0}), "admin_state_up", json!(false)),
        (json!({"admin_state_up": "Y"}), "admin_state_up", json!(true)),
        (json!({}), "status", json!("PENDING_CREATE")),
    ] {
        let changed = world.put(&world.demo, "vpn/vpnservices/{service}", service(given.clone())).await;
        assert_eq!(changed["vpnservice"][key], want, "{given}");
        assert_eq!(world.get(&world.demo, "vpn/vpnservices/{service}").await, changed, "{given}");
    }
}

#[tokio::test]
async fn several_services_on_one_router_work_side_by_side() {
    let mut world = World::with_parts().await;
    world.make("vpn/vpnservices", "third", json!({"router_id": "{router}"})).await;
    let first = world.connect("first", json!({})).await;
    world
        .make("vpn/endpoint-groups", "other-peer", json!({"type": "cidr", "endpoints": "10.3.0.0/24"}))
        .await;
    let third = world
        .connect("third-conn", json!({"vpnservice_id": "{third}", "peer_ep_group_id": "{other-peer}"}))
        .await;
    let by_subnet =
        world.subnet_connection(json!({"peer_cidrs": "10.4.0.0/24"}))["ipsec_site_connection"].clone();
    let second = world.make("vpn/ipsec-site-connections", "second", by_subnet).await;
    let document = world.document().await;
    let ids = |key: &str| {
        let mut ids: Vec<String> =
            document[key].as_array().unwrap().iter().map(|one| one["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let mut connections: Vec<String> = [&first, &second, &third].map(|one| one["id"].to_string()).to_vec();
    connections.sort();
    assert_eq!(ids("connections"), connections);
    assert_eq!(ids("services").len(), 3);
}

/// The reference writes the addresses down once, and never again.
#[tokio::test]
async fn external_addresses_follow_the_gateway() {
    let mut world = World::with_parts().await;
    let addresses = async |world: &World| {
        let service = world
            .get(&world.demo, "vpn/vpnservices/{service}?fields=external_v4_ip&fields=external_v6_ip")
            .await;
        service["vpnservice"].to_string()
    };
    assert_eq!(addresses(&world).await, r#"{"external_v4_ip":"195.192.128.150","external_v6_ip":null}"#);
    world.gateway(json!([{"ip_address": "195.192.128.151"}])).await;
    assert_eq!(addresses(&world).await, r#"{"external_v4_ip":"195.192.128.151","external_v6_ip":null}"#);
    world.dual_stack().await;
    assert_eq!(
        addresses(&world).await,
        r#"{"external_v4_ip":"195.192.128.150","external_v6_ip":"2001:db8:1::9"}"#
    );
}
