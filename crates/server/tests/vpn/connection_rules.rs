//! Site connections: the rules between a connection and what it refers to.

use adit_model::Status;
use serde_json::{Value, json};

use crate::world::World;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const POST: &str = "demo POST vpn/ipsec-site-connections";
const PUT: &str = "demo PUT vpn/ipsec-site-connections/{conn}";

fn connection(attributes: Value) -> Value {
    json!({"ipsec_site_connection": attributes})
}

/// Groups of all sorts, and policies and routers of others.
async fn world() -> World {
    let mut world = World::with_parts().await;
    let (demo, stranger) = (world.demo.clone(), world.stranger.clone());
    world.create(&demo, "network", "apart", json!({})).await;
    world.subnet(&demo, "apart", "unattached", "10.5.0.0/24", json!({})).await;
    world.subnet(&demo, "network", "v6", "fd01::/64", json!({})).await;
    world.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{v6}"})).await;
    let group = |kind: &str, endpoints: Value| json!({"type": kind, "endpoints": endpoints});
    for (name, kind, endpoints) in [
        ("local-v6", "subnet", json!("{v6}")),
        ("local-mixed", "subnet", json!(["{subnet}", "{v6}"])),
        ("local-apart", "subnet", json!("{unattached}")),
        ("peer-v6", "cidr", json!("fd00::/64")),
        ("peer-mixed", "cidr", json!(["10.9.0.0/24", "fd00::/64"])),
        ("peer-wide", "cidr", json!(["10.9.0.0/24", "10.0.0.0/8"])),
        ("vlan", "vlan", json!("100")),
    ] {
        world.make("vpn/endpoint-groups", name, group(kind, endpoints)).await;
    }
    world.make("vpn/ipsecpolicies", "ah-esp", json!({"transform_protocol": "ah-esp"})).await;
    for (path, name, attributes) in [
        (
            "vpn/endpoint-groups",
            "their-group",
            json!({"endpoint_group": {"type": "cidr", "endpoints": "10.2.0.0/24"}}),
        ),
        ("vpn/ikepolicies", "their-ike", json!({"ikepolicy": {}})),
        ("vpn/ipsecpolicies", "their-ipsec", json!({"ipsecpolicy": {}})),
    ] {
        let made = world.call(&stranger, "POST", path, &attributes).await;
        let id = made.body[crate::world::singular(path)]["id"].as_str().unwrap().to_owned();
        world.ids.insert(name.to_owned(), id);
    }
    world
}

