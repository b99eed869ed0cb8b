//! What VPN uses stays: subnets, routers, interfaces and gateways, row by row, and what may be done to them still.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;

/// Makes something of VPN, and names it.
async fn vpn(cloud: &mut Cloud, who: &Person, path: &str, kind: &str, name: &str, attributes: Value) {
    let answer = cloud.call(who, "POST", &format!("vpn/{path}"), &json!({kind: attributes})).await;
    assert_eq!(answer.status, 201, "{kind} {name}: {}", answer.body);
    cloud.ids.insert(name.to_owned(), answer.body[kind]["id"].as_str().unwrap().to_owned());
}

/// `router` joins the subnets `one`, `two` and `three` with `ext`. The service `old` has the subnet `one`; the service
/// `new` has a connection from the group `group`, which is `two`. Nothing uses `three`.
async fn site() -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "ext-2", json!({"router:external": true})).await;
    cloud.create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}})).await;
    for (name, cidr) in [("one", "10.1.0.0/24"), ("two", "10.2.0.0/24"), ("three", "10.3.0.0/24")] {
        let network = format!("net-{name}");
        cloud.create(&demo, "network", &network, json!({})).await;
        cloud.subnet(&demo, &network, name, cidr, json!({})).await;
        let subnet = json!({"subnet_id": format!("{{{name}}}")});
        let added = cloud.put(&demo, "routers/{router}/add_router_interface", subnet).await;
        cloud.ids.insert(format!("port-{name}"), added["port_id"].as_str().unwrap().to_owned());
    }
    let old = json!({"router_id": "{router}", "subnet_id": "{one}"});
    vpn(&mut cloud, &demo, "vpnservices", "vpnservice", "old", old).await;
    vpn(&mut cloud, &demo, "vpnservices", "vpnservice", "new", json!({"router_id": "{router}"})).await;
    vpn(&mut cloud, &demo, "ikepolicies", "ikepolicy", "ike", json!({})).await;
    vpn(&mut cloud, &demo, "ipsecpolicies", "ipsecpolicy", "ipsec", json!({})).await;
    let group = |kind: &str, endpoint: &str| json!({"type": kind, "endpoints": [endpoint]});
    vpn(&mut cloud, &demo, "endpoint-groups", "endpoint_group", "group", group("subnet", "{two}")).await;
    vpn(&mut cloud, &demo, "endpoint-groups", "endpoint_group", "peers", group("cidr", "10.9.0.0/24")).await;
    let connection = json!({
        "vpnservice_id": "{new}", "ikepolicy_id": "{ike}", "ipsecpolicy_id": "{ipsec}", "psk": "secret",
        "peer_address": "203.0.113.9", "peer_id": "203.0.113.9", "local_ep_group_id": "{group}",
        "peer_ep_group_id": "{peers}",
    });
    vpn(&mut cloud, &demo, "ipsec-site-connections", "ipsec_site_connection", "connection", connection).await;
    cloud
}

fn gateway(info: Value) -> Value {
    json!({"router": {"external_gateway_info": info}})
}

