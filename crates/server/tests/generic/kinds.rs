//! One object of each kind, for tables that go through all of them.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

/// A kind of resource.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The collection below `/v2.0/`.
    pub(crate) path: &'static str,
    /// Its key, which is the word of the policy's rules too.
    pub(crate) key: &'static str,
    /// The key of a list.
    pub(crate) plural: &'static str,
    /// How an object that is not there is told, where `{one}` stands for its id.
    pub(crate) missing: &'static str,
}

/// Whether it is part of VPN, which another part of the reference serves, with manners of its own.
pub(crate) fn is_vpn(kind: Kind) -> bool {
    kind.path.starts_with("vpn/")
}

const fn kind(path: &'static str, key: &'static str, plural: &'static str, missing: &'static str) -> Kind {
    Kind { path, key, plural, missing }
}

/// All of them, in the order in which they can be made.
pub(crate) const KINDS: [Kind; 10] = [
    kind("networks", "network", "networks", "404 NetworkNotFound Network {one} could not be found."),
    kind("subnets", "subnet", "subnets", "404 SubnetNotFound Subnet {one} could not be found."),
    kind("ports", "port", "ports", "404 PortNotFound Port {one} could not be found."),
    kind("routers", "router", "routers", "404 RouterNotFound Router {one} could not be found"),
    kind(
        "floatingips",
        "floatingip",
        "floatingips",
        "404 FloatingIPNotFound Floating IP {one} could not be found",
    ),
    kind(
        "vpn/ikepolicies",
        "ikepolicy",
        "ikepolicies",
        "404 IKEPolicyNotFound IKEPolicy {one} could not be found",
    ),
    kind(
        "vpn/ipsecpolicies",
        "ipsecpolicy",
        "ipsecpolicies",
        "404 IPsecPolicyNotFound IPsecPolicy {one} could not be found",
    ),
    kind(
        "vpn/vpnservices",
        "vpnservice",
        "vpnservices",
        "404 VPNServiceNotFound VPNService {one} could not be found",
    ),
    kind(
        "vpn/endpoint-groups",
        "endpoint_group",
        "endpoint_groups",
        "404 VPNEndpointGroupNotFound Endpoint group {one} could not be found",
    ),
    kind(
        "vpn/ipsec-site-connections",
        "ipsec_site_connection",
        "ipsec_site_connections",
        "404 IPsecSiteConnectionNotFound ipsec_site_connection {one} not found",
    ),
];

/// A POST that its owner is granted: the `n`th of a kind, of several.
pub(crate) fn body(kind: Kind, n: u8) -> Value {
    match kind.key {
        "subnet" => json!({
            "network_id": "{network}", "ip_version": 4, "cidr": format!("10.{}.0.0/24", 100 + n), "name": "x",
        }),
        "port" => json!({"network_id": "{network}"}),
        "floatingip" => json!({"floating_network_id": "{ext}"}),
        "vpnservice" => json!({"router_id": "{router}", "subnet_id": "{subnet}"}),
        "endpoint_group" => json!({"type": "cidr", "endpoints": [format!("10.8.{n}.0/24")]}),
        "ipsec_site_connection" => json!({
            "vpnservice_id": "{vpnservice}", "ikepolicy_id": "{ikepolicy}", "ipsecpolicy_id": "{ipsecpolicy}",
            "peer_address": format!("203.0.113.{n}"), "peer_id": format!("203.0.113.{n}"),
            "peer_cidrs": [format!("10.7.{n}.0/24")], "psk": "secret",
        }),
        _ => json!({}),
    }
}

/// One object of each kind in the project of `demo`, by the name of its kind.
pub(crate) async fn one_of_each() -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let demo = cloud.demo.clone();
    for kind in KINDS {
        let mut attributes = body(kind, 9);
        if kind.key == "subnet" {
            attributes = json!({"network_id": "{network}", "ip_version": 4, "cidr": "10.1.0.0/24"});
        }
        if kind.key == "router" {
            attributes = json!({"external_gateway_info": {"network_id": "{ext}"}});
        }
        let made = cloud.call(&demo, "POST", kind.path, &json!({kind.key: attributes})).await;
        assert_eq!(made.status, 201, "{}: {}", kind.path, made.body);
        cloud.ids.insert(kind.key.to_owned(), made.body[kind.key]["id"].as_str().unwrap().to_owned());
        if kind.key == "router" {
            cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{subnet}"})).await;
        }
    }
    cloud
}