#[tokio::test]
async fn everything_that_does_not_go_together_is_refused() {
    let world = world().await;
    let c = |changes: Value| world.connection(changes);
    let s = |changes: Value| world.subnet_connection(changes);
    let mixed = |group: &str| {
        format!(
            "400 MixedIPVersionsForIPSecEndpoints Endpoints in group {group} do not have the same IP version, as required for IPSec site-to-site connection"
        )
    };
    let differ = "400 MixedIPVersionsForIPSecConnection IP versions are not compatible between peer and local endpoints";
    let no_group = |which: &str| {
        format!("400 MissingRequiredEndpointGroup Missing endpoint {which} for IPSec site-to-site connection")
    };
    let no_cidrs = "400 MissingPeerCidrs Missing peer CIDRs for IPsec site-to-site connection";
    let wrong = |group: &str, is: &str, should: &str| {
        format!("400 WrongEndpointGroupType Endpoint group {group} type is '{is}' and should be '{should}'")
    };
    let with_groups = |which: &str| {
        format!(
            "400 InvalidEndpointGroup Endpoint {which} cannot be specified, when VPN Service has subnet specified"
        )
    };
    let dpd = "400 IPsecSiteConnectionDpdIntervalValueError ipsec_site_connection dpd_timeout is equal to or less than dpd_interval";
    let mtu = |mtu: &str, version: &str| {
        format!(
            "400 IPsecSiteConnectionMtuError ipsec_site_connection MTU {mtu} is too small for ipv{version}"
        )
    };
    let unresolved =
        |address: &str| format!("400 VPNPeerAddressNotResolved Peer address {address} cannot be resolved");
    let upper = world.ids["service"].to_uppercase();
    world.refuse([
        (POST, c(json!({"vpnservice_id": NOBODY, "ipsecpolicy_id": NOBODY})), format!("404 VPNServiceNotFound VPNService {NOBODY} could not be found").as_str()),
        (POST, c(json!({"vpnservice_id": upper})), &format!("404 VPNServiceNotFound VPNService {upper} could not be found")),
        (POST, c(json!({"ipsecpolicy_id": NOBODY, "ikepolicy_id": NOBODY})), &format!("404 IPsecPolicyNotFound IPsecPolicy {NOBODY} could not be found")),
        (POST, c(json!({"ipsecpolicy_id": "{their-ipsec}"})), "404 IPsecPolicyNotFound IPsecPolicy {their-ipsec} could not be found"),
        (POST, c(json!({"ipsecpolicy_id": "{ah-esp}", "ikepolicy_id": NOBODY})), "400 IpsecValidationFailure IPSec does not support IPsec Policy attribute transform_protocol with value 'ah-esp'"),
        (POST, c(json!({"ikepolicy_id": NOBODY, "local_ep_group_id": null})), &format!("404 IKEPolicyNotFound IKEPolicy {NOBODY} could not be found")),
        (POST, c(json!({"ikepolicy_id": "{their-ike}"})), "404 IKEPolicyNotFound IKEPolicy {their-ike} could not be found"),
        (POST, s(json!({"peer_cidrs": null})), no_cidrs),
        (POST, s(json!({"peer_cidrs": []})), no_cidrs),
        (POST, s(json!({"peer_cidrs": [], "local_ep_group_id": "{local}", "peer_ep_group_id": "{peer}"})), no_cidrs),
        (POST, s(json!({"local_ep_group_id": "{local}"})), &with_groups("group local")),
        (POST, s(json!({"peer_ep_group_id": "{peer}"})), &with_groups("group peer")),
        (POST, s(json!({"local_ep_group_id": NOBODY, "peer_ep_group_id": "{peer}"})), &with_groups("groups local and peer")),
        (POST, c(json!({"peer_cidrs": "10.2.0.0/24"})), "400 PeerCidrsInvalid Peer CIDRs cannot be specified, when using endpoint groups"),
        (POST, c(json!({"local_ep_group_id": null})), &no_group("group local")),
        (POST, c(json!({"peer_ep_group_id": null})), &no_group("group peer")),
        (POST, c(json!({"local_ep_group_id": null, "peer_ep_group_id": null})), &no_group("groups local and peer")),
        (POST, c(json!({"local_ep_group_id": NOBODY})), &format!("404 VPNEndpointGroupNotFound Endpoint group {NOBODY} could not be found")),
        (POST, c(json!({"local_ep_group_id": "{vlan}", "peer_ep_group_id": NOBODY})), &format!("404 VPNEndpointGroupNotFound Endpoint group {NOBODY} could not be found")),
        (POST, c(json!({"peer_ep_group_id": "{their-group}"})), "404 VPNEndpointGroupNotFound Endpoint group {their-group} could not be found"),
        (POST, c(json!({"local_ep_group_id": "{peer}", "peer_ep_group_id": "{local}"})), &wrong("{peer}", "cidr", "subnet")),
        (POST, c(json!({"local_ep_group_id": "{vlan}"})), &wrong("{vlan}", "vlan", "subnet")),
        (POST, c(json!({"peer_ep_group_id": "{local}"})), &wrong("{local}", "subnet", "cidr")),
        (POST, c(json!({"local_ep_group_id": "{local-apart}"})), "400 SubnetIsNotConnectedToRouter Subnet {unattached} is not connected to Router {router}"),
        (POST, c(json!({"local_ep_group_id": "{local-mixed}", "peer_ep_group_id": "{vlan}"})), &mixed("{local-mixed}")),
        (POST, c(json!({"peer_ep_group_id": "{peer-mixed}"})), &mixed("{peer-mixed}")),
        (POST, s(json!({"peer_cidrs": ["10.2.0.0/24", "fd00::/64"]})), "400 MixedIPVersionsForPeerCidrs Peer CIDRs do not have the same IP version, as required for IPSec site-to-site connection"),
        (POST, s(json!({"peer_cidrs": ["fd00::/64"]})), differ),
        (POST, c(json!({"peer_ep_group_id": "{peer-v6}"})), differ),
        (POST, c(json!({"local_ep_group_id": "{local-v6}"})), differ),
        // Unlike in the reference: a packet could belong to either side.
        (POST, c(json!({"peer_ep_group_id": "{peer-wide}"})), "400 OverlappingNetworks Local network 10.1.0.0/24 and peer network 10.0.0.0/8 overlap"),
        (POST, s(json!({"peer_cidrs": ["10.2.0.0/24", "10.1.0.77/32"]})), "400 OverlappingNetworks Local network 10.1.0.0/24 and peer network 10.1.0.77/32 overlap"),
        (POST, c(json!({"dpd": {"interval": 120}, "mtu": 63})), dpd),
        (POST, c(json!({"dpd": {"timeout": 30}})), dpd),
        (POST, c(json!({"dpd": {"interval": "100", "timeout": "40"}})), dpd),
        (POST, c(json!({"mtu": 63, "peer_address": ""})), &mtu("63", "4")),
        (POST, c(json!({"mtu": "67"})), &mtu("67", "4")),
        (POST, c(json!({"mtu": true})), &mtu("1", "4")),
        (POST, c(json!({"local_ep_group_id": "{local-v6}", "peer_ep_group_id": "{peer-v6}", "mtu": 1279})), &mtu("1279", "6")),
        (POST, c(json!({"peer_address": "203.0.113.9/32"})), &unresolved("203.0.113.9/32")),
        (POST, c(json!({"peer_address": ""})), &unresolved("")),
        (POST, c(json!({"peer_address": "2001:db8::9"})), "400 ExternalNetworkHasNoSubnet Router's {router} external network has no IPv6 subnet"),
    ]).await;
}

