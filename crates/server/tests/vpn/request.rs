//! What is wrong with a request as such, in the words of the VPN extension, and in which order it is told.

use serde_json::{Value, json};

use crate::world::{World, singular};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The five collections: path, singular, plural, and the answer for what is not there.
const ALL: [(&str, &str, &str, &str); 5] = [
    ("vpn/vpnservices", "vpnservice", "vpnservices", "VPNServiceNotFound VPNService ID could not be found"),
    ("vpn/ikepolicies", "ikepolicy", "ikepolicies", "IKEPolicyNotFound IKEPolicy ID could not be found"),
    (
        "vpn/ipsecpolicies",
        "ipsecpolicy",
        "ipsecpolicies",
        "IPsecPolicyNotFound IPsecPolicy ID could not be found",
    ),
    (
        "vpn/endpoint-groups",
        "endpoint_group",
        "endpoint_groups",
        "VPNEndpointGroupNotFound Endpoint group ID could not be found",
    ),
    (
        "vpn/ipsec-site-connections",
        "ipsec_site_connection",
        "ipsec_site_connections",
        "IPsecSiteConnectionNotFound ipsec_site_connection ID not found",
    ),
];

/// Sends a body as it is.
async fn raw(world: &World, method: &str, path: &str, body: &str) -> String {
    let path = format!("/networking/v2.0/{path}");
    let answer = world.server.call_raw(&world.demo.token, method, &path, body).await;
    world.outcome(&answer)
}

