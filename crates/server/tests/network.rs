//! Networks, subnets, ports and routers over HTTP: what they answer, and everything that they refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::{ADMIN_PASSWORD, AGENT_KEY, Answer, DEMO_PASSWORD, Person, Server};
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
    assert_json_snapshot!(cloud.shown(&network), @r#"
    {
      "id": "{left}",
      "name": "left",
      "project_id": "{demo project}",
      "admin_state_up": true,
      "mtu": 1500,
      "status": "ACTIVE",
      "subnets": [],
      "shared": false,
      "port_security_enabled": true,
      "router:external": false,
      "is_default": false,
      "availability_zone_hints": [],
      "availability_zones": [],
      "ipv4_address_scope": null,
      "ipv6_address_scope": null,
      "description": "",
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
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
    assert_json_snapshot!(cloud.shown(&port), {".mac_address" => "MAC"}, @r#"
    {
      "id": "{left-port}",
      "name": "left-port",
      "network_id": "{left}",
      "project_id": "{demo project}",
      "mac_address": "MAC",
      "admin_state_up": true,
      "status": "DOWN",
      "device_id": "",
      "device_owner": "",
      "fixed_ips": [
        {
          "subnet_id": "{left-subnet}",
          "ip_address": "10.1.0.10"
        }
      ],
      "port_security_enabled": true,
      "security_groups": [],
      "binding:vnic_type": "normal",
      "allowed_address_pairs": [],
      "extra_dhcp_opts": [],
      "description": "",
      "tags": [],
      "created_at": "TIME",
      "updated_at": "TIME",
      "revision_number": 1,
      "tenant_id": "{demo project}"
    }
    "#);
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
    assert_json_snapshot!(cloud.shown(info), {".external_fixed_ips[].ip_address" => "ADDRESS"}, @r#"
    {
      "network_id": "{ext}",
      "external_fixed_ips": [
        {
          "subnet_id": "{ext-subnet}",
          "ip_address": "ADDRESS"
        }
      ],
      "enable_snat": true
    }
    "#);

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
    for (query, want) in [
        ("", vec!["a", "b", "c"]),
        ("&fixed_ips=subnet_id%3D{four}", vec!["a", "b"]),
        ("&fixed_ips=subnet_id%3D{six}", vec!["b"]),
        ("&fixed_ips=ip_address%3D10.6.0.61", vec!["a"]),
        ("&fixed_ips=ip_address%3D10.6.0.6", vec![]),
        ("&fixed_ips=ip_address_substr%3D10.6.0.6", vec!["a"]),
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
}

#[tokio::test]
async fn everything_that_a_router_refuses() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, reader, stranger) =
        (cloud.admin.clone(), cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "network", "right", json!({})).await;
    cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.11.0.0/24", json!({})).await;
    cloud.subnet(&demo, "right", "overlapping", "10.11.0.128/25", json!({})).await;
    cloud.subnet(&demo, "right", "closed", "10.12.0.0/24", json!({"gateway_ip": null})).await;
    cloud.subnet(&demo, "right", "taken", "10.13.0.0/24", json!({})).await;
    cloud.subnet(&admin, "shared", "foreign", "10.14.0.0/24", json!({})).await;
    for (name, attributes) in [
        ("taker", json!({"fixed_ips": [{"ip_address": "10.13.0.1"}]})),
        ("used", json!({"device_id": "vm"})),
        ("bare", json!({"fixed_ips": []})),
        ("double", json!({"fixed_ips": [{"subnet_id": "{closed}"}, {"subnet_id": "{closed}"}]})),
    ] {
        let mut all = json!({"network_id": "{right}"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        cloud.create(&demo, "port", name, all).await;
    }
    cloud.create(&demo, "router", "router", json!({})).await;
    let added = cloud
        .put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"}))
        .await;
    cloud.ids.insert("interface".to_owned(), added["port_id"].as_str().unwrap().to_owned());
    let route = json!({"destination": "10.99.0.0/24", "nexthop": "10.11.0.9"});
    cloud.put(&demo, "routers/{router}", json!({"router": {"routes": [route]}})).await;
    let router = |attributes: Value| json!({"router": attributes});
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    let routes = |routes: Value| json!({"router": {"routes": routes}});
    let (one, add, remove) = (
        "routers/{router}",
        "routers/{router}/add_router_interface",
        "routers/{router}/remove_router_interface",
    );
    let bad = |why: &str| format!("400 BadRequest Bad router request: {why}.");
    let info =
        |why: &str| format!("400 HTTPBadRequest Invalid input for external_gateway_info. Reason: {why}.");
    let route = |why: &str| format!("400 HTTPBadRequest Invalid input for routes. Reason: {why}.");
    let rule = |keys: &str| {
        format!(
            "403 PolicyNotAuthorized (rule:update_router and (rule:update_router:external_gateway_info and ({keys}))) is disallowed by policy"
        )
    };
    let key = |key: &str| format!("rule:update_router:external_gateway_info:{key}");
    let (snat, fixed) = (
        rule(&format!("{} and {}", key("network_id"), key("enable_snat"))),
        rule(&format!("{} and {}", key("network_id"), key("external_fixed_ips"))),
    );
    for case in [
        ("GET", "routers/router", json!(null), "404 RouterNotFound Router router could not be found"),
        (
            "POST",
            "routers",
            router(json!({"routes": []})),
            "400 HTTPBadRequest Attribute 'routes' not allowed in POST",
        ),
        (
            "POST",
            "routers",
            router(json!({"flavor_id": null})),
            "404 FlavorNotFound Flavor None could not be found.",
        ),
        (
            "POST",
            "routers",
            gateway(json!({"network_id": "{left}"})),
            &bad("Network {left} is not an external network"),
        ),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{left}"})),
            &bad("Network {left} is not an external network"),
        ),
        (
            "PUT",
            one,
            gateway(json!({"network_id": "{router}"})),
            "404 NetworkNotFound Network {router} could not be found.",
        ),
        (
            "PUT",
            one,
            gateway(json!({"enable_snat": false})),
            &info(
                "Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {'enable_snat'}",
            ),
        ),
        ("PUT", one, gateway(json!({"foo": 1})), &info("Unexpected keys supplied: foo")),
        ("PUT", one, gateway(json!({"network_id": "{ext}", "enable_snat": true})), &snat),
        ("PUT", one, gateway(json!({"network_id": "{ext}", "external_fixed_ips": []})), &fixed),
        ("PUT", add, json!({}), &bad("Either subnet_id or port_id must be specified")),
        ("PUT", add, json!(null), &bad("Either subnet_id or port_id must be specified")),
        ("PUT", add, router(json!({})), &bad("Either subnet_id or port_id must be specified")),
        (
            "PUT",
            add,
            json!({"subnet_id": "{taken}", "port_id": "{bare}"}),
            &bad("Cannot specify both subnet-id and port-id"),
        ),
        ("PUT", add, json!({"subnet_id": "bad"}), &bad("'bad' is not a valid UUID")),
        (
            "PUT",
            add,
            json!({"subnet_id": "{router}"}),
            "404 SubnetNotFound Subnet {router} could not be found.",
        ),
        ("PUT", add, json!({"port_id": "{router}"}), "404 PortNotFound Port {router} could not be found."),
        (
            "PUT",
            add,
            json!({"subnet_id": "{left-subnet}"}),
            &bad("Router already has a port on subnet {left-subnet}"),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{overlapping}"}),
            &bad(
                "Cidr 10.11.0.128/25 of subnet {overlapping} overlaps with cidr 10.11.0.0/24 of subnet {left-subnet}",
            ),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{closed}"}),
            &bad("Subnet for router interface must have a gateway IP"),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{foreign}"}),
            &bad(
                "Cannot add interface to router because subnet {foreign} is not owned by project making the request",
            ),
        ),
        (
            "PUT",
            add,
            json!({"subnet_id": "{taken}"}),
            "409 IpAddressAlreadyAllocated IP address 10.13.0.1 already allocated in subnet {taken}",
        ),
        (
            "PUT",
            add,
            json!({"port_id": "{used}"}),
            "409 PortInUse Unable to complete operation on port {used} for network {right}. Port already has an attached device vm.",
        ),
        ("PUT", add, json!({"port_id": "{bare}"}), &bad("Router port must have at least one fixed IP")),
        (
            "PUT",
            add,
            json!({"port_id": "{double}"}),
            &bad("Cannot have multiple IPv4 subnets on router port"),
        ),
        (
            "PUT",
            remove,
            json!({"subnet_id": "{taken}"}),
            "404 RouterInterfaceNotFoundForSubnet Router {router} has no interface on subnet {taken}",
        ),
        (
            "PUT",
            remove,
            json!({"port_id": "{bare}"}),
            "404 RouterInterfaceNotFound Router {router} does not have an interface with id {bare}",
        ),
        (
            "PUT",
            remove,
            json!({"port_id": "{interface}", "subnet_id": "{taken}"}),
            "400 SubnetMismatchForPort Subnet on port {interface} does not match the requested subnet {taken}.",
        ),
        (
            "PUT",
            remove,
            json!({"subnet_id": "{left-subnet}"}),
            "409 RouterInterfaceInUseByRoute Router interface for subnet {left-subnet} on router {router} cannot be deleted, as it is required by one or more routes.",
        ),
        ("PUT", "routers/{router}/dance", json!({}), "404 HTTPNotFound The resource could not be found."),
        ("DELETE", one, json!(null), "409 RouterInUse Router {router} has ports still attached: {interface}"),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24", "nexthop": "10.50.0.50"}])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.50.0.50'}], the nexthop is not connected with router",
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24", "nexthop": "10.11.0.1"}])),
            "400 InvalidRoutes Invalid format for routes: [{'destination': '10.99.0.0/24', 'nexthop': '10.11.0.1'}], the nexthop is used by router",
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.5/24", "nexthop": "10.11.0.9"}])),
            &route("'10.99.0.5/24' is not a valid CIDR"),
        ),
        (
            "PUT",
            one,
            routes(json!([{"destination": "10.99.0.0/24"}])),
            &route(
                "Validation of dictionary's keys failed. Expected keys: {'nexthop', 'destination'} Provided keys: {'destination'}",
            ),
        ),
        (
            "PUT",
            one,
            routes(
                json!([{"destination": "10.9.0.0/24", "nexthop": "10.11.0.9"}, {"destination": "10.9.0.0/24", "nexthop": "10.11.0.9"}]),
            ),
            &route("Duplicate hostroute '{'destination': '10.9.0.0/24', 'nexthop': '10.11.0.9'}'"),
        ),
        (
            "PUT",
            one,
            routes(
                (0..31)
                    .map(|net| json!({"destination": format!("10.99.{net}.0/24"), "nexthop": "10.11.0.9"}))
                    .collect(),
            ),
            "409 OverQuota Quota exceeded for resources: ['router_route'].",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let at = |address: &str| {
        gateway(json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": address}]}))
    };
    for case in [
        ("PUT", one, at("195.192.128.1"), &*bad("External IP 195.192.128.1 is the same as the gateway IP")),
        (
            "PUT",
            one,
            at("10.9.0.9"),
            "400 InvalidIpForNetwork IP address 10.9.0.9 is not a valid IP for any of the subnets on the specified network.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    let want = "403 PolicyNotAuthorized rule:add_router_interface is disallowed by policy";
    cloud.refused(&reader, ("PUT", add, json!({"subnet_id": "{taken}"}), want)).await;
    let want = "404 RouterNotFound Router {router} could not be found";
    cloud.refused(&stranger, ("PUT", add, json!({"subnet_id": "{taken}"}), want)).await;
    cloud.refused(&stranger, ("GET", "routers/{router}/l3-agents", Value::Null, want)).await;
    let want = "403 PolicyNotAuthorized rule:get_l3-agents is disallowed by policy";
    cloud.refused(&demo, ("GET", "routers/{router}/l3-agents", Value::Null, want)).await;
}

#[tokio::test]
async fn a_gateway_comes_changes_and_goes() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "other", json!({"router:external": true})).await;
    cloud.create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}})).await;
    let set = |info: Value| json!({"router": {"external_gateway_info": info}});
    let addresses = |router: &Value| {
        let fixed_ips =
            router["router"]["external_gateway_info"]["external_fixed_ips"].as_array().unwrap().clone();
        fixed_ips.iter().map(|one| one["ip_address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = addresses(&cloud.get(&demo, "routers/{router}").await);

    // The administrator chooses the addresses; the same network again keeps them, but translates again.
    let chosen = json!({
        "network_id": "{ext}", "enable_snat": false, "external_fixed_ips": [{"ip_address": "195.192.128.58"}],
    });
    let router = cloud.put(&admin, "routers/{router}", set(chosen)).await;
    assert_eq!(addresses(&router), ["195.192.128.58"]);
    assert_eq!(router["router"]["external_gateway_info"]["enable_snat"], false);
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    assert_eq!(addresses(&router), ["195.192.128.58"]);
    assert_eq!(router["router"]["external_gateway_info"]["enable_snat"], true);

    // An IP version that the network has gained is served by asking again.
    cloud.subnet(&admin, "ext", "ext-six", "2001:db8::/64", json!({})).await;
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    assert_eq!(addresses(&router).len(), 2);
    assert!(addresses(&router)[1].starts_with("2001:db8::"), "{router}");

    // Routes by way of the gateway go with it, the others stay.
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let added = json!({"router": {"routes": [
        {"destination": "10.50.0.0/24", "nexthop": "10.1.0.9"},
        {"destination": "10.51.0.0/24", "nexthop": "195.192.128.9"},
    ]}});
    for _ in 0..2 {
        let router = cloud.put(&demo, "routers/{router}/add_extraroutes", added.clone()).await;
        assert_eq!(router["router"]["routes"].as_array().unwrap().len(), 2);
    }
    let router = cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{other}"}))).await;
    assert_eq!(addresses(&router), Vec::<String>::new(), "a network without subnets");
    let kept = json!([{"destination": "10.50.0.0/24", "nexthop": "10.1.0.9"}]);
    assert_eq!(router["router"]["routes"], kept);
    let router = cloud.put(&demo, "routers/{router}", set(json!({}))).await;
    assert_eq!(router["router"]["external_gateway_info"], Value::Null);
    assert_eq!(router["router"]["routes"], kept);
    let router = cloud.put(&demo, "routers/{router}/remove_extraroutes", added).await;
    assert_eq!(router["router"]["routes"], json!([]));
    let ports = cloud.get(&admin, "ports?device_owner=network%3Arouter_gateway").await;
    assert_eq!(ports, json!({"ports": []}), "gateway ports go with their gateways");
    assert_ne!(first, Vec::<String>::new());

    // A router's deletion takes the gateway with it.
    cloud.put(&demo, "routers/{router}", set(json!({"network_id": "{ext}"}))).await;
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    cloud.delete(&demo, "routers/{router}").await;
    cloud.delete(&demo, "networks/{left}").await;
    cloud.delete(&admin, "networks/{ext}").await;
    assert_eq!(cloud.get(&admin, "ports").await, json!({"ports": []}));
    assert_eq!(cloud.get(&admin, "subnets").await, json!({"subnets": []}));
}

#[tokio::test]
async fn an_external_network_runs_out_of_addresses() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "ext", json!({"router:external": true})).await;
    cloud.subnet(&admin, "ext", "ext-subnet", "192.0.2.0/30", json!({})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "first", gateway.clone()).await;
    let want = "409 IpAddressGenerationFailure No more IP addresses available on network {ext}.";
    cloud.refused(&demo, ("POST", "routers", json!({"router": gateway}), want)).await;
}

#[tokio::test]
async fn ipv6_subnets_of_a_network_share_an_interface() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    for (name, cidr) in [("four", "10.1.0.0/24"), ("six", "fd00::/64"), ("seven", "fd01::/64")] {
        cloud.subnet(&demo, "left", name, cidr, json!({})).await;
        cloud
            .put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": format!("{{{name}}}")}))
            .await;
    }
    let interfaces = async |cloud: &Cloud| {
        let ports = cloud.get(&demo, "ports?device_id={router}").await;
        let addresses = |port: &Value| {
            let fixed_ips = port["fixed_ips"].as_array().unwrap();
            fixed_ips
                .iter()
                .map(|one| one["ip_address"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut interfaces: Vec<String> = ports["ports"].as_array().unwrap().iter().map(addresses).collect();
        interfaces.sort_unstable();
        interfaces
    };
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1", "fd00:: fd01::"]);
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{six}"})).await;
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1", "fd01::"]);
    cloud.put(&demo, "routers/{router}/remove_router_interface", json!({"subnet_id": "{seven}"})).await;
    assert_eq!(interfaces(&cloud).await, ["10.1.0.1"]);
}

#[tokio::test]
async fn quotas_limit_what_a_project_has() {
    let mut cloud = Cloud::start().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    let own = "quotas/{demo project}";
    assert_json_snapshot!(cloud.get(&demo, own).await, @r#"
    {
      "quota": {
        "network": 100,
        "subnet": 100,
        "subnetpool": -1,
        "port": 500,
        "router_route": 30,
        "router": 10,
        "floatingip": 50,
        "rbac_policy": 10,
        "security_group": 10,
        "security_group_rule": 100,
        "ikepolicy": -1,
        "ipsecpolicy": -1,
        "endpoint_group": -1,
        "vpnservice": -1,
        "ipsec_site_connection": -1
      }
    }
    "#);
    assert_eq!(cloud.get(&demo, &format!("{own}/default")).await, cloud.get(&demo, own).await);
    assert_eq!(
        cloud.shown(&cloud.get(&demo, "quotas/tenant").await),
        json!({"tenant": {"tenant_id": "{demo project}"}})
    );
    let limits = json!({"quota": {"network": 1, "ikepolicy": 0}});
    assert_eq!(cloud.put(&admin, own, limits.clone()).await["quota"]["network"], 1);
    cloud.create(&demo, "network", "left", json!({})).await;
    let details = cloud.get(&demo, &format!("{own}/details.json")).await;
    assert_eq!(details["quota"]["network"], json!({"limit": 1, "used": 1, "reserved": 0}));
    let listed = cloud.get(&admin, "quotas").await;
    assert_eq!(cloud.shown(&listed["quotas"][0]["tenant_id"]), "{demo project}");
    let quota = |limits: Value| json!({"quota": limits});
    for case in [
        (
            "POST",
            "networks",
            json!({"network": {}}),
            "409 OverQuota Quota exceeded for resources: ['network'].",
        ),
        (
            "POST",
            "vpn/ikepolicies",
            json!({"ikepolicy": {}}),
            "409 OverQuota Quota exceeded for resources: ['ikepolicy'].",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": 5})),
            "403 PolicyNotAuthorized rule:update_quota is disallowed by policy",
        ),
        ("DELETE", own, json!(null), "403 PolicyNotAuthorized rule:delete_quota is disallowed by policy"),
        (
            "POST",
            "quotas",
            quota(json!({})),
            "501 HTTPNotImplemented POST requests are not supported on this resource.",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let want = "403 PolicyNotAuthorized rule:get_quota is disallowed by policy";
    cloud.refused(&stranger, ("GET", own, Value::Null, want)).await;
    for case in [
        (
            "PUT",
            own,
            quota(json!({"network": 0, "check_limit": true})),
            "400 HTTPBadRequest Quota limit 0 for network must be greater than or equal to already used 1",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": -2})),
            "400 HTTPBadRequest Invalid input for network. Reason: '-2' is too small - must be at least '-1'.",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": "x"})),
            "400 InvalidInput Invalid input for operation: 'x' is not an integer.",
        ),
        ("PUT", own, quota(json!({"foo": 1})), "400 HTTPBadRequest Unrecognized attribute(s) 'foo'"),
        (
            "DELETE",
            "quotas/nobody",
            json!(null),
            "404 TenantQuotaNotFound Quota for project nobody could not be found.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    cloud.put(&admin, own, quota(json!({"network": 0, "check_limit": true, "force": true}))).await;
    cloud.delete(&admin, own).await;
    assert_eq!(cloud.get(&admin, "quotas").await, json!({"quotas": []}));
    cloud.create(&demo, "network", "right", json!({})).await;
}

#[tokio::test]
async fn agents_zones_and_providers_are_listed() {
    let cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let provider = json!({"service_type": "VPN", "name": "strongswan", "default": true});
    for (query, want) in [("", vec![&provider]), ("?service_type=VPN", vec![&provider]), ("?name=x", vec![])]
    {
        let providers = cloud.get(&demo, &format!("service-providers{query}")).await;
        assert_eq!(providers, json!({"service_providers": want}), "{query}");
    }
    assert_eq!(cloud.get(&demo, "availability_zones").await, json!({"availability_zones": []}));
    assert_eq!(cloud.get(&admin, "agents?alive=True").await, json!({"agents": []}));
    let id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
    let path = format!("agents/{id}");
    let want = format!("404 AgentNotFound Agent {id} could not be found.");
    cloud.refused(&admin, ("GET", &path, Value::Null, &want)).await;
    let want = "404 HTTPNotFound The resource could not be found.";
    cloud.refused(&demo, ("GET", &path, Value::Null, want)).await;
}

#[tokio::test]
async fn a_vpn_service_keeps_its_gateway_and_follows_its_address() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&admin, "network", "other", json!({"router:external": true})).await;
    let gateway = json!({"external_gateway_info": {"network_id": "{ext}"}});
    cloud.create(&demo, "router", "router", gateway.clone()).await;
    let service = json!({"vpnservice": {"name": "vpn", "router_id": "{router}"}});
    let service = cloud.call(&demo, "POST", "vpn/vpnservices", &service).await;
    assert_eq!(service.status, 201, "{}", service.body);
    let id = service.body["vpnservice"]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("service".to_owned(), id);
    let set = |info: Value| json!({"router": {"external_gateway_info": info}});
    let in_use = "409 RouterInUse Router {router} is currently used by VPN service ({service})";
    for case in [
        ("PUT", "routers/{router}", set(json!({})), in_use),
        ("PUT", "routers/{router}", set(json!({"network_id": "{other}"})), in_use),
        ("DELETE", "routers/{router}", Value::Null, in_use),
    ] {
        cloud.refused(&demo, case).await;
    }
    cloud.put(&demo, "routers/{router}", json!({"router": gateway})).await;
    let chosen = json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": "195.192.128.58"}]});
    cloud.put(&admin, "routers/{router}", set(chosen)).await;
    let service = cloud.get(&demo, "vpn/vpnservices/{service}").await;
    assert_eq!(service["vpnservice"]["external_v4_ip"], "195.192.128.58");
}

#[tokio::test]
async fn what_a_node_must_know_of_wakes_its_agent() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let hello = json!({
        "host": "node-1", "availability_zone": "nova", "data_plane": "kernel",
        "physical_networks": ["public"], "version": "1",
    });
    let welcome = cloud.server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/node-1", &hello).await;
    assert_eq!(welcome.status, 200, "{}", welcome.body);
    cloud.ids.insert("agent".to_owned(), welcome.body["id"].as_str().unwrap().to_owned());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "host", json!({"network_id": "{left}"})).await;
    let router = cloud.create(&demo, "router", "router", json!({})).await;
    assert_eq!(router["availability_zones"], json!(["nova"]));

    let generation = async |cloud: &Cloud| {
        let path = cloud.with_ids("/agent/v1/agents/{agent}/routers");
        let list = cloud.server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await.body;
        let generation =
            list["routers"].as_array().unwrap().first().map(|router| router["generation"].as_u64().unwrap());
        (generation, list["revision"].as_u64().unwrap())
    };
    let subnet = json!({"subnet_id": "{left-subnet}"});
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    let routes = json!({"router": {"routes": [{"destination": "10.9.0.0/24", "nexthop": "10.1.0.9"}]}});
    for (who, path, body, wakes) in [
        (&demo, "routers/{router}", json!({"router": {}}), false),
        (&demo, "routers/{router}/add_router_interface", subnet.clone(), true),
        (&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"})), true),
        (&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"})), false),
        (&admin, "routers/{router}", gateway(json!({"network_id": "{ext}", "enable_snat": false})), true),
        (
            &admin,
            "routers/{router}",
            gateway(json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": "195.192.128.7"}]})),
            true,
        ),
        (&demo, "routers/{router}", routes, true),
        (&demo, "routers/{router}", json!({"router": {"routes": null}}), true),
        (&demo, "routers/{router}", json!({"router": {"admin_state_up": false}}), true),
        (&demo, "networks/{left}", json!({"network": {"name": "other"}}), false),
        (&demo, "networks/{left}", json!({"network": {"mtu": 1400}}), true),
        (&admin, "networks/{ext}", json!({"network": {"provider:physical_network": "uplink"}}), true),
        (&admin, "subnets/{ext-subnet}", json!({"subnet": {"dns_nameservers": ["8.8.8.8"]}}), false),
        (&admin, "subnets/{ext-subnet}", json!({"subnet": {"gateway_ip": "195.192.128.2"}}), true),
        (&demo, "ports/{host}", json!({"port": {"admin_state_up": false}}), false),
        (&demo, "ports/{interface}", json!({"port": {"admin_state_up": false}}), true),
        (&admin, "ports/{interface}", json!({"port": {"mac_address": "fa:16:3e:00:00:01"}}), true),
        (&demo, "routers/{router}", gateway(Value::Null), true),
        (&demo, "routers/{router}/remove_router_interface", subnet, true),
    ] {
        let (before, _) = generation(&cloud).await;
        let answer = cloud.put(who, path, body.clone()).await;
        if let Some(port) = answer["port_id"].as_str() {
            cloud.ids.insert("interface".to_owned(), port.to_owned());
        }
        let (after, _) = generation(&cloud).await;
        assert_eq!(after > before, wakes, "{path} {body}: {before:?} {after:?}");
    }
    let (_, before) = generation(&cloud).await;
    cloud.delete(&demo, "routers/{router}").await;
    let (router, after) = generation(&cloud).await;
    assert!(router.is_none() && after > before, "a router that is gone is taken off its node");

    let agents = cloud.get(&admin, "agents?host=node-1&alive=true").await;
    assert_eq!(agents["agents"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.get(&demo, "agents").await, json!({"agents": []}));
    let zones = json!([{"name": "nova", "resource": "router", "state": "available"}]);
    assert_eq!(cloud.get(&demo, "availability_zones").await["availability_zones"], zones);
}

#[tokio::test]
async fn odd_requests_have_the_answers_of_the_contract() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.create(&demo, "router", "r", json!({})).await;
    let missing = "404 HTTPNotFound The resource could not be found.";
    let method = "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.";
    let long = format!("quotas/{}", "p".repeat(256));
    let too_long = format!(
        "400 HTTPBadRequest Invalid input for project_id. Reason: '{}' exceeds maximum length of 255.",
        "p".repeat(256)
    );
    let quota = json!({"quota": {"network": 5}});
    for (who, verb, path, body, want) in [
        (&demo, "GET", "routers/{r}/add_router_interface", Value::Null, method),
        (&demo, "POST", "routers/{r}/remove_extraroutes", Value::Null, method),
        (&demo, "PUT", "routers/{r}/nothing", Value::Null, missing),
        (&demo, "GET", "networks/%00", Value::Null, missing),
        (&demo, "GET", "networks?name=%00", Value::Null, missing),
        (&demo, "GET", "networks?limit=1&marker=%00", Value::Null, missing),
        (&admin, "PUT", "quotas/%00", quota.clone(), missing),
        (&admin, "PUT", long.as_str(), quota, too_long.as_str()),
        (
            &demo,
            "POST",
            "networks",
            json!({"network": {"description": "a\0b"}}),
            "400 HTTPBadRequest Invalid input for description. Reason: 'a\0b' is not a valid string.",
        ),
        (
            &demo,
            "GET",
            "networks?limit=1&marker=gone",
            Value::Null,
            "404 NetworkNotFound Network gone could not be found.",
        ),
    ] {
        cloud.refused(who, (verb, path, body, want)).await;
    }
    assert_eq!(cloud.get(&demo, "networks?limit=18446744073709551615").await["networks"], json!([]));
    let past_the_end = cloud.get(&demo, "vpn/ikepolicies?limit=1&marker=gone").await;
    assert_eq!(past_the_end["ikepolicies"], json!([]));
}
