//! The VPN resources over HTTP: the journey, and everything that it can get wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{ADMIN_PASSWORD, Answer, DEMO_PASSWORD, Person, Server};
use serde_json::{Value, json};

/// Somebody with a token, and the Networking API.
struct Caller<'a> {
    server: &'a Server,
    person: Person,
}

async fn admin(server: &Server) -> Caller<'_> {
    Caller { server, person: server.log_in("admin", ADMIN_PASSWORD, "admin").await }
}

async fn demo(server: &Server) -> Caller<'_> {
    Caller { server, person: server.log_in("demo", DEMO_PASSWORD, "demo").await }
}

/// Somebody with `role` in a new project, both called `name`.
async fn newcomer<'a>(server: &'a Server, name: &str, role: &str) -> Caller<'a> {
    let admin = admin(server).await;
    let ask = async |method: &str, path: &str, body: Value| {
        let answer =
            server.call(Some(&admin.person.token), method, &format!("/identity/v3/{path}"), &body).await;
        assert!(answer.status < 300, "{path}: {answer:?}");
        answer.body
    };
    let project = text(&ask("POST", "projects", json!({"project": {"name": name}})).await["project"], "id");
    let user = json!({"user": {"name": name, "password": "stranger-password"}});
    let user = text(&ask("POST", "users", user).await["user"], "id");
    let role = text(&ask("GET", &format!("roles?name={role}"), Value::Null).await["roles"][0], "id");
    ask("PUT", &format!("projects/{project}/users/{user}/roles/{role}"), Value::Null).await;
    Caller { server, person: server.log_in(name, "stranger-password", name).await }
}

impl Caller<'_> {
    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.server.call(Some(&self.person.token), method, &format!("/networking/v2.0/{path}"), &body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, body).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Value::Null).await
    }

    /// Makes an object that must come about, and returns it without its envelope.
    async fn make(&self, path: &str, singular: &str, attributes: Value) -> Value {
        let answer = self.post(path, json!({singular: attributes})).await;
        assert_eq!(answer.status, 201, "POST {path}: {answer:?}");
        answer.body[singular].clone()
    }
}

/// Status, type and message of a refusal, in one line.
fn refusal(answer: &Answer) -> String {
    let error = &answer.body["NeutronError"];
    let text = |key: &str| error[key].as_str().unwrap_or("?").to_owned();
    format!("{} {} {}", answer.status, text("type"), text("message"))
}

/// A router with a gateway and a subnet, as the journey has before it comes to VPN.
struct Site {
    network: String,
    subnet: String,
    router: String,
}

async fn external_network(server: &Server) -> String {
    let admin = admin(server).await;
    let network = json!({
        "name": "ext-net",
        "router:external": true,
        "provider:network_type": "flat",
        "provider:physical_network": "public",
    });
    let network = text(&admin.make("networks", "network", network).await, "id");
    let subnet =
        json!({"network_id": network, "ip_version": 4, "cidr": "198.51.100.0/24", "enable_dhcp": false});
    admin.make("subnets", "subnet", subnet).await;
    network
}

async fn site(caller: &Caller<'_>, external: &str, cidr: &str) -> Site {
    let network = text(&caller.make("networks", "network", json!({"name": "left-network"})).await, "id");
    let subnet = json!({"name": "left-subnet", "network_id": network, "ip_version": 4, "cidr": cidr});
    let subnet = text(&caller.make("subnets", "subnet", subnet).await, "id");
    let router = text(&caller.make("routers", "router", json!({"name": "left-router"})).await, "id");
    let added =
        caller.put(&format!("routers/{router}/add_router_interface"), json!({"subnet_id": subnet})).await;
    assert_eq!(added.status, 200, "{added:?}");
    let gateway = json!({"router": {"external_gateway_info": {"network_id": external}}});
    let set = caller.put(&format!("routers/{router}"), gateway).await;
    assert_eq!(set.status, 200, "{set:?}");
    Site { network, subnet, router }
}

/// Everything that a site connection refers to, in both ways of naming networks.
struct Parts {
    site: Site,
    /// Without a subnet.
    service: String,
    /// With a subnet.
    subnet_service: String,
    ike: String,
    ipsec: String,
    local: String,
    peer: String,
}

