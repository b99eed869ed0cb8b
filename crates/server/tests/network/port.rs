//! Ports.

use serde_json::{Value, json};

use crate::common::AGENT_KEY;
use crate::common::cloud::Cloud;

#[tokio::test]
async fn everything_that_a_port_refuses() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "network", "right", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.6.0.0/24", json!({})).await;
    cloud.subnet(&demo, "right", "tiny", "10.7.0.0/30", json!({})).await;
    cloud.subnet(&admin, "shared", "shared-subnet", "10.8.0.0/24", json!({})).await;
    let mac = "fa:16:3e:00:00:01";
    let attributes = json!({
        "network_id": "{left}", "mac_address": mac,
        "fixed_ips": [{"subnet_id": "{left-subnet}", "ip_address": "10.6.0.60"}],
    });
    cloud.create(&demo, "port", "port", attributes).await;
    cloud.create(&demo, "port", "last", json!({"network_id": "{right}"})).await;
    cloud.create(&demo, "port", "guest", json!({"network_id": "{shared}"})).await;
    let machine = json!({"network_id": "{left}", "device_owner": "compute:nova", "device_id": "vm"});
    cloud.create(&demo, "port", "machine", machine).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    let added = cloud
        .put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"}))
        .await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    let port = |attributes: Value| {
        let mut all = json!({"network_id": "{left}"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        json!({"port": all})
    };
    let fixed = |fixed_ips: Value| port(json!({"fixed_ips": fixed_ips}));
    let change = |attributes: Value| json!({"port": attributes});
    let pairs = |pairs: Value| port(json!({"allowed_address_pairs": pairs}));
    let options = |options: Value| port(json!({"extra_dhcp_opts": options}));
    let forbidden = |action: &str, what: &str| {
        format!(
            "403 PolicyNotAuthorized (rule:{action}_port and rule:{action}_port:{what}) is disallowed by policy"
        )
    };
    let bad = |attribute: &str, why: &str| {
        format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {why}.")
    };
    let invalid = |why: &str| format!("400 InvalidInput Invalid input for operation: {why}.");
    for case in [
        (
            "POST",
            "ports",
            change(json!({})),
            "400 HTTPBadRequest Failed to parse request. Required attribute 'network_id' not specified",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{port}"})),
            "404 NetworkNotFound Network {port} could not be found.",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{ext}"})),
            "403 PolicyNotAuthorized rule:create_port is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{shared}", "fixed_ips": [{"ip_address": "10.8.0.9"}]})),
            "403 PolicyNotAuthorized (rule:create_port and (rule:create_port:fixed_ips and (rule:create_port:fixed_ips:ip_address))) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{shared}", "mac_address": mac})),
            "403 PolicyNotAuthorized (rule:create_port and rule:create_port:mac_address) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{shared}", "device_owner": "network:dhcp"})),
            "403 PolicyNotAuthorized (rule:create_port and rule:create_port:device_owner) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(
                json!({"network_id": "{shared}", "fixed_ips": [{"ip_address": "10.8.0.9", "subnet_id": "{shared-subnet}"}]}),
            ),
            "403 PolicyNotAuthorized (rule:create_port and (rule:create_port:fixed_ips and (rule:create_port:fixed_ips:subnet_id and rule:create_port:fixed_ips:ip_address))) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{shared}", "allowed_address_pairs": [{"ip_address": "10.8.0.9"}]})),
            "403 PolicyNotAuthorized (rule:create_port and rule:create_port:allowed_address_pairs) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{shared}", "port_security_enabled": false})),
            "403 PolicyNotAuthorized (rule:create_port and rule:create_port:port_security_enabled) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"binding:host_id": "node-1"})),
            &forbidden("create", "binding:host_id"),
        ),
        (
            "POST",
            "ports",
            port(json!({"binding:profile": {"a": 1}})),
            &forbidden("create", "binding:profile"),
        ),
        (
            "PUT",
            "ports/{port}",
            change(json!({"binding:host_id": "node-1"})),
            &forbidden("update", "binding:host_id"),
        ),
        (
            "PUT",
            "ports/{port}",
            change(json!({"binding:profile": {"a": 1}})),
            &forbidden("update", "binding:profile"),
        ),
        (
            "POST",
            "ports",
            port(json!({"binding:vif_type": "ovs"})),
            "400 HTTPBadRequest Attribute 'binding:vif_type' not allowed in POST",
        ),
        (
            "POST",
            "ports",
            port(json!({"binding:vnic_type": "x"})),
            &bad("binding:vnic_type", "x is not in valid_values"),
        ),
        (
            "GET",
            "ports?binding%3Ahost_id=node-1",
            json!(null),
            "400 HTTPBadRequest ['binding:host_id'] is invalid attribute for filtering",
        ),
        ("POST", "ports", pairs(json!("x")), "400 HTTPBadRequest Allowed address pairs must be a list."),
        ("POST", "ports", pairs(json!(["x"])), &bad("allowed_address_pairs", "'x' is not a dictionary")),
        (
            "POST",
            "ports",
            pairs(json!([{"mac_address": mac}])),
            "400 AllowedAddressPairsMissingIP AllowedAddressPair must contain ip_address",
        ),
        (
            "POST",
            "ports",
            pairs(json!([{"ip_address": "x"}])),
            &bad("allowed_address_pairs", "'x' is not a valid IP address"),
        ),
        (
            "POST",
            "ports",
            pairs(json!([{"ip_address": "10.0.0.1/24"}])),
            &bad("allowed_address_pairs", "'10.0.0.1/24' is not a valid CIDR"),
        ),
        (
            "POST",
            "ports",
            pairs(json!([{"ip_address": "10.0.0.1", "mac_address": "x"}])),
            &bad("allowed_address_pairs", "'x' is not a valid MAC address"),
        ),
        (
            "POST",
            "ports",
            pairs(json!([{"ip_address": "10.0.0.1", "foo": 1}])),
            "400 HTTPBadRequest Unrecognized attribute(s) 'foo'",
        ),
        (
            "POST",
            "ports",
            pairs(json!([{"ip_address": "10.0.0.1"}, {"ip_address": "10.0.0.1"}])),
            "400 DuplicateAddressPairInRequest Request contains duplicate address pair: mac_address None ip_address 10.0.0.1.",
        ),
        (
            "POST",
            "ports",
            pairs((0..11).map(|last| json!({"ip_address": format!("10.0.0.{last}")})).collect()),
            "400 AllowedAddressPairExhausted The number of allowed address pair exceeds the maximum 10.",
        ),
        (
            "POST",
            "ports",
            port(
                json!({"allowed_address_pairs": [{"ip_address": "10.0.0.1"}], "port_security_enabled": false}),
            ),
            "409 AddressPairAndPortSecurityRequired Port Security must be enabled in order to have allowed address pairs on a port.",
        ),
        (
            "PUT",
            "ports/{guest}",
            change(json!({"allowed_address_pairs": []})),
            "403 PolicyNotAuthorized (rule:update_port and rule:update_port:allowed_address_pairs) is disallowed by policy",
        ),
        (
            "PUT",
            "ports/{guest}",
            change(json!({"port_security_enabled": false})),
            "403 PolicyNotAuthorized (rule:update_port and rule:update_port:port_security_enabled) is disallowed by policy",
        ),
        (
            "PUT",
            "ports/{guest}",
            change(json!({"device_owner": "network:dhcp"})),
            "403 PolicyNotAuthorized (rule:update_port and rule:update_port:device_owner) is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            options(json!({})),
            &bad("extra_dhcp_opts", "Invalid data format for extra DHCP option: '{}'"),
        ),
        (
            "POST",
            "ports",
            options(json!([{"opt_name": "a"}])),
            &bad(
                "extra_dhcp_opts",
                "Validation of dictionary's keys failed. Expected keys: {'opt_name', 'opt_value'} Provided keys: {'opt_name'}",
            ),
        ),
        (
            "POST",
            "ports",
            options(json!([{"opt_name": "a", "opt_value": "b", "c": 1}])),
            &bad("extra_dhcp_opts", "Unexpected keys supplied: c"),
        ),
        (
            "POST",
            "ports",
            options(json!([{"opt_name": " ", "opt_value": "b"}])),
            &bad("extra_dhcp_opts", "' ' is not a valid string"),
        ),
        (
            "POST",
            "ports",
            options(json!([{"opt_name": "a", "opt_value": "b", "ip_version": 5}])),
            &bad("extra_dhcp_opts", "5 is not in valid_values"),
        ),
        (
            "DELETE",
            "ports/{machine}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_port is disallowed by policy",
        ),
        (
            "POST",
            "ports",
            port(json!({"device_owner": "network:router_interface", "device_id": "{router}"})),
            "400 BadRequest Bad port request: device owner network:router_interface is set by the service alone.",
        ),
        (
            "POST",
            "ports",
            port(json!({"mac_address": "bad"})),
            &bad("mac_address", "'bad' is not a valid MAC address"),
        ),
        (
            "POST",
            "ports",
            port(json!({"mac_address": mac})),
            "409 MacAddressInUse Unable to complete operation for network {left}. The mac address fa:16:3e:00:00:01 is in use.",
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"ip_address": "10.6.0.60"}])),
            "409 IpAddressAlreadyAllocated IP address 10.6.0.60 already allocated in subnet {left-subnet}",
        ),
        (
            "POST",
            "ports",
            port(json!({"network_id": "{right}"})),
            "409 IpAddressGenerationFailure No more IP addresses available on network {right}.",
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"ip_address": "10.9.0.50"}])),
            "400 InvalidIpForNetwork IP address 10.9.0.50 is not a valid IP for any of the subnets on the specified network.",
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"ip_address": "10.9.0.50", "subnet_id": "{left-subnet}"}])),
            "400 InvalidIpForSubnet IP address 10.9.0.50 is not a valid IP for the specified subnet.",
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"ip_address": "10.6.0.255"}])),
            "400 InvalidIpForSubnet IP address 10.6.0.255 is not a valid IP for the specified subnet.",
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"subnet_id": "{tiny}"}])),
            &invalid(
                "Failed to create port on network {left}, because fixed_ips included invalid subnet {tiny}",
            ),
        ),
        (
            "POST",
            "ports",
            fixed(json!([{"subnet_id": "{left}"}])),
            "404 SubnetNotFound Subnet {left} could not be found.",
        ),
        ("POST", "ports", fixed(json!([{}])), &invalid("IP allocation requires subnet_id or ip_address")),
        (
            "POST",
            "ports",
            fixed(json!([{"ip_address": "10.6.0.50"}, {"ip_address": "10.6.0.50"}])),
            &bad("fixed_ips", "Duplicate IP address '10.6.0.50'"),
        ),
        (
            "POST",
            "ports",
            fixed(json!("x")),
            "400 HTTPBadRequest Invalid input for fixed_ips. Reason: Invalid data format for fixed IP: 'x'.",
        ),
        (
            "POST",
            "ports",
            port(json!({"security_groups": ["{left}"]})),
            "404 SecurityGroupNotFound Security group {left} does not exist",
        ),
        (
            "POST",
            "ports",
            port(json!({"security_groups": ["{left}"], "port_security_enabled": false})),
            "400 PortSecurityAndIPRequiredForSecurityGroups Port security must be enabled and port must have an IP address in order to use security groups.",
        ),
        (
            "PUT",
            "ports/{port}",
            change(json!({"mac_address": "fa:16:3e:00:00:02"})),
            "403 PolicyNotAuthorized (rule:update_port and rule:update_port:mac_address) is disallowed by policy",
        ),
        (
            "PUT",
            "ports/{guest}",
            change(json!({"fixed_ips": []})),
            "403 PolicyNotAuthorized (rule:update_port and rule:update_port:fixed_ips) is disallowed by policy",
        ),
        (
            "PUT",
            "ports/{guest}",
            change(json!({"fixed_ips": [{"ip_address": "10.8.0.9"}]})),
            "403 PolicyNotAuthorized (rule:update_port and (rule:update_port:fixed_ips and (rule:update_port:fixed_ips:ip_address))) is disallowed by policy",
        ),
        (
            "PUT",
            "ports/{port}",
            change(json!({"fixed_ips": [{"ip_address": "10.6.0.1"}]})),
            "409 IpAddressAlreadyAllocated IP address 10.6.0.1 already allocated in subnet {left-subnet}",
        ),
        (
            "PUT",
            "ports/{interface}",
            change(json!({"fixed_ips": [{"ip_address": "10.6.0.9"}]})),
            "400 BadRequest Bad ports request: IP updates for port {interface} are not allowed.",
        ),
        (
            "PUT",
            "ports/{interface}",
            change(json!({"device_id": ""})),
            "400 BadRequest Bad port request: port {interface} belongs to router {router}, use the router's remove_router_interface.",
        ),
        (
            "PUT",
            "ports/{port}",
            change(json!({"device_owner": "network:router_gateway"})),
            "400 BadRequest Bad port request: device owner network:router_gateway is set by the service alone.",
        ),
        (
            "DELETE",
            "ports/{interface}",
            json!(null),
            "409 ServicePortInUse Port {interface} cannot be deleted directly via the port API: has device owner network:router_interface.",
        ),
        ("GET", "ports?fixed_ips=foo", json!(null), &invalid("'foo' is not of the form <key>=[value]")),
    ] {
        cloud.refused(&demo, case).await;
    }
    for method in ["GET", "DELETE"] {
        let want = "404 PortNotFound Port {port} could not be found.";
        cloud.refused(&stranger, (method, "ports/{port}", Value::Null, want)).await;
    }
}

