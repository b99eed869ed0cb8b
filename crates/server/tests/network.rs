//! Networks, subnets, ports and routers over HTTP: what they answer, and everything that they refuse.

mod common;

use std::collections::BTreeMap;

use common::{ADMIN_PASSWORD, Answer, DEMO_PASSWORD, Person, Server};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

/// A server with people, and names for the ids of what they made: `{left}` in a path, a body or a message stands for
/// the id of the thing called `left`.
struct Cloud {
    server: Server,
    /// The administrator.
    admin: Person,
    /// A member of the project `demo`.
    demo: Person,
    /// May only look at the project `demo`.
    reader: Person,
    /// A member of another project.
    stranger: Person,
    ids: BTreeMap<String, String>,
}

impl Cloud {
    async fn start() -> Self {
        let server = Server::start().await;
        let admin = server.log_in("admin", ADMIN_PASSWORD, "admin").await;
        let demo = server.log_in("demo", DEMO_PASSWORD, "demo").await;
        let ask = async |method: &str, path: &str, body: Value| {
            let answer =
                server.call(Some(&admin.token), method, &format!("/identity/v3/{path}"), &body).await;
            assert!(answer.status < 300, "{path}: {}", answer.body);
            answer.body
        };
        let other =
            ask("POST", "projects", json!({"project": {"name": "other"}})).await["project"]["id"].clone();
        let roles = ask("GET", "roles", Value::Null).await;
        for (name, role, project) in
            [("reader", "reader", demo.project.as_str()), ("stranger", "member", other.as_str().unwrap())]
        {
            let user = ask("POST", "users", json!({"user": {"name": name, "password": name}})).await;
            let user = user["user"]["id"].as_str().unwrap().to_owned();
            let is_role = |candidate: &&Value| candidate["name"] == role;
            let role = roles["roles"].as_array().unwrap().iter().find(is_role).unwrap()["id"].clone();
            ask(
                "PUT",
                &format!("projects/{project}/users/{user}/roles/{}", role.as_str().unwrap()),
                Value::Null,
            )
            .await;
        }
        let reader = server.log_in("reader", "reader", "demo").await;
        let stranger = server.log_in("stranger", "stranger", "other").await;
        let mut ids = BTreeMap::new();
        for (name, person) in [("admin", &admin), ("demo", &demo), ("other", &stranger)] {
            ids.insert(format!("{name} project"), person.project.clone());
        }
        Self { server, admin, demo, reader, stranger, ids }
    }

    async fn call(&self, who: &Person, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("/networking/v2.0/{}", self.with_ids(path));
        let body = serde_json::from_str(&self.with_ids(&body.to_string())).unwrap();
        self.server.call(Some(&who.token), method, &path, &body).await
    }

    /// Makes something, and names it.
    async fn create(&mut self, who: &Person, kind: &str, name: &str, mut attributes: Value) -> Value {
        attributes["name"] = json!(name);
        let answer = self.call(who, "POST", &format!("{kind}s"), &json!({kind: attributes})).await;
        assert_eq!(answer.status, 201, "{kind} {name}: {}", answer.body);
        let object = answer.body[kind].clone();
        self.ids.insert(name.to_owned(), object["id"].as_str().unwrap().to_owned());
        object
    }

