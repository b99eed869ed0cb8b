//! One of everything, to ask about.

use serde_json::{Value, json};

use super::common::Person;
use super::common::cloud::Cloud;

/// A collection of the Networking API, and how one more of it is made.
pub(crate) struct Kind {
    pub(crate) collection: &'static str,
    pub(crate) singular: &'static str,
    /// Made by the administrator: members may not.
    pub(crate) by_admin: bool,
    /// For the `n`th object.
    pub(crate) attributes: fn(n: u32) -> Value,
    /// A change that is always possible.
    pub(crate) change: fn() -> Value,
}

/// Every collection, in an order in which each object finds what it needs.
pub(crate) const KINDS: [Kind; 9] = [
    Kind {
        collection: "networks",
        singular: "network",
        by_admin: false,
        attributes: |_| json!({}),
        change: || json!({"description": "changed", "mtu": 1400}),
    },
    Kind {
        collection: "subnets",
        singular: "subnet",
        by_admin: false,
        attributes: |n| json!({"network_id": "{network}", "ip_version": 4, "cidr": format!("10.{n}.0.0/24")}),
        change: || json!({"dns_nameservers": ["192.0.2.53"]}),
    },
    Kind {
        collection: "ports",
        singular: "port",
        by_admin: false,
        attributes: |_| json!({"network_id": "{network}", "device_id": "vm"}),
        change: || json!({"description": "changed"}),
    },
    Kind {
        collection: "routers",
        singular: "router",
        by_admin: false,
        attributes: |_| json!({"external_gateway_info": {"network_id": "{ext}"}}),
        change: || json!({"admin_state_up": false}),
    },
    Kind {
        collection: "vpn/ikepolicies",
        singular: "ikepolicy",
        by_admin: false,
        attributes: |_| json!({}),
        change: || json!({"lifetime": {"value": 7200}}),
    },
    Kind {
        collection: "vpn/ipsecpolicies",
        singular: "ipsecpolicy",
        by_admin: false,
        attributes: |_| json!({}),
        change: || json!({"pfs": "group14"}),
    },
    Kind {
        collection: "vpn/vpnservices",
        singular: "vpnservice",
        by_admin: false,
        attributes: |_| json!({"router_id": "{router}", "subnet_id": "{subnet}"}),
        change: || json!({"admin_state_up": false}),
    },
    Kind {
        collection: "vpn/endpoint-groups",
        singular: "endpoint_group",
        by_admin: false,
        attributes: |n| json!({"type": "cidr", "endpoints": [format!("10.20{n}.0.0/24")]}),
        change: || json!({"description": "changed"}),
    },
    Kind {
        collection: "vpn/ipsec-site-connections",
        singular: "ipsec_site_connection",
        by_admin: false,
        attributes: |n| {
            json!({
                "vpnservice_id": "{vpnservice}",
                "ikepolicy_id": "{ikepolicy}",
                "ipsecpolicy_id": "{ipsecpolicy}",
                "peer_address": "198.51.100.9",
                "peer_id": "198.51.100.9",
                "psk": "secret",
                "peer_cidrs": [format!("10.10{n}.0.0/24")],
            })
        },
        change: || json!({"mtu": 1400}),
    },
];

/// People, an external network, and one of each of [`KINDS`], called by its singular word.
pub(crate) async fn build() -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    for kind in &KINDS {
        make(&mut cloud, kind, kind.singular, 1).await;
        if kind.singular == "router" {
            cloud
                .put(&cloud.demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{subnet}"}))
                .await;
        }
    }
    cloud
}

/// Makes the `n`th of a kind, and calls it `name`.
pub(crate) async fn make(cloud: &mut Cloud, kind: &Kind, name: &str, n: u32) -> Value {
    let who = maker(cloud, kind);
    let body = json!({kind.singular: (kind.attributes)(n)});
    let answer = cloud.call(&who, "POST", kind.collection, &body).await;
    assert_eq!(answer.status, 201, "{name}: {}", answer.body);
    let object = answer.body[kind.singular].clone();
    cloud.ids.insert(name.to_owned(), object["id"].as_str().unwrap().to_owned());
    object
}

/// Who makes objects of a kind.
pub(crate) fn maker(cloud: &Cloud, kind: &Kind) -> Person {
    if kind.by_admin { cloud.admin.clone() } else { cloud.demo.clone() }
}
