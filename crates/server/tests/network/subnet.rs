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
    cloud.subnet(&demo, "left", "free", "10.15.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    let added =
        cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{used}"})).await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    let subnet = |attributes: Value| {
        let mut all = json!({"network_id": "{left}", "ip_version": 4, "cidr": "10.5.0.0/24"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        json!({"subnet": all})
    };
    let six_with = |attributes: Value| {
        let mut all = json!({"network_id": "{left}", "ip_version": "6", "cidr": "fd05::/64"});
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
            subnet(json!({"cidr": null, "prefixlen": 24})),
            "400 BadRequest Bad subnets request: a subnetpool must be specified in the absence of a cidr.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"cidr": null, "subnetpool_id": "{left}"})),
            "404 SubnetPoolNotFound Subnet pool {left} could not be found.",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"ipv6_ra_mode": "slaac"})),
            &invalid("ipv6_ra_mode is not valid when ip_version is 4"),
        ),
        (
            "POST",
            "subnets",
            six_with(json!({"ipv6_address_mode": "manual"})),
            &bad("ipv6_address_mode", "manual is not in valid_values"),
        ),
        (
            "POST",
            "subnets",
            six_with(json!({"ipv6_ra_mode": "slaac", "ipv6_address_mode": "dhcpv6-stateful"})),
            &invalid(
                "ipv6_ra_mode set to 'slaac' with ipv6_address_mode set to 'dhcpv6-stateful' is not valid. If both attributes are set, they must be the same value",
            ),
        ),
        (
            "POST",
            "subnets",
            six_with(json!({"ipv6_ra_mode": "slaac", "enable_dhcp": false})),
            &invalid("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"),
        ),
        (
            "POST",
            "subnets",
            six_with(json!({"ipv6_address_mode": "dhcpv6-stateless", "cidr": "fd05::/80"})),
            &invalid(
                "Invalid CIDR fd05::/80 for IPv6 address mode. Hosts form EUI-64 addresses, which requires the prefix to be /64",
            ),
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"ipv6_ra_mode": "slaac"})),
            "400 HTTPBadRequest Cannot update read-only attribute ipv6_ra_mode",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"service_types": ["compute:nova"]})),
            "403 PolicyNotAuthorized (rule:create_subnet and rule:create_subnet:service_types) is disallowed by policy",
        ),
        (
            "POST",
            "subnets",
            subnet(json!({"service_types": ["x"]})),
            "400 InvalidSubnetServiceType Subnet service type x does not correspond to a valid device owner.",
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
            subnet(json!({"cidr": "10.5.0.0/31"})),
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
            "subnets/{free}",
            change(json!({"gateway_ip": "10.15.0.2"})),
            "409 GatewayConflictWithAllocationPools Gateway ip 10.15.0.2 conflicts with allocation pool 10.15.0.2-10.15.0.254.",
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"gateway_ip": "10.11.0.254"})),
            "409 GatewayIpInUse Current gateway ip 10.11.0.1 already in use by port {interface}. Unable to update.",
        ),
        (
            "PUT",
            "subnets/{used}",
            change(json!({"host_routes": routes})),
            "400 HostRoutesExhausted Unable to complete operation for {used}. The number of host routes exceeds the limit 20.",
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

#[tokio::test]
async fn hosts_make_their_own_addresses_where_the_subnet_says_so() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "four", "10.6.0.0/24", json!({})).await;
    let early = json!({"network_id": "{left}", "mac_address": "fa:16:3e:00:00:01"});
    cloud.create(&demo, "port", "early", early).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    let slaac = json!({"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"});
    let subnet = cloud.subnet(&demo, "left", "slaac", "fd00::/64", slaac).await;
    assert_eq!([&subnet["ipv6_ra_mode"], &subnet["ipv6_address_mode"]], ["slaac", "slaac"]);
    let stateful = json!({"ipv6_address_mode": "dhcpv6-stateful"});
    cloud.subnet(&demo, "left", "stateful", "fd01::/64", stateful).await;
    let stateless = json!({"ipv6_address_mode": "dhcpv6-stateless"});
    cloud.subnet(&demo, "left", "stateless", "fd02::/64", stateless).await;
    let addresses = |port: &Value| {
        let of = |one: &Value| one["ip_address"].as_str().unwrap().to_owned();
        port["fixed_ips"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };

    // A host that was there before hears the advertisements too.
    let early = addresses(&cloud.get(&demo, "ports/{early}").await["port"]);
    assert_eq!(early[1..], ["fd00::f816:3eff:fe00:1", "fd02::f816:3eff:fe00:1"]);
    let late = json!({"network_id": "{left}", "mac_address": "fa:16:3e:00:00:02"});
    let late = addresses(&cloud.create(&demo, "port", "late", late).await);
    assert!(late[0].starts_with("10.6.0.") && late[1].starts_with("fd01::"), "{late:?}");
    assert_eq!(late[2..], ["fd00::f816:3eff:fe00:2", "fd02::f816:3eff:fe00:2"]);
    let asked = json!({
        "network_id": "{left}", "mac_address": "fa:16:3e:00:00:03", "fixed_ips": [{"subnet_id": "{slaac}"}],
    });
    assert_eq!(addresses(&cloud.create(&demo, "port", "asked", asked).await), ["fd00::f816:3eff:fe00:3"]);
    let chosen = json!({"port": {"network_id": "{left}", "fixed_ips": [{"ip_address": "fd00::9"}]}});
    let want = "400 AllocationOnAutoAddressSubnet IPv6 address fd00::9 cannot be directly assigned to a port on subnet {slaac} as the subnet is configured for automatic addresses";
    cloud.refused(&demo, ("POST", "ports", chosen, want)).await;

    // The address follows the Ethernet address, and may be sent back as it was shown.
    let moved = json!({"port": {"mac_address": "fa:16:3e:00:00:04"}});
    let asked = cloud.put(&admin, "ports/{asked}", moved).await["port"].clone();
    assert_eq!(addresses(&asked), ["fd00::f816:3eff:fe00:4"]);
    let same = json!({"port": {"fixed_ips": asked["fixed_ips"]}});
    assert_eq!(cloud.put(&demo, "ports/{asked}", same).await["port"]["fixed_ips"], asked["fixed_ips"]);

    // Routers choose theirs, and keep the subnet; hosts do not.
    let pools = json!([{"start": "fd00::1", "end": "fd00::ff"}]);
    let chosen = json!({"subnet": {"gateway_ip": "fd00::f816:3eff:fe00:5", "allocation_pools": pools}});
    cloud.put(&demo, "subnets/{slaac}", chosen).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{slaac}"})).await;
    let router = cloud.get(&demo, "ports?device_id={router}").await;
    assert_eq!(addresses(&router["ports"][0]), ["fd00::f816:3eff:fe00:5"]);
    let taken = json!({"port": {"mac_address": "fa:16:3e:00:00:05"}});
    let want =
        "409 IpAddressAlreadyAllocated IP address fd00::f816:3eff:fe00:5 already allocated in subnet {slaac}";
    cloud.refused(&admin, ("PUT", "ports/{asked}", taken, want)).await;
    let want = "409 SubnetInUse Unable to complete operation on subnet {slaac}: One or more ports have an IP allocation from this subnet.";
    cloud.refused(&demo, ("DELETE", "subnets/{slaac}", Value::Null, want)).await;
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{slaac}"})).await;
    cloud.delete(&demo, "subnets/{slaac}").await;
    assert_eq!(addresses(&cloud.get(&demo, "ports/{asked}").await["port"]), Vec::<String>::new());

    for (query, want) in [
        ("ipv6_address_mode=dhcpv6-stateful", vec!["stateful"]),
        ("ipv6_ra_mode=slaac", vec![]),
        ("subnetpool_id=x", vec![]),
        ("ip_version=6&sort_key=cidr&sort_dir=desc", vec!["stateless", "stateful"]),
        ("network_id={left}&gateway_ip=10.6.0.1&enable_dhcp=true", vec!["four"]),
    ] {
        let subnets = cloud.get(&demo, &format!("subnets?{query}")).await;
        let names: Vec<&str> =
            subnets["subnets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, want, "{query}");
    }
}

#[tokio::test]
async fn service_types_say_whose_ports_get_addresses_of_a_subnet() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    let types = json!({"service_types": ["compute:nova", "network:router_gateway"]});
    let subnet = cloud.subnet(&admin, "left", "machines", "10.6.0.0/24", types.clone()).await;
    assert_eq!(subnet["service_types"], types["service_types"]);
    let port = |owner: &str| json!({"port": {"network_id": "{left}", "device_owner": owner}});
    let want = "409 IpAddressGenerationFailureNoMatchingSubnet No valid service subnet for the given device owner, network {left}, service type other.";
    cloud.refused(&demo, ("POST", "ports", port("other"), want)).await;
    cloud.subnet(&demo, "left", "others", "10.7.0.0/24", json!({})).await;
    for (owner, want) in [("compute:nova", "{machines}"), ("other", "{others}"), ("", "{others}")] {
        let made = cloud.call(&demo, "POST", "ports", &port(owner)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let fixed_ips = made.body["port"]["fixed_ips"].as_array().unwrap();
        let subnets: Vec<Value> = fixed_ips.iter().map(|one| cloud.shown(&one["subnet_id"])).collect();
        assert_eq!(subnets, [want], "{owner}");
    }
    let none = json!({"subnet": {"service_types": []}});
    assert_eq!(cloud.put(&admin, "subnets/{machines}", none).await["subnet"]["service_types"], json!([]));
}
