//! Site connections: what is refused.

use serde_json::{Value, json};

use crate::common::Server;
use crate::support::{Parts, demo, parts, refusal, text};

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