#[tokio::test]
async fn ports_are_found_by_what_they_have() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "four", "10.6.0.0/24", json!({})).await;
    cloud.subnet(&demo, "left", "six", "fd00::/64", json!({})).await;
    let fixed_ips = json!([{"ip_address": "10.6.0.60"}, {"ip_address": "10.6.0.61"}]);
    cloud.create(&demo, "port", "a", json!({"network_id": "{left}", "fixed_ips": fixed_ips})).await;
    let both = cloud.create(&demo, "port", "b", json!({"network_id": "{left}", "tags": ["x"]})).await;
    let subnets: Vec<Value> =
        both["fixed_ips"].as_array().unwrap().iter().map(|one| cloud.shown(&one["subnet_id"])).collect();
    assert_eq!(subnets, ["{four}", "{six}"], "one address of each IP version");
    cloud
        .create(&demo, "port", "c", json!({"network_id": "{left}", "fixed_ips": [], "device_id": "host"}))
        .await;
    let repeated = |filter: &str| vec![filter; 1200].join("&");
    for (query, want) in [(repeated("status=DOWN"), 3), (repeated("fixed_ips=ip_address%3D10.6.0.61"), 1)] {
        let ports = cloud.get(&demo, &format!("ports?{query}")).await;
        assert_eq!(ports["ports"].as_array().unwrap().len(), want, "{}", &query[..40]);
    }
    for (query, want) in [
        ("", vec!["a", "b", "c"]),
        ("&fixed_ips=subnet_id%3D{four}", vec!["a", "b"]),
        ("&fixed_ips=subnet_id%3D{six}", vec!["b"]),
        ("&fixed_ips=ip_address%3D10.6.0.61", vec!["a"]),
        ("&fixed_ips=ip_address%3D10.6.0.6", vec![]),
        ("&fixed_ips=ip_address_substr%3D10.6.0.6", vec!["a"]),
        ("&fixed_ips=ip_address_substr%3D%25", vec![]),
        ("&fixed_ips=ip_address_substr%3D_", vec![]),
        ("&fixed_ips=ip_address_substr%3D!", vec![]),
        ("&fixed_ips=ip_address%3D10.6.0.61&fixed_ips=ip_address%3D10.6.0.60", vec!["a"]),
        ("&fixed_ips=ip_address%3D10.6.0.61&fixed_ips=subnet_id%3D{six}", vec![]),
        ("&device_id=host", vec!["c"]),
        ("&status=DOWN&admin_state_up=True", vec!["a", "b", "c"]),
        ("&status=ACTIVE", vec![]),
        ("&status=BUILD", vec![]),
        ("&name=a&name=c", vec!["a", "c"]),
        ("&sort_key=name&sort_dir=desc", vec!["c", "b", "a"]),
    ] {
        let ports = cloud.get(&demo, &format!("ports?fields=name{query}")).await;
        let names: Vec<&str> =
            ports["ports"].as_array().unwrap().iter().map(|port| port["name"].as_str().unwrap()).collect();
        let ordered = query.contains("sort_key");
        let sorted = |mut names: Vec<&'static str>| {
            if !ordered {
                names.sort_unstable()
            }
            names
        };
        let mut got = names.clone();
        if !ordered {
            got.sort_unstable()
        }
        assert_eq!(got, sorted(want), "{query}");
    }
    let moved = json!({"port": {"mac_address": "FA-16-3E-00-00-09", "fixed_ips": [{"subnet_id": "{four}"}]}});
    let port = cloud.put(&admin, "ports/{a}", moved).await["port"].clone();
    assert_eq!(port["mac_address"], "fa:16:3e:00:00:09");
    assert_eq!(port["fixed_ips"][0]["ip_address"], "10.6.0.60", "an address that fits is kept");
    assert_eq!(port["binding:vif_type"], "unbound", "shown to an administrator");
    let each: Vec<String> = (0..101).map(|n| format!("fixed_ips=ip_address%3D10.6.1.{n}")).collect();
    let found = cloud.get(&demo, &format!("ports?{}", each[..100].join("&"))).await;
    assert_eq!(found["ports"], json!([]));
    let request = format!("ports?{}", each.join("&"));
    let want = "400 InvalidInput Invalid input for operation: more than 100 values of fixed_ips in a filter.";
    cloud.refused(&demo, ("GET", &request, Value::Null, want)).await;
}