#[tokio::test]
async fn a_put_is_checked_with_what_is_stored() {
    let mut world = world().await;
    world.connect("conn", json!({})).await;
    let dpd = "400 IPsecSiteConnectionDpdIntervalValueError ipsec_site_connection dpd_timeout is equal to or less than dpd_interval";
    let no_group = |which: &str| {
        format!("400 MissingRequiredEndpointGroup Missing endpoint {which} for IPSec site-to-site connection")
    };
    let differ = "400 MixedIPVersionsForIPSecConnection IP versions are not compatible between peer and local endpoints";
    world
        .refuse([
            (PUT, connection(json!({"peer_ep_group_id": null})), no_group("group peer").as_str()),
            (PUT, connection(json!({"local_ep_group_id": null})), &no_group("group local")),
            (
                PUT,
                connection(json!({"peer_cidrs": "10.2.0.0/24"})),
                "400 PeerCidrsInvalid Peer CIDRs cannot be specified, when using endpoint groups",
            ),
            (PUT, connection(json!({"peer_ep_group_id": "{peer-v6}"})), differ),
            (
                PUT,
                connection(json!({"peer_ep_group_id": "{peer-wide}"})),
                "400 OverlappingNetworks Local network 10.1.0.0/24 and peer network 10.0.0.0/8 overlap",
            ),
            (
                PUT,
                connection(json!({"local_ep_group_id": "{local-apart}"})),
                "400 SubnetIsNotConnectedToRouter Subnet {unattached} is not connected to Router {router}",
            ),
            (
                PUT,
                connection(json!({"peer_ep_group_id": "{their-group}"})),
                "404 VPNEndpointGroupNotFound Endpoint group {their-group} could not be found",
            ),
            (PUT, connection(json!({"dpd": {"timeout": 30}})), dpd),
            (PUT, connection(json!({"dpd": {"interval": 120}})), dpd),
            (
                PUT,
                connection(json!({"mtu": 67})),
                "400 IPsecSiteConnectionMtuError ipsec_site_connection MTU 67 is too small for ipv4",
            ),
            (
                PUT,
                connection(json!({"peer_address": "x/y"})),
                "400 VPNPeerAddressNotResolved Peer address x/y cannot be resolved",
            ),
            (
                PUT,
                connection(json!({"peer_address": "2001:db8::9"})),
                "400 ExternalNetworkHasNoSubnet Router's {router} external network has no IPv6 subnet",
            ),
            (
                "demo PUT vpn/ipsec-site-connections/nope",
                connection(json!({"mtu": "x"})),
                "400 InvalidInput Invalid input for operation: 'x' is not an integer.",
            ),
            (
                "demo PUT vpn/ipsec-site-connections/nope",
                connection(json!({})),
                "404 IPsecSiteConnectionNotFound ipsec_site_connection nope not found",
            ),
        ])
        .await;
    // Either group may be replaced, and both at once by those of the other version.
    world
        .check([
            (PUT, connection(json!({})), "200"),
            (
                PUT,
                connection(
                    json!({"local_ep_group_id": "{local-v6}", "peer_ep_group_id": "{peer-v6}", "mtu": 1280}),
                ),
                "200",
            ),
            (PUT, connection(json!({"local_ep_group_id": "{local}", "peer_ep_group_id": "{peer}"})), "200"),
            // What was enough for IPv4 is too little for IPv6, though the PUT does not name it.
            (PUT, connection(json!({"mtu": 1000})), "200"),
            (
                PUT,
                connection(json!({"local_ep_group_id": "{local-v6}", "peer_ep_group_id": "{peer-v6}"})),
                "400 IPsecSiteConnectionMtuError ipsec_site_connection MTU 1000 is too small for ipv6",
            ),
        ])
        .await;
    // What the router lost since is no reason to refuse another name.
    world.dual_stack().await;
    world.check([(PUT, connection(json!({"peer_address": "2001:db8::9"})), "200")]).await;
    world.gateway(json!([{"ip_address": "195.192.128.150"}])).await;
    world
        .check([
            (PUT, connection(json!({"name": "renamed", "psk": "other"})), "200"),
            (
                PUT,
                connection(json!({"peer_address": "2001:db8::9"})),
                "400 ExternalNetworkHasNoSubnet Router's {router} external network has no IPv6 subnet",
            ),
        ])
        .await;
}