async fn parts(server: &Server, caller: &Caller<'_>) -> Parts {
    let external = external_network(server).await;
    let site = site(caller, &external, "10.1.0.0/24").await;
    let id = |value: Value| text(&value, "id");
    let group =
        |name: &str, kind: &str, endpoint: &str| json!({"name": name, "type": kind, "endpoints": [endpoint]});
    Parts {
        service: id(caller.make("vpn/vpnservices", "vpnservice", json!({"router_id": site.router})).await),
        subnet_service: id(caller
            .make(
                "vpn/vpnservices",
                "vpnservice",
                json!({"router_id": site.router, "subnet_id": site.subnet}),
            )
            .await),
        ike: id(caller.make("vpn/ikepolicies", "ikepolicy", json!({"name": "ikepolicy"})).await),
        ipsec: id(caller.make("vpn/ipsecpolicies", "ipsecpolicy", json!({"name": "ipsecpolicy"})).await),
        local: id(caller
            .make("vpn/endpoint-groups", "endpoint_group", group("local", "subnet", &site.subnet))
            .await),
        peer: id(caller
            .make("vpn/endpoint-groups", "endpoint_group", group("peer", "cidr", "10.2.0.0/24"))
            .await),
        site,
    }
}

impl Parts {
    /// A connection in group mode, with some attributes changed; `null` leaves one out.
    fn connection(&self, changes: Value) -> Value {
        let mut connection = json!({
            "name": "conn",
            "vpnservice_id": self.service,
            "ikepolicy_id": self.ike,
            "ipsecpolicy_id": self.ipsec,
            "local_ep_group_id": self.local,
            "peer_ep_group_id": self.peer,
            "peer_address": "203.0.113.9",
            "peer_id": "203.0.113.9",
            "psk": "secret",
        });
        for (key, value) in changes.as_object().unwrap() {
            if value.is_null() {
                connection.as_object_mut().unwrap().remove(key);
            } else {
                connection[key] = value.clone();
            }
        }
        json!({"ipsec_site_connection": connection})
    }

    /// A connection in subnet mode.
    fn subnet_connection(&self, changes: Value) -> Value {
        let mut connection = self.connection(json!({
            "vpnservice_id": self.subnet_service,
            "local_ep_group_id": null,
            "peer_ep_group_id": null,
            "peer_cidrs": "10.2.0.0/24",
        }));
        for (key, value) in changes.as_object().unwrap() {
            connection["ipsec_site_connection"][key] = value.clone();
        }
        connection
    }
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_else(|| panic!("no {key} in {object}")).to_owned()
}

/// A body with ids and addresses by the names of what they belong to.
fn shape(body: &Value, names: &[(&str, &str)]) -> String {
    let mut text = body.to_string();
    for (value, name) in names {
        text = text.replace(value, name);
    }
    text
}