#[tokio::test]
async fn what_a_port_has_is_kept_and_found_again() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    let attributes = json!({
        "network_id": "{left}",
        "mac_address": "fa:16:3e:00:00:01",
        "allowed_address_pairs": [
            {"ip_address": "10.0.0.9"},
            {"ip_address": "fd00::/64", "mac_address": "FA-16-3E-00-00-02"},
        ],
        "extra_dhcp_opts": [
            {"opt_name": "bootfile-name", "opt_value": "pxelinux.0"},
            {"opt_name": "dns-server", "opt_value": "fd00::53", "ip_version": "6"},
            {"opt_name": "unset", "opt_value": null},
        ],
        "binding:vnic_type": "direct",
    });
    let made = cloud.create(&demo, "port", "port", attributes).await;
    let pairs = json!([
        {"ip_address": "10.0.0.9", "mac_address": "fa:16:3e:00:00:01"},
        {"ip_address": "fd00::/64", "mac_address": "fa:16:3e:00:00:02"},
    ]);
    let options = json!([
        {"opt_name": "bootfile-name", "opt_value": "pxelinux.0", "ip_version": 4},
        {"opt_name": "dns-server", "opt_value": "fd00::53", "ip_version": 6},
    ]);
    let port = cloud.get(&demo, "ports/{port}").await["port"].clone();
    for (key, want) in [
        ("allowed_address_pairs", pairs),
        ("extra_dhcp_opts", options),
        ("binding:vnic_type", json!("direct")),
        ("binding:host_id", Value::Null),
        ("fixed_ips", json!([])),
    ] {
        assert_eq!((&made[key], &port[key]), (&want, &want), "{key}");
    }

    // A PUT of DHCP options changes those that it names; address pairs it replaces.
    let changed = json!({"port": {
        "extra_dhcp_opts": [
            {"opt_name": "bootfile-name", "opt_value": null},
            {"opt_name": "dns-server", "opt_value": "fd00::54", "ip_version": 6},
            {"opt_name": "ntp-server", "opt_value": "10.0.0.3"},
        ],
        "allowed_address_pairs": null,
    }});
    let port = cloud.put(&demo, "ports/{port}", changed).await["port"].clone();
    let options = json!([
        {"opt_name": "dns-server", "opt_value": "fd00::54", "ip_version": 6},
        {"opt_name": "ntp-server", "opt_value": "10.0.0.3", "ip_version": 4},
    ]);
    assert_eq!((&port["extra_dhcp_opts"], &port["allowed_address_pairs"]), (&options, &json!([])));

    // The administrator says where it is plugged; nobody has plugged it there.
    let bound = json!({"port": {"binding:host_id": "node-1", "binding:profile": {"slot": [1, null]}}});
    let port = cloud.put(&admin, "ports/{port}", bound).await["port"].clone();
    let binding =
        ["host_id", "profile", "vif_type", "vif_details"].map(|key| port[format!("binding:{key}")].clone());
    assert_eq!(binding, [json!("node-1"), json!({"slot": [1, null]}), json!("binding_failed"), json!({})]);
    for (query, want) in [("binding%3Ahost_id=node-1", 1), ("binding%3Ahost_id=node-2", 0)] {
        let found = cloud.get(&admin, &format!("ports?{query}")).await;
        assert_eq!(found["ports"].as_array().unwrap().len(), want, "{query}");
    }
    let unbound = json!({"port": {"binding:host_id": null, "binding:profile": null}});
    let port = cloud.put(&admin, "ports/{port}", unbound).await["port"].clone();
    let binding = ["host_id", "profile", "vif_type"].map(|key| port[format!("binding:{key}")].clone());
    assert_eq!(binding, [json!(""), json!({}), json!("unbound")]);
}