#[tokio::test]
async fn the_outer_version_may_differ_from_the_inner() {
    let mut world = world().await;
    world.dual_stack().await;
    world
        .make("vpn/endpoint-groups", "other-peer", json!({"type": "cidr", "endpoints": "10.3.0.0/24"}))
        .await;
    world.make("vpn/endpoint-groups", "other-v6", json!({"type": "cidr", "endpoints": "fd02::/64"})).await;
    for (name, local, peer, address) in [
        ("4in4", "{local}", "{peer}", "203.0.113.9"),
        ("4in6", "{local}", "{other-peer}", "2001:db8::9"),
        ("6in4", "{local-v6}", "{peer-v6}", "203.0.113.9"),
        ("6in6", "{local-v6}", "{other-v6}", "2001:db8::9"),
    ] {
        let changes = json!({"local_ep_group_id": local, "peer_ep_group_id": peer, "peer_address": address});
        world.connect(name, changes).await;
    }
}

/// With strongSwan the reference knows only all of them or none.
#[tokio::test]
async fn one_connection_can_be_switched_off_alone() {
    let mut world = World::with_parts().await;
    let peer = json!({"type": "cidr", "endpoints": "10.3.0.0/24"});
    world.make("vpn/endpoint-groups", "other-peer", peer).await;
    world.connect("conn", json!({})).await;
    world.connect("other", json!({"peer_ep_group_id": "{other-peer}"})).await;
    for (path, flag, up) in [
        ("vpn/ipsec-site-connections/{conn}", false, vec!["other"]),
        ("vpn/vpnservices/{service}", false, vec![]),
        ("vpn/vpnservices/{service}", true, vec!["other"]),
        ("vpn/ipsec-site-connections/{conn}", true, vec!["conn", "other"]),
    ] {
        let key = if path.contains("service") { "vpnservice" } else { "ipsec_site_connection" };
        let body = json!({key: {"admin_state_up": flag}});
        assert_eq!(world.put(&world.demo, path, body.clone()).await[key]["admin_state_up"], flag);
        let document = world.document().await;
        let up: Vec<Value> = up.iter().map(|name| json!(world.ids[*name])).collect();
        let told: Vec<Value> = document["connections"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|connection| connection["admin_state_up"] == true)
            .map(|connection| connection["id"].clone())
            .collect();
        assert_eq!(told, up, "{path} {body}");
    }
}