    async fn get(&self, who: &Person, path: &str) -> Value {
        let answer = self.call(who, "GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn put(&self, who: &Person, path: &str, body: Value) -> Value {
        let answer = self.call(who, "PUT", path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn delete(&self, who: &Person, path: &str) {
        let answer = self.call(who, "DELETE", path, &Value::Null).await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.body);
    }

    /// Checks that something is refused as said (`STATUS TYPE MESSAGE`), and that nothing was written.
    async fn refused(&self, who: &Person, (method, path, body, want): (&str, &str, Value, &str)) {
        let before = self.everything().await;
        let answer = self.call(who, method, path, &body).await;
        let error = &answer.body["NeutronError"];
        let [kind, message] = ["type", "message"].map(|key| error[key].as_str().unwrap_or("?"));
        let got = self.with_names(&format!("{} {kind} {message}", answer.status));
        assert_eq!(got, want, "{method} {path} {body}");
        assert_eq!(self.everything().await, before, "{method} {path} {body} wrote something");
    }

    /// All that there is, with the generation of nothing but what agents see left out.
    async fn everything(&self) -> Vec<Value> {
        let mut lists = Vec::new();
        for path in ["networks", "subnets", "ports", "routers", "quotas"] {
            lists.push(self.get(&self.admin, path).await);
        }
        lists
    }

    fn with_ids(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    fn with_names(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(id, &format!("{{{name}}}")))
    }

    /// A value with names instead of ids, and `TIME` instead of times.
    fn shown(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if is_time(text) => json!("TIME"),
            Value::String(text) => json!(self.with_names(text)),
            Value::Array(items) => items.iter().map(|item| self.shown(item)).collect(),
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.clone(), self.shown(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// An external network with the subnet 195.192.128.0/24, and the pool .100 to .200.
    async fn external(&mut self) {
        let admin = self.admin.clone();
        let attributes = json!({
            "router:external": true, "provider:network_type": "flat", "provider:physical_network": "public",
        });
        self.create(&admin, "network", "ext", attributes).await;
        let pools = json!([{"start": "195.192.128.100", "end": "195.192.128.200"}]);
        self.subnet(&admin, "ext", "ext-subnet", "195.192.128.0/24", json!({"allocation_pools": pools}))
            .await;
    }

    /// A subnet of a network that is there.
    async fn subnet(&mut self, who: &Person, network: &str, name: &str, cidr: &str, more: Value) -> Value {
        let version = if cidr.contains(':') { 6 } else { 4 };
        let mut attributes =
            json!({"network_id": format!("{{{network}}}"), "ip_version": version, "cidr": cidr});
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.create(who, "subnet", name, attributes).await
    }
}

fn is_time(text: &str) -> bool {
    text.len() == "2026-11-21T05:07:11Z".len() && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

#[tokio::test]
async fn the_left_side_of_the_journey() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let demo = cloud.demo.clone();

    let network = cloud.create(&demo, "network", "left", json!({"admin_state_up": true})).await;
    assert_json_snapshot!(cloud.shown(&network), @"");
    let attributes = json!({"gateway_ip": "10.1.0.1", "dns_nameservers": ["8.8.8.8"]});
    let subnet = cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", attributes).await;
    assert_json_snapshot!(cloud.shown(&subnet), @r#"
    {
      "id": "{left-subnet}",
      "name": "left-subnet",
      "project_id": "{demo project}",
      "network_id": "{left}",
      "ip_version": 4,
      "subnetpool_id": null,
      "enable_dhcp": true,
      "ipv6_ra_mode": null,
      "ipv6_address_mode": null,
      "gateway_ip": "10.1.0.1",
      "cidr": "10.1.0.0/24",
      "allocation_pools": [
        {
          "start": "10.1.0.2",
          "end": "10.1.0.254"
        }
      ],
      "host_routes": [],
      "dns_nameservers": [
        "8.8.8.8"
      ],
      "description": "",
      "router:external": false,
      "service_types": [],
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    let router = cloud.create(&demo, "router", "left-router", json!({"admin_state_up": true})).await;
    assert_json_snapshot!(cloud.shown(&router), @r#"
    {
      "id": "{left-router}",
      "name": "left-router",
      "project_id": "{demo project}",
      "admin_state_up": true,
      "status": "ACTIVE",
      "external_gateway_info": null,
      "description": "",
      "availability_zones": [],
      "availability_zone_hints": [],
      "routes": [],
      "flavor_id": null,
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
    let fixed_ips = json!([{"ip_address": "10.1.0.10"}]);
    let port = cloud
        .create(&demo, "port", "left-port", json!({"network_id": "{left}", "fixed_ips": fixed_ips}))
        .await;
    assert_json_snapshot!(cloud.shown(&port), {".mac_address" => "MAC"}, @"");
    assert!(port["mac_address"].as_str().unwrap().starts_with("fa:16:3e:"));

    // A port that becomes an interface keeps its own address, whatever the subnet's gateway is.
    let added = cloud
        .put(&demo, "routers/{left-router}/add_router_interface", json!({"port_id": "{left-port}"}))
        .await;
    assert_json_snapshot!(cloud.shown(&added), @r#"
    {
      "id": "{left-router}",
      "project_id": "{demo project}",
      "tenant_id": "{demo project}",
      "port_id": "{left-port}",
      "network_id": "{left}",
      "subnet_id": "{left-subnet}",
      "subnet_ids": [
        "{left-subnet}"
      ]
    }
    "#);
    let port = &cloud.get(&demo, "ports/{left-port}").await["port"];
    let shown = ["device_id", "device_owner", "name", "status"].map(|key| cloud.shown(&port[key]));
    assert_eq!(shown, ["{left-router}", "network:router_interface", "left-port", "DOWN"]);
    assert_eq!(port["fixed_ips"][0]["ip_address"], "10.1.0.10");

    let gateway = json!({"router": {"external_gateway_info": {"network_id": "{ext}"}}});
    let router = cloud.put(&demo, "routers/{left-router}", gateway).await["router"].clone();
    let info = &router["external_gateway_info"];
    let address = info["external_fixed_ips"][0]["ip_address"].as_str().unwrap();
    let last: u8 = address.strip_prefix("195.192.128.").unwrap().parse().unwrap();
    assert!((100..=200).contains(&last), "{address}");
    assert_json_snapshot!(cloud.shown(info), {".external_fixed_ips[].ip_address" => "ADDRESS"}, @"");

    // What the gateway needs is nobody's business but the administrator's.
    let gateway_ports = "ports?device_owner=network%3Arouter_gateway&fields=project_id&fields=device_id";
    assert_eq!(cloud.get(&demo, gateway_ports).await, json!({"ports": []}));
    let seen = cloud.get(&cloud.admin, gateway_ports).await;
    assert_eq!(cloud.shown(&seen), json!({"ports": [{"project_id": "", "device_id": "{left-router}"}]}));
}

#[tokio::test]
async fn everything_that_a_network_refuses() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, reader, stranger) =
        (cloud.admin.clone(), cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "port", json!({"network_id": "{left}"})).await;
    cloud.create(&demo, "port", "shared-port", json!({"network_id": "{shared}"})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "router", gateway).await;
    let network = |attributes: Value| json!({"network": attributes});
    let forbidden = |what: &str| {
        format!(
            "403 PolicyNotAuthorized (rule:create_network and rule:create_network:{what}) is disallowed by policy"
        )
    };
    for case in [
        ("GET", "networks/left", json!(null), "404 NetworkNotFound Network left could not be found."),
        ("PUT", "networks", network(json!({})), "404 NetworkNotFound Network None could not be found."),
        ("POST", "networks", json!({}), "400 HTTPBadRequest Unable to find 'network' in request body"),
        ("POST", "networks", json!([]), "400 HTTPBadRequest Body contains invalid data"),
        ("POST", "networks", network(json!([])), "400 HTTPBadRequest Object 'network' contains invalid data"),
        (
            "POST",
            "networks",
            network(json!({"foo": 1, "bar": 2})),
            "400 HTTPBadRequest Unrecognized attribute(s) 'bar, foo'",
        ),
        (
            "POST",
            "networks",
            network(json!({"status": "DOWN"})),
            "400 HTTPBadRequest Attribute 'status' not allowed in POST",
        ),
        (
            "POST",
            "networks",
            network(json!({"name": null})),
            "400 HTTPBadRequest Invalid input for name. Reason: 'None' is not a valid string.",
        ),
        (
            "POST",
            "networks",
            network(json!({"admin_state_up": "foo"})),
            "400 InvalidInput Invalid input for operation: 'foo' cannot be converted to boolean.",
        ),
        (
            "POST",
            "networks",
            network(json!({"mtu": -1})),
            "400 HTTPBadRequest Invalid input for mtu. Reason: '-1' should be non-negative.",
        ),
        (
            "POST",
            "networks",
            network(json!({"mtu": 70000})),
            "400 InvalidInput Invalid input for operation: Requested MTU is too big, maximum is 9216.",
        ),
        ("POST", "networks", network(json!({"shared": true})), &forbidden("shared")),
        ("POST", "networks", network(json!({"router:external": true})), &forbidden("router:external")),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat"})),
            &forbidden("provider:network_type"),
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"shared": true})),
            "403 PolicyNotAuthorized (rule:update_network and rule:update_network:shared) is disallowed by policy",
        ),
        (
            "PUT",
            "networks/{ext}",
            network(json!({"name": "x"})),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{ext}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{left}",
            json!(null),
            "409 NetworkInUse Unable to complete operation on network {left}. There are one or more ports still in use on the network, id for these ports is: {port}.",
        ),
        (
            "DELETE",
            "networks/{left}",
            network(json!({})),
            "400 HTTPBadRequest Request body is not supported in DELETE.",
        ),
        (
            "PATCH",
            "networks/{left}",
            network(json!({})),
            "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.",
        ),
        (
            "GET",
            "networks?foo=1",
            json!(null),
            "400 HTTPBadRequest ['foo'] is invalid attribute for filtering",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let invalid = |why: &str| format!("400 InvalidInput Invalid input for operation: {why}.");
    for case in [
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "vxlan"})),
            "400 HTTPBadRequest Invalid input for provider:network_type. Reason: vxlan is not in valid_values.",
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat"})),
            &invalid("physical_network required for flat provider network"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "local", "provider:physical_network": "x"})),
            &invalid("physical_network prohibited for local provider network"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "vlan", "provider:physical_network": "x"})),
            &invalid("segmentation_id required for vlan provider network"),
        ),
        (
            "POST",
            "networks",
            network(
                json!({"provider:network_type": "vlan", "provider:physical_network": "x", "provider:segmentation_id": 4095}),
            ),
            &invalid("segmentation_id out of range (1 through 4094)"),
        ),
        (
            "POST",
            "networks",
            network(json!({"provider:network_type": "flat", "provider:physical_network": "public"})),
            "409 FlatNetworkInUse Unable to create the flat network. Physical network public is in use.",
        ),
        (
            "PUT",
            "networks/{ext}",
            network(json!({"router:external": false})),
            "409 ExternalNetworkInUse External network {ext} cannot be updated to be made non-external, since it has existing gateway ports.",
        ),
        (
            "PUT",
            "networks/{shared}",
            network(json!({"shared": false})),
            "409 InvalidSharedSetting Unable to reconfigure sharing settings for network {shared}. Multiple tenants are using it.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    for case in [
        (
            "POST",
            "networks",
            network(json!({})),
            "403 PolicyNotAuthorized rule:create_network is disallowed by policy",
        ),
        (
            "PUT",
            "networks/{left}",
            network(json!({"name": "x"})),
            "403 PolicyNotAuthorized rule:update_network is disallowed by policy",
        ),
        (
            "DELETE",
            "networks/{left}",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network is disallowed by policy",
        ),
    ] {
        cloud.refused(&reader, case).await;
    }
    for method in ["GET", "PUT", "DELETE"] {
        let body = if method == "PUT" { network(json!({"name": "x"})) } else { Value::Null };
        let want = "404 NetworkNotFound Network {left} could not be found.";
        cloud.refused(&stranger, (method, "networks/{left}", body, want)).await;
    }
}

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
    let group = json!({"endpoint_group": {"name": "g", "type": "subnet", "endpoints": ["{free}"]}});
    cloud.subnet(&demo, "left", "free", "10.12.0.0/24", json!({})).await;
    let group = cloud.call(&demo, "POST", "vpn/endpoint-groups", &group).await;
    assert_eq!(group.status, 201, "{}", group.body);
    cloud.delete(&demo, "routers/{router}").await_conflict();
}