#[tokio::test]
async fn a_manager_may_set_the_ethernet_address_of_a_port() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "port", "port", json!({"network_id": "{left}"})).await;
    cloud.create(&demo, "port", "guest", json!({"network_id": "{shared}"})).await;
    let manager = cloud.person("manager", "manager", "demo").await;
    let change = json!({"port": {"mac_address": "fa:16:3e:00:00:07"}});
    let want =
        "403 PolicyNotAuthorized (rule:update_port and rule:update_port:mac_address) is disallowed by policy";
    cloud.refused(&demo, ("PUT", "ports/{port}", change.clone(), want)).await;
    cloud.refused(&manager, ("PUT", "ports/{guest}", change.clone(), want)).await;
    let port = cloud.put(&manager, "ports/{port}", change.clone()).await;
    assert_eq!(port["port"]["mac_address"], "fa:16:3e:00:00:07");
    cloud.put(&demo, "ports/{port}", change).await;
}

#[tokio::test]
async fn a_host_is_active_where_an_agent_sees_it() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "nova").await;
    cloud.agent("node-2", "nova").await;
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    let subnet = json!({"subnet_id": "{left-subnet}"});
    let added = cloud.put(&demo, "routers/{router}/add_router_interface", subnet).await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    for name in ["one", "two"] {
        cloud.create(&demo, "port", name, json!({"network_id": "{left}"})).await;
    }
    let report = async |node: &str, report: Value| {
        let path = cloud.with_ids(&format!("/agent/v1/agents/{{{node}}}/reports"));
        let report = serde_json::from_str(&cloud.with_ids(&report.to_string())).unwrap();
        let answer = cloud.server.call_as_agent(AGENT_KEY, "POST", &path, &report).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    };
    let sees =
        async |node: &str, ports: Value| report(node, json!({"routers": {}, "host_ports": ports})).await;
    let shown = async |name: &str| {
        let port = cloud.get(&admin, &format!("ports/{{{name}}}")).await["port"].clone();
        ["status", "binding:host_id", "binding:vif_type"]
            .map(|key| port[key].as_str().unwrap().to_owned())
            .join(" ")
    };
    assert_eq!(shown("one").await, "DOWN  unbound");
    sees("node-1", json!(["{one}", "{two}", "{interface}", "{left}"])).await;
    assert_eq!(shown("one").await, "ACTIVE node-1 bridge");
    assert_eq!(shown("interface").await, "DOWN  unbound", "routers have reports of their own");
    let active = cloud.get(&demo, "ports?status=ACTIVE").await;
    assert_eq!(active["ports"].as_array().unwrap().len(), 2);
    // What one agent says is not about the hosts of another; a report of routers alone says nothing of hosts.
    sees("node-2", json!(["{two}"])).await;
    report("node-1", json!({"routers": {}})).await;
    assert_eq!(
        (shown("one").await, shown("two").await),
        ("ACTIVE node-1 bridge".into(), "ACTIVE node-2 bridge".into())
    );
    sees("node-1", json!([])).await;
    assert_eq!(shown("one").await, "DOWN node-1 binding_failed");
    assert_eq!(shown("two").await, "ACTIVE node-2 bridge");
    let router = json!({
        "observed_generation": 1, "error": null, "wired_ports": ["{interface}"], "services": {}, "connections": {},
    });
    report("node-1", json!({"routers": {"{router}": router}})).await;
    assert_eq!(shown("interface").await, "ACTIVE node-1 bridge");
}
