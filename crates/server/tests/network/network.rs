//! Networks.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;

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