#[tokio::test]
async fn bodies_are_refused_in_the_words_of_the_extension() {
    let world = World::start().await;
    let required = "400 HTTPBadRequest Resource body required";
    let no_json = "400 MalformedRequestBody Malformed request body: Cannot understand JSON.";
    let invalid = "400 HTTPBadRequest Body contains invalid data";
    for (path, singular, plural, _) in ALL {
        let one = format!("{path}/{NOBODY}");
        let missing = format!("400 HTTPBadRequest Unable to find '{singular}' in request body");
        let not_an_object = format!("400 HTTPBadRequest Object '{singular}' contains invalid data");
        let bulk = match singular {
            "ikepolicy" | "ipsecpolicy" => {
                format!("400 HTTPBadRequest Unable to find '{singular}' in request body")
            }
            _ => "400 HTTPBadRequest Bulk operation not supported".to_owned(),
        };
        let (null, list, text, number) = (
            format!(r#"{{"{singular}": null}}"#),
            format!(r#"{{"{singular}": []}}"#),
            format!(r#"{{"{singular}": "x"}}"#),
            format!(r#"{{"{singular}": 5}}"#),
        );
        let many = format!(r#"{{"{plural}": [{{}}]}}"#);
        for (method, path, body, want) in [
            ("POST", path, "", required),
            ("POST", path, "{}", required),
            ("PUT", &one, "{}", required),
            ("PUT", &one, "", "400 BadRequest Bad body request: Invalid format: b''."),
            ("POST", path, "{", no_json),
            ("PUT", &one, "nonsense", no_json),
            ("POST", path, "\"x\"", invalid),
            // 500 in the reference.
            ("PUT", &one, "[]", invalid),
            ("POST", path, "[1]", invalid),
            ("POST", path, "5", invalid),
            ("POST", path, "null", invalid),
            ("POST", path, r#"{"other": {}}"#, &missing),
            ("POST", path, &null, &missing),
            ("PUT", &one, &null, &missing),
            ("POST", path, &list, &not_an_object),
            ("POST", path, &text, &not_an_object),
            ("PUT", &one, &number, &not_an_object),
            ("POST", path, &many, &bulk),
            ("PUT", &one, &many, &bulk),
            ("DELETE", &one, "{}", "400 HTTPBadRequest Request body is not supported in DELETE."),
        ] {
            assert_eq!(raw(&world, method, path, body).await, want, "{method} {path} {body}");
        }
    }
}

#[tokio::test]
async fn paths_and_methods_are_those_of_the_contract() {
    let world = World::start().await;
    let method = "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.";
    let nowhere = "404 HTTPNotFound The resource could not be found.";
    for (path, singular, plural, absent) in ALL {
        let absent = |id: &str| format!("404 {}", absent.replace("ID", id));
        let body = json!({singular: {}});
        for (request, body, want) in [
            (format!("demo GET {path}"), Value::Null, "200".to_owned()),
            (format!("demo GET {path}.json"), Value::Null, "200".to_owned()),
            (format!("demo GET {path}/"), Value::Null, "200".to_owned()),
            // A name instead of an id is what clients try first.
            (format!("demo GET {path}/my-name"), Value::Null, absent("my-name")),
            (format!("demo GET {path}/my-name.json"), Value::Null, absent("my-name")),
            (format!("demo PUT {path}/my-name"), body.clone(), absent("my-name")),
            (format!("demo DELETE {path}/my-name"), Value::Null, absent("my-name")),
            (format!("demo PUT {path}"), body.clone(), absent("None")),
            (format!("demo DELETE {path}"), Value::Null, absent("None")),
            (format!("demo PATCH {path}"), body.clone(), method.to_owned()),
            (format!("demo PATCH {path}/x"), body.clone(), method.to_owned()),
            (format!("demo POST {path}/x"), body, method.to_owned()),
            (format!("demo GET {path}/x/foo"), Value::Null, nowhere.to_owned()),
            // These answer in the reference by accident of its routing; no client uses them.
            (format!("demo GET {plural}"), Value::Null, nowhere.to_owned()),
        ] {
            world.check([(request.as_str(), body, want.as_str())]).await;
        }
    }
    for path in ["vpn", "vpn/", "vpn/nope", "vpn/ipsec_site_connections", "vpn/endpoint_groups"] {
        world.check([(format!("demo GET {path}").as_str(), Value::Null, nowhere)]).await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_order_of_the_contract() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    let foreign = "400 HTTPBadRequest Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.";
    let ike = |attributes: Value| json!({"ikepolicy": attributes});
    let post = "demo POST vpn/ikepolicies";
    world
        .refuse([
            // Whose it is, before what else is wrong with it.
            (
                post,
                ike(json!({"project_id": "x", "tenant_id": "y", "foo": 1})),
                "400 HTTPBadRequest 'project_id' and 'tenant_id' do not match",
            ),
            (post, ike(json!({"project_id": "x", "foo": 1})), foreign),
            (post, ike(json!({"tenant_id": "{other project}", "id": 1})), foreign),
            (
                post,
                ike(json!({"tenant_id": null})),
                "400 HTTPBadRequest Invalid input for tenant_id. Reason: 'None' is not a valid string.",
            ),
            (
                post,
                ike(json!({"project_id": 5})),
                "400 HTTPBadRequest Invalid input for tenant_id. Reason: '5' is not a valid string.",
            ),
            // Unknown attributes, all of them; then what a POST may not have; then values.
            (
                post,
                ike(json!({"foo": 1, "bar": 1, "id": "x", "pfs": "x"})),
                "400 HTTPBadRequest Unrecognized attribute(s) 'bar, foo'",
            ),
            (
                post,
                ike(json!({"id": "x", "pfs": "x"})),
                "400 HTTPBadRequest Attribute 'id' not allowed in POST",
            ),
            (
                post,
                ike(json!({"pfs": "x", "ike_version": "x"})),
                "400 HTTPBadRequest Invalid input for ike_version. Reason: x is not in valid_values.",
            ),
            // A wrong value, before that nothing is there, and before what the caller may not do.
            (
                "demo PUT vpn/ikepolicies/nope",
                ike(json!({"pfs": "x"})),
                "400 HTTPBadRequest Invalid input for pfs. Reason: x is not in valid_values.",
            ),
            (
                "demo PUT vpn/ikepolicies/nope",
                ike(json!({"project_id": "{demo project}"})),
                "400 HTTPBadRequest Cannot update read-only attribute tenant_id",
            ),
            (
                "demo PUT vpn/ikepolicies/nope",
                ike(json!({"tenant_id": "{demo project}", "foo": 1})),
                "400 HTTPBadRequest Cannot update read-only attribute tenant_id",
            ),
            (
                "reader POST vpn/ikepolicies",
                ike(json!({"pfs": "x"})),
                "400 HTTPBadRequest Invalid input for pfs. Reason: x is not in valid_values.",
            ),
        ])
        .await;
    // What the caller may not do, before the quota; the quota, before the rules.
    let quota = json!({"quota": {"ikepolicy": 1, "endpoint_group": 2, "ipsec_site_connection": 1, "vpnservice": 2, "ipsecpolicy": 1}});
    world.check([("admin PUT quotas/{demo project}", quota, "200")]).await;
    let over = |resource: &str| format!("409 OverQuota Quota exceeded for resources: ['{resource}'].");
    world.refuse([
        ("reader POST vpn/ikepolicies", ike(json!({})), "403 PolicyNotAuthorized rule:create_ikepolicy is disallowed by policy"),
        (post, ike(json!({})), over("ikepolicy").as_str()),
        ("demo POST vpn/ipsecpolicies", json!({"ipsecpolicy": {}}), &over("ipsecpolicy")),
        ("demo POST vpn/vpnservices", json!({"vpnservice": {"router_id": NOBODY}}), &over("vpnservice")),
        ("demo POST vpn/endpoint-groups", json!({"endpoint_group": {"type": "cidr", "endpoints": []}}), &over("endpoint_group")),
        ("demo POST vpn/ipsec-site-connections", world.connection(json!({"mtu": 1})), &over("ipsec_site_connection")),
        // It is the owner's quota that counts, not the caller's.
        ("admin POST vpn/ikepolicies", ike(json!({"project_id": "{demo project}"})), &over("ikepolicy")),
        ("admin PUT quotas/{demo project}", json!({"quota": {"ipsecpolicy": 0, "check_limit": true}}), "400 HTTPBadRequest Quota limit 0 for ipsecpolicy must be greater than or equal to already used 1"),
        ("admin PUT quotas/{demo project}", json!({"quota": {"vpn": 1}}), "400 HTTPBadRequest Unrecognized attribute(s) 'vpn'"),
    ]).await;
    let details = world.get(&world.demo, "quotas/{demo project}/details").await;
    for (resource, limit, used) in [
        ("vpnservice", 2, 2),
        ("ikepolicy", 1, 1),
        ("ipsecpolicy", 1, 1),
        ("ipsec_site_connection", 1, 1),
        ("endpoint_group", 2, 2),
    ] {
        assert_eq!(
            details["quota"][resource],
            json!({"limit": limit, "used": used, "reserved": 0}),
            "{resource}"
        );
    }
    let defaults = world.get(&world.stranger, "quotas/{other project}/default").await;
    for (_, resource, _, _) in ALL {
        assert_eq!(defaults["quota"][resource], -1, "{resource}");
    }
}

#[tokio::test]
async fn an_object_has_a_path_with_a_suffix_too() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    // In the order in which they can be removed.
    for (path, name) in [
        ("vpn/ipsec-site-connections", "conn"),
        ("vpn/vpnservices", "service"),
        ("vpn/ikepolicies", "ike"),
        ("vpn/ipsecpolicies", "ipsec"),
        ("vpn/endpoint-groups", "peer"),
    ] {
        let key = singular(path);
        let one = format!("{path}/{{{name}}}");
        let shown = world.get(&world.demo, &one).await;
        assert_eq!(world.get(&world.demo, &format!("{one}.json")).await, shown);
        assert_eq!(world.get(&world.demo, &format!("{one}/")).await, shown);
        let changed = world.put(&world.demo, &format!("{one}.json"), json!({key: {"name": "new"}})).await;
        assert_eq!(changed[key]["name"], "new", "{path}");
        world.delete(&world.demo, &format!("{one}.json")).await;
        assert_eq!(world.ask(&format!("demo GET {one}"), &Value::Null).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_administrator_makes_things_for_any_project() {
    let world = World::start().await;
    for (_, key) in [(0, "project_id"), (1, "tenant_id")] {
        let made =
            world.ask("admin POST vpn/ikepolicies", &json!({"ikepolicy": {key: "{demo project}"}})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["ikepolicy"]["id"].as_str().unwrap().to_owned();
        world
            .check([
                (format!("demo GET vpn/ikepolicies/{id}").as_str(), Value::Null, "200"),
                (format!("demo DELETE vpn/ikepolicies/{id}").as_str(), Value::Null, "204"),
            ])
            .await;
    }
    let both = json!({"ikepolicy": {"project_id": "{demo project}", "tenant_id": "{demo project}"}});
    world
        .check([
            ("demo POST vpn/ikepolicies", both, "201"),
            ("admin POST vpn/ikepolicies", json!({"ikepolicy": {"project_id": "any text"}}), "201"),
        ])
        .await;
}
