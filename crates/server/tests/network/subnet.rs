//! Subnets.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn everything_that_a_subnet_refuses() {
    let mut cloud = Cloud::start().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "used", "10.11.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    let added =
        cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{used}"})).await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    let subnet = |attributes: Value| {
        let mut all = json!({"network_id": "{left}", "ip_version": 4, "cidr": "10.5.0.0/24"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        json!({"subnet": all})
    };
    let change = |attributes: Value| json!({"subnet": attributes});
    let pools = |pools: &[(&str, &str)]| {
        let pools: Vec<Value> =
            pools.iter().map(|(start, end)| json!({"start": start, "end": end})).collect();
        json!({"allocation_pools": pools})
    };
    let invalid = |why: &str| format!("400 InvalidInput Invalid input for operation: {why}.");
    let bad = |attribute: &str, why: &str| {
        format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {why}.")
    };
    let six = |from: u8| (from..from + 6).map(|last| format!("10.5.0.{last}")).collect::<Vec<_>>();
    let routes: Vec<Value> = (0..21)
        .map(|net| json!({"destination": format!("10.{net}.0.0/16"), "nexthop": "10.5.0.9"}))
        .collect();
    let mut with_conflict = pools(&[("10.5.0.5", "10.5.0.20")]);
    with_conflict["gateway_ip"] = json!("10.5.0.10");
    for case in [
        (
            "POST",
            "subnets",
            change(json!({"cidr": "10.5.0.0/24", "ip_version": 4})),
            "400 HTTPBadRequest Failed to parse request. Required attribute 'network_id' not specified",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"segment_id": null})),
            "400 HTTPBadRequest Unrecognized attribute(s) 'segment_id'",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"network_id": "left"})),
            &bad("network_id", "'left' is not a valid UUID"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"network_id": "{used}"})),
            "404 NetworkNotFound Network {used} could not be found.",
        ),
        ("POST", "subnets", subnet(json!({"ip_version": 5})), &bad("ip_version", "5 is not in valid_values")),
        ("POST", "subnets", subnet(json!({"ip_version": "x"})), &invalid("'x' is not an integer")),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": null})),
            "400 BadRequest Bad subnets request: a subnetpool must be specified in the absence of a cidr.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"prefixlen": 24})),
            "400 BadRequest Bad subnets request: cidr and prefixlen must not be supplied together.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "10.5.0.300/24"})),
            &invalid("10.5.0.300/24 is not in a CIDR format"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"ip_version": 6})),
            &invalid("cidr '10.5.0.0/24' does not match the ip_version '6'"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"gateway_ip": "fd00::1"})),
            &invalid("gateway_ip 'fd00::1' does not match the ip_version '4'"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"gateway_ip": "x"})),
            &bad("gateway_ip", "'x' is not a valid IP address"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"dns_nameservers": ["fd00::1"]})),
            &invalid("dns_nameserver 'fd00::1' does not match the ip_version '4'"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"dns_nameservers": ["x"]})),
            &bad("dns_nameservers", "'x' is not a valid nameserver. 'x' is not a valid IP address"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"dns_nameservers": ["8.8.8.8", "8.8.8.8"]})),
            &bad("dns_nameservers", "Duplicate nameserver '8.8.8.8'"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"dns_nameservers": six(1)})),
            "400 DNSNameServersExhausted Unable to complete operation for new subnet. The number of DNS nameservers exceeds the limit 5.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"host_routes": routes})),
            "400 HostRoutesExhausted Unable to complete operation for new subnet. The number of host routes exceeds the limit 20.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"host_routes": [{"destination": "10.9.0.1/24", "nexthop": "10.5.0.9"}]})),
            &bad("host_routes", "'10.9.0.1/24' is not a valid CIDR"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "10.11.0.128/25"})),
            &invalid(
                "Requested subnet with cidr: 10.11.0.128/25 for network: {left} overlaps with another subnet",
            ),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "10.5.0.0/31", "gateway_ip": null})),
            &invalid("Subnet has a prefix length that is incompatible with DHCP service enabled"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "10.5.0.0/31", "enable_dhcp": false})),
            "409 IpamValueInvalid Gateway IP 10.5.0.1 cannot be the network or broadcast IP address 10.5.0.0/31",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "224.0.0.0/16"})),
            &invalid("Multicast IP subnet is not supported if enable_dhcp is True"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "127.0.0.0/8"})),
            &invalid("Loopback IP subnet is not supported if enable_dhcp is True"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": "0.0.0.0/0"})),
            &invalid("First IP '0.0.0.0' of network is not supported if enable_dhcp is True."),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"gateway_ip": "10.5.0.0"})),
            &invalid("Gateway is not valid on subnet"),
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"gateway_ip": "10.5.0.255"})),
            &invalid("Gateway is not valid on subnet"),
        ),
        (
            "POST",
            "subnets",
            subnet(with_conflict),
            "409 GatewayConflictWithAllocationPools Gateway ip 10.5.0.10 conflicts with allocation pool 10.5.0.5-10.5.0.20.",
        ),
        (
            "POST",
            "subnets",
            subnet(pools(&[("10.5.0.5", "10.5.0.20"), ("10.5.0.15", "10.5.0.30")])),
            "409 OverlappingAllocationPools Found overlapping allocation pools: 10.5.0.5-10.5.0.20 10.5.0.15-10.5.0.30 for subnet 10.5.0.0/24.",
        ),
        (
            "POST",
            "subnets",
            subnet(pools(&[("10.6.0.2", "10.6.0.5")])),
            "400 OutOfBoundsAllocationPool The allocation pool 10.6.0.2-10.6.0.5 spans beyond the subnet cidr 10.5.0.0/24.",
        ),
        (
            "POST",
            "subnets",
            subnet(pools(&[("10.5.0.20", "10.5.0.5")])),
            "400 InvalidAllocationPool The allocation pool {'start': '10.5.0.20', 'end': '10.5.0.5'} is not valid.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"network_id": "{shared}"})),
            "403 PolicyNotAuthorized rule:create_subnet is disallowed by policy",
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"cidr": "10.5.0.0/24"})),
            "400 HTTPBadRequest Cannot update read-only attribute cidr",
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"gateway_ip": null})),
            "409 GatewayIpInUse Current gateway ip 10.11.0.1 already in use by port {interface}. Unable to update.",
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"dns_nameservers": six(1)})),
            "400 DNSNameServersExhausted Unable to complete operation for {used}. The number of DNS nameservers exceeds the limit 5.",
        ),
        (
            "DELETE",
            "subnets/{used}",
            json!(null),
            "409 SubnetInUse Unable to complete operation on subnet {used}: One or more ports have an IP allocation from this subnet.",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    for method in ["GET", "DELETE"] {
        let want = "404 SubnetNotFound Subnet {used} could not be found.";
        cloud.refused(&stranger, (method, "subnets/{used}", Value::Null, want)).await;
    }
    // What a VPN endpoint group names stays, by whichever way it would go.
    cloud.create(&demo, "network", "right", json!({})).await;
    cloud.subnet(&demo, "right", "named", "10.12.0.0/24", json!({})).await;
    let group = json!({"endpoint_group": {"name": "g", "type": "subnet", "endpoints": ["{named}"]}});
    let group = cloud.call(&demo, "POST", "vpn/endpoint-groups", &group).await;
    assert_eq!(group.status, 201, "{}", group.body);
    let group = group.body["endpoint_group"]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("group".to_owned(), group);
    for path in ["subnets/{named}", "networks/{right}"] {
        let want = "409 SubnetInUse Unable to complete operation on subnet {named}: Subnet {named} is used by endpoint group {group}.";
        cloud.refused(&demo, ("DELETE", path, Value::Null, want)).await;
    }
}

