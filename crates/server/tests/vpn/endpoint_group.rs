//! Endpoint groups: every attribute, every refusal, and lists by type.

use serde_json::{Value, json};

use crate::world::World;

const GROUPS: &str = "demo POST vpn/endpoint-groups";

fn group(kind: &str, endpoints: Value) -> Value {
    json!({"endpoint_group": {"type": kind, "endpoints": endpoints}})
}

#[tokio::test]
async fn members_are_wrapped_checked_and_kept_in_order() {
    let world = World::start().await;
    for (kind, given, want) in [
        ("cidr", json!("10.9.0.0/24"), json!(["10.9.0.0/24"])),
        ("cidr", json!({"10.9.0.0/24": 1, "10.8.0.0/24": 2}), json!(["10.9.0.0/24", "10.8.0.0/24"])),
        (
            "cidr",
            json!(["10.9.0.5/24", "fd00::1/64", "10.1.0.0/24"]),
            json!(["10.9.0.5/24", "fd00::1/64", "10.1.0.0/24"]),
        ),
        ("cidr", json!("FD00:0::1/64"), json!(["fd00::1/64"])),
        (
            "cidr",
            json!("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128"),
            json!(["2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128"]),
        ),
        ("subnet", json!("{subnet}"), json!(["{subnet}"])),
        ("subnet", json!(["{subnet}", "{ext-subnet}"]), json!(["{subnet}", "{ext-subnet}"])),
        ("network", json!(["anything", "at all"]), json!(["anything", "at all"])),
        ("router", json!("{router}"), json!(["{router}"])),
        ("vlan", json!("100"), json!(["100"])),
    ] {
        let made = world.ask(GROUPS, &group(kind, given.clone())).await;
        assert_eq!(made.status, 201, "{kind} {given}: {}", made.body);
        let id = made.body["endpoint_group"]["id"].as_str().unwrap();
        let shown = world.get(&world.demo, &format!("vpn/endpoint-groups/{id}")).await;
        assert_eq!(shown, made.body);
        assert_eq!(world.shown(&shown["endpoint_group"]["endpoints"]), want, "{kind} {given}");
        assert_eq!(shown["endpoint_group"]["type"], kind);
    }
}

/// More than a database takes in one statement.
#[tokio::test]
async fn a_group_has_however_many_members() {
    let world = World::start().await;
    let members: Vec<String> = (0..11_000).map(|n| n.to_string()).collect();
    let made = world.ask(GROUPS, &group("network", json!(members))).await;
    assert_eq!(made.status, 201);
    let id = made.body["endpoint_group"]["id"].as_str().unwrap();
    let shown = world.get(&world.demo, &format!("vpn/endpoint-groups/{id}")).await;
    assert!(shown["endpoint_group"]["endpoints"] == json!(members), "all, in their order");
}

