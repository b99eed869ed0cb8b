//! Floating IPs: what they stand for, what they keep from going, and what goes with them.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;

/// A router between `left` (10.1.0.0/24) and `ext`, and a port `host` (10.1.0.10).
async fn routed() -> (Cloud, Person, Person) {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let host = json!({
        "network_id": "{left}", "device_id": "vm", "device_owner": "compute:nova",
        "fixed_ips": [{"ip_address": "10.1.0.10"}],
    });
    cloud.create(&demo, "port", "host", host).await;
    (cloud, admin, demo)
}

fn on_ext(more: Value) -> Value {
    let mut attributes = json!({"floating_network_id": "{ext}"});
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    attributes
}

fn change(attributes: Value) -> Value {
    json!({"floatingip": attributes})
}

#[tokio::test]
async fn a_floating_ip_is_reserved_associated_freed_and_removed() {
    let (mut cloud, admin, demo) = routed().await;
    let chosen = on_ext(json!({"floating_ip_address": "195.192.128.99"}));
    let made = cloud.make(&admin, "floatingip", "chosen", chosen).await;
    assert_eq!(made["floating_ip_address"], "195.192.128.99", "outside the pool, as for ports");
    cloud.delete(&admin, "floatingips/{chosen}").await;

    let made = cloud.make(&demo, "floatingip", "fip", on_ext(json!({}))).await;
    let address = made["floating_ip_address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("195.192.128.1"), "{address}");
    cloud.ids.insert("address".to_owned(), address.clone());
    assert_json_snapshot!(cloud.shown(&made), @r#"
    {
      "id": "{fip}",
      "project_id": "{demo project}",
      "floating_ip_address": "{address}",
      "floating_network_id": "{ext}",
      "router_id": null,
      "port_id": null,
      "fixed_ip_address": null,
      "status": "DOWN",
      "description": "",
      "port_details": null,
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);

    // Its own port is the service's: tenants do not see it, and nobody removes or moves it.
    let own = cloud.get(&admin, "ports?device_owner=network:floatingip").await["ports"][0].clone();
    cloud.ids.insert("own".to_owned(), own["id"].as_str().unwrap().to_owned());
    for (attribute, want) in [
        ("status", json!("N/A")),
        ("project_id", json!("")),
        ("tenant_id", json!("")),
        ("device_id", json!("{fip}")),
        ("device_owner", json!("network:floatingip")),
        ("network_id", json!("{ext}")),
        ("name", json!("")),
    ] {
        assert_eq!(cloud.shown(&own[attribute]), want, "{attribute}");
    }
    let ids = async |query: &str| {
        let ports = cloud.get(&admin, &format!("ports?{query}&fields=id")).await;
        cloud.shown(&ports["ports"])
    };
    assert_eq!(ids("status=N/A").await, json!([{"id": "{own}"}]));
    assert!(!ids("status=DOWN").await.to_string().contains("{own}"));
    assert_eq!(cloud.call(&demo, "GET", "ports/{own}", &Value::Null).await.status, 404);
    let set_port = |attributes: Value| json!({"port": attributes});
    for case in [
        (
            "DELETE",
            "ports/{own}",
            Value::Null,
            "409 ServicePortInUse Port {own} cannot be deleted directly via the port API: has device owner network:floatingip.",
        ),
        (
            "PUT",
            "ports/{own}",
            set_port(json!({"fixed_ips": [{"ip_address": "195.192.128.250"}]})),
            "400 BadRequest Bad ports request: IP updates for port {own} are not allowed.",
        ),
        (
            "PUT",
            "ports/{own}",
            set_port(json!({"device_id": ""})),
            "400 BadRequest Bad port request: port {own} belongs to floating IP {fip}.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }

    let associated = cloud.put(&demo, "floatingips/{fip}", change(json!({"port_id": "{host}"}))).await;
    assert_json_snapshot!(cloud.shown(&associated["floatingip"]), {".port_details.mac_address" => "MAC"}, @r#"
    {
      "id": "{fip}",
      "project_id": "{demo project}",
      "floating_ip_address": "{address}",
      "floating_network_id": "{ext}",
      "router_id": "{router}",
      "port_id": "{host}",
      "fixed_ip_address": "10.1.0.10",
      "status": "DOWN",
      "description": "",
      "port_details": {
        "name": "host",
        "network_id": "{left}",
        "mac_address": "MAC",
        "admin_state_up": true,
        "status": "DOWN",
        "device_id": "vm",
        "device_owner": "compute:nova"
      },
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 2,
      "tenant_id": "{demo project}"
    }
    "#);
    // The same again changes nothing; neither does an empty object, which dissociates in the reference.
    for same in [json!({"port_id": "{host}"}), json!({}), json!({"fixed_ip_address": null})] {
        let again = cloud.put(&demo, "floatingips/{fip}", change(same.clone())).await;
        assert_eq!(again, associated, "{same}");
    }
    let described = cloud.put(&demo, "floatingips/{fip}", change(json!({"description": "web"}))).await;
    assert_eq!(described["floatingip"]["port_id"], associated["floatingip"]["port_id"]);

    // Another port takes it over in one step, and by one of several addresses.
    let two = json!({"network_id": "{left}", "fixed_ips": [{"ip_address": "10.1.0.20"}, {"ip_address": "10.1.0.21"}]});
    cloud.create(&demo, "port", "two", two).await;
    let moved = change(json!({"port_id": "{two}", "fixed_ip_address": "10.1.0.21"}));
    let moved = cloud.put(&demo, "floatingips/{fip}", moved).await;
    assert_eq!(moved["floatingip"]["fixed_ip_address"], "10.1.0.21");
    let freed = cloud.put(&demo, "floatingips/{fip}", change(json!({"port_id": null}))).await;
    for attribute in ["port_id", "fixed_ip_address", "router_id", "port_details"] {
        assert_eq!(freed["floatingip"][attribute], Value::Null, "{attribute}");
    }

    // Made with its association; the deletion of the port frees it.
    let with_port = on_ext(json!({"port_id": "{two}", "fixed_ip_address": "10.1.0.20"}));
    let made = cloud.make(&demo, "floatingip", "second", with_port).await;
    assert_eq!(cloud.shown(&made["router_id"]), "{router}");
    cloud.delete(&demo, "ports/{two}").await;
    let freed = cloud.get(&demo, "floatingips/{second}").await;
    assert_eq!(
        [&freed["floatingip"]["port_id"], &freed["floatingip"]["status"]],
        [&Value::Null, &json!("DOWN")]
    );
    for name in ["fip", "second"] {
        cloud.delete(&demo, &format!("floatingips/{{{name}}}")).await;
    }
    assert_eq!(cloud.get(&admin, "ports?device_owner=network:floatingip").await, json!({"ports": []}));
}

#[tokio::test]
async fn what_a_floating_ip_cannot_be_is_refused() {
    let (mut cloud, admin, demo) = routed().await;
    let (reader, stranger) = (cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&admin, "network", "empty", json!({"router:external": true})).await;
    cloud.create(&admin, "network", "six", json!({"router:external": true})).await;
    cloud.subnet(&admin, "six", "six-subnet", "2001:db8::/64", json!({})).await;
    cloud.create(&demo, "network", "lonely", json!({})).await;
    cloud.subnet(&demo, "lonely", "lonely-subnet", "10.2.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "far", json!({"network_id": "{lonely}"})).await;
    cloud.create(&demo, "port", "bare", json!({"network_id": "{left}", "fixed_ips": []})).await;
    let two = json!({"network_id": "{left}", "fixed_ips": [{"ip_address": "10.1.0.20"}, {"ip_address": "10.1.0.21"}]});
    cloud.create(&demo, "port", "two", two).await;
    cloud.create(&stranger, "network", "theirs", json!({})).await;
    cloud.create(&stranger, "port", "their-port", json!({"network_id": "{theirs}"})).await;
    let taken = cloud.make(&demo, "floatingip", "taken", on_ext(json!({"port_id": "{host}"}))).await;
    let free = cloud.make(&demo, "floatingip", "free", on_ext(json!({}))).await;
    for (name, object) in [("taken address", &taken), ("free address", &free)] {
        let address = object["floating_ip_address"].as_str().unwrap().to_owned();
        cloud.ids.insert(name.to_owned(), address);
    }
    let create = |attributes: Value| change(attributes);
    let bad_network = |name: &str| create(json!({"floating_network_id": format!("{{{name}}}")}));
    let ext = |more: Value| create(on_ext(more));

    for (body, want) in [
        (
            create(json!({})),
            "400 HTTPBadRequest Failed to parse request. Required attribute 'floating_network_id' not specified",
        ),
        (
            create(json!({"floating_network_id": "bad"})),
            "400 HTTPBadRequest Invalid input for floating_network_id. Reason: 'bad' is not a valid UUID.",
        ),
        (ext(json!({"name": "x"})), "400 HTTPBadRequest Unrecognized attribute(s) 'name'"),
        (
            ext(json!({"router_id": "{router}"})),
            "400 HTTPBadRequest Attribute 'router_id' not allowed in POST",
        ),
        (ext(json!({"status": "ACTIVE"})), "400 HTTPBadRequest Attribute 'status' not allowed in POST"),
        (
            ext(json!({"fixed_ip_address": "10.1.0.300"})),
            "400 HTTPBadRequest Invalid input for fixed_ip_address. Reason: '10.1.0.300' is not a valid IP address.",
        ),
        (json!({"floatingips": [on_ext(json!({}))]}), "400 HTTPBadRequest Bulk operation not supported"),
        (bad_network("theirs"), "404 NetworkNotFound Network {theirs} could not be found."),
        (
            bad_network("left"),
            "400 BadRequest Bad floatingip request: Network {left} is not a valid external network.",
        ),
        (
            bad_network("empty"),
            "400 BadRequest Bad floatingip request: Network {empty} does not contain any IPv4 subnet.",
        ),
        (
            bad_network("six"),
            "400 BadRequest Bad floatingip request: Network {six} does not contain any IPv4 subnet.",
        ),
        (
            ext(json!({"subnet_id": "{left-subnet}"})),
            "400 InvalidInput Invalid input for operation: Failed to create port on network {ext}, because fixed_ips included invalid subnet {left-subnet}.",
        ),
        (
            ext(json!({"fixed_ip_address": "10.1.0.10"})),
            "400 BadRequest Bad floatingip request: fixed_ip_address cannot be specified without a port_id.",
        ),
        (
            ext(json!({"floating_ip_address": "195.192.128.99"})),
            "403 PolicyNotAuthorized (rule:create_floatingip and rule:create_floatingip:floating_ip_address) is disallowed by policy",
        ),
        (ext(json!({"port_id": "{their-port}"})), "404 PortNotFound Port {their-port} could not be found."),
        (ext(json!({"port_id": "{left}"})), "404 PortNotFound Port {left} could not be found."),
        (
            ext(json!({"port_id": "{bare}"})),
            "400 BadRequest Bad floatingip request: Cannot add floating IP to port {bare} that has no fixed IPv4 addresses.",
        ),
        (
            ext(json!({"port_id": "{two}"})),
            "400 BadRequest Bad floatingip request: Port {two} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP.",
        ),
        (
            ext(json!({"port_id": "{two}", "fixed_ip_address": "10.21.0.78"})),
            "400 BadRequest Bad floatingip request: Port {two} does not have fixed ip 10.21.0.78.",
        ),
        (
            ext(json!({"port_id": "{two}", "fixed_ip_address": "fd00::1"})),
            "400 BadRequest Bad floatingip request: Cannot bind a floating IP to fd00::1, since that is not an IPv4 address.",
        ),
        (
            ext(json!({"port_id": "{far}"})),
            "404 ExternalGatewayForFloatingIPNotFound External network {ext} is not reachable from subnet {lonely-subnet}.  Therefore, cannot associate Port {far} with a Floating IP.",
        ),
    ] {
        cloud.refused(&demo, ("POST", "floatingips", body, want)).await;
    }
    for (body, want) in [
        (
            ext(json!({"floating_ip_address": "{taken address}"})),
            "409 IpAddressAlreadyAllocated IP address {taken address} already allocated in subnet {ext-subnet}",
        ),
        (
            ext(json!({"floating_ip_address": "10.9.9.9"})),
            "400 InvalidIpForNetwork IP address 10.9.9.9 is not a valid IP for any of the subnets on the specified network.",
        ),
        (
            ext(json!({"floating_ip_address": "195.192.128.1"})),
            "400 BadRequest Bad floatingip request: External IP 195.192.128.1 is the same as the gateway IP.",
        ),
        (
            ext(json!({"port_id": "{their-port}"})),
            "400 BadRequest Bad floatingip request: Cannot add floating IP to port {their-port} that has no fixed IPv4 addresses.",
        ),
    ] {
        cloud.refused(&admin, ("POST", "floatingips", body, want)).await;
    }
    for (body, want) in [
        (
            change(json!({"port_id": "{host}"})),
            "409 FloatingIPPortAlreadyAssociated Cannot associate floating IP {free address} ({free}) with port {host} using fixed IP 10.1.0.10, as that fixed IP already has a floating IP on external network {ext}.",
        ),
        (
            change(json!({"fixed_ip_address": "10.1.0.10"})),
            "400 BadRequest Bad floatingip request: fixed_ip_address cannot be specified without a port_id.",
        ),
        (
            change(json!({"port_id": null, "fixed_ip_address": "10.1.0.10"})),
            "400 BadRequest Bad floatingip request: fixed_ip_address cannot be specified without a port_id.",
        ),
        (
            change(json!({"floating_ip_address": "195.192.128.7"})),
            "400 HTTPBadRequest Cannot update read-only attribute floating_ip_address",
        ),
        (
            change(json!({"floating_network_id": "{ext}"})),
            "400 HTTPBadRequest Cannot update read-only attribute floating_network_id",
        ),
        (change(json!({"tenant_id": "x"})), "400 HTTPBadRequest Cannot update read-only attribute tenant_id"),
    ] {
        cloud.refused(&demo, ("PUT", "floatingips/{free}", body, want)).await;
    }

    // Who may see it gets 403, everybody else 404.
    let gone = "404 FloatingIPNotFound Floating IP {free} could not be found";
    cloud.refused(&stranger, ("PUT", "floatingips/{free}", change(json!({})), gone)).await;
    cloud.refused(&stranger, ("DELETE", "floatingips/{free}", Value::Null, gone)).await;
    cloud.refused(&stranger, ("GET", "floatingips/{free}", Value::Null, gone)).await;
    let rule =
        |action: &str| format!("403 PolicyNotAuthorized rule:{action}_floatingip is disallowed by policy");
    assert_eq!(
        cloud.get(&reader, "floatingips/{free}").await["floatingip"]["id"],
        cloud.ids["free"].as_str()
    );
    cloud.refused(&reader, ("POST", "floatingips", ext(json!({})), &rule("create"))).await;
    cloud.refused(&reader, ("PUT", "floatingips/{free}", change(json!({})), &rule("update"))).await;
    cloud.refused(&reader, ("DELETE", "floatingips/{free}", Value::Null, &rule("delete"))).await;

    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"floatingip": 2}})).await;
    cloud
        .refused(
            &demo,
            (
                "POST",
                "floatingips",
                ext(json!({})),
                "409 OverQuota Quota exceeded for resources: ['floatingip'].",
            ),
        )
        .await;
    let details = cloud.get(&demo, "quotas/{demo project}/details").await;
    assert_eq!(details["quota"]["floatingip"], json!({"limit": 2, "used": 2, "reserved": 0}));
}

#[tokio::test]
async fn what_floating_ips_need_stays() {
    let (mut cloud, admin, demo) = routed().await;
    cloud.create(&admin, "network", "other", json!({"router:external": true})).await;
    cloud.subnet(&admin, "other", "other-subnet", "198.51.100.0/24", json!({})).await;
    cloud.make(&demo, "floatingip", "fip", on_ext(json!({"port_id": "{host}"}))).await;
    let service = json!({"vpnservice": {"router_id": "{router}", "subnet_id": "{left-subnet}"}});
    let service = cloud.call(&demo, "POST", "vpn/vpnservices", &service).await;
    cloud.ids.insert("vpn".to_owned(), service.body["vpnservice"]["id"].as_str().unwrap().to_owned());
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    let needed = "409 RouterExternalGatewayInUseByFloatingIp Gateway cannot be updated for router {router}, since a gateway to external network {ext} is required by one or more floating IPs.";
    for info in [json!({}), Value::Null, json!({"network_id": "{other}"})] {
        // Reported before the VPN service that needs the gateway as well.
        cloud.refused(&demo, ("PUT", "routers/{router}", gateway(info), needed)).await;
    }
    cloud.put(&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"}))).await;
    cloud.delete(&demo, "vpn/vpnservices/{vpn}").await;
    for case in [
        (
            "PUT",
            "routers/{router}/remove_router_interface",
            json!({"subnet_id": "{left-subnet}"}),
            "409 RouterInterfaceInUseByFloatingIP Router interface for subnet {left-subnet} on router {router} cannot be deleted, as it is required by one or more floating IPs.",
        ),
        (
            "PUT",
            "ports/{host}",
            json!({"port": {"fixed_ips": [{"ip_address": "10.1.0.11"}]}}),
            "400 BadRequest Bad port request: Cannot update the fixed_ips of the port {host}, because its original fixed_ip has been associated to a floating ip.",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    // An address more takes nothing away.
    let more = json!({"port": {"fixed_ips": [{"ip_address": "10.1.0.10"}, {"ip_address": "10.1.0.11"}]}});
    cloud.put(&demo, "ports/{host}", more).await;
    let internal = json!({"network": {"router:external": false}});
    let used = |what: &str| {
        format!(
            "409 ExternalNetworkInUse External network {{ext}} cannot be updated to be made non-external, since it has existing {what}."
        )
    };
    cloud.refused(&admin, ("PUT", "networks/{ext}", internal.clone(), &used("gateway ports"))).await;

    cloud.put(&demo, "floatingips/{fip}", change(json!({"port_id": null}))).await;
    cloud.put(&demo, "routers/{router}", gateway(json!({}))).await;
    cloud.refused(&admin, ("PUT", "networks/{ext}", internal, &used("floating IPs"))).await;
}

/// Two routers share a subnet: one translates to the other's address on it, until that goes.
#[tokio::test]
async fn an_interface_that_goes_frees_the_floating_ip_of_another_router() {
    let (mut cloud, _, demo) = routed().await;
    let second = json!({"network_id": "{left}", "fixed_ips": [{"ip_address": "10.1.0.20"}]});
    for by in ["port_id", "subnet_id"] {
        let inner = format!("inner by {by}");
        cloud.create(&demo, "router", &inner, json!({})).await;
        cloud.create(&demo, "port", "second", second.clone()).await;
        let path = |action: &str| format!("routers/{{{inner}}}/{action}_router_interface");
        cloud.put(&demo, &path("add"), json!({"port_id": "{second}"})).await;
        let fip = cloud.make(&demo, "floatingip", "fip", on_ext(json!({"port_id": "{second}"}))).await;
        assert_eq!(cloud.shown(&fip["router_id"]), "{router}");
        let named = if by == "port_id" { "{second}" } else { "{left-subnet}" };
        cloud.put(&demo, &path("remove"), json!({by: named})).await;
        let freed = cloud.get(&demo, "floatingips/{fip}").await["floatingip"].clone();
        for attribute in ["port_id", "fixed_ip_address", "router_id"] {
            assert_eq!(freed[attribute], Value::Null, "{by}: {attribute}");
        }
        let ports = cloud.get(&demo, "ports?id={second}").await;
        assert_eq!(ports["ports"], json!([]), "{by}");
    }
}

#[tokio::test]
async fn an_external_network_takes_its_free_addresses_along_only_when_it_goes() {
    let (mut cloud, admin, demo) = routed().await;
    cloud.make(&demo, "floatingip", "free", on_ext(json!({}))).await;
    cloud.make(&demo, "floatingip", "used", on_ext(json!({"port_id": "{host}"}))).await;
    let ports = cloud.get(&admin, "ports?network_id={ext}").await;
    let mut left = Vec::new();
    for port in ports["ports"].as_array().unwrap() {
        let (id, owner) = (port["id"].as_str().unwrap(), port["device_owner"].as_str().unwrap());
        if owner == "network:router_gateway" || cloud.shown(&port["device_id"]) == "{used}" {
            left.push(id.to_owned());
        }
    }
    // The reference lets the free one go here.
    let want = format!(
        "409 NetworkInUse Unable to complete operation on network {{ext}}. There are one or more ports still in use on the network, id for these ports is: {}.",
        left.join(",")
    );
    cloud.refused(&admin, ("DELETE", "networks/{ext}", Value::Null, &want)).await;
    let want = "409 SubnetInUse Unable to complete operation on subnet {ext-subnet}: One or more ports have an IP allocation from this subnet.";
    cloud.refused(&admin, ("DELETE", "subnets/{ext-subnet}", Value::Null, want)).await;
    cloud.delete(&demo, "floatingips/{used}").await;
    cloud.put(&demo, "routers/{router}", json!({"router": {"external_gateway_info": {}}})).await;
    cloud.delete(&admin, "networks/{ext}").await;
    assert_eq!(cloud.get(&admin, "floatingips").await, json!({"floatingips": []}));
}

#[tokio::test]
async fn floating_ips_are_found_by_what_they_are() {
    let (mut cloud, admin, demo) = routed().await;
    let stranger = cloud.stranger.clone();
    let at = |last: u8| {
        on_ext(json!({"floating_ip_address": format!("195.192.128.{last}"), "tenant_id": "{demo project}"}))
    };
    for (name, last) in [("a", 12), ("b", 11)] {
        cloud.make(&admin, "floatingip", name, at(last)).await;
    }
    let tags = cloud.put(&demo, "floatingips/{b}/tags", json!({"tags": ["free"]})).await;
    assert_eq!(tags, json!({"tags": ["free"]}));
    cloud.put(&demo, "floatingips/{a}", change(json!({"port_id": "{host}", "description": "web"}))).await;
    for (query, want) in [
        ("", "ab"),
        ("floating_ip_address=195.192.128.11", "b"),
        ("floating_network_id={ext}", "ab"),
        ("floating_network_id={left}", ""),
        ("port_id={host}", "a"),
        ("fixed_ip_address=10.1.0.10", "a"),
        ("router_id={router}", "a"),
        ("status=DOWN", "ab"),
        ("status=ACTIVE", ""),
        ("tags=free", "b"),
        ("not-tags=free", "a"),
        ("description=web", "a"),
        ("tenant_id={demo project}", "ab"),
        ("project_id={other project}", ""),
        ("id={a}&id={b}", "ab"),
        ("sort_key=floating_ip_address&sort_dir=asc", "ba"),
        ("sort_key=fixed_ip_address&sort_dir=desc", "ab"),
        ("limit=1&marker={a}&sort_key=floating_ip_address&sort_dir=desc", "b"),
    ] {
        let list = cloud.get(&demo, &format!("floatingips?{query}")).await;
        let name =
            |one: &Value| cloud.shown(&one["id"]).as_str().unwrap().trim_matches(['{', '}']).to_owned();
        let names: String = list["floatingips"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(names, want, "{query}");
    }
    assert_eq!(cloud.get(&stranger, "floatingips").await, json!({"floatingips": []}));
    for (query, want) in [
        ("subnet_id={ext-subnet}", "400 HTTPBadRequest ['subnet_id'] is invalid attribute for filtering"),
        ("name=x", "400 HTTPBadRequest ['name'] is invalid attribute for filtering"),
        ("marker=nope&limit=1", "404 FloatingIPNotFound Floating IP nope could not be found"),
    ] {
        cloud.refused(&demo, ("GET", &format!("floatingips?{query}"), Value::Null, want)).await;
    }
    // Clients look an address up as if it were an id, and then search the list.
    let want = "404 FloatingIPNotFound Floating IP 195.192.128.11 could not be found";
    cloud.refused(&demo, ("GET", "floatingips/195.192.128.11", Value::Null, want)).await;
    let few = cloud.get(&demo, "floatingips/{b}?fields=id&fields=tenant_id").await;
    assert_eq!(cloud.shown(&few), change(json!({"id": "{b}", "tenant_id": "{demo project}"})));

    let pools = cloud.get(&stranger, "floatingip_pools").await;
    assert_eq!(
        cloud.shown(&pools),
        json!({"floatingip_pools": [{
            "subnet_id": "{ext-subnet}", "subnet_name": "ext-subnet", "project_id": "{admin project}",
            "network_id": "{ext}", "cidr": "195.192.128.0/24", "tenant_id": "{admin project}",
        }]})
    );
    let none = cloud.get(&demo, "floatingip_pools?cidr=10.0.0.0/8").await;
    assert_eq!(none, json!({"floatingip_pools": []}));
}

/// A manager chooses addresses too.
#[tokio::test]
async fn a_manager_chooses_the_address() {
    let (mut cloud, admin, _) = routed().await;
    let manager = cloud.person("manager", "manager", "demo").await;
    let made = cloud
        .make(&manager, "floatingip", "fip", on_ext(json!({"floating_ip_address": "195.192.128.77"})))
        .await;
    assert_eq!(made["floating_ip_address"], "195.192.128.77");
    assert_eq!(made["project_id"], cloud.demo.project.as_str());
    cloud.delete(&admin, "floatingips/{fip}").await;
}