#[tokio::test]
async fn what_vpn_uses_cannot_be_pulled_away() {
    let mut cloud = site().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let (router, remove) = ("routers/{router}", "routers/{router}/remove_router_interface");
    let services = "409 RouterInUse Router {router} is currently used by VPN services ({old},{new})";
    let by_service = "409 SubnetInUseByVPNService Subnet {one} is used by VPNService {old}";
    let by_connection =
        "409 SubnetInUseByIPsecSiteConnection Subnet {two} is used by ipsec site connection {connection}";
    let mut ports: Vec<String> =
        ["one", "two", "three"].iter().map(|name| cloud.ids[&format!("port-{name}")].clone()).collect();
    ports.sort_unstable();
    let attached = cloud.with_names(&format!(
        "409 RouterInUse Router {{router}} has ports still attached: {}",
        ports.join(", ")
    ));
    for (who, method, path, body, want) in [
        (&demo, "PUT", router, gateway(json!({})), services),
        (&demo, "PUT", router, gateway(Value::Null), services),
        (&demo, "PUT", router, gateway(json!({"network_id": "{ext-2}"})), services),
        (&admin, "PUT", router, gateway(json!({"network_id": "{ext-2}"})), services),
        (&demo, "PUT", remove, json!({"subnet_id": "{one}"}), by_service),
        (&demo, "PUT", remove, json!({"port_id": "{port-one}"}), by_service),
        (&demo, "PUT", remove, json!({"port_id": "{port-one}", "subnet_id": "{one}"}), by_service),
        (&demo, "PUT", remove, json!({"subnet_id": "{two}"}), by_connection),
        (&admin, "PUT", remove, json!({"port_id": "{port-two}"}), by_connection),
        // The interfaces are reported before the services.
        (&demo, "DELETE", router, Value::Null, attached.as_str()),
        // The interface is reported before the endpoint group.
        (
            &demo,
            "DELETE",
            "subnets/{two}",
            Value::Null,
            "409 SubnetInUse Unable to complete operation on subnet {two}: One or more ports have an IP allocation from this subnet.",
        ),
        (
            &demo,
            "DELETE",
            "networks/{net-two}",
            Value::Null,
            "409 NetworkInUse Unable to complete operation on network {net-two}. There are one or more ports still in use on the network, id for these ports is: {port-two}.",
        ),
        (
            &demo,
            "DELETE",
            "ports/{port-two}",
            Value::Null,
            "409 ServicePortInUse Port {port-two} cannot be deleted directly via the port API: has device owner network:router_interface.",
        ),
    ] {
        cloud.refused(who, (method, path, body, want)).await;
    }

    // What takes nothing away is allowed.
    for (who, body) in [
        (&demo, gateway(json!({"network_id": "{ext}"}))),
        (&admin, gateway(json!({"network_id": "{ext}", "enable_snat": false}))),
        (
            &admin,
            gateway(json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": "195.192.128.58"}]})),
        ),
        (&demo, json!({"router": {"admin_state_up": false}})),
        (&demo, json!({"router": {"name": "renamed"}})),
    ] {
        cloud.put(who, router, body).await;
    }
    for service in ["old", "new"] {
        let service = cloud.get(&demo, &format!("vpn/vpnservices/{{{service}}}")).await;
        assert_eq!(service["vpnservice"]["external_v4_ip"], "195.192.128.58", "follows the gateway");
    }
    cloud.put(&demo, remove, json!({"subnet_id": "{three}"})).await;

    // Another router may leave a subnet that is in a group: only the connection's own router needs it.
    let own = json!({"network_id": "{net-two}", "fixed_ips": [{"subnet_id": "{two}"}]});
    cloud.create(&demo, "port", "second", own).await;
    cloud.create(&demo, "router", "another", json!({})).await;
    cloud.put(&demo, "routers/{another}/add_router_interface", json!({"port_id": "{second}"})).await;
    cloud.put(&demo, "routers/{another}/remove_router_interface", json!({"subnet_id": "{two}"})).await;
}

#[tokio::test]
async fn when_vpn_is_gone_all_of_it_can_go() {
    let cloud = site().await;
    let demo = cloud.demo.clone();
    let (router, remove) = ("routers/{router}", "routers/{router}/remove_router_interface");
    cloud.delete(&demo, "vpn/ipsec-site-connections/{connection}").await;
    for subnet in ["{two}", "{three}"] {
        cloud.put(&demo, remove, json!({"subnet_id": subnet})).await;
    }
    // A group keeps its subnets though no connection uses it: by whichever way they would go.
    let want = "409 SubnetInUse Unable to complete operation on subnet {two}: Subnet {two} is used by endpoint group {group}.";
    for path in ["subnets/{two}", "networks/{net-two}"] {
        cloud.refused(&demo, ("DELETE", path, Value::Null, want)).await;
    }
    cloud.delete(&demo, "vpn/endpoint-groups/{group}").await;
    cloud.delete(&demo, "networks/{net-two}").await;
    cloud.delete(&demo, "vpn/vpnservices/{old}").await;
    cloud.put(&demo, remove, json!({"subnet_id": "{one}"})).await;
    let one = "409 RouterInUse Router {router} is currently used by VPN service ({new})";
    cloud.refused(&demo, ("PUT", router, gateway(json!({})), one)).await;
    cloud.refused(&demo, ("DELETE", router, Value::Null, one)).await;
    cloud.delete(&demo, "vpn/vpnservices/{new}").await;
    cloud.delete(&demo, router).await;
    for path in ["subnets/{one}", "networks/{net-one}", "networks/{net-three}"] {
        cloud.delete(&demo, path).await;
    }
}