#[tokio::test]
async fn a_subnet_gets_what_its_owner_does_not_say() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    for (name, cidr, more, want) in [
        ("a", "10.5.0.7/24", json!({}), "10.5.0.0/24 10.5.0.1 10.5.0.2-10.5.0.254"),
        ("b", "10.6.0.0/24", json!({"gateway_ip": null}), "10.6.0.0/24 null 10.6.0.1-10.6.0.254"),
        (
            "c",
            "10.7.0.0/24",
            json!({"gateway_ip": "10.7.0.9"}),
            "10.7.0.0/24 10.7.0.9 10.7.0.1-10.7.0.8 10.7.0.10-10.7.0.254",
        ),
        ("d", "10.8.0.0/24", json!({"gateway_ip": "192.0.2.1"}), "10.8.0.0/24 192.0.2.1 10.8.0.1-10.8.0.254"),
        ("e", "fd00::/64", json!({}), "fd00::/64 fd00:: fd00::1-fd00::ffff:ffff:ffff:ffff"),
        (
            "f",
            "10.9.0.1",
            json!({"gateway_ip": null, "enable_dhcp": false, "allocation_pools": null}),
            "10.9.0.1/32 null 10.9.0.1-10.9.0.1",
        ),
    ] {
        let subnet = cloud.subnet(&demo, "left", name, cidr, more).await;
        let pool =
            |pool: &Value| format!("{}-{}", pool["start"].as_str().unwrap(), pool["end"].as_str().unwrap());
        let pools: Vec<String> = subnet["allocation_pools"].as_array().unwrap().iter().map(pool).collect();
        let gateway = subnet["gateway_ip"].as_str().unwrap_or("null");
        assert_eq!(
            format!("{} {gateway} {}", subnet["cidr"].as_str().unwrap(), pools.join(" ")),
            want,
            "{name}"
        );
    }
    let network = &cloud.get(&demo, "networks/{left}").await["network"];
    assert_eq!(network["subnets"].as_array().unwrap().len(), 6);
    assert_eq!(network["revision_number"], 7, "a network grows with its subnets");
}