#[tokio::test]
async fn the_journey_ends_in_a_connection_that_waits_for_its_gateway() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = text(&made.body["ipsec_site_connection"], "id");
    let names = [
        (id.as_str(), "CONN"),
        (demo.person.project.as_str(), "PROJECT"),
        (parts.service.as_str(), "SERVICE"),
        (parts.ike.as_str(), "IKE"),
        (parts.ipsec.as_str(), "IPSEC"),
        (parts.local.as_str(), "LOCAL"),
        (parts.peer.as_str(), "PEER"),
    ];
    let want = concat!(
        r#"{"ipsec_site_connection":{"id":"CONN","project_id":"PROJECT","name":"conn","description":"","#,
        r#""peer_address":"203.0.113.9","peer_id":"203.0.113.9","local_id":"","route_mode":"static","mtu":1500,"#,
        r#""auth_mode":"psk","psk":"secret","initiator":"bi-directional","#,
        r#""dpd":{"action":"hold","interval":30,"timeout":120},"admin_state_up":true,"status":"PENDING_CREATE","#,
        r#""vpnservice_id":"SERVICE","ikepolicy_id":"IKE","ipsecpolicy_id":"IPSEC","peer_cidrs":[],"#,
        r#""local_ep_group_id":"LOCAL","peer_ep_group_id":"PEER","tenant_id":"PROJECT"}}"#,
    );
    assert_eq!(shape(&made.body, &names), want);
    let shown = demo.get(&format!("vpn/ipsec-site-connections/{id}")).await;
    assert_eq!(shown.body, made.body);
    let found = demo.get("vpn/ipsec-site-connections?name=conn&fields=id").await;
    assert_eq!(found.body, json!({"ipsec_site_connections": [{"id": id}]}));

    let service = demo.get(&format!("vpn/vpnservices/{}", parts.service)).await;
    let service = &service.body["vpnservice"];
    assert!(text(service, "external_v4_ip").starts_with("198.51.100."), "{service}");
    assert_eq!((&service["external_v6_ip"], &service["subnet_id"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_connection_that_makes_no_sense_is_refused_and_nothing_is_written() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let group = |kind: &str, endpoints: Value| json!({"type": kind, "endpoints": endpoints});
    let v6 = text(
        &demo.make("vpn/endpoint-groups", "endpoint_group", group("cidr", json!(["fd00::/64"]))).await,
        "id",
    );
    let mixed = group("cidr", json!(["10.9.0.0/24", "fd00::/64"]));
    let mixed = text(&demo.make("vpn/endpoint-groups", "endpoint_group", mixed).await, "id");
    let wide = group("cidr", json!(["10.0.0.0/8"]));
    let wide = text(&demo.make("vpn/endpoint-groups", "endpoint_group", wide).await, "id");
    let ah_esp = json!({"transform_protocol": "ah-esp"});
    let ah_esp = text(&demo.make("vpn/ipsecpolicies", "ipsecpolicy", ah_esp).await, "id");
    let Parts { local, peer, .. } = &parts;
    for (body, want) in [
        (
            parts.connection(json!({"psk": null})),
            "400 HTTPBadRequest Failed to parse request. Required attribute 'psk' not specified".to_owned(),
        ),
        (
            parts.connection(json!({"peer_cidr": "10.2.0.0/24"})),
            "400 HTTPBadRequest Unrecognized attribute(s) 'peer_cidr'".to_owned(),
        ),
        (
            parts.connection(json!({"status": "ACTIVE"})),
            "400 HTTPBadRequest Attribute 'status' not allowed in POST".to_owned(),
        ),
        (
            parts.connection(json!({"peer_id": "a\nleftupdown=/bin/x"})),
            "400 HTTPBadRequest Invalid input for peer_id. Reason: 'a\nleftupdown=/bin/x' is not a valid string."
                .to_owned(),
        ),
        (
            parts.connection(json!({"dpd": 59})),
            "400 HTTPBadRequest Invalid input for dpd. Reason: '59' is not a dictionary.".to_owned(),
        ),
        (
            parts.connection(json!({"vpnservice_id": nobody})),
            format!("404 VPNServiceNotFound VPNService {nobody} could not be found"),
        ),
        (
            parts.connection(json!({"ikepolicy_id": nobody})),
            format!("404 IKEPolicyNotFound IKEPolicy {nobody} could not be found"),
        ),
        (
            parts.connection(json!({"ipsecpolicy_id": nobody})),
            format!("404 IPsecPolicyNotFound IPsecPolicy {nobody} could not be found"),
        ),
        (
            parts.connection(json!({"ipsecpolicy_id": ah_esp})),
            "400 IpsecValidationFailure IPSec does not support IPsec Policy attribute transform_protocol with value 'ah-esp'"
                .to_owned(),
        ),
        (
            parts.subnet_connection(json!({"peer_cidrs": []})),
            "400 MissingPeerCidrs Missing peer CIDRs for IPsec site-to-site connection".to_owned(),
        ),
        (
            parts.subnet_connection(json!({"local_ep_group_id": local, "peer_ep_group_id": peer})),
            "400 InvalidEndpointGroup Endpoint groups local and peer cannot be specified, when VPN Service has subnet specified"
                .to_owned(),
        ),
        (
            parts.connection(json!({"peer_cidrs": ["10.2.0.0/24"]})),
            "400 PeerCidrsInvalid Peer CIDRs cannot be specified, when using endpoint groups".to_owned(),
        ),
        (
            parts.connection(json!({"local_ep_group_id": null})),
            "400 MissingRequiredEndpointGroup Missing endpoint group local for IPSec site-to-site connection".to_owned(),
        ),
        (
            parts.connection(json!({"local_ep_group_id": null, "peer_ep_group_id": null})),
            "400 MissingRequiredEndpointGroup Missing endpoint groups local and peer for IPSec site-to-site connection"
                .to_owned(),
        ),
        (
            parts.connection(json!({"peer_ep_group_id": nobody})),
            format!("404 VPNEndpointGroupNotFound Endpoint group {nobody} could not be found"),
        ),
        (
            parts.connection(json!({"local_ep_group_id": peer})),
            format!("400 WrongEndpointGroupType Endpoint group {peer} type is 'cidr' and should be 'subnet'"),
        ),
        (
            parts.connection(json!({"peer_ep_group_id": local})),
            format!("400 WrongEndpointGroupType Endpoint group {local} type is 'subnet' and should be 'cidr'"),
        ),
        (
            parts.connection(json!({"peer_ep_group_id": mixed})),
            format!("400 MixedIPVersionsForIPSecEndpoints Endpoints in group {mixed} do not have the same IP version, as required for IPSec site-to-site connection"),
        ),
        (
            parts.subnet_connection(json!({"peer_cidrs": ["10.2.0.0/24", "fd00::/64"]})),
            "400 MixedIPVersionsForPeerCidrs Peer CIDRs do not have the same IP version, as required for IPSec site-to-site connection"
                .to_owned(),
        ),
        (
            parts.connection(json!({"peer_ep_group_id": v6})),
            "400 MixedIPVersionsForIPSecConnection IP versions are not compatible between peer and local endpoints"
                .to_owned(),
        ),
        (
            parts.connection(json!({"peer_ep_group_id": wide})),
            "400 OverlappingNetworks Local network 10.1.0.0/24 and peer network 10.0.0.0/8 overlap".to_owned(),
        ),
        (
            parts.connection(json!({"dpd": {"interval": 120}})),
            "400 IPsecSiteConnectionDpdIntervalValueError ipsec_site_connection dpd_timeout is equal to or less than dpd_interval"
                .to_owned(),
        ),
        (
            parts.connection(json!({"mtu": "63"})),
            "400 IPsecSiteConnectionMtuError ipsec_site_connection MTU 63 is too small for ipv4".to_owned(),
        ),
        (
            parts.connection(json!({"peer_address": "203.0.113.9/32"})),
            "400 VPNPeerAddressNotResolved Peer address 203.0.113.9/32 cannot be resolved".to_owned(),
        ),
        (
            parts.connection(json!({"peer_address": "2001:db8::9"})),
            format!("400 ExternalNetworkHasNoSubnet Router's {} external network has no IPv6 subnet", parts.site.router),
        ),
    ] {
        let answer = demo.post("vpn/ipsec-site-connections", body.clone()).await;
        assert_eq!(refusal(&answer), want, "{body}");
    }
    let left = demo.get("vpn/ipsec-site-connections").await;
    assert_eq!(left.body, json!({"ipsec_site_connections": []}));
}

#[tokio::test]
async fn services_and_groups_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let bare = text(&demo.make("routers", "router", json!({"name": "bare"})).await, "id");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let Site { network, subnet, router } = &parts.site;
    for (path, body, want) in [
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"name": "vpn"}}),
            "400 HTTPBadRequest Failed to parse request. Required attribute 'router_id' not specified".to_owned(),
        ),
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"router_id": nobody}}),
            format!("404 RouterNotFound Router {nobody} could not be found"),
        ),
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"router_id": bare}}),
            format!("400 RouterIsNotExternal Router {bare} has no external network gateway set"),
        ),
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"router_id": router, "subnet_id": network}}),
            format!("400 SubnetIsNotConnectedToRouter Subnet {network} is not connected to Router {router}"),
        ),
        (
            "vpn/vpnservices",
            json!({"vpnservice": {"router_id": router, "flavor_id": nobody}}),
            format!("404 FlavorNotFound Flavor {nobody} could not be found."),
        ),
        ("vpn/vpnservices", json!({"vpnservices": []}), "400 HTTPBadRequest Bulk operation not supported".to_owned()),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"type": "cidr", "endpoints": ["10.2.0.0/24", "2000::1"]}}),
            "400 InvalidEndpointInEndpointGroup Endpoint '2000::1' is invalid for group type 'cidr': Invalid CIDR"
                .to_owned(),
        ),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"type": "subnet", "endpoints": "10.2.0.0/24"}}),
            "400 InvalidEndpointInEndpointGroup Endpoint '10.2.0.0/24' is invalid for group type 'subnet': Invalid UUID"
                .to_owned(),
        ),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"type": "subnet", "endpoints": [nobody]}}),
            format!("400 NonExistingSubnetInEndpointGroup Subnet {nobody} in endpoint group does not exist"),
        ),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"type": "subnet", "endpoints": [subnet, subnet]}}),
            format!("400 InvalidEndpointInEndpointGroup Endpoint '{subnet}' is invalid for group type 'subnet': Endpoints have to be unique"),
        ),
        (
            "vpn/endpoint-groups",
            json!({"endpoint_group": {"type": "host", "endpoints": [subnet]}}),
            "400 HTTPBadRequest Invalid input for type. Reason: host is not in valid_values.".to_owned(),
        ),
        (
            "vpn/ikepolicies",
            json!({"ikepolicy": {"lifetime": {"value": 59}}}),
            "400 HTTPBadRequest Invalid input for lifetime. Reason: '59' is too small - must be at least '60'.".to_owned(),
        ),
    ] {
        assert_eq!(refusal(&demo.post(path, body.clone()).await), want, "{body}");
    }
    let missing = demo.post("vpn/endpoint-groups", json!({"endpoint_group": {"type": "cidr"}})).await;
    assert!(
        refusal(&missing).starts_with("400 MissingEndpointForEndpointGroup No endpoints specified"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn what_is_in_use_stays() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let connection = text(&made.body["ipsec_site_connection"], "id");
    let Parts { service, subnet_service, ike, ipsec, local, peer, site } = &parts;
    let Site { subnet, router, .. } = site;
    let in_use = "is in use by existing IPsecSiteConnection and can't be updated or deleted";
    for (path, want) in [
        (format!("vpn/ikepolicies/{ike}"), format!("409 IKEPolicyInUse IKEPolicy {ike} {in_use}")),
        (format!("vpn/ipsecpolicies/{ipsec}"), format!("409 IPsecPolicyInUse IPsecPolicy {ipsec} {in_use}")),
        (
            format!("vpn/vpnservices/{service}"),
            format!("409 VPNServiceInUse VPNService {service} is still in use"),
        ),
        (
            format!("vpn/endpoint-groups/{local}"),
            format!("400 EndpointGroupInUse Endpoint group {local} is in use and cannot be deleted"),
        ),
        (
            format!("vpn/endpoint-groups/{peer}"),
            format!("400 EndpointGroupInUse Endpoint group {peer} is in use and cannot be deleted"),
        ),
    ] {
        assert_eq!(refusal(&demo.delete(&path).await), want, "{path}");
    }
    let cleared = json!({"router": {"external_gateway_info": {}}});
    assert_eq!(
        refusal(&demo.put(&format!("routers/{router}"), cleared).await),
        format!(
            "409 RouterInUse Router {router} is currently used by VPN services ({service},{subnet_service})"
        )
    );
    let remove = format!("routers/{router}/remove_router_interface");
    let removed = demo.put(&remove, json!({"subnet_id": subnet})).await;
    assert!(
        refusal(&removed).starts_with("409 SubnetInUseBy"),
        "a subnet of a connection or a service: {removed:?}"
    );
    // And when nothing uses them any more, they go.
    for path in [
        format!("vpn/ipsec-site-connections/{connection}"),
        format!("vpn/ikepolicies/{ike}"),
        format!("vpn/ipsecpolicies/{ipsec}"),
        format!("vpn/vpnservices/{service}"),
        format!("vpn/vpnservices/{subnet_service}"),
        format!("vpn/endpoint-groups/{local}"),
        format!("vpn/endpoint-groups/{peer}"),
    ] {
        assert_eq!(demo.delete(&path).await.status, 204, "{path}");
        assert_eq!(demo.delete(&path).await.status, 404, "{path}");
    }
    let removed = demo.put(&remove, json!({"subnet_id": subnet})).await;
    assert_eq!(removed.status, 200, "{removed:?}");
}

#[tokio::test]
async fn updates_change_what_they_name_in_any_status() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let id = text(&made.body["ipsec_site_connection"], "id");
    let path = format!("vpn/ipsec-site-connections/{id}");
    let changed = demo
        .put(&path, json!({"ipsec_site_connection": {"name": "new", "psk": "other", "dpd": {"timeout": 90}}}))
        .await;
    let mut want = made.body.clone();
    want["ipsec_site_connection"]["name"] = json!("new");
    want["ipsec_site_connection"]["psk"] = json!("other");
    want["ipsec_site_connection"]["dpd"]["timeout"] = json!(90);
    assert_eq!((changed.status, &changed.body), (200, &want));
    for (body, want) in [
        (
            json!({"peer_ep_group_id": null}),
            "400 MissingRequiredEndpointGroup Missing endpoint group peer for IPSec site-to-site connection",
        ),
        (
            json!({"vpnservice_id": parts.service}),
            "400 HTTPBadRequest Cannot update read-only attribute vpnservice_id",
        ),
        (
            json!({"dpd": {"timeout": 30}}),
            "400 IPsecSiteConnectionDpdIntervalValueError ipsec_site_connection dpd_timeout is equal to or less than dpd_interval",
        ),
    ] {
        assert_eq!(refusal(&demo.put(&path, json!({"ipsec_site_connection": body})).await), want, "{body}");
    }
    assert_eq!(demo.get(&path).await.body, want);

    // A policy in use may be changed, and a service that no gateway has spoken of yet.
    let policy =
        demo.put(&format!("vpn/ikepolicies/{}", parts.ike), json!({"ikepolicy": {"pfs": "group14"}})).await;
    assert_eq!(text(&policy.body["ikepolicy"], "pfs"), "group14");
    let service = demo
        .put(&format!("vpn/vpnservices/{}", parts.service), json!({"vpnservice": {"name": "renamed"}}))
        .await;
    assert_eq!(text(&service.body["vpnservice"], "name"), "renamed");
}