#[tokio::test]
async fn everything_that_a_group_refuses() {
    let mut world = World::with_parts().await;
    let stranger = world.stranger.clone();
    world.create(&stranger, "network", "theirs", json!({})).await;
    world.subnet(&stranger, "theirs", "their-subnet", "10.7.0.0/24", json!({})).await;
    world.connect("conn", json!({})).await;
    let upper = world.ids["subnet"].to_uppercase();
    let bare = world.ids["subnet"].replace('-', "");
    let invalid = |endpoint: &str, kind: &str, why: &str| {
        format!(
            "400 InvalidEndpointInEndpointGroup Endpoint '{endpoint}' is invalid for group type '{kind}': {why}"
        )
    };
    let nowhere = |id: &str| {
        format!("400 NonExistingSubnetInEndpointGroup Subnet {id} in endpoint group does not exist")
    };
    let missing = |endpoints: &str| {
        format!(
            "400 MissingEndpointForEndpointGroup No endpoints specified for endpoint group '{{'name': '', 'description': '', 'type': 'cidr', 'endpoints': {endpoints}, 'project_id': '{{demo project}}', 'tenant_id': '{{demo project}}'}}'"
        )
    };
    let value = |attribute: &str, why: &str| {
        format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {why}.")
    };
    let one = "demo PUT vpn/endpoint-groups/{local}";
    let twice = json!(["10.2.0.0/24", "10.3.0.0/24", "10.2.0.0/24"]);
    world
        .refuse([
            (
                GROUPS,
                json!({"endpoint_group": {}}),
                "400 HTTPBadRequest Failed to parse request. Required attribute 'type' not specified",
            ),
            (GROUPS, json!({"endpoint_group": {"type": "cidr"}}), missing("[]").as_str()),
            (GROUPS, group("cidr", json!(null)), &missing("[]")),
            (GROUPS, group("cidr", json!([])), &missing("[]")),
            (GROUPS, group("cidr", json!({})), &missing("[]")),
            (GROUPS, group("host", json!("10.2.0.0/24")), &value("type", "host is not in valid_values")),
            (GROUPS, group("cidr", json!([5])), &value("endpoints", "'5' is not a valid string")),
            (
                GROUPS,
                group("cidr", twice.clone()),
                &invalid("10.2.0.0/24", "cidr", "Endpoints have to be unique"),
            ),
            (GROUPS, group("vlan", json!(["1", "1"])), &invalid("1", "vlan", "Endpoints have to be unique")),
            (
                GROUPS,
                group("subnet", json!(["{subnet}", "{subnet}"])),
                &invalid("{subnet}", "subnet", "Endpoints have to be unique"),
            ),
            (
                GROUPS,
                group("cidr", json!(["fd00::/64", "FD00:0::/64"])),
                &invalid("FD00:0::/64", "cidr", "Endpoints have to be unique"),
            ),
            (
                GROUPS,
                group("cidr", json!(["10.2.0.0/24", "2000::1"])),
                &invalid("2000::1", "cidr", "Invalid CIDR"),
            ),
            (GROUPS, group("cidr", json!("10.1/16")), &invalid("10.1/16", "cidr", "Invalid CIDR")),
            (GROUPS, group("cidr", json!("10.0.0.0/08")), &invalid("10.0.0.0/08", "cidr", "Invalid CIDR")),
            (GROUPS, group("cidr", json!("10.0.0.0/33")), &invalid("10.0.0.0/33", "cidr", "Invalid CIDR")),
            (GROUPS, group("cidr", json!(" 10.0.0.0/8")), &invalid(" 10.0.0.0/8", "cidr", "Invalid CIDR")),
            (GROUPS, group("cidr", json!("{subnet}")), &invalid("{subnet}", "cidr", "Invalid CIDR")),
            (
                GROUPS,
                group("subnet", json!("10.2.0.0/24")),
                &invalid("10.2.0.0/24", "subnet", "Invalid UUID"),
            ),
            (
                GROUPS,
                group("subnet", json!("00000000-0000-4000-8000-000000000000")),
                &nowhere("00000000-0000-4000-8000-000000000000"),
            ),
            (GROUPS, group("subnet", json!("{their-subnet}")), &nowhere("{their-subnet}")),
            // UUIDs all the same, but the look-up is textual.
            (GROUPS, group("subnet", json!(upper)), &nowhere(&upper)),
            (GROUPS, group("subnet", json!(bare)), &nowhere(&bare)),
            (
                one,
                json!({"endpoint_group": {"type": "cidr"}}),
                "400 HTTPBadRequest Cannot update read-only attribute type",
            ),
            (
                one,
                json!({"endpoint_group": {"endpoints": []}}),
                "400 HTTPBadRequest Cannot update read-only attribute endpoints",
            ),
            (one, json!({"endpoint_group": {"name": null}}), &value("name", "'None' is not a valid string")),
            (
                "demo DELETE vpn/endpoint-groups/{local}",
                Value::Null,
                "400 EndpointGroupInUse Endpoint group {local} is in use and cannot be deleted",
            ),
            (
                "demo DELETE vpn/endpoint-groups/{peer}",
                Value::Null,
                "400 EndpointGroupInUse Endpoint group {peer} is in use and cannot be deleted",
            ),
            (
                "demo GET vpn/endpoint-groups/local",
                Value::Null,
                "404 VPNEndpointGroupNotFound Endpoint group local could not be found",
            ),
        ])
        .await;
    // A group in use can be renamed.
    world
        .check([
            (one, json!({"endpoint_group": {"name": "renamed", "description": "in use"}}), "200"),
            ("demo DELETE vpn/ipsec-site-connections/{conn}", Value::Null, "204"),
            ("demo DELETE vpn/endpoint-groups/{local}", Value::Null, "204"),
            ("demo DELETE vpn/endpoint-groups/{peer}", Value::Null, "204"),
        ])
        .await;
}

/// Unlike in the reference, where the filter does nothing and there is no sort key at all.
#[tokio::test]
async fn lists_are_filtered_and_sorted_by_type() {
    let world = World::start().await;
    for (name, kind, endpoint) in [
        ("b", "cidr", "10.9.0.0/24"),
        ("c", "vlan", "1"),
        ("a", "subnet", "{subnet}"),
        ("d", "cidr", "10.8.0.0/24"),
    ] {
        let body = json!({"endpoint_group": {"name": name, "type": kind, "endpoints": endpoint}});
        assert_eq!(world.ask(GROUPS, &body).await.status, 201);
    }
    for (query, want) in [
        ("type=cidr", "b d"),
        ("endpoint_type=cidr", "b d"),
        ("endpoint_type=cidr&type=vlan", "b c d"),
        ("type=nope", ""),
        ("type=subnet&name=a", "a"),
        ("sort_key=name&sort_dir=desc", "d c b a"),
        ("sort_key=type&sort_dir=desc&sort_key=name&sort_dir=asc", "c a b d"),
        ("sort_key=project_id&sort_dir=asc", "b c a d"),
        ("", "b c a d"),
    ] {
        let listed = world.get(&world.demo, &format!("vpn/endpoint-groups?fields=name&{query}")).await;
        let names: Vec<&str> = listed["endpoint_groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(" "), want, "{query}");
    }
    world
        .check([
            (
                "demo GET vpn/endpoint-groups?endpoints=1",
                Value::Null,
                "400 HTTPBadRequest ['endpoints'] is invalid attribute for filtering",
            ),
            (
                "demo GET vpn/endpoint-groups?sort_key=endpoints&sort_dir=asc",
                Value::Null,
                "400 HTTPBadRequest ['endpoints'] is invalid attribute for sort_keys",
            ),
            // A word of filters alone.
            (
                GROUPS,
                json!({"endpoint_group": {"endpoint_type": "cidr"}}),
                "400 HTTPBadRequest Unrecognized attribute(s) 'endpoint_type'",
            ),
        ])
        .await;
}