/// The reference refuses to touch what no gateway has spoken of yet.
#[tokio::test]
async fn a_connection_may_be_changed_in_any_status() {
    let mut world = World::with_parts().await;
    let made = world.connect("conn", json!({"admin_state_up": false})).await;
    assert_eq!(made["status"], "PENDING_CREATE");
    for status in Status::WORDS {
        world.gateway_says(status.parse().unwrap()).await;
        let changed = world
            .put(&world.demo, "vpn/ipsec-site-connections/{conn}", connection(json!({"name": status})))
            .await;
        let changed = &changed["ipsec_site_connection"];
        assert_eq!((&changed["status"], &changed["name"]), (&json!(status), &json!(status)));
        let service = json!({"vpnservice": {"name": status}});
        world.check([("demo PUT vpn/vpnservices/{service}", service, "200")]).await;
    }
    world.check([("demo DELETE vpn/ipsec-site-connections/{conn}", Value::Null, "204")]).await;
}

/// An administrator may combine what belongs to different projects.
#[tokio::test]
async fn an_administrator_combines_projects() {
    let mut world = world().await;
    let mut body =
        world.connection(json!({"ikepolicy_id": "{their-ike}", "peer_ep_group_id": "{their-group}"}));
    body["ipsec_site_connection"]["project_id"] = json!("{demo project}");
    let made = world.ask("admin POST vpn/ipsec-site-connections", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    world
        .ids
        .insert("conn".to_owned(), made.body["ipsec_site_connection"]["id"].as_str().unwrap().to_owned());
    let theirs = "404 VPNEndpointGroupNotFound Endpoint group {their-group} could not be found";
    world.check([
        ("demo GET vpn/ipsec-site-connections?name=conn", Value::Null, "200"),
        // What the connection has already is no reason to refuse its owner another name; naming it is.
        (PUT, connection(json!({"name": "renamed", "mtu": 1400})), "200"),
        (PUT, connection(json!({"local_ep_group_id": "{local}"})), "200"),
        (PUT, connection(json!({"peer_ep_group_id": "{their-group}"})), theirs),
        ("stranger DELETE vpn/ikepolicies/{their-ike}", Value::Null, "409 IKEPolicyInUse IKEPolicy {their-ike} is in use by existing IPsecSiteConnection and can't be updated or deleted"),
        ("stranger DELETE vpn/endpoint-groups/{their-group}", Value::Null, "400 EndpointGroupInUse Endpoint group {their-group} is in use and cannot be deleted"),
    ]).await;
}

/// `localhost` is the one name that leads somewhere without anybody being asked, and what is no name leads nowhere.
#[tokio::test]
async fn a_peer_may_be_given_by_name() {
    let mut world = World::with_parts().await;
    // Whichever address of the two comes first.
    world.dual_stack().await;
    let made = world.connect("conn", json!({"peer_address": "localhost", "peer_id": "localhost"})).await;
    let address: std::net::IpAddr = made["peer_address"].as_str().unwrap().parse().unwrap();
    assert!(address.is_loopback(), "{made}");
    assert_eq!(made["peer_id"], "localhost", "an identity is what its owner says");
    let connection = |name: &str| json!({"ipsec_site_connection": {"peer_address": name}});
    let put = "demo PUT vpn/ipsec-site-connections/{conn}";
    let unresolved =
        |name: &str| format!("400 VPNPeerAddressNotResolved Peer address {name} cannot be resolved");
    world
        .refuse([
            (put, connection("not a name"), unresolved("not a name").as_str()),
            (put, connection("a..b"), unresolved("a..b").as_str()),
        ])
        .await;
    world
        .check([
            (put, connection("203.0.113.10"), "200"),
            (put, connection("localhost"), "200"),
            (put, json!({"ipsec_site_connection": {"name": "renamed"}}), "200"),
        ])
        .await;
    let demo = world.demo.clone();
    let shown = world.get(&demo, "vpn/ipsec-site-connections/{conn}").await;
    assert_eq!(shown["ipsec_site_connection"]["peer_address"], address.to_string());
}