#[tokio::test]
async fn other_projects_see_nothing_and_readers_do_not_learn_the_key() {
    let server = Server::start().await;
    let demo = demo(&server).await;
    let parts = parts(&server, &demo).await;
    let made = demo.post("vpn/ipsec-site-connections", parts.connection(json!({}))).await;
    let id = text(&made.body["ipsec_site_connection"], "id");
    let stranger = newcomer(&server, "stranger", "member").await;
    let path = format!("vpn/ipsec-site-connections/{id}");
    let absent = format!("404 IPsecSiteConnectionNotFound ipsec_site_connection {id} not found");
    assert_eq!(refusal(&stranger.get(&path).await), absent);
    assert_eq!(refusal(&stranger.delete(&path).await), absent);
    assert_eq!(refusal(&stranger.put(&path, json!({"ipsec_site_connection": {}})).await), absent);
    let listed = stranger.get("vpn/ipsec-site-connections").await;
    assert_eq!(listed.body, json!({"ipsec_site_connections": []}));
    let foreign =
        stranger.post("vpn/vpnservices", json!({"vpnservice": {"router_id": parts.site.router}})).await;
    assert_eq!(
        refusal(&foreign),
        format!("404 RouterNotFound Router {} could not be found", parts.site.router)
    );

    let reader = newcomer(&server, "reader", "reader").await;
    let refused = reader.post("vpn/ikepolicies", json!({"ikepolicy": {}})).await;
    assert_eq!(refusal(&refused), "403 PolicyNotAuthorized rule:create_ikepolicy is disallowed by policy");
    let admin = admin(&server).await;
    assert_eq!(admin.get(&path).await.status, 200);
}
