//! What tempest's API tests of VPN check, as requests.

use serde_json::{Value, json};

use crate::world::World;

/// Its fixture: two services on one router, a group made of a plain text, a connection with two CIDRs.
async fn fixture() -> World {
    let mut world = World::with_parts().await;
    world
        .make(
            "vpn/endpoint-groups",
            "remote",
            json!({"type": "cidr", "endpoints": ["10.101.0.0/24", "10.102.0.0/24"]}),
        )
        .await;
    world
        .make(
            "vpn/ikepolicies",
            "ike-256",
            json!({"auth_algorithm": "sha256", "encryption_algorithm": "aes-256"}),
        )
        .await;
    world
        .make(
            "vpn/ipsecpolicies",
            "ipsec-256",
            json!({"auth_algorithm": "sha256", "encryption_algorithm": "aes-256"}),
        )
        .await;
    let connection = json!({
        "peer_cidrs": ["1.1.1.0/24", "2.2.2.0/24"], "peer_address": "172.24.4.233", "peer_id": "172.24.4.233",
        "ikepolicy_id": "{ike-256}", "ipsecpolicy_id": "{ipsec-256}", "mtu": 1500,
    });
    let connection = world.subnet_connection(connection)["ipsec_site_connection"].clone();
    let made = world.make("vpn/ipsec-site-connections", "legacy", connection).await;
    assert_eq!((&made["name"], &made["mtu"]), (&json!("legacy"), &json!(1500)));
    world
}

#[tokio::test]
async fn policies_are_shown_as_they_were_made_and_changed() {
    let world = fixture().await;
    let ike = json!({"ikepolicy": {
        "name": "changed", "description": "d", "encryption_algorithm": "aes-256", "ike_version": "v2", "pfs": "group14",
        "lifetime": {"units": "seconds", "value": 2000},
    }});
    let changed = world.put(&world.demo, "vpn/ikepolicies/{ike}", ike.clone()).await;
    let shown = world.get(&world.demo, "vpn/ikepolicies/{ike}").await;
    assert_eq!(changed, shown);
    for (key, value) in ike["ikepolicy"].as_object().unwrap() {
        assert_eq!(&shown["ikepolicy"][key], value, "{key}");
    }
    let ipsec = json!({"ipsecpolicy": {"name": "x", "pfs": "group14", "encryption_algorithm": "aes-256", "lifetime": {"units": "seconds", "value": "2000"}}});
    let changed = world.put(&world.demo, "vpn/ipsecpolicies/{ipsec}", ipsec.clone()).await;
    for (key, value) in ipsec["ipsecpolicy"].as_object().unwrap() {
        assert_eq!(&changed["ipsecpolicy"][key], value, "{key}");
    }
}

#[tokio::test]
async fn negatives_are_refused() {
    let mut world = fixture().await;
    world.make("vpn/endpoint-groups", "v6", json!({"type": "cidr", "endpoints": "2001:db8:9::/64"})).await;
    let long = "a".repeat(256);
    let (post, groups) = ("demo POST vpn/ipsec-site-connections", "demo POST vpn/endpoint-groups");
    let group =
        |kind: &str, endpoints: Value| json!({"endpoint_group": {"type": kind, "endpoints": endpoints}});
    let service = |key: &str, value: &str| json!({"vpnservice": {"router_id": "{router}", key: value}});
    for (request, body) in [
        (post, world.subnet_connection(json!({"peer_cidrs": null}))),
        (post, world.subnet_connection(json!({"mtu": 63}))),
        (post, world.subnet_connection(json!({"dpd": 59}))),
        (post, world.subnet_connection(json!({"peer_cidrs": ["1.0.0.0/33"]}))),
        (post, world.connection(json!({"peer_cidr": "1.0.0.0/24"}))),
        (post, world.connection(json!({"peer_ep_group_id": null}))),
        (post, world.connection(json!({"local_ep_group_id": null}))),
        (post, world.connection(json!({"peer_ep_group_id": "{v6}"}))),
        (post, world.connection(json!({"peer_ep_group_id": "{local}", "local_ep_group_id": "{v6}"}))),
        (post, world.connection(json!({"vpnservice_id": "{subnet-service}", "peer_id": null}))),
        (groups, group("subnet", json!(["10.103.0.0/24", "10.104.0.0/24"]))),
        (groups, group("cidr", json!(["{subnet}"]))),
        (groups, group("cidr", json!(["10.2.0.0/24", "2000::1"]))),
        ("demo POST vpn/vpnservices", service("name", &long)),
        ("demo POST vpn/vpnservices", service("description", &long)),
        ("admin POST vpn/vpnservices", service("subnet_id", "{ext-subnet}")),
    ] {
        let answer = world.ask(request, &body).await;
        assert_eq!(answer.status, 400, "{request} {body}: {}", answer.body);
    }
    world
        .check([
            ("demo DELETE vpn/ipsec-site-connections/{legacy}", Value::Null, "204"),
            ("demo DELETE vpn/ipsecpolicies/{ipsec-256}", Value::Null, "204"),
            (
                "demo DELETE vpn/ipsecpolicies/{ipsec-256}",
                Value::Null,
                "404 IPsecPolicyNotFound IPsecPolicy {ipsec-256} could not be found",
            ),
        ])
        .await;
}

#[tokio::test]
async fn what_an_administrator_makes_for_a_tenant_the_tenant_lists() {
    let world = fixture().await;
    for (path, body) in [
        ("vpn/ikepolicies", json!({"ikepolicy": {"project_id": "{demo project}", "name": "for-demo"}})),
        ("vpn/ipsecpolicies", json!({"ipsecpolicy": {"project_id": "{demo project}", "name": "for-demo"}})),
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"project_id": "{demo project}", "name": "for-demo", "router_id": "{router}"}}),
        ),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"project_id": "{demo project}", "name": "for-demo", "type": "cidr", "endpoints": "10.9.0.0/24"}}),
        ),
    ] {
        world.check([(format!("admin POST {path}").as_str(), body, "201")]).await;
        let listed = world.get(&world.demo, path).await.to_string();
        assert!(listed.contains("for-demo"), "{path}: {listed}");
    }
}
