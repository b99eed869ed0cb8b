//! Services and groups: what is refused.

use serde_json::json;

use crate::common::Server;
use crate::support::{Site, demo, parts, refusal, text};

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
